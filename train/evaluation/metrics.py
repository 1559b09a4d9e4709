"""What a painting is judged by: what a person sees in one, and how steady a painted clip is.

A clip is a list of float32 RGB [3,H,W] in [0, 1]. Stability also improves when the painting fades: never print it
without a figure of style and the input's own stability beside it. The relative errors of style and content, which are
kept to go on from earlier models, fade with it: where two Gram matrices agree only in part, the error is least when the
painted one is too small. The measures of pictures tell shape and size apart instead.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.train import losses

LEAST_VISIBLE = 0.2  # frames far apart that share less than this say nothing about stability


def to_bytes(image: Tensor) -> np.ndarray:
    """[3,H,W] in [0, 1] → uint8 [H,W,3], rounded."""
    return np.ascontiguousarray((image * 255).round().clamp(0, 255).byte().permute(1, 2, 0).cpu().numpy())


def texture(out: Mapping[str, Tensor], style: Mapping[str, Tensor]) -> float:
    """Mean over layers of 1 − cos(G(out), G(style)): is it the painting's texture, however strong? 0 (best) … 1.

    Gram matrices by layer, as `losses.grams` gives them, [1,C,C]. Features are not negative, so nor are cosines.
    """
    return float(losses.texture(out, style))


def energy(out: Mapping[str, Tensor], style: Mapping[str, Tensor]) -> float:
    """Geometric mean over layers of ‖G(out)‖ / ‖G(style)‖: 1 is as strong as the painting, less is flat. Arguments as
    `texture`."""
    return float(losses.log_energies(out, style).mean().exp())


def contrast(out: Tensor, painting: Tensor) -> float:
    """`deviation` of the picture over the painting's; 1 is right. [3,H,W], [3,h,w] in [0, 1]."""
    return deviation(out) / max(deviation(painting), 1e-6)


def deviation(picture: Tensor) -> float:
    """Standard deviation of the grey picture: [3,H,W] in [0, 1] → 0 … 0.5."""
    return float(losses.grey(picture[None]).double().std(correction=0))


def colour(out: Tensor, painting: Tensor) -> float:
    """‖m − m'‖ + ‖s − s'‖ with the means m and the deviations s of L*, a* and b* over the picture; 0 is best, and 2.3
    is about what an eye just notices. [3,H,W], [3,h,w] in [0, 1]. In OpenCV's L*a*b*, which is a table: `losses.lab`
    is exact, and differs from this by a few hundredths."""
    moments = []
    for x in (out, painting):
        lab = cv2.cvtColor(x.float().permute(1, 2, 0).cpu().numpy(), cv2.COLOR_RGB2LAB).reshape(-1, 3)
        moments.append((lab.mean(0, np.float64), lab.std(0, np.float64)))
    return float(sum(np.linalg.norm(a - b) for a, b in zip(*moments, strict=True)))


def ssim(a: Tensor, b: Tensor) -> float:
    """`losses.ssim` of the grey pictures; 1 is best. [3,H,W] each in [0, 1], of one size."""
    return float(losses.ssim(*(losses.grey(x[None].double()) for x in (a, b))))


def cfsd(out: Tensor, photo: Tensor) -> float:
    """Content feature structural distance: how far the likeness of the picture's parts to each other has changed, times
    1000; 0 is best. `losses.structure` of relu3_3 features, both [1,256,h,w] (after Chung et al. 2024, StyleID)."""
    return 1e3 * float(losses.structure(out, losses.self_similarity(photo)))


class FramePairs(NamedTuple):
    """Which frames of a clip are compared, and how. Flow leads from `here` to `there`, the mask belongs to `here`."""

    here: list[int]  # N indices into the clip's frames
    there: list[int]
    flows: Tensor  # [N,2,H,W] pixels, x then y
    masks: Tensor  # [N,1,H,W] 1 where the point is visible in both frames, else 0


def pair_errors(images: Sequence[Tensor], pairs: FramePairs) -> list[float]:
    """1/D Σ M ‖here − W(there)‖² of each pair, D counting all elements; images [3,H,W]."""
    here, there = ([images[i][None] for i in end] for end in (pairs.here, pairs.there))
    each = zip(here, there, pairs.flows, pairs.masks, strict=True)  # one by one: a clip's worth would fill the memory
    return [float(losses.warping_error(a, b, flow[None], mask[None])) for a, b, flow, mask in each]


def root_mean(errors: Sequence[float]) -> float:
    """sqrt of the mean; NaN of none."""
    return float(np.sqrt(np.mean(errors))) if len(errors) else float("nan")


def e_stab(images: Sequence[Tensor], pairs: FramePairs) -> float:
    """Stability error sqrt(1/N Σ 1/D Σ M ‖O − W(O')‖²) over N pairs of neighbouring frames [3,H,W].

    D counts all elements, hidden ones too. 0 is best; NaN where nothing is paired.
    """
    return root_mean(pair_errors(images, pairs))


def e_stab_visible(images: Sequence[Tensor], pairs: FramePairs) -> float:
    """`e_stab` of frames far apart: the mean is over visible elements only, for fewer are than between neighbours."""
    errors = zip(pair_errors(images, pairs), pairs.masks, strict=True)
    return root_mean([error / float(mask.mean()) for error, mask in errors])


def output_temporal(outs: Sequence[Tensor], frames: Sequence[Tensor], pairs: FramePairs) -> float:
    """`losses.output_temporal`, mean over the pairs; `frames` [3,H,W] are the unpainted ones. NaN if there are none."""
    found = []
    for here, there, flow, mask in zip(*pairs, strict=True):
        now, before, frame, previous = (images[i][None] for images in (outs, frames) for i in (here, there))
        found.append(float(losses.output_temporal(now, before, frame, previous, flow[None], mask[None])))
    return float(np.mean(found)) if found else float("nan")


def relative_style(out: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> float:
    """Mean over images and layers of ‖G(out) − G(style)‖² / ‖G(style)‖² (Gatys et al. 2016, made relative); Gram
    matrices by layer, [N,C,C], or [1,C,C] for one style."""
    return float(torch.stack([losses.relative_error(out[k], target[k]) for k in losses.STYLE_LAYERS]).mean())


def relative_content(out: Tensor, target: Tensor) -> float:
    """Mean over images of ‖F(out) − F(content)‖² / ‖F(content)‖² of features [N,C,h,w]."""
    return float(losses.relative_error(out, target).mean())


def ghosting(steady: Tensor, alone: Tensor, before: Tensor, revealed: Tensor) -> tuple[float, float]:
    """Two mean squared differences over the elements just revealed: of the steady painting from the painting of the
    same frame alone, and of that painting from the one of the frame before, at the same pixels.

    steady, alone, before: [N,3,H,W] in [0, 1], the latter two painted frame by frame; revealed [N,1,H,W] 1 where the
    point seen was hidden in the frame before, else 0. The first over the second is 0 where the new frame wins outright,
    and about 1 where the old painting is left standing. NaN twice if nothing was revealed.
    """
    count = 3 * float(revealed.sum())
    if count == 0:
        return float("nan"), float("nan")
    trail, change = ((revealed * (a - b).square()).sum() for a, b in ((steady, alone), (alone, before)))
    return float(trail) / count, float(change) / count


def variation(images: Sequence[Tensor]) -> float:
    """`losses.total_variation`, mean over images [3,H,W]."""
    return float(np.mean([float(losses.total_variation(image[None])) for image in images]))


def sharpness(outs: Sequence[Tensor]) -> float:
    """Mean over frames [3,H,W] of the standard deviation of the Laplacian of the grey picture, 0…255, whole numbers."""
    deviations = []
    for out in outs:
        image = np.ascontiguousarray((out.clamp(0, 1) * 255).byte().permute(1, 2, 0).cpu().numpy())
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        deviations.append(cv2.Laplacian(grey, cv2.CV_32F).std())
    return float(np.mean(deviations))
