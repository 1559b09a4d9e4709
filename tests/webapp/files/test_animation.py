"""Animated pictures: every frame, its time and its transparency, there and back."""

import struct
from fractions import Fraction

import av
import display_p3
import numpy as np
import pytest
from PIL import Image

from impasto.export.runtime.pictures import read_style_picture
from impasto.models.errors import BadInput
from impasto.webapp.files.animation import read_animation
from impasto.webapp.files.stylize import stylize_path

DURATIONS = [40, 250, 100, 30, 1000]


@pytest.fixture
def animated(tmp_path, media):
    """Write a made-up animation: animated(name, loop=...) → its path."""

    def animated(name, **options):
        images = [Image.fromarray(media.scene(41, 27, index * 3)) for index in range(len(DURATIONS))]
        settings = {"duration": DURATIONS, "loop": 0} | options
        images[0].save(tmp_path / name, save_all=True, append_images=images[1:], **settings)
        return tmp_path / name

    return animated


def shown(path):
    """Pillow's view of an animation: its frames as RGBA, durations in milliseconds, and loop count."""
    with Image.open(path) as image:
        frames, durations = [], []
        for index in range(image.n_frames):
            image.seek(index)
            frames.append(np.asarray(image.convert("RGBA")))
            durations.append(round(image.info["duration"]))
        return frames, durations, image.info.get("loop")


@pytest.mark.parametrize("name", ["a.gif", "a.webp", "a.png"])
def test_animations_become_gifs_with_the_same_timing(tmp_path, animated, painter, name):
    source = animated(name, **({"lossless": True} if name.endswith("webp") else {}))
    summary = stylize_path(source, tmp_path / "o.gif", painter)
    (ours, our_durations, loop), (theirs, _, _) = shown(tmp_path / "o.gif"), shown(source)
    assert our_durations == DURATIONS
    assert loop == 0
    assert (summary["kind"], summary["frames"], summary["seconds"]) == ("animation", 5, 1.42)
    assert (summary["width"], summary["height"]) == (41, 27)
    for painted, original in zip(ours, theirs, strict=True):
        assert np.abs(painted[..., :3] - (255 - original[..., :3].astype(int))).mean() < 6


@pytest.mark.parametrize("kind", ["gif", "webp", "png"])
@pytest.mark.parametrize(("plays", "repeats"), [(0, 0), (1, None), (2, 1), (5, 4)])
def test_an_animation_plays_as_often_as_its_source(tmp_path, animated, painter, kind, plays, repeats):
    """WebP and PNG count showings, GIF counts repeats and has no count for a single showing."""
    source = animated(f"a.{kind}", loop=repeats if kind == "gif" else plays)
    stylize_path(source, tmp_path / "o.gif", painter)
    assert shown(tmp_path / "o.gif")[2] == repeats
    assert (b"NETSCAPE" in (tmp_path / "o.gif").read_bytes()) is (repeats is not None)


def gif(path, size, tiles, background=0):
    """A GIF written block by block: tiles of (x, y, palette indices [H,W], disposal, transparent index or None)."""
    palette = bytes([0, 0, 0, 200, 30, 60, 30, 200, 60, 255, 255, 255])
    data = b"GIF89a" + struct.pack("<2H3B", *size, 0x91, background, 0) + palette
    for x, y, pixels, disposal, transparent in tiles:
        flags = disposal << 2 | (transparent is not None)
        data += b"\x21\xf9\x04" + struct.pack("<BHBB", flags, 20, transparent or 0, 0)
        data += b"\x2c" + struct.pack("<4HB", x, y, pixels.shape[1], pixels.shape[0], 0)
        bits, count = 0, 0
        for value in pixels.ravel().tolist():  # codes of 3 bits, cleared before they grow to 4
            for code in (4, value):
                bits, count = bits | code << count, count + 3
        bits, count = bits | 5 << count, count + 3
        stream = bits.to_bytes((count + 7) // 8, "little")
        blocks = [stream[at : at + 255] for at in range(0, len(stream), 255)]
        data += b"\x02" + b"".join(bytes([len(block)]) + block for block in blocks) + b"\0"
    path.write_bytes(data + b"\x3b")
    return path


RED, GREEN, WHITE = (200, 30, 60, 255), (30, 200, 60, 255), (255, 255, 255, 255)


@pytest.mark.parametrize("background", [0, 1])
@pytest.mark.parametrize("transparent", [None, 3])
def test_what_a_gif_clears_is_transparent(tmp_path, transparent, background):
    """Frame 1 fills the picture and is cleared; frame 2 covers a corner and is cleared; 3 is undone; 4 stays."""
    full, corner = np.full((8, 12), 1), np.full((4, 6), 2)
    tiles = [(0, 0, full, 2, transparent), (0, 0, corner, 2, transparent), (6, 4, corner, 3, transparent),
             (2, 2, corner, 1, transparent), (0, 0, corner, 0, transparent)]  # fmt: skip
    source = gif(tmp_path / "a.gif", (12, 8), tiles, background)
    expected = np.zeros((5, 8, 12, 4), np.uint8)
    expected[0] = RED
    expected[1, :4, :6] = GREEN
    expected[2, 4:, 6:] = GREEN
    expected[3, 2:6, 2:8] = GREEN
    expected[4, 2:6, 2:8] = expected[4, :4, :6] = GREEN
    frames = list(read_animation(source, (12, 8)))
    assert [frame.duration for frame in frames] == [200] * 5
    for frame, rgba in zip(frames, expected, strict=True):
        alpha = np.full((8, 12), 255) if frame.alpha is None else frame.alpha
        assert np.array_equal(alpha, rgba[..., 3])
        assert np.array_equal(frame.rgb, np.where(rgba[..., 3:] > 0, rgba[..., :3], 255))


@pytest.mark.parametrize("kept", [0, 1, 3])
def test_cleared_regions_stay_transparent_in_the_output(tmp_path, kept):
    """However many opaque frames come before, in ours and in Pillow's reading."""
    whole, corner = np.full((8, 12), 1), np.full((4, 6), 2)
    tiles = [(0, 0, whole, 1, None)] * kept + [(0, 0, whole, 2, None), (0, 0, corner, 2, None)]
    source = gif(tmp_path / "a.gif", (12, 8), tiles)
    stylize_path(source, tmp_path / "o.gif", Untouched())
    theirs = shown(tmp_path / "o.gif")[0]
    ours = [np.dstack([f.rgb, np.full((8, 12), 255) if f.alpha is None else f.alpha])
            for f in read_animation(tmp_path / "o.gif", (12, 8))]  # fmt: skip
    for *opaque, last in (theirs, ours):
        assert len(opaque) == kept + 1
        assert min(frame[..., 3].min() for frame in opaque) == 255
        assert (last[6, 10, 3], last[2, 2, 3]) == (0, 255)
    stylize_path(source, tmp_path / "o.mp4", Untouched())
    with av.open(str(tmp_path / "o.mp4")) as container:
        *_, frame = (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
    assert frame[6, 10].min() > 245


class Untouched:
    def paint(self, rgb):
        return rgb

    def reset(self):
        pass


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
@pytest.mark.parametrize("blend", [0, 1])
def test_a_png_s_hidden_picture_is_no_frame(tmp_path, mode, blend):
    colours = [(0, 255, 0), (0, 0, 255), (255, 255, 0)]
    hidden = Image.new(mode, (30, 20), (255, 0, 0))
    frames = [Image.new(mode, (30, 20), colour) for colour in colours]
    if mode == "RGBA":
        frames[0].paste((0, 0, 0, 0), (0, 0, 10, 20))
    hidden.save(
        tmp_path / "a.png",
        save_all=True,
        append_images=frames,
        default_image=True,
        duration=[500, 700, 900],
        blend=blend,
    )
    summary = stylize_path(tmp_path / "a.png", tmp_path / "o.gif", Untouched())
    ours, durations, _ = shown(tmp_path / "o.gif")
    assert (summary["frames"], summary["seconds"], durations) == (3, 2.1, [500, 700, 900])
    for painted, colour in zip(ours, colours, strict=True):
        assert np.abs(painted[10, 20, :3].astype(int) - colour).max() <= 8
    assert ours[0][10, 5, 3] == (0 if mode == "RGBA" else 255)


@pytest.mark.parametrize("loop", [None, 3])
def test_the_loop_count_is_kept(tmp_path, animated, painter, loop):
    source = animated("a.gif", loop=loop)
    assert shown(source)[2] == loop
    stylize_path(source, tmp_path / "o.gif", painter)
    assert shown(tmp_path / "o.gif")[2] == loop


def test_frames_too_short_to_show_last_as_long_as_browsers_show_them(animated):
    source = animated("a.gif", duration=[10, 20, 0, 40, 50])
    assert [frame.duration for frame in read_animation(source, (41, 27))] == [100, 20, 100, 40, 50]


@pytest.mark.parametrize("kind", ["webp", "png", "avif"])
def test_sixty_frames_a_second_are_as_fast_as_in_browsers(tmp_path, media, kind):
    """Chromium 156, Firefox and WebKit slow down frames of at most 10 ms, in every format."""
    images = [Image.fromarray(media.scene(41, 27, index)) for index in range(60)]
    durations = [17, 16, 17] * 20 if kind != "png" else 1000 / 60
    images[0].save(tmp_path / f"a.{kind}", save_all=True, append_images=images[1:], duration=durations)
    frames = list(read_animation(tmp_path / f"a.{kind}", (41, 27)))
    assert [frame.pts for frame in frames] == [round(1000 * n / 60) for n in range(60)]
    assert frames[-1].pts + frames[-1].duration == 1000


@pytest.mark.parametrize("kind", ["webp", "png"])
def test_an_animation_has_the_colours_of_its_profile(tmp_path, media, kind):
    images = [Image.fromarray(media.scene(41, 27, index * 3)) for index in range(3)]
    options = {"lossless": True} if kind == "webp" else {}
    profile = display_p3.profile()
    images[0].save(
        tmp_path / f"a.{kind}", save_all=True, append_images=images[1:], duration=40, icc_profile=profile, **options
    )
    for image, frame in zip(images, read_animation(tmp_path / f"a.{kind}", (41, 27)), strict=True):
        assert np.abs(frame.rgb - display_p3.as_srgb(image)).max() <= 3


def test_what_no_frame_of_a_webp_covers_is_transparent(tmp_path):
    """Opaque rectangles on a bare canvas: the encoder says that there is no transparency, and Pillow makes it black."""
    images = []
    for left in (4, 18, 32):
        pixels = np.zeros((32, 48, 4), np.uint8)
        pixels[8:24, left : left + 12] = RED
        images.append(Image.fromarray(pixels))
    images[0].save(tmp_path / "a.webp", save_all=True, append_images=images[1:], duration=100, lossless=True)
    assert (tmp_path / "a.webp").read_bytes()[20] & 0x10 == 0
    for image, frame in zip(images, read_animation(tmp_path / "a.webp", (48, 32)), strict=True):
        assert np.array_equal(frame.alpha, np.asarray(image)[..., 3])
        assert np.array_equal(frame.rgb[0, 0], (255, 255, 255))
    assert np.array_equal(read_style_picture(tmp_path / "a.webp")[0, 0], (255, 255, 255))
    images = [Image.new("RGB", (48, 32), colour) for colour in ("red", "green")]
    images[0].save(tmp_path / "full.webp", save_all=True, append_images=images[1:], duration=100, lossless=True)
    assert all(frame.alpha is None for frame in read_animation(tmp_path / "full.webp", (48, 32)))


def test_an_avif_of_sixty_frames_a_second_does_not_drift(tmp_path):
    """Whose durations are 1/60 s and not whole milliseconds: as Pillow has them, 17, 17, 17 …"""
    images = [Image.new("RGB", (16, 16), (4 * index, 0, 0)) for index in range(60)]
    images[0].save(tmp_path / "a.avif", save_all=True, append_images=images[1:], duration=10)
    with_ticks(tmp_path / "a.avif", 600)
    frames = list(read_animation(tmp_path / "a.avif", (16, 16)))
    assert max(abs(frame.pts - 1000 * n / 60) for n, frame in enumerate(frames)) <= 1
    assert frames[-1].pts + frames[-1].duration == 1000


def with_ticks(path, ticks):
    """Says in an AVIF's header of the track (`mdhd`) how many ticks a second has, 1000 as Pillow writes it."""
    data = bytearray(path.read_bytes())
    at = data.index(b"mdhd")
    scale = at + 4 + (20 if data[at + 4] else 12)
    assert struct.unpack_from(">I", data, scale)[0] == 1000
    struct.pack_into(">I", data, scale, ticks)
    path.write_bytes(data)


def test_transparency_survives(tmp_path, painter):
    frames = []
    for index in range(3):
        pixels = np.zeros((20, 30, 4), np.uint8)
        pixels[5:15, 5 + index * 5 : 15 + index * 5] = (200, 30, 60, 255)
        frames.append(Image.fromarray(pixels))
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=80, loop=0, disposal=2)
    stylize_path(tmp_path / "a.gif", tmp_path / "o.gif", painter)
    for painted, frame in zip(shown(tmp_path / "o.gif")[0], frames, strict=True):
        opaque = np.asarray(frame)[..., 3] > 0
        assert np.array_equal(painted[..., 3] > 127, opaque)
        assert np.abs(painted[opaque][:, :3].astype(int) - (55, 225, 195)).max() < 12


def test_an_animation_becomes_a_clip_at_its_own_times(tmp_path, media, animated, painter):
    source = animated("a.gif")
    summary = stylize_path(source, tmp_path / "o.mp4", painter)
    assert media.times(tmp_path / "o.mp4") == [Fraction(sum(DURATIONS[:n]), 1000) for n in range(5)]
    with av.open(str(tmp_path / "o.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.duration * stream.time_base == Fraction(1420, 1000)
        assert (stream.width, stream.height) == (summary["width"], summary["height"]) == (40, 26)


def test_a_clip_becomes_a_gif_at_its_own_speed(tmp_path, media, painter):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(41 * 2, 27 * 2, 20), rate=15)
    stylize_path(clip, tmp_path / "o.gif", painter, size=27)
    frames, durations, loop = shown(tmp_path / "o.gif")
    assert (len(frames), frames[0].shape[:2], loop) == (20, (27, 41), 0)
    assert sum(durations) == pytest.approx(20 / 15 * 1000, abs=10)
    assert set(durations) == {60, 70}


def test_a_fast_clip_becomes_a_gif_that_is_not_slow_motion(tmp_path, media, painter):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(32, 16, 60), rate=60)
    stylize_path(clip, tmp_path / "o.gif", painter)
    _, durations, _ = shown(tmp_path / "o.gif")
    assert min(durations) >= 20
    assert sum(durations) == pytest.approx(1000, abs=20)


def test_a_still_gif_stays_one_and_may_become_a_png(tmp_path, media, painter):
    Image.fromarray(media.scene(41, 27, 0)).save(tmp_path / "s.gif")
    stylize_path(tmp_path / "s.gif", tmp_path / "o.gif", painter)
    assert len(shown_still(tmp_path / "o.gif")) == 1
    assert stylize_path(tmp_path / "s.gif", tmp_path / "o.png", painter)["kind"] == "image"


def shown_still(path):
    with Image.open(path) as image:
        return [image.copy() for _ in range(image.n_frames)]


def test_a_damaged_animation_leaves_nothing_behind(tmp_path, animated, painter):
    source = animated("a.png")
    data = source.read_bytes()
    source.write_bytes(data[: len(data) * 2 // 3])
    with pytest.raises(BadInput, match=r"damaged after frame [1-4], at 0\.\d+ s"):
        stylize_path(source, tmp_path / "o.gif", painter)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png"]
