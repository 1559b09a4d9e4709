"""What a clip is, read from its header and its first frame: size, timing, orientation, colour, sound.

From outside: `probe`, which returns a `ClipInfo` or raises `BadInput`.
"""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av.error

from impasto.export.runtime.damage import reading
from impasto.export.runtime.gamut import Gamut
from impasto.export.runtime.tone import Transfer
from impasto.models.errors import BadInput
from impasto.webapp.files.clips import colour

from ..pictures import MAX_PIXELS
from .edits import EditList, read_edits
from .opening import decoder, is_broadcast, open_clip, picture_stream
from .orientation import Orientation
from .timing import checkable_seconds, origin_of, timing_of

_MOST_ANAMORPHIC = Fraction(8)  # a pixel's width to its height or the other way round; more is damage


@dataclass(frozen=True)
class ClipLimits:
    """What a caller is ready to take: seconds of what is painted, pixels a frame as stored, and as painted.

    None means no limit; of pixels as painted, that of those stored.
    """

    max_seconds: float | None = None
    max_pixels: int | None = MAX_PIXELS
    max_painted: int | None = None


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
        """Whether there is a sound track."""
        return bool(self.audio)


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


def _describe(path: Path, container, stream, frame, stated: colour.Stated, edits: dict[int, EditList]) -> ClipInfo:
    orientation = Orientation.of(frame)
    width, height = orientation.turn_size((frame.width, frame.height))
    aspect = Fraction(stream.sample_aspect_ratio or 1)
    if not 1 / _MOST_ANAMORPHIC <= aspect <= _MOST_ANAMORPHIC:
        aspect = Fraction(1)
    origin = origin_of(container, edits, frame)
    timing = timing_of(path, container, stream, origin)
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
        declared_seconds=checkable_seconds(container, stream, origin),
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


def _first_frame(container, stream, path: Path):
    decode = decoder(stream)
    try:
        for packet in container.demux(stream):
            try:
                for frame in decode(packet):
                    return frame
            except av.error.InvalidDataError:
                if not is_broadcast(container.format.name):
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
