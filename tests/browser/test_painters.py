"""The painters of the page in a real browser, against ONNX Runtime in Python."""

import base64
import re

import cv2
import numpy as np
import pytest
from engine_page import (
    HELPERS,
    PATIENCE,
    difference,
    jpeg,
    mean_difference,
    open_page,
    painted_clip,
    painted_values,
    python_painted,
    reference,
    rgba,
    set_style,
    set_view,
    shown,
    side,
    snapshot,
    wait_until,
)

from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.steady import Steady
from impasto.export.runtime.style_file import style_file, to_bytes
from impasto.models import store


@pytest.fixture(scope="module")
def picture(camera_picture):
    """RGB uint8 [96,128,3]: the camera's scene, with some texture."""
    small = cv2.resize(camera_picture, (128, 96), interpolation=cv2.INTER_AREA).astype(np.int16)
    noise = np.random.default_rng(0).integers(-20, 21, small.shape)
    return np.clip(small + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def wasm_page(browser, static_site, style):
    page = open_page(browser, static_site)
    assert page.evaluate("() => impasto.engine.start('wasm')") == "wasm"
    set_style(page, style)
    yield page
    page.close()


def test_wasm_has_a_worker_for_each_of_two_frames_and_tells_its_downloads(wasm_page):
    assert wasm_page.evaluate("crossOriginIsolated")
    events = wasm_page.evaluate("tested.events")
    taken = next(e for e in events if e["kind"] == "backend" and e["backend"] == "wasm")
    assert taken["detail"].startswith("processor, 2 frames at once")
    assert taken["why"] is None
    files = {e["file"] for e in events if e["kind"] == "download"}
    assert {"frame.onnx", "ort-wasm-simd-threaded.wasm.gz"} <= files
    assert not any("style" in f for f in files)


def test_wasm_values_are_those_of_python(wasm_page, model, style, picture):
    assert difference(painted_values(wasm_page, picture), reference(model, style, picture)) <= 1e-4
    odd = picture[:75, :93]  # reflected to 96 × 96
    assert difference(painted_values(wasm_page, odd), reference(model, style, odd)) <= 1e-4


def test_wasm_canvas_shows_what_python_paints(wasm_page, model, style, picture):
    set_view(wasm_page, strength=1, keepColors=False, mirror=False, split=None)
    assert difference(shown(wasm_page, picture), python_painted(model, style, picture)) <= 2
    for strength, keep in ((0.4, False), (1, True), (0.7, True)):
        set_view(wasm_page, strength=strength, keepColors=keep)
        expected = python_painted(model, style, picture, strength=strength, keep_colors=keep)
        assert difference(shown(wasm_page, picture), expected) <= 2, (strength, keep)
        assert difference(painted_clip(wasm_page, picture), expected) <= 2, (strength, keep)
    set_view(wasm_page, strength=1, keepColors=False)


def test_view_changes_without_painting(wasm_page, model, style, picture):
    painted = shown(wasm_page, picture)
    set_view(wasm_page, strength=0)
    assert difference(snapshot(wasm_page), picture) == 0
    set_view(wasm_page, strength=1, split=0.25)
    half = snapshot(wasm_page)
    assert difference(half[:, :32], picture[:, :32]) == 0
    assert difference(half[:, 32:], painted[:, 32:]) <= 1
    set_view(wasm_page, split=None)


def test_a_smaller_working_size_is_scaled_up(wasm_page, picture):
    full = shown(wasm_page, picture)
    small = shown(wasm_page, picture, {"width": 64, "height": 48})
    assert small.shape == full.shape
    assert 1 < np.abs(small.astype(float) - full).mean() < 40


def test_another_style_paints_otherwise(wasm_page, model, style, picture):
    first, second = [e["style"] for e in model.gallery().values()][:2]
    before = shown(wasm_page, picture)
    set_style(wasm_page, second)
    assert difference(shown(wasm_page, picture), python_painted(model, second, picture)) <= 2
    assert difference(shown(wasm_page, picture), before) > 10
    set_style(wasm_page, first)


@pytest.fixture(scope="module")
def moving():
    """`moving(count, height, width)` → RGB uint8 pictures of a textured scene that drifts, with a camera's noise."""

    def make(count, height, width):
        y, x = np.mgrid[0 : height + 2 * count, 0 : width + 2 * count]
        texture = np.random.default_rng(1).normal(0, 25, x.shape)
        scene = np.stack([128 + 90 * np.sin((x + 2 * y) / 9), 2 * x, 255 - 2 * y], -1) + texture[..., None]
        noise = np.random.default_rng(2).normal(0, 3, (count, height, width, 3))
        views = (scene[n : n + height, 2 * n : 2 * n + width] for n in range(count))
        return [np.clip(view + noise[n], 0, 255).astype(np.uint8) for n, view in enumerate(views)]

    return make


def steady_reference(model, style, pictures, stability):
    """Painted float32 [3,H,W] of each picture by ONNX Runtime in Python, carried from one to the next."""
    painter = Painter(model, device="cpu")
    painted = []
    for picture in pictures:
        h, w = picture.shape[:2]
        inputs = {"frame": painter.prepare(picture), "style": style[None]}
        painted.append(painter._steady.paint(inputs, stability)[0, :, :h, :w])
    return painted


def set_stability(page, stability):
    page.evaluate("(s) => impasto.engine.setStability(s)", stability)


def test_wasm_carries_the_painting_along_as_python_does(wasm_page, model, style, moving):
    pictures = moving(10, 60, 90)  # padded to 64 × 96
    try:
        for stability in (1, 0.4):
            expected = steady_reference(model, style, pictures, stability)
            set_stability(wasm_page, stability)
            wasm_page.evaluate("() => impasto.engine.reset()")
            for n, picture in enumerate(pictures):
                assert difference(painted_values(wasm_page, picture), expected[n]) <= 1e-4, (stability, n)
            assert difference(expected[-1], reference(model, style, pictures[-1])) > 0.05  # it does carry something
    finally:
        set_stability(wasm_page, 0)


def test_without_stability_every_frame_is_painted_by_itself(wasm_page, model, style, moving):
    for picture in moving(3, 64, 96):
        assert difference(painted_values(wasm_page, picture), reference(model, style, picture)) <= 1e-4


def test_a_cut_begins_anew(wasm_page, model, style, moving):
    """A reset, another style, another size and a pause of the stability: the next frame is painted by itself."""
    set_stability(wasm_page, 1)
    first, second = moving(2, 64, 96)
    alone = reference(model, style, second)
    other = list(model.gallery().values())[1]["style"]
    try:
        for cut in (
            lambda: wasm_page.evaluate("() => impasto.engine.reset()"),
            lambda: (set_style(wasm_page, other), set_style(wasm_page, style)),
            lambda: painted_values(wasm_page, first[:48, :64]),
            lambda: (set_stability(wasm_page, 0), painted_values(wasm_page, first), set_stability(wasm_page, 1)),
        ):
            painted_values(wasm_page, first)
            assert difference(painted_values(wasm_page, second), alone) > 0.02
            painted_values(wasm_page, first)
            cut()
            assert difference(painted_values(wasm_page, second), alone) <= 1e-4
    finally:
        set_stability(wasm_page, 0)


def test_what_is_shown_does_not_come_back_into_the_painting(wasm_page, model, style, moving):
    """Strength and colours belong to the view: what is carried is the network's own painting."""
    pictures = moving(3, 64, 96)
    painter = Painter(model, device="cpu")
    painter.use([style])
    expected = [painter.paint(picture) for picture in pictures]
    set_stability(wasm_page, 1)
    wasm_page.evaluate("() => impasto.engine.reset()")
    set_view(wasm_page, strength=0.3, keepColors=True)
    try:
        for picture in pictures[:2]:
            shown(wasm_page, picture)
        set_view(wasm_page, strength=1, keepColors=False)
        assert difference(shown(wasm_page, pictures[2]), expected[2]) <= 2
    finally:
        set_stability(wasm_page, 0)
        set_view(wasm_page, strength=1, keepColors=False)


def test_a_pause_of_the_camera_begins_anew(wasm_page, model, style, moving):
    """By the times at which frames were taken, not by how long the machine takes for them."""
    first, second = moving(2, 64, 96)
    alone = python_painted(model, style, second, stability=0)
    set_stability(wasm_page, 1)
    wasm_page.evaluate("() => impasto.engine.reset()")
    try:
        shown(wasm_page, first)
        assert difference(shown(wasm_page, second), alone) > 5
        shown(wasm_page, first)
        wasm_page.evaluate("() => void (tested.clock += 1000)")  # and the 40 ms between any two
        assert difference(shown(wasm_page, second), alone) <= 2
    finally:
        set_stability(wasm_page, 0)


def before_painting(context, code):
    """Code that the painting worker of a browser context's pages begins with."""

    def told(route):
        response = route.fetch()
        headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
        route.fulfill(status=200, headers=headers, body=code + response.text())

    context.route("**/worker-*.js", told)


# A machine with one core: one worker paints, by the step graph.
ONE_CORE = "Object.defineProperty(navigator, 'hardwareConcurrency', { value: 1 });"


# Frames of a camera, as fast as the engine takes them → what a recording gets: when each was taken, and its PNG; how
# many of them were painted at once.
STREAM = """async ([frames, size]) => {
  const got = [];
  const text = async (shown) => {
    const canvas = new OffscreenCanvas(shown.displayWidth, shown.displayHeight);
    canvas.getContext("2d").drawImage(shown, 0, 0);
    shown.close();
    const png = new Uint8Array(await (await canvas.convertToBlob({ type: "image/png" })).arrayBuffer());
    return btoa(Array.from(png, (c) => String.fromCharCode(c)).join(""));
  };
  const stop = impasto.engine.capture((shown, at) => got.push([at - tested.clock, text(shown)]));
  let [painted, most] = [0, 0];
  const off = impasto.engine.on((event) => event.kind === "painted" && painted++);
  const pictures = await Promise.all(frames.map(({ rgba, width, height }) => createImageBitmap(
    new ImageData(Uint8ClampedArray.from(atob(rgba), (c) => c.charCodeAt(0)), width, height))));
  for (let n = 0; n < pictures.length; ) {
    const frame = new VideoFrame(pictures[n], { timestamp: 0 });
    if (impasto.engine.show(frame, size, tested.clock + 40 * n)) most = Math.max(most, ++n - painted);
    await new Promise((done) => setTimeout(done, 5));
  }
  while (painted < pictures.length) await new Promise((done) => setTimeout(done, 5));
  stop();
  off();
  const order = got.map(([at]) => at);
  const pngs = await Promise.all(got.map(([, png]) => png));
  tested.clock += 40 * pictures.length;
  return [order, pngs, most];
}"""


def streamed(page, pictures):
    """RGB uint8 [H,W,3] of each picture shown one after the other, and how many were painted at once at most."""
    order, pngs, most = page.evaluate(STREAM, [[rgba(each) for each in pictures], side(pictures[0])])
    assert order == [40 * n for n in range(len(pictures))]  # every frame, in its order, at the time it was taken
    decoded = [cv2.imdecode(np.frombuffer(base64.b64decode(png), np.uint8), cv2.IMREAD_COLOR) for png in pngs]
    return [each[:, :, ::-1] for each in decoded], most


def test_two_frames_at_once_are_painted_like_one_after_the_other(browser, wasm_page, static_site, style, moving):
    """Steadily and by themselves: what one worker paints with the step graph."""
    context = browser.new_context()
    before_painting(context, ONE_CORE)
    single = open_page(context, static_site)
    pictures = moving(9, 64, 96)
    assert single.evaluate("() => impasto.engine.start('wasm')") == "wasm"
    detail = single.evaluate("tested.events.findLast((e) => e.kind === 'backend').detail")
    assert detail == "processor, one thread"
    set_style(single, style)
    try:
        for stability in (1, 0):
            for page in (single, wasm_page):
                set_stability(page, stability)
                page.evaluate("() => impasto.engine.reset()")
            expected, alone = streamed(single, pictures)
            painted, together = streamed(wasm_page, pictures)
            assert alone == 1
            assert together <= 2  # where the page is slow, a small frame is done before the next is taken
            assert difference(painted, expected) <= 1  # an eighth bit may be rounded otherwise
            for page in (single, wasm_page):
                page.evaluate("() => impasto.engine.reset()")
            for picture in pictures[:4]:
                assert difference(painted_values(wasm_page, picture), painted_values(single, picture)) <= 1e-5
    finally:
        set_stability(wasm_page, 0)
        context.close()


def test_what_is_set_holds_from_the_next_frame_on(wasm_page, model, style, moving):
    """Style and reset change nothing of the frames that are being painted."""
    first, second = moving(2, 64, 96)
    other = list(model.gallery().values())[1]["style"]
    begin = """async ([{ rgba, width, height }, style]) => {
      const bytes = Uint8ClampedArray.from(atob(rgba), (c) => c.charCodeAt(0));
      const frame = await createImageBitmap(new ImageData(bytes, width, height));
      const painted = impasto.engine.values(frame, { width, height });
      impasto.engine.setStyle(Float32Array.from(style));
      return btoa(Array.from(new Uint8Array((await painted).buffer), (c) => String.fromCharCode(c)).join(""));
    }"""
    try:
        data = wasm_page.evaluate(begin, [rgba(first), other.tolist()])
        before = np.frombuffer(base64.b64decode(data), np.float32).reshape(3, 64, 96)
        assert difference(before, reference(model, style, first)) <= 1e-4
        assert difference(painted_values(wasm_page, second), reference(model, other, second)) <= 1e-4
    finally:
        set_style(wasm_page, style)


# Workers that are given up: those that paint a frame each cannot be started, or their third run finds memory full.
NOT_STARTED = """{
  const { Worker } = self;
  self.Worker = class extends Worker {
    constructor(url, options) {
      if (`${url}`.includes("lane-")) throw new Error("A worker has no workers here.");
      super(url, options);
    }
  };
}"""
BREAKING = """{
  const { Worker } = self;
  let runs = 0;
  self.Worker = class extends Worker {
    postMessage(message, transfer) {
      if (message.kind !== "run" || ++runs < 3) super.postMessage(message, transfer);
      else this.onmessage({ data: { id: message.id, error: "RangeError: out of memory" } });
    }
  };
}"""


def test_without_more_workers_one_paints(browser, static_site, model, style, picture):
    context = browser.new_context()
    before_painting(context, NOT_STARTED)
    page = open_page(context, static_site)
    assert page.evaluate("() => impasto.engine.start('wasm')") == "wasm"
    set_style(page, style)
    assert difference(painted_values(page, picture), reference(model, style, picture)) <= 1e-4
    taken = page.evaluate("tested.events.findLast((e) => e.kind === 'backend')")
    assert re.fullmatch(r"processor, \d threads", taken["detail"])
    assert taken["why"] is None
    context.close()


def test_where_memory_ends_one_worker_goes_on(browser, static_site, model, style, picture):
    context = browser.new_context()
    before_painting(context, BREAKING)
    page = open_page(context, static_site)
    assert page.evaluate("() => impasto.engine.start('wasm')") == "wasm"
    set_style(page, style)
    frame = [rgba(picture), side(picture)]
    said = [page.evaluate("([f, s]) => tested.paint(f, s).then(() => '', (e) => e.message)", frame) for _ in range(3)]
    assert said == ["", "", "The memory of this machine is full; try again."]
    wait_until(page, "tested.events.filter((e) => e.kind === 'backend').length === 2")
    taken = page.evaluate("tested.events.findLast((e) => e.kind === 'backend')")
    assert taken["backend"] == "wasm"
    assert taken["why"] == "Two frames at once are too much for this device; painting now runs on the processor."
    assert re.fullmatch(r"processor, \d threads", taken["detail"])
    assert difference(painted_values(page, picture), reference(model, style, picture)) <= 1e-4
    context.close()


@pytest.mark.parametrize("cores", [1, 2])
def test_a_stabilizer_that_cannot_be_had_is_told_in_passing(browser, static_site, model, style, picture, cores):
    """A quiet remark, and every frame is painted by itself."""
    context = browser.new_context()
    if cores == 1:
        before_painting(context, ONE_CORE)
    context.route("**/step.onnx", lambda route: route.abort())
    context.route("**/stabilize.onnx", lambda route: route.abort())
    page = open_page(context, static_site)
    page.evaluate("() => impasto.engine.start('wasm')")
    set_style(page, style)
    set_stability(page, 1)
    for _ in range(2):
        assert difference(painted_values(page, picture), reference(model, style, picture)) <= 1e-4
    notes = page.evaluate("tested.events.filter((e) => e.kind === 'note').map((e) => e.sentence)")
    assert len(notes) == 1
    assert "steady" in notes[0]
    context.close()


@pytest.fixture(scope="module")
def studied(model):
    """What a `.style` file of the released model holds: a brush on all of T."""
    rng = np.random.default_rng(8)
    weights = weights_of(model.path("frame").read_bytes())
    brush = {name: rng.normal(0, 0.02, weight.shape).astype(np.float16) for name, weight in weights.items()}
    return style_file(model, model.gallery()["great-wave"]["style"], brush, name="Studied")


# Reads a `.style` file with the page's engine and paints with it, or with so much of it and the rest of another vector.
CHOOSE = """async ([file, share, other]) => {
  const bytes = Uint8Array.from(atob(file), (c) => c.charCodeAt(0));
  const { style, brush } = await impasto.engine.readStyle(new Blob([bytes]), "a.style");
  const mixed = style.map((value, i) => share * value + (1 - share) * (other ? other[i] : value));
  const part = (values) => values.map((value) => share * value);
  const parts = Object.entries(brush).map(([name, values]) => [name, part(values)]);
  impasto.engine.setStyle(mixed, Object.fromEntries(parts));
}"""


def choose(page, studied, share=1.0, other=None):
    file = base64.b64encode(to_bytes(studied)).decode()
    page.evaluate(CHOOSE, [file, share, None if other is None else other.tolist()])


def with_brush_in_python(model, styles, weights, pictures, stability):
    """Painted float32 [3,H,W] of each picture."""
    painter, painted = Painter(model, device="cpu", look=Look(stability=stability)), []
    painter.use(styles, weights)
    steady, alone = Steady(painter.open_step(), model.state), painter.open_frame()
    for picture in pictures:
        feeds = {"frame": painter.prepare(picture), "style": painter.style}
        planes = steady.paint(feeds, stability) if stability else alone.run(["painted"], feeds)[0]
        painted.append(planes[0, :, : picture.shape[0], : picture.shape[1]])
    return painted


def test_wasm_paints_with_a_brush(wasm_page, model, style, studied, picture, moving):
    """Alone, blended with a plain style, and steadily; afterwards the plain style is the plain style."""
    try:
        choose(wasm_page, studied)
        (expected,) = with_brush_in_python(model, [studied], [1], [picture], 0)
        assert difference(painted_values(wasm_page, picture), expected) <= 2e-4
        assert difference(expected, reference(model, studied.style, picture)) > 0.1
        choose(wasm_page, studied, 0.25, style)
        (expected,) = with_brush_in_python(model, [studied, style], [0.25, 0.75], [picture], 0)
        assert difference(painted_values(wasm_page, picture), expected) <= 2e-4
        choose(wasm_page, studied)
        set_stability(wasm_page, 1)
        pictures = moving(4, 64, 96)
        expected = with_brush_in_python(model, [studied], [1], pictures, 1)
        for n, each in enumerate(pictures):
            assert difference(painted_values(wasm_page, each), expected[n]) <= 5e-4, n
    finally:
        set_stability(wasm_page, 0)
        set_style(wasm_page, style)
    assert difference(painted_values(wasm_page, picture), reference(model, style, picture)) <= 1e-4


def test_a_style_file_that_is_none_is_refused_in_a_sentence(wasm_page):
    refused = "() => impasto.engine.readStyle(new Blob(['x'.repeat(999)]), 'a.style').catch((e) => e.message)"
    assert wasm_page.evaluate(refused) == "a.style is no studied style, or is damaged; study its picture again."


@pytest.mark.parametrize("side", [300, 450])  # smaller than the square that P looks at, and larger
def test_a_picture_is_encoded_as_in_python(wasm_page, model, side):
    y, x = np.mgrid[0:side, 0 : side + 120]
    art = np.stack([127 + 120 * np.sin(x / 9), 127 + 120 * np.cos(y / 13), (x * y) % 256], -1).astype(np.uint8)
    data = wasm_page.evaluate("(f) => tested.encode(f)", rgba(art))
    ours = np.frombuffer(base64.b64decode(data), np.float32)
    theirs = Painter(model, device="cpu").encode(art)
    assert ours.shape == theirs.shape
    assert np.abs(ours - theirs).max() <= 0.02 * np.abs(theirs).max()


def test_transparent_places_of_a_picture_are_white(wasm_page, model):
    y, x = np.mgrid[0:300, 0:300]
    art = np.stack([127 + 120 * np.sin(x / 9), 127 + 120 * np.cos(y / 13), x % 256], -1).astype(np.uint8)
    alpha = (255 * (np.hypot(x - 150, y - 150) < 120)).astype(np.uint8)
    on_white = np.where(alpha[..., None] > 0, art, 255).astype(np.uint8)
    encoded = [
        np.frombuffer(base64.b64decode(wasm_page.evaluate("(f) => tested.encode(f)", picture)), np.float32)
        for picture in (rgba(art, alpha), rgba(on_white), rgba(art))
    ]
    scale = np.abs(encoded[1]).max()
    assert difference(encoded[0], encoded[1]) <= 0.005 * scale < 0.05 * scale < difference(encoded[0], encoded[2])


def test_without_isolation_two_workers_paint_once_there_is_a_style(browser, serve_static, model, style, picture):
    page = open_page(browser, serve_static(isolation=False))
    assert page.evaluate("() => impasto.engine.start('auto')") == "wasm"
    assert not page.evaluate("crossOriginIsolated")
    failure = page.evaluate(
        "([f, s]) => tested.paint(f, s).then(() => 'painted', (e) => e.message)", [rgba(picture), side(picture)]
    )
    assert failure == "Choose a style before painting."
    set_style(page, style)
    assert difference(painted_values(page, picture), reference(model, style, picture)) <= 1e-4
    taken = page.evaluate("tested.events.findLast((e) => e.kind === 'backend')")
    page.close()
    assert taken["detail"] == "processor, 2 frames at once"
    assert taken["why"].endswith("painting now runs on the processor.")


def test_files_are_kept_and_damaged_ones_are_not(browser, static_site, style):
    """The cache answers the second time; a damaged model file is said, not used and not kept."""
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    damage = {"on": True}

    def frame_file(route):
        body = (store.model_folder() / "frame.onnx").read_bytes()
        route.fulfill(body=body[:-1] + b"?" if damage["on"] else body)

    context.route("**/frame.onnx", frame_file)

    def start():
        page.goto(static_site)
        wait_until(page, "globalThis.impasto?.engine")
        page.evaluate(HELPERS)
        started = page.evaluate("() => impasto.engine.start('wasm').catch((e) => e.message)")
        return started, page.evaluate("tested.events")

    sentence, events = start()
    assert "frame.onnx is damaged" in sentence
    assert any(e["kind"] == "trouble" and e["fatal"] and "frame.onnx is damaged" in e["sentence"] for e in events)
    damage["on"] = False
    started, events = start()
    assert started == "wasm"
    assert any(e["kind"] == "download" and e["file"] == "frame.onnx" for e in events)
    started, events = start()
    assert started == "wasm"
    assert not any(e["kind"] == "download" for e in events)
    context.close()


def test_the_server_paints(browser, server, server_model, style, picture):
    """Over the WebSocket; on its way to and fro every frame is a JPEG."""
    server.wait_for_live_pages(0)
    page = open_page(browser, server.url + "live/")
    assert page.evaluate("() => impasto.engine.start('server')") == "server"
    set_style(page, style)
    set_view(page, strength=1, keepColors=False, mirror=False, split=None)
    expected = python_painted(server_model, style, jpeg(picture, 95))
    assert mean_difference(shown(page, picture), jpeg(expected, 90)) < 3
    assert mean_difference(painted_clip(page, picture), jpeg(expected, 90)) < 3
    page.close()


def test_the_server_paints_with_a_brush(browser, server, server_model, studied, picture):
    server.wait_for_live_pages(0)
    page = open_page(browser, server.url + "live/")
    assert page.evaluate("() => impasto.engine.start('server')") == "server"
    choose(page, studied)
    expected = python_painted(server_model, studied, jpeg(picture, 95))
    assert mean_difference(shown(page, picture), jpeg(expected, 90)) < 3
    assert mean_difference(expected, python_painted(server_model, studied.style, jpeg(picture, 95))) > 6
    page.close()


def test_the_last_resort_is_the_server(browser, server, model, picture):
    """No WebGPU, no runtime for the processor: the server paints, and encodes too."""
    server.wait_for_live_pages(0)
    context = browser.new_context()
    context.route("**/*.wasm.gz", lambda route: route.abort())
    page = open_page(context, server.url + "live/")
    assert page.evaluate("() => impasto.engine.start('auto')") == "server"
    taken = page.evaluate("tested.events.findLast((e) => e.kind === 'backend')")
    assert taken["why"].endswith("painting now runs on the server.")
    data = page.evaluate("(f) => tested.encode(f)", rgba(picture))
    ours = np.frombuffer(base64.b64decode(data), np.float32)
    theirs = Painter(model, device="cpu").encode(picture)
    assert np.corrcoef(ours, theirs)[0, 1] > 0.99  # the picture went there as a JPEG
    context.close()
