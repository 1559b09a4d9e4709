#!/usr/bin/env bash
# Guess: PyAV can list the side data of every frame that it decodes; a JPEG photograph with Exif, as any camera writes
# it, is nothing special.
# What happens (av 18.1.0 with the FFmpeg in its wheel): FFmpeg hands Exif out as side data of type 31, PyAV's own table
# of types ends before that, and already asking how much side data the frame has, or for another type of it, such as a
# display matrix, raises ValueError: 31 is not a valid Type. The same JPEG without Exif answers.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 pillow==12.3.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import av
import PIL
from PIL import Image

print("av", av.__version__, "| libavcodec", av.library_versions["libavcodec"], "| Pillow", PIL.__version__)
exif = Image.Exif()
exif[0x0112] = 1  # Orientation: upright
picture = Image.new("RGB", (64, 48), (90, 140, 200))
picture.save("plain.jpg")
picture.save("camera.jpg", exif=exif)


def ask(name, question):
    with av.open(name) as container:
        frame = next(container.decode(video=0))
        try:
            return question(frame)
        except ValueError as error:
            return f"ValueError: {error}"


def display_matrix(frame):
    return frame.side_data.get("DISPLAYMATRIX")


plain, camera = (ask(name, lambda frame: len(frame.side_data)) for name in ("plain.jpg", "camera.jpg"))
matrix = ask("camera.jpg", display_matrix)
print("without Exif, pieces of side data:", plain)
print("with Exif, pieces of side data:   ", camera)
print("with Exif, the display matrix:    ", matrix)
holds = plain == 0 and camera == matrix == "ValueError: 31 is not a valid Type"
sys.exit(0 if holds else 1)
PYTHON
