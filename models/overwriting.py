"""What is read is not written over: said before anything is written. No torch.

From outside: `check_overwriting` for a file, or a folder that is written into; `check_replacing` for a folder that is
replaced whole; `cannot_overwrite`, the error, for what has a URL.
"""

import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from .errors import BadInput


def check_overwriting(target: str | os.PathLike[str], read: Iterable[Any]) -> None:
    """Raise BadInput where `target` is one of those `read`, or a file in a folder that is, its sub-folders included.

    The same file is known by whatever name, through symbolic and hard links. What is no path, and what is not there, is
    passed over.
    """
    try:
        there = os.stat(target)
    except (OSError, ValueError):  # nothing is there, or nothing can be written there, which is said when it is tried
        return
    for source in _paths(read):
        if os.path.isdir(source) and not os.path.isdir(target):
            if any(_same(file, there) for file in source.rglob("*")):
                raise cannot_overwrite(target, f", in {source}")
        elif _same(source, there):
            raise cannot_overwrite(target, "" if str(source) == str(target) else f" ({source})")


def check_replacing(folder: str | os.PathLike[str], read: Iterable[Any]) -> None:
    """Raise BadInput where one of those `read`, files or folders, is `folder` itself or lies in it."""
    whole = Path(folder).resolve()
    for source in _paths(read):
        if os.path.exists(source) and source.resolve().is_relative_to(whole):
            raise BadInput(f"The output folder {folder} is replaced whole, and {source} in it is read; choose another.")


def cannot_overwrite(target: str | os.PathLike[str], where: str = "") -> BadInput:
    """The error for an output that is also read; `where`: in what, as it follows the output's name in the sentence."""
    return BadInput(f"The output {target} is also read{where}; choose another name.")


def _paths(read: Iterable[Any]) -> list[Path]:
    return [Path(each) for each in read if isinstance(each, str | os.PathLike)]


def _same(file: Path, there: os.stat_result) -> bool:
    with suppress(OSError):
        return os.path.samestat(file.stat(), there)
    return False
