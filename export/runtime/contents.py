"""What a style is studied on: batches of crops of the frames at hand, or of the photographs that come with the package
and pictures made by code. NumPy."""

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
MADE_UP = 4  # pictures made by code that are added to the photographs
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
    """A pool of squares to paint: of pictures or, where there are none, of the package's photographs and made-up ones.

    What a square's features are is computed once, when it is first drawn; its second frame is another one every time.
    """

    def __init__(
        self, pictures: Sequence[np.ndarray], side: int, seed: int, features: Callable[[np.ndarray], np.ndarray]
    ):
        self.pictures = [fitted(picture) for picture in pictures or photographs()]
        self.side, self.features, self.rng = side, features, np.random.default_rng(seed)
        self.pool: list[tuple[Crop, np.ndarray, np.ndarray]] = []
        self.to_make = 0 if pictures else MADE_UP

    def draw(self, n: int) -> dict[str, np.ndarray]:
        """N squares as inputs of the step: `frame`, `content` and what `second_frames` gives."""
        if self.to_make:  # one at a time: each takes as long as a good part of a step
            self.to_make -= 1
            self.pictures.append(made_up(self.to_make))
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


def made_up(seed: int, side: int = SIDE) -> np.ndarray:
    """A picture made by code, uint8 [side,side,3]: shaded leaves of all sizes, few or many, before clouds.

    The leaves' sizes follow the power law with which natural pictures look alike at every scale (Lee, Mumford and Huang
    2001, "Occlusion models for natural images"), the clouds' amplitudes fall with frequency as theirs do (Field 1987).
    There are plain places, sharp edges and soft ones, strong contrasts and weak ones.
    """
    rng = np.random.default_rng((seed, 29))
    y = np.mgrid[0:side, 0:side][0].astype(np.float32)[..., None] / side
    picture = np.float32(rng.uniform(0.2, 0.8, 3) + (y - 0.5) * rng.normal(0, 0.3, 3))
    picture += 0.15 * 2 ** -rng.uniform(0, 6) * clouds(rng, side)[..., None]
    hues = _muted(rng, 6)
    count = round(2 ** rng.uniform(3.5, 8))
    for size in np.sort(1 / rng.uniform(1 / 0.5, 1 / 0.01, count))[::-1]:
        _lay_leaf(rng, picture, hues[rng.integers(6)], float(size))
    picture = picture * np.exp(0.15 * 2 ** -rng.uniform(0, 6) * clouds(rng, side)[..., None])
    picture = picture.mean() + rng.uniform(0.4, 1) * (picture - picture.mean())
    picture = cv2.GaussianBlur(picture, (0, 0), rng.uniform(0.4, 1.6)) + rng.normal(0, 0.003, picture.shape)
    return np.round(np.clip(picture, 0, 1) * 255).astype(np.uint8)


def clouds(rng: np.random.Generator, side: int) -> np.ndarray:
    """Noise whose amplitude falls as one over frequency, [side,side], deviation 1."""
    down, across = np.fft.fftfreq(side)[:, None], np.fft.rfftfreq(side)
    frequency = np.hypot(down, across)
    frequency[0, 0] = np.inf  # no mean
    spectrum = np.fft.rfft2(rng.standard_normal((side, side))) / frequency ** rng.uniform(1, 1.4)
    noise = np.fft.irfft2(spectrum, (side, side))
    return (noise / noise.std()).astype(np.float32)


def _muted(rng: np.random.Generator, count: int) -> np.ndarray:
    """[count,3] RGB, few of them loud, as in photographs."""
    grey, colour = rng.uniform(0.08, 0.95, (count, 1)), rng.uniform(0, 1, (count, 3))
    return grey + rng.uniform(0.1, 0.8, (count, 1)) * (colour - colour.mean(1, keepdims=True))


def _lay_leaf(rng: np.random.Generator, picture: np.ndarray, hue: np.ndarray, size: float) -> None:
    """One leaf before what is there; `size`, its radius, is a share of the picture's side."""
    side = len(picture)
    centre, turn, flat = rng.uniform(-0.1, 1.1, 2), rng.uniform(0, np.pi), rng.uniform(0.3, 1)
    top, left = (max(0, int((c - 1.4 * size) * side)) for c in centre)
    bottom, right = (min(side, int((c + 1.4 * size) * side) + 2) for c in centre)
    edge, tone, slope = rng.choice([1, 1, 6]), rng.normal(0, 0.08, 3), rng.normal(size=2)
    stripe, pitch = 0.12 * (rng.random() < 0.35), rng.uniform(20, 120)
    if top >= bottom or left >= right:
        return
    y, x = np.mgrid[top:bottom, left:right].astype(np.float32) / side - centre[:, None, None].astype(np.float32)
    u = x * np.cos(turn) + y * np.sin(turn)
    v = (y * np.cos(turn) - x * np.sin(turn)) / flat
    outline = size * (1 + 0.15 * np.sin(3 * np.arctan2(v, u) + turn))
    cover = np.clip((outline - np.hypot(u, v)) * side / edge, 0, 1)[..., None]
    shade = np.clip(1 + 0.5 * (slope[0] * u + slope[1] * v) / size, 0.3, 1.7)[..., None]
    leaf = (hue + tone) * shade + stripe * np.sin(pitch * (u + 0.3 * v))[..., None]
    there = picture[top:bottom, left:right]
    there += cover * (leaf - there)
