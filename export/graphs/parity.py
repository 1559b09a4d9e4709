"""Does a graph compute what the PyTorch network computes? The exporter refuses to finish where it does not.

It runs graphs on the processor. What ONNX Runtime is known to compute wrongly elsewhere is told by the networks' sizes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import onnxruntime as ort
import torch
from torch import nn

from impasto.export.runtime.sample import picture
from impasto.export.runtime.steady import Steady
from impasto.models.feedback import style_of
from impasto.models.predictor import Predictor
from impasto.models.steady.stabilizer import State
from impasto.models.transformer import Transformer

from .wrappers import StepGraph

TOLERANCE = {"fp32": 1e-4, "fp16": 1e-2}  # largest absolute difference; of S, relative to its largest value
STEPS = 16  # frames of a step graph: past the second key


class ParityError(RuntimeError):
    """An exported graph differs from the network it came from by more than `TOLERANCE`."""


def probes(height: int, width: int) -> dict[str, np.ndarray]:
    """The inputs that parity is judged on: noise and a picture, [1,3,H,W] float32."""
    noise = np.random.default_rng(1).random((1, 3, height, width), dtype=np.float32)
    return {"noise": noise, "picture": picture(height, width).transpose(2, 0, 1)[None].copy()}


@torch.no_grad()
def frame_difference(t: nn.Module, graph: Path, style: np.ndarray, size: tuple[int, int] = (128, 160)) -> float:
    """Largest absolute difference between T in float32 and a frame graph, over the probes and a plain grey frame, which
    T paints in one colour; style [1,D]."""
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    worst = 0.0
    for frame in (*probes(*size).values(), np.full((1, 3, *size), 0.5, np.float32)):
        ours = session.run(None, {"frame": frame, "style": style})[0]
        reference = t(torch.from_numpy(frame), torch.from_numpy(style)).numpy()
        worst = max(worst, float(np.abs(ours - reference).max()))
    return worst


@torch.no_grad()
def step_difference(
    t: Transformer, graph: Path, carried: list[dict], style: np.ndarray, size: tuple[int, int] = (96, 160)
) -> float:
    """Largest difference between T with its stabilizer in float32 and a step graph, over `STEPS` moving frames.

    Both carry their own paintings on, so that small differences may grow. carried: the model's `state`; style [1,D].
    """
    steady = Steady(ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"]), carried)
    return steps_apart(t, lambda frame: steady.paint({"frame": frame, "style": style}, 1.0), style, size)


@torch.no_grad()
def parts_difference(
    t: Transformer, parts: dict[str, Path], carried: list[dict], style: np.ndarray, size: tuple[int, int] = (96, 160)
) -> float:
    """`step_difference` of a step graph in parts: T ("frame") paints in the style that "steady_style" gives, and
    "stabilize" makes its paintings steady. The first frame has the style itself."""
    sessions = {
        role: ort.InferenceSession(str(file), providers=["CPUExecutionProvider"]) for role, file in parts.items()
    }
    steady, ones = Steady(sessions["stabilize"], carried), np.ones(1, np.float32)
    styles = iter([style])
    mixed = sessions["steady_style"].run(None, {"style": style, "stability": ones})[0]

    def paint(frame: np.ndarray) -> np.ndarray:
        painting = sessions["frame"].run(None, {"frame": frame, "style": next(styles, mixed)})[0]
        return steady.paint({"frame": frame, "painting": painting}, 1.0)

    return steps_apart(t, paint, style, size)


@torch.no_grad()
def steady_style_difference(t: Transformer, graph: Path, style: np.ndarray) -> float:
    """Largest absolute difference between the steady style [1,D] of PyTorch and of a graph, from none to all of it."""
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    worst = 0.0
    for stability in np.linspace(0, 1, 5, dtype=np.float32)[:, None]:
        ours = session.run(None, {"style": style, "stability": stability})[0]
        reference = t.steady_style(torch.from_numpy(style), torch.from_numpy(stability)).numpy()
        worst = max(worst, float(np.abs(ours - reference).max()))
    return worst


@torch.no_grad()
def steps_apart(
    t: Transformer, paint: Callable[[np.ndarray], np.ndarray], style: np.ndarray, size: tuple[int, int]
) -> float:
    """`step_difference` of whatever paints frames [1,3,H,W] steadily, one after the other, at stability 1."""
    reference, worst = StepGraph(t).eval(), 0.0
    scene = picture(size[0] + 4 * STEPS, size[1] + 4 * STEPS).transpose(2, 0, 1)[None]
    state: Sequence[torch.Tensor] = State.empty(torch.zeros(1, 3, *size))
    for step in range(STEPS):
        at = 3 * step
        frame = np.ascontiguousarray(scene[:, :, at : at + size[0], at : at + size[1]])
        ours = paint(frame)
        steady, *state = reference(torch.from_numpy(frame), torch.from_numpy(style), torch.ones(1), *state)
        worst = max(worst, float(np.abs(ours - steady.numpy()).max()))
    return worst


@torch.no_grad()
def style_difference(p: Predictor, t: Transformer, graph: Path) -> float:
    """Largest difference between S in float32 and of a style graph, relative to the largest value of S."""
    session = ort.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    worst = 0.0
    for image in probes(p.spec.side, p.spec.side).values():
        reference = style_of(p, t, torch.from_numpy(image)).numpy()
        ours = session.run(None, {"image": image})[0]
        worst = max(worst, float(np.abs(ours - reference).max() / np.abs(reference).max()))
    return worst


def wrong_on_webgpu(*networks: nn.Module) -> list[tuple[int, int]]:
    """(input channels, output channels) of the convolutions that ONNX Runtime Web 1.30 gives something else for on
    WebGPU, each once, in ascending order: from a multiple of 3 (more than 3) that is none of 4, to a multiple of 4, by
    a kernel of more than one pixel.

    Found by `findings/onnxruntime-web-webgpu-conv-of-six-channels.sh`.
    """
    layers = [layer for network in networks for layer in network.modules() if isinstance(layer, nn.Conv2d)]
    whole = [layer for layer in layers if layer.groups == 1 and layer.kernel_size != (1, 1)]
    sizes = {(layer.in_channels, layer.out_channels) for layer in whole}
    return sorted((i, o) for i, o in sizes if i > 3 and i % 3 == 0 and i % 4 and o % 4 == 0)


def wrong_in_tiles(t: nn.Module) -> bool:
    """Whether OpenVINO 2026.4 computes one of T's convolutions wrongly in tiles of bfloat16: of fewer than 16 channels,
    which times the kernel's width are 64, 96, 128, ….

    Found by `findings/openvino-amx-and-wide-kernels.sh`.
    """
    layers = [layer for name, layer in t.named_modules() if not name.startswith("stabilizer.")]
    convolutions = [layer for layer in layers if isinstance(layer, nn.Conv2d) and layer.in_channels < 16]
    wide = [layer.in_channels * layer.kernel_size[1] for layer in convolutions]
    return any(each >= 64 and each % 32 == 0 for each in wide)


def require(role: str, difference: float) -> None:
    """Raises ParityError when a difference is beyond the tolerance of the role's precision (or is not a number)."""
    allowed = TOLERANCE["fp16" if role.endswith("fp16") else "fp32"]
    if not difference <= allowed:
        raise ParityError(f"{role}: the graph and PyTorch differ by {difference:.2e}, more than {allowed:.0e}")
