"""Clips made on the fly, and readers that use nothing of Impasto's, to check against."""

import io
import struct
import zlib
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from impasto.webapp.cli import main as cli

MATRICES = {"601": (0.299, 0.114), "709": (0.2126, 0.0722), "2020": (0.2627, 0.0593)}  # Kr, Kb


def rgb_from_yuv(yuv, matrix, full, bits=8):
    """The formula of the standards, in float64: YUV codes [..., 3] → RGB 0…255."""
    kr, kb = MATRICES[matrix]
    y, u, v = np.moveaxis(np.asarray(yuv, np.float64), -1, 0)
    one = 2 ** (bits - 8)
    low, luma, chroma = (0, 256 * one - 1, 256 * one - 1) if full else (16 * one, 219 * one, 224 * one)
    y, u, v = (y - low) / luma, (u - 128 * one) / chroma, (v - 128 * one) / chroma
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    return np.clip(np.stack([r, g, b], -1), 0, 1) * 255


def yuv_from_rgb(rgb, matrix, full, bits=8):
    """Its inverse: RGB 0…255 → YUV codes, rounded."""
    kr, kb = MATRICES[matrix]
    r, g, b = np.moveaxis(np.asarray(rgb, np.float64) / 255, -1, 0)
    y = kr * r + (1 - kr - kb) * g + kb * b
    u, v = (b - y) / 2 / (1 - kb), (r - y) / 2 / (1 - kr)
    one = 2 ** (bits - 8)
    low, luma, chroma = (0, 256 * one - 1, 256 * one - 1) if full else (16 * one, 219 * one, 224 * one)
    return np.round(np.stack([low + y * luma, 128 * one + u * chroma, 128 * one + v * chroma], -1)).astype(int)


def yuv_frame(width, height, format, codes):
    """A frame of one colour, given as its Y, U, V codes."""
    frame = av.VideoFrame(width, height, format)
    for plane, code in zip(frame.planes, codes, strict=True):
        kind = np.uint16 if "10" in format else np.uint8
        plane.update(np.full(plane.buffer_size // np.dtype(kind).itemsize, code, kind).tobytes())
    return frame


def scene(width, height, index):
    """A smooth, asymmetric picture that differs from frame to frame: uint8 RGB."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    red = 255 * x / max(width - 1, 1)
    green = 255 * y / max(height - 1, 1)
    blue = 128 + 100 * np.sin((x + y) / 9 + index / 3)
    return np.stack([red, green, blue], -1).round().astype(np.uint8)


def scenes(width, height, count):
    return [scene(width, height, index) for index in range(count)]


def sound_track(container, spec):
    """An audio stream, and its packets with `start` seconds added to their timestamps."""
    rate = spec.get("rate", 48000)
    stream = container.add_stream(spec["codec"], rate=rate, options=spec.get("options", {}))
    stream.layout = spec.get("layout", "stereo")
    if "language" in spec:
        stream.metadata["language"] = spec["language"]
    if "disposition" in spec:
        stream.disposition = spec["disposition"]
    start = Fraction(spec.get("start", 0))
    layout = stream.layout.name

    def packets():
        count = round(spec["seconds"] * rate)
        wave = 0.5 * np.sin(2 * np.pi * spec.get("hertz", 440) * np.arange(count) / rate)
        tone = np.repeat((wave * 32767).astype(np.int16)[:, None], stream.layout.nb_channels, 1)
        for at in range(0, count, 1000):
            frame = av.AudioFrame.from_ndarray(tone[at : at + 1000].reshape(1, -1), "s16", layout)
            frame.sample_rate, frame.time_base = rate, Fraction(1, rate)
            frame.pts = at + round(start * rate)
            yield from stream.encode(frame)
        yield from stream.encode(None)

    return packets


def write_clip(
    path,
    frames,
    *,
    codec="libx264",
    format="yuv420p",
    rate=25,
    time_base=None,
    pts=None,
    last=None,
    options=None,
    aspect=None,
    rotation=None,
    tags=None,
    sound=(),
    metadata=None,
    container_format=None,
):
    """Write a clip with PyAV alone. `frames`: uint8 RGB arrays or ready frames; `pts`, `last` (duration): in ticks."""
    time_base = time_base or 1 / Fraction(rate)
    pts = list(pts) if pts is not None else [round(i / Fraction(rate) / time_base) for i in range(len(frames))]
    with av.open(str(path), "w", format=container_format) as container:
        container.metadata.update(metadata or {})
        first = frames[0]
        height, width = first.shape[:2] if isinstance(first, np.ndarray) else (first.height, first.width)
        stream = container.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, format
        stream.time_base = stream.codec_context.time_base = time_base
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        if rotation is not None:
            stream.set_display_rotation(**rotation)
        tracks = [sound_track(container, spec) for spec in sound]
        packets = []
        for index, frame in zip(pts, frames, strict=True):
            picture = av.VideoFrame.from_ndarray(frame, format="rgb24") if isinstance(frame, np.ndarray) else frame
            picture.pts, picture.time_base = index, time_base
            packets += stream.encode(picture)
        packets += stream.encode(None)
        ends = [*pts[1:], pts[-1] + (last or round(1 / Fraction(rate) / time_base))]
        lengths = {start: end - start for start, end in zip(pts, ends, strict=True)}
        for packet in packets:
            packet.duration = lengths[packet.pts]
        container.mux(packets)
        for track in tracks:
            container.mux(list(track()))
    return path


def times(path):
    """Exact presentation times of a clip's frames, in seconds."""
    with av.open(str(path)) as container:
        return [frame.pts * frame.time_base for frame in container.decode(video=0)]


def packets(path, index, type="audio"):
    """The bytes and times of one track's packets."""
    with av.open(str(path)) as container:
        stream = [s for s in container.streams if s.type == type][index]
        return [(bytes(p), float(p.pts * p.time_base)) for p in container.demux(stream) if p.size]


def samples(path, index=0):
    """Decoded sound of a track as mono float [-1, 1], its rate, and the time of the first sample."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[index]
        resampler = av.AudioResampler("flt", "mono", stream.sample_rate)
        frames = [f for decoded in container.decode(stream) for f in resampler.resample(decoded)]
        start = frames[0].time
        frames += resampler.resample(None)
        return np.concatenate([f.to_ndarray()[0] for f in frames]), stream.sample_rate, start


def png_header(path, width, height):
    """A PNG that promises width x height 8-bit RGB pixels and holds next to nothing."""

    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"x") + chunk(b"IEND", b""))
    return path


def transparent_and_deep():
    """Pictures that are easily misread: kind → (PNG file's bytes, uint8 RGB as it looks on white)."""
    rng = np.random.default_rng(3)
    rgb = scene(96, 64, 0)
    alpha = np.tile(np.linspace(0, 255, 96).astype(np.uint8), (64, 1))
    share = alpha[..., None] / 255.0
    hidden = np.where(share == 0, rng.integers(0, 256, rgb.shape), rgb).astype(np.uint8)
    grey = rgb[..., :1]
    palette, index = rng.integers(0, 256, (8, 3), np.uint8), (rgb[..., 0] // 32)
    indexed = Image.fromarray(index, "P")
    indexed.putpalette(palette.tobytes())
    deep = rng.integers(0, 65536, (64, 96)).astype(np.uint16)
    pictures = {
        "RGBA, hidden colours": (Image.fromarray(np.dstack([hidden, alpha])), hidden * share + 255 * (1 - share)),
        "LA": (Image.fromarray(np.dstack([grey, alpha]), "LA"), np.repeat(grey * share + 255 * (1 - share), 3, 2)),
        "palette": (indexed, np.where(index[..., None] == 5, 255, palette[index])),
        "16-bit grey": (Image.fromarray(deep), np.repeat(deep[..., None] / 257, 3, 2)),
    }
    files = {kind: io.BytesIO() for kind in pictures}
    for kind, (image, _) in pictures.items():
        image.save(files[kind], "PNG", **({"transparency": 5} if kind == "palette" else {}))
    return {kind: (files[kind].getvalue(), np.round(seen).astype(np.uint8)) for kind, (_, seen) in pictures.items()}


@pytest.fixture(scope="session")
def media():
    """The functions of this file."""
    return SimpleNamespace(**{name: value for name, value in globals().items() if callable(value)}, MATRICES=MATRICES)


class Inverter:
    """A painter whose result is easy to foresee: the negative."""

    def __init__(self):
        self.painted = self.resets = 0

    def paint(self, rgb):
        self.painted += 1
        return 255 - rgb

    def reset(self):
        self.resets += 1


@pytest.fixture
def painter():
    return Inverter()


@pytest.fixture
def run(capsys):
    """Run the command line in this process: run(*arguments) → (exit code, stdout, stderr)."""

    def run(*arguments):
        code = 0
        try:
            cli.main([str(a) for a in arguments])
        except SystemExit as stop:
            code = stop.code or 0
        return code, *capsys.readouterr()

    return run
