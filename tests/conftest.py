"""What tests share: a tiny model and pictures made by code."""

import contextlib
import shutil
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from impasto.export.runtime.model import load_model
from impasto.export.runtime.sample import picture
from impasto.models.store import RELEASED

sys.path.append(str(Path(__file__).parent))  # for odd_clips.py

TINY = Path(__file__).parent / "contract" / "tiny"


@contextlib.contextmanager
def alone_on_a_core():
    """PyTorch with one thread: bit for bit the same, and ten times as fast where others want the cores too."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@pytest.fixture
def one_thread():
    with alone_on_a_core():
        yield


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory):
    """The committed model of the contract, `tests/contract/tiny`, with one built-in style, "waves": a copy of it."""
    folder = tmp_path_factory.mktemp("models") / "tiny"
    return load_model(shutil.copytree(TINY, folder))


@pytest.fixture(scope="session")
def tiny_in_tiles(tiny_model, tmp_path_factory):
    """`tiny_model` with the graph by which OpenVINO studies."""
    import onnx_ir as ir

    from impasto.export.runtime.model import describe
    from impasto.export.runtime.study import open_graphs
    from impasto.models.weights import load_weights
    from impasto.train.study import graph
    from impasto.train.study.weights import own_vgg

    folder = shutil.copytree(tiny_model.folder, tmp_path_factory.mktemp("models") / "tiny")
    t, (pictures, side) = load_weights(tiny_model.path("weights"))[1], open_graphs(tiny_model, 1).batch
    with alone_on_a_core():
        inputs = graph.example(t.requires_grad_(False), pictures, side)
        ir.save(graph.step_graph(t, own_vgg(), inputs, tiles=True), folder / "study_tiles.onnx")
    files = tiny_model.files | describe(folder, {"study_tiles": "study_tiles.onnx"})
    return replace(tiny_model, folder=folder, files=files)


@pytest.fixture(scope="session")
def tiny_networks(tiny_model):
    """P and T of the tiny model: random weights, small enough to run in moments."""
    from impasto.models.weights import load_weights

    p, t = load_weights(tiny_model.path("weights"))
    return p.eval(), t.eval()


@pytest.fixture
def graphs_at_hand(tiny_model, one_thread, monkeypatch):
    """Whatever is exported gets the graphs of `tiny_model`, in no time; all the rest, checks too, is done."""
    from impasto.export.graphs import exporter

    def copied(p, t, folder, progress):
        files = {role: tiny_model.path(role) for role in tiny_model.files if not role.startswith("study")}
        graphs = {role: file.name for role, file in files.items() if file.suffix == ".onnx"}
        for name in graphs.values():
            shutil.copy(tiny_model.folder / name, folder / name)
        return graphs

    monkeypatch.setattr(exporter, "_write_graphs", copied)


@pytest.fixture
def scene():
    """A made-up picture, uint8 [90,130,3]."""
    return (picture(90, 130) * 255).astype(np.uint8)


@pytest.fixture(params=sorted(path.name for path in RELEASED.iterdir() if (path / "model.json").is_file()))
def released(request):
    """Each model that comes along."""
    return load_model(request.param)
