"""`impasto gallery …`: the built-in styles of a model, and making them anew from a folder of paintings."""

from pathlib import Path
from typing import Annotated

import av
import cv2
import numpy as np
import typer

from .arguments import demo_clip

app = typer.Typer(help="The built-in styles: list them, or make them anew for a model.", no_args_is_help=True)

DEMO_FRAME = 40  # the clip's hero, out of his burrow, ready to embrace the day
DEMO_SIZE = (384, 288)

ModelOption = Annotated[str | None, typer.Option("--model", "-m", help="A model's name or folder.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one machine-readable summary and nothing else.")]


def demo_frame() -> np.ndarray:
    """The frame of the built-in clip that previews are painted on: RGB uint8, its centre at 4:3.

    Raises BadInput where the clip is not installed.
    """
    with av.open(str(demo_clip())) as clip:
        frame = next(f for i, f in enumerate(clip.decode(video=0)) if i == DEMO_FRAME).to_ndarray(format="rgb24")
    height, width = frame.shape[:2]
    wide = height * 4 // 3
    left = (width - wide) // 2
    return cv2.resize(frame[:, left : left + wide], DEMO_SIZE, interpolation=cv2.INTER_AREA)


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
        print_table(f"Built-in styles of {loaded.name}", columns, [(f"name:{name}", *rest) for name, *rest in rows])


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

    from .console import out, print_json

    find_paintings(paintings)
    loaded, frame = load_model(model), demo_frame()
    rebuilt = rebuild_gallery(loaded, build_gallery(StyleEncoder(loaded).encode, paintings), frame)
    if as_json:
        print_json({"model": rebuilt.name, "folder": str(rebuilt.folder), "styles": list(rebuilt.gallery())})
    else:
        summary = f"{rebuilt.folder}: {len(rebuilt.gallery())} built-in styles with previews"
        out.print(summary, soft_wrap=True, highlight=False)
