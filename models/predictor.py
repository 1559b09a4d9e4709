"""P, the style predictor: a picture [N,3,256,256] → its style vector S [N,D].

After Ghiasi et al., "Exploring the structure of a real-time, arbitrary neural artistic stylization network" (2017):

1. a MobileNet-v2 (Sandler et al. 2018), batch normalisation folded into its convolutions, pools the picture into a
   bottleneck of 100 numbers;
2. one linear layer, the heads, maps those to γ and β of every normalised layer of T. The heads belong to P, so that T
   receives S ready-made.

Pooling loses how strongly each channel varies, and that is what T's normalisation replaces (Huang and Belongie,
"Arbitrary style transfer in real-time with adaptive instance normalization", 2017). So ours has a second branch: the
mean and the standard deviation of every channel at every level go through two linear layers, and the result is added to
that of the heads.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .spec import StyleLayout, between

TINY = 1e-4  # added to variances (of values in about 0…6), as the gradient of a root at 0 is infinite
SLOPE = 0.2  # of the leaky ReLU between the two layers of the statistics, for values below zero
MOST_WEIGHTS = 50_000_000  # of the inverted residuals: 200 MB, ten times what the published ones have
SIDE = 256  # pixels: what P is shown where nothing else is said


@dataclass(frozen=True)
class PredictorSpec:
    """The sizes of P: the stem, the stages of inverted residuals, the bottleneck, the branch of the statistics.

    The defaults are the published network's.
    """

    stem: int = 32  # channels after the first convolution, 3×3 of stride 2
    # (expansion, channels, repeats, stride of the first) per stage
    stages: tuple[tuple[int, int, int, int], ...] = (
        (1, 16, 1, 1),
        (6, 24, 2, 2),
        (6, 32, 3, 2),
        (6, 64, 4, 2),
        (6, 96, 3, 1),
        (6, 160, 3, 2),
        (6, 320, 1, 1),
    )
    last: int = 1280  # width of a last 1×1 convolution before pooling; 0 for none
    bottleneck: int = 100
    statistics: int = 0  # width of the layer that the statistics of all levels go through; 0: no such branch
    side: int = SIDE  # pixels: pictures are cropped to a square and resized to this before P sees them
    feedback: float = 0.0  # how far S is corrected by what T paints in it, see `feedback`; 0: not at all

    @property
    def levels(self) -> dict[int, int]:
        """Where statistics are taken: the number of inverted residuals before that place → its channels.

        After the stem (0 blocks) and after every stage but the last, which is pooled for the bottleneck. Empty where
        `statistics` is 0.
        """
        if not self.statistics:
            return {}
        found, blocks = {0: self.stem}, 0
        for _, channels, repeats, _ in self.stages[:-1]:
            blocks += repeats
            found[blocks] = channels
        return found

    def to_json(self) -> dict:
        """What `from_json` takes, as JSON can hold it."""
        return {**asdict(self), "stages": [list(s) for s in self.stages]}

    @classmethod
    def from_json(cls, data: dict) -> "PredictorSpec":
        """Raises ValueError for sizes that no P has, before anything is built of them."""
        spec = cls(**{**data, "stages": tuple(tuple(s) for s in data["stages"])})
        between((spec.stem, spec.last, spec.bottleneck, spec.statistics), (1, 0, 1, 0), (512, 4096, 512, 1024))
        between((spec.side,), (32,), (1024,))
        if type(spec.feedback) is not float or not 0 <= spec.feedback <= 1:
            raise ValueError(f"S cannot move on by {spec.feedback}")
        between((len(spec.stages),), (1,), (16,))
        width, weights = spec.stem, 0
        for stage in spec.stages:
            between(stage, (1, 1, 1, 1), (16, 1024, 16, 4))
            expansion, channels, repeats, _ = stage
            weights += 2 * repeats * expansion * max(width, channels) ** 2
            width = channels
        between((weights,), (0,), (MOST_WEIGHTS,))
        return spec


# Ours: the published one without its widest layers, which hold two thirds of its weights, and with statistics.
SMALL = PredictorSpec(
    stages=(*PredictorSpec().stages[:5], (6, 160, 1, 2)), last=384, statistics=256, side=384, feedback=0.3
)


class SameConv(nn.Module):
    """A convolution with the zero padding that TensorFlow calls SAME, as the published weights want it.

    [N,inputs,H,W] → [N,outputs,⌈H/stride⌉,⌈W/stride⌉] for even H and W; at stride 2 the odd row and column of padding
    go to the bottom and right, where PyTorch would put them on the other side.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__()
        total = kernel - stride if stride > 1 else kernel - 1
        self.pad = (total // 2, total - total // 2) * 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, self.pad) if any(self.pad) else x)


class InvertedResidual(nn.Module):
    """MobileNet-v2's block: widen (1×1), filter each channel by itself (3×3), narrow (1×1).

    [N,inputs,H,W] → [N,outputs,H/stride,W/stride]; the input is added where it has the output's shape.
    """

    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int):
        super().__init__()
        wide = inputs * expansion
        self.expand = SameConv(inputs, wide) if expansion > 1 else None
        self.depthwise = SameConv(wide, wide, 3, stride, groups=wide)
        self.project = SameConv(wide, outputs)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        z = F.relu6(self.expand(x)) if self.expand is not None else x
        z = self.project(F.relu6(self.depthwise(z)))
        return x + z if self.residual else z


class Predictor(nn.Module):
    """P as its `PredictorSpec` describes it, with heads for one `StyleLayout`.

    `forward` gives S. Its parts are methods of their own, because training computes only once what does not change:
    `lower_summary` goes part of the way, `summary_from` the rest, and `style_from` makes S of the result.
    """

    def __init__(self, spec: PredictorSpec, layout: StyleLayout):
        super().__init__()
        self.spec, self.layout = spec, layout
        self.stem = SameConv(3, spec.stem, 3, 2)
        blocks, width = [], spec.stem
        for expansion, channels, repeats, stride in spec.stages:
            for i in range(repeats):
                blocks.append(InvertedResidual(width, channels, expansion, stride if i == 0 else 1))
                width = channels
        self.blocks = nn.Sequential(*blocks)
        self.last = SameConv(width, spec.last) if spec.last else None
        self.bottleneck = nn.Linear(spec.last or width, spec.bottleneck)
        self.heads = nn.Linear(spec.bottleneck, layout.size)
        if spec.statistics:
            self.gather = nn.Linear(2 * (3 + sum(spec.levels.values())), spec.statistics)
            self.correct = nn.Linear(spec.statistics, layout.size, bias=False)
        self.start_at_identity()

    @torch.no_grad()
    def start_at_identity(self) -> None:
        """Where training from random weights begins: the heads give γ = 1 and β = 0 plus a little of the bottleneck.

        The branch of the statistics gives 0, so that weights trained without it give the same S as before.
        """
        nn.init.normal_(self.heads.weight, std=0.02)
        self.heads.bias.zero_()
        for _, gamma, _ in self.layout.slices():
            self.heads.bias[gamma] = 1.0
        if self.spec.statistics:
            self.correct.weight.zero_()

    def bottleneck_of(self, image: Tensor) -> Tensor:
        """image [N,3,H,W] in [0, 1] → bottleneck [N,100]. Any size; trained on 256×256."""
        return self.upper(self.lower(image))

    def lower(self, image: Tensor, blocks: int = 0) -> Tensor:
        """image [N,3,H,W] in [0, 1] → features after the stem and the first `blocks` inverted residuals."""
        return self.blocks[:blocks](F.relu6(self.stem(image)))

    def upper(self, z: Tensor, blocks: int = 0) -> Tensor:
        """The rest of the way: what `lower` gave after `blocks` inverted residuals → bottleneck [N,100]."""
        z = self.blocks[blocks:](z)
        if self.last is not None:
            z = F.relu6(self.last(z))
        return self.bottleneck(z.mean((2, 3)))

    def lower_summary(self, image: Tensor, blocks: int = 0) -> tuple[Tensor, list[Tensor]]:
        """image [N,3,H,W] in [0, 1] → (features after the stem and the first `blocks` inverted residuals, statistics).

        The statistics are a list: [N,6] of the picture itself, then [N,2C] of every level up to there; empty where
        `spec` has none.
        """
        z = self.lower(image)
        found = [statistics(image), statistics(z)] if self.spec.statistics else []
        return self._on(z, found, 0, blocks)

    def _on(self, z: Tensor, found: list[Tensor], done: int, blocks: int) -> tuple[Tensor, list[Tensor]]:
        """From `lower_summary` after `done` blocks to `lower_summary` after `blocks`."""
        for i in range(done, blocks):
            z = self.blocks[i](z)
            found = [*found, statistics(z)] if i + 1 in self.spec.levels else found
        return z, found

    def summary(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """image [N,3,256,256] in [0, 1] → what S is made of: (bottleneck [N,100], statistics [N,K]).

        The statistics are those of the picture and of all levels side by side; K is 0 where `spec` has none.
        """
        return self.summary_from(*self.lower_summary(image))

    def summary_from(self, z: Tensor, found: list[Tensor], blocks: int = 0) -> tuple[Tensor, Tensor]:
        """What `lower_summary` gave after `blocks` inverted residuals → what `summary` gives."""
        z, found = self._on(z, found, blocks, len(self.blocks))
        return self.upper(z, len(self.blocks)), torch.cat(found, 1) if found else z.new_zeros(len(z), 0)

    def style_from(self, code: Tensor, found: Tensor) -> Tensor:
        """Bottleneck [N,100] and statistics [N,K], as `summary` gives them → S [N,D]."""
        style = self.heads(code)
        if not self.spec.statistics:
            return style
        gathered = self.gather(found)
        leaky = SLOPE * gathered + (1 - SLOPE) * F.relu(gathered)  # a leaky ReLU in operators verified on WebGPU
        return style + self.correct(leaky)

    def forward(self, image: Tensor) -> Tensor:
        """image [N,3,256,256] in [0, 1] → style vectors S [N,D]. Any weighted mean of them is a style too."""
        return self.style_from(*self.summary(image))


def statistics(z: Tensor) -> Tensor:
    """[N,C,H,W] → [N,2C]: the mean of every channel over space, then the standard deviation.

    Computed in float32 also in half precision, where a sum of squares over a picture overflows.
    """
    x = z.float()
    variance = (x - x.mean((2, 3), keepdim=True)).square().mean((2, 3))
    return torch.cat((x.mean((2, 3)), (variance + TINY).sqrt()), 1).to(z.dtype)
