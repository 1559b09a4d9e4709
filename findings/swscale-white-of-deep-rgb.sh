#!/usr/bin/env bash
# Guess: white of a 10-bit clip is white of the RGB it is converted to, too: 1023 of 10 bits, 65535 of 16, 1.0 in floats.
# What happens (av 18.1.0, libswscale 9): it becomes 255/256 of that: 1020, 4080 of 12 bits, 65283 of 16, and .9962 in
# floats, from limited-range YUV of 8, 10 and 12 bits alike, and from 8-bit RGB's 255. As 8-bit RGB white is 255, and
# as grey of 12 and 16 bits 4095 and 65535. Whoever divides by the largest code takes the whole picture for .4 %
# darker, which HDR's steep curves make more of: PQ's code for 1000 cd/m² is read as 973.
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
from av.video.reformatter import ColorRange, VideoReformatter

print("av", av.__version__, "| libswscale", av.library_versions["libswscale"])
# What white becomes, and the largest code.
WHITE = {
    "rgb24": (255, 255),
    "gbrp10le": (1020, 1023),
    "gbrp12le": (4080, 4095),
    "rgb48le": (65283, 65535),
    "gbrp16le": (65283, 65535),
    "gbrpf32le": (0.99615, 1),
    "gray12le": (4095, 4095),
    "gray16le": (65535, 65535),
}
BICUBIC, FULL_CHROMA, ACCURATE = 0x4, 0x2000 | 0x4000, 0x40000


def white(kind, bits):
    """A frame of white: 4:2:0 of limited range, or 8-bit RGB."""
    frame = av.VideoFrame(64, 48, kind)
    levels = (255,) if kind == "rgb24" else (235, 128, 128)
    for plane, level in zip(frame.planes, levels):
        code = np.dtype(np.uint8 if bits == 8 else "<u2").type(level << (bits - 8))
        plane.update(np.full(plane.buffer_size // code.nbytes, code).tobytes())
    return frame


def converted(frame, kind):
    """The same in another format, of full range: one value."""
    pixels = VideoReformatter().reformat(
        frame,
        format=kind,
        src_colorspace=1,  # BT.709
        dst_colorspace=1,
        src_color_range=ColorRange.JPEG if frame.format.is_rgb else ColorRange.MPEG,
        dst_color_range=ColorRange.JPEG,
        interpolation=BICUBIC | FULL_CHROMA | ACCURATE,
    ).to_ndarray()
    return float(pixels[24, 32].flat[0])


holds = True
for source, bits in (("yuv420p", 8), ("yuv420p10le", 10), ("yuv420p12le", 12), ("rgb24", 8)):
    frame = white(source, bits)
    found = {kind: converted(frame, kind) for kind in WHITE if kind != source}
    print(f"white of {source}:", ", ".join(f"{kind} {value:.5g} of {WHITE[kind][1]}" for kind, value in found.items()))
    holds &= all(abs(value - WHITE[kind][0]) <= WHITE[kind][1] / 50_000 for kind, value in found.items())


def pq(code):
    """cd/m² for a code between 0 and 1 (SMPTE ST 2084)."""
    power = code ** (32 / 2523)
    return 10_000 * (max(power - 0.8359375, 0) / (18.8515625 - 18.6875 * power)) ** (8192 / 1305)


code = 0.751827  # 1000 cd/m²
print(f"PQ: code {code} is {pq(code):.0f} cd/m², code {code * 255 / 256:.6f} is {pq(code * 255 / 256):.0f}")
sys.exit(0 if holds else 1)
PYTHON
