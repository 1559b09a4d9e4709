"""Exported graphs: they agree with PyTorch, keep to what browsers can run, and nothing half-made is left behind."""

import json
import shutil
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from impasto.export import exporter, parity
from impasto.export.model import load_model
from impasto.models.errors import BadInput
from impasto.models.spec import TransformerSpec
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights

GRAPHS = ("style", "frame", "style_fp16", "frame_fp16")


@pytest.mark.parametrize("size", [(16, 24), (64, 40), (136, 96)])
def test_frame_graph_equals_pytorch_at_any_size(tiny_networks, tiny_model, size):
    p, t = tiny_networks
    style = p(torch.rand(1, 3, 256, 256)).detach()
    frame = torch.rand(1, 3, *size)
    session = ort.InferenceSession(str(tiny_model.path("frame")), providers=["CPUExecutionProvider"])
    painted = session.run(["painted"], {"frame": frame.numpy(), "style": style.numpy()})[0]
    assert np.abs(painted - t(frame, style).detach().numpy()).max() <= 1e-4


def test_space_to_depth_layout_exports_and_agrees(tiny_networks, tmp_path):
    """Our own layout, with P's heads cut to its size."""
    p, _ = tiny_networks
    torch.manual_seed(1)
    t = Transformer(TransformerSpec((4, 6), 1, stem_kernel=6, stem_stride=2, end_kernel=3)).eval()
    p = type(p)(p.spec, t.layout)
    model = exporter.export_model(p, t, tmp_path / "s2d")
    assert model.figures["parity"]["frame"] <= 1e-4
    assert model.style_size == t.layout.size


@pytest.mark.parametrize("role", GRAPHS)
def test_keeps_to_what_browsers_run(tiny_model, role):
    graph = onnx.load(str(tiny_model.path(role)))
    onnx.checker.check_model(graph, full_check=True)
    assert [o.version for o in graph.opset_import if o.domain == ""] == [18]
    used = {n.op_type for n in graph.graph.node}
    assert not used & {"SpaceToDepth", "Shape", "Gather", "Loop", "If", "GridSample"}
    for node in graph.graph.node:
        pads = [onnx.helper.get_attribute_value(a) for a in node.attribute if a.name == "auto_pad"]
        assert pads in ([], [b"NOTSET"])
    if role.startswith("frame"):
        normalised = sum(n.op_type == "InstanceNormalization" for n in graph.graph.node)
        assert normalised == len(tiny_model.layout)
        assert [i.name for i in graph.graph.input] == ["frame", "style"]
    assert not [i.name for i in graph.graph.initializer if i.external_data]


def test_float16_graphs_compute_in_float16_behind_float32_edges(tiny_model):
    graph = onnx.load(str(tiny_model.path("frame_fp16"))).graph
    for edge in [*graph.input, *graph.output]:
        assert edge.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    kinds = {i.data_type for i in graph.initializer if len(i.dims) == 4}
    assert kinds == {onnx.TensorProto.FLOAT16}


@pytest.mark.parametrize("role", GRAPHS)
def test_graphs_do_not_say_where_they_were_made(tiny_model, role):
    written = tiny_model.path(role).read_bytes()
    for trace in (b"site-packages", b"Traceback", b"stack_trace", str(Path.cwd()).encode()):
        assert trace not in written


def test_model_json_describes_the_folder(tiny_model):
    data = json.loads((tiny_model.folder / "model.json").read_text())
    assert data["format"] == 1
    assert {*GRAPHS, "weights", "gallery"} == set(data["files"])
    for entry in data["files"].values():
        assert (tiny_model.folder / entry["file"]).stat().st_size == entry["bytes"]
    last = data["layout"][-1]
    assert last["beta"][1] == data["style_size"]


def test_weights_come_back(tiny_networks, tiny_model):
    p, t = load_weights(tiny_model.path("weights"))
    for ours, theirs in ((p, tiny_networks[0]), (t, tiny_networks[1])):
        for name, value in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[name], value)


def test_refuses_to_finish_when_a_graph_differs(tiny_networks, tmp_path, monkeypatch):
    """A graph of other weights than the network's: nothing is written."""
    real = exporter._to_onnx

    def wrong(graph, inputs, output, path, sizes=None):
        if path.name == "frame.onnx":
            with torch.no_grad():
                graph.network.stem.weight.mul_(1.2)
        real(graph, inputs, output, path, sizes)

    monkeypatch.setattr(exporter, "_to_onnx", wrong)
    torch.manual_seed(3)
    p, t = tiny_networks
    with pytest.raises(parity.ParityError, match="frame"):
        exporter.export_model(p, t, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("role", "difference"), [("frame", 2e-4), ("frame_fp16", 2e-2), ("style", float("nan"))])
def test_tolerances(role, difference):
    with pytest.raises(parity.ParityError):
        parity.require(role, difference)


def test_keeps_out_of_folders_that_are_no_model(tiny_networks, tmp_path):
    (tmp_path / "letter.txt").write_text("precious")
    with pytest.raises(BadInput, match="not a model"):
        exporter.export_model(*tiny_networks, tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "precious"


def test_replaces_a_model_whole(tiny_networks, tiny_model, tmp_path):
    shutil.copytree(tiny_model.folder, tmp_path / "m")
    (tmp_path / "m" / "left over.txt").write_text("from an older version")
    exporter.export_model(*tiny_networks, tmp_path / "m", name="second")
    assert load_model(tmp_path / "m").name == "second"
    assert [f.name for f in tmp_path.iterdir()] == ["m"]
    assert not (tmp_path / "m" / "left over.txt").exists()


def test_weights_of_something_else(tmp_path):
    (tmp_path / "w.safetensors").write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match="does not hold the weights"):
        load_weights(tmp_path / "w.safetensors")
