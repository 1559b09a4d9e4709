"""The predictor stage: P learns to say what T needs, T and P's convolutions staying as they are.

Far less noisy than teaching both at once, and cheap: what P sees in a painting and what VGG does are computed when the
painting is first drawn, and kept, as is what VGG sees in a few photographs. Left to do are what P makes of what it
sees, a small painting, and VGG's look at that.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.train import loop, vgg
from impasto.train.checkpoint import Networks
from impasto.train.config import PaintingConfig
from impasto.train.data import pictures as data
from impasto.train.data.augment import Draws
from impasto.train.losses import CONTENT_LAYER, STYLE_LAYERS, grams

from . import common as stage
from .image import judged
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


class Known(NamedTuple):
    """What never changes of some paintings."""

    code: Tensor  # [N,100], see Predictor.look
    found: Tensor  # [N,2C]
    strokes: dict[str, Tensor]  # by layer: Gram matrices [N,C,C], in bf16


class Paintings:
    """Paintings by number, as they are stored, looked at once.

    Not cropped, turned or recoloured: it is whole paintings that P will be shown, and few of these are drawn twice.
    """

    def __init__(self, nets: Networks, eye: vgg.Vgg, canvases: Tensor):
        self.p, self.eye, self.canvases = nets.p, eye, canvases
        self.kept: dict[int, Known] = {}

    def __len__(self) -> int:
        return len(self.canvases)

    @torch.no_grad()
    def look(self, numbers: Sequence[int]) -> None:
        """Looks at these paintings, all at once."""
        pictures = self.canvases[list(numbers)].float() / 255
        with torch.backends.cudnn.flags(enabled=True, benchmark=False):  # another number of them each time
            strokes = {layer: gram.bfloat16() for layer, gram in grams(self.eye(pictures)).items()}
            with torch.autocast(pictures.device.type, enabled=False):
                codes, found = self.p.look(pictures)
        for i, number in enumerate(numbers):
            one = slice(i, i + 1)
            self.kept[number] = Known(codes[one], found[one], {layer: gram[one] for layer, gram in strokes.items()})

    def batch(self, numbers: Sequence[int]) -> Known:
        """What is known of N paintings, together."""
        if new := sorted(set(numbers) - self.kept.keys()):
            self.look(new)
        codes, found, strokes = zip(*(self.kept[number] for number in numbers), strict=True)
        together = {layer: torch.cat([s[layer] for s in strokes]).float() for layer in STYLE_LAYERS}
        return Known(torch.cat(codes), torch.cat(found), together)


def losses(nets: Networks, eye: vgg.Vgg, known: Known, photos: Tensor, things: Tensor) -> dict[str, Tensor]:
    """The training step: paintings, photographs [N,3,H,W] in [0, 1], and their features [N,256,h,w] → the terms."""
    with torch.autocast(photos.device.type, enabled=False):
        vectors = nets.p.say(known.code, known.found)
    return judged(eye, nets.t(photos, vectors), things, known.strokes)


def train(
    config: Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    start: str = "published",
    vgg_file: Path | None = None,
    resume: bool = False,
) -> str:
    """Runs the stage on folders or packs of pictures; returns how it ended. See `loop.start` and `loop.run`.

    Statistics of which P makes nothing yet begin whitened.
    """
    work = stage.begin(config, loop.start(start, "", config.seed), photos, paintings)
    nets, eye, draws = work.nets, work.eye(vgg_file), work.draws
    apart = Draws(torch.Generator().manual_seed(config.seed + 2))
    if nets.p.spec.statistics and not nets.p.correct.weight.any():
        begin_statistics(nets.p, data.pick(work.canvases, ENOUGH, apart))
        stage.begin_alike(nets.p)
    known = Paintings(nets, eye, work.canvases)
    few = work._replace(n=config.contents, draws=apart).photos()
    with torch.no_grad():
        things = torch.cat([eye(some, CONTENT_LAYER)[CONTENT_LAYER] for some in few.split(8)])

    def terms() -> dict[str, Tensor]:
        numbers = draws.integers(work.n, high=len(known)).tolist()
        chosen = draws.integers(work.n, high=len(few)).to(few.device)
        return losses(nets, eye, known.batch(numbers), few[chosen], things[chosen])

    rates = {"p.heads": config.heads_rate, "p.gather": config.rate, "p.correct": config.rate}
    return work.run(rates, terms, out, resume)
