"""Painting with a brush: as a network whose weights are changed, in every graph, beside plain styles and blended."""

import io
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

import impasto
from impasto.export.graphs.wrappers import FrameGraph, StepGraph
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sessions import session as sessions
from impasto.export.runtime.style_file import read_style, style_file, write_style
from impasto.models.errors import BadInput
from impasto.models.steady.stabilizer import State

SIZE = 64, 96


def jpeg():
    file = io.BytesIO()
    Image.new("RGB", (16, 12)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def studied(tiny_model, tiny_networks):
    """A style of the tiny model with a brush on all of T."""
    rng = np.random.default_rng(2)
    parts = {n: p for n, p in tiny_networks[1].named_parameters() if not n.startswith(("stabilizer", "steady_style"))}
    brush = {name: rng.normal(0, 0.1, p.shape).astype(np.float16) for name, p in parts.items()}
    style = rng.normal(0.5, 1, tiny_model.style_size).astype(np.float32)
    return style_file(tiny_model, style, brush, name="Studied", preview=jpeg())


@pytest.fixture
def frames():
    rng = np.random.default_rng(4)
    wide = np.repeat(np.repeat(rng.integers(0, 256, (20, 28, 3), np.uint8), 4, 0), 4, 1)
    return [np.ascontiguousarray(wide[2 * i : 2 * i + SIZE[0], 3 * i : 3 * i + SIZE[1]]) for i in range(3)]


def network(tiny_networks, brush, share=1.0):
    """T with a share of the brush on it."""
    import copy

    t = copy.deepcopy(tiny_networks[1])
    with torch.no_grad():
        for name, parameter in t.named_parameters():
            if name in brush:
                parameter += share * torch.from_numpy(brush[name].astype(np.float32))
    return t


def as_tensor(frame):
    return torch.from_numpy(frame.transpose(2, 0, 1)[None].astype(np.float32) / 255)


@torch.no_grad()
def alone(t, style, frame):
    painted = FrameGraph(t).eval()(as_tensor(frame), torch.from_numpy(style)[None])
    return np.round(painted[0].permute(1, 2, 0).numpy() * 255)


@torch.no_grad()
def steadily(t, style, frames):
    graph, state, painted = StepGraph(t).eval(), State.empty(torch.zeros(1, 3, *SIZE)), []
    for frame in frames:
        steady, *state = graph(as_tensor(frame), torch.from_numpy(style)[None], torch.ones(1), *state)
        painted.append(np.round(steady[0].permute(1, 2, 0).numpy() * 255))
    return painted


def painter(model, stability):
    return Painter(model, "cpu", 1, Look(stability=stability))


def test_a_frame_is_painted_by_the_changed_network(tiny_model, tiny_networks, one_thread, studied, frames):
    own = painter(tiny_model, 0)
    own.use([studied])
    expected = alone(network(tiny_networks, studied.brush), studied.style, frames[0])
    found = own.paint(frames[0])
    assert np.abs(found - expected).max() <= 1
    own.use([studied.style])  # the same vector without its brush
    assert np.abs(own.paint(frames[0]).astype(float) - found).mean() > 2


def test_arrays_of_fortrans_order_are_the_same_brush(tiny_model, studied, frames):
    brush = {name: np.asfortranarray(part) for name, part in studied.brush.items()}
    assert not all(part.flags.c_contiguous for part in brush.values())
    own, other = painter(tiny_model, 0), painter(tiny_model, 0)
    own.use([studied])
    other.use([replace(studied, brush=brush)])
    np.testing.assert_array_equal(own.paint(frames[0]), other.paint(frames[0]))
    lanes = [sessions.open_lanes(tiny_model.path("frame"), part) for part in (studied.brush, brush)]
    assert lanes[0] is lanes[1]


def test_steady_frames_are_painted_by_the_changed_network(tiny_model, tiny_networks, one_thread, studied, frames):
    own = painter(tiny_model, 1)
    own.use([studied])
    expected = steadily(network(tiny_networks, studied.brush), studied.style, frames)
    for frame, wanted in zip(frames, expected, strict=True):
        off = np.abs(own.paint(frame) - wanted)
        assert off.max() <= 2
        assert off.mean() < 0.1


def test_blends_are_networks_in_between(tiny_model, tiny_networks, one_thread, studied, frames):
    plain = tiny_model.gallery()["waves"]["style"]
    own = painter(tiny_model, 0)
    own.use([studied, plain], [1, 3])
    style = (studied.style + 3 * plain) / 4
    expected = alone(network(tiny_networks, studied.brush, 0.25), style, frames[0])
    assert np.abs(own.paint(frames[0]) - expected).max() <= 1
    own.use([studied, plain], [0, 1])  # no brush is left: the model's own session
    assert own.open_frame() is painter(tiny_model, 0).open_frame()


def test_another_brush_forgets_the_past(tiny_model, studied, frames):
    own, fresh = painter(tiny_model, 1), painter(tiny_model, 1)
    own.use([studied.style])
    own.paint(frames[0])
    own.use([studied])
    fresh.use([studied])
    np.testing.assert_array_equal(own.paint(frames[1]), fresh.paint(frames[1]))
    again = own.paint(frames[2])
    own.use([studied])  # the same again is no change
    fresh.paint(frames[2])
    np.testing.assert_array_equal(own.paint(frames[2]), fresh.paint(frames[2]))
    assert again.shape == frames[2].shape


def test_sessions_are_shared_and_few(tiny_model, studied, frames):
    one, two = painter(tiny_model, 0), painter(tiny_model, 0)
    for each in (one, two):
        each.use([studied])
        each.paint(frames[0])
    assert one._session is two._session
    plain = tiny_model.gallery()["waves"]["style"]
    for weight in range(1, 12):  # a slider that is dragged
        one.use([studied, plain], [weight, 3])
        one.paint(frames[0])
    kept = sessions._session_with_brush.cache_info()
    assert kept.currsize == kept.maxsize == 4


def test_a_brush_of_another_network_is_refused_before_painting(tiny_model, studied):
    own = painter(tiny_model, 0)
    with pytest.raises(BadInput, match=r"not one of the model tiny: T has no parameter other of shape \[3\]"):
        own.use([style_file(tiny_model, studied.style, {"other": np.zeros(3, np.float16)}, name="")])


def test_a_style_file_goes_wherever_a_style_goes(tiny_model, studied, frames, tmp_path):
    file = tmp_path / "a.style"
    write_style(file, studied)
    own = painter(tiny_model, 0)
    for style, weights in ((str(file), [1]), (file, [1]), ({str(file): 0.5, "waves": 0.5}, [0.5, 0.5])):
        public = impasto.Painter(style, model=tiny_model.folder, stability=0, device="cpu", threads=1)
        plain = tiny_model.gallery()["waves"]["style"]
        own.use([read_style(file, tiny_model), plain][: len(weights)], weights)
        np.testing.assert_array_equal(public.paint(frames[0]), own.paint(frames[0]))
    with pytest.raises(BadInput, match=r"There is no file .*b\.style"):
        impasto.Painter(str(tmp_path / "b.style"), model=tiny_model.folder)
