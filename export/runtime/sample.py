"""A picture made by code, for parity checks and benchmarks: the same everywhere, owned by nobody."""

import numpy as np


def picture(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A made-up picture with what photographs have: shading, edges, flat areas, fine grain. [H,W,3] in [0, 1]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(np.float64)
    y, x = y / height, x / width
    image = np.stack([0.35 + 0.4 * y, 0.45 + 0.2 * x, 0.75 - 0.5 * y], -1)
    for _ in range(12):
        cy, cx, radius = rng.uniform(0, 1), rng.uniform(0, 1), rng.uniform(0.05, 0.25)
        inside = (
            ((y - cy) ** 2 + (x - cx) ** 2) < radius**2 if rng.random() < 0.5 else abs(y - cy) + abs(x - cx) < radius
        )
        stripes = 0.15 * np.sin(rng.uniform(10, 80) * (x * rng.normal() + y * rng.normal()))
        image[inside] = (rng.uniform(0, 1, 3) + stripes[..., None])[inside]
    return np.clip(image + rng.normal(0, 0.02, image.shape), 0, 1).astype(np.float32)
