"""The losses of both training stages, as plain functions on batches; all are computed in float32.

Loss weights mean nothing without the scale of what they weigh, so no loss here has a scale of its own. Content and
style are relative errors, the very figures that evaluation reports: VGG's input is 58 times larger with the Caffe
weights than with torchvision's, its features grow from layer to layer, and a relative error sees neither. The other
losses are means over elements, of pictures in [0, 1] or relative to the features' own variance.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from .data.warp import scale_flow, scale_mask, warp

CONTENT_LAYER = "relu3_3"
STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")

LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709, on the coded values, as in ReCoNet
TINY = 1e-8  # below any feature's energy; keeps a perfectly flat picture from dividing zero by zero


@dataclass(frozen=True)
class LossWeights:
    """One number per term; judge them by each term's share of the total, which `combine` gives.

    "There" is the published network painting neighbouring frames of real clips at 288×512, before any training.
    """

    content: float = 0.1  # a relative error of 2…4 there, where style's is 0.2…0.3: this makes them even
    style: float = 1.0  # the unit: about a fifth of the total there
    tv: float = 0.5  # 0.02 there, less than most paintings' own: only a nudge against speckle, for it pays for blur
    feature_temporal: float = 0.3  # 0.2 there: a twentieth of the total steadies the encoder without blunting it
    output_temporal: float = 40.0  # a mean square of 0.01 there: near half of the total, what this training is for
    steady_temporal: float = 40.0  # the same after the stabilizer: half of it is left, and wants no more weight
    long_range: float = 20.0  # larger, but of fewer pixels in view: it holds what neighbours hide, slow drift
    ghost: float = 20.0  # 0.001 there: small while the fixed judge does its work; keeps the trained one honest


def luminance(image: Tensor) -> Tensor:
    """RGB [N,3,H,W] → Y [N,1,H,W], Rec. 709 weights; linear, so it serves differences of images too."""
    weights = torch.tensor(LUMINANCE, device=image.device).view(1, 3, 1, 1)
    return (image.float() * weights).sum(1, keepdim=True)


def gram(features: Tensor) -> Tensor:
    """Gram matrices G = F Fᵀ / (H W): [N,C,H,W] → float32 [N,C,C].

    Features of float32 are multiplied in float32 also under autocast; those of bf16 in bf16, with sums in float32.
    """
    h, w = features.shape[-2:]
    with torch.autocast(features.device.type, enabled=False):
        f = features.permute(0, 2, 3, 1).flatten(1, 2)  # a view, where VGG's features come in channels_last
        return torch.bmm(f.transpose(1, 2), f).float() / (h * w)


def grams(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The Gram matrices of the style layers, from a full pass of VGG."""
    return {layer: gram(features[layer]) for layer in STYLE_LAYERS}


def relative_error(a: Tensor, b: Tensor) -> Tensor:
    """‖a − b‖² / ‖b‖² of each item: [N,…], [N,…] or [1,…] → float32 [N]."""
    a, b = a.float().flatten(1), b.float().flatten(1)
    return (a - b).square().sum(1) / b.square().sum(1).clamp_min(TINY)


def content(out: Tensor, target: Tensor) -> Tensor:
    """Mean over images of ‖F(out) − F(content)‖² / ‖F(content)‖² at relu3_3. Features [N,256,h,w] → scalar."""
    return relative_error(out, target).mean()


def style(out: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Mean over images and style layers of ‖G(out) − G(style)‖² / ‖G(style)‖² (Gatys et al. 2016, made relative).

    Both are Gram matrices by layer, as `grams` gives them: [N,C,C], or [1,C,C] for one style → scalar.
    """
    return torch.stack([relative_error(out[layer], target[layer]) for layer in STYLE_LAYERS]).mean()


def total_variation(image: Tensor) -> Tensor:
    """Mean squared difference of horizontal neighbours plus that of vertical ones. [N,C,H,W], H, W ≥ 2 → scalar."""
    image = image.float()
    return image.diff(dim=-1).square().mean() + image.diff(dim=-2).square().mean()


def warping_error(here: Tensor, there: Tensor, flow: Tensor, mask: Tensor) -> Tensor:
    """Mean over ALL elements, hidden ones counted as 0, of M (here − W(there))²: the summand of e_stab.

    here, there [N,C,H,W]; flow [N,2,H,W] from here to there; mask M [N,1,H,W] of here → float32 [N].
    """
    return (mask * (here.float() - warp(there, flow)).square()).flatten(1).mean(1)


def output_temporal(
    out: Tensor, previous_out: Tensor, frame: Tensor, previous_frame: Tensor, flow: Tensor, mask: Tensor
) -> Tensor:
    """ReCoNet's output-level loss: mean of M ((O_t − W(O_{t−1})) − (I_t − W(I_{t−1}))_Y)² → scalar.

    The output may change where the luminance Y of the input changed along the motion, equally in all channels. The
    mean is over all elements, hidden ones counted as 0, like e_stab's: what little is visible then weighs little.
    Images [N,3,H,W] in [0, 1]; flow [N,2,H,W] from t to t−1; M [N,1,H,W] of frame t.
    """
    change_out = out.float() - warp(previous_out, flow)
    change_in = luminance(frame.float() - warp(previous_frame, flow))
    return (mask * (change_out - change_in).square()).mean()


def output_temporal_forward(
    out: Tensor, previous_out: Tensor, frame: Tensor, previous_frame: Tensor, flow: Tensor, mask: Tensor
) -> Tensor:
    """`output_temporal` seen from frame t−1: O_t is brought back; flow goes from t−1 to t, M belongs to frame t−1.

    This is what data sets with forward flow only (Sintel) allow. The error is the same but for its sign, so the roles
    of the two frames are all that changes.
    """
    return output_temporal(previous_out, out, previous_frame, frame, flow, mask)


def feature_temporal(features: Tensor, previous: Tensor, flow: Tensor, mask: Tensor) -> Tensor:
    """ReCoNet's feature-level loss, made relative: mean over pairs of M (F_t − W(F_{t−1}))² / variance of F → scalar.

    features, previous [N,C,h,w]: the encoder's output at t and t−1; flow [N,2,H,W] and M [N,1,H,W] at the frame's own
    size, from t to t−1. The variance is over space, per image and channel, averaged over a pair's channels and frames.
    It is not detached: the loss is thus blind to scaling and shifting F, and the encoder gains nothing by shrinking
    its features or by adding a constant to them. Flat frames give 0.
    """
    size = features.shape[-2:]
    features, previous = features.float(), previous.float()
    error = warping_error(features, previous, scale_flow(flow, size), scale_mask(mask, size))
    variance = torch.stack((features, previous)).var(dim=(3, 4), unbiased=False).mean((0, 2))
    return (error / variance.clamp_min(TINY)).mean()


def combine(terms: Mapping[str, Tensor], weights: LossWeights) -> tuple[Tensor, dict[str, Tensor]]:
    """The weighted total of `terms` (scalars by the field names of `LossWeights`) and each term's share of it.

    A stage passes the terms it has. Shares are detached, in [0, 1], and add up to 1. A name that is not a field of
    `LossWeights` is a KeyError.
    """
    table = asdict(weights)
    weighted = {name: table[name] * value for name, value in terms.items()}
    total = torch.stack(list(weighted.values())).sum()
    scale = total.detach().clamp_min(TINY)
    return total, {name: value.detach() / scale for name, value in weighted.items()}
