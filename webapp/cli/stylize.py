"""`impasto stylize` and `impasto demo`: files painted."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from .arguments import DeviceOption, JsonOption, ModelOption, StyleOption, given_place, parse_style

if TYPE_CHECKING:
    from impasto.export.runtime.painter import Painter
    from impasto.export.runtime.person import PersonPainter
    from impasto.export.runtime.styles import Style

    Blend: TypeAlias = tuple[Sequence[Style], Sequence[float]]  # styles and their weights


def stylize_command(
    source: Annotated[
        str, typer.Argument(help="A clip, a GIF, a picture, or a folder of them.", parser=given_place, metavar="SOURCE")
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="Where to write; a folder when the input is one.", parser=given_place, metavar="PATH"
        ),
    ],
    style: StyleOption,
    size: Annotated[
        int | None,
        typer.Option(
            help="Short side of the painted frames in pixels; else the source's own, at most 720, pictures 1440.",
            min=16,
            max=4320,
        ),
    ] = None,
    strength: Annotated[float, typer.Option(help="0 leaves the clip as it is, 1 paints it fully.")] = 1.0,
    keep_colors: Annotated[
        bool, typer.Option("--keep-colors", help="Paint the light, keep the clip's colours.")
    ] = False,
    stability: Annotated[
        float, typer.Option(help="How much flicker is held back, 0 to 1; 0 paints every frame by itself.")
    ] = 1.0,
    brush: Annotated[
        str,
        typer.Option(
            help="Breadth of the strokes, whatever the size: broad, medium, fine, full (as fine as the size allows), "
            "or the short side in pixels that is painted.",
        ),
    ] = "medium",
    only: Annotated[
        str | None,
        typer.Option(metavar="person|background", help="Paint only the person, or everything but the person."),
    ] = None,
    background_style: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STYLE[:WEIGHT]", help="Paint everything but the person in another style; repeat to blend."
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Paint a clip from here on: seconds, or 1:15.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Paint a clip up to here.")] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Take the folder's sub-folders along.")] = False,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Paint on the Ray cluster there, or auto: docs/cluster.md (extra: ray)."),
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Paint a clip, a picture or a folder in the manner of one or more pictures."""
    from impasto.export.benchmark import peak_memory_mb
    from impasto.export.runtime.painter import Look, Painter
    from impasto.export.runtime.style_file import licence_notes
    from impasto.models.overwriting import check_overwriting
    from impasto.styles import read_styles
    from impasto.webapp.files.brush_size import parse_brush_size
    from impasto.webapp.files.clips.span import Span, parse_time
    from impasto.webapp.files.stylize import stylize_path

    from .cluster import on_ray
    from .console import ProgressBar, complain, print_outcome, report, report_failures

    side = parse_brush_size(brush)
    span = Span(parse_time(start or "0"), parse_time(end) if end is not None else None)
    painter = Painter(model, device, look=Look(strength, keep_colors, stability))
    front, back = ([parse_style(text) for text in given] for given in (style, background_style or []))
    read = [each for each, _ in (*front, *back)]
    check_overwriting(output, read)
    styles, background = read_styles(painter, front), read_styles(painter, back)
    whole = whole_painter(painter, styles, background, only)
    for note in licence_notes([*styles[0], *background[0]], painter.model):
        complain(f"Note: {note}")
    with ProgressBar(quiet=as_json) as progress:
        on_file = None if as_json else lambda outcome: print_outcome(outcome, progress)
        how = {"size": size, "span": span, "brush_size": side, "recursive": recursive, "also_read": read}
        how |= {"progress": progress.update, "on_file": on_file}
        if ray is None:
            summary = stylize_path(Path(source), Path(output), whole, **how)
        else:
            summary = on_ray(ray, source, output, whole, styles, background, **how)
    used = {"model": painter.model.name, "styles": style}
    used |= {"background_styles": background_style} if background_style else {}
    report({**summary, **used, "peak_memory_mb": peak_memory_mb()}, as_json)
    if summary.get("failed"):
        raise typer.Exit(report_failures(summary))


def whole_painter(painter: Painter, styles: Blend, background: Blend, only: str | None) -> Painter | PersonPainter:
    """The painter in its styles or, where people are painted apart, one of them and the background. Raises BadInput."""
    from impasto.export.runtime.painter import Painter
    from impasto.export.runtime.person import PersonPainter

    painter.use(*styles)
    if only is None and not background[0]:
        return painter
    rest = Painter(painter.model, painter.device, look=painter.look) if background[0] else None
    if rest is not None:
        rest.use(*background)
    return PersonPainter(painter, only, rest)


def demo_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("out/demo.mp4"),
    style: Annotated[str, typer.Option("--style", "-s", help="A built-in style or a picture.")] = "starry-night",
    model: ModelOption = None,
) -> None:
    """Paint the built-in clip with a built-in style."""
    from impasto.webapp.files.demo import demo_clip

    output.parent.mkdir(parents=True, exist_ok=True)
    stylize_command(str(demo_clip()), str(output), [style], size=360, model=model)
