"""VGG-16 (Simonyan and Zisserman 2015) up to conv4_3: the features that the perceptual losses compare.

One pass gives the features of all four layers, so every loss on an image shares it. The weights are not ours to
ship: they come from a file (`--vgg FILE`) or from torch.hub's copy of the public torchvision file.
"""

from pathlib import Path

import torch
from safetensors import safe_open
from torch import Tensor, nn
from torch.nn import functional as F

from impasto.models.errors import BadInput

# (index in torchvision's `features`, input channels, output channels)
CONVS = (
    (0, 3, 64),
    (2, 64, 64),
    (5, 64, 128),
    (7, 128, 128),
    (10, 128, 256),
    (12, 256, 256),
    (14, 256, 256),
    (17, 256, 512),
    (19, 512, 512),
    (21, 512, 512),
)
POOLED_BEFORE = (5, 10, 17)
LAYERS = {2: "relu1_2", 7: "relu2_2", 14: "relu3_3", 21: "relu4_3"}

URL = "https://download.pytorch.org/models/vgg16-397923af.pth"
TORCHVISION, CAFFE = "torchvision", "caffe"

# (mean, deviation) per channel, RGB in [0, 1]. The Caffe weights want 0…255 minus a mean, in the order BGR: the range
# is the same arithmetic with other numbers, and the order is turned round in the first convolution's weights.
NORMALISATION = {
    TORCHVISION: ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    CAFFE: ((123.68 / 255, 116.779 / 255, 103.939 / 255), (1 / 255, 1 / 255, 1 / 255)),
}


class Vgg(nn.Module):
    """Frozen VGG-16 features; `load` makes one with weights.

    Works under bf16 autocast, with bf16 weights (`halve`) and in channels_last: features then come in that type and
    layout.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, convention: str = TORCHVISION):
        super().__init__()
        mean, deviation = NORMALISATION[convention]
        self.features = nn.ModuleDict({str(i): nn.Conv2d(a, b, 3, padding=1) for i, a, b in CONVS})
        self.register_buffer("mean", torch.tensor(mean).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(deviation).view(1, 3, 1, 1), persistent=False)
        self.eval().requires_grad_(False)

    def halve(self) -> "Vgg":
        """Its convolutions in bf16; pictures are still normalised in their own type."""
        self.features.to(torch.bfloat16)
        return self

    def forward(self, image: Tensor, last: str = "relu4_3") -> dict[str, Tensor]:
        """image [N,3,H,W], RGB in [0, 1], H and W at least 8 → features by layer name, no further than `last`.

        relu1_2 [N,64,H,W], relu2_2 [N,128,H/2,W/2], relu3_3 [N,256,H/4,W/4], relu4_3 [N,512,H/8,W/8], rounded down.
        Gradients flow to the image. An unknown `last` is a ValueError.
        """
        if last not in LAYERS.values():
            raise ValueError(f"unknown layer {last!r}: one of {', '.join(LAYERS.values())}")
        x, found = ((image - self.mean) / self.deviation).to(next(self.features.parameters()).dtype), {}
        for index, conv in self.features.items():
            if int(index) in POOLED_BEFORE:
                x = F.max_pool2d(x, 2)
            x = F.relu(conv(x), inplace=True)
            if name := LAYERS.get(int(index)):
                found[name] = x
                if name == last:
                    break
        return found


def load(file: str | Path | None = None, convention: str | None = None) -> Vgg:
    """A `Vgg` with weights: from `file` (.safetensors, else what torch.load reads), or downloaded once and cached.

    The file holds torchvision's names (`features.N.weight`), in any floating type; other entries are ignored.
    `convention` ("torchvision" or "caffe") says what input the weights were trained on; left out, a safetensors file's
    metadata `input` decides (BGR… is caffe, RGB… torchvision), and where there is none it is torchvision.
    BadInput: no such file, not a weights file, not VGG-16, unknown convention, or no network.
    """
    weights, described = (_download(), "RGB") if file is None else _read(Path(file))
    convention = convention or _convention(described)
    if convention not in NORMALISATION:
        raise BadInput(f"The VGG weights' input is {convention!r}, neither RGB… nor BGR…: say torchvision or caffe.")
    vgg = Vgg(convention)
    wanted = vgg.state_dict()
    for name, like in wanted.items():
        if name not in weights or weights[name].shape != like.shape:
            raise BadInput(f"{file or URL} is not VGG-16: {name} is missing or not {tuple(like.shape)}.")
    weights = {name: weights[name].float() for name in wanted}
    if not all(values.isfinite().all() for values in weights.values()):
        raise BadInput(f"{file or URL} is damaged: it holds numbers that are not finite.")
    if convention == CAFFE:
        weights["features.0.weight"] = weights["features.0.weight"].flip(1)
    vgg.load_state_dict(weights)
    return vgg


def _download() -> dict[str, Tensor]:
    try:
        return torch.hub.load_state_dict_from_url(URL, map_location="cpu", check_hash=True)
    except (OSError, RuntimeError) as e:  # URLError is an OSError; a broken download fails its hash as RuntimeError
        raise BadInput(f"Could not download VGG-16 from {URL} ({e}): pass --vgg FILE with its weights.") from e


def _read(file: Path) -> tuple[dict[str, Tensor], str]:
    """The tensors of a weights file, and what it says of its input."""
    if not file.is_file():
        raise BadInput(f"There is no VGG-16 weights file {file}.")
    try:
        if file.suffix == ".safetensors":
            with safe_open(str(file), "pt") as f:
                names = [name for name in f.keys() if name.startswith("features.")]  # noqa: SIM118
                return {name: f.get_tensor(name) for name in names}, (f.metadata() or {}).get("input", "RGB")
        found = torch.load(file, map_location="cpu", weights_only=True)
        return {name: value for name, value in found.items() if isinstance(value, Tensor)}, "RGB"
    except Exception as e:  # both readers raise whatever their parsers ran into
        raise BadInput(f"{file} is not a readable weights file ({type(e).__name__}).") from e


def _convention(described: str) -> str:
    """The convention that a description names: BGR… is caffe, RGB… torchvision, anything else is handed back."""
    return {"BGR": CAFFE, "RGB": TORCHVISION}.get(described[:3].upper(), described)
