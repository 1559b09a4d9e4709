"""Jobs in threads: results, cancelling that waits for the thread, words about progress."""

import asyncio
import threading

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.studio.jobs import JobProgress, Jobs, duration, time_left
from impasto.webapp.studio.visitors.temporary import Folders


@pytest.fixture
def folders(tmp_path):
    folders = Folders(60, tmp_path)
    yield folders
    folders.close()


def quiet():
    return JobProgress(lambda *words: None)


class Endless:
    """Work that writes into its folder and ends only when cancelled."""

    def __init__(self):
        self.began, self.ended, self.folder = threading.Event(), threading.Event(), None

    def __call__(self, folder, cancelled):
        self.folder = folder
        (folder / "half.mp4").write_bytes(b"x")
        self.began.set()
        while not cancelled():
            threading.Event().wait(0.001)
        self.ended.set()
        raise Cancelled("Cancelled.")


def run(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, 30))


def test_a_job_runs_in_a_thread_and_keeps_its_folder(settings, folders):
    async def scenario():
        jobs, here = Jobs(settings(jobs_at_once=1), folders), threading.get_ident()

        def work(folder, cancelled):
            (folder / "painted.mp4").write_bytes(b"x")
            return folder, threading.get_ident(), cancelled()

        folder, thread, cancelled = await jobs.run("a", work, quiet())
        assert (folder / "painted.mp4").exists()
        assert thread != here
        assert not cancelled
        jobs.close()

    run(scenario())


def test_what_the_work_raises_comes_out_and_the_folder_goes(settings, folders):
    async def scenario():
        jobs, seen = Jobs(settings(jobs_at_once=1), folders), []

        def work(folder, cancelled):
            seen.append(folder)
            raise BadInput("No.")

        with pytest.raises(BadInput, match="No"):
            await jobs.run("a", work, quiet())
        assert not seen[0].exists()
        assert not jobs.line.running

    run(scenario())


def test_cancelling_stops_the_thread_before_the_place_is_free(settings, folders):
    async def scenario():
        jobs, work = Jobs(settings(jobs_at_once=1), folders), Endless()
        task = asyncio.create_task(jobs.run("a", work, quiet()))
        await asyncio.to_thread(work.began.wait, 10)
        task.cancel()
        task.cancel()  # impatience changes nothing
        with pytest.raises(asyncio.CancelledError):
            await task
        assert work.ended.is_set()
        assert not work.folder.exists()
        assert not jobs.line.running
        assert await jobs.run("b", lambda folder, cancelled: 7, quiet()) == 7

    run(scenario())


def test_a_session_that_ends_takes_its_jobs_along_running_and_waiting(settings, folders):
    async def scenario():
        jobs, mine, theirs = Jobs(settings(jobs_at_once=1), folders), Endless(), []
        running = asyncio.create_task(jobs.run("a", mine, quiet()))
        await asyncio.to_thread(mine.began.wait, 10)
        waiting = asyncio.create_task(jobs.run("a", Endless(), quiet()))
        other = asyncio.create_task(jobs.run("b", lambda folder, cancelled: theirs.append(1), quiet()))
        await asyncio.sleep(0.01)
        await jobs.end_session("a")
        assert running.cancelled()
        assert waiting.cancelled()
        await other
        assert theirs == [1]
        assert not mine.folder.parent.exists()

    run(scenario())


def test_progress_is_told_at_most_four_times_a_second_and_at_the_end():
    clock = [100.0]
    told = []
    progress = JobProgress(lambda *words: told.append(words), clock=lambda: clock[0])
    progress.waiting(1)
    progress.waiting(2)
    progress.waiting(5)
    progress.start()
    for done in range(1, 101):
        clock[0] += 0.02  # 50 frames a second
        progress.update(done, 100)
    assert [words for _, _, words in told[:4]] == [
        "Waiting: your job is the next to start",
        "Waiting: one job starts before yours",
        "Waiting: 4 jobs start before yours",
        "Starting",
    ]
    assert 7 <= len(told) - 4 <= 9  # in two seconds
    assert told[4] == (1, 100, "1 of 100 frames")
    assert "50.0 frames/s, 1 s left" in [words for _, _, words in told]
    assert told[-1] == (100, 100, "50.0 frames/s, 0 s left")
    progress.update(101, 0)
    assert "left" not in told[-1][2]


def estimates(seconds_of):
    """What is said after each of the frames, which take `seconds_of(n)` seconds: [(done, words)]."""
    clock, told = [0.0], []
    progress = JobProgress(lambda done, total, words: told.append((done, words)), clock=lambda: clock[0])
    progress.start()
    for done in range(1, 201):
        clock[0] += seconds_of(done)
        progress.update(done, 200)
    return dict(told)


def test_the_time_before_the_first_frame_is_not_taken_for_slow_painting():
    said = estimates(lambda n: 20.0 if n == 1 else 0.5)
    assert said[1] == "1 of 200 frames"
    assert said[4] == "2.0 frames/s, about 1 min 45 s left"


def test_the_time_left_follows_a_machine_that_is_busy_for_a_while():
    said = estimates(lambda n: 2.0 if n <= 20 else 0.5)
    assert said[20] == "0.5 frames/s, about 6 min left"
    assert said[60] == "2.0 frames/s, about 1 min 15 s left"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 s left"), (9.4, "9 s left"), (11, "about 10 s left"), (58, "about 1 min left"),
        (100, "about 1 min 45 s left"), (290, "about 5 min left"), (4000, "about 1 h 7 min left"),
    ],
)  # fmt: skip
def test_an_estimate_is_no_finer_than_it_can_be(seconds, words):
    assert time_left(seconds) == words


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "0 s"), (59.6, "1 min"), (65, "1 min 5 s"), (120, "2 min"), (3600, "1 h"), (3720, "1 h 2 min")],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
