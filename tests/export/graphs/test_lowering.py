"""Operators written another way, beside PyTorch's own."""

import numpy as np
import onnx
import onnxruntime as ort
import pytest
import torch
import torch.nn.functional as F

from impasto.export.graphs.lowering import TRANSLATIONS


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
