"""`impasto train recipe`: everything from pictures to a model in one command, stage after stage.

Each stage is a run in a folder of its own, named after it, and starts from the one before. What is finished is noted in
recipe.json, so the same command, given again after an interruption, goes on where it stopped. A checkpoint is written
every two minutes.
"""

import importlib.util
import json
import math
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch

from impasto.models.atomic import write_text, written_aside
from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting

from . import distributed, networks
from .checkpoint import RESULT, read_log, recipe
from .config import PaintingConfig, configured, key_and_value
from .data import pack
from .losses import LossWeights
from .progress import parts
from .stages import image, predictor, steady, steady_style, video

# What all stages share: the clock ends them, and the rate falls along with it.
CLOCK = {"decay": "minutes", "steps": 10**8, "save_every": 10**8, "save_minutes": 2.0}


class Step(NamedTuple):
    """A stage, what part of all minutes it trains, and its settings, which are those of one large GPU."""

    share: float
    train: Callable[..., str]
    config: PaintingConfig


# Batches are as large as the gradient's noise still asks for; a smaller GPU takes --set image.batch=8 and so on. What
# the shares leave, a twelfth, goes to loading pictures, to compiling and to the export.
STAGES = {
    # Most of the time: here the network learns to paint, the others only steady its hand. 256 px show the trunk the
    # same strokes that a frame of 288 lines has. P's statistics wait for the next stage, where its convolutions stay.
    "image": Step(0.45, image.train, image.Config(
        size=256, photo_side=320, batch=32, rate=5e-4, predictor_rate=5e-5, statistics_rate=0.0, ema=0.999, seed=0,
        **CLOCK,
    )),
    # P alone, on whole paintings; with few steps at a high rate it errs more than T does.
    "predictor": Step(0.12, predictor.train, predictor.Config(
        batch=64, rate=5e-4, heads_rate=2e-4, seed=3, **CLOCK,
    )),
    # As impasto-0.14 was trained, P beside T: on an H100 8.5 steps a second, in 12 GB.
    "video": Step(0.18, video.train, video.Config(
        size=256, photo_side=320, batch=32, whole=True, rate=8e-4, predictor_rate=1e-4, ema=0.999, seed=1,
        weights=LossWeights(output_temporal=60), **CLOCK,
    )),
    # Five frames a scene, carried one after the other.
    "steady": Step(0.14, steady.train, steady.Config(
        size=256, photo_side=320, batch=8, rate=2e-4, ema=0.998, seed=2,
        weights=LossWeights(output_temporal=32), **CLOCK,
    )),
    # Two numbers a value of S are little to learn; the networks stay as the stage before left them.
    "steady-style": Step(0.03, steady_style.train, steady_style.Config(
        batch=16, seed=4, **CLOCK,
    )),
}  # fmt: skip
FRESH = {"rate": 1e-3, "predictor_rate": 5e-4}  # of the image stage from scratch, where there is nothing to forget
# A dry run: every stage with the real networks and losses, on a few pictures.
DRY = {
    "size": 64, "style_size": 48, "photo_side": 80, "painting_side": 64, "batch": 2, "steps": 2, "minutes": 0.0,
    "decay": "steps", "save_every": 2, "save_minutes": 0.0,
}  # fmt: skip
DRY_PICTURES = 8  # of each folder
NOTES = "recipe.json"  # finished stage → how it ended


def run(
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    minutes: float,
    start: str = "scratch",
    vgg_file: Path | None = None,
    changes: Sequence[str] = (),
    dry_run: bool = False,
) -> str:
    """Runs what is not finished yet; returns how it ended. `changes` are settings such as "image.batch=8".

    Leaves weights.safetensors in `out`, and the model in out/model where the exporter can run. A stage that was
    interrupted trains the minutes it lacks, over which its rate falls anew. BadInput as in the stages.
    """
    configs, main = plan(minutes, start, changes, dry_run), distributed.accelerator().is_main_process
    check_overwriting(out / RESULT, [networks.weights_file(start)])
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        if dry_run:
            torch.set_num_threads(1)  # on pictures so small, threads only wait for one another: twice the time
            photos = first_pictures(photos, Path(folder) / "photos")
            paintings = first_pictures(paintings, Path(folder) / "paintings")
        for name, config in configs.items():
            if not config.minutes and not dry_run:
                continue  # left out, with --set STAGE.minutes=0
            if name not in finished(out):
                left = config.minutes - minutes_trained(out / name)
                if dry_run or left > 0:
                    config = config if dry_run else replace(config, minutes=left)
                    inputs = (config, photos, paintings, out / name, start, vgg_file)
                    ended = STAGES[name].train(*inputs, resume=True)
                else:
                    ended = f"Its {config.minutes:.1f} minutes were over before."
                if main:
                    note_finished(out, name, ended)
            start = str(out / name)
    if main:
        with written_aside(out / RESULT) as aside:
            shutil.copyfile(Path(start) / RESULT, aside)
        return f"The weights are in {out / RESULT}; {export(out, Path(start))}"
    return f"The weights are in {out / RESULT}."


def plan(minutes: float, start: str, changes: Sequence[str], dry_run: bool) -> dict[str, PaintingConfig]:
    """Stage → its settings. BadInput: a setting that does not exist or is out of its bounds, or no time."""
    if not dry_run and not 0 < minutes < math.inf:
        raise BadInput("The recipe trains by the clock: say how many --minutes, or --dry-run.")
    minutes = 1.0 if dry_run else minutes  # of which a dry run makes nothing, see `DRY`
    configs = {name: replace(step.config, minutes=step.share * minutes) for name, step in STAGES.items()}
    if start == "scratch":
        configs["image"] = replace(configs["image"], **FRESH)
    for change in changes:
        key, value = key_and_value(change)
        name, _, setting = key.partition(".")
        if name not in configs:
            raise BadInput(f"{key} is not a stage's setting: say image.batch=8, or another of {', '.join(configs)}.")
        if (setting, value) == ("minutes", "0"):
            configs[name] = replace(configs[name], minutes=0.0)  # left out
        else:
            configs[name] = configured(configs[name], changes=[f"{setting}={value}"])
    if not any(config.minutes for config in configs.values()):
        raise BadInput("Nothing would be trained: every stage has 0 minutes.")
    return {name: replace(config, **DRY) if dry_run else config for name, config in configs.items()}


def finished(out: Path) -> dict[str, str]:
    """The stages that ended, and how. BadInput: the notes are damaged."""
    file = out / NOTES
    try:
        noted = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    except (OSError, ValueError, RecursionError) as e:
        raise BadInput(f"{file} is damaged: remove it, and every stage goes on from its own checkpoints.") from e
    if not isinstance(noted, dict) or not all(isinstance(ended, str) for ended in noted.values()):
        raise BadInput(f"{file} is damaged: remove it, and every stage goes on from its own checkpoints.")
    return noted


def note_finished(out: Path, name: str, ended: str) -> None:
    """Notes that a stage (or the export) is finished."""
    write_text(out / NOTES, json.dumps({**finished(out), name: ended}, indent=1))


def minutes_trained(run: Path) -> float:
    """Minutes that a run has trained so far by its log, in which the clock starts anew whenever it was resumed."""
    clock = [line["seconds"] for line in read_log(run)]
    ends = [a for a, b in pairwise(clock) if b < a] + clock[-1:]
    return sum(ends) / 60


def first_pictures(sources: Sequence[Path], folder: Path) -> list[Path]:
    """Folders of links to the first pictures of each folder; packs as they are."""
    found = []
    for i, source in enumerate(sources):
        if source.is_dir():
            found.append(folder / str(i))
            found[-1].mkdir(parents=True)
            for j, (_, path) in enumerate(pack.listed([source], "images")[:DRY_PICTURES]):
                (found[-1] / f"{j}{path.suffix}").symlink_to(path.resolve())
        else:
            found.append(source)
    return found


def export(out: Path, trained: Path) -> str:
    """Writes out/model from the run `trained`, where what that takes is installed; returns what came of it."""
    missing = [name for name in ("onnxscript", "onnxruntime") if importlib.util.find_spec(name) is None]
    if missing:
        return f"to export them, install {' and '.join(missing)}, then: impasto export {trained} -o {out / 'model'}"
    if "export" not in finished(out):
        from impasto.export.graphs.exporter import export_model
        from impasto.export.graphs.parity import ParityError

        p, t = networks.start(str(trained), "", 0)
        try:
            with parts() as told:
                export_model(p, t, out / "model", name=out.resolve().name, recipe=recipe(trained), progress=told)
        except ParityError as e:  # networks that have learnt next to nothing paint noise, which rounding tears apart
            return f"they were not exported ({e})."
        note_finished(out, "export", f"The model is in {out / 'model'}.")
    return f"the model is in {out / 'model'}."
