"""Only people, all but people, or both in styles of their own: on the processor and on the graphics card."""

import hashlib
import json
import re
import shutil

import cv2
import numpy as np
import pytest
from engine_page import (
    copied,
    difference,
    mean_difference,
    open_page,
    painted_clip,
    set_style,
    set_view,
    shown,
    wait_until,
)
from onnx import TensorProto, helper
from playwright.sync_api import expect
from test_offline import KEPT
from test_page import LOOK, PATIENCE, faults, visit

from impasto.export.runtime.painter import Painter
from impasto.export.runtime.person import PersonPainter
from impasto.models import store
from impasto.models.rules import person_size

SIZE = (144, 256)  # height and width of a frame in which people are looked for as it is
GREY = 0.5  # what the painter paints that is told so by its style


def _graph(nodes, inputs, outputs, constants):
    return helper.make_model(
        helper.make_graph(
            nodes,
            "made up",
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in inputs.items()],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, shape in outputs.items()],
            constants,
        ),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    ).SerializeToString()


def _red_is_a_person():
    """In the segmenter's place: whatever is red is a person, and `hold` of what was one stays one."""
    picture, plane = ["N", 3, "H", "W"], ["N", 1, "H", "W"]
    nodes = [
        helper.make_node("Split", ["picture"], ["red", "green", "blue"], axis=1),
        helper.make_node("Sub", ["red", "green"], ["answer"]),
        helper.make_node("Sub", ["last", "answer"], ["change"]),
        helper.make_node("Mul", ["change", "hold"], ["held"]),
        helper.make_node("Add", ["answer", "held"], ["mask"]),
        helper.make_node("Mul", ["mask", "zero"], ["a"]),
        helper.make_node("Concat", ["a", "mask"], ["lines"], axis=1),
    ]
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])
    inputs = {"picture": picture, "last": plane, "hold": [1]}
    return _graph(nodes, inputs, {"mask": plane, "lines": ["N", 2, "H", "W"]}, [zero])


def serve_red_is_a_person(context):
    """Puts that graph in the segmenter's place, in a browser's context."""
    context.route("**/assets/person-*.onnx", lambda route: route.fulfill(body=_red_is_a_person()))


def _one_colour(size):
    """A graph with the inputs and the output of a model's that paints everything as grey as the style's mean."""
    planes = ["N", 3, "H", "W"]
    nodes = [
        helper.make_node("ReduceMean", ["style"], ["mean"], axes=[0, 1], keepdims=0),
        helper.make_node("Mul", ["frame", "zero"], ["black"]),
        helper.make_node("Add", ["black", "mean"], ["painted"]),
    ]
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [], [0.0])
    return _graph(nodes, {"frame": planes, "style": ["N", size]}, {"painted": planes}, [zero])


@pytest.fixture(scope="module")
def made_up(request, static_site):
    """`made_up(browser, painter)` → a page that paints one colour, where whatever is red is a person; opened once."""
    pages = {}

    def open_one(browser, painter):
        context = request.getfixturevalue(browser).new_context()
        request.addfinalizer(context.close)
        description = json.loads((store.model_folder() / "model.json").read_text("utf-8"))
        graph = _one_colour(description["style_size"])
        entry = {"file": "frame.onnx", "bytes": len(graph), "sha256": hashlib.sha256(graph).hexdigest()}
        description |= {"state": [], "files": {"frame": entry, "gallery": description["files"]["gallery"]}}
        context.route("**/model.json", lambda route: route.fulfill(json=description))
        context.route("**/frame.onnx", lambda route: route.fulfill(body=graph))
        serve_red_is_a_person(context)
        page = open_page(context, static_site)
        page.evaluate("(painter) => impasto.engine.start(painter)", painter)
        set_style(page, np.full(description["style_size"], GREY))
        return page, description["style_size"]

    def opened(browser, painter, behind=True):
        if (browser, painter) not in pages:
            pages[browser, painter] = open_one(browser, painter)
        page, size = pages[browser, painter]
        set_view(page, who="all", mirror=False)
        page.evaluate("(s) => impasto.engine.setBehind(Float32Array.from(s))", [0.25] * size if behind else [])
        page.evaluate("() => void (tested.clock += 10_000)")  # a pause: nothing is known of the frames before
        return page

    return opened


def _scene(left, size=SIZE):
    """A blue slope with a red square in it, its left side at a column: RGB uint8, and where the square is."""
    height, width = size
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, :, 2] = np.linspace(60, 220, width)
    square = np.zeros(size, bool)
    square[height // 4 : -height // 4, left : left + width // 4] = True
    picture[square] = (250, 0, 0)
    return picture, square


def _inner(mask, by=6):
    """Without what lies at the edge."""
    return cv2.erode(mask.astype(np.uint8), np.ones((2 * by + 1,) * 2, np.uint8), borderValue=0).astype(bool)


def _check(seen, picture, square, who):
    """Each part is painted in its own colour, or as the camera sees it."""
    plain = picture.astype(float)
    grey, dark = np.full_like(plain, 255 * GREY), np.full_like(plain, 255 * 0.25)
    inside, outside = {
        "all": (grey, grey),
        "person": (grey, plain),
        "background": (plain, grey),
        "each": (grey, dark),
    }[who]
    assert difference(seen[_inner(square)], inside[_inner(square)]) <= 3, who
    assert difference(seen[_inner(~square)], outside[_inner(~square)]) <= 3, who


@pytest.mark.parametrize("which", ["browser", "plain_browser"])
def test_each_part_is_painted_as_it_was_chosen(made_up, which):
    page = made_up(which, "wasm")
    for who in ("all", "person", "background", "each"):
        set_view(page, who=who)
        picture, square = _scene(64)
        _check(shown(page, picture), picture, square, who)
        _check(copied(page, picture)[1], picture, square, who)  # what recordings get
        _check(painted_clip(page, picture), picture, square, who)  # what snapshots and clips are


def test_the_graphics_card_shows_the_same(made_up):
    page = made_up("webgpu_browser", "webgpu")
    assert page.evaluate("impasto.engine.backend") == "webgpu"
    picture, square = _scene(16, (64, 64))
    for who in ("person", "background", "each"):
        set_view(page, who=who)
        _check(shown(page, picture), picture, square, who)
    _check(painted_clip(page, picture), picture, square, "each")


def test_every_second_frame_is_looked_at_and_the_mask_holds_still(made_up):
    page = made_up("browser", "wasm")
    set_view(page, who="person")
    picture, square = _scene(40)
    _check(shown(page, picture), picture, square, "person")
    gone, _ = _scene(160)
    seen = shown(page, gone)  # not looked at: the mask is where it was
    assert difference(seen[_inner(square)], 255 * GREY) <= 3
    seen = shown(page, gone)  # the mask holds .8 of what it was
    assert difference(seen[_inner(square)], 255 * GREY) <= 3
    for _ in range(12):
        seen = shown(page, gone)
    where = _inner(square & ~_scene(160)[1])
    assert difference(seen[where], gone[where]) <= 3


def test_until_there_is_a_style_for_what_is_behind_it_stays_as_it_is(made_up):
    page = made_up("browser", "wasm", behind=False)
    set_view(page, who="each")
    picture, square = _scene(64)
    _check(shown(page, picture), picture, square, "person")


def test_the_mirror_turns_the_mask_along(made_up):
    page = made_up("browser", "wasm")
    set_view(page, who="person", mirror=True)
    picture, square = _scene(40)
    _check(shown(page, picture), picture[:, ::-1], square[:, ::-1], "person")


def test_the_page_finds_people_as_python_does(browser, static_site, model, style):
    """The real segmenter and the real model on a made frame, of the size at which it is looked at."""
    y, x = np.mgrid[0 : SIZE[0], 0 : SIZE[1]]
    head = ((x - 128) / 26) ** 2 + ((y - 58) / 34) ** 2 < 1
    body = ((x - 128) / 70) ** 2 + ((y - 150) / 62) ** 2 < 1
    frame = np.stack([170 + 0 * x, 185 + y / 4, 190 + x / 8], -1)
    frame[body], frame[head] = (50, 70, 120), (214, 160, 132)
    for column in (116, 140):
        frame[((x - column) / 5) ** 2 + ((y - 52) / 3) ** 2 < 1] = (40, 30, 30)
    frame = cv2.GaussianBlur(frame.astype(np.float32), (0, 0), 1.2).round().astype(np.uint8)
    assert person_size(*SIZE[::-1]) == SIZE[::-1]
    painter = Painter(model, device="cpu")
    painter.use([style])
    native = PersonPainter(painter, only="person")
    expected = native.paint(frame)
    assert native.mask.found
    changed = np.abs(expected.astype(int) - frame).max(-1)
    assert (changed > 8).mean() > 0.1, "somebody is painted"
    assert (changed < 2).mean() > 0.2, "and the rest is not"

    page = open_page(browser, static_site)
    page.evaluate("() => impasto.engine.start('wasm')")
    set_style(page, style)
    set_view(page, who="person")
    page.evaluate("() => impasto.engine.setStability(1)")
    seen = shown(page, frame)
    assert mean_difference(seen, expected) < 0.5
    assert np.percentile(np.abs(seen.astype(int) - expected), 99) <= 3
    page.close()


def mask_goes_along(page, side, model, style, tmp_path, monkeypatch):
    """A square that moves, painted steadily where red is a person: what is held of its mask comes from where it was."""
    (tmp_path / "person.onnx").write_bytes(_red_is_a_person())
    shutil.copy(store.person_file("carry"), tmp_path)
    monkeypatch.setattr(store, "PERSON", tmp_path)
    native = Painter(model, device="cpu")
    native.use([style])
    native = PersonPainter(native, only="person")
    frames = [_scene(20 + 4 * n, side)[0] for n in range(4)]
    expected = [native.paint(frame) for frame in frames]
    fixed = PersonPainter(native.painters[0], only="person")
    fixed.reset()
    in_place = [fixed.compose([fixed.painters[0].paint(frame)], frame) for frame in frames]
    assert max(map(mean_difference, in_place, expected)) > 0.3, "it makes a difference"

    set_view(page, who="person")
    page.evaluate("() => impasto.engine.setStability(1)")
    for frame, shown_by_python in zip(frames, expected, strict=True):
        assert mean_difference(painted_clip(page, frame), shown_by_python) < 0.1


def test_the_mask_goes_along_as_in_python(browser, static_site, model, style, tmp_path, monkeypatch):
    context = browser.new_context()
    serve_red_is_a_person(context)
    page = open_page(context, static_site)
    page.evaluate("() => impasto.engine.start('wasm')")
    set_style(page, style)
    mask_goes_along(page, SIZE, model, style, tmp_path, monkeypatch)
    assert page.evaluate("impasto.engine.backend") == "wasm"
    context.close()


def test_the_choice_on_the_page(browser, static_site):
    """Chosen in the panel: styles for both, the link, what is said where nobody is found; kept for offline."""
    context = browser.new_context(
        viewport={"width": 1366, "height": 900}, reduced_motion="reduce", permissions=["camera"]
    )
    networks = []  # that find people
    context.on("request", lambda request: networks.extend(re.findall(r"/person[^/]*\.onnx$", request.url)))
    page = visit(context, static_site + LOOK)
    page.get_by_role("button", name="Use my camera").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    assert networks == [], "nothing is fetched before it is wanted"

    page.locator("#who").select_option("Only the person")
    said = page.locator("#who-hint")
    expect(said).to_have_text("No person is found here, so all of it counts as background.", timeout=PATIENCE)
    assert len(networks) == 1

    page.locator("#who").select_option("Each in a style of its own")
    expect(said).to_have_text("No person is found here, so all of it counts as background.", timeout=PATIENCE)
    whose = page.get_by_role("group", name="Whose style")
    expect(whose.get_by_role("button", name="All but the person")).to_have_attribute("aria-pressed", "true")
    page.locator("[data-key=red-fuji]").click()
    expect(page.locator("#caption")).to_have_text("The Starry Night before Fine Wind, Clear Morning")
    whose.get_by_role("button", name="The person", exact=True).click()
    page.locator("[data-key=great-wave]").click()
    expect(page.locator("#caption")).to_have_text("The Great Wave off Kanagawa before Fine Wind, Clear Morning")
    wait_until(page, "location.hash.includes('who=each&behind=red-fuji') && location.hash.includes('style=great-wave')")
    assert faults(page) == "[]"

    # The link has all of it, in a clean output, too; and what was fetched once is there without a network.
    page.evaluate(KEPT)
    link = page.url.replace("#", "?obs=1#")
    context.set_offline(True)
    page.goto(link)
    expect(page.locator("body[data-ready]")).to_be_attached(timeout=PATIENCE)
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    expect(said).to_have_text("No person is found here, so all of it counts as background.", timeout=PATIENCE)
    context.close()
