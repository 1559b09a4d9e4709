"""`impasto study` as a person meets it. What it learns is `tests/export/runtime/test_study.py`."""

import json

import numpy as np
import pytest
from PIL import Image

from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.study import Studied
from impasto.export.runtime.style_file import StyleFile, style_file, write_style
from impasto.webapp.files import study as studying


@pytest.fixture
def painting(tmp_path, scene):
    Image.fromarray(scene).save(tmp_path / "reeds.png")
    return tmp_path / "reeds.png"


@pytest.fixture
def asked(monkeypatch, tiny_model):
    """Stands in for the studying; a dictionary of what it was asked for."""
    calls = {}
    style = tiny_model.gallery()["waves"]["style"]
    losses = [{"style": 2.0, "total": 3.0}, {"style": 0.5, "total": 1.0}]

    def study(model, picture, contents=(), **options):
        calls.update(options, contents=contents)
        return Studied(style, {}, losses)

    monkeypatch.setattr(studying, "study", study)
    return calls


def test_a_style_is_studied_and_said_in_one_line(run, asked, painting, tiny_model, tmp_path):
    target = tmp_path / "reeds.style"
    command = ["study", painting, "-o", target, "-m", tiny_model.folder]
    code, out, err = run(*command, "--minutes", "0.5", "--brush-size", "coarse", "--closer", "0.25", "--on", painting)
    assert (code, err) == (0, "")
    assert out.startswith(f"{target}: 2 steps, ")
    assert ", loss 3 → 1, " in out
    assert (asked["seconds"], asked["steps"], asked["brush_size"], asked["closer"]) == (30, None, 2, 0.25)
    assert len(asked["contents"]) == 1
    code, out, err = run(*command, "--steps", "7", "--json")
    summary = json.loads(out)
    assert (code, err, asked["steps"], asked["seconds"]) == (0, "", 7, None)
    assert summary["losses"]["last"]["total"] == 1
    assert summary["bytes"] == target.stat().st_size


def test_pytorch_studies_and_says_that_there_is_no_card(run, asked, painting, tiny_model, tmp_path, monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    code, _, err = run("study", painting, "-o", tmp_path / "a.style", "-m", tiny_model.folder, "--full")
    assert (code, err.count("\n")) == (0, 1)
    assert "PyTorch finds no NVIDIA card" in err
    assert asked["graphs"].parameters
    asked.clear()
    run("study", painting, "-o", tmp_path / "a.style", "-m", tiny_model.folder)
    assert asked["graphs"] is None


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--minutes", "1", "--steps", "2"], "with --minutes or with --steps, not with both"),
        (["--minutes", "0"], "--minutes must be above zero"),
        (["--brush-size", "broad"], "The brush size is coarse or fine"),
        (["--closer", "2"], "closer"),
        (["-o", "a.png"], "must end in .style"),
    ],
)
def test_mistakes_are_one_sentence(run, asked, painting, tiny_model, tmp_path, options, sentence):
    code, out, err = run("study", painting, "-o", tmp_path / "a.style", "-m", tiny_model.folder, *options)
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert sentence in err
    assert asked == {}


def test_stylize_takes_style_files_and_tells_a_foreign_licence(run, painting, tiny_model, tmp_path):
    weights = weights_of(tiny_model.path("frame").read_bytes())
    brush = {name: np.full(weight.shape, 0.05, np.float16) for name, weight in weights.items()}
    style = style_file(tiny_model, tiny_model.gallery()["waves"]["style"], brush, name="Reeds")
    write_style(tmp_path / "own.style", style)
    write_style(tmp_path / "ann.style", StyleFile(**{**vars(style), "licence": "Ask Ann"}))

    def painted(name, *styles):
        chosen = [word for each in styles for word in ("-s", each)]
        code, _, err = run("stylize", painting, *chosen, "-o", tmp_path / name, "-m", tiny_model.folder)
        assert code == 0
        return np.asarray(Image.open(tmp_path / name)).astype(int), err

    alone, said = painted("a.png", tmp_path / "own.style")
    assert said == ""
    plain, _ = painted("b.png", "waves")
    blended, said = painted("c.png", f"{tmp_path / 'ann.style'}:1", "waves:3")
    assert said == "Note: Reeds says of its licence: “Ask Ann”. That is its maker's word.\n"
    assert all(np.abs(a - b).mean() > 0.5 for a, b in ((alone, plain), (blended, plain), (alone, blended)))
