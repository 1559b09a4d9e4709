"""Operators that ONNX Runtime does faster written another way, for torch.onnx.export's `custom_translation_table`."""

from typing import Any

import onnx_ir as ir
import torch
from onnxscript import opset18 as op


def pixel_shuffle(self, upscale_factor: int):
    """[N,C·f²,H,W] → [N,C,f·H,f·W] as a transposed convolution of ones and zeros, exact to the bit.

    On two cores it takes a fifth to a half of DepthToSpace's time.
    """
    squares = upscale_factor**2
    channels = self.shape[1] // squares
    place = torch.eye(squares).view(1, squares, 1, upscale_factor, upscale_factor)
    kernel = torch.eye(channels).view(channels, 1, channels, 1, 1) * place
    weights = kernel.reshape(channels * squares, channels, upscale_factor, upscale_factor).numpy()
    # onnxscript takes tensors of onnx_ir, and says so nowhere.
    constant: Any = op.Constant(value=ir.tensor(weights.astype(self.dtype.numpy())))  # pyright: ignore[reportArgumentType]
    return op.ConvTranspose(self, constant, strides=[upscale_factor, upscale_factor])


TRANSLATIONS = {torch.ops.aten.pixel_shuffle.default: pixel_shuffle}
