"""`impasto gallery …`: the built-in styles of a model, and making them anew from a folder of paintings."""

from __future__ import annotations

import math
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Annotated, Any

import typer

from impasto.models.errors import BadInput
from impasto.models.overwriting import check_replacing

from .arguments import JsonOption, ModelOption

if TYPE_CHECKING:
    from impasto.export.runtime.model import Model
    from impasto.export.runtime.style_file import StyleFile

AT_ONCE = 8  # paintings studied at once; each takes half a gigabyte

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
    paintings: Annotated[
        Path, typer.Argument(help="Folder with the paintings, each named like its style.", metavar="PAINTINGS")
    ],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Write another model with this gallery, the folder to write.")
    ] = None,
    study: Annotated[
        float | None, typer.Option(help="Study each painting for so many minutes, into NAME.style beside it.")
    ] = None,
    steps: Annotated[
        int | None, typer.Option(help="Study each for so many steps instead, the same result every time.")
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a folder of paintings the built-in styles of a model: its own (-m), or of a new one beside it (-o).

    Titles, artists and years come from paintings.json in that folder, where there is one (docs/command-line.md). A
    NAME.style beside a painting, studied for this model, becomes part of the gallery. Paintings are studied side by
    side, one on each core; Ctrl-C ends it, and the same command goes on with those that are missing.
    """
    from impasto.export.graphs.gallery import build_gallery, rebuild_gallery
    from impasto.export.graphs.paintings import about, find_paintings
    from impasto.export.runtime.model import check_model_folder, load_model
    from impasto.export.runtime.styles import StyleEncoder

    from .console import PartsBar, complain, counted, print_json, say

    found = find_paintings(paintings)
    entries = about(paintings)
    if output is None and model is None:
        raise BadInput("Say where: -o FOLDER writes a new model with these styles, -m MODEL gives that model these.")
    limit = limit_of(study, steps)
    loaded = load_model(model)
    if output is not None:
        check_model_folder(output)
    check_replacing(output or loaded.folder, [paintings])
    gone = [] if output is not None else [name for name in loaded.gallery() if name not in found]
    studied = studied_beside(found, entries, loaded, limit, quiet=as_json)
    with PartsBar(quiet=as_json) as bar:
        gallery = build_gallery(StyleEncoder(loaded).encode, paintings, bar.update)
        for name, style in studied.items():
            gallery[name]["studied"] = style
        rebuilt = rebuild_gallery(loaded, gallery, output, bar.update)
    if as_json:
        styles = list(rebuilt.gallery())
        print_json({"model": rebuilt.name, "folder": str(rebuilt.folder), "styles": styles, "studied": list(studied)})
    else:
        count = counted(len(rebuilt.gallery()), "built-in style")
        say(f"{rebuilt.folder}: {count} with previews, {len(studied)} of them studied")
        if gone:
            complain(f"Note: {loaded.name} had {', '.join(gone)} before, which are not in {paintings}.")


def limit_of(minutes: float | None, steps: int | None) -> dict[str, Any]:
    """How long each painting is studied, as `study_picture` takes it; empty where nothing is said. Raises BadInput."""
    if minutes is not None and steps is not None:
        raise BadInput("Say how long to study with --study or with --steps, not with both.")
    if minutes is not None and not 0 < minutes < math.inf:
        raise BadInput(f"--study must be above zero minutes, not {minutes:g}.")
    if steps is not None and steps < 1:
        raise BadInput(f"--steps must be one or more, not {steps}.")
    if minutes is not None:
        return {"seconds": 60 * minutes}
    return {} if steps is None else {"steps": steps}


def studied_beside(
    paintings: Mapping[str, Path], entries: Mapping[str, dict], model: Model, limit: Mapping, quiet: bool
) -> dict[str, StyleFile]:
    """Name → the `.style` file beside a painting. Raises BadInput for one that does not fit the model.

    entries: what `export.graphs.paintings.about` says of them. Where a `limit` is given ("seconds" or "steps"), those
    that are missing or do not fit are studied first.
    """
    from impasto.export.runtime.style_file import SUFFIX, read_style

    found, missing = {}, {}
    for name, painting in paintings.items():
        file = painting.with_suffix(SUFFIX)
        try:
            found[name] = read_style(file, model)
        except BadInput:
            if not limit and file.exists():
                raise
            missing[name] = painting
    if limit and missing:
        found |= study_all(missing, entries, model, limit, quiet)
    return {name: found[name] for name in paintings if name in found}


def study_all(
    paintings: Mapping[str, Path], entries: Mapping[str, dict], model: Model, limit: Mapping, quiet: bool
) -> dict[str, StyleFile]:
    """Study paintings, each with one thread, as many at once as there are cores, into the files beside them.

    Two at once make half as many steps again as one after the other on both cores. When interrupted, what is finished
    is there, and nothing of the others.
    """
    from impasto.export.runtime.sessions.session import cores
    from impasto.export.runtime.style_file import SUFFIX
    from impasto.webapp.files.study import study_picture

    from .console import StudyBar, complain, counted

    shares, stopped = dict.fromkeys(paintings, 0.0), Event()

    def study_one(name: str) -> StyleFile:
        def progress(now) -> None:
            if stopped.is_set():
                raise Stopped
            shares[name] = now.share
            done = sum(share == 1 for share in shares.values())
            bar.tell(sum(shares.values()) / len(shares), f"{done} of {len(shares)} paintings")

        file, entry = paintings[name].with_suffix(SUFFIX), entries[name]
        own = {"closer": entry["closer"]} if "closer" in entry else {}
        style, learnt = study_picture(
            paintings[name], file, model, threads=1, name=entry["title"], progress=progress, keep=True, **limit, **own
        )
        shares[name] = 1.0
        if not quiet:
            complain(f"{file}: {counted(len(learnt.losses), 'step')}")
        return style

    with StudyBar(quiet) as bar, ThreadPoolExecutor(min(AT_ONCE, cores())) as pool:
        work = {name: pool.submit(study_one, name) for name in paintings}
        try:
            return {name: each.result() for name, each in work.items()}
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


class Stopped(Exception):
    """Another painting's studying failed, or the user interrupted."""
