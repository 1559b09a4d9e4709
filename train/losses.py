"""The losses of the painting stages, as plain functions on batches; all are computed in float32.

What a picture is judged by is told apart, so that no term gains by painting weakly: the direction of a Gram matrix and
its size, the mean of colours and how they spread, the direction of content's features and the likeness of parts to each
other. A relative squared error of Gram matrices that agree only in part is least when the painted one is too small (at
cosine c, c times as large), and a network trained on it paints grey.

Loss weights mean nothing without the scale of what they weigh, so no loss here has a scale of its own: cosines, logs of
ratios, likenesses, L*a*b* in tens, and else means over elements, of pictures in [0, 1] or relative to the features' own
variance.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from impasto.models.colour import lab
from impasto.models.rules import LUMA

from .data.warp import scale_flow, scale_mask, warp

CONTENT_LAYER = "relu3_3"
STYLE_LAYERS = ("relu1_2", "relu2_2", "relu3_3", "relu4_3")

LUMINANCE = (0.2126, 0.7152, 0.0722)  # Rec. 709, on the coded values, as in ReCoNet
TINY = 1e-8  # below any feature's energy; keeps a perfectly flat picture from dividing zero by zero


@dataclass(frozen=True)
class LossWeights:
    """One number per term; judge them by each term's share of the total, which `combine` gives.

    In brackets what a term is for impasto-0.18, which was trained on relative errors, on photographs and paintings.
    """

    texture: float = 5.0  # (.15) the unit: half of the total
    energy: float = 0.3  # (.09) half as strong as the painting at every layer is .48
    colour: float = 0.5  # (.45) of tens of L*a*b* units: without it pictures keep the photograph's hue
    covariance: float = 0.2  # (.33) colours that go together stay together
    contrast: float = 0.4  # (.02) small, but nothing else minds a pale picture as a whole
    content: float = 0.2  # (.41) alone it wants the photograph back: with 1 a third of the texture is lost
    structure: float = 12.0  # (.007) what keeps objects whole and leaves strokes free
    detail: float = 0.2  # (.43) likewise of edges
    tv: float = 0.05  # (.002) only a nudge against speckle, for it pays for blur
    feature_temporal: float = 0.3  # .2 at first: a twentieth of the total steadies the encoder without blunting it
    output_temporal: float = 40.0  # a mean square of .01 at first: what the video stage is for
    steady_temporal: float = 40.0  # the same after the stabilizer: half of it is left, and wants no more weight
    long_range: float = 20.0  # larger, but of fewer pixels in view: it holds what neighbours hide, slow drift
    ghost: float = 20.0  # .001 at first: small while the fixed judge does its work; keeps the trained one honest


class Palette(NamedTuple):
    """What the colours of N pictures are like, see `palette`."""

    mean: Tensor  # [N,3] of L*, a*, b*
    covariance: Tensor  # [N,3,3] of the same
    contrast: Tensor  # [N] standard deviation of the grey picture, 0 … .5


def exactly(like: Tensor) -> torch.autocast:
    """What is multiplied within keeps its own type, also under autocast."""
    return torch.autocast(like.device.type, enabled=False)


def luminance(image: Tensor) -> Tensor:
    """RGB [N,3,H,W] → Y [N,1,H,W], Rec. 709 weights; linear, so it serves differences of images too."""
    weights = torch.tensor(LUMINANCE, device=image.device).view(1, 3, 1, 1)
    return (image.float() * weights).sum(1, keepdim=True)


def gram(features: Tensor) -> Tensor:
    """Gram matrices G = F Fᵀ / (H W): [N,C,H,W] → float32 [N,C,C].

    Features of float32 are multiplied in float32 also under autocast; those of bf16 in bf16, with sums in float32.
    """
    h, w = features.shape[-2:]
    with exactly(features):
        f = features.permute(0, 2, 3, 1).flatten(1, 2)  # a view, where VGG's features come in channels_last
        return torch.bmm(f.transpose(1, 2), f).float() / (h * w)


def grams(features: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The Gram matrices of the style layers, from a full pass of VGG."""
    return {layer: gram(features[layer]) for layer in STYLE_LAYERS}


def cosines(out: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Cosine between Gram matrices, layer by layer and image by image: 0…1, blind to how large they are.

    Both by layer, as `grams` gives them: [N,C,C], or [1,C,C] for one style → float32 [layers,N].
    """
    pairs = [(out[layer].float().flatten(1), target[layer].float().flatten(1)) for layer in STYLE_LAYERS]
    return torch.stack([F.cosine_similarity(a, b, dim=1, eps=TINY) for a, b in pairs])


def log_energies(out: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """log ‖G(out)‖ / ‖G(target)‖, arguments and result as `cosines`: below 0 is flatter than the painting."""
    sizes = [[x[layer].float().flatten(1).norm(dim=1).clamp_min(TINY) for x in (out, target)] for layer in STYLE_LAYERS]
    return torch.stack([(a / b).log() for a, b in sizes])


def texture(out: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Mean over images and style layers of 1 − `cosines` → scalar: the style's direction without its size."""
    return 1 - cosines(out, target).mean()


def energy(out: Mapping[str, Tensor], target: Mapping[str, Tensor]) -> Tensor:
    """Mean square of `log_energies` → scalar: half as strong costs as much as twice as strong."""
    return log_energies(out, target).square().mean()


def relative_error(a: Tensor, b: Tensor) -> Tensor:
    """‖a − b‖² / ‖b‖² of each item: [N,…], [N,…] or [1,…] → float32 [N]."""
    a, b = a.float().flatten(1), b.float().flatten(1)
    return (a - b).square().sum(1) / b.square().sum(1).clamp_min(TINY)


def content(out: Tensor, target: Tensor) -> Tensor:
    """Mean over images and places of 1 − cosine of the features there; [N,C,h,w] each → scalar, 0…1."""
    return 1 - F.cosine_similarity(out.float(), target.float(), dim=1, eps=TINY).mean()


def grey(image: Tensor) -> Tensor:
    """RGB [N,3,H,W] → [N,1,H,W] as pictures are made grey everywhere (Rec. 601 weights, on the coded values)."""
    return (image * image.new_tensor(LUMA).view(1, 3, 1, 1)).sum(1, keepdim=True)


def palette(image: Tensor) -> Palette:
    """The `Palette` of pictures [N,3,H,W] in [0, 1]."""
    image = image.float()
    pixels = lab(image).flatten(2)
    mean = pixels.mean(2)
    apart = pixels - mean[..., None]
    with exactly(image):
        covariance = apart @ apart.transpose(1, 2) / pixels.shape[2]
    return Palette(mean, covariance, grey(image).flatten(1).std(1))


def colour(out: Palette, target: Palette) -> Tensor:
    """Distance between the means of L*a*b*, plus that between the deviations, in tens, mean over images → scalar.

    Distances of less than a unit, which no eye sees, count as their squares.
    """
    # deviations from the diagonals; the floor keeps the root's gradient finite on flat pictures
    here, there = (x.covariance.diagonal(dim1=1, dim2=2).clamp_min(1e-2).sqrt() for x in (out, target))
    gaps = ((out.mean - target.mean).square().sum(1), (here - there).square().sum(1))
    return sum((gap + 1).sqrt().mean() - 1 for gap in gaps) / 10


def covariance(out: Palette, target: Palette) -> Tensor:
    """Distance between covariances of L*a*b*, relative to the target's size, mean over images → scalar."""
    gap, size = (x.flatten(1).norm(dim=1) for x in (out.covariance - target.covariance, target.covariance))
    return (gap / (size + 10)).mean()


def contrast(out: Palette, target: Palette) -> Tensor:
    """Mean square of the log ratio of the grey pictures' deviations → scalar; nearly flat pictures count as flat."""
    return ((out.contrast + 0.01) / (target.contrast + 0.01)).log().square().mean()


def self_similarity(features: Tensor) -> Tensor:
    """How alike the parts of a picture are: [N,C,h,w] → log-probabilities [N,P,P], P = ⌊h/2⌋ · ⌊w/2⌋.

    Features are averaged two by two; row i is the log-softmax of the cosines between part i and all parts.
    """
    # each part a unit vector: products are cosines then
    parts = F.normalize(F.avg_pool2d(features.float(), 2).flatten(2), dim=1)
    with exactly(features):
        return torch.log_softmax(parts.transpose(1, 2) @ parts, -1)


def structure(out: Tensor, target: Tensor) -> Tensor:
    """Content feature structural distance (Chung et al. 2024, StyleID): the mean over parts of the Kullback-Leibler
    divergence of `self_similarity` from the photograph's → scalar.

    out [N,C,h,w], features at the content layer; target [N,P,P], the photograph's self-similarity.
    """
    there, here = target.float(), self_similarity(out)
    return (there.exp() * (there - here)).sum(-1).mean()


def ssim(a: Tensor, b: Tensor) -> Tensor:
    """Structural similarity (Wang et al. 2004) of grey pictures [N,1,H,W] in [0, 1], H and W at least 6 → scalar.

    Gaussian window of 11 pixels, borders mirrored, mean over all pixels and images; 1 where they are the same.
    """
    # the window, as a row: it is applied across, then down
    at = torch.arange(-5, 6, device=a.device, dtype=a.dtype)
    bell = torch.exp(-(at**2) / (2 * 1.5**2))
    row = (bell / bell.sum()).view(1, 1, 1, -1)

    def local(x: Tensor) -> Tensor:
        with exactly(x):
            return F.conv2d(F.conv2d(F.pad(x, (5, 5, 5, 5), mode="reflect"), row), row.transpose(2, 3))

    mean_a, mean_b = local(a), local(b)
    # variances and covariance under the window
    var_a, var_b, both = local(a * a) - mean_a**2, local(b * b) - mean_b**2, local(a * b) - mean_a * mean_b
    # likeness of the means, then of contrast and structure together; .01 and .03 are the paper's constants
    light = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
    return (light * (2 * both + 0.03**2) / (var_a + var_b + 0.03**2)).mean()


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
    # how the painting, and the light of the frame, changed along the motion
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
