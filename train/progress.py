"""What a person at a terminal sees while a stage gets ready, or a model is written.

From outside: `shown`, `parts`, `say`, `warn`.
"""

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def shown(parts: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """The same parts, with a bar while they are gone through: on a terminal, and of the main process alone."""
    return tqdm(parts, what, total, disable=None if is_main() else True, leave=False)


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
