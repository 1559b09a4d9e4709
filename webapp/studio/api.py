"""The documented API: `paint_clip` and `paint_picture`, for `gradio_client` and anything else that speaks HTTP.

From outside: `add_api`, called inside the Blocks.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import gradio as gr
from gradio import FileData

from impasto.webapp.files.brush_size import DEFAULT

from .api_input import called, paint_options, span_of, uploaded
from .api_words import description
from .feedback import gradio_progress, show_errors
from .limits import moves
from .names import painted_name
from .painting import PaintOptions, Studio
from .visitors.sessions import counted_for, session_of


def add_api(studio: Studio) -> None:
    """Add both endpoints to the Blocks being built. Gradio reads their parameters and defaults off them."""
    for endpoint in (_clip_endpoint(studio), _picture_endpoint(studio)):
        name = endpoint.__name__
        words = description(name, list(studio.gallery))
        gr.api(endpoint, api_name=name, api_description=words, concurrency_limit=None)


def _clip_endpoint(studio: Studio) -> Callable:
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
            source = uploaded(studio, session, clip, "clip")
            options = paint_options(
                studio, session, styles=styles, pictures=pictures, weights=weights, strength=strength,
                keep_colors=keep_colors, size=size, stability=stability, brush=brush, only=only,
                background_styles=background_styles,
            )  # fmt: skip
            options = replace(options, span=span_of(start, end))
            progress = gradio_progress(gr.Progress())
            summary = await studio.jobs.run(
                session,
                lambda folder, cancelled: studio.paint_clip(source, options, folder, cancelled, progress.update),
                progress,
                **counted_for(request),
            )
            name = painted_name(called(clip, source), _titles(studio, options), ".mp4")
            painted = _given(Path(summary.pop("output")), "video/mp4", name)
            return painted, {k: v for k, v in summary.items() if k != "input"}

    return paint_clip


def _picture_endpoint(studio: Studio) -> Callable:
    first = next(iter(studio.gallery))

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
            source = uploaded(studio, session, picture, "picture")
            options = paint_options(
                studio, session, styles=styles, pictures=pictures, weights=weights, strength=strength,
                keep_colors=keep_colors, size=size, brush=brush, only=only, background_styles=background_styles,
            )  # fmt: skip
            progress = gradio_progress(gr.Progress(), "frames" if moves(source) else "pictures")
            painted = await studio.jobs.run(
                session,
                lambda folder, cancelled: studio.paint_pictures([source], options, folder, cancelled, progress.update),
                progress,
                **counted_for(request),
            )
            name = painted_name(called(picture, source), _titles(studio, options), painted[0].suffix)
            return _given(painted[0], None, name)

    return paint_picture


def _titles(studio: Studio, options: PaintOptions) -> list[tuple[str, float]]:
    return studio.titles([*options.styles, *options.background])


def _given(path: Path, mime_type: str | None, name: str) -> FileData:
    """A painted file to give away, under the name that clients save it as: that of the file itself."""
    named = path.rename(path.with_name(name))
    return FileData(path=str(named), mime_type=mime_type, orig_name=name)
