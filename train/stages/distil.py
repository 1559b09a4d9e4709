"""The distilling stage: a cheaper T learns to paint what a trained one paints. No VGG, so it goes fast.

The student takes over whatever has the teacher's shape: the trunk, what leads into it and out of it, the stabilizer,
and P's heads for the layers that both have. Its own stem and end begin as the least-squares fit of what they replace.
Then all of T trains on the teacher's paintings and on the features that the teacher's trunk is given; P stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting
from impasto.models.spec import TransformerSpec
from impasto.models.store import model_folder
from impasto.models.transformer import PaddedConv, Transformer
from impasto.models.weights import for_layout, save_weights, take_over
from impasto.train import distributed, networks
from impasto.train.checkpoint import RESULT, Networks
from impasto.train.config import PaintingConfig
from impasto.train.data import pictures
from impasto.train.losses import relative_error

from . import common
from .image import style_vectors

FITTED = 48  # photographs, each in a style of its own, that stem and end are first fitted to: 100 unknowns need no more
RIDGE = 1e-4  # of the inputs' mean square, so that pixels which hardly differ do not get huge, opposite weights


@dataclass(frozen=True)
class DistilWeights:
    """One number per term; judge them by each term's share of the total, which the log gives."""

    painting: float = 1.0  # mean absolute difference, which forgives a rare large error where a square would blur
    edges: float = 1.0  # the same of neighbouring pixels' differences: without it fine strokes go soft
    features: float = 0.5  # a relative error, .005 once fitted: a twentieth of the total holds the trunk's input


@dataclass(frozen=True)
class Config(PaintingConfig):
    """Settings of the distilling stage; its `rate` is that of what is taken from the teacher."""

    network: str = "space_to_depth"  # the student's T
    batch: int = 8  # photographs a step over all processes, each with a painting of its own
    new_rate: float = 2e-3  # of stem and end, which are not
    warmup: int = 50  # steps in which Adam's estimates settle
    weights: DistilWeights = field(default_factory=DistilWeights)


def losses(nets: Networks, teacher: Networks, rows: list[int], photos: Tensor, styles: Tensor) -> dict[str, Tensor]:
    """The training step: photographs [N,3,H,W] painted by both in styles [N,3,h,w] → the terms.

    rows: where the student's S lies in the teacher's, so that P is asked only once.
    """
    with torch.no_grad():
        vectors = style_vectors(teacher.p, styles)
        wanted = teacher.t.encode(photos)
        original = teacher.t.decode(wanted, vectors)
    features = nets.t.encode(photos)
    painted = nets.t.decode(features, vectors[:, rows])
    return {**painting_terms(painted, original), "features": relative_error(features[-1], wanted[-1]).mean()}


def painting_terms(painted: Tensor, original: Tensor) -> dict[str, Tensor]:
    """Mean absolute differences of two paintings [N,3,H,W] and of their gradients across and down."""
    difference = (painted - original).float()
    edges = difference.diff(dim=-1).abs().mean() + difference.diff(dim=-2).abs().mean()
    return {"painting": difference.abs().mean(), "edges": edges}


def student_of(teacher: Networks, spec: TransformerSpec) -> Networks:
    """A T of that description with everything of the teacher's that fits, and the teacher's P with the heads it needs.

    Contracting convolutions are matched from the trunk outwards, expanding ones likewise. BadInput: the trunks differ.
    """
    t = Transformer(spec)
    try:
        p = for_layout(teacher.p, t.layout)
    except ValueError as e:
        raise BadInput(f"This network cannot learn from that teacher: {e}.") from e
    if spec.multiple != teacher.t.spec.multiple:
        raise BadInput("Teacher and student must shrink the frame alike, or their features cannot be compared.")
    for own, theirs in (
        (t.blocks, teacher.t.blocks),
        (t.contract[::-1], teacher.t.contract[::-1]),
        (t.expand, teacher.t.expand),
        ([t.stem, t.end, t.stabilizer], [teacher.t.stem, teacher.t.end, teacher.t.stabilizer]),
    ):
        for mine, model in zip(own, theirs, strict=False):
            take_over(mine, model)
    return Networks(p, t)


@torch.no_grad()
def fit_ends(student: Networks, teacher: Networks, photos: Tensor, styles: Tensor) -> None:
    """Starts stem and end at the least-squares fit of what stands in their place in the teacher, where they are new.

    The stem answers as that of the teacher's convolutions which gives as many channels at the same resolution; the end
    gives what the teacher's end gives, normalised. photos [N,3,H,W] and styles [N,3,h,w] in [0, 1].
    """
    t, vectors = student.t, teacher.p(styles)
    for i, conv in enumerate(teacher.t.contract, 1):
        assert isinstance(conv, PaddedConv)
        here = teacher.t.spec.stem_stride * 2**i, conv.conv.out_channels
        if here == (t.spec.stem_stride, t.stem.conv.out_channels):
            _, wanted = _input_and_output(conv, lambda: teacher.t.encode(photos))
            ridge_regression(t.stem, photos, wanted)
    if t.end.conv.weight.shape != teacher.t.end.conv.weight.shape:
        _, wanted = _input_and_output(teacher.t.end, lambda: teacher.t(photos, vectors))
        if teacher.t.spec.stem_stride > 1:
            wanted = F.pixel_shuffle(wanted, teacher.t.spec.stem_stride)
        wanted = F.instance_norm(wanted, eps=t.spec.epsilon)
        given, _ = _input_and_output(t.end, lambda: t(photos, student.p(styles)))
        ridge_regression(t.end, given, F.pixel_unshuffle(wanted, t.spec.stem_stride))


def _input_and_output(module: nn.Module, call) -> tuple[Tensor, Tensor]:
    """What the module is given, and what it answers, while call() runs."""
    found = []
    handle = module.register_forward_hook(lambda _, inputs, output: found.append((inputs[0], output)))
    call()
    handle.remove()
    return found[0]


@torch.no_grad()
def ridge_regression(conv: PaddedConv, inputs: Tensor, wanted: Tensor) -> None:
    """Sets weights and bias to the ridge regression of wanted [N,O,h,w] on the patches of inputs [N,C,H,W]."""
    k, stride = conv.conv.kernel_size, conv.conv.stride
    # The normal equations, XᵀX and XᵀY, summed over pictures; X are the patches, with a 1 for the bias.
    square = cross = torch.zeros((), dtype=torch.float64, device=inputs.device)
    for one, target in zip(inputs.float().split(1), wanted.float().split(1), strict=True):  # all patches are too many
        patches = F.unfold(F.pad(one, conv.pad, mode="reflect"), k, stride=stride)[0].double()
        patches = torch.cat([patches, torch.ones_like(patches[:1])])
        square, cross = square + patches @ patches.T, cross + patches @ target[0].flatten(1).double().T
    # λ on the diagonal, relative to the inputs' size.
    strength = RIDGE * square.diagonal().mean() * torch.eye(len(square), dtype=torch.float64, device=square.device)
    strength[-1, -1] = 0  # the bias is free
    found = torch.linalg.solve(square + strength, cross).T
    conv.conv.weight.copy_(found[:, :-1].view_as(conv.conv.weight))
    assert conv.conv.bias is not None
    conv.conv.bias.copy_(found[:, -1])


def load_teacher(teacher: str | None) -> Networks:
    """A weights file, a run's folder, or the default model's weights."""
    return networks.start(teacher or str(model_folder() / RESULT), "", 0)


def join(predictor: str, transformer: str, out: Path, stabilizer: str | None = None) -> None:
    """Writes one weights file of P and T from two runs or files, the stabilizer and the steady style from a third.

    Without `stabilizer` they stay T's. BadInput: P has no heads for some layer of T, the third has another S, or `out`
    is one of those read.
    """
    check_overwriting(out, map(networks.weights_file, filter(None, (predictor, transformer, stabilizer))))
    p, t = networks.start(predictor, "", 0).p, networks.start(transformer, "", 0).t
    if stabilizer:
        other = networks.start(stabilizer, "", 0).t
        if other.layout != t.layout:
            raise BadInput(f"The steady style of {stabilizer} does not suit {transformer}: their style vectors differ.")
        t.stabilizer, t.steady_style = other.stabilizer, other.steady_style
    try:
        p = for_layout(p, t.layout)
    except ValueError as e:
        raise BadInput(f"P of {predictor} does not belong to T of {transformer}: {e}.") from e
    out.parent.mkdir(parents=True, exist_ok=True)
    save_weights(p, t, out)


def train(
    config: Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    teacher: str | None = None,
    resume: bool = False,
) -> str:
    """Runs the stage on folders or packs; returns how it ended. See `load_teacher` and `loop.run`."""
    model = load_teacher(teacher)
    torch.manual_seed(config.seed)
    student = student_of(model, networks.named(networks.NETWORKS, config.network))
    work = common.begin(config, student, photos, paintings)
    networks.on_device(model, work.processes.device)
    fit_ends(work.nets, model, *pictures.sample_sheet(work.photographs, work.paintings, config, FITTED))
    distributed.broadcast_weights(work.nets.t)
    rows = work.nets.t.layout.within(model.t.layout)
    return work.run(
        {"t": config.rate, "t.stem": config.new_rate, "t.end": config.new_rate},
        lambda: losses(work.nets, model, rows, work.draw_photos(), work.draw_paintings()),
        out,
        resume,
    )
