"""Times the frame and step graphs of a model with WebGPU outside a browser, on a real graphics processor.

    pip install onnxruntime-ep-webgpu==0.4.0
    python tests/browser/webgpu_speed.py [MODEL]

ONNX Runtime's WebGPU is the same code there as in the page's onnxruntime-web; what a browser adds is its queue and its
checks. Frames and the stabilizer's state travel to the graphics processor and back with every call, and are timed too.
"""

import sys
from collections.abc import Callable

import numpy as np
import onnxruntime as ort

from impasto.export.benchmark import SIZES
from impasto.export.runtime.model import Model, load_model
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions.timing import interleaved
from impasto.export.runtime.steady import Steady

ROUNDS = 30
GRAPHS = ("frame", "frame_fp16", "step", "step_fp16")


def devices() -> list:
    """The graphics processors that the WebGPU provider sees; ends with a sentence where there is none."""
    try:
        import onnxruntime_ep_webgpu as webgpu
    except ImportError:
        raise SystemExit("There is no WebGPU provider here: pip install onnxruntime-ep-webgpu==0.4.0") from None
    ort.register_execution_provider_library("webgpu", webgpu.get_library_path())
    found = [device for device in ort.get_ep_devices() if device.ep_name == webgpu.get_ep_name()]
    if not found:
        raise SystemExit("The WebGPU provider finds no graphics processor: is there a Vulkan driver?")
    return found


def calls(model: Model, options: ort.SessionOptions, height: int, width: int) -> dict[str, Callable[[], object]]:
    """Role of a graph → a call that paints one frame of this size."""
    filled = picture(*(side + -side % model.multiple for side in (height, width))).transpose(2, 0, 1)[None].copy()
    inputs = {"frame": filled, "style": np.full((1, model.style_size), 0.5, np.float32)}
    found: dict[str, Callable[[], object]] = {}
    for role in (role for role in GRAPHS if role in model.files):
        session = ort.InferenceSession(str(model.path(role)), options)
        if role.startswith("step"):
            steady = Steady(session, model.state)
            found[role] = lambda steady=steady: steady.paint(inputs, 1.0)
        else:
            found[role] = lambda session=session: session.run(None, inputs)
    return found


def main() -> None:
    model, options = load_model(sys.argv[1] if len(sys.argv) > 1 else "impasto"), ort.SessionOptions()
    options.add_provider_for_devices(devices()[:1], {})
    print("| graph | size | ms, median | frames a second |\n|---|---|---|---|")
    for size, (height, width) in SIZES.items():
        for role, times in interleaved(calls(model, options, height, width), ROUNDS).items():
            ms = float(np.median(times))
            print(f"| {role} | {size} | {ms:.1f} | {1000 / ms:.0f} |", flush=True)


if __name__ == "__main__":
    main()
