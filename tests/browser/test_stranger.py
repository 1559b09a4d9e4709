"""A stranger's first visit: an own clip in an own picture's manner in at most four actions, also on a phone."""

import av
import cv2
import numpy as np
import pytest
from playwright.sync_api import expect
from test_page import PATIENCE
from test_page import visit as visit_live
from test_studio import PAINTED, SECONDS, visit, write_clip

__all__ = ["visit"]  # a fixture

DESK = {"viewport": {"width": 1366, "height": 768}}
PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
SIDEWAYS = {**PHONE, "viewport": {"width": 844, "height": 390}}
SCREENS = pytest.mark.parametrize("screen", [DESK, PHONE, SIDEWAYS], ids=["desk", "phone", "sideways"])


class Actions:
    """What a person does, counted: a press, or a file chosen in the picker that a press opens. Nothing else is done.

    What is pressed must be in sight as the page stands: whoever has to scroll has to look for it first.
    """

    def __init__(self, page):
        self.page, self.taken = page, []

    def choose(self, picker, file):
        self._count(picker)
        with self.page.expect_file_chooser() as chooser:
            picker.click()
        chooser.value.set_files(file)

    def press(self, button):
        self._count(button)
        button.click()

    def _count(self, target):
        expect(target).to_be_in_viewport(timeout=60 * SECONDS)
        self.taken.append(target.inner_text() or target.get_attribute("aria-label"))


@pytest.fixture
def own(tmp_path):
    """A short clip, and a picture of broad stripes in green and violet."""
    clip = write_clip(tmp_path / "holiday.mp4", 128, 96, 6)
    stripes = np.tile(np.uint8([[[200, 20, 160]], [[60, 210, 40]]]).repeat(20, 0), (6, 240, 1))
    cv2.imwrite(str(tmp_path / "curtain.png"), stripes)
    return clip, tmp_path / "curtain.png"


@SCREENS
def test_a_clip_in_an_own_pictures_manner(visit, screen, own, tmp_path):
    clip, picture = own
    page = visit(**screen).page
    do = Actions(page)
    do.choose(page.locator("label:has(#choose)"), clip)
    expect(page.locator("#facts")).to_contain_text("frames/s", timeout=PAINTED)
    do.choose(page.locator("label:has(#own)"), picture)
    expect(page.locator("#chosen b")).to_have_text("curtain", timeout=PAINTED)
    do.press(page.locator("#paint"))
    expect(page.locator("#caption")).to_have_text("Painted with curtain", timeout=PAINTED)
    with page.expect_download() as caught:
        do.press(page.get_by_role("link", name="Download"))
    assert len(do.taken) <= 4, do.taken
    assert caught.value.suggested_filename == "holiday, curtain.mp4"
    caught.value.save_as(tmp_path / "painted.mp4")
    with av.open(str(tmp_path / "painted.mp4")) as painted, av.open(str(clip)) as source:
        after, before = (next(c.decode(video=0)).to_ndarray(format="rgb24").astype(float) for c in (painted, source))
    assert np.abs(after - before).mean() > 10


@SCREENS
def test_the_same_on_the_live_page_alone(browser, static_site, screen, own, tmp_path):
    """Without a server: everything is painted in the browser."""
    clip, picture = own
    context = browser.new_context(**screen, reduced_motion="reduce", accept_downloads=True)
    page = visit_live(context, static_site + "#painter=wasm")
    do = Actions(page)
    do.choose(page.locator("label:has(#use-clip)"), clip)
    dialog = page.locator("#clip")
    expect(dialog.locator(".style").first).to_be_visible(timeout=PATIENCE)
    do.choose(dialog.locator("label.own"), picture)
    expect(page.locator("#caption")).to_have_text("curtain", timeout=PATIENCE)
    do.press(dialog.get_by_role("button", name="Paint", exact=True))
    save = dialog.get_by_role("link", name="Download")
    expect(save).to_be_visible(timeout=PATIENCE)
    with page.expect_download() as caught:
        do.press(save)
    assert len(do.taken) <= 4, do.taken
    assert caught.value.suggested_filename == "holiday, curtain.mp4"
    caught.value.save_as(tmp_path / "painted.mp4")
    with av.open(str(tmp_path / "painted.mp4")) as painted:
        assert len(list(painted.decode(video=0))) == 6
    context.close()
