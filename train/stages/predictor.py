"""The predictor stage: P's heads learn which style vector T needs; T and P's convolutions stay as they are.

Far less noisy than training both at once, and cheap: the features that P's convolutions and VGG find in a painting are
computed when it is first drawn, and kept, as are VGG's of a few photographs. A step is then P's last layers, a small
painting by T, and VGG's features of that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.train import distributed, networks
from impasto.train.checkpoint import Networks
from impasto.train.config import PaintingConfig
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.losses import CONTENT_LAYER, STYLE_LAYERS, Palette
from impasto.train.vgg import Vgg

from . import common
from .image import StyleTargets, painting_terms, style_targets
from .whitening import ENOUGH, begin_statistics


@dataclass(frozen=True)
class Config(PaintingConfig):
    """Settings of the predictor stage."""

    size: int = 160  # px: of what is painted; only S is judged here, and many styles say more of P than many pixels
    photo_side: int = 224  # px: of the stored photographs
    contents: int = 64  # photographs: enough that S suits any
    batch: int = 8  # paintings a step over all processes
    steps: int = 10_000  # ends here
    rate: float = 5e-4  # of what P makes of statistics
    heads_rate: float = 2e-4  # of what it makes of the bottleneck, which is trained already
    warmup: int = 50  # steps in which Adam's estimates settle
    ema: float = 0.99  # the average over about a hundred steps


class PaintingFeatures(NamedTuple):
    """What never changes of N paintings while P's heads learn: what its convolutions and VGG find in them."""

    code: Tensor  # [N,100], P's bottleneck, see `Predictor.summary`
    statistics: Tensor  # [N,2C], of P's levels, see `Predictor.summary`
    targets: StyleTargets  # Gram matrices in bf16 where they are kept, float32 in a batch


class PaintingCache:
    """Features of paintings by number, computed when a painting is first drawn, and kept.

    Not cropped, turned or recoloured: it is whole paintings that P will be shown, and few of these are drawn twice.
    """

    def __init__(self, nets: Networks, vgg: Vgg, paintings: Tensor):
        """paintings uint8 [count,3,S,S]."""
        self.p, self.vgg, self.paintings = nets.p, vgg, paintings
        self.kept: dict[int, PaintingFeatures] = {}

    def __len__(self) -> int:
        return len(self.paintings)

    @torch.no_grad()
    def compute(self, numbers: Sequence[int]) -> None:
        """Computes and keeps the features of these paintings, all at once."""
        shown = self.paintings[list(numbers)].float() / 255
        with torch.backends.cudnn.flags(enabled=True, benchmark=False):  # another number of them each time
            targets = style_targets(self.vgg, shown)
            with torch.autocast(shown.device.type, enabled=False):
                codes, statistics = self.p.summary(shown)
        for i, number in enumerate(numbers):
            one = slice(i, i + 1)
            its_grams = {layer: gram[one].bfloat16() for layer, gram in targets.grams.items()}
            mine = StyleTargets(its_grams, Palette(*(x[one] for x in targets.palette)))
            self.kept[number] = PaintingFeatures(codes[one], statistics[one], mine)

    def batch(self, numbers: Sequence[int]) -> PaintingFeatures:
        """The features of N paintings together; what is not known yet is computed."""
        if new := sorted(set(numbers) - self.kept.keys()):
            self.compute(new)
        codes, statistics, targets = zip(*(self.kept[number] for number in numbers), strict=True)
        together = {layer: torch.cat([t.grams[layer] for t in targets]).float() for layer in STYLE_LAYERS}
        palettes = Palette(*map(torch.cat, zip(*(t.palette for t in targets), strict=True)))
        return PaintingFeatures(torch.cat(codes), torch.cat(statistics), StyleTargets(together, palettes))


def losses(
    nets: Networks, vgg: Vgg, known: PaintingFeatures, photos: Tensor, content_features: Tensor
) -> dict[str, Tensor]:
    """The training step: features of N paintings, photographs [N,3,H,W] in [0, 1], and VGG's features of these at the
    content layer [N,256,h,w] → the terms."""
    with torch.autocast(photos.device.type, enabled=False):
        vectors = nets.p.style_from(known.code, known.statistics)
    return painting_terms(vgg, nets.t(photos, vectors), photos, content_features, known.targets)


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

    Statistics of which P makes nothing yet begin whitened.
    """
    work = common.begin(config, networks.start(start, "", config.seed), photos, paintings)
    nets, vgg, draws = work.nets, work.load_vgg(vgg_file), work.draws
    apart = Draws(torch.Generator().manual_seed(config.seed + 2))
    if nets.p.spec.statistics and not nets.p.correct.weight.any():
        begin_statistics(nets.p, pictures.pick(work.paintings, ENOUGH, apart))
        distributed.broadcast_weights(nets.p)
    cache = PaintingCache(nets, vgg, work.paintings)
    contents = work._replace(n=config.contents, draws=apart).draw_photos()
    with torch.no_grad():
        content_features = torch.cat([vgg(some, CONTENT_LAYER)[CONTENT_LAYER] for some in contents.split(8)])

    def terms() -> dict[str, Tensor]:
        numbers = draws.integers(work.n, high=len(cache)).tolist()
        chosen = draws.integers(work.n, high=len(contents)).to(contents.device)
        return losses(nets, vgg, cache.batch(numbers), contents[chosen], content_features[chosen])

    rates = {"p.heads": config.heads_rate, "p.gather": config.rate, "p.correct": config.rate}
    return work.run(rates, terms, out, resume)
