#!/usr/bin/env bash
# Guess: WebCodecs' VideoEncoder writes the colour space of its frames into what it encodes, for every codec the same.
# What happens (Chromium 156, av 18.1.0): JPEG, WebP and AVIF come out of ImageDecoder as YUV with BT.601's matrix and
# BT.709's primaries. Encoded as VP9, whose header has one number for both, such frames are marked as BT.709, though
# their samples stay BT.601's; the decoderConfig that the encoder gives beside them says smpte170m. FFmpeg goes by the
# header: of a JPEG's (200, 60, 40) it makes (213, 73, 37). AV1 of the same frame says BT.601, and so does VP9 where
# the frame's primaries are BT.601's, too. Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const tell = (found) => fetch("/found", { method: "POST", body: JSON.stringify(found) });

  /** A JPEG of one colour, decoded. */
  async function photograph() {
    const pen = new OffscreenCanvas(320, 240).getContext("2d");
    pen.fillStyle = "rgb(200, 60, 40)";
    pen.fillRect(0, 0, 320, 240);
    const jpeg = await pen.canvas.convertToBlob({ type: "image/jpeg", quality: 0.95 });
    return (await new ImageDecoder({ type: jpeg.type, data: await jpeg.arrayBuffer() }).decode()).image;
  }

  /** The same samples with BT.601's primaries, too. */
  async function relabelled(frame) {
    const bytes = new Uint8Array(frame.allocationSize());
    const layout = await frame.copyTo(bytes);
    const { format, codedWidth, codedHeight } = frame;
    const colorSpace = { ...frame.colorSpace.toJSON(), primaries: "smpte170m" };
    return new VideoFrame(bytes, { format, codedWidth, codedHeight, layout, timestamp: 0, colorSpace });
  }

  async function encoded(frame, codec) {
    const found = { codec, frame: frame.colorSpace.toJSON() };
    const encoder = new VideoEncoder({
      output(chunk, { decoderConfig }) {
        const bytes = new Uint8Array(chunk.byteLength);
        chunk.copyTo(bytes);
        Object.assign(found, { config: decoderConfig.colorSpace, chunk: btoa(String.fromCharCode(...bytes)) });
      },
      error: (error) => tell({ error: String(error) }),
    });
    encoder.configure({ codec, width: 320, height: 240, bitrate: 4e6 });
    encoder.encode(frame, { keyFrame: true });
    await encoder.flush();
    return found;
  }

  try {
    const frame = await photograph();
    const found = [
      await encoded(frame, "vp09.00.10.08"),
      await encoded(frame, "av01.0.04M.08"),
      await encoded(await relabelled(frame), "vp09.00.10.08"),
    ];
    await tell({ agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], found });
  } catch (error) {
    await tell({ error: String(error) });
  }
</script>
HTML
CHROMIUM=$chromium PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import base64
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
flags = ["--headless=new", "--no-sandbox", "--user-data-dir=profile"]
address = f"http://127.0.0.1:{server.server_address[1]}/page.html"
browser = subprocess.Popen([os.environ["CHROMIUM"], *flags, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    answer = told.get(timeout=120)
finally:
    browser.terminate()
    browser.wait()
if "error" in answer:
    sys.exit(answer["error"])
print(answer["agent"], "| av", av.__version__, "| libavcodec", av.library_versions["libavcodec"])
NAMES = {1: "bt709", 5: "bt470bg", 6: "smpte170m"}
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114), 6: (0.299, 0.114)}  # of red and blue


def to_rgb(frame):
    """The colour of the frame's middle in the frame's own matrix, full range, by the formulas of ITU-T H.273."""
    assert int(frame.color_range) == 2
    y, u, v = (bytes(plane)[plane.line_size * (plane.height // 2) + plane.width // 2] for plane in frame.planes)
    red, blue = WEIGHTS[int(frame.colorspace)]
    r, b = y + 2 * (1 - red) * (v - 128), y + 2 * (1 - blue) * (u - 128)
    return [round(value) for value in (r, (y - red * r - blue * b) / (1 - red - blue), b)]


seen = []
for each in answer["found"]:
    name = "vp9" if each["codec"].startswith("vp09") else "libdav1d"
    decoder = av.CodecContext.create(name, "r")
    frame = (decoder.decode(av.Packet(base64.b64decode(each["chunk"]))) + decoder.decode(None))[0]
    seen.append((each["frame"]["matrix"], each["config"]["matrix"], NAMES[int(frame.colorspace)], to_rgb(frame)))
    print(
        f"{each['codec']}: frame with matrix {seen[-1][0]}, primaries {each['frame']['primaries']}; the decoderConfig says"
        f" {seen[-1][1]}, the encoded bytes {seen[-1][2]}; decoded as they say: {seen[-1][3]}"
    )


def near(colour, expected):
    return all(abs(a - b) <= 4 for a, b in zip(colour, expected))


vp9, av1, primaries = seen
holds = all(each[:2] == ("smpte170m", "smpte170m") for each in seen)
holds &= vp9[2] == "bt709" and near(vp9[3], (213, 73, 37)) and answer["found"][0]["frame"]["primaries"] == "bt709"
holds &= all(each[2] == "smpte170m" and near(each[3], (200, 60, 40)) for each in (av1, primaries))
sys.exit(0 if holds else 1)
PYTHON
