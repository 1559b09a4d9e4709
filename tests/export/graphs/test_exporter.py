"""Exported graphs: they agree with PyTorch, keep to what browsers can run, and nothing half-made is left behind."""

import copy
import json
import logging
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from impasto.export.graphs import exporter, parity
from impasto.export.graphs.in_tiles import FrameInTilesGraph
from impasto.export.graphs.wrappers import FrameGraph, StyleGraph
from impasto.export.runtime.model import load_model
from impasto.export.runtime.sample import picture
from impasto.export.runtime.steady import Steady
from impasto.models import feedback
from impasto.models.errors import BadInput
from impasto.models.rules import rules
from impasto.models.spec import TransformerSpec
from impasto.models.steady.stabilizer import KEY_FRAMES, STATE, Stabilizer
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights, save_weights

pytestmark = pytest.mark.usefixtures("one_thread")

PARTS = ("steady_style", "stabilize")  # what a step is beside T: float32 alone
GRAPHS = (*(role + precision for precision in ("", "_fp16") for role in ("style", "frame", "step")), *PARTS)
# Run by WebGPU. Nothing that computes with whole numbers: that would be done on the CPU, frame by frame. Where a shape
# is asked for, in float32 graphs, the answer needs nothing of the card.
RUN_BY_BROWSERS = {
    *("Abs", "Add", "AveragePool", "Cast", "Clip", "Concat", "Conv", "ConvTranspose", "CumSum", "Div", "Floor"),
    *(
        "Gemm",
        "GreaterOrEqual",
        "GridSample",
        "InstanceNormalization",
        "MatMul",
        "Mul",
        "Pad",
        "Pow",
        "Reciprocal",
        "ReduceMax",
    ),
    *(
        "ReduceMean",
        "ReduceSum",
        "Relu",
        "Reshape",
        "Resize",
        "Shape",
        "Sigmoid",
        "Slice",
        "Softmax",
        "Split",
        "Sqrt",
        "Sub",
        "Transpose",
    ),
    *("Unsqueeze",),
}


@pytest.mark.parametrize("size", [(32, 32), (64, 96), (160, 96)])
def test_frame_graph_equals_pytorch_at_any_size(tiny_networks, tiny_model, size):
    p, t = tiny_networks
    style = p(torch.rand(1, 3, 256, 256)).detach()
    frame = torch.rand(1, 3, *size)
    session = ort.InferenceSession(str(tiny_model.path("frame")), providers=["CPUExecutionProvider"])
    painted = session.run(["painted"], {"frame": frame.numpy(), "style": style.numpy()})[0]
    assert np.abs(painted - t(frame, style).detach().numpy()).max() <= 1e-4


@pytest.fixture
def space_to_depth():
    """A small T of our own layout."""
    torch.manual_seed(1)
    return Transformer(TransformerSpec((4, 6), 1, stem_kernel=6, stem_stride=2, end_kernel=3)).eval()


def test_the_frame_graph_of_the_space_to_depth_layout(space_to_depth, tmp_path):
    inputs = {"frame": torch.rand(1, 3, 64, 96), "style": torch.rand(1, space_to_depth.layout.size)}
    exporter._to_onnx(FrameGraph(space_to_depth), inputs, ["painted"], tmp_path / "frame.onnx")
    difference = parity.frame_difference(space_to_depth, tmp_path / "frame.onnx", inputs["style"].numpy())
    assert difference <= 1e-4


@pytest.mark.parametrize("size", [(32, 32), (160, 96)])
@pytest.mark.parametrize("spread_out", [False, True])
def test_the_frame_graph_for_tiles_equals_pytorch(tiny_networks, space_to_depth, tmp_path, spread_out, size):
    t = space_to_depth if spread_out else tiny_networks[1]
    inputs = {"frame": torch.rand(1, 3, 64, 96), "style": torch.rand(1, t.layout.size)}
    exporter._to_onnx(FrameInTilesGraph(t), inputs, ["painted"], tmp_path / "frame_tiles.onnx", {})
    assert parity.frame_difference(t, tmp_path / "frame_tiles.onnx", inputs["style"].numpy(), size) <= 1e-4


def test_a_style_graph_with_feedback(tiny_networks, tmp_path, monkeypatch):
    """Few photographs, few steps: what is repeated is the same operators."""
    monkeypatch.setattr(feedback, "STEPS", 1)
    photographs = (torch.rand(2, 3, 32, 32) * 255).byte()
    monkeypatch.setattr(feedback, "photographs", lambda: photographs)
    p, t = copy.deepcopy(tiny_networks[0]), tiny_networks[1]
    p.spec = replace(p.spec, side=64, feedback=0.3)
    exporter._to_onnx(StyleGraph(p, t), {"image": torch.rand(1, 3, 64, 64)}, ["style"], tmp_path / "style.onnx")
    assert parity.style_difference(p, t, tmp_path / "style.onnx") <= 1e-4


@pytest.mark.slow
def test_space_to_depth_layout_exports_and_agrees(tiny_networks, space_to_depth, tmp_path):
    """All of it, with P's heads cut to its size."""
    (p, _), t = tiny_networks, space_to_depth
    torch.nn.init.zeros_(t.stabilizer.crispness)  # untrained, it paints noise: sharpened, its rounding would grow too
    p = type(p)(p.spec, t.layout)
    model = exporter.export_model(p, t, tmp_path / "s2d")
    assert set(model.figures["parity"]) == {*GRAPHS, "frame_tiles"}
    assert max(model.figures["parity"][role] for role in ("style", "frame", "frame_tiles", "step", *PARTS)) <= 1e-4
    assert model.style_size == t.layout.size


@pytest.mark.parametrize("role", GRAPHS)
def test_keeps_to_what_browsers_run(tiny_model, role):
    graph = onnx.load(str(tiny_model.path(role)))
    onnx.checker.check_model(graph, full_check=True)
    assert [(o.domain, o.version) for o in graph.opset_import if o.domain == ""] == [("", 18)]
    assert {n.op_type for n in graph.graph.node} <= RUN_BY_BROWSERS
    for node in graph.graph.node:
        settings = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        assert settings.get("auto_pad", b"NOTSET") == b"NOTSET"
        if node.op_type == "Cast":
            assert settings["to"] in (onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16)
        if node.op_type == "Split":  # WebGPU promises a shader eight buffers, and one is the input
            assert len(node.output) <= 7
    if role.startswith(("frame", "step")):
        normalised = sum(n.op_type == "InstanceNormalization" for n in graph.graph.node)
        assert normalised == len(tiny_model.layout)


@pytest.mark.parametrize("role", ["step", "step_fp16"])
def test_step_graph_carries_its_state(tiny_model, role):
    graph = onnx.load(str(tiny_model.path(role))).graph
    assert [i.name for i in graph.input] == ["frame", "style", "stability", *(s["name"] for s in tiny_model.state)]
    fed = {s["name"]: s["from"] for s in tiny_model.state}
    assert [o.name for o in graph.output] == ["painted", *fed.values()]
    assert (fed["last_painting"], fed["last_tone"], fed["key_chroma"]) == (
        "next_painting",
        "next_tone",
        "next_key_chroma",
    )
    edges = [*graph.input, *graph.output]
    sizes = {v.name: [d.dim_param or d.dim_value for d in v.type.tensor_type.shape.dim] for v in edges}
    assert sizes["stability"] == [1]
    for name in ("frame", "painted"):
        assert sizes[name] == [1, 3, "h", "w"]
    for name, (channels, over) in STATE.items():
        sides = ["h", "w"] if over == 1 else [f"h/{over}", f"w/{over}"]
        assert sizes[name] == sizes[fed[name]] == [1, channels, *sides]
    assert sum(n.op_type == "GridSample" for n in graph.node) > 1


@pytest.mark.parametrize("stability", [1.0, 0.4])
def test_the_parts_of_a_step_make_the_same_pictures(tiny_networks, tiny_model, stability):
    """T, the steady style and the stabilizer run one by one; the first frame of a scene has the style itself."""
    sessions = {
        role: ort.InferenceSession(str(tiny_model.path(role)), providers=["CPUExecutionProvider"])
        for role in ("step", "frame", *PARTS)
    }
    names = {i.name for i in sessions["stabilize"].get_inputs()}
    assert names == {"frame", "painting", "stability", *STATE}
    whole, parts = (Steady(sessions[role], tiny_model.state) for role in ("step", "stabilize"))
    style, dial = tiny_model.gallery()["waves"]["style"][None], np.array([stability], np.float32)
    mixed = sessions["steady_style"].run(None, {"style": style, "stability": dial})[0]
    assert np.abs(mixed - style).max() > 1e-3
    scene = picture(64 + 2 * 15, 96 + 2 * 15).transpose(2, 0, 1)[None]
    for step in range(15):
        frame = np.ascontiguousarray(scene[:, :, 2 * step : 2 * step + 64, step : step + 96])
        given = {"frame": frame, "style": style if step == 0 else mixed}
        painting = sessions["frame"].run(None, given)[0]
        ours = parts.paint({"frame": frame, "painting": painting}, stability)
        steady = whole.paint({"frame": frame, "style": style}, stability)
        assert np.abs(ours - steady).max() <= 1e-5


@pytest.mark.parametrize("size", [(64, 96), (32, 32), (32, 160), (160, 96)])
def test_step_graph_equals_pytorch_at_any_size(tiny_networks, tiny_model, size):
    """Moving frames past the second key, each side carrying its own paintings, at the size of the export and others."""
    p, t = tiny_networks
    style = p(torch.rand(1, 3, 256, 256, generator=torch.Generator().manual_seed(2))).detach().numpy()
    assert parity.STEPS > KEY_FRAMES + 2
    assert parity.step_difference(t, tiny_model.path("step"), tiny_model.state, style, size) <= 1e-4


@pytest.mark.parametrize(("role", "computes_in"), [("frame_fp16", {"FLOAT16"}), ("step_fp16", {"FLOAT", "FLOAT16"})])
def test_float16_graphs_have_float32_edges(tiny_model, role, computes_in):
    """And the stabilizer is float32 throughout: half a coordinate's bits would not tell pixels apart."""
    graph = onnx.load(str(tiny_model.path(role))).graph
    for edge in [*graph.input, *graph.output]:
        assert edge.type.tensor_type.elem_type == onnx.TensorProto.FLOAT
    kinds = {i.data_type for i in graph.initializer if len(i.dims) == 4}
    assert {onnx.TensorProto.DataType.Name(kind) for kind in kinds} == computes_in
    for weights in graph.initializer:
        if weights.name.startswith("stabilizer."):
            assert weights.data_type == onnx.TensorProto.FLOAT


@pytest.mark.parametrize("role", ["step", "step_fp16", "stabilize"])
def test_step_graphs_compute_with_no_shapes(tiny_model, role):
    """Such operators leave the graphics card: every frame would wait for the processor."""
    operators = {node.op_type for node in onnx.load(str(tiny_model.path(role))).graph.node}
    assert ("Shape" in operators) == (role == "step")  # T's Winograd tiles are put back by it: of a size, not of pixels
    assert not operators & {"Size", "Gather", "Range", "Expand", "ConstantOfShape", "SpaceToDepth", "NonZero"}


@pytest.mark.parametrize("role", GRAPHS)
def test_graphs_do_not_say_where_they_were_made(tiny_model, role):
    written = tiny_model.path(role).read_bytes()
    for trace in (b"site-packages", b"Traceback", b"stack_trace", str(Path.cwd()).encode()):
        assert trace not in written


def test_model_json_describes_the_folder(tiny_model):
    data = json.loads((tiny_model.folder / "model.json").read_text())
    assert data["format"] == 3
    studied = {"study", "study_content", "study_painting"}  # added to it by the training side
    assert {*GRAPHS, "weights", "gallery"} == set(data["files"]) - studied
    for entry in data["files"].values():
        assert (tiny_model.folder / entry["file"]).stat().st_size == entry["bytes"]
    assert data["multiple"] == 32
    assert [state["name"] for state in data["state"]] == [*STATE]
    assert data["rules"] == rules(32)
    last = data["layout"][-1]
    assert last["beta"][1] == data["style_size"]


def test_weights_come_back(tiny_networks, tiny_model):
    p, t = load_weights(tiny_model.path("weights"))
    for ours, theirs in ((p, tiny_networks[0]), (t, tiny_networks[1])):
        for name, value in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[name], value)


class Halves(torch.nn.Module):
    """Splits what is constant, of which onnxscript's optimizer says that it lets it be."""

    def __init__(self):
        super().__init__()
        self.register_buffer("both", torch.arange(4.0).view(1, 4, 1, 1))

    def forward(self, image):
        a, b = self.both.split(2, 1)
        return image[:, :2] * a + b


def test_exporting_is_quiet(tmp_path, caplog):
    before = logging.root.manager.disable
    exporter._to_onnx(Halves(), {"image": torch.rand(1, 3, 8, 8)}, ["halves"], tmp_path / "halves.onnx")
    assert not caplog.records
    assert logging.root.manager.disable == before


def test_the_same_weights_are_the_same_file(tiny_networks, tmp_path):
    files = [tmp_path / f"{n}.safetensors" for n in range(6)]
    for file in files:
        save_weights(*tiny_networks, file)
    assert len({file.read_bytes() for file in files}) == 1
    with safe_open(files[0], "pt") as file:
        assert set(file.metadata()) == {"predictor", "transformer"}


@pytest.mark.parametrize("earlier", ["none", "with more to say"])
def test_weights_with_a_stabilizer_of_an_earlier_kind(tiny_networks, tmp_path, earlier):
    """It is as it is made, as a whole, and the rest is what was stored."""
    p, t = copy.deepcopy(tiny_networks)
    torch.nn.init.constant_(t.steady_style.scale, 0.1)
    torch.nn.init.zeros_(t.stabilizer.crispness)
    t.stabilizer.judge[2] = torch.nn.Conv2d(8, 1, 3)
    save_weights(p, t, tmp_path / "all.safetensors")
    tensors = load_file(tmp_path / "all.safetensors")
    if earlier == "none":
        tensors = {name: value for name, value in tensors.items() if "stabilizer" not in name}
    with safe_open(tmp_path / "all.safetensors", "pt") as file:
        save_file(tensors, tmp_path / "earlier.safetensors", file.metadata())
    found = load_weights(tmp_path / "earlier.safetensors")[1]
    for name, value in Stabilizer().state_dict().items():
        if not name.startswith("judge.0"):  # random
            assert torch.equal(found.stabilizer.state_dict()[name], value), name
    for name, value in t.state_dict().items():
        assert name.startswith("stabilizer") or torch.equal(found.state_dict()[name], value), name


def change(module):
    with torch.no_grad():
        for weight in module.parameters():
            weight.mul_(1.2).add_(0.05)


@pytest.mark.parametrize(
    ("part", "role"),
    [(lambda p, t: p.heads, "style"), (lambda p, t: t.stem, "frame"), (lambda p, t: t.stabilizer, "step")],
    ids=["style", "frame", "step"],
)
def test_refuses_to_finish_when_a_graph_differs(tiny_networks, graphs_at_hand, tmp_path, part, role):
    """Graphs of other weights than the networks': nothing is written."""
    p, t = copy.deepcopy(tiny_networks)
    change(part(p, t))
    with pytest.raises(parity.ParityError, match=f"^{role}: "):
        exporter.export_model(p, t, tmp_path / "m")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("role", "difference"), [("frame", 2e-4), ("frame_fp16", 2e-2), ("step", 2e-4), ("style", float("nan"))]
)
def test_a_graph_beyond_its_tolerance_is_refused(role, difference):
    with pytest.raises(parity.ParityError):
        parity.require(role, difference)


def test_keeps_out_of_folders_that_are_no_model(tiny_networks, tmp_path):
    (tmp_path / "letter.txt").write_text("precious")
    with pytest.raises(BadInput, match="not a model"):
        exporter.export_model(*tiny_networks, tmp_path)
    assert (tmp_path / "letter.txt").read_text() == "precious"


def test_replaces_a_model_whole(tiny_networks, tiny_model, graphs_at_hand, tmp_path):
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
    for nothing in (tmp_path, tmp_path / "done"):
        with pytest.raises(BadInput, match=r"no weights at .*: name a run's folder or a weights file"):
            load_weights(nothing)


@pytest.mark.parametrize(
    ("inputs", "outputs", "settings", "wrong"),
    [
        *((i, o, {}, True) for i, o in ((6, 8), (9, 8), (18, 16), (6, 4))),
        *((i, o, {}, False) for i, o in ((3, 8), (4, 8), (5, 8), (8, 8), (12, 8), (6, 6))),
        (6, 8, {"kernel_size": 1}, False),
        (6, 12, {"groups": 6}, False),
    ],
)
def test_convolutions_that_webgpu_gets_wrong_are_known(inputs, outputs, settings, wrong):
    network = torch.nn.Sequential(torch.nn.Conv2d(inputs, outputs, **{"kernel_size": 3, **settings}))
    assert parity.wrong_on_webgpu(network, network) == [(inputs, outputs)] * wrong


@pytest.mark.parametrize(
    ("channels", "kernel", "wrong"), [(8, 8, True), (4, 16, True), (12, 8, True), (8, 9, False), (16, 8, False)]
)
def test_convolutions_that_tiles_get_wrong_are_known(channels, kernel, wrong):
    assert parity.wrong_in_tiles(torch.nn.Sequential(torch.nn.Conv2d(channels, 4, kernel))) == wrong


def test_webgpu_and_tiles_compute_what_is_released(released):
    p, t = load_weights(released.path("weights"))
    assert parity.wrong_on_webgpu(p, t) == []
    assert not parity.wrong_in_tiles(t)
