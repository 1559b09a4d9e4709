#!/usr/bin/env bash
# Guess: an animated AVIF written by Pillow is, to PyAV, a clip: decode(video=0), the way to read any clip, gives its
# frames.
# What happens (Pillow 12.3.0, av 18.1.0): the file has two video streams. The first is the still that viewers without
# animation show, one frame without a duration; the animation is the second. decode(video=0) ends after one frame
# without a word, as does streams.video[0]; streams.best("video") finds the animation.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 pillow==12.3.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import av
import PIL
from PIL import Image

print("av", av.__version__, "| Pillow", PIL.__version__)
frames = [Image.new("RGB", (64, 48), (30 * i, 120, 60)) for i in range(8)]
frames[0].save("animation.avif", save_all=True, append_images=frames[1:], duration=100)
with Image.open("animation.avif") as picture:
    print("frames, as Pillow reads them:   ", picture.n_frames)


def count(choose):
    with av.open("animation.avif") as container:
        return sum(1 for _ in container.decode(choose(container)))


with av.open("animation.avif") as container:
    streams = [(stream.index, stream.frames, stream.duration) for stream in container.streams.video]
    best = container.streams.best("video").index
print("streams (index, frames, length):", streams)
first, animated = count(lambda c: c.streams.video[0]), count(lambda c: c.streams.best("video"))
print("frames of the first stream:     ", first)
print('frames of best("video"):        ', animated, f"(stream {best})")
sys.exit(0 if (first, animated, best) == (1, 8, 1) else 1)
PYTHON
