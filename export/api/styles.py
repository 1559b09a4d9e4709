"""Which style is meant: a picture, a built-in style's name, or a blend of several.

From outside: `Source`, `Style`, `read_styles`, `parts_of`.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np

from impasto.export.runtime.painter import Painter
from impasto.export.runtime.pictures import read_style_picture, require_no_address
from impasto.export.runtime.style_file import StyleFile, built_in, is_style_file, read_style
from impasto.export.runtime.styles import Style as StyleLike
from impasto.models.errors import BadInput
from impasto.models.number import is_number

Source: TypeAlias = str | os.PathLike[str] | np.ndarray | StyleFile
# Keys are names, paths and studied styles; a Mapping that said so would take no dict[str, float], whose keys are str.
Style: TypeAlias = Source | Mapping[Any, float]

PIL_HINT = ': np.asarray(image.convert("RGB")) makes pixels of it'
BUILT_IN = "name:"  # before a built-in style's name, where a file might have the same one


def parts_of(style: Style) -> list[tuple[Source, float]]:
    """A style as (source, weight) pairs: one of weight 1, or those of a mapping. Raises BadInput for other types."""
    if isinstance(style, Mapping):
        return [(_checked(source), _weight(source, weight)) for source, weight in style.items()]
    return [(_checked(style), 1.0)]


def read_styles(painter: Painter, parts: Sequence[tuple[Source, float]]) -> tuple[list[StyleLike], list[float]]:
    """Styles of (source, weight) pairs, and their weights: what the runtime's `use` takes. A style is S, float32 [D],
    or what a `.style` file holds.

    A source is a picture's pixels, a file (a picture or a `.style` file), what `impasto.study` returns, or the name of
    a built-in style with or without `name:` before it; where a file has the name of a built-in style, the file is
    meant. Raises BadInput for a file that is missing or neither, and for a name the model does not have.
    """
    gallery: dict[str, dict] = {}
    if any(_name(source) is not None for source, _ in parts):
        gallery = painter.model.gallery()
    return [_read(painter, gallery, source) for source, _ in parts], [weight for _, weight in parts]


def _read(painter: Painter, gallery: Mapping[str, dict], source: Source) -> StyleLike:
    if isinstance(source, StyleFile):
        return source
    name = _name(source)
    if name is None:
        if is_style_file(source):
            return read_style(source, painter.model)  # type: ignore[arg-type]
        return painter.encode(read_style_picture(source))
    if name in gallery:
        return built_in(painter.model, gallery[name])
    if not name.strip():
        raise BadInput("A style is empty: name a picture or a built-in style.")
    require_no_address(name)
    if not str(source).startswith(BUILT_IN) and _looks_like_a_file(name):
        raise BadInput(f"There is no file {source}; check the name and the folder.")
    raise BadInput(_unknown(painter.model.name, name, list(gallery)))


def _name(source: Source) -> str | None:
    """The built-in style's name that a source may be; None for pixels and for files."""
    if not isinstance(source, str) or os.path.exists(source):
        return None
    return source.removeprefix(BUILT_IN)


def _looks_like_a_file(text: str) -> bool:
    """Names of styles have no ending."""
    return bool(Path(text).suffix) or any(separator in text for separator in "/\\")


def _unknown(model: str, name: str, names: list[str]) -> str:
    nearest = difflib.get_close_matches(name, names, n=1)
    hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
    return f"The model {model} has no built-in style {name!r}{hint}: it has {', '.join(names) or 'none'}."


def _checked(source: object) -> Source:
    if isinstance(source, (str, os.PathLike, np.ndarray, StyleFile)):
        return source
    raise BadInput(
        "A style is a built-in style's name, the path of a picture or a .style file, pixels (uint8 RGB), or a mapping "
        f"of names and paths to weights, not {type(source).__name__}{PIL_HINT if is_pil(source) else ''}."
    )


def is_pil(given: object) -> bool:
    """Whether this is a picture of Pillow's, which need not be loaded to know."""
    return type(given).__module__.partition(".")[0] == "PIL"


def _weight(source: object, weight: object) -> float:
    if not is_number(weight):
        raise BadInput(f"The weight of style {source} must be a number of zero or more, not {weight!r}.")
    return float(weight)
