"""`impasto gallery …`: the built-in styles of a model, and making them anew from a folder of paintings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.models.errors import BadInput

from .arguments import JsonOption, ModelOption

if TYPE_CHECKING:
    from impasto.export.runtime.model import Model

app = typer.Typer(help="The built-in styles: list them, or make them anew for a model.", no_args_is_help=True)


@app.command("list")
def list_styles(model: ModelOption = None, as_json: JsonOption = False) -> None:
    """Show a model's built-in styles."""
    from impasto.export.runtime.model import load_model

    from .console import print_json, print_table

    loaded = load_model(model)
    rows = [(name, e["title"], e["artist"], e["year"]) for name, e in loaded.gallery().items()]
    columns = ("style", "title", "artist", "year")
    if as_json:
        print_json({"model": loaded.name, "styles": [dict(zip(columns, row, strict=True)) for row in rows]})
    else:
        print_table(f"Built-in styles of {loaded.name}", columns, rows)


@app.command()
def build(
    paintings: Annotated[Path, typer.Argument(help="Folder with the paintings, each named like its style.")],
    study: Annotated[
        float | None,
        typer.Option(help="Study each painting for so many minutes, into NAME.style beside it; Ctrl-C: the next one."),
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Encode the paintings anew with a model's own P and paint the previews, in the model's folder.

    A NAME.style beside a painting, studied for this model, becomes part of the gallery.
    """
    from impasto.export.graphs.gallery import build_gallery, find_paintings, rebuild_gallery
    from impasto.export.runtime.model import load_model
    from impasto.export.runtime.styles import StyleEncoder

    from .console import out, print_json

    found = find_paintings(paintings)
    if study is not None and not study > 0:
        raise BadInput(f"--study must be above zero minutes, not {study:g}.")
    loaded = load_model(model)
    studied = studied_beside(found, loaded, study, quiet=as_json)
    gallery = build_gallery(StyleEncoder(loaded).encode, paintings)
    for name, style in studied.items():
        gallery[name]["studied"] = style
    rebuilt = rebuild_gallery(loaded, gallery)
    if as_json:
        styles = list(rebuilt.gallery())
        print_json({"model": rebuilt.name, "folder": str(rebuilt.folder), "styles": styles, "studied": list(studied)})
    else:
        count = len(rebuilt.gallery())
        summary = f"{rebuilt.folder}: {count} built-in styles with previews, {len(studied)} of them studied"
        out.print(summary, soft_wrap=True, highlight=False)


def studied_beside(paintings: Mapping[str, Path], model: Model, minutes: float | None, quiet: bool) -> dict:
    """Name → the `.style` file beside a painting. Raises BadInput for one that does not fit the model.

    Where `minutes` is given, those that are missing or do not fit are studied first: a long run can be broken off and
    taken up again.
    """
    from impasto.export.runtime.style_file import SUFFIX, read_style

    from .console import StudyBar, err

    found = {}
    for name, painting in paintings.items():
        file = painting.with_suffix(SUFFIX)
        try:
            found[name] = read_style(file, model)
            continue
        except BadInput:
            if minutes is None and file.exists():
                raise
        if minutes is None:
            continue
        from impasto.webapp.files.study import study_picture

        with StudyBar(quiet) as bar:
            found[name], learnt = study_picture(painting, file, model, seconds=60 * minutes, progress=bar.update)
        if not quiet:
            err.print(f"{file}: {len(learnt.losses)} steps", soft_wrap=True, highlight=False)
    return found
