"""`frame.tflite`: T for phones, at one fixed size, by way of LiteRT (TensorFlow Lite), checked against PyTorch.

LiteRT computes convolutions with XNNPACK, which takes only what it knows: every operator that it does not splits the
graph, and the parts run one after the other. Such operators are written another way while the network is traced, value
for value the same. Frames come as pictures do on phones, [1,H,W,3].
"""

import importlib.util
from collections.abc import Callable
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

from impasto.models.errors import BadInput
from impasto.models.predictor import Predictor
from impasto.models.rules import rules
from impasto.models.transformer import Transformer

from . import parity
from .quiet import quiet
from .wrappers import MULTIPLE, STATE, FrameGraph, StepGraph

SIZE = (512, 288)  # width, height: 16:9, what a phone paints live
FILES = {f"{name}_tflite": f"{name}.tflite" for name in ("frame", "frame_int8", "step")}  # by role
# Of the step graph: each input that is carried on → the output that it is for the next frame.
NEXT = {part["name"]: part["from"] for part in STATE}


def tflite_size_of(text: str) -> tuple[int, int]:
    """ "512x288" → (width, height) = (512, 288).

    Raises BadInput for anything else than two multiples of `MULTIPLE` that are not less than the rules' `least_side`.
    """
    least = rules(MULTIPLE)["least_side"]
    sides = text.lower().split("x")
    if len(sides) != 2 or not all(side.isascii() and side.isdigit() for side in sides):
        raise BadInput(f"The size {text!r} is not WIDTHxHEIGHT, like {SIZE[0]}x{SIZE[1]}.")
    width, height = map(int, sides)
    if any(side % MULTIPLE or side < least for side in (width, height)):
        raise BadInput(
            f"A TFLite graph of {width}x{height} cannot be written: both sides must be multiples of {MULTIPLE} "
            f"and at least {least}."
        )
    return width, height


def require_extra() -> None:
    """Raises BadInput where the packages that convert and run TFLite graphs are missing."""
    for package in ("litert_torch", "ai_edge_litert"):
        if importlib.util.find_spec(package) is None:
            raise BadInput(f'A TFLite graph needs {package}: pip install "impasto[mobile]".')


class PhoneFrame(nn.Module):
    """frame [1,H,W,3] in [0, 1] and style [1,D] → painted [1,H,W,3]: T, in operators that XNNPACK runs."""

    def __init__(self, t: Transformer):
        super().__init__()
        self.network = FrameGraph(t)  # not `graph`: torch.export keeps that name for itself

    def forward(self, frame: Tensor, style: Tensor) -> dict[str, Tensor]:
        with Rewritten():
            return {"painted": self.network(frame.permute(0, 3, 1, 2), style).permute(0, 2, 3, 1)}


class PhoneStep(nn.Module):
    """`StepGraph`, with frame, paintings and state as [1,H,W,C]: inputs and outputs by the names of step.onnx."""

    def __init__(self, t: Transformer):
        super().__init__()
        self.network = StepGraph(t)

    def forward(self, frame: Tensor, style: Tensor, stability: Tensor, **state: Tensor) -> dict[str, Tensor]:
        frame, *past = (x.permute(0, 3, 1, 2) for x in (frame, *state.values()))
        with Rewritten():
            found = self.network(frame, style, stability, *past)
        return {name: x.permute(0, 2, 3, 1) for name, x in zip(["painted", *NEXT.values()], found, strict=True)}


class Rewritten(TorchFunctionMode):
    """While it is entered, functions of PyTorch that LiteRT runs slowly or not at all are computed by `REWRITINGS`."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        rewritten = REWRITINGS.get(function) or function
        return rewritten(*args, **(kwargs or {}))


def pad_by_slices(x: Tensor, pad: tuple[int, ...], mode: str = "constant", value: float | None = None) -> Tensor:
    """`F.pad` of the last axes; what is reflected or repeated is cut out and joined on.

    MIRROR_PAD is none of XNNPACK's operators: with it T falls into 14 parts and takes more than twice as long.
    """
    if mode == "constant":
        return F.pad(x, pad, mode, value)
    for i in range(0, len(pad), 2):
        axis, before, after = x.ndim - 1 - i // 2, pad[i], pad[i + 1]
        last, away = x.shape[axis] - 1, int(mode == "reflect")  # "replicate" repeats the edge itself
        first = [x.narrow(axis, k * away, 1) for k in range(before, 0, -1)]
        x = torch.cat([*first, x, *(x.narrow(axis, last - k * away, 1) for k in range(1, after + 1))], axis)
    return x


def read_rows(image: Tensor, grid: Tensor, mode: str, padding_mode: str, align_corners: bool) -> Tensor:
    """`F.grid_sample` of one image [1,C,h,w] as `motion.read` calls it: bilinear, at places within the pixels' centres.

    A row of a table holds a pixel and its neighbours right, below and below right: one look-up a place finds all four.
    LiteRT has no operator for this; what its converter makes of it looks up four times and takes 3.5 times as long.
    """
    channels, height, width = image.shape[1:]
    place = (grid[0] + 1) * torch.tensor([width / 2, height / 2]) - 0.5  # [h',w',2] in pixels, x then y
    corner = torch.minimum(place.floor().clamp(min=0.0), torch.tensor([width - 2.0, height - 2.0]))
    x, y = corner.split(1, 2)
    right, below = (place - corner).split(1, 2)  # 0…1: how far from the upper left of the four
    pixels = image[0].permute(1, 2, 0)
    four = torch.cat([pixels[:-1, :-1], pixels[:-1, 1:], pixels[1:, :-1], pixels[1:, 1:]], 2)
    table = F.pad(four, (0, 0, 0, 1)).reshape((height - 1) * width, 4 * channels)
    found = F.embedding((y * float(width) + x).to(torch.int32).flatten(), table)
    a, b, c, d = found.reshape(*grid.shape[1:3], 4 * channels).split(channels, 2)
    upper, lower = a + (b - a) * right, c + (d - c) * right
    return (upper + (lower - upper) * below).permute(2, 0, 1)[None]


def constant_eye(size: int, device: torch.device | None = None) -> Tensor:
    """`torch.eye` as numbers: traced, it would be STABLEHLO_IOTA, which LiteRT's interpreter lacks."""
    return torch.tensor([[float(row == column) for column in range(size)] for row in range(size)], device=device)


REWRITINGS: dict[Callable, Callable] = {F.pad: pad_by_slices, F.grid_sample: read_rows, torch.eye: constant_eye}


def write_tflite(
    p: Predictor, t: Transformer, folder: Path, size: tuple[int, int], gallery: dict | None = None
) -> tuple[dict, dict]:
    """Write `FILES` for frames of (width, height) into `folder`, and run them in a style of P's and those of a gallery.

    Returns role → file name, and {"tflite": role → the largest difference of a painted value in [0, 1] from PyTorch}.
    float32 must be within `parity.TOLERANCE`, or ParityError is raised. int8 (weights of 8 bits, activations rounded to
    8 bits as they come: "dynamic range") is far off, and only reported.
    """
    frame, int8, step = (folder / file for file in FILES.values())
    with torch.no_grad():
        style = p(torch.from_numpy(parity.probes(p.spec.side, p.spec.side)["picture"])).numpy()
    styles = [style, *(np.asarray(entry["style"], np.float32)[None] for entry in (gallery or {}).values())]
    width, height = size
    inputs = {"frame": torch.rand(1, height, width, 3), "style": torch.from_numpy(style)}
    convert(PhoneFrame(t).eval(), inputs, frame)
    round_weights(frame, int8)
    found = {file: frame_difference(t, file, styles, (height, width)) for file in (frame, int8)}
    inputs |= {"stability": torch.ones(1), **{name: torch.rand(shape) for name, shape in state_shapes(size).items()}}
    convert(PhoneStep(t).eval(), inputs, step)
    found[step] = step_difference(t, step, style, (height, width))
    for file in (frame, step):
        parity.require(file.stem, found[file])
    return FILES, {"tflite": {role: float(f"{found[folder / file]:.2e}") for role, file in FILES.items()}}


def state_shapes(size: tuple[int, int]) -> dict[str, tuple[int, ...]]:
    """What `step.tflite` carries from frame to frame of (width, height): name → [1,h,w,C]."""
    width, height = size
    return {s["name"]: (1, height // s["over"], width // s["over"], s["channels"]) for s in STATE}


def convert(graph: nn.Module, inputs: dict[str, Tensor], path: Path) -> None:
    """A network as a TFLite file of one signature, whose inputs and outputs have the names of the network's."""
    with quiet():
        import litert_torch  # pyright: ignore[reportMissingImports]

        litert_torch.config.show_progress = False
        litert_torch.convert(graph, sample_kwargs=inputs).export(str(path))


def round_weights(path: Path, int8: Path) -> None:
    """Write a TFLite file again with weights of 8 bits, "dynamic range"."""
    with quiet():
        from ai_edge_quantizer import quantizer, recipe  # pyright: ignore[reportMissingImports]

        quantizer.Quantizer(str(path), recipe.dynamic_wi8_afp32()).quantize().export_model(str(int8))


@torch.no_grad()
def frame_difference(t: nn.Module, graph: Path, styles: list[np.ndarray], size: tuple[int, int]) -> float:
    """Largest absolute difference between T in float32 and `frame.tflite` in the LiteRT interpreter, over the probes.

    styles: each [1,D]; size: (height, width), that of the graph.
    """
    run, worst = runner(graph), 0.0
    for style, frame in product(styles, parity.probes(*size).values()):
        painted = run(frame=np.ascontiguousarray(frame.transpose(0, 2, 3, 1)), style=style)["painted"]
        reference = t(torch.from_numpy(frame), torch.from_numpy(style)).numpy()
        worst = max(worst, float(np.abs(painted.transpose(0, 3, 1, 2) - reference).max()))
    return worst


def step_difference(t: Transformer, graph: Path, style: np.ndarray, size: tuple[int, int]) -> float:
    """`parity.step_difference` of `step.tflite`; style [1,D]; size: (height, width), that of the graph."""
    run = runner(graph)
    state = {name: np.zeros(shape, np.float32) for name, shape in state_shapes((size[1], size[0])).items()}

    def paint(frame: np.ndarray) -> np.ndarray:
        pixels = np.ascontiguousarray(frame.transpose(0, 2, 3, 1))
        found = run(frame=pixels, style=style, stability=np.ones(1, np.float32), **state)
        state.update({name: found[following].copy() for name, following in NEXT.items()})
        return found["painted"].transpose(0, 3, 1, 2)

    return parity.steps_apart(t, paint, style, size)


def runner(graph: Path, threads: int = 1) -> Callable[..., dict[str, np.ndarray]]:
    """The one signature of a TFLite file as a function: arrays by the inputs' names → arrays by the outputs' names."""
    from ai_edge_litert.interpreter import Interpreter  # pyright: ignore[reportMissingImports]

    return Interpreter(str(graph), num_threads=threads).get_signature_runner()
