"""Does P know a painting by a part of it? Style vectors of two crops of one painting against those of two paintings."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from impasto.export.runtime.model import Model
from impasto.export.runtime.pictures import read_style_picture
from impasto.export.runtime.styles import StyleEncoder
from impasto.models.errors import BadInput
from impasto.train.data.pack import listed

VECTORS = 10_000  # at most: 5,000 paintings, evenly spread over the folder
CROP = (0.5, 0.8)  # of a painting's short side; two crops may overlap


def predictor_consistency(
    model: Model, paintings: Path, vectors: int = VECTORS, tick: Callable[[], None] = lambda: None
) -> dict:
    """Encode two random square crops of each painting under a folder and compare the cosines of S − mean S.

    Returns {"vectors": how many, "same": median cosine between two crops of one painting, "different": that between a
    crop and one of another painting, "nearer": share of crops that are nearer to the former than to the latter}.
    The crops are the same for every model. `tick` is called after each painting.
    BadInput: no folder, or fewer than two pictures in it that can be read.
    """
    encoder, rng, pairs = StyleEncoder(model), np.random.default_rng(0), []
    for path in chosen(paintings, vectors):
        draws = rng.random((2, 3))
        with suppress(BadInput):  # a picture that cannot be read is left out
            image = read_style_picture(path)
            pairs.append([encoder.encode(_crop(image, draw)) for draw in draws])
        tick()
    if len(pairs) < 2:
        raise BadInput(f"{paintings} holds fewer than two paintings that can be read; there is nothing to compare.")
    return compare(np.stack(pairs))


def chosen(paintings: Path, vectors: int = VECTORS) -> list[Path]:
    """The paintings that give two vectors each, spread evenly over what the folder holds. BadInput as above."""
    paths = [path for _, path in listed([paintings], "images")]
    count = min(len(paths), vectors // 2)
    return [paths[i * len(paths) // count] for i in range(count)]


def compare(pairs: np.ndarray) -> dict:
    """Style vectors [n,2,D], two of each painting → the figures of `predictor_consistency`."""
    centred = pairs - pairs.mean((0, 1))
    unit = centred / np.maximum(np.linalg.norm(centred, axis=-1, keepdims=True), 1e-12)
    # A cyclic order of the paintings, shuffled: everyone's neighbour is another painting, far off in the folder.
    order = np.random.default_rng(1).permutation(len(pairs))
    other = np.empty_like(order)
    other[order] = np.roll(order, 1)
    same = (unit[:, 0] * unit[:, 1]).sum(-1)
    different = (unit[:, 0] * unit[other, 1]).sum(-1)
    return {
        "vectors": 2 * len(pairs),
        "same": float(np.median(same)),
        "different": float(np.median(different)),
        "nearer": float(np.mean(same > different)),
    }


def _crop(image: np.ndarray, draw: np.ndarray) -> np.ndarray:
    """RGB [H,W,3] → a square of it; three random numbers in [0, 1) say how large and where."""
    h, w = image.shape[:2]
    side = max(1, round(min(h, w) * (CROP[0] + draw[0] * (CROP[1] - CROP[0]))))
    top, left = int(draw[1] * (h - side + 1)), int(draw[2] * (w - side + 1))
    return np.ascontiguousarray(image[top : top + side, left : left + side])
