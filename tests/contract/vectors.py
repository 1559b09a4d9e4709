"""The contract vectors as data: pictures in JSON, and reading them. The page's tests do the same in TypeScript."""

import base64
import json
import zlib
from pathlib import Path

import av
import numpy as np

from impasto.export.runtime.model import Model
from impasto.export.runtime.style_file import read_style
from impasto.export.runtime.styles import Style
from impasto.export.runtime.tone import WHITE

FOLDER = Path(__file__).parent
CASES = FOLDER / "cases.json"
STUDY = FOLDER / "study.json"
TINY = FOLDER / "tiny"
STUDIED = FOLDER / "studied"  # `.style` files


def packed(array: np.ndarray) -> dict:
    """uint8 of any shape → {"shape", "zlib": base64 of its compressed bytes}."""
    data = zlib.compress(np.ascontiguousarray(array, np.uint8).tobytes(), 9)
    return {"shape": list(array.shape), "zlib": base64.b64encode(data).decode()}


def unpacked(value: dict) -> np.ndarray:
    """The inverse of `packed`."""
    return np.frombuffer(zlib.decompress(base64.b64decode(value["zlib"])), np.uint8).reshape(value["shape"])


def cases(kind: str | None = None) -> list[dict]:
    """All cases, or those of one kind."""
    found = json.loads(CASES.read_text("utf-8"))["cases"]
    return [case for case in found if kind in (None, case["kind"])]


def styles() -> dict[str, np.ndarray]:
    """The style vectors that cases name."""
    found = json.loads(CASES.read_text("utf-8"))["styles"]
    return {name: np.asarray(style, np.float32) for name, style in found.items()}


def chosen(name: str, vectors: dict[str, np.ndarray], model: Model) -> Style:
    """A style that a case of kind "paint" names: a vector, or a `.style` file."""
    return vectors[name] if name in vectors else read_style(STUDIED / name, model)


def untagged(codec: str, size: list[int], full_range: bool) -> av.VideoFrame:
    """A frame of a clip that names no matrix, as FFmpeg decodes it: it marks those of VP8 as BT.601."""
    frame = av.VideoFrame(*size, "yuv420p")
    frame.colorspace = {"avc": 2, "vp8": 5}[codec]
    frame.color_range = 2 if full_range else 0
    return frame


def as_codes(pixels: list[list[int]]) -> np.ndarray:
    """R'G'B' of 8 bits as the 12 bits that Python tone-maps: uint16 [1, pixels, 3]."""
    return (np.array([pixels]) * (WHITE // 255)).astype(np.uint16)
