"""Makes the picture of the model's card: scenes drawn by code, painted in built-in styles.

python docs/make_samples_picture.py models/released/impasto/samples.jpg
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image

from impasto.export.graphs.scenes import draw_scene
from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.style_file import built_in

ROWS = (  # of (scene, built-in style)
    (("bay", "starry-night"), ("valley", "red-fuji"), ("table", "the-scream")),
    (("street", "great-wave"), ("bay", "pine-tree"), ("face", "turkish-cafe")),
)
CELL = (640, 360)  # width, height in pixels
QUALITY = 85


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    model = load_model("impasto")
    painter = Painter(model, "cpu", look=Look(stability=0))
    gallery = model.gallery()

    def painted(scene: str, style: str) -> np.ndarray:
        painter.use([built_in(model, gallery[style])])
        return painter.paint(draw_scene(scene, CELL))

    rows = [np.hstack([painted(*pair) for pair in row]) for row in ROWS]
    Image.fromarray(np.vstack(rows)).save(output, quality=QUALITY)


if __name__ == "__main__":
    main()
