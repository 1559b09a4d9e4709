"""S corrected by what T makes of it: photographs are painted, looked at, and S moved by what is missing.

P alone has to guess what T will make of its S. Here it sees that. This is feedback in the sense of Carreira et al.,
"Human pose estimation with iterative error feedback" (2016), but nothing is learned:

1. P looks at the painting, T paints reference photographs in that S, and P looks at those. If T had done all that was
   asked, P would say the same again; S is moved by a part of the difference.
2. γ and β of T's last layer, six numbers, are chosen so that the painted photographs get the painting's own colours:
   mean, deviation and covariance of L*a*b*, by Gauss-Newton steps.

This is done once for each painting. Frames cost what they did before.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import torch
from torch import Tensor

from .colour import lab
from .predictor import Predictor
from .transformer import Transformer

STEPS = 3  # of Gauss-Newton; five come no nearer
NUDGE = 0.01  # of γ and β, for derivatives by differences
DAMPING = (0.02, 0.2, 1.0, 5.0)  # Levenberg-Marquardt: a step with each and no step are tried, the best is taken
LARGEST_STEP = 1.0  # of γ and β
TOGETHER = 0.5  # weight of the covariances beside the means and deviations
LOYALTY = 2.0  # L*a*b* units by which a change of γ or β by 1 has to bring the colours nearer
EVERY = 4  # pixels of the painted photographs that are looked at, across and down


def photographs() -> Tensor:
    """The reference photographs, uint8 RGB [3,3,192,192]: a cat, a cup and a rocket, from scikit-image's pictures.

    Stéfan van der Walt, Rachel Michetti and SpaceX gave them into the public domain (CC0).
    """
    strip = cv2.cvtColor(cv2.imread(str(Path(__file__).with_name("photographs.jpg"))), cv2.COLOR_BGR2RGB)
    return torch.from_numpy(strip).unflatten(1, (-1, len(strip))).permute(1, 3, 0, 2).contiguous()


def style_of(p: Predictor, t: Transformer, painting: Tensor) -> Tensor:
    """The painting [1,3,S,S] in [0, 1] → S [1,D], with feedback where P's description asks for it."""
    if not p.spec.feedback:
        return p(painting)
    return corrected(p, t, photographs().to(painting.device) / 255, painting, p.spec.feedback)


def corrected(
    look: Callable[[Tensor], Tensor], t: Transformer, photographs: Tensor, painting: Tensor, gain: float
) -> Tensor:
    """The painting [1,3,S,S] in [0, 1] → S [1,D].

    look: P. photographs [N,3,H,W] in [0, 1], H and W multiples of T's `spec.multiple` and of `EVERY`. gain: the part of
    the difference between what was asked and what was seen by which S is moved.
    """
    asked = look(painting)
    seen = look(t(photographs, asked)).mean(0, keepdim=True)
    return with_colours(t, asked + gain * (asked - seen), photographs, painting)


def with_colours(t: Transformer, style: Tensor, photographs: Tensor, painting: Tensor) -> Tensor:
    """S [1,D] → S [1,D] whose last γ and β give the photographs [N,3,H,W], painted, the colours of the painting
    [1,3,h,w]."""
    _, gamma, beta = t.layout.slices()[-1]
    # T's last layer is normalised, scaled by γ, shifted by β, and a sigmoid follows. Painted with γ = 1 and β = 0, the
    # inverse of the sigmoid gives the normalised values.
    plain = torch.cat((style[:, : gamma.start], torch.ones_like(style[:, gamma]), torch.zeros_like(style[:, beta])), 1)
    painted = t(photographs, plain)[:, :, ::EVERY, ::EVERY].flatten(2).clamp(1e-6, 1 - 1e-6)
    normal = painted.log() - (1 - painted).log()  # [N,3,P]
    end = fit_end(normal, colours(painting.flatten(2)), style[0, gamma.start :])
    return torch.cat((style[:, : gamma.start], end[None]), 1)


def fit_end(normal: Tensor, target: Tensor, first: Tensor) -> Tensor:
    """γ and β [6] for which `colours` of sigmoid(γ · normal + β) come closest to `target` [1,9].

    normal [N,3,P]: the values before γ and β of N pictures of P pixels. first [6]: where the search begins; it moves
    away from there only as far as pays (`LOYALTY`).
    """
    unit, end = torch.eye(6, device=first.device), first
    damping = torch.tensor(DAMPING, device=first.device).view(-1, 1, 1)
    for _ in range(STEPS):
        # The colours here and with each of the six numbers a bit larger [7,N,9]; from them gaps [9·N] and slopes
        # [6,9·N].
        found = colours_with_ends(normal, torch.cat((end[None], end + NUDGE * unit)))
        gaps, slopes = (found[0] - target).flatten(), (found[1:] - found[:1]).flatten(1) / NUDGE
        # The normal equations, (JᵀJ + λI) step = Jᵀ gap, solved with every damping: steps [4,6].
        loyal = LOYALTY**2 * len(normal)
        square, towards = slopes @ slopes.T + loyal * unit, slopes @ gaps + loyal * (end - first)
        steps = solve(square * (1 + damping * unit), towards).clamp(-LARGEST_STEP, LARGEST_STEP)
        # The best of all steps, and of none.
        tried = torch.cat((end[None], end - steps))
        away = (colours_with_ends(normal, tried) - target).unflatten(2, (3, 3)).norm(dim=3).sum(2).mean(1)
        away = away + LOYALTY * (tried - first).norm(dim=1)
        end = tried[away.argmin(0, keepdim=True)][0]
    return end


def colours_with_ends(normal: Tensor, ends: Tensor) -> Tensor:
    """`colours` of sigmoid(γ · normal + β), normal [N,3,P], for each of K times γ and β, ends [K,6] → [K,N,9]."""
    pictures = torch.sigmoid(normal * ends[:, None, :3, None] + ends[:, None, 3:, None])
    return colours(pictures.flatten(0, 1)).unflatten(0, pictures.shape[:2])


def colours(pictures: Tensor) -> Tensor:
    """Pictures [N,3,P] of P pixels in [0, 1] → [N,9]: the means of L*, a* and b*, their deviations, and `TOGETHER`
    times the covariances of L* and a*, a* and b*, b* and L*, each over the root of the product of both deviations."""
    pixels = lab(pictures[..., None]).flatten(2)
    mean = pixels.mean(2)
    apart = pixels - mean[..., None]
    deviation = (apart.square().mean(2) + 1e-2).sqrt()
    others, order = apart[:, [1, 2, 0]], deviation[:, [1, 2, 0]]
    return torch.cat((mean, deviation, TOGETHER * (apart * others).mean(2) / (deviation * order).sqrt()), 1)


def solve(matrices: Tensor, values: Tensor) -> Tensor:
    """The x [M,K] with matrix · x = values [K] for each of M symmetric, positive definite matrices [M,K,K].

    By Gauss-Jordan elimination, since ONNX has no operator that solves equations.
    """
    count, size, _ = matrices.shape
    rows = torch.cat((matrices, values.view(1, size, 1).expand(count, size, 1)), 2)
    unit = torch.eye(size, device=values.device)
    # Column by column: its row is divided by the pivot and taken off the others, until the column has only that 1.
    for i in range(size):
        pivot = rows[:, i : i + 1] / rows[:, i : i + 1, i : i + 1]
        rows = rows - (rows[:, :, i : i + 1] - unit[:, i : i + 1]) * pivot
    return rows[:, :, size]
