"""What follows from a description: its cost, and where S lies in the S of a larger network."""

import pytest
import torch

from impasto.models.predictor import SMALL, PredictorSpec
from impasto.models.spec import PUBLISHED, SPACE_TO_DEPTH, StyleLayout, TransformerSpec
from impasto.models.transformer import Transformer

SPECS = {
    "published": PUBLISHED,
    "space to depth": SPACE_TO_DEPTH,
    "by four": TransformerSpec(channels=(20,), blocks=3, stem_kernel=8, stem_stride=4, end_kernel=3),
    "three widths": TransformerSpec(channels=(6, 10, 14), blocks=1, stem_kernel=6, stem_stride=2, end_kernel=5),
    "three widths, skips": TransformerSpec((6, 10, 14), 1, stem_kernel=6, stem_stride=2, end_kernel=5, skip=True),
}


@pytest.mark.parametrize("spec", SPECS.values(), ids=SPECS)
@torch.no_grad()
def test_cost_is_what_the_convolutions_really_multiply(spec):
    t, macs = Transformer(spec), 0

    def count(conv, _, output):
        nonlocal macs
        macs += output[0].numel() * conv.in_channels * conv.kernel_size[0] * conv.kernel_size[1]

    for module in t.modules():
        if isinstance(module, torch.nn.Conv2d):
            module.register_forward_hook(count)
    t(torch.rand(1, 3, 32, 48), torch.rand(1, t.layout.size))
    assert spec.macs_per_pixel == pytest.approx(macs / (32 * 48))


def test_multiplications_a_pixel():
    assert SPACE_TO_DEPTH.macs_per_pixel == 8640
    assert PUBLISHED.macs_per_pixel * 384**2 == pytest.approx(1.85e9, rel=0.002)


def test_a_smaller_s_is_found_in_a_larger_one_by_name():
    small, large = StyleLayout.of(SPACE_TO_DEPTH), StyleLayout.of(PUBLISHED)
    rows = small.within(large)
    theirs = {name: (gamma, beta) for name, gamma, beta in large.slices()}
    assert len(rows) == small.size
    for name, gamma, beta in small.slices():
        for own, there in zip((gamma, beta), theirs[name], strict=True):
            assert rows[own] == list(range(there.start, there.stop))
    assert large.within(large) == list(range(large.size))
    with pytest.raises(ValueError, match=r"expand2\.norm"):
        large.within(small)


@pytest.mark.parametrize(
    "change",
    [
        {"channels": [8, 100_000]},
        {"channels": []},
        {"channels": ["8"]},
        {"blocks": 10**9},
        {"blocks": True},
        {"stem_kernel": 0},
        {"epsilon": float("nan")},
        {"skip": 1},
    ],
)
def test_sizes_that_no_network_has_are_refused_before_one_is_built(change):
    with pytest.raises(ValueError):  # noqa: PT011 - whose words `load_weights` replaces by its own
        TransformerSpec.from_json({**PUBLISHED.to_json(), **change})


def test_sizes_of_p_are_bounded_too():
    assert PredictorSpec.from_json(SMALL.to_json()) == SMALL
    for change in ({"stages": [[6, 1024, 16, 1]] * 16}, {"bottleneck": 10**9}, {"stages": []}, {"stem": 0}):
        with pytest.raises(ValueError):  # noqa: PT011
            PredictorSpec.from_json({**SMALL.to_json(), **change})
