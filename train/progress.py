"""What a person sees while a stage gets ready or trains, or a model is written.

From outside: `shown`, `steps_bar`, `parts`, `say`, `warn`.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")
EVERY = 60.0  # seconds between the lines of a job's log


def shown(parts: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """The same parts, with a bar while they are gone through: on a terminal, and of the main process alone."""
    return tqdm(parts, what, total, disable=None if is_main() else True, leave=False)


class _Lines(tqdm):
    """In a job's log, where nothing is drawn over: a line of its own each time."""

    def display(self, msg: str | None = None, pos: int | None = None) -> bool:
        print(self if msg is None else msg, file=sys.stderr, flush=True)
        return True

    def close(self) -> None:
        self.disable = True  # the last word is how the run ended


def steps_bar(name: str, first: int, last: int) -> tqdm:
    """The steps of a run: a bar on a terminal; elsewhere a line at the beginning and every minute."""
    if sys.stderr.isatty():
        return tqdm(initial=first, total=last, desc=name, smoothing=0.05)
    form = "{desc}: step {n_fmt} of {total_fmt} after {elapsed}{postfix}"
    return _Lines(initial=first, total=last, desc=name, bar_format=form, mininterval=EVERY, miniters=1)


@contextmanager
def parts() -> Iterator[Callable[[int, int, str], None]]:
    """A function that shows how far work in parts has come: `export.graphs.progress.Progress`, on a terminal."""
    with tqdm(disable=None, leave=False, bar_format="{desc}: {n_fmt} of {total_fmt}") as bar:

        def told(done: int, total: int, what: str) -> None:
            bar.n, bar.total = done, total
            bar.set_description_str(what)

        yield told


def say(sentence: str) -> None:
    """How a command ended, on the output, once however many processes there are."""
    if is_main():
        print(sentence)


def warn(sentence: str) -> None:
    """A warning on the error stream, once however many processes there are."""
    if is_main():
        print(f"Warning: {sentence}", file=sys.stderr)


def is_main() -> bool:
    """Whether this is the first of the processes that torchrun started, or the only one."""
    return os.environ.get("RANK", "0") == "0"
