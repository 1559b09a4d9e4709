"""Animated pictures: GIF, WebP and PNG in, GIF out, every frame shown as long as in the source.

From outside: `read_animation`, `animation_loop`, `GifWriter`. Ticks are milliseconds on both sides.
"""

from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import av.error
import av.filter
import numpy as np

from impasto.export.runtime.damage import reading
from impasto.webapp.files import pictures

from .read import Frame

TIME_BASE = Fraction(1, 1000)
_CENTISECOND = Fraction(1, 100)  # GIF's own tick
# Browsers show a frame that asks for less than 20 ms for 100 ms, so that is what such files mean.
_SHORTEST_MS, _ASSUMED_MS = 20, 100


def animation_loop(path: Path) -> int | None:
    """How often an animation repeats: 0 for ever, n times more, None for a single showing."""
    with reading(path), pictures.open_image(path) as image:
        image.load()
        return image.info.get("loop")


def read_animation(path: Path, size: tuple[int, int]) -> Iterator[Frame]:
    """Yield the composed frames of an animation at `size` = (width, height), on white where transparent.

    `pts` and `duration` are in milliseconds; `alpha` is kept beside. Raises BadInput naming the frame that is damaged.
    """
    pts = count = 0

    def damaged() -> str:
        where = f"after frame {count}, at {pts / 1000:.2f} s,"
        return f"{path} is damaged {where} and cannot be decoded; copy or download it again."

    with reading(path, damaged), pictures.open_image(path) as image:
        while True:
            rgba = np.asarray(image.convert("RGBA"))
            duration = round(image.info.get("duration", 0))
            duration = _ASSUMED_MS if duration < _SHORTEST_MS else duration
            yield _frame(pictures.resize(rgba, size), pts, duration)
            count, pts = count + 1, pts + duration
            try:
                image.seek(count)
            except EOFError:
                return


def _frame(rgba: np.ndarray, pts: int, duration: int) -> Frame:
    alpha = None if rgba[..., 3].min() == 255 else np.ascontiguousarray(rgba[..., 3])
    rgb = pictures.flatten(pictures.Picture(np.ascontiguousarray(rgba[..., :3]), alpha))
    return Frame(rgb, pts, duration, alpha)


class GifWriter:
    """An animated GIF being written, a palette of its own for each frame, in constant memory.

    Frames closer than 20 ms to the one before are left out: browsers would show them in slow motion. `time_base`
    is the tick of the frames' timestamps. Same methods as `ClipWriter`.
    """

    audio: tuple[str, ...] = ()

    def __init__(self, path: Path, size: tuple[int, int], time_base: Fraction, loop: int | None = 0):
        self.time_base = time_base
        options = {"loop": "-1" if loop is None else str(loop)}
        self.container = av.open(f"file:{path}", "w", format="gif", options=options)
        self.stream = self.container.add_stream("gif", rate=100)
        self.stream.width, self.stream.height = size
        self.stream.pix_fmt = "pal8"
        self.stream.time_base = self.stream.codec_context.time_base = _CENTISECOND
        self.graph, self.source, self.sink = _palette_graph(size)
        self._last: int | None = None
        self._durations: dict[int | None, int] = {}

    def write(self, frame: Frame) -> None:
        """Encode one frame: uint8 RGB [height, width, 3], transparent where `alpha` is below 128."""
        pts = round(frame.pts * self.time_base / _CENTISECOND)
        if self._last is not None and pts < self._last + 2:
            return
        opaque = np.full(frame.rgb.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha
        picture = av.VideoFrame.from_ndarray(np.dstack([frame.rgb, opaque]), format="rgba")
        picture.pts, picture.time_base = pts, _CENTISECOND
        self._last = pts
        self._durations[pts] = max(round(frame.duration * self.time_base / _CENTISECOND), 2)
        self.source.push(picture)
        self._encode()

    def close(self) -> None:
        """Flush the palette filter and finish the file."""
        try:
            self.source.push(None)
            self._encode()
            self._mux(self.stream.encode(None))
        except BaseException:
            self.abort()
            raise
        self.container.close()

    def abort(self) -> None:
        """Let go of the file without finishing it; the caller removes it."""
        with suppress(OSError, av.error.FFmpegError):
            self.container.close()

    def _encode(self) -> None:
        while True:
            try:
                indexed = cast(av.VideoFrame, self.sink.pull())  # the graph carries no sound
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            self._mux(self.stream.encode(indexed))

    def _mux(self, packets: list[av.Packet]) -> None:
        for packet in packets:
            packet.duration = self._durations.pop(packet.pts, 2)
            self.container.mux(packet)


def _palette_graph(size: tuple[int, int]):
    """RGBA -> 256 colours chosen for that frame, with a light ordered dither that stays put from frame to frame."""
    graph = av.filter.Graph()
    rgba = av.VideoFormat("rgba", *size)
    source = graph.add_buffer(width=size[0], height=size[1], format=rgba, time_base=_CENTISECOND)
    split = graph.add("split")
    choose = graph.add("palettegen", "stats_mode=single")
    apply = graph.add("paletteuse", "new=1:dither=bayer:bayer_scale=5")
    sink = graph.add("buffersink")
    source.link_to(split)
    split.link_to(choose, 0, 0)
    split.link_to(apply, 1, 0)
    choose.link_to(apply, 0, 1)
    apply.link_to(sink)
    graph.configure()
    return graph, source, sink
