#!/usr/bin/env bash
# Guess: in a WebM without DefaultDuration, such as browsers record, a frame lasts until the next begins, so only the
# very last frame has an unknown length.
# What happens (mediabunny 1.61.0): lengths are worked out cluster by cluster. The last frame of every cluster has a
# duration of 0, not 40 ms, although the next cluster says when it ends: a frame every half second here, which whatever
# shows frames for their durations loses. With DefaultDuration in the file no frame has 0.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" mediabunny@1.61.0 >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
from pathlib import Path

import av
import numpy as np

with av.open("with.webm", "w", options={"cluster_time_limit": "500"}) as container:
    stream = container.add_stream("libvpx-vp9", rate=25)
    stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
    for i in range(100):
        for packet in stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 2 * i, np.uint8))):
            container.mux(packet)
    for packet in stream.encode():
        container.mux(packet)
# The same file without the element DefaultDuration (23 E3 83): its bytes become a Void element (EC).
data = Path("with.webm").read_bytes()
at = data.index(b"\x23\xe3\x83")
length = 4 + (data[at + 3] & 0x7F)
void = bytes([0xEC, 0x80 | (length - 2)]) + bytes(length - 2)
Path("without.webm").write_bytes(data[:at] + void + data[at + length :])
print("av", av.__version__, "| clusters of", len(data), "bytes:", data.count(b"\x1f\x43\xb6\x75"))
PYTHON
cat >read.mjs <<'JAVASCRIPT'
import { readFileSync } from "node:fs";
import { ALL_FORMATS, BufferSource, EncodedPacketSink, Input } from "mediabunny";

console.log("mediabunny", JSON.parse(readFileSync("node_modules/mediabunny/package.json")).version);
const without = {};
for (const file of ["with.webm", "without.webm"]) {
  const input = new Input({ formats: ALL_FORMATS, source: new BufferSource(readFileSync(file)) });
  const durations = [];
  for await (const packet of new EncodedPacketSink(await input.getPrimaryVideoTrack()).packets()) {
    durations.push(packet.duration);
  }
  without[file] = durations.flatMap((duration, i) => (duration === 0 ? [i] : []));
  console.log(file, "frames", durations.length, "| with duration 0:", without[file].join(" ") || "none");
}
const found = without["without.webm"];
process.exit(without["with.webm"].length === 0 && found.length === 8 && found.at(-1) === 99 ? 0 : 1);
JAVASCRIPT
node read.mjs
