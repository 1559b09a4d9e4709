"""ONNX Runtime sessions set up on purpose: which device, how many threads, what happens between runs."""

import os
from functools import lru_cache
from pathlib import Path

import onnxruntime as ort

from impasto.models.errors import BadInput

PROVIDERS = {"cpu": "CPUExecutionProvider", "cuda": "CUDAExecutionProvider"}


def cores() -> int:
    """Cores this process may use (not those of the machine: containers and `taskset` give fewer)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


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
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1  # the graphs are chains: there is nothing to run side by side
    options.execution_mode = ort.ExecutionMode.ORT_SEQUENTIAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_ALL  # blocked layouts, fused activations
    # Idle workers would burn the time that decoding and encoding need, and so would ones that spin only within a run
    # (session.force_spinning_stop): a twentieth faster alone, a third slower where two paint at once.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return ort.InferenceSession(graph, options, providers=[PROVIDERS[device]])


def open_session(graph: Path, device: str = "auto", threads: int | None = None) -> ort.InferenceSession:
    """A session for a graph, shared by all who ask for the same. `threads` defaults to one per core."""
    device = choose_device(device)
    session = _session(str(graph), graph.stat().st_mtime_ns, device, threads or cores())
    if device == "cuda" and PROVIDERS["cuda"] not in session.get_providers():
        raise BadInput("CUDA was asked for but could not be started (driver or cuDNN missing): use --device cpu.")
    return session
