"""Distilling T: what the student takes over, how stem and end begin, and that it learns."""

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from impasto.export.runtime.sample import picture
from impasto.models.errors import BadInput
from impasto.models.spec import TransformerSpec
from impasto.models.transformer import PaddedConv
from impasto.models.weights import load_weights, save_weights
from impasto.train import cli, loop, networks
from impasto.train.checkpoint import Networks
from impasto.train.stages import distil as distil_stage
from impasto.train.stages import video as video_stage

STUDENT = TransformerSpec(channels=(6, 8), blocks=1, stem_kernel=6, stem_stride=2, end_kernel=3)


@pytest.fixture
def teacher(sources):
    return Networks(*load_weights(sources["start"]))


@pytest.fixture
def student(teacher):
    torch.manual_seed(0)
    return distil_stage.student_of(teacher, STUDENT)


@pytest.fixture
def data(sources, monkeypatch):
    """What `train` takes, with a student that is as small as the teacher."""
    monkeypatch.setitem(networks.NETWORKS, "tiny", STUDENT)
    return {"photos": sources["photos"], "paintings": sources["paintings"], "teacher": sources["start"]}


def pictures(n, size, seed=0):
    return torch.stack([torch.from_numpy(picture(size, size, seed + i).transpose(2, 0, 1).copy()) for i in range(n)])


def entering(module, call):
    found = []
    with module.register_forward_hook(lambda _, inputs, output: found.append(inputs[0])):
        call()
    return found[0]


def test_what_has_the_teachers_shape_is_the_teachers(teacher, student):
    pairs = [(student.t.blocks, teacher.t.blocks), (student.t.stabilizer, teacher.t.stabilizer)]
    pairs += [(student.t.contract[0], teacher.t.contract[1]), (student.t.expand[0], teacher.t.expand[0])]
    for mine, theirs in pairs:
        assert mine.state_dict().keys() == theirs.state_dict().keys()
        assert all(torch.equal(a, b) for a, b in zip(mine.parameters(), theirs.parameters(), strict=True))
    assert student.t.end.conv.weight.shape != teacher.t.end.conv.weight.shape


@torch.no_grad()
def test_the_part_of_s_paints_the_same_as_far_as_both_networks_agree(teacher, student):
    """The same features and style: what enters the student's end is what enters the teacher's last expansion."""
    features, styles = torch.randn(2, 8, 6, 8), pictures(2, 32)
    vectors = teacher.p(styles)
    rows = student.t.layout.within(teacher.t.layout)
    assert torch.equal(student.p(styles), vectors[:, rows])
    ours = entering(student.t.end, lambda: student.t.decode(features, vectors[:, rows]))
    theirs = entering(teacher.t.expand[1], lambda: teacher.t.decode(features, vectors))
    assert ours.std() > 0.1
    torch.testing.assert_close(ours, theirs[:, :, ::2, ::2])  # there, it has been enlarged already


@torch.no_grad()
@pytest.mark.parametrize(("kernel", "stride"), [(3, 1), (6, 2)])
def test_solving_finds_the_convolution_that_made_the_answers(kernel, stride, monkeypatch):
    monkeypatch.setattr(distil_stage, "RIDGE", 1e-9)
    torch.manual_seed(0)
    true, found = PaddedConv(2, 4, kernel, stride), PaddedConv(2, 4, kernel, stride)
    inputs = torch.rand(3, 2, 24, 32)
    distil_stage.ridge_regression(found, inputs, true(inputs))
    torch.testing.assert_close(found.conv.weight, true.conv.weight, atol=1e-4, rtol=1e-3)
    torch.testing.assert_close(found.conv.bias, true.conv.bias, atol=1e-4, rtol=1e-3)


def test_fitted_ends_paint_nearer_to_the_teacher(teacher, student):
    fitted = pictures(8, 64), pictures(8, 32, 20)
    new = pictures(3, 64, 40), pictures(3, 32, 60)  # pictures that were not fitted to
    rows = student.t.layout.within(teacher.t.layout)

    @torch.no_grad()
    def errors():
        terms = distil_stage.losses(student, teacher, rows, *new)
        return np.array([float(value) for value in terms.values()])

    before = errors()
    distil_stage.fit_ends(student, teacher, *fitted)
    assert (errors() < 0.8 * before).all(), (before, errors())


def test_a_copy_of_the_teacher_has_no_loss(teacher):
    copy = distil_stage.student_of(teacher, teacher.t.spec)
    before = copy.t.stem.conv.weight.clone()
    distil_stage.fit_ends(copy, teacher, pictures(2, 32), pictures(2, 32))
    assert torch.equal(copy.t.stem.conv.weight, before)  # nothing is new, so nothing is fitted
    terms = distil_stage.losses(copy, teacher, list(range(copy.t.layout.size)), pictures(2, 32), pictures(2, 32, 5))
    assert {name: float(value) for name, value in terms.items()} == {"painting": 0, "edges": 0, "features": 0}


def test_painting_terms_are_mean_absolute_differences():
    a, b = torch.rand(2, 2, 3, 8, 10)
    terms = distil_stage.painting_terms(a, b)
    d = a.double().numpy() - b.double().numpy()
    across, down = np.abs(d[..., 1:] - d[..., :-1]).mean(), np.abs(d[:, :, 1:] - d[:, :, :-1]).mean()
    assert float(terms["painting"]) == pytest.approx(np.abs(d).mean(), rel=1e-5)
    assert float(terms["edges"]) == pytest.approx(across + down, rel=1e-5)


def test_the_student_learns_and_p_and_the_stabilizer_stay(data, tiny, log, tmp_path):
    config = tiny(distil_stage, network="tiny", batch=4, steps=40, decay="none", rate=5e-3, new_rate=1e-2)
    assert "Finished at step 40" in distil_stage.train(config, out=tmp_path, **data)
    totals = [line["total"] for line in log(tmp_path)]
    assert np.mean(totals[-10:]) < 0.85 * np.mean(totals[:5])
    (p, t), (p0, t0) = load_weights(tmp_path / "weights.safetensors"), load_weights(data["teacher"])
    assert t.spec == STUDENT
    assert torch.equal(p.heads.weight, p0.heads.weight[t.layout.within(t0.layout)])
    assert torch.equal(p.stem.conv.weight, p0.stem.conv.weight)
    assert all(torch.equal(a, b) for a, b in zip(t.stabilizer.parameters(), t0.stabilizer.parameters(), strict=True))
    assert not torch.equal(t.blocks[0][0].conv.weight, t0.blocks[0][0].conv.weight)


def test_resumed_run_equals_an_uninterrupted_one(data, tiny, tmp_path):
    whole, half = (tiny(distil_stage, network="tiny", steps=n, decay="none") for n in (4, 2))
    distil_stage.train(whole, out=tmp_path / "whole", **data)
    distil_stage.train(half, out=tmp_path / "parts", **data)
    distil_stage.train(whole, out=tmp_path / "parts", resume=True, **data)
    ends = [load_file(tmp_path / run / "weights.safetensors") for run in ("whole", "parts")]
    assert all(torch.equal(a, b) for a, b in zip(ends[0].values(), ends[1].values(), strict=True))


def test_other_stages_start_from_its_folder(data, sources, tiny, tmp_path):
    distil_stage.train(tiny(distil_stage, network="tiny", steps=1), out=tmp_path / "student", **data)
    start = {**sources, "start": str(tmp_path / "student")}
    assert "Finished" in video_stage.train(tiny(video_stage, steps=1), out=tmp_path / "video", **start)


def test_a_network_that_fits_no_part_of_the_teacher_is_refused(teacher):
    with pytest.raises(BadInput, match=r"block1\.norm1 with 9 channels"):
        distil_stage.student_of(teacher, TransformerSpec(channels=(6, 9), blocks=1, stem_stride=2))
    with pytest.raises(BadInput, match="shrink the frame alike"):
        distil_stage.student_of(teacher, TransformerSpec(channels=(6, 8), blocks=1))


def test_on_the_command_line_and_joined_with_another_p(data, tiny, tmp_path):
    words = [w for kind in ("photos", "paintings") for w in (f"--{kind}", str(data[kind][0]))]
    settings = {"network": "tiny", "size": 32, "style_size": 32, "photo_side": 48, "painting_side": 48, "batch": 2}
    words += [w for key, value in settings.items() for w in ("--set", f"{key}={value}")]
    words = ["distil", *words, "--teacher", data["teacher"], "--out", str(tmp_path / "t"), "--steps", "1"]
    with pytest.raises(SystemExit) as ended:
        cli.app(words)
    assert ended.value.code == 0
    cli.join(data["teacher"], tmp_path / "t", tmp_path / "both" / "weights.safetensors")
    p, t = networks.start(str(tmp_path / "both"), "", 0)
    p0, _ = load_weights(data["teacher"])
    assert p.layout == t.layout
    assert torch.equal(p.bottleneck_of(pictures(1, 32)), p0.bottleneck_of(pictures(1, 32)))
    with pytest.raises(BadInput, match="does not belong"):
        cli.join(tmp_path / "t", data["teacher"], tmp_path / "wrong.safetensors")


def test_joined_with_what_another_run_mixes_with(teacher, student, tmp_path):
    files = {name: tmp_path / f"{name}.safetensors" for name in ("own", "other", "small", "both")}
    save_weights(*teacher, files["own"])
    save_weights(*student, files["small"])
    with torch.no_grad():
        for module in (teacher.t.stabilizer, teacher.t.steady_style):
            for weight in module.parameters():
                weight.add_(0.25)
    save_weights(*teacher, files["other"])
    cli.join(files["own"], files["own"], files["both"], files["other"])
    both, own, other = (load_file(files[name]) for name in ("both", "own", "other"))
    for name, weight in both.items():
        mixes = name.startswith(("transformer.stabilizer.", "transformer.steady_style."))
        assert torch.equal(weight, (other if mixes else own)[name]), name
    with pytest.raises(BadInput, match="style vectors differ"):
        cli.join(files["own"], files["own"], files["both"], files["small"])


def test_weights_that_are_joined_are_not_written_over(teacher, tmp_path):
    for name in ("p", "t", "other"):
        (tmp_path / name).mkdir()
        save_weights(*teacher, tmp_path / name / "weights.safetensors")
    runs = [tmp_path / name for name in ("p", "t", "other")]
    for run in runs:
        with pytest.raises(BadInput, match="is also read"):
            cli.join(runs[0], runs[1], run / "weights.safetensors", runs[2])


def test_a_part_may_have_a_rate_of_its_own(teacher):
    optimizer = loop._optimizer(teacher, {"t": 0.1, "t.stem": 0.3, "p.heads": 0.2, "t.end": 0.0})
    rates = {id(w): group["base"] for group in optimizer.param_groups for w in group["params"]}
    expected = {"t.blocks": 0.1, "t.stem": 0.3, "p.heads": 0.2}
    for network, net in teacher._asdict().items():
        for name, weight in net.named_parameters():
            part = ".".join((network, *name.split(".")[:1]))
            rate = expected.get(part, 0.1 if network == "t" and part != "t.end" else None)
            assert rates.get(id(weight)) == rate, name
            assert weight.requires_grad == (rate is not None), name
