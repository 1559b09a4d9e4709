"""What libraries raise becomes one sentence; bugs of our own and full disks pass through."""

import errno
import struct
import zlib

import av.error
import pytest
from PIL import Image

from impasto.export.runtime.damage import reading, writing
from impasto.models.errors import BadInput

DAMAGE = [
    ValueError("31 is not a valid Type"),
    RuntimeError("avif"),
    SyntaxError("broken PNG"),
    EOFError(),
    struct.error("unpack"),
    zlib.error("-3"),
    OSError("truncated"),
    av.error.InvalidDataError(1094995529, "invalid"),
    av.error.ExternalError(542398533, "external"),
]


@pytest.mark.parametrize("error", DAMAGE, ids=repr)
def test_damage_is_one_sentence(error):
    with pytest.raises(BadInput, match=r"^a\.gif is damaged.*\.$"), reading("a.gif"):
        raise error
    with pytest.raises(BadInput, match="in our own words"), reading("a.gif", lambda: "in our own words"):
        raise error
    with pytest.raises(BadInput, match=r"^b\.mp4 could not be written"), writing("b.mp4"):
        raise error


@pytest.mark.parametrize("error", [MemoryError(), av.error.MemoryError(12, "Cannot allocate memory")], ids=repr)
@pytest.mark.parametrize("phase", [reading, writing])
def test_memory_running_out_is_not_damage(phase, error):
    with pytest.raises(BadInput, match="not enough memory for a"), phase("a"):
        raise error


def test_what_is_no_damage_has_words_of_its_own():
    for error, words in (
        (PermissionError(errno.EACCES, "no"), "cannot be read"),
        (Image.DecompressionBombError(), "too many pixels"),
        (BadInput("As it was."), "As it was"),
    ):
        with pytest.raises(BadInput, match=words), reading("a"):
            raise error
    with pytest.raises(OSError, match="full"), reading("a"):
        raise OSError(errno.ENOSPC, "full")
    with pytest.raises(BadInput, match="make room"), writing("a"):
        raise OSError(errno.ENOSPC, "full")


@pytest.mark.parametrize("kind", ["AttributeError", "TypeError", "AssertionError", "KeyError"])
@pytest.mark.parametrize("phase", [reading, writing])
def test_a_bug_of_our_own_keeps_its_traceback(phase, kind):
    with pytest.raises(eval(kind), match="a bug"), phase("a"):
        exec(f"raise {kind}('a bug')", {"__name__": "impasto.somewhere"})
    with pytest.raises(BadInput), phase("a"):
        exec(f"raise {kind}('a library')", {"__name__": "PIL.somewhere"})
