"""Files and folders that are written aside and take their place only when complete. No torch.

From outside: `written_aside` and `write_text` for a file, `folder_aside` for a folder, `require_room` before long
work, `place_of` for where either will lie, `recover` for whoever reads folders, `refusal` for what the operating system
says.

What is written aside is called `.TOKEN.part.mp4`, a folder `.NAME.TOKEN.part`, and the folder it replaces, for a
moment, `.NAME.TOKEN.old`. A process that is killed leaves them. While anything is written aside in a folder, a shared
lock is held on it, which ends with the process; so whoever gets the exclusive one knows that what lies there is left
over, and removes it. This happens once for each folder that a process writes in.
"""

import ctypes
import errno
import os
import re
import shutil
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import BadInput, DiskFull

try:
    import fcntl
except ImportError:  # Windows, where leftovers stay
    fcntl = None

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOTDIR, errno.EEXIST, errno.EISDIR})
_LEFTOVER = re.compile(r"\.(?:(?P<name>.+)\.)?(?P<token>[0-9a-f]{12})\.(?P<kind>part|old)(?:\.[^.]*)?")
# How safetensors, and shutil of a whole folder, word what the operating system said.
_TOLD = re.compile(r"\(os error (?P<rust>\d+)\)|\[Errno (?P<python>\d+)\]")
_AT_FOLDER, _EXCHANGE = -100, 2  # AT_FDCWD and RENAME_EXCHANGE of Linux' renameat2
_swept: set[Path] = set()


def place_of(target: Path | str) -> Path:
    """Where a file or folder of this name lies, links followed. Raises BadInput for links that lead to each other, in
    which nothing can lie, and for what is neither file nor folder: whoever reads a pipe would wait for ever."""
    try:
        place = Path(os.path.realpath(target))
    except ValueError as error:
        raise BadInput(f"{str(target)!r} is no name for a file; choose another name.") from error
    except OSError as error:
        raise BadInput(f"There is no folder for {target}: the one you are in is gone; go to another one.") from error
    if place.is_symlink():
        raise BadInput(f"{target} is a link that leads back to itself; choose another name.")
    if place.exists() and not (place.is_file() or place.is_dir()):
        raise BadInput(f"{target} is a pipe or a device; name a file.")
    return place


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Yield a path beside `target`, same extension, that replaces it when the block ends well and is removed when not.

    The folder must exist; a link is written through, not over. Raises DiskFull or BadInput in place of the operating
    system's refusals, PyAV's errors (which carry the same numbers) included.
    """
    target = place_of(target)
    aside = target.with_name(f".{_token()}.part{target.suffix}")
    with _locked(target.parent):
        try:
            yield aside
            os.replace(aside, target)
        except Exception as error:
            raise refusal(error, target) or error from error
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)


def require_room(target: Path, size: int) -> None:
    """Raise DiskFull or BadInput where a file of `size` bytes could not be written as `target` now; nothing is changed.

    It is tried: what a system says of a disk's free room knows nothing of quotas, of links and of mounts.
    """
    target = place_of(target)
    if target.is_dir():
        raise BadInput(f"{target} is a folder; name a file in it.")
    aside = target.with_name(f".{_token()}.part{target.suffix}")
    with _locked(target.parent):
        try:
            aside.write_bytes(bytes(size))
        except OSError as error:
            raise refusal(error, target) or error from error
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    """A text file in UTF-8 that appears whole or not at all; raises as `written_aside`."""
    with written_aside(target) as aside:
        aside.write_text(text, "utf-8")


@contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder` that replaces it when the block ends well and is removed when not.

    Folders above it are made where they are missing. There is a whole folder of that name at any moment, or, where the
    system cannot exchange two, one that `recover` finds. Raises BadInput when the place cannot be written to, and
    DiskFull when there is no room.
    """
    folder = place_of(folder)
    aside = folder.with_name(f".{folder.name}.{_token()}.part")
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(error, folder) from error
    with _locked(folder.parent):
        recover(folder.parent)
        try:
            aside.mkdir()
        except OSError as error:
            raise _unwritable(error, folder) from error
        try:
            yield aside
            _replace(aside, folder)
        except BadInput as error:  # of a file in it, by the name that nobody gave it
            raise type(error)(str(error).replace(str(aside), str(folder))) from error
        except Exception as error:
            raise refusal(error, folder) or error from error
        finally:
            shutil.rmtree(aside, ignore_errors=True)


def recover(parent: Path) -> None:
    """Where a process was killed while it put a new folder in the place of an older one below `parent`, finish that."""
    for older in parent.glob(".*.old"):
        matched = _LEFTOVER.fullmatch(older.name)
        if matched and matched["name"] and not (folder := parent / matched["name"]).exists():
            newer = older.with_suffix(".part")  # complete, or the older one would not have been moved away
            with suppress(OSError):
                (newer if newer.exists() else older).rename(folder)


def refusal(error: Exception, target: Path | str) -> BadInput | None:
    """The sentence for an operating system's error (by its `errno`) in writing `target`; None for any other error."""
    code = getattr(error, "errno", None)
    if code is None and (told := _TOLD.search(str(error))):
        code = int(told["rust"] or told["python"])
    if code in FULL:
        return DiskFull(f"The disk is full: {target} could not be written; make room and start again.")
    if code == errno.EISDIR:
        return BadInput(f"{target} is a folder; name a file in it.")
    if code in _FORBIDDEN:
        return BadInput(f"{target} cannot be written ({os.strerror(code)}); choose another output folder.")
    if code == errno.ENAMETOOLONG:
        return BadInput(f"The name of the output {target} is too long; choose a shorter one.")
    return None


def _unwritable(error: OSError, folder: Path) -> BadInput:
    return refusal(error, folder) or BadInput(f"{folder} cannot be written ({error.strerror}); choose another folder.")


def _token() -> str:
    return uuid.uuid4().hex[:12]


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Holds the shared lock on a folder, and before that, where nobody else does, removes what is left over there."""
    try:
        opened = os.open(folder, os.O_RDONLY)
    except OSError:  # what is written there will say why
        opened = None
    try:
        if opened is not None and fcntl is not None:
            with suppress(OSError):  # a file system without locks: leftovers stay
                with suppress(BlockingIOError):
                    _sweep_once(folder, opened)
                fcntl.flock(opened, fcntl.LOCK_SH)
        yield
    finally:
        if opened is not None:
            os.close(opened)


def _sweep_once(folder: Path, opened: int) -> None:
    """Sweeps a folder that this process has not swept; BlockingIOError where another one is writing there."""
    if fcntl is None or folder in _swept:
        return
    fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    _sweep(folder)
    _swept.add(folder)


def _sweep(folder: Path) -> None:
    recover(folder)
    for found in [Path(entry) for entry in os.scandir(folder) if _LEFTOVER.fullmatch(entry.name)]:
        if found.is_dir() and not found.is_symlink():
            shutil.rmtree(found, ignore_errors=True)
        else:
            found.unlink(missing_ok=True)


def _replace(aside: Path, folder: Path) -> None:
    """Move a finished folder into place: exchanged with the older one at one stroke where the system can do that."""
    if not folder.exists():
        aside.rename(folder)
        return
    if _exchange(aside, folder):
        return  # what is called `aside` now is the older one
    older = aside.with_suffix(".old")
    folder.rename(older)
    aside.rename(folder)
    shutil.rmtree(older, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange the names of two folders; False where the system or its file system has no way."""
    if sys.platform != "linux":
        return False
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except (OSError, AttributeError):  # another C library
        return False
    return rename(_AT_FOLDER, os.fsencode(one), _AT_FOLDER, os.fsencode(other), _EXCHANGE) == 0
