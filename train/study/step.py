"""One step of study as a function of tensors alone: paint, judge, derive, and change T's weights and S.

All that changes lies in one flat vector, T's parameters one after the other and then S, so that whoever runs the step
carries three vectors from step to step.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.models.transformer import Transformer

from .loss import Batch, Features, Painting, terms

BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-8  # Adam's; the second shorter than usual, for so few steps
SCHULZ, ITERATIONS = (3.4445, -4.7750, 2.0315), 5  # Muon's coefficients for x, x³ and x⁵
USUAL = 0.2  # the root of the mean square of Adam's direction


class Held(NamedTuple):
    """What is carried from step to step; all float32 [V], V values of T's parameters and S."""

    values: Tensor
    moment1: Tensor
    moment2: Tensor


def studied_names(t: Transformer) -> list[str]:
    """T's parameters that study may change, in the order in which `values` has them."""
    return [name for name, _ in t.named_parameters() if not name.startswith(("stabilizer.", "steady_style."))]


def flatten(t: Transformer, style: Tensor) -> Tensor:
    """T's parameters and S [D] → values [V]."""
    own = dict(t.named_parameters())
    return torch.cat([*(own[name].detach().flatten() for name in studied_names(t)), style.flatten()])


def split(t: Transformer, values: Tensor) -> tuple[dict[str, Tensor], Tensor]:
    """values [V] → T's parameters by name, and S [1,D]."""
    own, names = dict(t.named_parameters()), studied_names(t)
    *parts, style = values.split([*(own[name].numel() for name in names), t.layout.size])
    return {name: part.view(own[name].shape) for name, part in zip(names, parts, strict=True)}, style[None]


def paint(t: Transformer, parameters: Mapping[str, Tensor], style: Tensor, frame: Tensor) -> Tensor:
    """T with other parameters: frame [N,3,H,W], S [1,D] → painted [N,3,H,W]."""
    return torch.func.functional_call(t, dict(parameters), (frame, style))


def losses(
    t: Transformer, vgg: Features, values: Tensor, batch: Batch, painting: Painting, weights: Tensor
) -> tuple[Tensor, Tensor]:
    """(weighted total, terms [terms]) of T and S as `values` has them; `weights` [terms]."""
    parameters, style = split(t, values)
    out, other = paint(t, parameters, style, torch.cat((batch.frame, batch.other))).chunk(2)
    found = terms(vgg, out, other, batch, painting)
    return (found * weights).sum(), found


def moments(held: Held, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """The running means of the gradient and of its square, [V] each, after one step more."""
    return (
        BETA1 * held.moment1 + (1 - BETA1) * gradient,
        BETA2 * held.moment2 + (1 - BETA2) * gradient * gradient,
    )


def adam(moment1: Tensor, moment2: Tensor, count: Tensor) -> Tensor:
    """Adam's direction [V] (Kingma and Ba 2015); `count` [1] is 1 at the first step."""
    # Both moments begin at zero; divided by how much of the mean is there already.
    mean, square = moment1 / (1 - BETA1**count), moment2 / (1 - BETA2**count)
    return mean / (square.sqrt() + EPSILON)


def muon(momentum: Tensor) -> Tensor:
    """Muon's direction (Jordan et al. 2024) of K matrices [K,O,I]: all their singular values are made nearly one, by
    Newton's and Schulz's iteration; as large as Adam's usually is (Liu et al. 2025), so that one rate serves both.
    """
    wide = momentum if momentum.shape[1] <= momentum.shape[2] else momentum.transpose(1, 2)
    # Divided by its norm, it has no singular value above 1.
    x = wide / (wide.square().sum((1, 2), keepdim=True).sqrt() + EPSILON)
    # Each turn makes a·s + b·s³ + c·s⁵ (`SCHULZ`) of every singular value s, which leads those of 0…1 towards 1.
    for _ in range(ITERATIONS):
        square = torch.bmm(x, x.transpose(1, 2))
        x = SCHULZ[0] * x + torch.bmm(SCHULZ[1] * square + SCHULZ[2] * torch.bmm(square, square), x)
    # With singular values of 1 its mean square is 1 over the longer side; with this factor it is USUAL².
    x = USUAL * max(momentum.shape[1:]) ** 0.5 * x
    return x if wide is momentum else x.transpose(1, 2)


def directions(t: Transformer, gradient: Tensor, moment1: Tensor, moment2: Tensor, count: Tensor) -> Tensor:
    """Where all values go, [V]: kernels between the first and the last convolution by Muon, all else by Adam."""
    own = dict(t.named_parameters())
    names = studied_names(t)
    sizes = [*(own[name].numel() for name in names), t.layout.size]
    found = dict(zip([*names, "style"], adam(moment1, moment2, count).split(sizes), strict=True))
    momentum = dict(zip(names, (BETA1 * moment1 + (1 - BETA1) * gradient).split(sizes)[:-1], strict=True))
    # Those of one shape together.
    shapes: dict[torch.Size, list[str]] = {}
    for name in names:
        if own[name].ndim == 4 and not name.startswith(("stem.", "end.")):
            shapes.setdefault(own[name].shape, []).append(name)
    for shape, alike in shapes.items():
        stacked = torch.stack([momentum[name].view(shape[0], -1) for name in alike])
        for name, direction in zip(alike, muon(stacked).unbind(), strict=True):
            found[name] = direction.flatten()
    return torch.cat([found[name] for name in [*names, "style"]])


def step(
    t: Transformer,
    vgg: Features,
    held: Held,
    rates: Tensor,
    count: Tensor,
    weights: Tensor,
    batch: Batch,
    painting: Painting,
) -> tuple[Held, Tensor]:
    """One step → what is held next, and the terms [terms] before it."""

    def total(values: Tensor) -> tuple[Tensor, Tensor]:
        return losses(t, vgg, values, batch, painting, weights)

    gradient, (_, found) = torch.func.grad_and_value(total, has_aux=True)(held.values)
    moment1, moment2 = moments(held, gradient)
    return Held(held.values - rates * directions(t, gradient, moment1, moment2, count), moment1, moment2), found
