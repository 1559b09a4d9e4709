"""Frames painted by OpenVINO in bfloat16, beside the same painted by ONNX Runtime in float32.

The first have 8 bits of mantissa where the processor computes with these, else as many as the second; so what is
allowed is what eight bits give. Whether this processor is one that the graph is meant for matters only to `usable`.
"""

import os
import shutil
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
import torch

from impasto.export.graphs import exporter
from impasto.export.graphs.in_tiles import FrameInTilesGraph
from impasto.export.runtime.model import describe
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions import tiles
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.sessions.session import open_session
from impasto.export.runtime.side_by_side import side_by_side
from impasto.export.runtime.style_file import style_file
from impasto.models.errors import BadInput

MEAN = 3  # levels of 255; random weights are farther apart than trained ones
PROCESSOR = "processor\t: 0\nflags\t\t: fpu avx512f{}\nbogomips\t: 1\n"


@pytest.fixture(scope="module")
def model(tiny_model, tiny_networks, tmp_path_factory):
    """The tiny model with the graph that OpenVINO runs."""
    folder = shutil.copytree(tiny_model.folder, tmp_path_factory.mktemp("tiles") / "tiny")
    t = tiny_networks[1]
    inputs = {"frame": torch.rand(1, 3, 64, 96), "style": torch.rand(1, t.layout.size)}
    exporter._to_onnx(FrameInTilesGraph(t), inputs, ["painted"], folder / "frame_tiles.onnx", {})
    files = tiny_model.files | describe(folder, {"frame_tiles": "frame_tiles.onnx"})
    return replace(tiny_model, folder=folder, files=files)


@pytest.fixture
def style(tiny_model):
    return tiny_model.gallery()["waves"]["style"]


@pytest.fixture
def brush(model):
    known, rng = weights_of(model.path("frame").read_bytes()), np.random.default_rng(3)
    return {name: rng.normal(0, 0.1, weight.shape).astype(np.float16) for name, weight in known.items()}


@pytest.fixture
def clip():
    """A camera that moves over a made-up picture: uint8 [60,90,3]."""
    view = (picture(100, 140) * 255).astype(np.uint8)
    return [np.ascontiguousarray(view[t : t + 60, 2 * t : 2 * t + 90]) for t in range(10)]


@pytest.fixture
def painters(model, style, monkeypatch):
    """painters(**look): one that paints in tiles, one that does not, both with a style."""

    def both(**look):
        made = []
        for usable in (True, False):
            monkeypatch.setattr(tiles, "usable", lambda usable=usable: usable)
            made.append(Painter(model, "cpu", 2, Look(**look)))
            made[-1].use([style])
        return made

    return both


def apart(ours, reference):
    """Mean and largest difference."""
    off = np.abs(ours.astype(np.float32) - reference)
    return off.mean(), off.max()


@pytest.mark.parametrize("brushed", [False, True])
def test_frames_of_any_size_are_as_onnx_runtime_paints_them(model, style, brush, brushed):
    parts = brush if brushed else None
    session = tiles.TilesSession(model.path("frame_tiles"), 1, parts)
    reference = open_session(model.path("frame"), "cpu", 1, parts)
    for size in [(64, 96), (96, 64), (64, 64), (128, 96), (64, 96)]:  # more than it keeps, and the first again
        feed = {"frame": picture(*size).transpose(2, 0, 1)[None].copy(), "style": style[None]}
        room = np.empty(feed["frame"].shape, np.float32)
        found = session.run(["painted"], feed, room)[0]
        assert found is room
        mean, most = apart(255 * found, 255 * reference.run(["painted"], feed)[0])
        assert mean <= MEAN
        assert most <= 255 / 4


def test_an_even_frame_stays_even(model, style):
    session = tiles.TilesSession(model.path("frame_tiles"), 1)
    for grey in (0.0, 0.3, 1.0):
        frame = np.full((1, 3, 64, 64), grey, np.float32)
        assert session.run(["painted"], {"frame": frame, "style": style[None]})[0].std((2, 3)).max() < 1e-6


def test_what_is_no_graph_or_another_is_refused(model, tmp_path):
    (tmp_path / "damaged.onnx").write_bytes(b"not a graph at all")
    with pytest.raises(BadInput, match=r"damaged\.onnx cannot be run"):
        tiles.TilesSession(tmp_path / "damaged.onnx", 1)
    with pytest.raises(BadInput, match=r"does not fit its model\.json"):
        tiles.TilesSession(model.path("steady_style"), 1)
    session = tiles.TilesSession(model.path("frame_tiles"), 1)
    with pytest.raises(BadInput, match="cannot be run; install"):
        session.run(["painted"], {"frame": np.zeros((1, 3, 64, 64), np.float32), "style": np.zeros((1, 5), np.float32)})


def test_where_there_is_no_room(model, style, monkeypatch):
    session = tiles.TilesSession(model.path("frame_tiles"), 1)

    def refused(*_):
        raise RuntimeError("Exception from core.cpp: std::bad_alloc")

    monkeypatch.setattr(session, "_request", refused)
    with pytest.raises(MemoryError):
        session.run(["painted"], {"frame": np.zeros((1, 3, 64, 64), np.float32), "style": style[None]})


@pytest.mark.parametrize("look", [{}, {"stability": 0.5, "strength": 0.8}, {"stability": 0.0}])
def test_a_painter_paints_the_same_clip(painters, clip, look):
    ours, plain = painters(**look)
    assert ours.in_tiles
    assert not plain.in_tiles
    for frame in clip:
        mean, most = apart(ours.paint(frame), plain.paint(frame))
        assert mean <= MEAN
        assert most <= 255 / 4  # an untrained stabilizer sharpens noise
        assert (ours.motion is None) == (plain.motion is None)
    assert ours.settings() != plain.settings()


def test_a_painter_changes_its_share_of_the_cores_within_a_scene(painters, clip):
    ours, plain = painters()
    for n, frame in enumerate(clip[:4]):
        ours.threads = 1 + n % 2
        assert apart(ours.paint(frame), plain.paint(frame))[0] <= MEAN
    assert set(ours._tiles) == {1, 2}


def test_side_by_side_paints_as_one_by_one(painters, clip):
    ours, _ = painters()
    halves = side_by_side(ours)
    found = [halves.complete(halves.begin(frame, n == 0)) for n, frame in enumerate(clip)]
    for frame, mine in zip(clip, found, strict=True):
        assert apart(mine, ours.paint(frame))[0] <= 0.5


def test_a_brush_and_the_style_without_it_in_turn(painters, clip, model, style, brush):
    ours, plain = painters(stability=0.0)
    studied = style_file(model, style, brush, name="Studied", preview=b"")
    for chosen in (studied, style, studied):
        for painter in (ours, plain):
            painter.use([chosen])
        assert apart(ours.paint(clip[0]), plain.paint(clip[0]))[0] <= MEAN


@pytest.mark.parametrize(("flags", "there"), [(" amx_bf16 amx_tile", True), (" avx512_bf16", False), ("", False)])
def test_which_processors_have_tiles(monkeypatch, tmp_path, flags, there):
    (tmp_path / "cpuinfo").write_text(PROCESSOR.format(flags))
    monkeypatch.setattr(tiles, "PROCESSOR", tmp_path / "cpuinfo")
    assert tiles.has_tiles.__wrapped__() == there
    monkeypatch.setattr(tiles, "PROCESSOR", tmp_path / "none")
    assert not tiles.has_tiles.__wrapped__()


@pytest.mark.parametrize(
    ("processor", "installed", "used"), [(True, True, True), (True, False, False), (False, True, False)]
)
def test_used_where_both_are_there(monkeypatch, processor, installed, used):
    monkeypatch.setattr(tiles, "has_tiles", lambda: processor)
    if not installed:
        monkeypatch.setitem(sys.modules, "openvino", None)
        monkeypatch.setattr(tiles, "openvino", tiles.openvino.__wrapped__)
    assert tiles.usable.__wrapped__() == used


def test_nothing_is_noted_or_told_of_whoever_paints(tmp_path):
    """Importing openvino by itself writes into the home folder."""
    look = """
import sys
from impasto.export.runtime.sessions import tiles
sys.addaudithook(lambda event, _: event.startswith("socket.") and sys.exit("a connection"))
assert tiles.openvino() is not None
assert not [name for name in sys.modules if name.startswith("openvino_telemetry")]
"""
    surroundings = {**os.environ, "HOME": str(tmp_path), "PYTHONDONTWRITEBYTECODE": "1"}
    subprocess.run([sys.executable, "-c", look], check=True, env=surroundings)
    assert [*tmp_path.rglob("*")] == []
