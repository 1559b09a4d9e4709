#!/usr/bin/env bash
# Guess: the `description` that a VideoEncoder gives for H.264 ("avc" format) is an AVCDecoderConfigurationRecord (ISO
# 14496-15), whose parameter sets are those of the stream: written into an MP4 as it is, it makes players decode.
# What happens (Firefox 153 ESR on Linux, av 18.1.0): each parameter set in it begins with its first byte twice, 67 67
# and 68 68, and its length counts that byte. A decoder that goes by the description finds "sps_id out of range" and
# decodes nothing. The key frames hold both sets undamaged: FFmpeg, which reads those too, recovers with errors.
# With `avc: { format: "annexb" }` there is no description, and what writes the file makes its own. Needs firefox-esr and
# libavcodec, by which it encodes H.264.
set -euo pipefail
FIREFOX=$(command -v firefox-esr || command -v firefox)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
mkdir profile
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const hex = (bytes) => [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const found = { agent: navigator.userAgent.match(/Firefox\/[\d.]+/)[0], chunks: [] };
  const encoder = new VideoEncoder({
    output(chunk, { decoderConfig } = {}) {
      const bytes = new Uint8Array(chunk.byteLength);
      chunk.copyTo(bytes);
      found.chunks.push(hex(bytes));
      if (decoderConfig) found.description = hex(decoderConfig.description);
    },
    error: (error) => (found.error = `${error}`),
  });
  try {
    const size = { width: 320, height: 240 };
    encoder.configure({ codec: "avc1.42001f", ...size, bitrate: 1e6, avc: { format: "avc" } });
    const canvas = new OffscreenCanvas(size.width, size.height);
    const pen = canvas.getContext("2d");
    for (let i = 0; i < 5; i++) {
      pen.fillStyle = `hsl(${50 * i} 80% 50%)`;
      pen.fillRect(0, 0, size.width, size.height);
      const frame = new VideoFrame(canvas, { timestamp: 40000 * i });
      encoder.encode(frame, { keyFrame: i === 0 });
      frame.close();
    }
    await encoder.flush();
  } catch (error) {
    found.error = `${error}`;
  }
  await fetch("/found", { method: "POST", body: JSON.stringify(found) });
</script>
HTML
export FIREFOX
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import functools
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

import av

told = queue.Queue()


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory="."))
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}/page.html"
command = [os.environ["FIREFOX"], "--headless", "--no-remote", "--profile", "profile", address]
browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    found = told.get(timeout=150)
finally:
    browser.terminate()
    browser.wait()
if "error" in found:
    sys.exit(found["error"])
print(found["agent"], "| av", av.__version__)


def units(data):
    """The NAL units of a packet, each behind its length in four bytes."""
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        yield data[at + 4 : at + 4 + length]
        at += 4 + length


def sets(record):
    """The one SPS and the one PPS of an AVCDecoderConfigurationRecord."""
    assert record[0] == 1 and record[5] & 31 == 1
    length = int.from_bytes(record[6:8], "big")
    sps, rest = record[8 : 8 + length], record[8 + length :]
    assert rest[0] == 1
    return sps, rest[3 : 3 + int.from_bytes(rest[1:3], "big")]


def record_of(head, sps, pps):
    return head + b"\xe1" + len(sps).to_bytes(2, "big") + sps + b"\x01" + len(pps).to_bytes(2, "big") + pps


def decoded(record, packets):
    """How many frames libavcodec makes of packets that hold no parameter sets, going by a record."""
    decoder = av.CodecContext.create("h264", "r")
    decoder.extradata = record
    try:
        return sum(len(decoder.decode(packet)) for packet in [*map(av.Packet, packets), None])
    except av.error.InvalidDataError:
        return 0


av.logging.set_level(av.logging.PANIC)
record, chunks = bytes.fromhex(found["description"]), [bytes.fromhex(each) for each in found["chunks"]]
in_stream = {unit[0] & 31: unit for unit in units(chunks[0])}
sps, pps = sets(record)
print(f"of the stream:      SPS {in_stream[7].hex(' ')}\n                    PPS {in_stream[8].hex(' ')}")
print(f"of the description: SPS {sps.hex(' ')}\n                    PPS {pps.hex(' ')}")
pictures = [[unit for unit in units(chunk) if unit[0] & 31 in (1, 5)] for chunk in chunks]
packets = [b"".join(len(unit).to_bytes(4, "big") + unit for unit in picture) for picture in pictures]
as_told = decoded(record, packets)
repaired = decoded(record_of(record[:5], in_stream[7], in_stream[8]), packets)
print(f"decoded by the description: {as_told} of {len(packets)} frames; by the stream's own sets: {repaired}")
repeated = sps == in_stream[7][:1] + in_stream[7] and pps == in_stream[8][:1] + in_stream[8]
sys.exit(0 if repeated and as_told == 0 and repaired == len(packets) else 1)
PYTHON
