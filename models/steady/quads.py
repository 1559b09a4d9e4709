"""Pictures as quads, 2×2 pixels each: [N,C,H,W] ↔ [N,4·C,H/2,W/2], in the order of `pixel_shuffle`.

Where all four pixels of a quad have moved alike, they are read at one place from four pictures, each a pixel aside of
the others, instead of at four places: ONNX Runtime spends most of the time of GridSample on places, whatever is read.
"""

from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

CORNERS = list(product((0, 1), (0, 1)))  # (y, x) of a quad's pixels
CELL = (3, 4, 1)  # channels of `in_cells`: colour, light of the corners, light


def in_cells(picture: Tensor, side: int) -> Tensor:
    """Of every cell of side×side pixels, side a multiple of 2: its mean colour, the light of its four corners, of
    (side/2)² pixels each, and its light; `CELL` channels. [N,3,H,W] → [N,8,H/side,W/side].

    One convolution, for ONNX Runtime computes 16 channels in the time of one.
    """
    colours = torch.eye(3, device=picture.device).view(3, 3, 1, 1).expand(3, 3, side, side) / side**2
    light = colours.mean(0, keepdim=True)
    corners = F.interpolate(torch.eye(4, device=picture.device).view(4, 1, 2, 2), scale_factor=side / 2)
    corners = corners.expand(4, 3, side, side) * 4 / (3 * side**2)
    return F.conv2d(picture, torch.cat([colours, corners, light]), stride=side)


def neighbours(picture: Tensor) -> Tensor:
    """Each pixel, and those right of it, below, and below right, without the last row and column: [N,C,H,W] →
    [N,4·C,H−1,W−1]. Read where a quad's upper left pixel was, it gives the quad: see `stretch`.

    Slices, as the one convolution that would do costs ONNX Runtime twice as much.
    """
    found = []
    for channel in picture.split(1, 1) if picture.shape[1] > 1 else [picture]:  # LiteRT knows no split into one
        above, below = channel[:, :, :-1], channel[:, :, 1:]
        found += [above[..., :-1], above[..., 1:], below[..., :-1], below[..., 1:]]
    return torch.cat(found, 1)


def stretch(edge: Tensor) -> Tensor:
    """By what the places of quads' centres in a picture, −1…1 from edge to edge, are to be multiplied to read quads
    there in its `neighbours`, a pixel smaller about the same centre. edge [1,2,1,1]: the place of the last quad."""
    return 2 / (1 + edge)


def about_quads(kernels: Tensor) -> Tensor:
    """What the kernels [K,3,3] find at each of a quad's pixels, as one kernel [4·K,1,4,4] of stride 2."""
    return torch.cat([F.pad(k, (x, 1 - x, y, 1 - y))[None, None] for k in kernels for y, x in CORNERS])
