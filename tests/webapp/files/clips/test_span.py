"""A part of a clip: the same frames and sound as in the whole, counted from its beginning."""

import numpy as np
import odd_clips
import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.probe import ClipLimits, probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.clips.span import Span, parse_time
from impasto.webapp.files.stylize import stylize_path


@pytest.fixture
def clip(tmp_path, media):
    """Ten seconds, each frame brighter than the last; a key frame a second, B-frames between."""
    frames = [np.full((32, 48, 3), n, np.uint8) for n in range(250)]
    options = {"g": "25", "bf": "2", "crf": "1"}
    return media.write_clip(
        tmp_path / "c.mp4", frames, options=options, sound=[{"codec": "aac", "seconds": 10, "hertz": 500}]
    )


@pytest.mark.parametrize(("start", "end", "first", "count"), [(0, 2, 0, 50), (1.5, 2, 37, 13), (7.22, None, 180, 70)])
def test_its_frames_are_the_clips(clip, start, end, first, count):
    whole = list(read_frames(probe(clip)))
    part = list(read_frames(probe(clip), span=Span(start, end)))
    assert len(part) == count
    assert [frame.rgb.mean() for frame in part] == [frame.rgb.mean() for frame in whole[first : first + count]]
    assert part[0].pts == 0
    assert np.all(np.diff([frame.pts for frame in part]) > 0)


def test_its_sound_stays_in_step(clip, tmp_path, media, painter):
    span = Span(6, 8.5)
    summary = stylize_path(clip, tmp_path / "o.mp4", painter, span=span, limits=ClipLimits(max_seconds=3))
    assert (summary["frames"], summary["seconds"], summary["audio"], summary["gaps"]) == (63, 2.52, ["copied"], [])
    whole = [(data, at - 6) for data, at in media.packets(clip, 0) if 6 <= at < 8.5]
    part = media.packets(tmp_path / "o.mp4", 0)
    assert [data for data, _ in part] == [data for data, _ in whole]
    np.testing.assert_allclose([at for _, at in part], [at for _, at in whole], atol=1e-3)


def test_a_part_that_begins_just_before_an_open_group_of_pictures_has_its_first_frame(tmp_path, media):
    """x265's default: where FFmpeg seeks to a time between a key frame's decoding and its showing, it may land on
    that key frame."""
    options = {"x265-params": "log-level=none:keyint=20:min-keyint=20:scenecut=0:open-gop=1:bframes=4"}
    frames = [odd_clips.numbered(n) for n in range(200)]
    clip = media.write_clip(tmp_path / "c.mp4", frames, codec="libx265", options=options)
    info = probe(clip)
    for first in range(176, 182):
        part = read_frames(info, span=Span(first / 25 + 0.01))
        assert odd_clips.number_of(next(part).rgb) == first
        part.close()


def test_what_is_no_part_is_refused(clip, tmp_path, painter):
    for span in ((-1, None), (2, 1), (float("nan"), None), (0, float("inf"))):
        with pytest.raises(BadInput, match=r"begins at|ends at"):
            Span(*span)
    with pytest.raises(BadInput, match=r"lasts 10\.0 s; a part of it cannot begin at 11 s"):
        stylize_path(clip, tmp_path / "o.mp4", painter, span=Span(11))
    with pytest.raises(BadInput, match=r"lasts 10\.0 s, more than the 3 s allowed; choose a part"):
        stylize_path(clip, tmp_path / "o.mp4", painter, limits=ClipLimits(max_seconds=3))
    assert not (tmp_path / "o.mp4").exists()


@pytest.mark.parametrize(
    ("text", "seconds"), [("75", 75), ("1:15.5", 75.5), ("0:01:15", 75), (" 2 ", 2), ("90:00", 5400)]
)
def test_times_are_read_as_seconds(text, seconds):
    assert parse_time(text) == seconds


@pytest.mark.parametrize(
    "text", ["", "a", "1:2:3:4", "-3", "nan", "1:", "1:99", "1:60:00", "1.5:30", "1e3", "1_0", "٣"]
)
def test_what_is_no_time_is_refused(text):
    with pytest.raises(BadInput, match="is no time"):
        parse_time(text)


def test_the_command_line_takes_from_and_to(run, clip, tmp_path):
    code, *_ = run("stylize", clip, "-o", tmp_path / "o.mp4", "-s", "great-wave", "--from", "0:02", "--to", "2.4")
    assert (code, probe(tmp_path / "o.mp4").frames) == (0, 10)
    code, _, words = run("stylize", clip, "-o", tmp_path / "p.mp4", "-s", "great-wave", "--from", "3", "--to", "2")
    assert (code, words) == (2, "Error: The part ends at 2 s, before it begins, at 3 s.\n")
