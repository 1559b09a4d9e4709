"""P, the style predictor: turns a picture into a style vector S.

A MobileNet-v2 (Sandler et al. 2018), batch normalisation folded into its convolutions, pools the picture into a
bottleneck of 100 numbers; two linear heads per normalised layer of T map those to γ and β (Ghiasi et al. 2017).
The heads belong to P, so T receives S ready-made. Ours also sees what such a network pools away on its deep way down:
the mean and the deviation of every channel at every level, which is what T's normalisation wants replaced (Huang and
Belongie 2017).
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from .spec import StyleLayout

TINY = 1e-4  # added to variances: the gradient of a deviation of 0 is infinite
SLOPE = 0.2  # below zero, of what is made of the statistics
SIDE = 256  # pictures are cropped to a square and resized to this before P sees them


@dataclass(frozen=True)
class PredictorSpec:
    """P: widths and strides of the inverted residual stages, then the bottleneck."""

    stem: int = 32
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
    statistics: int = 0  # numbers that are made of the statistics of all levels; 0 for none

    @property
    def levels(self) -> dict[int, int]:
        """How many blocks come before each level whose statistics are taken → its channels; the stem is level 0.

        All stages but the last, which is pooled for the bottleneck; none where no statistics are taken.
        """
        if not self.statistics:
            return {}
        found, blocks = {0: self.stem}, 0
        for _, channels, repeats, _ in self.stages[:-1]:
            blocks += repeats
            found[blocks] = channels
        return found

    def to_json(self) -> dict:
        return {**asdict(self), "stages": [list(s) for s in self.stages]}

    @classmethod
    def from_json(cls, data: dict) -> "PredictorSpec":
        return cls(**{**data, "stages": tuple(tuple(s) for s in data["stages"])})


# The published one without its widest layers, which hold two thirds of its weights, but with statistics.
SMALL = PredictorSpec(stages=(*PredictorSpec().stages[:5], (6, 160, 1, 2)), last=384, statistics=256)


class SameConv(nn.Module):
    """A convolution with TensorFlow's zero padding: at stride 2 the odd row and column go to the right and bottom."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1):
        super().__init__()
        total = kernel - stride if stride > 1 else kernel - 1
        self.pad = (total // 2, total - total // 2) * 2
        self.conv = nn.Conv2d(inputs, outputs, kernel, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.pad(x, self.pad) if any(self.pad) else x)


class InvertedResidual(nn.Module):
    """Widen (1×1), filter each channel (3×3), narrow (1×1); added to the input where the shapes allow."""

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
    """P as its `PredictorSpec` describes it, with heads for one `StyleLayout`."""

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
        """Heads that say γ = 1, β = 0, give or take what the picture adds: where training from nothing begins.

        The statistics correct nothing yet: a P that was trained without them goes on as it was.
        """
        nn.init.normal_(self.heads.weight, std=0.02)
        self.heads.bias.zero_()
        for _, gamma, _ in self.layout.slices():
            self.heads.bias[gamma] = 1.0
        if self.spec.statistics:
            self.correct.weight.zero_()

    def code(self, image: Tensor) -> Tensor:
        """image [N,3,256,256] in [0, 1] → bottleneck [N,100]. Other sizes work; 256 is what it was trained on."""
        return self.upper(self.lower(image))

    def lower(self, image: Tensor, blocks: int = 0) -> Tensor:
        """image [N,3,H,W] in [0, 1] → features after the stem and the first `blocks` inverted residuals."""
        return self.blocks[:blocks](F.relu6(self.stem(image)))

    def upper(self, z: Tensor, blocks: int = 0) -> Tensor:
        """What `lower` gave after so many blocks → bottleneck [N,100]."""
        z = self.blocks[blocks:](z)
        if self.last is not None:
            z = F.relu6(self.last(z))
        return self.bottleneck(z.mean((2, 3)))

    def survey(self, image: Tensor, blocks: int = 0) -> tuple[Tensor, list[Tensor]]:
        """image [N,3,H,W] in [0, 1] → features after the stem and the first `blocks` inverted residuals, and the
        `statistics` of the picture itself and of every level up to there; none where `spec` has none."""
        z = self.lower(image)
        found = [statistics(image), statistics(z)] if self.spec.statistics else []
        return self._on(z, found, 0, blocks)

    def _on(self, z: Tensor, found: list[Tensor], done: int, blocks: int) -> tuple[Tensor, list[Tensor]]:
        """From what `survey` gave after `done` blocks to what it gives after `blocks`."""
        for i in range(done, blocks):
            z = self.blocks[i](z)
            found = [*found, statistics(z)] if i + 1 in self.spec.levels else found
        return z, found

    def look(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """image [N,3,256,256] in [0, 1] → what S is made of: the bottleneck [N,100], and the statistics [N,2C] of the
        picture and all levels, or [N,0] where `spec` has none."""
        return self.look_on(*self.survey(image))

    def look_on(self, z: Tensor, found: list[Tensor], blocks: int = 0) -> tuple[Tensor, Tensor]:
        """What `survey` gave after so many blocks → as `look`."""
        z, found = self._on(z, found, blocks, len(self.blocks))
        return self.upper(z, len(self.blocks)), torch.cat(found, 1) if found else z.new_zeros(len(z), 0)

    def say(self, code: Tensor, found: Tensor) -> Tensor:
        """What `look` gave → S [N,D]."""
        known = self.heads(code)
        if not self.spec.statistics:
            return known
        gathered = self.gather(found)
        leaky = SLOPE * gathered + (1 - SLOPE) * F.relu(gathered)  # in operators verified on WebGPU
        return known + self.correct(leaky)

    def forward(self, image: Tensor) -> Tensor:
        """image [N,3,256,256] in [0, 1] → style vectors S [N,D]. Any weighted sum of them is a style too."""
        return self.say(*self.look(image))


def statistics(z: Tensor) -> Tensor:
    """[N,C,H,W] → [N,2C]: the mean of every channel over space, then the standard deviation.

    Computed in float32 also in half precision, where a sum of squares over a picture overflows.
    """
    x = z.float()
    variance = (x - x.mean((2, 3), keepdim=True)).square().mean((2, 3))
    return torch.cat((x.mean((2, 3)), (variance + TINY).sqrt()), 1).to(z.dtype)
