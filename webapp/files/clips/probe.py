"""What a clip is, read from its header and its first frame: size, timing, orientation, colour, sound.

From outside: `probe`, which returns a `ClipInfo` or raises `BadInput`; `working_size`; `open_clip`.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import av.error
import numpy as np
from av.stream import Disposition

from impasto.export.runtime.damage import reading
from impasto.export.runtime.gamut import Gamut
from impasto.export.runtime.picture_kind import picture_kind
from impasto.export.runtime.tone import Transfer
from impasto.models.errors import BadInput
from impasto.models.number import is_whole
from impasto.webapp.files.clips import colour

from ..pictures import MAX_PIXELS, READ_SUFFIXES, check_readable, image_header
from .edits import EditList, read_edits
from .filters import display_matrix

# Container formats that hold a clip. Playlists (HLS, DASH, concat) stay out: they make the reader open other files.
FORMATS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,flv,asf,ogg,mxf,dv,ivf,h264,hevc,m4v,"
    "mp3,aac,flac,wav,nut"
)
# Broadcast containers: their clock starts anywhere, and a recording may begin between two key frames.
BROADCAST = frozenset({"mpegts", "mpeg"})
_HIGHEST_USUAL_RATE = 120  # frames a second; a higher one is believed only where the packets bear it out
_ASSUMED_RATE = Fraction(25)  # of raw streams and single frames
_MOST_ANAMORPHIC = Fraction(8)  # a pixel's width to its height or the other way round; more is damage
MAX_SIDE = 16_384  # what H.264 can carry
# Titles that are not UTF-8 do not stop a clip: PyAV 19 keeps their bytes, without an argument for it.
_ANY_METADATA: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
_GROWN_PIXELS = 1920 * 1088  # what any stream may grow to midway


@dataclass(frozen=True)
class ClipLimits:
    """What a caller is ready to take: seconds of what is painted, pixels a frame as stored, and as painted.

    None means no limit; of pixels as painted, that of those stored.
    """

    max_seconds: float | None = None
    max_pixels: int | None = MAX_PIXELS
    max_painted: int | None = None


@dataclass(frozen=True)
class Orientation:
    """How stored pixels become upright ones: transpose first, then mirror left-right, then top-bottom."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @classmethod
    def from_display_matrix(cls, data: bytes) -> "Orientation":
        """Read a display matrix: nine int32, row by row, as containers and frames carry it.

        A stored point (p, q) is shown at (a·p + c·q, b·p + d·q). Angles between multiples of 90° go to the nearest.
        """
        a, b, _, c, d, *_ = np.frombuffer(data, np.int32, 9).tolist()
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    def apply(self, rgb: np.ndarray) -> np.ndarray:
        """Turn HxWx3 pixels upright; contiguous, W and H exchanged when transposed."""
        if self.transpose:
            rgb = rgb.transpose(1, 0, 2)
        return np.ascontiguousarray(rgb[:: -1 if self.mirror_y else 1, :: -1 if self.mirror_x else 1])

    def turn_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) on the other side of the turn; it is its own inverse."""
        return (size[1], size[0]) if self.transpose else size


@dataclass(frozen=True)
class ClipInfo:
    """A clip as a viewer sees it. Times are in seconds, except in `time_base`, the tick of frame timestamps."""

    path: Path
    container: str  # FFmpeg's name of the container format
    codec: str
    width: int  # pixels, upright
    height: int
    sample_aspect: Fraction  # width of a pixel / its height, upright
    frame_rate: Fraction  # average
    durations: bool  # whether the file says how long each frame lasts
    time_base: Fraction
    origin: Fraction  # the time on the clip's own clock that counts as 0
    duration: float | None  # of the picture; None when the file does not say
    frames: int  # an estimate; 0 when unknown
    declared_seconds: float | None  # of the picture, by its own header; None when that says nothing of use
    declared_frames: int  # by an AVI's header; 0 elsewhere
    orientation: Orientation
    matrix: colour.Matrix
    full_range: bool
    hdr: Transfer | None  # PQ or HLG: brighter than a screen's white, in a wider gamut
    gamut: Gamut | None  # P3 or BT.2020 of ordinary brightness
    audio: tuple[str, ...]  # codec of each audio track
    edits: dict[int, EditList]  # of an MP4's or MOV's tracks, by PyAV's number (`stream.id`)
    picture_edits: EditList | None  # those of the picture

    @property
    def shown_size(self) -> tuple[int, int]:
        """(width, height) in square pixels: the shape that players show, no side smaller than stored."""
        aspect = self.sample_aspect
        if aspect >= 1:
            return round(self.width * aspect), self.height
        return self.width, round(self.height / aspect)

    @property
    def has_audio(self) -> bool:
        return bool(self.audio)


def _picture_in_words(path: Path, kind: str) -> str:
    with suppress(BadInput):
        header = image_header(path)
        if header is not None and header.frames > 1:
            return f"an animation ({kind}), not a video; save it as an MP4."
    return f"a picture ({kind}), not a video; paint it as a picture."


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


def probe(path: str | Path, limits: ClipLimits | None = None) -> ClipInfo:
    """Describe a clip from its header and first frame.

    Raises BadInput when it is no clip, has no picture or no frame, is cut short, or exceeds `limits`.
    """
    path = Path(path)
    with reading(path), open_clip(path) as container:
        stream = picture_stream(container, path)
        _check_complete(container, path)
        if limits is not None and limits.max_pixels is not None and stream.width * stream.height > limits.max_pixels:
            raise BadInput(
                f"{path} has frames of {stream.width}x{stream.height}, more than the {limits.max_pixels:,} pixels"
                " allowed; scale it down first."
            )
        edits = read_edits(path) if "mp4" in container.format.name else {}
        stated = colour.stated_by(stream)
        frame = _first_frame(container, stream, path)
        info = _describe(path, container, stream, frame, stated, edits)
    check_seconds(path, info.duration or 0, limits)
    return info


def check_seconds(path: Path, seconds: float, limits: ClipLimits | None) -> None:
    """Raise BadInput for a clip that lasts longer than `limits` allow."""
    if limits is not None and limits.max_seconds is not None and seconds > limits.max_seconds:
        raise BadInput(
            f"{path} lasts {seconds:.1f} s, more than the {limits.max_seconds:g} s allowed; choose a part of it."
        )


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
    if stream.codec_context.name != "theora":  # which has to be at hand when it is repeated, see `decoder`
        stream.thread_type, stream.thread_count = "AUTO", 2
    stream.codec_context.options = {"max_pixels": str(decoded_pixels(stream))}
    return stream


def decoder(stream) -> Callable[[av.Packet], list[av.VideoFrame]]:
    """Decodes the stream's packets; of WebM with transparency, with it, which FFmpeg's own decoders leave out."""
    name = stream.codec_context.name
    if name == "theora":
        return _repeating()
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if tags.get("alpha_mode") != "1" or name not in ("vp8", "vp9"):
        return lambda packet: packet.decode()
    context = av.CodecContext.create("libvpx-vp9" if name == "vp9" else "libvpx", "r")
    context.options = dict(stream.codec_context.options)
    return context.decode


def _repeating() -> Callable[[av.Packet], list[av.VideoFrame]]:
    """Decodes Theora, of which a packet of no bytes shows the frame before once more; FFmpeg takes it for the end
    (findings/pyav-theora-repeated-frames.sh)."""
    shown: list[av.VideoFrame] = []

    def decode(packet: av.Packet) -> list[av.VideoFrame]:
        if packet.size or packet.pts is None:
            shown[:] = packet.decode()
        elif shown:
            shown[-1].pts = packet.pts
        return shown[-1:]

    return decode


def frames_of(container, stream) -> Iterator[av.VideoFrame]:
    """The stream's frames from where the container stands."""
    decode = decoder(stream)
    for packet in container.demux(stream):
        yield from decode(packet)


def decoded_pixels(stream) -> int:
    """The most pixels that a frame of this stream may have, whatever size it changes to midway.

    The header is what limits look at; a stream may grow from there, from a phone's call for instance, to four times as
    many pixels or full HD.
    """
    declared = stream.width * stream.height
    return min(max(4 * declared, _GROWN_PIXELS), max(declared, MAX_PIXELS)) if declared else MAX_PIXELS


def working_size(width: int, height: int, short_side: int, even: bool = True) -> tuple[int, int]:
    """Scale (width, height) so that the shorter side is `short_side`, keeping the aspect to within a pixel.

    With `even`, as H.264 needs, both sides are rounded to even numbers: down by at most one pixel where nothing is
    scaled, to the nearest otherwise. Raises BadInput for a size below 1 or a side that no codec can carry.
    """
    if not is_whole(short_side) or short_side < 1:
        raise BadInput(f"The size must be a whole number of pixels, at least 1, not {short_side!r}.")
    scale = Fraction(short_side, min(width, height))
    sides = [side * scale for side in (width, height)]
    if even:
        sides = [side // 2 * 2 if scale == 1 else _rounded(side / 2) * 2 for side in sides]
    sides = [max(_rounded(side), 2 if even else 1) for side in sides]
    if max(sides) > MAX_SIDE:
        raise BadInput(f"The output would be {sides[0]}x{sides[1]}; choose a smaller size (sides end at {MAX_SIDE}).")
    return sides[0], sides[1]


def _rounded(length: Fraction) -> int:
    """To the nearest whole number, halves up, as the page rounds."""
    return int(length + Fraction(1, 2))


def _describe(path: Path, container, stream, frame, stated: colour.Stated, edits: dict[int, EditList]) -> ClipInfo:
    orientation = _orientation(frame)
    width, height = orientation.turn_size((frame.width, frame.height))
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if not 1 / _MOST_ANAMORPHIC <= aspect <= _MOST_ANAMORPHIC:
        aspect = Fraction(1)
    origin = _origin(container, edits, frame)
    timing = _timing(path, container, stream, origin)
    return ClipInfo(
        path=path,
        container=container.format.name,
        codec=stream.codec_context.name,
        width=width,
        height=height,
        sample_aspect=1 / aspect if orientation.transpose else aspect,
        frame_rate=timing.rate,
        durations=timing.durations,
        time_base=stream.time_base,
        origin=origin,
        duration=timing.seconds,
        frames=timing.frames,
        # an MP4's index is checked; its declared durations do not allow for B-frames and edits
        declared_seconds=None
        if "mp4" in container.format.name
        else _since(origin, declared_duration(stream), container),
        declared_frames=stream.frames if container.format.name == "avi" else 0,
        orientation=orientation,
        matrix=colour.matrix_of(frame, stated),
        full_range=colour.is_full_range(frame, stated),
        hdr=colour.transfer_of(frame),
        gamut=colour.gamut_of(frame),
        audio=tuple(
            track.codec_context.name if track.codec_context else "unknown" for track in container.streams.audio
        ),
        edits=edits,
        picture_edits=edits.get(stream.id),
    )


@dataclass(frozen=True)
class _Timing:
    rate: Fraction
    durations: bool
    seconds: float | None
    frames: int


def _timing(path: Path, container, stream, origin: Fraction) -> _Timing:
    """Rate and length as the header states them, or, where it does not, as the times of the packets have them.

    Browsers' recorders write neither; a rate that no camera has is often the clock's (1000 for milliseconds).
    """
    stated = Fraction(stream.average_rate or 0)
    if stream.codec_context.name == "theora":  # its tick is a frame, and FFmpeg counts repeated ones for nothing
        stated = 1 / stream.time_base
    seconds = declared_duration(stream)
    if seconds is None and (container.duration or 0) > 0:
        seconds = container.duration / av.time_base
    seconds = _since(origin, seconds, container)
    if 0 < stated <= _HIGHEST_USUAL_RATE and seconds is not None:
        return _Timing(stated, True, seconds, stream.frames or round(seconds * stated))
    count, first, last = _scan(path)
    if last > first:
        rate = _simple((count - 1) / (last - first))
    else:
        rate = next(
            (Fraction(r) for r in (stated, stream.guessed_rate) if r and r <= _HIGHEST_USUAL_RATE), _ASSUMED_RATE
        )
    if 0 < stated <= _HIGHEST_USUAL_RATE or abs(stated - rate) < rate / 100:
        return _Timing(stated, True, seconds or float(last - first + 1 / stated), count)
    return _Timing(rate, False, seconds or float(last - first + 1 / rate), count)


def _simple(rate: Fraction) -> Fraction:
    """As cameras have it, such as 30000/1001; below 1 by the length of a frame, so that it never becomes 0."""
    return rate.limit_denominator(1001) if rate >= 1 else 1 / (1 / rate).limit_denominator(1001)


def _scan(path: Path) -> tuple[int, Fraction, Fraction]:
    """How many frames a clip's packets hold, and the times of the first and the last in seconds. Nothing is decoded."""
    times, untimed = set(), 0
    with open_clip(path) as container:
        stream = picture_stream(container, path)
        for packet in container.demux(stream):
            if packet.size == 0 or packet.is_discard:
                continue
            if packet.pts is None:
                untimed += 1
            else:
                times.add(packet.pts)
        time_base = stream.time_base
    if not times:
        return untimed, Fraction(0), Fraction(0)
    return len(times), min(times) * time_base, max(times) * time_base


def _origin(container, edits: dict[int, EditList], first) -> Fraction:
    """When on its own clock a clip begins: with the first thing seen or heard, as players have it.

    Broadcasts, pieces of live streams (fragmented MP4, FLV) and recordings of cameras count from when the sender was
    switched on. An edit list says itself what is shown when, so that a pause that it begins with is meant. Where FFmpeg
    does not say when a recording begins, as of a single packet, its first frame does.
    """
    if _is_broadcast(container) and container.start_time is not None:
        return Fraction(container.start_time, av.time_base)
    starts = [
        stream.start_time * stream.time_base
        for stream in (*container.streams.video, *container.streams.audio)
        if stream.start_time is not None and not stream.disposition & Disposition.attached_pic
    ]
    if not starts and first.pts is not None:
        starts = [first.pts * (first.time_base or Fraction(0))]
    return Fraction(0) if edits else max(min(starts, default=Fraction(0)), Fraction(0))


def _checkable_duration(container, stream, origin: Fraction) -> float | None:
    """The stated length that the picture has to reach; none of an MP4, whose index is checked instead: its durations do
    not allow for B-frames and edits."""
    return None if "mp4" in container.format.name else _since(origin, declared_duration(stream), container)


def _since(origin: Fraction, seconds: float | None, container) -> float | None:
    """A stated length counted from a clip's beginning: where its clock begins late, muxers state when it ends."""
    if seconds is None or _is_broadcast(container) or seconds <= origin:
        return seconds
    return seconds - float(origin)


def _is_broadcast(container) -> bool:
    return container.format.name in BROADCAST


def _orientation(frame) -> Orientation:
    matrix = display_matrix(frame)
    return Orientation() if matrix is None else Orientation.from_display_matrix(matrix)


def declared_duration(stream) -> float | None:
    """Seconds the picture lasts by its own header or Matroska tag; None when neither says."""
    if (stream.duration or 0) > 0:
        return float(stream.duration * stream.time_base)
    return _parse_clock(stream.metadata.get("DURATION", ""))


def _parse_clock(text: str) -> float | None:
    """Seconds in Matroska's "HH:MM:SS.fraction"; None when the text is something else."""
    try:
        hours, minutes, seconds = text.split(":")
        return int(hours) * 3600 + int(minutes) * 60 + float(seconds)
    except ValueError:
        return None


def _first_frame(container, stream, path: Path):
    decode = decoder(stream)
    try:
        for packet in container.demux(stream):
            try:
                for frame in decode(packet):
                    return frame
            except av.error.InvalidDataError:
                if not _is_broadcast(container):
                    raise
    except av.error.FFmpegError as error:
        raise BadInput(f"{path} is damaged: its first frame cannot be decoded; copy or download it again.") from error
    raise BadInput(f"{path} holds no frame that can be decoded; copy or download it again.")


def _check_complete(container, path: Path) -> None:
    """Raise BadInput when an MP4's index promises data beyond the end of the file (a copy or download cut off)."""
    size = container.size
    if "mp4" not in container.format.name or size <= 0:
        return
    for stream in (*container.streams.video, *container.streams.audio):
        entries = stream.index_entries
        if not len(entries) or entries[len(entries) - 1].pos + entries[len(entries) - 1].size <= size:
            continue
        held = [entry.timestamp for entry in entries if entry.pos + entry.size <= size]
        reached = max(float(max(held, default=0) * stream.time_base), 0.0)
        raise BadInput(
            f"{path} is cut short: only {len(held)} of {len(entries)} {stream.type} packets are there, up to"
            f" {reached:.2f} s; copy or download it again."
        )


def _why_unreadable(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(64)
    if head[4:8] in (b"ftyp", b"mdat", b"moov", b"wide", b"free"):
        return f"{path} is cut short: its index is missing; copy, download or record it again."
    if path.suffix.lower() in READ_SUFFIXES:
        return f"{path} is neither a picture nor a video that can be read; copy or download it again."
    return f"{path} is not a video that can be read; choose another, such as an MP4, or convert it first."
