"""What a studied style is judged by: the losses of training on one painting, told apart, and one for two frames.

All of them are of `impasto.train.losses`; here they are put together for one painting and any pictures, as a function
of tensors alone, so that it can be traced into a graph.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.train import losses
from impasto.train.losses import STYLE_LAYERS, Palette

Features = Callable[[Tensor], dict[str, Tensor]]  # VGG, or VGG with its weights given

TERMS = (
    "texture",
    "energy",
    "colour",
    "covariance",
    "contrast",
    "content",
    "structure",
    "detail",
    "tv",
    "output_temporal",
)


class Painting(NamedTuple):
    """What is asked of a painted picture by the painting."""

    grams: tuple[Tensor, ...]  # [1,C,C] by `STYLE_LAYERS`
    mean: Tensor  # [1,3] of L*a*b*
    covariance: Tensor  # [1,3,3]
    contrast: Tensor  # [1]

    @property
    def palette(self) -> Palette:
        """Its colours as `losses` compares them."""
        return Palette(self.mean, self.covariance, self.contrast)


class Batch(NamedTuple):
    """N pictures, each as two frames of a clip; the second is the first one moved, with other noise in
    other light."""

    frame: Tensor  # [N,3,H,W] in [0, 1]
    other: Tensor  # [N,3,H,W], the second frame
    down: Tensor  # [N,H,H]: down · x reads a picture's rows where the first frame's rows are in the second one
    across: Tensor  # [N,W,W]: x · across likewise its columns
    seen: Tensor  # [N,1,H,W] 1 where both frames show the place, else 0
    content: Tensor  # [N,256,H/4,W/4] features of the first frame at relu3_3


def painting_targets(vgg: Features, painting: Tensor) -> Painting:
    """The painting [1,3,H,W] in [0, 1] → its `Painting`."""
    features = vgg(painting)
    return Painting(tuple(pooled(features[layer]) for layer in STYLE_LAYERS), *losses.palette(painting))


def side_by_side(pictures: Tensor) -> Tensor:
    """[N,3,H,W] → [1,3,N·H,W]: as one picture, whose colours are those of all."""
    return pictures.transpose(0, 1).flatten(1, 2)[None]


def pooled(features: Tensor) -> Tensor:
    """Gram matrix of all pictures together: [N,C,h,w] → [1,C,C].

    A batch has to have the painting's texture as a whole: a plain sky need not have all of it. Whatever judges a Gram
    matrix by another symmetric one has a symmetric gradient, so that towards one factor is half of it all: one matrix
    product back instead of two.
    """
    n, _, h, w = features.shape
    if features.is_contiguous():
        flat = features.flatten(2)
    else:  # channels last
        flat = features.permute(0, 2, 3, 1).flatten(1, 2).transpose(1, 2)
    half = torch.bmm(flat, flat.detach().transpose(1, 2)).sum(0, keepdim=True) / (n * h * w)
    return 2 * half - half.detach()


def output_temporal(out: Tensor, other_out: Tensor, batch: Batch) -> Tensor:
    """`losses.output_temporal` where motion is by rows and columns, which makes it two matrix products → scalar."""

    def moved(x: Tensor) -> Tensor:
        return batch.down[:, None] @ x @ batch.across[:, None]

    change_out = out - moved(other_out)
    change_in = losses.luminance(batch.frame - moved(batch.other))
    return (batch.seen * (change_out - change_in).square()).mean()


def terms(vgg: Features, out: Tensor, other_out: Tensor, batch: Batch, painting: Painting) -> Tensor:
    """The two painted frames [N,3,H,W] → float32 [terms], unweighted, in the order of `TERMS`."""
    features = vgg(out)
    here = {layer: pooled(features[layer]) for layer in STYLE_LAYERS}
    there: dict[str, Tensor] = dict(zip(STYLE_LAYERS, painting.grams, strict=True))
    palette = losses.palette(side_by_side(out))
    at = features[losses.CONTENT_LAYER]
    values = {
        "texture": losses.texture(here, there),
        "energy": losses.energy(here, there),
        "colour": losses.colour(palette, painting.palette),
        "covariance": losses.covariance(palette, painting.palette),
        "contrast": losses.contrast(palette, painting.palette),
        "content": losses.content(at, batch.content),
        "structure": losses.structure(at, losses.self_similarity(batch.content)),
        "detail": 1 - losses.ssim(losses.grey(out), losses.grey(batch.frame)),
        "tv": losses.total_variation(out),
        "output_temporal": output_temporal(out, other_out, batch),
    }
    return torch.stack([values[name] for name in TERMS])
