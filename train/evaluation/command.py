"""`impasto evaluate`. Heavy imports are inside the function, so that the command line starts without torch."""

from pathlib import Path
from typing import Annotated

import typer

STILL = 384  # px: side of pictures measured by themselves
MOST_CONTENTS = 5  # frames of scenes on the contact sheet, where no contents are given
STEADY = ", steady"  # after the name of a model whose last painting is carried along


def evaluate_command(
    models: Annotated[
        list[str],
        typer.Argument(
            help="Models' names or folders. The first is what the others are compared with: "
            "give the one that was not trained for stability first.",
            metavar="MODEL",
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for the report.")],
    sintel: Annotated[Path | None, typer.Option(help="MPI-Sintel: both passes' scenes, whole, with true flow.")] = None,
    sintel_width: Annotated[
        int | None, typer.Option(help="Width in pixels that MPI-Sintel is painted at; otherwise its own.", min=64)
    ] = None,
    clips: Annotated[Path | None, typer.Option(help="Folder of clips, evaluated with DIS flow.")] = None,
    styles: Annotated[Path | None, typer.Option(help="Folder of paintings; otherwise some made by code.")] = None,
    contents: Annotated[
        Path | None,
        typer.Option(help="Folder of pictures: measured by themselves at 384 px, and on the contact sheet."),
    ] = None,
    vgg: Annotated[Path | None, typer.Option(help="VGG-16 weights; otherwise torchvision's are downloaded.")] = None,
    paintings: Annotated[
        Path | None, typer.Option(help="Folder of paintings: also compare P's view of two crops of each.")
    ] = None,
    size: Annotated[int, typer.Option(help="Height in pixels of clips and of scenes made by code.", min=64)] = 288,
    frames: Annotated[int, typer.Option(help="Frames of each clip and of each scene made by code.", min=2)] = 24,
) -> None:
    """Measure models on scenes in many styles: tables, charts and a contact sheet.

    Without --sintel and --clips the scenes are made by code. A model with a step graph is measured twice, frame by
    frame and steady.
    """
    from impasto.models.overwriting import check_overwriting
    from impasto.train.evaluation import evaluate, report, sheets
    from impasto.train.vgg import load

    for file in (*(output / name for name in report.FILES), *output.glob("contact_sheet*.png")):
        check_overwriting(file, [sintel, clips, styles, contents, paintings])
    painters = load_painters(models)
    sources = _sources(sintel, sintel_width, clips, size, frames)
    chosen = evaluate.read_pictures(styles) if styles else None
    stills = evaluate.read_pictures(contents) if contents else {}
    output.mkdir(parents=True, exist_ok=True)  # before the hours that it may take
    vgg16 = load(vgg)
    prepared = evaluate.prepare_styles(vgg16, chosen)
    alone = {name: name.removesuffix(STEADY) for name, painter in painters.items() if painter.look.stability > 0}
    single = {name: painter for name, painter in painters.items() if name not in alone}
    crops = {name: _crop_consistency(p.model, paintings, name) for name, p in single.items()} if paintings else None
    known, rows, shown = _measure(sources, stills, painters, alone, prepared, vgg16)
    pictures = {name: [picture] for name, picture in stills.items()} or shown
    described = [describe(name, painter, alone.get(name)) for name, painter in painters.items()]
    result = report.build(described, prepared, known, rows)
    result["made_up_styles"] = styles is None
    result["flat"] = evaluate.flat_frames(single, prepared)
    if crops:
        result["predictor"] = crops
    report.write(result, output)
    # Pictures by themselves are painted alike by both.
    sheets.write_sheets(output, single if contents else painters, prepared, pictures, size, report.notes(result))
    _print_tables(result, bool(alone))
    print(f"{output}: {', '.join(report.FILES)}, contact_sheet.png")


def _measure(sources, stills: dict, painters: dict, alone: dict[str, str], prepared, vgg16) -> tuple[list, list, dict]:
    """What is known of each scene, what was measured, and the frames of some scenes, by their names."""
    from tqdm import tqdm

    from impasto.train.evaluation import evaluate, scenes, sheets

    known, rows, shown = [], [], {}
    single = {name: painter for name, painter in painters.items() if name not in alone}
    count = sum(s.count for s in sources) * len(painters) + len(stills) * len(single)
    with tqdm(total=count * len(prepared), unit="clip", disable=None) as bar:
        for scene in scenes.picture_scenes(stills, STILL).scenes:  # nothing moves: steady painters paint alike
            facts, found = evaluate.measure_scene(scene, single, prepared, vgg16, bar.update)
            known.append(facts)
            rows += found
        for scene in (scene for source in sources for scene in source.scenes):
            bar.set_description(scene.name)
            facts, found = evaluate.measure_scene(scene, painters, prepared, vgg16, bar.update, alone)
            known.append(facts)
            rows += found
            if not stills and len(shown) < MOST_CONTENTS:
                shown[scene.name] = sheets.run_up(scene)
    return known, rows, shown


def _print_tables(result: dict, steady: bool) -> None:
    from impasto.train.evaluation import report

    for source in dict.fromkeys(row["source"] for row in result["rows"]):
        print(f"{report.SOURCES[source]}:\n\n{report.PICTURE_TEXT}\n\n{report.picture_table(result, source)}\n")
        if source == "pictures":
            continue
        print(f"{report.model_table(result, source)}\n")
        if steady:
            print(f"{report.STEADY_TEXT}\n\n{report.steady_table(result, source)}\n")
    print(f"{report.FLAT_TEXT}\n\n{report.flat_table(result)}\n")


def load_painters(models: list[str]) -> dict:
    """Painters by the models' own names, or as they were asked for where two have the same name.

    Each paints frame by frame, and after it comes a steady one, by the name with `STEADY`, if the model has a step
    graph. BadInput: a model that there is not, or the same one twice.
    """
    from impasto.export.runtime.painter import Look, Painter
    from impasto.models.errors import BadInput

    loaded = [Painter(model, look=Look(stability=0)) for model in models]
    own = [painter.model.name for painter in loaded]
    names = own if len(set(own)) == len(own) else models
    if len(set(names)) < len(names):
        raise BadInput("The same model is named twice; name each once.")
    painters = {}
    for name, painter in zip(names, loaded, strict=True):
        painters[name] = painter
        if painter.model.state:
            painters[name + STEADY] = Painter(painter.model, look=Look(stability=1))
    return painters


def describe(name: str, painter, alone: str | None) -> dict:
    """What the report says of a painter; `alone` names the same model's painter frame by frame if this is a steady one.

    A model is temporally trained if its recipe's `stage` is one that trains on more than one frame.
    """
    model = painter.model
    temporal = model.recipe.get("stage") in ("video", "steady", "steady_style")
    approach = "3: stabilized" if alone else "2: temporally trained" if temporal else "1: frame by frame"
    return {
        "name": name,
        "approach": approach,
        "alone": alone,
        "style_size": model.style_size,
        "recipe": model.recipe,
    }


def _sources(sintel: Path | None, sintel_width: int | None, clips: Path | None, size: int, frames: int) -> list:
    from impasto.models.errors import BadInput
    from impasto.train.evaluation import scenes

    if sintel_width and not sintel:
        raise BadInput("--sintel-width says how wide MPI-Sintel is painted: name the data set with --sintel.")
    sources = scenes.sintel_scenes(sintel, sintel_width) if sintel else []
    if clips:
        sources.append(scenes.clip_scenes(clips, size, frames))
    return sources or [scenes.made_up_scenes(size, frames)]


def _crop_consistency(model, paintings: Path, name: str) -> dict:
    from tqdm import tqdm

    from impasto.train.evaluation import consistency

    with tqdm(total=len(consistency.chosen(paintings)), desc=name, unit="painting", disable=None) as bar:
        return consistency.predictor_consistency(model, paintings, tick=bar.update)
