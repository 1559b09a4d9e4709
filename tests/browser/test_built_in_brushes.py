"""Studied built-in styles on the live page: painted plainly at once, and with their brushes when these are there."""

import json
import re
import shutil
from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
from engine_page import WATCH_BRUSHES
from playwright.sync_api import expect
from test_page import PATIENCE, visit

from impasto.export.graphs.gallery import write_gallery
from impasto.export.runtime.model import load_model, write_model
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import style_file
from impasto.webapp.hosting.page_config import page_config

TINY = Path(__file__).parents[1] / "contract" / "tiny"
LOOK = "#painter=wasm&size=128&style="
NAMES = ("dunes", "reeds", "waves")  # the last was not studied


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A tiny model with two studied styles and one that was not; the brush of the second is twice that of the first."""
    folder = shutil.copytree(TINY, tmp_path_factory.mktemp("models") / "tiny")
    model, rng = load_model(folder), np.random.default_rng(3)
    weights = weights_of(model.path("frame").read_bytes())
    vector = model.gallery()["waves"]["style"]
    gallery = {}
    for size, name in enumerate(NAMES, 1):
        gallery[name] = {"title": name.title(), "artist": "Ann", "year": "1900", "style": vector + 0.1 * size}
        if name != "waves":
            brush = {part: np.full(weight.shape, 0.05 * size, np.float16) for part, weight in weights.items()}
            noisy = vector + rng.normal(0, 0.1, vector.shape).astype(np.float32)
            gallery[name]["studied"] = style_file(model, noisy, brush, name=name)
    write_model(write_gallery(model, gallery))
    return folder


@pytest.fixture(scope="module")
def site(serve_static, folder):
    return serve_static(config=page_config(load_model(folder), None))


class Brushes:
    """Answers requests for the model's files; those for `.style` files wait, fail or are answered as one wishes."""

    def __init__(self, context, folder):
        self.folder, self.asked, self.waiting, self.fail, self.hold = folder, [], [], False, False
        context.route("**/models/tiny/**", self.answer)

    def answer(self, route):
        file = unquote(urlparse(route.request.url).path).split("/", 3)[3]
        if file.endswith(".style"):
            self.asked.append(file)
            if self.hold:
                return self.waiting.append((route, file))
            if self.fail:
                return route.abort()
        route.fulfill(path=self.folder / file)

    def let_go(self, number=0):
        route, file = self.waiting.pop(number)
        route.fulfill(path=self.folder / file)


@pytest.fixture
def context(browser):
    context = browser.new_context(reduced_motion="reduce", permissions=["camera"])
    yield context
    context.close()


@pytest.fixture
def brushes(context, folder):
    return Brushes(context, folder)


def open_page(context, site, style):
    page = visit(context, site + LOOK + style)
    page.evaluate(WATCH_BRUSHES)
    return page


def begin(page):
    page.get_by_role("button", name="Use my camera").click()  # it stands still, and leaves time for the rest
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)


def choose(page, title):
    page.get_by_role("button", name=title).first.click()


def wait_for(page, there):
    while not there():  # ends with the test's time
        page.wait_for_timeout(20)


def brush_comes(page, size):
    """Until what is painted with has a brush of about this size."""
    page.wait_for_function("(size) => Math.abs(brushes.at(-1) / size - 1) < 0.01", arg=size, timeout=PATIENCE)


def sizes(folder):
    """How large each brush is."""
    count = sum(np.prod(weight.shape) for weight in weights_of((folder / "frame.onnx").read_bytes()).values())
    return 0.05 * float(count), 0.1 * float(count)


def test_nothing_of_a_brush_is_asked_for_before_the_first_frame_is_painted(context, site, brushes, folder):
    brushes.hold = True
    page = open_page(context, site, "dunes")
    held = []
    holding = re.compile(r"/models/tiny/(step|stabilize)\.onnx")  # what holds steady, in one graph or beside T's
    context.route(holding, lambda route: held.append(route))
    page.get_by_role("button", name="Use my camera").click()
    wait_for(page, lambda: held)
    assert brushes.asked == []
    context.unroute(holding)
    for route in held:
        brushes.answer(route)
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)  # plainly
    wait_for(page, lambda: brushes.waiting)
    assert page.evaluate("brushes") == [0]
    brushes.let_go()
    brush_comes(page, sizes(folder)[0])
    assert brushes.asked == ["styles/dunes.style"]


def test_of_several_choices_the_last_one_stays(context, site, brushes, folder):
    page = open_page(context, site, "waves")
    begin(page)
    brushes.hold = True
    for count, title in enumerate(("Dunes", "Reeds"), 1):
        choose(page, title)
        wait_for(page, lambda count=count: len(brushes.waiting) == count)
    brushes.let_go(1)
    brush_comes(page, sizes(folder)[1])
    brushes.let_go()
    choose(page, "Dunes")  # is there, or soon will be: nothing is asked for again
    brush_comes(page, sizes(folder)[0])
    choose(page, "Reeds")
    brush_comes(page, sizes(folder)[1])
    assert brushes.asked == ["styles/dunes.style", "styles/reeds.style"]
    choose(page, "Waves")
    page.wait_for_function("brushes.at(-1) === 0")


def test_a_blends_sliders_mix_the_brushes(context, site, brushes, folder):
    """One whose brush is still on its way is a brush of zeros until then."""
    small, large = sizes(folder)
    page = open_page(context, site, "dunes:0.5,reeds:0.5,waves:0.5")
    begin(page)
    brush_comes(page, (small + large) / 3)
    slider = page.get_by_role("slider", name="Weight of Waves")
    slider.focus()
    slider.press("Home")
    brush_comes(page, (small + large) / 2)
    page.get_by_role("slider", name="Weight of Dunes").press("Home")
    brush_comes(page, large)
    assert sorted(brushes.asked) == ["styles/dunes.style", "styles/reeds.style"]


def test_a_brush_that_cannot_be_fetched_is_said_and_done_without(context, site, brushes, folder):
    page = open_page(context, site, "waves")
    begin(page)
    brushes.fail = True
    choose(page, "Dunes")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("Dunes is painted without its brush. dunes.style could not be downloaded")
    assert page.evaluate("brushes.at(-1)") == 0
    expect(page.locator("#caption")).to_contain_text("Dunes")
    brushes.fail = False
    page.get_by_role("button", name="Try again").click()
    brush_comes(page, sizes(folder)[0])
    expect(alert).to_have_count(0)


def test_a_brush_is_kept_for_the_next_visit(context, site, brushes, folder):
    page = open_page(context, site, "reeds")
    begin(page)
    brush_comes(page, sizes(folder)[1])
    page.close()
    brushes.fail = True
    page = open_page(context, site, "reeds")
    begin(page)
    brush_comes(page, sizes(folder)[1])
    assert brushes.asked == ["styles/reeds.style"]


def test_the_gallery_names_size_and_hash(folder):
    entries = json.loads((folder / "gallery.json").read_text("utf-8"))
    assert [name for name in entries if "studied" in entries[name]] == ["dunes", "reeds"]
    for name in ("dunes", "reeds"):
        assert entries[name]["studied"]["bytes"] == (folder / "styles" / f"{name}.style").stat().st_size
