#!/usr/bin/env bash
# Guess: InstanceNormalization takes off the mean and divides by the deviation; how large the mean was does not matter,
# in float32 and on WebGPU as on the processor.
# What happens (onnxruntime-web 1.30.0, WebGPU in Chromium's software adapter): WebGPU takes the variance as the mean
# of the squares less the square of the mean, in float32. Of a channel of 300 ± 0.1, as the first layers of networks
# that take 0...255 make of a plain wall or of fog, the result is off by 1 where all of it lies within ± 3.2; of
# 1000 ± 0.1 the variance comes out negative and the whole channel is NaN, which later layers spread over the picture.
# The processor (onnxruntime 1.32.0) is right to 0.001. Of 1 ± 0.1 both are right to 1e-5. Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    onnx==1.23.2 numpy==2.4.6 onnxruntime==1.32.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" onnxruntime-web@1.30.0 >"$folder/log" 2>&1 || {
    cat "$folder/log"
    exit 1
}
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const tell = (found) => fetch("/found", { method: "POST", body: JSON.stringify(found) });
  const bytes = async (file) => new Uint8Array(await (await fetch(file)).arrayBuffer());
  try {
    const ort = await import("/node_modules/onnxruntime-web/dist/ort.webgpu.bundle.min.mjs");
    const session = await ort.InferenceSession.create(await bytes("/model.onnx"), { executionProviders: ["webgpu"] });
    const values = new Float32Array((await bytes("/x.bin")).buffer);
    const { y } = await session.run({ x: new ort.Tensor("float32", values, [1, 4, 32, 48]) });
    const found = [...y.data].map((value) => (Number.isNaN(value) ? "nan" : value));
    await tell({ version: ort.env.versions.web, agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], found });
  } catch (error) {
    await tell({ error: String(error) });
  }
</script>
HTML
CHROMIUM=$chromium PYTHONPATH="$folder/packages" python3 -W ignore - <<'PYTHON'
import functools
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

SHAPE, EPSILON = (1, 4, 32, 48), 1e-5  # PyTorch's epsilon
MEANS = np.array([1, 10, 300, 1000])  # of the four channels, each with a deviation of 0.1
rng = np.random.default_rng(0)
x = (rng.normal(size=SHAPE) * 0.1 + MEANS.reshape(1, 4, 1, 1)).astype(np.float32)
constants = [numpy_helper.from_array(np.full(4, value, np.float32), name) for name, value in (("scale", 1), ("shift", 0))]
node = helper.make_node("InstanceNormalization", ["x", "scale", "shift"], ["y"], epsilon=EPSILON)
values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, SHAPE) for name in "xy"]
graph = helper.make_graph([node], "graph", values[:1], values[1:], constants)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
onnx.checker.check_model(model, full_check=True)
onnx.save(model, "model.onnx")
x.tofile("x.bin")
exact = x.astype(np.float64)
exact = (exact - exact.mean((2, 3), keepdims=True)) / np.sqrt(exact.var((2, 3), keepdims=True) + EPSILON)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
processor = session.run(None, {"x": x})[0]
told = queue.Queue()


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

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
    answer = told.get(timeout=150)
finally:
    browser.terminate()
    browser.wait()
if "error" in answer:
    sys.exit(answer["error"])
print("onnxruntime-web", answer["version"], answer["agent"], "| onnxruntime", onnxruntime.__version__)
webgpu = np.array([float(value) for value in answer["found"]]).reshape(SHAPE)
off = []
for mean, right, theirs, ours in zip(MEANS, exact[0], webgpu[0], processor[0]):
    off.append((float(np.abs(theirs - right).max()), float(np.abs(ours - right).max())))
    print(
        f"{mean:4} ± 0.1: within ± {np.abs(right).max():.1f}; WebGPU off by {off[-1][0]:.2g} ({np.isnan(theirs).sum()} NaN of"
        f" {theirs.size}), the processor by {off[-1][1]:.2g}"
    )
holds = off[0][0] < 1e-4 and 0.2 < off[2][0] < 3 and np.isnan(off[3][0]) and all(ours < 0.005 for _, ours in off)
sys.exit(0 if holds else 1)
PYTHON
