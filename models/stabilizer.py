"""The stabilizer: carries the previous painting along the motion and mixes it in where that can be trusted.

After Ruder et al., "Artistic style transfer for videos" (2016), without optimisation, occlusion masks or future frames.
Two judges say how much of the carried painting stays. A fixed one looks at the frames alone: where the carried frame
shows something else than the new one, outside of it and after a cut nothing stays. A small network, trained together
with T, can only lower that further. The state from frame to frame is the previous frame, the previous output, and the
grid of pixel centres, which never changes.

Reading between pixels blurs, and a mix of two paintings whose strokes lie apart is flatter than either. Both are made
up for where the carried painting is read: it is sharpened by more than reading takes, and by the more the farther
between pixels it lies. That cannot run away as long as the carried share times the greatest gain is below 1.
"""

import copy
import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .motion import box, luminance, motion, sample

COARSE = 4  # the judges work at this fraction of the resolution
MEMORY = 0.45  # the carried painting's share at full stability, before training; more is steadier and duller
CRISPNESS = 6.2  # how far blur is undone, before training: 1.5 is what reading half-way takes, to second order
SAME, OTHER = 0.03, 0.08  # mean difference from the carried frame: up to here it is the same thing, from there another
CUT, SHOT = 0.2, 0.4  # trusted share of the frame: below the first a new scene has begun, above the second it goes on
EVIDENCE = 4  # what the trained judge looks at
PAINT = 0.08  # a difference of paintings, or of frames, that is a lot: the unit of the judge's evidence


class Stabilizer(nn.Module):
    """Frames, paintings and stability in, a steady painting out."""

    def __init__(self):
        super().__init__()
        self.judge = nn.Sequential(nn.Conv2d(EVIDENCE, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 1, 3, padding=1))
        nn.init.zeros_(self.judge[2].weight)
        nn.init.constant_(self.judge[2].bias, math.log(MEMORY / (1 - MEMORY)))
        self.crispness = nn.Parameter(torch.tensor(CRISPNESS))

    @torch.no_grad()
    def settled(self) -> "Stabilizer":
        """The same without its judge where that says the same of everything, as it does before training: it is then a
        number, and what it would look at need not be computed. For export."""
        plain, last = copy.deepcopy(self), self.judge[2]
        if not last.weight.any():
            plain.judge = Verdict(last.bias)
        return plain

    def forward(
        self, frame: Tensor, painted: Tensor, stability: Tensor, previous: Tensor, carried: Tensor, grid: Tensor
    ) -> Tensor:
        """All pictures [N,3,H,W] in [0, 1], H and W multiples of `motion.MULTIPLE`; → the steady painting [N,3,H,W].

        frame and its painting; stability [1], 0…1, 0 gives `painted` itself (use it for a first frame); the state:
        the frame before, its steady painting, and `motion.pixel_grid` [1,2,H,W].
        """
        here, there, at = (F.avg_pool2d(x, 2) for x in (frame, previous, grid))
        flow = motion(luminance(here), luminance(there), at)
        change = self.read(carried, grid, flow) - painted
        share = self.share(here, there, at, flow, change)
        return (painted + larger(stability * share, COARSE) * change).clamp(0.0, 1.0)

    def read(self, carried: Tensor, grid: Tensor, flow: Tensor) -> Tensor:
        """The carried painting where the motion [N,2,H/4,W/4] says, crisp again: a reading half-way between two
        pixels is their mean, which frame after frame would blur the painting away.

        Along each axis by itself: detail across the motion was not blurred, and sharpened it would grow without end.
        """
        moved = flow / (grid[:, :, 1:2, 1:2] - grid[:, :, :1, :1])
        between = moved - moved.floor()
        x, y = larger(self.crispness * between * (1 - between), COARSE).split(1, 1)
        kept = sample(carried, grid, larger(flow, COARSE))
        return kept + x * (kept - row(kept)) + y * (kept - column(kept))

    def share(self, here: Tensor, there: Tensor, at: Tensor, flow: Tensor, change: Tensor) -> Tensor:
        """How much of the carried painting stays, 0…1 [N,1,H/4,W/4].

        here, there, at: both frames and the grid at half the size; flow: at a quarter; change: carried − new painting.
        """
        here, there, at = (F.avg_pool2d(x, COARSE // 2) for x in (here, there, at))
        difference = box((here - sample(there, at, flow)).abs().mean(1, keepdim=True), 3)
        texture = (here - box(here, 3)).abs().mean(1, keepdim=True)
        speed = (flow / (at[:, :, 1:2, 1:2] - at[:, :, :1, :1])).square().sum(1, keepdim=True)
        paint = F.avg_pool2d(change.abs(), COARSE).mean(1, keepdim=True)
        evidence = torch.cat([difference / PAINT, texture / PAINT, speed / (speed + 4), paint / PAINT], 1)
        return trust(difference, at + flow) * torch.sigmoid(self.judge(evidence))


class Verdict(nn.Module):
    """A judge that looks at nothing: its logit [1], for every place."""

    def __init__(self, logit: Tensor):
        super().__init__()
        self.register_buffer("logit", logit.detach().clone().view(1, -1, 1, 1))

    def forward(self, evidence: Tensor) -> Tensor:
        return self.logit


def row(x: Tensor) -> Tensor:
    """The mean of each pixel and its neighbours left and right."""
    return F.avg_pool2d(x, (1, 3), 1, (0, 1), count_include_pad=False)


def column(x: Tensor) -> Tensor:
    """The mean of each pixel and its neighbours above and below."""
    return F.avg_pool2d(x, (3, 1), 1, (1, 0), count_include_pad=False)


def larger(x: Tensor, times: int) -> Tensor:
    """[N,C,h,w] → [N,C,times·h,times·w], bilinear."""
    return F.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)


def trust(difference: Tensor, at: Tensor) -> Tensor:
    """How far the carried frame shows what the new one does, 0…1 [N,1,h,w]; 0 outside the frame and at cuts.

    difference [N,1,h,w] of the carried frame from the new one; at [N,2,h,w]: where it was carried from.
    """
    inside = (1 - at.abs().amax(1, keepdim=True) >= 0).float()
    share = ((OTHER - difference) / (OTHER - SAME)).clamp(0.0, 1.0) * inside
    goes_on = ((share.mean((2, 3), keepdim=True) - CUT) / (SHOT - CUT)).clamp(0.0, 1.0)
    return share * goes_on
