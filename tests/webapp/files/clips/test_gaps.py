"""Frames that are missing without any decoder noticing are counted and said."""

import json
from fractions import Fraction

import av
import numpy as np
import pytest

from impasto.webapp.cli.console import report
from impasto.webapp.files.clips.gaps import describe, ends_early
from impasto.webapp.files.stylize import stylize_path
from impasto.webapp.studio.page_jobs import outcome


@pytest.fixture
def noise():
    return [np.random.default_rng(n).integers(0, 256, (48, 64, 3), dtype=np.uint8) for n in range(120)]


KINDS = [("mjpeg", "c.avi", {}), ("libvpx", "c.webm", {"g": "12"}), ("libvpx", "c.mkv", {"g": "10"}),
         ("wmv2", "c.wmv", {"g": "12"})]  # fmt: skip


def cut_out(clip, start, share, whole_packets):
    """Take `share` of a clip's bytes out from `start` on; with `whole_packets`, at the edges of an AVI's chunks."""
    data = clip.read_bytes()
    ends = [int(len(data) * start), int(len(data) * (start + share))]
    if whole_packets:
        with av.open(str(clip)) as container:
            places = [packet.pos for packet in container.demux(video=0) if packet.size]
        ends = [min(places, key=lambda place, end=end: abs(place - end)) for end in ends]
    clip.write_bytes(data[: ends[0]] + data[ends[1] :])


@pytest.mark.parametrize(("codec", "name", "options"), KINDS)
@pytest.mark.parametrize("start", [0.3, 0.55])
def test_a_fifth_cut_out_of_the_middle_is_said(tmp_path, media, painter, noise, codec, name, options, start, capsys):
    format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    clip = media.write_clip(tmp_path / name, noise, codec=codec, options=options, format=format)
    assert stylize_path(clip, tmp_path / "whole.mp4", painter)["gaps"] == []
    cut_out(clip, start, 0.2, whole_packets=name.endswith("avi"))
    summary = stylize_path(clip, tmp_path / "o.mp4", painter)
    assert summary["frames"] < 118
    (gap,) = summary["gaps"]
    missing = Fraction(120 - summary["frames"], 25)
    assert gap["seconds"] == pytest.approx(float(missing), abs=0.05)
    if gap["at"] is not None:
        assert gap["at"] == pytest.approx(4.8 * start, abs=0.6)
    report(summary, as_json=True)
    out, err = capsys.readouterr()
    assert json.loads(out)["gaps"] == [gap]
    assert err == f"Warning: {clip} has gaps: {describe([gap])}.\n"
    report(summary, as_json=False)
    assert "Warning" in capsys.readouterr().err
    assert "the clip has gaps: frames are missing" in outcome(summary)


@pytest.fixture
def live(tmp_path, media):
    """live(name, codec): a recording without a duration, as it is written while it runs."""

    def live(name, codec, options):
        with av.open(str(tmp_path / name), "w", options=options) as container:
            stream = container.add_stream(codec, rate=25)
            stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
            for index, picture in enumerate(media.scenes(64, 48, 120)):
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return tmp_path / name

    return live


LIVE = [("c.webm", "libvpx", {"live": "1"}), ("c.mkv", "mpeg4", {"live": "1"})]


@pytest.mark.parametrize(("name", "codec", "options"), LIVE)
@pytest.mark.parametrize("keep", [0.4, 0.77])
def test_a_recording_without_a_duration_that_breaks_off_is_said(tmp_path, live, painter, name, codec, options, keep):
    clip = live(name, codec, options)
    assert stylize_path(clip, tmp_path / "whole.mp4", painter)["gaps"] == []
    data = clip.read_bytes()
    clip.write_bytes(data[: int(len(data) * keep)])
    summary = stylize_path(clip, tmp_path / "o.mp4", painter)
    assert summary["frames"] < 100
    assert describe(summary["gaps"]).startswith("frames are missing at ")


@pytest.mark.parametrize("steps", [[40, 200, 1000, 60, 340] * 6, [1000] * 20, [40] * 30 + [120] + [40] * 20])
def test_variable_times_and_slide_shows_have_no_gaps(tmp_path, media, painter, steps):
    pts = np.cumsum([0, *steps]).tolist()
    clip = media.write_clip(
        tmp_path / "c.mkv",
        media.scenes(32, 16, len(pts)),
        codec="ffv1",
        format="bgr0",
        pts=pts,
        time_base=Fraction(1, 1000),
    )
    assert stylize_path(clip, tmp_path / "o.mp4", painter)["gaps"] == []


def test_headers_that_promise_more_than_there_is(tmp_path):
    asf = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
    for container, whole in (
        ("avi", b"RIFF" + (92).to_bytes(4, "little") + b"AVI " + bytes(88)),
        ("asf", asf + bytes(24) + (100).to_bytes(8, "little") + bytes(52)),
        ("mov,mp4,m4a,3gp,3g2,mj2", (100).to_bytes(4, "big") + b"mdat" + bytes(92)),
        ("matroska,webm", bytes.fromhex("1a45dfa380" + "18538067ff" + "1f43b675ff" + "a3d4") + bytes(84)),
        ("ogg", b"OggS\0\4" + bytes(94)),
    ):
        (tmp_path / "f").write_bytes(whole)
        assert not ends_early(tmp_path / "f", container), container
        (tmp_path / "f").write_bytes(whole.replace(b"OggS\0\4", b"OggS\0\0")[:97])
        assert ends_early(tmp_path / "f", container), container


def test_many_gaps_are_summed_up():
    gaps = [{"at": n, "seconds": 1.5} for n in range(5)]
    assert describe(gaps).endswith("at 2.00 s (1.50 s) and in 2 more places")
    assert describe([]) == ""
