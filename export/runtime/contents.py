"""What a style is studied on: batches of crops of the frames at hand, or of the photographs that come with the
package. NumPy."""

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

SIDE = 384  # the short side of pictures before they are cut, in pixels
SHIFT = 12  # the most that the second frame is shifted, in pixels
STILL = 0.25  # how many pairs of frames do not move at all
NOISE = 0.02  # the most sensor noise, standard deviation
LIGHT = 0.03  # how far the second frame's light differs, standard deviation of its factor
PHOTOGRAPHS = Path(__file__).parent / "photographs"
POOL = 32  # squares; more hardly help and cost the time to look at each


class Crop(NamedTuple):
    """A square of a picture: left, top and side in its pixels."""

    picture: int
    left: float
    top: float
    side: float


def fitted(picture: np.ndarray, side: int = SIDE) -> np.ndarray:
    """RGB uint8 [H,W,3] → the same with `side` pixels on its short side, the long one cut to twice that."""
    h, w = picture.shape[:2]
    short = min(h, w)
    top, left = max(0, h - 2 * short) // 2, max(0, w - 2 * short) // 2
    picture = picture[top : top + 2 * short, left : left + 2 * short]
    size = tuple(round(side * x / short) for x in picture.shape[1::-1])
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA if short > side else cv2.INTER_CUBIC)


def draw_crop(rng: np.random.Generator, pictures: Sequence[np.ndarray], side: int) -> Crop:
    """A random square of a random picture, from as large as `side` to the whole short side."""
    index = int(rng.integers(len(pictures)))
    h, w = pictures[index].shape[:2]
    size = float(rng.uniform(min(side, h, w), min(h, w)))
    return Crop(index, float(rng.uniform(0, w - size)), float(rng.uniform(0, h - size)), size)


def cut(picture: np.ndarray, crop: Crop, side: int, shift: tuple[int, int] = (0, 0)) -> np.ndarray:
    """The square as float32 [3,side,side] in [0, 1], moved by `shift`, x and y in its own pixels; borders mirrored."""
    scale = crop.side / side
    left, top = crop.left + scale * shift[0], crop.top + scale * shift[1]
    if scale > 1.5:  # cv2.warpAffine does not average
        picture, scale, left, top = (
            cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
            *(x / 2 for x in (scale, left, top)),
        )
    matrix = np.array([[scale, 0, left + (scale - 1) / 2], [0, scale, top + (scale - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    found = cv2.warpAffine(picture, matrix, (side, side), flags=flags, borderMode=cv2.BORDER_REFLECT_101)
    return found.transpose(2, 0, 1).astype(np.float32) / 255


def shifts(side: int, shift: int) -> np.ndarray:
    """[side,side] which, times a line of the moved picture, reads the line of the first: row y reads y − shift."""
    return np.eye(side, k=-shift, dtype=np.float32)


def second_frames(
    rng: np.random.Generator, pictures: Sequence[np.ndarray], crops: Sequence[Crop], side: int
) -> dict[str, np.ndarray]:
    """The crops once more, moved, in other light and with noise: `other`, `down`, `across`, `seen` of the graph."""
    found: dict[str, list] = {"other": [], "down": [], "across": [], "seen": []}
    for crop in crops:
        x, y = (0, 0) if rng.random() < STILL else (int(v) for v in rng.integers(-SHIFT, SHIFT + 1, 2))
        found["other"].append(exposed(rng, cut(pictures[crop.picture], crop, side, (x, y))))
        down, across = shifts(side, y), shifts(side, x).T
        found["down"].append(down)
        found["across"].append(across)
        found["seen"].append((down.sum(1)[:, None] * across.sum(0))[None])
    return {name: np.ascontiguousarray(np.stack(values), np.float32) for name, values in found.items()}


def exposed(rng: np.random.Generator, frame: np.ndarray) -> np.ndarray:
    """A frame in light that differs a little, with sensor noise."""
    noise = rng.uniform(0, NOISE) * rng.standard_normal(frame.shape, np.float32)
    return (frame * np.exp(rng.normal(0, LIGHT)) + noise).clip(0, 1).astype(np.float32)


class Contents:
    """A pool of squares to paint: of pictures or, where there are none, of the package's photographs.

    What a square's features are is computed once, when it is first drawn; its second frame is another one every time.
    """

    def __init__(
        self, pictures: Sequence[np.ndarray], side: int, seed: int, features: Callable[[np.ndarray], np.ndarray]
    ):
        self.pictures = [fitted(picture) for picture in pictures or photographs()]
        self.side, self.features, self.rng = side, features, np.random.default_rng(seed)
        self.pool: list[tuple[Crop, np.ndarray, np.ndarray]] = []

    def draw(self, n: int) -> dict[str, np.ndarray]:
        """N squares as inputs of the step: `frame`, `content` and what `second_frames` gives."""
        while len(self.pool) < POOL:
            crop = draw_crop(self.rng, self.pictures, self.side)
            frame = cut(self.pictures[crop.picture], crop, self.side)
            self.pool.append((crop, frame, self.features(frame)))
            if len(self.pool) % n == 0:
                chosen = self.pool[-n:]
                break
        else:
            chosen = [self.pool[i] for i in self.rng.choice(len(self.pool), n, replace=False)]
        crops, frames, features = zip(*chosen, strict=True)
        seconds = second_frames(self.rng, self.pictures, crops, self.side)
        return {"frame": np.stack(frames), "content": np.stack(features), **seconds}


@cache
def photographs() -> tuple[np.ndarray, ...]:
    """The photographs that come with the package, RGB uint8 [H,W,3], about 384 pixels on the short side."""
    files = sorted(PHOTOGRAPHS.glob("*.webp"))
    return tuple(np.array(Image.open(file).convert("RGB")) for file in files)
