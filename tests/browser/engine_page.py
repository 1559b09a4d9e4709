"""The page's own engine as tests drive it, and what ONNX Runtime in Python paints for comparison."""

import base64
import hashlib
import json

import cv2
import numpy as np
from onnx import TensorProto, helper

from impasto.export.runtime.painter import Painter
from impasto.models import store

PATIENCE = 240_000  # milliseconds: software rendering on a busy machine
POLL = 50  # milliseconds
WEBGPU = (  # Chromium with a graphics card made of software
    "--enable-unsafe-webgpu",
    "--enable-features=Vulkan",
    "--use-vulkan=swiftshader",
    "--use-angle=swiftshader",
    "--use-webgpu-adapter=swiftshader",
    "--ignore-gpu-blocklist",
)

# Keeps what the painters are told to paint with: how large the brush is, in the order of the calls.
WATCH_BRUSHES = """() => {
  const { engine } = impasto;
  const set = engine.setStyle;
  globalThis.brushes = [];
  engine.setStyle = (style, brush = {}) => {
    brushes.push(Object.values(brush).flatMap((part) => [...part]).reduce((sum, x) => sum + Math.abs(x), 0));
    set.call(engine, style, brush);
  };
}"""

# Helpers inside the page. A picture travels as base64 RGBA; the engine is the page's own.
HELPERS = """() => {
  const bytes = (text) => Uint8ClampedArray.from(atob(text), (c) => c.charCodeAt(0));
  const text = (buffer) => {
    const all = new Uint8Array(buffer);
    let out = "";
    for (let i = 0; i < all.length; i += 32768) out += String.fromCharCode(...all.subarray(i, i + 32768));
    return btoa(out);
  };
  const picture = ({ rgba, width, height }) => createImageBitmap(new ImageData(bytes(rgba), width, height));
  const taken = async (frame, video) => {
    const bitmap = await picture(frame);
    return video ? new VideoFrame(bitmap, { timestamp: 0 }) : bitmap;
  };
  const engine = () => globalThis.impasto.engine;
  const once = (kind) => new Promise((done) => {
    const stop = engine().on((event) => event.kind === kind && (stop(), done(event)));
  });
  globalThis.tested = {
    events: [],
    clock: 0, // of the camera, milliseconds: frames come at 25 a second, however long the machine takes for them
    once,
    watch() { engine().on(({ canvas, ...event }) => tested.events.push(event)); },
    async values(frame, size, part, video = false) {
      const shown = await taken(frame, video);
      return text((await engine().values(shown, size, part ?? undefined)).buffer);
    },
    async encode(frame) { return text((await engine().encode(await picture(frame))).buffer); },
    async paint(frame, size, shown) {
      const painted = await engine().paint(await picture(frame), size, shown);
      const buffer = new ArrayBuffer(painted.allocationSize({ format: "RGBA" }));
      await painted.copyTo(buffer, { format: "RGBA" });
      painted.close();
      return text(buffer);
    },
    async show(frame, size, part, video = false) {
      const painted = once("painted");
      const shown = await taken(frame, video);
      tested.clock += 40;
      if (!engine().show(shown, size, tested.clock, part ?? undefined)) throw new Error("busy");
      return painted;
    },
    async copied(frame, size) {
      const copy = new Promise((done) => {
        const stop = engine().capture((shown, at) => (stop(), done([shown, at])));
      });
      await tested.show(frame, size);
      const [shown, at] = await copy;
      const canvas = new OffscreenCanvas(shown.displayWidth, shown.displayHeight);
      canvas.getContext("2d").drawImage(shown, 0, 0);
      shown.close();
      return [at - tested.clock, text(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer())];
    },
    async snapshot() { return text(await (await engine().snapshot()).arrayBuffer()); },
  };
  tested.watch();
}"""


def open_page(browser, url):
    page = browser.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    wait_until(page, "globalThis.impasto?.engine")
    page.evaluate(HELPERS)
    return page


def _echo(size):
    """A graph with the inputs and the output of a model's that paints a frame as it is."""
    planes = ["N", 3, "H", "W"]
    return helper.make_model(
        helper.make_graph(
            [helper.make_node("Mul", ["frame", "one"], ["painted"])],
            "echo",
            [
                helper.make_tensor_value_info("frame", TensorProto.FLOAT, planes),
                helper.make_tensor_value_info("style", TensorProto.FLOAT, ["N", size]),
            ],
            [helper.make_tensor_value_info("painted", TensorProto.FLOAT, planes)],
            [helper.make_tensor("one", TensorProto.FLOAT, [], [1.0])],
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    ).SerializeToString()


def serve_echo(context):
    """Puts a graph in the model's place that paints frames as they are, in a browser's context → D, the style's size.

    What takes a graphics card made of software minutes with the model takes it seconds with this one, and where it
    matters what the page does, not what it paints, it is there sooner. The styles are the model's, without brushes.
    """
    folder = store.model_folder()
    description = json.loads((folder / "model.json").read_text("utf-8"))
    gallery = json.loads((folder / description["files"]["gallery"]["file"]).read_text("utf-8"))
    for style in gallery.values():
        style.pop("studied", None)
    files = {}

    def serve(role, name, body):
        files[role] = {"file": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
        context.route(f"**/{name}", lambda route: route.fulfill(body=body))

    serve("frame", "frame.onnx", _echo(description["style_size"]))
    serve("gallery", "gallery.json", json.dumps(gallery).encode())
    description |= {"state": [], "files": files}
    context.route("**/model.json", lambda route: route.fulfill(json=description))
    return description["style_size"]


def wait_until(page, condition):
    """Until an expression of JavaScript holds. Not playwright's own way, which the page's security policy forbids."""
    patient = f"if (--left < 0) throw new Error('too late'); await new Promise((r) => setTimeout(r, {POLL}));"
    page.evaluate(f"async () => {{ let left = {PATIENCE // POLL}; while (!({condition})) {{ {patient} }} }}")


def rgba(picture, alpha=255):
    """RGB uint8 [H,W,3] as the helpers take it; `alpha`: how opaque it is, 0…255, or uint8 [H,W] of that."""
    h, w = picture.shape[:2]
    data = np.dstack([picture, np.broadcast_to(np.uint8(alpha), (h, w))])
    return {"rgba": base64.b64encode(data.tobytes()).decode(), "width": w, "height": h}


def side(picture):
    return {"width": picture.shape[1], "height": picture.shape[0]}


def set_style(page, style):
    page.evaluate("(s) => impasto.engine.setStyle(Float32Array.from(s))", style.tolist())


def set_view(page, **view):
    page.evaluate("(v) => impasto.engine.setView(v)", view)


def part_of(picture, left=0, top=0, width=None, height=None):
    """A part of a picture as the engine takes it: by default all of it."""
    h, w = picture.shape[:2]
    return {"left": left, "top": top, "width": width or w - left, "height": height or h - top}


def painted_values(page, picture, size=None, part=None, video=False):
    """float32 [3,H,W]: before rounding. `size` and `part` (of the picture) as the engine takes them."""
    size = size or side(picture)
    data = page.evaluate("([f, s, p, v]) => tested.values(f, s, p, v)", [rgba(picture), size, part, video])
    return np.frombuffer(base64.b64decode(data), np.float32).reshape(3, size["height"], size["width"])


def shown(page, picture, size=None, part=None, video=False):
    """What the canvas shows after painting a picture (as a camera's frame with `video`): RGB uint8 [H,W,3]."""
    page.evaluate("([f, s, p, v]) => tested.show(f, s, p, v)", [rgba(picture), size or side(picture), part, video])
    return snapshot(page)


def copied(page, picture):
    """What a recording gets of a painted picture: how much later than taken, in ms, and RGB uint8 [H,W,3]."""
    late, png = page.evaluate("([f, s]) => tested.copied(f, s)", [rgba(picture), side(picture)])
    return late, _decoded(png)


def snapshot(page):
    return _decoded(page.evaluate("() => tested.snapshot()"))


def _decoded(text):
    png = base64.b64decode(text)
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]


def painted_clip(page, picture, size=None):
    """A frame of a clip, painted at a size and shown at its own: RGB uint8 [H,W,3]."""
    sizes = [size or side(picture), side(picture)]
    data = page.evaluate("([f, s, shown]) => tested.paint(f, s, shown)", [rgba(picture), *sizes])
    return np.frombuffer(base64.b64decode(data), np.uint8).reshape(*picture.shape[:2], 4)[:, :, :3]


def difference(a, b):
    return np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).max()


def mean_difference(a, b):
    return np.abs(np.asarray(a, np.float64) - np.asarray(b, np.float64)).mean()


def jpeg(picture, quality):
    """A picture as it comes out of a JPEG file."""
    data = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(data, cv2.IMREAD_COLOR)[:, :, ::-1])


def reference(model, style, picture):
    """Painted float32 [3,H,W] by ONNX Runtime in Python, the padding cropped."""
    painter = Painter(model, device="cpu")
    painter.use([style])
    h, w = picture.shape[:2]
    feeds = {"frame": painter.prepare(picture), "style": style[None]}
    return painter._session.run(["painted"], feeds)[0][0, :, :h, :w]


def python_painted(model, style, picture, **look):
    painter = Painter(model, device="cpu")
    painter.use([style])
    for name, value in look.items():
        setattr(painter.look, name, value)
    return painter.paint(picture)
