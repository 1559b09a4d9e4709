#!/usr/bin/env bash
# Guess: onnxruntime-web's tensors go back into pictures as they came: what fromImage made with tensorFormat: "BGR", as networks
# trained with OpenCV want it, toImageData and toDataURL with format: "BGR" show in its colours.
# What happens (onnxruntime-web 1.30.0, Chromium 156): both accept "BGR" (the type names it) and lay the planes down as RGB, so
# that red and blue are exchanged: 200 60 10 comes back as 10 60 200. "RGB" and "RGBA" come back as they were. Needs
# chromium.
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
    const colour = [200, 60, 10, 255];
    const data = new ImageData(Uint8ClampedArray.from({ length: 64 }, (_, at) => colour[at % 4]), 4, 4);
    const shown = async (url) => {
      const img = new Image();
      img.src = url;
      await img.decode();
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [4, 4];
      canvas.getContext("2d").drawImage(img, 0, 0);
      return Array.from(canvas.getContext("2d").getImageData(0, 0, 1, 1).data);
    };
    const found = {};
    for (const order of ["RGB", "BGR", "RGBA"]) {
      const tensor = await ort.Tensor.fromImage(data, { tensorFormat: order });
      const planes = Array.from({ length: tensor.dims[1] }, (_, plane) => Math.round(tensor.data[plane * 16] * 255));
      const image = Array.from(tensor.toImageData({ format: order }).data.slice(0, 4));
      found[order] = { planes, image, url: await shown(tensor.toDataURL({ format: order })) };
    }
    await tell({ version: ort.env.versions.common, agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], found });
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
for order, case in answer["found"].items():
    print(f"{order}: planes of the tensor {case['planes']}, toImageData {case['image']}, toDataURL {case['url']}")
COLOUR, SWAPPED = [200, 60, 10, 255], [10, 60, 200, 255]
found = answer["found"]
right = all(found[order][way] == COLOUR for order in ("RGB", "RGBA") for way in ("image", "url"))
made = found["BGR"]["planes"] == SWAPPED[:3] and found["RGB"]["planes"] == COLOUR[:3]
sys.exit(0 if right and made and found["BGR"]["image"] == SWAPPED and found["BGR"]["url"] == SWAPPED else 1)
PYTHON
