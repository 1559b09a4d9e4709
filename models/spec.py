"""The sizes of T as data, and the layout of the style vector S that follows from them. No torch.

A `TransformerSpec` says everything needed to build T; two are named here, `PUBLISHED` and `SPACE_TO_DEPTH`. A
`StyleLayout` says where in the flat vector S each normalised layer finds its scale γ and its shift β.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise


def between(sizes: Sequence[int], least: Sequence[int], most: Sequence[int]) -> None:
    """Raises ValueError unless all are whole numbers within their bounds: what is built of larger ones fills memory."""
    for size, low, high in zip(sizes, least, most, strict=True):
        if type(size) is not int or not low <= size <= high:
            raise ValueError(f"{size} is no whole number from {low} to {high}")


@dataclass(frozen=True)
class TransformerSpec:
    """The sizes of T: a stem, contracting convolutions of stride 2, residual blocks, expanding convolutions, an end.

    With `stem_stride` f > 1 the stem is one convolution of stride f, which is a space-to-depth of factor f and a
    smaller convolution in one operator that every backend runs well. The end then gives 3·f² channels at 1/f of the
    frame's size and a depth-to-space spreads them out (Shi et al., "Real-time single image and video super-resolution
    using an efficient sub-pixel convolutional neural network", 2016).
    """

    channels: tuple[int, ...]  # width after the stem, then after each contracting convolution
    blocks: int = 5
    stem_kernel: int = 9
    stem_stride: int = 1
    end_kernel: int = 9
    skip: bool = False  # each contraction's input is also added, through a 3×3 convolution, at its size on the way back
    epsilon: float = 1e-3  # added to the variance in every normalisation; the published network's value

    @property
    def normalised(self) -> list[tuple[str, int]]:
        """(name, channels) of every layer that S normalises, in the order in which a frame passes them."""
        trunk = self.channels[-1]
        layers = [(f"block{i}.norm{j}", trunk) for i in range(1, self.blocks + 1) for j in (1, 2)]
        layers += [(f"expand{i}.norm", c) for i, c in enumerate(reversed(self.channels[:-1]), 1)]
        return [*layers, ("end.norm", 3)]

    @property
    def multiple(self) -> int:
        """Height and width must be divisible by this."""
        return self.stem_stride * 2 ** (len(self.channels) - 1)

    @property
    def macs_per_pixel(self) -> float:
        """Multiplications of T's convolutions for one pixel of the frame: a measure of what painting costs."""
        c, f = self.channels, self.stem_stride
        # The stem and the end work at 1/f of the frame's size, so on 1/f² of its pixels.
        total = (self.stem_kernel**2 * 3 * c[0] + self.end_kernel**2 * c[0] * 3 * f**2) / f**2
        # A contraction (a quarter of the places), the expansion back and the skip, each 3×3.
        for i, (here, deeper) in enumerate(pairwise(c)):
            total += 9 * here * (deeper * (1 + 1 / 4) + here * self.skip) / (f * 2**i) ** 2
        # Two 3×3 convolutions a residual block, at the coarsest size.
        return total + self.blocks * 2 * 9 * c[-1] ** 2 / self.multiple**2

    def to_json(self) -> dict:
        """What `from_json` takes, as JSON can hold it."""
        return {**asdict(self), "channels": list(self.channels)}

    @classmethod
    def from_json(cls, data: dict) -> "TransformerSpec":
        """Raises ValueError for sizes that no T has, before anything is built of them."""
        spec = cls(**{**data, "channels": tuple(data["channels"])})
        sizes = (spec.blocks, spec.stem_kernel, spec.stem_stride, spec.end_kernel)
        between(sizes, (0, 1, 1, 1), (16, 31, 8, 31))
        between(spec.channels, [1] * len(spec.channels), [512] * len(spec.channels))
        if not 1 <= len(spec.channels) <= 6 or type(spec.skip) is not bool or not 0 < spec.epsilon < 1:
            raise ValueError(f"no T is like {spec}")
        return spec


# The mobile network of Ghiasi et al. 2017 (Magenta): 9×9 ends at full resolution.
PUBLISHED = TransformerSpec(channels=(8, 16, 32))

# Ours: no convolution at full resolution, plain 3×3 ones at a half and a quarter.
SPACE_TO_DEPTH = TransformerSpec(channels=(16, 32), stem_kernel=6, stem_stride=2, end_kernel=3, skip=True)


@dataclass(frozen=True)
class StyleLayout:
    """Where γ and β of each normalised layer lie in S: γ then β of the first layer, then of the second, and so on.

    `layers` are (name, channels), as `TransformerSpec.normalised` gives them.
    """

    layers: tuple[tuple[str, int], ...]

    @classmethod
    def of(cls, spec: TransformerSpec) -> "StyleLayout":
        """The layout of S for a T of these sizes."""
        return cls(tuple(spec.normalised))

    @property
    def size(self) -> int:
        """D, the number of values in S."""
        return 2 * sum(channels for _, channels in self.layers)

    def slices(self) -> list[tuple[str, slice, slice]]:
        """(name, slice of γ in S, slice of β in S) of every layer, in order."""
        found, at = [], 0
        for name, c in self.layers:
            found.append((name, slice(at, at + c), slice(at + c, at + 2 * c)))
            at += 2 * c
        return found

    def within(self, larger: "StyleLayout") -> list[int]:
        """Where in the S of a larger layout each value of this layout's S lies: D indices, layers matched by name.

        Raises ValueError when a layer is missing there, or has another number of channels.
        """
        there = {name: (gamma, beta) for name, gamma, beta in larger.slices()}
        found: list[int] = []
        for name, channels in self.layers:
            if (name, channels) not in larger.layers:
                raise ValueError(f"{name} with {channels} channels is not normalised there")
            for where in there[name]:
                found += range(where.start, where.stop)
        return found

    def to_json(self) -> list[dict]:
        """`layout` of `model.json`: {"layer": name, "gamma": [begin, end], "beta": [begin, end]}, ends not included."""
        return [{"layer": name, "gamma": [g.start, g.stop], "beta": [b.start, b.stop]} for name, g, b in self.slices()]
