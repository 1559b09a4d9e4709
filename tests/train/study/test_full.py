"""Study with PyTorch: the same step, and the same file at the end."""

import numpy as np
import pytest

from impasto.export.runtime import study as room
from impasto.export.runtime.sample import picture
from impasto.train.study.full import full_graphs


@pytest.fixture(autouse=True)
def _repeatable(one_thread):
    """Every test of this file."""


def painting(seed=8):
    return (picture(96, 64, seed) * 255).astype(np.uint8)


def test_a_step_is_that_of_the_graph(tiny_model):
    own = room.open_graphs(tiny_model, 1)
    n, side = own.batch
    full = full_graphs(tiny_model, "cpu", n, side)
    assert (full.batch, full.terms, full.parameters) == (own.batch, own.terms, own.parameters)
    start = room.weights_of(tiny_model, own.parameters)
    style = tiny_model.gallery()["waves"]["style"]
    values = np.concatenate([*(start[name].ravel() for name in own.parameters), style])
    given = {"values": values, "moment1": 0 * values, "moment2": 0 * values, "count": np.float32([1])}
    given |= {"rates": np.full_like(values, 1e-3), "weights": room.weighed(own.terms, 0.5)}
    batch = next(room.batches(own, [painting(3)], 0))
    mine = next(room.batches(full, [painting(3)], 0))
    targets = room.painting_targets(own, painting(), 1.0)
    for name, expected in {**batch, **targets}.items():
        found = {**mine, **room.painting_targets(full, painting(), 1.0)}[name]
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    expected = own.step.run(None, {**given, **batch, **targets})
    found = full.step.run(None, {**given, **batch, **targets})
    np.testing.assert_allclose(found[3], expected[3], rtol=1e-3, atol=1e-5)  # terms
    for mine, graphs in zip(found[1:3], expected[1:3], strict=True):  # the gradient and its square
        assert np.linalg.norm(mine - graphs) < 1e-3 * np.linalg.norm(graphs)
    far = np.abs(expected[1]) > 1e-4 * np.abs(expected[1]).max()  # Adam gives what is practically zero any sign
    np.testing.assert_allclose(found[0][far], expected[0][far], rtol=1e-4, atol=1e-5)


def test_the_loop_studies_with_it_in_larger_batches(tiny_model):
    graphs = full_graphs(tiny_model, "cpu", 3, 16)
    assert graphs.batch == (3, 16)
    learnt = [room.study(tiny_model, painting(), [painting(3)], steps=20, graphs=graphs) for _ in range(2)]
    totals = [each["total"] for each in learnt[0].losses]
    assert len(totals) == 20
    assert np.mean(totals[-5:]) < np.mean(totals[:5])
    assert set(learnt[0].brush) <= set(graphs.parameters)
    assert all((learnt[0].brush[name] == learnt[1].brush[name]).all() for name in learnt[0].brush)
