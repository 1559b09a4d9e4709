"""Studying on the live page: in the browser, on what is painted, as Python does it; with the contract's tiny model."""

import base64
import json
import re
import shutil
import sys
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlparse

import cv2
import numpy as np
import pytest
from engine_page import WATCH_BRUSHES, open_page
from playwright.sync_api import expect
from test_page import PATIENCE, visit

sys.path.append(str(Path(__file__).parents[1] / "contract"))
from vectors import TINY

from impasto.export.runtime import contents, study
from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.pictures import read_style_picture
from impasto.export.runtime.sample import picture
from impasto.export.runtime.style_file import read_style
from impasto.export.runtime.styles import StyleEncoder
from impasto.models.store import model_folder
from impasto.webapp.hosting.page_config import page_config

LOOK = "#painter=wasm&size=128"
SECONDS, STEPS = 8, 12  # of a whole study

RUN_STEPS = """async ([wish, targets, batches, shares]) => {
  const numbers = (text) => new Float32Array(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const each = (parts) => Object.fromEntries(Object.entries(parts).map(([name, text]) => [name, numbers(text)]));
  const text = ({ buffer }) => {
    let out = "";
    for (const byte of new Uint8Array(buffer)) out += String.fromCharCode(byte);
    return btoa(out);
  };
  const folder = new URL(`models/${impasto.engine.model.name}/`, document.baseURI).href;
  const whole = { base: document.baseURI, folder, model: impasto.engine.model, name: "", source: "", ...wish };
  whole.style = numbers(wish.style);
  const found = await impasto.studySteps(whole, each(targets), batches.map(each), shares);
  return [text(found.values), found.terms.map(text)];
}"""


@pytest.fixture(scope="module")
def tiny():
    return load_model(TINY)


@pytest.fixture(scope="module")
def config(tiny):
    """The page's configuration: of the tiny model, with studies that are soon done, of few squares."""
    told = page_config(tiny, None)
    told["study"]["rules"] |= {"seconds": SECONDS, "least_steps": STEPS, "pool": 1, "painting_side": 48, "frames": 2}
    return told


@pytest.fixture(scope="module")
def tiny_site(serve_static, config):
    return serve_static(config=config)


def new_context(browser, **options):
    """A context in which the tiny model lies beside the page."""
    context = browser.new_context(permissions=["camera"], **options)
    context.route("**/models/tiny/**", serve_from(TINY))
    return context


def serve_from(folder):
    """Answers requests for `models/NAME/FILE` with the files of a folder."""

    def answer(route):
        route.fulfill(path=folder / unquote(urlparse(route.request.url).path).split("/", 3)[3])

    return answer


def own_picture(folder, name="scales"):
    y, x = np.mgrid[0:120, 0:160]
    scales = np.stack([40 + 200 * ((x // 12 + y // 9) % 2), 127 + 120 * np.sin(x / 5), 255 - y], -1)
    cv2.imwrite(str(folder / f"{name}.png"), scales.astype(np.uint8))
    return folder / f"{name}.png"


def start_painting(page, picture_file):
    """The camera, which stands still: a scene that moves would take half of the machine for as long as is studied."""
    page.get_by_role("button", name="Use my camera").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    page.locator("#use-picture").set_input_files(picture_file)
    expect(page.locator("#caption")).to_have_text(picture_file.stem)


def loss_of(model, painting, style, brush):
    """The loss of a step on one square of another picture."""
    graphs = study.open_graphs(model, 1)
    start = study.weights_of(model, graphs.parameters)
    values = np.concatenate([*((start[name] + brush.get(name, 0)).ravel() for name in graphs.parameters), style])
    values = values.astype(np.float32)
    state = study.State(values, [np.zeros_like(values), np.zeros_like(values)], values)
    frame = np.round(255 * picture(128, 128, 3)).astype(np.uint8)
    fixed = {**study.painting_targets(graphs, painting, 1), "weights": study.weighed(graphs.terms, 0.5)}
    study.one_step(graphs, state, {**fixed, **next(study.batches(graphs, [frame], 0))}, np.zeros_like(values))
    return state.losses[0]["total"]


def test_a_picture_is_studied_while_it_is_painted(browser, tiny_site, tmp_path, tiny):
    """Without WebGPU: it says how long it takes; the painters get better brushes meanwhile; the result stays."""
    context = new_context(browser, reduced_motion="reduce", accept_downloads=True)
    asked = []
    context.on("request", lambda request: asked.append(request))
    page = visit(context, tiny_site + LOOK)
    start_painting(page, own_picture(tmp_path))
    assert not [request for request in asked if re.search("study|vgg16", request.url)]  # before it is wanted
    page.evaluate(WATCH_BRUSHES)
    page.get_by_role("button", name="Study this picture").click()
    words, hint = page.locator("#study-words"), page.locator("#study-hint")
    expect(words).to_contain_text("Studying “scales”, ", timeout=PATIENCE)
    expect(hint).to_contain_text("Without WebGPU this takes about")
    expect(hint).to_contain_text(".style file")
    expect(words).to_contain_text(re.compile(r"Studied in \d+ steps"), timeout=PATIENCE)
    assert int(re.findall(r"\d+", words.inner_text())[0]) >= STEPS
    brushes = {size for size in page.evaluate("brushes") if size > 0}
    assert len(brushes) >= 2  # one on the way, one at the end
    assert not [request.url for request in asked if request.method != "GET"]  # nothing is uploaded
    with page.expect_download() as download:
        page.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "scales.style"
    download.value.save_as(tmp_path / "scales.style")
    found = read_style(tmp_path / "scales.style", tiny)
    assert (found.name, found.source, found.licence) == ("scales", "scales.png", tiny.licence)
    assert "end.conv.weight" in found.brush
    painting = read_style_picture(tmp_path / "scales.png")
    plain = StyleEncoder(tiny, "cpu", 1).encode(painting)
    assert loss_of(tiny, painting, found.style, found.brush) < 0.9 * loss_of(tiny, painting, plain, {})
    assert cv2.imdecode(np.frombuffer(found.preview, np.uint8), cv2.IMREAD_COLOR).shape == (192, 256, 3)
    page.reload()
    page.get_by_role("button", name="scales", exact=True).click()
    page.get_by_role("button", name="Download").wait_for()
    expect(page.get_by_role("button", name="Study this picture")).to_be_hidden()
    expect(page.get_by_role("button", name="scales", exact=True)).to_have_count(1)
    context.close()


def test_enough_keeps_what_was_learnt_and_removing_ends_it(browser, serve_static, config, tmp_path):
    context = new_context(browser, reduced_motion="reduce")
    told = json.loads(json.dumps(config))
    told["study"]["rules"]["least_steps"] = 10_000
    page = visit(context, serve_static(config=told) + "#size=128")  # WebGPU would be used if there were any
    page.locator("#use-picture").set_input_files(own_picture(tmp_path, "tiles"))
    page.get_by_role("button", name="Study this picture").click()
    expect(page.locator("#messages")).to_contain_text("a picture is studied on what is painted")
    start_painting(page, own_picture(tmp_path))
    expect(page.locator("#messages")).not_to_contain_text("a picture is studied")
    page.get_by_role("button", name="Study this picture").click()
    expect(page.locator("#study-words")).to_contain_text("left", timeout=PATIENCE)  # two steps
    page.get_by_role("button", name="tiles", exact=True).click()
    expect(page.locator("#study-words")).to_contain_text("“scales”")  # it goes on
    page.get_by_role("button", name="Enough").click()
    expect(page.get_by_role("button", name="Study this picture")).to_be_visible(timeout=PATIENCE)
    page.get_by_role("button", name="scales", exact=True).click()
    expect(page.locator("#study-words")).to_contain_text("Studied in")
    page.get_by_role("button", name="tiles", exact=True).click()
    page.get_by_role("button", name="Study this picture").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_focused()  # at once, and nothing is learnt yet
    expect(page.locator("#study-words")).to_have_text(re.compile("Preparing|Fetching"))
    page.get_by_role("button", name="Cancel").click()
    expect(page.get_by_role("button", name="Study this picture")).to_be_focused()
    page.get_by_role("button", name="Study this picture").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_visible()
    page.get_by_role("button", name="Remove tiles").click()
    expect(page.get_by_role("button", name="Cancel")).to_be_hidden()
    context.close()


def test_where_the_weights_are_lacking_nothing_is_offered(browser, serve_static, config, tmp_path):
    context = new_context(browser)
    page = visit(context, serve_static(config={**config, "study": None}) + LOOK)
    page.locator("#use-picture").set_input_files(own_picture(tmp_path))
    expect(page.locator("#caption")).to_have_text("scales")
    expect(page.get_by_role("button", name="Study this picture")).to_be_hidden()
    context.close()


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    """The released model with a step of one picture of 64 px, which a graphics card made of software can take.

    Not the tiny model: on WebGPU, ONNX Runtime Web is wrong about its convolutions of six channels.
    """
    from impasto.train.study.graph import add_study

    folder = tmp_path_factory.mktemp("models") / "small"
    shutil.copytree(model_folder(), folder)
    return add_study(load_model(folder), pictures=1, side=64)


@pytest.fixture(scope="module")
def five_steps(small):
    """What is given to five steps, and what Python makes of it."""
    graphs = study.open_graphs(small, 1)
    n, side = graphs.batch
    start = study.weights_of(small, graphs.parameters)
    style = small.gallery()["great-wave"]["style"]
    values = np.concatenate([*(start[name].ravel() for name in graphs.parameters), style])
    state = study.State(values, [np.zeros_like(values), np.zeros_like(values)], values)
    made = [np.round(255 * picture(80, 100, seed)).astype(np.uint8) for seed in range(3)]
    targets = study.painting_targets(graphs, made[0], 1)
    fixed = {**targets, "weights": study.weighed(graphs.terms, 0.5)}
    phases = small.network["transformer"]["stem_stride"] ** 2
    pool = contents.Contents(
        made, side, 3, lambda frame: np.asarray(graphs.content.run(None, {"image": frame[None]})[0])[0]
    )
    shares = [0, 0.2, 0.5, 0.7, 0.9]
    batches = [pool.draw(n) for _ in shares]
    for share, batch in zip(shares, batches, strict=True):
        rates = np.full_like(values, study.WEIGHTS_RATE)
        rates[-small.style_size :] = study.STYLE_RATE
        study.one_step(graphs, state, {**fixed, **batch}, rates * study.rate(share, state.count) * state.slower)
        study.level_end(state.values, graphs.parameters, phases)
    return Steps(style, targets, batches, shares, state, graphs, values)


class Steps(NamedTuple):
    style: np.ndarray
    targets: dict
    batches: list
    shares: list
    state: study.State
    graphs: study.Graphs
    values: np.ndarray  # before them


def text(values):
    return base64.b64encode(np.ascontiguousarray(values, np.float32).tobytes()).decode()


def painted(model, values, graphs):
    """What T paints with the values of a step: [3,H,W]."""
    state = study.State(values, [], values)
    learnt = study.studied(state, graphs.parameters, study.weights_of(model, graphs.parameters))
    painter = Painter(model, device="cpu")
    painter.use([learnt])
    frame = np.round(255 * picture(64, 64, 9)).astype(np.uint8)
    feeds = {"frame": painter.prepare(frame), "style": learnt.style[None]}
    return painter.open_frame().run(["painted"], feeds)[0][0]


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("place", ["wasm", "webgpu"])
def test_five_steps_are_pythons(place, request, serve_static, small, five_steps):
    """Of 64 px, on WebGPU in software and on WebAssembly: the terms of the loss, and what is painted afterwards."""
    context = request.getfixturevalue("webgpu_browser" if place == "webgpu" else "browser").new_context()
    told = page_config(small, None)
    context.route(f"**/models/{small.name}/**", serve_from(small.folder))
    page = open_page(context, serve_static(config=told))
    page.set_default_timeout(1_500_000)
    wish = {"offer": told["study"], "places": [place], "softwareToo": True, "style": text(five_steps.style)}
    given = [
        wish,
        {name: text(value) for name, value in five_steps.targets.items()},
        [{name: text(value) for name, value in batch.items()} for batch in five_steps.batches],
        five_steps.shares,
    ]
    found, terms = page.evaluate(RUN_STEPS, given)
    context.close()
    graphs, state = five_steps.graphs, five_steps.state
    for each, losses in zip(terms, state.losses, strict=True):
        expected = np.array([losses[term] for term in graphs.terms])
        assert (np.abs(np.frombuffer(base64.b64decode(each), np.float32) - expected) < 1e-3 * (1 + expected)).all()
    values = np.frombuffer(base64.b64decode(found), np.float32)
    expected = painted(small, state.values, graphs)
    # Where a gradient is all rounding, Adam goes one way or the other, so that parameters are not compared.
    apart = np.abs(painted(small, values, graphs) - expected)
    print(f"painted: apart by {np.quantile(apart, 0.999):.1e}, {apart.max():.1e} at most")
    assert np.quantile(apart, 0.999) <= 1e-3
    assert np.abs(painted(small, five_steps.values, graphs) - expected).max() > 0.02  # something was learnt
