"""A small renderer: surfaces given by their distance from a point, found by sphere tracing, lit by a sun and a sky.

Hart, "Sphere tracing: a geometric method for the antialiased ray tracing of implicit surfaces" (1996). Everything is a
function of fixed numbers, so a scene looks the same wherever it is drawn.

From outside: `Scene` and `render`; bodies (`ball`, `box`, `pillar`, `melted`), and what colours them (`noise`, `mixed`,
`nearest`, `clouds`).
"""

from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

SAMPLES = 2  # a side: each pixel is the mean of so many squared
STEPS = 90  # of a ray, at most
FAR = 60.0  # where a ray ends, in the scene's units

Points = np.ndarray  # float32 [N,3]: x to the right, y up, z away from the viewer
Field = np.ndarray  # float32 [N]


class Scene(NamedTuple):
    """What is drawn: distances of points from the nearest surface, colours of surfaces and of what lies behind them."""

    distance: Callable[[Points], Field]
    colour: Callable[[Points, Points], np.ndarray]  # of points and their normals: RGB [N,3] in [0, 1]
    behind: Callable[[Points], np.ndarray]  # of directions of unit length: RGB [N,3] in [0, 1]
    eye: tuple[float, float, float]
    target: tuple[float, float, float]
    sun: tuple[float, float, float]  # where the light comes from
    focal: float = 1.6  # of the lens, in halves of the picture's height
    warm: tuple[float, float, float] = (1.0, 0.92, 0.78)  # the sun's light
    sky: tuple[float, float, float] = (0.42, 0.5, 0.62)  # the light from everywhere
    haze: float = 0.0  # per unit of distance: what is far takes the colour of what lies behind
    step: float = 1.0  # of the distance, walked at once; less where `distance` is only nearly one


def render(scene: Scene, size: tuple[int, int]) -> np.ndarray:
    """A scene as uint8 RGB [H,W,3]; `size` is (width, height) in pixels."""
    width, height = size[0] * SAMPLES, size[1] * SAMPLES
    directions = _directions(scene, width, height)
    colour = scene.behind(directions)
    eye = np.broadcast_to(np.float32(scene.eye), directions.shape)
    travelled, hit = _trace(scene, eye, directions)
    points = eye[hit] + travelled[hit, None] * directions[hit]
    lit = _lit(scene, points, directions[hit])
    fading = np.exp(-scene.haze * travelled[hit, None])
    colour[hit] = lit * fading + colour[hit] * (1 - fading)
    picture = cv2.resize(colour.reshape(height, width, 3), size, interpolation=cv2.INTER_AREA)
    # A faint unevenness, as every camera has: in quite flat colours a network finds nothing to paint.
    grain = np.random.default_rng(5).normal(0, 0.012, (size[1], size[0], 1))
    return (np.clip(picture + grain, 0, 1) * 255 + 0.5).astype(np.uint8)


def _directions(scene: Scene, width: int, height: int) -> Points:
    """Where every pixel's ray goes, row by row from the top left, of unit length."""
    ahead = unit(np.float32(scene.target) - np.float32(scene.eye))
    right = unit(np.cross(np.float32([0, 1, 0]), ahead))
    up = np.cross(ahead, right)
    x = (2 * np.arange(width, dtype=np.float32) + 1 - width) / height
    y = (height - 1 - 2 * np.arange(height, dtype=np.float32)) / height
    grid = x[None, :, None] * right + y[:, None, None] * up + scene.focal * ahead
    return unit(grid.reshape(-1, 3)).astype(np.float32)


def _trace(scene: Scene, start: Points, directions: Points, far: float = FAR) -> tuple[Field, np.ndarray]:
    """How far each ray goes, and whether it meets a surface; only rays still on their way are walked on."""
    travelled = np.zeros(len(directions), np.float32)
    hit = np.zeros(len(directions), bool)
    walking = np.arange(len(directions))
    for _ in range(STEPS):
        at = start[walking] + travelled[walking, None] * directions[walking]
        distance = scene.distance(at)
        near = distance < 0.0012 * (1 + travelled[walking])
        hit[walking[near]] = True
        walking, distance = walking[~near], distance[~near]
        travelled[walking] += scene.step * distance
        walking = walking[travelled[walking] < far]
        if not len(walking):
            break
    return travelled, hit


def _lit(scene: Scene, points: Points, directions: Points) -> np.ndarray:
    """The colour of surfaces in the light: RGB [N,3]."""
    normals = _normals(scene, points)
    sun = unit(np.float32(scene.sun))
    facing = np.clip(normals @ sun, 0, 1)
    blocked = _trace(scene, points + 0.03 * normals, np.broadcast_to(sun, points.shape), far=12.0)[1]
    # Corners see less of the sky: how near is anything else, a little way along the normal?
    open_sky = np.clip(scene.distance(points + 0.25 * normals) / 0.25, 0.15, 1) * (0.7 + 0.3 * normals[:, 1])
    shine = np.clip(_reflected(directions, normals) @ sun, 0, 1) ** 24 * ~blocked
    light = (facing * ~blocked)[:, None] * np.float32(scene.warm) + open_sky[:, None] * np.float32(scene.sky)
    return scene.colour(points, normals) * light + 0.16 * shine[:, None]


def _normals(scene: Scene, points: Points, step: float = 0.004) -> Points:
    along = np.eye(3, dtype=np.float32) * step
    return unit(np.stack([scene.distance(points + e) - scene.distance(points - e) for e in along], -1))


def _reflected(directions: Points, normals: Points) -> Points:
    return directions - 2 * (directions * normals).sum(-1, keepdims=True) * normals


def unit(vectors: np.ndarray) -> np.ndarray:
    """Vectors [...,3] of length 1 that point the same way; those of length 0 stay."""
    return vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-9)


# Distances of the simple bodies (Quilez, "Distance functions"), and how they are joined. Sizes in the scene's units.


def ball(p: Points, centre, radii) -> Field:
    """An ellipsoid, nearly: exact where the radii are equal."""
    q = (p - np.float32(centre)) / np.float32(radii)
    length = np.linalg.norm(q, axis=-1)
    return (length - 1) * np.float32(np.min(radii))


def box(p: Points, centre, halves, round: float = 0.0) -> Field:
    """A box; `halves` are half its sides, `round` the radius of its edges, which takes nothing from its sides."""
    q = np.abs(p - np.float32(centre)) - np.float32(halves) + round
    return np.linalg.norm(np.maximum(q, 0), axis=-1) + np.minimum(q.max(-1), 0) - round


def pillar(p: Points, centre, radius, half: float, round: float = 0.0) -> Field:
    """An upright cylinder; `radius` may be a function of the height above its middle."""
    q = p - np.float32(centre)
    wide = radius(q[:, 1]) if callable(radius) else radius
    outside = np.stack([np.hypot(q[:, 0], q[:, 2]) - wide, np.abs(q[:, 1]) - half], -1) + round
    return np.linalg.norm(np.maximum(outside, 0), axis=-1) + np.minimum(outside.max(-1), 0) - round


def melted(a: Field, b: Field, width: float) -> Field:
    """The union of two bodies, their joint rounded over `width`."""
    near = np.clip(0.5 + 0.5 * (b - a) / width, 0, 1)
    return b + (a - b) * near - width * near * (1 - near)


def noise(x: Field, y: Field, seed: int = 0, octaves: int = 4) -> Field:
    """Value noise in about [−1, 1], one unit wide at its coarsest, halved with each octave."""
    total, weight = np.zeros_like(x), 0.5
    for octave in range(octaves):
        table = np.random.default_rng(97 * seed + octave).uniform(-1, 1, (64, 64)).astype(np.float32)
        left, above = np.floor(x), np.floor(y)
        column, row = left.astype(np.int32), above.astype(np.int32)
        u, v = ((3 - 2 * f) * f * f for f in (x - left, y - above))
        a, b, c, d = (table[(row + i) % 64, (column + j) % 64] for i in (0, 1) for j in (0, 1))
        total += np.float32(weight) * ((a * (1 - u) + b * u) * (1 - v) + (c * (1 - u) + d * u) * v)
        x, y, weight = 2 * x + 17.3, 2 * y + 9.1, weight / 2
    return total


def mixed(a, b, share: Field) -> np.ndarray:
    """Colours from `a` (share 0) to `b` (share 1); each RGB or [N,3]."""
    share = np.clip(share, 0, 1)[:, None]
    return (np.float32(a) * (1 - share) + np.float32(b) * share).astype(np.float32)


def nearest(parts: list[tuple[Field, np.ndarray]]) -> np.ndarray:
    """The colour of whichever body is nearest: pairs of distances and colours (RGB or [N,3])."""
    distances = np.stack([distance for distance, _ in parts])
    which = distances.argmin(0)
    colour = np.empty((distances.shape[1], 3), np.float32)
    for i, (_, colours) in enumerate(parts):
        mine = which == i
        colour[mine] = np.broadcast_to(np.float32(colours), colour.shape)[mine]
    return colour


def clouds(d: Points, low, high, cloud, seed: int, cover: float = 0.0) -> np.ndarray:
    """A sky from `low` at the horizon to `high`, with clouds that thin out towards it."""
    height = np.clip(d[:, 1], 0, 1)
    sky = mixed(low, high, height * 2.4)
    flat = np.maximum(d[:, 1], 0.06)
    shape = noise(d[:, 0] / flat * 0.9, d[:, 2] / flat * 0.9, seed, 6)
    lit = noise(d[:, 0] / flat * 0.9 + 0.12, d[:, 2] / flat * 0.9, seed, 4)
    body = np.clip((shape + cover) * 3.2, 0, 1) * np.clip(height * 9, 0, 1)
    return mixed(sky, mixed(np.float32(cloud) * 0.72, cloud, 0.6 + 1.4 * (shape - lit)), body)
