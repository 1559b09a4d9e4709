"""Paintings and scenes made by code, so that evaluation runs with nothing downloaded.

They stand in for the real thing only so far. The paintings span what P looks at (flat and busy, soft and hard-edged,
pale and loud) but no painter's hand; the scenes have exact motion but simple pictures. Figures measured on them compare
models with each other, and with nothing measured elsewhere.
"""

import math

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.export.runtime.sample import picture
from impasto.train.data.synthetic import LayerMotion, SyntheticScene

SIDE = 384  # of the paintings, in pixels
SHARP = 16  # sub-pixel steps in which OpenCV draws: 2^4
SCENES = ("still", "pan", "zoom and turn", "passer-by", "hand-held")
MARGIN = 1.5  # side of a scene's backdrop over side of its frames

PALETTES = {
    "dusk": ("#1b2a49", "#465c8b", "#a7659b", "#ef8f6b", "#f7d488"),
    "meadow": ("#1f3b2c", "#4f7d3c", "#a6b84f", "#e9d56b", "#c7542f"),
    "sea": ("#0b2740", "#17607f", "#49a4b4", "#bfe0d2", "#f4efd9"),
    "pastel": ("#e9dfd6", "#d9cfd8", "#c8d5d9", "#dfe3cf", "#ead7c3"),
    "primary": ("#f4f0e4", "#f4f0e4", "#d7261e", "#1b4aa0", "#f3c614"),
    "night": ("#0a1030", "#15307a", "#2f6fc4", "#8fc1e3", "#f6d94b"),
    "carnival": ("#e8222e", "#ff9d00", "#17a44c", "#1463d6", "#7b1fa2"),
}


def paintings() -> dict[str, np.ndarray]:
    """Nine made-up paintings by name, uint8 RGB [384,384,3], the same on every machine up to rounding."""
    draw = (_mist, _wash, _blocks, _facets, _ink, _dots, _swirls, _tiles, _splatter)
    made = {paint.__name__[1:]: paint(np.random.default_rng(i)) for i, paint in enumerate(draw)}
    return {name: _bytes(image) for name, image in made.items()}


def scene(kind: str, size: int, frames: int) -> SyntheticScene:
    """One of `SCENES` as `synthetic.render` takes it: one sample of `frames` square frames of side `size`.

    still: nothing moves, the light flickers a little and the sensor is noisy. pan: the camera moves. zoom and turn: it
    comes closer and rolls. passer-by: it stands on a table and something crosses the picture. hand-held: it sways,
    something moves in front, the light drifts. Every one has sensor noise.
    """
    index, steps = SCENES.index(kind), frames - 1
    step, none = size / 96, [[0.0, 0.0, 0.0, 0.0]] * steps  # x, y, turn, growth of each step back in time
    sway = [[step * math.sin(0.9 * t), 0.6 * step * math.sin(1.7 * t), 0.006 * math.sin(t), 0] for t in range(steps)]
    camera = {"pan": [[step, 0.3 * step, 0, 0]] * steps, "zoom and turn": [[0, 0, 0.01, 0.012]] * steps}
    camera["hand-held"] = sway
    cross = {"passer-by": [[-2 * step, 0.1 * step, 0, 0]] * steps, "hand-held": [[1.2 * step, 0, 0.01, 0.004]] * steps}
    # Steps lead back in time, so a picture that moves right has steps to the left.
    first = {"passer-by": -0.3 * size, "hand-held": 0.25 * size}.get(kind, 0.0)
    side = round(MARGIN * size)
    shift = -0.5 * step * steps if kind == "pan" else 0.0
    return SyntheticScene(
        background=_photograph(side, side, 2 * index),
        cutout=_cutout(round(0.6 * size), 2 * index + 1, kind in cross),
        camera=_motion(size, [shift + 0.37, shift * 0.3 + 0.21, 0.02, 0], camera.get(kind, none)),
        object=_motion(size, [0.41 - first, -0.05 * size, 0.03, 0], cross.get(kind, none)),
        light=_light(kind, frames),
        noise=torch.tensor([0.01]),
        seeds=torch.tensor([index]),
    )


def _motion(size: int, start: list[float], steps: list[list[float]]) -> LayerMotion:
    bends = torch.zeros(1, len(steps), 2, 6, 6)
    return LayerMotion(size, _similarities([start])[:, 0], _similarities(steps), bends)


def _similarities(moves: list[list[float]]) -> Tensor:
    """Shift x and y, turn, log growth, one row each → [1,T,3,3]."""
    x, y, turn, growth = torch.tensor(moves, dtype=torch.float32).unbind(1)
    # Looking back in time, what grows was smaller: positions shrink towards the middle.
    cos, sin, zero, one = (-growth).exp() * turn.cos(), (-growth).exp() * turn.sin(), 0 * x, 1 + 0 * x
    rows = [torch.stack(row, 1) for row in ((cos, -sin, x), (sin, cos, y), (zero, zero, one))]
    return torch.stack(rows, 1)[None]


def _light(kind: str, frames: int) -> Tensor:
    """[1,T,3] gamma, gain, lift of each frame."""
    t = torch.arange(frames, dtype=torch.float32)
    gain = {"still": 1 + 0.02 * torch.sin(2.3 * t), "hand-held": 1 + 0.1 * torch.sin(0.3 * t)}.get(kind, 1 + 0 * t)
    return torch.stack([1 + 0 * t, gain, 0 * t], 1)[None]


def _photograph(height: int, width: int, seed: int) -> Tensor:
    """[1,3,h,w]: the made-up picture with cloudy shading over it, so that few places are flat."""
    shade = 0.85 + 0.12 * _noise(np.random.default_rng(100 + seed), (height, width), 5)
    return torch.from_numpy(_clip(picture(height, width, seed) * shade[..., None])).permute(2, 0, 1)[None]


def _cutout(side: int, seed: int, seen: bool) -> Tensor:
    """[1,4,side,side]: a picture times what it covers, and that: a rounded blob, or nothing where it is not `seen`."""
    # in polar form, the side's half as unit: a circle with three and five bumps, its edge a pixel wide
    y, x = (np.mgrid[:side, :side] - (side - 1) / 2) / (side / 2)
    angle = np.arctan2(y, x)
    outline = 0.62 + 0.1 * np.cos(3 * angle + seed) + 0.06 * np.cos(5 * angle)
    cover = ((outline - np.hypot(x, y)) * side / 2 + 0.5).clip(0, 1) * seen
    cover = torch.from_numpy(cover).float()[None, None]
    return torch.cat([_photograph(side, side, seed) * cover, cover], 1)


def _mist(rng) -> np.ndarray:
    return 0.5 * _blend(rng, "pastel", 3) + 0.5 * _strokes(rng, "pastel", 900, 40, 9)


def _wash(rng) -> np.ndarray:
    paper = 0.04 * cv2.GaussianBlur(rng.normal(size=(SIDE, SIDE)), (0, 0), 0.8)
    return 0.1 + 0.5 * _blend(rng, "sea", 4) + 0.4 * _strokes(rng, "sea", 500, 60, 16) + paper[..., None]


def _blocks(rng) -> np.ndarray:
    image, colours = np.ones((SIDE, SIDE, 3)), _palette("primary")
    # rectangles between random lines, a few of them coloured
    edges = [np.sort(np.r_[0, rng.choice(np.arange(50, SIDE - 30, 16), 5, replace=False), SIDE]) for _ in "yx"]
    for top, bottom in zip(edges[0], edges[0][1:], strict=False):
        for left, right in zip(edges[1], edges[1][1:], strict=False):
            image[top:bottom, left:right] = colours[rng.choice(5, p=(0.3, 0.25, 0.15, 0.15, 0.15))]
    # black bars on the lines, down and across
    for axis, lines in enumerate(edges):
        for at in lines[1:-1]:
            image[(slice(at - 5, at + 5), slice(None))[:: 1 - 2 * axis]] = 0.06
    return image


def _facets(rng) -> np.ndarray:
    cell, _ = _cells(rng, 70)
    y, x = np.mgrid[:SIDE, :SIDE] / SIDE
    # a cell's own tone times a ramp in its own direction that starts anew at every third of the picture
    turn, tone = rng.uniform(0, 2 * np.pi, 70), _mixed(rng, "dusk", 70)
    slope = np.cos(turn)[cell] * x + np.sin(turn)[cell] * y
    return tone[cell] * (0.8 + 0.9 * (slope % 0.33))[..., None]


def _ink(rng) -> np.ndarray:
    # contour lines of a made-up hill: the distance in height to the next line, over the slope, is the one in pixels
    height = 4 * _noise(rng, (SIDE, SIDE), 5) + 0.5 * _noise(rng, (SIDE, SIDE), 20)
    down, across = np.gradient(height)
    line = np.abs(height - np.round(height)) / (np.hypot(down, across) + 0.02)
    paper = np.array([0.93, 0.89, 0.8]) + 0.015 * rng.normal(size=(SIDE, SIDE, 1))
    return paper * (0.08 + 0.92 * np.clip(line / 1.6 - 0.4, 0, 1))[..., None]


def _dots(rng) -> np.ndarray:
    below, canvas = _blend(rng, "meadow", 4), np.full((SIDE, SIDE, 3), 230, np.uint8)
    for x, y in rng.uniform(0, SIDE - 1, (9000, 2)):
        colour = below[int(y), int(x)] + rng.normal(0, 0.13, 3)
        _disc(canvas, x, y, rng.uniform(2, 4.5), colour)
    return canvas / 255


def _swirls(rng) -> np.ndarray:
    return _strokes(rng, "night", 6000, 22, 4)


def _tiles(rng) -> np.ndarray:
    cell, seam = _cells(rng, 600)
    below = _blend(rng, "carnival", 4)
    spots = np.stack([cv2.blur(below[..., c], (9, 9)) for c in range(3)], -1)
    count = np.bincount(cell.ravel(), minlength=600).clip(1)
    tone = np.stack([np.bincount(cell.ravel(), spots[..., c].ravel(), 600) / count for c in range(3)], -1)
    tone = tone + rng.normal(0, 0.08, (600, 1))
    return np.where(seam[..., None], 0.1, tone[cell])


def _splatter(rng) -> np.ndarray:
    canvas, colours = (
        np.full((SIDE, SIDE, 3), 235, np.uint8),
        [*_palette("carnival"), np.zeros(3), np.zeros(3), np.ones(3)],
    )
    for _ in range(160):
        colour, heading = colours[rng.integers(len(colours))], rng.uniform(0, 2 * np.pi)
        turns = np.cumsum(rng.normal(0, 0.22, 60)) + heading
        path = rng.uniform(0, SIDE, 2) + 7 * np.cumsum(np.stack([np.cos(turns), np.sin(turns)], 1), 0)
        _line(canvas, path, colour, int(rng.integers(1, 4)))
        for spot in path[rng.choice(60, 6)]:
            x, y = spot + rng.normal(0, 6, 2)
            _disc(canvas, x, y, rng.uniform(0.7, 4), colour)
    return canvas / 255


def _strokes(rng, palette: str, count: int, length: float, thickness: int) -> np.ndarray:
    """Short curved strokes along the contours of a smooth height, somewhat as Van Gogh laid them."""
    below, height = _blend(rng, palette, 5), _noise(rng, (SIDE, SIDE), 5)
    canvas, (fy, fx) = _bytes(below), np.gradient(cv2.GaussianBlur(height, (0, 0), 4))
    for at in rng.uniform(0, SIDE - 1, (count, 2)):
        path, colour = [at], below[int(at[1]), int(at[0])] * rng.uniform(0.6, 1.35) + rng.normal(0, 0.05, 3)
        for _ in range(5):
            y, x = (int(np.clip(v, 0, SIDE - 1)) for v in path[-1][::-1])
            along = np.array([fy[y, x], -fx[y, x]])
            path.append(path[-1] + along / (np.linalg.norm(along) + 1e-9) * length / 5)
        _line(canvas, np.array(path), colour, thickness)
    return canvas / 255


def _palette(name: str) -> np.ndarray:
    """[5,3] RGB in [0, 1]."""
    return np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in PALETTES[name]])


def _mixed(rng, name: str, count: int) -> np.ndarray:
    return rng.dirichlet([0.35] * 5, count) @ _palette(name)


def _blend(rng, name: str, grid: int) -> np.ndarray:
    """The palette's colours flowing into each other, [384,384,3]."""
    weights = np.exp(3 * np.stack([_noise(rng, (SIDE, SIDE), grid) for _ in range(5)], -1))
    return weights / weights.sum(-1, keepdims=True) @ _palette(name)


def _noise(rng, shape: tuple[int, int], grid: int) -> np.ndarray:
    """Smooth noise of deviation 1 about 0, `grid` bumps a side."""
    noise = cv2.resize(rng.normal(size=(grid + 2, grid + 2)), shape[::-1], interpolation=cv2.INTER_CUBIC)
    return (noise - noise.mean()) / noise.std()


def _cells(rng, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Random cells: which one each pixel belongs to, 0 … count - 1, and where two meet, both [384,384]."""
    seeds = np.ones((SIDE, SIDE), np.uint8)
    seeds.flat[rng.choice(SIDE * SIDE, count, replace=False)] = 0
    _, cell = cv2.distanceTransformWithLabels(seeds, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    return cell - 1, cv2.morphologyEx(cell.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0


def _disc(canvas: np.ndarray, x: float, y: float, radius: float, colour) -> None:
    centre = round(x * SHARP), round(y * SHARP)
    cv2.circle(canvas, centre, round(radius * SHARP), _paint(colour), -1, cv2.LINE_AA, 4)


def _line(canvas: np.ndarray, path: np.ndarray, colour, thickness: int) -> None:
    points = [np.round(path * SHARP).astype(np.int32)]
    cv2.polylines(canvas, points, False, _paint(colour), thickness, cv2.LINE_AA, 4)


def _paint(colour) -> list[float]:
    """RGB in [0, 1] as OpenCV takes it."""
    return [255 * float(np.clip(c, 0, 1)) for c in colour]


def _clip(image: np.ndarray) -> np.ndarray:
    return np.clip(image, 0, 1).astype(np.float32)


def _bytes(image: np.ndarray) -> np.ndarray:
    return np.round(_clip(image) * 255).astype(np.uint8)
