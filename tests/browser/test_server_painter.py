"""The live page as `impasto app` serves it: painted by the server, under its policy, and in the studio's frame."""

import re

import pytest
from engine_page import serve_echo
from playwright.sync_api import expect

SECOND = 1000  # playwright counts milliseconds
PATIENCE = 120 * SECOND
PAINTED = """() => new Promise((done) => {
  const stop = impasto.engine.on((event) => event.kind === "painted" && (stop(), done(impasto.engine.backend)));
})"""


@pytest.fixture
def visit(browser):
    """`visit(address)` → a page and what its policy refused; at the end nothing may have been."""
    contexts, refused = [], []

    def open_it(address):
        context = browser.new_context(permissions=["camera"])
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", lambda message: "Content Security Policy" in message.text and refused.append(message.text))
        page.goto(address)
        return page

    yield open_it
    for context in contexts:
        context.close()
    assert refused == []


def begin(page):
    """The sample scene, painted."""
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator("#frame.painted")).to_be_visible(timeout=PATIENCE)


def test_the_server_paints_goes_and_comes_back(visit, start_server):
    server = start_server(live_sessions=1)
    page = visit(server.url + "live/#painter=server&size=128")
    begin(page)
    assert page.evaluate(PAINTED) == "server"
    expect(page.locator("#figures")).to_contain_text(re.compile("server", re.IGNORECASE))
    expect(page.locator("#promise")).to_have_class(re.compile("abroad"))  # frames leave the machine, and it says so
    server.stop()
    expect(page.locator("#messages")).to_contain_text(re.compile("server.*trying again", re.IGNORECASE))
    start_server(port=server.port, live_sessions=1)
    assert page.evaluate(PAINTED) == "server"
    expect(page.locator("#messages")).not_to_contain_text("; trying again")


def test_a_second_page_waits_its_turn(visit, server):
    server.wait_for_live_pages(0)
    first = visit(server.url + "live/#painter=server&size=128")
    begin(first)
    second = visit(server.url + "live/#painter=server&size=128")
    second.get_by_role("button", name="Try the sample scene").click()
    expect(second.locator("#loading-text")).to_contain_text(re.compile("line|place|turn", re.IGNORECASE))
    first.close()
    expect(second.locator("#frame.painted")).to_be_visible(timeout=PATIENCE)
    assert second.evaluate(PAINTED) == "server"


def test_a_silent_page_gives_its_place_away_and_gets_one_again(visit, start_server):
    server = start_server(live_sessions=1, live_idle_seconds=1)
    page = visit(server.url + "live/#painter=server&size=128")
    begin(page)
    page.evaluate("() => document.querySelector('#source').pause()")
    server.wait_for_live_pages(0)
    page.evaluate("() => document.querySelector('#source').play()")
    assert page.evaluate(PAINTED) == "server"


def test_the_processor_paints_with_threads_after_a_few_megabytes(visit, server):
    """As they come over the wire, compressed: page, runtime, model and gallery; all from this one host."""
    page = visit(server.url + "healthz")
    sizes = {}
    page.context.on("requestfinished", lambda r: sizes.setdefault(r.url, r.sizes()["responseBodySize"]))
    page.goto(server.url + "live/#painter=wasm&size=128")
    assert page.evaluate("() => crossOriginIsolated")
    begin(page)
    names = {url.rpartition("/")[2] for url in sizes}
    assert {"ort-wasm-simd-threaded.wasm.gz", "gallery.json"} <= names
    assert not {"style.onnx", "style_fp16.onnx"} & names  # nobody brought a picture of their own
    # T once: alone where frames are painted side by side, and in the step graph elsewhere.
    assert {"frame.onnx", "stabilize.onnx"} <= names or "step.onnx" in names
    assert not {"frame.onnx", "step.onnx"} <= names
    assert all(url.startswith((server.url, "blob:", "data:")) for url in sizes)
    assert 3e6 < sum(sizes.values()) < 6e6
    assert page.evaluate(PAINTED) == "wasm"


def test_where_clips_cannot_be_painted_the_server_is_offered(visit, server, tmp_path):
    page = visit(server.url + "healthz")
    page.context.add_init_script("delete window.VideoEncoder")
    page.goto(server.url + "live/")
    expect(page.get_by_role("button", name="Use my camera")).to_be_enabled()
    (tmp_path / "clip.mp4").write_bytes(b"any clip")
    page.locator("#use-clip").set_input_files(tmp_path / "clip.mp4")
    dialog = page.locator("dialog#clip")
    expect(dialog).to_contain_text("it lacks WebCodecs")
    dialog.get_by_role("link", name="Paint it on the server instead").click()
    expect(page).to_have_url(server.url)


def test_from_the_page_for_files_a_link_leads_to_the_live_page(visit, server):
    page = visit(server.url)
    serve_echo(page.context)
    page.get_by_role("link", name="Live camera").click()
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator("#frame.painted")).to_be_visible(timeout=PATIENCE)
    assert page.evaluate("() => crossOriginIsolated")
