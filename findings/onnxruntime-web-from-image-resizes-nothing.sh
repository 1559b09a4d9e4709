#!/usr/bin/env bash
# Guess: Tensor.fromImage(picture, { resizedWidth, resizedHeight }) gives the picture in that size, whatever it is made from: "If
# omitted, original height will be used".
# What happens (onnxruntime-web 1.30.0, Chromium 156): no kind of picture is resized. Of ImageData and <img> the top left corner
# is cut out, or, to enlarge, black is laid to the right and below; an ImageBitmap and a picture by its URL keep their own
# size. Nothing is raised: the network sees a corner. And an <img> becomes four channels where the others become three.
# Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" onnxruntime-web@1.30.0 >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const tell = (found) => fetch("/found", { method: "POST", body: JSON.stringify(found) });
  try {
    const ort = await import("/node_modules/onnxruntime-web/dist/ort.wasm.bundle.min.mjs");
    // 4 x 4 pixels whose reds are 0, 10, 20, ... 150
    const data = new ImageData(Uint8ClampedArray.from({ length: 64 }, (_, at) => [10 * (at >> 2), 100, 200, 255][at % 4]), 4, 4);
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [4, 4];
    canvas.getContext("2d").putImageData(data, 0, 0);
    const url = canvas.toDataURL();
    const img = new Image();
    img.src = url;
    await img.decode();
    const kinds = { ImageData: data, img, ImageBitmap: await createImageBitmap(data), url };
    const found = [];
    for (const [kind, picture] of Object.entries(kinds)) {
      for (const size of [4, 2, 8]) {
        const tensor = await ort.Tensor.fromImage(picture, { resizedWidth: size, resizedHeight: size });
        const [, channels, height, width] = tensor.dims;
        const red = Array.from(tensor.data.slice(0, height * width), (value) => Math.round(value * 255));
        found.push({ kind, size, channels, height, width, red });
      }
    }
    const scaled = document.createElement("canvas"); // what the browser itself makes of it
    [scaled.width, scaled.height] = [2, 2];
    scaled.getContext("2d").drawImage(canvas, 0, 0, 2, 2);
    const small = Array.from(scaled.getContext("2d").getImageData(0, 0, 2, 2).data).filter((_, at) => at % 4 === 0);
    await tell({ version: ort.env.versions.common, agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], small, found });
  } catch (error) {
    await tell({ error: String(error) });
  }
</script>
HTML
CHROMIUM=$chromium python3 - <<'PYTHON'
import functools
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

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
print("onnxruntime-web", answer["version"], answer["agent"])
whole = [10 * at for at in range(16)]
means = [sum(whole[y * 4 + x] for y in (top, top + 1) for x in (left, left + 1)) / 4 for top in (0, 2) for left in (0, 2)]
corner = [whole[y * 4 + x] for y in (0, 1) for x in (0, 1)]
laid = [whole[y * 4 + x] if x < 4 and y < 4 else 0 for y in range(8) for x in range(8)]
print(f"4 x 4 pixels of red {whole}; made smaller by halves, their means: {means}; by the browser's canvas: {answer['small']}")
seen = {}
for case in answer["found"]:
    size = (case["height"], case["width"])
    print(f"{case['kind']} to {case['size']} x {case['size']}: {case['channels']} channels of {size}, red {case['red'][:16]}")
    seen[case["kind"], case["size"]] = size, case["red"]
same = all(seen[kind, 4] == ((4, 4), whole) for kind, _ in seen)
cut = all(seen[kind, 2] == ((2, 2), corner) and seen[kind, 8] == ((8, 8), laid) for kind in ("ImageData", "img"))
kept = all(seen[kind, size] == ((4, 4), whole) for kind in ("ImageBitmap", "url") for size in (2, 8))
channels = {case["kind"]: case["channels"] for case in answer["found"]} == {"ImageData": 3, "img": 4, "ImageBitmap": 3, "url": 3}
browser_resizes = max(abs(one - other) for one, other in zip(answer["small"], means)) <= 1
sys.exit(0 if same and cut and kept and channels and browser_resizes else 1)
PYTHON
