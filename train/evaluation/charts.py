"""The bar charts of an evaluation: figures of single pictures, losses, and stability beside the style error.

From outside: `CHARTS`, name of a file → function from what `report.build` returns to a matplotlib figure.
"""

import math

import numpy as np
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from .evaluate import FIGURES, PICTURE_FIGURES, THIRDS, averages

COLOURS = ("#c1440e", "#2a6f97", "#6a994e", "#8e5ea2", "#d4a017", "#555b6e")  # of models, in turn
INPUT = "#c9c9c9"  # of the unpainted frames
BEST = {"energy": "1 is right", "contrast": "1 is right", "ssim": "more is better"}  # of the others less is better


def styles_in_words(count: int) -> str:
    """ "one style", "20 styles"."""
    return "one style" if count == 1 else f"{count} styles"


def pictures_chart(result: dict) -> Figure:
    """The figures of single pictures, a group of bars for each source of scenes."""
    unknown = dict.fromkeys(FIGURES, math.nan)  # steady models do not paint pictures by themselves
    sources = {row["source"]: {m["name"]: unknown for m in result["models"]} for row in result["by_model"]}
    for row in result["by_model"]:
        sources[row["source"]][row["model"]] = row
    figure = _figure(2 * len(sources) * len(result["models"]))
    figure.suptitle(f"Pictures, mean over {styles_in_words(len(result['styles']))}")
    for axes, name in zip(figure.subplots(2, 3).flat, PICTURE_FIGURES, strict=True):
        _bars(axes, result, sources, name, None)
        axes.set_title(f"{name} ({BEST.get(name, 'less is better')})", fontsize=10)
    _legend(figure, result)
    return figure


def losses_chart(result: dict) -> Figure:
    """Style and content errors, temporal loss and total variation, a group of bars for each scene."""
    scenes = _scene_bars(result)
    figure = _figure(len(scenes) * len(result["models"]))
    figure.suptitle(f"Losses, mean over {styles_in_words(len(result['styles']))}")
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


def stability_chart(result: dict) -> Figure:
    """e_stab of neighbours and of frames 8 apart by scene, and e_stab and the style error by third."""
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


CHARTS = {"pictures": pictures_chart, "losses": losses_chart, "stability": stability_chart}


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
    series += [(style, [g[name][figure] for g in groups.values()]) for name, style in bar_styles(result).items()]
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
    patches = [figure.axes[0].bar(0, 0, **style) for style in (*bar_styles(result).values(), {"color": INPUT})]
    figure.legend(patches, [*labels, "unpainted input"], loc="outside lower center", ncols=2, frameon=False, fontsize=9)


def bar_styles(result: dict) -> dict[str, dict]:
    """How each model's bars look: a colour each; steady ones pale, within a line of their own model's colour."""
    own = [m["name"] for m in result["models"] if not m.get("alone")]
    colours = {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(own)}
    bars = {}
    for model in result["models"]:
        colour = colours[model.get("alone") or model["name"]]
        pale = {"color": 0.35 * np.array(to_rgb(colour)) + 0.65, "edgecolor": colour}
        bars[model["name"]] = pale if model.get("alone") else {"color": colour}
    return bars
