#!/usr/bin/env bash
# Guess: VideoFrame.reformat(dst_color_trc=..., dst_color_primaries=...) marks the frame and leaves its pixels alone, as
# its documentation says: "This sets frame metadata only; it does not perform a pixel-level transfer function conversion".
# What happens (av 18.1.0, libswscale 9): where the frame says what its colours are, the pixels are converted. Marking a
# BT.709 frame as sRGB brightens its red of 204 to 217, marking one of BT.601's curve as BT.709, whose curve is the same
# by definition, to 219. Only a frame that names nothing keeps its pixels. And what is out of gamut is not clipped but
# moved inwards: a red of Display P3, 205 46 0 as sRGB in Chromium 223 9 0, becomes 221 63 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import re
import sys

import av
from av.video.reformatter import VideoReformatter

print("av", av.__version__, "| libswscale", av.library_versions["libswscale"])
words = re.sub(r"\s+", " ", VideoReformatter.reformat.__doc__)
print("documentation:", *re.findall(r"This sets frame metadata only;[^.]*\.", words))
BT709, SMPTE170M, P3, SRGB, NOTHING = 1, 6, 12, 13, 2


def red(primaries, curve):
    """A red of limited range and BT.709's matrix, marked as being of these primaries and this curve."""
    frame = av.VideoFrame(64, 48, "yuv420p")
    for plane, code in zip(frame.planes, (81, 90, 200)):
        plane.update(bytes([code]) * plane.buffer_size)
    frame.color_range, frame.colorspace, frame.color_primaries, frame.color_trc = 1, 1, primaries, curve
    return frame


def pixel(frame, **marks):
    return frame.reformat(format="rgb24", **marks).to_ndarray()[24, 32].tolist()


CASES = {
    "BT.709 marked as sRGB's curve": (red(BT709, BT709), {"dst_color_trc": SRGB}),
    "BT.601's curve marked as BT.709's": (red(SMPTE170M, SMPTE170M), {"dst_color_trc": BT709}),
    "P3 marked as BT.709, sRGB": (red(P3, BT709), {"dst_color_primaries": BT709, "dst_color_trc": SRGB}),
    "nothing marked as BT.709, sRGB": (red(NOTHING, NOTHING), {"dst_color_primaries": BT709, "dst_color_trc": SRGB}),
}
found = {name: (pixel(frame), pixel(frame, **marks)) for name, (frame, marks) in CASES.items()}
for name, (plain, marked) in found.items():
    print(f"{name}: {plain} becomes {marked}")
frame = red(P3, BT709)
codes = [[plane_bytes[0] for plane_bytes in map(bytes, f.planes)] for f in (frame, frame.reformat(dst_color_primaries=BT709))]
print(f"P3 marked as BT.709, in the same format: Y, U, V {codes[0]} become {codes[1]}")
moved = {name: max(abs(a - b) for a, b in zip(*pixels)) for name, pixels in found.items()}
nothing = moved.pop("nothing marked as BT.709, sRGB")
sys.exit(0 if min(moved.values()) > 8 and nothing == 0 and codes[0] != codes[1] else 1)
PYTHON
