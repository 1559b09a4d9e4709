"""The steady stage: T, the stabilizer and the steady style learn together on short sequences; P is frozen.

The stabilizer is unrolled: each steady painting is carried into the next frame, and gradients flow back through all of
them. The losses of the video stage hold T itself steady; the same output loss on the steady paintings, between
neighbours and over the whole sequence along the composed motion, trains what is carried; VGG judges a painting of
either kind, so that steadiness is not bought with blur; and where something new came into view, the steady painting
must be the new one. Sequences are made from photographs with exact flow; real clips with DIS flow may join them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.models.errors import BadInput
from impasto.models.steady.flownet import MULTIPLE
from impasto.models.steady.stabilizer import Stabilizer, State
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
    """Settings of the steady stage."""

    frames: int = 5  # of a sequence: its last painting is mixed of all of them, and its first is the key of all
    photo_side: int = 320  # px: of the stored photographs, so much larger than frames that motion stays inside
    clip_side: int = 256  # px: of the stored clips
    clip_share: float = 0.25  # of sequences that come from clips, if there are any
    batch: int = 2  # sequences a step over all processes, each with a painting of its own
    steps: int = 5_000  # ends here
    rate: float = 2e-4  # of T, which can paint already; 0 leaves it as it is
    stabilizer_rate: float = 1e-3  # of a few hundred numbers, whose judge begins at 0
    style_rate: float = 2e-3  # of the steady style, whose numbers end at a few hundredths


class Shots(NamedTuple):
    """Short sequences, each with a painting. Flows and masks belong to the later frame, as in `warp`."""

    frames: Tensor  # [N,T,3,H,W] in [0, 1]
    flows: Tensor  # [N,T-1,2,H,W] pixels, from frame t to t − 1
    masks: Tensor  # [N,T-1,1,H,W]
    far_flow: Tensor  # [N,2,H,W] from the last frame to the first
    far_mask: Tensor  # [N,1,H,W]
    styles: Tensor  # [N,3,h,w] in [0, 1]


def losses(nets: Networks, vgg: Vgg, shots: Shots) -> dict[str, Tensor]:
    """The training step: every frame painted in its sequence's style, alone and steadily → the terms."""
    # Time first, so that a frame of all sequences is one batch.
    n, length = shots.frames.shape[:2]
    frames = shots.frames.transpose(0, 1)  # [T,N,3,H,W]
    flows, masks = shots.flows.transpose(0, 1), shots.masks.transpose(0, 1)

    # Every frame painted by itself, all at once; then carried from each to the next.
    with torch.no_grad():
        vectors = style_vectors(nets.p, shots.styles)
    features = nets.t.encode(frames.flatten(0, 1))
    painted = nets.t.decode(features, styles_over_time(nets, vectors, length)).view_as(frames)
    steady = unroll(nets.t.stabilizer, frames, painted)

    # VGG judges one painting of each kind: the first, painted by itself, and the last, mixed of all.
    judged = torch.cat([frames[0], frames[-1]]), torch.cat([painted[0], steady[-1]])

    # The feature loss between the first two frames alone: any two are as good, and two are cheap.
    before, now = features[-1][:n], features[-1][n : 2 * n]

    return {
        **painting_losses(vgg, *judged, shots.styles),
        "feature_temporal": feature_temporal(now, before, flows[0], masks[0]),
        "output_temporal": neighbours_temporal(painted, frames, flows, masks),
        "steady_temporal": neighbours_temporal(steady, frames, flows, masks),
        "long_range": output_temporal(steady[-1], steady[0], frames[-1], frames[0], shots.far_flow, shots.far_mask),
        "ghost": ((1 - masks) * (steady - painted.detach())[1:].square()).mean(),
    }


def neighbours_temporal(outs: Tensor, frames: Tensor, flows: Tensor, masks: Tensor) -> Tensor:
    """`output_temporal`, the mean over all neighbours: outs and frames [T,N,3,H,W], flows and masks [T-1,N,…]."""
    pairs = zip(outs[1:], outs[:-1], frames[1:], frames[:-1], flows, masks, strict=True)
    return torch.stack([output_temporal(*pair) for pair in pairs]).mean()


def styles_over_time(nets: Networks, vectors: Tensor, length: int) -> Tensor:
    """S [N,D] for every frame [length·N,D]: the first is painted by itself, the others to be mixed."""
    mixed = nets.t.steady_style(vectors, torch.ones(1, device=vectors.device))
    return torch.cat([vectors, mixed.repeat(length - 1, 1)])


def unroll(stabilizer: Stabilizer, frames: Tensor, painted: Tensor) -> Tensor:
    """Frames and their paintings [T,N,3,H,W] → the steady paintings [T,N,3,H,W], the first painted by itself.

    In float32 also under autocast: half a coordinate's bits are not enough to say where a pixel was.
    """
    with torch.autocast(frames.device.type, enabled=False):
        painted, steady = painted.float(), []
        fully = torch.ones(1, device=frames.device)
        state = State.empty(painted[0])
        for frame, alone in zip(frames, painted, strict=True):
            out, state = stabilizer(frame, alone, fully, *state)
            steady.append(out)
        return torch.stack(steady)


def make_shots(photographs: Tensor, n: int, config, draws: Draws) -> tuple[Tensor, ...]:
    """The first five of `Shots`, of scenes made from photographs [count,3,S,S] uint8, two for each scene.

    config: a stage's settings, with `size` and `frames`.
    """
    behind, before = pictures.pick(photographs, n, draws), pictures.pick(photographs, n, draws)
    scene = synthetic.random_scene(behind, before, config.size, config.frames, draws)
    return (*synthetic.render(scene), *synthetic.flow_between(scene, config.frames - 1, 0))


def with_clips(made: tuple[Tensor, ...], stored: Tensor, config: Config, draws: Draws) -> tuple[Tensor, ...]:
    """The same shots, about `clip_share` of them replaced by frames of real clips [count,K,3,S,S] uint8, DIS flow."""
    n = len(made[0])
    shots = pictures.draw_sequences(stored, n, config.size, config.frames, draws)
    mixed = [x.clone() for x in made]
    for i in torch.nonzero(draws.uniform(n) < config.clip_share).flatten().tolist():
        images = [frame.mul(255).round().byte().permute(1, 2, 0).cpu().numpy() for frame in shots[i]]
        near = [clips.pair(here, there) for there, here in pairwise(images)]
        far = clips.pair(images[-1], images[0])
        found = (shots[i], torch.stack([p.flow for p in near]), torch.stack([p.mask for p in near]), far.flow, far.mask)
        for x, values in zip(mixed, found, strict=True):
            x[i] = values.to(x.device)
    return tuple(mixed)


def check_size(size: int) -> None:
    """BadInput: motion can't be found in frames of this size."""
    if size % MULTIPLE:
        raise BadInput(f"size={size} must be divisible by {MULTIPLE}: motion is found at a 32nd of the frame's size.")


def train(
    config: Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    start: str,
    vgg_file: Path | None = None,
    clip_sources: Sequence[Path] = (),
    resume: bool = False,
) -> str:
    """Runs the stage on folders or packs; returns how it ended. See `networks.start` and `loop.run`."""
    check_size(config.size)
    work = common.begin(config, networks.start(start, "", config.seed), photos, paintings)
    vgg, draws = work.load_vgg(vgg_file), work.draws
    stored = pictures.load(clip_sources, config.clip_side, "cpu", "clips", config.frames) if clip_sources else None

    def batch() -> Shots:
        shots = make_shots(work.photographs, work.n, config, draws)
        if stored is not None:
            shots = with_clips(shots, stored, config, draws)
        return Shots._make((*shots, work.draw_paintings()))

    rates = {"t": config.rate, "t.stabilizer": config.stabilizer_rate, "t.steady_style": config.style_rate}
    rates["t.stabilizer.motion"] = 0.0  # the motion stage teaches it, by exact flow
    return work.run(rates, lambda: losses(work.nets, vgg, batch()), out, resume)
