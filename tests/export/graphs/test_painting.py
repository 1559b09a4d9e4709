"""T as processors compute it, beside T itself."""

from copy import deepcopy

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch

from impasto.export.graphs import exporter, painting
from impasto.export.graphs.wrappers import FrameGraph
from impasto.models.spec import TransformerSpec
from impasto.models.transformer import Transformer

pytestmark = pytest.mark.usefixtures("one_thread")

SPECS = {
    "stem of stride 1": TransformerSpec(channels=(4, 6, 8), blocks=1),
    "space to depth with skips": TransformerSpec((16, 32), 2, stem_kernel=6, stem_stride=2, end_kernel=3, skip=True),
}


class Call(torch.nn.Module):
    """A function with settings as a network."""

    def __init__(self, function, *settings):
        super().__init__()
        self.function, self.settings = function, settings

    def forward(self, *inputs):
        return self.function(*inputs, *self.settings)


def random(*shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(sum(shape)))


def network(spec):
    torch.manual_seed(0)
    t = Transformer(spec).eval()
    for conv in t.skip:  # not the zeros of an untrained one
        torch.nn.init.normal_(conv.conv.weight, std=0.1)
        torch.nn.init.normal_(conv.conv.bias, std=0.1)
    return t


def session_for(file):
    return ort.InferenceSession(str(file), providers=["CPUExecutionProvider"])


@pytest.fixture(scope="module")
def frame_graph(tmp_path_factory):
    """`frame_graph(spec, tuned)` → T of a description, and its graph on file as the exporter writes it, once."""
    folder, made = tmp_path_factory.mktemp("graphs"), {}

    def write(spec, tuned=True):
        if (str(spec), tuned) not in made:
            t, file = network(spec), folder / f"{len(made)}.onnx"
            inputs = {"frame": torch.rand(1, 3, 64, 96), "style": random(1, t.layout.size)}
            exporter._to_onnx(FrameGraph(t, tuned=tuned), inputs, ["painted"], file)
            made[str(spec), tuned] = t, file
        return made[str(spec), tuned]

    return write


@pytest.mark.parametrize(
    ("function", "channels", "outputs", "settings"),
    [
        (painting.convolved, 16, 16, ()),
        (painting.convolved, 5, 3, ()),
        (painting.doubled, 16, 8, ()),
        (painting.doubled, 3, 5, ()),
        (painting.spread, 16, None, (3, 2)),
        (painting.spread, 9, None, (1, 3)),
    ],
)
def test_operators_at_any_size(tmp_path, function, channels, outputs, settings):
    """Written at one size, run at others, the smallest among them."""
    of = [] if outputs is None else [random(outputs, channels, 3, 3), random(outputs)]
    graph = Call(lambda frame: function(frame, *of, *settings))
    exporter._to_onnx(graph, {"frame": random(1, channels, 16, 24)}, ["painted"], tmp_path / "g.onnx")
    session = session_for(tmp_path / "g.onnx")
    for height, width in ((16, 24), (4, 4), (36, 20)):
        z = random(1, channels, height, width)
        found = session.run(None, {"frame": z.numpy()})[0]
        np.testing.assert_allclose(found, function(z, *of, *settings).numpy(), atol=2e-4)


@pytest.mark.parametrize("name", SPECS)
def test_paints_what_the_network_paints(name, frame_graph):
    t, file = frame_graph(SPECS[name])
    session, style = session_for(file), random(1, t.layout.size)
    for size in ((64, 96), (32, 32), (96, 160)):
        frame = torch.rand(1, 3, *size)
        with torch.no_grad():
            painted = t(frame, style).numpy()
        found = session.run(None, {"frame": frame.numpy(), "style": style.numpy()})[0]
        assert np.abs(found - painted).max() <= 1e-5


@pytest.mark.parametrize("noise", [0.0, 0.2, 1.0])
@pytest.mark.parametrize("level", [0.0, 0.5, 1.0])
def test_an_even_frame_is_painted_as_the_network_paints_it(level, noise, frame_graph):
    """Through as many normalisations as T has, each of which enlarges what roundings leave in an even channel; noise,
    in levels of 255: as a covered lens has it."""
    t, file = frame_graph(TransformerSpec((16, 32), 5, stem_kernel=6, stem_stride=2, end_kernel=3, skip=True))
    style = 1 + random(1, t.layout.size)
    frame = (level + noise / 255 * random(1, 3, 64, 96)).clamp(0, 1)
    with torch.no_grad():
        painted = deepcopy(t).double()(frame.double(), style.double()).numpy()
    found = session_for(file).run(None, {"frame": frame.numpy(), "style": style.numpy()})[0]
    assert np.abs(found - painted).max() <= 0.2 / 255


@pytest.mark.parametrize("tuned", [True, False])
@pytest.mark.parametrize("name", SPECS)
def test_every_weight_lies_in_the_graph_by_its_name(name, tuned, frame_graph):
    """Whole and as PyTorch has it, so that other weights can be put in their place."""
    t, file = frame_graph(SPECS[name], tuned)
    graph = onnx.load(str(file)).graph
    held = {each.name: onnx.numpy_helper.to_array(each) for each in graph.initializer}
    for name, weight in t.named_parameters():
        if not name.startswith(("stabilizer.", "steady_style.")):
            np.testing.assert_array_equal(held[f"network.{name}"], weight.detach().numpy())


def test_multiplies_half_as_often_in_the_blocks(frame_graph):
    """Six products of three where there were four of nine: what a block's convolutions multiply, counted."""
    t, file = frame_graph(SPECS["space to depth with skips"])
    graph = onnx.load(str(file)).graph
    grouped = [
        {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute} for n in graph.node if n.op_type == "Conv"
    ]
    blocks = [settings for settings in grouped if settings.get("group") == painting.PRODUCTS]
    assert len(blocks) == 2 * t.spec.blocks
    assert all(settings["kernel_shape"] == [1, 3] for settings in blocks)
