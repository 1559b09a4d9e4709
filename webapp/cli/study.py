"""`impasto study`: a picture studied into a `.style` file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from impasto.models.errors import BadInput

from .arguments import JsonOption, ModelOption

if TYPE_CHECKING:
    from impasto.export.runtime.model import Model
    from impasto.export.runtime.study import Graphs


def study_command(
    picture: Annotated[Path, typer.Argument(help="The painting.", metavar="PICTURE")],
    output: Annotated[Path, typer.Option("--output", "-o", help="The .style file to write.")],
    minutes: Annotated[float | None, typer.Option(help="How long to study; 1 where nothing is said.")] = None,
    steps: Annotated[int | None, typer.Option(help="Study so many steps instead, the same result every time.")] = None,
    on: Annotated[
        Path | None, typer.Option(help="The clip (or picture, or folder of pictures) that is to be painted.")
    ] = None,
    brush_size: Annotated[
        str, typer.Option(metavar="coarse|fine|NUMBER", help="How coarse strokes are; 1 as in the picture.")
    ] = "1",
    closer: Annotated[
        float, typer.Option(help="What to stay closer to: 0 the painting, 1 the photograph.", min=0, max=1)
    ] = 0.5,
    preview: Annotated[
        Path | None, typer.Option(help="A picture that is painted anew every few seconds meanwhile.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Another number studies in another order.")] = 0,
    full: Annotated[
        bool, typer.Option("--full", help="With PyTorch (extra: train), on an NVIDIA card in large batches.")
    ] = False,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Study a picture: a minute, and strokes, shapes and colours come closer to it. Ctrl-C keeps the best so far."""
    from impasto.export.runtime.model import load_model
    from impasto.webapp.files.study import brush_size_of, study_picture

    from .console import StudyBar, print_json, report_study

    if minutes is not None and steps is not None:
        raise BadInput("Say how long to study with --minutes or with --steps, not with both.")
    if minutes is not None and not minutes > 0:
        raise BadInput(f"--minutes must be above zero, not {minutes:g}.")
    loaded = load_model(model)
    graphs = full_graphs_of(loaded) if full else None
    with StudyBar(quiet=as_json) as bar:
        style, found = study_picture(
            picture, output, loaded, seconds=None if minutes is None else 60 * minutes, steps=steps, on=on,
            brush_size=brush_size_of(brush_size), closer=closer, preview=preview, seed=seed, graphs=graphs,
            progress=bar.update, keep=True,
        )  # fmt: skip
    summary = {
        "output": str(output),
        "name": style.name,
        "model": style.model,
        "steps": len(found.losses),
        "bytes": output.stat().st_size,
        "losses": {"first": found.losses[0], "last": found.losses[-1]},
    }
    if as_json:
        print_json(summary)
    else:
        report_study(summary)


def full_graphs_of(model: Model) -> Graphs:
    """PyTorch's part in studying, on an NVIDIA card; without one it is said that the processor does it."""
    from impasto.train.study.full import full_graphs, own_device

    from .console import complain

    device = own_device()
    if device == "cpu":
        complain("PyTorch finds no NVIDIA card: it studies on the processor, which is slower than without --full.")
    return full_graphs(model, device)
