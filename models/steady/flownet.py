"""Motion between two frames by a small learned network: features matched from coarse to fine, then least squares.

After PWC-Net, "CNNs for optical flow using pyramid, warping, and cost volume" (Sun et al. 2018), with features that are
normalised before they are matched, as in "What matters in unsupervised optical flow" (Jonschkowski et al. 2020). The
network is right to a few tenths of a pixel; one Lucas-Kanade step makes its motion as exact as the picture allows.
As in `motion`, no shapes are computed, and every operator is one that browsers run.
"""

from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..atomic import written_aside
from ..errors import BadInput
from .motion import MISFIT, brightening, light, lucas_kanade, pixel_size, sample, twice
from .quads import CELL, in_cells

RELEASED = Path(__file__).with_name("flownet.safetensors")  # what the stabilizer finds motion with
MULTIPLE = 32  # H and W of a frame must be divisible by it: the coarsest level
# By level, named by how many times smaller it is than the half-size frame. ONNX Runtime's convolutions compute 16
# channels in the time of one, so the inputs of `solve` (matches, features, contrast, motion) have 16, 32 and 64.
FEATURES = {4: 16, 8: 16, 16: 14}
MATCHED = {4: 8, 8: 8, 16: 14}  # so many of them are matched: warping each takes time
KNOWN = {4: 4, 8: 4, 16: 14}  # so many of them `solve` sees beside the matches
REACH = {4: 1, 8: 2, 16: 3}  # pixels of a level that matching reaches each way: 96 of the frame at the coarsest
HIDDEN = {4: (16,), 8: (16, 16), 16: (32, 16)}  # channels of the layers that turn matches into motion
CONTRAST = 4.0  # frames, in 0…1, are multiplied by it, so that their standard deviation is about 1
FAINT = 0.01  # mean square of features that normalisation brings to 1/2 instead of 1
STEP = 8.0  # pixels of the half-size frame that an output of 1 stands for
DETAIL = 2.0  # the same for what the finest level adds at twice its size


def correlation(a: Tensor, b: Tensor, reach: int) -> Tensor:
    """How alike each pixel of `a` is to those of `b` about it: two [N,C,h,w] → [N,(2·reach+1)²,h,w].

    Channel (dy + reach) · (2·reach + 1) + dx + reach is the mean over C of a(x, y) · b(x + dx, y + dy), 0 beyond edges.
    """
    padded, a = F.pad(b, (reach,) * 4).unsqueeze(1), a.unsqueeze(1)
    cuts = [slice(i, i - 2 * reach or None) for i in range(2 * reach + 1)]
    columns = torch.cat([padded[..., cut] for cut in cuts], 1)  # [N,2·reach+1,C,h+2·reach,w]
    return (torch.cat([columns[..., cut, :] for cut in cuts], 1) * a).mean(2)


def comparable(features: Tensor) -> tuple[Tensor, Tensor]:
    """Features [N,C,h,w] less each channel's mean, scaled to mean square 1 over the channels at every pixel where there
    is something to see; and the scale of each pixel, [N,1,h,w].

    Correlation is then in −1…1, and greatest where things are alike, not where they are bright.
    """
    features = features - features.mean((2, 3), keepdim=True)
    scale = ((features * features).mean(1, keepdim=True) + FAINT).rsqrt()
    return features * scale, scale


def layers(*channels: int) -> nn.Sequential:
    """3×3 convolutions, a ReLU after all but the last."""
    found = []
    for inputs, outputs in pairwise(channels):
        found += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*found[:-1])


class FlowNet(nn.Module):
    """Two frames in, motion out; about 51 thousand parameters."""

    def __init__(self):
        super().__init__()
        quarter, eighth, sixteenth = FEATURES.values()
        # Even kernels with stride 2: each output lies at the centre of its pixels, as the averages of the grid do.
        self.stem = nn.Conv2d(8, 16, 4, 2)
        self.quarter = nn.Sequential(nn.ReLU(), *layers(16, quarter))
        self.eighth = nn.Sequential(nn.ReLU(), nn.Conv2d(quarter, 16, 4, 2, 1), nn.ReLU(), *layers(16, eighth))
        self.sixteenth = nn.Sequential(nn.ReLU(), nn.Conv2d(eighth, 16, 4, 2, 1), nn.ReLU(), *layers(16, sixteenth))
        self.solve = nn.ModuleDict()
        for scale in (16, 8, 4):
            matches, found = (2 * REACH[scale] + 1) ** 2, 0 if scale == 16 else 2
            detail = 8 if scale == 4 else 0
            self.solve[str(scale)] = layers(matches + KNOWN[scale] + 1 + found, *HIDDEN[scale], 2 + detail)

        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # PyTorch's own initial biases are larger than what pictures give
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
        with torch.no_grad():
            self.stem.weight.mul_(CONTRAST)
        for solve in self.solve.values():
            nn.init.zeros_(solve[-1].weight)

    def features(self, cells: Tensor) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...]]:
        """`quads.in_cells` of a frame [N,8,h/2,w/2] → `comparable` features [N,C,h/scale,w/scale] of every scale, fine
        to coarse, and their contrasts; h and w are half the frame's. How light the frame is as a whole changes nothing:
        the stem's kernels are used less their means."""
        kernels = self.stem.weight - self.stem.weight.mean((1, 2, 3), keepdim=True)
        quarter = self.quarter(F.conv2d(F.pad(cells, (1,) * 4, mode="replicate"), kernels, self.stem.bias, stride=2))
        eighth = self.eighth(quarter)
        features, contrasts = zip(*map(comparable, (quarter, eighth, self.sixteenth(eighth))), strict=True)
        return features, contrasts

    def matched(self, features: Sequence[Tensor]) -> tuple[Tensor, ...]:
        """The part of a frame's features that the next frame's are matched with, `MATCHED` channels of each level."""
        return tuple(x[:, :m] for x, m in zip(features, MATCHED.values(), strict=True))

    def levels(
        self, features: Sequence[Tensor], contrasts: Sequence[Tensor], seen: Sequence[Tensor], quads_at: Tensor
    ) -> dict[int, Tensor]:
        """The motion in pixels of the half-size frame, [N,2,h/scale,w/scale], by scale, coarse to fine.

        features, contrasts: the frame's; seen: the other frame's `matched` features; quads_at: the centres of the
        half-size frame's quads, [1,2,h/2,w/2].
        """
        size, flows, flow = pixel_size(quads_at) / 2, {}, None
        ours = self.matched(features)
        for level, scale in reversed([*enumerate(FEATURES)]):
            other, known = seen[level], [features[level][:, : KNOWN[scale]], contrasts[level]]
            if flow is not None:
                flow = twice(flow)
                other = sample(other, F.avg_pool2d(quads_at, scale // 2), flow * size)
                known.append(flow / STEP)
            out = self.solve[str(scale)](torch.cat([correlation(ours[level], other, REACH[scale]), *known], 1))
            step = STEP * out[:, :2]
            flows[scale] = flow = step if flow is None else flow + step
        flows[2] = twice(flow) + DETAIL * F.pixel_shuffle(out[:, 2:], 2)
        return flows

    def follow(
        self,
        cells: Tensor,
        here: Tensor,
        there: Tensor,
        seen: Sequence[Tensor],
        quads_at: Tensor,
        now: Tensor,
        then: Tensor,
    ) -> tuple[Tensor, tuple[Tensor, ...], Tensor]:
        """As `forward`, from intermediate results that the stabilizer has computed already.

        Args:
            cells: `quads.in_cells` of the frame [N,8,h/2,w/2].
            here, there: the luminance of both frames [N,1,h,w].
            seen: the other frame's `matched` features.
            quads_at: as in `levels`.
            now, then: both frames at an eighth of the size [N,3,h/8,w/8]; `then` may have more channels of that size,
                which are to be warped too.

        Returns:
            the motion, as `forward`; `seen` for the next frame; and `then`, warped.
        """
        size, (features, contrasts) = pixel_size(quads_at) / 2, self.features(cells)
        flows = self.levels(features, contrasts, seen, quads_at)
        then = sample(then, F.avg_pool2d(quads_at, 4), flows[8] * size)
        gain = brightening(light(now), light(then[:, :3])) / MISFIT
        now_in_quads = cells.split(CELL, 1)[1] / MISFIT
        flow = lucas_kanade(here / MISFIT, now_in_quads, there * gain, quads_at, flows[2])
        return flow * size, self.matched(features), then

    def forward(self, here: Tensor, there: Tensor, grid: Tensor) -> Tensor:
        """Where the pixels of `here` were in `there`, as GridSample counts, for quads of them: [N,2,h/2,w/2].

        Frames at half their size [N,3,h,w] in 0…1, `motion.pixel_grid` [1,2,h,w]; h and w multiples of `MULTIPLE` / 2.
        """
        seen = self.matched(self.features(in_cells(there, 2))[0])
        now, then = (F.avg_pool2d(x, 8) for x in (here, there))
        quads_at = F.avg_pool2d(grid, 2)
        return self.follow(in_cells(here, 2), light(here), light(there), seen, quads_at, now, then)[0]


def save_flownet(net: FlowNet, path: Path) -> None:
    """The weights as float16, 0.1 MB of safetensors; the file appears whole or not at all."""
    with written_aside(path) as aside:
        aside.write_bytes(save({k: v.detach().cpu().half().contiguous() for k, v in net.state_dict().items()}))


def load_flownet(path: Path) -> FlowNet:
    """The network of a file written by `save_flownet`, in evaluation mode. BadInput for any other file."""
    net = FlowNet()
    try:
        with safe_open(str(path), "pt") as f:
            wanted = {name: tuple(value.shape) for name, value in net.state_dict().items()}
            if {name: tuple(f.get_slice(name).get_shape()) for name in f.keys()} != wanted:  # noqa: SIM118
                raise ValueError("other tensors than a motion network's")
            values = {name: f.get_tensor(name).float() for name in wanted}
        if not all(value.isfinite().all() for value in values.values()):
            raise ValueError("weights that are not finite")
        net.load_state_dict(values)
    except (OSError, RuntimeError, ValueError, SafetensorError) as e:
        raise BadInput(f"{path} does not hold the weights of a motion network.") from e
    return net.eval()
