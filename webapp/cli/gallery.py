"""`impasto gallery …`: the built-in styles of a model, and making them anew from a folder of paintings."""

from pathlib import Path
from typing import Annotated

import typer

from .arguments import JsonOption, ModelOption

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
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Encode the paintings anew with a model's own P and paint the previews, in the model's folder."""
    from impasto.export.graphs.gallery import build_gallery, find_paintings, rebuild_gallery
    from impasto.export.runtime.model import load_model
    from impasto.export.runtime.styles import StyleEncoder
    from impasto.webapp.files.demo import demo_frame

    from .console import out, print_json

    find_paintings(paintings)
    loaded, frame = load_model(model), demo_frame()
    rebuilt = rebuild_gallery(loaded, build_gallery(StyleEncoder(loaded).encode, paintings), frame)
    if as_json:
        print_json({"model": rebuilt.name, "folder": str(rebuilt.folder), "styles": list(rebuilt.gallery())})
    else:
        summary = f"{rebuilt.folder}: {len(rebuilt.gallery())} built-in styles with previews"
        out.print(summary, soft_wrap=True, highlight=False)
