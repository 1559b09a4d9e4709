#!/usr/bin/env bash
# Guess: PyAV decodes what FFmpeg's command line, which has the same libraries, plays: for frame in container.decode(video=0).
# What happens (PyAV 18.1.0 with FFmpeg 8.1.2, clips by FFmpeg 4.2.2): Theora in which nothing changes for a frame, as recordings of
# screens and slides have it, stops with an error at the first such frame. A packet of no bytes stands for it; PyAV hands that to the
# decoder, to which it says that the stream ends, and which refuses all that follows. FFmpeg's command line leaves such packets out,
# and goes on. Skipping them (packet.size == 0 and packet.pts is not None) brings the other frames; the reader has to repeat them.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 imageio-ffmpeg==0.4.8 setuptools==80.9.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON'
import subprocess
import sys

import av
import imageio_ffmpeg

ffmpeg = imageio_ffmpeg.get_ffmpeg_exe()
print("PyAV", av.__version__, "| FFmpeg", av.ffmpeg_version_info, "| clip made by FFmpeg", imageio_ffmpeg.get_ffmpeg_version())
# Half a second that moves, half a second that stands still, half a second that moves.
moves, stands = "testsrc2=s=128x96:r=24:d=0.5", "color=c=red:s=128x96:r=24:d=0.5"
graph = f"{moves}[a];{stands}[b];{moves}[c];[a][b][c]concat=n=3"
subprocess.run(
    [ffmpeg, "-v", "error", "-f", "lavfi", "-i", graph, "-c:v", "libtheora", "-q:v", "8", "screen.ogv"], check=True
)
played = subprocess.run(
    [ffmpeg, "-v", "error", "-xerror", "-i", "screen.ogv", "-vsync", "passthrough", "-f", "framecrc", "-"],
    check=True, capture_output=True, text=True,
).stdout.splitlines()
played = sum(not line.startswith("#") for line in played)

with av.open("screen.ogv") as container:
    sizes = [packet.size for packet in container.demux(video=0) if packet.pts is not None]
print(f"{len(sizes)} packets, {sizes.count(0)} of no bytes; FFmpeg's command line decodes {played} frames without a word")
decoded, error = 0, None
with av.open("screen.ogv") as container:
    try:
        for frame in container.decode(video=0):
            decoded += 1
    except av.error.FFmpegError as caught:
        error = caught
print(f"PyAV decodes {decoded}, then {error!r}")
with av.open("screen.ogv") as container:
    packets = (packet for packet in container.demux(video=0) if packet.size or packet.pts is None)
    skipping = sum(len(packet.decode()) for packet in packets)
print(f"without the packets of no bytes: {skipping}")
sys.exit(0 if sizes.count(0) and error is not None and decoded < played == skipping else 1)
PYTHON
