"""What libraries raise over a file, in words: one place for Pillow's, PyAV's, zlib's and the operating system's errors.

From outside: `reading` and `writing`, around whole phases; `in_words`, for whoever has the exception in hand. No torch.
"""

import errno
import os
import struct
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from impasto.models.atomic import FULL, refusal
from impasto.models.errors import BadInput

# What damaged data raises, whoever's line it comes up in; anything else counts only when a library raised it.
_DAMAGE = (OSError, ValueError, SyntaxError, RuntimeError, EOFError, struct.error, zlib.error)
_UNREADABLE = frozenset({errno.EACCES, errno.EPERM, errno.ENOENT, errno.EIO})


@contextmanager
def reading(path: Path | str, sentence: Callable[[], str] | None = None) -> Iterator[None]:
    """Whatever a library raises over `path` in the block becomes a BadInput: damaged, unreadable, or out of memory.

    `sentence()` is asked for where damage needs words of its own, such as how far reading came. Errors of our own code
    that no decoder raises (an AttributeError, say) are bugs and pass through, and so does a full disk.
    """
    try:
        yield
    except Exception as error:
        raise in_words(error, str(path), sentence) or error from error


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Whatever a library raises in writing `path` becomes a BadInput: no room, forbidden, out of memory, or refused."""
    try:
        yield
    except BadInput:
        raise
    except Exception as error:
        if isinstance(error, MemoryError):
            raise _out_of_memory(str(path)) from error
        if not _is_library_error(error):
            raise
        told = getattr(error, "strerror", None) or str(error) or type(error).__name__
        failing = getattr(error, "errno", None) in (errno.ENOENT, errno.EIO)  # the folder, not what is written
        advice = "choose another output folder" if failing else "choose another size or kind of file"
        words = BadInput(f"{path} could not be written ({_one_line(told)}); {advice}.")
        raise refusal(error, path) or words from error


def in_words(error: Exception, name: str, sentence: Callable[[], str] | None = None) -> BadInput | None:
    """What a library raised over the file called `name`, as `reading` says it; None for what is to pass through."""
    if isinstance(error, BadInput):
        return error
    if isinstance(error, MemoryError):
        return _out_of_memory(name)
    if isinstance(error, Image.DecompressionBombError):
        return BadInput(f"{name} has far too many pixels to be painted; scale it down first.")
    code = getattr(error, "errno", None)
    if not _is_library_error(error) or code in FULL:
        return None
    if isinstance(error, OSError) and code in _UNREADABLE:
        return BadInput(f"{name} cannot be read ({os.strerror(code)}); check its name and permissions.")
    return BadInput(sentence() if sentence else f"{name} is damaged and cannot be decoded; copy or download it again.")


def _out_of_memory(name: str) -> BadInput:
    return BadInput(f"There is not enough memory for {name}; scale it down or choose a smaller size.")


def _is_library_error(error: Exception) -> bool:
    """Whether `error` speaks of data rather than of a bug of ours: by its type, or raised in somebody else's module."""
    if isinstance(error, _DAMAGE) and not isinstance(error, (NotImplementedError, RecursionError)):
        return True
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    return place is not None and not str(place.tb_frame.f_globals.get("__name__")).startswith("impasto.")


def _one_line(text: str) -> str:
    return " ".join(text.split())[:200].rstrip(".")
