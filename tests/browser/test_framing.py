"""What of a frame is painted and which way round: cropped, mirrored and scaled before the network sees it.

Most tests put a graph in the model's place that gives back what it is given: what the engine says it painted is then
the tensor that it made of the frame, read back from where it was made.
"""

import cv2
import numpy as np
import pytest
from engine_page import (
    copied,
    difference,
    jpeg,
    mean_difference,
    open_page,
    painted_clip,
    painted_values,
    part_of,
    python_painted,
    reference,
    serve_echo,
    set_style,
    set_view,
    shown,
    side,
    snapshot,
)

from impasto.webapp.files.detail import enlarge


@pytest.fixture(scope="module")
def picture():
    """RGB uint8 [48,64,3]: noise, in which no pixel is like another."""
    return np.random.default_rng(5).integers(0, 256, (48, 64, 3), np.uint8)


BROWSERS = {"wasm": "browser", "wasm without WebGL": "plain_browser", "webgpu": "webgpu_browser"}


@pytest.fixture(scope="module")
def echo_page(request, static_site):
    """`echo_page(painter)` → the page with that painter and the graph above, opened once for all."""
    pages = {}

    def opened(painter):
        if painter not in pages:
            context = request.getfixturevalue(BROWSERS[painter]).new_context()
            size = serve_echo(context)
            page = pages[painter] = open_page(context, static_site)
            backend = painter.split()[0]
            assert page.evaluate("(backend) => impasto.engine.start(backend)", backend) == backend
            set_style(page, np.zeros(size))
        set_view(pages[painter], strength=1, keepColors=False, mirror=False, split=None)
        return pages[painter]

    yield opened
    for page in pages.values():
        page.context.close()


def tensor(picture, part, size, mirror):
    """float64 [3,H,W] of 0…1: the mean of n × n linearly filtered samples of every pixel's area, in NumPy."""

    def along(first, length, count, limit):
        taps = min(4, max(1, -(-length // count)))
        at = first + (np.arange(count * taps) + 0.5) / (count * taps) * length - 0.5
        low = np.floor(at).astype(int)
        weights = np.zeros((count, limit))
        for shift, share in ((0, 1 - (at - low)), (1, at - low)):
            np.add.at(weights, (np.arange(count * taps) // taps, np.clip(low + shift, 0, limit - 1)), share / taps)
        return weights

    rows = along(part["top"], part["height"], size["height"], picture.shape[0])
    columns = along(part["left"], part["width"], size["width"], picture.shape[1])
    made = np.einsum("yi,xj,ijc->cyx", rows, columns, picture / 255)
    return made[:, :, ::-1] if mirror else made


def test_the_reference_crops_mirrors_and_averages(picture):
    part = part_of(picture, 6, 4, 40, 32)
    cut = picture[4:36, 6:46].transpose(2, 0, 1) / 255
    assert difference(tensor(picture, part, {"width": 40, "height": 32}, True), cut[:, :, ::-1]) < 1e-12
    halved = cut.reshape(3, 16, 2, 20, 2).mean((2, 4))
    assert difference(tensor(picture, part, {"width": 20, "height": 16}, False), halved) < 1e-12


def framings(picture):
    """(part, size) of a frame that is painted whole, cropped, and halved."""
    middle = part_of(picture, 6, 4, 40, 32)
    return [
        (part_of(picture), side(picture)),
        (middle, {"width": 40, "height": 32}),
        (middle, {"width": 20, "height": 16}),
    ]


@pytest.mark.parametrize("mirror", [False, True])
def test_webgpu_makes_the_tensor_in_one_pass(echo_page, picture, mirror):
    """Whole, cropped, halved, and by a ratio that is no whole number; from a picture and from a video's frame."""
    page = echo_page("webgpu")
    set_view(page, mirror=mirror)
    odd = part_of(picture, 3, 9, 51, 37), {"width": 37, "height": 25}  # reflected to 64 × 64 inside
    for video in (False, True):
        for part, size in [*framings(picture), odd]:
            made = painted_values(page, picture, size, part, video)
            assert difference(made, tensor(picture, part, size, mirror)) <= 2 / 255, (part, size, video)


# Grey frames of HDR → what a 2D canvas makes of each, what the GPU painter's network gets of it, and what is shown.
HDR_GREY = """async (transfer) => {
  const { engine } = impasto;
  const size = { width: 64, height: 48 };
  const grey = (code) => {
    const data = new Uint8Array(64 * 48 * 1.5).fill(128);
    data.fill(Math.round(16 + 219 * code), 0, 64 * 48);
    const colorSpace = { matrix: "bt2020-ncl", primaries: "bt2020", transfer, fullRange: false };
    return new VideoFrame(data, { format: "I420", codedWidth: 64, codedHeight: 48, timestamp: 0, colorSpace });
  };
  const middle = (image) => {
    const pen = new OffscreenCanvas(64, 48).getContext("2d", { willReadFrequently: true });
    pen.drawImage(image, 0, 0);
    return pen.getImageData(32, 24, 1, 1).data[1];
  };
  const found = [];
  for (const code of [0.5, 0.4]) {
    const frame = grey(code);
    found.push([middle(frame)]);
    frame.close();
    const values = await engine.values(grey(code), size);
    found.at(-1).push(255 * values[24 * 64 + 32]);
    const painted = tested.once("painted");
    tested.clock += 40;
    if (!engine.show(grey(code), size, tested.clock)) throw new Error("busy");
    await painted;
    found.at(-1).push(middle(await createImageBitmap(await engine.snapshot())));
  }
  return found;
}"""


@pytest.mark.parametrize("transfer", ["hlg", "pq"])
def test_webgpu_takes_hdr_as_an_ordinary_screen_shows_it(echo_page, transfer):
    page = echo_page("webgpu")
    for strength in (1, 0):  # the painting, which the network leaves as it is, and the frame itself
        set_view(page, strength=strength)
        for canvas, network, shown_there in page.evaluate(HDR_GREY, transfer):
            assert 40 < canvas < 150  # taken for light the codes would be 188 and 170
            assert abs(network - canvas) <= 1.5
            assert abs(shown_there - canvas) <= 2
    assert page.evaluate("impasto.engine.backend") == "webgpu"


@pytest.mark.parametrize("mirror", [False, True])
def test_wasm_makes_the_same_tensor(echo_page, picture, mirror):
    page = echo_page("wasm")
    set_view(page, mirror=mirror)
    for part, size in framings(picture):
        assert difference(painted_values(page, picture, size, part), tensor(picture, part, size, mirror)) <= 2 / 255


@pytest.mark.parametrize("painter", BROWSERS)
def test_frame_and_painting_agree_on_the_canvas(echo_page, picture, painter):
    """The two are the same here: so is every mixture of them, and either side of the divider."""
    page = echo_page(painter)
    part, size = part_of(picture, 6, 4, 40, 32), {"width": 40, "height": 32}
    cut = picture[4:36, 6:46]
    set_view(page, mirror=True)
    assert difference(shown(page, picture, size, part), cut[:, ::-1]) <= 1
    for view in ({"strength": 0}, {"strength": 0.5}, {"strength": 1, "keepColors": True}, {"split": 0.5}):
        set_view(page, **view)
        assert difference(snapshot(page), cut[:, ::-1]) <= 2, view
    set_view(page, mirror=False)
    assert difference(snapshot(page), cut[:, ::-1]) <= 2  # until the next frame
    assert difference(shown(page, picture, size, part), cut) <= 2


@pytest.mark.parametrize("painter", BROWSERS)
def test_what_is_painted_small_is_shown_with_the_frames_detail(echo_page, picture, painter):
    """As `enlarge` in Python does it. The graph gives back the small frame, so that is the painting."""
    page = echo_page(painter)
    large = np.repeat(np.repeat(picture, 2, 0), 2, 1)
    noise = np.random.default_rng(9).integers(-40, 40, large.shape)
    large = np.clip(large + noise, 0, 255).astype(np.uint8)
    small = cv2.resize(large, (64, 48), interpolation=cv2.INTER_AREA)
    expected = enlarge(small, large)
    assert mean_difference(expected, enlarge(small, large, detail=0)) > 5
    found = shown(page, large, side(small))
    assert difference(found, expected) <= 5
    assert mean_difference(found, expected) < 1
    clip = painted_clip(page, large, side(small))
    assert difference(clip, expected) <= 5
    assert mean_difference(clip, expected) < 1


@pytest.mark.parametrize("painter", BROWSERS)
def test_a_recording_gets_what_is_shown_and_when_it_was_taken(echo_page, picture, painter):
    page = echo_page(painter)
    set_view(page, split=0.5)
    late, found = copied(page, picture)
    assert late == 0
    assert difference(found, snapshot(page)) <= 1
    assert difference(found, picture) <= 2


@pytest.fixture(scope="module")
def wasm_page(browser, static_site, style):
    page = open_page(browser, static_site)
    page.evaluate("() => impasto.engine.start('wasm')")
    set_style(page, style)
    yield page
    page.close()


def test_the_mirrored_picture_is_painted_and_clips_are_not(wasm_page, model, style, camera_picture):
    picture = np.ascontiguousarray(camera_picture[:96, :128])
    turned = np.ascontiguousarray(picture[:, ::-1])
    set_view(wasm_page, mirror=True)
    assert difference(shown(wasm_page, picture), python_painted(model, style, turned)) <= 2
    assert difference(painted_clip(wasm_page, picture), python_painted(model, style, picture)) <= 2


def test_what_is_carried_along_does_not_survive_the_turn(wasm_page, model, style, camera_picture):
    """The network sees one still scene, with a camera's noise, all the time: only the past can make a difference."""
    rng = np.random.default_rng(3)
    scene = camera_picture[:96, :128] + rng.normal(0, 25, (96, 128, 3))
    first, second = (np.clip(scene + rng.normal(0, 12, scene.shape), 0, 255).astype(np.uint8) for _ in range(2))
    alone = reference(model, style, second)
    set_view(wasm_page, mirror=True)
    wasm_page.evaluate("() => impasto.engine.setStability(1)")
    painted_values(wasm_page, first[:, ::-1])
    assert difference(painted_values(wasm_page, second[:, ::-1]), alone) > 0.02
    painted_values(wasm_page, first[:, ::-1])
    set_view(wasm_page, mirror=False)
    assert difference(painted_values(wasm_page, second), alone) <= 1e-4


def test_the_server_gets_the_mirrored_part(browser, server, server_model, style, camera_picture):
    picture = np.ascontiguousarray(camera_picture[:112, :152])
    part, size = part_of(picture, 8, 16, 128, 96), {"width": 128, "height": 96}
    turned = np.ascontiguousarray(picture[16:, 8:136][:, ::-1])
    server.wait_for_live_pages(0)
    page = open_page(browser, server.url + "live/")
    assert page.evaluate("() => impasto.engine.start('server')") == "server"
    set_style(page, style)
    set_view(page, mirror=True)
    expected = python_painted(server_model, style, jpeg(turned, 95))
    assert mean_difference(shown(page, picture, size, part), jpeg(expected, 90)) < 3
    set_view(page, strength=0)
    assert difference(snapshot(page), turned) <= 1
    set_view(page, strength=1, mirror=False)
    expected = python_painted(server_model, style, jpeg(turned[:, ::-1], 95))
    assert mean_difference(shown(page, picture, size, part), jpeg(expected, 90)) < 3
    page.close()
