#!/usr/bin/env bash
# Guess: remuxing MKV or WebM into MP4 with mediabunny, which copies every packet, leaves sound and picture together.
# What happens (mediabunny 1.61.0, av 18.1.0): what a decoder needs to start up is in a Matroska file as CodecDelay, by
# which all time stamps of the track are too late. mediabunny writes the element and never reads it: sound comes later by
# it, in Opus by 7 ms, in AAC by 21 ms, in MP3 by 23 ms. A click of 1.000 s, together with a flash, is at 1.023 s then;
# FFmpeg has it in its place. Whoever converts with it, or decodes, has to read CodecDelay on his own.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
npm install --silent --no-audit --no-fund --prefix "$folder" mediabunny@1.61.0 >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
cd "$folder"
cat >remux.mjs <<'JS'
import { readFileSync, writeFileSync } from "node:fs";
import { ALL_FORMATS, BufferSource, BufferTarget, Conversion, Input, Mp4OutputFormat, Output } from "mediabunny";

for (const name of process.argv.slice(2)) {
  const input = new Input({ source: new BufferSource(readFileSync(`${name}.mkv`)), formats: ALL_FORMATS });
  const output = new Output({ format: new Mp4OutputFormat(), target: new BufferTarget() });
  const conversion = await Conversion.init({ input, output });
  if (conversion.discardedTracks.length) throw new Error(`${name}: a track is lost`);
  await conversion.execute();
  writeFileSync(`${name}.mp4`, new Uint8Array(output.target.buffer));
}
JS
cat >clips.py <<'PYTHON'
import sys

import av
import numpy as np

SOUND = 48000  # samples a second
CODECS = {"opus": "libopus", "aac": "aac", "mp3": "libmp3lame"}


def write(name, codec):
    """Two seconds; after the first one the picture turns white and a tone begins."""
    with av.open(f"{name}.mkv", "w") as container:
        video = container.add_stream("libx264", rate=100, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 64, "yuv420p"
        audio = container.add_stream(codec, rate=SOUND)
        audio.layout = "mono"
        for i in range(200):
            frame = av.VideoFrame.from_ndarray(np.full((64, 64, 3), 255 * (i >= 100), np.uint8), format="rgb24")
            frame.pts = i
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        tone = np.zeros((1, 2 * SOUND), np.float32)
        tone[0, SOUND:] = 0.8 * np.sin(2 * np.pi * 1000 * np.arange(SOUND) / SOUND)
        whole = av.AudioFrame.from_ndarray(tone, format="fltp", layout="mono")
        whole.rate, whole.pts = SOUND, 0
        context = audio.codec_context
        pieces = av.AudioResampler(context.format, "mono", SOUND, frame_size=context.frame_size or 960)
        for piece in pieces.resample(whole) + pieces.resample(None):
            container.mux(audio.encode(piece))
        container.mux(audio.encode(None))


def begin(path):
    """When, in seconds, the picture turns white, and when the tone begins."""
    with av.open(path) as container:
        flash = next(f.time for f in container.decode(video=0) if f.to_ndarray(format="gray").mean() > 100)
    with av.open(path) as container:
        for frame in container.decode(audio=0):
            samples = frame.to_ndarray().astype(float).ravel()
            if frame.format.name.startswith("s16"):
                samples /= 32768
            loud = np.flatnonzero(np.abs(samples) > 0.2)
            if len(loud):
                return flash, frame.time + loud[0] / frame.sample_rate
    raise ValueError(f"{path} is silent")


if sys.argv[1] == "write":
    for name, codec in CODECS.items():
        write(name, codec)
    sys.exit()
print("mediabunny", sys.argv[2], "| av", av.__version__, "| libavformat", av.library_versions["libavformat"])
late = {}
for name in CODECS:
    (flash, tone), (flash_then, tone_then) = begin(f"{name}.mkv"), begin(f"{name}.mp4")
    late[name] = tone_then - flash_then
    print(
        f"{name}: in the MKV flash at {flash:.3f} s, tone at {tone:.3f} s;"
        f" in mediabunny's MP4 {flash_then:.3f} s and {tone_then:.3f} s"
    )
    if abs(tone - flash) > 0.002:
        sys.exit(f"{name}: FFmpeg has them apart in the source, too")
expected = {"opus": 0.007, "aac": 0.021, "mp3": 0.023}
sys.exit(0 if all(abs(late[name] - seconds) < 0.002 for name, seconds in expected.items()) else 1)
PYTHON
PYTHONPATH="$folder/packages" python3 clips.py write 2>/dev/null
node remux.mjs opus aac mp3
version=$(node -p 'JSON.parse(require("fs").readFileSync("node_modules/mediabunny/package.json")).version')
PYTHONPATH="$folder/packages" python3 clips.py compare "$version"
