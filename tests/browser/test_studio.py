"""The studio in a real browser: a clip in, a painting out; cancel; garbage; small screens; nobody else's hosts."""

import re
from fractions import Fraction
from urllib.parse import urlsplit

import av
import numpy as np
import pytest
from playwright.sync_api import expect

SECONDS = 1000  # playwright counts milliseconds
PAINTED = 180 * SECONDS
TABS = ("Clip", "Picture", "Live", "About")


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    """Five seconds of moving stripes with a tone: long enough for progress to be seen on a quick machine."""
    return write_clip(tmp_path_factory.mktemp("clips") / "stripes.mp4", 256, 192, 125)


@pytest.fixture(scope="module")
def long_clip(tmp_path_factory):
    """More frames than are painted before somebody cancels, however slowly the rest of the page comes along."""
    return write_clip(tmp_path_factory.mktemp("clips") / "long.mp4", 320, 240, 2800, rate=50)


def write_clip(path, width, height, frames, rate=25):
    y, x = np.mgrid[0:height, 0:width]
    samples = 48000 // rate
    waves = [127 + 100 * np.sin((x + 2 * y) / 17 + 2 * np.pi * n / 32) for n in range(32)]
    pictures = [np.stack([w, x * 255 / width, y * 255 / height], -1).astype(np.uint8) for w in waves]
    with av.open(str(path), "w") as container:
        video = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = container.add_stream("aac", rate=48000)
        for n in range(frames):
            container.mux(video.encode(av.VideoFrame.from_ndarray(pictures[n % len(pictures)], format="rgb24")))
            tone = (9000 * np.sin(2 * np.pi * 440 * (np.arange(samples) + n * samples) / 48000)).astype(np.int16)
            frame = av.AudioFrame.from_ndarray(tone[None], "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, n * samples, Fraction(1, 48000)
            container.mux(sound.encode(frame))
        container.mux(video.encode(None))
        container.mux(sound.encode(None))
    return path


class Visit:
    """A page of the studio, with every request it made."""

    def __init__(self, browser, url, **context):
        self.context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}, **context})
        self.page = self.context.new_page()
        self.page.set_default_timeout(150 * SECONDS)
        self.requests, self.errors = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(url)
        expect(self.page.locator("#paint-clip")).to_be_visible(timeout=150 * SECONDS)  # while others paint, too

    def upload(self, path):
        self.page.locator("#clip input[type=file]").set_input_files(path)

    def hosts(self):
        return {urlsplit(url).hostname for url in self.requests if not url.startswith(("data:", "blob:"))}


@pytest.fixture
def visit(browser, server):
    """Opens the studio: `visit(viewport=…)`; looks at the end that nothing but this machine was asked."""
    visits = []

    def open_it(**context):
        visits.append(Visit(browser, server.url, **context))
        return visits[-1]

    yield open_it
    for visited in visits:
        assert visited.hosts() == {"127.0.0.1"}
        assert visited.errors == []
        visited.context.close()


def test_a_clip_is_uploaded_previewed_painted_played_and_downloaded(visit, clip, tmp_path):
    page = (studio := visit()).page
    studio.upload(clip)
    expect(page.locator("#clip-facts")).to_contain_text("256×192 · 25 frames/s · 5.0 s · with sound")
    expect(page.locator("#preview img")).to_have_count(2)
    expect(page.get_by_role("slider", name="Stability").filter(visible=True)).to_have_value("1")
    before = page.locator("#preview img").first.get_attribute("src")
    page.locator(".styles:visible button", has_text="The Scream").click()
    expect(page.locator("#preview img").first).not_to_have_attribute("src", before)
    page.locator("#paint-clip").click()
    expect(page.locator("#painted-clip")).to_contain_text(re.compile(r"frames/s, .* left"), timeout=PAINTED)
    expect(page.locator("#clip-summary")).to_contain_text("125 frames of 256×192", timeout=PAINTED)
    expect(page.locator("#clip-summary")).to_contain_text("sound kept")

    video = page.locator("#painted-clip video")
    played = video.evaluate(
        """async video => {
            video.muted = true
            await video.play()
            await new Promise(done => { video.ontimeupdate = () => video.currentTime > 0.2 && done() })
            return {width: video.videoWidth, error: video.error, sound: video.webkitAudioDecodedByteCount}
        }"""
    )
    assert played["width"] == 256
    assert played["error"] is None
    assert played["sound"] > 0

    with page.expect_download() as caught:
        page.locator("#download-clip").click()
    assert caught.value.suggested_filename == "impasto-the-scream.mp4"
    caught.value.save_as(tmp_path / "painted.mp4")
    with av.open(str(clip)) as source, av.open(str(tmp_path / "painted.mp4")) as painted:
        one, other = (next(c.decode(video=0)).to_ndarray(format="rgb24").astype(float) for c in (source, painted))
    with av.open(str(tmp_path / "painted.mp4")) as painted:
        assert sum(frame.samples for frame in painted.decode(audio=0)) > 230_000
    assert one.shape == other.shape
    assert abs(one - other).mean() > 10

    page.locator("#compared").scroll_into_view_if_needed()
    expect(page.locator("#compared img")).to_have_count(2)


def test_an_example_paints_with_one_click(visit):
    page = visit(viewport={"width": 390, "height": 844}).page
    page.locator("#examples button").first.click()
    expect(page.locator("#painted-clip")).to_be_in_viewport()
    expect(page.locator("#clip-facts")).to_contain_text("1280×720")
    expect(page.locator("#painted-clip")).to_contain_text("left", timeout=PAINTED)  # it is being painted
    page.locator("#cancel-clip").click()
    expect(page.locator("#clip-summary")).to_contain_text("Cancelled", timeout=PAINTED)


def test_cancel_stops_the_job_and_frees_the_place(visit, long_clip, clip):
    page = (studio := visit()).page
    studio.upload(long_clip)
    expect(page.locator("#clip-facts")).to_contain_text("with sound")
    page.locator("#paint-clip").click()
    expect(page.locator("#painted-clip")).to_contain_text("left", timeout=PAINTED)
    waiting = visit()  # a second person waits in the line of one
    waiting.upload(clip)
    expect(waiting.page.locator("#clip-facts")).to_contain_text("with sound")
    waiting.page.locator("#paint-clip").click()
    expect(waiting.page.locator("#painted-clip")).to_contain_text("your job is the next to start")
    page.locator("#cancel-clip").click()
    expect(page.locator("#clip-summary")).to_contain_text("Cancelled")
    expect(page.locator("#painted-clip video")).to_have_count(0)
    expect(waiting.page.locator("#clip-summary")).to_contain_text("125 frames", timeout=PAINTED)


def test_garbage_is_refused_in_a_sentence(visit, tmp_path):
    (tmp_path / "garbage.mp4").write_bytes(b"this is no video " * 1000)
    page = (studio := visit()).page
    studio.upload(tmp_path / "garbage.mp4")
    sentence = "This clip is not a video this build can read"
    expect(page.locator("#clip-facts")).to_contain_text(sentence)
    expect(page.get_by_test_id("toast-body").first).to_contain_text(sentence)
    assert "Traceback" not in page.content()
    assert "/tmp" not in page.locator("body").inner_text()


def test_pictures_are_painted_several_at_once(visit, tmp_path):
    from PIL import Image

    y, x = np.mgrid[0:120, 0:160]
    for name, shift in (("a.jpg", 0), ("b.png", 40)):
        Image.fromarray(np.stack([x + shift, y, x // 2], -1).astype(np.uint8)).save(tmp_path / name)
    page = visit().page
    page.get_by_role("tab", name="Picture").click()
    page.locator("#pictures input[type=file]").set_input_files([tmp_path / "a.jpg", tmp_path / "b.png"])
    expect(page.locator("#picture-preview img")).to_have_count(2)
    expect(page.get_by_role("slider", name="Strength").filter(visible=True)).to_have_count(1)
    expect(page.get_by_role("slider", name="Stability").filter(visible=True)).to_have_count(0)
    page.locator("#paint-pictures").click()
    expect(page.locator("#painted-pictures img")).to_have_count(2, timeout=PAINTED)
    with page.expect_download() as caught:
        page.locator("#download-pictures").click()
    assert caught.value.suggested_filename == "impasto-pictures.zip"


def test_the_live_page_is_framed_with_the_camera_allowed(visit):
    page = visit().page
    page.get_by_role("tab", name="Live").click()
    frame = page.locator("iframe")
    expect(frame).to_be_visible()
    assert {"camera", "microphone", "fullscreen", "cross-origin-isolated"} <= set(
        re.split("; ?", frame.get_attribute("allow"))
    )
    frame.element_handle().content_frame().wait_for_url("**/live/", timeout=60 * SECONDS)
    assert page.get_by_role("link", name="tab of its own").get_attribute("href") == "live/"


def test_every_tab_fits_its_screen(visit):
    page = visit().page
    for tab in TABS:
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel").filter(visible=True)).to_be_visible()
        for width, scheme in ((1280, "light"), (1280, "dark"), (390, "dark"), (390, "light")):
            page.set_viewport_size({"width": width, "height": 844})
            page.emulate_media(color_scheme=scheme)
            page.wait_for_function("(width) => document.documentElement.scrollWidth === width", arg=width)
            assert page.screenshot(full_page=True)
        page.set_viewport_size({"width": 1280, "height": 844})
