"""What a person at a terminal sees while a stage gets ready. From outside: `shown`, `warn`."""

import os
import sys
from collections.abc import Iterable
from typing import TypeVar

from tqdm import tqdm

T = TypeVar("T")


def shown(parts: Iterable[T], what: str, total: int | None = None) -> Iterable[T]:
    """The same parts, with a bar while they are gone through: on a terminal, and of the main process alone."""
    return tqdm(parts, what, total, disable=None if is_main() else True, leave=False)


def warn(sentence: str) -> None:
    """A warning on the error stream, once however many processes there are."""
    if is_main():
        print(f"Warning: {sentence}", file=sys.stderr)


def is_main() -> bool:
    """Whether this is the first of the processes that torchrun started, or the only one."""
    return os.environ.get("RANK", "0") == "0"
