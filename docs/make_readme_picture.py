"""Makes the README's moving picture: the demo clip and its painting by `impasto stylize`, left and right of a divider.

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

from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.demo import demo_clip

STYLES = ("name:starry-night", "name:great-wave")  # one after the other
HEIGHT = 270  # pixels of the frames, painted and shown
EVERY = 3  # of these frames of the clip one is shown
SWING = 0.35  # of the width: how far the divider goes from the middle, once each way for every style
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
        frames = before_and_after(shown(clip), [shown(each) for each in painted])
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
    return [frame.rgb for frame in read_frames(info, size)][::EVERY]


def before_and_after(clip: list[np.ndarray], paintings: list[list[np.ndarray]]) -> list[np.ndarray]:
    """The clip left of a divider that swings, its painting right of it, in one style after the other."""
    frames = []
    for number, frame in enumerate(clip):
        turn = number * len(paintings) / len(clip)  # the whole part says which style, the rest how far it has swung
        width = frame.shape[1]
        at = round(width * (0.5 + SWING * np.cos(2 * np.pi * turn)))
        out = np.concatenate([frame[:, :at], paintings[int(turn)][number][:, at:]], 1)
        frames.append(cv2.line(out, (at, 0), (at, HEIGHT), (255, 255, 255), LINE))
    return frames


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
