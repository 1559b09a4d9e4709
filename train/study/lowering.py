"""Gradients written with operators that run fast wherever ONNX does, as decompositions for `make_fx`.

What autograd leaves behind otherwise is scattering and gathering, which is slow on CPUs and often absent from browsers.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._decomp import get_decompositions
from torch.nn import functional as F

from .winograd import channels_first, channels_last, convolved, suits

aten = torch.ops.aten
WIDE = 5  # above this a kernel's gradient is a convolution of its own, in which pictures are the channels


def convolution(
    x: Tensor,
    weight: Tensor,
    bias: Tensor | None,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
) -> Tensor:
    """VGG's with many channels by Winograd's way; all others as they are."""
    plain = not transposed and groups == 1 and set(dilation) == set(stride) == set(padding) == {1}
    if not plain or tuple(weight.shape[2:]) != (3, 3) or not suits(x, weight):
        return NotImplemented
    return convolved(x, weight, bias)


def convolution_backward(
    gradient: Tensor,
    x: Tensor,
    weight: Tensor,
    bias_sizes: Any,
    stride: list[int],
    padding: list[int],
    dilation: list[int],
    transposed: bool,
    output_padding: list[int],
    groups: int,
    wanted: list[bool],
    in_tiles: bool = False,
) -> tuple[Tensor | None, Tensor | None, Tensor | None]:
    """Of plain convolutions: towards the input with turned weights, towards the weights as `weight_gradient` has it.

    in_tiles: for OpenVINO, without Winograd's way and without kernels as large as pictures, which it gets wrong in
    bfloat16 (findings/openvino-amx-and-wide-kernels.sh).
    """
    plain = not transposed and groups == 1 and set(dilation) == {1}
    assert plain, "T and VGG have plain convolutions only"
    to_input = to_weight = to_bias = None
    if wanted[0]:
        kernel = weight.shape[2:]
        vggs = set(stride) == {1} == set(padding) and tuple(kernel) == (3, 3)
        if not in_tiles and vggs and suits(gradient, weight):
            to_input = convolved(gradient, weight, turned=True)
        elif set(stride) == {1}:
            turned = weight.flip(2, 3).transpose(0, 1)
            to_input = F.conv2d(gradient, turned, padding=[k - 1 - p for k, p in zip(kernel, padding, strict=True)])
        else:
            left = [
                size + 2 * p - k - s * (g - 1)
                for size, p, k, s, g in zip(x.shape[2:], padding, kernel, stride, gradient.shape[2:], strict=True)
            ]
            to_input = F.conv_transpose2d(gradient, weight, stride=stride, padding=padding, output_padding=left)
    if wanted[1]:
        assert set(padding) == {0}, "the convolutions that are trained have their borders laid on before"
        if not in_tiles and max(weight.shape[2:]) > WIDE and set(stride) == {1}:
            to_weight = F.conv2d(x.transpose(0, 1), gradient.transpose(0, 1)).transpose(0, 1)
        else:
            to_weight = weight_gradient(gradient, x, weight.shape, stride[0])
    if wanted[2]:
        to_bias = gradient.sum((0, 2, 3))
    return to_input, to_weight, to_bias


def weight_gradient(gradient: Tensor, x: Tensor, shape: torch.Size, stride: int) -> Tensor:
    """Of a convolution without padding: the matrix product of its gradient with its input, shifted to each place of the
    kernel. With a stride, the input's phases are laid apart first, so that every shift is a slice without steps.

    Pictures and channels are one dimension of it: OpenVINO then lays it out once, and not every shift of it.
    """
    (n, c), (h, w), (kh, kw) = x.shape[:2], gradient.shape[2:], shape[2:]
    if stride > 1:
        x = F.pad(x, [0, -x.shape[3] % stride, 0, -x.shape[2] % stride])
        x = x.view(n * c, x.shape[2] // stride, stride, x.shape[3] // stride, stride).permute(2, 4, 0, 1, 3)
    else:
        x = x.reshape(1, 1, n * c, *x.shape[2:])
    shifted = [
        x[i % stride, j % stride, :, i // stride : i // stride + h, j // stride : j // stride + w].reshape(n, c, h * w)
        for i in range(kh)
        for j in range(kw)
    ]
    columns = torch.cat(shifted, 1)  # [N,kh·kw·C,h·w]
    found = torch.bmm(gradient.flatten(2), columns.transpose(1, 2)).sum(0)
    return found.view(shape[0], kh, kw, c).permute(0, 3, 1, 2)


def reflect(x: Tensor, padding: list[int]) -> Tensor:
    """`reflection_pad2d` in slices and concatenations."""
    for axis, (before, after) in ((-1, padding[:2]), (-2, padding[2:])):
        size = x.shape[axis]
        first = [x.narrow(axis, i, 1) for i in range(before, 0, -1)]
        last = [x.narrow(axis, size - 2 - i, 1) for i in range(after)]
        if first or last:
            x = torch.cat([*first, x, *last], axis)
    return x


def reflect_backward(gradient: Tensor, x: Tensor, padding: list[int]) -> Tensor:
    """What lies beyond the border is added to the lines that it mirrors."""
    for axis, (before, after) in ((-1, padding[:2]), (-2, padding[2:])):
        size = gradient.shape[axis] - before - after
        lines = {i: gradient.narrow(axis, before + i, 1) for i in [*range(1 + before), *range(size - 1 - after, size)]}
        for i in range(1, before + 1):
            lines[i] = lines[i] + gradient.narrow(axis, before - i, 1)
        for i in range(1, after + 1):
            lines[size - 1 - i] = lines[size - 1 - i] + gradient.narrow(axis, before + size - 1 + i, 1)
        if before or after:
            middle = gradient.narrow(axis, 2 * before + 1, size - 2 - before - after)
            ends = sorted(lines)
            parts = [lines[i] for i in ends[: before + 1]] + [middle] + [lines[i] for i in ends[before + 1 :]]
            gradient = torch.cat(parts, axis)
    return gradient


def twice(x: Tensor) -> Tensor:
    """Every pixel as two by two."""
    return aten.upsample_nearest2d.default(x, [2 * x.shape[2], 2 * x.shape[3]])


def slice_backward(gradient: Tensor, sizes: list[int], dim: int, start: int, end: int, step: int) -> Tensor:
    """Zeros around what was cut out."""
    assert step == 1, "steps are not met here"
    size, axis = sizes[dim], dim % len(sizes)
    start = max(0, start + size if start < 0 else start)
    padding = [0, 0] * (len(sizes) - 1 - axis) + [start, size - start - gradient.shape[axis]]
    return F.pad(gradient, padding)


def select_backward(gradient: Tensor, sizes: list[int], dim: int, index: int) -> Tensor:
    axis = dim % len(sizes)
    return slice_backward(gradient.unsqueeze(axis), sizes, axis, index, index + 1, 1)


def diagonal_backward(gradient: Tensor, sizes: list[int], offset: int, dim1: int, dim2: int) -> Tensor:
    assert offset == 0
    assert {dim1 % len(sizes), dim2 % len(sizes)} == {len(sizes) - 2, len(sizes) - 1}
    return gradient[..., None] * torch.eye(sizes[-1])


def instance_norm_forward(x, weight, bias, mean, var, training, momentum, eps):
    assert weight is None
    assert training
    centre = x.mean((0, 2, 3), keepdim=True)
    apart = x - centre
    scale = ((apart * apart).mean((0, 2, 3), keepdim=True) + eps).rsqrt()
    return apart * scale, centre.flatten(), scale.flatten()


def instance_norm_backward(gradient, x, weight, mean, var, save_mean, save_scale, training, eps, wanted):
    scale = save_scale.view(1, -1, 1, 1)
    normal = (x - save_mean.view(1, -1, 1, 1)) * scale
    even = gradient.mean((0, 2, 3), keepdim=True)
    along = (gradient * normal).mean((0, 2, 3), keepdim=True)
    return scale * (gradient - even - normal * along), None, None


def lies_last(x: Tensor) -> bool:
    """Whether the channels of a picture [N,C,H,W] lie last in memory."""
    return x.shape[1] > 1 and channels_last(x).is_contiguous()


def quads(x: Tensor) -> Tensor:
    """[N,C,2H,2W] → [N,H,2,W,2,C]."""
    n, c, h, w = x.shape
    return channels_last(x).reshape(n, h // 2, 2, w // 2, 2, c)


def max_pool(x, kernel, *_):
    """Where channels lie last, of quads; as it is elsewhere. What comes second is not used."""
    if not lies_last(x):
        return NotImplemented
    found = channels_first(quads(x).amax(4).amax(2))
    return found, found.long()


def max_pool_backward(gradient, x, kernel, stride, padding, dilation, ceil_mode, indices):
    """To where the input equals its maximum. After a ReLU only zeros are equal to each other by more than chance, and
    of those none passes a gradient on."""
    assert list(kernel) == [2, 2], "VGG pools two by two"
    if lies_last(x):
        each = quads(x)
        maxima = each.amax(4, keepdim=True).amax(2, keepdim=True)
        alive = channels_last(gradient)[:, :, None, :, None] * (maxima > 0).to(gradient.dtype)
        found = alive * (each == maxima).to(gradient.dtype)
        return channels_first(found.reshape(channels_last(x).shape))
    maxima = aten.max_pool2d_with_indices(x, kernel, stride)[0]
    alive = gradient * (maxima > 0).to(gradient.dtype)
    return twice(alive) * (x == twice(maxima)).to(gradient.dtype)


def threshold_backward(gradient: Tensor, x: Tensor, threshold: float) -> Tensor:
    return gradient * (x > threshold).to(gradient.dtype)  # several times as fast as a choice


def avg_pool_backward(gradient, x, kernel, stride, padding, ceil_mode, count_include_pad, divisor):
    assert list(kernel) == [2, 2]
    return twice(gradient) / 4


def nearest_backward(gradient, output_size, input_size, *scales):
    return 4 * F.avg_pool2d(gradient, 2)


TABLE: dict[Any, Callable] = {
    **get_decompositions([aten._log_softmax, aten._log_softmax_backward_data, aten.sigmoid_backward]),
    aten.convolution.default: convolution,
    aten.convolution_backward.default: convolution_backward,
    aten.reflection_pad2d.default: reflect,
    aten.reflection_pad2d_backward.default: reflect_backward,
    aten.max_pool2d_with_indices.default: max_pool,
    aten.max_pool2d_with_indices_backward.default: max_pool_backward,
    aten.threshold_backward.default: threshold_backward,
    aten.avg_pool2d_backward.default: avg_pool_backward,
    aten.upsample_nearest2d_backward.default: nearest_backward,
    aten.slice_backward.default: slice_backward,
    aten.select_backward.default: select_backward,
    aten.diagonal_backward.default: diagonal_backward,
    aten.native_batch_norm.default: instance_norm_forward,
    aten.native_batch_norm_backward.default: instance_norm_backward,
}
