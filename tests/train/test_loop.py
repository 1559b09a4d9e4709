"""The loop: resuming, being killed, several processes, mistakes, budgets; and the command line before it."""

import errno
import itertools
import json
import os
import re
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from functools import partial
from types import SimpleNamespace

import pytest
import torch
import torch.utils.tensorboard
from full_disk import full_disk
from safetensors.torch import load_file, save_file
from torch.distributed import run as torchrun

from impasto.models.errors import BadInput, DiskFull
from impasto.models.weights import load_weights, save_weights
from impasto.train import checkpoint, cli, loop, networks, progress, run_log
from impasto.train.stages import common
from impasto.train.stages import image as image_stage
from impasto.train.stages import video as video_stage

PICTURE = {"texture", "energy", "colour", "covariance", "contrast", "content", "structure", "detail", "tv"}
STAGES = pytest.mark.parametrize("stage", [image_stage, video_stage], ids=["image", "video"])
ALONE = {**os.environ, "OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}


def run(*words, env=ALONE):
    return subprocess.run([sys.executable, *words], env=env, capture_output=True, text=True)


def figures(lines):
    return [(line["step"], line["total"], line["terms"], line["rate"]) for line in lines]


def the_same(a, b):
    return all(torch.equal(x, y) for x, y in zip(a.values(), b.values(), strict=True))


@STAGES
def test_resumed_run_equals_an_uninterrupted_one_bit_for_bit(stage, sources, tiny, log, tmp_path):
    stage.train(tiny(stage, steps=6), out=tmp_path / "whole", **sources)
    half = tiny(stage, steps=6, save_every=3)
    with pytest.MonkeyPatch.context() as patch:
        _stop_after(patch, 5)  # two steps past the checkpoint, so that they are done again
        with pytest.raises(InterruptedError):
            stage.train(half, out=tmp_path / "parts", **sources)
    assert checkpoint.newest(tmp_path / "parts").name == "0000003"
    stage.train(half, out=tmp_path / "parts", resume=True, **sources)

    assert figures(log(tmp_path / "whole")) == figures(log(tmp_path / "parts"))
    ends = [checkpoint.newest(tmp_path / run) for run in ("whole", "parts")]
    for file in ("weights.safetensors", "ema.safetensors"):
        assert the_same(*(load_file(end / file) for end in ends))


@pytest.mark.parametrize("resume", [False, True])
def test_weights_that_no_run_of_the_folder_left_are_not_written_over(sources, tiny, tmp_path, resume):
    save_weights(*load_weights(sources["start"]), tmp_path / "weights.safetensors")
    before = (tmp_path / "weights.safetensors").read_bytes()
    with pytest.raises(BadInput, match="already holds weights"):
        image_stage.train(tiny(image_stage), out=tmp_path, resume=resume, **{**sources, "start": str(tmp_path)})
    assert (tmp_path / "weights.safetensors").read_bytes() == before


def test_photographs_are_not_enlarged(sources, tiny, tmp_path):
    with pytest.raises(BadInput, match=r"size=32 is more than photo_side=24, .*: --set photo_side=42, for instance"):
        image_stage.train(tiny(image_stage, photo_side=24), out=tmp_path / "run", **sources)


def test_what_ctrl_c_leaves_is_said(sources, tiny, tmp_path, capsys):
    run = tmp_path / "run"
    config = tiny(image_stage, steps=6, save_every=2)
    for resume, last, said in (
        (False, 1, f"{run} has no checkpoint yet: the same command begins anew.\n"),
        (False, 3, f"{run} has the checkpoint of step 2: the same command with --resume goes on from there.\n"),
        (True, 5, f"{run} has the checkpoint of step 4: the same command goes on from there.\n"),
    ):
        with pytest.MonkeyPatch.context() as patch:
            _stop_after(patch, last, KeyboardInterrupt)
            with pytest.raises(KeyboardInterrupt):
                image_stage.train(config, out=run, resume=resume, **sources)
        assert capsys.readouterr().err.endswith(said)


def test_two_runs_do_not_share_a_folder(sources, tiny, tmp_path):
    with checkpoint.held(tmp_path / "run"), pytest.raises(BadInput, match="Another process is training into"):
        image_stage.train(tiny(image_stage), out=tmp_path / "run", **sources)
    image_stage.train(tiny(image_stage, steps=1), out=tmp_path / "run", **sources)


def test_a_full_disk_at_the_first_checkpoint_leaves_nothing_half_written(sources, tiny, tmp_path):
    with full_disk(20_000), pytest.raises(DiskFull, match="disk is full"):
        image_stage.train(tiny(image_stage), out=tmp_path / "run", **sources)
    assert checkpoint.newest(tmp_path / "run") is None
    assert [path.name for path in (tmp_path / "run").rglob(".*")] == [checkpoint.LOCK]


def test_a_full_disk_is_said_with_what_to_do(sources, tiny, tmp_path):
    """The checkpoint before is whole, and the run goes on from it."""
    run = {"out": tmp_path / "run", **sources}
    image_stage.train(tiny(image_stage, steps=2), **run)
    with full_disk(100_000), pytest.raises(DiskFull) as problem:
        image_stage.train(tiny(image_stage, steps=4), resume=True, **run)
    assert str(problem.value) == (
        f"The disk is full: the run in {tmp_path / 'run'} could not be written; make room, then give the same command "
        "again."
    )
    assert [path.name for path in (tmp_path / "run" / "checkpoints").iterdir()] == ["0000002"]
    image_stage.train(tiny(image_stage, steps=4), resume=True, **run)
    assert checkpoint.newest(tmp_path / "run").name == "0000004"


def test_a_full_disk_that_the_log_meets_says_how_to_go_on(sources, tiny, tmp_path):
    with full_disk(100), pytest.raises(DiskFull, match="then give the same command with --resume"):
        image_stage.train(tiny(image_stage), out=tmp_path / "opened", **sources)
    with full_disk(2000), pytest.raises(DiskFull, match="then give the same command with --resume"):
        image_stage.train(tiny(image_stage, steps=40), out=tmp_path / "written", **sources)


def test_a_full_disk_in_the_thread_of_tensorboard_is_said_and_nothing_else(sources, tiny, tmp_path, monkeypatch, capfd):
    """It writes at once here; and what is written before it, the log's line, finds room."""
    monkeypatch.setattr(threading, "excepthook", threading.__excepthook__)  # not the one of pytest
    writer = partial(torch.utils.tensorboard.SummaryWriter, flush_secs=0)
    monkeypatch.setattr(torch.utils.tensorboard, "SummaryWriter", writer)
    monkeypatch.setattr(run_log.json, "dumps", lambda line, **_: "{}")
    with full_disk(2000), pytest.raises(DiskFull, match="then give the same command with --resume"):
        image_stage.train(tiny(image_stage, steps=100), out=tmp_path, **sources)
    said = capfd.readouterr().err
    assert "step 0 of 100" in said
    assert "Traceback" not in said


@pytest.mark.parametrize("error", [ValueError("of no disk"), OSError(errno.EIO, "broken")])
def test_other_errors_of_a_thread_keep_their_traceback(error, capfd):
    run_log._unless_said_later(threading.ExceptHookArgs((type(error), error, None, threading.current_thread())))
    assert str(error) in capfd.readouterr().err


def test_off_a_terminal_a_line_now_and_then_says_how_far_it_is(sources, tiny, tmp_path, monkeypatch, capsys):
    run = tmp_path / "run"
    image_stage.train(tiny(image_stage, steps=3), out=run, **sources)
    assert re.fullmatch(r"run: step 0 of 3 after 00:00\n", capsys.readouterr().err)
    monkeypatch.setattr(progress, "EVERY", 0.0)
    image_stage.train(tiny(image_stage, steps=5), out=run, resume=True, **sources)
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" after ")[0] for line in said] == [f"run: step {n} of 5" for n in (3, 4, 5)]
    assert all(re.search(r" after \d\d:\d\d, total=[\d.]+, texture=", line) for line in said[1:])


def test_what_is_wrong_with_the_folder_is_said_before_pictures_are_read(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="is a file: --out names a run's folder"):
        loop.check_out(tmp_path / "file", resume=False)
    (tmp_path / "checkpoints" / "0000001").mkdir(parents=True)
    given = dict.fromkeys(("photos", "paintings"), tmp_path / "none") | {"out": tmp_path}
    command = next(each.callback for each in cli.app.registered_commands if each.name == "predictor")
    with pytest.raises(BadInput, match="already holds a run: add --resume"):
        command(**given)


def _stop_after(patch, last, error=InterruptedError):
    log_step = run_log.Log.step

    def step(self, number, *rest):
        log_step(self, number, *rest)
        if number == last:
            raise error

    patch.setattr(run_log.Log, "step", step)


DIES_IN_SAVE = """
import os, signal
from pathlib import Path
from impasto.train import cli
write = Path.write_bytes

def dying(file, data):
    if file.name != "training.pt" or "0000004" not in file.parent.name:
        return write(file, data)
    write(file, bytes(data)[: len(data) // 2])
    os.kill(os.getpid(), signal.SIGKILL)

Path.write_bytes = dying
cli.main()
"""


def test_killed_while_saving_the_older_checkpoint_stands(command, sources, tiny, log, tmp_path):
    settings = ("--set", "save_every=2", "--set", "steps=6")
    killed = run("-c", DIES_IN_SAVE, *command("image", tmp_path / "killed", *settings))
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    older = checkpoint.newest(tmp_path / "killed")
    assert older.name == "0000002"
    load_weights(older / "weights.safetensors")
    load_weights(tmp_path / "killed" / "weights.safetensors")

    cli.app(command("image", tmp_path / "killed", *settings, "--resume"), standalone_mode=False)
    image_stage.train(tiny(image_stage, steps=6), out=tmp_path / "whole", **sources)
    assert figures(log(tmp_path / "killed")) == figures(log(tmp_path / "whole"))
    assert not list((tmp_path / "killed" / "checkpoints").glob(".*"))


@pytest.mark.parametrize("file", ["weights.safetensors", "ema.safetensors", "training.pt"])
def test_a_damaged_newest_checkpoint_gives_way_to_the_one_before(sources, tiny, log, tmp_path, capsys, file):
    run, settings = tmp_path / "run", {"save_every": 2}
    image_stage.train(tiny(image_stage, steps=4, **settings), out=run, **sources)
    damaged = checkpoint.newest(run) / file
    damaged.write_bytes(damaged.read_bytes()[:-200])
    image_stage.train(tiny(image_stage, steps=6, **settings), out=run, resume=True, **sources)
    assert "goes on from the one before it, 0000002" in capsys.readouterr().err
    assert [line["step"] for line in log(run)] == [1, 2, 3, 4, 5, 6]
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["0000004", "0000006"]
    load_weights(run / "checkpoints" / "0000004" / "weights.safetensors")


def test_checkpoints_by_the_clock(sources, tiny, tmp_path, monkeypatch):
    """Steps of 40 seconds, a checkpoint whenever a minute has passed since the last, and one at the end."""
    clock = itertools.count(0, 40)
    monkeypatch.setattr(loop, "time", SimpleNamespace(monotonic=lambda: float(next(clock))))
    image_stage.train(tiny(image_stage, steps=5, save_every=1000, save_minutes=1.0), out=tmp_path, **sources)
    assert [path.stem for path in sorted((tmp_path / "samples").iterdir())] == ["0000002", "0000004", "0000005"]


def test_where_both_checkpoints_are_damaged_the_run_is_refused(sources, tiny, tmp_path):
    image_stage.train(tiny(image_stage, steps=4, save_every=2), out=tmp_path, **sources)
    for folder in (tmp_path / "checkpoints").iterdir():
        (folder / "training.pt").write_bytes(b"")
    with pytest.raises(BadInput, match=r"0000004 is damaged or .*give the command that began it, with its --start"):
        image_stage.train(tiny(image_stage, steps=6, save_every=2), out=tmp_path, resume=True, **sources)
    assert len(list((tmp_path / "checkpoints").iterdir())) == 2


# A stage in float64: in float32, a gradient differs by a thousandth with how many pictures go at once.
IN_FLOAT64 = """
import torch
from impasto.train import cli, loop
from impasto.train.stages import common, image, video

def double(x):
    if isinstance(x, tuple):
        return type(x)(*map(double, x))
    return x.double() if isinstance(x, (torch.Tensor, torch.nn.Module)) else x

def doubled(call):
    return lambda *given: call(*map(double, given))

for place, name in ((loop, "prepare"), (common, "sheet"), (image, "losses"), (video, "losses")):
    setattr(place, name, doubled(getattr(place, name)))
"""


@pytest.mark.parametrize("stage", ["image", pytest.param("video", marks=pytest.mark.slow)])
def test_two_processes_do_what_one_does(stage, command, log, monkeypatch, tmp_path):
    runs = tmp_path / "one", tmp_path / "two"
    more = [word for key in ("batch=4", "steps=2", "save_every=1", "clip=1e9") for word in ("--set", key)]
    for place, name in ((loop, "prepare"), (common, "sheet"), (image_stage, "losses"), (video_stage, "losses")):
        monkeypatch.setattr(place, name, getattr(place, name))  # puts back what the next line replaces
    exec(IN_FLOAT64, {})
    cli.app(command(stage, runs[0], *more), standalone_mode=False)

    (tmp_path / "float64.py").write_text(f"{IN_FLOAT64}\ncli.main()")
    launch = ("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", "--", tmp_path / "float64.py")
    ended = run(*launch, *command(stage, runs[1], *more), env={**ALONE, "ACCELERATE_USE_CPU": "true"})
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.count("Finished at step") == 1  # not once a process

    assert [json.loads((out / "config.json").read_text())["processes"] for out in runs] == [1, 2]
    gradients = [first_gradient(out / "checkpoints" / "0000001") for out in runs]
    assert len(gradients[0]) == len(gradients[1]) > 1000
    assert (gradients[0] - gradients[1]).norm() < 1e-9 * gradients[0].norm()
    for mine, theirs in zip(*map(log, runs), strict=True):
        assert theirs["terms"] == pytest.approx(mine["terms"], rel=1e-4)  # Adam divides by what is nearly 0


def first_gradient(folder):
    """The gradient of the first step as one vector, from Adam's mean of it: (1 - 0.9) times the gradient."""
    moments = torch.load(folder / "training.pt", weights_only=True)["optimizer"]["state"]
    return torch.cat([moments[i]["exp_avg"].flatten() for i in sorted(moments)]) / 0.1


def test_torchrun_takes_no_option_of_the_stage_for_its_own(command, tmp_path):
    """As the documentation says it, with `--`; torchrun has a --start-method, which --start would be short for."""
    words = command("image", tmp_path)
    read = torchrun.parse_args(["--nproc_per_node", "2", "-m", "--", "impasto.train.cli", *words])
    assert (read.training_script, read.training_script_args) == ("impasto.train.cli", words)
    with pytest.raises(SystemExit):
        torchrun.parse_args(["--nproc_per_node", "2", "-m", "impasto.train.cli", *words])


def test_processes_that_do_not_know_of_each_other_are_refused(command, monkeypatch, tmp_path):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(BadInput, match="ACCELERATE_USE_CPU=true torchrun --nproc_per_node 2"):
        cli.app(command("image", tmp_path / "run"), standalone_mode=False)
    assert not (tmp_path / "run").exists()


@STAGES
def test_what_is_not_finite_is_named(stage, sources, tiny, tmp_path):
    weights = {name: values.float() for name, values in load_file(sources["vgg_file"]).items()}
    weights["features.19.bias"][0] = 1e30  # its square is infinite; conv4_2: strokes alone are looked at so far
    save_file(weights, tmp_path / "vgg.safetensors")
    with pytest.raises(BadInput, match=r"Not finite at step 1: texture, energy;"):
        stage.train(tiny(stage), out=tmp_path / "run", **{**sources, "vgg_file": tmp_path / "vgg.safetensors"})
    assert checkpoint.newest(tmp_path / "run") is None


def test_weights_that_are_not_finite_end_a_run_before_they_are_saved(sources, tiny, tmp_path):
    config = tiny(image_stage, steps=2, save_every=1)
    image_stage.train(config, out=tmp_path, **sources)
    kept = (tmp_path / "weights.safetensors").read_bytes()
    with pytest.raises(BadInput, match=r"Not finite at step 3: weights; lower the rate .* saved before still stands"):
        image_stage.train(replace(config, steps=4, rate=1e38), out=tmp_path, resume=True, **sources)
    assert checkpoint.newest(tmp_path).name == "0000002"
    assert (tmp_path / "weights.safetensors").read_bytes() == kept
    image_stage.train(replace(config, steps=3, rate=1e-4), out=tmp_path, resume=True, **sources)
    assert all(values.isfinite().all() for values in load_file(tmp_path / "weights.safetensors").values())


def test_a_damaged_log_or_settings_are_said(sources, tiny, tmp_path):
    image_stage.train(tiny(image_stage, steps=2, save_every=1), out=tmp_path, **sources)
    lines = (tmp_path / "log.jsonl").read_text()
    for damaged in ("{}\n", "[1]\n", "text\n", '{"step": 1'):
        (tmp_path / "log.jsonl").write_text(damaged + "\n" + lines)
        with pytest.raises(BadInput, match=r"log\.jsonl is damaged at line 1"):
            image_stage.train(tiny(image_stage), out=tmp_path, resume=True, **sources)
    for damaged in ("{", "[]", ""):
        (tmp_path / "config.json").write_text(damaged)
        with pytest.raises(BadInput, match="holds no finished run"):
            checkpoint.recipe(tmp_path)


def test_minutes_end_a_run_cleanly_and_resume_goes_on(sources, tiny, log, tmp_path):
    config = tiny(image_stage, steps=100_000, minutes=1e-5)
    assert "--resume" in image_stage.train(config, out=tmp_path, **sources)
    assert len(log(tmp_path)) == 1
    assert checkpoint.newest(tmp_path).name == "0000001"
    image_stage.train(config, out=tmp_path, resume=True, **sources)
    assert [line["step"] for line in log(tmp_path)] == [1, 2]


def test_a_run_leaves_what_it_promises(sources, tiny, log, tmp_path):
    image_stage.train(tiny(image_stage, steps=5, save_every=1), out=tmp_path, **sources)
    kept = sorted((tmp_path / "checkpoints").iterdir())
    assert [path.name for path in kept] == ["0000004", "0000005"]
    assert {path.name for path in kept[1].iterdir()} == {"weights.safetensors", "ema.safetensors", "training.pt"}
    assert the_same(load_file(tmp_path / "weights.safetensors"), load_file(kept[1] / "ema.safetensors"))
    assert not the_same(load_file(kept[1] / "weights.safetensors"), load_file(kept[1] / "ema.safetensors"))
    assert len(list((tmp_path / "samples").iterdir())) == 5
    assert list((tmp_path / "tensorboard").iterdir())
    for line in log(tmp_path):
        assert sum(line["shares"].values()) == pytest.approx(1, abs=1e-3)
        assert set(line["terms"]) == set(line["shares"]) == PICTURE


def test_average_of_the_weights_is_a_moving_one(sources, tiny, tmp_path):
    config = tiny(image_stage, steps=2, save_every=1, ema=0.999)
    image_stage.train(config, out=tmp_path, **sources)
    first, second = (load_file(path / "weights.safetensors") for path in sorted((tmp_path / "checkpoints").iterdir()))
    start, average = load_file(sources["start"]), load_file(tmp_path / "weights.safetensors")
    for name in ("transformer.end.conv.weight", "predictor.heads.bias"):
        after_one = torch.lerp(first[name], start[name], 1 / 11)
        torch.testing.assert_close(average[name], torch.lerp(second[name], after_one, 2 / 12))


def test_mistakes_are_one_sentence(sources, tiny, tmp_path):
    image_stage.train(tiny(image_stage, steps=1), out=tmp_path, **sources)
    with pytest.raises(BadInput, match="--resume"):
        image_stage.train(tiny(image_stage), out=tmp_path, **sources)
    with pytest.raises(BadInput, match="another kind of run"):
        video_stage.train(tiny(video_stage), out=tmp_path, resume=True, **sources)
    with pytest.raises(BadInput, match="divisible by 4"):
        image_stage.train(tiny(image_stage, size=34), out=tmp_path / "new", **sources)
    with pytest.raises(BadInput, match="batch=0 is out of range"):
        image_stage.train(tiny(image_stage, batch=0), out=tmp_path / "new", **sources)
    with pytest.raises(BadInput, match="nothing to start from"):
        networks.start(str(tmp_path / "nowhere"), "", 0)
    with pytest.raises(BadInput, match="no network"):
        networks.start("scratch", "enormous", 0)
    with pytest.raises(BadInput, match="decay is"):
        image_stage.train(tiny(image_stage, decay="minutes"), out=tmp_path / "new", **sources)


def test_rate_rises_and_falls():
    config = image_stage.Config(steps=1000, warmup=100)
    factors = [loop.rate_factor(config, step, 0.0) for step in range(1, 1001)]
    assert factors[0] == pytest.approx(0.01, rel=1e-4)
    assert max(factors) == factors[99] > 0.97
    assert factors[-1] == pytest.approx(0.1)
    assert factors[99:] == sorted(factors[99:], reverse=True)
    by_time = image_stage.Config(minutes=10, decay="minutes")
    assert loop.rate_factor(by_time, 500, 300.0) == pytest.approx(0.55)
    assert loop.rate_factor(image_stage.Config(decay="none"), 15_000, 0.0) == 1.0


def test_command_line_says_a_mistake_in_one_sentence_and_ends_with_2(command, monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(sys, "argv", ["train", *command("image", tmp_path, "--set", "ema=nan")])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert capsys.readouterr().err == "Error: ema=nan is out of range: it must be at least 0 and less than 1.\n"
    assert not list(tmp_path.iterdir())


def test_pack_then_train_on_it(command, sources, log, capsys, tmp_path):
    words = command("image", tmp_path / "run")
    for kind in ("photos", "paintings"):
        cli.pack(sources[kind], tmp_path / kind, side=48)
        words[words.index(str(sources[kind][0]))] = str(tmp_path / kind)
    cli.app(words, standalone_mode=False)
    assert "Finished at step 4" in capsys.readouterr().out
    assert len(log(tmp_path / "run")) == 4


TELLS_WHAT_IT_LOADED = """
import sys
from impasto.train import cli
try:
    cli.main()
finally:
    unwanted = "onnx onnxscript onnxruntime av rich gradio matplotlib".split()
    print("loaded:", *(name for name in unwanted if name in sys.modules))
"""


def test_training_loads_nothing_it_does_not_need(command, tmp_path):
    ended = run("-c", TELLS_WHAT_IT_LOADED, *command("video", tmp_path, "--steps", 1))
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.splitlines()[-1] == "loaded:"
