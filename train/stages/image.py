"""The image stage: P and T learn to paint still photographs.

Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network" (2017): each
photograph is painted in the manner of a random painting, and VGG judges it by the photograph's content and the
painting's Gram matrices; colours and edges are judged on the pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.models.errors import BadInput
from impasto.models.predictor import Predictor
from impasto.train import networks
from impasto.train.checkpoint import Networks
from impasto.train.config import PaintingConfig
from impasto.train.losses import (
    CONTENT_LAYER,
    Palette,
    colour,
    content,
    contrast,
    covariance,
    energy,
    grams,
    grey,
    palette,
    self_similarity,
    ssim,
    structure,
    texture,
    total_variation,
)
from impasto.train.vgg import Vgg

from . import common


@dataclass(frozen=True)
class Config(PaintingConfig):
    """Settings of the image stage."""

    network: str = "space_to_depth"  # T when started from scratch; otherwise the starting weights say
    predictor: str = "small"  # P likewise; "published" has twice the weights
    sharing: int = 1  # photographs that share a painting; 2 saves a CPU a third of VGG's work
    rate: float = 5e-4  # of T; 1e-3 is still stable from scratch, but loosens published weights
    predictor_rate: float = 2e-5  # of P, which knows more paintings than are here; 0 freezes it, from scratch use rate
    statistics_rate: float = 5e-4  # of what P makes of statistics; it begins at nothing
    ema: float = 0.999  # the average over about a thousand steps paints more evenly than any one of them
    save_every: int = 500  # steps between checkpoints and sample sheets


def losses(nets: Networks, vgg: Vgg, photos: Tensor, styles: Tensor) -> dict[str, Tensor]:
    """The training step: photographs [kN,3,H,W] painted in styles [N,3,h,w], k times over, in [0, 1] → the terms."""
    vectors = style_vectors(nets.p, styles).repeat(len(photos) // len(styles), 1)
    return painting_losses(vgg, photos, nets.t(photos, vectors), styles)


def style_vectors(p: Predictor, styles: Tensor) -> Tensor:
    """Styles [N,3,h,w] → S [N,D], in float32 also under autocast: P in bf16 adds a tenth to the style's error."""
    with torch.autocast(styles.device.type, enabled=False):
        return p(styles)


def painting_losses(vgg: Vgg, frames: Tensor, painted: Tensor, styles: Tensor) -> dict[str, Tensor]:
    """What a painted frame is judged by: frames and painted [kN,3,H,W]; styles [N,3,h,w], k times over, all in [0, 1].

    VGG looks at every picture once; only what is painted has a gradient.
    """
    with torch.no_grad():
        content_features = vgg(frames, CONTENT_LAYER)[CONTENT_LAYER]
        targets = style_targets(vgg, styles).repeat(len(frames) // len(styles))
    return painting_terms(vgg, painted, frames, content_features, targets)


class StyleTargets(NamedTuple):
    """What N paintings ask of a picture."""

    grams: dict[str, Tensor]  # Gram matrices [N,C,C] by layer
    palette: Palette

    def repeat(self, times: int) -> "StyleTargets":
        """All of them, one after another, so many times over."""
        repeated = {layer: gram.repeat(times, 1, 1) for layer, gram in self.grams.items()}
        return StyleTargets(repeated, Palette(*(x.repeat(times, *[1] * (x.dim() - 1)) for x in self.palette)))


@torch.no_grad()
def style_targets(vgg: Vgg, styles: Tensor) -> StyleTargets:
    """Of paintings [N,3,h,w] in [0, 1]."""
    return StyleTargets(grams(vgg(styles)), palette(styles))


def painting_terms(
    vgg: Vgg, painted: Tensor, photos: Tensor, content_features: Tensor, targets: StyleTargets
) -> dict[str, Tensor]:
    """The terms of pictures painted of photographs, both [N,3,H,W] in [0, 1]; content_features [N,256,h,w] are those of
    the photographs at the content layer."""
    features = vgg(painted)
    style_grams, shown, colours = grams(features), features[CONTENT_LAYER], palette(painted)
    return {
        "texture": texture(style_grams, targets.grams),
        "energy": energy(style_grams, targets.grams),
        "colour": colour(colours, targets.palette),
        "covariance": covariance(colours, targets.palette),
        "contrast": contrast(colours, targets.palette),
        "content": content(shown, content_features),
        "structure": structure(shown, self_similarity(content_features)),
        "detail": 1 - ssim(grey(painted.float()), grey(photos.float())),
        "tv": total_variation(painted),
    }


def train(
    config: Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    start: str = "published",
    vgg_file: Path | None = None,
    resume: bool = False,
) -> str:
    """Runs the stage on folders or packs of pictures; returns how it ended. See `networks.start` and `loop.run`.

    BadInput also where a process's part of the batch can't be shared out among paintings.
    """
    work = common.begin(config, networks.start(start, config.network, config.seed, config.predictor), photos, paintings)
    if config.sharing < 1 or work.n % config.sharing:
        raise BadInput(f"{work.n} photographs a process cannot share paintings by {config.sharing}: --set sharing=1.")
    vgg, statistics_rate = work.load_vgg(vgg_file), config.statistics_rate if config.predictor_rate else 0.0
    return work.run(
        {"t": config.rate, "p": config.predictor_rate, "p.gather": statistics_rate, "p.correct": statistics_rate},
        lambda: losses(work.nets, vgg, work.draw_photos(), work.draw_paintings(config.sharing)),
        out,
        resume,
    )
