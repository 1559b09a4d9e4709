"""What people see of the page: the camera painted, styles, blends, controls, files saved, words for what fails."""

import json
import re
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
import pytest
from engine_page import serve_echo, wait_until
from playwright.sync_api import expect

from impasto.export.runtime.model import load_model
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import style_file, write_style

SECOND = 1000  # playwright counts milliseconds
PATIENCE = 120 * SECOND
LOOK = "#painter=wasm&size=128"  # small frames: the tests' machines are slow
AXE = Path(__file__).parents[2] / "webapp" / "page" / "node_modules" / "axe-core" / "axe.min.js"

TWO, SETTLED = 2, 8  # frames: the second was taken after the change before; eight let the steady painting settle

# Resolves when that many more frames are on the canvas and were shown. Whoever comes back to the page gets them soon,
# where a scene that stands still is else painted twice a second.
FRAMES = """(left) => new Promise((done) => {
  document.dispatchEvent(new Event("visibilitychange"));
  const stop = impasto.engine.on((event) => {
    if (event.kind !== "painted" || --left) return;
    stop();
    requestAnimationFrame(() => requestAnimationFrame(done));
  });
})"""

# `withBrush` resolves when the painters are given a brush.
BRUSH = """() => {
  const { engine } = impasto;
  const set = engine.setStyle;
  globalThis.withBrush = new Promise((done) => {
    engine.setStyle = (style, brush = {}) => {
      set.call(engine, style, brush);
      if (Object.keys(brush).length) done();
    };
  });
}"""


def visit(context, url):
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(url)
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)
    return page


@pytest.fixture(scope="module")
def opened(browser, static_site):
    """The page with the camera being painted, opened once; and the addresses of everything it asked for."""
    context = browser.new_context(
        viewport={"width": 1280, "height": 800}, accept_downloads=True, reduced_motion="reduce"
    )
    context.grant_permissions(["clipboard-read", "clipboard-write", "camera", "microphone"])
    requests = []
    context.on("request", lambda request: requests.append(request.url))
    page = visit(context, static_site + LOOK)
    page.evaluate(BRUSH)
    page.get_by_role("button", name="Use my camera").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    if "studied" in next(iter(load_model().gallery().values())):
        page.evaluate("withBrush")
    yield page, requests
    context.close()


@pytest.fixture
def page(opened, static_site):
    """The live page with the first style alone and all controls at rest."""
    page, _ = opened
    page.evaluate(HIDE, False)
    page.evaluate("(hash) => { location.hash = hash }", LOOK)
    page.wait_for_function("document.querySelector('#strength').value === '100'")
    page.locator("#mixing").set_checked(False)
    page.locator(".style").first.click()
    for close in page.get_by_role("button", name="Dismiss this message").all():
        close.click()
    yield page
    page.evaluate(HIDE, True)  # it takes no part of the machine from the others


def picture_of(page):
    """What the frame shows, settled, of the present state: float32 RGB [H,W,3] of 0…255. Its transition is over."""
    page.evaluate(FRAMES, SETTLED)
    page.wait_for_function("document.querySelector('.host').getAnimations({subtree: true}).length === 0")
    return decoded(page.locator("#frame").screenshot())


def changed(page, before, least):
    """`picture_of` once it is further than that from the one before; frames under way are still in the old style."""
    end = time.monotonic() + PATIENCE / SECOND
    while apart(now := picture_of(page), before) <= least:
        assert time.monotonic() < end, "the painting never changed"
    return now


def decoded(png):
    return cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1].astype(np.float32)


def fitted(picture, like):
    return cv2.resize(np.asarray(picture, np.float32), like.shape[1::-1], interpolation=cv2.INTER_AREA)


def apart(a, b):
    """Mean absolute difference, of 255."""
    return float(np.abs(a - fitted(b, a)).mean())


def strength(page, key):
    slider = page.get_by_role("slider", name="Strength")
    slider.focus()
    slider.press(key)


def test_the_camera_is_painted_and_strength_0_gives_it_back(page, camera_picture):
    painted = picture_of(page)
    strength(page, "Home")
    plain = picture_of(page)
    seen = fitted(camera_picture[:, ::-1], plain)  # a camera shows people mirrored
    assert apart(plain, seen) < 5 < 15 < apart(painted, seen)
    assert painted.std() > 20
    strength(page, "End")
    assert apart(picture_of(page), painted) < 3


def test_the_camera_under_the_painting_is_a_pixel_and_goes_on(page):
    # Larger, every frame of it would have the whole page put together again.
    page.wait_for_function("document.querySelector('#source').clientWidth === 1")
    box = page.locator("#source").bounding_box()
    assert (box["width"], box["height"]) == (1, 1)
    page.evaluate(CAMERA_FRAMES, 5)
    page.evaluate(FRAMES, TWO)


# Copies a link, and resolves with places on the page as soon as that is said: it is said for seconds only.
SAID = """async () => {
  const box = (id) => document.querySelector(id).getBoundingClientRect();
  document.querySelector("#copy-link").click();
  while (document.querySelector("#note").hidden) await new Promise(requestAnimationFrame);
  return [box("#frame").height, box("#note").bottom, box("#tools").top];
}"""


def test_the_painting_keeps_its_place_whatever_is_said(page):
    before = page.locator("#frame").bounding_box()["height"]
    height, note, tools = page.evaluate(SAID)
    assert height == before
    assert note <= tools  # and covers nothing
    expect(page.locator("#note")).to_be_hidden()  # goes by itself
    assert page.locator("#frame").bounding_box()["height"] == before


def test_the_facts_are_behind_the_sign(page):
    sign = page.get_by_label("Facts about this painting")
    figures = page.locator("#figures")
    expect(figures).to_be_hidden()
    sign.click()
    expect(figures).to_be_visible()
    expect(figures).to_contain_text("WebAssembly")
    page.keyboard.press("Escape")
    expect(figures).to_be_hidden()


def test_a_new_own_picture_gives_a_sign_at_once(page, tmp_path):
    """For as long as it is studied, though the old style is painted meanwhile."""
    cv2.imwrite(str(tmp_path / "dots.png"), np.random.default_rng(3).integers(0, 256, (99, 99, 3), np.uint8))
    page.evaluate("""() => {
      globalThis.signs = [];
      const text = document.querySelector("#loading-text"), box = document.querySelector("#loading");
      const look = () => signs.push(box.hidden ? "" : text.textContent);
      new MutationObserver(look).observe(box, { subtree: true, attributes: true, childList: true });
    }""")
    page.locator("#use-picture").set_input_files(tmp_path / "dots.png")
    page.wait_for_function("signs.includes('Reading “dots”…') && signs.at(-1) === ''")
    page.get_by_role("button", name="Remove dots").click()


def test_styles_change_the_painting(page):
    first = picture_of(page)
    page.get_by_role("button", name="The Scream").click()
    changed(page, first, 8)
    expect(page.locator("#caption")).to_contain_text("Edvard Munch")
    page.wait_for_function("location.hash.includes('style=the-scream')")


def test_a_blend_lies_between_its_styles(page):
    first = picture_of(page)
    page.get_by_role("switch", name="Blend up to 4").check()
    page.get_by_role("button", name="The Scream").click()
    both = changed(page, first, 2)
    weight = page.get_by_role("slider", name="Weight of The Starry Night")
    weight.focus()
    weight.press("Home")
    second = changed(page, both, 2)
    assert max(apart(first, both), apart(both, second)) < apart(first, second)
    page.get_by_role("button", name="Great Wave").click()
    page.get_by_role("button", name="Composition VII").click()
    expect(page.get_by_role("button", name="Udnie")).to_have_attribute("aria-disabled", "true")
    expect(page.get_by_role("slider", name=re.compile("^Weight of"))).to_have_count(4)


def test_own_pictures_become_styles(page, tmp_path):
    before = picture_of(page)
    y, x = np.mgrid[0:200, 0:300]
    stripes = np.stack([40 + 200 * (x // 20 % 2), 60 + 0 * x, 200 * (y // 30 % 2)], -1).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "stripes.png"), stripes)
    (tmp_path / "broken.png").write_bytes(b"not a picture")
    page.locator("#use-picture").set_input_files([tmp_path / "stripes.png", tmp_path / "broken.png"])
    expect(page.get_by_role("alert")).to_contain_text("broken.png")
    expect(page.locator("#caption")).to_have_text("stripes")
    page.wait_for_function("document.querySelector('[data-key^=own]').getAttribute('aria-pressed') === 'true'")
    changed(page, before, 5)
    page.wait_for_function("!location.hash.includes('style=')")
    page.get_by_role("button", name="Remove stripes").click()
    expect(page.locator("#caption")).to_contain_text("van Gogh")


def test_style_files_become_styles(page, tmp_path):
    """A studied style is painted with its brush, and hangs in the wall under its own name."""
    model = load_model()
    weights = weights_of(model.path("frame").read_bytes())
    rng = np.random.default_rng(4)
    brush = {name: rng.normal(0, 0.05, weight.shape).astype(np.float16) for name, weight in weights.items()}
    vector = next(iter(model.gallery().values()))["style"]
    before = picture_of(page)  # of that very vector, without the brush
    file = style_file(model, vector, brush, name="Reeds")
    write_style(tmp_path / "reeds.style", replace(file, licence="Ask Ann"))
    (tmp_path / "broken.style").write_bytes(b"nothing of the kind")
    page.locator("#use-picture").set_input_files([tmp_path / "reeds.style", tmp_path / "broken.style"])
    expect(page.get_by_role("alert")).to_contain_text("broken.style is no studied style")
    expect(page.locator("body")).to_contain_text("Reeds says of its licence: “Ask Ann”")
    expect(page.locator("#caption")).to_have_text("Reeds")
    changed(page, before, 5)
    page.get_by_role("button", name="Remove Reeds").click()
    expect(page.locator("#caption")).to_contain_text("van Gogh")


# Keeps what the page hands to one of its engine's functions from now on.
LISTEN = """(name) => {
  const told = (globalThis[name] = []);
  const { [name]: call } = impasto.engine;
  impasto.engine[name] = (...all) => (told.push(all), call(...all));
}"""
# Resolves when the camera has shown that many more pictures.
CAMERA_FRAMES = """(left) => new Promise((done) => {
  const video = document.querySelector("#source");
  const next = () => video.requestVideoFrameCallback(() => (--left ? next() : done()));
  next();
})"""
HIDE = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


def test_stability_is_full_until_the_slider_says_otherwise(page):
    slider = page.get_by_role("slider", name="Stability")
    expect(slider).to_have_value("100")
    page.evaluate(LISTEN, "setStability")
    slider.focus()
    slider.press("Home")
    page.wait_for_function("location.hash.includes('stability=0')")
    assert page.evaluate("setStability.at(-1)") == [0]
    slider.press("End")
    page.wait_for_function("!location.hash.includes('stability')")
    assert page.evaluate("setStability.at(-1)") in ([share / 10] for share in range(1, 11))  # less where it is slow


def test_nothing_is_painted_while_nobody_looks(page):
    page.evaluate(LISTEN, "show")
    page.evaluate(FRAMES, TWO)
    page.evaluate(HIDE, True)
    before = page.evaluate("show.length")
    page.evaluate(CAMERA_FRAMES, 10)
    assert page.evaluate("show.length") <= before + 1  # one may have been on its way
    page.evaluate(HIDE, False)
    page.wait_for_function("(before) => show.length > before + 1", arg=before)


def test_the_divider_parts_camera_and_painting(page, camera_picture):
    painted = picture_of(page)
    page.get_by_role("button", name="Compare").click()
    divider = page.get_by_role("slider", name="Before and after")
    divider.press("ArrowRight")
    expect(divider).to_have_attribute("aria-valuenow", "52")
    box = page.locator("#frame").bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.52, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + 60, steps=4)
    page.mouse.up()
    expect(divider).to_have_attribute("aria-valuenow", "30")
    parted = picture_of(page)
    seen = fitted(camera_picture[:, ::-1], parted)
    cut = int(0.3 * parted.shape[1])
    left, right = np.s_[:, : cut - 30], np.s_[:, cut + 30 :]
    assert apart(parted[left], seen[left]) < 5
    assert apart(parted[right], painted[right]) < 3
    page.get_by_role("button", name="Compare").click()
    expect(divider).to_be_hidden()


def test_mirror_and_colours(page, camera_picture):
    painted = picture_of(page)
    page.get_by_role("button", name="Mirror").click()
    turned = changed(page, painted, 8)
    strength(page, "Home")
    plain = picture_of(page)
    assert apart(plain, fitted(camera_picture, plain)) < 5  # it came mirrored
    page.get_by_role("button", name="Mirror").click()
    plain = changed(page, plain, 8)
    assert apart(plain, fitted(camera_picture[:, ::-1], plain)) < 5
    strength(page, "End")
    assert apart(picture_of(page), painted) < 3 < apart(turned[:, ::-1], painted)  # the painting is no mirror image
    page.get_by_role("switch", name="Keep the scene’s own colours").check()
    kept = picture_of(page)
    chroma = [cv2.cvtColor(each / 255, cv2.COLOR_RGB2YCrCb)[:, :, 1:] for each in (plain, painted, kept)]
    assert np.abs(chroma[2] - chroma[0]).mean() < 0.5 * np.abs(chroma[1] - chroma[0]).mean()


def test_a_recording_is_a_playable_file_with_sound(page):
    painted = picture_of(page)
    page.get_by_role("switch", name="Record sound from the microphone").check()
    record = page.locator("#record")
    record.click()
    expect(record).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#record-text")).to_have_text(re.compile("0:(0[2-9]|[1-5][0-9])"), timeout=PATIENCE)
    with page.expect_download() as download:
        record.click()
    expect(record).to_have_attribute("aria-pressed", "false")
    assert download.value.suggested_filename.endswith(".mp4")
    with av.open(download.value.path()) as container:
        assert container.streams.audio
        frames = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    assert len(frames) >= 2
    assert apart(painted, frames[-1]) < 12


def test_a_link_holds_the_look(page, browser, static_site):
    page.get_by_role("button", name="Irises").click()
    strength(page, "Home")
    strength(page, "ArrowRight")
    page.get_by_role("button", name="Copy a link to this look").click()
    expect(page.locator("#note")).to_contain_text("Link copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(static_site)
    context = browser.new_context()
    other = visit(context, link)
    expect(other.get_by_role("button", name="Irises")).to_have_attribute("aria-pressed", "true")
    expect(other.get_by_role("slider", name="Strength")).to_have_value("1")
    expect(other.get_by_role("combobox", name="Painter")).to_have_value("wasm")
    context.close()


def test_another_source_lets_the_camera_go(page):
    track = page.evaluate_handle("document.querySelector('#source').srcObject.getTracks()[0]")
    camera = picture_of(page)
    page.get_by_role("button", name="Sample scene").click()
    page.wait_for_function("(track) => track.readyState === 'ended'", arg=track)
    expect(page.get_by_role("button", name="Sample scene")).to_have_attribute("aria-pressed", "true")
    page.wait_for_function("document.querySelector('#source').videoWidth === 960")
    changed(page, camera, 10)
    expect(page.locator("#figures")).to_contain_text("WebAssembly")
    page.get_by_role("button", name="Camera", exact=True).click()
    page.wait_for_function("document.querySelector('#source').videoWidth === 320")
    page.evaluate(FRAMES, TWO)


# As when it is unplugged: nothing says so but the event.
UNPLUG = """() => {
  const [track] = document.querySelector("#source").srcObject.getTracks();
  track.stop();
  track.dispatchEvent(new Event("ended"));
  return new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
}"""


def test_what_was_painted_last_stays_when_the_camera_is_unplugged(page):
    before = picture_of(page)
    page.evaluate(UNPLUG)
    expect(page.locator("#messages")).to_contain_text("The camera stopped: it was unplugged")
    after = decoded(page.locator("#frame").screenshot())
    assert apart(fitted(before, after), after) < 5
    page.get_by_role("button", name="Snapshot").click()
    expect(page.locator("#note")).to_contain_text("Nothing comes from the source any more")
    page.get_by_role("button", name="Start it again").click()
    page.evaluate(FRAMES, TWO)
    expect(page.locator("#messages")).to_be_empty()


def test_a_camera_that_sends_no_picture_is_told_until_it_does(page):
    tell = (
        """(name) => document.querySelector("#source").srcObject.getVideoTracks()[0].dispatchEvent(new Event(name))"""
    )
    page.evaluate(tell, "mute")
    expect(page.locator("#messages")).to_contain_text("The camera sends no picture")
    page.evaluate(tell, "unmute")
    expect(page.locator("#messages")).to_be_empty()


def test_a_video_that_the_system_stopped_goes_on_when_the_page_is_seen_again(page):
    page.evaluate("""() => {
      document.querySelector("#source").pause();
      document.dispatchEvent(new Event("visibilitychange"));
    }""")
    wait_until(page, "!document.querySelector('#source').paused")
    page.evaluate(FRAMES, TWO)


# The fake camera is there whatever the permission says: here it is not.
REFUSING = """() => {
  const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
  navigator.mediaDevices.getUserMedia = async (wish) => {
    const { state } = await navigator.permissions.query({ name: "camera" });
    if (state === "denied") throw new DOMException("Permission denied", "NotAllowedError");
    return open(wish);
  };
}"""


def test_the_camera_starts_when_it_is_allowed_after_all(browser, static_site):
    context = browser.new_context()
    context.grant_permissions(["clipboard-read"])  # and nothing else
    page = visit(context, static_site + LOOK)
    page.evaluate(REFUSING)
    page.get_by_role("button", name="Use my camera").click()
    expect(page.get_by_role("alert")).to_contain_text("The camera was refused.", timeout=PATIENCE)
    context.grant_permissions(["camera"])
    expect(page.locator("#messages")).to_be_empty(timeout=PATIENCE)
    wait_until(page, "document.querySelector('#source').srcObject?.active")
    # It is mirrored before anything is painted.
    assert page.locator("#mirror").get_attribute("aria-pressed") == "true"
    context.close()


def test_nobody_else_is_asked_for_anything(opened, static_site):
    _, requests = opened
    hosts = {urlsplit(url).netloc for url in requests if urlsplit(url).scheme not in ("blob", "data")}
    assert len(requests) > 10
    assert hosts == {urlsplit(static_site).netloc}


def faults(page):
    """What axe-core finds fault with, as text."""
    page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return json.dumps([(f["id"], [node["html"][:200] for node in f["nodes"]]) for f in found], indent=1)


def test_no_accessibility_fault_at_first_sight(browser, static_site):
    context = browser.new_context(reduced_motion="reduce")
    page = visit(context, static_site)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == "[]", scheme
    context.close()


def test_no_accessibility_fault_when_live(page):
    page.get_by_role("switch", name="Blend up to 4").check()
    page.get_by_role("button", name="The Scream").click()
    page.get_by_role("button", name="Compare").click()
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        assert faults(page) == "[]"


def test_a_phone_never_scrolls_sideways(browser, static_site):
    context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True, is_mobile=True)
    serve_echo(context)
    page = visit(context, static_site + LOOK)
    expect(page.get_by_text("dropped")).to_be_hidden()  # words for touch
    wide = "[document.documentElement.scrollWidth, document.body.scrollWidth]"
    assert max(page.evaluate(wide)) <= 360
    page.get_by_role("button", name="Try the sample scene").tap()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("switch", name="Blend up to 4").check()
    page.get_by_role("button", name="Great Wave").tap()
    assert max(page.evaluate(wide)) <= 360
    small = page.evaluate("""() => [...document.querySelectorAll("button, select, .chip, .ways label, label.switch")]
        .filter((each) => each.checkVisibility() && each.getBoundingClientRect().height < 44)
        .map((each) => each.outerHTML.slice(0, 120))""")
    assert small == []
    context.close()


# A second camera, in name only: asked for, the first one comes, and what was asked for is kept.
SECOND_CAMERA = """
const { mediaDevices } = navigator, { enumerateDevices, getUserMedia } = MediaDevices.prototype;
globalThis.asked = [];
mediaDevices.enumerateDevices = async () =>
  [...(await enumerateDevices.call(mediaDevices)), { kind: "videoinput", deviceId: "second", label: "Second camera" }];
mediaDevices.getUserMedia = ({ video, ...more }) => {
  asked.push(video.deviceId?.exact ?? null);
  return getUserMedia.call(mediaDevices, { ...more, video: { ...video, deviceId: undefined } });
};
"""


def test_one_of_two_cameras_is_chosen(browser, static_site):
    context = browser.new_context(permissions=["camera"])
    context.add_init_script(SECOND_CAMERA)
    serve_echo(context)
    page = visit(context, static_site + LOOK)
    page.get_by_role("button", name="Use my camera").click()
    cameras = page.get_by_role("combobox", name="Which camera")
    expect(cameras.locator("option")).to_have_count(2, timeout=PATIENCE)
    assert cameras.input_value() != "second"
    cameras.select_option(label="Second camera")
    page.wait_for_function("asked.length === 2")
    assert page.evaluate("asked") == [None, "second"]
    page.evaluate(FRAMES, TWO)
    context.close()


def test_webgpu_shows_the_camera_on_the_page(webgpu_browser, static_site, camera_picture):
    """In software, so at 64 px and with a graph that gives back what it is given."""
    context = webgpu_browser.new_context(viewport={"width": 480, "height": 600}, permissions=["camera"])
    serve_echo(context)
    page = visit(context, static_site + "#painter=webgpu&size=64")
    page.get_by_role("button", name="Use my camera").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    page.wait_for_function("document.querySelector('.host').getAnimations({subtree: true}).length === 0")
    painted = decoded(page.locator("#frame").screenshot(timeout=PATIENCE))
    expect(page.locator("#figures")).to_contain_text("WebGPU", timeout=PATIENCE)
    # 96×64 is cut from the camera's picture, then to the frame's shape; and it comes mirrored.
    seen = fitted(camera_picture[21:235, 26:294], painted)
    assert painted.std() > 20
    assert apart(painted, seen[:, ::-1]) < 12 < apart(painted, seen)
    context.close()


def test_a_refused_camera_is_explained(launch, static_site):
    with launch("--use-fake-ui-for-media-stream=deny") as browser:
        page = visit(browser.new_context(), static_site)
        page.get_by_role("button", name="Use my camera").click()
        expect(page.get_by_role("alert")).to_contain_text("The camera was refused.", timeout=PATIENCE)
        expect(page.get_by_role("button", name="Use my camera")).to_be_visible()


def test_a_frame_without_camera_offers_a_tab_of_its_own(browser, static_site):
    context = browser.new_context()
    page = context.new_page()
    frame = f'<iframe src="{static_site}" allow="camera \'none\'" width="900" height="700"></iframe>'
    page.route("**/around.html", lambda route: route.fulfill(body=frame, content_type="text/html"))
    page.goto(static_site + "around.html")
    inside = page.frame_locator("iframe")
    expect(inside.locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)
    inside.get_by_role("button", name="Use my camera").click()
    link = inside.get_by_role("alert").get_by_role("link", name="Open in a new tab")
    expect(link).to_have_attribute("href", re.compile(re.escape(static_site)))
    context.close()


# What a worker of the page says about itself, and how many threads WebAssembly would get.
ISOLATED = """async () => {
  const code = "postMessage([crossOriginIsolated, typeof SharedArrayBuffer])";
  const worker = new Worker(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
  const told = await new Promise((done) => { worker.onmessage = ({ data }) => done(data); });
  worker.terminate();
  return [crossOriginIsolated, ...told];
}"""


def test_the_page_has_threads_in_a_frame_of_another_origin(browser, serve_static, static_site):
    """As the Hub shows a Space: its page is of another origin, and is not isolated itself."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(serve_static(isolation=False).replace("127.0.0.1", "localhost") + "config.json")
    frame = f'<iframe src="{static_site}" width="900" height="700"></iframe>'
    page.evaluate("(frame) => { document.body.innerHTML = frame }", frame)
    expect(page.frame_locator("iframe").locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)
    assert page.evaluate(ISOLATED) == [False, False, "undefined"]
    assert page.frames[1].evaluate(ISOLATED) == [True, True, "function"]
    context.close()


CONTROLS = "#use-camera, #use-sample, #use-clip, #source-camera, #source-sample, #source-clip, #strength, #painter"


def test_controls_wait_until_the_page_listens(browser, static_site):
    """A click on a slow connection is not lost: nothing can be pressed before it does something."""
    context = browser.new_context()
    page = context.new_page()
    held = []
    page.route("**/gallery.json", lambda route: held.append(route))
    page.goto(static_site + LOOK)
    while not held:  # the test's own time limit ends it
        page.wait_for_timeout(20)
    for control in page.locator(CONTROLS).all():
        expect(control).to_be_disabled()
    held[0].continue_()
    for control in page.locator(CONTROLS).all():
        expect(control).to_be_enabled(timeout=PATIENCE)
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator("body")).to_have_attribute("data-view", "live", timeout=PATIENCE)
    context.close()


def test_a_model_of_a_newer_impasto_is_refused(browser, static_site):
    context = browser.new_context()
    page = context.new_page()
    page.route("**/model.json", lambda route: route.fulfill(json={"format": 99, "name": "later"}))
    page.goto(static_site)
    sentence = "The model later was made by a newer Impasto (format 99); upgrade Impasto."
    expect(page.get_by_role("alert")).to_contain_text(sentence, timeout=PATIENCE)
    context.close()


def test_a_broken_gallery_is_explained(browser, static_site):
    context = browser.new_context()
    page = context.new_page()
    page.route("**/gallery.json", lambda route: route.fulfill(status=404))
    page.goto(static_site)
    expect(page.get_by_role("alert")).to_contain_text("gallery of styles could not be read")
    for control in page.locator(CONTROLS).all():
        expect(control).to_be_disabled()
    page.unroute("**/gallery.json")
    page.get_by_role("alert").get_by_role("button", name="Reload").click()
    expect(page.get_by_role("button", name="Use my camera")).to_be_enabled(timeout=PATIENCE)
    context.close()
