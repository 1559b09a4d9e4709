"""Files by path or by URL (`s3://…`, `gs://…`, `file://…`), through fsspec.

A path is used as it is, so that all machines have to see it; what has a URL is fetched into a folder of the machine
that works on it, and what it made is stored from there.
"""

import posixpath
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from impasto.models.errors import BadInput
from impasto.models.overwriting import cannot_overwrite, check_overwriting

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]+(::|://)")  # of two letters at least: C:/ is a path


def is_url(place: str) -> bool:
    return _SCHEME.match(place) is not None


def join(folder: str, name: str) -> str:
    """A place inside a folder; `name` may hold slashes."""
    return f"{folder.rstrip('/')}/{name}" if is_url(folder) else str(Path(folder) / name)


def exists(place: str) -> bool:
    """Raises BadInput where the place cannot be looked at, as all of these do."""
    if not is_url(place):
        return Path(place).exists()
    system, path = _system(place)
    with _reached(place):
        return system.exists(path)


def is_folder(place: str) -> bool:
    if not is_url(place):
        return Path(place).is_dir()
    system, path = _system(place)
    with _reached(place):
        return system.isdir(path)


def names_in(folder: str, recursive: bool) -> list[str]:
    """The files of a folder that has a URL, relative to it, in order; hidden ones are left out."""
    system, root = _system(folder)
    with _reached(folder):
        found = system.find(root, maxdepth=None if recursive else 1)
    names = [posixpath.relpath(path, root) for path in found]
    return sorted(name for name in names if not any(part.startswith(".") for part in name.split("/")))


def check_distinct(source: str, target: str) -> None:
    """Raise BadInput where `target` is `source`, two files or two folders, however they are written."""
    (here, read), (there, written) = _system(source), _system(target)
    if "file" in here.protocol and "file" in there.protocol:
        check_overwriting(written, [read])
    elif here == there and posixpath.normpath(read) == posixpath.normpath(written):
        raise cannot_overwrite(target)


def remove(place: str) -> None:
    """Remove a folder with all that is in it; nothing happens where there is none."""
    if not is_url(place):
        shutil.rmtree(place, ignore_errors=True)
        return
    system, path = _system(place)
    with _reached(place):
        if system.exists(path):
            system.rm(path, recursive=True)


@contextmanager
def fetched(place: str) -> Iterator[Path]:
    """A file as a path of this machine, as long as the block lasts. Raises BadInput where there is no such file."""
    if not is_url(place):
        yield Path(place)
        return
    system, path = _system(place)
    with tempfile.TemporaryDirectory(prefix="impasto-") as folder:
        here = Path(folder) / posixpath.basename(path)
        with _reached(place):
            try:
                system.get_file(path, str(here))
            except (FileNotFoundError, IsADirectoryError) as error:
                raise BadInput(f"There is no file {place}.") from error
        with _said_of(place, here):
            yield here


@contextmanager
def stored(place: str) -> Iterator[Path]:
    """A path of this machine to write a file to; what is there when the block ends well appears at `place`, whole."""
    if not is_url(place):
        Path(place).parent.mkdir(parents=True, exist_ok=True)
        yield Path(place)
        return
    system, path = _system(place)
    folder, name = posixpath.split(path)
    with tempfile.TemporaryDirectory(prefix="impasto-") as here:
        with _said_of(place, Path(here) / name):
            yield Path(here) / name
        aside = posixpath.join(folder, f".{name}.part")
        with _reached(place):
            # In a bucket folders are but names, and to make one would make the bucket.
            if "file" in system.protocol or path.startswith("/"):
                system.makedirs(folder, exist_ok=True)
            system.put_file(str(Path(here) / name), aside)
            system.mv(aside, path)


@contextmanager
def _said_of(place: str, here: Path) -> Iterator[None]:
    """A sentence about the file `here` is one about the `place` that people know it by."""
    try:
        yield
    except BadInput as error:
        if str(here) not in str(error):
            raise
        raise type(error)(str(error).replace(str(here), place)) from error


@contextmanager
def _reached(place: str) -> Iterator[None]:
    """What a store raises where it does not answer, or knows nobody, is its package's own: here it is a sentence."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        raise BadInput(f"{place} cannot be reached: {str(error) or type(error).__name__}") from error


def _system(place: str):
    """A place's file system and its path there. Raises BadInput for a kind that needs a package that is not there."""
    import fsspec

    try:
        return fsspec.url_to_fs(place)
    except (ImportError, ValueError) as error:
        raise BadInput(f"{place} cannot be reached: {error}") from error
