"""Whether a painted file can be written where it is to go: checked before the work starts.

From outside: `check_target`.
"""

import os
from pathlib import Path

from impasto.models.atomic import place_of, refusal
from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting


def check_target(source: Path, target: Path, suffixes: frozenset[str]) -> None:
    """Raise BadInput unless `target` can become a file made from `source`, named with one of `suffixes`."""
    try:
        is_folder = target.is_dir()
    except OSError as error:  # a name too long, for one
        raise refusal(error, target) or error from error
    if is_folder:
        raise BadInput(f"The output {target} is a folder; name a file in it.")
    if target.suffix.lower() not in suffixes:
        names = ", ".join(sorted(suffixes))
        raise BadInput(f"The output {target} of {source} must end in one of {names}.")
    place_of(target)
    if target.parent.is_file():
        raise BadInput(f"{target.parent} is a file, so {target.name} cannot be written into it; name a folder.")
    if not target.parent.is_dir():
        raise BadInput(f"The output folder {target.parent} does not exist; create it first.")
    check_overwriting(target, [source])
    if not os.access(target.parent, os.W_OK):
        raise BadInput(f"The folder {target.parent} cannot be written to; choose another output folder.")
