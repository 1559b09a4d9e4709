"""The jobs of the page: found again, going on without it, and gone after the grace period."""

import asyncio
import threading
from pathlib import Path

import numpy as np
import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.hosting.waiting_line import Refused
from impasto.webapp.studio.page_jobs import PageJobs, brush_words, outcome
from impasto.webapp.studio.painting import PaintOptions, StyleChoice

ANNA, BEN = "a" * 32, "b" * 32


class Painting:
    """Takes the place of `Studio.paint_clip`: paints until it is told to end, or cancelled."""

    def __init__(self):
        self.end, self.running = threading.Event(), threading.Event()

    def __call__(self, clip, options, folder, cancelled, progress, show):
        self.running.set()
        progress(4, 4)
        show(np.zeros((60, 80, 3), np.uint8))
        while not self.end.wait(0.002):
            if cancelled():
                raise Cancelled("Cancelled.")
        (folder / "painted.mp4").write_bytes(b"x")
        return {
            "output": str(folder / "painted.mp4"), "width": 80, "height": 60, "seconds": 4.0, "audio": [], "gaps": [],
        }  # fmt: skip


@pytest.fixture
def painting(studio, monkeypatch):
    painting = Painting()
    monkeypatch.setattr(studio, "paint_clip", painting)
    return painting


@pytest.fixture
def jobs(studio):
    return PageJobs(studio, studio.settings.model_copy(update={"grace_minutes": 1, "keep_minutes": 2}), lambda: now[0])


now = [0.0]


def run(scenario):
    now[0] = 100.0
    asyncio.run(asyncio.wait_for(scenario, 30))


async def submit(jobs, visitor, name="holiday.mov"):
    options = PaintOptions((StyleChoice("great-wave"),), brush_size=320)
    what = {"sources": [Path("c.mp4")], "names": [name], "options": options, "asked": {}, "titles": [("The Wave", 1.0)]}
    return await jobs.submit(visitor, "1.2.3.4", kind="clip", **what)


async def over(job):
    await asyncio.wait([job.task])
    return job.state


def test_a_job_tells_how_far_it_is_and_what_came_of_it(jobs, painting):
    async def scenario():
        job = await submit(jobs, ANNA)
        assert len(job.id) >= 22
        await asyncio.to_thread(painting.running.wait, 10)
        while job.frame is None:
            await asyncio.sleep(0.005)
        version, mine = await jobs.listen(ANNA, -1, 5)
        assert mine == [job]
        assert (job.state, job.done, job.total) == ("painting", 4, 4)
        assert job.frame[:2] == b"\xff\xd8"
        painting.end.set()
        assert await over(job) == "done"
        version, _ = await jobs.listen(ANNA, version, 5)
        told = job.described()
        assert (told["files"], told["painted_with"]) == (["holiday, The Wave.mp4"], "The Wave")
        assert told["facts"] == "medium brush · 80×60 · 4 s · no sound in the clip"
        assert str(jobs.studio.folders.root) not in str({k: v for k, v in told.items() if k != "asked"})
        listening = asyncio.create_task(jobs.listen(ANNA, version, 20))
        await jobs.remove(ANNA, job.id)
        assert (await listening)[1] == []
        assert not job.files[0].exists()
        with pytest.raises(BadInput, match="not here"):
            jobs.get(job.id)

    run(scenario())


def test_a_job_goes_on_for_the_grace_period_and_a_painting_stays_longer(jobs, painting):
    async def scenario():
        job = await submit(jobs, ANNA)
        now[0] += 59
        await jobs.look()
        assert job.state != "cancelled"
        await jobs.listen(ANNA, -1, 0)  # the page is back
        now[0] += 59
        await jobs.look()
        assert job.state != "cancelled"
        now[0] += 2
        await jobs.look()
        assert job.state == "cancelled"
        painting.end.set()
        other = await submit(jobs, BEN)
        assert await over(other) == "done"
        now[0] += 119
        await jobs.look()
        assert jobs.get(other.id) is other
        now[0] += 2
        await jobs.look()
        assert jobs.visitors == {}
        assert jobs.by_id == {}
        assert not other.files[0].exists()

    run(scenario())


def test_nobody_elses_job_is_touched(jobs, painting):
    async def scenario():
        job = await submit(jobs, ANNA)
        with pytest.raises(BadInput, match="not here"):
            await jobs.remove(BEN, job.id)
        assert (await jobs.listen(BEN, -1, 0))[1] == []
        assert BEN not in jobs.visitors  # listening alone costs nothing
        await jobs.remove(ANNA, job.id)
        assert await over(job) == "cancelled"

    run(scenario())


def test_several_wait_in_line_and_one_too_many_is_refused_at_once(jobs, painting):
    async def scenario():
        first, *others = [await submit(jobs, ANNA, f"{n}.mp4") for n in range(5)]
        assert [job.state for job in others] == ["waiting"] * 4
        assert "next to start" in others[0].words
        with pytest.raises(Refused, match="5 jobs here already"):
            await submit(jobs, ANNA)
        assert len(jobs.by_id) == 5
        painting.end.set()
        assert [await over(job) for job in (first, *others)] == ["done"] * 5

    run(scenario())


def test_what_goes_wrong_is_said_in_a_sentence(jobs, studio, monkeypatch):
    def fail(*_):
        raise BadInput(f"{studio.folders.root}/x/c.mp4 is damaged.")

    monkeypatch.setattr(studio, "paint_clip", fail)

    async def scenario():
        job = await submit(jobs, ANNA)
        assert await over(job) == "failed"
        assert job.words == "this file is damaged."

    run(scenario())


def test_a_file_that_went_takes_its_job_along(jobs, painting):
    async def scenario():
        painting.end.set()
        job = await submit(jobs, ANNA)
        await over(job)
        job.files[0].unlink()
        await jobs.look()
        assert jobs.by_id == {}

    run(scenario())


def test_brushes_in_words():
    assert [brush_words(side) for side in (320, None, 400)] == ["medium brush", "finest brush", "brush of 400"]


def test_a_short_painting_lasts_as_long_as_its_clip_is_said_to():
    summary = {"width": 80, "height": 60, "seconds": 40 / 24, "audio": ["aac"], "gaps": []}
    assert outcome(summary) == "80×60 · 1.7 s · sound kept"
