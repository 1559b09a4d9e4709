"""Painting a folder: which files, what their paintings are called, and what is left out.

From outside: `stylize_folder`, `plan_folder`, `output_name`, `suffix_by_name`, `MEDIA_SUFFIXES`.
"""

import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path, PurePosixPath

from impasto.export.runtime.damage import in_words
from impasto.models.atomic import place_of
from impasto.models.errors import BadInput, DiskFull
from impasto.models.overwriting import check_overwriting
from impasto.webapp.files import pictures

from .clips.probe import probe
from .job import Job
from .ledger import Ledger
from .moving import MOVING_SUFFIXES
from .pipeline import Cancelled

# In a folder, files named otherwise are left alone unless their content shows them to be pictures or clips.
_OTHER_CLIPS = {".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".mts", ".m2ts", ".wmv", ".ogv", ".3gp"}
MEDIA_SUFFIXES = MOVING_SUFFIXES | pictures.READ_SUFFIXES | _OTHER_CLIPS

StylizeFile = Callable[[Path, Path, Job], dict]  # paints the first into the second; returns its summary
_log = logging.getLogger(__name__)


def stylize_folder(
    source: Path,
    target: Path,
    job: Job,
    stylize_file: StylizeFile,
    on_file: Callable[[dict], None] | None,
    recursive: bool,
) -> dict:
    """Paint every picture and clip in `source` into `target`, except those painted before in the same way.

    Returns {"input", "output", "kind": "folder"} and four lists: "painted" (a summary of each file, with "again":
    whether it replaces a painting made in another style or with other settings), "skipped" (names of files whose output
    is there), "failed" ({"input", "error"} of each, and "bug", the exception's type, where the file is not at fault)
    and "ignored" (names of files that are neither picture nor clip). Names are relative to `source`. Only a full disk
    stops the rest.
    """
    if target.exists() and not target.is_dir():
        raise BadInput(f"The input {source} is a folder, so the output must be one too; {target} is a file.")
    if target.suffix.lower() in MEDIA_SUFFIXES and not target.exists():
        raise BadInput(f"The input {source} is a folder, so the output must be one too; {target} is a file's name.")
    place_of(target)  # refuses what nothing can lie in
    check_overwriting(target, [source])
    _make_folder(target)
    painted, skipped, failed, ignored = [], [], [], []
    settings = getattr(job.painter, "settings", None)  # other painters than ours need not have it
    ledger = Ledger(target, {**settings(), "size": job.size, "brush_size": job.brush_size} if settings else None)
    for file, output in plan_folder(source, target, ignored, recursive):
        again = output.exists() and ledger.differs(output)
        if output.exists() and not again:
            skipped.append(str(file.relative_to(source)))
            continue
        _make_folder(output.parent)
        outcome = _outcome(file, output, job, stylize_file)
        if "error" not in outcome:
            outcome["again"] = again
            ledger.note(output)
        (failed if "error" in outcome else painted).append(outcome)
        if on_file is not None:
            on_file(outcome)
    outcomes = {"painted": painted, "skipped": skipped, "failed": failed, "ignored": ignored}
    return {"input": str(source), "output": str(target), "kind": "folder", **outcomes}


def _outcome(file: Path, output: Path, job: Job, stylize_file: StylizeFile) -> dict:
    """A file's summary, or {"input", "error"} whatever went wrong: one file does not end a folder."""
    try:
        return stylize_file(file, output, job)
    except (DiskFull, Cancelled):
        raise
    except BadInput as error:
        return {"input": str(file), "error": str(error)}
    except Exception as error:
        _log.debug("%s could not be painted", file, exc_info=True)
        words = in_words(error, str(file)) if isinstance(error, MemoryError) else None
        kind = type(error).__name__
        return {"input": str(file), "error": str(words or f"{file} could not be painted: {kind}: {error}"), "bug": kind}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise BadInput(f"The output folder {folder} cannot be made ({error.strerror}); choose another one.") from error


def plan_folder(source: Path, target: Path, ignored: list[str], recursive: bool) -> Iterator[tuple[Path, Path]]:
    """Pairs of input and output for a folder, sub-folders last; the names of other files go to `ignored`."""
    for folder, below, names in os.walk(source):
        here = Path(folder)
        below[:] = sorted(
            name for name in below if recursive and not name.startswith(".") and not _same(here / name, target)
        )
        taken, into = set(names), target / here.relative_to(source)
        for file in (here / name for name in sorted(names)):
            if file.name.startswith(".") or not file.is_file():
                continue
            suffix = _output_suffix(file)
            if suffix is None:
                ignored.append(str(file.relative_to(source)))
                continue
            yield file, into / output_name(file.name, suffix, taken)


def _same(folder: Path, other: Path) -> bool:
    return os.path.realpath(folder) == os.path.realpath(other)


def output_name(name: str, suffix: str, taken: set[str]) -> str:
    """What the painted version of a file is called, in a folder where `taken`, which is added to, are its files' names.

    A file that keeps its ending keeps its name; holiday.avi beside holiday.mp4 becomes holiday.avi.mp4.
    """
    output, longer = str(PurePosixPath(name).with_suffix(suffix)), name
    while output != name and output in taken:
        output = longer = f"{longer}{suffix}"
    taken.add(output)
    return output


def _output_suffix(file: Path) -> str | None:
    """The extension of a file's painted version; None for a file that is no picture or clip by content or name."""
    suffix = file.suffix.lower()
    try:
        header = pictures.image_header(file)
        if header is not None:
            if header.frames > 1:
                return ".gif"
            return suffix if suffix in pictures.SUFFIXES else ".png"
        probe(file)
        return ".mp4"
    except Exception:  # what it is called decides then; painting it will say what is wrong
        return suffix_by_name(suffix)


def suffix_by_name(suffix: str) -> str | None:
    """The extension of the painted version of what ends in `suffix`, in small letters; None for what is not painted."""
    if suffix in pictures.SUFFIXES or suffix == ".gif":
        return suffix
    if suffix in pictures.READ_SUFFIXES:
        return ".png"
    return ".mp4" if suffix in MEDIA_SUFFIXES else None
