"""What libraries raise becomes one sentence; bugs of our own and full disks pass through."""

import errno
import struct
import zlib

import av
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


def raised(kind: str, *modules: str) -> None:
    """Raises an error of `kind` in the last of `modules`, each of which calls the next."""
    code = f"raise {kind}('told')"
    for module in reversed(modules):
        code = f"exec({code!r}, {{'__name__': {module!r}}})"
    exec(code)


PHASES = pytest.mark.parametrize("phase", [reading, writing])


@PHASES
@pytest.mark.parametrize("kind", ["AttributeError", "AssertionError", "KeyError"])
def test_a_bug_of_our_own_keeps_its_traceback(phase, kind):
    ours = [
        ["impasto.somewhere"],
        ["PIL.Image", "impasto.webapp.files.source"],  # a codec called us
        ["impasto.somewhere", "fractions"],  # we called the standard library
        ["impasto.somewhere", "numpy.core"],
    ]
    for modules in ours:
        with pytest.raises(eval(kind), match="told"), phase("a"):
            raised(kind, *modules)
    for modules in (["impasto.somewhere", "PIL.Image"], ["av.container", "enum"], ["pillow_heif.heif"]):
        with pytest.raises(BadInput), phase("a"):
            raised(kind, *modules)


@PHASES
def test_a_wrong_argument_of_ours_is_no_damage_and_what_pillow_makes_of_a_file_is(phase):
    for modules in (["impasto.somewhere", "PIL.Image"], ["impasto.somewhere", "av.stream"], ["fractions"]):
        with pytest.raises(TypeError, match="told"), phase("a"):
            raised("TypeError", *modules)
    for modules in (["PIL.ImageFile", "PIL._util"], ["PIL.Image", "PIL.TiffImagePlugin"]):
        with pytest.raises(BadInput), phase("a"):
            raised("TypeError", "impasto.somewhere", *modules)
    with pytest.raises(TypeError), phase("a"):
        Image.new("RGB", (4, 4)).resize((None, 2))
    with pytest.raises(TypeError), phase("a"):
        av.VideoFrame(width="four", height=2)


def test_what_ffmpeg_calls_external_is_damage():
    error = av.error.ExternalError(542398533, "external")  # no OSError and no ValueError, as most others are
    with pytest.raises(BadInput, match="damaged"), reading("a.mp4"):
        exec("raise error", {"__name__": "av.codec.context", "error": error})
