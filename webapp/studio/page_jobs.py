"""The jobs of the page: each has an id, goes on without its page, and stays until its files go.

From outside: `PageJobs`, `PageJob`. All of it lives in the server's event loop; only `PageJob.show` is called from a
job's thread.
"""

import asyncio
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from impasto.export.runtime.style_file import SUFFIX
from impasto.models.errors import BadInput
from impasto.webapp.files.brush_size import BRUSH_SIZES
from impasto.webapp.files.clips.gaps import describe
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.hosting.settings import Settings

from .feedback import refusal
from .jobs import JobProgress
from .limits import in_words
from .names import distinct, painted_name, painted_with, parts_painted, plain_name
from .painting import PaintOptions, Studio, zip_files
from .studying import study

KEPT = 30  # jobs of one visitor; of more, the oldest that are done go
LOOK_SECONDS = 5  # between two looks at who is gone
FRAME_SECONDS = 0.7  # between two painted frames that are shown while a job runs
FRAME_SIDE = 480  # their shorter side at most, in pixels
DONE = ("done", "failed", "cancelled")


@dataclass(eq=False)
class PageJob:
    """One clip, some pictures, or a picture that is studied, on its way.

    `id` is a secret: who knows it may see the job and its files.
    """

    id: str
    visitor: str
    address: str
    kind: str  # "clip", "pictures" or "study"; what is studied comes first of the sources, then what it is studied on
    sources: list[Path]
    names: list[str]  # of the sources, as their owner calls them
    options: PaintOptions
    asked: dict  # what the page sent, for the page to read again
    titles: list[tuple[str, float]]
    unit: str = "pictures"  # what is counted while it is painted: "frames" where something moves
    state: str = "waiting"
    words: str = ""
    done: int = 0
    total: int = 0
    frame: bytes | None = None  # the last painted one that was shown, as JPEG
    frames_shown: int = 0
    files: list[Path] = field(default_factory=list)
    file_names: list[str] = field(default_factory=list)
    facts: str = ""
    size: tuple[int, int] | None = None
    sound: bool = False  # of the painted clip
    enough: bool = False  # a study is to end and to keep what was learnt
    ended: float = 0.0
    task: asyncio.Task | None = None
    _shown_at: float = 0.0

    def show(self, painted: np.ndarray) -> None:
        """Keep a painted frame, uint8 RGB [H,W,3], to be looked at; now and then, in the job's thread."""
        now = time.monotonic()
        if now - self._shown_at < FRAME_SECONDS:
            return
        self._shown_at = now
        self.frame, self.frames_shown = jpeg(painted, FRAME_SIDE), self.frames_shown + 1

    def described(self) -> dict[str, Any]:
        """What the page is told. Of the server's paths nothing."""
        return {
            "id": self.id, "kind": self.kind, "names": self.names, "state": self.state, "words": self.words,
            "done": self.done, "total": self.total, "frame": self.frames_shown, "files": self.file_names,
            "facts": self.facts, "size": self.size, "sound": self.sound, "asked": self.asked,
            "painted_with": painted_with(self.titles),
        }  # fmt: skip


def jpeg(rgb: np.ndarray, side: int | None = None, quality: int = 88) -> bytes:
    """uint8 RGB [H,W,3] as a JPEG, its shorter side at most `side`."""
    shorter = min(rgb.shape[:2])
    if side is not None and shorter > side:
        size = [max(1, round(length * side / shorter)) for length in rgb.shape[1::-1]]
        rgb = cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


class _Visitor:
    def __init__(self, seen: float):
        self.seen, self.jobs = seen, {}
        self.version, self.changed = 0, asyncio.Event()


class PageJobs:
    """Who has which jobs. A visitor is whoever knows the name that his browser made up, a secret like a session's.

    A visitor who has not been heard of for `grace_minutes` loses the jobs that still wait or run; a finished job stays
    `keep_minutes`, and the visitor's files as long as one of his jobs. `clock` counts seconds.
    """

    def __init__(self, studio: Studio, settings: Settings, clock: Callable[[], float] = time.monotonic):
        self.studio, self.clock = studio, clock
        self.grace, self.keep = settings.grace_minutes * 60, settings.keep_minutes * 60
        self.visitors: dict[str, _Visitor] = {}
        self.by_id: dict[str, PageJob] = {}

    def seen(self, visitor: str, *, arrive: bool = False) -> None:
        """The visitor was heard of; only one who brings something is remembered."""
        if visitor in self.visitors:
            self.visitors[visitor].seen = self.clock()
        elif arrive:
            self.visitors[visitor] = _Visitor(self.clock())

    async def submit(self, visitor: str, address: str, **what: Any) -> PageJob:
        """Put a job into the line. Raises what `Jobs.run` raises before it has a place there."""
        self.seen(visitor, arrive=True)
        mine = self.visitors[visitor].jobs
        job = PageJob(secrets.token_urlsafe(16), visitor, address, **what)
        admitted = asyncio.Event()
        job.task = asyncio.create_task(self._run(job, admitted))
        waiting = asyncio.create_task(admitted.wait())
        await asyncio.wait([job.task, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        if not admitted.is_set():
            await job.task  # raises why
        mine[job.id] = self.by_id[job.id] = job
        for old in [old for old in mine.values() if old.state in DONE][: max(0, len(mine) - KEPT)]:
            self._drop(old)
        self._tell(job)
        return job

    async def listen(self, visitor: str, after: int, seconds: float) -> tuple[int, list[PageJob]]:
        """The visitor's jobs and their version, once it is another than `after` or `seconds` have passed."""
        self.seen(visitor)
        mine = self.visitors.get(visitor)
        if mine is not None and mine.version == after:
            with suppress(TimeoutError, asyncio.TimeoutError):
                await asyncio.wait_for(mine.changed.wait(), seconds)
        self.seen(visitor)
        return (mine.version, list(mine.jobs.values())) if mine else (0, [])

    async def remove(self, visitor: str, id: str) -> None:
        """Cancel a job that waits or runs; of one that is done, remove the files."""
        job = self.of(visitor, id)
        if job.state in DONE:
            self._drop(job)
            return
        await self._stop(job)

    def of(self, visitor: str, id: str) -> PageJob:
        """The visitor's own job. Raises BadInput for any other."""
        job = self.by_id.get(id)
        if job is None or job.visitor != visitor:
            raise BadInput("This job is not here (any more).")
        return job

    def studied(self, visitor: str, id: str) -> Path:
        """The `.style` file of a visitor's own study. Raises BadInput where there is none (any more)."""
        files = [file for file in self.of(visitor, id).files if file.suffix == SUFFIX]
        if not files:
            raise BadInput("This style has not been studied to its end.")
        return files[0]

    def get(self, id: str) -> PageJob:
        """The job with this id, whoever asks. Raises BadInput when there is none."""
        if id not in self.by_id:
            raise BadInput("This job is not here (any more).")
        return self.by_id[id]

    async def look(self) -> None:
        """End what nobody waits for, and forget what is old."""
        now = self.clock()
        for name, visitor in list(self.visitors.items()):
            for job in list(visitor.jobs.values()):
                if job.state not in DONE and now - visitor.seen > self.grace:
                    await self._stop(job)
                old = job.state in DONE and now - job.ended > self.keep
                if old or any(not file.is_file() for file in job.files):
                    self._drop(job)
            if now - visitor.seen > self.grace and not visitor.jobs:
                del self.visitors[name]
                self.studio.folders.end(name)

    async def watch(self) -> None:
        """Look from time to time, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()

    def close(self) -> None:
        for job in self.by_id.values():
            if job.task is not None:
                job.task.cancel()

    async def _stop(self, job: PageJob) -> None:
        if job.task is not None and not job.task.done():
            job.task.cancel()
            await asyncio.wait([job.task])

    def _drop(self, job: PageJob) -> None:
        self.by_id.pop(job.id, None)
        visitor = self.visitors.get(job.visitor)
        if visitor is not None and visitor.jobs.pop(job.id, None):
            self._tell(job)
        for file in job.files:
            with suppress(OSError):
                file.unlink()

    def _tell(self, job: PageJob) -> None:
        visitor = self.visitors.get(job.visitor)
        if visitor is not None:
            visitor.version += 1
            visitor.changed.set()
            visitor.changed = asyncio.Event()

    async def _run(self, job: PageJob, admitted: asyncio.Event) -> None:
        loop = asyncio.get_running_loop()

        def show(done: int, total: int, words: str) -> None:
            job.done, job.total, job.words = done, total, words
            job.state = "waiting" if words.startswith("Waiting") else "painting"
            loop.call_soon_threadsafe(self._tell, job)

        def at_start(*given) -> None:
            admitted.set()
            show(*given)

        progress = JobProgress(at_start, job.unit)
        work = {"clip": self._paint_clip, "pictures": self._paint_pictures, "study": self._study}[job.kind]
        told = progress.show if job.kind == "study" else progress.update
        try:
            await self.studio.jobs.run(
                job.visitor, lambda folder, cancelled: work(job, folder, cancelled, told),
                progress, client=job.visitor, address=job.address,
            )  # fmt: skip
            job.state, job.words = "done", ""
        except (asyncio.CancelledError, Cancelled):
            job.state, job.words = "cancelled", "Cancelled."
        except Exception as error:
            if not admitted.is_set():
                raise
            job.state, job.words = "failed", refusal(error, self.studio.metrics)[1]
        job.ended, job.frame = self.clock(), None
        self._tell(job)

    def _study(self, job: PageJob, folder: Path, cancelled, tell) -> None:
        title = job.titles[0][0]
        job.files, job.facts = study(
            self.studio, job.sources[0], next(iter(job.sources[1:]), None), folder, title=title,
            enough=lambda: job.enough, cancelled=cancelled, tell=tell, show=job.show,
        )  # fmt: skip
        name = plain_name(f"{title}.", "studied style")
        job.file_names = [f"{name}.jpg", f"{name}{SUFFIX}"]

    def _paint_clip(self, job: PageJob, folder: Path, cancelled, progress) -> None:
        summary = self.studio.paint_clip(job.sources[0], job.options, folder, cancelled, progress, job.show)
        job.files, job.size = [Path(summary["output"])], (summary["width"], summary["height"])
        job.sound = bool(summary["audio"])
        job.file_names = [painted_name(job.names[0], self._all_titles(job), ".mp4")]
        job.facts = self._facts(job, outcome(summary), [summary])

    def _paint_pictures(self, job: PageJob, folder: Path, cancelled, progress) -> None:
        summaries: list[dict] = []
        painted = self.studio.paint_pictures(
            job.sources, job.options, folder, cancelled, progress, told=summaries.append
        )
        titles = self._all_titles(job)
        names = [painted_name(name, titles, file.suffix) for name, file in zip(job.names, painted, strict=True)]
        names = distinct(names)
        count = "1 picture" if len(painted) == 1 else f"{len(painted)} pictures"
        job.facts = self._facts(job, count, summaries)
        if len(painted) > 1:
            painted.append(zip_files(painted, names, folder))
            names.append(f"{painted_with(job.titles)}.zip".replace("/", " "))
        job.files, job.file_names = painted, names

    def _all_titles(self, job: PageJob) -> list[tuple[str, float]]:
        return [*job.titles, *self.studio.titles(job.options.background)]

    def _facts(self, job: PageJob, made: str, summaries: list[dict]) -> str:
        """What was painted and how, in words; `made`: what came of it."""
        parts = parts_painted(job.options.only, self.studio.titles(job.options.background))
        missing = sum(summary.get("person_found") is False for summary in summaries)
        where = "" if len(summaries) == 1 else f" in {missing} of them"
        nobody = f"no person was found{where}, so all counts as background" if missing else ""
        return " · ".join(filter(None, [parts, brush_words(job.options.brush_size), made, nobody]))


def brush_words(side: int | None) -> str:
    """ "medium brush", "finest brush" for none of its own, "brush of 400" for one without a name."""
    named = {size: name for name, size in BRUSH_SIZES.items()} | {None: "finest"}
    return f"{named[side]} brush" if side in named else f"brush of {side}"


def outcome(summary: dict) -> str:
    """A clip's summary in words."""
    sound = "sound kept" if summary["audio"] else "no sound in the clip"
    gaps = f" · the clip has gaps: {describe(summary['gaps'])}" if summary["gaps"] else ""
    return f"{summary['width']}×{summary['height']} · {in_words(summary['seconds'])} · {sound}{gaps}"
