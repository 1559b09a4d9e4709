"""Graphs for phones: written another way value for value, at one size, and they paint as PyTorch does.

What converts needs the extra [mobile]; where it is not installed, the same tests see that this is said.
"""

import importlib.util

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from impasto.export.graphs import exporter, parity, tflite
from impasto.export.graphs.wrappers import StepGraph
from impasto.export.runtime.model import load_model
from impasto.models.errors import BadInput
from impasto.models.steady.motion import inside, pixel_grid
from impasto.models.steady.stabilizer import STATE
from impasto.webapp.cli.main import main

pytestmark = pytest.mark.usefixtures("one_thread")

MOBILE = all(importlib.util.find_spec(name) for name in ("litert_torch", "ai_edge_litert"))
SIZE = (96, 64)  # width, height
SENTENCE = 'A TFLite graph needs litert_torch: pip install "impasto[mobile]".'


@pytest.fixture
def style(tiny_networks):
    with torch.no_grad():
        return tiny_networks[0](torch.from_numpy(parity.probes(64, 64)["picture"])).numpy()


def test_frame_graph_paints_as_pytorch(tiny_networks, style, tmp_path):
    if not MOBILE:
        with pytest.raises(BadInput, match="needs litert_torch"):
            tflite.require_extra()
        return
    t, graph = tiny_networks[1], tmp_path / "frame.tflite"
    inputs = {"frame": torch.rand(1, SIZE[1], SIZE[0], 3), "style": torch.from_numpy(style)}
    tflite.convert(tflite.PhoneFrame(t), inputs, graph)
    tflite.round_weights(graph, tmp_path / "int8.tflite")
    files = (graph, tmp_path / "int8.tflite")
    exact, int8 = (tflite.frame_difference(t, file, [style], SIZE[::-1]) for file in files)
    assert exact <= parity.TOLERANCE["fp32"]
    assert 1e-3 < int8 < 1  # far off, but a painting
    assert (tmp_path / "int8.tflite").stat().st_size < graph.stat().st_size
    with pytest.raises(parity.ParityError, match=r"^frame_int8: "):
        parity.require("frame_int8", int8)


@pytest.mark.slow
@pytest.mark.timeout(1800)  # the stabilizer's operators are lowered one by one
def test_step_graph_paints_as_pytorch(tiny_networks, tmp_path):
    """All that `impasto export --tflite` writes, 16 frames on from each other."""
    if not MOBILE:
        with pytest.raises(BadInput, match="needs litert_torch"):
            tflite.require_extra()
        return
    files, figures = tflite.write_tflite(*tiny_networks, tmp_path, SIZE)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(files.values())
    assert figures["tflite"]["step_tflite"] <= parity.TOLERANCE["fp32"]


def test_the_missing_extra_is_named(tiny_model, tmp_path, monkeypatch, capsys):
    """Before anything is written, by the command line too."""
    monkeypatch.setattr(tflite.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(SystemExit) as stopped:
        main(["export", str(tiny_model.path("weights")), "-o", str(tmp_path / "m"), "--tflite"])
    assert stopped.value.code == 2
    assert SENTENCE in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_size_is_read_as_width_and_height():
    assert tflite.tflite_size_of("512x288") == (512, 288)
    assert tflite.tflite_size_of("64X96") == (64, 96)


@pytest.mark.parametrize(("text", "sentence"), [("512", "not WIDTHxHEIGHT"), ("axb", "not"), ("512x-288", "not")])
def test_sizes_that_are_none(text, sentence):
    with pytest.raises(BadInput, match=sentence):
        tflite.tflite_size_of(text)


@pytest.mark.parametrize("text", ["500x288", "512x32", "0x0"])
def test_sizes_that_the_networks_cannot_take(text):
    with pytest.raises(BadInput, match="multiples of 32 and at least 64"):
        tflite.tflite_size_of(text)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "constant"])
@pytest.mark.parametrize("pad", [(1, 1, 1, 1), (3, 2, 0, 4), (0, 0, 2, 0)])
def test_padding_by_slices_is_padding(mode, pad):
    x = torch.rand(1, 3, 7, 9)
    assert torch.equal(tflite.pad_by_slices(x, pad, mode), F.pad(x, pad, mode))


def test_reading_rows_is_grid_sample():
    image, grid = torch.rand(1, 5, 12, 18), pixel_grid(12, 18)
    flow = torch.randn(1, 2, 12, 18) * 0.3  # far over the edges, too, where it stays at the outermost pixels
    places = inside(grid, flow).permute(0, 2, 3, 1)
    how = ("bilinear", "zeros", False)
    torch.testing.assert_close(tflite.read_rows(image, places, *how), F.grid_sample(image, places, *how))


@torch.no_grad()
def test_the_rewritten_step_paints_as_the_step(tiny_networks, style):
    """Two frames, from nothing: the state goes round by its names."""
    t = tiny_networks[1]
    ours, theirs = tflite.PhoneStep(t), StepGraph(t)
    state = {name: torch.zeros(shape) for name, shape in tflite.state_shapes(SIZE).items()}
    past = [x.permute(0, 3, 1, 2) for x in state.values()]
    frames = parity.probes(SIZE[1], SIZE[0])
    for frame in (frames["picture"], np.roll(frames["picture"], 2, axis=3)):
        frame, shown = torch.from_numpy(frame), torch.from_numpy(style)
        painted, *past = theirs(frame, shown, torch.ones(1), *past)
        found = ours(frame.permute(0, 2, 3, 1), shown, torch.ones(1), **state)
        torch.testing.assert_close(found["painted"].permute(0, 3, 1, 2), painted, atol=2e-5, rtol=1e-4)
        state = {name: found[following] for name, following in tflite.NEXT.items()}
        for name, reference in zip(STATE, past, strict=True):
            torch.testing.assert_close(state[name].permute(0, 3, 1, 2), reference, atol=2e-5, rtol=1e-4)


def test_no_operator_of_whole_numbers_is_left_to_lower(tiny_networks, style):
    """STABLEHLO_IOTA, which LiteRT's interpreter lacks, comes from arange and eye; indices by axis are slow."""
    state = {name: torch.rand(shape) for name, shape in tflite.state_shapes(SIZE).items()}
    inputs = {"frame": torch.rand(1, SIZE[1], SIZE[0], 3), "style": torch.from_numpy(style), "stability": torch.ones(1)}
    program = torch.export.export(tflite.PhoneStep(tiny_networks[1]).eval(), (), inputs | state)
    used = {str(node.target).split(".")[1] for node in program.graph.nodes if str(node.target).startswith("aten.")}
    assert {"embedding", "cat"} <= used
    assert not used & {"arange", "eye", "grid_sampler", "index", "gather"}


def test_the_command_lists_what_it_wrote(tiny_model, graphs_at_hand, tmp_path, monkeypatch, capsys):
    """With the conversion itself left out."""

    def written(p, t, folder, size, gallery):
        for name in tflite.FILES.values():
            (folder / name).write_text(f"{size}")
        return tflite.FILES, {"tflite": {"frame_tflite": 2e-6, "frame_int8_tflite": 0.3, "step_tflite": 9e-6}}

    monkeypatch.setattr(exporter, "write_tflite", written)
    monkeypatch.setattr(tflite, "require_extra", lambda: None)
    command = ["export", str(tiny_model.path("weights")), "-o", str(tmp_path / "m"), "--tflite", "--tflite-size"]
    main([*command, "96x64"])
    assert "step.tflite agree to 9e-06; frame_int8.tflite is up to 0.30 off" in capsys.readouterr().out
    model = load_model(str(tmp_path / "m"))
    assert model.path("step_tflite").read_text() == "(96, 64)"
    assert model.figures["tflite"]["frame_int8_tflite"] == 0.3
    with pytest.raises(SystemExit):
        main([*command, "96x60"])
    assert "multiples of 32" in capsys.readouterr().err
