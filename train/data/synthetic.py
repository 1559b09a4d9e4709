"""Motion made from photographs: short sequences whose optical flow and visibility are known exactly.

A scene is two photographs: a background, and a cut-out of another one that moves before it. The motion of each layer
is given backward, as functions g_t that say where what is seen at p in frame t was in frame t − 1: a homography plus
a smooth displacement, both defined at every real point. Frame t is therefore the photograph read at
g_1(g_2(… g_t(p))), the flow is g_t(p) − p, without any estimate, and what the cut-out hides is known too.
Positions are in pixels from the middle of the frame, x then y. Flow as in `warp`: I_t(p) = I_{t−1}(p + flow(p)).
"""

import math
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from .augment import Draws

# How many scenes stand quite still, how many move as one (a panning camera), and in how many only the cut-out moves
# (a camera on a table). The rest move in both layers.
STILL, GLOBAL, TABLE = 0.12, 0.25, 0.23
# The most that a layer moves from frame to frame: shift in sides, turn in radians, growth in log scale, perspective in
# its weight at the frame's edge, bend (the displacement's deviation) in sides. Small motion is drawn more often.
CAMERA = {"shift": 1 / 16, "turn": 0.05, "growth": 0.04, "tilt": 0.02, "bend": 1 / 80}
OBJECT = {"shift": 1 / 12, "turn": 0.10, "growth": 0.05, "tilt": 0.01, "bend": 1 / 160}
UNEVEN = 0.25  # how much speed changes from frame to frame, relative
SHAKE = 0.3  # px from frame to frame, of a layer that moves at all
BEND_GRID = 6  # knots a side of the displacement
GAMMA, GAIN, LIFT = 0.03, 0.03, 0.01  # the most that a frame's light deviates, as standard deviations
NOISE = 0.02  # the most sensor noise, standard deviation
UNBLENDED = 1e-3  # how far from 0 or 1 a blend still counts as unblended


@dataclass
class LayerMotion:
    """A layer's motion over T frames. Steps are the g_t, t = 1 … T − 1, backward: from frame t to frame t − 1."""

    size: int  # the frames' side
    start: Tensor  # [N,3,3] from frame 0 to the photograph's own pixels, from its middle
    steps: Tensor  # [N,T-1,3,3]
    bends: Tensor  # [N,T-1,2,G,G] pixels, knots evenly over the frame, bicubic between them


@dataclass
class SyntheticScene:
    """All that frames are rendered from; plain data, so that a test can build one by hand."""

    background: Tensor  # [N,3,h,w] in [0, 1], any h and w; reflected beyond its edge
    cutout: Tensor  # [N,4,h,w] RGB times coverage, coverage, in [0, 1]; covers nothing beyond its edge
    camera: LayerMotion  # how the background moves
    object: LayerMotion  # how the cut-out moves
    light: Tensor  # [N,T,3] gamma, gain, lift: frame → gain · frame^gamma + lift
    noise: Tensor  # [N] standard deviation
    seeds: Tensor  # [N] int64, of the noise


class RenderedSequence(NamedTuple):
    frames: Tensor  # [N,T,3,size,size] in [0, 1]
    flows: Tensor  # [N,T-1,2,size,size] pixels: [:, t − 1] leads from frame t to frame t − 1
    masks: Tensor  # [N,T-1,1,size,size] 1 where the point is visible in both, no edge of a layer next to it; else 0


def make(backgrounds: Tensor, cutouts: Tensor, size: int, frames: int, draws: Draws) -> RenderedSequence:
    """Random scenes, rendered: photographs [N,3,h,w] in [0, 1], moving behind and before, → `frames` ≥ 2 each.

    The photographs should be somewhat larger than `size` (a third, say), so that frames stay sharp and inside them.
    """
    return render(random_scene(backgrounds, cutouts, size, frames, draws))


def random_scene(backgrounds: Tensor, cutouts: Tensor, size: int, frames: int, draws: Draws) -> SyntheticScene:
    """One random scene a pair of photographs; sizes as in `make`."""
    n, device = len(backgrounds), backgrounds.device
    # One number a scene decides what moves in it: nothing, the camera alone, the cut-out alone, or both.
    fate = draws.uniform(n)
    has_cutout = fate >= STILL + GLOBAL
    on_table = has_cutout & (fate < STILL + GLOBAL + TABLE)
    camera_moves = (fate >= STILL) & ~on_table
    height, width = cutouts.shape[-2:]
    covers = _random_shapes(n, (height, width), draws, device) * has_cutout.view(n, 1, 1, 1).to(device)
    # Light changes from frame to frame, in some scenes more than in others; gamma and gain are factors, so logarithmic.
    uneven = draws.normal(n, frames, 3) * torch.tensor([GAMMA, GAIN, LIFT]) * draws.uniform(n, 1, 1)
    light = torch.stack([uneven[..., 0].exp(), uneven[..., 1].exp(), uneven[..., 2]], -1)
    return SyntheticScene(
        background=backgrounds,
        cutout=torch.cat([cutouts * covers, covers], 1),
        camera=_random_motion(CAMERA, camera_moves, frames, size, min(backgrounds.shape[-2:]), draws, device),
        object=_random_motion(OBJECT, torch.ones(n), frames, size, min(cutouts.shape[-2:]), draws, device),
        light=light.to(device),
        noise=(draws.uniform(n) * NOISE).to(device),
        seeds=draws.integers(n, high=2**31),
    )


def render(scene: SyntheticScene) -> RenderedSequence:
    """The frames of a scene, with the flow and the mask from each frame to the one before."""
    here = pixel_positions(scene)
    frames, covers, flows, masks = [], [], [], []
    for t in range(scene.light.shape[1]):
        # Where each pixel's two layers were in the frame before: that is the flow of either layer.
        behind, front = (trace_back(layer, here, t, max(t - 1, 0)) for layer in (scene.camera, scene.object))
        picture, cover = _compose(scene, behind, front, max(t - 1, 0))
        if t > 0:
            flow, mask = _flow_and_mask(here, behind, front, cover, covers[-1])
            flows.append(flow)
            masks.append(mask)
        frames.append(_expose(scene, picture, t))
        covers.append(cover)
    clean = torch.stack(frames, 1)
    return RenderedSequence((clean + _noise(scene, clean)).clamp(0, 1), torch.stack(flows, 1), torch.stack(masks, 1))


def flow_between(scene: SyntheticScene, later: int, earlier: int) -> tuple[Tensor, Tensor]:
    """Flow [N,2,size,size] and mask [N,1,size,size] from frame `later` to any frame before it, as exact as `render`'s.

    The mask asks for both frames only: a point hidden in between counts as visible.
    """
    here = pixel_positions(scene)
    behind, front = trace_back(scene.camera, here, later, earlier), trace_back(scene.object, here, later, earlier)
    covers = [_sample_cutout(scene, trace_back(scene.object, here, t, 0))[:, 3:] for t in (later, earlier)]
    return _flow_and_mask(here, behind, front, *covers)


def overlay(scene: SyntheticScene, here: Tensor, there: Tensor, flow: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """A pair of frames with the cut-out of another scene, of two frames, before them: here, there, flow and mask anew.

    here, there [N,3,size,size] in [0, 1]; flow [N,2,size,size] from here to there; mask [N,1,size,size] as `render`
    gives it.
    """
    at = pixel_positions(scene)
    front = trace_back(scene.object, at, 1, 0)
    # The cut-out's colour (times coverage) and coverage in the later frame and in the earlier one.
    (now, cover), (then, covered) = (_sample_cutout(scene, places).split((3, 1), 1) for places in (front, at))
    # Where it is seen, its own motion replaces that of what lies behind.
    in_front = cover > 0.5
    flow = torch.where(in_front, (front - at).permute(0, 3, 1, 2), flow)
    places = at + flow.permute(0, 2, 3, 1)
    # Visible is what neither blend touches: wholly cut-out both times, or wholly what lies behind both times.
    was = _sample(covered, places, "border")
    unblended = torch.where(in_front, 2 - cover - was, cover + was) < UNBLENDED
    mask = torch.where(in_front, _inside_frame(places, at).float(), mask) * unblended
    return here * (1 - cover) + now, there * (1 - covered) + then, flow, mask


def uncovered(scene: SyntheticScene, t: int) -> Tensor:
    """1.0 [N,1,size,size] where frame t ≥ 1 shows background, unblended, that the cut-out hid in the one before."""
    here = pixel_positions(scene)
    behind = trace_back(scene.camera, here, t, t - 1)
    now, then = (
        _sample_cutout(scene, trace_back(scene.object, points, frame, 0))[:, 3:]
        for points, frame in ((here, t), (behind, t - 1))
    )
    return ((now < UNBLENDED) & (then > 0.5) & _inside_frame(behind, here)).float()


def _inside_frame(points: Tensor, here: Tensor) -> Tensor:
    """True [N,1,H,W] where points [N,H,W,2] lie inside the frame whose pixels are `here`."""
    return (points.abs() <= here[0, -1, -1, 0] + UNBLENDED).all(-1).unsqueeze(1)


def pixel_positions(scene: SyntheticScene) -> Tensor:
    """[1,size,size,2] the frame's pixels, from its middle, x then y."""
    size = scene.camera.size
    line = torch.arange(size, device=scene.background.device, dtype=torch.float32) - (size - 1) / 2
    return torch.stack([line.expand(size, -1), line.unsqueeze(1).expand(-1, size)], -1).unsqueeze(0)


def trace_back(motion: LayerMotion, points: Tensor, later: int, earlier: int) -> Tensor:
    """Where what is seen at points [N or 1,H,W,2] of frame `later` was in frame `earlier`, [N,H,W,2]."""
    for t in range(later, earlier, -1):
        knots = points.expand(len(motion.bends), -1, -1, -1) * (2 / (motion.size - 1))
        bend = F.grid_sample(motion.bends[:, t - 1], knots, mode="bicubic", padding_mode="border", align_corners=True)
        points = _apply_homography(motion.steps[:, t - 1], points) + bend.permute(0, 2, 3, 1)
    return points


def _apply_homography(homography: Tensor, points: Tensor) -> Tensor:
    """A homography [N,3,3] applied to points [N or 1,H,W,2] → [N,H,W,2]."""
    rows = homography.view(-1, 3, 3, 1, 1).unbind(1)
    x, y, w = (row[:, 0] * points[..., 0] + row[:, 1] * points[..., 1] + row[:, 2] for row in rows)
    return torch.stack([x / w, y / w], -1)


def _sample(texture: Tensor, points: Tensor, beyond: str) -> Tensor:
    """texture [N,C,h,w] read at points [N,H,W,2], in its pixels from its middle → [N,C,H,W], bilinear."""
    h, w = texture.shape[-2:]
    grid = points * points.new_tensor([2 / (w - 1), 2 / (h - 1)])
    return F.grid_sample(texture, grid.expand(len(texture), -1, -1, -1), "bilinear", beyond, align_corners=True)


def _sample_cutout(scene: SyntheticScene, points: Tensor) -> Tensor:
    """The cut-out [N,4,H,W] at points of frame 0."""
    return _sample(scene.cutout, _apply_homography(scene.object.start, points), "zeros")


def _compose(scene: SyntheticScene, behind: Tensor, front: Tensor, t: int) -> tuple[Tensor, Tensor]:
    """Picture [N,3,H,W] and coverage [N,1,H,W], given where each pixel's two layers were in frame t."""
    back = _apply_homography(scene.camera.start, trace_back(scene.camera, behind, t, 0))
    colour, cover = _sample_cutout(scene, trace_back(scene.object, front, t, 0)).split((3, 1), 1)
    return _sample(scene.background, back, "reflection") * (1 - cover) + colour, cover


def _flow_and_mask(here: Tensor, behind: Tensor, front: Tensor, cover: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """From where the two layers of each pixel were, and how far the cut-out covers each pixel, now and before.

    A pixel counts as visible if it and its eight neighbours show one layer unblended, and if the same layer shows
    unblended in the pixels that surround the place it comes from, all inside the frame.
    """
    # The flow of whichever layer is seen more.
    in_front = cover > 0.5
    there = torch.where(in_front.squeeze(1).unsqueeze(-1), front, behind)
    # The largest and the least coverage among each pixel's neighbours, and the coverage where it comes from.
    most, least = F.max_pool2d(cover, 3, 1, 1), -F.max_pool2d(-cover, 3, 1, 1)
    then = _sample(before, there, "border")
    # How much of the other layer there is, now and then: 0 where one layer is seen both times.
    blended = torch.where(in_front, (1 - least) + (1 - then), most + then)
    return (there - here).permute(0, 3, 1, 2), (_inside_frame(there, here) & (blended < UNBLENDED)).float()


def _expose(scene: SyntheticScene, picture: Tensor, t: int) -> Tensor:
    """The picture [N,3,H,W] in the light of frame t."""
    gamma, gain, lift = scene.light[:, t].view(-1, 3, 1, 1, 1).unbind(1)
    return gain * picture.clamp_min(1e-6) ** gamma + lift


def _noise(scene: SyntheticScene, frames: Tensor) -> Tensor:
    """Sensor noise [N,T,3,H,W]. Each sample has its own seed, so it does not matter in which batch it comes."""
    drawn = torch.empty_like(frames)
    generator = torch.Generator(frames.device)
    for sample, seed in zip(drawn, scene.seeds.tolist(), strict=True):
        sample.normal_(generator=generator.manual_seed(seed))
    return drawn * scene.noise.view(-1, 1, 1, 1, 1)


def _random_motion(most: dict, moves: Tensor, frames: int, size: int, side: int, draws: Draws, device) -> LayerMotion:
    """Motion of about constant velocity, where `moves` [N] is true, of a layer whose photograph has short side `side`.

    `most` is `CAMERA` or `OBJECT`, the most that each kind of motion reaches; `size` is the frames' side.
    At the start the frame covers 80 to 100 % of the photograph's short side, a little turned: no frame of a sequence
    falls on the photograph's pixel grid, so that none is sharper than the others.
    """
    n = len(moves)
    # Shift x and y, turn, log growth, perspective x and y: squared, so that small motion is drawn more often.
    reach = torch.tensor([size * most["shift"]] * 2 + [most["turn"], most["growth"]] + [2 * most["tilt"] / size] * 2)
    pace = draws.uniform(n, 1, 6, low=-1, high=1)
    pace = pace * pace.abs() * draws.uniform(n, 1, 1, low=0.2) * reach
    # From frame to frame it changes a little, and a layer that moves also shakes.
    pace = pace * (1 + UNEVEN * draws.normal(n, frames - 1, 6))
    pace[..., :2] += SHAKE * draws.normal(n, frames - 1, 2)
    # The smooth displacement besides, the same in every step but for its strength.
    bends = draws.uniform(n, 1, 1, 1, 1) * size * most["bend"] * draws.normal(n, 1, 2, BEND_GRID, BEND_GRID)
    bends = bends * (1 + UNEVEN * draws.normal(n, frames - 1, 1, 1, 1))
    moves = moves.float().view(n, 1, 1)
    # Where the first frame lies on the photograph.
    cover = draws.uniform(n, low=0.8, high=1.0)
    slack = (1 - cover) * side / 2
    place = [draws.uniform(n, low=-1, high=1) * slack for _ in range(2)]
    still = torch.zeros(n)
    start = [*place, draws.uniform(n, low=-0.05, high=0.05), (cover * side / size).log(), still, still]
    return LayerMotion(
        size=size,
        start=_homography(torch.stack(start, -1)).to(device),
        steps=_homography(pace * moves).to(device),
        bends=(bends * moves.view(n, 1, 1, 1, 1)).to(device),
    )


def _homography(p: Tensor) -> Tensor:
    """Shift x and y, turn, log growth, perspective x and y [...,6] → [...,3,3]."""
    cos, sin = p[..., 3].exp() * p[..., 2].cos(), p[..., 3].exp() * p[..., 2].sin()
    rows = [cos, -sin, p[..., 0], sin, cos, p[..., 1], p[..., 4], p[..., 5], torch.ones_like(cos)]
    return torch.stack(rows, -1).unflatten(-1, (3, 3))


def _random_shapes(n: int, size: tuple[int, int], draws: Draws, device: torch.device) -> Tensor:
    """Random blobs and polygons [N,1,h,w], 1 inside, 0 outside, an edge about a pixel wide between.

    In polar form about its own middle, a blob is a circle whose radius has four harmonics added, and a polygon has
    three to seven corners; both are stretched in a random direction.
    """

    def draw(low: float, high: float) -> Tensor:
        return draws.uniform(n, low=low, high=high).to(device).view(n, 1, 1)

    # Pixels from the shape's own middle, turned and stretched.
    h, w = size
    y = torch.arange(h, device=device).view(1, h, 1) - h * draw(0.2, 0.8)
    x = torch.arange(w, device=device).view(1, 1, w) - w * draw(0.2, 0.8)
    lean, stretch, radius = draw(0, math.pi), draw(0, 0.4).exp(), draw(0.1, 0.3) * min(h, w)
    x, y = (x * lean.cos() + y * lean.sin()) * stretch, (y * lean.cos() - x * lean.sin()) / stretch
    rho, theta = torch.hypot(x, y), torch.atan2(y, x)
    # A blob's radius by angle, about 1.
    waves = [draw(-0.3, 0.3) / math.sqrt(k) * torch.cos(k * theta + draw(0, 2 * math.pi)) for k in range(2, 6)]
    blob = 1 + sum(waves[1:], waves[0])
    # A polygon's: each side is a straight line, seen within the angle of its corner.
    corner = 2 * math.pi / draws.integers(n, high=5).add(3).to(device).view(n, 1, 1)
    polygon = (corner / 2).cos() / ((theta + math.pi) % corner - corner / 2).cos()
    # 1 within the outline, falling to 0 over a pixel.
    outline = radius * torch.where(draw(0, 1) < 0.5, polygon, blob.clamp_min(0.1))
    return (outline - rho + 0.5).clamp(0, 1).unsqueeze(1)
