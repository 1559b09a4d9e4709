"""What a run leaves to be read, a line a step. From outside: `Log`."""

import json
import threading
from dataclasses import asdict
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

from impasto.models.atomic import refusal, write_text, written_aside

from . import checkpoint, losses
from .config import PaintingConfig
from .progress import steps_bar


class Log:
    """What a run leaves to be read: log.jsonl, TensorBoard, sample sheets, and a progress bar (see `steps_bar`)."""

    def __init__(self, out: Path, config: PaintingConfig, first: int, processes: int):
        from torch.utils.tensorboard import SummaryWriter

        (out / "samples").mkdir(parents=True, exist_ok=True)
        stage = type(config).__module__.rpartition(".")[2]
        settings = {"stage": stage, **asdict(config), "processes": processes}
        write_text(out / checkpoint.SETTINGS, json.dumps(settings, indent=1))
        _forget_after(out, first)
        self.out, self.config = out, config
        self.file = open(out / checkpoint.LOG, "a", encoding="utf-8")  # noqa: SIM115 - lives as long as the run
        self.board = SummaryWriter(str(out / "tensorboard"), purge_step=first + 1)
        threading.excepthook = _unless_said_later
        self.bar = steps_bar(out.name, first, config.steps)
        self.seconds = 0.0

    def step(self, step: int, values: dict[str, float], rate: float, seconds: float) -> None:
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
        self.seconds = seconds
        self.bar.set_postfix(
            {"total": f"{float(total):.3f}", **{k: f"{v:.3g}" for k, v in values.items()}}, refresh=False
        )
        self.bar.update()

    def picture(self, step: int, image: Tensor) -> None:
        """A sheet [3,H,W] in [0, 1], also as samples/STEP.jpg."""
        pixels = (image.clamp(0, 1) * 255).round().byte().permute(1, 2, 0).cpu().numpy()
        with written_aside(self.out / "samples" / f"{step:07d}.jpg") as aside:
            Image.fromarray(pixels).save(aside, quality=95)
        self.board.add_image("painted", pixels, step, dataformats="HWC")

    def close(self) -> None:
        self.bar.close()
        self.board.close()
        self.file.close()


def _unless_said_later(problem: threading.ExceptHookArgs) -> None:
    """TensorBoard writes in a thread of its own, and raises what that ran into at the next step: of a disk that is full
    or forbids it, the thread need not print a traceback before."""
    error = problem.exc_value
    if not isinstance(error, OSError) or refusal(error, "") is None:
        threading.__excepthook__(problem)


def _forget_after(run: Path, step: int) -> None:
    """Drops the lines of a log that belong to steps which will be done again, and one cut short."""
    kept = [json.dumps(line) + "\n" for line in checkpoint.read_log(run) if line["step"] <= step]
    write_text(run / checkpoint.LOG, "".join(kept))
