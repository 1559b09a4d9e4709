"""What a run leaves to be read, a line a step. From outside: `Log`."""

import json
import sys
import threading
from dataclasses import asdict
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from impasto.models.atomic import FULL, write_text, written_aside

from . import checkpoint, losses
from .config import PaintingConfig

TOLD_EVERY = 60.0  # seconds between two lines of progress where there is no terminal


class Log:
    """What a run leaves to be read: log.jsonl, TensorBoard, sample sheets; and its progress, as a bar on a terminal,
    else as a line a minute on the error stream. All raise DiskFull where the disk is full."""

    def __init__(self, out: Path, config: PaintingConfig, first: int, processes: int):
        with checkpoint.saying_how_to_go_on("the log", out):
            self._open(out, config, first, processes)

    def _open(self, out: Path, config: PaintingConfig, first: int, processes: int) -> None:
        from torch.utils.tensorboard import SummaryWriter

        _say_nothing_of_full_disks()
        (out / "samples").mkdir(parents=True, exist_ok=True)
        stage = type(config).__module__.rpartition(".")[2]
        settings = {"stage": stage, **asdict(config), "processes": processes}
        write_text(out / checkpoint.SETTINGS, json.dumps(settings, indent=1))
        _forget_after(out, first)
        self.out, self.config = out, config
        self.file = open(out / checkpoint.LOG, "a", encoding="utf-8")  # noqa: SIM115 - lives as long as the run
        self.board = SummaryWriter(str(out / "tensorboard"), purge_step=first + 1)
        self.bar = tqdm(initial=first, total=config.steps, desc=out.name, disable=None, smoothing=0.05)
        self.seconds = self.told = 0.0

    def step(self, step: int, values: dict[str, float], rate: float, seconds: float) -> None:
        """A step is done: its terms, its rate, and the seconds since the run began."""
        with checkpoint.saying_how_to_go_on(f"the log of step {step}", self.out):
            total = self._write(step, values, rate, seconds)
        self.seconds = seconds
        self.bar.set_postfix({"total": f"{total:.3f}", **{k: f"{v:.3g}" for k, v in values.items()}})
        self.bar.update()
        if self.bar.disable and seconds - self.told >= TOLD_EVERY:
            self.told = seconds
            minutes = f"{seconds / 60:.0f} min"
            print(f"{self.out.name}: step {step} of {self.config.steps}, {minutes}, total {total:.3f}", file=sys.stderr)

    def _write(self, step: int, values: dict[str, float], rate: float, seconds: float) -> float:
        total, shares = losses.combine({k: torch.tensor(v) for k, v in values.items()}, self.config.weights)
        line = {"step": step, "total": float(total), "rate": rate, "seconds": round(seconds, 3), "terms": values}
        line["shares"] = {name: round(float(share), 4) for name, share in shares.items()}
        self.file.write(json.dumps(line) + "\n")
        self.file.flush()
        scalars = {"total": line["total"], "rate": rate, "throughput": self.config.batch / (seconds - self.seconds)}
        scalars |= {f"term/{name}": value for name, value in values.items()}
        scalars |= {f"share/{name}": value for name, value in line["shares"].items()}
        for name, value in scalars.items():
            self.board.add_scalar(name, value, step)
        return line["total"]

    def picture(self, step: int, image: Tensor) -> None:
        """A sheet [3,H,W] in [0, 1], also as samples/STEP.jpg."""
        pixels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        with checkpoint.saying_how_to_go_on(f"the samples of step {step}", self.out):
            with written_aside(self.out / "samples" / f"{step:07d}.jpg") as aside:
                Image.fromarray(pixels).save(aside, quality=95)
            self.board.add_image("painted", pixels, step, dataformats="HWC")

    def close(self) -> None:
        """The run is over."""
        self.bar.close()
        with checkpoint.saying_how_to_go_on("the end of the log", self.out):
            self.board.close()
            self.file.close()


def _say_nothing_of_full_disks() -> None:
    """TensorBoard writes in a thread of its own, and raises here what happens there: no traceback is needed besides."""
    before = threading.excepthook

    def hook(problem: threading.ExceptHookArgs) -> None:
        if not (isinstance(problem.exc_value, OSError) and problem.exc_value.errno in FULL):
            before(problem)

    threading.excepthook = hook


def _forget_after(run: Path, step: int) -> None:
    """Drops the lines of a log that belong to steps which will be done again, and one cut short."""
    kept = [json.dumps(line) + "\n" for line in checkpoint.read_log(run) if line["step"] <= step]
    write_text(run / checkpoint.LOG, "".join(kept))
