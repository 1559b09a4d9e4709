"""When a clip begins, how long it lasts, and its frame rate."""

import struct
from fractions import Fraction

import av
import numpy as np
import odd_clips
import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.probe import ClipLimits, probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.clips.span import Span
from impasto.webapp.files.stylize import stylize_path


@pytest.fixture
def recorded(tmp_path, media):
    """recorded(name, pts): a clip as a browser records it, without a frame rate or durations; pts in milliseconds."""

    def recorded(name, pts, size=(64, 48), codec="libvpx"):
        few = media.scenes(*size, 8)
        frames = [few[n % len(few)] for n in range(len(pts))]
        options = {"deadline": "realtime", "cpu-used": "8"} if codec.startswith("libvpx") else None
        plain = media.write_clip(tmp_path / f"plain-{name}", frames, codec=codec, options=options)
        with av.open(str(plain)) as source, av.open(str(tmp_path / name), "w", options={"live": "1"}) as container:
            theirs = source.streams.video[0]
            stream = container.add_mux_stream(theirs.codec_context.name, width=size[0], height=size[1])
            stream.time_base = Fraction(1, 1000)
            if theirs.codec_context.extradata:
                stream.codec_context.extradata = theirs.codec_context.extradata
            for time, packet in zip(pts, (p for p in source.demux(theirs) if p.size), strict=True):
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = time
                packet.duration = 0
                container.mux(packet)
        return tmp_path / name

    return recorded


@pytest.mark.parametrize(
    ("name", "rate", "size", "level"),
    [("c.webm", 30, (1280, 720), 31), ("c.webm", 15, (640, 480), 22), ("c.mkv", 25, (640, 480), 30)],
)
def test_a_browser_s_recording_has_the_rate_and_length_of_its_packets(
    tmp_path, recorded, painter, name, rate, size, level
):
    rng = np.random.default_rng(0)
    pts = [0, *(round(1000 * n / rate) + int(rng.integers(-6, 7)) for n in range(1, 2 * rate))]
    clip = recorded(name, pts, size)
    info = probe(clip)
    assert float(info.frame_rate) == pytest.approx(rate, rel=0.02)
    assert info.duration == pytest.approx(2, rel=0.02)
    assert info.frames == 2 * rate
    with pytest.raises(BadInput, match=r"lasts 2\.0 s, more than the 1 s allowed"):
        probe(clip, ClipLimits(max_seconds=1))
    *_, last = read_frames(info)
    assert float(last.duration * info.time_base) == pytest.approx(1 / rate, rel=0.05)
    summary = stylize_path(clip, tmp_path / "o.mp4", painter)
    assert summary["fps"] == pytest.approx(rate, rel=0.02)
    assert summary["seconds"] == pytest.approx(2, abs=0.04)
    with av.open(str(tmp_path / "o.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.extradata[3] <= level  # avcC: profile, compatibility, level
        assert float(stream.duration * stream.time_base) == pytest.approx(2, abs=0.04)


def test_a_recording_of_a_frame_an_hour(tmp_path, recorded, painter):
    clip = recorded("c.webm", [0, 3_600_000, 7_200_000, 10_800_000])
    info = probe(clip)
    assert (info.frame_rate, info.frames, info.duration) == (Fraction(1, 3600), 4, 14_400)
    stylize_path(clip, tmp_path / "o.mp4", painter)
    with av.open(str(tmp_path / "o.mp4")) as container:
        (stream,) = container.streams.video
        assert [float(f.pts * stream.time_base) for f in container.decode(stream)] == [0, 3600, 7200, 10_800]


def test_a_recording_of_one_frame(recorded):
    info = probe(recorded("c.webm", [0]))
    assert (info.frame_rate, info.frames) == (25, 1)


def test_a_slow_motion_clip_keeps_its_rate(tmp_path, media):
    info = probe(media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 60), rate=240, options={"bf": "0"}))
    assert (info.frame_rate, info.frames) == (240, 60)


def test_a_header_that_lies_about_the_length_is_found_out_while_painting(tmp_path, media, painter):
    clip = media.write_clip(tmp_path / "c.mkv", media.scenes(64, 48, 50))
    data = clip.read_bytes()
    assert data.count(b"\x44\x89\x88") == 1  # Duration, a float64, in milliseconds
    at = data.index(b"\x44\x89\x88") + 3
    data = data[:at] + struct.pack(">d", 500.0) + data[at + 8 :]
    clip.write_bytes(data.replace(b"00:00:02.000000000", b"00:00:00.500000000"))
    assert probe(clip, ClipLimits(max_seconds=1)).duration == 0.5
    with pytest.raises(BadInput, match=r"lasts 1\.0 s, more than the 1 s allowed"):
        stylize_path(clip, tmp_path / "o.mp4", painter, limits=ClipLimits(max_seconds=1))


@pytest.mark.parametrize(
    ("codec", "options", "rate"),
    [("libx264", {"bf": "2"}, 25), ("libx264", {"bf": "3", "b-pyramid": "normal"}, 30), ("mpeg4", {"bf": "2"}, 24),
     ("libx264", {"bf": "0"}, 25), ("mjpeg", {}, 15)],
)  # fmt: skip
def test_frames_of_an_avi_are_evenly_spaced_from_the_start(tmp_path, media, codec, options, rate):
    """AVI has no presentation times, and FFmpeg's guess for B-frames is out of order."""
    frames, format = media.scenes(64, 48, 40), "yuvj420p" if codec == "mjpeg" else "yuv420p"
    clip = media.write_clip(tmp_path / "c.avi", frames, codec=codec, options=options, rate=rate, format=format)
    info = probe(clip)
    read = list(read_frames(info))
    times = [frame.pts * info.time_base for frame in read]
    assert np.diff(times).tolist() == [Fraction(1, rate)] * 39
    assert 0 <= times[0] <= Fraction(3, rate)  # the muxer's own delay
    errors = [np.abs(frame.rgb.astype(int) - picture).mean() for frame, picture in zip(read, frames, strict=True)]
    assert max(errors) < 12


@pytest.mark.parametrize(
    ("name", "options"), [("late.mkv", {}), ("late.flv", {}), ("late.mp4", odd_clips.PIECE), ("late.nut", {})]
)
def test_a_clip_whose_clock_starts_late_begins_with_its_first_frame(tmp_path, name, options):
    clip = odd_clips.write(tmp_path / "clip.mp4", 30)
    info = probe(odd_clips.late(clip, tmp_path / name, options=options))
    assert float(info.origin) == pytest.approx(100 - 1024 / 48000, abs=0.002)  # the sound's lead-in comes first
    assert info.duration == pytest.approx(1.22, abs=0.01)
    assert info.frames in (30, 31)
    frames = list(read_frames(info))
    assert [odd_clips.number_of(frame.rgb) for frame in frames] == list(range(30))
    assert [float(f.pts * info.time_base) for f in frames] == pytest.approx(
        [0.0213 + n / 25 for n in range(30)], abs=0.002
    )
    part = list(read_frames(info, span=Span(0.5, 0.8)))
    assert [odd_clips.number_of(frame.rgb) for frame in part] == list(range(11, 20))


@pytest.mark.parametrize("name", ["one.ts", "one.mkv", "one.flv"])
def test_a_recording_of_one_frame_begins_with_it(tmp_path, name, painter):
    """FFmpeg does not say of every kind when a single packet begins; broadcasts begin a while after their clock."""
    clip = odd_clips.write(tmp_path / "clip.mp4", 1, sound=None)
    clip = odd_clips.late(clip, tmp_path / name)
    stylize_path(clip, tmp_path / "o.mp4", painter)
    with av.open(str(tmp_path / "o.mp4")) as container:
        (frame,) = container.decode(video=0)
        assert frame.time == 0
        assert container.duration / av.time_base < 0.1


def test_a_pause_that_an_edit_list_begins_with_is_kept(tmp_path):
    clip = odd_clips.put_edits(odd_clips.write(tmp_path / "a.mp4", sound=None), {"vide": [(100, None, 1), (1, 0, 1)]})
    info = probe(clip)
    assert info.origin == 0
    assert float(next(read_frames(info)).pts * info.time_base) == 100
