"""Files and folders that are written aside and take their place only when complete. No torch.

From outside: `written_aside` for a file, `folder_aside` for a folder, `refusal` for what the operating system says.
"""

import errno
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import BadInput, DiskFull

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Yield a path beside `target`, same extension, that replaces it when the block ends well and is removed when not.

    The folder must exist; a link is written through, not over. Raises DiskFull or BadInput in place of the operating
    system's refusals, PyAV's errors (which carry the same numbers) included.
    """
    target = Path(target).resolve()
    aside = target.with_name(f".{uuid.uuid4().hex[:12]}.part{target.suffix}")
    try:
        yield aside
        os.replace(aside, target)
    except Exception as error:
        raise refusal(error, target) or error from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


@contextmanager
def folder_aside(folder: Path) -> Iterator[Path]:
    """Yield an empty folder beside `folder` that replaces it when the block ends well and is removed when not.

    Folders above it are made where they are missing. Raises BadInput when the place for it cannot be written to, and
    DiskFull when there is no room.
    """
    folder = Path(folder).resolve()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    except OSError as error:
        raise BadInput(f"{folder} cannot be written ({error.strerror}); choose another folder.") from error
    try:
        yield aside
        _replace(aside, folder)
    except OSError as error:
        if error.errno in FULL:
            raise refusal(error, folder) or error from error
        raise
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def refusal(error: Exception, target: Path) -> BadInput | None:
    """The sentence for an operating system's error (by its `errno`) in writing `target`; None for any other error."""
    code = getattr(error, "errno", None)
    if code in FULL:
        return DiskFull(f"The disk is full: {target} could not be written; make room and start again.")
    if code in _FORBIDDEN:
        return BadInput(f"{target} cannot be written ({os.strerror(code)}); choose another output folder.")
    if code == errno.ENAMETOOLONG:
        return BadInput(f"The name of the output {target} is too long; choose a shorter one.")
    return None


def _replace(aside: Path, folder: Path) -> None:
    """Move a finished folder into place, the older one out of the way first."""
    aside.chmod(0o755)  # mkdtemp makes folders for the owner alone
    older = aside.with_name(aside.name + "-old")
    if folder.exists():
        folder.rename(older)
    aside.rename(folder)
    shutil.rmtree(older, ignore_errors=True)
