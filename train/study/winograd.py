"""3×3 convolutions with a quarter of the multiplications, in operators that run fast wherever ONNX does.

Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016):
sixteen pixels of a channel are found from 36 products where 144 would be multiplied; by F(2×2, 3×3) four from 16, where
36 would be. The products of all tiles are so many matrix products; what comes before and after them is one each, since
pictures lie in memory with their channels last, so that a tile's pixels are gathered as whole rows of memory.

What is made of the weights is computed in the graph; ONNX Runtime does so once, when it loads it.
"""

from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F


class Filtering(NamedTuple):
    """F(rows × rows, 3 × 3): back · ((kernel · w) ⊙ (ahead · x)), each matrix along columns and along rows.

    w is a kernel of 3 × 3, x a tile of (rows + 2)² pixels; what comes out are the rows² pixels in its middle.
    """

    ahead: list[list[float]]
    kernel: list[list[float]]
    back: list[list[float]]


# With the points 0, ±3/4, ±3/2 and infinity: of 256 channels they round by 1.3e-6 of what is found, where the usual
# 0, ±1, ±2 round by 2.8e-6.
FOUR = Filtering(
    [
        [81 / 64, 0, -45 / 16, 0, 1, 0],
        [0, -27 / 16, -9 / 4, 3 / 4, 1, 0],
        [0, 27 / 16, -9 / 4, -3 / 4, 1, 0],
        [0, -27 / 32, -9 / 16, 3 / 2, 1, 0],
        [0, 27 / 32, -9 / 16, -3 / 2, 1, 0],
        [0, 81 / 64, 0, -45 / 16, 0, 1],
    ],
    [
        [64 / 81, 0, 0],
        [-128 / 243, -32 / 81, -8 / 27],
        [-128 / 243, 32 / 81, -8 / 27],
        [32 / 243, 16 / 81, 8 / 27],
        [32 / 243, -16 / 81, 8 / 27],
        [0, 0, 1],
    ],
    [
        [1, 1, 1, 1, 1, 0],
        [0, 3 / 4, -3 / 4, 3 / 2, -3 / 2, 0],
        [0, 9 / 16, 9 / 16, 9 / 4, 9 / 4, 0],
        [0, 27 / 64, -27 / 64, 27 / 8, -27 / 8, 1],
    ],
)
# With the points 0, ±1 and infinity.
TWO = Filtering(
    [[1, 0, -1, 0], [0, 1, 1, 0], [0, -1, 1, 0], [0, 1, 0, -1]],
    [[1, 0, 0], [1 / 2, 1 / 2, 1 / 2], [1 / 2, -1 / 2, 1 / 2], [0, 0, 1]],
    [[1, 1, 1, 0], [0, 1, -1, -1]],
)
# Numbers of a weight above which tiles are of two pixels: those of four keep four times a weight in memory, these 1.8
# times, and for few tiles of many channels they take nearly as long.
MANY = 256 * 256 * 9


def channels_last(x: Tensor) -> Tensor:
    """[N,C,H,W] → [N,H,W,C]."""
    return x.permute(0, 2, 3, 1)


def channels_first(x: Tensor) -> Tensor:
    """[N,H,W,C] → [N,C,H,W]."""
    return x.permute(0, 3, 1, 2)


def squared(matrix: list[list[float]], like: Tensor) -> Tensor:
    """What a matrix does along columns and rows: its Kronecker product with itself."""
    one = torch.tensor(matrix, dtype=like.dtype)
    return torch.kron(one, one)


@cache
def gathered(rows: int, pictures: int, down: int, across: int) -> Tensor:
    """Where the pixels of tiles lie among those of bordered pictures: int32 [(`rows` + 2)² · N · `down` · `across`].

    In the order pixel of a tile, picture, tile.
    """
    height, width = (rows * tiles + 2 for tiles in (down, across))
    inside = torch.arange(rows + 2)
    pixel = inside[:, None] * width + inside
    tile = torch.arange(down)[:, None] * rows * width + torch.arange(across) * rows
    whole = torch.arange(pictures) * height * width
    return (pixel.flatten()[:, None, None] + whole[:, None] + tile.flatten()).flatten().int()


def suits(x: Tensor, weight: Tensor) -> bool:
    """Whether pictures x [N,·,H,W] can be convolved with weight [O,C,3,3] this way, and gain by it."""
    rows = len(filtering(weight).back)
    return x.shape[2] % rows == 0 and x.shape[3] % rows == 0 and min(weight.shape[:2]) >= 64


def filtering(weight: Tensor) -> Filtering:
    """Of which size tiles are for weight [O,C,3,3]: see `MANY`."""
    return TWO if weight.numel() > MANY else FOUR


def convolved(x: Tensor, weight: Tensor, bias: Tensor | None = None, turned: bool = False) -> Tensor:
    """`F.conv2d` with a border of one zero: x [N,C,H,W], weight [O,C,3,3], bias [O] → [N,O,H,W].

    Both pictures lie in memory with their channels last. turned: with the weight of the way back, from gradients
    [N,O,H,W] to [N,C,H,W].
    """
    ahead, kernel, back = filtering(weight)
    (n, c, h, w), products, rows = x.shape, len(ahead) ** 2, len(back)
    o = weight.shape[1 if turned else 0]
    down, across = h // rows, w // rows
    tiles = n * down * across
    # Every tile's pixels, pixel by pixel of a tile: [products, tiles · C].
    bordered = F.pad(channels_last(x), (0, 0, 1, 1, 1, 1)).reshape(-1, c)
    pixels = bordered.index_select(0, gathered(rows, n, down, across)).view(products, tiles * c)
    # What is multiplied: `ahead` of the tiles, `kernel` of the weight.
    sums = torch.mm(squared(ahead, x), pixels)
    kernel, order = ([row[::-1] for row in kernel], (2, 3, 0, 1)) if turned else (kernel, (2, 3, 1, 0))
    kernels = torch.mm(squared(kernel, x), weight.permute(order).reshape(9, c * o))
    # One matrix product over the channels for each of the products; then `back` makes pixels of them.
    found = torch.bmm(sums.view(products, tiles, c), kernels.view(products, c, o))
    found = torch.mm(squared(back, x), found.view(products, tiles * o))
    # The tiles side by side again: [N,H,W,O].
    found = found.view(rows, rows, n, down, across, o).permute(2, 3, 0, 4, 1, 5).reshape(n, h, w, o)
    return channels_first(found if bias is None else found + bias)
