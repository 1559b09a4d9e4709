"""Devices: what is not there is said in one sentence."""

import pytest

from impasto.export.runtime import session
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
