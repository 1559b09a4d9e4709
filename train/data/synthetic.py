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
EXACT = 1e-3  # how far from 0 or 1 a blend still counts as unblended


@dataclass
class Motion:
    """A layer's motion over T frames. Steps are the g_t, t = 1 … T − 1, backward: from frame t to frame t − 1."""

    size: int  # the frames' side
    start: Tensor  # [N,3,3] from frame 0 to the photograph's own pixels, from its middle
    steps: Tensor  # [N,T-1,3,3]
    bends: Tensor  # [N,T-1,2,G,G] pixels, knots evenly over the frame, bicubic between them


@dataclass
class Scene:
    """All that frames are rendered from; plain data, so that a test can build one by hand."""

    background: Tensor  # [N,3,h,w] in [0, 1], any h and w; reflected beyond its edge
    cutout: Tensor  # [N,4,h,w] RGB times coverage, coverage, in [0, 1]; covers nothing beyond its edge
    camera: Motion  # how the background moves
    object: Motion  # how the cut-out moves
    light: Tensor  # [N,T,3] gamma, gain, lift: frame → gain · frame^gamma + lift
    noise: Tensor  # [N] standard deviation
    seeds: Tensor  # [N] int64, of the noise


class Sequence(NamedTuple):
    frames: Tensor  # [N,T,3,size,size] in [0, 1]
    flows: Tensor  # [N,T-1,2,size,size] pixels: [:, t − 1] leads from frame t to frame t − 1
    masks: Tensor  # [N,T-1,1,size,size] 1 where the point is visible in both, no edge of a layer next to it; else 0


def make(backgrounds: Tensor, cutouts: Tensor, size: int, frames: int, draws: Draws) -> Sequence:
    """Random scenes, rendered: photographs [N,3,h,w] in [0, 1], moving behind and before, → `frames` ≥ 2 each.

    The photographs should be somewhat larger than `size` (a third, say), so that frames stay sharp and inside them.
    """
    return render(random_scene(backgrounds, cutouts, size, frames, draws))


def random_scene(backgrounds: Tensor, cutouts: Tensor, size: int, frames: int, draws: Draws) -> Scene:
    """One random scene a pair of photographs; sizes as in `make`."""
    n, device = len(backgrounds), backgrounds.device
    fate = draws.uniform(n)
    camera_moves = (fate >= STILL) & ~((fate >= STILL + GLOBAL) & (fate < STILL + GLOBAL + TABLE))
    covers = _shapes(n, cutouts.shape[-2:], draws, device) * (fate >= STILL + GLOBAL).view(n, 1, 1, 1).to(device)
    uneven = draws.normal(n, frames, 3) * torch.tensor([GAMMA, GAIN, LIFT]) * draws.uniform(n, 1, 1)
    light = torch.stack([uneven[..., 0].exp(), uneven[..., 1].exp(), uneven[..., 2]], -1)
    return Scene(
        background=backgrounds,
        cutout=torch.cat([cutouts * covers, covers], 1),
        camera=_random_motion(CAMERA, camera_moves, frames, size, min(backgrounds.shape[-2:]), draws, device),
        object=_random_motion(OBJECT, torch.ones(n), frames, size, min(cutouts.shape[-2:]), draws, device),
        light=light.to(device),
        noise=(draws.uniform(n) * NOISE).to(device),
        seeds=draws.integers(n, high=2**31),
    )


def render(scene: Scene) -> Sequence:
    """The frames of a scene, with the flow and the mask from each frame to the one before."""
    here = pixel_centres(scene)
    frames, flows, masks, before = [], [], [], None
    for t in range(scene.light.shape[1]):
        behind, front = (carry(layer, here, t, max(t - 1, 0)) for layer in (scene.camera, scene.object))
        picture, cover = _paint(scene, behind, front, max(t - 1, 0))
        if t > 0:
            flow, mask = _flow_and_mask(here, behind, front, cover, before)
            flows.append(flow)
            masks.append(mask)
        frames.append(_develop(scene, picture, t))
        before = cover
    clean = torch.stack(frames, 1)
    return Sequence((clean + _noise(scene, clean)).clamp(0, 1), torch.stack(flows, 1), torch.stack(masks, 1))


def flow_between(scene: Scene, later: int, earlier: int) -> tuple[Tensor, Tensor]:
    """Flow [N,2,size,size] and mask [N,1,size,size] from frame `later` to any frame before it, as exact as `render`'s.

    The mask asks for both frames only: a point hidden in between counts as visible.
    """
    here = pixel_centres(scene)
    behind, front = carry(scene.camera, here, later, earlier), carry(scene.object, here, later, earlier)
    covers = [_read_cutout(scene, carry(scene.object, here, t, 0))[:, 3:] for t in (later, earlier)]
    return _flow_and_mask(here, behind, front, *covers)


def overlay(scene: Scene, here: Tensor, there: Tensor, flow: Tensor, mask: Tensor) -> tuple[Tensor, ...]:
    """A pair of frames with the cut-out of another scene, of two frames, before them: here, there, flow and mask anew.

    here, there [N,3,size,size] in [0, 1]; flow [N,2,size,size] from here to there; mask [N,1,size,size] of `Sequence`.
    """
    at = pixel_centres(scene)
    front = carry(scene.object, at, 1, 0)
    (now, cover), (then, covered) = (_read_cutout(scene, places).split((3, 1), 1) for places in (front, at))
    in_front = cover > 0.5
    flow = torch.where(in_front, (front - at).permute(0, 3, 1, 2), flow)
    places = at + flow.permute(0, 2, 3, 1)
    was = _read(covered, places, "border")
    unblended = torch.where(in_front, 2 - cover - was, cover + was) < EXACT
    mask = torch.where(in_front, _within(places, at).float(), mask) * unblended
    return here * (1 - cover) + now, there * (1 - covered) + then, flow, mask


def uncovered(scene: Scene, t: int) -> Tensor:
    """1.0 [N,1,size,size] where frame t ≥ 1 shows background, unblended, that the cut-out hid in the one before."""
    here = pixel_centres(scene)
    behind = carry(scene.camera, here, t, t - 1)
    now, then = (
        _read_cutout(scene, carry(scene.object, points, frame, 0))[:, 3:]
        for points, frame in ((here, t), (behind, t - 1))
    )
    return ((now < EXACT) & (then > 0.5) & _within(behind, here)).float()


def _within(points: Tensor, here: Tensor) -> Tensor:
    """True [N,1,H,W] where points [N,H,W,2] lie inside the frame whose pixels are `here`."""
    return (points.abs() <= here[0, -1, -1, 0] + EXACT).all(-1).unsqueeze(1)


def pixel_centres(scene: Scene) -> Tensor:
    """[1,size,size,2] the frame's pixels, from its middle, x then y."""
    size = scene.camera.size
    line = torch.arange(size, device=scene.background.device, dtype=torch.float32) - (size - 1) / 2
    return torch.stack([line.expand(size, -1), line.unsqueeze(1).expand(-1, size)], -1).unsqueeze(0)


def carry(motion: Motion, points: Tensor, later: int, earlier: int) -> Tensor:
    """Where what is seen at points [N or 1,H,W,2] of frame `later` was in frame `earlier`, [N,H,W,2]."""
    for t in range(later, earlier, -1):
        knots = points.expand(len(motion.bends), -1, -1, -1) * (2 / (motion.size - 1))
        bend = F.grid_sample(motion.bends[:, t - 1], knots, mode="bicubic", padding_mode="border", align_corners=True)
        points = _project(motion.steps[:, t - 1], points) + bend.permute(0, 2, 3, 1)
    return points


def _project(homography: Tensor, points: Tensor) -> Tensor:
    """A homography [N,3,3] applied to points [N or 1,H,W,2] → [N,H,W,2]."""
    rows = homography.view(-1, 3, 3, 1, 1).unbind(1)
    x, y, w = (row[:, 0] * points[..., 0] + row[:, 1] * points[..., 1] + row[:, 2] for row in rows)
    return torch.stack([x / w, y / w], -1)


def _read(texture: Tensor, points: Tensor, beyond: str) -> Tensor:
    """texture [N,C,h,w] read at points [N,H,W,2], in its pixels from its middle → [N,C,H,W], bilinear."""
    h, w = texture.shape[-2:]
    grid = points * points.new_tensor([2 / (w - 1), 2 / (h - 1)])
    return F.grid_sample(texture, grid.expand(len(texture), -1, -1, -1), "bilinear", beyond, align_corners=True)


def _read_cutout(scene: Scene, points: Tensor) -> Tensor:
    """The cut-out [N,4,H,W] at points of frame 0."""
    return _read(scene.cutout, _project(scene.object.start, points), "zeros")


def _paint(scene: Scene, behind: Tensor, front: Tensor, t: int) -> tuple[Tensor, Tensor]:
    """Picture [N,3,H,W] and coverage [N,1,H,W], given where each pixel's two layers were in frame t."""
    back = _project(scene.camera.start, carry(scene.camera, behind, t, 0))
    colour, cover = _read_cutout(scene, carry(scene.object, front, t, 0)).split((3, 1), 1)
    return _read(scene.background, back, "reflection") * (1 - cover) + colour, cover


def _flow_and_mask(here: Tensor, behind: Tensor, front: Tensor, cover: Tensor, before: Tensor) -> tuple[Tensor, Tensor]:
    """From where the two layers of each pixel were, and how far the cut-out covers each pixel, now and before.

    A pixel counts as visible if it and its eight neighbours show one layer unblended, and if the same layer shows
    unblended in the pixels that surround the place it comes from, all inside the frame.
    """
    in_front = cover > 0.5
    there = torch.where(in_front.squeeze(1).unsqueeze(-1), front, behind)
    most, least = F.max_pool2d(cover, 3, 1, 1), -F.max_pool2d(-cover, 3, 1, 1)
    then = _read(before, there, "border")
    blended = torch.where(in_front, (1 - least) + (1 - then), most + then)
    return (there - here).permute(0, 3, 1, 2), (_within(there, here) & (blended < EXACT)).float()


def _develop(scene: Scene, picture: Tensor, t: int) -> Tensor:
    gamma, gain, lift = scene.light[:, t].view(-1, 3, 1, 1, 1).unbind(1)
    return gain * picture.clamp_min(1e-6) ** gamma + lift


def _noise(scene: Scene, frames: Tensor) -> Tensor:
    """Sensor noise [N,T,3,H,W]. Each sample has its own seed, so it does not matter in which batch it comes."""
    drawn = torch.empty_like(frames)
    generator = torch.Generator(frames.device)
    for sample, seed in zip(drawn, scene.seeds.tolist(), strict=True):
        sample.normal_(generator=generator.manual_seed(seed))
    return drawn * scene.noise.view(-1, 1, 1, 1, 1)


def _random_motion(most: dict, moves: Tensor, frames: int, size: int, side: int, draws: Draws, device) -> Motion:
    """Motion of about constant velocity, where `moves` [N] is true, of a layer whose photograph has short side `side`.

    At the start the frame covers 80 to 100 % of the photograph's short side, a little turned: no frame of a sequence
    falls on the photograph's pixel grid, so that none is sharper than the others.
    """
    n = len(moves)
    reach = torch.tensor([size * most["shift"]] * 2 + [most["turn"], most["growth"]] + [2 * most["tilt"] / size] * 2)
    pace = draws.uniform(n, 1, 6, low=-1, high=1)
    pace = pace * pace.abs() * draws.uniform(n, 1, 1, low=0.2) * reach
    pace = pace * (1 + UNEVEN * draws.normal(n, frames - 1, 6))
    pace[..., :2] += SHAKE * draws.normal(n, frames - 1, 2)
    bends = draws.uniform(n, 1, 1, 1, 1) * size * most["bend"] * draws.normal(n, 1, 2, BEND_GRID, BEND_GRID)
    bends = bends * (1 + UNEVEN * draws.normal(n, frames - 1, 1, 1, 1))
    moves = moves.float().view(n, 1, 1)
    cover = draws.uniform(n, low=0.8, high=1.0)
    slack = (1 - cover) * side / 2
    place = [draws.uniform(n, low=-1, high=1) * slack for _ in range(2)]
    still = torch.zeros(n)
    start = [*place, draws.uniform(n, low=-0.05, high=0.05), (cover * side / size).log(), still, still]
    return Motion(
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


def _shapes(n: int, size: tuple[int, int], draws: Draws, device: torch.device) -> Tensor:
    """Random blobs and polygons [N,1,h,w], 1 inside, 0 outside, an edge about a pixel wide between.

    In polar form about its own middle, a blob is a circle whose radius has four harmonics added, and a polygon has
    three to seven corners; both are stretched in a random direction.
    """

    def draw(low: float, high: float) -> Tensor:
        return draws.uniform(n, low=low, high=high).to(device).view(n, 1, 1)

    h, w = size
    y = torch.arange(h, device=device).view(1, h, 1) - h * draw(0.2, 0.8)
    x = torch.arange(w, device=device).view(1, 1, w) - w * draw(0.2, 0.8)
    lean, stretch, radius = draw(0, math.pi), draw(0, 0.4).exp(), draw(0.1, 0.3) * min(h, w)
    x, y = (x * lean.cos() + y * lean.sin()) * stretch, (y * lean.cos() - x * lean.sin()) / stretch
    rho, theta = torch.hypot(x, y), torch.atan2(y, x)
    blob = 1 + sum(draw(-0.3, 0.3) / math.sqrt(k) * torch.cos(k * theta + draw(0, 2 * math.pi)) for k in range(2, 6))
    corner = 2 * math.pi / draws.integers(n, high=5).add(3).to(device).view(n, 1, 1)
    polygon = (corner / 2).cos() / ((theta + math.pi) % corner - corner / 2).cos()
    outline = radius * torch.where(draw(0, 1) < 0.5, polygon, blob.clamp_min(0.1))
    return (outline - rho + 0.5).clamp(0, 1).unsqueeze(1)
