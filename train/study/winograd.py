"""3×3 convolutions with a quarter of the multiplications, in operators that run fast wherever ONNX does.

Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray, "Fast algorithms for convolutional neural networks", 2016):
sixteen pixels of a channel are found from 36 products where 144 would be multiplied. The products of all tiles are 36
matrix products; what comes before and after them is one as well, of 36 rows, since pictures lie in memory with their
channels last, so that a tile's pixels are gathered as whole rows of memory.

What is made of the weights is computed in the graph; ONNX Runtime does so once, when it loads it.
"""

from functools import cache

import torch
from torch import Tensor
from torch.nn import functional as F

# F(4,3) with the points 0, ±3/4, ±3/2 and infinity: of 256 channels they round by 1.3e-6 of what is found, where the
# usual 0, ±1, ±2 round by 2.8e-6. Four in a row = BACK · ((KERNEL · w) ⊙ (AHEAD · the six about them)).
AHEAD = [
    [81 / 64, 0, -45 / 16, 0, 1, 0],
    [0, -27 / 16, -9 / 4, 3 / 4, 1, 0],
    [0, 27 / 16, -9 / 4, -3 / 4, 1, 0],
    [0, -27 / 32, -9 / 16, 3 / 2, 1, 0],
    [0, 27 / 32, -9 / 16, -3 / 2, 1, 0],
    [0, 81 / 64, 0, -45 / 16, 0, 1],
]
KERNEL = [
    [64 / 81, 0, 0],
    [-128 / 243, -32 / 81, -8 / 27],
    [-128 / 243, 32 / 81, -8 / 27],
    [32 / 243, 16 / 81, 8 / 27],
    [32 / 243, -16 / 81, 8 / 27],
    [0, 0, 1],
]
BACK = [
    [1, 1, 1, 1, 1, 0],
    [0, 3 / 4, -3 / 4, 3 / 2, -3 / 2, 0],
    [0, 9 / 16, 9 / 16, 9 / 4, 9 / 4, 0],
    [0, 27 / 64, -27 / 64, 27 / 8, -27 / 8, 1],
]
ROWS, TILE = len(BACK), len(AHEAD)  # of a tile: pixels of a side that are found, and of which they are made


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
def gathered(pictures: int, down: int, across: int) -> Tensor:
    """Where the pixels of tiles lie among those of bordered pictures: int32 [36 · N · `down` · `across`].

    In the order pixel of a tile, picture, tile.
    """
    height, width = (ROWS * tiles + 2 for tiles in (down, across))
    inside = torch.arange(TILE)
    pixel = inside[:, None] * width + inside
    tile = torch.arange(down)[:, None] * ROWS * width + torch.arange(across) * ROWS
    whole = torch.arange(pictures) * height * width
    return (pixel.flatten()[:, None, None] + whole[:, None] + tile.flatten()).flatten().int()


def suits(x: Tensor, weight: Tensor) -> bool:
    """Whether pictures x [N,·,H,W] can be convolved with weight [O,C,3,3] this way, and gain by it."""
    return x.shape[2] % ROWS == 0 and x.shape[3] % ROWS == 0 and min(weight.shape[:2]) >= 64


def convolved(x: Tensor, weight: Tensor, bias: Tensor | None = None, turned: bool = False) -> Tensor:
    """`F.conv2d` with a border of one zero: x [N,C,H,W], weight [O,C,3,3], bias [O] → [N,O,H,W].

    Both pictures lie in memory with their channels last. turned: with the weight of the way back, from gradients
    [N,O,H,W] to [N,C,H,W].
    """
    (n, c, h, w), products = x.shape, TILE**2
    o = weight.shape[1 if turned else 0]
    down, across = h // ROWS, w // ROWS
    tiles = n * down * across
    bordered = F.pad(channels_last(x), (0, 0, 1, 1, 1, 1)).reshape(-1, c)
    pixels = bordered.index_select(0, gathered(n, down, across)).view(products, tiles * c)
    ahead = torch.mm(squared(AHEAD, x), pixels)
    kernel, order = ([row[::-1] for row in KERNEL], (2, 3, 0, 1)) if turned else (KERNEL, (2, 3, 1, 0))
    kernels = torch.mm(squared(kernel, x), weight.permute(order).reshape(9, c * o))
    found = torch.bmm(ahead.view(products, tiles, c), kernels.view(products, c, o))
    found = torch.mm(squared(BACK, x), found.view(products, tiles * o))
    found = found.view(ROWS, ROWS, n, down, across, o).permute(2, 3, 0, 4, 1, 5).reshape(n, h, w, o)
    return channels_first(found if bias is None else found + bias)
