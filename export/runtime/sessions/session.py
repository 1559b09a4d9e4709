"""ONNX Runtime sessions set up on purpose: which device, how many threads, what happens between runs."""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Protocol

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as ort_state  # pyright: ignore[reportAttributeAccessIssue]
from safetensors.numpy import load, save

from impasto.models.errors import BadInput
from impasto.models.number import is_whole

from .graph_weights import with_brush
from .lanes import Lanes
from .memory import is_short_of_memory
from .tiles import TilesSession

MOST_THREADS = 1024
PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


# What ONNX Runtime raises for a file that is no graph, or one that it cannot run. It derives them from Exception alone.
REFUSALS = (
    ort_state.Fail,
    ort_state.InvalidArgument,
    ort_state.InvalidGraph,
    ort_state.InvalidProtobuf,
    ort_state.NoSuchFile,
    ort_state.NotImplemented,
    ort_state.RuntimeException,
)


def cores() -> int:
    """Cores this process may use (not those of the machine: containers and `taskset` give fewer)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def threads_of(threads: int | None) -> int:
    """Threads that a network may use; None or 0 is one per core. Raises BadInput for what is no such number."""
    if threads is None:
        return cores()
    if not is_whole(threads) or not 0 <= threads <= MOST_THREADS:
        raise BadInput(f"Threads are a whole number from 1 to {MOST_THREADS}, not {threads!r}.")
    return int(threads) or cores()


def choose_device(device: str = "auto") -> str:
    """ "auto" → "cuda" where ONNX Runtime offers it, else "cpu". Raises BadInput for a device that is not there."""
    offered = ort.get_available_providers()
    if device == "auto":
        return "cuda" if PROVIDERS["cuda"] in offered else "cpu"
    if device not in PROVIDERS:
        raise BadInput(f"There is no device {device!r}: choose auto, cpu or cuda.")
    if PROVIDERS[device] not in offered:
        raise BadInput(
            "CUDA was asked for, but this ONNX Runtime has none: pip install onnxruntime-gpu in place of onnxruntime, "
            "or use --device cpu."
        )
    return device


@lru_cache(maxsize=8)
def _session(graph: str, stamp: int, device: str, threads: int) -> ort.InferenceSession:
    return _start(graph, device, threads)


# Few: each keeps the memory of the largest frame it has painted, and while the slider of a blend is dragged every
# position is another brush. A painter keeps its session even when it has been dropped here.
@lru_cache(maxsize=4)
def _session_with_brush(graph: str, stamp: int, device: str, threads: int, brush: bytes) -> ort.InferenceSession:
    return _start(with_brush(Path(graph).read_bytes(), load(brush)), device, threads)


@lru_cache(maxsize=4)
def _lanes(graph: str, stamp: int, brush: bytes | None, in_tiles: bool) -> Lanes:
    parts = load(brush) if brush else None
    if in_tiles:
        return Lanes(lambda: TilesSession(Path(graph), 1, parts), cores())
    changed = with_brush(Path(graph).read_bytes(), parts) if parts else graph
    return Lanes(lambda: _start(changed, "cpu", 1), cores())


def _as_key(brush: Mapping[str, np.ndarray]) -> bytes:
    """A brush as one hashable value, which `load` makes a brush again."""
    # safetensors writes an array's memory as it lies, whatever its strides: other orders than C's come back scrambled
    return save({name: np.ascontiguousarray(part) for name, part in brush.items()})


def _start(graph: str | bytes, device: str, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1  # the graphs are chains: there is nothing to run side by side
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL  # blocked layouts, fused activations
    # Between two parallel operators a worker thread spins, but not for long, and not after the run: waking it takes
    # longer than most small operators do, while one that spins takes the time that decoding and other painters need.
    # Compared with no spinning, one painter alone is a fifth faster and two at once are as fast; with endless spinning
    # one alone gains the same, and two at once are a fifth slower. 20 µs are too few for the small operators of a step
    # (2 % slower); with 100 µs two at once are a tenth slower.
    options.add_session_config_entry("session.intra_op.allow_spinning", "1")
    options.add_session_config_entry("session.intra_op.spin_duration_us", "50")
    options.add_session_config_entry("session.force_spinning_stop", "1")
    # Off: a plan of where every tensor lies, kept for each size of frame ever painted. A step at 1280×720 takes 370 MB
    # with it and 290 without, in the same time.
    options.enable_mem_pattern = False
    options.log_severity_level = 3
    try:
        return ort.InferenceSession(graph, options, providers=[PROVIDERS[device]])
    except REFUSALS as error:
        if is_short_of_memory(error):
            raise MemoryError from error
        raise


def open_session(
    graph: Path, device: str = "auto", threads: int | None = None, brush: Mapping[str, np.ndarray] | None = None
) -> ort.InferenceSession:
    """A session for a graph, shared by all who ask for the same. `threads` defaults to one per core.

    `brush`: parameter of T → what is added to it, one that fits: see `graph_weights.check_fits`. Raises BadInput for a
    graph that cannot be run, and for a device that is not there.
    """
    device, count = choose_device(device), threads_of(threads)
    try:
        key = str(graph), graph.stat().st_mtime_ns, device, count
        session = _session_with_brush(*key, _as_key(brush)) if brush else _session(*key)
    except (OSError, ValueError, *REFUSALS) as error:  # ValueError: what it says of a damaged graph may be no text
        raise BadInput(f"{graph} is not a graph that can be run; install or export the model again.") from error
    if device == "cuda" and PROVIDERS["cuda"] not in session.get_providers():
        raise BadInput("CUDA was asked for but could not be started (driver or cuDNN missing): use --device cpu.")
    return session


def open_lanes(graph: Path, brush: Mapping[str, np.ndarray] | None = None, in_tiles: bool = False) -> Lanes:
    """Sessions of one thread for a graph on the processor, one a core, shared by all who ask for the same. `brush`: as
    of `open_session`; `in_tiles`: they are `TilesSession`s, for a graph that is meant for these."""
    return _lanes(str(graph), graph.stat().st_mtime_ns, _as_key(brush) if brush else None, in_tiles)


def check_graph(session: ort.InferenceSession, graph: Path, inputs: dict[str, int], outputs: set[str]) -> None:
    """Raise BadInput unless a graph has these inputs of float32, name → size of the second dimension (0: any), and
    outputs."""
    found = {value.name: value.shape for value in session.get_inputs() if value.type == "tensor(float)"}
    fits = (
        len(session.get_inputs()) == len(inputs)
        and set(found) == set(inputs)
        and all(not size or (len(found[name]) > 1 and found[name][1] == size) for name, size in inputs.items())
    )
    if not fits or {value.name for value in session.get_outputs()} != outputs:
        raise BadInput(f"{graph} does not fit its model.json; install or export the model again.")


class Runs(Protocol):
    """What runs a graph as an `onnxruntime.InferenceSession` does, or is one."""

    def run(self, output_names: Sequence[str], input_feed: dict[str, np.ndarray], /) -> Sequence: ...


def run(session: Runs, outputs: Sequence[str], feed: dict[str, np.ndarray]) -> list[np.ndarray]:
    """These outputs of a graph. Raises as `running`."""
    with running(session):
        return [np.asarray(value) for value in session.run(list(outputs), feed)]


@contextmanager
def running(session: object) -> Iterator[None]:
    """Where a graph is run: BadInput for one that cannot be, MemoryError where there is no room."""
    try:
        yield
    except (ValueError, RuntimeError, *REFUSALS) as error:  # RuntimeError: from runs whose outputs are bound
        if is_short_of_memory(error):
            raise MemoryError from error
        graph = getattr(session, "_model_path", None) or "A graph of the model"
        raise BadInput(f"{graph} cannot be run on a frame; install or export the model again.") from error
