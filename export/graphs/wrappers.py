"""The networks as the exported graphs see them: float32 in and out, whatever is computed with inside."""

import copy

import torch
from torch import Tensor, nn

from impasto.models import feedback
from impasto.models.predictor import Predictor
from impasto.models.steady import flownet, stabilizer
from impasto.models.steady.stabilizer import State
from impasto.models.transformer import Transformer, as_far_as_seen

from .painting import painted

MULTIPLE = flownet.MULTIPLE  # H and W of every graph's frame are divisible by this, so that all can be fed alike
# What a step graph carries from frame to frame, zeros before the first: each input, the output that is its next value,
# its channels, and by what the frame's size is divided.
STATE = [
    {"name": name, "from": "next_" + name.removeprefix("last_"), "channels": channels, "over": over}
    for name, (channels, over) in stabilizer.STATE.items()
]


class Float32Edges(nn.Module):
    """A network whose inputs and outputs are float32 while it computes in `dtype`."""

    def __init__(self, network: nn.Module, dtype: torch.dtype):
        super().__init__()
        self.network, self.dtype = copy.deepcopy(network).to(dtype).eval(), dtype

    def convert(self, *inputs: Tensor) -> Tensor:
        return self.network(*(x.to(self.dtype) for x in inputs)).float()


class StyleGraph(Float32Edges):
    """`style.onnx`: image [1,3,S,S] → style [1,D].

    Where P's description asks for `feedback`, T and the reference photographs are in it too; these, and what is made of
    them, stay float32.
    """

    photographs: Tensor

    def __init__(self, p: Predictor, t: Transformer, dtype: torch.dtype = torch.float32):
        super().__init__(p, dtype)
        self.gain = p.spec.feedback
        if self.gain:
            self.t = copy.deepcopy(t).eval()
            self.register_buffer("photographs", feedback.photographs())

    def forward(self, image: Tensor) -> Tensor:
        if not self.gain:
            return self.convert(image)
        return feedback.corrected(self.convert, self.t, self.photographs.float() / 255, image, self.gain)


class FrameGraph(Float32Edges):
    """`frame.onnx`: frame [1,3,H,W] in [0, 1], style [1,D] → painted [1,3,H,W] in [0, 1].

    `tuned`: computed as in `painting`, for ONNX Runtime on processors, in float32.
    """

    def __init__(self, t: Transformer, dtype: torch.dtype = torch.float32, tuned: bool = False):
        super().__init__(t, dtype)
        self.tuned = tuned

    def forward(self, frame: Tensor, style: Tensor) -> Tensor:
        style = as_far_as_seen(style, frame, self.network.layout)  # in float32, whatever T computes with
        if self.tuned:
            return painted(self.network, frame, style)
        return self.network.decode(self.network.encode(frame.to(self.dtype)), style.to(self.dtype)).float()


class SteadyStyleGraph(nn.Module):
    """`steady_style.onnx`: style [1,D] and stability [1] → steady_style [1,D], what T is given for a frame whose
    painting `stabilize.onnx` will mix with earlier ones: every frame of a scene but the first."""

    def __init__(self, t: Transformer):
        super().__init__()
        self.style = copy.deepcopy(t.steady_style)

    def forward(self, style: Tensor, stability: Tensor) -> Tensor:
        return self.style(style, stability)


class StabilizeGraph(nn.Module):
    """`stabilize.onnx`: frame and T's painting of it [1,3,H,W], stability [1] and `stabilizer.State` → the steady
    painting and the next state, as of `StepGraph`, which is this after T. T can then paint several frames at once; only
    this needs them in order."""

    def __init__(self, t: Transformer):
        super().__init__()
        self.stabilizer = t.stabilizer.settled()

    def forward(self, frame: Tensor, painting: Tensor, stability: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        steady, after = self.stabilizer(frame, painting, stability, *state)
        return steady, *after


class StepGraph(nn.Module):
    """`step.onnx`: frame [1,3,H,W], style [1,D], stability [1] and `stabilizer.State` → the steady painting
    and the next state.

    Where paintings are mixed the style is `SteadyStyle`'s. The stabilizer is float32 whatever T computes with: a
    half-precision coordinate is off by a pixel at 1280.
    """

    def __init__(self, t: Transformer, dtype: torch.dtype = torch.float32, tuned: bool = False):
        super().__init__()
        self.frame, self.stabilizer = FrameGraph(t, dtype, tuned), t.stabilizer.settled()
        self.style = copy.deepcopy(t.steady_style)

    def forward(self, frame: Tensor, style: Tensor, stability: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        mixed = stability * State(*state).begun[:, :, :1, :1].flatten(1)  # [1,1]; the first frame is not mixed
        painted = self.frame(frame, self.style(style, mixed))
        steady, after = self.stabilizer(frame, painted, stability, *state)
        return steady, *after
