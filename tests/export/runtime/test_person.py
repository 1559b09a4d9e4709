"""Only the person, or everything else: masks of made-up people, and what is mixed by them."""

import numpy as np
import pytest
from figure import figure

from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.person import PersonMask, PersonPainter, composed, mix, painters_of, share
from impasto.export.runtime.steady import Motion
from impasto.models import store
from impasto.models.errors import BadInput
from impasto.models.rules import LUMA, PERSON_CURVE


@pytest.fixture
def make(tiny_model):
    """make(turn, **look): a painter with a style, turned by so many values."""

    def make(turn=0, **look):
        painter = Painter(tiny_model, threads=1, look=Look(**look))
        painter.use([np.roll(tiny_model.gallery()["waves"]["style"], turn)])
        return painter

    return make


@pytest.fixture
def frames():
    """Somebody who moves to the right."""
    return [figure(90, 160, 0.4 + 0.02 * t) for t in range(4)]


def test_the_share_is_that_of_the_formula():
    rng = np.random.default_rng(2)
    frame = rng.integers(0, 256, (9, 13, 3), np.uint8)
    lines = rng.normal(0, 1, (2, 9, 13)).astype(np.float32)
    t = np.clip((lines[0] * (frame @ np.array(LUMA)) / 255 + lines[1] - PERSON_CURVE[0]) / np.ptp(PERSON_CURVE), 0, 1)
    found = share(frame, lines)
    np.testing.assert_allclose(found, t * t * (3 - 2 * t), atol=1e-5)
    person, rest = rng.integers(0, 256, (2, 9, 13, 3), np.uint8)
    expected = found[..., None] * person + (1 - found[..., None]) * rest
    assert np.abs(mix(found, person, rest) - expected).max() <= 0.51


def test_a_person_is_found_and_a_scene_without_is_not(scene):
    mask = PersonMask()
    frame = figure(180, 320)
    shown = share(frame, mask.look(frame))
    assert mask.found
    assert shown.shape == (180, 320)
    assert shown[60, 160] == 1
    assert shown[:40, :60].max() < 0.05
    empty = PersonMask()
    empty.look(np.full((90, 160, 3), 128, np.uint8))
    assert not empty.found


def test_the_edge_is_as_sharp_as_the_frame_s():
    """The mask is a fourth of the frame's size; from the hair to what is behind it, it takes few of its pixels."""
    frame = figure(576, 1024)
    shown = share(frame, PersonMask().look(frame))
    row = shown[200, 512:]  # from the face to the right
    assert row[0] > 0.99
    edge = np.flatnonzero((row > 0.1) & (row < 0.9))
    assert len(edge) <= 6
    true = int(0.19 * 576 * np.sqrt(1 - ((200 / 576 - 0.3) / 0.25) ** 2))  # of the hair, in pixels from the middle
    assert abs(np.argmax(row < 0.5) - true) <= 6


def test_only_the_person_only_the_background_and_both(make, frames):
    mask, first, second = PersonMask(), make(), make(9)
    alone = [[first.paint(frame) for frame in frames], [second.paint(frame) for frame in frames]]
    first.reset()
    shares = []
    for frame in frames:
        first.paint(frame)
        assert first.motion is not None
        shares.append(share(frame, mask.look(frame, first.motion)))
    for only, pair in {
        "person": (alone[0], frames),
        "background": (frames, alone[0]),
        None: alone,
    }.items():
        painter = PersonPainter(make(), only, None if only else make(9))
        for frame, shown, person, rest in zip(frames, shares, *pair, strict=True):
            found = painter.paint(frame)
            assert found.dtype == np.uint8
            assert np.array_equal(found, mix(shown, person, rest))
        assert painter.mask.found


def test_the_mask_before_is_brought_to_where_the_frame_has_moved():
    """A camera turns: what was seen is now further left, and so is what is held of the mask before."""
    frame = figure(144, 256)
    still = np.zeros((1, 2, 36, 64), np.float32)
    moved = still.copy()
    moved[:, 0] = 2 * 8 / 256  # from a frame to where its pixels were, 8 to the right; in halves of its width
    turned = np.hstack([frame[:, 8:], np.tile(frame[:, -1:], (1, 8, 1))])
    here = np.ones((1, 2, 1, 1), np.float32)

    def after(motion):
        mask = PersonMask()
        mask.look(frame)
        return share(turned, mask.look(turned, motion))

    before = np.roll(share(frame, PersonMask().look(frame)), -8, 1)  # in its place of now
    carried, fixed = (np.abs(after(each) - before)[:, :-16].mean() for each in (Motion(moved, still, here), None))
    assert carried < 0.5 * fixed
    unknown = after(Motion(still, moved, here))  # a new key
    assert np.abs(unknown - after(None)).max() < 1e-3


def test_a_painter_that_holds_nothing_steady_tells_no_motion(make, frames):
    for painter in (make(stability=0), make(strength=0)):
        for frame in frames:
            painter.paint(frame)
        assert painter.motion is None


def test_the_next_clip_knows_nothing_of_the_last(make, frames):
    painter = PersonPainter(make(), "person")
    first = [painter.paint(frame) for frame in frames]
    painter.reset()
    assert all(np.array_equal(a, painter.paint(frame)) for a, frame in zip(first, frames, strict=True))


def test_frames_of_another_size_begin_anew(make, frames):
    painter = PersonPainter(make(), "background")
    painter.paint(frames[0])
    tall = figure(160, 90)
    assert np.array_equal(painter.paint(tall), PersonPainter(make(), "background").paint(tall))


def test_settings_tell_what_is_painted_apart(make):
    painters = [
        PersonPainter(make(), "person"),
        PersonPainter(make(), "background"),
        PersonPainter(make(), None, make(9)),
    ]
    told = [each.settings() for each in [make(), *painters, PersonPainter(make(), None, make(8))]]
    assert all(told[i] != told[j] for i in range(len(told)) for j in range(i))


def test_painters_of_any_kind(make, frames):
    plain = make()
    assert painters_of(plain) == [plain]
    assert composed(plain, [frames[1]], frames[0]) is frames[1]


def test_what_cannot_be_asked_for(make):
    with pytest.raises(BadInput, match="Only the person or the background can be painted, not 'cat'"):
        PersonPainter(make(), "cat")
    with pytest.raises(BadInput, match="there is no second style"):
        PersonPainter(make(), "person", make())


def test_an_installation_without_the_graph(monkeypatch, tmp_path):
    monkeypatch.setattr(store, "PERSON", tmp_path)
    with pytest.raises(BadInput, match=r"There is no person\.onnx"):
        PersonMask()
