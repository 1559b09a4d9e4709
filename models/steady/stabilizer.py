"""The stabilizer: carries earlier paintings along the motion, and mixes them in where they can be trusted.

After Ruder et al., "Artistic style transfer for videos" (2016), without optimisation, occlusion masks or future frames.
Two earlier paintings are carried:

- The steady painting of the frame before. Only its luminance is mixed in: that removes the flicker from frame to frame,
  and colours flicker little.
- The key, an older steady painting, with luminance at half the size and chroma at a quarter. It holds the scene for
  longer. It is replaced after `KEY_FRAMES` frames, or as soon as less than `KEY_IN_SIGHT` of it can be trusted.

On a larger scale, where strokes are too far apart to be mixed, the tone flickers: the mean colour of 16×16 pixels. It
is carried by itself. How much of each earlier painting stays is a product of shares in 0…1:

- Trust is 0 where the carried frame shows something else than the new one, beyond the border, and after a cut.
- Elsewhere, a small network trained together with T, the judge, says how much may stay.
- Calm and likeness: nothing of the painting before stays where the paintings differ no more than the camera's frames
  do. Nor does it where their strokes have nothing in common, as in water: their mean would be grey.

Reading between pixels blurs, and the mean of two paintings whose strokes lie apart is flatter than each. Sharpening the
painting before as it is read makes up for both: by more than reading blurs it, and the more, the farther between pixels
a place lies. This stays stable as long as the carried share times the greatest gain is below 1.

Paintings are read in quads, with one motion for 2×2 pixels (`quads.py`). Where a frame equals the one before, nothing
moves, whatever motion would also explain the picture. The motion to the key is composed of the motions from frame to
frame, so motion is found only once per frame.
"""

import copy
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .flownet import MATCHED, RELEASED, load_flownet
from .motion import box, inside, light, pixel_centres, pixel_size, read, sample
from .quads import CELL, in_cells, neighbours, stretch

QUARTER = 4  # motion and shares are computed at the frame's size divided by this
TONE_CELLS = 4  # a tone is the mean of a square of the quarter-size frame of this side: 16 pixels of the frame
KEY_FRAMES = 8  # from one key to the next; with more, style is lost, as motion is composed over all of them
KEY_IN_SIGHT = 0.9  # a key is replaced when a smaller share of the frame is trusted: fast motion would lose it
TONE_SHARE = 0.4  # of the tone before, where the key is trusted; with more, style is lost
SHARES = (0.47, 0.32)  # of the painting before and of the key, before training; with more, style is lost
CHROMA_SHARE = 1.25  # times the key's share stays of its chroma, which is known for 4×4 pixels only
# How strongly blur is undone, before training; 0.9 undoes what reading half-way between pixels blurs. With more than
# 2.7, gratings along the motion could grow: SHARES[0] · (1 + CRISPNESS / 3) must stay below 1.
CRISPNESS = 2.7
# Ends of ramps: at the first value nothing is carried, at the second everything that may be.
FRAME_DIFFERENCE = (0.5, 0.06)  # mean difference of the carried frame from the new one, in 0…1
TONE_DIFFERENCE = (0.2, 0.05)  # the same at the size of tones
OUTSIDE = (0.0, -0.5)  # quarter-size pixels beyond the frame's border
SAME_SCENE = (0.35, 0.55)  # trusted share of the frame: below the first value a new scene has begun
CALM = (0.7, 1.5)  # difference of the paintings over that of the frames: as much flicker as the camera has is fine
UNLIKE = (0.95, 0.45)  # difference of the paintings over that of two unrelated ones
MOVING = (0.001, 0.003)  # mean change of luminance, in 0…1: at the first value nothing moves
NOTHING = 1e-3  # a difference too small to matter, in 0…1: keeps quotients finite
EVIDENCE = 4  # channels that the judge looks at
LARGE_DIFFERENCE = 0.08  # a large difference of paintings or frames: the unit of the judge's evidence


class State(NamedTuple):
    """What is carried from one frame to the next: all zeros before the first frame, then what the stabilizer
    returned."""

    last_painting: Tensor  # [N,1,H,W] the luminance of the steady painting of the frame before
    last_light: Tensor  # [N,1,H/2,W/2] the luminance of that frame at half the size
    last_frame: Tensor  # [N,3,H/4,W/4] that frame at a quarter
    last_features4: Tensor  # [N,8,H/8,W/8] its features that the next frame's are matched with: `FlowNet.matched`
    last_features8: Tensor  # [N,8,H/16,W/16]
    last_features16: Tensor  # [N,14,H/32,W/32]
    last_tone: Tensor  # [N,3,H/16,W/16] the mean colours of its steady painting
    key_frame: Tensor  # [N,3,H/4,W/4] an earlier frame at a quarter
    key_light: Tensor  # [N,1,H/2,W/2] the luminance of the steady painting of that, at half the size
    key_chroma: Tensor  # [N,3,H/4,W/4] its colours less their mean, at a quarter
    key_motion: Tensor  # [N,2,H/4,W/4] from the frame before to the key
    key_left: Tensor  # [N,1,H/32,W/32] for how many frames more the key is kept: the same number everywhere
    begun: Tensor  # [N,1,H/32,W/32] 0 before the first frame, 1 afterwards

    @classmethod
    def empty(cls, frame: Tensor) -> "State":
        """The state before the first frame [N,3,H,W]."""
        n, _, h, w = frame.shape
        return cls(*(frame.new_zeros(n, channels, h // over, w // over) for channels, over in STATE.values()))


# Name of each part of the state → its channels, and by what the frame's height and width are divided.
STATE = {
    "last_painting": (1, 1),
    "last_light": (1, 2),
    "last_frame": (3, 4),
    **{f"last_features{scale}": (channels, 2 * scale) for scale, channels in MATCHED.items()},
    "last_tone": (3, 4 * TONE_CELLS),
    "key_frame": (3, 4),
    "key_light": (1, 2),
    "key_chroma": (3, 4),
    "key_motion": (2, 4),
    "key_left": (1, 32),
    "begun": (1, 32),
}


class Views(NamedTuple):
    """The new frame as the stabilizer looks at it, computed once."""

    cells: Tensor  # [N,8,H/4,W/4] colours, light of quads of the half-size frame, light: `quads.in_cells`
    half_light: Tensor  # [N,1,H/2,W/2]
    quarter: Tensor  # [N,3,H/4,W/4]
    sixteenth: Tensor  # [N,3,H/16,W/16]
    half_grid: Tensor  # [1,2,H/2,W/2] the centres of the pixels, see `motion.pixel_centres`
    quarter_grid: Tensor  # [1,2,H/4,W/4]


class Followed(NamedTuple):
    """Where the new frame's pixels were in earlier frames, and what was there."""

    flow: Tensor  # [N,2,H/4,W/4] from the new frame to the one before, as GridSample counts
    key_flow: Tensor  # [N,2,H/4,W/4] from the new frame to the key
    features: tuple[Tensor, ...]  # of the new frame, for the next state
    frame: Tensor  # [N,3,H/4,W/4] the frame before, carried
    sixteenth: Tensor  # [N,3,H/16,W/16] the same at the size of tones
    tone: Tensor  # [N,3,H/16,W/16] the tone before, carried


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
        """A copy for export. If the judge says the same of everything, as it does before training, it is replaced by
        the two numbers it gives, and what it would look at need not be computed."""
        plain, last = copy.deepcopy(self), self.judge[2]
        if not last.weight.any():
            plain.judge = ConstantJudge(last.bias)
        return plain

    def forward(self, frame: Tensor, painted: Tensor, stability: Tensor, *state: Tensor) -> tuple[Tensor, State]:
        """A frame and its painting → the steady painting [N,3,H,W], and the next state.

        frame and painted [N,3,H,W] in [0, 1], H and W multiples of `flownet.MULTIPLE`; stability [1], 0…1, where 0
        gives `painted` itself; state: the parts of `State`. The first frame, whose state is zeros, comes out as
        `painted`.
        """
        past = State(*state)
        stability = stability * past.begun[:, :, :1, :1]
        views = views_of(frame)
        followed = self.follow(views, past)
        size = pixel_size(views.quarter_grid)

        # The new painting and what is carried to it: luminance; the colour of every 4×4 pixels, and the light of quads.
        now, before = light(painted), carried_light(views, followed, past)
        change = before - now
        colours_now, quads_now, level = in_cells(painted, QUARTER).split(CELL, 1)
        key_quads, key_chroma, key_frame = carried_key(views, followed, past)

        # How far the carried frames show what the new one does: [N,1,H/4,W/4] for the frame before and for the key.
        difference = carried_off(views.quarter, torch.stack([followed.frame, key_frame], 1))
        places = views.quarter_grid[:, None] + torch.stack([followed.flow, followed.key_flow], 1)
        trusted, key_trusted = trust(difference, beyond(places, size)).split(1, 1)
        replace = key_is_worn(key_trusted, past.key_left)  # [N,1,1,1]

        # What stays of the tone, of the painting before and of the key.
        tone = F.avg_pool2d(colours_now, TONE_CELLS)
        tone_step = kept_tone(views, followed, key_trusted, tone)
        pixels = followed.flow / size  # the motion in quarter-size pixels
        apart, contrast = compared(change, now, level)
        share, key_share = self.shares(views.quarter, difference[:, :1], pixels, apart).split(1, 1)
        calm = ramp(apart / (difference[:, :1] + NOTHING), CALM)
        share = stability * trusted * share * calm * ramp(apart / contrast, UNLIKE)
        key_share = stability * key_trusted * key_share

        # The mix. Shares are per 4×4 pixels, and so is the chroma that is added. Luminance is added as finely as it is
        # known: the painting before's pixel by pixel, the key's at half the size, the tone's per 16×16 pixels.
        shift, chroma_now = smoothly_larger(tone_step, TONE_CELLS), colours_now - level
        shift_light = light(shift)
        shift_chroma = shift - shift_light
        chroma = stability * shift_chroma + CHROMA_SHARE * key_share * (key_chroma - chroma_now - shift_chroma)
        coarse = key_share * (key_quads - quads_now) + (stability - share - key_share) * shift_light
        luminance = larger(share, QUARTER) * change + larger(F.pixel_shuffle(coarse, 2), 2)
        luminance = luminance + larger(share * self.blur(pixels * QUARTER), QUARTER) * fine(before)
        steady = painted + luminance + larger(chroma, QUARTER)
        steady_light = now + luminance

        return steady.clamp(0.0, 1.0), State(
            last_painting=steady_light,
            last_light=views.half_light,
            last_frame=views.quarter,
            **dict(zip((f"last_features{scale}" for scale in MATCHED), followed.features, strict=True)),
            last_tone=tone + stability * tone_step,
            key_frame=past.key_frame + replace * (views.quarter - past.key_frame),
            key_light=past.key_light + replace * (F.avg_pool2d(steady_light, 2) - past.key_light),
            key_chroma=past.key_chroma + replace * (chroma_now + chroma - past.key_chroma),
            key_motion=followed.key_flow - replace * followed.key_flow,
            key_left=past.key_left - 1 + replace * (KEY_FRAMES - past.key_left),
            begun=past.begun * 0 + 1,
        )

    def follow(self, views: Views, past: State) -> Followed:
        """The motion from the new frame to the one before and to the key, and what lies there."""
        # Where the luminance is unchanged, nothing moves.
        changed = F.avg_pool2d((views.half_light - past.last_light).abs(), 2 * TONE_CELLS)
        moving = ramp(changed, MOVING)

        # The motion to the frame before. On the way, what has a sixteenth of the frame's size is carried.
        sixteenth = F.avg_pool2d(past.last_frame, TONE_CELLS)
        features = (past.last_features4, past.last_features8, past.last_features16)
        flow, features, carried = self.motion.follow(
            views.cells,
            views.half_light,
            past.last_light,
            features,
            views.quarter_grid,
            views.sixteenth,
            torch.cat([sixteenth, past.last_tone], 1),
        )
        flow = flow * smoothly_larger(moving, TONE_CELLS)

        # The motion to the key: to the frame before, and on from there.
        there = sample(torch.cat([past.key_motion, past.last_frame], 1), views.quarter_grid, flow)
        key_motion, frame = there.split((2, 3), 1)
        sixteenth, tone = carried.split(3, 1)
        return Followed(flow, flow + key_motion, features, frame, sixteenth, tone)

    def blur(self, pixels: Tensor) -> Tensor:
        """By how much to sharpen what is read at the end of the motion [N,2,h,w] in pixels: [N,1,h,w].

        crispness · Σ f (1 − f) over x and y, f being the fraction of a pixel: how much bilinear reading blurs there.
        """
        between = pixels - pixels.floor()
        return 2 * self.crispness * light(between * (1 - between))

    def shares(self, quarter: Tensor, difference: Tensor, pixels: Tensor, change: Tensor) -> Tensor:
        """How much the judge keeps of the painting before and of the key where both are trusted, 0…1 [N,2,h,w].

        quarter: the frame [N,3,h,w]; difference: `carried_off` of the frame before; pixels: the motion [N,2,h,w] in
        pixels of this size; change: how far the paintings differ, from `compared`.
        """
        texture = light((quarter - box(quarter, 3)).abs())
        speed = pixels.square().sum(1, keepdim=True)
        differences = [difference / LARGE_DIFFERENCE, texture / LARGE_DIFFERENCE]
        evidence = torch.cat([*differences, speed / (speed + 4), change / LARGE_DIFFERENCE], 1)
        return torch.sigmoid(self.judge(evidence))


class ConstantJudge(nn.Module):
    """A judge that looks at nothing: the same logits [2] everywhere."""

    def __init__(self, logits: Tensor):
        super().__init__()
        self.register_buffer("logits", logits.detach().clone().view(1, -1, 1, 1))

    def forward(self, evidence: Tensor) -> Tensor:
        return self.logits


def views_of(frame: Tensor) -> Views:
    """A frame [N,3,H,W] at all the sizes that the stabilizer needs."""
    cells = in_cells(frame, QUARTER)
    quarter, light_in_quads, _ = cells.split(CELL, 1)
    half_light = F.pixel_shuffle(light_in_quads, 2)
    half_grid = pixel_centres(half_light)
    quarter_grid = F.avg_pool2d(half_grid, QUARTER // 2)
    return Views(cells, half_light, quarter, F.avg_pool2d(quarter, TONE_CELLS), half_grid, quarter_grid)


def carried_light(views: Views, followed: Followed, past: State) -> Tensor:
    """The light of the painting before, carried along the motion: [N,1,H,W]."""
    half, quarter = views.half_grid, views.quarter_grid
    place = half + smoothly_larger(inside(quarter, followed.flow) - quarter, QUARTER // 2)
    return F.pixel_shuffle(read(neighbours(past.last_painting), place * stretch(half[:, :, -1:, -1:])), 2)


def carried_key(views: Views, followed: Followed, past: State) -> tuple[Tensor, Tensor, Tensor]:
    """The key, carried along its motion: the light of its painting in quads [N,4,H/4,W/4], the painting's chroma
    [N,3,H/4,W/4], and its frame [N,3,H/4,W/4]."""
    quarter = views.quarter_grid
    place = inside(quarter, followed.key_flow)
    quads = read(neighbours(past.key_light), place * stretch(quarter[:, :, -1:, -1:]))
    chroma, frame = read(torch.cat([past.key_chroma, past.key_frame], 1), place).split(3, 1)
    return quads, chroma, frame


def kept_tone(views: Views, followed: Followed, key_trusted: Tensor, tone: Tensor) -> Tensor:
    """What to add to the new painting's tone [N,3,h,w] so that it keeps its share of the tone before: [N,3,h,w]."""
    difference = carried_off(views.sixteenth, followed.sixteenth[:, None])
    share = TONE_SHARE * F.avg_pool2d(key_trusted, TONE_CELLS) * ramp(difference, TONE_DIFFERENCE)
    return share * (followed.tone - tone)


def key_is_worn(trusted: Tensor, left: Tensor) -> Tensor:
    """1 if the key is to be replaced, else 0, [N,1,1,1]: too little of it is trusted, or its time is over."""
    return 1 - (average(trusted) >= KEY_IN_SIGHT).to(trusted.dtype) * (average(left) >= 0.5).to(trusted.dtype)


def compared(change: Tensor, now: Tensor, level: Tensor) -> tuple[Tensor, Tensor]:
    """How far the painting before and the new one are apart around each place (root mean square), and how far apart two
    unrelated paintings of the new one's contrast would be, both [N,1,H/4,W/4].

    change [N,1,H,W]: the difference of their light; now [N,1,H,W]: the new painting's light; level: the same at a
    quarter of the size [N,1,H/4,W/4].
    """
    squares, apart = (F.avg_pool2d(x * x, QUARTER) for x in (now, change))
    level, squares, apart = box(torch.cat([level, squares, apart], 1), 3).split(1, 1)
    # The mean squared difference of two unrelated pictures of one variance is twice that variance.
    return (apart + NOTHING**2).sqrt(), ((squares - level * level).clamp(min=0.0) * 2 + NOTHING).sqrt()


def ramp(x: Tensor, ends: tuple[float, float]) -> Tensor:
    """0 where x is at the first end or beyond, 1 at the second, even in between."""
    return ((x - ends[0]) / (ends[1] - ends[0])).clamp(0.0, 1.0)


def average(x: Tensor) -> Tensor:
    """[N,C,h,w] → [N,C,1,1]."""
    return x.mean((2, 3), keepdim=True)


def larger(x: Tensor, times: int) -> Tensor:
    """[N,C,h,w] → [N,C,times·h,times·w], each pixel repeated; times is a power of 2, because ONNX Runtime doubles in a
    fraction of the time that any other factor takes."""
    return x if times == 1 else larger(F.interpolate(x, scale_factor=2.0, mode="nearest"), times // 2)


def smoothly_larger(x: Tensor, times: int) -> Tensor:
    """[N,C,h,w] → [N,C,times·h,times·w], bilinear."""
    return F.interpolate(x, scale_factor=float(times), mode="bilinear", align_corners=False)


def fine(light: Tensor) -> Tensor:
    """Each pixel minus the mean of the 3×3 pixels around it: [N,1,H,W] → [N,1,H,W]."""
    return light - box(light, 3)


def carried_off(frame: Tensor, carried: Tensor) -> Tensor:
    """How far a frame [N,3,h,w] differs from K others carried to it [N,K,3,h,w], mean over 3×3 pixels: [N,K,h,w]."""
    return box((frame[:, None] - carried).abs().mean(2), 3)


def beyond(at: Tensor, size: Tensor) -> Tensor:
    """How many pixels, of size [1,2,1,1], places [N,K,2,h,w] lie outside the frame; negative inside: [N,K,h,w]."""
    return ((at.abs() - 1) / size).amax(2)


def trust(difference: Tensor, outside: Tensor) -> Tensor:
    """How far carried frames, one per channel, show what the new one shows, 0…1 [N,K,h,w]; 0 outside and at cuts.

    difference: from `carried_off`; outside: from `beyond`. Trust falls to 0 from the centre of an outermost pixel to
    its edge.
    """
    share = ramp(difference, FRAME_DIFFERENCE) * ramp(outside, OUTSIDE)
    return share * ramp(average(share), SAME_SCENE)
