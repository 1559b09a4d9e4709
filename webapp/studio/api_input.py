"""What an API call asks for, checked: whatever is of the wrong kind gets a sentence.

From outside: `paint_options`, `span_of`, `uploaded`, `called`.
"""

from pathlib import Path
from typing import Any

from impasto.export.runtime.description import number
from impasto.export.runtime.person import check_only
from impasto.models.errors import BadInput
from impasto.models.rules import STYLES_AT_ONCE
from impasto.webapp.files.brush_size import parse_brush_size
from impasto.webapp.files.clips.span import Span

from .painting import PaintOptions, Studio, StyleChoice


def paint_options(
    studio: Studio,
    session: str,
    *,
    styles: Any,
    pictures: Any,
    weights: Any,
    strength: Any,
    keep_colors: Any,
    size: Any,
    brush: Any,
    only: Any,
    background_styles: Any,
    stability: Any = 1.0,
) -> PaintOptions:
    """The options of a call, all but the part of a clip; the words for each are in `api_words`. Raises BadInput."""
    chosen = _style_choices(studio, session, styles, pictures, weights)
    if not all(map(number, (strength, size, stability))):
        raise BadInput("strength, size and stability must be numbers.")
    if not isinstance(brush, (str, int)) or isinstance(brush, bool):
        raise BadInput("brush must be a word, or a number of pixels.")
    if not _are_names(background_styles):
        raise BadInput("background_styles must be a list of names of built-in styles.")
    if len(background_styles) > STYLES_AT_ONCE:
        raise BadInput(f"Choose up to {STYLES_AT_ONCE} styles for the background.")
    return PaintOptions(
        chosen, float(strength), bool(keep_colors), size or None, float(stability), parse_brush_size(str(brush)),
        only=check_only(only or None), background=tuple(map(StyleChoice, background_styles)),
    )  # fmt: skip


def _style_choices(studio: Studio, session: str, styles: Any, pictures: Any, weights: Any) -> tuple[StyleChoice, ...]:
    """Built-in styles by name and uploaded pictures, weighed alike where no weights are given."""
    if not isinstance(pictures, list):
        raise BadInput("pictures must be a list of uploaded files.")
    if not _are_names(styles):
        raise BadInput("styles must be a list of names of built-in styles.")
    if not 1 <= len(styles) + len(pictures) <= STYLES_AT_ONCE:
        raise BadInput(f"Choose from one to {STYLES_AT_ONCE} styles.")
    own = [uploaded(studio, session, picture, "style picture") for picture in pictures]
    sources = [*styles, *own]
    titles = [*[""] * len(styles), *map(called, pictures, own)]
    weights = weights or [1.0] * len(sources)
    if not isinstance(weights, list) or len(weights) != len(sources) or not all(map(number, weights)):
        raise BadInput("weights must be a list of numbers: one for each style, then one for each picture.")
    return tuple(map(StyleChoice, sources, weights, titles))


def span_of(start: Any, end: Any) -> Span:
    """The part of a clip from `start` to `end`, seconds; 0 is its own end. Raises BadInput."""
    if not (number(start) and number(end)):
        raise BadInput("start and end must be numbers of seconds.")
    return Span(float(start), float(end) or None)


def called(data: Any, path: Path) -> str:
    """What an uploaded file is called by whoever uploaded it."""
    name = data.get("orig_name") if isinstance(data, dict) else getattr(data, "orig_name", None)
    return name if isinstance(name, str) and name else path.name


def uploaded(studio: Studio, session: str, data: Any, word: str) -> Path:
    """The path of an uploaded file in an API call; `word` is what the sentence calls it. Raises BadInput."""
    path = data.get("path") if isinstance(data, dict) else getattr(data, "path", None)
    if not isinstance(path, str):
        raise BadInput(f"The {word} must be an uploaded file.")
    return studio.folders.uploaded(session, path)


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(name, str) for name in value)
