"""Where a painted file goes: checked before the work starts, complete or absent when it ends.

From outside: `check_target`, `written_aside`, `DiskFull`.
"""

import errno
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import av

from impasto.models.errors import BadInput

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class DiskFull(BadInput):
    """No room left for the output; the same would befall any other file."""


def check_target(source: Path, target: Path, suffixes: frozenset[str]) -> None:
    """Raise BadInput unless `target` can become a file made from `source`, named with one of `suffixes`."""
    try:
        is_folder = target.is_dir()
    except OSError as error:  # a name too long, for one
        raise _in_words(error, target) or error from error
    if is_folder:
        raise BadInput(f"The output {target} is a folder; name a file in it.")
    if target.suffix.lower() not in suffixes:
        names = ", ".join(sorted(suffixes))
        raise BadInput(f"The output {target.name} of {source.name} must end in one of {names}.")
    if not target.parent.is_dir():
        raise BadInput(f"The output folder {target.parent} does not exist; create it first.")
    if target.exists() and os.path.samefile(source, target):
        raise BadInput(f"The output {target} is the input itself; choose another name.")
    if not os.access(target.parent, os.W_OK):
        raise BadInput(f"The folder {target.parent} cannot be written to; choose another output folder.")


@contextmanager
def written_aside(target: Path) -> Iterator[Path]:
    """Yield a path beside `target`, same extension, that replaces it when the block ends well and is removed when not.

    Raises DiskFull or BadInput in place of the operating system's refusals concerning that path.
    """
    target = target.resolve()  # write through a link, not over it
    aside = target.with_name(f".{uuid.uuid4().hex[:12]}.part{target.suffix}")
    try:
        yield aside
        os.replace(aside, target)
    except (OSError, av.FFmpegError) as error:
        raise _in_words(error, target) or error from error
    finally:
        with suppress(OSError):
            aside.unlink(missing_ok=True)


def _in_words(error: Exception, target: Path) -> BadInput | None:
    code = getattr(error, "errno", None)
    if code in _FULL:
        return DiskFull(f"The disk is full: {target} could not be written; make room and start again.")
    if code in (errno.EACCES, errno.EPERM, errno.EROFS):
        return BadInput(f"{target} cannot be written ({os.strerror(code)}); choose another output folder.")
    if code == errno.ENAMETOOLONG:
        return BadInput(f"The name of the output {target} is too long; choose a shorter one.")
    return None
