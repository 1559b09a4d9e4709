"""Chance, and what it does to pictures: crops and flips of photographs, and all that makes few paintings go far."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from impasto.models.rules import LUMA

PHOTO_CROP = (0.7, 1.0)  # share of the side that a crop keeps
STYLE_CROP = (0.75, 1.0)  # no smaller: enlarged strokes are blurred strokes, and blur is learnt as style
STYLE_TURN = math.radians(12)
# Chance and reach of each change of a painting's colours.
HUE = (0.3, 0.6)  # radians either way
SATURATION = (0.5, 0.5)  # factor 1 ± reach
CONTRAST = (0.5, 0.25)
GAIN = (0.5, 0.15)  # of each channel alone
PERMUTE = 0.1


@dataclass
class Draws:
    """The random numbers of training: drawn for the whole batch of all processes, of which each takes its part.

    Every process holds a generator in the same state, draws the same numbers, and keeps rows rank·n … (rank + 1)·n, so
    `world` processes of batch n see exactly what one process of batch world·n would see. Numbers are drawn on the CPU
    (they are few) and are therefore the same whatever the device. `generator.get_state()` and `set_state()` resume.
    """

    generator: torch.Generator
    rank: int = 0
    world: int = 1

    def uniform(self, n: int, *shape: int, low: float = 0.0, high: float = 1.0) -> Tensor:
        """[n, *shape] float32 in [low, high)."""
        drawn = torch.rand(n * self.world, *shape, generator=self.generator)
        return self._mine(drawn, n) * (high - low) + low

    def normal(self, n: int, *shape: int) -> Tensor:
        """[n, *shape] float32, mean 0, deviation 1."""
        return self._mine(torch.randn(n * self.world, *shape, generator=self.generator), n)

    def integers(self, n: int, *shape: int, high: int) -> Tensor:
        """[n, *shape] int64 in 0 … high - 1."""
        return self._mine(torch.randint(high, (n * self.world, *shape), generator=self.generator), n)

    def _mine(self, drawn: Tensor, n: int) -> Tensor:
        return drawn[self.rank * n : (self.rank + 1) * n]


def crop_flip(images: Tensor, size: int, draws: Draws) -> Tensor:
    """A random square of each photograph, mirrored half of the time.

    images [N, 3, S, S] or, for sequences cropped alike, [N, T, 3, S, S], in [0, 1] → the same with S = size.
    """
    share = draws.uniform(len(images), low=PHOTO_CROP[0], high=PHOTO_CROP[1])
    theta = _similarity(share, torch.zeros_like(share), draws)
    if images.dim() == 4:
        return resample(images, theta, size)
    n, t = images.shape[:2]
    return resample(images.flatten(0, 1), theta.repeat_interleave(t, 0), size).unflatten(0, (n, t))


def paintings(images: Tensor, size: int, draws: Draws, crop: tuple[float, float] = STYLE_CROP) -> Tensor:
    """Paintings, scaled, cropped, mirrored, turned, recoloured: [N, 3, S, S] → [N, 3, size, size], both in [0, 1].

    A crop keeps a share of the side between the two that `crop` gives.
    """
    n = len(images)
    share = draws.uniform(n, low=crop[0], high=crop[1])
    turn = draws.uniform(n, low=-STYLE_TURN, high=STYLE_TURN) * (draws.uniform(n) < 0.5)
    return recolour(resample(images, _similarity(share, turn, draws), size), draws)


def recolour(images: Tensor, draws: Draws) -> Tensor:
    """Changes the colours of [N, 3, H, W] in [0, 1], each image its own way; the result stays in [0, 1].

    Every change is linear in RGB, so all of them are one 3×3 matrix and one offset an image: gain of each channel,
    rotation of hue about the grey axis, saturation about luma, exchange of channels, contrast about the mean luma.
    """
    n = len(images)

    def amount(chance: float, reach: float, *shape: int) -> Tensor:
        on = (draws.uniform(n) < chance).view(n, *[1] * len(shape))
        return on * draws.uniform(n, *shape, low=-reach, high=reach)

    # Each change as a 3×3 matrix of its own; where it does not happen, its amount is 0 and the matrix the identity.
    gain = torch.diag_embed(1 + amount(*GAIN, 3))
    hue = _hue_rotation(amount(*HUE))
    luma = torch.tensor(LUMA)
    keep = (1 + amount(*SATURATION)).view(n, 1, 1)
    saturation = keep * torch.eye(3) + (1 - keep) * luma.expand(3, 3)
    swap = torch.eye(3)[draws.uniform(n, 3).argsort(1)]
    swap = torch.where((draws.uniform(n) < PERMUTE).view(n, 1, 1), swap, torch.eye(3))
    # All in one matrix, then contrast about the mean luma of each picture.
    matrix = (swap @ saturation @ hue @ gain).to(images.device)
    contrast = (1 + amount(*CONTRAST)).view(n, 1, 1).to(images.device)
    flat = matrix @ images.flatten(2)
    mean = torch.einsum("c,ncp->n", luma.to(flat), flat).view(n, 1, 1) / flat.shape[2]
    return (contrast * flat + (1 - contrast) * mean).clamp(0, 1).view_as(images)


def resample(images: Tensor, theta: Tensor, size: int) -> Tensor:
    """Samples [N, 3, S, S] where affine maps [N, 2, 3] (of coordinates in -1 … 1) say → [N, 3, size, size].

    Bilinear; reflects at the border; images much larger than the result are shrunk with a low-pass filter first, so
    that none is minified by more than 1.5 without one.
    """
    if images.shape[-1] > 1.5 * size:
        inner = round(1.5 * size)
        images = F.interpolate(images, size=(inner, inner), mode="bilinear", antialias=True)
    grid = F.affine_grid(theta.to(images.device), [len(images), 3, size, size], align_corners=False)
    return F.grid_sample(images, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def _similarity(share: Tensor, turn: Tensor, draws: Draws) -> Tensor:
    """Affine maps [N, 2, 3] onto a square of that share of the side, turned by that angle, anywhere inside, mirrored
    half of the time. A turned square may reach past the edge; it reflects there."""
    n = len(share)
    flip = 1 - 2 * (draws.uniform(n) < 0.5).float()
    middle = draws.uniform(n, 2, low=-1, high=1) * (1 - share).unsqueeze(1)
    cos, sin = share * turn.cos(), share * turn.sin()
    rows = [torch.stack([flip * cos, -sin, middle[:, 0]], 1), torch.stack([flip * sin, cos, middle[:, 1]], 1)]
    return torch.stack(rows, 1)


def _hue_rotation(angle: Tensor) -> Tensor:
    """Rotations [N, 3, 3] by angles [N] about the axis (1, 1, 1) (Rodrigues): greys stay as they are."""
    cos, sin = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    cross = torch.tensor([[0.0, -1, 1], [1, 0, -1], [-1, 1, 0]]) / math.sqrt(3)
    return cos * torch.eye(3) + sin * cross + (1 - cos) * torch.full((3, 3), 1 / 3)
