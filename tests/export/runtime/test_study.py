"""Study without torch: the tiny model's graph, and a step of NumPy's in its place where only the loop is meant."""

import math

import cv2
import numpy as np
import pytest

from impasto.export.runtime import contents
from impasto.export.runtime import study as room
from impasto.export.runtime.sample import picture
from impasto.export.runtime.study import study
from impasto.models.errors import BadInput


def scene(height=48, width=64, seed=0):
    return (picture(height, width, seed) * 255).astype(np.uint8)


PAINTING = scene(60, 50, 5)[:, :, ::-1].copy()


@pytest.fixture(autouse=True)
def _small(monkeypatch):
    monkeypatch.setattr(contents, "POOL", 2)
    monkeypatch.setattr(room, "PAINTING_SIDE", 32)


def same(one, other):
    return (one.style == other.style).all() and all((one.brush[k] == other.brush[k]).all() for k in one.brush)


def test_a_style_is_learnt(tiny_model):
    seen = []
    found = study(tiny_model, PAINTING, steps=12, threads=1, on_progress=seen.append)
    first, last = (np.mean([step["total"] for step in part]) for part in (found.losses[:3], found.losses[-3:]))
    assert last < 0.9 * first
    assert found.style.shape == (tiny_model.style_size,)
    assert found.style.dtype == np.float32
    assert {value.dtype for value in found.brush.values()} == {np.dtype(np.float16)}
    assert "end.conv.weight" in found.brush
    assert not [name for name in found.brush if name.startswith(("stabilizer", "steady_style"))]
    assert [each.step for each in seen] == list(range(13))
    assert math.isnan(seen[0].seconds_left)
    assert seen[-1].share == 1
    assert not seen[0].so_far().brush or seen[0].so_far().losses


def test_the_same_seed_gives_the_same_bits(tiny_model):
    one, again, other = (study(tiny_model, PAINTING, steps=3, seed=seed, threads=1) for seed in (1, 1, 2))
    assert same(one, again)
    assert not same(one, other)


@pytest.mark.parametrize("how", ["interrupt", "enough"])
def test_interrupted_it_keeps_the_best_so_far(tiny_model, how):
    def stop(progress):
        if progress.step == 2 and how == "interrupt":
            raise KeyboardInterrupt
        return progress.step < 2

    found = study(tiny_model, PAINTING, steps=50, threads=1, on_progress=stop)
    assert len(found.losses) == 2


def test_before_the_first_step_there_is_the_style_alone(tiny_model):
    style = np.linspace(0, 1, tiny_model.style_size, dtype=np.float32)
    found = study(tiny_model, PAINTING, steps=5, style=style, threads=1, on_progress=lambda progress: False)
    assert not found.brush
    np.testing.assert_array_equal(found.style, style)


def test_what_the_caller_raises_is_passed_on(tiny_model):
    def wrong(progress):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        study(tiny_model, PAINTING, steps=2, threads=1, on_progress=wrong)


class Step:
    """A step whose total is given for each call; every step adds one to all values."""

    def __init__(self, totals):
        self.totals = iter(totals)

    def run(self, names, given):
        total = next(self.totals)
        moved = given["values"] + np.float32(np.nan if total is None else 1)
        return [moved, given["moment1"], given["moment2"], np.array([np.nan if total is None else total], np.float32)]


def looped(totals):
    graphs = room.Graphs(Step(totals), None, None, ["texture"], {"a": [2]})
    state = room.State(np.zeros(3, np.float32), [np.zeros(3, np.float32)] * 2, np.zeros(3, np.float32))
    for _ in totals:
        room.one_step(graphs, state, {"weights": np.ones(1, np.float32)}, np.ones(3))
    return state


def test_what_is_not_finite_never_leaves():
    state = looped([3.0, 2.0, None, 1.0])
    assert state.restarts == 1
    assert state.slower == 0.5
    assert np.isfinite(state.values).all()
    # It went back to the values that had a total of 2, of the first step, and went on from there.
    np.testing.assert_array_equal(state.best, [1, 1, 1])
    np.testing.assert_array_equal(state.values, [2, 2, 2])


def test_nothing_but_nan_leaves_what_there_was():
    state = looped([None, None])
    found = room.studied(state, {"a": [2]}, {"a": np.zeros(2, np.float32)})
    assert not found.brush
    np.testing.assert_array_equal(found.style, [0])


def test_a_brush_is_a_share_of_what_was_learnt():
    state = room.State(np.float32([1.5, 0, 7]), [], np.float32([1.5, 0, 7]))
    found = room.studied(state, {"a": [1], "b": [1]}, {"a": np.float32([0.5]), "b": np.float32([0])})
    assert set(found.brush) == {"a"}
    np.testing.assert_allclose(found.brush["a"], [room.BRUSH_SHARE], rtol=1e-3)
    np.testing.assert_array_equal(found.style, [7])


def test_the_best_is_kept_when_it_gets_worse():
    state = looped([3.0, 1.0, 9.0, 9.0, 9.0])
    np.testing.assert_array_equal(state.best, [1, 1, 1])
    assert state.since == 3


def test_the_rate_rises_stays_and_falls():
    rates = [room.rate(i / 100, i) for i in range(101)]
    assert rates[0] == pytest.approx(0.2)
    assert max(rates) == 1
    assert rates[30] == 1
    assert rates[-1] == room.LEAST
    assert rates[40:] == sorted(rates[40:], reverse=True)


def test_the_end_is_kept_level():
    from impasto.models.spec import TransformerSpec
    from impasto.models.transformer import Transformer

    t = Transformer(TransformerSpec(channels=(4, 6), blocks=1, stem_kernel=4, stem_stride=2, end_kernel=3))
    own = dict(t.named_parameters())
    shapes = {name: list(own[name].shape) for name in ("stem.conv.bias", "end.conv.weight", "end.conv.bias")}
    values = np.concatenate([own[name].detach().numpy().ravel() for name in shapes] + [np.ones(3, np.float32)])
    room.level_end(values, shapes, 4)
    t.level_end()
    expected = [own[name].detach().numpy().ravel() for name in shapes] + [np.ones(3)]
    np.testing.assert_allclose(values, np.concatenate(expected), atol=1e-6)


def test_the_dial_weighs_photograph_against_painting():
    terms = [*room.TOWARDS_PHOTOGRAPH, *room.ALWAYS]
    far, near = (dict(zip(terms, room.weighed(terms, at), strict=True)) for at in (0, 1))
    assert near["content"] > far["content"]
    assert near["texture"] <= far["texture"]
    assert near["tv"] == far["tv"]
    middle = dict(zip(terms, room.weighed(terms, 0.5), strict=True))
    assert middle["structure"] == room.TOWARDS_PHOTOGRAPH["structure"]
    assert near["structure"] == pytest.approx(room.STRENGTH * middle["structure"])
    assert far["structure"] == pytest.approx(middle["structure"] / room.STRENGTH)


@pytest.mark.parametrize(
    ("shape", "short", "count"), [((384, 384), 64, 4), ((16, 16), 64, 4), ((64, 256), 64, 4), ((50, 20), 8, 1)]
)
def test_paintings_are_looked_at_in_squares(shape, short, count):
    found = room.tiles(scene(*shape), short, 32)
    assert len(found) == count
    assert {tile.shape for tile in found} == {(32, 32, 3)}
    assert max(tile.max() for tile in found) <= 1


def test_of_a_long_painting_the_centre_is_looked_at():
    wide = np.zeros((32, 96, 3), np.uint8)
    wide[:, 32:64] = 255
    assert np.min(room.tiles(wide, 64, 32)) == 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"seed": -1}, "The seed is a whole number of zero or more, not -1"),
        ({"seed": 0.5}, "The seed is a whole number"),
        ({"seed": True}, "The seed is a whole number of zero or more, not True"),
        ({"steps": True}, "a whole number of steps and at least one step, not True"),
        ({"steps": 1.5}, "a whole number of steps and at least one step, not 1.5"),
        ({"threads": -1}, "Threads are a whole number from 1 to 1024"),
    ],
)
def test_numbers_out_of_their_range_are_refused(tiny_model, options, words):
    with pytest.raises(BadInput, match=words):
        study(tiny_model, text(), **{"steps": 1, **options})


def text() -> np.ndarray:
    """A page of letters, uint8 RGB [120,160,3]."""
    page = np.full((120, 160, 3), 250, np.uint8)
    for line in range(20, 120, 20):
        cv2.putText(page, "brown fox", (2, line), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (20, 20, 20), 2)
    return page


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.full((40, 40, 3), 128, np.uint8), "has one colour and shows nothing to study"),
        (scene(16, 400), "must have 32 pixels a side, and this one has 16"),
    ],
    ids=["one colour", "16 px"],
)
def test_what_shows_nothing_to_study_is_refused(tiny_model, image, words):
    with pytest.raises(BadInput, match=words):
        study(tiny_model, image, steps=2, threads=1)


@pytest.mark.parametrize(
    "image",
    [
        np.repeat(np.uint8([[[0]], [[255]]]), 20, 0).repeat(40, 1).repeat(3, 2),
        scene(20_000, 40),
        contents.photographs()[0],
        text(),
    ],
    ids=["two-tone", "20,000 px", "photograph", "text"],
)
def test_odd_pictures_make_nothing_worse(tiny_model, image, monkeypatch):
    monkeypatch.setattr(contents, "POOL", 1)  # the same square every time, so that losses can be compared
    found = study(tiny_model, image, steps=10, threads=1)
    assert np.isfinite(found.style).all()
    assert all(np.isfinite(value).all() for value in found.brush.values())
    assert all(math.isfinite(step["total"]) for step in found.losses)
    assert found.losses[-1]["total"] < found.losses[0]["total"]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"picture": PAINTING[..., 0]}, "RGB"),
        ({"picture": PAINTING[:4]}, "8 pixels"),
        ({"contents": [PAINTING.astype(float)]}, "RGB"),
        ({"steps": 0}, "one step"),
        ({"seconds": 0.0}, "seconds"),
        ({"seconds": math.nan}, "seconds"),
        ({"closer": 1.5}, "0 to 1"),
        ({"closer": math.nan}, "0 to 1"),
        ({"brush_size": 10.0}, "brush size"),
        ({"style": np.zeros(3, np.float32), "steps": 1}, "style vector"),
    ],
)
def test_bad_input_is_refused_with_a_sentence(tiny_model, given, message):
    with pytest.raises(BadInput, match=message):
        study(tiny_model, **{"picture": PAINTING, **given})


def test_a_model_without_graphs_to_study_with_says_so(tiny_model):
    from dataclasses import replace

    files = {role: entry for role, entry in tiny_model.files.items() if not role.startswith("study")}
    with pytest.raises(BadInput, match="no study file"):
        study(replace(tiny_model, files=files), PAINTING, steps=1)
