#!/usr/bin/env bash
# Guess: limited range is limited range: black of a grey clip that says so, luma 16, becomes 0 of RGB as it does from YUV
# with colour, and black of RGB becomes 16 where a grey frame of limited range is asked for.
# What happens (av 18.1.0, libswscale 9): swscale takes grey for full range whatever frame and arguments say, in both
# directions and in 8 and 10 bits: black comes out as 16, white as 235. And what PyAV makes of RGB for libx265 in grey has
# black at 0, while the file written says limited range: FFmpeg reads its own files right, and whoever goes by what they
# say sees shadows and lights cut off; in grey clips of other makers FFmpeg shows black as dark grey.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys

import av
import numpy as np
from av.video.reformatter import ColorRange

print("av", av.__version__, "| libswscale", av.library_versions["libswscale"])


def plain(format, codes):
    """A frame of one shade, its planes given as codes, marked as limited range."""
    frame = av.VideoFrame(64, 48, format)
    kind = np.uint16 if "10" in format else np.uint8
    for plane, code in zip(frame.planes, codes):
        plane.update(np.full(plane.buffer_size // np.dtype(kind).itemsize, code, kind).tobytes())
    frame.color_range = ColorRange.MPEG
    return frame


def as_rgb(frame):
    rgb = frame.reformat(format="rgb24", src_color_range=ColorRange.MPEG, dst_color_range=ColorRange.JPEG)
    return int(rgb.to_ndarray()[24, 32, 0])


black = {
    "yuv420p": as_rgb(plain("yuv420p", (16, 128, 128))),
    "gray": as_rgb(plain("gray", (16,))),
    "gray10le": as_rgb(plain("gray10le", (64,))),
}
print("luma of black in limited range, as RGB:", black)
rgb = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
ranges = {"src_color_range": ColorRange.JPEG, "dst_color_range": ColorRange.MPEG}
luma = {format: rgb.reformat(format=format, **ranges).to_ndarray().ravel()[0].item() for format in ("yuv420p", "gray")}
print("RGB's black, as luma of limited range:", luma)

with av.open("grey.mp4", "w") as container:
    stream = container.add_stream("libx265", rate=25, options={"crf": "1", "x265-params": "log-level=none"})
    stream.width, stream.height, stream.pix_fmt = 64, 48, "gray"
    for n in range(5):
        frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
        frame.pts = n
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
with av.open("grey.mp4") as container:
    frame = next(container.decode(video=0))
said, stored = int(frame.color_range), int(frame.to_ndarray().ravel()[0])
print(f"RGB's black in grey HEVC: the file says range {said} (1: limited), luma is {stored}")
as_told = black == {"yuv420p": 0, "gray": 16, "gray10le": 16} and luma == {"yuv420p": 16, "gray": 0}
sys.exit(0 if as_told and (said, stored) == (1, 0) else 1)
PYTHON
