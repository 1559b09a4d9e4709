"""How `study_tiles.onnx` computes a step: for OpenVINO on processors that multiply tiles of bfloat16 (Intel AMX).

In float32 as it stands the same as `study.onnx`; OpenVINO rounds weights and features when it runs it. There
convolutions take a third of a step, so that nothing saves multiplications: Winograd's sums would be rounded, too, and
take longer than what they save. VGG looks at pictures as PyTorch has them, their channels not last: OpenVINO lays them
out by itself. Borders are reflected by the operator that is meant for it, where ONNX Runtime is faster with slices.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

from impasto.train.vgg import Vgg

from . import lowering
from .lowering import aten


def convolution(x: Tensor, weight: Tensor, *_: Any) -> Tensor:
    """Of grey pictures with a window, for structural similarity, by `windowed`; all others as they are."""
    return windowed(x, weight) if of_grey(weight) else NotImplemented


def convolution_backward(gradient: Tensor, x: Tensor, weight: Tensor, *how: Any) -> tuple[Tensor | None, ...]:
    """As `lowering.convolution_backward` has it, towards grey pictures by `windowed`."""
    if not of_grey(weight):
        return lowering.convolution_backward(gradient, x, weight, *how, in_tiles=True)
    h, w = (side - 1 for side in weight.shape[2:])
    return windowed(F.pad(gradient, (w, w, h, h)), weight.flip(2, 3)), None, None


def of_grey(weight: Tensor) -> bool:
    return tuple(weight.shape[:2]) == (1, 1)


def windowed(x: Tensor, window: Tensor) -> Tensor:
    """`F.conv2d` of grey pictures [N,1,H,W] with a window [1,1,h,w], as a sum of shifted pictures.

    Of what a convolution gives OpenVINO keeps 8 bits, which are too few where variances are differences of squares that
    are nearly the same; of sums and products, which lead to the losses, it keeps 24.
    """
    h, w = window.shape[2:]
    down, across = x.shape[2] - h + 1, x.shape[3] - w + 1
    shifted = [
        x[:, :, i : i + down, j : j + across] * window[:, :, i : i + 1, j : j + 1] for i in range(h) for j in range(w)
    ]
    return sum(shifted[1:], shifted[0])


def features(vgg: Vgg, weights: Mapping[str, Tensor], image: Tensor) -> dict[str, Tensor]:
    """`Vgg.forward` with other weights."""
    return torch.func.functional_call(vgg, dict(weights), (image,))


TABLE: dict[Any, Callable] = {
    **lowering.TABLE,
    aten.convolution.default: convolution,
    aten.convolution_backward.default: convolution_backward,
}
del TABLE[aten.reflection_pad2d.default]
