"""Motion as tensor operations without weights: coordinates, reading at places, and one Lucas-Kanade step.

`flownet` finds motion by a network; least squares over windows make it exact (Lucas and Kanade, 1981), the pixels of a
window weighted by how well they fit (Baker and Matthews, "Lucas-Kanade 20 years on", 2004). No shapes are computed, so
all of it exports to operators that browsers run.

Motion is measured as GridSample measures it, in halves of the frame: (2, 0) would be the frame's whole width.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from .quads import about_quads, neighbours, stretch

WINDOW = 5  # quads a side over which motion is taken as one
SLOPES = torch.tensor([[[0.0, 0, 0], [-0.5, 0, 0.5], [0, 0, 0]], [[0, -0.5, 0], [0, 0, 0], [0, 0.5, 0]]])
MISFIT = 0.02  # difference in 0…1 at which a quad's say in its window falls to a half
STIFFNESS = 0.004  # squared gradient, in units of MISFIT, at which a window counts as textured: below, motion stays
ALONE = 1e-9  # added to the place of the last pixel, which is 0 where it is the only one
FLOOR = 1e-4  # added to the light of both frames, so that a black one is finite


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


def lucas_kanade(a: Tensor, now: Tensor, b: Tensor, at: Tensor, flow: Tensor) -> Tensor:
    """Refines the motion [N,2,h/2,w/2] of the quads of `a` into `b` by least squares over windows, in pixels of a.

    a and b: the light of both frames [N,1,h,w] over `MISFIT`; now: a in quads [N,4,h/2,w/2]; at: the centres of its
    quads [1,2,h/2,w/2]. It solves for the whole motion, not for a step, so places of a window that disagree are brought
    together.
    """
    edge = at[:, :, -1:, -1:]
    at, size = at / edge, (1 - edge) / edge  # −1…1 between the first and the last centre
    # How far what is seen differs from where the motion so far leads, and how well each quad fits.
    error = now - read(neighbours(b), (at + flow * size).clamp(-1.0, 1.0) * (edge * stretch(edge)))
    fit = 1 / (1 + box(light(error * error), 3))
    # The normal equations of each quad: the slopes' squares and product, and the slope times what is wanted of it.
    gx, gy = slopes_of(a)
    slopes = torch.stack([gx, gy], 1)  # [N,2,4,h/2,w/2]
    across, xy = (slopes * slopes).mean(2), light(gx * gy)
    pull = (slopes * error[:, None]).mean(2) + across * flow + xy * swapped(flow)
    return solve(torch.cat([across, xy, pull, flow], 1), fit)


def slopes_of(light: Tensor) -> tuple[Tensor, Tensor]:
    """How fast light [N,1,h,w] changes along x and along y, at the pixels of each quad: [N,4,h/2,w/2] both."""
    padded = F.pad(light, (1,) * 4, mode="replicate")
    return F.conv2d(padded, about_quads(SLOPES).to(light.device), stride=2).split(4, 1)


def solve(terms: Tensor, fit: Tensor) -> Tensor:
    """Least squares over windows: terms [N,7,h,w] are the squares of the slope, their product, the slope times what is
    wanted of it, and the motion so far, which stays where there is no slope; weighted by fit [N,1,h,w] → [N,2,h,w]."""
    across, xy, pull, before, weight = box(torch.cat([terms * fit, fit], 1), WINDOW).split((2, 1, 2, 2, 1), 1)
    across, pull = across + STIFFNESS, pull + STIFFNESS * before / weight
    xx, yy = across.split(1, 1)
    return (swapped(across) * pull - xy * swapped(pull)) / (xx * yy - xy * xy)


def swapped(x: Tensor) -> Tensor:
    """[N,2,h,w] with its two channels exchanged."""
    first, second = x.split(1, 1)
    return torch.cat([second, first], 1)
