"""A clip's colours follow what it states, by the standards' formulas."""

import av
import numpy as np
import odd_clips
import pytest

from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames

SPACES = {"601": 6, "709": 1, "2020": 9}  # AVCOL_SPC_*

FINE = {"crf": "4", "b": "2M", "cpu-used": "8"}  # of VP8 and VP9: hardly a loss

COLOURS = [(200, 40, 60), (30, 180, 90), (20, 60, 220), (240, 240, 230), (128, 128, 128), (12, 9, 20)]


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", ["601", "709", "2020"])
@pytest.mark.parametrize("format", ["yuv420p", "yuv444p", "yuv420p10le"])
def test_colours_follow_matrix_and_range(tmp_path, media, format, matrix, full):
    bits = 10 if "10" in format else 8
    codes = media.yuv_from_rgb(COLOURS, matrix, full, bits)
    frames = [media.yuv_frame(32, 16, format, code) for code in codes]
    tags = {"colorspace": SPACES[matrix], "color_range": 2 if full else 1}
    clip = media.write_clip(tmp_path / "c.mkv", frames, codec="ffv1", format=format, tags=tags)
    info = probe(clip)
    assert info.full_range is full
    expected = media.rgb_from_yuv(codes, matrix, full, bits)
    for size in [(32, 16), (16, 8), (64, 32)]:
        read = np.array([frame.rgb for frame in read_frames(info, size)])
        assert read.shape == (len(COLOURS), size[1], size[0], 3)
        # rounding alone, but for full-range 10-bit, where swscale is off by up to one code more
        assert np.abs(read - expected[:, None, None]).max() <= (1.3 if full and bits == 10 else 0.55)


# Where red, green, blue and white (D65) of a gamut lie: CIE 1931 x and y, ITU-T H.273.
CHROMATICITIES = {
    1: [(0.64, 0.33), (0.30, 0.60), (0.15, 0.06), (0.3127, 0.3290)],
    9: [(0.708, 0.292), (0.170, 0.797), (0.131, 0.046), (0.3127, 0.3290)],
    12: [(0.680, 0.320), (0.265, 0.690), (0.150, 0.060), (0.3127, 0.3290)],
}


def xyz_of(primaries):
    """The matrix from linear RGB to XYZ."""
    xyz = np.array([(x / y, 1, (1 - x - y) / y) for x, y in CHROMATICITIES[primaries]])
    return xyz[:3].T * np.linalg.solve(xyz[:3].T, xyz[3])


@pytest.mark.parametrize("primaries", [9, 12])
@pytest.mark.parametrize("curve", [1, 13, 14])
def test_wide_gamuts_become_srgb(tmp_path, media, primaries, curve):
    codes = media.yuv_from_rgb(COLOURS, "709", True)
    frames = [media.yuv_frame(32, 16, "yuv444p", code) for code in codes]
    tags = {"colorspace": 1, "color_primaries": primaries, "color_trc": curve, "color_range": 2}
    clip = media.write_clip(tmp_path / "c.mkv", frames, codec="ffv1", format="yuv444p", tags=tags)
    coded = media.rgb_from_yuv(codes, "709", True) / 255
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    narrow = np.clip(light @ np.linalg.solve(xyz_of(1), xyz_of(primaries)).T, 0, 1)
    expected = 255 * np.where(narrow <= 0.0031308, 12.92 * narrow, 1.055 * narrow ** (1 / 2.4) - 0.055)
    read = np.array([frame.rgb for frame in read_frames(probe(clip))])
    assert np.abs(expected - coded * 255).max() > 20
    assert np.abs(read - expected[:, None, None]).max() <= 3  # near black a code is a twelfth of its light


def test_a_gamut_named_without_its_curve_does_not_count(tmp_path, media):
    frame = media.yuv_frame(32, 16, "yuv420p", (81, 90, 200))
    clip = media.write_clip(tmp_path / "c.mkv", [frame], codec="ffv1", tags={"color_primaries": 12})
    assert probe(clip).gamut is None


@pytest.mark.parametrize("full", [False, True])
def test_grey_of_limited_range_is_widened(tmp_path, full):
    tags, options = {"color_range": 2 if full else 1}, {"crf": "1", "x265-params": "log-level=none"}
    shades = []
    for code in (16, 126, 235):
        clip = odd_clips.plain(tmp_path / "g.mp4", (code,), codec="libx265", format="gray", tags=tags, options=options)
        shades.append(float(next(read_frames(probe(clip))).rgb.mean()))
    assert shades == pytest.approx([16, 126, 235] if full else [0, 128, 255], abs=1)


@pytest.mark.parametrize(
    ("size", "full", "matrix"),
    [
        ((1280, 720), False, "709"),
        ((720, 576), False, "601"),
        ((608, 1080), False, "709"),
        ((1280, 720), True, "601"),
        ((720, 576), True, "601"),
    ],
)
def test_an_untagged_clip_is_bt709_from_720_lines_on_but_in_full_range(tmp_path, media, size, full, matrix):
    codes = media.yuv_from_rgb([(200, 40, 60)], matrix, full)
    frames, tags = [media.yuv_frame(*size, "yuv420p", codes[0])], {"color_range": 2 if full else 1}
    clip = media.write_clip(tmp_path / "c.mkv", frames, codec="ffv1", tags=tags)
    (frame,) = read_frames(probe(clip), (32, 18))
    assert np.abs(frame.rgb - media.rgb_from_yuv(codes, matrix, full)).max() <= 0.55


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("matrix", ["601", "709"])
def test_vp8_has_the_colours_that_its_container_states(tmp_path, media, matrix, full):
    """As browsers record a canvas; VP8 itself knows nothing but BT.601 of limited range."""
    codes = media.yuv_from_rgb([(200, 60, 40)] * 5, matrix, full)
    frames = [media.yuv_frame(64, 48, "yuv420p", code) for code in codes]
    tags = {"colorspace": SPACES[matrix], "color_range": 2 if full else 1}
    clip = media.write_clip(tmp_path / "c.webm", frames, codec="libvpx", tags=tags, options=FINE)
    assert np.abs(next(read_frames(probe(clip))).rgb - np.array([200, 60, 40])).max() <= 3  # VP8's own loss


@pytest.mark.parametrize("ending", ["webm", "mp4"])
@pytest.mark.parametrize(("own", "stated"), [("709", "601"), ("601", "709"), (None, "601"), (None, "709")])
def test_vp9_has_the_colours_that_its_container_states(tmp_path, media, ending, own, stated):
    """As browsers go by it, where the bitstream says something else or nothing."""
    codes = media.yuv_from_rgb([(200, 60, 40)] * 5, stated, False)
    frames = [media.yuv_frame(64, 48, "yuv420p", code) for code in codes]
    tags = {"colorspace": SPACES[own]} if own else {}
    clip = media.write_clip(tmp_path / "own.webm", frames, codec="libvpx-vp9", tags=tags, options=FINE)
    clip = odd_clips.restated(clip, tmp_path / f"c.{ending}", {"colorspace": SPACES[stated], "color_range": 1})
    assert np.abs(next(read_frames(probe(clip))).rgb - np.array([200, 60, 40])).max() <= 3


@pytest.mark.parametrize(("codec", "matrix"), [("libvpx", "601"), ("libvpx-vp9", "709")])
def test_vp8_and_vp9_go_by_the_bitstream_where_the_container_says_nothing(tmp_path, media, codec, matrix):
    codes = media.yuv_from_rgb([(200, 60, 40)] * 5, matrix, False)
    frames = [media.yuv_frame(64, 48, "yuv420p", code) for code in codes]
    tags = {"colorspace": SPACES[matrix]}
    clip = media.write_clip(tmp_path / "own.webm", frames, codec=codec, tags=tags, options=FINE)
    clip = odd_clips.restated(clip, tmp_path / "c.webm", {})
    assert np.abs(next(read_frames(probe(clip))).rgb - np.array([200, 60, 40])).max() <= 3


@pytest.mark.parametrize(("own", "stated"), [(1, 2), (2, 1)])
def test_a_range_beside_no_colours_says_nothing_in_mp4(tmp_path, media, own, stated):
    """`vpcC` cannot leave it out; as browsers and the page, which then go by the bitstream."""
    codes = media.yuv_from_rgb([(200, 60, 40)] * 5, "601", own == 2)
    frames = [media.yuv_frame(64, 48, "yuv420p", code) for code in codes]
    clip = media.write_clip(tmp_path / "own.webm", frames, codec="libvpx-vp9", tags={"color_range": own}, options=FINE)
    clip = odd_clips.restated(clip, tmp_path / "c.mp4", {"color_range": stated})
    assert np.abs(next(read_frames(probe(clip))).rgb - np.array([200, 60, 40])).max() <= 3


def test_untagged_vp8_is_bt601_at_any_size(tmp_path, media):
    codes = media.yuv_from_rgb([(200, 60, 40)], "601", False)
    frames = [media.yuv_frame(1280, 720, "yuv420p", code) for code in codes]
    clip = media.write_clip(tmp_path / "own.webm", frames, codec="libvpx", options=FINE)
    clip = odd_clips.restated(clip, tmp_path / "c.webm", {})
    assert np.abs(next(read_frames(probe(clip), (32, 18))).rgb - np.array([200, 60, 40])).max() <= 3


def test_motion_jpeg_is_full_range_bt601(tmp_path, media):
    codes = media.yuv_from_rgb([(200, 40, 60)], "601", True)
    frames = [media.yuv_frame(32, 16, "yuvj420p", codes[0])]
    clip = media.write_clip(tmp_path / "c.avi", frames, codec="mjpeg", format="yuvj420p", options={"qmin": "1"})
    (frame,) = read_frames(probe(clip))
    assert np.abs(frame.rgb - media.rgb_from_yuv(codes, "601", True)).max() <= 3  # JPEG's own loss


def test_grey_and_rgb_codecs_come_out_as_they_went_in(tmp_path, media):
    picture = media.scene(48, 32, 0)
    clip = media.write_clip(tmp_path / "c.mkv", [picture], codec="ffv1", format="bgr0")
    (frame,) = read_frames(probe(clip))
    assert np.array_equal(frame.rgb, picture)
    grey = av.VideoFrame.from_ndarray(picture[..., 0].copy(), format="gray")
    clip = media.write_clip(tmp_path / "g.mkv", [grey], codec="ffv1", format="gray")
    (frame,) = read_frames(probe(clip))
    assert np.abs(frame.rgb - picture[..., :1].astype(int)).max() <= 1
