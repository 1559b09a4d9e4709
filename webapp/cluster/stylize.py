"""`impasto stylize --ray`: the same files, summary and progress as on one machine.

From outside: `stylize_on_ray`.
"""

import posixpath
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting
from impasto.webapp.files.folder import output_name, plan_folder, suffix_by_name
from impasto.webapp.files.ledger import Ledger

from . import places
from .jobs import FileJob, parts_place
from .run import Crew, run_jobs
from .worker import PART_FRAMES, Recipe

Progress = Callable[[int, int], None]


def stylize_on_ray(
    address: str,
    source: str,
    target: str,
    recipe: Recipe,
    *,
    progress: Progress | None = None,
    on_file: Callable[[dict], None] | None = None,
    recursive: bool = False,
    also_read: Sequence[Any] = (),
    part_frames: int = PART_FRAMES,
) -> dict:
    """Paint `source` into `target`, paths or URLs of two files or of two folders, on the Ray cluster at `address`.

    Everything is as for `stylize_path`. Paths have to be the same on all machines. Clips of at least twice
    `part_frames` are painted in parts of at least so many frames, where their cuts allow; parts that were finished wait
    in `target` until the clip is complete, and are used by whoever runs the same command again. Raises BadInput where
    there is no cluster, or no machine of it is left, and where an output is one of the files in `also_read`.
    """
    from .crew import RayCrew

    with RayCrew(address, recipe, part_frames) as crew:
        return stylize_with(
            crew, source, target, recipe, progress=progress, on_file=on_file, recursive=recursive, also_read=also_read
        )


def stylize_with(
    crew: Crew,
    source: str,
    target: str,
    recipe: Recipe,
    *,
    progress: Progress | None = None,
    on_file: Callable[[dict], None] | None = None,
    recursive: bool = False,
    also_read: Sequence[Any] = (),
) -> dict:
    """The same with any crew."""
    places.check_distinct(source, target)
    if places.is_folder(source):
        return _stylize_folder(crew, source, target, recipe, progress, on_file, recursive, also_read)
    if places.is_url(source) and not places.exists(source):  # a path may be one of the machines' alone
        raise BadInput(f"There is no file {source}.")
    job = FileJob(source, target, parts_place(posixpath.dirname(target), posixpath.basename(source), recipe))
    run_jobs([job], crew, progress=progress)  # what came of one file is returned, or raised
    assert job.outcome is not None
    if "error" in job.outcome and "bug" not in job.outcome:
        raise BadInput(job.outcome["error"])
    if "error" in job.outcome:
        raise RuntimeError(job.outcome["error"])
    return job.outcome


def _stylize_folder(
    crew: Crew,
    source: str,
    target: str,
    recipe: Recipe,
    progress: Progress | None,
    on_file: Callable[[dict], None] | None,
    recursive: bool,
    also_read: Sequence[Any],
) -> dict:
    jobs, skipped, ignored = [], [], []
    ledger = None if places.is_url(target) else Ledger(Path(target), recipe.settings)
    for name, output in _files(source, target, ignored, recursive):
        there = places.exists(output)
        again = there and ledger is not None and ledger.differs(Path(output))
        if there and not again:
            skipped.append(name)
            continue
        if not places.is_url(output):
            check_overwriting(output, also_read)
        jobs.append(FileJob(places.join(source, name), output, parts_place(target, name, recipe), again=again))

    def note(outcome: dict) -> None:
        if ledger is not None and "error" not in outcome:
            ledger.note(Path(outcome["output"]))
        if on_file is not None:
            on_file(outcome)

    run_jobs(jobs, crew, note, progress)
    outcomes = [job.outcome for job in jobs if job.outcome is not None]
    failed = [outcome for outcome in outcomes if "error" in outcome]
    painted = [outcome for outcome in outcomes if "error" not in outcome]
    found = {"painted": painted, "skipped": skipped, "failed": failed, "ignored": ignored}
    return {"input": source, "output": target, "kind": "folder", **found}


def _files(source: str, target: str, ignored: list[str], recursive: bool) -> Iterator[tuple[str, str]]:
    """Names in the source folder, and where each is painted to; the names of other files go to `ignored`."""
    if places.is_url(source) != places.is_url(target):
        raise BadInput("Give both folders as paths, or both as URLs (file:///… is one, too).")
    if not places.is_url(source):
        for file, output in plan_folder(Path(source), Path(target), ignored, recursive):
            yield str(file.relative_to(source)), str(output)
        return
    taken = set(names := places.names_in(source, recursive))
    for name in names:
        suffix = suffix_by_name(PurePosixPath(name).suffix.lower())
        if suffix is None:
            ignored.append(name)
        else:
            yield name, places.join(target, output_name(name, suffix, taken))
