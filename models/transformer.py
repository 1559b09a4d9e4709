"""T, the transformer: a frame [N,3,H,W] and a style vector S [N,D] → the painted frame [N,3,H,W].

After Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network" (2017):

1. convolutions contract the frame to a fraction of its size;
2. residual blocks work at the coarsest size;
3. nearest-neighbour upsampling and convolutions expand the result to the frame's size.

Each layer after the contraction is normalised per channel and rescaled by its part of S. With `TransformerSpec.skip`,
features from before each contraction are added to the expansion back to their size (Ronneberger et al., "U-Net", 2015):
fine strokes then lie where the frame's detail lies, and not on the grid of the coarsest size.
"""

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .spec import StyleLayout, TransformerSpec
from .steady.stabilizer import Stabilizer
from .steady.steady_style import SteadyStyle

SEEN = (1 / 255) ** 2  # variance of a frame that deviates by one level of 255


def style_norm(z: Tensor, gamma: Tensor, beta: Tensor, epsilon: float) -> Tensor:
    """z' = γ(z − μ)/√(σ² + ε) + β, with μ and σ² over each image's channel (conditional instance normalisation).

    z [N,C,H,W], gamma and beta [N,C] or [1,C] → [N,C,H,W]. Dumoulin et al., "A learned representation for artistic
    style" (2017). γ and β are applied after the normalisation operator, not by it: its own statistics then stay float32
    in half-precision graphs.
    """
    z = F.instance_norm(z, eps=epsilon)
    return z * gamma[:, :, None, None] + beta[:, :, None, None]


def as_far_as_seen(style: Tensor, frame: Tensor, layout: StyleLayout) -> Tensor:
    """S [N,D] or [1,D] with γ faded out for frames [N,3,H,W] without content → [N,D].

    γ is multiplied by 0 for a frame of one colour, up to 1 for one whose variance is at least `SEEN`. Every
    normalisation scales what is left of a channel up to γ, so a dozen of them would fill the painting with the noise of
    a covered lens or of an encoded fade from black. With γ = 0 the painting has one colour, which the βs give.
    """
    apart = frame - frame.mean((2, 3), keepdim=True)
    share = ((apart * apart).mean((1, 2, 3)) / SEEN).clamp(max=1.0)[:, None]
    among = {i for _, own, _ in layout.slices() for i in range(own.start, own.stop)}
    gamma = torch.tensor([[float(i in among) for i in range(layout.size)]], device=style.device)
    return style * (1 - gamma) + style * gamma * share


class PaddedConv(nn.Module):
    """A convolution whose border is reflected, so that no dark frame grows around the painting.

    [N,inputs,H,W] → [N,outputs,H/stride,W/stride], H and W multiples of stride.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int = 1):
        super().__init__()
        # Padding that makes the output exactly 1/stride of the input; an odd pixel of it goes to the left and top.
        total = kernel - stride
        before, after = (total + 1) // 2, total // 2
        self.pad = (before, after, before, after)
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, self.pad, mode="reflect"))


class Transformer(nn.Module):
    """T as its `TransformerSpec` describes it.

    The stabilizer and the steady style are kept in it, because they are trained, stored and exported with it; `forward`
    paints one frame by itself and uses neither.
    """

    def __init__(self, spec: TransformerSpec):
        super().__init__()
        self.spec, self.layout = spec, StyleLayout.of(spec)
        c, trunk = spec.channels, spec.channels[-1]
        self.stem = PaddedConv(3, c[0], spec.stem_kernel, spec.stem_stride)
        self.contract = nn.ModuleList(PaddedConv(a, b, 3, 2) for a, b in pairwise(c))
        self.blocks = nn.ModuleList(
            nn.ModuleList([PaddedConv(trunk, trunk, 3), PaddedConv(trunk, trunk, 3)]) for _ in range(spec.blocks)
        )
        self.expand = nn.ModuleList(PaddedConv(b, a, 3) for a, b in reversed(list(pairwise(c))))
        self.skip = nn.ModuleList(PaddedConv(a, a, 3) for a in reversed(c[:-1]) if spec.skip)
        for conv in self.skip:  # 0 at first, so that weights trained without skips paint as before
            nn.init.zeros_(conv.conv.weight)
            nn.init.zeros_(conv.conv.bias)
        self.end = PaddedConv(c[0], 3 * spec.stem_stride**2, spec.end_kernel)
        self.stabilizer, self.steady_style = Stabilizer(), SteadyStyle(self.layout.size)

    @torch.no_grad()
    def level_end(self) -> None:
        """Make the end paint flat places flat.

        The kernels of the f² pixels that depth-to-space spreads get the same sum for each input channel, and the same
        bias; where these differ, a flat frame is painted with a grid. Without effect where f, the stem's stride, is 1.
        """
        phases, conv = self.spec.stem_stride**2, self.end.conv
        assert conv.bias is not None
        sums = conv.weight.sum((2, 3)).view(3, phases, -1)
        missing = sums.mean(1, keepdim=True) - sums  # [3,f²,C]: what each kernel's sum lacks, spread over its weights
        conv.weight += (missing / conv.weight[0, 0].numel()).flatten(0, 1)[:, :, None, None]
        conv.bias.copy_(conv.bias.view(3, phases).mean(1, keepdim=True).expand(3, phases).flatten())

    def encode(self, frame: Tensor) -> list[Tensor]:
        """frame [N,3,H,W] in [0, 1] → features after the stem and after each contraction, finest first.

        They do not depend on the style. The last are [N,C,H/m,W/m], m = `spec.multiple`.
        """
        levels = [F.relu(self.stem(frame))]
        for conv in self.contract:
            levels.append(F.relu(conv(levels[-1])))
        return levels

    def decode(self, levels: Sequence[Tensor], style: Tensor) -> Tensor:
        """Features of `encode` and S [N,D] (or [1,D] for the whole batch) → painted [N,3,H,W] in [0, 1]."""
        z, gamma, beta = self.before_last_norm(levels, style)
        # The frame's size and colours; with a strided stem the end gives 3·f² channels that depth-to-space spreads out.
        if self.spec.stem_stride > 1:
            z = F.pixel_shuffle(z, self.spec.stem_stride)
        return torch.sigmoid(style_norm(z, gamma, beta, self.spec.epsilon))

    def before_last_norm(self, levels: Sequence[Tensor], style: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What `decode` makes a painting of: the end's features [N,3·f²,H/f,W/f], f the stem's stride, and the last
        γ and β [N,3] (or [1,3]), one for each colour."""
        parts, z = iter(self.layout.slices()), levels[-1]

        def next_part() -> tuple[Tensor, Tensor]:
            """γ and β of the next normalised layer; they are met in the order in which S holds them."""
            _, gamma, beta = next(parts)
            return style[:, gamma], style[:, beta]

        def norm(z: Tensor) -> Tensor:
            return style_norm(z, *next_part(), self.spec.epsilon)

        # Residual blocks at the coarsest size: the second convolution is not followed by a ReLU.
        for first, second in self.blocks:
            z = z + norm(second(F.relu(norm(first(z)))))
        # Twice the size, a convolution, plus the features that the contraction had at that size.
        for i, conv in enumerate(self.expand):
            z = conv(F.interpolate(z, scale_factor=2.0, mode="nearest"))
            z = z + self.skip[i](levels[-2 - i]) if self.skip else z
            z = F.relu(norm(z))
        return self.end(z), *next_part()

    def forward(self, frame: Tensor, style: Tensor) -> Tensor:
        """frame [N,3,H,W] in [0, 1], H and W divisible by `spec.multiple`; style [N,D] or [1,D] → painted, as frame.

        A frame of one colour gives a painting of one colour: see `as_far_as_seen`.
        """
        return self.decode(self.encode(frame), as_far_as_seen(style, frame, self.layout))
