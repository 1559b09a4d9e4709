"""Checkpoints of a run: a folder each, complete or absent, whenever the process dies.

A run's folder holds `checkpoints/STEP/` with `weights.safetensors` (P and T as they are), `ema.safetensors` (their
moving average) and `training.pt` (the optimiser, the random numbers, the step), and beside them `weights.safetensors`,
the average of the newest checkpoint: that is the result, to be exported or to start another run from.
"""

import io
import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import torch

from impasto.export.runtime.description import fields, number, whole
from impasto.models.atomic import folder_aside, refusal, written_aside
from impasto.models.errors import BadInput, DiskFull
from impasto.models.predictor import Predictor
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights, save_weights

try:
    import fcntl
except ImportError:  # Windows, where two runs in one folder are not noticed
    fcntl = None

KEPT = 2  # the newest one, and one before it in case a person finds the newest spoilt
RESULT = "weights.safetensors"
SETTINGS = "config.json"
LOCK = ".lock"  # held by the process that trains into the folder; it ends with it
LOG = "log.jsonl"  # one line of figures a step
LINE = fields(step=whole(0, 10**9), seconds=number)


class Networks(NamedTuple):
    """The two networks that are trained."""

    p: Predictor
    t: Transformer


def recipe(run: Path) -> dict:
    """What a run's folder says of how its result came about: the stage, its settings, the step it reached.

    Raises BadInput when the folder holds no run with a result.
    """
    reached = newest(run)
    if reached is None:
        raise BadInput(f"{run} holds no finished run of `impasto train`.")
    try:
        return {**json.loads((run / SETTINGS).read_text("utf-8")), "reached": int(reached.name)}
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as e:
        raise BadInput(f"{run} holds no finished run of `impasto train`.") from e


def read_log(run: Path) -> list[dict]:
    """The lines of a run's log, in order; none if it has not begun. A last line that was cut short is left out.

    BadInput: another line is damaged.
    """
    file, lines = run / LOG, []
    written = file.read_text("utf-8", errors="replace").splitlines() if file.is_file() else []
    for at, text in enumerate(written, 1):
        try:
            line = json.loads(text)
        except (ValueError, RecursionError):
            line = None
        if line is not None and LINE(line):
            lines.append({**line, "seconds": float(line["seconds"])})
        elif at < len(written):
            raise BadInput(f"{file} is damaged at line {at}: choose another --out.")
    return lines


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Keep others from training into the same folder, which is made. BadInput: another process does already."""
    out.mkdir(parents=True, exist_ok=True)
    with open(out / LOCK, "w", encoding="utf-8") as lock:
        if fcntl is not None:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as e:
                raise BadInput(f"Another process is training into {out}: choose another --out.") from e
            except OSError:  # a file system without locks
                pass
        yield


def newest(out: Path) -> Path | None:
    """The newest complete checkpoint of a run's folder, if there is one."""
    found = _complete(out)
    return found[-1] if found else None


def how_to_go_on(out: Path, resumes: bool) -> str:
    """In a sentence, what a run that was broken off has kept. `resumes`: its command goes on by itself when it is given
    again, as `recipe` does, and a stage with --resume."""
    reached = newest(out)
    if reached is None:
        return f"{out} has no checkpoint yet: the same command begins anew."
    again = "the same command" if resumes else "the same command with --resume"
    return f"{out} has the checkpoint of step {int(reached.name)}: {again} goes on from there."


def _complete(out: Path) -> list[Path]:
    """The checkpoints of a run's folder, oldest first."""
    return sorted(path for path in (out / "checkpoints").glob("*") if path.name.isdecimal())


@contextmanager
def room_in(out: Path, resumes: bool) -> Iterator[None]:
    """Whatever of a run in `out` finds the disk full raises DiskFull, which says how to go on, as `how_to_go_on`."""
    try:
        yield
    except Exception as e:
        if isinstance(refused := e if isinstance(e, BadInput) else refusal(e, out), DiskFull):
            again = "again" if resumes else "with --resume"
            raise DiskFull(
                f"The disk is full: the run in {out} could not be written; make room, then give the same command "
                f"{again}."
            ) from refused
        raise


def save(
    out: Path, step: int, nets: Networks, ema: Networks, optimizer: torch.optim.Optimizer, random: torch.Generator
) -> None:
    """Writes the checkpoint of this step aside, then renames it: what has its name is complete."""
    folder = out / "checkpoints" / f"{step:07d}"
    if not folder.exists():
        with folder_aside(folder) as aside:
            save_weights(*nets, aside / "weights.safetensors")
            save_weights(*ema, aside / "ema.safetensors")
            state = {"step": step, "optimizer": optimizer.state_dict(), "random": random.get_state()}
            packed = io.BytesIO()  # written here: of a full disk torch does not say that it is full
            torch.save(state, packed)
            (aside / "training.pt").write_bytes(packed.getbuffer())
    with written_aside(out / RESULT) as result:
        shutil.copyfile(folder / "ema.safetensors", result)
    for old in _complete(out)[:-KEPT]:
        shutil.rmtree(old)


def resume(
    out: Path,
    nets: Networks,
    ema: Networks,
    optimizer: torch.optim.Optimizer,
    random: torch.Generator,
    warn: Callable[[str], None] = lambda sentence: None,
) -> int:
    """`restore` from the newest checkpoint of a run's folder, or from the one before if that is damaged; 0: none.

    `warn` is told in a sentence. BadInput: as `restore`, where no other checkpoint can be restored either.
    """
    refused: BadInput | None = None
    for folder in _complete(out)[::-1]:
        try:
            step = restore(folder, nets, ema, optimizer, random)
        except BadInput as error:  # of another kind of run, all are refused
            refused = refused or error
            continue
        if refused:
            warn(f"The newest checkpoint in {out} is damaged; the run goes on from the one before it, {folder.name}.")
        return step
    if refused:
        raise refused
    return 0


def forget_after(out: Path, step: int) -> None:
    """Remove the checkpoints of later steps than the one that a run goes on from: they are damaged."""
    for folder in _complete(out):
        if int(folder.name) > step:
            shutil.rmtree(folder)


def restore(
    folder: Path, nets: Networks, ema: Networks, optimizer: torch.optim.Optimizer, random: torch.Generator
) -> int:
    """Puts everything back to where `save` found it and returns the step.

    BadInput: the checkpoint is damaged, or belongs to other networks or another stage.
    """
    try:
        for own, file in ((nets, "weights.safetensors"), (ema, "ema.safetensors")):
            for net, stored in zip(own, load_weights(folder / file), strict=True):
                net.load_state_dict(stored.state_dict())
        state = torch.load(folder / "training.pt", map_location="cpu", weights_only=True)
        optimizer.load_state_dict(state["optimizer"])
        random.set_state(state["random"])
        if state["step"] != int(folder.name):
            raise BadInput(f"{folder} is damaged: it says that it is of step {state['step']}.")
        return state["step"]
    except BadInput:
        raise
    except Exception as e:  # torch.load raises whatever its parser ran into
        raise BadInput(
            f"{folder} is damaged or belongs to another kind of run: give the command that began it, with its --start "
            "and networks, or choose another --out."
        ) from e
