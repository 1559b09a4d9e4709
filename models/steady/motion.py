"""Motion between two frames as plain tensor operations: a coarse search, then pyramidal Lucas-Kanade.

No weights to train, no shapes to compute: every level's coordinates are averages of one grid that is handed in, so the
whole of it exports to operators that browsers run. What is released finds motion by `flownet` and takes from here its
last step; `train.evaluation.motion_report` compares the two. After Lucas and Kanade (1981), with the windows' pixels
weighted by how well they fit, as in Baker and Matthews, "Lucas-Kanade 20 years on" (2004).

Motion is measured as GridSample counts, in halves of the frame: (2, 0) would be its whole width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .quads import about_quads, neighbours, quads, stretch

MULTIPLE = 16  # H and W must be divisible by it: the coarsest level; and at least twice as much
LEVELS = (8, 4, 2, 1)  # half the frame's size over a level's, coarse to fine: the first is searched, all refined
PASSES = {8: 1, 4: 2, 2: 2, 1: 1}  # Lucas-Kanade steps a level
STRIDE = {8: 1.3, 4: 1.3, 2: 1.3, 1: 1.0}  # times the step that least squares give: they fall short; the last is exact
WINDOW = {8: 7, 4: 5, 2: 5, 1: 5}  # quads a side over which motion is taken as one; pixels at the first level
ABOUT = 9  # pixels a side of the coarsest level that the search compares as one
REACH = 3  # pixels of the coarsest level that the search goes each way: 48 of the frame
SLOPES = torch.tensor([[[0.0, 0, 0], [-0.5, 0, 0.5], [0, 0, 0]], [[0, -0.5, 0], [0, 0, 0], [0, 0.5, 0]]])
MISFIT = 0.02  # difference in 0…1 at which a quad's say in its window falls to a half
STIFFNESS = 0.004  # squared gradient, in units of MISFIT, at which a window counts as textured: below, motion stays
ALONE = 1e-9  # added to the place of the last pixel, which is 0 where it is the only one
FLOOR = 1e-4  # added to the light of both frames, so that a black one is finite
ALIKE, DOUBLINGS = 0.01, 4  # of the search: a displacement's weight is (ALIKE / (ALIKE + difference))^16
RELUCTANCE = 0.002  # what each pixel of displacement has to gain in the search, in 0…1


def pixel_grid(height: int, width: int) -> Tensor:
    """The centres of the pixels, [1,2,H,W], x then y, −1…1 from edge to edge (align_corners=False)."""
    y = (torch.arange(height, dtype=torch.float32) * 2 + 1) / height - 1
    x = (torch.arange(width, dtype=torch.float32) * 2 + 1) / width - 1
    return torch.stack([x[None, :].expand(height, width), y[:, None].expand(height, width)])[None]


def pixel_centres(image: Tensor) -> Tensor:
    """`pixel_grid` of an image [N,C,H,W], found by counting its rows and columns: [1,2,H,W].

    A graph that is exported with this holds for any size, and needs none of the operators that compute with shapes,
    which WebGPU leaves to the processor.
    """
    rows = (image[:1, :1, :, :1] * 0 + 1).cumsum(2)  # 1…H [1,1,H,1]
    columns = (image[:1, :1, :1] * 0 + 1).cumsum(3)  # 1…W [1,1,1,W]
    y = (2 * rows - 1) / rows[:, :, -1:] - 1
    x = (2 * columns - 1) / columns[..., -1:] - 1
    return torch.cat([x + 0 * y, y + 0 * x], 1)


def inside(grid: Tensor, flow: Tensor) -> Tensor:
    """Where the motion leads, but not beyond the centres of the outermost pixels: grid + flow, clamped."""
    edge = grid[:, :, -1:, -1:]  # the centres of the last pixels; those of the first are as far on the other side
    return ((grid + flow) / (edge + ALONE)).clamp(-1.0, 1.0) * edge


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


def light(frame: Tensor) -> Tensor:
    """The mean of the colours, or of a quad's pixels: [N,C,H,W] → [N,1,H,W]. ONNX Runtime adds faster than it does
    ReduceMean over channels."""
    first, *others = frame.split(1, 1)
    return sum(others, first) / (1 + len(others))


def motion(here: Tensor, there: Tensor, grid: Tensor) -> Tensor:
    """Where the pixels of `here` were in `there`: their light [N,1,h,w] in 0…1, grid [1,2,h,w] → [N,2,h/2,w/2].

    Light is at half of the frame's size, h and w multiples of `MULTIPLE` / 2; `sample(there, grid, twice(motion))`
    looks like `here`. Every pixel of a level is compared, but motion is found for quads of them.
    """
    at = {1: F.avg_pool2d(grid, 2)}  # where the quads of each level are
    for level in (2, 4):
        at[level] = F.avg_pool2d(at[level // 2], 2)
    at[LEVELS[0]] = at[LEVELS[1]]  # the first level's pixels are the quads of the next
    seen = {level: [F.avg_pool2d(x, level) if level > 1 else x for x in (here, there)] for level in LEVELS}
    (a, b), places = seen[LEVELS[0]], at[LEVELS[0]]
    flow = search(a, b, places)
    gain = brightening(a, sample(b, places, flow)) / MISFIT
    flow = flow / pixel_size(places)  # from here on in pixels of a level
    for level in LEVELS:
        a, b = seen[level]
        a, b = a / MISFIT, b * gain
        flow = lucas_kanade(a, a if level == LEVELS[0] else quads(a), b, at[level], flow, level)
        if level > 1:
            flow = 2 * (flow if level == LEVELS[0] else twice(flow))
    return flow * pixel_size(at[1]) / 2


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
    a, b = a - box(a, ABOUT), b - box(b, ABOUT)  # light that changes is not motion
    side = 2 * REACH + 1
    steps = [(dx, dy) for dy in range(-REACH, REACH + 1) for dx in range(-REACH, REACH + 1)]
    shifts = torch.eye(side * side, device=a.device).view(
        -1, 1, side, side
    )  # as a convolution: one channel a displacement
    shifted = F.conv2d(F.pad(b, (REACH,) * 4, mode="replicate"), shifts)
    reluctance = torch.tensor([RELUCTANCE * (dx * dx + dy * dy) ** 0.5 for dx, dy in steps], device=a.device)
    weight = ALIKE / (box((a - shifted).abs(), ABOUT) + (ALIKE + reluctance).view(1, -1, 1, 1))
    for _ in range(DOUBLINGS):
        weight = weight * weight
    moves = torch.tensor([(dx, dy, 1.0) for dx, dy in steps], device=a.device).t()[:, :, None, None]  # [3,K,1,1]
    move, total = F.conv2d(weight, moves).split((2, 1), 1)
    return move / total * pixel_size(at)


def lucas_kanade(a: Tensor, now: Tensor, b: Tensor, at: Tensor, flow: Tensor, level: int) -> Tensor:
    """Refines the motion [N,2,h',w'] of the places `at` of `a` into `b` by least squares over windows.

    a and b: a level's light [N,1,h,w] over `MISFIT`; now: a in `quads`, at the first level a itself; at: the centres
    [1,2,h',w'] of a's quads, at the first level of its pixels; motion in pixels of a. It solves for the whole motion,
    not for a step, so places of a window that disagree are brought together.
    """
    edge = at[:, :, -1:, -1:]
    at, size = at / edge, (1 - edge) / edge  # −1…1 between the first and the last centre
    if level == LEVELS[0]:
        aside, reach, size = b, edge, 2 * size
    else:
        aside, reach = neighbours(b), edge * stretch(edge)
    gx, gy = slopes_of(a, now.shape[1])
    slopes = torch.stack([gx, gy], 1)  # [N,2,1 or 4,h',w']
    across, xy = (slopes * slopes).mean(2), light(gx * gy)
    across, xy = across / STRIDE[level], xy / STRIDE[level]
    squares = torch.cat([across, xy], 1)
    for _ in range(PASSES[level]):
        error = now - read(aside, (at + flow * size).clamp(-1.0, 1.0) * reach)
        fit = 1 / (1 + box(light(error * error), 3))
        pull = (slopes * error[:, None]).mean(2) + across * flow + xy * swapped(flow)
        flow = solve(torch.cat([squares, pull, flow], 1), fit, WINDOW[level])
    return flow


def slopes_of(light: Tensor, pixels: int) -> tuple[Tensor, Tensor]:
    """[N,1,h,w] → how fast it changes along x and along y, at each pixel [N,1,h,w] or, `pixels` being 4, at those of
    each quad [N,4,h/2,w/2]."""
    kernels, stride = (about_quads(SLOPES), 2) if pixels == 4 else (SLOPES[:, None], 1)
    return F.conv2d(F.pad(light, (1,) * 4, mode="replicate"), kernels.to(light.device), stride=stride).split(pixels, 1)


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
