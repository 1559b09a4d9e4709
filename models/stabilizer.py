"""The stabilizer: carries the previous painting along the motion and mixes it in where that can be trusted.

After Ruder et al., "Artistic style transfer for videos" (2016), without optimisation, occlusion masks or future frames:
what the carried frame shows differently from the new one is not carried. The state from frame to frame is the previous
frame, the previous output, and the grid of pixel centres, which never changes.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .motion import box, motion, sample, twice

LUMA = (0.299, 0.587, 0.114)  # BT.601, of gamma-coded RGB
MEMORY = 0.8  # the carried painting's share at full stability: an average over about five frames
SAME, OTHER = 0.06, 0.15  # mean difference from the carried frame: up to here it is the same thing, from there another
CUT, SHOT = 0.2, 0.4  # trusted share of the frame: below the first a new scene has begun, above the second it goes on
FINEST = 1.6  # how far lost detail is raised in one frame
DETAIL = 5  # pixels of half the resolution, a side, over which detail is compared


class Stabilizer(nn.Module):
    """Frames, paintings and stability in, a steady painting out."""

    def forward(
        self, frame: Tensor, painted: Tensor, stability: Tensor, previous: Tensor, carried: Tensor, grid: Tensor
    ) -> Tensor:
        """All pictures [1,3,H,W] in [0, 1], H and W multiples of `motion.MULTIPLE`; → the steady painting [1,3,H,W].

        frame and its painting; stability [1], 0…1, 0 gives `painted` itself (use it for a first frame); the state:
        the frame before, its steady painting, and `motion.pixel_grid`.
        """
        flow = motion(luminance(frame), luminance(previous), grid)
        share = trust(*(F.avg_pool2d(x, 2) for x in (frame, previous, grid)), flow)
        kept = sample(carried, grid + twice(flow))
        mix = painted + MEMORY * stability * twice(share) * (kept - painted)
        return restore_detail(mix, painted)


def luminance(frame: Tensor) -> Tensor:
    """[1,3,H,W] → [1,1,H,W]."""
    return (frame * torch.tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def trust(frame: Tensor, previous: Tensor, grid: Tensor, flow: Tensor) -> Tensor:
    """How far the carried frame shows what the new one does, 0…1 [1,1,h,w]; 0 outside the frame and at cuts."""
    at = grid + flow
    difference = box((frame - sample(previous, at)).abs().mean(1, keepdim=True), 3)
    inside = (1 - at.abs().amax(1, keepdim=True) >= 0).float()
    share = ((OTHER - difference) / (OTHER - SAME)).clamp(0.0, 1.0) * inside
    goes_on = ((share.mean((2, 3), keepdim=True) - CUT) / (SHOT - CUT)).clamp(0.0, 1.0)
    return share * goes_on


def restore_detail(mix: Tensor, painted: Tensor) -> Tensor:
    """Raises the detail of a mix, blurred by carrying and averaging, to the strength it has in the new painting.

    Only its local strength is taken over, not the strokes themselves, which would bring their flicker along.
    """
    fine, lost = painted - box(painted, 3), mix - box(mix, 3)
    wanted, there = (box(F.avg_pool2d(x * x, 2).mean(1, keepdim=True), DETAIL) + 1e-6 for x in (fine, lost))
    gain = (wanted / there).sqrt().clamp(1.0, FINEST)
    return (mix + (twice(gain) - 1) * lost).clamp(0.0, 1.0)
