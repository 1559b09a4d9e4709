"""What is to be done for each file, in which order, and what came of it. Knows nothing of Ray.

A task is the name of a method of `worker.Worker` with its arguments. A clip of several scenes takes a plan, a task for
each part, and one to join them; everything else, a plan and one task. Parts that are there already are not painted
again.
"""

import hashlib
import logging
import time
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.parts import Part, PartDiffers

from . import places
from .worker import Recipe

TRIES = 3  # of a task, before its file counts as failed
PARTS_FOLDER = ".impasto-parts-"  # and a hash: beside the output, while a clip is not complete
_log = logging.getLogger(__name__)


class Task(NamedTuple):
    job: "FileJob"
    method: str
    arguments: tuple[Any, ...]


@dataclass(eq=False)
class FileJob:
    """One file on its way. `outcome` is a summary, or {"input", "error"} as of `stylize_path`'s folders, once it is
    done."""

    source: str
    target: str
    parts_place: str  # the folder for its parts
    parts: list[tuple[Part, str]] = field(default_factory=list)
    gaps: list[dict] = field(default_factory=list)
    missing: int = 0  # parts not painted yet
    whole: bool = False  # painted in one piece after all, as its parts could not be read alone
    again: bool | None = None  # in a folder: whether it was there already, painted with other settings
    frames: int = 0  # painted by this command, on any machine
    persons: list[bool] = field(default_factory=list)  # of each part painted by this command: was a person found
    tries: dict[tuple, int] = field(default_factory=dict)  # of tasks that failed
    started: float = field(default_factory=time.perf_counter)
    outcome: dict | None = None

    def first(self) -> list[Task]:
        self.started = time.perf_counter()
        return [Task(self, "plan", (self.source, self.target))]

    def wants(self, task: Task) -> bool:
        """Whether a task that was planned is still of use."""
        return self.outcome is None and not (self.whole and task.method == "paint_part")

    def after(self, task: Task, result: Any) -> list[Task]:
        """The tasks that follow one that succeeded."""
        if not self.wants(task):  # another part's failure ended it
            return []
        if task.method == "plan":
            return self._planned(*result)
        if task.method == "paint_part":
            self.missing -= 1
            self.frames += result["frames"]
            self.persons += [result["person_found"]] if "person_found" in result else []
            return [] if self.missing else [self._join()]
        speed = (
            {} if task.method == "paint" else {"gaps": self.gaps, "painted_per_second": self._speed(result["frames"])}
        )
        self.frames = result["frames"]
        again = {} if self.again is None else {"again": self.again}
        self.outcome = {**result, **speed, **again}
        if task.method == "join" and (any(self.persons) or len(self.persons) == len(self.parts)):
            self.outcome["person_found"] = any(self.persons)  # otherwise unknown: some parts were there already
        if self.parts or self.whole:
            places.remove(self.parts_place)
        return []

    def _planned(self, parts: list[Part], gaps: list[dict]) -> list[Task]:
        if len(parts) < 2:
            return [Task(self, "paint", (self.source, self.target))]
        self.gaps = gaps
        self.parts = [(part, places.join(self.parts_place, f"{part.start}-{part.frames}.mp4")) for part in parts]
        left = [(part, place) for part, place in self.parts if not places.exists(place)]
        self.missing = len(left)
        return [Task(self, "paint_part", (self.source, part, place)) for part, place in left] or [self._join()]

    def _join(self) -> Task:
        return Task(self, "join", (self.source, self.parts, self.target))

    def _speed(self, frames: int) -> float:
        return round(frames / max(time.perf_counter() - self.started, 1e-6), 2)

    def after_error(self, task: Task, error: BaseException) -> list[Task]:
        """The tasks that follow one that failed: itself again, or none, and the file has failed."""
        if not self.wants(task):
            return []
        if isinstance(error, PartDiffers):  # what is read from the middle is not what was planned
            self.whole, self.parts = True, []
            places.remove(self.parts_place)
            return [Task(self, "paint", (self.source, self.target))]
        if isinstance(error, BadInput):
            self.outcome = {"input": self.source, "error": str(error)}
            return []
        key = (task.method, *map(str, task.arguments))
        self.tries[key] = self.tries.get(key, 0) + 1
        _log.debug("%s of %s failed (%d)", task.method, self.source, self.tries[key], exc_info=error)
        if self.tries[key] < TRIES:
            return [task]
        kind = type(error).__name__
        sentence = f"{self.source} could not be painted in {TRIES} tries: {kind}: {error}"
        self.outcome = {"input": self.source, "error": sentence, "bug": kind}
        return []


def parts_place(folder: str, name: str, recipe: Recipe) -> str:
    """Where a file's parts wait: another place for another recipe, so that a run that goes on mixes nothing."""
    styles = [repr(getattr(style, "style", style)) for style in (*recipe.styles, *recipe.background)]
    told = repr((
        name, recipe.frame_sha256, styles, recipe.shares, recipe.look, recipe.size, recipe.brush_size, recipe.only,
        recipe.background_shares,
    ))  # fmt: skip
    return places.join(folder, f"{PARTS_FOLDER}{hashlib.sha256(told.encode()).hexdigest()[:16]}")
