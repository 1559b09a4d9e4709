"""The faster form of T computes the same values, at every pixel, borders included."""

import pytest
import torch

from impasto.export.graphs.polyphase import PolyphaseTransformer
from impasto.models.spec import PUBLISHED, SPACE_TO_DEPTH, TransformerSpec
from impasto.models.transformer import Transformer


@pytest.mark.parametrize("spec", [PUBLISHED, TransformerSpec((3, 5), 1), TransformerSpec((4, 6, 8), 1, 5, 1, 7)])
@pytest.mark.parametrize("size", [(24, 32), (16, 40)])
def test_equals_the_plain_form(spec, size):
    torch.manual_seed(0)
    t = Transformer(spec).double().eval()
    fast = PolyphaseTransformer(t).double()
    frame, style = torch.rand(1, 3, *size).double(), torch.randn(1, t.layout.size).double()
    with torch.no_grad():
        assert (fast(frame, style) - t(frame, style)).abs().max() < 1e-12


def test_refuses_a_network_that_needs_no_rewriting():
    with pytest.raises(ValueError, match="full-resolution"):
        PolyphaseTransformer(Transformer(SPACE_TO_DEPTH))
