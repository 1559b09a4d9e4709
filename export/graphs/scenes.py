"""The scenes that previews of built-in styles show: a valley, a street, a face, fruit on a table, a bay. All by code.

From outside: `draw_scene`.
"""

import numpy as np

from .sphere_tracing import Field, Points, Scene, ball, box, clouds, melted, mixed, nearest, noise, pillar, render, unit

SIZE = (384, 288)  # width, height in pixels


def draw_scene(name: str, size: tuple[int, int] = SIZE) -> np.ndarray:
    """A scene as uint8 RGB [H,W,3]; `size` is (width, height). Raises KeyError for a name that is not in SCENES."""
    return render(SCENES[name], size)


# The valley: hills with a lake between them, and firs on the near slope.

_FIRS = [
    (-3.1, 5.2, 1.5),
    (-2.4, 6.4, 1.9),
    (-3.8, 7.4, 2.3),
    (-1.75, 7.8, 1.6),
    (2.6, 5.6, 1.7),
    (3.5, 7.0, 2.4),
    (2.15, 8.2, 1.5),
    (4.3, 8.6, 2.0),
    (-4.9, 9.4, 2.2),
    (5.6, 10.4, 2.2),
]
_WATER = -0.9


def _ground(p: Points) -> Field:
    x, z = p[:, 0], p[:, 2]
    valley = 0.1 * np.abs(x + 0.8 * np.sin(z * 0.2)) ** 1.35 - 1.35
    mountains = np.clip((z - 17) / 14, 0, 1) * (4.4 + 4.2 * noise(x * 0.13 + 3.7, z * 0.13, 3, 5))
    return valley + mountains + 0.28 * noise(x * 0.5, z * 0.5, 4, 4)


def _fir(p: Points, fir) -> Field:
    x, z, height = fir
    foot = float(_ground(np.float32([[x, 0, z]]))[0]) - 0.1

    def cone(y: Field) -> Field:
        return np.clip(0.25 * height * (0.5 - y / height), 0, None) * (1 + 0.22 * np.sin(y * 19 / height))

    return 0.6 * pillar(p, (x, foot + height / 2, z), cone, height / 2)


def _valley_parts(p: Points) -> list[Field]:
    firs = np.min([_fir(p, fir) for fir in _FIRS], axis=0)
    return [0.55 * (p[:, 1] - _ground(p)), p[:, 1] - _WATER, firs]


def _valley_colour(p: Points, n: Points) -> np.ndarray:
    ground, water, firs = _valley_parts(p)
    spots = noise(p[:, 0] * 2.2, p[:, 2] * 2.2, 8, 4)
    meadow = mixed((0.33, 0.47, 0.16), (0.72, 0.66, 0.24), 0.5 + 1.1 * spots)
    rock = mixed((0.42, 0.36, 0.42), (0.66, 0.6, 0.6), 0.5 + spots)
    snow = np.clip((p[:, 1] - 3.0 + spots) * 1.2, 0, 1) * np.clip(n[:, 1] * 3 - 0.9, 0, 1)
    land = mixed(mixed(meadow, rock, (p[:, 1] - 0.6 + 0.7 * spots) * 1.2), (0.98, 0.97, 1.0), snow)
    ripples = noise(p[:, 0] * 1.2, p[:, 2] * 5.0, 2, 4)
    lake = mixed((0.2, 0.42, 0.6), (0.72, 0.86, 0.95), 0.35 + 1.2 * ripples)
    needles = mixed((0.06, 0.2, 0.13), (0.2, 0.42, 0.2), 0.4 + noise(p[:, 0] * 9, p[:, 1] * 9, 6, 3))
    return nearest([(ground, land), (water, lake), (firs, needles)])


VALLEY = Scene(
    distance=lambda p: np.min(_valley_parts(p), axis=0),
    colour=_valley_colour,
    behind=lambda d: clouds(d, (0.98, 0.86, 0.7), (0.2, 0.42, 0.78), (1.0, 0.97, 0.92), 11, 0.04),
    eye=(0.2, 1.5, -3.0), target=(0.2, 1.15, 8.0), sun=(-0.75, 0.5, -0.35), haze=0.012, step=0.9,
)  # fmt: skip


# The street: houses on both sides in evening light, windows lit, a tower at its end.

_HOUSES = [
    (side * (2.0 + 0.25 * (i % 3)), z, 1.5 + 1.1 * ((7 * i + 3 * (side > 0)) % 5) / 4, i)
    for side in (-1, 1)
    for i, z in enumerate((1.2, 3.1, 5.0, 6.9, 8.8, 10.7, 12.6))
]
_WALLS = np.float32(
    [
        (0.84, 0.52, 0.36),
        (0.93, 0.8, 0.55),
        (0.55, 0.62, 0.7),
        (0.8, 0.36, 0.32),
        (0.95, 0.9, 0.8),
        (0.48, 0.55, 0.42),
        (0.75, 0.6, 0.66),
    ]
)


def _house(p: Points, house) -> Field:
    x, z, height, _ = house
    walls = box(p, (x, height / 2, z), (0.98, height / 2, 0.93))
    q = p - np.float32((x, height, z))
    roof = np.maximum((np.abs(q[:, 0]) * 0.75 + q[:, 1] - 0.72) * 0.8, np.abs(q[:, 2]) - 0.96)
    return np.minimum(walls, np.maximum(roof, -q[:, 1]))


def _street_parts(p: Points) -> tuple[Field, Field, Field, Field]:
    houses = np.stack([_house(p, house) for house in _HOUSES])
    tower = np.minimum(
        box(p, (0.25, 2.2, 17.0), (0.75, 2.2, 0.75)),
        0.7 * pillar(p, (0.25, 5.4, 17.0), lambda y: np.clip(0.95 * (0.5 - y / 2), 0, None), 1.0),
    )
    lamps = np.minimum.reduce([
        np.minimum(pillar(p, (x, 0.55, z), 0.03, 0.55), ball(p, (x, 1.2, z), (0.11, 0.13, 0.11)))
        for x, z in ((-0.8, 2.1), (0.8, 4.0), (-0.8, 5.9), (0.8, 7.8))
    ])  # fmt: skip
    return p[:, 1], houses, tower, lamps


def _street_colour(p: Points, n: Points) -> np.ndarray:
    ground, houses, tower, lamps = _street_parts(p)
    which = houses.argmin(0)
    house = np.float32([h[:3] for h in _HOUSES])[which]
    wall = _WALLS[np.array([h[3] * 3 + (h[0] > 0) for h in _HOUSES])[which] % len(_WALLS)]
    wall = wall * (0.92 + 0.3 * noise(p[:, 2] * 3, p[:, 1] * 3, 5, 3))[:, None]
    along = np.where(np.abs(n[:, 0]) > 0.5, p[:, 2] - house[:, 1], p[:, 0] - house[:, 0])
    across, up = (along + 0.93) / 0.62 % 1, p[:, 1] / 0.62 % 1
    window = (
        (np.abs(across - 0.5) < 0.2) & (np.abs(up - 0.55) < 0.27) & (p[:, 1] < house[:, 2]) & (np.abs(n[:, 1]) < 0.3)
    )
    cross = (np.abs(across - 0.5) < 0.025) | (np.abs(up - 0.55) < 0.03)
    number = (np.floor(p[:, 1] / 0.62) * 5 + np.floor((along + 0.93) / 0.62) * 3 + which * 7).astype(int)
    glow = np.where((number % 5 < 3)[:, None], np.float32((3.4, 2.4, 0.9)), np.float32((0.22, 0.26, 0.38)))
    walls = np.where((window & ~cross)[:, None], glow, wall)
    tiles = np.float32((0.52, 0.24, 0.2)) * (0.8 + 0.4 * (p[:, 1] * 9 % 1 < 0.7))[:, None]
    walls = np.where((p[:, 1] > house[:, 2])[:, None] & (np.abs(n[:, 1]) > 0.2)[:, None], tiles, walls)
    stones = mixed((0.34, 0.31, 0.36), (0.62, 0.54, 0.5), 0.5 + 1.3 * noise(p[:, 0] * 4, p[:, 2] * 3, 7, 4))
    wet = np.exp(-((np.abs(p[:, 0]) - 0.5) ** 2) * 8) * np.clip(noise(p[:, 0] * 2, p[:, 2] * 0.8, 9, 3) * 3, 0, 1)
    stones = mixed(stones, (1.5, 1.05, 0.55), 0.6 * wet)
    lamp = np.where((p[:, 1] > 1.06)[:, None], np.float32((4.0, 3.2, 1.7)), np.float32((0.08, 0.1, 0.1)))
    return nearest([(ground, stones), (houses.min(0), walls), (tower, (0.62, 0.5, 0.56)), (lamps, lamp)])


STREET = Scene(
    distance=lambda p: np.minimum.reduce([part if part.ndim == 1 else part.min(0) for part in _street_parts(p)]),
    colour=_street_colour,
    behind=lambda d: clouds(d, (1.0, 0.62, 0.36), (0.16, 0.2, 0.5), (0.98, 0.6, 0.5), 21, 0.12),
    eye=(-0.25, 0.95, -2.4), target=(0.1, 1.5, 8.0), sun=(0.45, 0.5, -0.6), focal=1.35,
    warm=(0.62, 0.46, 0.38), sky=(0.4, 0.4, 0.56), haze=0.025, step=0.8,
)  # fmt: skip


# The face: somebody with a straw hat before a wall.


def _face_parts(p: Points) -> dict[str, Field]:
    turned = p.copy()  # the head looks a little to one side
    cos, sin = np.float32(np.cos(0.38)), np.float32(np.sin(0.38))
    turned[:, 0], turned[:, 2] = cos * p[:, 0] - sin * p[:, 2], sin * p[:, 0] + cos * p[:, 2]
    q = turned
    mirrored = q.copy()
    mirrored[:, 0] = np.abs(q[:, 0])
    skull = melted(ball(q, (0, 0.12, 0), (0.62, 0.74, 0.68)), ball(q, (0, -0.42, -0.1), (0.43, 0.46, 0.48)), 0.22)
    skull = melted(skull, ball(q, (0, -0.74, -0.3), (0.17, 0.14, 0.18)), 0.16)  # the chin
    skull = melted(skull, ball(mirrored, (0.3, -0.22, -0.4), (0.2, 0.18, 0.2)), 0.16)  # cheeks
    skull = melted(skull, ball(mirrored, (0.24, 0.2, -0.52), (0.24, 0.08, 0.14)), 0.1)  # brows' ridge
    skull = -melted(-skull, ball(mirrored, (0.25, 0.02, -0.74), (0.17, 0.1, 0.13)), 0.08)  # hollows of the eyes
    nose = melted(ball(q, (0, -0.06, -0.7), (0.075, 0.24, 0.13)), ball(q, (0, -0.25, -0.76), (0.11, 0.1, 0.13)), 0.08)
    skull = melted(skull, nose, 0.07)
    lips = melted(
        ball(q, (0, -0.475, -0.585), (0.2, 0.045, 0.09)), ball(q, (0, -0.545, -0.575), (0.16, 0.055, 0.1)), 0.03
    )
    neck = pillar(p, (0, -1.1, 0.12), 0.34, 0.5)
    skin = melted(melted(skull, neck, 0.12), ball(mirrored, (0.64, -0.08, 0.05), (0.1, 0.2, 0.14)), 0.05)
    strands = 0.03 * np.sin(38 * np.arctan2(q[:, 0], q[:, 2]) + 6 * q[:, 1])
    hair = melted(
        ball(q, (0, 0.16, 0.16), (0.72, 0.78, 0.68)), ball(mirrored, (0.56, -0.5, 0.3), (0.24, 0.62, 0.3)), 0.2
    )
    wave = 0.05 * np.sin(3 * np.arctan2(q[:, 0], q[:, 2]) + 0.8)
    crown = pillar(q, (0, 0.66, 0.06), lambda y: 0.7 - 0.18 * y, 0.28, 0.12)
    brim = pillar(q - np.stack([0 * wave, wave, 0 * wave], -1), (0, 0.44, 0.04), 1.22, 0.035, 0.03)
    coat = melted(ball(p, (0, -2.05, 0.2), (1.35, 0.72, 0.62)), ball(p, (0, -1.62, 0.2), (0.56, 0.26, 0.44)), 0.2)
    eyes = ball(mirrored, (0.235, 0.02, -0.545), (0.125, 0.085, 0.1))
    return {
        "skin": skin, "lips": lips, "eyes": eyes, "hair": hair + strands, "hat": np.minimum(crown, brim), "coat": coat,
        "wall": 1.9 - p[:, 2], "q": q, "band": crown,
    }  # fmt: skip


def _face_colour(p: Points, n: Points) -> np.ndarray:
    part = _face_parts(p)
    q = part["q"]
    rosy = np.exp(-(((np.abs(q[:, 0]) - 0.34) ** 2 + (q[:, 1] + 0.22) ** 2) * 14)) + np.exp(
        -(q[:, 0] ** 2 + (q[:, 1] + 0.25) ** 2) * 60
    )
    skin = mixed((0.93, 0.7, 0.54), (0.9, 0.45, 0.36), 0.65 * rosy)
    brows = (
        (np.abs(np.abs(q[:, 0]) - 0.26) < 0.17)
        & (np.abs(q[:, 1] - 0.185 + 0.35 * (np.abs(q[:, 0]) - 0.24) ** 2) < 0.028)
        & (q[:, 2] < -0.3)
    )
    lashes = (np.abs(np.abs(q[:, 0]) - 0.235) < 0.13) & (np.abs(q[:, 1] - 0.105) < 0.016) & (q[:, 2] < -0.3)
    skin = np.where((brows | lashes)[:, None], np.float32((0.3, 0.17, 0.1)), skin)
    gaze = np.hypot(np.abs(q[:, 0]) - 0.235, q[:, 1] - 0.02)
    eyes = mixed((0.95, 0.94, 0.92), (0.2, 0.36, 0.5), (0.075 - gaze) * 90)
    eyes = mixed(eyes, (0.03, 0.03, 0.05), (0.035 - gaze) * 90)
    straw = mixed(
        (0.95, 0.8, 0.42),
        (0.7, 0.5, 0.2),
        0.5 + 0.9 * np.sin(46 * np.hypot(q[:, 0], q[:, 2]) + 2 * noise(q[:, 0] * 6, q[:, 2] * 6, 3)),
    )
    band = (q[:, 1] > 0.46) & (q[:, 1] < 0.6) & (part["band"] < 0.02)
    straw = np.where(band[:, None], np.float32((0.16, 0.26, 0.5)), straw)
    hair = mixed(
        (0.36, 0.17, 0.08), (0.66, 0.34, 0.14), 0.5 + 0.5 * np.sin(38 * np.arctan2(q[:, 0], q[:, 2]) + 6 * q[:, 1])
    )
    coat = mixed((0.14, 0.3, 0.42), (0.26, 0.5, 0.58), 0.5 + 1.2 * noise(p[:, 0] * 5, p[:, 1] * 5, 12, 3))
    coat = np.where(
        (np.abs(p[:, 0]) < 0.16 + 0.16 * (p[:, 1] + 2.2))[:, None] & (p[:, 2] < 0.2)[:, None],
        np.float32((0.93, 0.9, 0.82)),
        coat,
    )
    wall = mixed((0.36, 0.5, 0.38), (0.7, 0.72, 0.46), 0.5 + 1.1 * noise(p[:, 0] * 1.1, p[:, 1] * 1.1, 14, 5))
    lips = (0.78, 0.3, 0.28)
    colours = {"skin": skin, "lips": lips, "eyes": eyes, "hair": hair, "hat": straw, "coat": coat, "wall": wall}
    return nearest([(part[name], colour) for name, colour in colours.items()])


def _face_distance(p: Points) -> Field:
    part = _face_parts(p)
    return np.minimum.reduce([part[name] for name in ("skin", "lips", "eyes", "hair", "hat", "coat", "wall")])


FACE = Scene(
    distance=_face_distance,
    colour=_face_colour,
    behind=lambda d: np.full(d.shape, 0.5, np.float32),
    eye=(0.0, -0.25, -4.6), target=(0.0, -0.32, 0.0), sun=(-0.7, 0.55, -0.9), focal=2.7, sky=(0.44, 0.46, 0.52),
    step=0.7,
)  # fmt: skip


# The table: a jug, oranges, an apple, a pear and a cloth.


def _jug_radius(y: Field) -> Field:
    return 0.3 + 0.2 * np.cos(np.clip(2.6 * (y + 0.22), -2.2, 3.0)) + 0.1 * np.clip(y - 0.42, 0, 1)


_FRUIT = [  # centre, radius, colour, and of the side that is riper
    ((-0.15, 0.27, -0.55), 0.27, (0.96, 0.55, 0.1), (0.98, 0.72, 0.2)),
    ((0.42, 0.27, -0.75), 0.27, (0.95, 0.48, 0.08), (0.98, 0.66, 0.16)),
    ((-0.95, 0.26, -0.62), 0.26, (0.78, 0.12, 0.12), (0.85, 0.62, 0.2)),
    ((0.95, 0.25, -0.3), 0.25, (0.5, 0.62, 0.16), (0.8, 0.75, 0.3)),
    ((0.2, 0.68, -0.62), 0.24, (0.97, 0.62, 0.14), (0.98, 0.78, 0.3)),
]  # fmt: skip


def _table_parts(p: Points) -> list[Field]:
    jug = 0.75 * pillar(p, (-0.62, 0.72, 0.2), _jug_radius, 0.72, 0.03)
    q = p - np.float32((-0.05, 0.85, 0.2))
    handle = np.hypot(np.hypot(q[:, 0] * 1.2, q[:, 1]) - 0.3, q[:, 2]) - 0.055
    pear = melted(ball(p, (1.4, 0.27, -0.75), (0.28, 0.28, 0.28)), ball(p, (1.46, 0.6, -0.72), (0.15, 0.2, 0.15)), 0.2)
    folds = 0.05 * np.sin(5 * p[:, 0] + 2 * np.sin(2 * p[:, 2])) + 0.06 * noise(p[:, 0] * 1.4, p[:, 2] * 1.4, 2, 3)
    cloth = np.maximum(0.6 * (p[:, 1] - 0.03 - folds), np.hypot(p[:, 0] - 0.55, p[:, 2] + 1.0) - 1.35)
    fruit = [ball(p, centre, (radius,) * 3) for centre, radius, *_ in _FRUIT]
    return [p[:, 1], 1.7 - p[:, 2], np.minimum(jug, handle), pear, cloth, *fruit]


def _table_colour(p: Points, n: Points) -> np.ndarray:
    table, wall, jug, pear, cloth, *fruit = _table_parts(p)
    grain = mixed((0.44, 0.24, 0.12), (0.66, 0.4, 0.2), 0.5 + 1.2 * noise(p[:, 0] * 0.8, p[:, 2] * 7, 4, 4))
    plaster = mixed((0.28, 0.4, 0.5), (0.5, 0.58, 0.56), 0.5 + 1.1 * noise(p[:, 0] * 1.2, p[:, 1] * 1.2, 6, 5))
    stripe = np.abs(p[:, 1] - 0.78) < 0.1
    glaze = mixed((0.86, 0.87, 0.84), (0.7, 0.76, 0.8), 0.5 + noise(p[:, 0] * 4, p[:, 1] * 4, 7, 3))
    glaze = np.where(
        (stripe & (np.sin(22 * np.arctan2(p[:, 0] + 0.62, p[:, 2] - 0.2)) > 0))[:, None],
        np.float32((0.16, 0.28, 0.6)),
        glaze,
    )
    green = mixed((0.62, 0.68, 0.2), (0.86, 0.74, 0.26), 0.5 + noise(p[:, 0] * 5, p[:, 1] * 5, 8, 3))
    linen = np.where(
        (np.sin(11 * (p[:, 0] + 0.4 * p[:, 2])) > 0.86)[:, None],
        np.float32((0.76, 0.22, 0.2)),
        np.float32((0.94, 0.92, 0.87)),
    )
    parts = [(table, grain), (wall, plaster), (jug, glaze), (pear, green), (cloth, linen)]
    for distance, (_, _, unripe, ripe) in zip(fruit, _FRUIT, strict=True):
        parts.append((distance, mixed(unripe, ripe, 0.4 + noise(p[:, 0] * 4 + 3, p[:, 1] * 4, 9, 4) + 0.3 * n[:, 1])))
    return nearest(parts)


TABLE = Scene(
    distance=lambda p: np.min(_table_parts(p), axis=0),
    colour=_table_colour,
    behind=lambda d: np.full(d.shape, 0.4, np.float32),
    eye=(0.15, 1.45, -4.6), target=(0.15, 0.58, 0.0), sun=(-0.8, 0.75, -0.75), focal=2.7, sky=(0.34, 0.38, 0.46),
    step=0.9,
)  # fmt: skip


# The bay: boats on the sea before a headland.

_BOATS = [  # x, z, size, colour of the hull, and of the sails
    (-1.3, 3.6, 1.25, (0.78, 0.25, 0.18), (0.98, 0.92, 0.78)),
    (1.5, 5.4, 1.2, (0.15, 0.35, 0.5), (0.95, 0.68, 0.3)),
    (0.3, 9.5, 1.1, (0.3, 0.2, 0.2), (0.97, 0.95, 0.9)),
]


def _bay_parts(p: Points) -> list[Field]:
    x, z = p[:, 0], p[:, 2]
    swell = 0.07 * np.sin(2.2 * z + 0.7 * x) + 0.14 * noise(x * 0.9, z * 1.5, 3, 4)
    sea = 0.6 * (p[:, 1] - swell)
    rise = (
        2.6 * np.exp(-(((x - 7.5) / 4.6) ** 2))
        + 1.7 * np.exp(-(((x + 11) / 5.0) ** 2))
        + 0.7 * noise(x * 0.5, z * 0.5, 5, 5)
        - 0.5
    )
    land = 0.45 * np.maximum(p[:, 1] - rise, 15 - z)
    boats = []
    for bx, bz, size, *_ in _BOATS:
        q = (p - np.float32((bx, 0.1, bz))) / np.float32(size)
        narrow = 1 - 0.75 * (q[:, 0] / 0.7) ** 2
        hull = np.maximum(ball(q, (0, 0.22, 0), (0.72, 0.34, 0.24)), q[:, 1] - 0.2 - 0.1 * (q[:, 0] / 0.7) ** 2)
        mast = pillar(q, (0, 0.85, 0), 0.022, 0.75)
        bent = q[:, 2] + 0.12 * np.clip(narrow, 0, 1) - 0.05
        sail = np.maximum.reduce(
            [np.abs(bent) - 0.012, 0.03 - q[:, 0], 0.85 * (q[:, 0] + 0.46 * (q[:, 1] - 1.55)), 0.32 - q[:, 1]]
        )
        jib = np.maximum.reduce(
            [np.abs(bent) - 0.012, q[:, 0] + 0.03, 0.85 * (-q[:, 0] + 0.42 * (q[:, 1] - 1.4)), 0.36 - q[:, 1]]
        )
        boats += [size * 0.7 * np.minimum(hull, mast), size * 0.7 * np.minimum(sail, jib)]
    return [sea, land, *boats]


def _bay_colour(p: Points, n: Points) -> np.ndarray:
    sea, land, *boats = _bay_parts(p)
    glitter = noise(p[:, 0] * 2.0, p[:, 2] * 5.0, 4, 4) + 0.9 * n[:, 2]
    water = mixed((0.06, 0.28, 0.42), (0.42, 0.72, 0.76), 0.32 - 1.5 * glitter)
    water = mixed(
        water,
        (1.25, 1.0, 0.7),
        np.exp(-(((p[:, 0] - 0.16 * p[:, 2]) / (0.5 + 0.1 * p[:, 2])) ** 2)) * np.clip(glitter * 2.4 - 0.1, 0, 1),
    )
    rocks = mixed((0.5, 0.4, 0.36), (0.46, 0.55, 0.3), 0.3 + p[:, 1] * 0.5 + noise(p[:, 0] * 1.5, p[:, 1] * 3, 6, 4))
    parts = [(sea, water), (land, rocks)]
    for i, (_, _, _, hull, sail) in enumerate(_BOATS):
        parts += [(boats[2 * i], hull), (boats[2 * i + 1], sail)]
    return nearest(parts)


def _bay_sky(d: Points) -> np.ndarray:
    sky = clouds(d, (1.0, 0.8, 0.52), (0.24, 0.46, 0.76), (1.0, 0.9, 0.82), 31, 0.1)
    sun = unit(np.float32((0.16, 0.13, 1.0)))
    near = np.clip(d @ sun, 0, 1)
    return mixed(sky + 0.3 * (near**60)[:, None], (1.0, 0.97, 0.8), (near - 0.9985) * 1500)


BAY = Scene(
    distance=lambda p: np.min(_bay_parts(p), axis=0),
    colour=_bay_colour,
    behind=_bay_sky,
    eye=(0.0, 1.0, -1.6), target=(0.0, 0.95, 8.0), sun=(0.6, 0.5, -0.5), haze=0.014, step=0.8,
)  # fmt: skip

SCENES = {"valley": VALLEY, "street": STREET, "face": FACE, "table": TABLE, "bay": BAY}
