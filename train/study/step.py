"""One step of study as a function of tensors alone: paint, judge, derive, and let Adam change T's weights and S.

All that changes lies in one flat vector, T's parameters one after the other and then S, so that Adam is a handful of
operators and whoever runs the step carries three vectors from step to step.
"""

from collections.abc import Mapping
from typing import NamedTuple

import torch
from torch import Tensor

from impasto.models.transformer import Transformer

from .loss import Batch, Features, Painting, terms

BETA1, BETA2, EPSILON = 0.9, 0.99, 1e-8  # Adam's; the second shorter than usual, for so few steps


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


def adam(held: Held, gradient: Tensor, rates: Tensor, count: Tensor) -> Held:
    """One step of Adam (Kingma and Ba 2015); `rates` [V] a value, 0 keeps it; `count` [1] is 1 at the first step."""
    moment1 = BETA1 * held.moment1 + (1 - BETA1) * gradient
    moment2 = BETA2 * held.moment2 + (1 - BETA2) * gradient * gradient
    # Both moments begin at zero; divided by how much of the mean is there already.
    mean, square = moment1 / (1 - BETA1**count), moment2 / (1 - BETA2**count)
    return Held(held.values - rates * mean / (square.sqrt() + EPSILON), moment1, moment2)


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
    return adam(held, gradient, rates, count), found
