#!/usr/bin/env bash
# Guess: FFmpeg shows what an MP4's edit list shows, when it says, and nothing else (ISO/IEC 14496-12, 8.6.6).
# What happens (av 18.1.0, libavformat 62): of a list with one part that is so. Of two parts of 0.6 s, of a clip with two
# B-frames, the second begins a frame early, at 0.56 s, so that from there on the picture is ahead of the sound. And an
# empty part between two others, which says that nothing is shown for 0.4 s, brings the clip's first frames back, which
# the list cut away.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import struct
import sys
from pathlib import Path

import av
import numpy as np

print("av", av.__version__, "| libavformat", av.library_versions["libavformat"])


def write(bframes):
    """50 frames at 25 a second, each as bright as its number says."""
    with av.open("clip.mp4", "w") as container:
        options = {"bf": str(bframes), "g": "10", "sc_threshold": "0", "qp": "4"}
        stream = container.add_stream("libx264", rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for n in range(50):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), 20 + 4 * n, np.uint8))
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def edited(data, rows):
    """The same boxes, the one edit list replaced; `rows`: (seconds, from when or None)."""
    out, at = b"", 0
    while at < len(data):
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        body = data[at + 8 : at + size]
        if kind in (b"moov", b"trak", b"edts"):
            body = edited(body, rows)
        elif kind == b"elst":  # movie times are in 1/1000 s, track times in 1/12800
            body = struct.pack(">II", 0, len(rows)) + b"".join(
                struct.pack(">IiI", round(s * 1000), -1 if t is None else round(t * 12800), 65536) for s, t in rows
            )
        out += box(kind, body)
        at += size
    return out


def shown(bframes, rows):
    """When which frames are shown."""
    write(bframes)
    Path("edited.mp4").write_bytes(edited(Path("clip.mp4").read_bytes(), rows))
    with av.open("edited.mp4") as container:
        frames = [(float(f.pts * f.time_base), f.to_ndarray(format="rgb24").mean()) for f in container.decode(video=0)]
    return {round((bright - 20) / 4): round(when, 2) for when, bright in frames}


one = shown(2, [(0.6, 0.28)])
two = shown(2, [(0.6, 0.28), (0.6, 1.28)])
gap = shown(0, [(0.4, 0.2), (0.4, None), (0.4, 1.2)])
print("one part: frames", *one)
print("two parts: the second begins with frame", min(n for n in two if n > 25), "at", two[30], "s, not 0.6")
print("a gap of 0.4 s after frame 14: frames", *gap)
as_told = list(one) == list(range(5, 20)) and one[5] == 0 and two[30] == 0.56 and set(range(5)) <= set(gap)
sys.exit(0 if as_told else 1)
PYTHON
