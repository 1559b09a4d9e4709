"""Clips are held upright."""

import io
from fractions import Fraction

import av
import numpy as np
import pytest
from PIL import Image

from impasto.webapp.files.clips.orientation import Orientation
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames


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
