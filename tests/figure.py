"""A person drawn by code, clear enough for the segmenter of `models/person`."""

import numpy as np

from impasto.export.runtime.sample import picture


def figure(height: int, width: int, across: float = 0.5) -> np.ndarray:
    """Head and shoulders before a made-up scene, `across` (0…1) the picture: uint8 RGB [height,width,3]."""
    scene = 0.35 + 0.5 * picture(height, width, 5)
    y, x = np.mgrid[:height, :width] / height
    x = x - across * width / height

    def inside(middle_x, middle_y, half_width, half_height):
        return ((x - middle_x) / half_width) ** 2 + ((y - middle_y) / half_height) ** 2 < 1

    shirt = inside(0, 1.02, 0.42, 0.4) & (y > 0.55)
    parts = [
        (inside(0, 0.3, 0.19, 0.25), (0.16, 0.1, 0.07)),  # hair
        (inside(0, 0.6, 0.08, 0.14), (0.75, 0.55, 0.44)),  # neck
        (shirt, (0.1, 0.16, 0.35)),
        (inside(0, 0.36, 0.15, 0.21), (0.87, 0.67, 0.55)),  # face
        (inside(-0.06, 0.33, 0.028, 0.014) | inside(0.06, 0.33, 0.028, 0.014), (0.12, 0.1, 0.1)),  # eyes
        (inside(0, 0.4, 0.014, 0.035), (0.74, 0.53, 0.43)),  # nose
        (inside(0, 0.47, 0.05, 0.013), (0.65, 0.3, 0.28)),  # mouth
    ]
    for where, colour in parts:
        scene[where] = colour
    return np.round(scene * 255).clip(0, 255).astype(np.uint8)
