"""Evaluation: models, scenes and styles in, rows of figures out.

A row is a plain dict: what was painted in which style by which model, and `FIGURES`. Pictures are in [0, 1], and so is
e_stab. First come the figures of single pictures that tell shape and size apart; style and content errors, which are
least when a painting is too weak, are there to go on from earlier models. Stability, too, improves when the painting
fades, so every row has figures of style, the input's own e_stab, and e_stab relative to the painting's own contrast
beside e_stab, and whatever is printed from rows must keep them together. Rows of a steady painter also say what that
costs: how style, content and sharpness compare with those of the same model frame by frame, and what trails behind.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.export.runtime.pictures import read_style_picture
from impasto.train import losses
from impasto.train.data.clips import to_tensor
from impasto.train.data.pack import listed
from impasto.train.evaluation import made_up, metrics
from impasto.train.vgg import Vgg

from .scenes import Disocclusions, Scene

FIGURES = {
    "texture": "1 − cosine of G(out) and G(style), mean over four layers, G the Gram matrices of VGG-16; 0 is best",
    "energy": "‖G(out)‖ / ‖G(style)‖, geometric mean over the layers; 1 is right, less is flat",
    "contrast": "grey standard deviation over the painting's; 1 is right",
    "colour": "distance of the means and of the deviations in L*a*b* from the painting's; 0 is best",
    "ssim": "structural similarity of the grey picture to the frame's; 1 is best",
    "cfsd": "content feature structural distance: how far the likeness of parts to each other, at relu3_3, is from the "
    "frame's, in thousandths; 0 is best",
    "style_error": "mean over the layers of ‖G(out) − G(style)‖² / ‖G(style)‖²; least when too weak",
    "content_error": "‖F(out) − F(frame)‖² / ‖F(frame)‖² at relu3_3",
    "output_temporal": "ReCoNet's output temporal loss with luminance, mean over all elements",
    "variation": "total variation: mean squared difference of neighbours, horizontal plus vertical",
    "e_stab": "stability error of neighbouring frames",
    "e_stab_input": "the same of the unpainted frames",
    "e_stab_ratio": "e_stab over e_stab_input",
    "deviation": "standard deviation of the painted picture in grey, 0 … 0.5",
    "flicker": "e_stab over deviation: what moves that should not, relative to what there is",
    "flicker_lag8": "e_stab_lag8 over deviation",
    "e_stab_lag8": "stability error of frames 8 apart, over what is visible in both",
    "e_stab_lag8_input": "the same of the unpainted frames",
    "e_stab_lag8_ratio": "e_stab_lag8 over e_stab_lag8_input",
    "sharpness": "standard deviation of the Laplacian of the grey frame in 0…255",
    "sharpness_input": "the same of the unpainted frames",
    "style_error_alone": "of a steady painting: the style error of the same model frame by frame",
    "style_error_relative": "style_error over style_error_alone",
    "content_error_alone": "of a steady painting: the content error of the same model frame by frame",
    "content_error_relative": "content_error over content_error_alone",
    "sharpness_alone": "of a steady painting: the sharpness of the same model frame by frame",
    "sharpness_relative": "sharpness over sharpness_alone",
    "trail": "mean squared difference of the steady painting from the same frame painted alone, where the frame shows "
    "what was hidden in the one before",
    "trail_change": "mean squared difference there of the paintings alone of this frame and of the one before",
    "ghosting": "trail over trail_change: 0 where the new frame wins outright, about 1 where the old painting stays",
}
PICTURE_FIGURES = ("texture", "energy", "contrast", "colour", "ssim", "cfsd")
RATIOS = {  # of figures, by the figure they are
    "flicker": ("e_stab", "deviation"),
    "flicker_lag8": ("e_stab_lag8", "deviation"),
    "e_stab_ratio": ("e_stab", "e_stab_input"),
    "e_stab_lag8_ratio": ("e_stab_lag8", "e_stab_lag8_input"),
    "style_error_relative": ("style_error", "style_error_alone"),
    "content_error_relative": ("content_error", "content_error_alone"),
    "sharpness_relative": ("sharpness", "sharpness_alone"),
    "ghosting": ("trail", "trail_change"),
}
COMPARED = ("style_error", "content_error", "sharpness")  # of a steady painting with the same model frame by frame
STYLE_SIDE = 384  # px: short side at which VGG sees the style picture
FLAT_SIDE = 256  # px: of the grey frame that has to stay even
THIRDS = ("low", "middle", "high")


@dataclass
class ReferenceStyle:
    """A painting to paint with, and what is measured against."""

    name: str
    picture: np.ndarray  # uint8 RGB [H,W,3]
    grams: dict[str, Tensor]  # by layer, [1,C,C]
    trace: float  # of its Gram matrices: geometric mean over the layers, so that none outweighs the others
    third: str | None = None  # where the trace lies among the styles evaluated; None where there are fewer than three


def read_pictures(folder: Path) -> dict[str, np.ndarray]:
    """The pictures under a folder by name, uint8 RGB [H,W,3]. BadInput: no such folder, or one that is no picture."""
    pictures = {}
    for _, path in listed([folder], "images"):
        pictures[path.stem if path.stem not in pictures else path.name] = read_style_picture(path)
    return pictures


@torch.no_grad()
def prepare_styles(vgg: Vgg, pictures: Mapping[str, np.ndarray] | None = None) -> list[ReferenceStyle]:
    """The styles in the order of their Gram traces, split into thirds; the paintings made by code if none are given.

    Instability grows with the trace (Gupta et al. 2017), so models are compared within each third too.
    """
    styles = []
    for name, picture in (pictures or made_up.paintings()).items():
        grams = losses.grams(vgg(_as_seen(picture, STYLE_SIDE)))
        traces = [float(gram[0].trace()) for gram in grams.values()]
        styles.append(ReferenceStyle(name, picture, grams, float(np.exp(np.mean(np.log(traces))))))
    styles.sort(key=lambda style: style.trace)
    if len(styles) >= len(THIRDS):
        for third, part in zip(THIRDS, np.array_split(np.arange(len(styles)), len(THIRDS)), strict=True):
            for i in part:
                styles[i].third = third
    return styles


def measure_scene(
    scene: Scene,
    painters: Mapping[str, object],
    styles: Sequence[ReferenceStyle],
    vgg: Vgg,
    tick: Callable[[], None],
    alone: Mapping[str, str] | None = None,
) -> tuple[dict, list[dict]]:
    """Paint a scene with every model in every style.

    painters: by the name that rows carry, each a `Painter` or anything with its encode, use, reset and paint; alone:
    for the names of steady ones, that of the painter frame by frame they are compared with, which comes before them.
    `tick` is called after each clip painted. Returns what the scene is, with the figures of its frames unpainted, and
    the rows.
    """
    # Pictures are judged at a quarter, the middle and three quarters of the clip, stability over all of it.
    frames = [to_tensor(frame) for frame in scene.frames]
    picks = sorted({len(frames) * i // 4 for i in (1, 2, 3)})
    with torch.no_grad():
        shown = [(frames[i], vgg(frames[i][None], losses.CONTENT_LAYER)[losses.CONTENT_LAYER]) for i in picks]
    own, rows = unpainted(scene, frames), []
    for style in styles:
        clips, known = {}, {}
        for name, painter in painters.items():
            clips[name] = outs = [to_tensor(out) for out in paint(painter, scene, style)]
            known[name] = of_pictures(vgg, [outs[i] for i in picks], shown, style)
            known[name] |= _measure(outs, frames, scene, own)
            # a steady painter beside the same network frame by frame: what steadiness costs, and what it drags along
            if reference := (alone or {}).get(name):
                known[name] |= {f"{figure}_alone": known[reference][figure] for figure in COMPARED}
                known[name] |= trails(outs, clips[reference], scene.revealed)
            row = {"scene": scene.name, "source": scene.source, "style": style.name, "third": style.third}
            rows.append({**row, "model": name, **_complete(known[name])})
            tick()
    return {**_facts(scene), **own}, rows


def unpainted(scene: Scene, frames: Sequence[Tensor]) -> dict[str, float]:
    """The figures of a scene's own frames [3,H,W], with which those of a painting are compared."""
    return {
        "variation_input": metrics.variation(frames),
        "e_stab_input": metrics.e_stab(frames, scene.near),
        "e_stab_lag8_input": metrics.e_stab_visible(frames, scene.far),
        "sharpness_input": metrics.sharpness(frames),
    }


def _facts(scene: Scene) -> dict:
    """What a scene is: its size, and what share of its pixels is visible in both frames of a pair, and revealed."""
    count, height, width, _ = scene.frames.shape
    return {
        "scene": scene.name,
        "source": scene.source,
        "frames": count,
        "height": height,
        "width": width,
        "pairs": len(scene.near.here),
        "visible": float(scene.near.masks.mean()),
        "revealed": float(scene.revealed.masks.mean()) if scene.revealed.frames else 0.0,
    }


def flat_frames(
    painters: Mapping[str, Any], styles: Sequence[ReferenceStyle], side: int = FLAT_SIDE
) -> dict[str, dict[str, int]]:
    """How unevenly a plain grey frame is painted: model → style → levels of 255 between the largest and the smallest
    value of a channel. 0 is even; what there is more is a weave that lies over every plain sky."""
    grey = np.full((side, side, 3), 128, np.uint8)
    found: dict[str, dict[str, int]] = {}
    for name, painter in painters.items():
        found[name] = {}
        for style in styles:
            painter.use([painter.encode(style.picture)])
            painter.reset()
            found[name][style.name] = int(np.ptp(painter.paint(grey), (0, 1)).max())
    return found


def paint(painter, scene: Scene, style: ReferenceStyle) -> list[np.ndarray]:
    """The scene's frames painted in order, uint8 RGB [H,W,3] as a saved clip has them; afresh after each gap."""
    painter.use([painter.encode(style.picture)])
    outs = []
    for i, frame in enumerate(scene.frames):
        if i == 0 or scene.numbers[i] != scene.numbers[i - 1] + 1:
            painter.reset()
        outs.append(painter.paint(frame))
    return outs


@torch.no_grad()
def of_pictures(
    vgg: Vgg, outs: Sequence[Tensor], shown: Sequence[tuple[Tensor, Tensor]], style: ReferenceStyle
) -> dict[str, float]:
    """`PICTURE_FIGURES`, the errors of style and content, and deviation: means over painted frames [3,H,W], one pass of
    VGG each.

    shown: the same frames unpainted [3,H,W], and their features [1,256,h,w] at the content layer.
    """
    painting, found = _as_seen(style.picture, STYLE_SIDE)[0], []
    for out, (frame, content_features) in zip(outs, shown, strict=True):
        features = vgg(out[None])
        grams, content = losses.grams(features), features[losses.CONTENT_LAYER]
        found.append({
            "texture": metrics.texture(grams, style.grams),
            "energy": metrics.energy(grams, style.grams),
            "contrast": metrics.contrast(out, painting),
            "colour": metrics.colour(out, painting),
            "ssim": metrics.ssim(out, frame),
            "cfsd": metrics.cfsd(content, content_features),
            "style_error": metrics.relative_style(grams, style.grams),
            "content_error": metrics.relative_content(content, content_features),
            "deviation": metrics.deviation(out),
        })  # fmt: skip
    return {figure: float(np.mean([one[figure] for one in found])) for figure in found[0]}


def _measure(outs: list[Tensor], frames: list[Tensor], scene: Scene, own: dict[str, float]) -> dict[str, float]:
    """All figures but the perceptual ones and the ratios."""
    return {
        "output_temporal": metrics.output_temporal(outs, frames, scene.near),
        "variation": metrics.variation(outs),
        "e_stab": metrics.e_stab(outs, scene.near),
        "e_stab_input": own["e_stab_input"],
        "e_stab_lag8": metrics.e_stab_visible(outs, scene.far),
        "e_stab_lag8_input": own["e_stab_lag8_input"],
        "sharpness": metrics.sharpness(outs),
        "sharpness_input": own["sharpness_input"],
    }


def trails(outs: Sequence[Tensor], alone: Sequence[Tensor], revealed: Disocclusions) -> dict[str, float]:
    """`metrics.ghosting` of a steady clip beside the same frames painted alone; images [3,H,W]."""
    steady, same, before = torch.zeros(3, len(revealed.frames), 3, *outs[0].shape[1:])
    for i, t in enumerate(revealed.frames):
        steady[i], same[i], before[i] = outs[t], alone[t], alone[t - 1]
    trail, change = metrics.ghosting(steady, same, before, revealed.masks)
    return {"trail": trail, "trail_change": change}


def averages(rows: Iterable[dict], *keys: str) -> list[dict]:
    """Rows that agree in the keys, as one: means of the figures, how many there were, in order of first appearance.

    What could not be measured (NaN) is left out of a mean. Ratios are those of the means.
    """
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault(tuple(row[key] for key in keys), []).append(row)
    found = []
    for place, group in groups.items():
        means = {f: _mean([row[f] for row in group]) for f in FIGURES if f not in RATIOS}
        found.append({**dict(zip(keys, place, strict=True)), "clips": len(group), **_complete(means)})
    return found


def _complete(figures: dict[str, float]) -> dict[str, float]:
    """All of `FIGURES`: those measured, their ratios, NaN for the rest."""
    found = {figure: figures.get(figure, math.nan) for figure in FIGURES}
    return found | {ratio: found[over] / max(found[under], 1e-6) for ratio, (over, under) in RATIOS.items()}


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else math.nan


def at_short_side(picture: np.ndarray, side: int) -> np.ndarray:
    """A picture [H,W,3] of any type, resized so that its short side is `side` px."""
    scale = side / min(picture.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how)


def _as_seen(picture: np.ndarray, side: int) -> Tensor:
    """uint8 [H,W,3] → float32 [1,3,h,w] in [0, 1], its short side at `side` px."""
    resized = at_short_side(picture.astype(np.float32) / 255, side).clip(0, 1)
    return torch.from_numpy(resized).permute(2, 0, 1)[None].contiguous()
