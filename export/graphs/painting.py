"""T as float32 graphs compute it on processors: the same sums with fewer multiplications and fewer passes.

`painted` equals `Transformer.encode` and `decode` to rounding. What differs:

- the residual blocks' 3×3 convolutions multiply half as often: Winograd's minimal filtering F(4,3) down the columns
  (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016);
- a 3×3 convolution of what was doubled by nearest-neighbour reads each pixel up to four times: four 2×2 kernels on the
  small picture, one for each pixel of a quad, see all there is (Shi et al., "Is the deconvolution layer the same as a
  convolutional layer?", 2016);
- what is added to a channel as a whole is left out where a normalisation takes it off again: what the contraction found
  is counted from its corner's value, and the second normalisation of a block has no β. What is even, a black frame or a
  blank slide, is exactly 0 there: otherwise the rows of a tile and the pixels of a quad, which are summed in different
  orders, differ by a rounding. A block's first normalisation keeps its β, for a ReLU follows; γ, which is 0 for even
  frames, makes what they leave there even again (`transformer.as_far_as_seen`). On WebGPU, whose variance is the mean
  of the squares less the square of the mean, channels near 0 keep more of it, too
  (findings/onnxruntime-web-webgpu-instance-norm-of-flat-channels.sh);
- γ and β are given to the normalisation operator, which is one pass in place of three;
- the contraction and the skip read one padded picture.

The weights stay as they are, by their names, in the graph, and what is made of them is computed there: ONNX Runtime
does so once, when it loads the graph. Each operator of the namespace `impasto` is one function of PyTorch, which the
exporter traces as a whole, and its translation into ONNX, which works at any size.
"""

from typing import Any

import onnx_ir as ir
import torch
from onnxscript import opset18
from torch import Tensor
from torch.nn import functional as F

from impasto.models.transformer import Transformer

op: Any = opset18  # onnxscript types an operator's result as one that no operator takes
ROWS = 4  # of a tile: so many rows of a convolution are found from 6 products where 12 would be multiplied
# Winograd's F(4,3) with the points 0, ±1, ±2 and infinity: rows = BACK · ((KERNEL · w) ⊙ (AHEAD · 6 rows about them)).
AHEAD = [
    [4.0, 0, -5, 0, 1, 0],
    [0, -4, -4, 1, 1, 0],
    [0, 4, -4, -1, 1, 0],
    [0, -2, -1, 2, 1, 0],
    [0, 2, -1, -2, 1, 0],
    [0, 4, 0, -5, 0, 1],
]
KERNEL = [
    [1 / 4, 0, 0],
    [-1 / 6, -1 / 6, -1 / 6],
    [-1 / 6, 1 / 6, -1 / 6],
    [1 / 24, 1 / 12, 1 / 6],
    [1 / 24, -1 / 12, 1 / 6],
    [0, 0, 1],
]
BACK = [[1.0, 1, 1, 1, 1, 0], [0, 1, -1, 2, -2, 0], [0, 1, 1, 4, 4, 0], [0, 1, -1, 8, -8, 1]]
PRODUCTS = len(AHEAD)
# What a kernel's three rows add up to where they fall on a doubled row and one of its neighbours, for the pixel after
# the place between two rows, then for the pixel before it.
DOUBLED = [[1.0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 1]]
BLOCK = 16  # channels that ONNX Runtime's convolutions compute at once


def painted(t: Transformer, frame: Tensor, style: Tensor) -> Tensor:
    """`Transformer.encode` and `decode` of one frame [1,3,H,W] in one style [1,D]; H and W multiples of 4 ·
    `spec.multiple`."""
    parts, values = iter(t.layout.slices()), style.flatten()

    def norm(z: Tensor, shifted: bool = True) -> Tensor:
        """The next normalised layer, of any number of dimensions; without its β unless `shifted`."""
        _, gamma, beta = next(parts)
        shift = values[beta] if shifted else torch.zeros(z.shape[1])
        return F.instance_norm(z, weight=values[gamma], bias=shift, eps=t.spec.epsilon)

    levels, skips = [F.relu(t.stem(frame))], []
    for i, conv in enumerate(t.contract):
        around = F.pad(levels[-1], (1, 1, 1, 1), mode="reflect")  # right and below more than the contraction reads
        levels.append(F.relu(conv.conv(around)))
        if t.skip:
            skips.append(t.skip[len(t.contract) - 1 - i].conv(around))

    z = from_corner(levels[-1])
    for first, second in t.blocks:
        inner = F.relu(norm(convolved(z, first.conv.weight, first.conv.bias)))
        z = z + norm(convolved(inner, second.conv.weight, second.conv.bias), shifted=False)
    for i, conv in enumerate(t.expand):
        z = doubled(from_corner(z) if i else z, conv.conv.weight, conv.conv.bias)
        z = z + skips.pop() if skips else z
        z = F.relu(norm(z))

    if t.spec.stem_stride == 1:
        return torch.sigmoid(norm(t.end(z)))
    # Channels beyond the end's, of nothing, where ONNX Runtime would compute them anyway and then take them out.
    conv = t.end.conv
    more = -conv.out_channels % BLOCK
    weight, bias = F.pad(conv.weight, (0, 0, 0, 0, 0, 0, 0, more)), F.pad(conv.bias, (0, more))
    z = F.conv2d(F.pad(z, t.end.pad, mode="reflect"), weight, bias)
    return torch.sigmoid(norm(spread(z, 3, t.spec.stem_stride)))


def from_corner(z: Tensor) -> Tensor:
    """What is added to the value of each channel's first pixel."""
    return z - z[..., :1, :1]


@torch.library.custom_op("impasto::convolved", mutates_args=())
def convolved(z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """A convolution [O,C,3,3] with a reflected border, by Winograd's way: [1,C,H,W], H a multiple of 4 → [1,O,H,W]."""
    return F.conv2d(F.pad(z, (1, 1, 1, 1), mode="reflect"), weight, bias)


@torch.library.custom_op("impasto::doubled", mutates_args=())
def doubled(z: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """Nearest-neighbour upsampling, a reflected border and a convolution [O,C,3,3]: [1,C,H,W] → [1,O,2H,2W]."""
    z = F.interpolate(z, scale_factor=2.0, mode="nearest")
    return F.conv2d(F.pad(z, (1, 1, 1, 1), mode="reflect"), weight, bias)


@torch.library.custom_op("impasto::spread", mutates_args=())
def spread(z: Tensor, channels: int, factor: int) -> Tensor:
    """`F.pixel_shuffle` of the first channels · factor² channels: [1,…,H,W] → [1,channels,factor·H,factor·W]."""
    return F.pixel_shuffle(z[:, : channels * factor**2], factor)


for each in (convolved, doubled, spread):
    each.register_fake(each._init_fn)


def constant(values: Any, dtype: str = "float32") -> Any:
    """Numbers as they stand in a graph. onnxscript takes tensors of onnx_ir, and says so nowhere: hence Any."""
    return op.Constant(value=ir.tensor(torch.tensor(values, dtype=getattr(torch, dtype)).numpy()))


def whole(*numbers: int) -> Any:
    """Whole numbers as they stand in a graph, int64."""
    return constant(numbers, "int64")


def winograd(z, weight, bias):
    """`convolved`."""
    outputs, channels = weight.shape[:2]
    around = op.Pad(z, whole(0, 0, 1, 1, 0, 0, 1, 1), mode="reflect")
    # Six sums of the rows about every four, each channel by itself: ONNX Runtime stays in its blocked layout for that.
    sums = [sum_of_rows(around, row, channels) for row in AHEAD]
    # They are convolved along x alone, with sums of the kernel's rows.
    kernels = op.MatMul(constant(KERNEL), op.Reshape(op.Transpose(weight, perm=[2, 0, 1, 3]), whole(3, -1)))
    kernels = op.Reshape(kernels, whole(PRODUCTS * outputs, channels, 1, 3))
    # What is added to the second product comes back in every row: the second column of BACK is ones.
    before, after = constant([0.0] * outputs), constant([0.0] * (PRODUCTS - 2) * outputs)
    bias = op.Concat(before, bias, after, axis=0)
    products = op.Conv(op.Concat(*sums, axis=1), kernels, bias, group=PRODUCTS, kernel_shape=[1, 3])
    # Four rows of every six products: [6,O,H/4,W] → [4,O,H/4,W] → [1,O,H,W]. In a Reshape 0 is a side as it is, by its
    # place, and −1 what is left: neither says how many pixels there are.
    rows = op.MatMul(constant(BACK), op.Reshape(products, whole(PRODUCTS, -1)))
    rows = op.Reshape(rows, op.Concat(whole(ROWS, outputs), op.Shape(products, start=2), axis=0))
    return op.Reshape(op.Transpose(rows, perm=[1, 2, 0, 3]), whole(1, outputs, -1, 0))


def sum_of_rows(z, row: list[float], channels: int):
    """Every four rows of z [1,C,H+2,W] and one more on each side, weighted by a row of `AHEAD`: [1,C,H/4,W].

    Without the zeros at its end, and every other row alone where those between have none.
    """
    row = row[: 1 + max(i for i, value in enumerate(row) if value)]
    apart = 1 if any(row[1::2]) else 2
    kernel = constant([[[[value] for value in row[::apart]]]] * channels)
    return op.Conv(z, kernel, group=channels, strides=[ROWS, 1], dilations=[apart, 1])


def quad_convolution(z, weight, bias):
    """`doubled`."""
    outputs, channels = weight.shape[:2]
    # Reflecting what was doubled repeats the border of what was not. [1,C,H+2,W+2], and four kernels for each place
    # between four pixels: for those right below, left below, right above and left above it.
    around = op.Pad(z, whole(0, 0, 1, 1, 0, 0, 1, 1), mode="edge")
    both = op.MatMul(op.MatMul(constant(DOUBLED), weight), op.Transpose(constant(DOUBLED), perm=[1, 0]))
    both = op.Transpose(op.Reshape(both, whole(outputs, channels, 2, 2, 2, 2)), perm=[4, 2, 0, 1, 3, 5])
    four = op.Reshape(both, whole(4 * outputs, channels, 2, 2))
    found = op.Conv(around, four, op.Concat(bias, bias, bias, bias, axis=0), kernel_shape=[2, 2])  # [1,4·O,H+1,W+1]
    # Columns, then rows next to each other; what lies beyond the picture falls away.
    found = op.Reshape(op.Unsqueeze(found, whole(0)), whole(2, 2, outputs, 0, 0))
    found = op.Reshape(op.Transpose(found, perm=[1, 2, 3, 4, 0]), whole(0, 0, 0, -1))
    found = op.Reshape(op.Transpose(found, perm=[1, 2, 0, 3]), whole(1, outputs, -1, 0))
    return op.Slice(found, whole(1, 1), whole(-1, -1), whole(2, 3))


def shuffled(z, channels, factor):
    """`spread`, by a transposed convolution, as `lowering.pixel_shuffle`: channels beyond have kernels of zeros."""
    squares = factor**2
    kernel = torch.zeros(z.shape[1], channels, factor, factor)
    for i in range(channels * squares):
        kernel[i, i // squares, i % squares // factor, i % factor] = 1.0
    return op.ConvTranspose(z, constant(kernel.tolist()), strides=[factor, factor])


TRANSLATIONS = {
    torch.ops.impasto.convolved.default: winograd,
    torch.ops.impasto.doubled.default: quad_convolution,
    torch.ops.impasto.spread.default: shuffled,
}
