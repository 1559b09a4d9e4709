"""Motion between two frames by a small learned network: features matched from coarse to fine.

After PWC-Net, "CNNs for optical flow using pyramid, warping, and cost volume" (Sun et al. 2018), with features made
comparable before they are matched, as in "What matters in unsupervised optical flow" (Jonschkowski et al. 2020). As in
`motion`, no shapes are computed, and every operator is one that browsers run.
"""

from itertools import pairwise
from pathlib import Path

import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from .errors import BadInput
from .motion import pixel_size, sample, twice

# By level, which is the frame's size over the level's. With matches and motion the features are 40, 48 and 72 channels:
# ONNX Runtime's fast convolutions want multiples of 4.
FEATURES = {4: 13, 8: 21, 16: 23}
MATCHED = {4: 4, 8: 12, 16: 23}  # so many of them are matched: reading them where the motion leads is what costs
REACH = {4: 2, 8: 2, 16: 3}  # pixels of a level that matching goes each way: 48 of the frame at the coarsest
HIDDEN = {4: (16, 16), 8: (32, 24), 16: (32, 24)}  # channels of the layers that turn matches into motion
CONTRAST = 4.0  # of light, so that it deviates by about 1
FAINT = 0.01  # mean square of features that count for half
STEP = 8.0  # pixels of the frame that an output of 1 stands for


def correlation(a: Tensor, b: Tensor, reach: int) -> Tensor:
    """How alike each pixel of `a` is to those of `b` about it: two [N,C,h,w] → [N,(2·reach+1)²,h,w].

    Channel (dy + reach) · (2·reach + 1) + dx + reach is the mean over C of a(x, y) · b(x + dx, y + dy), 0 beyond edges.
    """
    padded, a = F.pad(b, (reach,) * 4), a.unsqueeze(1)
    cuts = [slice(i, i - 2 * reach or None) for i in range(2 * reach + 1)]
    columns = torch.stack([padded[:, :, :, cut] for cut in cuts], 1)  # [N,2·reach+1,C,h+2·reach,w]
    return torch.cat([(columns[:, :, :, cut] * a).mean(2) for cut in cuts], 1)


def comparable(features: Tensor) -> Tensor:
    """[N,C,h,w] less each channel's mean, then brought to mean square 1 at every pixel where there is something to see.

    Correlation is then in −1…1, and greatest where things are alike, not where they are bright.
    """
    features = features - features.mean((2, 3), keepdim=True)
    return features * ((features * features).mean(1, keepdim=True) + FAINT).rsqrt()


def layers(*channels: int) -> nn.Sequential:
    """3×3 convolutions, a ReLU after all but the last."""
    found = []
    for inputs, outputs in pairwise(channels):
        found += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*found[:-1])


class FlowNet(nn.Module):
    """Light in, motion out; about 0.1 M parameters."""

    def __init__(self):
        super().__init__()
        quarter, eighth, sixteenth = FEATURES.values()
        # Even kernels: each output stands amid the pixels it is made of, as averages of the grid do.
        self.stem = nn.Sequential(nn.Conv2d(1, 16, 8, 4, 2), nn.ReLU(), *layers(16, quarter))
        self.halve8 = nn.Sequential(nn.ReLU(), nn.Conv2d(quarter, 24, 4, 2, 1), nn.ReLU(), *layers(24, eighth))
        self.halve16 = nn.Sequential(nn.ReLU(), nn.Conv2d(eighth, 24, 4, 2, 1), nn.ReLU(), *layers(24, sixteenth))
        self.solve = nn.ModuleDict()
        for scale in (16, 8, 4):
            matches, found = (2 * REACH[scale] + 1) ** 2, 0 if scale == 16 else 2
            self.solve[str(scale)] = layers(matches + FEATURES[scale] + found, *HIDDEN[scale], 2)

        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # not PyTorch's own: its biases are larger than what comes out of pictures
                nn.init.kaiming_normal_(layer.weight)
                nn.init.zeros_(layer.bias)
        for solve in self.solve.values():
            nn.init.zeros_(solve[-1].weight)

    def features(self, frames: Tensor) -> dict[int, Tensor]:
        """Light [N,1,H,W] → features [N,C,H/scale,W/scale] of every scale, comparable."""
        quarter = self.stem(CONTRAST * (frames - frames.mean((2, 3), keepdim=True)))
        eighth = self.halve8(quarter)
        return {4: comparable(quarter), 8: comparable(eighth), 16: comparable(self.halve16(eighth))}

    def levels(self, here: Tensor, there: Tensor, grid: Tensor) -> dict[int, Tensor]:
        """The motion in pixels of the frame, [N,2,H/scale,W/scale], by scale; arguments as in `forward`."""
        a, b = self.features(here), self.features(there)
        size, flows, flow = pixel_size(grid), {}, None
        for scale, solve in self.solve.items():
            scale = int(scale)
            known, other = [a[scale]], b[scale][:, : MATCHED[scale]]
            if flow is not None:
                flow = twice(flow)
                other = sample(other, F.avg_pool2d(grid, scale), flow * size)
                known.append(flow / STEP)
            step = solve(torch.cat([correlation(a[scale][:, : MATCHED[scale]], other, REACH[scale]), *known], 1)) * STEP
            flows[scale] = flow = step if flow is None else flow + step
        return flows

    def forward(self, here: Tensor, there: Tensor, grid: Tensor) -> Tensor:
        """Where the pixels of `here` were in `there`, as GridSample counts, at half of the frame's size: [N,2,H/2,W/2].

        Light [N,1,H,W] in 0…1, `motion.pixel_grid` [1,2,H,W]; H and W multiples of `motion.MULTIPLE`.
        """
        return twice(self.levels(here, there, grid)[4]) * pixel_size(grid)


def save_flownet(net: FlowNet, path: Path) -> None:
    """The weights as float16, 0.17 MB of safetensors; the file appears whole or not at all."""
    aside = path.with_name(f".{path.name}.part")
    aside.write_bytes(save({k: v.detach().cpu().half().contiguous() for k, v in net.state_dict().items()}))
    aside.replace(path)


def load_flownet(path: Path) -> FlowNet:
    """The network of a file written by `save_flownet`, in evaluation mode. BadInput for any other file."""
    net = FlowNet()
    try:
        net.load_state_dict({k: v.float() for k, v in load_file(path).items()})
    except (OSError, RuntimeError, SafetensorError) as e:
        raise BadInput(f"{path} does not hold the weights of a motion network.") from e
    return net.eval()
