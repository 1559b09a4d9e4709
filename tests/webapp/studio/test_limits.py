"""Limits are read off the header, and refused in a sentence that holds no path."""

import numpy as np
import pytest
from PIL import Image

from impasto.models.errors import BadInput
from impasto.webapp.files.clips import probe as video_probe
from impasto.webapp.files.clips.span import Span
from impasto.webapp.files.stylize import stylize_path
from impasto.webapp.studio import limits


@pytest.fixture
def clip(tmp_path, media):
    return media.write_clip(tmp_path / "private name.mp4", media.scenes(64, 48, 30))


def refused(path, settings, words, check=limits.check_clip):
    with pytest.raises(BadInput, match=words) as caught:
        check(path, settings)
    assert str(path) not in str(caught.value)
    assert "private" not in str(caught.value)
    assert str(caught.value).startswith("This ")


def test_a_clip_within_the_limits_passes(clip, settings):
    info = limits.check_clip(clip, settings(clip_seconds=1.2, clip_frames=30, clip_pixels=64 * 48))
    assert (info.width, info.height, info.frames) == (64, 48, 30)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"clip_seconds": 1.0}, "lasts 1.2 s, more than the 1 s allowed"),
        ({"clip_frames": 29}, "more than the 29 frames allowed"),
        ({"clip_pixels": 64 * 48 - 1}, "64x48, more than the 3,071 pixels allowed"),
    ],
)
def test_a_clip_over_a_limit_is_refused(clip, settings, changes, words):
    refused(clip, settings(**changes), words)


def test_the_part_is_what_counts(clip, settings):
    few = settings(clip_seconds=0.5, clip_frames=10)
    assert limits.check_clip(clip, few, Span(0.4, 0.8)).frames == 30
    for span, words in ((Span(0.2, 0.9), "This part lasts 0.7 s"), (Span(0.2, 0.65), "more than the 10 frames")):
        with pytest.raises(BadInput, match=words):
            limits.check_clip(clip, few, span)
    info = limits.describe_clip(clip, few)
    assert limits.longest_part(info, few) == 0.4


def test_a_clip_larger_than_what_is_painted_is_decoded_and_scaled_down(tmp_path, media, settings, painter):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(640, 480, 2))
    small = settings(frame_pixels=320 * 240)
    limits.check_clip(clip, small)
    summary = stylize_path(clip, tmp_path / "o.mp4", painter, size=240, limits=limits.clip_limits(small))
    assert (summary["width"], summary["height"]) == (320, 240)
    with pytest.raises(BadInput, match="would be 640x480; choose a smaller size"):
        stylize_path(clip, tmp_path / "p.mp4", painter, limits=limits.clip_limits(small))


def test_too_many_bytes_and_pixels_are_seen_before_anything_is_decoded(clip, settings, monkeypatch):
    monkeypatch.setattr(video_probe, "_first_frame", lambda *a: pytest.fail("decoded"))
    refused(clip, settings(clip_pixels=100), "allowed; scale it down first")
    with clip.open("ab") as file:
        file.write(bytes(2_000_000))
    refused(clip, settings(upload_mb=1), "has 2 MB, more than the 1 MB allowed")


def test_garbage_is_no_clip(tmp_path, settings):
    (tmp_path / "private.mp4").write_bytes(b"not a video at all" * 100)
    refused(tmp_path / "private.mp4", settings(), "not a video")


def test_only_still_pictures_that_can_be_read_and_are_small_enough_pass(tmp_path, settings, media):
    still = Image.fromarray(media.scene(40, 30, 0))
    still.save(tmp_path / "private.png")
    assert limits.check_picture(tmp_path / "private.png", settings()).width == 40
    still.save(tmp_path / "private.gif", save_all=True, append_images=[Image.new("RGB", (40, 30))])
    moving = limits.check_picture(tmp_path / "private.gif", settings())
    assert moving.frames == 2
    assert limits.moves(tmp_path / "private.gif")
    assert not limits.moves(tmp_path / "private.png")
    limits.check_painted(moving, 30, settings())
    with pytest.raises(BadInput, match="has 2 frames, more than the 1 allowed"):
        limits.check_painted(moving, 30, settings(clip_frames=1))
    with pytest.raises(BadInput, match="too large"):  # a still may have twice as many pixels
        limits.check_painted(moving, 30, settings(frame_pixels=700))
    style = limits.read_style(tmp_path / "private.gif", settings())
    assert np.abs(style - media.scene(40, 30, 0).astype(int)).mean() < 10  # the first frame, in GIF's colours
    (tmp_path / "private.jpg").write_bytes(b"garbage")
    refused(tmp_path / "private.jpg", settings(), "not one this app can read", limits.check_picture)
    media.png_header(tmp_path / "private2.png", 10_000, 10_000)
    refused(tmp_path / "private2.png", settings(), "10000x10000 pixels", limits.check_picture)


@pytest.mark.parametrize(
    ("width", "height", "side", "fits"),
    [(4000, 3000, 1440, True), (3000, 4000, 1440, True), (10_000, 1440, 1440, False), (10_000, 1440, 480, True),
     (700, 16_000, 700, False), (100, 100, 1440, True)],
)  # fmt: skip
def test_a_painted_picture_has_an_end(settings, width, height, side, fits):
    header = limits.Header("PNG", width, height, 1)
    if fits:
        return limits.check_painted(header, side, settings())
    with pytest.raises(BadInput, match=f"would be painted at {width}×{height}, which is too large"):
        limits.check_painted(header, side, settings())


@pytest.mark.parametrize(("size", "expected"), [(0, None), (None, None), (360, 360), (64.0, 64)])
def test_a_size_in_pixels_and_0_for_the_files_own(size, expected):
    assert limits.check_size(size) == expected


@pytest.mark.parametrize("size", [63, 1441, 99.5, -1, True])
def test_what_is_no_size_is_refused(size):
    with pytest.raises(BadInput, match="whole number of pixels"):
        limits.check_size(size)
