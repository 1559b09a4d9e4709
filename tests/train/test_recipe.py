"""The recipe: a dry run from pictures to a model, going on after an interruption, and whose minutes are whose."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest

from impasto.export.graphs import exporter
from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Painter
from impasto.models.errors import BadInput
from impasto.models.weights import load_weights, save_weights
from impasto.train import cli, recipe


def test_dry_run_from_pictures_to_a_model(command_words, tiny_networks, graphs_at_hand, monkeypatch, capsys):
    """Every stage on a few pictures, two steps each; the graphs are those of the networks it began with."""
    monkeypatch.setattr(exporter, "_check_graphs", lambda *_: {})
    words, out = command_words
    cli.app(words, standalone_mode=False)
    assert "the model is in" in capsys.readouterr().out

    assert set(recipe.finished(out)) == {*recipe.STAGES, "export"}
    model = load_model(out / "model")  # checks the hashes
    assert model.recipe["stage"] == "steady_style"
    assert model.network["transformer"] == tiny_networks[1].spec.to_json()


@pytest.mark.slow
def test_dry_run_on_the_command_line(command_words, tiny_networks):
    words, out = command_words
    ended = subprocess.run(
        [sys.executable, "-m", "impasto.train.cli", *words],
        env={**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}, capture_output=True, text=True,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    model = load_model(out / "model")
    assert Painter(model, "cpu").encode(np.full((40, 56, 3), 90, np.uint8)).shape == (model.style_size,)


@pytest.fixture
def command_words(sources, tiny_networks, tmp_path):
    """The words of a dry run from networks that are random, but like real ones in how far rounding goes; its folder."""
    save_weights(*tiny_networks, tmp_path / "start.safetensors")
    words = ["recipe", "--photos", sources["photos"][0], "--paintings", sources["paintings"][0]]
    words += ["--vgg", sources["vgg_file"], "--start", tmp_path / "start.safetensors", "--out", tmp_path / "run"]
    return [*map(str, words), "--dry-run"], tmp_path / "run"


def test_damaged_notes_are_said(tmp_path):
    for text in ("{", "[1]", "\udcff"):
        (tmp_path / "recipe.json").write_text(text, "utf-8", errors="surrogateescape")
        with pytest.raises(BadInput, match=r"recipe\.json is damaged: remove it"):
            recipe.finished(tmp_path)


@pytest.fixture
def calls(monkeypatch, sources):
    """The stages, replaced by ones that only say what they were asked, and leave weights."""
    asked = []

    def stage(name):
        def train(config, photos, paintings, out, start, vgg_file, resume):
            asked.append((name, config, start))
            out.mkdir(parents=True, exist_ok=True)
            save_weights(*load_weights(sources["start"]), out / "weights.safetensors")
            return f"{name} ended"

        return train

    for name, step in recipe.STAGES.items():
        monkeypatch.setitem(recipe.STAGES, name, step._replace(train=stage(name)))
    monkeypatch.setattr(recipe, "export", lambda out, trained: f"export of {trained.name}")
    return asked


def test_each_stage_starts_from_the_one_before_and_has_its_share(calls, tmp_path):
    said = recipe.run([], [], tmp_path, minutes=100, start="scratch")
    assert [(name, start.rpartition("/")[2]) for name, _, start in calls] == [
        ("image", "scratch"), ("predictor", "image"), ("video", "predictor"), ("steady", "video"),
        ("steady-style", "steady"),
    ]  # fmt: skip
    assert [round(config.minutes, 6) for _, config, _ in calls] == [45, 12, 18, 14, 3]
    assert all(config.decay == "minutes" for _, config, _ in calls)
    last = tmp_path / "steady-style" / "weights.safetensors"
    assert (tmp_path / "weights.safetensors").read_bytes() == last.read_bytes()
    assert said.endswith("export of steady-style")


def test_the_weights_it_starts_from_are_not_written_over(calls, sources, tmp_path):
    save_weights(*load_weights(sources["start"]), tmp_path / "weights.safetensors")
    for start in (tmp_path, tmp_path / "weights.safetensors"):
        with pytest.raises(BadInput, match="is also read"):
            recipe.run([], [], tmp_path, minutes=1, start=str(start))
    assert calls == []


def test_from_scratch_it_learns_faster(calls, tmp_path):
    recipe.run([], [], tmp_path / "a", minutes=1, start="scratch")
    recipe.run([], [], tmp_path / "b", minutes=1, start="published")
    scratch, published = calls[0][1], calls[5][1]
    assert scratch.rate > published.rate
    assert scratch.predictor_rate > published.predictor_rate
    assert recipe.STAGES["image"].config.network == "space_to_depth"


def test_called_again_it_does_what_is_missing(calls, tmp_path):
    recipe.run([], [], tmp_path, minutes=100)
    notes = json.loads((tmp_path / "recipe.json").read_text())
    del notes["steady"], notes["video"]
    (tmp_path / "recipe.json").write_text(json.dumps(notes))
    seconds = (0.5, 300.0, 600.0, 1.0, 120.0)  # ten minutes, then resumed for two
    lines = [json.dumps({"step": i, "seconds": s}) + "\n" for i, s in enumerate(seconds)]
    (tmp_path / "video" / "log.jsonl").write_text("".join(lines) + '{"step": 6, "sec')  # the last one cut short
    assert recipe.minutes_trained(tmp_path / "video") == pytest.approx(12)
    calls.clear()
    recipe.run([], [], tmp_path, minutes=100)
    assert [(name, round(config.minutes, 6)) for name, config, _ in calls] == [("video", 6), ("steady", 14)]
    calls.clear()
    recipe.run([], [], tmp_path, minutes=100)
    assert not calls


def test_stages_without_minutes_are_left_out(calls, tmp_path):
    recipe.run([], [], tmp_path, minutes=10, start="published", changes=["image.minutes=0", "steady.minutes=0"])
    assert [(name, start.rpartition("/")[2]) for name, _, start in calls] == [
        ("predictor", "published"), ("video", "predictor"), ("steady-style", "video"),
    ]  # fmt: skip
    with pytest.raises(BadInput, match="every stage has 0 minutes"):
        recipe.plan(10, "published", [f"{name}.minutes=0" for name in recipe.STAGES], dry_run=False)


def test_checkpoints_come_every_two_minutes():
    assert {config.save_minutes for config in recipe.plan(12, "published", [], dry_run=False).values()} == {2.0}


def test_settings_of_a_stage_can_be_changed():
    configs = recipe.plan(10, "scratch", ["video.batch=3", "image.weights.tv=0.7"], dry_run=False)
    assert (configs["video"].batch, configs["image"].weights.tv) == (3, 0.7)
    assert configs["steady"].batch == recipe.STAGES["steady"].config.batch


@pytest.mark.parametrize(
    ("minutes", "changes", "says"),
    [(0, [], "how many --minutes"), (5, ["batch=3"], "image.batch=8"), (5, ["video.colour=3"], "no setting")],
)
def test_mistakes_are_one_sentence(minutes, changes, says):
    with pytest.raises(BadInput, match=says):
        recipe.plan(minutes, "scratch", changes, dry_run=False)


def test_dry_run_links_to_a_few_pictures_only(tmp_path, monkeypatch, sources):
    monkeypatch.setattr(recipe, "DRY_PICTURES", 2)
    (few,) = recipe.first_pictures(sources["photos"], tmp_path)
    assert len(list(few.iterdir())) == 2
    assert all(link.read_bytes() == (sources["photos"][0] / f"{link.stem}.png").read_bytes() for link in few.iterdir())


def test_without_the_exporter_it_says_what_is_missing(monkeypatch, tmp_path):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "onnxscript" else True)
    assert "install onnxscript, then: impasto export" in recipe.export(tmp_path, tmp_path / "steady")


def test_settings_fit_the_network():
    for step in recipe.STAGES.values():
        assert step.config.size % 16 == 0
        assert step.config.photo_side > step.config.size
    assert 0.85 < sum(step.share for step in recipe.STAGES.values()) < 1
