"""Distilling P: a smaller P learns to give the style vectors that a trained one gives, of any picture.

It begins with the teacher's own layers as far as they go, and with its heads; new are the last layers between. The
first blocks, which both then share, stay as they are and are computed once for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor

from impasto.models.errors import BadInput
from impasto.models.predictor import Predictor, PredictorSpec
from impasto.models.weights import take_over
from impasto.train import distributed, networks
from impasto.train.checkpoint import Networks
from impasto.train.config import PaintingConfig
from impasto.train.data import augment
from impasto.train.data.augment import Draws
from impasto.train.progress import shown

from . import common
from .distil import load_teacher

FITTED = 512  # pictures from which the deviation of S is taken, and to which the layer before the heads is fitted
RIDGE = 0.01  # of the pooled features' mean square: pictures are few beside features
CROP = (0.4, 1.0)  # share of the side: strokes at very different scales, and little of a picture as well as all of it


@dataclass(frozen=True)
class PredictorWeights:
    """The one term: of the variance of S, what is not explained. 1 is a P that always gives the mean."""

    unexplained: float = 1.0


@dataclass(frozen=True)
class Config(PaintingConfig):
    """Settings of distilling P."""

    predictor: str = "small"  # the student
    frozen: int = 10  # blocks that stay the teacher's, those of the most pixels: training them takes four times as long
    batch: int = 16  # pictures a step over all processes
    steps: int = 10_000  # ends here
    rate: float = 1e-4  # of what is taken from the teacher
    new_rate: float = 2e-4  # of the layers before the heads; the fit explains nine tenths, and 1e-3 undoes half of that
    weights: PredictorWeights = field(default_factory=PredictorWeights)


def student_of(teacher: Predictor, spec: PredictorSpec) -> Predictor:
    """A P of that description with everything of the teacher's that has the same place and shape."""
    p = Predictor(spec, teacher.layout)
    parts = [(p.stem, teacher.stem), *zip(p.blocks, teacher.blocks, strict=False), (p.heads, teacher.heads)]
    parts += [(p.last, teacher.last)] if p.last and teacher.last else []
    parts += [(p.gather, teacher.gather), (p.correct, teacher.correct)] if both_have_statistics(p, teacher) else []
    for mine, model in (*parts, (p.bottleneck, teacher.bottleneck)):
        take_over(mine, model)
    return p


def both_have_statistics(p: Predictor, teacher: Predictor) -> bool:
    """Whether both have the branch of the statistics: see `models.predictor`."""
    return bool(p.spec.statistics and teacher.spec.statistics)


def losses(p: Predictor, teacher: Predictor, frozen: int, deviation: Tensor, pictures: Tensor) -> dict[str, Tensor]:
    """The training step: pictures [N,3,h,w] in [0, 1]; deviation [D] of the teacher's S; the first `frozen` blocks are
    the same in both → the term. In float32 also under autocast."""
    thorough = teacher if teacher.spec.statistics else p
    with torch.autocast(pictures.device.type, enabled=False):
        with torch.no_grad():
            shared = thorough.lower_summary(pictures, frozen)
            wanted = teacher.style_from(*teacher.summary_from(*shared, frozen))
        found = p.style_from(*p.summary_from(*shared, frozen)) if frozen else p(pictures)
        return {"unexplained": ((found - wanted) / deviation).square().mean()}


@torch.no_grad()
def fit(p: Predictor, teacher: Predictor, pictures: Tensor) -> Tensor:
    """Starts P's bottleneck at the ridge regression of the teacher's on what P pools; pictures [N,3,h,w] in [0, 1].

    Returns the standard deviation [D] of each number of the teacher's S, none so small that it divides by 0.
    """
    # What the student pools, and the teacher's bottlenecks and style vectors, of every picture.
    pooled, codes, styles = [], [], []
    handle = p.bottleneck.register_forward_hook(lambda _, inputs, output: pooled.append(inputs[0]))
    for some in shown(pictures.split(16), "fitting P"):
        p.bottleneck_of(some)
        code, found = teacher.summary(some)
        codes.append(code)
        styles.append(teacher.style_from(code, found))
    handle.remove()
    # Ridge regression from one to the other: (XᵀX + λI)⁻¹ Xᵀ(Y − mean Y), of centred X.
    x, y = torch.cat(pooled).double(), torch.cat(codes).double()
    centred = x - x.mean(0)
    square = centred.T @ centred
    strength = RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=square.dtype, device=square.device)
    if p.bottleneck.weight.shape[0] == y.shape[1]:
        weight = torch.linalg.solve(square + strength, centred.T @ (y - y.mean(0))).T
        p.bottleneck.weight.copy_(weight)
        p.bottleneck.bias.copy_(y.mean(0) - weight @ x.mean(0))
    return torch.cat(styles).std(0).clamp_min(1e-3)


def draw(paintings: Tensor, photographs: Tensor, n: int, size: int, draws: Draws) -> Tensor:
    """n pictures [n,3,size,size] of paintings and photographs [count,3,S,S] uint8, any as likely as any other."""
    rows = draws.integers(n, high=len(paintings) + len(photographs)).tolist()
    chosen = [paintings[r] if r < len(paintings) else photographs[r - len(paintings)] for r in rows]
    return augment.paintings(torch.stack(chosen).float() / 255, size, draws, CROP)


def train(
    config: Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    teacher: str | None = None,
    resume: bool = False,
) -> str:
    """Runs the stage on folders or packs; returns how it ended. The result holds the new P and the teacher's T."""
    if config.photo_side != config.painting_side:
        raise BadInput("photo_side and painting_side must be the same: P is shown both alike.")
    model = load_teacher(teacher)
    torch.manual_seed(config.seed)
    p = student_of(model.p, networks.named(networks.PREDICTORS, config.predictor))
    _check(config, p, model.p)
    work = common.begin(config, Networks(p, model.t), photos, paintings)
    teacher_p = networks.on_device(model, work.processes.device).p

    def pictures(n: int, draws: Draws) -> Tensor:
        return draw(work.paintings, work.photographs, n, config.style_size, draws)

    deviation = fit(work.nets.p, teacher_p, pictures(FITTED, Draws(torch.Generator().manual_seed(config.seed + 2))))
    distributed.broadcast_weights(work.nets.p)
    return work.run(
        {"p": config.rate, "p.last": config.new_rate, "p.bottleneck": config.new_rate},
        lambda: losses(work.nets.p, teacher_p, config.frozen, deviation, pictures(work.n, work.draws)),
        out,
        resume,
    )


def _check(config: Config, p: Predictor, teacher: Predictor) -> None:
    """BadInput: the blocks that shall stay are not the same in both."""
    kept = [(net.stem, *list(net.blocks)[: config.frozen]) for net in (p, teacher)]
    pairs = [(a.state_dict(), b.state_dict()) for a, b in zip(*kept, strict=False)]
    alike = all(a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a) for a, b in pairs)
    if config.frozen and not (alike and len(pairs) == config.frozen + 1):
        raise BadInput(f"frozen={config.frozen}: teacher and student do not have so many first blocks in common.")
