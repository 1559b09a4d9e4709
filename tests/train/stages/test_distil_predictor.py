"""Distilling P: what the student takes over, how it begins, and that it learns what the teacher says."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from impasto.export.runtime.sample import picture
from impasto.models.errors import BadInput
from impasto.models.predictor import PredictorSpec
from impasto.models.weights import load_weights
from impasto.train import networks
from impasto.train.data.augment import Draws
from impasto.train.stages import distil_predictor as stage

SHORT = PredictorSpec(stem=4, stages=((1, 4, 1, 1), (2, 6, 1, 2)), last=12, bottleneck=8, statistics=6)


@pytest.fixture
def teacher(sources):
    p = load_weights(sources["start"])[0]
    torch.manual_seed(1)
    torch.nn.init.normal_(p.heads.weight, std=0.5)  # so that different pictures get different styles
    return p


@pytest.fixture
def data(sources, monkeypatch):
    monkeypatch.setitem(networks.PREDICTORS, "tiny", SHORT)
    return {"photos": sources["photos"], "paintings": sources["paintings"], "teacher": sources["start"]}


def pictures(n, seed=0):
    return torch.stack([torch.from_numpy(picture(48, 48, seed + i).transpose(2, 0, 1).copy()) for i in range(n)])


def test_what_has_the_teachers_shape_is_the_teachers(teacher):
    student = stage.student_of(teacher, SHORT)
    for part in ("stem", "blocks", "heads", "gather", "correct"):
        mine, theirs = (getattr(net, part).state_dict() for net in (student, teacher))
        assert all(torch.equal(mine[k], theirs[k]) for k in theirs)
    assert student.last.conv.weight.shape != teacher.last.conv.weight.shape


def test_the_same_network_explains_everything_and_a_constant_nothing(teacher):
    copy = stage.student_of(teacher, teacher.spec)
    many = pictures(24)
    deviation = teacher(many).detach().std(0, unbiased=False)
    assert float(stage.losses(copy, teacher, 0, deviation, many)["unexplained"]) == 0
    with torch.no_grad():
        copy.heads.weight.zero_()
        copy.correct.weight.zero_()
        copy.heads.bias.copy_(teacher(many).mean(0))
    assert float(stage.losses(copy, teacher, 2, deviation, many)["unexplained"]) == pytest.approx(1, rel=1e-3)


def test_begins_at_a_fit_that_explains_most(teacher):
    torch.manual_seed(0)
    student = stage.student_of(teacher, SHORT)
    deviation = stage.fit(student, teacher, pictures(60))
    torch.testing.assert_close(deviation, teacher(pictures(60)).detach().std(0).clamp_min(1e-3), rtol=1e-3, atol=1e-5)
    assert float(stage.losses(student, teacher, 2, deviation, pictures(20, 100))["unexplained"]) < 0.5


@pytest.mark.parametrize(("mine", "theirs"), [(0, 0), (6, 0), (0, 6), (6, 6)])
def test_blocks_in_common_are_computed_once_and_count_the_same(teacher, mine, theirs):
    """Whether student or teacher take statistics or not: as if each looked by itself."""
    teacher = stage.student_of(teacher, replace(teacher.spec, statistics=theirs))
    student = stage.student_of(teacher, replace(SHORT, statistics=mine))
    if mine:
        torch.nn.init.normal_(student.correct.weight, std=0.2)
    some, deviation = pictures(3), torch.ones(teacher.layout.size)
    apart, together = (stage.losses(student, teacher, n, deviation, some)["unexplained"] for n in (0, 2))
    torch.testing.assert_close(together, apart)


def test_pictures_are_paintings_and_photographs():
    black, white = torch.zeros(3, 3, 40, 40, dtype=torch.uint8), torch.full((3, 3, 40, 40), 255, dtype=torch.uint8)
    drawn = stage.draw(black, white, 40, 32, Draws(torch.Generator().manual_seed(0)))
    assert drawn.shape == (40, 3, 32, 32)
    assert 10 < int((drawn.mean((1, 2, 3)) > 0.5).sum()) < 30


def test_learns_and_leaves_the_first_blocks_and_t_alone(data, tiny, log, tmp_path):
    config = tiny(stage, predictor="tiny", frozen=1, batch=8, steps=30, decay="none", ema=0.5)
    assert "Finished" in stage.train(config, out=tmp_path, **data)
    values = [line["terms"]["unexplained"] for line in log(tmp_path)]
    assert np.mean(values[-8:]) < 0.9 * np.mean(values[:4])
    (p, t), (p0, t0) = load_weights(tmp_path / "weights.safetensors"), load_weights(data["teacher"])
    assert p.spec == SHORT
    assert torch.equal(p.blocks[0].project.conv.weight, p0.blocks[0].project.conv.weight)
    assert not torch.equal(p.blocks[1].project.conv.weight, p0.blocks[1].project.conv.weight)
    assert all(torch.equal(a, b) for a, b in zip(t.parameters(), t0.parameters(), strict=True))


def test_mistakes_are_one_sentence(data, tiny, tmp_path):
    with pytest.raises(BadInput, match="so many first blocks"):
        stage.train(tiny(stage, predictor="small", frozen=1), out=tmp_path, **data)
    with pytest.raises(BadInput, match="the same"):
        stage.train(tiny(stage, predictor="tiny", frozen=1, photo_side=40), out=tmp_path, **data)
