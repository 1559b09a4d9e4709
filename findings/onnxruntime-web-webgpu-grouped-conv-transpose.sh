#!/usr/bin/env bash
# Guess: a transposed convolution in groups gives the same on WebGPU as on the processor, within rounding.
# What happens (onnxruntime-web 1.30.0, WebGPU in Chromium's software adapter): with one group it does; with 2, 3, 4 or 8
# groups of four input channels and one output channel each the values are wrong. Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" onnx==1.23.2 numpy==2.4.6 \
    onnxruntime==1.32.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" onnxruntime-web@1.30.0 >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const tell = (found) => fetch("/found", { method: "POST", body: JSON.stringify(found) });
  const bytes = (text) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  try {
    const ort = await import("/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs");
    const found = [];
    for (const { model, x, shape } of await (await fetch("/cases.json")).json()) {
      const session = await ort.InferenceSession.create(bytes(model), { executionProviders: ["webgpu"] });
      const { y } = await session.run({ x: new ort.Tensor("float32", new Float32Array(bytes(x).buffer), shape) });
      found.push([...y.data]);
    }
    await tell({ version: ort.env.versions.web, agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], found });
  } catch (error) {
    await tell({ error: String(error) });
  }
</script>
HTML
CHROMIUM=$chromium PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON'
import base64
import functools
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

rng = np.random.default_rng(0)
groups = [1, 2, 3, 4, 8]
cases, expected = [], []
for count in groups:
    x = rng.normal(size=(1, 4 * count, 6, 6)).astype(np.float32)
    w = numpy_helper.from_array(rng.normal(size=(4 * count, 1, 2, 2)).astype(np.float32), "w")
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in (("x", x.shape), ("y", None))]
    node = helper.make_node("ConvTranspose", ["x", "w"], ["y"], strides=[2, 2], group=count)
    graph = helper.make_graph([node], "graph", values[:1], values[1:], [w])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    expected.append(session.run(None, {"x": x})[0].ravel())
    text = [base64.b64encode(part).decode() for part in (model, x.tobytes())]
    cases.append({"model": text[0], "x": text[1], "shape": x.shape})
with open("cases.json", "w") as file:
    json.dump(cases, file)
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
flags = [
    "--headless=new", "--no-sandbox", "--user-data-dir=profile", "--enable-unsafe-webgpu", "--enable-features=Vulkan",
    "--use-vulkan=swiftshader", "--use-angle=swiftshader", "--use-webgpu-adapter=swiftshader", "--ignore-gpu-blocklist",
]
address = f"http://127.0.0.1:{server.server_address[1]}/page.html"
browser = subprocess.Popen([os.environ["CHROMIUM"], *flags, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    answer = told.get(timeout=170)
finally:
    browser.terminate()
    browser.wait()
if "error" in answer:
    sys.exit(answer["error"])
print("onnxruntime-web", answer["version"], answer["agent"], "| onnxruntime", onnxruntime.__version__)
wrong = []
for count, mine, theirs in zip(groups, expected, answer["found"]):
    off = float(np.linalg.norm(np.array(theirs) - mine) / np.linalg.norm(mine))
    print(f"{count} groups of 4 channels to 1: relative difference {off:.1e}")
    if off > 1e-3:
        wrong.append(count)
sys.exit(0 if wrong == [2, 3, 4, 8] else 1)
PYTHON
