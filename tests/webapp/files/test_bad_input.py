"""Everything a person can get wrong gets one sentence, and no file."""

import os
import resource
import shutil
import struct
import zlib
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from impasto.models.errors import BadInput, DiskFull
from impasto.webapp.files.clips.read import Frame
from impasto.webapp.files.clips.write import ClipWriter
from impasto.webapp.files.stylize import stylize_path


@pytest.fixture
def refused(tmp_path, painter):
    """refused(source, target, words): painting is refused in one sentence with these words and leaves no new file."""

    def refused(source, target, words):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(BadInput, match=words) as caught:
            stylize_path(source, target, painter)
        sentence = str(caught.value)
        assert "\n" not in sentence
        assert sentence.endswith(".")
        assert sorted(tmp_path.rglob("*")) == before
        return sentence

    return refused


@pytest.fixture
def clip(tmp_path, media):
    return media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 50), options={"g": "10"})


@pytest.fixture
def faststart(tmp_path, media, clip):
    """The clip with its index in front, as web sites serve it."""
    with (
        av.open(str(clip)) as source,
        av.open(str(tmp_path / "f.mp4"), "w", options={"movflags": "+faststart"}) as target,
    ):
        stream = target.add_stream_from_template(source.streams.video[0], opaque=True)
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    return tmp_path / "f.mp4"


def test_a_file_that_is_not_there(tmp_path, refused):
    refused(tmp_path / "no.mp4", tmp_path / "o.mp4", "There is no file")


@pytest.mark.parametrize("name", ["-", "/dev/stdin", "pipe.mp4"])
def test_pipes_are_not_read(tmp_path, refused, name):
    os.mkfifo(tmp_path / "pipe.mp4")
    source = tmp_path / name if name.endswith("mp4") else name
    refused(source, tmp_path / "o.mp4", "is no file, and pipes are not read; save what comes from there as a file")


def test_a_file_of_no_bytes(tmp_path, refused):
    (tmp_path / "e.mp4").write_bytes(b"")
    refused(tmp_path / "e.mp4", tmp_path / "o.mp4", "is empty")


def test_text_named_like_a_clip(tmp_path, refused):
    (tmp_path / "t.mp4").write_text("Dear diary, today I painted.\n" * 100)
    refused(tmp_path / "t.mp4", tmp_path / "o.mp4", "not a video that can be read")


@pytest.mark.parametrize("name", ["list.m3u8", "list.mp4"])
def test_a_playlist_cannot_reach_other_files(tmp_path, clip, refused, name):
    (tmp_path / name).write_text("#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\nc.mp4\n#EXT-X-ENDLIST\n")
    refused(tmp_path / name, tmp_path / "o.mp4", "not a video that can be read")


def test_a_clip_without_its_index(tmp_path, clip, refused):
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    refused(clip, tmp_path / "o.mp4", "cut short: its index is missing")


def test_a_clip_cut_off_names_how_far_it_goes(tmp_path, faststart, refused):
    data = faststart.read_bytes()
    faststart.write_bytes(data[: len(data) * 3 // 4])
    refused(faststart, tmp_path / "o.mp4", r"cut short: only \d+ of 50 video packets are there, up to [01]\.\d\d s")


@pytest.mark.parametrize("filling", ["zeros", "noise"])
def test_damage_in_the_middle_names_the_time(tmp_path, media, refused, filling):
    frames = [np.random.default_rng(n).integers(0, 256, (48, 64, 3), dtype=np.uint8) for n in range(50)]
    clip = media.write_clip(tmp_path / "c.mp4", frames, options={"g": "10", "bf": "0"})
    data = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        packet = list(container.demux(video=0))[25]
        start, size = packet.pos, packet.size
    noise = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8).tobytes()
    data[start : start + size] = bytes(size) if filling == "zeros" else noise
    clip.write_bytes(data)
    sentence = refused(clip, tmp_path / "o.mp4", r"damaged: decoding stopped after frame \d+, at \d\.\d\d s")
    assert 20 <= int(sentence.split("after frame ")[1].split(",")[0]) <= 26


def test_a_truncated_matroska(tmp_path, media, refused):
    clip = media.write_clip(tmp_path / "c.mkv", media.scenes(64, 48, 100))
    data = clip.read_bytes()
    clip.write_bytes(data[: len(data) // 2])
    refused(clip, tmp_path / "o.mp4", r"damaged: decoding stopped after frame \d\d, at [12]\.\d\d s")


def test_a_broadcast_recording_may_begin_and_end_anywhere_but_not_break_off_between(tmp_path, media, painter, refused):
    frames = [np.random.default_rng(n).integers(0, 256, (48, 64, 3), dtype=np.uint8) for n in range(60)]
    clip = media.write_clip(tmp_path / "c.ts", frames, codec="mpeg2video", options={"g": "12"})
    data = clip.read_bytes()
    clip.write_bytes(data[len(data) // 4 : len(data) * 3 // 4])
    assert 20 <= stylize_path(clip, tmp_path / "part.mp4", painter)["frames"] <= 36
    middle = len(data) // 2
    clip.write_bytes(data[:middle] + bytes(3000) + data[middle + 3000 :])
    refused(clip, tmp_path / "o.mp4", r"damaged: decoding stopped after frame [23]\d, at [01]\.\d\d s")


def test_sound_without_picture(tmp_path, media, refused):
    with av.open(str(tmp_path / "s.mp4"), "w") as container:
        container.mux(list(media.sound_track(container, {"codec": "aac", "seconds": 1})()))
    refused(tmp_path / "s.mp4", tmp_path / "o.mp4", "has sound but no picture")


def test_a_clip_of_sound_alone(tmp_path, media, refused):
    with av.open(str(tmp_path / "z.mp4"), "w") as container:
        container.add_stream("libx264", rate=25)
        container.mux(list(media.sound_track(container, {"codec": "aac", "seconds": 1})()))
    refused(tmp_path / "z.mp4", tmp_path / "o.mp4", "no frame|no picture|no video|not a video")


def test_too_many_pixels(tmp_path, media, refused):
    media.png_header(tmp_path / "h.png", 20_000, 20_000)
    refused(tmp_path / "h.png", tmp_path / "o.png", "scale it down first")


def test_damaged_picture(tmp_path, media, refused):
    Image.fromarray(media.scene(200, 200, 0)).save(tmp_path / "p.jpg")
    data = (tmp_path / "p.jpg").read_bytes()
    (tmp_path / "p.jpg").write_bytes(data[: len(data) // 2])
    refused(tmp_path / "p.jpg", tmp_path / "o.jpg", "damaged")


@pytest.mark.parametrize("keep", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("name", ["o.gif", "o.png", "o.mp4"])
def test_a_still_gif_cut_short(tmp_path, media, refused, name, keep):
    Image.fromarray(media.scene(90, 70, 0)).save(tmp_path / "s.gif")
    data = (tmp_path / "s.gif").read_bytes()
    (tmp_path / "s.gif").write_bytes(data[: int(len(data) * keep)])
    refused(tmp_path / "s.gif", tmp_path / name, "damaged" if name != "o.mp4" else "must end in")


@pytest.mark.parametrize("error", [RuntimeError, SyntaxError, EOFError, struct.error, zlib.error, TypeError])
def test_whatever_a_picture_library_raises_is_said_in_words(tmp_path, media, refused, monkeypatch, error):
    Image.fromarray(media.scene(20, 20, 0)).save(tmp_path / "p.png")

    def load(image):
        raise error("the library's own words")

    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", load)
    refused(tmp_path / "p.png", tmp_path / "o.png", "p.png is damaged")


@pytest.mark.parametrize("codec", ["aac", "libmp3lame", "pcm_s16le", "ac3"])
def test_damaged_sound_never_ends_in_a_traceback(tmp_path, media, painter, codec):
    """Every way of damaging a clip's sound either is painted or gets a sentence."""
    name = "c.mov" if codec.startswith("pcm") else "c.mp4"
    sound = [{"codec": codec, "rate": 48000, "seconds": 1}]
    data = media.write_clip(tmp_path / name, media.scenes(32, 16, 25), sound=sound).read_bytes()
    rng, index = np.random.default_rng(5), data.rindex(b"soun")
    for _ in range(40):
        damaged = bytearray(data)
        for at in rng.integers(index, len(data), 12):
            damaged[at] = rng.integers(256)
        (tmp_path / name).write_bytes(damaged)
        with suppress(BadInput):
            stylize_path(tmp_path / name, tmp_path / "o.mp4", painter)


@pytest.mark.parametrize("how", ["same", "symlink", "hardlink", "roundabout"])
def test_output_equal_to_input(tmp_path, clip, refused, how):
    target = tmp_path / "o.mp4"
    if how == "same":
        target = clip
    elif how == "symlink":
        target.symlink_to(clip)
    elif how == "hardlink":
        target.hardlink_to(clip)
    else:
        (tmp_path / "sub").mkdir()
        target = tmp_path / "sub" / ".." / "c.mp4"
    before = clip.read_bytes()
    refused(clip, target, "is also read")
    assert clip.read_bytes() == before


def test_where_the_output_cannot_go(tmp_path, clip, refused, monkeypatch):
    refused(clip, tmp_path / "none" / "o.mp4", "does not exist; create it first")
    refused(clip, clip / "o.mp4", "is a file, so o.mp4 cannot be written into it; name a folder")
    refused(clip, tmp_path, "is a folder; name a file in it")
    refused(clip, tmp_path / ("n" * 300 + ".mp4"), "too long")
    (tmp_path / "loop.mp4").symlink_to("loop.mp4")
    refused(clip, tmp_path / "loop.mp4", "leads back to itself")
    (tmp_path / "folders").mkdir()
    refused(tmp_path / "folders", tmp_path / "loop.mp4", "a file's name")
    (tmp_path / "loop").symlink_to("loop")
    refused(tmp_path / "folders", tmp_path / "loop", "leads back to itself")
    os.mkfifo(tmp_path / "pipe.mp4")
    refused(clip, tmp_path / "pipe.mp4", "is a pipe or a device")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    refused(clip, tmp_path / "o.mp4", "cannot be written to")


@pytest.mark.parametrize("name", ["o.xyz", "o", "o.jpg", "o.webm"])
def test_a_clip_needs_a_clip_s_extension(tmp_path, clip, refused, name):
    refused(clip, tmp_path / name, r"must end in one of \.gif, \.m4v, \.mov, \.mp4\.")


@pytest.mark.parametrize("name", ["o.mp4", "o.tiff"])
def test_a_picture_needs_a_picture_s_extension(tmp_path, media, refused, name):
    Image.fromarray(media.scene(20, 20, 0)).save(tmp_path / "p.png")
    refused(tmp_path / "p.png", tmp_path / name, r"must end in one of \.jpeg, \.jpg, \.png, \.webp\.")


@pytest.mark.parametrize("ending", ["mp4", "gif"])
def test_an_output_folder_that_goes_away_meanwhile(tmp_path, clip, painter, ending):
    (tmp_path / "out").mkdir()
    paint = painter.paint

    def paint_and_remove(rgb):
        shutil.rmtree(tmp_path / "out", ignore_errors=True)
        return paint(rgb)

    painter.paint = paint_and_remove
    with pytest.raises(
        BadInput,
        match=rf"out/o\.{ending} could not be written \(No such file or directory\); choose another output folder",
    ):
        stylize_path(clip, tmp_path / f"out/o.{ending}", painter)


@pytest.mark.parametrize("size", [0, -1, 30_000, 64.5, "64"])
def test_sizes_that_nothing_can_be_painted_at(tmp_path, clip, painter, size):
    with pytest.raises(BadInput, match="size"):
        stylize_path(clip, tmp_path / "o.mp4", painter, size=size)


def test_a_full_disk_in_the_encoder():
    writer = ClipWriter(Path("/dev/full"), (64, 48), Fraction(25), Fraction(1, 25))
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    with pytest.raises(OSError, match="No space left"):  # noqa: PT012 - the writer's buffer decides when
        for index in range(200):
            writer.write(Frame(noise, index, 1))
        writer.close()
    writer.abort()


@pytest.mark.parametrize("name", ["o.mp4", "o.gif"])
def test_no_room_for_the_output(tmp_path, media, refused, name):
    """The operating system refuses to let the file grow, in the middle of the clip or at its very end."""
    frames = [np.random.default_rng(n).integers(0, 256, (48, 64, 3), dtype=np.uint8) for n in range(25)]
    clip = media.write_clip(tmp_path / "c.mp4", frames)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for room in (1, 20_000, 50_000):
        try:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            refused(clip, tmp_path / name, "make room")
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_ends_a_folder(tmp_path, media, painter):
    (tmp_path / "in").mkdir()
    for name in ("a.mp4", "b.mp4"):
        media.write_clip(tmp_path / "in" / name, media.scenes(64, 48, 30))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
        with pytest.raises(DiskFull):
            stylize_path(tmp_path / "in", tmp_path / "out", painter)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert list((tmp_path / "out").iterdir()) == []
    assert painter.painted <= 31
