"""Pictures to practise on: cut and moved."""

import re

import numpy as np
import pytest

from impasto.export.runtime import contents
from impasto.export.runtime.sample import picture

SIDE = 32


def scene(height, width, seed=0):
    return (picture(height, width, seed) * 255).astype(np.uint8)


def pool(pictures=(), seed=0):
    return contents.Contents(pictures, SIDE, seed, lambda frame: frame[:, ::4, ::4])


@pytest.mark.parametrize(("height", "width"), [(8, 8), (40, 300), (900, 500), (17, 33)])
def test_pictures_are_fitted_by_their_short_side(height, width):
    found = contents.fitted(scene(height, width), 64)
    assert min(found.shape[:2]) == 64
    assert max(found.shape[:2]) <= 128


def test_the_second_frame_is_the_first_one_moved():
    rng, image = np.random.default_rng(3), scene(100, 120)
    crop = contents.Crop(0, 20.0, 30.0, float(SIDE))  # at the picture's own scale: cut without resampling
    frame = contents.cut(image, crop, SIDE)
    np.testing.assert_array_equal((frame * 255).round(), image[30 : 30 + SIDE, 20 : 20 + SIDE].transpose(2, 0, 1))
    moved = 0
    for _ in range(8):
        made = contents.second_frames(rng, [image], [crop], SIDE)
        back = made["down"][0] @ made["other"][0] @ made["across"][0]
        seen = made["seen"][0]
        moved += seen.mean() < 1
        # Light differs by 3 % (deviation), noise is .02 at most.
        gain = (back * seen).sum() / (frame * seen).sum()
        assert abs(np.log(gain)) < 0.15
        assert np.abs((back / gain - frame) * seen).mean() < 0.025
        assert set(np.unique(seen)) <= {0, 1}
    assert moved


def test_without_pictures_there_are_photographs():
    photographs = contents.photographs()
    assert len(photographs) >= 20
    for photo in photographs:
        assert photo.dtype == np.uint8
        assert min(photo.shape[:2]) >= 300
        assert max(photo.shape[:2]) <= 2 * min(photo.shape[:2])
    assert len(pool().pictures) == len(photographs)
    assert len(pool([scene(50, 70)]).pictures) == 1


def test_every_photograph_says_whose_it_is():
    notice = (contents.PHOTOGRAPHS / "NOTICE").read_text()
    named = set(re.findall(r"^(\w+\.webp): .*(?:public domain|CC0|CC BY)", notice, re.MULTILINE))
    assert named == {file.name for file in contents.PHOTOGRAPHS.glob("*.webp")}


@pytest.mark.parametrize("pictures", [[], [scene(50, 70), scene(20, 16)]])
def test_batches_repeat_under_a_seed_and_differ_from_step_to_step(pictures, monkeypatch):
    monkeypatch.setattr(contents, "POOL", 4)
    first, again, another = pool(pictures), pool(pictures), pool(pictures, 1)
    drawn = [first.draw(2) for _ in range(5)]
    for batch in drawn:
        for name, value in again.draw(2).items():
            np.testing.assert_array_equal(value, batch[name])
            assert value.dtype == np.float32
            assert len(value) == 2
    assert (drawn[0]["frame"] != another.draw(2)["frame"]).any()
    assert (drawn[3]["other"] != drawn[4]["other"]).any()
    assert len(first.pool) == 4
