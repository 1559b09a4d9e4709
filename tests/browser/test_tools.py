"""Snapshots, recordings, sources and the clean output of the page."""

import re
from pathlib import Path

import av
import numpy as np
import pytest
from engine_page import open_page, serve_echo, set_style, wait_until
from playwright.sync_api import expect
from test_page import FRAMES, HIDE, LOOK, PATIENCE, TWO, apart, decoded, fitted, strength, visit

# A camera's frames as the engine gets them, each grey and as bright as the fraction of the second at which it was taken
# (`show(seconds, width, height)`); and a microphone that clicks as each second begins. Its sound says when it was
# heard, as a microphone's does, however late a busy machine hands it on: an audio context's clock would stumble there.
CLOCKWORK = """async () => {
  const RATE = 48000, COUNT = 480;
  const begin = performance.now(), seen = begin;
  const track = new MediaStreamTrackGenerator({ kind: "audio" });
  const writer = track.writable.getWriter();
  let written = 0; // pieces of 10 ms
  setInterval(() => {
    for (; begin + 10 * (written + 1) <= performance.now(); written++) {
      const data = new Float32Array(COUNT);
      if (written % 100 < 5) data.forEach((_, i) => { data[i] = 0.5 * Math.sin((2 * Math.PI * 1000 * i) / RATE); });
      writer.write(new AudioData({
        data, format: "f32-planar", sampleRate: RATE, numberOfFrames: COUNT, numberOfChannels: 1,
        timestamp: 10000 * written,
      }));
    }
  }, 5);
  navigator.mediaDevices.getUserMedia = async () => new MediaStream([track.clone()]);
  const show = async (width, height) => {
    const at = performance.now();
    const level = Math.round(255 * (((at - seen) / 1000 + 60) % 1));
    const canvas = new OffscreenCanvas(width, height);
    const pen = canvas.getContext("2d");
    pen.fillStyle = `rgb(${level}, ${level}, ${level})`;
    pen.fillRect(0, 0, width, height);
    const painted = new Promise((done) => {
      const stop = impasto.engine.on((event) => event.kind === "painted" && (stop(), done()));
    });
    if (impasto.engine.show(await createImageBitmap(canvas), { width, height }, at)) await painted;
  };
  globalThis.show = async (seconds, width, height) => {
    for (const end = performance.now() + 1000 * seconds; performance.now() < end; ) await show(width, height);
  };
}"""


def open_studio(browser, static_site, script=""):
    """A page whose painter gives frames back as they are, and which is fed by hand; `script` runs before it."""
    context = browser.new_context(accept_downloads=True, permissions=["microphone"])
    context.add_init_script(script)
    size = serve_echo(context)
    page = open_page(context, static_site)
    page.evaluate("() => impasto.engine.start('wasm')")
    set_style(page, np.zeros(size))
    page.evaluate(CLOCKWORK)
    return page


@pytest.fixture(scope="module")
def studio(browser, static_site):
    page = open_studio(browser, static_site)
    yield page
    page.context.close()


def recorded(page, *sizes, sound=True):
    """Records a second and a half at each of the sizes (width, height) → the path of the file."""
    page.evaluate("(on) => { document.querySelector('#sound').checked = on }", sound)
    page.evaluate("([w, h]) => show(0.1, w, h)", list(sizes[0]))
    page.evaluate("document.querySelector('#record').click()")
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
    for size in sizes:
        page.evaluate("([w, h]) => show(1.5, w, h)", list(size))
    with page.expect_download() as download:
        page.evaluate("document.querySelector('#record').click()")
    return download.value.path()


def test_sound_and_picture_stay_together(studio):
    with av.open(recorded(studio, (128, 96), (128, 96))) as container:
        frames = [(float(f.time), f.to_ndarray(format="gray").mean()) for f in container.decode(video=0)]
        container.seek(0)
        heard = [(float(f.time), f.sample_rate, f.to_ndarray()[0]) for f in container.decode(audio=0)]
    # Where the seconds begin: by the brightness of every frame, and by the clicks.
    seen = [(at - level / 255) % 1 for at, level in frames[1:-1] if 20 < level < 235]
    begin, rate = heard[0][0], heard[0][1]
    wave = np.abs(np.concatenate([samples for _, _, samples in heard]))
    loud = np.flatnonzero(wave > 0.3 * wave.max())
    clicks = (begin + loud[np.diff(loud, prepend=-rate) > rate / 2] / rate) % 1
    apart = [(s - c + 0.5) % 1 - 0.5 for s in seen for c in clicks]
    assert len(seen) > 5
    assert abs(np.median(apart)) <= 0.04


def test_sound_is_recorded_where_a_track_cannot_be_read(browser, static_site):
    """As in Firefox and Safari: it comes by an audio context."""
    page = open_studio(browser, static_site, "delete globalThis.MediaStreamTrackProcessor;")
    with av.open(recorded(page, (128, 96), (128, 96))) as container:
        heard = [(f.sample_rate, f.to_ndarray()[0]) for f in container.decode(audio=0)]
    rate, wave = heard[0][0], np.concatenate([samples for _, samples in heard])
    pitch = np.abs(np.fft.rfft(wave)).argmax() * rate / len(wave)
    assert abs(pitch - 1000) < 20  # the microphone's clicks
    page.context.close()


# An audio context that never runs: Firefox's where there are no loudspeakers.
STILL = """
delete globalThis.MediaStreamTrackProcessor;
AudioContext.prototype.resume = () => new Promise(() => {});
"""


def test_a_browser_that_gives_no_sound_records_the_picture(browser, static_site):
    page = open_studio(browser, static_site, STILL)
    with av.open(recorded(page, (128, 96))) as container:
        assert not container.streams.audio
        assert len(list(container.decode(video=0))) > 1
    expect(page.locator("#messages")).to_contain_text("The browser gave no sound, so the recording has none.")
    page.context.close()


def test_a_recording_plays_to_its_end_though_the_picture_changes_its_size(studio):
    path = recorded(studio, (128, 96), (96, 128), (64, 64), sound=False)
    with av.open(path) as container:
        frames = list(container.decode(video=0))
    assert {(f.width, f.height) for f in frames} == {(128, 96)}
    assert frames[0].time == 0
    assert frames[-1].time > 4.2
    upright = frames[-1].to_ndarray(format="gray")  # the last is square, between black bars
    assert upright[:, :10].max() < 40
    brightness = [f.to_ndarray(format="gray")[:, 60:68].mean() for f in frames if f.time > 3]
    assert max(brightness) - min(brightness) > 60  # and it moves


@pytest.fixture(scope="module")
def opened(browser, static_site):
    """The page with the camera being painted, opened once."""
    context = browser.new_context(accept_downloads=True, permissions=["camera"], reduced_motion="reduce")
    page = visit(context, static_site + LOOK)
    page.get_by_role("button", name="Use my camera").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    yield page
    context.close()


@pytest.fixture
def camera_page(opened):
    """The same, in sight for as long as the test takes."""
    opened.evaluate(HIDE, False)
    yield opened
    opened.evaluate(HIDE, True)


def test_a_snapshot_is_the_whole_picture_at_720(camera_page, camera_picture):
    page = camera_page
    page.get_by_role("button", name="Compare").click()
    taken = {}
    for key in ("Home", "End"):
        strength(page, key)
        with page.expect_download() as download:
            page.get_by_role("button", name="Snapshot").click()
        assert download.value.suggested_filename.endswith(".png")
        taken[key] = decoded(Path(download.value.path()).read_bytes())
    page.get_by_role("button", name="Compare").click()
    plain, painted = taken["Home"], taken["End"]
    assert plain.shape == painted.shape == (720, 900, 3)
    seen = fitted(camera_picture[:, ::-1], plain)  # mirrored as it is shown, no divider
    assert apart(plain, seen) < 5
    left, right = np.s_[:, :300], np.s_[:, 600:]
    assert min(apart(painted[left], seen[left]), apart(painted[right], seen[right])) > 15
    expect(page.locator("#loading")).to_be_hidden()


def test_three_seconds_notice(camera_page):
    page = camera_page
    timer = page.get_by_role("switch", name="Three seconds’ notice")
    timer.check()
    with page.expect_download():
        page.get_by_role("button", name="Snapshot").click()
        for number in "321":
            expect(page.locator("#count")).to_have_text(number)
    expect(page.locator("#count")).to_be_hidden()
    timer.uncheck()


def test_full_screen_keeps_the_controls_at_hand(camera_page):
    page = camera_page
    page.get_by_role("button", name="Full screen").click()
    page.wait_for_function("document.fullscreenElement === document.documentElement")
    box = page.locator("#wall").bounding_box()
    screen = page.viewport_size
    assert (box["width"], box["height"]) == (screen["width"], screen["height"])
    expect(page.get_by_role("button", name="Snapshot")).to_be_in_viewport()
    scream = page.get_by_role("button", name="The Scream")
    expect(scream).to_be_hidden()
    page.get_by_role("button", name="Styles", exact=True).click()
    scream.click()
    expect(scream).to_have_attribute("aria-pressed", "true")
    page.get_by_role("button", name="Styles", exact=True).click()
    page.evaluate("document.exitFullscreen()")
    page.wait_for_function("document.fullscreenElement === null")
    expect(scream).to_be_visible()


def test_where_there_is_no_full_screen_the_page_is_as_usual(browser, static_site):
    """An iPhone's browsers have nothing of it but what is prefixed: what is asked of it is undefined."""
    context = browser.new_context()
    context.add_init_script("delete Document.prototype.fullscreenElement; delete Document.prototype.fullscreenEnabled;")
    page = visit(context, static_site + LOOK)
    expect(page.get_by_role("button", name="Full screen")).to_be_hidden()
    assert not page.evaluate("document.body.classList.contains('immersed')")
    expect(page.get_by_role("heading", name="Style", exact=True)).to_be_visible()
    context.close()


def test_a_screen_is_a_source_and_is_not_mirrored(camera_page):
    page = camera_page
    page.evaluate("""() => {
      const canvas = Object.assign(document.createElement("canvas"), { width: 320, height: 200 });
      const pen = canvas.getContext("2d");
      setInterval(() => pen.fillRect(320 * Math.random(), 0, 9, 9), 100);
      navigator.mediaDevices.getDisplayMedia = async () => canvas.captureStream(5);
    }""")
    page.get_by_role("button", name="Screen or window").click()
    page.wait_for_function("document.querySelector('#source').videoWidth === 320")
    expect(page.get_by_role("button", name="Mirror")).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Screen or window")).to_have_attribute("aria-pressed", "true")


def test_a_clean_output_shows_the_picture_alone_and_goes_on_unseen(browser, static_site):
    context = browser.new_context(viewport={"width": 640, "height": 480}, permissions=["camera"])
    serve_echo(context)
    page = visit(context, static_site + "?obs=1" + LOOK)
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)  # nobody pressed anything
    controls = page.locator("button, select, input, a, .caption, .wordmark")
    assert not [each for each in controls.all() if each.is_visible()]
    assert page.locator("#host canvas").bounding_box() == {"x": 0, "y": 0, "width": 640, "height": 480}
    page.evaluate(HIDE, True)
    page.evaluate(FRAMES.replace("requestAnimationFrame(() => requestAnimationFrame(done))", "done()"), TWO * 4)
    page.evaluate(HIDE, False)
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Snapshot")).to_be_visible()
    page.keyboard.press("h")
    expect(page.get_by_role("button", name="Snapshot")).to_be_hidden()
    context.close()


def test_a_phone_held_sideways_is_all_picture(browser, static_site):
    context = browser.new_context(
        viewport={"width": 844, "height": 390}, has_touch=True, is_mobile=True, permissions=["camera"]
    )
    serve_echo(context)
    page = visit(context, static_site + LOOK)
    for way in ("Use my camera", "Try the sample scene"):
        expect(page.get_by_role("button", name=way)).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="Use my camera").tap()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    assert page.locator("#wall").bounding_box() == {"x": 0, "y": 0, "width": 844, "height": 390}
    for name in ("Snapshot", re.compile("Record"), "Styles"):
        expect(page.locator("#tools").get_by_role("button", name=name)).to_be_in_viewport()
    page.get_by_role("button", name="Styles").tap()
    page.get_by_role("button", name="Snapshot").tap()
    note = page.locator("#note")
    expect(note).to_be_visible()
    wait_until(page, "document.querySelector('#panel').getBoundingClientRect().right === innerWidth")
    box = note.bounding_box()  # beside the panel, not below it
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= page.locator("#panel").bounding_box()["x"]
    context.close()


def test_on_a_phone_a_snapshot_is_shared_or_saved(browser, static_site):
    context = browser.new_context(
        viewport={"width": 390, "height": 844},
        has_touch=True,
        is_mobile=True,
        permissions=["camera"],
        accept_downloads=True,
    )
    context.add_init_script("""
      globalThis.shared = [];
      navigator.canShare = () => true;
      navigator.share = async ({ files }) => void shared.push(files[0].name);
    """)
    serve_echo(context)
    page = visit(context, static_site + LOOK)
    page.get_by_role("button", name="Use my camera").tap()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="Snapshot").tap()
    page.get_by_role("dialog").get_by_role("button", name="Share").tap()
    expect(page.get_by_role("dialog")).to_be_hidden()
    assert re.fullmatch(r"impasto .+\.png", page.evaluate("shared")[0])
    page.get_by_role("button", name="Snapshot").tap()
    with page.expect_download():
        page.get_by_role("dialog").get_by_role("button", name="Save").tap()
    context.close()


def test_a_small_window_goes_on_while_the_tab_is_hidden(camera_page):
    page = camera_page
    button = page.get_by_role("button", name="Small window")
    button.click()
    page.wait_for_function("document.pictureInPictureElement && document.querySelector('#pip-video').videoWidth > 0")
    expect(button).to_have_attribute("aria-pressed", "true")
    page.evaluate(HIDE, True)
    page.evaluate(FRAMES.replace("requestAnimationFrame(() => requestAnimationFrame(done))", "done()"), TWO * 4)
    page.evaluate(HIDE, False)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_small_window_and_a_recording_where_no_hidden_tab_is_painted(browser, static_site):
    """As in Firefox: the small window gets frames as the recording does, and either goes on without the other."""
    context = browser.new_context(accept_downloads=True, permissions=["camera"], reduced_motion="reduce")
    context.add_init_script("delete globalThis.MediaStreamTrackProcessor;")
    serve_echo(context)
    page = visit(context, static_site + LOOK)
    page.get_by_role("button", name="Use my camera").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    button = page.get_by_role("button", name="Small window")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    sizes = "[document.querySelector('#pip-video'), impasto.engine.canvas].map((e) => e.videoWidth ?? e.width)"
    shown = page.evaluate(sizes)
    assert shown[0] == shown[1] > 0
    page.locator("#record").click()
    expect(page.locator("#record")).to_have_attribute("aria-pressed", "true")
    page.evaluate(FRAMES, TWO)
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    page.evaluate(FRAMES, TWO)
    with page.expect_download() as download:
        page.locator("#record").click()
    with av.open(download.value.path()) as container:
        assert len(list(container.decode(video=0))) >= 4
    context.close()


def test_an_empty_small_window_is_not_opened(camera_page):
    """WebKit hands out nothing of a canvas that a worker draws by WebGL."""
    page = camera_page
    page.evaluate("""() => {
      impasto.engine.canvas.captureStream = (rate) => {
        const pen = Object.assign(document.createElement("canvas"), { width: 8, height: 8 }).getContext("2d");
        setInterval(() => pen.clearRect(0, 0, 8, 8), 50);
        return pen.canvas.captureStream(rate);
      };
    }""")
    page.get_by_role("button", name="Small window").click()
    expect(page.get_by_role("alert")).to_contain_text("cannot show the painting in a small window")
    assert page.evaluate("document.pictureInPictureElement") is None
    page.evaluate("delete impasto.engine.canvas.captureStream")


# As a browser does where the first picture came too late for the press.
LATE = """() => {
  const { prototype } = HTMLVideoElement, ask = prototype.requestPictureInPicture;
  prototype.requestPictureInPicture = async () => {
    Object.defineProperty(navigator, "userActivation", { value: { isActive: false } });
    prototype.requestPictureInPicture = ask;
    throw new DOMException("too late", "NotAllowedError");
  };
}"""


def test_a_small_window_that_comes_late_is_there_at_the_second_press(camera_page):
    page = camera_page
    page.evaluate(LATE)
    button = page.get_by_role("button", name="Small window")
    button.click()
    expect(page.locator("#messages")).to_contain_text("press “Small window” once more")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#messages")).not_to_contain_text("once more")
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")


# Two cameras in name; what is asked of them, and how often the screen is to stay lit, is kept.
PHONE = """
const { mediaDevices, wakeLock } = navigator, { enumerateDevices, getUserMedia } = MediaDevices.prototype;
globalThis.asked = [];
globalThis.lit = 0;
mediaDevices.enumerateDevices = async () =>
  [...(await enumerateDevices.call(mediaDevices)), { kind: "videoinput", deviceId: "second", label: "Back" }];
mediaDevices.getUserMedia = (wish) => {
  asked.push(wish.video.facingMode, wish.video.resizeMode?.ideal);
  return getUserMedia.call(mediaDevices, { video: true });
};
wakeLock.request = async () => (lit++, new EventTarget());
"""


def test_a_phone_turns_to_its_other_camera_and_stays_lit(browser, static_site):
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True, permissions=["camera"]
    )
    context.add_init_script(PHONE)
    serve_echo(context)
    page = visit(context, static_site + LOOK)
    page.get_by_role("button", name="Use my camera").tap()
    page.get_by_role("button", name="Flip camera").tap()
    page.wait_for_function("asked.length === 4")
    assert page.evaluate("asked") == ["user", "none", "environment", "none"]
    assert page.evaluate("lit") >= 1
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    context.close()
