"""The documented API: `paint_clip` and `paint_picture`, for `gradio_client` and anything else that speaks HTTP.

From outside: `add_api`, called inside the Blocks.
"""

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import gradio as gr
from gradio import FileData

from impasto.export.runtime.person import check_only
from impasto.models.errors import BadInput
from impasto.models.rules import STYLES_AT_ONCE
from impasto.webapp.files.brush_size import DEFAULT, parse_brush_size
from impasto.webapp.files.clips.span import Span

from .api_words import description
from .feedback import gradio_progress, show_errors
from .limits import moves
from .names import painted_name
from .painting import PaintOptions, Studio, StyleChoice
from .visitors.sessions import counted_for, session_of


def add_api(studio: Studio) -> None:
    """Add both endpoints to the Blocks being built. Gradio reads their parameters and defaults off them."""
    first = next(iter(studio.gallery))

    async def paint_clip(
        clip: FileData,
        request: gr.Request,
        styles: list[str] = [first],  # noqa: B006
        pictures: list[FileData] = [],  # noqa: B006
        weights: list[float] = [],  # noqa: B006
        strength: float = 1.0,
        keep_colors: bool = False,
        size: int = 0,
        stability: float = 1.0,
        brush: str = DEFAULT,
        start: float = 0.0,
        end: float = 0.0,
        only: str = "",
        background_styles: list[str] = [],  # noqa: B006
    ) -> tuple[FileData, dict]:
        with show_errors(studio.metrics):
            session = session_of(request)
            source = _file(studio, session, clip, "clip")
            options = _options(
                studio, session, styles, pictures, weights, strength, keep_colors, size, stability, brush
            )
            options = replace(options, span=_span(start, end), **_parts(only, background_styles))
            progress = gradio_progress(gr.Progress())
            summary = await studio.jobs.run(
                session,
                lambda folder, cancelled: studio.paint_clip(source, options, folder, cancelled, progress.update),
                progress,
                **counted_for(request),
            )
            name = painted_name(_called(clip, source), _titles(studio, options), ".mp4")
            painted = _given(Path(summary.pop("output")), "video/mp4", name)
            return painted, {k: v for k, v in summary.items() if k != "input"}

    async def paint_picture(
        picture: FileData,
        request: gr.Request,
        styles: list[str] = [first],  # noqa: B006
        pictures: list[FileData] = [],  # noqa: B006
        weights: list[float] = [],  # noqa: B006
        strength: float = 1.0,
        keep_colors: bool = False,
        size: int = 0,
        brush: str = DEFAULT,
        only: str = "",
        background_styles: list[str] = [],  # noqa: B006
    ) -> FileData:
        with show_errors(studio.metrics):
            session = session_of(request)
            source = _file(studio, session, picture, "picture")
            options = _options(studio, session, styles, pictures, weights, strength, keep_colors, size, 1.0, brush)
            options = replace(options, **_parts(only, background_styles))
            progress = gradio_progress(gr.Progress(), "frames" if moves(source) else "pictures")
            painted = await studio.jobs.run(
                session,
                lambda folder, cancelled: studio.paint_pictures([source], options, folder, cancelled, progress.update),
                progress,
                **counted_for(request),
            )
            name = painted_name(_called(picture, source), _titles(studio, options), painted[0].suffix)
            return _given(painted[0], None, name)

    for endpoint in (paint_clip, paint_picture):
        name = endpoint.__name__
        words = description(name, list(studio.gallery))
        gr.api(endpoint, api_name=name, api_description=words, concurrency_limit=None)


def _options(studio, session, styles, pictures, weights, strength, keep_colors, size, stability, brush) -> PaintOptions:
    """The options that an API call asks for. Raises BadInput in plain words for anything of the wrong kind."""
    if not isinstance(pictures, list):
        raise BadInput("pictures must be a list of uploaded files.")
    if not isinstance(styles, list) or not all(isinstance(name, str) for name in styles):
        raise BadInput("styles must be a list of names of built-in styles.")
    if not 1 <= len(styles) + len(pictures) <= STYLES_AT_ONCE:
        raise BadInput(f"Choose from one to {STYLES_AT_ONCE} styles.")
    own = [_file(studio, session, picture, "style picture") for picture in pictures]
    sources = [*styles, *own]
    titles = [*[""] * len(styles), *map(_called, pictures, own)]
    weights = weights or [1.0] * len(sources)
    if not isinstance(weights, list) or len(weights) != len(sources) or not all(map(_is_number, weights)):
        raise BadInput("weights must be a list of numbers: one for each style, then one for each picture.")
    if not all(map(_is_number, (strength, size, stability))):
        raise BadInput("strength, size and stability must be numbers.")
    if not isinstance(brush, (str, int)) or isinstance(brush, bool):
        raise BadInput("brush must be a word, or a number of pixels.")
    chosen = tuple(map(StyleChoice, sources, weights, titles))
    side = parse_brush_size(str(brush))
    return PaintOptions(chosen, float(strength), bool(keep_colors), size or None, float(stability), side)


def _parts(only: Any, background_styles: Any) -> dict[str, Any]:
    """What is painted where, as `PaintOptions` has it: all alike with "" and []."""
    if not (isinstance(background_styles, list) and all(isinstance(name, str) for name in background_styles)):
        raise BadInput("background_styles must be a list of names of built-in styles.")
    if len(background_styles) > STYLES_AT_ONCE:
        raise BadInput(f"Choose up to {STYLES_AT_ONCE} styles for the background.")
    return {"only": check_only(only or None), "background": tuple(map(StyleChoice, background_styles))}


def _titles(studio: Studio, options: PaintOptions) -> list[tuple[str, float]]:
    return studio.titles([*options.styles, *options.background])


def _span(start: Any, end: Any) -> Span:
    if not (_is_number(start) and _is_number(end)):
        raise BadInput("start and end must be numbers of seconds.")
    return Span(float(start), float(end) or None)


def _called(data: Any, path: Path) -> str:
    """What an uploaded file is called by whoever uploaded it."""
    name = data.get("orig_name") if isinstance(data, dict) else getattr(data, "orig_name", None)
    return name if isinstance(name, str) and name else path.name


def _file(studio: Studio, session: str, data: Any, word: str) -> Path:
    """The path of an uploaded file in an API call; `word` is what the sentence calls it. Raises BadInput."""
    path = data.get("path") if isinstance(data, dict) else getattr(data, "path", None)
    if not isinstance(path, str):
        raise BadInput(f"The {word} must be an uploaded file.")
    return studio.folders.uploaded(session, path)


def _given(path: Path, mime_type: str | None, name: str) -> FileData:
    """A painted file to give away, under the name that clients save it as: that of the file itself."""
    named = path.rename(path.with_name(name))
    return FileData(path=str(named), mime_type=mime_type, orig_name=name)


def _is_number(value: Any) -> bool:
    """Whether it is a finite number that a float can hold: JSON also has NaN, Infinity and 10^400."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False
