"""What evaluation writes: `report.json` with everything, `report.md` to read, bar charts. Contact sheets: `sheets`.

e_stab never stands alone here: every table and chart that shows it shows the style error and the input's own too.
"""

import json
import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from impasto.models.atomic import write_text, written_aside

from .evaluate import FIGURES, THIRDS, ReferenceStyle, averages

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
FILES = ("report.json", "report.md", "pictures.png", "losses.png", "stability.png")  # that `write` writes
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


_NAMES = list(HEADINGS)
PICTURE_COLUMNS = columns_of(*_NAMES[: _NAMES.index("style_error")])
COLUMNS = columns_of(*_NAMES[_NAMES.index("style_error") : _NAMES.index("style_error_relative")])
STEADY_COLUMNS = columns_of(
    *("style_error", "style_error_relative", "content_error_relative", "sharpness_relative"),
    *("e_stab_ratio", "e_stab_lag8_ratio", "ghosting"),
)
COLOURS = ("#c1440e", "#2a6f97", "#6a994e", "#8e5ea2", "#d4a017", "#555b6e")
INPUT = "#c9c9c9"
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
    charts = {"pictures": _pictures_chart, "losses": _losses_chart, "stability": _stability_chart}
    for name, chart in charts.items():
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
        parts += [f"Scene by scene, mean over {_styles(count)}:", _table(("scene", "model"), COLUMNS, scenes)]
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
    here = [{**row, "scene": _shown(row)} for row in result["by_scene"] if row["source"] in PASSES]
    others = sorted({row["scene"] for row in here} - set(PUBLISHED_SCENES))
    header = ["e_stab", *PUBLISHED_SCENES, "other scenes here", "style error", "paints"]
    lines = [header, ["---"] * len(header)]
    for name, entry in PUBLISHED.items():
        lines.append([f"{name} (published)", *(f"{e:.4f}" for e in entry["e_stab"]), "–", "not given", entry["paints"]])

    def measured(name: str, what: str, errors: dict[str, float], *more: str) -> None:
        rest = [errors[scene] for scene in others if scene in errors]
        rest = float(np.mean(rest)) if rest else math.nan
        found = [*(errors.get(scene, math.nan) for scene in PUBLISHED_SCENES), rest]
        lines.append([f"**{name}**, {what} (measured here)", *(_number(e, 4) for e in found), *more])

    for source, what in PASSES.items():
        rows = [row for row in here if row["source"] == source]
        for mean in (row for row in result["by_model"] if row["source"] == source):
            model = mean["model"]
            paints = "any style, carried along" if model in _steady(result) else "any style"
            errors = {row["scene"]: row["e_stab"] for row in rows if row["model"] == model}
            measured(model, what, errors, _number(mean["style_error"], 3), paints)
        if rows:
            measured("unpainted input", what, {row["scene"]: row["e_stab_input"] for row in rows}, "–", "nothing")
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


def _styles(count: int) -> str:
    return "one style" if count == 1 else f"{count} styles"


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


def _pictures_chart(result: dict) -> Figure:
    """The figures of single pictures, a group of bars for each source of scenes."""
    unknown = dict.fromkeys(FIGURES, math.nan)  # steady models do not paint pictures by themselves
    sources = {row["source"]: {m["name"]: unknown for m in result["models"]} for row in result["by_model"]}
    for row in result["by_model"]:
        sources[row["source"]][row["model"]] = row
    figure = _figure(2 * len(sources) * len(result["models"]))
    figure.suptitle(f"Pictures, mean over {_styles(len(result['styles']))}")
    best = {"energy": "1 is right", "contrast": "1 is right", "ssim": "more is better"}
    for axes, (name, title, _) in zip(figure.subplots(2, 3).flat, PICTURE_COLUMNS, strict=True):
        _bars(axes, result, sources, name, None)
        axes.set_title(f"{title} ({best.get(name, 'less is better')})", fontsize=10)
    _legend(figure, result)
    return figure


def _losses_chart(result: dict) -> Figure:
    scenes = _scene_bars(result)
    figure = _figure(len(scenes) * len(result["models"]))
    figure.suptitle(f"Losses, mean over {_styles(len(result['styles']))}")
    titles = {
        "style_error": "style error (relative, Gram matrices)",
        "content_error": "content error (relative, relu3_3)",
        "output_temporal": "output temporal loss (with luminance)",
        "variation": "total variation",
    }
    for axes, (name, title) in zip(figure.subplots(2, 2).flat, titles.items(), strict=True):
        own = "variation_input" if name == "variation" else None
        _bars(axes, result, scenes, name, own)
        axes.set_title(title, fontsize=10)
    _legend(figure, result)
    return figure


def _stability_chart(result: dict) -> Figure:
    scenes = _scene_bars(result)
    thirds = averages([row for row in result["rows"] if row["third"]], "third", "model")
    thirds = {third: {row["model"]: row for row in thirds if row["third"] == third} for third in THIRDS if thirds}
    figure = _figure(len(scenes) * len(result["models"]))
    figure.suptitle("Stability error e_stab, pictures in [0, 1], beside the style error (less is better)")
    (near, far), (by_third, style) = figure.subplots(2, 2)
    _bars(near, result, scenes, "e_stab", "e_stab_input")
    near.set_title("e_stab, neighbouring frames", fontsize=10)
    _bars(far, result, scenes, "e_stab_lag8", "e_stab_lag8_input")
    far.set_title("e_stab, frames 8 apart", fontsize=10)
    groups = thirds or scenes
    _bars(by_third, result, groups, "e_stab", "e_stab_input")
    _bars(style, result, groups, "style_error", None)
    by = "by trace of the style's Gram matrix" if thirds else "by scene"
    by_third.set_title(f"e_stab {by}", fontsize=10)
    style.set_title(f"style error {by}", fontsize=10)
    _legend(figure, result)
    return figure


def _figure(bars: int) -> Figure:
    return Figure(figsize=(min(24, max(10, 4 + 0.5 * bars)), 7.5), layout="constrained")


def _scene_bars(result: dict) -> dict[str, dict[str, dict]]:
    """Scene → model → its row; the unpainted frames' variation, which rows lack, is put beside."""
    own = {(s["source"], s["scene"]): s["variation_input"] for s in result["scenes"]}
    groups: dict[str, dict[str, dict]] = {}
    for row in result["by_scene"]:
        if row["source"] == "pictures":  # has a chart of its own, and nothing moves there
            continue
        place = row["source"], row["scene"]
        groups.setdefault(row["scene"], {})[row["model"]] = {**row, "variation_input": own[place]}
    return groups


def _bars(axes, result: dict, groups: dict[str, dict[str, dict]], figure: str, own: str | None) -> None:
    """Bars of one figure, a group for each scene or third: the input's own in grey if there is one, then the models."""
    series = [({"color": INPUT}, [next(iter(g.values()))[own] for g in groups.values()])] if own else []
    series += [(style, [g[name][figure] for g in groups.values()]) for name, style in _bar_styles(result).items()]
    at, width = np.arange(len(groups)), 0.8 / len(series)
    for i, (style, heights) in enumerate(series):
        axes.bar(at + (i - (len(series) - 1) / 2) * width, heights, width * 0.86, linewidth=1.2, **style)
    crowded = len(groups) > 6
    axes.set_xticks(at, groups, rotation=30 if crowded else 0, ha="right" if crowded else "center")
    if all(math.isnan(height) for _, heights in series for height in heights):
        axes.set_yticks([])
        axes.text(0.5, 0.5, "no scene is long enough", transform=axes.transAxes, ha="center", color="#777777")
    axes.tick_params(labelsize=8)
    axes.grid(axis="y", color="#e4e4e4", linewidth=0.8)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _legend(figure: Figure, result: dict) -> None:
    """Models with their approach and style error, so that no stability stands without one."""
    mean = {row["model"]: row["style_error"] for row in averages(result["rows"], "model")}
    labels = [f"{m['name']} ({m['approach']}; style error {mean[m['name']]:.3f})" for m in result["models"]]
    patches = [figure.axes[0].bar(0, 0, **style) for style in (*_bar_styles(result).values(), {"color": INPUT})]
    figure.legend(patches, [*labels, "unpainted input"], loc="outside lower center", ncols=2, frameon=False, fontsize=9)


def _bar_styles(result: dict) -> dict[str, dict]:
    """How each model's bars look: a colour each; steady ones pale, within a line of their own model's colour."""
    own = [m["name"] for m in result["models"] if not m.get("alone")]
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(own)}
    bars = {}
    for model in result["models"]:
        colour = colours[model.get("alone") or model["name"]]
        pale = {"color": 0.35 * np.array(to_rgb(colour)) + 0.65, "edgecolor": colour}
        bars[model["name"]] = pale if model.get("alone") else {"color": colour}
    return bars
