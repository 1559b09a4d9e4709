#!/usr/bin/env bash
# Guess: a video frame in HDR has one colour on an sRGB texture of WebGPU and on an sRGB canvas, give or take how bright
# parts are brought down; HLG and PQ, whose curves differ widely, come out differently.
# What happens (Chromium 156, software adapter): importExternalTexture and copyExternalImageToTexture know neither curve
# and take the code values for linear light, HLG and PQ alike: the code .50 becomes 188 of 255, .75 becomes 224. A 2D
# canvas makes 99 of HLG's .50, and 132 of PQ's. An HDR clip painted on WebGPU is pale, and nothing is raised. Frames
# with BT.709's curve, in BT.2020's gamut or not, are the same on both. Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const tell = (found) => fetch("/found", { method: "POST", body: JSON.stringify(found) });
  const size = [64, 48];
  const shader = `
    @group(0) @binding(0) var frame: texture_external;
    @vertex fn corner(@builtin(vertex_index) i: u32) -> @builtin(position) vec4f {
      return vec4f(array(vec2f(-1, -1), vec2f(3, -1), vec2f(-1, 3))[i], 0, 1);
    }
    @fragment fn colour(@builtin(position) at: vec4f) -> @location(0) vec4f {
      return textureLoad(frame, vec2u(at.xy));
    }`;

  /** A grey frame: a code of luma between 0 and 1, of limited range. */
  function grey(code, primaries, transfer) {
    const [width, height] = size;
    const data = new Uint8Array((width * height * 3) / 2).fill(128);
    data.fill(Math.round(16 + 219 * code), 0, width * height);
    const colorSpace = { matrix: primaries === "bt709" ? "bt709" : "bt2020-ncl", primaries, transfer, fullRange: false };
    return new VideoFrame(data, { format: "I420", codedWidth: width, codedHeight: height, timestamp: 0, colorSpace });
  }

  function onCanvas(frame) {
    const pen = new OffscreenCanvas(...size).getContext("2d", { willReadFrequently: true });
    pen.drawImage(frame, 0, 0);
    return pen.getImageData(9, 9, 1, 1).data[1];
  }

  /** The green of one pixel of a texture that `fill` has filled. */
  async function onTexture(device, fill) {
    const { COPY_SRC, COPY_DST, RENDER_ATTACHMENT } = GPUTextureUsage;
    const texture = device.createTexture({ size, format: "rgba8unorm", usage: COPY_SRC | COPY_DST | RENDER_ATTACHMENT });
    const encoder = device.createCommandEncoder();
    fill(texture, encoder);
    const buffer = device.createBuffer({ size: 256, usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ });
    encoder.copyTextureToBuffer({ texture, origin: [9, 9] }, { buffer, bytesPerRow: 256 }, [1, 1]);
    device.queue.submit([encoder.finish()]);
    await buffer.mapAsync(GPUMapMode.READ);
    return new Uint8Array(buffer.getMappedRange())[1];
  }

  function draw(device, pipeline, frame, texture, encoder) {
    const resource = device.importExternalTexture({ source: frame });
    const bindings = device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: [{ binding: 0, resource }],
    });
    const pass = encoder.beginRenderPass({
      colorAttachments: [{ view: texture.createView(), loadOp: "clear", storeOp: "store" }],
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    pass.draw(3);
    pass.end();
  }

  try {
    const device = await (await navigator.gpu.requestAdapter()).requestDevice();
    const module = device.createShaderModule({ code: shader });
    const fragment = { module, targets: [{ format: "rgba8unorm" }] };
    const pipeline = device.createRenderPipeline({ layout: "auto", vertex: { module }, fragment });
    const found = [];
    for (const [primaries, transfer] of [["bt709", "bt709"], ["bt2020", "bt709"], ["bt2020", "hlg"], ["bt2020", "pq"]]) {
      for (const code of [0.5, 0.75]) {
        const frame = grey(code, primaries, transfer);
        const imported = await onTexture(device, (...given) => draw(device, pipeline, frame, ...given));
        const copied = await onTexture(device, (texture) =>
          device.queue.copyExternalImageToTexture({ source: frame }, { texture }, size),
        );
        found.push({ primaries, transfer, code, canvas: onCanvas(frame), imported, copied });
        frame.close();
      }
    }
    await tell({ agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], found });
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
print(answer["agent"])


def srgb(light):
    """Linear light, 0...1, as sRGB's 0...255 (IEC 61966-2-1)."""
    return 255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055)


holds, canvas = True, {}
for one in answer["found"]:
    name, code = f"{one['primaries']}, {one['transfer']}", one["code"]
    canvas[one["transfer"], code] = one["canvas"]
    print(
        f"{name}, code {code}: 2D canvas {one['canvas']}, WebGPU imported {one['imported']}, copied {one['copied']}"
        f" (the code itself {255 * code:.0f}, as linear light {srgb(code):.0f})"
    )
    expected = one["canvas"] if one["transfer"] == "bt709" else srgb(code)
    holds &= abs(one["imported"] - expected) <= 2 and abs(one["copied"] - expected) <= 2
holds &= abs(canvas["hlg", 0.5] - 99) <= 6 and abs(canvas["pq", 0.5] - 132) <= 6
sys.exit(0 if holds else 1)
PYTHON
