"""Motion between two frames as plain tensor operations: a coarse search, then pyramidal Lucas-Kanade.

No weights to train, no shapes to compute: every level's coordinates are averages of one grid that is handed in, so the
whole of it exports to operators that browsers run. After Lucas and Kanade (1981), with the windows' pixels weighted by
how well they fit, as in Baker and Matthews, "Lucas-Kanade 20 years on" (2004).

Motion is measured as GridSample counts, in halves of the frame: (2, 0) would be its whole width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .quads import about_quads, neighbours, quads

MULTIPLE = 16  # H and W must be divisible by it: the coarsest level; and at least twice as much
LEVELS = (8, 4, 2)  # half the frame's size over the level's; the finest, 1, is looked at in quads
PASSES = {8: 1, 4: 2, 2: 2, 1: 2}  # Lucas-Kanade steps a level: where something large came into view, one misleads
REACH = 3  # pixels of the coarsest level that the search goes each way: 48 of the frame
LUMA = (0.299, 0.587, 0.114)  # BT.601, of gamma-coded RGB
WINDOW = {8: 7, 4: 7, 2: 5, 1: 3}  # pixels (at the finest level, quads) a side over which motion is taken as one
SLOPES = torch.tensor([[[0.0, 0, 0], [-0.5, 0, 0.5], [0, 0, 0]], [[0, -0.5, 0], [0, 0, 0], [0, 0.5, 0]]])
STIFFNESS = 1e-5  # squared gradient at which a window counts as textured: below, the motion found so far stays
MISFIT = 0.05  # difference in 0…1 at which a pixel's say in its window falls to a half
FLOOR = 1e-4  # added to the light of both frames, so that a black one is finite
ALIKE, DOUBLINGS = 0.01, 4  # of the search: a displacement's weight is (ALIKE / (ALIKE + difference))^16
RELUCTANCE = 0.002  # what each pixel of displacement has to gain in the search, in 0…1


def pixel_grid(height: int, width: int) -> Tensor:
    """The centres of the pixels, [1,2,H,W], x then y, −1…1 from edge to edge (align_corners=False)."""
    y = (torch.arange(height, dtype=torch.float32) * 2 + 1) / height - 1
    x = (torch.arange(width, dtype=torch.float32) * 2 + 1) / width - 1
    return torch.stack([x[None, :].expand(height, width), y[:, None].expand(height, width)])[None]


def inside(grid: Tensor, flow: Tensor) -> Tensor:
    """Where the motion leads, but not beyond the centres of the outermost pixels: grid + flow, clamped."""
    edge = grid[:, :, -1:, -1:]  # the centres of the last pixels; those of the first are as far on the other side
    return ((grid + flow) / edge).clamp(-1.0, 1.0) * edge


def read(image: Tensor, at: Tensor) -> Tensor:
    """image [N,C,h,w] at the places [N,2,h',w'] → [N,C,h',w'], bilinear. All of them are `inside`: ONNX Runtime reads
    twice as fast where nothing has to be repeated beyond the edges."""
    return F.grid_sample(image, at.permute(0, 2, 3, 1), "bilinear", "zeros", align_corners=False)


def sample(image: Tensor, grid: Tensor, flow: Tensor) -> Tensor:
    """image [N,C,h,w] read at grid + flow, its own pixels' centres [1,2,h,w] and motion [N,2,h,w] → [N,C,h,w]."""
    return read(image, inside(grid, flow))


def twice(x: Tensor) -> Tensor:
    """[N,C,h,w] → [N,C,2h,2w], bilinear."""
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)


def box(x: Tensor, size: int) -> Tensor:
    """The mean over a window about each pixel; at the borders, over what there is of it."""
    return F.avg_pool2d(x, size, 1, size // 2, count_include_pad=False)


def luminance(frame: Tensor) -> Tensor:
    """[N,3,H,W] → [N,1,H,W]."""
    return F.conv2d(frame, torch.tensor(LUMA, device=frame.device).view(1, 3, 1, 1))


def motion(here: Tensor, there: Tensor, grid: Tensor) -> Tensor:
    """Where the pixels of `here` were in `there`: luminances [N,1,h,w] in 0…1, grid [1,2,h,w] → [N,2,h/2,w/2].

    Luminances are at half of the frame's size, h and w multiples of `MULTIPLE` / 2; `sample(there, grid,
    twice(motion))` looks like `here`. Every pixel of the finest level is compared, but windows overlap so much that
    solving once for every 2×2 is enough.
    """
    flow = None
    for scale in LEVELS:
        a, b, at = (F.avg_pool2d(x, scale) for x in (here, there, grid))
        if flow is None:
            flow = search(a, b, at)
            gain = brightening(a, sample(b, at, flow))
        else:
            flow = twice(flow)
        for _ in range(PASSES[scale]):
            flow = lucas_kanade(a, b * gain, at, flow, WINDOW[scale])
    flow = lucas_kanade_of_quads(here, there * gain, at, flow)
    return box(flow, 3)  # small windows hold on to small things; what they add of noise goes here


def brightening(a: Tensor, b: Tensor) -> Tensor:
    """What b has to be multiplied by to be as light as a, [N,1,1,1], judged where they hardly differ.

    A lamp that flickers or a camera that sets its exposure would else be motion wherever there is shading.
    """
    fit = 1 / (1 + (a - b).square() / MISFIT**2)
    light, before = ((fit * x + FLOOR).mean((2, 3), keepdim=True) for x in (a, b))
    return light / before


def pixel_size(at: Tensor) -> Tensor:
    """The distance of neighbouring pixels in units of the grid: [1,2,h,w] → [1,2,1,1]."""
    return at[:, :, 1:2, 1:2] - at[:, :, :1, :1]


def search(a: Tensor, b: Tensor, at: Tensor) -> Tensor:
    """The displacement of least mean difference among the whole pixels within REACH, [N,2,h,w].

    A mean of all, weighted by powers of the inverse difference: as a softmax of it would, but ONNX Runtime multiplies
    faster than it does that.
    """
    a, b = a - box(a, 9), b - box(b, 9)  # light that changes is not motion
    side = 2 * REACH + 1
    steps = [(dx, dy) for dy in range(-REACH, REACH + 1) for dx in range(-REACH, REACH + 1)]
    shifts = torch.eye(side * side, device=a.device).view(
        -1, 1, side, side
    )  # as a convolution: one channel a displacement
    shifted = F.conv2d(F.pad(b, (REACH,) * 4, mode="replicate"), shifts)
    reluctance = torch.tensor([RELUCTANCE * (dx * dx + dy * dy) ** 0.5 for dx, dy in steps], device=a.device)
    weight = ALIKE / (box((a - shifted).abs(), 5) + (ALIKE + reluctance).view(1, -1, 1, 1))
    for _ in range(DOUBLINGS):
        weight = weight * weight
    moves = torch.tensor([(dx, dy, 1.0) for dx, dy in steps], device=a.device).t()[:, :, None, None]  # [3,K,1,1]
    move, total = F.conv2d(weight, moves).split((2, 1), 1)
    return move / total * pixel_size(at)


def lucas_kanade(a: Tensor, b: Tensor, at: Tensor, flow: Tensor, window: int) -> Tensor:
    """Refines the motion [N,2,h,w] of a level's luminance `a` [N,1,h,w] into `b` by least squares over windows.

    It solves for the whole motion, not for a step, so pixels of a window that disagree are brought together.
    """
    size, slope = pixel_size(at), F.conv2d(F.pad(a, (1,) * 4, mode="replicate"), SLOPES[:, None].to(a.device))
    gx, gy = slope.split(1, 1)
    error, moved = a - sample(b, at, flow), flow / size
    (x, y), fit = moved.split(1, 1), 1 / (1 + box(error * error, 3) / MISFIT**2)
    target = error + gx * x + gy * y
    return solve(torch.cat([slope * slope, gx * gy, slope * target, moved], 1), fit, window) * size


def lucas_kanade_of_quads(a: Tensor, b: Tensor, at: Tensor, flow: Tensor) -> Tensor:
    """The finest level's steps, at half the size of `a` and `b` [N,1,h,w], whose quads move as one: flow and grid
    [N,2,h/2,w/2]. What does not depend on the flow is found once."""
    slopes = F.conv2d(F.pad(a, (1,) * 4, mode="replicate"), about_quads(SLOPES).to(a.device), stride=2)
    gx, gy = slopes.split(4, 1)
    now, aside, size = quads(a), neighbours(b), pixel_size(at) / 2
    mean = torch.eye(3, device=a.device).repeat_interleave(4, 1)[:, :, None, None] / 4
    across, xy = F.conv2d(torch.cat([slopes * slopes, gx * gy], 1), mean).split((2, 1), 1)
    for _ in range(PASSES[1]):
        error = now - read(aside, inside(at, flow) - size / 2)
        pull, misfit = F.conv2d(torch.cat([gx * error, gy * error, error * error], 1), mean).split((2, 1), 1)
        moved, fit = flow / size, 1 / (1 + box(misfit, 3) / MISFIT**2)
        pull = pull + across * moved + xy * swapped(moved)
        flow = solve(torch.cat([across, xy, pull, moved], 1), fit, WINDOW[1]) * size
    return flow


def solve(terms: Tensor, fit: Tensor, window: int) -> Tensor:
    """Least squares over windows: terms [N,7,h,w] are the squares of the slope, their product, the slope times what is
    wanted of it, and the motion so far, which stays where there is no slope; weighted by fit [N,1,h,w] → [N,2,h,w]."""
    across, xy, pull, before, weight = box(torch.cat([terms * fit, fit], 1), window).split((2, 1, 2, 2, 1), 1)
    across, pull = across + STIFFNESS, pull + STIFFNESS * before / weight
    xx, yy = across.split(1, 1)
    return (swapped(across) * pull - xy * swapped(pull)) / (xx * yy - xy * xy)


def swapped(x: Tensor) -> Tensor:
    """[N,2,h,w] with its two channels exchanged."""
    first, second = x.split(1, 1)
    return torch.cat([second, first], 1)
