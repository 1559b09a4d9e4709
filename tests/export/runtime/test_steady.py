"""Steady painting through the runtime: what is carried on, when it is forgotten, and that it never goes astray."""

import json
import shutil
import tracemalloc
from itertools import pairwise

import cv2
import numpy as np
import onnxruntime as ort
import pytest
import torch

from impasto.export.runtime import painter as runtime
from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sample import picture
from impasto.export.runtime.steady import Steady
from impasto.models.steady.stabilizer import KEY_FRAMES


@pytest.fixture(scope="module")
def style(tiny_model):
    return tiny_model.gallery()["waves"]["style"]


@pytest.fixture(scope="module")
def step(tiny_model):
    return ort.InferenceSession(str(tiny_model.path("step")), providers=["CPUExecutionProvider"])


@pytest.fixture
def begin(step, tiny_model):
    """begin(): a step graph that has seen nothing yet."""
    return lambda: Steady(step, tiny_model.state)


@pytest.fixture(scope="module")
def alone(tiny_model, style):
    """alone(frame): a frame [1,3,H,W] painted by frame.onnx."""
    session = ort.InferenceSession(str(tiny_model.path("frame")), providers=["CPUExecutionProvider"])
    return lambda frame: session.run(["painted"], {"frame": frame, "style": style[None]})[0]


@pytest.fixture
def inputs(style):
    """inputs(t): what the graph is given of frame t of a camera that moves, 64 × 96."""
    wide = picture(96, 128).transpose(2, 0, 1)[None]

    def at(t, height=64, width=96):
        return {"frame": np.ascontiguousarray(wide[:, :, t : t + height, t : t + width]), "style": style[None]}

    return at


def test_the_first_frame_is_painted_by_itself(begin, inputs, alone):
    assert np.abs(begin().paint(inputs(0), 1.0) - alone(inputs(0)["frame"])).max() < 1e-5


def test_what_is_carried_is_what_the_model_says(begin, step, tiny_model, inputs, alone):
    """Every frame beside a bare run of the graph, fed by hand; past the second key."""
    steady, state = begin(), {}
    carried = {each["name"]: each for each in tiny_model.state}
    for name, each in carried.items():
        state[name] = np.zeros((1, each["channels"], 64 // each["over"], 96 // each["over"]), np.float32)
    outputs, painted, keys = [output.name for output in step.get_outputs()], [], []
    for t in range(KEY_FRAMES + 3):
        given = {**inputs(t), "stability": np.ones(1, np.float32), **state}
        found = dict(zip(outputs, step.run(outputs, given), strict=True))
        state |= {name: found[each["from"]] for name, each in carried.items()}
        painted.append(steady.paint(inputs(t), 1.0))
        np.testing.assert_allclose(painted[t], found["painted"], atol=1e-4)
        keys.append(found["next_key_frame"])
    quarters = np.stack([inputs(t)["frame"].reshape(1, 3, 16, 4, 24, 4).mean((3, 5)) for t in range(KEY_FRAMES + 3)])
    taken = [int(np.abs(quarters - key).max((1, 2, 3, 4)).argmin()) for key in keys]
    np.testing.assert_allclose(np.stack(keys), quarters[taken], atol=1e-5)
    assert taken[0] == 0
    assert taken == sorted(taken)
    assert taken[-1] > 0
    assert all(0 <= t - key < KEY_FRAMES for t, key in enumerate(taken))
    assert np.abs(painted[1] - alone(inputs(1)["frame"])).mean() > 0.01


def test_what_follows_is_painted_in_the_steady_style(begin, inputs, tiny_networks, alone, tiny_model, style):
    """Seen where nothing is carried, after a cut from black."""
    _, t = tiny_networks
    with torch.no_grad():
        wanted = t.steady_style(torch.from_numpy(style)[None], torch.ones(1)).numpy()
    after, black = inputs(0), {**inputs(0), "frame": np.zeros((1, 3, 64, 96), np.float32)}
    steady = begin()
    steady.paint(black, 1.0)
    painted = steady.paint(after, 1.0)
    frame = ort.InferenceSession(str(tiny_model.path("frame")), providers=["CPUExecutionProvider"])
    expected = frame.run(["painted"], {"frame": after["frame"], "style": wanted})[0]
    assert np.abs(painted - expected).max() < 1e-4
    assert np.abs(painted - alone(after["frame"])).mean() > 1e-3


def test_after_a_reset_the_first_frame_is_painted_as_at_the_start(begin, inputs):
    steady = begin()
    first = steady.paint(inputs(0), 1.0)
    steady.paint(inputs(5), 1.0)
    steady.reset()
    assert np.array_equal(steady.paint(inputs(0), 1.0), first)


def frames(count, noise=2.0, height=64, width=96):
    """A camera that wanders over a made-up picture: uint8 [height,width,3], by parts of a pixel, with noise."""
    wide, random = (cv2.GaussianBlur(picture(160, 192), (0, 0), 1) * 255), np.random.default_rng(0)
    for t in range(count):
        x, y = 40 + 30 * np.sin(t / 40), 40 + 25 * np.cos(t / 55)
        seen = cv2.warpAffine(wide, np.float64([[1, 0, -x], [0, 1, -y]]), (width, height), flags=cv2.INTER_CUBIC)
        yield np.round(seen + random.normal(0, noise, seen.shape)).clip(0, 255).astype(np.uint8)


@pytest.fixture
def paint(tiny_model, style):
    """paint(frames, painter or look): all of them, one after another."""

    def run(clip, painter=None, **look):
        painter = painter or Painter(tiny_model, threads=1, look=Look(**look))
        painter.use([style])
        return [painter.paint(frame) for frame in clip]

    return run


def as_painted(frame, alone):
    painted = alone((frame.transpose(2, 0, 1)[None] * np.float32(1 / 255)).astype(np.float32))[0]
    return np.round(painted.transpose(1, 2, 0) * 255)


def test_stability_0_opens_no_step_graph_and_is_frame_by_frame(tiny_model, paint, style, monkeypatch):
    opened, real = [], runtime.open_session
    monkeypatch.setattr(runtime, "open_session", lambda graph, *rest: opened.append(graph.name) or real(graph, *rest))
    clip = [*frames(3)]
    together = paint(clip, stability=0)
    assert opened == ["frame.onnx"]
    session = real(tiny_model.path("frame"), "cpu", 1)
    for frame, painted in zip(clip, together, strict=True):
        planes = np.ascontiguousarray(frame.transpose(2, 0, 1)[None] * np.float32(1 / 255))
        exact = session.run(["painted"], {"frame": planes, "style": style[None]})[0]
        assert np.array_equal(painted, runtime.finish(exact, frame, Look()))


def test_the_first_frame_of_a_clip_is_that_of_frame_by_frame(paint, alone):
    clip = [*frames(2)]
    first, second = paint(clip)
    assert np.abs(first - as_painted(clip[0], alone)).max() <= 1
    assert np.abs(second - as_painted(clip[1], alone)).mean() > 1


def test_strength_0_is_the_frame(paint):
    clip = [*frames(3)]
    assert all(np.array_equal(a, b) for a, b in zip(clip, paint(clip, strength=0), strict=True))


def test_stability_can_be_turned_between_frames(tiny_model, paint):
    clip = [*frames(4)]
    painter = Painter(tiny_model, threads=1)
    steady = paint(clip, painter)
    painter.reset()
    half = [paint([clip[0]], painter)[0]]
    for dial, frame in ((1.0, clip[1]), (0.0, clip[2]), (1.0, clip[3])):
        painter.set_stability(dial)
        half.append(painter.paint(frame))
    by_itself = paint(clip, stability=0)
    assert np.array_equal(half[1], steady[1])
    assert np.array_equal(half[2], by_itself[2])
    assert np.abs(half[3].astype(int) - by_itself[3]).max() <= 1  # what was carried before is forgotten


def test_a_model_without_state_is_painted_as_before(tiny_model, paint, style, tmp_path):
    older = shutil.copytree(tiny_model.folder, tmp_path / "older")
    data = json.loads((older / "model.json").read_text())
    for role in ("step", "step_fp16"):
        (older / data["files"].pop(role)["file"]).unlink()
    (older / "model.json").write_text(json.dumps({**data, "state": []}))
    clip = [*frames(3)]
    painter = Painter(load_model(older), threads=1)
    painter.set_stability(0.5)
    for a, b in zip(paint(clip, painter), paint(clip, stability=0), strict=True):
        assert np.array_equal(a, b)


def sharpness(image):
    return np.abs(image - cv2.blur(image.astype(np.float64), (3, 3))).mean()


def test_three_hundred_frames_hold_no_memory_and_do_not_drift(tiny_model, style, paint):
    """Beside a fresh start sixty frames before the end: the last twenty are as bright, as colourful and as sharp."""
    clip = [*frames(300)]
    painter = Painter(tiny_model, threads=1)
    painter.use([style])
    tracemalloc.start()
    last, held = [], []
    for t, frame in enumerate(clip):
        painted = painter.paint(frame)
        if t >= 280:
            last.append(painted)
        if t in (20, 279):
            held.append(tracemalloc.get_traced_memory()[0])
    tracemalloc.stop()
    assert held[1] - held[0] < 100_000  # a frame is 18 kB, what is carried 0.4 MB
    fresh = paint(clip[240:])[-20:]
    np.testing.assert_allclose(np.mean(last, (0, 1, 2)), np.mean(fresh, (0, 1, 2)), rtol=0.02)
    np.testing.assert_allclose(np.mean([*map(sharpness, last)]), np.mean([*map(sharpness, fresh)]), rtol=0.02)
    assert not np.array_equal(last[-1], paint([clip[-1]])[0])


def test_what_released_models_carry_does_not_run_away(released):
    """Blur is undone where a painting is read; more of it than mixing takes away would grow from frame to frame."""
    clip, last = [*frames(40, height=96, width=160)], {}
    for stability in (0.0, 1.0):
        painter = Painter(released, threads=1, look=Look(stability=stability))
        painter.use([released.gallery()["starry-night"]["style"]])
        last[stability] = [painter.paint(frame).astype(np.float32) for frame in clip][-5:]
    alone, steady = last.values()
    assert 0.9 < np.mean([*map(sharpness, steady)]) / np.mean([*map(sharpness, alone)]) < 1.2
    assert np.abs(np.subtract(steady, alone)).mean() < np.abs(np.diff(alone, axis=0)).mean()


@pytest.mark.parametrize("noise", [0, 2])
def test_a_smooth_picture_that_stands_still_is_painted_still(noise):
    """Where nothing can be seen of motion none may creep in. Levels of 255 from frame to frame, mean over the picture:
    little, and by noise no more than the same painted alone."""
    y, x = np.mgrid[0:96, 0:128]
    still = np.stack([x * 255 / 127, 128 + 90 * np.sin((x + 2 * y) / 23), y * 255 / 95], -1)
    random = np.random.default_rng(0)
    views = [(still + random.normal(0, noise, still.shape)).clip(0, 255).round().astype(np.uint8) for _ in range(30)]
    changes = {}
    for stability in (0.0, 1.0):
        painter = Painter(load_model(), "cpu", look=Look(stability=stability))
        painter.use([painter.model.gallery()["starry-night"]["style"]])
        out = [painter.paint(view).astype(np.float32) for view in views]
        changes[stability] = np.mean([np.abs(b - a).mean() for a, b in pairwise(out[2:])])
    assert changes[1.0] < (0.75 * changes[0.0] if noise else 1.5)


def scene_frames(height=126, width=160, count=10):
    """A camera that moves evenly over a made-up picture: uint8 [height,width,3]."""
    wide = (picture(height + 40, width + 40, seed=3) * 255).astype(np.uint8)
    return [np.ascontiguousarray(wide[2 * t : 2 * t + height, 3 * t : 3 * t + width]) for t in range(count)]


@pytest.fixture
def two_styles(tiny_model, style):
    return style, style[::-1].copy()


@pytest.fixture
def seasoned(tiny_model, two_styles):
    """seasoned(frames): a painter that has painted them in the first style."""

    def make(clip):
        painter = Painter(tiny_model, threads=1)
        painter.use([two_styles[0]])
        for frame in clip:
            painter.paint(frame)
        return painter

    return make


def test_another_style_forgets_the_past(tiny_model, seasoned, two_styles):
    *before, last, after = scene_frames()
    painter, fresh = seasoned(before), Painter(tiny_model, threads=1)
    for each in (painter, fresh):
        each.use([two_styles[1]])
    for frame in (last, after):
        assert np.array_equal(painter.paint(frame), fresh.paint(frame))


def test_the_same_style_again_goes_on(seasoned, two_styles):
    *before, last = scene_frames()
    one, other = seasoned(before), seasoned(before)
    one.use([two_styles[0], two_styles[0]], [0.25, 0.75])
    assert np.array_equal(one.paint(last), other.paint(last))


@pytest.mark.parametrize("size", [(120, 160), (126, 150), (64, 96)])
def test_another_size_forgets_the_past_also_within_one_padded_size(tiny_model, seasoned, two_styles, size):
    painter, fresh = seasoned(scene_frames()), Painter(tiny_model, threads=1)
    fresh.use([two_styles[0]])
    for frame in scene_frames(*size, count=3):
        assert np.array_equal(painter.paint(frame), fresh.paint(frame))


@pytest.mark.parametrize("look", [Look(strength=0), Look(stability=0)])
def test_what_is_not_painted_steadily_is_not_gone_on_from(tiny_model, seasoned, two_styles, look):
    *before, skipped, last = scene_frames()
    painter, fresh = seasoned(before), Painter(tiny_model, threads=1)
    fresh.use([two_styles[0]])
    painter.look = look
    painter.paint(skipped)
    painter.look = Look()
    assert np.array_equal(painter.paint(last), fresh.paint(last))


def test_a_pause_forgets_the_past(tiny_model, two_styles):
    clip = scene_frames(count=4)

    def painted(times):
        painter = Painter(tiny_model, threads=1)
        painter.use([two_styles[0]])
        return [painter.paint(frame, time) for frame, time in zip(clip, times, strict=True)][-1]

    steady, paused = painted([0, 0.4, 0.8, 1.2]), painted([0, 0.4, 0.8, 1.9])
    alone = Painter(tiny_model, threads=1)
    alone.use([two_styles[0]])
    assert np.array_equal(paused, alone.paint(clip[-1]))
    assert np.array_equal(steady, painted([None] * 4))
    assert not np.array_equal(steady, paused)
