"""What is written: pictures, colours, times, and every other track of the source."""

import errno
import os
import struct
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.colour import ToVideo
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import Frame
from impasto.webapp.files.clips.write import ClipWriter
from impasto.webapp.files.stylize import stylize_path


def paint(clip, painter, target, **options):
    return stylize_path(clip, target, painter, **options)


def boxes(path):
    """Names of an MP4's top-level boxes, in order."""
    data, at, names = path.read_bytes(), 0, []
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        names.append(name.decode())
        at += size
    return names


def duration(path, type="video"):
    with av.open(str(path)) as container:
        stream = next(s for s in container.streams if s.type == type)
        return stream.duration * stream.time_base


def test_colours_are_bt709_limited_range_and_tagged_so(tmp_path, media):
    colours = [(200, 40, 60), (30, 180, 90), (20, 60, 220), (240, 240, 230), (0, 0, 0), (255, 255, 255)]
    writer = ClipWriter(tmp_path / "o.mp4", (64, 48), Fraction(25), Fraction(1, 25))
    for index, colour in enumerate(colours):
        writer.write(Frame(np.full((48, 64, 3), colour, np.uint8), index, 1))
    writer.close()
    with av.open(str(tmp_path / "o.mp4")) as container:
        context = container.streams.video[0].codec_context
        frames = list(container.decode(video=0))
        tags = (context.colorspace, context.color_range, context.color_primaries, context.color_trc)
        assert (context.name, context.pix_fmt, *map(int, tags)) == ("h264", "yuv420p", 1, 1, 1, 1)
    expected = media.yuv_from_rgb(colours, "709", False)
    for frame, codes in zip(frames, expected, strict=True):
        for plane, code in zip(frame.planes, codes, strict=True):
            values = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
            assert np.abs(values.astype(int) - code).max() <= 2


@pytest.mark.parametrize("size", [(2, 2), (6, 4), (16, 16), (22, 10), (64, 48), (86, 48), (130, 98), (176, 144),
                                  (320, 180), (426, 240), (480, 360), (640, 358), (854, 480)])  # fmt: skip
def test_there_is_memory_behind_what_native_code_is_handed(tmp_path, media, monkeypatch, size):
    """swscale reads whole vectors, past a row's and the last row's end: 64 bytes at least must be ours."""
    handed, real = [], av.VideoFrame.from_numpy_buffer
    watched = SimpleNamespace(from_numpy_buffer=lambda array: handed.append(array) or real(array))
    monkeypatch.setattr("impasto.webapp.files.clips.colour.av", SimpleNamespace(VideoFrame=watched))
    width, height = size
    picture = media.scene(width, height, 0)
    video = ToVideo()(picture)
    (array,) = handed
    memory = array
    while memory.base is not None:
        memory = memory.base
    start = array.__array_interface__["data"][0]
    first = memory.__array_interface__["data"][0]
    assert np.array_equal(array, picture)
    assert array.strides[0] >= width * 3 + 64
    assert first + memory.nbytes - (start + (height - 1) * array.strides[0] + width * 3) >= 64
    assert (video.width, video.height, video.format.name) == (width, height, "yuv420p")


def test_browsers_can_start_before_the_end_has_come(tmp_path, media, painter):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 5))
    paint(clip, painter, tmp_path / "o.mp4")
    names = boxes(tmp_path / "o.mp4")
    assert names.index("moov") < names.index("mdat")


def test_painted_pixels_arrive(tmp_path, media, painter):
    frames = media.scenes(64, 48, 12)
    clip = media.write_clip(tmp_path / "c.mkv", frames, codec="ffv1", format="bgr0")
    paint(clip, painter, tmp_path / "o.mp4")
    with av.open(str(tmp_path / "o.mp4")) as container:
        decoded = list(container.decode(video=0))
    assert len(decoded) == 12
    for picture, original in zip(decoded, frames, strict=True):
        planes = [np.frombuffer(p, np.uint8).reshape(p.height, p.line_size)[:, : p.width] for p in picture.planes]
        y, u, v = planes[0], *(plane.repeat(2, 0).repeat(2, 1) for plane in planes[1:])
        rgb = media.rgb_from_yuv(np.stack([y, u, v], -1), "709", False)
        assert np.abs(rgb - (255 - original)).mean() < 4


@pytest.mark.parametrize("container", ["mp4", "mkv"])
def test_variable_timestamps_and_the_last_duration_are_kept(tmp_path, media, painter, container):
    pts = [0, 40, 41, 90, 1000, 1033]
    settings = {"pts": pts, "time_base": Fraction(1, 1000), "last": 500, "options": {"bf": "0"}}
    clip = media.write_clip(tmp_path / f"c.{container}", media.scenes(32, 16, 6), **settings)
    summary = paint(clip, painter, tmp_path / "o.mp4")
    assert media.times(tmp_path / "o.mp4") == media.times(clip) == [Fraction(p, 1000) for p in pts]
    if container == "mp4":
        assert duration(tmp_path / "o.mp4") == duration(clip) == Fraction(1533, 1000)
        assert summary["seconds"] == 1.533


@pytest.mark.parametrize("rate", [Fraction(30000, 1001), Fraction(24), Fraction(60), Fraction(25, 2)])
def test_frame_rate_count_and_duration_are_exact(tmp_path, media, painter, rate):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(32, 16, 20), rate=rate)
    summary = paint(clip, painter, tmp_path / "o.mp4")
    assert media.times(tmp_path / "o.mp4") == [index / rate for index in range(20)]
    assert duration(tmp_path / "o.mp4") == 20 / rate
    assert duration(clip) == pytest.approx(20 / rate, abs=0.001)  # B-frames: rounded to milliseconds
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert container.streams.video[0].average_rate == rate
    assert (summary["frames"], summary["fps"]) == (20, float(rate))


def test_a_picture_that_starts_late_stays_late(tmp_path, media, painter):
    clip = media.write_clip(
        tmp_path / "c.mp4", media.scenes(32, 16, 10), pts=range(10, 20), sound=[{"codec": "aac", "seconds": 1}]
    )
    paint(clip, painter, tmp_path / "o.mp4")
    assert media.times(tmp_path / "o.mp4") == media.times(clip)
    assert media.times(clip)[0] == Fraction(10, 25)
    assert media.packets(tmp_path / "o.mp4", 0) == media.packets(clip, 0)


@pytest.mark.parametrize("rotation", [None, {"degrees": 90}])
def test_pixel_shape_is_kept(tmp_path, media, painter, rotation):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(48, 32, 3), aspect=Fraction(16, 11), rotation=rotation)
    paint(clip, painter, tmp_path / "o.mp4")
    with av.open(str(tmp_path / "o.mp4")) as container:
        stream = container.streams.video[0]
        shape = (stream.width, stream.height, stream.sample_aspect_ratio, next(container.decode(stream)).rotation)
    assert shape == ((32, 48, Fraction(11, 16), 0) if rotation else (48, 32, Fraction(16, 11), 0))


@pytest.mark.parametrize(
    ("codec", "rate", "name"),
    [("aac", 44100, "c.mp4"), ("libmp3lame", 44100, "c.mp4"), ("ac3", 48000, "c.mkv"), ("libopus", 48000, "c.mkv"),
     ("flac", 48000, "c.mkv"), ("alac", 44100, "c.mov"), ("mp2", 48000, "c.mpg")],
)  # fmt: skip
def test_sound_is_copied_bit_for_bit(tmp_path, media, painter, codec, rate, name):
    source = {"codec": codec, "rate": rate, "seconds": 1.2}
    options = {"codec": "mpeg1video"} if name.endswith("mpg") else {}
    clip = media.write_clip(tmp_path / name, media.scenes(32, 16, 25), sound=[source], **options)
    summary = paint(clip, painter, tmp_path / "o.mp4")
    assert summary["audio"] == ["copied"]
    ours, theirs = media.packets(tmp_path / "o.mp4", 0), media.packets(clip, 0)
    assert [data for data, _ in ours] == [data for data, _ in theirs]
    shift = media.times(clip)[0] - media.times(tmp_path / "o.mp4")[0]
    lag = [b - a - float(shift) for (_, a), (_, b) in zip(ours, theirs, strict=True)]
    assert np.abs(lag).max() < 1.5e-3  # Matroska counts in milliseconds


@pytest.mark.parametrize(
    ("number", "raised", "words"),
    [(errno.EIO, OSError, "Input/output error"), (errno.EINVAL, BadInput, "its sound or subtitles cannot be read")],
)
def test_a_drive_that_fails_is_no_fault_of_the_sound(tmp_path, media, number, raised, words):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(32, 16, 5), sound=[{"codec": "aac", "seconds": 1}])
    writer = ClipWriter(tmp_path / "o.mp4", (32, 16), Fraction(25), Fraction(1, 25), source=probe(clip))

    def mux(_):
        raise av.error.OSError(number, os.strerror(number)) if raised is OSError else av.error.ArgumentError(number, "")

    writer.tracks.output = SimpleNamespace(mux=mux)
    with pytest.raises(raised, match=words):
        writer.tracks.finish()
    writer.abort()


def test_copied_sound_decodes_to_the_same_samples_from_the_same_start(tmp_path, media, painter):
    """AAC begins with packets that an edit list hides; they must stay hidden."""
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(32, 16, 25), sound=[{"codec": "aac", "seconds": 1}])
    paint(clip, painter, tmp_path / "o.mp4")
    (theirs, _, start), (ours, _, our_start) = media.samples(clip), media.samples(tmp_path / "o.mp4")
    assert np.array_equal(ours, theirs)
    assert our_start == start
    assert duration(tmp_path / "o.mp4", "audio") == duration(clip, "audio")


@pytest.mark.parametrize("start", [Fraction(2, 5), Fraction(0)])
@pytest.mark.parametrize(("codec", "name", "how"), [("aac", "c.mp4", "copied"), ("pcm_s16le", "c.mov", "re-encoded")])
def test_sound_that_starts_late_stays_in_step(tmp_path, media, painter, codec, name, how, start):
    sound = [{"codec": codec, "rate": 48000, "seconds": 1, "start": start, "hertz": 700}]
    clip = media.write_clip(tmp_path / name, media.scenes(32, 16, 25), sound=sound)
    summary = paint(clip, painter, tmp_path / "o.mp4")
    assert summary["audio"] == [how]
    wave, rate, began = media.samples(tmp_path / "o.mp4")
    heard = np.flatnonzero(np.abs(wave) > 0.2)
    assert began + heard[0] / rate == pytest.approx(float(start), abs=0.005)
    assert (heard[-1] - heard[0]) / rate == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(
    ("codec", "rate", "name", "layout"),
    [("pcm_s16le", 48000, "c.mov", "stereo"), ("pcm_s16le", 44100, "c.avi", "mono"),
     ("vorbis", 44100, "c.mkv", "stereo"),
     ("pcm_s24le", 192000, "c.mkv", "stereo"), ("pcm_s16le", 48000, "c.mkv", "5.1")],
)  # fmt: skip
def test_sound_that_mp4_cannot_hold_becomes_aac(tmp_path, media, painter, codec, rate, name, layout):
    source = {"codec": codec, "rate": rate, "seconds": 1, "hertz": 1000, "layout": layout, "options": {"strict": "-2"}}
    clip = media.write_clip(tmp_path / name, media.scenes(32, 16, 25), sound=[source])
    summary = paint(clip, painter, tmp_path / "o.mp4")
    assert summary["audio"] == ["re-encoded"]
    with av.open(str(tmp_path / "o.mp4")) as container:
        stream = container.streams.audio[0]
        assert (stream.codec_context.name, stream.layout.name) == ("aac", layout)
        assert stream.sample_rate == (rate if rate <= 96000 else 48000)
        assert float(stream.duration * stream.time_base) == pytest.approx(1, abs=0.03)
    (theirs, _, _), (ours, _, start) = media.samples(clip), media.samples(tmp_path / "o.mp4")
    spectrum = np.abs(np.fft.rfft(ours[: stream.sample_rate // 2]))
    assert np.argmax(spectrum) * 2 == pytest.approx(1000, abs=4)
    assert np.abs(ours[2000:20000]).max() == pytest.approx(np.abs(theirs[2000:20000]).max(), rel=0.1)
    assert abs(start) < 0.001


def test_two_tracks_keep_their_language_and_role(tmp_path, media, painter):
    sound = [
        {"codec": "aac", "seconds": 1, "language": "eng", "disposition": 1, "hertz": 300},
        {"codec": "libopus", "seconds": 1, "language": "fra", "disposition": 0, "hertz": 900},
    ]
    metadata = {"title": "Holiday", "artist": "Somebody"}
    clip = media.write_clip(tmp_path / "c.mkv", media.scenes(32, 16, 25), sound=sound, metadata=metadata)
    assert paint(clip, painter, tmp_path / "o.mp4")["audio"] == ["copied", "copied"]
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert [(s.language, int(s.disposition) & 1) for s in container.streams.audio] == [("eng", 1), ("fra", 0)]
        assert {key: container.metadata[key] for key in metadata} == metadata
    for track in (0, 1):
        ours, theirs = (media.packets(path, track) for path in (tmp_path / "o.mp4", clip))
        assert [data for data, _ in ours] == [data for data, _ in theirs]


def test_a_broadcast_recording_starts_at_zero_and_in_step(tmp_path, media, painter):
    """Transport streams start their clock anywhere; picture and sound move to 0 together."""
    sound = [{"codec": "aac", "seconds": 1, "start": 4}]
    clip = media.write_clip(tmp_path / "c.ts", media.scenes(64, 48, 25), sound=sound, pts=range(100, 125))
    assert float(media.times(clip)[0]) > 1
    assert paint(clip, painter, tmp_path / "o.mp4")["audio"] == ["copied"]
    ours, theirs = (media.times(path) for path in (tmp_path / "o.mp4", clip))
    assert ours[0] < 0.1
    assert np.allclose(np.diff(np.float64(ours)), np.diff(np.float64(theirs)))
    offset = [media.packets(p, 0)[0][1] - float(t[0]) for p, t in ((tmp_path / "o.mp4", ours), (clip, theirs))]
    assert offset[0] == pytest.approx(offset[1], abs=1e-3)
    assert len(media.packets(tmp_path / "o.mp4", 0)) == len(media.packets(clip, 0))


def write_with_subtitles(path, media, codec, texts):
    """A clip with a text subtitle track: [(start, duration, text)] in milliseconds."""
    plain = media.write_clip(path.with_name(f"plain{path.suffix}"), media.scenes(32, 16, 75))
    with av.open(str(plain)) as source, av.open(str(path), "w") as container:
        video = container.add_stream_from_template(source.streams.video[0], opaque=True)
        track = container.add_mux_stream(codec)
        track.time_base = Fraction(1, 1000)
        track.metadata["language"] = "deu"
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                container.mux(packet)
        for start, length, text in texts:
            packet = av.Packet(text)
            packet.stream, packet.time_base = track, Fraction(1, 1000)
            packet.pts, packet.dts, packet.duration = start, start, length
            container.mux(packet)
    return path


def test_text_subtitles_become_movie_text(tmp_path, media, painter):
    texts = [(0, 900, "Grüße".encode()), (1200, 700, b"two\nlines")]
    clip = write_with_subtitles(tmp_path / "c.mkv", media, "subrip", texts)
    paint(clip, painter, tmp_path / "o.mp4")
    with av.open(str(tmp_path / "o.mp4")) as container:
        (track,) = container.streams.subtitles
        assert (track.codec_context.name, track.language) == ("mov_text", "deu")
    shown = [(data[2:], start) for data, start in media.packets(tmp_path / "o.mp4", 0, "subtitle") if data[2:]]
    assert shown == [(text, start / 1000) for start, _, text in texts]
    copied = stylize_path(tmp_path / "o.mp4", tmp_path / "p.mp4", painter)
    assert copied["frames"] == 75
    assert media.packets(tmp_path / "p.mp4", 0, "subtitle") == media.packets(tmp_path / "o.mp4", 0, "subtitle")


def test_chapters_are_kept_and_cover_art_is_not_the_picture(tmp_path, media, painter):
    chapters = [
        {"id": n, "start": n * 500, "end": n * 500 + 500, "time_base": Fraction(1, 1000), "metadata": {"title": f"{n}"}}
        for n in (0, 1)
    ]
    plain = media.write_clip(tmp_path / "plain.mp4", media.scenes(32, 16, 25))
    cover = media.write_clip(tmp_path / "cover.mp4", [media.scene(64, 64, 0)], codec="mjpeg", format="yuvj420p")
    clip = tmp_path / "c.mp4"
    with av.open(str(plain)) as source, av.open(str(cover)) as art, av.open(str(clip), "w") as container:
        container.set_chapters(chapters)
        sources = [art.streams.video[0], source.streams.video[0]]
        targets = [container.add_stream_from_template(stream, opaque=True) for stream in sources]
        targets[0].disposition = av.stream.Disposition.attached_pic
        for stream, target in zip(sources, targets, strict=True):
            for packet in stream.container.demux(stream):
                if packet.size:
                    packet.stream = target
                    container.mux(packet)
    summary = paint(clip, painter, tmp_path / "o.mp4")
    assert (summary["frames"], summary["width"]) == (25, 32)
    with av.open(str(tmp_path / "o.mp4")) as container:
        assert len(container.streams.video) == 1
        kept = [(c["start"] * c["time_base"], c["metadata"]["title"]) for c in container.chapters()]
    assert kept == [(0, "0"), (Fraction(1, 2), "1")]


@pytest.mark.parametrize("size", [(2, 2), (2, 40), (17, 9), (130, 2)])
def test_clips_of_a_few_pixels_are_written(tmp_path, media, painter, size):
    clip = media.write_clip(tmp_path / "c.mkv", media.scenes(*size, 3), codec="ffv1", format="bgr0")
    summary = paint(clip, painter, tmp_path / "o.mp4")
    assert (summary["width"], summary["height"]) == tuple(max(side // 2 * 2, 2) for side in size)
    assert len(media.times(tmp_path / "o.mp4")) == 3
