"""How a style is studied: the vectors in Python. The page's tests read the same: `webapp/page/tests/study.test.ts`."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.append(str(Path(__file__).parent))
from study_cases import fake_graphs, fit, looped, steps
from vectors import STUDY, TINY, unpacked

from impasto.export.runtime import contents, study
from impasto.export.runtime.model import load_model
from impasto.export.runtime.study_rules import study_rules

WRITTEN = json.loads(STUDY.read_text("utf-8"))


def named(kind):
    found = [case for case in WRITTEN["cases"] if case["kind"] == kind]
    return pytest.mark.parametrize("case", found, ids=lambda case: case.get("name"))


def test_the_rules_are_those_that_the_page_is_tested_with():
    assert study_rules() == WRITTEN["rules"]


@named("rate")
def test_rates(case):
    assert study.rate(case["share"], case["count"]) == pytest.approx(case["rate"])


@named("painting")
def test_which_paintings_show_something_to_study(case):
    assert fit(unpacked(case["picture"])) == case["fit"]


@named("tiles")
def test_squares_of_a_painting(case):
    painting, side = unpacked(case["picture"]), case["side"]
    seen = study.tiles(painting, case["short"], side)
    assert len(seen) == case["count"]
    for tile, expected in zip(seen, case["tiles"], strict=False):
        assert np.abs(np.round(255 * tile) - unpacked(expected)).max() <= 1
    found = study.painting_targets(fake_graphs(side), painting, case["short"] / study.PAINTING_SIDE)
    for name in ("mean", "covariance", "contrast"):
        np.testing.assert_allclose(found[f"painting.{name}"].ravel(), case[name], rtol=1e-3, atol=1e-3)


@named("square")
def test_squares_of_frames(case):
    side, (x, y) = case["side"], case["shift"]
    cut = contents.cut(unpacked(case["picture"]), contents.Crop(0, *case["square"]), side, (x, y))
    assert np.abs(255 * cut.transpose(1, 2, 0) - unpacked(case["cut"])).max() <= 1
    assert np.flatnonzero(contents.shifts(side, y)).tolist() == case["down"]
    assert np.flatnonzero(contents.shifts(side, x).T).tolist() == case["across"]


@named("loop")
def test_the_loop(case):
    found = looped(case["totals"])
    assert found == pytest.approx({name: case[name] for name in found})


@named("steps")
def test_five_steps(case):
    model = load_model(TINY)
    found = steps(model, model.gallery()["waves"]["style"])
    np.testing.assert_allclose(found["terms"], case["terms"], rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(found["painted"], case["painted"], atol=1e-3)
    assert found["brush"] == case["brush"]
