"""Devices: what is not there is said in one sentence."""

import pytest

from impasto.export.runtime.sessions import session
from impasto.export.runtime.sessions.lanes import Lanes
from impasto.models.errors import BadInput


def test_cuda_asked_for_and_missing(monkeypatch):
    monkeypatch.setattr(session.ort, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(BadInput, match="onnxruntime-gpu"):
        session.choose_device("cuda")
    assert session.choose_device("auto") == "cpu"


def test_auto_takes_cuda_where_it_is(monkeypatch):
    monkeypatch.setattr(session.ort, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    assert session.choose_device("auto") == "cuda"


def test_unknown_device():
    with pytest.raises(BadInput, match="auto, cpu or cuda"):
        session.choose_device("tpu")


def test_sessions_are_shared_and_set_up_on_purpose(tiny_model):
    first = session.open_session(tiny_model.path("frame"), "cpu", 2)
    assert session.open_session(tiny_model.path("frame"), "cpu", 2) is first
    assert first.get_session_options().intra_op_num_threads == 2


def test_memory_is_not_planned_for_each_size_of_frame(tiny_model):
    assert not session.open_session(tiny_model.path("step"), "cpu", 1).get_session_options().enable_mem_pattern


def test_memory_that_runs_out_while_a_graph_is_opened_is_no_fault_of_it(tiny_model, monkeypatch):
    def full(*_, **__):
        raise session.ort_state.Fail("[ONNXRuntimeError] : 1 : FAIL : Exception during loading: std::bad_alloc")

    lane = Lanes(lambda: session._start(str(tiny_model.path("frame")), "cpu", 1), 1)
    monkeypatch.setattr(session.ort, "InferenceSession", full)
    with pytest.raises(MemoryError):
        session.open_session(tiny_model.path("frame"), "cpu", 7)
    with pytest.raises(MemoryError), lane.borrow():
        raise AssertionError("opened")


def test_memory_that_runs_out_is_no_fault_of_the_graph():
    class Full:
        def run(self, outputs, feed):
            raise session.ort_state.RuntimeException("Failed to allocate memory for requested buffer of size 4096")

    with pytest.raises(MemoryError):
        session.run(Full(), ["painted"], {})
