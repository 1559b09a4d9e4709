"""How `study_tiles.onnx` computes a step: for OpenVINO on processors that multiply tiles of bfloat16 (Intel AMX).

In float32 as it stands the same as `study.onnx`; OpenVINO rounds weights and features when it runs it. There
convolutions take a third of a step, so that nothing saves multiplications: Winograd's sums would be rounded, too, and
take longer than what they save. VGG looks at pictures as PyTorch has them, their channels not last: OpenVINO lays them
out by itself. Borders are reflected by the operator that is meant for it, where ONNX Runtime is faster with slices.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import torch
from torch import Tensor

from impasto.train.vgg import Vgg

from . import lowering
from .lowering import aten

TABLE: dict[Any, Callable] = {
    **lowering.TABLE,
    aten.convolution_backward.default: partial(lowering.convolution_backward, in_tiles=True),
}
del TABLE[aten.convolution.default], TABLE[aten.reflection_pad2d.default]


def features(vgg: Vgg, weights: Mapping[str, Tensor], image: Tensor) -> dict[str, Tensor]:
    """`Vgg.forward` with other weights."""
    return torch.func.functional_call(vgg, dict(weights), (image,))
