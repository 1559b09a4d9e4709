"""The dialog of a clip: styles chosen and seen in it, the clip played live, or taken along to the page for files."""

import re
from fractions import Fraction

import av
import numpy as np
import pytest
from playwright.sync_api import Error, expect
from test_clips import HEIGHT, WIDTH, finish, pictures, write
from test_page import LOOK, PATIENCE, apart, decoded, faults, visit


@pytest.fixture(scope="module")
def clip(tmp_path_factory):
    return write(tmp_path_factory.mktemp("clip") / "holiday.mp4")


@pytest.fixture(scope="module")
def opened(browser, static_site):
    """The page, opened once."""
    context = browser.new_context(accept_downloads=True, reduced_motion="reduce")
    yield visit(context, static_site + LOOK)
    context.close()


@pytest.fixture
def page(opened, static_site, clip):
    """The page in its first style with the dialog open for the clip, its preview painted."""
    page = opened
    if not page.url.startswith(static_site):  # a test went away
        page.goto(static_site + LOOK)
        expect(page.locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)
    page.locator("#gallery .style").first.click()
    page.locator("#use-clip").set_input_files(str(clip))
    page.wait_for_selector("dialog .sign[hidden]", state="attached", timeout=PATIENCE)
    yield page
    page.keyboard.press("Escape")
    expect(page.locator("dialog#clip")).to_be_hidden()


def preview(page):
    return decoded(page.locator("dialog .preview canvas").screenshot())


def test_styles_are_chosen_and_seen_inside_the_dialog(page, tmp_path):
    dialog = page.get_by_role("dialog")
    first = preview(page)
    source = list(pictures())[8]
    assert apart(first, source) > 15  # painted, not shown as it is
    page.evaluate("""() => {
      globalThis.signs = [];
      const sign = document.querySelector("dialog .sign");
      new MutationObserver(() => signs.push(sign.hidden)).observe(sign, { attributes: true });
    }""")
    dialog.get_by_role("button", name="The Scream").click()
    page.wait_for_function("signs.includes(false) && signs.at(-1)")
    second = preview(page)
    assert apart(first, second) > 8
    expect(dialog.get_by_role("button", name="The Scream")).to_have_attribute("aria-pressed", "true")
    expect(dialog.get_by_role("button", name="The Starry Night")).to_have_attribute("aria-pressed", "false")
    dialog.get_by_role("button", name="Paint", exact=True).click()
    finish(page, tmp_path / "painted.mp4")
    page.keyboard.press("Escape")
    expect(page.locator("#caption")).to_contain_text("The Scream")  # the page has the same choice


def test_a_painted_clip_is_not_lost_without_a_word(page, clip):
    dialog, question = page.locator("dialog#clip"), page.locator("dialog#ask")
    asked = []
    page.on("dialog", lambda box: asked.append(box.type) or box.dismiss())
    dialog.get_by_role("button", name="Paint", exact=True).click()
    expect(dialog.get_by_role("link", name="Download")).to_be_visible(timeout=PATIENCE)
    dialog.get_by_role("button", name="Close").click()
    expect(question).to_contain_text("The painted clip is nowhere else.")
    assert faults(page) == "[]"
    question.get_by_role("button", name="Keep it open").click()
    with pytest.raises(Error, match="ERR_ABORTED"):  # the browser asks, and the answer is no
        page.goto("about:blank")
    assert asked == ["beforeunload"]
    page.locator("#use-clip").set_input_files(str(clip))  # nor does another clip take its place
    question.get_by_role("button", name="Keep it open").click()
    with page.expect_download() as caught:
        dialog.get_by_role("link", name="Download").click()
    assert caught.value.suggested_filename == "holiday, The Starry Night.mp4"
    page.keyboard.press("Escape")  # it is kept: nothing is asked
    expect(dialog).to_be_hidden()
    page.goto("about:blank")
    assert asked == ["beforeunload"]


def test_the_dialog_has_no_accessibility_fault(page):
    assert faults(page) == "[]"


def test_a_clip_is_played_live_in_a_loop(page):
    page.get_by_role("dialog").get_by_role("button", name="Play it live").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    video = "document.querySelector('#source')"
    assert page.evaluate(f"[{video}.videoWidth, {video}.videoHeight, {video}.loop]") == [WIDTH, HEIGHT, True]
    page.evaluate(f"""() => new Promise((done) => {{
      let last = 0;
      const look = () => {{
        if ({video}.currentTime < last) return done();
        last = {video}.currentTime;
        requestAnimationFrame(look);
      }};
      look();
    }})""")  # it began anew


def write_tone(path):
    with av.open(str(path), "w") as container:
        sound = container.add_stream("aac", rate=48000)
        for n in range(20):
            frame = av.AudioFrame.from_ndarray(np.full((1, 1024), 99, np.int16), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = 48000, 1024 * n, Fraction(1, 48000)
            container.mux(sound.encode(frame))
        container.mux(sound.encode(None))
    return path


def test_the_clip_goes_along_to_the_page_for_files(browser, server, clip, tmp_path):
    context = browser.new_context()
    page = visit(context, server.url + "live/" + LOOK)
    dialog, link = page.get_by_role("dialog"), page.get_by_role("link", name="Paint it on the server instead")
    page.locator("#use-clip").set_input_files(write_tone(tmp_path / "song.mp4"))
    expect(dialog).to_contain_text("no picture in this file, only sound")
    expect(link).to_have_count(0)  # it could not paint that either
    dialog.get_by_role("button", name="Close").click()
    page.locator("#use-clip").set_input_files(str(clip))
    link.click()
    page.wait_for_url(re.compile(re.escape(server.url) + r"(\?.*)?$"))
    expect(page.get_by_text("holiday.mp4").first).to_be_visible(timeout=PATIENCE)
    context.close()
