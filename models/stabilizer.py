"""The stabilizer: carries earlier paintings along the motion and mixes them in where that can be trusted.

After Ruder et al., "Artistic style transfer for videos" (2016), without optimisation, occlusion masks or future frames.
Two paintings are carried: the one before, whose light takes away what flickers from frame to frame, and an older one,
the key, at half the size, to which the scene holds on for longer; once a tenth of it is lost, the next frame has a
new one. Colours are left to the key: they flicker little. What flickers in the large, where strokes are too far apart
to be mixed, is the tone: the mean colour of 16×16 pixels is carried by itself. How much of each stays has several
judges. Where the carried frame shows something else than the new one, outside of it and
after a cut nothing stays. Of the painting before nothing stays either where its strokes have nothing in common with the
new ones, as in water: their mean would only be grey; nor where paintings differ no more than the camera's own frames. A
small network, trained together with T, says how much may stay elsewhere. The motion from a frame to the key is composed
of that from frame to frame, so it is found once.

Reading between pixels blurs, and a mix of paintings whose strokes lie apart is flatter than each. Both are made up for
where the painting before is read: it is sharpened by more than reading takes, and by the more the farther between
pixels it lies. That cannot run away as long as the carried share times the greatest gain is below 1. What is carried is
read in quads, one motion for 2×2 pixels (`quads.py`); the key, at half the size, in quads of that. Where the frame is
the same as before nothing moves, whatever else would explain it.
"""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .flownet import MATCHED, RELEASED, load_flownet
from .motion import box, inside, light, pixel_size, read, sample
from .quads import fine, halved, neighbours, stretch

COARSE = 4  # motion and the judges work at this fraction of the resolution
KEY = 12  # frames from one key to the next: longer holds on longer, but less of it is still in sight
HELD = 0.9  # trusted share of the frame: a key that has less is replaced, or it is lost where motion is fast
TONES = 4  # tones are carried at 1 / (COARSE · TONES) of the resolution
TONE = 0.4  # the share of the tone before, where the key is trusted; with more of it style is lost
SHARES = (0.38, 0.36)  # of the painting before and of the key, before training; with more, sharpening could run away
CRISPNESS = 4.1  # how far blur is undone, before training: 0.9 is what reading half-way takes
# The ends of ramps: at the first nothing is carried, at the second all that may be.
DIFFERENT = (0.5, 0.06)  # mean difference of the carried frame from the new one, in 0…1
TONED = (0.2, 0.05)  # the same at the size of tones
EDGE = (0.0, -0.5)  # pixels beyond the frame
GOES_ON = (0.35, 0.55)  # trusted share of the frame: below the first a new scene has begun
CALM = (0.7, 1.5)  # difference of the paintings over that of the frames: a painting may flicker as the camera's picture
UNLIKE = (0.95, 0.45)  # difference of the paintings over that of unrelated ones: their mean would only be grey
STIRRED = (0.001, 0.003)  # mean change of light, in 0…1: at the first nothing moves, at the second as it was found
EVEN = 1e-3  # a difference of nothing, in 0…1
EVIDENCE = 4  # what the trained judge looks at
PAINT = 0.08  # a difference of paintings, or of frames, that is a lot: the unit of the judge's evidence


class State(NamedTuple):
    """What is carried from one frame to the next; all zeros before the first, which is painted with stability 0."""

    carried: Tensor  # [N,3,H,W] the steady painting of the frame before
    previous: Tensor  # [N,1,H/2,W/2] the light of that frame, at half the size
    before: Tensor  # [N,3,H/4,W/4] that frame, at a quarter
    seen4: Tensor  # [N,8,H/8,W/8] what `FlowNet.matched` gives of it: the network need not look at it again
    seen8: Tensor  # [N,16,H/16,W/16]
    seen16: Tensor  # [N,22,H/32,W/32]
    tone: Tensor  # [N,3,H/16,W/16] the colours of its steady painting
    key: Tensor  # [N,3,H/4,W/4] an earlier frame, at a quarter
    key_painted: Tensor  # [N,3,H/2,W/2] its steady painting, at half the size
    key_motion: Tensor  # [N,2,H/4,W/4] from the frame before to the key
    left: Tensor  # [N,1,H/32,W/32] for how many frames more the key is kept: the same number everywhere

    @classmethod
    def empty(cls, frame: Tensor) -> "State":
        """Before the first frame [N,3,H,W]."""
        n, _, h, w = frame.shape
        return cls(*(frame.new_zeros(n, channels, h // over, w // over) for channels, over in CARRIED.values()))


# Of every part of the state: its channels, and by what the frame's height and width are divided.
CARRIED = {
    "carried": (3, 1),
    "previous": (1, 2),
    "before": (3, 4),
    **{f"seen{scale}": (channels, 2 * scale) for scale, channels in MATCHED.items()},
    "tone": (3, 4 * TONES),
    "key": (3, 4),
    "key_painted": (3, 2),
    "key_motion": (2, 4),
    "left": (1, 32),
}


class Stabilizer(nn.Module):
    """Frames, paintings and stability in, steady paintings out."""

    def __init__(self):
        super().__init__()
        self.motion = load_flownet(RELEASED).requires_grad_(False)  # learned beforehand, see `train.stages.motion`
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

    def forward(self, frame: Tensor, painted: Tensor, stability: Tensor, half: Tensor, *state: Tensor) -> State:
        """→ the steady painting [N,3,H,W], as `carried` of the next state, and the rest of that.

        frame and its painting [N,3,H,W] in [0, 1], H and W multiples of `flownet.MULTIPLE`; stability [1], 0…1, 0 gives
        `painted` itself (use it for a first frame); half: `motion.pixel_grid` [1,2,H/2,W/2]; state: that of `State`.
        """
        carried, previous, before, *seen, tone, key, key_painted, key_motion, left = state
        small = F.avg_pool2d(frame, 2)
        lit = light(small)
        coarse, at = (F.avg_pool2d(x, COARSE // 2) for x in (small, half))
        rough, was = (F.avg_pool2d(x, TONES) for x in (coarse, before))
        stirred = ramp(F.avg_pool2d((lit - previous).abs(), 2 * TONES), STIRRED)
        flow, seen, was = self.motion.follow(small, lit, previous, seen, half, rough, torch.cat([was, tone], 1))
        flow = flow * larger(stirred, TONES)
        came, then = sample(torch.cat([key_motion, before], 1), at, flow).split((2, 3), 1)
        way = flow + came
        place, key_place = half + larger(inside(at, flow) - at, COARSE // 2), inside(at, way)

        kept = read(neighbours(light(carried)), place * stretch(half[:, :, -1:, -1:]))
        now, key_now, mean = halved(painted)
        key_kept = F.pixel_shuffle(read(neighbours(key_painted), key_place * stretch(at[:, :, -1:, -1:])), 2)

        off, size = carried_off(coarse, torch.stack([then, sample(key, at, way)], 1)), pixel_size(at)
        near, far = trust(off, beyond(torch.stack([at + flow, at + way], 1), size)).split(1, 1)
        worn = 1 - (average(far) >= HELD).to(far.dtype) * (average(left) >= 0.5).to(far.dtype)  # 0 or 1 [N,1,1,1]
        plain, (was, tone) = F.avg_pool2d(key_now, 2 * TONES), was.split(3, 1)
        toned = TONE * F.avg_pool2d(far, TONES) * ramp(carried_off(rough, was[:, None]), TONED) * (tone - plain)
        difference, (change, contrast) = off[:, :1], compared(kept, now, mean)
        lately, long_ago = self.shares(coarse, difference, flow / size, change).split(1, 1)
        near = near * lately * ramp(change / (difference + EVEN), CALM) * ramp(change / contrast, UNLIKE)
        shares = torch.cat([near, near * self.blur(flow / size * COARSE), far * long_ago], 1)

        shift = larger(toned, 2 * TONES)
        near, crisp, far = larger(stability * shares, COARSE // 2).split(1, 1)
        less = near * (kept - now - light(shift)) + crisp * fine(kept)  # of light, in quads
        colours = stability * shift + far * (key_kept - key_now - shift)
        steady = painted + F.pixel_shuffle(less, 2) + F.interpolate(colours, scale_factor=2.0)  # nearest: as good
        held = key_now + light(less) + colours  # that at half the size
        return State(
            steady.clamp(0.0, 1.0),
            lit,
            coarse,
            *seen,
            plain + stability * toned,
            key + worn * (coarse - key),
            key_painted + worn * (held - key_painted),
            way - worn * way,
            left - 1 + worn * (KEY - left),
        )

    def blur(self, moved: Tensor) -> Tensor:
        """By how much to sharpen what is read from where the motion [N,2,h,w], in pixels of it, leads: [N,1,h,w]."""
        between = moved - moved.floor()
        return self.crispness * (between * (1 - between)).sum(1, keepdim=True)

    def shares(self, coarse: Tensor, difference: Tensor, moved: Tensor, change: Tensor) -> Tensor:
        """What the judge leaves of the painting before and of the key where both are trusted, 0…1 [N,2,h,w].

        coarse: the frame; difference: `carried_off` of the frame before; moved: the motion in pixels of this size;
        change: of `compared`; all at a quarter of the frame's size.
        """
        texture = light((coarse - box(coarse, 3)).abs())
        speed = moved.square().sum(1, keepdim=True)
        evidence = torch.cat([difference / PAINT, texture / PAINT, speed / (speed + 4), change / PAINT], 1)
        return torch.sigmoid(self.judge(evidence))


def compared(kept: Tensor, now: Tensor, mean: Tensor) -> tuple[Tensor, Tensor]:
    """Quads of a carried painting and of the new one [N,4,h,w], and the new ones' means [N,1,h,w] → how far apart they
    are about each place (root mean square), and how far two paintings with the new one's contrast would be that have
    nothing in common, both [N,1,h/2,w/2]."""
    both = torch.stack([now, kept - now], 1)  # [N,2,4,h,w]
    means = torch.cat([mean, (both * both).mean(2)], 1)
    level, squares, apart = box(F.avg_pool2d(means, 2), 3).split(1, 1)
    return (apart + EVEN**2).sqrt(), ((squares - level * level).clamp(min=0.0) * 2 + EVEN).sqrt()


class Verdict(nn.Module):
    """A judge that looks at nothing: its logits [2], for every place."""

    def __init__(self, logits: Tensor):
        super().__init__()
        self.register_buffer("logits", logits.detach().clone().view(1, -1, 1, 1))

    def forward(self, evidence: Tensor) -> Tensor:
        return self.logits


def ramp(x: Tensor, ends: tuple[float, float]) -> Tensor:
    """0 where x is at the first end or beyond, 1 at the second, even in between."""
    return ((x - ends[0]) / (ends[1] - ends[0])).clamp(0.0, 1.0)


def average(x: Tensor) -> Tensor:
    """[N,C,h,w] → [N,C,1,1]."""
    return x.mean((2, 3), keepdim=True)


def larger(x: Tensor, times: int) -> Tensor:
    """[N,C,h,w] → [N,C,times·h,times·w], bilinear."""
    return F.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)


def carried_off(frame: Tensor, seen: Tensor) -> Tensor:
    """The mean differences of a frame [N,3,h,w] from K others as carried to it [N,K,3,h,w]: [N,K,h,w]."""
    return box((frame[:, None] - seen).abs().mean(2), 3)


def beyond(at: Tensor, size: Tensor) -> Tensor:
    """How many pixels of the size [1,2,1,1] places [N,K,2,h,w] lie outside the frame, less than 0 within: [N,K,h,w]."""
    return ((at.abs() - 1) / size).amax(2)


def trust(difference: Tensor, outside: Tensor) -> Tensor:
    """How far carried frames, a channel each, show what the new one does, 0…1 [N,K,h,w]; 0 outside and at cuts.

    difference: `carried_off`; outside: how far `beyond` they were carried from. From the centre of an outermost pixel
    to its edge trust falls to 0.
    """
    share = ramp(difference, DIFFERENT) * ramp(outside, EDGE)
    return share * ramp(average(share), GOES_ON)
