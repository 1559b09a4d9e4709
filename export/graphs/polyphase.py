"""T rewritten for speed, value for value the same: convolutions at full resolution become ones at half of it.

A convolution run at every pixel equals one of stride 2 whose output channels hold the four pixels of each 2×2 square
(its polyphase components), spread out by depth-to-space. Kernels grow by one, but a network with 8 and 3 channels at
full resolution leaves most lanes of a vector unit idle, and four times the channels at a quarter of the positions
fill them. In the same way nearest-neighbour upsampling followed by a 3×3 convolution is one 3×3 convolution before
the upsampling. Channel order is that of `pixel_shuffle`: channel c, then row phase, then column phase.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from impasto.models.spec import TransformerSpec
from impasto.models.transformer import PaddedConv, Transformer, style_norm


def strided(conv: PaddedConv) -> nn.Conv2d:
    """A k×k convolution of stride 1 as a (k+1)×(k+1) one of stride 2 giving 4 phases per channel; same padding."""
    old = conv.conv
    k = old.kernel_size[0]
    new = nn.Conv2d(old.in_channels, 4 * old.out_channels, k + 1, 2, dtype=old.weight.dtype)
    with torch.no_grad():
        new.weight.zero_()
        for dy in (0, 1):
            for dx in (0, 1):
                new.weight[2 * dy + dx :: 4, :, dy : dy + k, dx : dx + k] = old.weight
        new.bias.copy_(old.bias.repeat_interleave(4))
    return new


def on_phases(conv: PaddedConv) -> nn.Conv2d:
    """A 3×3 convolution of stride 2 (one pixel of padding left and top) as a 2×2 one on the four phases."""
    old = conv.conv
    new = nn.Conv2d(4 * old.in_channels, old.out_channels, 2, dtype=old.weight.dtype)
    where = ((0, 1), (1, 0), (1, 1))  # tap −1, 0, +1 → (half-resolution tap, phase)
    with torch.no_grad():
        new.weight.zero_()
        for y, (ty, dy) in enumerate(where):
            for x, (tx, dx) in enumerate(where):
                new.weight[:, 2 * dy + dx :: 4, ty, tx] = old.weight[:, :, y, x]
        new.bias.copy_(old.bias)
    return new


def before_upsampling(conv: PaddedConv) -> nn.Conv2d:
    """Nearest-neighbour ×2 and a 3×3 convolution as one 3×3 convolution to four phases at the lower resolution."""
    old = conv.conv
    new = nn.Conv2d(old.in_channels, 4 * old.out_channels, 3, dtype=old.weight.dtype)
    # Row and column taps at the higher resolution land on these taps at the lower one, for each phase.
    lands = torch.tensor([[[1.0, 0, 0], [0, 1, 1], [0, 0, 0]], [[0, 0, 0], [1, 1, 0], [0, 0, 1]]])
    with torch.no_grad():
        for dy in (0, 1):
            for dx in (0, 1):
                new.weight[2 * dy + dx :: 4] = torch.einsum(
                    "yk,xl,oikl->oiyx", lands[dy].to(old.weight), lands[dx].to(old.weight), old.weight
                )
        new.bias.copy_(old.bias.repeat_interleave(4))
    return new


def suits(spec: TransformerSpec) -> bool:
    """Whether T of this description gains from the rewriting."""
    return spec.stem_stride == 1 and len(spec.channels) > 1 and not spec.skip


class PolyphaseTransformer(nn.Module):
    """`Transformer` with a stem of stride 1, rewritten; same inputs, same outputs, N = 1."""

    def __init__(self, t: Transformer):
        super().__init__()
        if not suits(t.spec):
            raise ValueError("only a transformer with a full-resolution stem and no skips gains from this rewriting")
        self.spec, self.layout, self.blocks = t.spec, t.layout, t.blocks
        self.stem_pad, self.stem = t.stem.pad, strided(t.stem)
        self.first, self.contract = on_phases(t.contract[0]), t.contract[1:]
        self.expand = nn.ModuleList(before_upsampling(c) for c in t.expand)
        self.end_pad, self.end = t.end.pad, strided(t.end)

    def forward(self, frame: Tensor, style: Tensor) -> Tensor:
        parts = iter(self.layout.slices())

        def norm(z: Tensor) -> Tensor:
            _, gamma, beta = next(parts)
            return style_norm(z, style[:, gamma], style[:, beta], self.spec.epsilon)

        z = F.relu(self.stem(F.pad(frame, self.stem_pad, mode="reflect")))
        # One pixel beyond the left edge mirrors to the second pixel, which is the second phase of the first square.
        z = F.relu(self.first(F.pad(z, (1, 0, 1, 0), mode="replicate")))
        for conv in self.contract:
            z = F.relu(conv(z))
        for first, second in self.blocks:
            z = z + norm(second(F.relu(norm(first(z)))))
        for conv in self.expand:
            z = F.relu(norm(F.pixel_shuffle(conv(F.pad(z, (1, 1, 1, 1), mode="replicate")), 2)))
        return torch.sigmoid(norm(F.pixel_shuffle(self.end(F.pad(z, self.end_pad, mode="reflect")), 2)))
