"""The stabilizer: carries earlier paintings along the motion and mixes them in where that can be trusted.

After Ruder et al., "Artistic style transfer for videos" (2016), without optimisation, occlusion masks or future frames.
Two paintings are carried: the one before, which takes away what flickers from frame to frame, and an older one, the
key, at half the size, to which the scene holds on for longer. How much of each stays has two judges. A fixed one looks
at the frames alone: where the carried frame shows something else than the new one, outside of it and after a cut
nothing stays. A small network, trained together with T, can only lower that further. The motion from a frame to the key
is composed of that from frame to frame, so it is found once.

Reading between pixels blurs, and a mix of paintings whose strokes lie apart is flatter than each. Both are made up for
where the painting before is read: it is sharpened by more than reading takes, and by the more the farther between
pixels it lies. That cannot run away as long as the carried share times the greatest gain is below 1.
"""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .motion import box, inside, luminance, motion, pixel_size, read, sample

COARSE = 4  # motion and the judges work at this fraction of the resolution
KEY = 12  # frames from one key to the next: longer holds on longer, but less of it is still in sight
SHARES = (0.35, 0.35)  # of the painting before and of the key, before training; more is steadier and duller
FILL = 0.15  # the part of the key's share that the painting before gets where the key is not trusted
CRISPNESS = 3.5  # how far blur is undone, before training: 0.9 is what reading half-way takes
SAME, OTHER = 0.03, 0.08  # mean difference from the carried frame: up to here it is the same thing, from there another
CUT, SHOT = 0.2, 0.4  # trusted share of the frame: below the first a new scene has begun, above the second it goes on
EVIDENCE = 4  # what the trained judge looks at
PAINT = 0.08  # a difference of paintings, or of frames, that is a lot: the unit of the judge's evidence


class State(NamedTuple):
    """What is carried from one frame to the next."""

    previous: Tensor  # [N,3,H/2,W/2] the frame before, at half the size
    carried: Tensor  # [N,3,H,W] its steady painting
    key: Tensor  # [N,3,H/2,W/2] an earlier frame, at half the size
    key_painted: Tensor  # [N,3,H,W] its steady painting
    key_motion: Tensor  # [N,2,H/4,W/4] from the frame before to the key

    @classmethod
    def empty(cls, frame: Tensor) -> "State":
        """Before the first frame [N,3,H,W], which is painted with stability 0."""
        n, _, h, w = frame.shape
        small, large = frame.new_zeros(n, 3, h // 2, w // 2), torch.zeros_like(frame)
        return cls(small, large, small, large, frame.new_zeros(n, 2, h // 4, w // 4))

    def after(self, painted: Tensor, small: Tensor, key_motion: Tensor, frames: int) -> "State":
        """Once the stabilizer has given these three for the frame after `frames` others."""
        if frames % KEY:
            return self._replace(previous=small, carried=painted, key_motion=key_motion)
        return State(small, painted, small, painted, torch.zeros_like(key_motion))


class Stabilizer(nn.Module):
    """Frames, paintings and stability in, steady paintings out."""

    def __init__(self):
        super().__init__()
        self.judge = nn.Sequential(nn.Conv2d(EVIDENCE, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 2, 3, padding=1))
        nn.init.zeros_(self.judge[2].weight)
        self.judge[2].bias.data = torch.tensor(SHARES).logit()
        self.crispness = nn.Parameter(torch.tensor(CRISPNESS))

    @torch.no_grad()
    def settled(self) -> "Stabilizer":
        """The same without its judge where that says the same of everything, as it does before training: it is then
        two numbers, and what it would look at need not be computed. For export."""
        plain, last = copy.deepcopy(self), self.judge[2]
        if not last.weight.any():
            plain.judge = Verdict(last.bias)
        return plain

    def forward(
        self, frame: Tensor, painted: Tensor, stability: Tensor, grid: Tensor, half: Tensor, *state: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """→ the steady painting [N,3,H,W], the frame at half the size, and the motion from it to the key.

        frame and its painting [N,3,H,W] in [0, 1], H and W multiples of `motion.MULTIPLE`; stability [1], 0…1, 0 gives
        `painted` itself (use it for a first frame); grid and half: `motion.pixel_grid` [1,2,H,W] and [1,2,H/2,W/2];
        state: that of `State`.
        """
        previous, carried, key, key_painted, key_motion = state
        small = F.avg_pool2d(frame, 2)
        flow = motion(luminance(small), luminance(previous), half)
        coarse, at = (F.avg_pool2d(x, COARSE // 2) for x in (small, half))
        way = flow + sample(key_motion, at, flow)

        difference, since = (carried_off(coarse, x, at, f) for x, f in ((previous, flow), (key, way)))
        size = pixel_size(at)
        near, far = trust(difference, at + flow, size), trust(since, at + way, size)
        lately, long_ago = self.shares(coarse, difference, flow / size, painted, carried, at).split(1, 1)
        near, far = near * (lately + FILL * long_ago * (1 - far)), far * long_ago

        change = self.from_before(painted, carried, grid, at, flow, stability * near)
        change = change + from_key(painted, key_painted, half, at, way, stability * far)
        return (painted + change).clamp(0.0, 1.0), small, way

    def from_before(
        self, painted: Tensor, carried: Tensor, grid: Tensor, at: Tensor, flow: Tensor, near: Tensor
    ) -> Tensor:
        """What the painting before changes of the new one, [N,3,H,W]; flow and its share at a quarter of the size."""
        spread = torch.cat([inside(at, flow) - at, near, near * self.blur(flow, grid)], 1)
        moved, near, crisp = larger(spread, COARSE).split((2, 1, 1), 1)
        kept = read(carried, grid + moved)
        return near * (kept - painted) + crisp * (kept - box(kept, 3))

    def blur(self, flow: Tensor, grid: Tensor) -> Tensor:
        """By how much to sharpen what is read at the motion [N,2,h,w] of the frame's grid, [N,1,h,w]."""
        moved = flow / pixel_size(grid)
        between = moved - moved.floor()
        return self.crispness * (between * (1 - between)).sum(1, keepdim=True)

    def shares(
        self, coarse: Tensor, difference: Tensor, moved: Tensor, painted: Tensor, carried: Tensor, at: Tensor
    ) -> Tensor:
        """What the judge leaves of the painting before and of the key where both are trusted, 0…1 [N,2,H/4,W/4].

        coarse: the frame; difference: `carried_off` of the frame before; moved: the motion in pixels; at: the grid; all
        a quarter of the frame's size.
        """
        texture = (coarse - box(coarse, 3)).abs().mean(1, keepdim=True)
        speed = moved.square().sum(1, keepdim=True)
        now, before = (F.avg_pool2d(x, COARSE) for x in (painted, carried))
        paint = (sample(before, at, moved * pixel_size(at)) - now).abs().mean(1, keepdim=True)
        evidence = torch.cat([difference / PAINT, texture / PAINT, speed / (speed + 4), paint / PAINT], 1)
        return torch.sigmoid(self.judge(evidence))


def from_key(painted: Tensor, key_painted: Tensor, half: Tensor, at: Tensor, way: Tensor, far: Tensor) -> Tensor:
    """What the key changes of the new painting, [N,3,H,W], found at half the size: detail stays the new one's."""
    moved, far = larger(torch.cat([inside(at, way) - at, far], 1), COARSE // 2).split((2, 1), 1)
    now, held = (F.avg_pool2d(x, 2) for x in (painted, key_painted))
    return F.interpolate(far * (read(held, half + moved) - now), scale_factor=2.0)  # nearest: as good, and faster


class Verdict(nn.Module):
    """A judge that looks at nothing: its logits [2], for every place."""

    def __init__(self, logits: Tensor):
        super().__init__()
        self.register_buffer("logits", logits.detach().clone().view(1, -1, 1, 1))

    def forward(self, evidence: Tensor) -> Tensor:
        return self.logits


def larger(x: Tensor, times: int) -> Tensor:
    """[N,C,h,w] → [N,C,times·h,times·w], bilinear."""
    return F.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)


def carried_off(frame: Tensor, other: Tensor, at: Tensor, flow: Tensor) -> Tensor:
    """The mean difference of a frame [N,3,h,w] from another, twice as large, read where the motion [N,2,h,w] says:
    [N,1,h,w]. at: the frame's grid."""
    there = F.avg_pool2d(other, 2)
    return box((frame - sample(there, at, flow)).abs().mean(1, keepdim=True), 3)


def trust(difference: Tensor, at: Tensor, size: Tensor) -> Tensor:
    """How far the carried frame shows what the new one does, 0…1 [N,1,h,w]; 0 outside the frame and at cuts.

    difference [N,1,h,w] of the carried frame from the new one; at [N,2,h,w]: where it was carried from, and size
    [1,2,1,1], that of a pixel there. From the centre of an outermost pixel to its edge trust falls to 0.
    """
    beyond = ((at.abs() - 1) / size).amax(1, keepdim=True)
    share = ((OTHER - difference) / (OTHER - SAME)).clamp(0.0, 1.0) * (-2 * beyond).clamp(0.0, 1.0)
    goes_on = ((share.mean((2, 3), keepdim=True) - CUT) / (SHOT - CUT)).clamp(0.0, 1.0)
    return share * goes_on
