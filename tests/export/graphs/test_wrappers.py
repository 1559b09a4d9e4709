"""The step graph: in which style each frame is painted before it is mixed."""

import numpy as np
import pytest
import torch

from impasto.export.graphs.wrappers import StepGraph
from impasto.export.runtime.sample import picture
from impasto.models.steady.stabilizer import State

ONE = torch.ones(1)


@pytest.fixture
def frame():
    """A made-up picture [1,3,64,96]."""
    return torch.from_numpy(np.ascontiguousarray(picture(64, 96).transpose(2, 0, 1)[None]))


@pytest.fixture
def graph(tiny_networks):
    return StepGraph(tiny_networks[1]).eval()


@pytest.fixture
def style(tiny_model):
    return torch.from_numpy(np.array(tiny_model.gallery()["waves"]["style"], np.float32)[None])


@pytest.fixture
def asked(graph, monkeypatch):
    """The styles that T is asked for, in turn."""
    styles, forward = [], graph.frame.forward
    monkeypatch.setattr(graph.frame, "forward", lambda frame, style: (styles.append(style), forward(frame, style))[1])
    return styles


@torch.no_grad()
def test_what_is_mixed_is_painted_in_the_steady_style_and_nothing_else(graph, frame, style, asked, tiny_networks):
    steady = tiny_networks[1].steady_style(style, ONE)
    assert (steady - style).abs().max() > 0.01
    black, state = torch.zeros_like(frame), State.empty(frame)
    for shown in (frame, frame, black, black, frame):  # two cuts
        painted, *state = graph(shown, style, ONE, *state)
    torch.testing.assert_close(painted, graph.frame(frame, style), atol=1e-5, rtol=0)
    for found, expected in zip(asked, (style, steady, style, steady, style, style), strict=True):
        torch.testing.assert_close(found, expected, atol=1e-6, rtol=0)


@torch.no_grad()
def test_the_steady_style_goes_with_the_stability(graph, frame, style, asked, tiny_networks):
    state, half = State.empty(frame), torch.full((1,), 0.5)
    for _ in range(2):
        _, *state = graph(frame, style, half, *state)
    torch.testing.assert_close(asked[1], tiny_networks[1].steady_style(style, half), atol=1e-6, rtol=0)
