"""Opening a clip: its container, which can reach no other file, the picture that players show, and its decoder.

From outside: `open_clip`, `picture_stream`, `decoder`, `decoded_pixels`, `is_broadcast`. Nothing is decoded here.
"""

from collections.abc import Callable
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import av
import av.error
from av.stream import Disposition

from impasto.export.runtime.picture_kind import picture_kind
from impasto.models.errors import BadInput

from ..pictures import MAX_PIXELS, READ_SUFFIXES, check_readable, image_header

# Container formats that hold a clip. Playlists (HLS, DASH, concat) stay out: they make the reader open other files.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,dv,ivf,h264,hevc,m4v,"
    "mp3,aac,flac,wav,nut"
)
# Broadcast containers: their clock starts anywhere, and a recording may begin between two key frames.
_BROADCAST = frozenset({"mpegts", "mpeg"})
# Titles that are not UTF-8 do not stop a clip: PyAV 19 keeps their bytes, without an argument for it.
_ANY_METADATA: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
_GROWN_PIXELS = 1920 * 1088  # what any stream may grow to midway


@contextmanager
def open_clip(path: Path, edited: bool = True):
    """Open a clip for reading: a PyAV container that can reach no other file.

    Times are those of a track's own clock where `edited` is False: then FFmpeg does not look at edit lists. Raises
    BadInput for a file that is missing, a folder, unreadable, or no clip.
    """
    check_readable(path)
    kind = picture_kind(path)
    if kind is not None:  # FFmpeg opens some of them as clips of one tile
        raise BadInput(f"{path} is {_picture_in_words(path, kind)}")
    options = {"format_whitelist": FORMATS, "protocol_whitelist": "file"}
    if not edited:
        options["ignore_editlist"] = "1"
    try:
        container = av.open(f"file:{path}", container_options=options, **_ANY_METADATA)
    except av.error.FFmpegError as error:
        raise BadInput(_why_unreadable(path)) from error
    with container:
        yield container


def picture_stream(container, path: Path):
    """The video stream that players show, set to decode on two threads; BadInput when there is none.

    That is the first that the file marks as its own choice (switched on in an MP4, default in a Matroska), or, where it
    marks none, the first; never cover art. `webapp/page/src/clips/container/tracks.ts` follows the same rule.
    """
    streams = [stream for stream in container.streams.video if not stream.disposition & Disposition.attached_pic]
    if not streams:
        what = "has sound but no picture" if container.streams.audio else "holds no video"
        raise BadInput(f"{path} {what}; choose a video or a picture.")
    stream = next((each for each in streams if each.disposition & Disposition.default), streams[0])
    if stream.codec_context is None:
        raise BadInput(f"{path} uses a video codec this build cannot decode; convert it to H.264 first.")
    stream.thread_type, stream.thread_count = "AUTO", 2
    stream.codec_context.options = {"max_pixels": str(decoded_pixels(stream))}
    return stream


def decoder(stream) -> Callable[[av.Packet], list[av.VideoFrame]]:
    """Decodes the stream's packets; of WebM with transparency, with it, which FFmpeg's own decoders leave out."""
    name = stream.codec_context.name
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if tags.get("alpha_mode") != "1" or name not in ("vp8", "vp9"):
        return lambda packet: packet.decode()
    context = av.CodecContext.create("libvpx-vp9" if name == "vp9" else "libvpx", "r")
    context.options = dict(stream.codec_context.options)
    return context.decode


def decoded_pixels(stream) -> int:
    """The most pixels that a frame of this stream may have, whatever size it changes to midway.

    The header is what limits look at; a stream may grow from there, from a phone's call for instance, to four times as
    many pixels or full HD.
    """
    declared = stream.width * stream.height
    return min(max(4 * declared, _GROWN_PIXELS), max(declared, MAX_PIXELS)) if declared else MAX_PIXELS


def is_broadcast(container: str) -> bool:
    """Whether a container format, by FFmpeg's name, is one whose clock starts anywhere."""
    return container in _BROADCAST


def _picture_in_words(path: Path, kind: str) -> str:
    with suppress(BadInput):
        header = image_header(path)
        if header is not None and header.frames > 1:
            return f"an animation ({kind}), not a video; save it as an MP4."
    return f"a picture ({kind}), not a video; paint it as a picture."


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(64)
    if head[4:8] in (b"ftyp", b"mdat", b"moov", b"wide", b"free"):
        return f"{path} is cut short: its index is missing; copy, download or record it again."
    if path.suffix.lower() in READ_SUFFIXES:
        return f"{path} is neither a picture nor a video that can be read; copy or download it again."
    return f"{path} is not a video that can be read; choose another, such as an MP4, or convert it first."
