"""Animated pictures: every frame, its time and its transparency, there and back."""

from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

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


@pytest.mark.parametrize("loop", [None, 3])
def test_the_loop_count_is_kept(tmp_path, animated, painter, loop):
    source = animated("a.gif", loop=loop)
    assert shown(source)[2] == loop
    stylize_path(source, tmp_path / "o.gif", painter)
    assert shown(tmp_path / "o.gif")[2] == loop


def test_frames_too_short_to_show_last_as_long_as_browsers_show_them(animated):
    source = animated("a.gif", duration=[10, 20, 0, 40, 50])
    assert [frame.duration for frame in read_animation(source, (41, 27))] == [100, 20, 100, 40, 50]


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
