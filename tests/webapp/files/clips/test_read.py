"""What a clip is read as: colour by the standards' formulas, upright, at its own times."""

import io
import struct
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import odd_clips
import pytest
from av.stream import Disposition
from PIL import Image

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.probe import ClipLimits, Orientation, probe, working_size
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.clips.span import Span
from impasto.webapp.files.stylize import stylize_path

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


@pytest.mark.parametrize("degrees", [0, 90, 180, -90])
@pytest.mark.parametrize("mirror", [False, True])
def test_phones_are_held_upright(tmp_path, media, degrees, mirror):
    """`degrees` is counterclockwise, as PyAV defines it, and the mirror comes after the turn."""
    picture = media.scene(48, 32, 0)
    rotation = {"degrees": degrees, "hflip": mirror}
    clip = media.write_clip(
        tmp_path / "c.mp4",
        [picture] * 2,
        rotation=rotation,
        options={"qp": "0"},
        format="yuv444p",
        aspect=Fraction(4, 3),
    )
    upright = np.rot90(picture, degrees // 90)
    expected = upright[:, ::-1] if mirror else upright
    info = probe(clip)
    assert (info.height, info.width) == expected.shape[:2]
    assert info.sample_aspect == (Fraction(3, 4) if degrees % 180 else Fraction(4, 3))
    for frame in read_frames(info):
        assert np.abs(frame.rgb.astype(int) - expected).max() <= 3
    halved = next(read_frames(info, (info.width // 2, info.height // 2))).rgb
    assert np.abs(halved - expected.reshape(info.height // 2, 2, info.width // 2, 2, 3).mean((1, 3))).max() <= 6


@pytest.mark.parametrize(("a", "b", "c", "d"), [(x, 0, 0, y) for x in (1, -1) for y in (1, -1)]
                         + [(0, x, y, 0) for x in (1, -1) for y in (1, -1)])  # fmt: skip
def test_each_display_matrix_moves_each_pixel_where_it_says(a, b, c, d):
    stored = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    matrix = np.array([a * 65536, b * 65536, 0, c * 65536, d * 65536, 0, 5, 7, 1 << 30], np.int32)
    where = {(p, q): (a * p + c * q, b * p + d * q) for p in range(3) for q in range(2)}
    left, top = (min(point[axis] for point in where.values()) for axis in (0, 1))
    upright = Orientation.from_display_matrix(matrix.tobytes()).apply(stored)
    for (p, q), (x, y) in where.items():
        assert np.array_equal(upright[y - top, x - left], stored[q, p])


EXIF_ORIENTED = {
    None: lambda a: a,
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", EXIF_ORIENTED)
@pytest.mark.parametrize("name", ["c.mov", "c.avi", "c.mkv"])
def test_a_timelapse_of_camera_jpegs_is_read_and_held_upright(tmp_path, media, orientation, name):
    """Frames that carry EXIF, a kind of side data that PyAV has no name for."""
    picture = media.scene(48, 32, 0)
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    if orientation:
        exif[0x0112] = orientation
    jpeg = io.BytesIO()
    Image.fromarray(picture).save(jpeg, "JPEG", quality=100, subsampling=0, exif=exif)
    with av.open(str(tmp_path / name), "w") as container:
        stream = container.add_mux_stream("mjpeg", rate=5, width=48, height=32)
        for index in range(6):
            packet = av.Packet(jpeg.getvalue())
            packet.stream, packet.time_base = stream, Fraction(1, 5)
            packet.pts = packet.dts = index
            packet.duration = 1
            container.mux(packet)
    info = probe(tmp_path / name)
    frames = list(read_frames(info))
    assert [frame.pts * info.time_base for frame in frames] == [Fraction(n, 5) for n in range(6)]
    expected = EXIF_ORIENTED[orientation](picture).astype(int)
    assert frames[0].rgb.shape == expected.shape
    assert np.abs(frames[0].rgb - expected).mean() < 3


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


def test_the_header_is_described(tmp_path, media):
    clip = media.write_clip(
        tmp_path / "c.mp4",
        media.scenes(64, 48, 30),
        rate=Fraction(30000, 1001),
        aspect=Fraction(16, 11),
        sound=[{"codec": "aac", "seconds": 1}],
    )
    info = probe(clip)
    assert (info.width, info.height, info.frames, info.codec) == (64, 48, 30, "h264")
    assert info.frame_rate == Fraction(30000, 1001)
    assert info.sample_aspect == Fraction(16, 11)
    assert info.duration == pytest.approx(1.001)
    assert info.audio == ("aac",)
    assert not info.hdr


AS_PYAV_19 = """
import sys, av

def open_as_19_does(file, mode=None, format=None, options=None, container_options=None):
    return there_is(file, mode, format, options, container_options)

there_is, av.open, av.__version__ = av.open, open_as_19_does, "19.0.0"
from impasto.webapp.files.clips.probe import probe

print(probe(sys.argv[1]).frames)
"""


def test_pyav_19_has_fewer_arguments(tmp_path):
    clip = odd_clips.write(tmp_path / "clip.mp4", 3, sound=None)
    done = subprocess.run([sys.executable, "-c", AS_PYAV_19, str(clip)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


def test_limits_are_named(tmp_path, media):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 50))
    with pytest.raises(BadInput, match=r"lasts 2\.0 s.*1 s allowed"):
        probe(clip, ClipLimits(max_seconds=1))
    with pytest.raises(BadInput, match=r"64x48.*3,000 pixels"):
        probe(clip, ClipLimits(max_pixels=3000))
    assert probe(clip, ClipLimits(max_seconds=2, max_pixels=3072)).frames == 50


@pytest.mark.parametrize(
    ("size", "short", "even", "expected"),
    [
        ((1920, 1080), 288, True, (512, 288)),
        ((1080, 1920), 288, True, (288, 512)),
        ((854, 480), 480, True, (854, 480)),
        ((853, 479), 479, True, (852, 478)),
        ((853, 479), 479, False, (853, 479)),
        ((853, 480), 360, True, (640, 360)),
        ((64, 48), 96, True, (128, 96)),
        ((1, 1), 1, True, (2, 2)),
        ((1, 1), 1, False, (1, 1)),
    ],
)
def test_the_size_that_frames_are_painted_at(size, short, even, expected):
    assert working_size(*size, short, even) == expected


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


@pytest.mark.parametrize("name", ["c.mkv", "c.mov"])
@pytest.mark.parametrize(("marked", "shown"), [((0, 0, 0), 32), ((1, 1, 1), 32), ((0, 1, 0), 64), ((0, 1, 1), 64)])
def test_of_several_pictures_the_one_that_players_show(tmp_path, name, marked, shown):
    """The page has the same rule: webapp/page/tests/clips/container/tracks.test.ts."""
    with av.open(str(tmp_path / name), "w") as container:
        streams = []
        for width, mark in zip([32, 64, 96], marked, strict=True):
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, 32, "yuv420p"
            stream.disposition = Disposition.default if mark else Disposition(0)
            streams.append(stream)
        for n in range(5):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(np.full((32, stream.width, 3), 200, np.uint8))
                frame.pts = n
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    info = probe(tmp_path / name)
    assert (info.width, info.height) == (shown, 32)
    assert [frame.rgb.shape for frame in read_frames(info)] == [(32, shown, 3)] * 5


def test_a_pause_that_an_edit_list_begins_with_is_kept(tmp_path):
    clip = odd_clips.put_edits(odd_clips.write(tmp_path / "a.mp4", sound=None), {"vide": [(100, None, 1), (1, 0, 1)]})
    info = probe(clip)
    assert info.origin == 0
    assert float(next(read_frames(info)).pts * info.time_base) == 100


@pytest.mark.parametrize("short", [0, -5, 100_000])
def test_impossible_sizes_are_refused(short):
    with pytest.raises(BadInput):
        working_size(640, 360, short)


def grown(path, sizes):
    """An MPEG-TS whose H.264 stream changes its size midway, five frames of each."""
    with av.open(str(path), "w", format="mpegts") as out:
        stream, count = None, 0
        for width, height in sizes:
            encoded = io.BytesIO()
            with av.open(encoded, "w", format="h264") as container:
                track = container.add_stream("libx264", rate=25)
                track.width, track.height, track.pix_fmt = width, height, "yuv420p"
                frame = np.zeros((height, width, 3), np.uint8)
                for _ in range(5):
                    container.mux(track.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
                container.mux(track.encode(None))
            with av.open(io.BytesIO(encoded.getvalue()), format="h264") as source:
                track = source.streams.video[0]
                stream = stream or out.add_stream_from_template(track)
                for packet in source.demux(track):
                    if packet.size:
                        packet.stream, packet.pts, packet.dts = stream, count * 3600, count * 3600
                        out.mux(packet)
                        count += 1
    return path


def test_a_stream_that_grows_a_little_is_read_and_one_that_grows_without_end_is_refused(tmp_path):
    info = probe(grown(tmp_path / "a.ts", [(64, 48), (128, 96)]))
    assert {frame.rgb.shape for frame in read_frames(info)} == {(48, 64, 3)}
    info = probe(grown(tmp_path / "b.ts", [(64, 48), (2400, 1600)]))
    with pytest.raises(BadInput, match=r"changes to 2400x1600 pixels after frame \d, from 64x48; cut it there"):
        list(read_frames(info))
