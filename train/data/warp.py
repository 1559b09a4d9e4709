"""Warping by optical flow.

A flow [N,2,H,W] is in pixels, x then y. It belongs to the frame it starts from: flow(p) says where the point seen at
p in this frame lies in the other one. Warping is backward: `warp(there, flow)` brings the other frame here.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def positions(flow: Tensor) -> tuple[Tensor, Tensor]:
    """Where each pixel lands: x and y, each [N,H,W], float32 pixels; pixel centres are whole numbers."""
    _, _, h, w = flow.shape
    x = torch.arange(w, device=flow.device, dtype=torch.float32).view(1, 1, w)
    y = torch.arange(h, device=flow.device, dtype=torch.float32).view(1, h, 1)
    return x + flow[:, 0].float(), y + flow[:, 1].float()


def warp(image: Tensor, flow: Tensor) -> Tensor:
    """W(I)(p) = I(p + flow(p)), bilinear, float32 [N,C,H,W]; beyond the border the border pixel is repeated.

    image [N,C,H,W]; flow [N,2,H,W], or [1,2,H,W] for the whole batch. Equals cv2.remap with BORDER_REPLICATE
    up to the rounding of float32 positions, 4e-5 pixel on a side of 512. Gradients flow to the image.
    """
    n, _, h, w = image.shape
    x, y = positions(flow)
    grid = torch.stack((x * (2 / max(w - 1, 1)) - 1, y * (2 / max(h - 1, 1)) - 1), dim=-1).expand(n, h, w, 2)
    return F.grid_sample(image.float(), grid, mode="bilinear", padding_mode="border", align_corners=True)


def scale_flow(flow: Tensor, size: tuple[int, int]) -> Tensor:
    """The flow [N,2,H,W] at a feature map's size (h, w): averaged over each feature's area, in the map's own pixels."""
    h, w = flow.shape[-2:]
    ratio = torch.tensor([size[1] / w, size[0] / h], device=flow.device).view(1, 2, 1, 1)
    return F.interpolate(flow.float(), size=size, mode="area") * ratio


def scale_mask(mask: Tensor, size: tuple[int, int]) -> Tensor:
    """The mask [N,1,H,W] of 0 and 1 at a feature map's size (h, w): 1 where all that the feature covers is 1."""
    return 1 - F.adaptive_max_pool2d(1 - mask.float(), size)
