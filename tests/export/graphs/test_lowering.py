"""Operators written another way, beside PyTorch's own."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import torch.nn.functional as F

from impasto.export.graphs.lowering import TRANSLATIONS, with_fewer_operators


class Shuffle(torch.nn.Module):
    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, x):
        return F.pixel_shuffle(x, self.factor)


@pytest.mark.parametrize(("channels", "factor", "dtype"), [(4, 2, "float32"), (12, 2, "float16"), (18, 3, "float32")])
def test_pixel_shuffle_is_exact(tmp_path, channels, factor, dtype):
    x = torch.randn(1, channels, 6, 10, generator=torch.Generator().manual_seed(0)).to(getattr(torch, dtype))
    program = torch.onnx.export(
        Shuffle(factor).eval(),
        (x,),
        input_names=["x"],
        opset_version=18,
        dynamo=True,
        custom_translation_table=TRANSLATIONS,
    )
    program.save(str(tmp_path / "shuffle.onnx"))
    graph = onnx.load(str(tmp_path / "shuffle.onnx"))
    assert [node.op_type for node in graph.graph.node if node.op_type != "Constant"] == ["ConvTranspose"]
    if dtype == "float32":  # the other is for graphics processors
        session = ort.InferenceSession(str(tmp_path / "shuffle.onnx"), providers=["CPUExecutionProvider"])
        found = session.run(None, {"x": x.numpy()})[0]
    else:
        found = onnx.reference.ReferenceEvaluator(graph).run(None, {"x": x.numpy()})[0]
    np.testing.assert_array_equal(found, F.pixel_shuffle(x, factor).numpy())


class Cuts(torch.nn.Module):
    """Slices of slices, along other axes, along the same, and one that is needed by itself; a division by a number and
    one by a tensor."""

    def forward(self, x):
        rows = x[:, :, 1:]
        return (
            torch.cat([rows[..., :-2], rows[:, :, :, 2:], x[:, :, 2:][:, :, :-1, 1:-1]], 2) / 3 / (x[:, :, :1, :1] + 9)
        )


def test_fewer_operators_compute_the_same(tmp_path):
    x = torch.randn(1, 2, 6, 10, generator=torch.Generator().manual_seed(0))
    program = torch.onnx.export(Cuts().eval(), (x,), input_names=["x"], opset_version=18, dynamo=True)
    count = [node.op_type for node in program.model.graph].count
    before = {kind: count(kind) for kind in ("Slice", "Div")}
    with_fewer_operators(program.model)
    count = [node.op_type for node in program.model.graph].count
    assert before["Div"] == 2
    assert count("Div") == 1
    assert count("Slice") < before["Slice"]
    program.save(str(tmp_path / "cuts.onnx"))
    session = ort.InferenceSession(str(tmp_path / "cuts.onnx"), providers=["CPUExecutionProvider"])
    np.testing.assert_allclose(session.run(None, {"x": x.numpy()})[0], Cuts()(x).numpy(), rtol=1e-6)
