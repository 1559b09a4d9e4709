"""What a painting is judged by: what a person sees in one, and how steady a painted clip is.

A clip is float32 RGB [T,3,H,W] in [0, 1]. Stability also improves when the painting fades: never print it without a
figure of style and the input's own stability beside it. The relative errors of style and content, which are kept to go
on from earlier models, fade with it: where two Gram matrices agree only in part, the error is least when the painted
one is too small. The measures of pictures tell shape and size apart instead.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.train import losses
from impasto.train.data.clips import motion
from impasto.train.data.warp import warp
from impasto.train.vgg import Vgg

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


def clip_motion(frames: Tensor) -> tuple[Tensor, Tensor]:
    """DIS flow from every frame to the one before, [T−1,2,H,W], and masks of what is visible in both, [T−1,1,H,W]."""
    images = [to_bytes(f) for f in frames]
    found = [motion(here, there) for there, here in pairwise(images)]
    return torch.stack([f for f, _ in found]), torch.stack([m for _, m in found])


def e_stab(outs: Tensor, flows: Tensor, masks: Tensor) -> float:
    """Stability error sqrt(1/(T−1) Σ_t 1/D Σ M_t ‖O_t − W_t(O_{t−1})‖²), D counting all elements. 0 is best.

    outs [T,3,H,W], T ≥ 2; flows [T−1,2,H,W] from frame t to t−1; masks [T−1,1,H,W] of frame t.
    """
    return root_mean(pair_errors(outs[1:], outs[:-1], flows, masks))


def e_stab_forward(outs: Tensor, flows: Tensor, masks: Tensor) -> float:
    """The same with O_t brought back to t−1: flows go from t−1 to t, masks belong to frame t−1 (Sintel's direction)."""
    return root_mean(pair_errors(outs[:-1], outs[1:], flows, masks))


def pair_errors(here: Tensor, there: Tensor, flows: Tensor, masks: Tensor) -> list[float]:
    """1/D Σ M ‖here − W(there)‖² of each pair; images [N,3,H,W], flows from here to there, masks of here."""
    pairs = zip(here, there, flows, masks, strict=True)  # one by one: a clip's worth at once would fill the memory
    return [float(losses.warping_error(*(x[None] for x in pair))) for pair in pairs]


def root_mean(errors: Sequence[float]) -> float:
    """sqrt of the mean: e_stab from the errors of pairs; NaN of none."""
    return float(np.sqrt(np.mean(errors))) if len(errors) else float("nan")


def e_stab_lag(outs: Tensor, frames: Tensor, lag: int = 8) -> float:
    """Long-range stability: the error between frames `lag` apart, by direct DIS flow of the input `frames` [T,3,H,W].

    The mean is over visible elements only, for far fewer are visible than between neighbours; pairs with a fifth or
    less in common are left out. NaN if none remains.
    """
    errors = []
    for t in range(lag, len(outs), lag):
        flow, mask = motion(to_bytes(frames[t]), to_bytes(frames[t - lag]))
        if mask.mean() > LEAST_VISIBLE:
            square = (outs[t] - warp(outs[t - lag][None], flow[None])[0]).square()
            errors.append(float((mask * square).sum() / (3 * mask.sum())))
    return root_mean(errors)


def output_temporal(outs: Tensor, frames: Tensor, flows: Tensor, masks: Tensor) -> float:
    """The output temporal loss with luminance, mean over the clip; arguments as `e_stab`, frames the input's."""
    now, before = slice(1, None), slice(None, -1)
    pairs = zip(outs[now], outs[before], frames[now], frames[before], flows, masks, strict=True)
    return float(np.mean([float(losses.output_temporal(*(x[None] for x in pair))) for pair in pairs]))


def relative_style(out: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> float:
    """Mean over images and layers of ‖G(out) − G(style)‖² / ‖G(style)‖² (Gatys et al. 2016, made relative); Gram
    matrices by layer, [N,C,C], or [1,C,C] for one style."""
    return float(torch.stack([losses.relative_error(out[k], target[k]) for k in losses.STYLE_LAYERS]).mean())


def relative_content(out: Tensor, target: Tensor) -> float:
    """Mean over images of ‖F(out) − F(content)‖² / ‖F(content)‖² of features [N,C,h,w]."""
    return float(losses.relative_error(out, target).mean())


@torch.no_grad()
def style_error(vgg: Vgg, outs: Tensor, style: Tensor) -> float:
    """Mean over images and layers of ‖G(out) − G(style)‖² / ‖G(style)‖²; outs [N,3,H,W], style [1,3,h,w], [0, 1]."""
    target = losses.grams(vgg(style))
    return float(np.mean([relative_style(losses.grams(vgg(out[None])), target) for out in outs]))


@torch.no_grad()
def content_error(vgg: Vgg, outs: Tensor, frames: Tensor) -> float:
    """Mean over images of ‖F(out) − F(frame)‖² / ‖F(frame)‖² at relu3_3; both [N,3,H,W] in [0, 1]."""
    layer = losses.CONTENT_LAYER
    features = ((vgg(o[None], layer)[layer], vgg(f[None], layer)[layer]) for o, f in zip(outs, frames, strict=True))
    return float(np.mean([relative_content(o, f) for o, f in features]))


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


def total_variation(outs: Tensor) -> float:
    """`losses.total_variation` of [N,3,H,W], as a number."""
    return float(losses.total_variation(outs))


def sharpness(outs: Tensor) -> float:
    """Mean over frames of the standard deviation of the Laplacian of the grey picture in 0…255 (whole numbers)."""
    deviations = []
    for out in outs:
        image = np.ascontiguousarray((out.clamp(0, 1) * 255).byte().permute(1, 2, 0).cpu().numpy())
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
        deviations.append(cv2.Laplacian(grey, cv2.CV_32F).std())
    return float(np.mean(deviations))
