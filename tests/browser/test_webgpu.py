"""The model on a graphics card made of software: right, and slow; so one page, opened once, serves for all of it."""

import numpy as np
import pytest
from engine_page import (
    WEBGPU,
    difference,
    open_page,
    painted_clip,
    painted_values,
    python_painted,
    reference,
    serve_echo,
    set_style,
    set_view,
    shown,
    snapshot,
    wait_until,
)
from test_painters import choose, moving, picture, set_stability, steady_reference, studied, with_brush_in_python
from test_person import mask_goes_along, serve_red_is_a_person

__all__ = ["moving", "picture", "studied"]  # fixtures


@pytest.fixture(scope="module")
def opened(webgpu_browser, static_site):
    """A few frames at 64 px. Left alone, the page would not choose such a GPU."""
    context = webgpu_browser.new_context()
    serve_red_is_a_person(context)
    yield open_page(context, static_site)
    context.close()


@pytest.fixture
def webgpu_page(opened, style):
    """The same, painting by WebGPU in a style, nothing held steady."""
    if opened.evaluate("impasto.engine.backend") != "webgpu":
        assert opened.evaluate("() => impasto.engine.start('webgpu')") == "webgpu"
    set_style(opened, style)
    set_stability(opened, 0)
    set_view(opened, strength=1, keepColors=False, split=None, who="all")
    return opened


def test_webgpu_paints_like_python(webgpu_page, model, style, picture):
    page, small = webgpu_page, picture[:56, :64]
    assert difference(painted_values(page, small), reference(model, style, small)) <= 1e-3
    assert difference(shown(page, small, video=True), python_painted(model, style, small)) <= 4
    set_view(page, strength=0)
    assert difference(snapshot(page), small) <= 1
    set_view(page, strength=0.6, keepColors=True, split=0.5)
    mixed = python_painted(model, style, small, strength=0.6, keep_colors=True)
    assert difference(snapshot(page)[:, 32:], mixed[:, 32:]) <= 2
    assert difference(snapshot(page)[:, :32], small[:, :32]) <= 1
    odd = small[:43, :37]
    assert difference(painted_clip(page, odd), python_painted(model, style, odd, strength=0.6, keep_colors=True)) <= 2


def test_webgpu_carries_the_painting_along_as_python_does(webgpu_page, model, style, moving):
    """Three frames of 64 × 64 whose past stays on the GPU."""
    pictures = moving(3, 64, 64)
    expected = steady_reference(model, style, pictures, 1)
    set_stability(webgpu_page, 1)
    for n, each in enumerate(pictures):
        assert difference(painted_values(webgpu_page, each), expected[n]) <= 1e-3, n
    assert difference(expected[2], reference(model, style, pictures[2])) > 0.02
    assert webgpu_page.evaluate("impasto.engine.backend") == "webgpu"


def test_webgpu_paints_with_a_brush(webgpu_page, model, style, studied, moving):
    first, second = moving(2, 64, 64)
    choose(webgpu_page, studied)
    (alone,) = with_brush_in_python(model, [studied], [1], [first], 0)
    assert difference(painted_values(webgpu_page, first), alone) <= 1e-3
    set_stability(webgpu_page, 1)
    expected = with_brush_in_python(model, [studied], [1], [first, second], 1)
    for n, each in enumerate((first, second)):
        assert difference(painted_values(webgpu_page, each), expected[n]) <= 1e-3, n
    set_stability(webgpu_page, 0)
    set_style(webgpu_page, style)
    assert difference(painted_values(webgpu_page, first), reference(model, style, first)) <= 1e-3
    assert webgpu_page.evaluate("impasto.engine.backend") == "webgpu"


def test_the_mask_goes_along_as_in_python(webgpu_page, model, style, tmp_path, monkeypatch):
    """As `test_person.py` has it for the processor."""
    mask_goes_along(webgpu_page, (64, 64), model, style, tmp_path, monkeypatch)
    assert webgpu_page.evaluate("impasto.engine.backend") == "webgpu"


def test_a_graphics_card_made_of_software_is_not_chosen(webgpu_page):
    assert webgpu_page.evaluate("() => impasto.engine.start('auto')") == "wasm"
    taken = webgpu_page.evaluate("tested.events.findLast((e) => e.kind === 'backend')")
    assert "software" in taken["why"]


def test_a_lost_graphics_card_is_survived(launch, static_site, picture):
    """The browser's GPU process is killed: WebGPU gives way to the processor, a lost canvas to a new one."""
    small = np.ascontiguousarray(picture[:48, :64])
    browser = launch(*WEBGPU)
    context = browser.new_context()
    size = serve_echo(context)
    page = open_page(context, static_site)
    assert page.evaluate("() => impasto.engine.start('webgpu')") == "webgpu"
    set_style(page, np.zeros(size))
    for reason in ("The graphics card was lost", "The browser took the canvas away"):
        shown(page, small)
        browser.new_browser_cdp_session().send("Browser.crashGpuProcess")
        wait_until(page, f"tested.events.some((e) => e.kind === 'backend' && e.why?.startsWith('{reason};'))")
        assert page.evaluate("impasto.engine.backend") == "wasm"
        assert difference(shown(page, small), small) <= 2
    browser.close()
