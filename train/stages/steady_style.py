"""The steady style stage: how much more strongly to paint what will be mixed; P, T and the stabilizer stay as they are.

Short sequences are painted steadily, and VGG judges the last painting, which is mixed of all before; beside that,
neighbours along the motion must not differ more, nor the last painting from the first. Before each sequence its first
frame stands still for a while, so that what is carried into it is mixed already. Two numbers a value of S are little to
learn, so this is short.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from impasto.train import networks
from impasto.train.checkpoint import Networks
from impasto.train.config import PaintingConfig
from impasto.train.losses import CONTENT_LAYER, LossWeights, output_temporal
from impasto.train.vgg import Vgg

from . import common
from .image import painting_terms
from .predictor import PaintingCache, PaintingFeatures
from .steady import check_size, make_shots, neighbours_temporal, styles_over_time, unroll


@dataclass(frozen=True)
class Config(PaintingConfig):
    """Settings of the steady style stage."""

    frames: int = 6  # of a sequence, whose key is what was mixed of the still ones before it
    still: int = 4  # noisy copies of its first frame before it, painted without gradients
    noise: float = 0.02  # deviation, in 0…1, of what is added to each copy, so that their paintings differ
    photo_side: int = 320  # px: of the stored photographs, so much larger than frames that motion stays inside
    batch: int = 2  # sequences a step over all processes, each with a painting of its own
    steps: int = 600  # ends here
    rate: float = 2e-3  # of numbers that begin at 0 and end at a few hundredths
    warmup: int = 20  # steps in which Adam's estimates settle
    ema: float = 0.98  # the average over about fifty steps
    save_every: int = 100  # steps between checkpoints and sample sheets
    weights: LossWeights = field(default_factory=lambda: LossWeights(long_range=40.0))


def losses(
    nets: Networks, vgg: Vgg, shots: tuple[Tensor, ...], known: PaintingFeatures, noise: Tensor
) -> dict[str, Tensor]:
    """The training step: sequences, as `make_shots` gives them, each with a painting → the terms.

    noise [N,K,3,H,W]: what is added to the first frame of each, K ≥ 1 times, before the rest of the sequence.
    """
    frames, flows, masks = (x.transpose(0, 1) for x in shots[:3])
    still = (frames[0] + noise.transpose(0, 1)).clamp(0.0, 1.0)
    # what is not learned here: the style vectors, and a past that has seen the still first frame
    with torch.no_grad():
        vectors = nets.p.style_from(known.code, known.statistics)
        content_features = vgg(frames[-1], CONTENT_LAYER)[CONTENT_LAYER]
        begun = unroll(nets.t.stabilizer, still, paint(nets, still, styles_over_time(nets, vectors, len(still))))[-1]
    # the frames that follow, painted with the changed vectors and carried along
    mixed = nets.t.steady_style(vectors, torch.ones(1, device=vectors.device)).repeat(len(frames) - 1, 1)
    painted = torch.cat([begun[None], paint(nets, frames[1:], mixed)])
    steady = unroll(nets.t.stabilizer, torch.cat([still[-1:], frames[1:]]), painted)
    return {
        **painting_terms(vgg, steady[-1], frames[-1], content_features, known.targets),
        "steady_temporal": neighbours_temporal(steady, frames, flows, masks),
        "long_range": output_temporal(steady[-1], steady[0], frames[-1], frames[0], *shots[3:]),
    }


def paint(nets: Networks, frames: Tensor, styles: Tensor) -> Tensor:
    """Every frame [T,N,3,H,W] by itself, in S [T·N,D] → [T,N,3,H,W]."""
    return nets.t(frames.flatten(0, 1), styles).view_as(frames)


def train(
    config: Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    start: str,
    vgg_file: Path | None = None,
    resume: bool = False,
) -> str:
    """Runs the stage on folders or packs of pictures; returns how it ended. See `networks.start` and `loop.run`."""
    check_size(config.size)
    work = common.begin(config, networks.start(start, "", config.seed), photos, paintings)
    nets, vgg, draws = work.nets, work.load_vgg(vgg_file), work.draws
    cache = PaintingCache(nets, vgg, work.paintings)

    def terms() -> dict[str, Tensor]:
        shots = make_shots(work.photographs, work.n, config, draws)
        numbers = draws.integers(work.n, high=len(cache)).tolist()
        noise = config.noise * draws.normal(work.n, config.still, *shots[0].shape[2:]).to(shots[0].device)
        with torch.autocast(shots[0].device.type, enabled=False):  # two numbers a value: nothing to gain from bf16
            return losses(nets, vgg, shots, cache.batch(numbers), noise)

    return work.run({"t.steady_style": config.rate}, terms, out, resume)
