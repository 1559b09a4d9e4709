"""The sweep: what it measures, that rows differ only where they should, and what it writes."""

import json

import numpy as np
import onnxruntime as ort
import pytest
import torch

from impasto.models.spec import PUBLISHED, SPACE_TO_DEPTH, TransformerSpec
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights
from impasto.train import sweep

ROWS = {
    "narrow": TransformerSpec(channels=(3, 4), blocks=1, stem_kernel=6, stem_stride=2, end_kernel=3),
    "wide": TransformerSpec(channels=(4, 8), blocks=1, stem_kernel=6, stem_stride=2, end_kernel=3),
}


@pytest.fixture(scope="module")
def graphs(tmp_path_factory):
    """Each row's frame graph, exported once."""
    folder, found = tmp_path_factory.mktemp("graphs"), {}
    for name, spec in ROWS.items():
        torch.manual_seed(3)
        found[name] = sweep.frame_graph(spec, (32, 48), folder / f"{name}.onnx")
    return found


@pytest.fixture(scope="module")
def swept(sources, tiny, graphs, tmp_path_factory):
    out, calls = tmp_path_factory.mktemp("sweep"), dict(sources)
    calls["teacher"] = calls.pop("start")
    config = tiny(sweep.image, steps=5)
    with pytest.MonkeyPatch.context() as patch:
        at_hand = {str(spec): graphs[name] for name, spec in ROWS.items()}
        patch.setattr(sweep, "frame_graph", lambda spec, size, file: at_hand[str(spec)])
        return out, sweep.sweep(config, out=out, rows=ROWS, rounds=2, size=(32, 48), **calls)


def test_costs_are_those_of_the_description():
    found = sweep.cost(SPACE_TO_DEPTH)
    assert found["macs_per_pixel"] == 8640
    t = Transformer(SPACE_TO_DEPTH)
    parts = (t.stem, t.contract, t.blocks, t.expand, t.skip, t.end)
    assert found["parameters"] == sum(w.numel() for part in parts for w in part.parameters())
    assert found["kb_fp16"] == round(found["parameters"] / 500)


def test_rows_are_networks_of_their_own_that_suit_every_frame():
    assert len({str(spec) for spec in sweep.ROWS.values()}) == len(sweep.ROWS) >= 5
    assert sweep.ROWS["published"] == PUBLISHED
    for spec in sweep.ROWS.values():
        assert sweep.HEIGHT % spec.multiple == sweep.WIDTH % spec.multiple == sweep.SETTINGS.size % spec.multiple == 0


def test_what_is_timed_is_the_network(graphs):
    torch.manual_seed(3)
    t = Transformer(ROWS["wide"])
    frame, style = torch.rand(1, 3, 32, 48), torch.rand(1, t.layout.size)
    found = ort.InferenceSession(str(graphs["wide"])).run(None, {"frame": frame.numpy(), "style": style.numpy()})[0]
    np.testing.assert_allclose(found, t(frame, style).detach().numpy(), atol=1e-4)


def test_the_larger_network_costs_more(swept):
    narrow, wide = (swept[1]["rows"][name] for name in ROWS)
    assert narrow["macs_per_pixel"] < wide["macs_per_pixel"]
    assert narrow["parameters"] < wide["parameters"]
    assert narrow["ms"] > 0


def test_losses_are_the_mean_of_the_last_steps(swept, log):
    out, result = swept
    lines = log(out / "narrow")
    assert len(lines) == 5
    assert result["rows"]["narrow"]["texture"] == pytest.approx(
        lines[-1]["terms"]["texture"], abs=1e-4
    )  # a fifth of five
    assert result["rows"]["narrow"]["total"] == pytest.approx(lines[-1]["total"], abs=1e-4)


def test_rows_begin_with_the_same_predictor_but_for_the_heads(swept, sources):
    teacher, _ = load_weights(sources["start"])
    for name, spec in ROWS.items():
        p, t = load_weights(swept[0] / name / "start.safetensors")
        assert t.spec == spec
        image = torch.rand(1, 3, 32, 32)
        assert torch.equal(p.bottleneck_of(image), teacher.bottleneck_of(image))
        assert p.layout == t.layout


def test_table_and_figures_are_written(swept):
    out, result = swept
    assert json.loads((out / "sweep.json").read_text()) == result
    table = (out / "sweep.md").read_text()
    assert table == sweep.markdown(result)
    assert "| narrow | 3-4 | 1 | 6×6 / 2 | 3×3 |" in table
    header, rule, *rows = table.splitlines()[2:]
    assert {line.count("|") for line in (header, rule, *rows)} == {header.count("|")}
    assert len(rows) == 2


def test_called_again_it_goes_on(swept, sources, tiny, log):
    out, calls = swept[0], dict(sources)
    calls["teacher"] = calls.pop("start")
    again = sweep.train_row(tiny(sweep.image, steps=6), ROWS["wide"], run=out / "wide", **calls)
    assert [line["step"] for line in log(out / "wide")] == [1, 2, 3, 4, 5, 6]
    assert again["total"] > 0
