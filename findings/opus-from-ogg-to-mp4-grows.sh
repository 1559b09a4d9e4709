#!/usr/bin/env bash
# Guess: copying an Opus track from Ogg to another container, without decoding it, keeps its length: how much of the last
# packet is padding is written in every one of these formats.
# What happens (av 18.1.0, FFmpeg's muxers): one second of Opus is 48000 samples in Ogg and stays 48000 in WebM and
# Matroska, but in MP4 the padding comes back as sound: 48648 samples, 13.5 ms too many. Clips that are joined drift apart
# from their pictures by that much each.
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

print("av", av.__version__, "| libavformat", av.library_versions["libavformat"])
RATE = 48000
tone = (8000 * np.sin(np.arange(RATE) * 2 * np.pi * 440 / RATE)).astype(np.int16)
with av.open("tone.ogg", "w") as container:
    stream = container.add_stream("libopus", rate=RATE, layout="mono")
    frame = av.AudioFrame.from_ndarray(tone[None], format="s16", layout="mono")
    frame.sample_rate, frame.pts = RATE, 0
    for packet in (*stream.encode(frame), *stream.encode(None)):
        container.mux(packet)


def copied(target):
    with av.open("tone.ogg") as source, av.open(target, "w") as container:
        stream = container.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = stream
                container.mux(packet)
    return target


def samples(name):
    with av.open(name) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


found = {name: samples(name) for name in ("tone.ogg", *map(copied, ("tone.webm", "tone.mkv", "tone.mp4")))}
print(*(f"{name}: {count} samples" for name, count in found.items()), sep="\n")
kept = all(found[name] == RATE for name in ("tone.ogg", "tone.webm", "tone.mkv"))
sys.exit(0 if kept and found["tone.mp4"] == 48648 else 1)
PYTHON
