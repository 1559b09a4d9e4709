"""What evaluation writes: `report.json` with everything, `report.md` to read, and `charts`. Contact sheets: `sheets`.

e_stab never stands alone here: every table and chart that shows it shows the style error and the input's own too.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from impasto.models.atomic import write_text, written_aside

from .charts import CHARTS, styles_in_words
from .evaluate import FIGURES, PICTURE_FIGURES, THIRDS, ReferenceStyle, averages

# e_stab on MPI-Sintel as Gao et al. 2018 (ReCoNet, arXiv 1807.01197) give it, with their frames a second.
PUBLISHED_SCENES = ("alley_2", "ambush_5", "bandage_2", "market_6", "temple_2")
PUBLISHED = {
    "Chen et al. 2017": {"e_stab": (0.0934, 0.1352, 0.0715, 0.1030, 0.1094), "paints": "one network per style"},
    "ReCoNet, Gao et al. 2018": {"e_stab": (0.0846, 0.0819, 0.0662, 0.0862, 0.0831), "paints": "one network per style"},
    "Huang et al. 2017": {"e_stab": (0.0439, 0.0675, 0.0304, 0.0553, 0.0513), "paints": "one network per style"},
    "Ruder et al. 2016": {"e_stab": (0.0252, 0.0512, 0.0195, 0.0407, 0.0361), "paints": "optimises every clip anew"},
}
SOURCES = {
    "sintel final": "MPI-Sintel, final pass, true flow",
    "sintel clean": "MPI-Sintel, clean pass, true flow",
    "clips": "Clips, DIS flow",
    "made up": "Scenes made by code, exact flow",
    "pictures": "Pictures, by themselves",
}
FILES = ("report.json", "report.md", *(f"{name}.png" for name in CHARTS))  # that `write` writes
PASSES = {"sintel final": "final pass", "sintel clean": "clean pass"}
# Figure → its heading in tables, and decimals.
HEADINGS = {
    "texture": ("texture", 3),
    "energy": ("energy", 2),
    "contrast": ("contrast", 2),
    "colour": ("colour", 1),
    "ssim": ("ssim", 3),
    "cfsd": ("cfsd", 1),
    "style_error": ("style error", 3),
    "content_error": ("content error", 2),
    "output_temporal": ("output temporal", 4),
    "variation": ("variation", 4),
    "e_stab": ("e_stab", 4),
    "e_stab_input": ("input's e_stab", 4),
    "e_stab_ratio": ("ratio", 2),
    "flicker": ("flicker", 3),
    "e_stab_lag8": ("lag 8", 4),
    "e_stab_lag8_input": ("input's lag 8", 4),
    "e_stab_lag8_ratio": ("lag 8 ratio", 2),
    "flicker_lag8": ("lag 8 flicker", 3),
    "sharpness": ("sharpness", 1),
    "sharpness_input": ("input's sharpness", 1),
    "style_error_relative": ("relative style error", 3),
    "content_error_relative": ("relative content error", 3),
    "sharpness_relative": ("relative sharpness", 3),
    "ghosting": ("ghosting", 2),
}


def columns_of(*figures: str) -> tuple[tuple[str, str, int], ...]:
    """Columns of a table: figure, heading, decimals."""
    return tuple((figure, *HEADINGS[figure]) for figure in figures)


PICTURE_COLUMNS = columns_of(*PICTURE_FIGURES)
COLUMNS = columns_of(
    *("style_error", "content_error", "output_temporal", "variation"),
    *("e_stab", "e_stab_input", "e_stab_ratio", "flicker"),
    *("e_stab_lag8", "e_stab_lag8_input", "e_stab_lag8_ratio", "flicker_lag8"),
    *("sharpness", "sharpness_input"),
)
STEADY_COLUMNS = columns_of(
    *("style_error", "style_error_relative", "content_error_relative", "sharpness_relative"),
    *("e_stab_ratio", "e_stab_lag8_ratio", "ghosting"),
)
PICTURE_TEXT = (
    "What a person sees in one picture. Texture and colour, from the painting's, and cfsd, from the frame's: 0 is "
    "best. Energy and contrast, relative to the painting's: 1 is right, less is flat. Ssim, to the frame: 1 is best."
)
FLAT_TEXT = (
    "A plain grey frame has to be painted evenly: levels of 255 between the largest and the smallest value of a "
    "channel, 0 is best, and more than 2 can be seen as a weave in plain skies."
)
MOST_LEVELS = 2
STEADY_TEXT = (
    "Steady, relative to the same model frame by frame. The ratios are those of e_stab, of neighbours and of frames 8 "
    "apart, to the unpainted input's own. Ghosting is measured where a frame shows what was hidden in the one before: "
    "0 where the new frame wins outright, about 1 where the old painting is left standing."
)


def build(
    models: Sequence[dict], styles: Sequence[ReferenceStyle], scenes: Sequence[dict], rows: Sequence[dict]
) -> dict:
    """Everything `report.json` holds, as plain data.

    models: {"name", "approach", …} each, the first one being what the others are compared with, and "alone", the name
    of the same model frame by frame, where one is steady; scenes and rows as `evaluate.measure_scene` returns them.
    """
    return {
        "figures": FIGURES,
        "models": list(models),
        "styles": [{"name": s.name, "gram_trace": s.trace, "third": s.third} for s in styles],
        "scenes": list(scenes),
        "by_model": averages(rows, "source", "model"),
        "by_third": averages([row for row in rows if row["third"]], "source", "third", "model"),
        "by_scene": averages(rows, "source", "scene", "model"),
        "by_style": averages(rows, "source", "style", "model"),
        "published": {"what": "e_stab, from the papers, not measured here", "scenes": PUBLISHED_SCENES, **PUBLISHED},
        "rows": list(rows),
    }


def write(result: dict, folder: Path) -> None:
    """report.json, report.md and three charts into a folder, made if need be. NaN becomes null."""
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_without_nan(result), indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / "report.json", text + "\n")
    write_text(folder / "report.md", markdown(result))
    for name, chart in CHARTS.items():
        with written_aside(folder / f"{name}.png") as aside:
            chart(result).savefig(aside, dpi=130)


def markdown(result: dict) -> str:
    """The report as Markdown."""
    names, count = [m["name"] for m in result["models"]], len(result["styles"])
    parts = ["# Evaluation", _introduction(result)]
    for source in dict.fromkeys(row["source"] for row in result["by_model"]):
        parts += [f"## {SOURCES[source]}", PICTURE_TEXT, picture_table(result, source)]
        if source == "pictures":
            by_style = [row for row in result["by_style"] if row["source"] == source]
            parts += ["Style by style:", _table(("style", "model"), PICTURE_COLUMNS, by_style)]
            continue
        parts.append(model_table(result, source))
        if _steady(result):
            parts += [STEADY_TEXT, steady_table(result, source)]
        thirds = [row for row in result["by_third"] if row["source"] == source]
        if thirds:
            parts += [
                f"By the trace of the style's Gram matrix ({_thirds(result['styles'])}):",
                _compared(thirds, names[0], ("third", "model")),
            ]
        scenes = [row for row in result["by_scene"] if row["source"] == source]
        parts += [f"Scene by scene, mean over {styles_in_words(count)}:", _table(("scene", "model"), COLUMNS, scenes)]
    if "flat" in result:
        parts += ["## Flat frames", FLAT_TEXT, flat_table(result)]
    parts += ["## Beside the published figures on MPI-Sintel", _published(result)]
    if "predictor" in result:
        parts += ["## Does P know a painting by a part of it?", _predictor(result["predictor"])]
    parts += ["## What the figures mean", "\n".join(f"- `{name}`: {FIGURES[name]}." for name in FIGURES)]
    return "\n\n".join(parts) + "\n"


def picture_table(result: dict, source: str) -> str:
    """`PICTURE_COLUMNS` of the models on one source of scenes."""
    rows = [row for row in result["by_model"] if row["source"] == source]
    return _table(("model",), PICTURE_COLUMNS, rows)


def flat_table(result: dict) -> str:
    """By model: how unevenly it paints a grey frame at worst, on average, and in how many styles it can be seen."""
    lines = [f"| model | worst | in | mean | styles above {MOST_LEVELS} |", "|---|---|---|---|---|"]
    for name, levels in result["flat"].items():
        worst = max(levels, key=lambda style: levels[style])
        above = sum(value > MOST_LEVELS for value in levels.values())
        mean = np.mean(list(levels.values()))
        lines.append(f"| {name} | {levels[worst]} | {worst} | {mean:.2f} | {above} of {len(levels)} |")
    return "\n".join(lines)


def notes(result: dict) -> dict[str, list[str]]:
    """For the contact sheet: by style, a line for each model with its texture and colour."""
    found: dict[str, list[str]] = {}
    for row in averages(result["rows"], "style", "model"):
        text = f"{row['model']}: {_number(row['texture'], 3)}, {_number(row['colour'], 1)}"
        found.setdefault(row["style"], []).append(text)
    return found


def model_table(result: dict, source: str) -> str:
    """The models on one source of scenes, each beside the first one."""
    rows = [row for row in result["by_model"] if row["source"] == source]
    approach = {m["name"]: m["approach"] for m in result["models"]}
    rows = [{**row, "approach": approach[row["model"]]} for row in rows]
    return _compared(rows, result["models"][0]["name"], ("model", "approach"))


def steady_table(result: dict, source: str) -> str:
    """The steady models on one source of scenes, each beside the same model frame by frame; all scenes, then each."""
    every = [{**row, "scene": "all"} for row in result["by_model"]] + result["by_scene"]
    rows = [row for row in every if row["source"] == source and row["model"] in _steady(result)]
    return _table(("scene", "model"), STEADY_COLUMNS, rows)


def _steady(result: dict) -> list[str]:
    return [m["name"] for m in result["models"] if m.get("alone")]


def _introduction(result: dict) -> str:
    names, styles, rows = [m["name"] for m in result["models"]], result["styles"], result["rows"]
    how_many = f"{len(result['scenes'])} scenes, {len(styles)} styles, {len(rows)} painted clips"
    made = " The styles are paintings made by code, not by painters." if result.get("made_up_styles") else ""
    return (
        f"{how_many}. Models: {'; '.join(names)}.{made} Pictures are in [0, 1], and so is e_stab. Of errors and "
        "stability less is better, and sharpness is best near the input's. e_stab also falls when the painting fades: "
        "read it beside what the pictures look like and the input's own, or relative to the painting's contrast, as "
        "flicker. The style error, too, is least when a painting is too weak. Approach 1 paints frame by frame with a "
        "network trained on pictures, approach 2 with one trained on neighbouring frames too, approach 3 carries what "
        f"it painted along the motion into the next frame. Changes are against {names[0]}."
    )


def _thirds(styles: list[dict]) -> str:
    return "; ".join(f"{t}: {', '.join(s['name'] for s in styles if s['third'] == t)}" for t in THIRDS)


def _compared(rows: list[dict], first: str, keys: tuple[str, ...]) -> str:
    """A table with three more columns: how style, content and e_stab differ from the first model's, in per cent."""
    changed = ("style_error", "content_error", "e_stab")
    places = [k for k in keys if k not in ("model", "approach")]
    base = {tuple(row[k] for k in places): row for row in rows if row["model"] == first}
    extended = []
    for row in rows:
        reference = base[tuple(row[k] for k in places)]
        own = row["model"] == first
        changes = {f"{f}_change": "" if own else f"{100 * (row[f] / reference[f] - 1):+.0f} %" for f in changed}
        extended.append({**row, **changes})
    columns = [*COLUMNS, *((f"{f}_change", f"Δ {f.replace('_error', '')}", 0) for f in changed)]
    return _table(keys, columns if len({row["model"] for row in rows}) > 1 else COLUMNS, extended)


def _published(result: dict) -> str:
    """Published figures on MPI-Sintel above those measured here, and what is to be said of both."""
    here = [{**row, "scene": _shown(row)} for row in result["by_scene"] if row["source"] in PASSES]
    others = sorted({row["scene"] for row in here} - set(PUBLISHED_SCENES))
    header = ["e_stab", *PUBLISHED_SCENES, "other scenes here", "style error", "paints"]
    published = [
        [f"{name} (published)", *(f"{e:.4f}" for e in entry["e_stab"]), "–", "not given", entry["paints"]]
        for name, entry in PUBLISHED.items()
    ]
    lines = [header, ["---"] * len(header), *published, *_measured_on_sintel(result, here, others)]
    text = (
        "The rows marked published come from the papers, as the ReCoNet paper compares them; nothing of them was "
        "measured here. Ruder's optimises every clip; the other three are one network per style. Styles, strength of "
        "style, frame size and the pass they painted are theirs, and they give no style error, so this shows where the "
        "field stands and is not a contest."
    )
    if here:
        sizes = {f"{s['width']}×{s['height']}" for s in result["scenes"] if s["source"] in PASSES}
        text += f" Painted here at {', '.join(sorted(sizes))}."
    if others:
        text += f" Other scenes here: {', '.join(others)}."
    elif not here:
        text += " No Sintel scene was evaluated in this run: name the data set with `--sintel`."
    return f"{text}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _measured_on_sintel(result: dict, here: list[dict], others: list[str]) -> list[list[str]]:
    """By pass, a line for each model and one for the unpainted frames. here: the rows of `by_scene` on Sintel, named as
    the published scenes; others: the names of the scenes that are not published."""
    lines = []

    def add(name: str, render: str, errors: dict[str, float], *more: str) -> None:
        rest = [errors[scene] for scene in others if scene in errors]
        rest = float(np.mean(rest)) if rest else math.nan
        found = [*(errors.get(scene, math.nan) for scene in PUBLISHED_SCENES), rest]
        lines.append([f"**{name}**, {render} (measured here)", *(_number(e, 4) for e in found), *more])

    for source, render in PASSES.items():
        rows = [row for row in here if row["source"] == source]
        for mean in (row for row in result["by_model"] if row["source"] == source):
            model = mean["model"]
            paints = "any style, carried along" if model in _steady(result) else "any style"
            errors = {row["scene"]: row["e_stab"] for row in rows if row["model"] == model}
            add(model, render, errors, _number(mean["style_error"], 3), paints)
        if rows:
            add("unpainted input", render, {row["scene"]: row["e_stab_input"] for row in rows}, "–", "nothing")
    return lines


def _predictor(crops: dict[str, dict]) -> str:
    header = "| model | style vectors | two crops of one painting | crops of two paintings | nearer its own |"
    lines = [header, "|---|---|---|---|---|"]
    for name, found in crops.items():
        cells = (found["vectors"], f"{found['same']:.3f}", f"{found['different']:.3f}", f"{found['nearer']:.1%}")
        lines.append(f"| {name} | {' | '.join(map(str, cells))} |")
    return (
        "Median cosine between style vectors, their common mean taken off; and how often a crop is nearer to the "
        "other crop of its painting than to a crop of another painting.\n\n" + "\n".join(lines)
    )


def _shown(row: dict) -> str:
    """The scene that a row's name stands for: the clean pass is named after it."""
    return row["scene"].removesuffix(", clean")


def _table(keys: Sequence[str], columns: Sequence[tuple[str, str, int]], rows: Sequence[dict]) -> str:
    lines = [[*keys, *(heading for _, heading, _ in columns)], ["---"] * len(keys) + ["---:"] * len(columns)]
    lines += [[str(row[k]) for k in keys] + [_number(row[c], digits) for c, _, digits in columns] for row in rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _number(value: float | str, digits: int) -> str:
    if isinstance(value, str):
        return value
    return "–" if math.isnan(value) else f"{value:.{digits}f}"


def _without_nan(data):
    if isinstance(data, dict):
        return {key: _without_nan(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_without_nan(value) for value in data]
    return None if isinstance(data, float) and math.isnan(data) else data
