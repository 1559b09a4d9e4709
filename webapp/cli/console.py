"""What the command line shows: a progress bar on a terminal, one line or one JSON object otherwise.

Names of files may hold anything: `say` shows them as they are, on one line, be it that rich takes `[bold]` for markup
and `:smile:` for a picture, or that a name has a line break.
"""

import json
import sys
import unicodedata
from typing import Any

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

out, err = (Console(stderr=error, markup=False, emoji=False, highlight=False) for error in (False, True))


class FramesPerSecond(ProgressColumn):
    def render(self, task) -> Text:
        return Text(f"{task.speed:.1f} frames/s" if task.speed else "", style="cyan")


class _Bar:
    """A progress bar of one task, a context manager; nothing at all when not on a terminal, or `quiet`."""

    def __init__(self, quiet: bool, *columns: ProgressColumn, total: int | None, **fields: Any):
        shown = sys.stderr.isatty() and not quiet
        self.bar = Progress(*columns, console=err, disable=not shown, transient=True)
        self.task = self.bar.add_task("getting ready", total=total, **fields)

    def __enter__(self):
        self.bar.start()
        return self

    def __exit__(self, *_):
        self.bar.stop()


class ProgressBar(_Bar):
    """A bar with frames painted, frames a second and the time left."""

    def __init__(self, quiet: bool = False):
        super().__init__(
            quiet, TextColumn("Painting"), BarColumn(), TaskProgressColumn(), MofNCompleteColumn(), FramesPerSecond(),
            TimeRemainingColumn(), total=None,
        )  # fmt: skip

    def update(self, done: int, total: int) -> None:
        """Called after each frame; `total` is 0 where the number of frames is unknown."""
        self.bar.update(self.task, completed=done, total=total or None)


class StudyBar(_Bar):
    """A bar with the steps studied, the loss and the time left."""

    def __init__(self, quiet: bool = False):
        columns = TextColumn("Studying"), BarColumn(), TaskProgressColumn(), TextColumn("{task.fields[facts]}")
        super().__init__(quiet, *columns, total=1, facts="getting ready")

    def update(self, now) -> None:
        """Called after each step with `export.runtime.study.Progress`."""
        left = "" if not now.step else f", {now.seconds_left:.0f} s left (Ctrl-C keeps the best so far)"
        loss = f", loss {now.losses['total']:.3f}" if "total" in now.losses else ""
        self.tell(now.share, f"{counted(now.step, 'step')}{loss}{left}")

    def tell(self, share: float, facts: str) -> None:
        self.bar.update(self.task, completed=share, facts=facts)


class PartsBar(_Bar):
    """A bar with what is being done, of work in parts."""

    def __init__(self, quiet: bool = False):
        super().__init__(quiet, BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"), total=None)

    def update(self, done: int, total: int, what: str) -> None:
        """Called before each part, as `export.graphs.progress.Progress`."""
        self.bar.update(self.task, completed=done, total=total, description=what)


def say(line: str, to: Console = out) -> None:
    """One line, however long, as it is."""
    to.print(on_one_line(line), soft_wrap=True)


def complain(line: str) -> None:
    """One line on the error stream."""
    say(line, err)


def on_one_line(text: str) -> str:
    """A text whose line breaks and control characters, which a terminal would obey, are written as in Python: `\\n`."""
    obeyed = {"Cc", "Zl", "Zp"}  # control characters, line and paragraph separators
    return "".join(
        each.encode("unicode_escape").decode() if unicodedata.category(each) in obeyed else each for each in text
    )


def report_study(summary: dict) -> None:
    """What was learnt, in one line: the whole loss in the first step and in the last."""
    first, last = (summary["losses"][step]["total"] for step in ("first", "last"))
    size = f"{summary['bytes'] / 1000:.0f} kB"
    say(f"{summary['output']}: {counted(summary['steps'], 'step')}, loss {first:.3g} → {last:.3g}, {size}")


def counted(number: int, what: str) -> str:
    """ "1 frame", "2 frames"."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def print_json(data: dict | list[dict]) -> None:
    """One line of ASCII, which is the same in every encoding, names that are no text in it included."""
    print(json.dumps(data))


def print_table(title: str, columns: tuple[str, ...], rows: list[tuple]) -> None:
    table = Table(title=title, title_justify="left", title_style="bold")
    for name in columns:
        table.add_column(name, overflow="fold")  # a path that is cut off leads nowhere
    for row in rows:
        table.add_row(*(str(v) for v in row))
    (out if sys.stdout.isatty() else Console(width=120, markup=False, emoji=False, highlight=False)).print(table)


def print_outcome(outcome: dict, progress: ProgressBar) -> None:
    """One line for a file of a folder, above the bar."""
    again = " (again: it was painted in another style or with other settings)" if outcome.get("again") else ""
    complain(f"✗ {outcome['error']}" if "error" in outcome else f"✓ {outcome['output']}{again}")
    warn(outcome)


def warn(outcome: dict) -> None:
    """A warning on the error stream where a clip has lost frames, and where no person was found."""
    if outcome.get("person_found") is False:
        complain(f"Warning: no person was found in {outcome['input']}, so all of it counts as background.")
    if outcome.get("gaps"):
        from impasto.webapp.files.clips.gaps import describe  # here, so that a mistake is said at once

        complain(f"Warning: {outcome['input']} has gaps: {describe(outcome['gaps'])}.")


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
        say(f"{summary['output']}: {counts}")
    else:
        sound = f", sound {', '.join(sorted(set(summary['audio'])))}" if summary["audio"] else ""
        frames = "" if summary["kind"] == "image" else f"{counted(summary['frames'], 'frame')}, "
        speed = "" if summary["kind"] == "image" else f", painted at {summary['painted_per_second']:.1f} frames/s"
        size = f"{summary['width']}×{summary['height']}"
        warn(summary)
        say(f"{summary['output']}: {frames}{size}{sound}{speed}")


def report_failures(summary: dict) -> int:
    """List on the error stream what of a folder could not be painted; returns the exit code: 2 where no file was fit
    to be painted, 1 where others were painted or one fell to a bug."""
    failed = summary["failed"]
    complain(f"Error: {len(failed)} of the files could not be painted:")
    for outcome in failed:
        complain(f"  {outcome['error']}")
    fit = summary["painted"] or summary["skipped"] or any("bug" in outcome for outcome in failed)
    return 1 if fit else 2


def report_model(model, as_json: bool) -> None:
    """A model folder that was just written."""
    if as_json:
        figures = {kind: found for kind, found in model.figures.items() if kind in ("parity", "tflite")}
        print_json({"name": model.name, "folder": str(model.folder), **figures})
        return
    worst = max(model.figures["parity"].values())
    say(f"{model.folder}: model {model.name}, graphs agree with PyTorch to {worst:.0e}")
    if "tflite" in model.figures:
        found = model.figures["tflite"]
        exact, int8 = max(found["frame_tflite"], found["step_tflite"]), found["frame_int8_tflite"]
        say(f"frame.tflite and step.tflite agree to {exact:.0e}; frame_int8.tflite is up to {int8:.2f} off: look first")
