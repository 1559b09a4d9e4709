"""T's weights in a graph's bytes: found and changed as the package onnx would."""

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from impasto.export.runtime.sessions.graph_weights import weights_hash, weights_of, with_brush

GRAPHS = ("frame", "step", "frame_fp16", "step_fp16")


def stored(graph):
    """T's weights as onnx reads them: parameter → values."""
    found = {t.name.removeprefix("frame."): t for t in onnx.load_from_string(graph).graph.initializer}
    return {
        name.removeprefix("network."): numpy_helper.to_array(t)
        for name, t in found.items()
        if name.startswith("network.")
    }


@pytest.fixture
def brush():
    rng = np.random.default_rng(3)
    stem = rng.normal(0, 1, (4, 3, 9, 9)).astype(np.float32)
    return {"end.conv.bias": rng.normal(0, 1, 3).astype(np.float32), "stem.conv.weight": stem}


@pytest.mark.parametrize("role", GRAPHS)
def test_all_weights_are_found(tiny_model, tiny_networks, role):
    graph = tiny_model.path(role).read_bytes()
    found, expected = weights_of(graph), stored(graph)
    own = {
        name for name, _ in tiny_networks[1].named_parameters() if not name.startswith(("stabilizer", "steady_style"))
    }
    assert set(found) == set(expected) == own
    for name, weight in found.items():
        assert weight.shape == expected[name].shape
        np.testing.assert_array_equal(weight.read(graph), expected[name].ravel())


@pytest.mark.parametrize("role", GRAPHS)
def test_a_brush_is_added_and_nothing_else_changes(tiny_model, brush, role):
    graph = tiny_model.path(role).read_bytes()
    before, after = stored(graph), stored(with_brush(graph, brush))
    for name, values in before.items():
        expected = (values.astype(np.float32) + brush.get(name, np.float32(0))).astype(values.dtype)
        np.testing.assert_array_equal(after[name], expected)
    same, other = onnx.load_from_string(graph), onnx.load_from_string(with_brush(graph, brush))
    for model in (same, other):
        del model.graph.initializer[:]
    assert same == other
    assert with_brush(graph, {}) == graph


def test_the_hash_is_of_the_parameters_alone(tiny_model, tiny_networks):
    graph = tiny_model.path("frame").read_bytes()
    assert weights_hash(graph) == tiny_model.weights
    assert weights_hash(with_brush(graph, {"end.conv.bias": np.float32([0, 0, 1e-3])})) != tiny_model.weights


@pytest.mark.parametrize("wrong", [{"stem.conv.weight": np.zeros((4, 3, 9))}, {"other": np.zeros(3)}])
def test_a_brush_of_another_network_is_refused(tiny_model, wrong):
    with pytest.raises(ValueError, match="T has no parameter"):
        with_brush(tiny_model.path("frame").read_bytes(), wrong)


@pytest.mark.parametrize("cut", [1, 100, 5000, -1])
def test_bytes_that_are_cut_off_are_no_graph(tiny_model, cut):
    with pytest.raises(ValueError, match="no ONNX graph"):
        weights_of(tiny_model.path("frame").read_bytes()[:cut])
