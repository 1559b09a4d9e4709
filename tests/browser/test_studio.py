"""The page for files in a real browser: a clip in, a painting out, whatever happens to the page meanwhile."""

import shutil
import zipfile
from fractions import Fraction
from pathlib import Path
from urllib.parse import urlsplit

import av
import cv2
import numpy as np
import pytest
from engine_page import wait_until
from figure import figure
from PIL import Image
from playwright.sync_api import expect

SECONDS = 1000  # playwright counts milliseconds
PAINTED = 180 * SECONDS
AXE = Path(__file__).parents[2] / "webapp" / "page" / "node_modules" / "axe-core" / "axe.min.js"


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
    waves = [127 + 100 * np.sin((x + 2 * y) / 17 + 2 * np.pi * n / 32) for n in range(min(32, frames))]
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
        self.requests, self.errors = [], []
        self.url = url
        self.page = self.open(url)

    def open(self, url):
        """Another tab of the same browser."""
        page = self.context.new_page()
        page.set_default_timeout(150 * SECONDS)
        page.on("request", lambda request: self.requests.append(request.url))
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.goto(url)
        ready(page)
        return page

    def upload(self, path):
        self.page.locator("#choose").set_input_files(path)
        expect(self.page.locator("#facts")).to_contain_text("frames/s")

    def hosts(self):
        return {urlsplit(url).hostname for url in self.requests if not url.startswith(("data:", "blob:"))}


def ready(page):
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=150 * SECONDS)  # while others paint, too


def faults(page):
    """Everything that axe-core finds, by day and by night."""
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text())  # as the console would: the page's policy is about the page
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # colours change at once
        for fault in page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]:
            found += [f"{scheme} {fault['id']}: {node['target']}" for node in fault["nodes"]]
    return found


def set_slider(page, id, value):
    page.locator(f"#{id}").evaluate(
        "(slider, value) => { slider.value = value; slider.dispatchEvent(new Event('input', {bubbles: true})) }", value
    )


def chosen(page):
    return page.locator("#chosen b").all_inner_texts()


def pressed(page):
    return [
        button.get_attribute("aria-label").split(",")[0] for button in page.locator('.style[aria-pressed="true"]').all()
    ]


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
        for page in visited.context.pages:  # what is left of it would hold up the next
            page.evaluate("""async () => {
                const headers = {"X-Impasto-Visitor": localStorage.getItem("impasto-visitor")}
                const {jobs} = await (await fetch("/studio/jobs", {headers})).json()
                await Promise.all(jobs.map(({id}) => fetch("/studio/jobs/" + id, {method: "DELETE", headers})))
            }""")
        visited.context.close()


def test_a_job_outlives_its_page_and_is_found_again_played_and_downloaded(visit, clip, tmp_path):
    page = (studio := visit()).page
    asked = []
    page.on("dialog", lambda dialog: asked.append(dialog.type) or dialog.accept())
    expect(page.locator("#paint")).to_be_disabled()
    expect(page.locator("#limits")).to_contain_text("Up to 200 MB. Of a clip longer than 1 min")
    assert faults(page) == []
    studio.upload(clip)
    expect(page.locator("#facts")).to_have_text("256×192 · 25 frames/s · 5 s · with sound")
    page.get_by_role("button", name="The Scream").click()
    expect(page.locator("#caption")).to_have_text("Preview: The Scream")
    preview = page.locator("#after img").evaluate("image => image.decode().then(() => image.naturalWidth)")
    page.locator("#paint").click()
    expect(page.locator("#progress-words")).to_contain_text("frames", timeout=PAINTED)
    expect(page.locator("#caption")).to_have_text("Being painted with The Scream")
    assert faults(page) == []
    address = page.url
    assert "#job=" in address

    page.go_back()  # within the page: the job goes on
    expect(page.locator("#caption")).to_have_text("Preview: The Scream")
    page.go_forward()
    page.reload()
    ready(page)
    assert asked == ["beforeunload"]
    assert page.url == address
    other = studio.open(studio.url)  # another tab knows of it, too
    expect(other.locator("#job-list li")).to_contain_text("stripes.mp4, The Scream")
    expect(page.locator("#caption")).to_have_text("Painted with The Scream", timeout=PAINTED)
    expect(page.locator("#figures")).to_have_text("stripes.mp4 · medium brush · 256×192 · 5 s · sound kept")
    expect(other.locator("#job-list li.done")).to_be_visible()
    other.close()
    assert faults(page) == []

    played = page.locator("#after video").evaluate(
        """async video => {
            const before = document.querySelector("#before video")
            video.muted = true
            document.querySelector("#play").click()
            await new Promise(done => { video.ontimeupdate = () => video.currentTime > 0.3 && done() })
            document.querySelector("#play").click()
            await new Promise(done => setTimeout(done, 100))
            const apart = Math.abs(before.currentTime - video.currentTime)
            // Where the painting waits for the network, what it is compared with waits, too.
            const moves = kind => (video.dispatchEvent(new Event(kind)), !before.paused)
            const held = [moves("playing"), moves("waiting"), moves("playing"), moves("waiting")]
            return {width: video.videoWidth, error: video.error, apart, held}
        }"""
    )
    assert played["width"] == preview == 256
    assert played["error"] is None
    assert played["apart"] < 0.1
    assert played["held"] == [True, False, True, False]

    with page.expect_download() as caught:
        page.get_by_role("link", name="Download").click()
    assert caught.value.suggested_filename == "stripes, The Scream.mp4"
    caught.value.save_as(tmp_path / "painted.mp4")
    with av.open(str(clip)) as source, av.open(str(tmp_path / "painted.mp4")) as painted:
        one, two = (next(c.decode(video=0)).to_ndarray(format="rgb24").astype(float) for c in (source, painted))
    with av.open(str(tmp_path / "painted.mp4")) as painted:
        assert sum(frame.samples for frame in painted.decode(audio=0)) > 230_000
    assert abs(one - two).mean() > 10
    page.get_by_role("button", name="The Great Wave").click()  # the same clip in another style
    expect(page.locator("#caption")).to_have_text("Preview: The Great Wave off Kanagawa")
    page.locator("#job-list").get_by_role("button", name="Paint in The Great Wave").click()
    expect(page.locator("#job-list li")).to_have_count(2)
    page.locator("#job-list li.done").get_by_role("button", name="Remove").click()  # downloaded: not asked
    expect(page.locator("#job-list li")).to_have_count(1)


def test_cancel_asks_stops_the_job_and_frees_the_place(visit, long_clip, clip):
    page = (studio := visit()).page
    studio.upload(long_clip)
    page.locator("#paint").click()
    expect(page.locator("#progress-words")).to_contain_text("left", timeout=PAINTED)
    waiting = visit()  # a second person waits in the line of one
    waiting.upload(clip)
    waiting.page.locator("#paint").click()
    expect(waiting.page.locator("#progress-words")).to_contain_text("your job is the next to start")
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Keep it").click()
    expect(page.locator("#job-list li.painting")).to_be_visible()
    page.get_by_role("button", name="Cancel").click()
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#job-list li.cancelled")).to_be_visible()
    expect(page.locator("#caption")).to_contain_text("Preview")
    expect(waiting.page.locator("#figures")).to_contain_text("stripes.mp4 · medium brush", timeout=PAINTED)


def test_what_was_done_while_stopping_it_was_asked_is_taken_away_without_a_word(visit, tmp_path):
    studio = visit()
    page = studio.page
    studio.upload(write_clip(tmp_path / "short.mp4", 96, 64, 12))
    page.locator("#paint").click()
    page.locator("#stop").click()
    expect(page.locator("#ask")).to_have_attribute("open", "")
    expect(page.locator("#job-list li.done")).to_be_visible(timeout=PAINTED)
    page.get_by_role("button", name="Stop", exact=True).click()
    expect(page.locator("#job-list li")).to_have_count(0)
    expect(page.locator("#messages")).to_be_empty()


def test_in_a_high_dialog_words_and_buttons_stand_together(visit):
    """WebKit makes a dialog as high as the window, unless its rows keep their height."""
    page = visit().page
    page.evaluate("() => { const ask = document.querySelector('#ask'); ask.showModal(); ask.style.height = '600px' }")
    title, words = (page.locator(f"#ask-{part}").bounding_box() for part in ("title", "words"))
    assert words["y"] - (title["y"] + title["height"]) < 40


def test_a_file_of_the_other_kind_is_painted_all_the_same(visit, clip, tmp_path):
    """A picture chosen as a clip, a clip as a picture, an animated GIF as either."""
    still, *rest = [Image.new("RGB", (96, 64), (60 * n, 90, 200 - 60 * n)) for n in range(3)]
    still.save(tmp_path / "cat.gif", save_all=True, append_images=rest, duration=200)
    page = (studio := visit()).page
    page.locator("#choose").set_input_files(tmp_path / "cat.gif")
    expect(page.get_by_role("tab", name="Picture")).to_have_attribute("aria-selected", "true")
    expect(page.locator("#source .hint")).to_have_text("96×64 · 3 frames")
    studio.upload(clip)
    expect(page.get_by_role("tab", name="Clip")).to_have_attribute("aria-selected", "true")
    page.get_by_role("tab", name="Picture").click()
    expect(page.locator("#source b")).to_have_text("cat.gif")
    page.get_by_role("button", name="Paint the picture").click()
    expect(page.locator("#figures")).to_have_text("cat.gif · medium brush · 1 picture", timeout=PAINTED)
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download").click()
    caught.value.save_as(tmp_path / caught.value.suggested_filename)
    with Image.open(tmp_path / "cat, The Starry Night.gif") as gif:
        assert gif.n_frames == 3


def test_a_paintings_link_is_copied_and_shows_it_to_somebody_else(visit, tmp_path):
    Image.new("RGB", (96, 64), "teal").save(tmp_path / "sea.png")
    page = visit(permissions=["clipboard-read", "clipboard-write"]).page
    page.get_by_role("tab", name="Picture").click()
    page.locator("#choose").set_input_files(tmp_path / "sea.png")
    page.get_by_role("button", name="Paint the picture").click()
    expect(page.locator("#caption")).to_have_text("Painted with The Starry Night", timeout=PAINTED)
    page.get_by_role("button", name="Copy link").press("Enter")
    expect(page.get_by_role("button", name="Link copied")).to_be_focused()
    assert faults(page) == []
    link = page.evaluate("navigator.clipboard.readText()")
    somebody = visit()
    somebody.page.goto(link)
    somebody.page.reload()
    ready(somebody.page)
    expect(somebody.page.locator("#caption")).to_have_text("Painted with The Starry Night")
    expect(somebody.page.get_by_role("link", name="Download")).to_be_visible()
    expect(somebody.page.get_by_role("button", name="Remove")).to_have_count(0)  # it is not theirs


@pytest.mark.parametrize("in_time", [True, False])
def test_on_phones_a_painting_is_shared_with_another_app(visit, tmp_path, in_time):
    """Where fetching takes longer than a press counts, a second press shares what was fetched."""
    Image.new("RGB", (96, 64), "teal").save(tmp_path / "sea.png")
    studio = visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = studio.page
    page.evaluate(
        """(late) => {
        window.shared = []
        navigator.canShare = () => true
        navigator.share = async ({files}) => {
            if (late-- > 0) throw new DOMException("too late", "NotAllowedError")
            window.shared.push([files[0].name, files[0].type, files[0].size > 50])
        }
    }""",
        0 if in_time else 1,
    )
    page.get_by_role("tab", name="Picture").click()
    page.locator("#choose").set_input_files(tmp_path / "sea.png")
    page.get_by_role("button", name="Paint the picture").click()
    expect(page.locator("#caption")).to_have_text("Painted with The Starry Night", timeout=PAINTED)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.get_by_role("button", name="Share").click()
    if not in_time:
        page.get_by_role("button", name="Share now").click()
    wait_until(page, "window.shared.length")
    assert page.evaluate("shared") == [["sea, The Starry Night.png", "image/png", True]]
    fetched = [url for url in studio.requests if "/painted/0" in url]
    assert len(fetched) <= 2  # shown, and fetched to be shared


def test_what_is_chosen_is_what_is_shown(visit, tmp_path):
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8)).save(tmp_path / "my cat.png")
    page = visit().page
    expect(page.locator("#caption")).to_have_text("Left a clip, right the same in the manner of The Starry Night")
    assert (chosen(page), pressed(page)) == (["The Starry Night"], ["The Starry Night"])
    page.locator("#own").set_input_files(tmp_path / "my cat.png")
    expect(page.locator("#chosen b")).to_have_text(["my cat"])
    expect(page.locator("#caption")).to_have_text("Preview: my cat")
    assert pressed(page) == ["my cat"]
    page.get_by_text("Blend up to 4").click()
    page.get_by_role("button", name="The Scream").click()
    page.get_by_role("button", name="Irises").click()
    assert chosen(page) == ["my cat", "The Scream", "Irises"]
    assert pressed(page) == ["my cat", "The Scream", "Irises"]
    page.get_by_label("Weight of The Scream").fill("0")
    expect(page.locator("#chosen output")).to_have_text(["50 %", "0 %", "50 %"])
    page.get_by_role("button", name="Take my cat out").click()
    expect(page.locator("#caption")).to_have_text("Preview: The Scream 0 % and Irises 100 %")
    assert pressed(page) == ["The Scream", "Irises"]
    page.evaluate("""() => {  // a clip dropped on the masthead is taken, and the page stays
        const files = new DataTransfer()
        files.items.add(new File(["no clip"], "x.mp4", {type: "video/mp4"}))
        const drop = new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true})
        if (document.querySelector(".wordmark").dispatchEvent(drop)) throw new Error("it would have been opened")
    }""")
    alert = page.locator("#source").get_by_role("alert")
    expect(alert).to_contain_text("That did not work. This clip is not a video that can be read")
    expect(page.get_by_text("is not a video that can be read")).to_have_count(1)
    (tmp_path / "speck.png").write_bytes(cv2.imencode(".png", np.full((8, 8, 3), 99, np.uint8))[1].tobytes())
    page.locator("#own").set_input_files(tmp_path / "speck.png")
    expect(page.locator("#chosen b")).to_contain_text(["speck"])
    expect(alert).to_have_count(0)  # it is past
    small, other = (page.locator(".style img").nth(n).bounding_box()["width"] for n in (0, 1))
    assert small == other
    assert "/tmp" not in page.locator("body").inner_text()


def test_the_keyboards_place_is_seen_and_kept(visit, clip, tmp_path):
    Image.fromarray(figure(90, 120)).save(tmp_path / "mine.png")
    page = (studio := visit(viewport={"width": 1366, "height": 700})).page
    focused = page.locator(":focus")
    page.locator(".style").first.focus()
    for _ in range(12):
        page.keyboard.press("Tab")
        assert page.evaluate("""() => document.activeElement.getBoundingClientRect().bottom
            <= document.querySelector(".paint-bar").getBoundingClientRect().top""")
    page.locator("#choose").focus()
    studio.upload(clip)
    expect(page.locator("#paint")).to_be_focused()  # the choice of a clip is gone
    expect(page.locator("#announce")).to_contain_text("stripes.mp4: 256×192")
    page.keyboard.press("Enter")
    expect(page.locator("#progress")).to_be_visible()
    expect(page.locator("#paint")).to_be_focused()
    page.locator("#own").set_input_files(tmp_path / "mine.png")
    page.get_by_role("button", name="Take mine out").press("Enter")
    expect(page.locator("#mixing")).to_be_focused()
    page.get_by_role("button", name="Remove stripes.mp4", exact=True).press("Enter")
    expect(page.locator("#choose")).to_be_focused()
    expect(focused).to_have_count(1)


def test_a_reload_loses_nothing_of_what_was_chosen(visit, clip, tmp_path):
    Image.fromarray(figure(90, 120, 1)).save(tmp_path / "mine.png")
    page = (studio := visit()).page
    studio.upload(clip)
    page.get_by_text("Blend up to 4").click()
    page.locator("#own").set_input_files(tmp_path / "mine.png")
    expect(page.locator("#chosen b")).to_have_text(["The Starry Night", "mine"])
    page.get_by_label("Weight of mine").fill("40")
    page.get_by_text("Broad", exact=True).click()
    page.locator("#parts").select_option("person")
    page.locator("#trim summary").click()
    set_slider(page, "from", 2)
    page.reload()
    ready(page)
    expect(page.locator("#facts")).to_contain_text("256×192")
    assert (chosen(page), pressed(page)) == (["The Starry Night", "mine"], ["mine", "The Starry Night"])
    expect(page.locator("#chosen output")).to_have_text(["71 %", "29 %"])
    expect(page.get_by_role("radio", name="Broad")).to_be_checked()
    assert page.locator("#parts").input_value() == "person"
    expect(page.locator("#trim-words")).to_contain_text("Chosen: 3 s of 5 s")
    expect(page.locator("#at-words")).to_have_text("2.0 s of 5.0 s")
    assert page.locator("#at").evaluate("at => at.style.getPropertyValue('--fill')") == "40%"
    expect(page.locator("#caption")).to_have_text("Preview: The Starry Night 71 % and mine 29 %, only the person")
    page.get_by_role("link", name="Live camera").click()
    expect(page.locator("#use-camera")).to_be_visible()
    page.go_back()
    ready(page)
    expect(page.locator("#facts")).to_contain_text("256×192")
    page.locator("#paint").click()
    expect(page.locator("#caption")).to_have_text("Painted with The Starry Night 71 % and mine 29 %", timeout=PAINTED)


# Frames of the page in which nothing is on the stage, counted.
EMPTY = """() => {
  globalThis.empty = 0;
  const there = (each) => each.naturalWidth > 0 || each.readyState >= 2 || each.localName === "canvas";
  const look = () => {
    if (![...document.querySelectorAll("#under > *, #after > *")].some(there)) empty++;
    requestAnimationFrame(look);
  };
  look();
}"""


def test_from_preview_to_result_the_stage_is_never_empty(visit, clip):
    page = (studio := visit()).page
    studio.upload(clip)
    expect(page.locator("#caption")).to_have_text("Preview: The Starry Night", timeout=PAINTED)
    page.evaluate(EMPTY)
    page.locator("#paint").click()
    expect(page.locator("#caption")).to_have_text("Painted with The Starry Night", timeout=PAINTED)
    wait_until(page, "document.querySelector('#after video').readyState >= 2")
    expect(page.locator("#under > *")).to_have_count(0)
    assert page.evaluate("empty") == 0


def test_however_long_a_name_is_what_is_said_stays_in_sight(visit, clip, tmp_path):
    name = "Holiday in the mountains with grandmother, second day, after the rain, final cut " * 2
    long = shutil.copy(clip, tmp_path / f"{name}.mp4")
    page = (studio := visit()).page
    studio.upload(long)
    caption, figures = page.locator("#caption"), page.locator("#figures")
    for act, says, facts in (
        (lambda: None, "Preview: The Starry Night", " at 256×192"),
        (page.locator("#paint").click, "Painted with The Starry Night", " · medium brush · 256×192 · 5 s · sound kept"),
    ):
        act()
        expect(caption).to_have_text(says, timeout=PAINTED)
        expect(figures).to_have_text(f"{name}.mp4{facts}")
        assert page.locator("#figures span").last.evaluate("words => words.getClientRects().length") == 1
        for line in (caption, figures):
            assert line.bounding_box()["height"] < 30
        assert figures.evaluate("line => line.scrollWidth <= line.clientWidth")
    row = page.locator("#job-list b span").last
    expect(row).to_have_text(", The Starry Night")
    assert row.evaluate("words => words.scrollWidth <= words.clientWidth")


def test_a_lost_connection_is_said_and_what_was_missed_is_caught_up_with(visit, long_clip):
    page = (studio := visit()).page
    studio.upload(long_clip)
    page.locator("#paint").click()
    expect(page.locator("#progress-words")).to_contain_text("left", timeout=PAINTED)
    studio.context.set_offline(True)
    lost = page.get_by_text("The connection to the server is lost")
    expect(lost).to_be_visible()
    page.get_by_role("button", name="The Scream").click()
    expect(page.locator("#messages .message")).to_have_count(1)
    studio.context.set_offline(False)
    expect(page.locator("#caption")).to_have_text("Preview: The Scream", timeout=PAINTED)
    expect(page.locator("#messages .message")).to_have_count(0)


def test_what_a_restarted_server_has_lost_is_uploaded_again(browser, start_server, clip, tmp_path):
    Image.fromarray(np.random.default_rng(1).integers(0, 255, (90, 120, 3), np.uint8)).save(tmp_path / "my cat.png")
    server = start_server()
    page = (studio := Visit(browser, server.url)).page
    studio.upload(clip)
    page.locator("#own").set_input_files(tmp_path / "my cat.png")
    expect(page.locator("#caption")).to_have_text("Preview: my cat", timeout=PAINTED)
    page.locator("#paint").click()
    expect(page.locator("#caption")).to_contain_text("painted with", timeout=PAINTED)
    server.stop()
    expect(page.locator("#messages")).to_contain_text("The connection to the server is lost")
    start_server(port=server.port)
    expect(page.locator("#messages")).to_contain_text("please paint it again", timeout=PAINTED)
    expect(page.locator("#caption")).to_have_text("Preview: my cat", timeout=PAINTED)
    assert chosen(page) == ["my cat"]
    page.locator("#paint").click()
    expect(page.locator("#caption")).to_have_text("Painted with my cat", timeout=PAINTED)
    studio.context.close()


def test_what_a_page_cannot_bring_back_after_a_reload_is_said(browser, start_server, clip):
    server = start_server()
    page = (studio := Visit(browser, server.url)).page
    studio.upload(clip)
    expect(page.locator("#caption")).to_have_text("Preview: The Starry Night", timeout=PAINTED)
    page.reload()
    ready(page)
    expect(page.locator("#facts")).to_contain_text("frames/s")
    server.stop()
    expect(page.locator("#messages")).to_contain_text("The connection to the server is lost")
    start_server(port=server.port)
    expect(page.locator("#messages")).to_contain_text(
        "stripes.mp4: no longer on the server; please choose it again.", timeout=PAINTED
    )
    expect(page.locator("#caption")).to_have_text("Left a clip, right the same in the manner of The Starry Night")
    expect(page.locator("#source")).to_be_empty()
    studio.context.close()


def test_an_upload_is_cancelled(visit, clip):
    page = visit().page
    page.route("**/gradio_api/upload", lambda route: None)  # never answered
    page.evaluate("""() => {
        globalThis.aborted = 0
        const abort = XMLHttpRequest.prototype.abort
        XMLHttpRequest.prototype.abort = function () { aborted++; abort.call(this) }
    }""")
    page.locator("#choose").set_input_files(clip)
    expect(page.locator("#source")).to_contain_text("Uploading stripes.mp4")
    page.locator("#source").get_by_role("button", name="Cancel").click()
    wait_until(page, "aborted === 1")
    expect(page.locator("#source")).to_be_empty()
    expect(page.locator("#choose")).to_be_focused()
    expect(page.locator(".message")).to_have_count(0)


def test_a_long_clip_and_a_4k_one_are_welcome(visit, tmp_path):
    page = (studio := visit()).page
    studio.upload(write_clip(tmp_path / "slow.mp4", 64, 48, 70, rate=1))
    expect(page.locator("#trim-words")).to_contain_text(
        "lasts 1 min 10 s; up to 1 min are painted at once. Chosen: 1 min"
    )
    set_slider(page, "from", 30)
    set_slider(page, "to", 33)
    expect(page.locator("#trim-words")).to_contain_text("Chosen: 3 s")
    page.locator("#paint").click()
    expect(page.locator("#figures")).to_contain_text("64×48 · 3 s", timeout=PAINTED)
    page.get_by_role("button", name="Remove slow.mp4", exact=True).click()
    studio.upload(write_clip(tmp_path / "large.mp4", 3840, 2160, 2))
    expect(page.locator("#facts")).to_contain_text("3840×2160")
    page.locator(".finer summary").click()
    page.locator("#size").select_option("240")
    expect(page.locator("#figures")).to_have_text("large.mp4 at 426×240", timeout=PAINTED)
    page.locator("#paint").click()
    expect(page.locator("#figures")).to_contain_text("large.mp4 · medium brush · 426×240", timeout=PAINTED)
    page.locator("#job-list li", has_text="large").get_by_role("button", name="Remove").click()
    expect(page.locator("#ask-words")).to_have_text("It has not been downloaded yet.")
    page.keyboard.press("Escape")
    expect(page.locator("#job-list li")).to_have_count(2)


def test_pictures_are_painted_several_at_once(visit, tmp_path):
    y, x = np.mgrid[0:120, 0:160]
    for name, shift in (("a.jpg", 0), ("b.png", 40)):
        Image.fromarray(np.stack([x + shift, y, x // 2], -1).astype(np.uint8)).save(tmp_path / name)
    page = visit().page
    page.get_by_role("tab", name="Picture").click()
    (tmp_path / "c.jpg").write_text("no picture")
    page.locator("#choose").set_input_files([tmp_path / "a.jpg", tmp_path / "c.jpg", tmp_path / "b.png"])
    expect(page.locator("#source").get_by_role("alert")).to_contain_text("That did not work. c.jpg: ")
    expect(page.locator("#caption")).to_have_text("Preview: The Starry Night", timeout=PAINTED)
    expect(page.locator("#stability")).to_be_hidden()
    # They are smaller than the part that is shown at its true size: there is nothing to look around for.
    expect(page.locator("#window-words")).to_have_text("At its true size")
    assert page.locator("#window").bounding_box()["height"] < 200
    page.get_by_role("button", name="Paint 2 pictures").click()
    expect(page.locator("#figures")).to_have_text("a.jpg · medium brush · 2 pictures", timeout=PAINTED)
    assert faults(page) == []
    page.get_by_role("button", name="Next", exact=True).press("Enter")
    expect(page.locator("#figures")).to_contain_text("b.png · ")
    expect(page.locator("#leaf-words")).to_have_text("2 of 2")
    wait_until(page, "document.querySelector('#after img').naturalWidth === 160")
    assert changed(page, (0, 0, 40, 40)) > 3
    page.get_by_role("button", name="Next", exact=True).press("Enter")
    expect(page.locator("#figures")).to_contain_text("a.jpg · ")
    with page.expect_download() as caught:
        page.get_by_role("link", name="Download").click()
    caught.value.save_as(tmp_path / "all.zip")
    assert zipfile.ZipFile(tmp_path / "all.zip").namelist() == ["a, The Starry Night.jpg", "b, The Starry Night.png"]


def test_on_a_phone_style_preview_and_paint_are_in_one_screen(visit, clip):
    page = (studio := visit(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)).page
    studio.upload(clip)
    expect(page.locator("#caption")).to_contain_text("Preview", timeout=PAINTED)
    for part in ("#frame", "#chosen", '.style[aria-pressed="true"]', "#paint"):
        box = page.locator(part).bounding_box()
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 844
    inner = page.evaluate("""() => [...document.querySelectorAll("body *")].filter(e =>
        ["auto", "scroll"].includes(getComputedStyle(e).overflowY) && e.scrollHeight > e.clientHeight + 1
        && e.clientHeight > 0).map(e => e.id || e.className)""")
    assert inner == []
    assert page.evaluate("document.documentElement.scrollWidth") == 390


def test_only_the_person_all_else_and_each_in_a_style(visit, tmp_path):
    Image.fromarray(figure(240, 320)).save(tmp_path / "me.png")
    Image.new("RGB", (320, 240), "grey").save(tmp_path / "wall.png")
    page = visit().page
    page.locator("#tab-picture").click()
    page.locator("#choose").set_input_files(tmp_path / "me.png")
    caption = page.locator("#caption")
    expect(caption).to_have_text("Preview: The Starry Night", timeout=PAINTED)
    face, corner = (150, 70, 20, 20), (0, 0, 40, 40)
    assert changed(page, corner) > 10
    for parts, words, kept in (
        ("person", "only the person", corner),
        ("background", "all but the person", face),
    ):
        page.locator("#parts").select_option(parts)
        expect(caption).to_have_text(f"Preview: The Starry Night, {words}", timeout=PAINTED)
        assert changed(page, kept) < 4  # of two JPEGs
        assert changed(page, face if kept == corner else corner) > 10
        expect(page.locator("#rest-row")).to_be_hidden()
    page.locator("#parts").select_option("each")
    page.locator("#rest").select_option("the-scream")
    expect(caption).to_have_text("Preview: The Starry Night, background in The Scream", timeout=PAINTED)
    assert faults(page) == []
    page.locator("#paint").click()
    expect(page.locator("#job-list .hint")).to_have_text(
        "background in The Scream · medium brush · 1 picture", timeout=PAINTED
    )
    page.locator("#choose").set_input_files(tmp_path / "wall.png")
    page.locator("#source button.pickable").last.click()
    nobody = page.locator("#nobody")
    expect(nobody).to_have_text("No person is found here, so all of it counts as background.", timeout=PAINTED)
    page.locator("#parts").select_option("all")
    expect(nobody).to_be_hidden()


def changed(page, box):
    """How much a part of the preview (x, y, width, height in its pixels) differs before and after, 0…255."""
    return page.evaluate(
        """box => {
            const pixels = ["before", "after"].map(id => {
                const canvas = new OffscreenCanvas(box[2], box[3]).getContext("2d")
                canvas.drawImage(document.querySelector(`#${id} img`), ...box, 0, 0, box[2], box[3])
                return canvas.getImageData(0, 0, box[2], box[3]).data
            })
            return pixels[0].reduce((sum, value, i) => sum + Math.abs(value - pixels[1][i]), 0) / pixels[0].length
        }""",
        list(box),
    )


# Words of the styles' names that go on in another line.
BROKEN_WORDS = """() => [...document.querySelectorAll("#gallery .name")].flatMap((name) => {
  const [text] = name.childNodes;
  return [...text.data.matchAll(/[^\\s-]+/g)].filter(({ index, 0: word }) => {
    const range = document.createRange();
    range.setStart(text, index);
    range.setEnd(text, index + word.length);
    return new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size > 1;
  }).map(([word]) => word);
})"""


SIZES = [(320, 640), (390, 640), (720, 450), (844, 390), (844, 640), (1366, 640), (1920, 640)]


def test_nothing_is_wider_than_the_window(visit):
    page = visit().page
    inside = """() => [...document.querySelectorAll("#about table")]
        .every(table => table.scrollWidth <= table.clientWidth)"""
    for tab in ("Clip", "Picture", "About"):
        page.get_by_role("tab", name=tab).click()
        for width, height in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            assert page.evaluate("document.documentElement.scrollWidth") == width, (tab, width, height)
            if tab == "About":
                assert page.evaluate(inside), (width, height)
            else:
                assert page.evaluate(BROKEN_WORDS) == [], (tab, width, height)


def test_about_and_the_api_are_for_people_who_read(visit):
    page = (studio := visit()).page
    page.goto(studio.url + "?view=api")
    ready(page)
    expect(page.get_by_role("tab", name="About")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("heading", name="paint_clip")).to_be_visible()
    expect(page.get_by_role("row", name="brush")).to_have_count(2)
    assert faults(page) == []
    page.get_by_role("link", name="Live camera").click()
    expect(page.locator("#use-camera")).to_be_visible()
