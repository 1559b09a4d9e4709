"""The segmenter's graph: beside LiteRT's answers, NumPy's guided filter, and convolutions counted by hand."""

import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import onnxruntime as ort
import pytest
from figure import figure
from onnx import TensorProto, helper

from impasto.export.graphs.person import Nodes, segmenter
from impasto.models import rules
from impasto.models.store import person_file

# Of made-up people, every eighth answer of LiteRT 2.3.0 to the TFLite file, whose transposed convolution was written as
# the built-in one: rows and columns 4, 12, 20, …
REFERENCE = json.loads((Path(__file__).parent / "person_reference.json").read_text())


@pytest.fixture(scope="module")
def session():
    return ort.InferenceSession(person_file(), providers=["CPUExecutionProvider"])


def run(session, picture, last=None, hold=0.0):
    """Mask [h,w] and lines [2,h,w] of uint8 [h,w,3]."""
    planes = picture.transpose(2, 0, 1)[None].astype(np.float32) / 255
    last = np.zeros_like(planes[:, :1]) if last is None else last[None, None]
    mask, lines = session.run(
        ["mask", "lines"], {"picture": planes, "last": last, "hold": np.array([hold], np.float32)}
    )
    return mask[0, 0], lines[0]


@pytest.mark.parametrize("case", REFERENCE, ids=lambda case: f"at {case['across']}")
def test_the_answers_are_litert_s(session, case):
    mask, _ = run(session, figure(144, 256, case["across"]))
    answer = np.array(case["answer"])
    assert answer.max() > 0.99
    assert answer.min() < 0.01
    assert np.abs(mask[4::8, 4::8] - answer).max() < 1e-3


@pytest.mark.parametrize(("height", "width"), [(192, 192), (256, 144), (160, 224)])
def test_pictures_of_any_shape(session, height, width):
    mask, lines = run(session, figure(height, width))
    assert mask.shape == (height, width)
    assert lines.shape == (2, height, width)
    assert mask[height // 3, width // 2] > 0.9  # the face
    assert mask[: height // 8, : width // 8].max() < 0.1


def test_the_mask_holds_still_and_follows(session):
    picture = figure(144, 256)
    answer, _ = run(session, picture)
    rng = np.random.default_rng(1)
    last = np.clip(answer + rng.uniform(-0.9, 0.9, answer.shape), 0, 1).astype(np.float32)
    mask, _ = run(session, picture, last, 0.8)
    change = np.abs(answer - last)
    expected = answer + 0.8 * (1 - np.minimum(change / rules.PERSON_FOLLOW, 1)) * (last - answer)
    np.testing.assert_allclose(mask, expected, atol=1e-5)
    assert np.array_equal(mask[change > rules.PERSON_FOLLOW], answer[change > rules.PERSON_FOLLOW])


def test_the_lines_are_the_guided_filter_s(session):
    picture = figure(64, 96)
    mask, lines = run(session, picture)
    light = picture.astype(np.float64) @ rules.LUMA / 255

    def box(x):
        near = rules.PERSON_WINDOW // 2
        rows, columns = (range(n) for n in x.shape)
        return np.array(
            [
                [x[max(i - near, 0) : i + near + 1, max(j - near, 0) : j + near + 1].mean() for j in columns]
                for i in rows
            ]
        )

    mask = mask.astype(np.float64)
    covariance = box(light * mask) - box(light) * box(mask)
    a = covariance / (box(light * light) - box(light) ** 2 + rules.PERSON_EDGE)
    b = box(mask) - a * box(light)
    np.testing.assert_allclose(lines, np.stack([box(a), box(b)]), atol=2e-3)


def test_only_what_every_runtime_computes():
    kinds = {node.op_type for node in onnx.load(person_file()).graph.node}
    assert kinds <= {
        "Abs", "Add", "AveragePool", "Cast", "Clip", "Concat", "Conv", "ConvTranspose", "Div", "GlobalAveragePool",
        "HardSigmoid", "Mul", "Relu", "Resize", "Sigmoid", "Slice", "Sub",
    }  # fmt: skip
    assert person_file().stat().st_size < 300_000


class File:
    """A made-up TFLite file of one operator."""

    def __init__(self, kind, shapes, constants=(), **options):
        self.constants = dict(enumerate(constants, 1))
        operator = SimpleNamespace(inputs=[0, *self.constants], outputs=[9], builtinOptions=SimpleNamespace(**options))
        self.graph = SimpleNamespace(inputs=[0], outputs=[9], operators=[operator])
        self.kind, self.shape = lambda _: kind, shapes.__getitem__


@pytest.mark.parametrize(("size", "stride", "padding"), [(3, 2, 0), (5, 2, 0), (5, 1, 0), (3, 1, 0), (2, 2, 1)])
def test_paddings_are_tensorflow_s(size, stride, padding):
    rng = np.random.default_rng(size)
    x, kernel = rng.normal(size=(8, 8)), rng.normal(size=(size, size)).astype(np.float16).astype(np.float32)
    file = File(
        "CONV_2D", {0: [1, 8, 8, 1]}, [kernel[None, :, :, None], np.zeros(1, np.float32)],
        strideH=stride, strideW=stride, padding=padding, fusedActivationFunction=0,
    )  # fmt: skip
    nodes = Nodes()
    out = segmenter(file, nodes, "x")
    value = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 1, None, None]) for name in ("x", out)]
    graph = helper.make_graph(nodes.nodes, "g", value[:1], value[1:], nodes.initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    session = ort.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"x": x[None, None].astype(np.float32)})

    # TensorFlow's rule: ⌈n / stride⌉ results; of the zeros that takes, the odd one lies behind.
    before = max((-(-8 // stride) - 1) * stride + size - 8, 0) // 2 if padding == 0 else 0
    wide = np.zeros((20, 20))
    wide[before : before + 8, before : before + 8] = x
    count = -(-8 // stride) if padding == 0 else (8 - size) // stride + 1
    expected = [
        [(wide[i * stride : i * stride + size, j * stride : j * stride + size] * kernel).sum() for j in range(count)]
        for i in range(count)
    ]
    np.testing.assert_allclose(found[0, 0], expected, atol=1e-4)


def test_operators_that_nobody_wrote_are_refused():
    with pytest.raises(ValueError, match="operator GELU is unknown"):
        segmenter(File("GELU", {}), Nodes(), "x")
    file = File("RESIZE_BILINEAR", {}, alignCorners=True, halfPixelCenters=False)
    with pytest.raises(ValueError, match="half-pixel"):
        segmenter(file, Nodes(), "x")
