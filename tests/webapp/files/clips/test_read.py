"""What frames are read from a clip: all of them, at their own times, at any size."""

from fractions import Fraction

import av
import numpy as np
import odd_clips
import pytest

from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.stylize import stylize_path
from impasto.webapp.files.working_size import working_size


@pytest.mark.parametrize(
    ("ending", "codec", "format", "options"),
    [
        ("mov", "prores_ks", "yuva444p10le", {}),
        ("mov", "png", "rgba", {}),
        ("mov", "qtrle", "argb", {}),
        ("mkv", "ffv1", "yuva420p", {}),
        ("webm", "libvpx-vp9", "yuva420p", {"crf": "5", "b": "0", "cpu-used": "8"}),
        ("webm", "libvpx", "yuva420p", {"crf": "5", "b": "2M", "cpu-used": "8", "auto-alt-ref": "0"}),
    ],
)
def test_transparent_clips_are_laid_on_white(tmp_path, ending, codec, format, options):
    clip = odd_clips.transparent(tmp_path / f"clip.{ending}", codec, format, options)
    frames = list(read_frames(probe(clip)))
    assert len(frames) == 5
    for x, expected in ((16, (255, 255, 255)), (48, (227, 137, 137)), (80, (200, 20, 20))):
        assert np.abs(frames[2].rgb[32, x].astype(int) - expected).max() <= 3


@pytest.mark.parametrize(
    ("sizes", "box"),
    [
        ([(96, 64), (192, 128)], (0, 0, 96, 64)),  # the same shape: all is filled
        ([(96, 64), (64, 96)], (26, 0, 43, 64)),
        ([(64, 96), (96, 64)], (0, 26, 64, 43)),
        ([(96, 64), (96, 66)], (1, 0, 93, 64)),
    ],
)
def test_frames_of_another_size_keep_their_shape(tmp_path, sizes, box):
    """As calls have them where a phone is turned: white frames get black bars."""
    clip = odd_clips.growing(tmp_path / "clip.webm", sizes)
    frames = [frame.rgb for frame in read_frames(probe(clip))]
    assert len(frames) == 20
    assert {frame.shape for frame in frames} == {(sizes[0][1], sizes[0][0], 3)}
    left, top, width, height = box
    expected = np.zeros(frames[0].shape[:2], np.uint8)
    expected[top : top + height, left : left + width] = 255
    assert frames[5].min() >= 250
    assert np.abs(frames[15][..., 1].astype(int) - expected).max() <= 5


def test_shrinking_averages(tmp_path, media):
    noise = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
    clip = media.write_clip(tmp_path / "c.mkv", [noise], codec="ffv1", format="bgr0")
    (frame,) = read_frames(probe(clip), (24, 16))
    assert np.abs(frame.rgb - noise.reshape(16, 4, 24, 4, 3).mean((1, 3))).max() <= 1


def test_an_odd_clip_loses_its_last_row_and_column(tmp_path, media):
    picture = media.scene(33, 47, 0)
    clip = media.write_clip(tmp_path / "c.mkv", [picture], codec="ffv1", format="bgr0")
    info = probe(clip)
    size = working_size(info.width, info.height, 33)
    assert size == (32, 46)
    (frame,) = read_frames(info, size)
    assert np.array_equal(frame.rgb, picture[:46, :32])
    (frame,) = read_frames(info)
    assert np.array_equal(frame.rgb, picture)


def test_variable_timestamps_are_exact(tmp_path, media):
    pts = [0, 40, 41, 90, 1000, 1033]
    clip = media.write_clip(tmp_path / "c.mkv", media.scenes(32, 16, 6), pts=pts, time_base=Fraction(1, 1000))
    info = probe(clip)
    assert [frame.pts * info.time_base for frame in read_frames(info)] == [Fraction(p, 1000) for p in pts]


@pytest.mark.parametrize(
    ("aspect", "shown"), [(Fraction(16, 11), (524, 288)), (Fraction(8, 9), (360, 324)), (Fraction(1000, 1), (360, 288))]
)
def test_a_gif_has_the_shape_that_players_show(tmp_path, media, painter, aspect, shown):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(360, 288, 2), aspect=aspect)
    assert probe(clip).shown_size == shown
    summary = stylize_path(clip, tmp_path / "o.gif", painter)
    assert (summary["width"], summary["height"]) == shown
    assert stylize_path(clip, tmp_path / "o.mp4", painter)["width"] == 360


@pytest.mark.parametrize("top_first", [True, False])
@pytest.mark.parametrize(("codec", "name"), [("mpeg2video", "c.mkv"), ("libx264", "c.mp4"), ("mpeg2video", "c.ts")])
def test_interlaced_clips_are_not_combed(tmp_path, media, top_first, codec, name):
    """A bright square that moves 8 pixels a field: as stored, its rows tear; as read, they do not."""
    fields = np.full((24, 96, 160, 3), 40, np.uint8)
    for number, field in enumerate(fields):
        field[24:72, 8 + 4 * number : 40 + 4 * number] = 220
    woven = [fields[n].copy() for n in range(0, 24, 2)]
    for n, frame in enumerate(woven):
        frame[1 if top_first else 0 :: 2] = fields[2 * n + 1][1 if top_first else 0 :: 2]
    params = {"libx264": {"x264-params": f"{'tff' if top_first else 'bff'}=1", "bf": "0", "qp": "10"}}
    options = params.get(codec, {"flags": "+ildct+ilme", "top": str(int(top_first)), "qmin": "1", "b": "9000000"})
    options = options if codec == "libx264" else {**options, "field_order": "tt" if top_first else "bb"}
    frames = [av.VideoFrame.from_ndarray(frame, format="rgb24").reformat(format="yuv420p") for frame in woven]
    clip = media.write_clip(tmp_path / name, frames, codec=codec, options=options)
    with av.open(str(clip)) as container:
        stored = list(container.decode(video=0))
    assert stored[3].interlaced_frame
    info = probe(clip)
    read = list(read_frames(info))
    assert [f.pts * info.time_base + info.origin for f in read] == [f.pts * f.time_base for f in stored]

    def combing(rgb):
        rows = rgb[28:68, :, 1].astype(int)
        return np.abs(2 * rows[1:-1] - rows[:-2] - rows[2:]).mean()

    for frame, before in list(zip(read, stored, strict=True))[1:-1]:
        assert combing(frame.rgb) < combing(before.to_ndarray(format="rgb24")) / 5
