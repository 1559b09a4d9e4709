"""A slow device is told once what would help; where the page died the processor paints; where a worker died another."""

import re

from engine_page import serve_echo
from playwright.sync_api import expect
from test_page import LOOK, PATIENCE, visit

# The painting worker's clock: every frame is said to have taken so long, whatever its size.
SLOW = """(() => {
  const Plain = globalThis.Worker;
  globalThis.took = 400; // milliseconds
  globalThis.Worker = class extends Plain {
    set onmessage(listener) {
      super.onmessage = ({ data }) => listener({ data: data.kind === "shown" ? { ...data, paintMs: took } : data });
    }
  };
})()"""

WORKERS = """(() => {
  const Plain = globalThis.Worker;
  globalThis.workers = [];
  globalThis.Worker = class extends Plain {
    constructor(...given) {
      super(...given);
      workers.push(this);
    }
  };
})()"""

# How high the painting's place is without a note and with the longest.
HEIGHTS = """() => {
  const [note, wall] = ["note", "wall"].map((id) => document.getElementById(id));
  const long = "This device paints 12.5 pictures a second now. " +
    "Closing other programs, plugging in the charger, or “Server” as the painter helps.";
  return ["", long].map((words) => {
    note.hidden = !words;
    note.textContent = words;
    return wall.clientHeight;
  });
}"""

# Everything that is said in passing, in order.
SAID = """() => {
  globalThis.said = [];
  const box = document.querySelector("#announce");
  new MutationObserver(() => said.push(box.textContent)).observe(box, { childList: true, characterData: true });
}"""


def test_what_would_help_is_said_once(browser, static_site):
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script(SLOW)
    serve_echo(context)  # the painter itself is quick, so that the test is
    page = visit(context, static_site + "#painter=wasm")
    page.evaluate(SAID)
    page.get_by_role("button", name="Try the sample scene").click()
    advice = page.locator("#note")
    expect(advice).to_contain_text(re.compile(r"This device paints [\d.]+ pictures a second now\."), timeout=PATIENCE)
    expect(advice).to_contain_text("Closing other programs or plugging in the charger helps.")
    for width in (960, 1100, 1250, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        without, beside = page.evaluate(HEIGHTS)
        assert without == beside, width
    page.set_viewport_size({"width": 1280, "height": 720})
    size = page.locator("#figures")
    page.locator("#facts summary").click()
    expect(size).to_contain_text("Painted at")
    # The picture is kept recognisable, and nothing is said again, though it goes on as slowly.
    assert min(int(n) for n in size.locator("dd").nth(1).inner_text().split(" × ")) >= 224
    page.evaluate(
        """(left) => new Promise((done) => {
          const stop = impasto.engine.on(({ kind }) => kind === "painted" && !--left && (stop(), done()));
        })""",
        40,
    )
    said = [text for text in page.evaluate("said") if "pictures a second" in text]
    assert len(said) == 1, said
    context.close()


def test_a_page_that_died_while_the_graphics_card_painted_goes_on_with_the_processor(browser, static_site):
    context = browser.new_context(reduced_motion="reduce")
    context.add_init_script("if (!sessionStorage.seen) sessionStorage.setItem('impasto-painting', 'yes')")
    serve_echo(context)
    page = visit(context, static_site)
    page.evaluate(SAID)
    page.evaluate("sessionStorage.seen = 'yes'")
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("impasto.engine.backend") == "wasm"
    assert any("gave up this page while the graphics card painted" in text for text in page.evaluate("said"))
    assert page.locator("#painter").input_value() == "auto"
    page.reload()  # it is remembered
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator("#note")).to_contain_text("now the processor paints", timeout=PATIENCE)
    context.close()


def wait_until_held(page, held):
    while not held:
        page.wait_for_timeout(50)


def test_a_painter_that_died_is_started_again(browser, static_site):
    context = browser.new_context()
    context.add_init_script(WORKERS)
    held = []
    context.route("**/*.style", lambda route: held.append(route))  # the brush is still on its way
    page = visit(context, static_site + LOOK)
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    wait_until_held(page, held)
    page.evaluate("workers[0].dispatchEvent(new Event('error'))")
    expect(page.locator(".frame.painted")).to_have_count(1)  # the last painting stays
    page.evaluate(
        "() => { globalThis.again = new Promise((done) => impasto.engine.on((e) => e.kind === 'painted' && done())); }"
    )
    expect(page.locator("#messages [data-topic=brush]")).to_contain_text("without its brush")
    context.unroute("**/*.style")
    # What starts the painter again solves the brush's message, too.
    page.locator("#messages [data-topic=engine]").get_by_role("button", name="Try again").click()
    page.evaluate("again")
    expect(page.locator("#messages .message")).to_have_count(0, timeout=PATIENCE)
    context.close()
