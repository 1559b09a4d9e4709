"""Occlusion masks from a pair of flows: the forward-backward check of Sundaram et al. 2010.

With the thresholds that Ruder et al. 2016 (section 4.2) took over and ReCoNet (Gao et al. 2018) trains with. ŵ is the
flow that starts from this frame, w the one that comes back, w̃(p) = w(p + ŵ(p)) the latter warped here.
"""

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from .warp import positions, warp


def consistent(flow: Tensor, back: Tensor) -> Tensor:
    """True [N,1,H,W] where |w̃ + ŵ|² < 0.01 (|w̃|² + |ŵ|²) + 0.5: going there and back ends where it began.

    flow ŵ and back w, both [N,2,H,W] in pixels.
    """
    returned = warp(back, flow)
    gap = (returned + flow).square().sum(1, keepdim=True)
    length = returned.square().sum(1, keepdim=True) + flow.square().sum(1, keepdim=True)
    return gap < 0.01 * length + 0.5


def inside(flow: Tensor) -> Tensor:
    """True [N,1,H,W] where the point is still within the other frame."""
    h, w = flow.shape[-2:]
    x, y = positions(flow)
    return ((x >= 0) & (x <= w - 1) & (y >= 0) & (y <= h - 1))[:, None]


def motion_boundaries(flow: Tensor) -> Tensor:
    """True [N,1,H,W] where |∇u|² + |∇v|² > 0.01 |ŵ|² + 0.002: central differences, the border pixel repeated."""
    flow = flow.float()
    padded = F.pad(flow, (1, 1, 1, 1), mode="replicate")
    dx = (padded[:, :, 1:-1, 2:] - padded[:, :, 1:-1, :-2]) / 2
    dy = (padded[:, :, 2:, 1:-1] - padded[:, :, :-2, 1:-1]) / 2
    gradient = (dx.square() + dy.square()).sum(1, keepdim=True)
    return gradient > 0.01 * flow.square().sum(1, keepdim=True) + 0.002


def visible(flow: Tensor, back: Tensor) -> Tensor:
    """1.0 [N,1,H,W] where the point of this frame is seen in the other one too: the mask that e_stab is measured with.

    flow starts from this frame, back from the other; both [N,2,H,W] in pixels.
    """
    return (consistent(flow, back) & inside(flow)).float()


def occlusion_mask(flow: Tensor, back: Tensor) -> Tensor:
    """M [N,1,H,W]: `visible`, with motion boundaries removed. The mask that is trained with."""
    return visible(flow, back) * torch.logical_not(motion_boundaries(flow))


def disoccluded(flow: Tensor, seen: Tensor) -> Tensor:
    """1.0 [1,H,W] where the later of two frames shows what was hidden in the earlier one, within its borders.

    flow [2,H,W] in pixels leads from the earlier frame to the later, seen [1,H,W] is 1 where its point is visible in
    both. Disoccluded is what no such point lands on, not even beside it. What came in over the border is told by the
    motion of the nearest pixel that was landed on; regions less than three pixels wide are left out.
    """
    h, w = flow.shape[-2:]
    visible_here = (seen[0] > 0).numpy()
    # Where each visible point lands in the later frame: all four pixels about it count as landed on.
    x, y = (p[0].numpy()[visible_here] for p in positions(flow[None]))
    motion, found = np.zeros((h, w, 2), np.float32), np.zeros((h, w), np.uint8)
    for across in (np.floor, np.ceil):
        for down in (np.floor, np.ceil):
            place = np.clip(down(y), 0, h - 1).astype(np.intp), np.clip(across(x), 0, w - 1).astype(np.intp)
            motion[place], found[place] = flow.permute(1, 2, 0).numpy()[visible_here], 1
    if not found.any():
        return torch.zeros(1, h, w)
    # Every pixel gets the motion of the nearest one that was landed on, by that one's label.
    _, nearest = cv2.distanceTransformWithLabels(1 - found, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels, landed = nearest.astype(np.intp), found > 0
    motions = np.zeros((labels.max() + 1, 2), np.float32)
    motions[labels[landed]] = motion[landed]
    # Traced back by it, what came in over the border is told from what was hidden; narrow regions are rounding.
    came_from = torch.from_numpy(-motions[labels]).permute(2, 0, 1)[None]
    regions = cv2.morphologyEx(1 - found, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8), borderValue=0)
    return torch.from_numpy(regions)[None].float() * inside(came_from)[0]
