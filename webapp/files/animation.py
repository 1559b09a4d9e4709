"""Animated pictures: GIF, WebP, PNG and AVIF in, GIF out, every frame shown as long as in the source.

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
from impasto.export.runtime.stated import colours_of
from impasto.webapp.files import pictures

from .clips.read import Frame
from .gif import read_gif

TIME_BASE = Fraction(1, 1000)
_CENTISECOND = Fraction(1, 100)  # GIF's own tick
# Browsers show a frame that asks for at most 10 ms for 100 ms, so that is what such files mean.
_HASTY_MS, _ASSUMED_MS = 10, 100


def animation_loop(path: Path) -> int | None:
    """How often an animation repeats after its first showing: 0 for ever, n times more, None not at all.

    GIF counts repeats, WebP and PNG count showings; AVIF says nothing and goes on for ever.
    """
    with reading(path), pictures.open_image(path) as image:
        image.load()
        stated = image.info.get("loop")
        if image.format == "GIF":
            return stated
    return stated - 1 or None if stated else 0


def read_animation(path: Path, size: tuple[int, int]) -> Iterator[Frame]:
    """Yield the composed frames of an animation at `size` = (width, height), on white where transparent.

    `pts` and `duration` are in milliseconds; `alpha` is kept beside. Raises BadInput naming the frame that is damaged.
    """
    count, clock = 0, 0.0  # milliseconds; 60 frames a second are no whole ones each, and times must not drift

    def damaged() -> str:
        where = f"after frame {count}, at {clock / 1000:.2f} s,"
        return f"{path} is damaged {where} and cannot be decoded; copy or download it again."

    with reading(path, damaged):
        for rgba, asked in _composed(path):
            end = clock + (_ASSUMED_MS if asked <= _HASTY_MS else asked)
            yield _frame(pictures.resize(rgba, size), round(clock), round(end) - round(clock))
            count, clock = count + 1, end


def _composed(path: Path) -> Iterator[tuple[np.ndarray, float]]:
    """Every frame as it is shown, uint8 sRGB with alpha [H,W,4], and how many milliseconds it asks for."""
    with pictures.open_image(path) as image:
        if image.format == "GIF":
            yield from read_gif(path, image.size, pictures.MAX_PIXELS)
            return
        to_srgb = colours_of(image, path)
        index, end = 0, 0.0
        if getattr(image, "default_image", False):  # a PNG's picture for readers that know no animations
            if image.mode == "RGBA":
                image.paste((0, 0, 0, 0), (0, 0, *image.size))  # what the first frame is composed onto
            index = 1
        while True:
            try:
                image.seek(index)
            except EOFError:
                return
            rgba = np.asarray(image.convert("RGBA"))  # which reads the times, too
            duration = image.info.get("duration", 0)
            # AVIF's durations are rounded one by one, its times are not: 17, 17, 17 ms from 0, 17, 33 ms on.
            start = image.info["timestamp"] if image.format == "AVIF" else end
            before, end = end, start + duration
            yield np.dstack([to_srgb(np.ascontiguousarray(rgba[..., :3])), rgba[..., 3]]), end - before
            index += 1


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
        # Whole frames: what the encoder leaves out as unchanged would be missing after a frame that is cleared.
        self.stream = self.container.add_stream("gif", rate=100, options={"gifflags": "0"})
        self.stream.width, self.stream.height = size
        self.stream.pix_fmt = "pal8"
        self.stream.time_base = self.stream.codec_context.time_base = _CENTISECOND
        self.graph, self.source, self.sink = _palette_graph(size)
        self._last: int | None = None
        self._durations: dict[int | None, int] = {}
        self._translucent: set[int | None] = set()  # timestamps of frames with transparent pixels
        self._held: av.Packet | None = None  # until it is known whether it is to be cleared

    def write(self, frame: Frame) -> None:
        """Encode one frame: uint8 RGB [height, width, 3], transparent where `alpha` is below 128."""
        pts = round(frame.pts * self.time_base / _CENTISECOND)
        if self._last is not None and pts < self._last + 2:
            return
        opaque = np.full(frame.rgb.shape[:2], 255, np.uint8) if frame.alpha is None else frame.alpha
        picture = av.VideoFrame.from_ndarray(np.dstack([frame.rgb, opaque]), format="rgba")
        picture.pts, picture.time_base = pts, _CENTISECOND
        self._last = pts
        if opaque.min() < 128:
            self._translucent.add(pts)
        self._durations[pts] = max(round(frame.duration * self.time_base / _CENTISECOND), 2)
        self.source.push(picture)
        self._encode()

    def close(self) -> None:
        """Flush the palette filter and finish the file."""
        try:
            self.source.push(None)
            self._encode()
            self._mux(self.stream.encode(None))
            if self._held is not None:
                self.container.mux(_with_transparency(self._held, cleared=False))
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
            if self._held is not None:
                self.container.mux(_with_transparency(self._held, packet.pts in self._translucent))
            self._translucent.discard(packet.pts)
            self._held = packet


def _with_transparency(packet: av.Packet, cleared: bool) -> av.Packet:
    """An encoded GIF frame that names a transparent colour and, with `cleared`, goes before the next is shown.

    FFmpeg clears only frames that are transparent themselves. Readers that meet a first frame without a transparent
    colour take the whole file for opaque; palettegen keeps the palette's last place for one.
    """
    data = bytearray(bytes(packet))
    flags = data.index(b"\x21\xf9\x04") + 3  # of the graphic control extension; then delay, transparent index
    if not data[flags] & 1:
        data[flags] |= 1
        data[flags + 3] = 255
    if cleared:
        data[flags] = data[flags] & ~(7 << 2) | 2 << 2
    packet.update(bytes(data))
    return packet


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
