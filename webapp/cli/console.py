"""What the command line shows: a progress bar on a terminal, one line or one JSON object otherwise."""

import json
import sys

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from impasto.webapp.files.clips.gaps import describe

out, err = Console(), Console(stderr=True)


class FramesPerSecond(ProgressColumn):
    def render(self, task) -> Text:
        return Text(f"{task.speed:.1f} frames/s" if task.speed else "", style="cyan")


class ProgressBar:
    """A bar with frames painted, frames a second and the time left; nothing at all when not on a terminal."""

    def __init__(self, quiet: bool = False):
        shown = sys.stderr.isatty() and not quiet
        self.bar = Progress(
            TextColumn("Painting"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), FramesPerSecond(),
            TimeRemainingColumn(), console=err, disable=not shown, transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task("frames", total=None)

    def update(self, done: int, total: int) -> None:
        """Called after each frame; `total` is 0 where the number of frames is unknown."""
        self.bar.update(self.task, completed=done, total=total or None)

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()


class StudyBar:
    """A bar with the steps studied, the loss and the time left; nothing at all when not on a terminal."""

    def __init__(self, quiet: bool = False):
        shown = sys.stderr.isatty() and not quiet
        self.bar = Progress(
            TextColumn("Studying"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[facts]}"),
            console=err, disable=not shown, transient=True,
        )  # fmt: skip
        self.task = self.bar.add_task("steps", total=1, facts="getting ready")

    def update(self, now) -> None:
        """Called after each step with `export.runtime.study.Progress`."""
        left = "" if not now.step else f", {now.seconds_left:.0f} s left (Ctrl-C keeps the best so far)"
        loss = f", loss {now.losses['total']:.3f}" if "total" in now.losses else ""
        self.tell(now.share, f"{counted(now.step, 'step')}{loss}{left}")

    def tell(self, share: float, facts: str) -> None:
        self.bar.update(self.task, completed=share, facts=facts)

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()


def report_study(summary: dict) -> None:
    """What was learnt, in one line: each part of the loss in the first step and in the last."""
    first, last = summary["losses"]["first"], summary["losses"]["last"]
    losses = ", ".join(f"{name} {first[name]:.3g} → {last[name]:.3g}" for name in last if name in first)
    size = f"{summary['bytes'] / 1000:.0f} kB"
    out.print(
        f"{summary['output']}: {counted(summary['steps'], 'step')}, {size}; {losses}", soft_wrap=True, highlight=False
    )


def counted(number: int, what: str) -> str:
    """ "1 frame", "2 frames"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def print_json(data: dict | list[dict]) -> None:
    print(json.dumps(data, ensure_ascii=False))


def print_table(title: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")  # a path that is cut off leads nowhere
    for row in rows:
        table.add_row(*(str(v) for v in row))
    (out if sys.stdout.isatty() else Console(width=120)).print(table)


def print_outcome(outcome: dict, progress: ProgressBar) -> None:
    """One line for a file of a folder, above the bar."""
    again = " (again: it was painted in another style or with other settings)" if outcome.get("again") else ""
    progress.bar.console.print(
        f"✗ {outcome['error']}" if "error" in outcome else f"✓ {outcome['output']}{again}", soft_wrap=True
    )
    warn(outcome)


def warn(outcome: dict) -> None:
    """A warning on the error stream where a clip has lost frames, and where no person was found."""
    if outcome.get("person_found") is False:
        print(
            f"Warning: no person was found in {outcome['input']}, so all of it counts as background.", file=sys.stderr
        )
    if outcome.get("gaps"):
        print(f"Warning: {outcome['input']} has gaps: {describe(outcome['gaps'])}.", file=sys.stderr)


def report(summary: dict, as_json: bool) -> None:
    """What was painted: one JSON object, or one line for people."""
    if as_json:
        for outcome in summary.get("painted", [summary]):
            warn(outcome)
        print_json(summary)
    elif summary["kind"] == "folder":
        counts = ", ".join(f"{len(summary[k])} {k}" for k in ("painted", "skipped", "failed", "ignored"))
        if again := sum(outcome.get("again", False) for outcome in summary["painted"]):
            counts += f"; {again} of the painted replace what was painted in another style or with other settings"
        out.print(f"{summary['output']}: {counts}", soft_wrap=True, highlight=False)
    else:
        sound = f", sound {', '.join(sorted(set(summary['audio'])))}" if summary["audio"] else ""
        frames = "" if summary["kind"] == "image" else f"{counted(summary['frames'], 'frame')}, "
        speed = "" if summary["kind"] == "image" else f", painted at {summary['painted_per_second']:.1f} frames/s"
        size = f"{summary['width']}×{summary['height']}"
        warn(summary)
        out.print(f"{summary['output']}: {frames}{size}{sound}{speed}", soft_wrap=True, highlight=False)


def report_failures(summary: dict) -> int:
    """List on the error stream what of a folder could not be painted; returns the exit code: 2 where no file was fit
    to be painted, 1 where others were painted or one fell to a bug."""
    failed = summary["failed"]
    print(f"Error: {len(failed)} of the files could not be painted:", file=sys.stderr)
    for outcome in failed:
        print(f"  {outcome['error']}", file=sys.stderr)
    fit = summary["painted"] or summary["skipped"] or any("bug" in outcome for outcome in failed)
    return 1 if fit else 2


def report_model(model, as_json: bool) -> None:
    """A model folder that was just written."""
    if as_json:
        figures = {kind: found for kind, found in model.figures.items() if kind in ("parity", "tflite")}
        print_json({"name": model.name, "folder": str(model.folder), **figures})
        return
    worst = max(model.figures["parity"].values())
    out.print(
        f"{model.folder}: model {model.name}, graphs agree with PyTorch to {worst:.0e}", soft_wrap=True, highlight=False
    )
    if "tflite" in model.figures:
        found = model.figures["tflite"]
        exact, int8 = max(found["frame_tflite"], found["step_tflite"]), found["frame_int8_tflite"]
        out.print(
            f"frame.tflite and step.tflite agree to {exact:.0e}; frame_int8.tflite is up to {int8:.2f} off: look first",
            soft_wrap=True,
            highlight=False,
        )
