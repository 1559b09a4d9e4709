"""Writing a painted clip: H.264 in MP4 that browsers play while it is still loading.

From outside: `ClipWriter`.
"""

from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
from av.codec.context import Flags
from av.video.reformatter import ColorRange

from .colour import ToVideo
from .probe import ClipInfo
from .read import Frame
from .span import WHOLE, Span
from .tracks import Tracks

# At 512x288 `superfast` costs 2.9 ms of one core a frame, `veryfast` 4.9 for files an eighth smaller; a second encoder
# thread costs more than it gives while the painter holds both cores. Without B-frames MP4 stores variable timestamps
# and the last frame's duration as they are; with them it has only the distances in decoding order.
_X264 = {"crf": "18", "preset": "superfast", "bf": "0", "threads": "1"}
_BT709 = 1  # the same number for matrix, primaries and transfer curve
_MAX_TIMESCALE = 1_000_000
SUFFIXES = frozenset({".mp4", ".m4v", ".mov"})


class ClipWriter:
    """An MP4 (or MOV) being written: BT.709 limited-range yuv420p at the source's own timestamps.

    Width and height must be even. With `source`, its other tracks travel along (see `Tracks`), as far as they lie in
    `span`, each as far as the picture has come. Call `close` once after the last frame, or `abort`; both end the file.
    Every method may raise OSError when the disk refuses.
    """

    def __init__(
        self,
        path: Path,
        size: tuple[int, int],
        frame_rate: Fraction,
        time_base: Fraction,
        sample_aspect: Fraction = Fraction(1),
        source: ClipInfo | None = None,
        span: Span = WHOLE,
    ):
        self.time_base = time_base
        self.container = open_output(path, time_base)
        try:
            self.stream = self._add_picture(size, frame_rate, sample_aspect)
            self.tracks = Tracks(source, self.container, span) if source is not None else None
        except BaseException:
            self.container.close()
            raise
        self.encoder = self.stream.codec_context
        self.to_video = ToVideo()
        self._durations: dict[int | None, int] = {}  # by timestamp, of the frames inside the encoder

    @property
    def audio(self) -> list[str]:
        """What became of each audio track of the source, in order: "copied", "re-encoded" or "dropped"."""
        return self.tracks.audio if self.tracks is not None else []

    def write(self, frame: Frame) -> None:
        """Encode one frame: uint8 RGB [height, width, 3] of the size given at the start, `pts` in `time_base`.

        Every scene has an encoder of its own: its bytes do not depend on those before.
        """
        if frame.begins:
            self._mux(self.encoder.encode(None))
            self.encoder = self._another_encoder()
        picture = self.to_video(frame.rgb)
        picture.pts, picture.time_base = frame.pts, self.time_base
        self._durations[frame.pts] = frame.duration
        self._mux(self.encoder.encode(picture))

    def close(self) -> None:
        """Flush the encoder, copy the rest of the tracks and finish the file."""
        try:
            self._mux(self.encoder.encode(None))
            if self.tracks is not None:
                self.tracks.finish()
        except BaseException:
            self.abort()
            raise
        self.container.close()

    def abort(self) -> None:
        """Let go of the file without finishing it; the caller removes it."""
        if self.tracks is not None:
            self.tracks.close()
        with suppress(OSError, av.error.FFmpegError):
            self.container.close()

    def _add_picture(self, size: tuple[int, int], frame_rate: Fraction, sample_aspect: Fraction):
        stream = self.container.add_stream("libx264", rate=frame_rate, options=dict(_X264))
        stream.time_base = self.time_base
        self._set_up(stream.codec_context, size, sample_aspect)
        return stream

    def _another_encoder(self) -> av.VideoCodecContext:
        """One set up as the stream's first is, so that the headers in the file are its, too."""
        first = self.stream.codec_context
        encoder = av.CodecContext.create("libx264", "w")
        assert isinstance(encoder, av.VideoCodecContext)
        encoder.options = dict(_X264)
        encoder.framerate = first.framerate
        encoder.flags |= Flags.global_header
        self._set_up(encoder, (first.width, first.height), first.sample_aspect_ratio)
        return encoder

    def _set_up(self, context: av.VideoCodecContext, size: tuple[int, int], sample_aspect: Fraction | None) -> None:
        context.width, context.height = size
        context.pix_fmt = "yuv420p"
        context.time_base = self.time_base
        context.sample_aspect_ratio = sample_aspect
        context.color_range = ColorRange.MPEG
        context.colorspace = context.color_primaries = context.color_trc = _BT709

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            packet.stream = self.stream
            packet.duration = self._durations.pop(packet.pts)
            if self.tracks is not None:
                self.tracks.write_until((packet.dts or 0) * self.time_base)
            self.container.mux(packet)


def open_output(path: Path, time_base: Fraction):
    """An MP4 or MOV to be written, whose header comes first."""
    # the timescale of durations in the header: by default 1000, too coarse for 1001/30000
    options = {"movflags": "+faststart", "movie_timescale": str(min(time_base.denominator, _MAX_TIMESCALE))}
    muxer = "mov" if path.suffix.lower() == ".mov" else "mp4"
    return av.open(f"file:{path}", "w", format=muxer, container_options=options)
