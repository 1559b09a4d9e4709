"""The video stage: T learns to paint two frames of one scene alike; P is frozen, or learns along.

Gao et al., "ReCoNet: Real-time coherent video style transfer network" (2018), here for any style: the losses of the
image stage on both frames, and two temporal ones, on the encoder's features and on the painted frames. The pairs are
made from photographs with exact flow; pairs from real clips with DIS flow join them where clips are given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.train import networks
from impasto.train.checkpoint import Networks
from impasto.train.config import PaintingConfig
from impasto.train.data import clips, pictures, synthetic
from impasto.train.data.augment import Draws
from impasto.train.losses import feature_temporal, output_temporal
from impasto.train.vgg import Vgg

from . import common
from .image import painting_losses, style_vectors


@dataclass(frozen=True)
class Config(PaintingConfig):
    """Settings of the video stage."""

    whole: bool = False  # paintings as they are stored, not cropped, turned and recoloured: what P knows best
    clip_side: int = 256  # px: of the stored clips
    clip_frames: int = 8  # frames of each stored stretch of a clip
    clip_share: float = 0.25  # of pairs that come from clips, if there are any: real light and blur, but estimated flow
    batch: int = 2  # pairs a step over all processes, each with a painting of its own
    rate: float = 2e-4  # of T, which can paint already and should not forget it
    predictor_rate: float = 0.0  # of P, frozen as in ReCoNet; with large batches both gain from learning together
    ema: float = 0.999  # the average over about a thousand steps paints more evenly than any one of them
    save_every: int = 500  # steps between checkpoints and sample sheets


class Pairs(NamedTuple):
    """Two frames of each scene and a painting; flow and mask belong to `here`, as in `warp`."""

    here: Tensor  # [N,3,H,W] in [0, 1]
    there: Tensor  # [N,3,H,W] the frame before
    flow: Tensor  # [N,2,H,W] pixels
    mask: Tensor  # [N,1,H,W]
    styles: Tensor  # [N,3,h,w] in [0, 1]


def losses(nets: Networks, vgg: Vgg, pairs: Pairs) -> dict[str, Tensor]:
    """The training step: both frames of every pair painted in one style, at once → the terms."""
    n = len(pairs.here)
    vectors = style_vectors(nets.p, pairs.styles).repeat(2, 1)
    frames = torch.cat([pairs.here, pairs.there])
    features = nets.t.encode(frames)
    painted = nets.t.decode(features, vectors)
    return {
        **painting_losses(vgg, frames, painted, pairs.styles),
        "feature_temporal": feature_temporal(features[-1][:n], features[-1][n:], pairs.flow, pairs.mask),
        "output_temporal": output_temporal(painted[:n], painted[n:], *pairs[:4]),
    }


def make_pairs(photographs: Tensor, n: int, size: int, draws: Draws) -> tuple[Tensor, ...]:
    """here, there, flow and mask of n scenes made from photographs [count,3,S,S] uint8, two for each scene."""
    behind, before = pictures.pick(photographs, n, draws), pictures.pick(photographs, n, draws)
    frames, flows, masks = synthetic.make(behind, before, size, 2, draws)
    return frames[:, 1], frames[:, 0], flows[:, 0], masks[:, 0]


def with_clips(made: tuple[Tensor, ...], stored: Tensor, share: float, draws: Draws) -> tuple[Tensor, ...]:
    """The same pairs, about that share of them replaced by two frames of real clips [count,K,3,S,S] uint8, DIS flow."""
    n, size = len(made[0]), made[0].shape[-1]
    shots = pictures.draw_sequences(stored, n, size, 2, draws)
    mixed = [x.clone() for x in made]
    for i in torch.nonzero(draws.uniform(n) < share).flatten().tolist():
        there, here = (shot.mul(255).round().byte().permute(1, 2, 0).cpu().numpy() for shot in shots[i])
        for x, found in zip(mixed, clips.pair(here, there), strict=True):
            x[i] = found.to(x.device)
    return tuple(mixed)


def train(
    config: Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    start: str = "published",
    vgg_file: Path | None = None,
    clip_sources: Sequence[Path] = (),
    resume: bool = False,
) -> str:
    """Runs the stage on folders or packs; returns how it ended. See `networks.start` and `loop.run`."""
    work = common.begin(config, networks.start(start, "", config.seed), photos, paintings)
    vgg, draws = work.load_vgg(vgg_file), work.draws
    stored = pictures.load(clip_sources, config.clip_side, "cpu", "clips", config.clip_frames) if clip_sources else None

    def batch() -> Pairs:
        pairs = make_pairs(work.photographs, work.n, config.size, draws)
        if stored is not None:
            pairs = with_clips(pairs, stored, config.clip_share, draws)
        return Pairs._make((*pairs, work.draw_whole_paintings() if config.whole else work.draw_paintings()))

    return work.run(
        {"t": config.rate, "p": config.predictor_rate}, lambda: losses(work.nets, vgg, batch()), out, resume
    )
