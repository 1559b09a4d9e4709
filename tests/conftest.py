"""What tests share: a tiny model, exported once, and pictures made by code."""

import contextlib
import shutil

import numpy as np
import pytest

from impasto.export.runtime.model import load_model
from impasto.export.runtime.sample import picture
from impasto.models.store import RELEASED


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
def tiny_networks():
    """P and T with random weights, small enough to export and run in moments."""
    import torch

    from impasto.models.predictor import Predictor, PredictorSpec
    from impasto.models.spec import TransformerSpec
    from impasto.models.transformer import Transformer

    torch.manual_seed(0)
    t = Transformer(TransformerSpec(channels=(4, 6, 8), blocks=1)).eval()
    spec = PredictorSpec(stem=4, stages=((1, 4, 1, 1), (2, 6, 1, 2)), last=16, bottleneck=8, statistics=6)
    p = Predictor(spec, t.layout).eval()
    torch.manual_seed(0)
    torch.nn.init.normal_(p.heads.weight, std=0.5)
    torch.nn.init.normal_(p.correct.weight, std=0.05)
    torch.nn.init.normal_(t.steady_style.scale, std=0.1)
    torch.nn.init.normal_(t.steady_style.shift, std=0.1)
    return p, t


@pytest.fixture(scope="session")
def tiny_model(tiny_networks, tmp_path_factory):
    """The tiny networks as a model folder with one built-in style, "waves"."""
    from impasto.export.graphs.exporter import export_model

    p, t = tiny_networks
    style = np.random.default_rng(5).normal(0.5, 1, t.layout.size)
    gallery = {"waves": {"title": "Waves", "artist": "made by code", "year": "2026", "style": style}}
    with alone_on_a_core():
        return export_model(p, t, tmp_path_factory.mktemp("models") / "tiny", gallery=gallery)


@pytest.fixture
def graphs_at_hand(tiny_model, one_thread, monkeypatch):
    """Whatever is exported gets the graphs of `tiny_model`, in no time; all the rest, checks too, is done."""
    from impasto.export.graphs import exporter

    def copied(p, t, folder):
        files = {role: tiny_model.path(role) for role in tiny_model.files}
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
