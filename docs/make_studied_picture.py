"""Makes the picture of what study does: for every built-in style the painting, a scene painted plain and as studied.

    python docs/make_studied_picture.py docs/pictures/studied.webp

Paintings are the gallery's small ones, the scene is drawn by code, plain is the style vector alone.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from impasto.export.graphs.scenes import draw_scene
from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.style_file import built_in

SCENE = "bay"
CELL = (192, 144)  # width, height in pixels of what is shown; it is painted at twice that
GAP = 4
ACROSS = 2  # styles in a row
QUALITY = 70


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    model = load_model("impasto")
    painter = Painter(model, "cpu", look=Look(stability=0))
    scene = draw_scene(SCENE, tuple(2 * side for side in CELL))

    def painted(style) -> np.ndarray:
        painter.reset()
        painter.use([style])
        return cell(painter.paint(scene))

    groups = []
    for name, entry in model.gallery().items():
        painting = np.asarray(Image.open(model.folder / "paintings" / f"{name}.webp").convert("RGB"))
        groups.append(np.hstack([cell(painting), painted(entry["style"]), painted(built_in(model, entry))]))
    rows = [np.hstack(groups[i : i + ACROSS]) for i in range(0, len(groups), ACROSS)]
    Image.fromarray(np.vstack(rows)).save(output, quality=QUALITY, method=6)


def cell(picture: np.ndarray) -> np.ndarray:
    """The middle of a picture, as large as a cell, with a white border."""
    (width, height), (h, w) = CELL, picture.shape[:2]
    scale = max(width / w, height / h)
    size = (round(w * scale), round(h * scale))
    picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC)
    top, left = (size[1] - height) // 2, (size[0] - width) // 2
    border = [GAP // 2] * 4
    inside = picture[top : top + height, left : left + width]
    return cv2.copyMakeBorder(inside, *border, cv2.BORDER_CONSTANT, value=(255, 255, 255))


if __name__ == "__main__":
    main()
