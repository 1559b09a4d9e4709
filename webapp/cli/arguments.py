"""Options that several commands take, and what a `--style` argument means."""

import math
from pathlib import Path
from typing import Annotated

import typer

from impasto.models.errors import BadInput

StyleOption = Annotated[
    list[str],
    typer.Option(
        "--style",
        "-s",
        help="A picture, a .style file, or the name of a built-in style (`impasto gallery list`); :WEIGHT may follow. "
        "Repeat to blend.",
        metavar="STYLE[:WEIGHT]",
    ),
]
ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="A model's name or folder.")]
DeviceOption = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one machine-readable summary and nothing else.")]


def given_place(text: str) -> str:
    """A path or URL that was given; an empty one would be taken for the folder one is in."""
    if not text.strip():
        raise typer.BadParameter("it is empty; name a file or a folder.")
    return text


def given_path(text: str) -> Path:
    """The same for what can be a path only."""
    return Path(given_place(text))


def parse_style(text: str) -> tuple[str, float]:
    """ "STYLE[:WEIGHT]" → (style, weight); the weight is 1 where none is given. Colons in paths are allowed.

    Raises BadInput for a weight that is not a number of zero or more.
    """
    from impasto.styles import BUILT_IN

    if not text.strip() or Path(text).exists() or ":" not in text.removeprefix(BUILT_IN):
        return text, 1.0
    style, _, tail = text.rpartition(":")
    try:
        weight = float(tail)
    except ValueError as error:
        if "/" in tail or "\\" in tail:  # C:/pictures/a.jpg
            return text, 1.0
        raise BadInput(f"In --style {text}, {tail!r} is not a weight: write a number of zero or more.") from error
    if not (math.isfinite(weight) and weight >= 0):
        raise BadInput(f"In --style {text}, the weight must be a finite number of zero or more.")
    return style, weight
