"""What is damaged, made on the fly: clips of many containers and codecs, pictures, animations, training files.

From outside: `clips`, `pictures`, `animations`, `training_files`; each returns name → bytes.
"""

import io
import json
import os
import tempfile
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from PIL import Image

from impasto.export.runtime.model import Model
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import style_file, to_bytes

os.environ.setdefault("SVT_LOG", "0")  # else the AV1 encoder tells its settings
FRAMES, WIDTH, HEIGHT, RATE = 20, 64, 48, 25
# name with its container's extension → (video codec, pixel format, audio codec or None, sound's rate)
CLIPS = {
    "h264.mp4": ("libx264", "yuv420p", "aac", 48000),
    "mpeg4.mov": ("mpeg4", "yuv420p", "aac", 44100),
    "h264.mkv": ("libx264", "yuv420p", "libopus", 48000),
    "vp9.webm": ("libvpx-vp9", "yuv420p", "libopus", 48000),
    "vp8.webm": ("libvpx", "yuv420p", "libopus", 48000),
    "mjpeg.avi": ("mjpeg", "yuvj420p", "pcm_s16le", 44100),
    "mpeg4.avi": ("mpeg4", "yuv420p", "libmp3lame", 44100),
    "h264.ts": ("libx264", "yuv420p", "aac", 48000),
    "mpeg2.mpg": ("mpeg2video", "yuv420p", "mp2", 48000),
    "flv1.flv": ("flv1", "yuv420p", "libmp3lame", 44100),
    "wmv2.wmv": ("wmv2", "yuv420p", "libmp3lame", 44100),
    "vp8.ogv": ("libvpx", "yuv420p", "libopus", 48000),
    "ffv1.mkv": ("ffv1", "yuv420p", "flac", 44100),
    "hevc.mp4": ("libx265", "yuv420p", None, 0),
    "av1.mp4": ("libsvtav1", "yuv420p", None, 0),
    "h263.3gp": ("h263", "yuv420p", None, 0),
    "mpeg2.mxf": ("mpeg2video", "yuv420p", None, 0),
    "h264.h264": ("libx264", "yuv420p", None, 0),
}

OPTIONS = {"libx265": {"x265-params": "log-level=none"}, "libsvtav1": {"preset": "12"}}


def scene(index: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """A picture that differs from frame to frame: uint8 RGB [height,width,3]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    blue = 128 + 100 * np.sin((x + y) / 9 + index / 3)
    return np.stack([255 * x / width, 255 * y / height, blue], -1).round().astype(np.uint8)


def clips() -> dict[str, bytes]:
    """Those of `CLIPS` that this FFmpeg can encode."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, kind in CLIPS.items():
            with suppress(av.error.FFmpegError, ValueError):
                _write_clip(Path(folder) / name, *kind)
                found[name] = (Path(folder) / name).read_bytes()
    return found


def _write_clip(path: Path, codec: str, format: str, sound: str | None, rate: int) -> None:
    width, height = (176, 144) if codec == "h263" else (WIDTH, HEIGHT)  # H.263 knows five sizes only
    with av.open(str(path), "w") as container:
        video = container.add_stream(codec, rate=RATE, options=OPTIONS.get(codec, {}))
        video.width, video.height, video.pix_fmt = width, height, format
        audio = container.add_stream(sound, rate=rate, layout="stereo") if sound else None
        for index in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(scene(index, width, height), "rgb24").reformat(format=format)
            frame.pts, frame.time_base = index, Fraction(1, RATE)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if audio is not None:
            _write_sound(container, audio, rate)


def _write_sound(container, audio, rate: int) -> None:
    count = rate * FRAMES // RATE
    tone = (8000 * np.sin(2 * np.pi * 440 * np.arange(count) / rate)).astype(np.int16)
    for at in range(0, count, 1000):
        part = np.repeat(tone[at : at + 1000, None], 2, 1).reshape(1, -1)
        frame = av.AudioFrame.from_ndarray(part, "s16", "stereo")
        frame.sample_rate, frame.time_base, frame.pts = rate, Fraction(1, rate), at
        container.mux(audio.encode(frame))
    container.mux(audio.encode(None))


def pictures() -> dict[str, bytes]:
    """Pictures of every format that is read, with what may go wrong in each: profiles, orientation, palettes, depth."""
    from pillow_heif import register_heif_opener

    register_heif_opener()
    rgb = Image.fromarray((picture(40, 60) * 255).astype(np.uint8))
    alpha = rgb.copy()
    alpha.putalpha(Image.linear_gradient("L").resize(rgb.size))
    deep = Image.fromarray(np.linspace(0, 65535, 60 * 40).reshape(40, 60).astype(np.uint16))
    turned = Image.Exif()
    turned[0x0112] = 6
    kinds = {
        "turned.jpg": (rgb, {"exif": turned}),
        "cmyk.jpg": (rgb.convert("CMYK"), {}),
        "progressive.jpg": (rgb, {"progressive": True}),
        "grey.png": (rgb.convert("L"), {}),
        "alpha.png": (alpha, {}),
        "palette.png": (rgb.quantize(16), {"transparency": 3}),
        "deep.png": (deep, {}),
        "lossy.webp": (rgb, {"quality": 80}),
        "lossless.webp": (alpha, {"lossless": True}),
        "lzw.tiff": (rgb, {"compression": "tiff_lzw"}),
        "plain.bmp": (rgb, {}),
        "plain.ppm": (rgb, {}),
        "still.gif": (rgb.quantize(32), {}),
        "still.avif": (rgb, {}),
        "photo.heic": (rgb, {}),
    }
    return {name: _saved(image, name, **options) for name, (image, options) in kinds.items()}


def animations() -> dict[str, bytes]:
    frames = [Image.fromarray(scene(index)) for index in range(6)]
    clear = [frame.copy() for frame in frames]
    for index, frame in enumerate(clear):
        frame.putalpha(Image.new("L", frame.size, 255 if index % 2 else 90))
    more = {"save_all": True, "duration": 80}
    return {
        "moving.gif": _saved(frames[0], "a.gif", append_images=frames[1:], disposal=2, loop=0, **more),
        "moving.webp": _saved(clear[0], "a.webp", append_images=clear[1:], **more),
        "moving.png": _saved(clear[0], "a.png", append_images=clear[1:], **more),
        "moving.avif": _saved(frames[0], "a.avif", append_images=frames[1:], **more),
    }


def _saved(image: Image.Image, name: str, **options) -> bytes:
    kind = {"heic": "HEIF", "jpg": "JPEG", "tiff": "TIFF"}.get(name.rpartition(".")[2], name.rpartition(".")[2].upper())
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def studied_style(model: Model) -> bytes:
    """A `.style` file of that model."""
    style = model.gallery()["waves"]["style"]
    parts = weights_of(model.path("frame").read_bytes())
    brush = {name: np.full(parts[name].shape, 0.01, np.float16) for name in sorted(parts)[:3]}
    return to_bytes(style_file(model, style, brush, name="Studied", preview=pictures()["progressive.jpg"]))


YAML = """size: 64
batch: 2
rate: 0.001
decay: steps
weights: {texture: 2.0, content: 1.0}
weights.tv: 0.1
ema: 0.99
"""


def training_files(folder: Path, weights: Path) -> dict[str, bytes]:
    """A pack of pictures and one of clips, settings, weights, a motion network, a checkpoint, a log, notes, flow."""
    import cv2
    import torch

    from impasto.models.steady.flownet import RELEASED
    from impasto.train.data.pack import pack

    for kind, files in {"images": pictures(), "clips": clips()}.items():
        (folder / kind).mkdir()
        for name, data in files.items():
            (folder / kind / name).write_bytes(data)
        pack([folder / kind], folder / f"{kind}.pack", 32, kind=kind, frames=4 if kind == "clips" else 1)
    state = {"step": 2, "optimizer": {"state": {0: {"exp_avg": torch.zeros(3, 3)}}, "param_groups": []}}
    torch.save({**state, "random": torch.get_rng_state()}, folder / "training.pt")
    flow = np.random.default_rng(0).normal(0, 2, (24, 32, 2)).astype(np.float32)
    cv2.writeOpticalFlow(str(folder / "frame_0001.flo"), flow)
    lines = [{"step": i, "seconds": i / 2, "total": 1.5, "terms": {"texture": 0.5, "tv": 0.1}} for i in range(1, 9)]
    return {
        "images.pack": (folder / "images.pack").read_bytes(),
        "clips.pack": (folder / "clips.pack").read_bytes(),
        "config.yaml": YAML.encode(),
        "weights.safetensors": weights.read_bytes(),
        "flownet.safetensors": RELEASED.read_bytes(),
        "training.pt": (folder / "training.pt").read_bytes(),
        "log.jsonl": "".join(json.dumps(line) + "\n" for line in lines).encode(),
        "recipe.json": json.dumps({"image": "Finished.", "video": "Finished."}).encode(),
        "config.json": json.dumps({"stage": "image", "size": 64, "weights": {"texture": 1}}).encode(),
        "frame_0001.flo": (folder / "frame_0001.flo").read_bytes(),
        "frame_0001.png": _saved(Image.fromarray(scene(0, 32, 24)), "a.png"),
    }
