"""Steps of study by OpenVINO in bfloat16, beside the same by ONNX Runtime in float32.

What is allowed is what eight bits of mantissa give: where the processor has no bfloat16, OpenVINO computes in float32.
"""

from dataclasses import replace

import numpy as np
import pytest

from impasto.export.runtime import contents
from impasto.export.runtime import study as room
from impasto.export.runtime.model import describe
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions import step_in_tiles, tiles
from impasto.export.runtime.sessions.step_in_tiles import StepInTiles
from impasto.models.errors import BadInput

PAINTING = (picture(60, 50, 5) * 255).astype(np.uint8)[:, :, ::-1].copy()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(contents, "POOL", 2)
    monkeypatch.setattr(room, "PAINTING_SIDE", 32)


@pytest.fixture
def graphs(tiny_in_tiles, monkeypatch):
    """(those of a processor with tiles, those of another)"""
    found = []
    for usable in (True, False):
        monkeypatch.setattr(tiles, "usable", lambda usable=usable: usable)
        found.append(room.open_graphs(tiny_in_tiles, 1))
    return found


@pytest.fixture
def feed(tiny_in_tiles, graphs):
    """What a first step is given."""
    own = graphs[1]
    start = room.weights_of(tiny_in_tiles, own.parameters)
    values = np.concatenate(
        [*(start[name].ravel() for name in own.parameters), tiny_in_tiles.gallery()["waves"]["style"]]
    )
    held = {"values": values, "moment1": 0 * values, "moment2": 0 * values, "rates": np.full_like(values, 1e-3)}
    asked = {**room.painting_targets(own, PAINTING, 1.0), "weights": room.weighed(own.terms, 0.5)}
    return {**held, "count": np.ones(1, np.float32), **asked, **next(room.batches(own, (), 0))}


def test_it_takes_gives_and_says_what_the_other_graph_does(graphs):
    ours, plain = graphs
    assert isinstance(ours.step, StepInTiles)
    assert not isinstance(plain.step, StepInTiles)
    assert (ours.batch, ours.terms, ours.parameters) == (plain.batch, plain.terms, plain.parameters)
    inputs, expected = ({port.name: list(port.shape) for port in each.step.get_inputs()} for each in graphs)
    assert inputs == expected


def test_a_step_is_as_onnx_runtime_computes_it(graphs, feed):
    (*ours, terms), (*plain, expected) = (each.step.run(None, feed) for each in graphs)
    np.testing.assert_allclose(terms, expected, rtol=0.03, atol=1e-3)
    found, gradient = (moments[1] for moments in (ours, plain))
    assert found @ gradient > 0.9 * np.linalg.norm(found) * np.linalg.norm(gradient)
    assert np.abs(ours[0] - plain[0]).max() < 0.1  # nothing goes far in one step
    assert {each.dtype for each in (*ours, terms)} == {np.dtype(np.float32)}


def test_what_a_step_gave_stays(graphs, feed):
    first = graphs[0].step.run(None, feed)
    kept = [each.copy() for each in first]
    graphs[0].step.run(None, feed | {"values": 2 * feed["values"]})
    for each, before in zip(first, kept, strict=True):
        np.testing.assert_array_equal(each, before)


def test_a_style_is_learnt_and_the_same_seed_gives_the_same_bits(tiny_in_tiles, graphs):
    one, again = (room.study(tiny_in_tiles, PAINTING, steps=12, threads=1, graphs=graphs[0]) for _ in range(2))
    first, last = (np.mean([step["total"] for step in part]) for part in (one.losses[:3], one.losses[-3:]))
    assert last < 0.95 * first
    np.testing.assert_array_equal(one.style, again.style)
    assert all((one.brush[name] == again.brush[name]).all() for name in one.brush)


def test_models_of_before_are_studied_as_before(tiny_model, monkeypatch):
    monkeypatch.setattr(tiles, "usable", lambda: True)
    assert not isinstance(room.open_graphs(tiny_model, 1).step, StepInTiles)


@pytest.mark.parametrize(
    ("content", "words"), [(b"not a graph at all", "cannot be run; install"), (None, "is no graph to study with")]
)
def test_what_is_no_graph_or_another_is_refused(tiny_in_tiles, tmp_path, monkeypatch, content, words):
    monkeypatch.setattr(tiles, "usable", lambda: True)
    content = tiny_in_tiles.path("steady_style").read_bytes() if content is None else content
    (tmp_path / "study_tiles.onnx").write_bytes(content)
    entry = {**describe(tmp_path, {"study_tiles": "study_tiles.onnx"})["study_tiles"]}
    entry["file"] = str(tmp_path / "study_tiles.onnx")
    with pytest.raises(BadInput, match=words):
        room.open_graphs(replace(tiny_in_tiles, files={**tiny_in_tiles.files, "study_tiles": entry}), 1)


def test_a_step_that_cannot_be_run_is_refused(graphs, feed):
    with pytest.raises(BadInput, match="cannot be run"):
        graphs[0].step.run(None, feed | {"frame": np.zeros((1, 3, 5, 5), np.float32)})


def test_where_there_is_no_room(tiny_in_tiles, monkeypatch):
    class Core:
        def read_model(self, _):
            raise RuntimeError("Exception from core.cpp: std::bad_alloc")

    monkeypatch.setattr(step_in_tiles, "openvino", lambda: type("openvino", (), {"Core": Core}))
    with pytest.raises(MemoryError):
        StepInTiles(tiny_in_tiles.path("study_tiles"), {}, 1)
