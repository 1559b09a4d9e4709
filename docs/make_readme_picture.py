"""Makes the README's moving picture: the demo clip, painted by `impasto stylize`, beside itself under a divider.

    python docs/make_readme_picture.py docs/pictures/before-and-after.webp

The same model, packages and machine give the same bytes: no clock and no random number goes in.
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from impasto.webapp.cli.arguments import demo_clip
from impasto.webapp.files.probe import probe
from impasto.webapp.files.read import read_frames

STYLES = ("name:starry-night", "name:great-wave")  # a third of the picture each, beside the clip
HEIGHT = 270  # pixels of the frames, painted and shown
FIRST, COUNT, EVERY = 24, 72, 3  # frames of the clip: from which, how many, which of them are shown
MILLISECONDS = 120  # a shown frame stays: three of 25 a second
LINE = 2  # pixels of the divider
MAX_BYTES = 1_500_000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("output", type=Path)
    parser.add_argument("--frames", type=Path, help="Write the shown frames there too, as PNG.")
    options = parser.parse_args()
    clip = demo_clip()
    with tempfile.TemporaryDirectory() as folder:
        painted = [paint(clip, style, Path(folder)) for style in STYLES]
        frames = [divided(*pair) for pair in zip(shown(clip), *(shown(p) for p in painted), strict=True)]
    if options.frames:
        options.frames.mkdir(parents=True, exist_ok=True)
        for number, frame in enumerate(frames):
            Image.fromarray(frame).save(options.frames / f"{number:02}.png")
    write(frames, options.output)


def paint(clip: Path, style: str, folder: Path) -> Path:
    """The clip as `impasto stylize` paints it."""
    output = folder / f"{style.removeprefix('name:')}.mp4"
    command = [sys.executable, "-m", "impasto.webapp.cli", "stylize", str(clip)]
    subprocess.run([*command, "--style", style, "--size", str(HEIGHT), "-o", str(output)], check=True)
    return output


def shown(clip: Path) -> list[np.ndarray]:
    """The frames of a clip that are shown, uint8 RGB [HEIGHT,W,3]."""
    info = probe(clip)
    size = (round(info.width * HEIGHT / info.height / 2) * 2, HEIGHT)
    frames = [frame.rgb for _, frame in zip(range(FIRST + COUNT), read_frames(info, size), strict=False)]
    return frames[FIRST::EVERY]


def divided(clip: np.ndarray, *paintings: np.ndarray) -> np.ndarray:
    """The clip's left third, then a third of every painting, white lines between."""
    out, width = clip.copy(), clip.shape[1]
    for i, painting in enumerate(paintings, 1):
        at = i * width // (len(paintings) + 1)
        out[:, at:] = painting[:, at:]
        cv2.line(out, (at, 0), (at, HEIGHT), (255, 255, 255), LINE)
    return out


def write(frames: list[np.ndarray], output: Path) -> None:
    """An endless WebP of the highest quality that stays below MAX_BYTES."""
    first, *others = [Image.fromarray(frame) for frame in frames]
    for quality in range(85, 30, -5):
        options = {"quality": quality, "method": 6, "duration": MILLISECONDS, "loop": 0}
        first.save(output, "WEBP", save_all=True, append_images=others, **options)
        if output.stat().st_size <= MAX_BYTES:
            print(f"{output}: {len(frames)} frames, {output.stat().st_size / 1e6:.2f} MB at quality {quality}")
            return
    raise SystemExit(f"{output} cannot be made smaller than {MAX_BYTES / 1e6} MB; show fewer frames.")


if __name__ == "__main__":
    main()
