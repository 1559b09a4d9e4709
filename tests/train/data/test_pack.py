"""Packs: what is kept, in which order, in how many bytes, and what is said when something cannot be read."""

import json
import shutil

import cv2
import numpy as np
import pytest
from PIL import Image

from impasto.models.errors import BadInput
from impasto.train.data import pack


def paint(folder, count, side=80, noise=True):
    """`count` PNG pictures of one colour each, noisy on demand; picture i is mostly (10 i, 255 - 10 i, 128) in RGB."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    for i in range(count):
        picture = np.full((side, side + 20, 3), (128, 255 - 10 * i, 10 * i), np.float32)
        picture += rng.normal(0, 30, picture.shape) if noise else 0
        cv2.imwrite(str(folder / f"p{i:02d}.png"), picture.clip(0, 255).astype(np.uint8))
    return folder


def film(file, frames):
    """A clip whose frame t is of grey 12 t."""
    video = cv2.VideoWriter(str(file), cv2.VideoWriter_fourcc(*"MJPG"), 24, (96, 64))
    for t in range(frames):
        video.write(np.full((64, 96, 3), 12 * t, np.uint8))
    video.release()


def test_pictures_come_back_in_order_and_in_rgb(tmp_path):
    paint(tmp_path / "a", 3, noise=False)
    paint(tmp_path / "b" / "deep", 2, side=40, noise=False)  # smaller than the pack's side: enlarged
    report = pack.pack([tmp_path / "a", tmp_path / "b"], tmp_path / "set" / "all.safetensors", 48)
    pixels, info = pack.unpack(tmp_path / "set" / "all.safetensors")
    assert pixels.shape == (5, 3, 48, 48)
    assert pixels.is_contiguous()
    assert info["names"] == ["a/p00.png", "a/p01.png", "a/p02.png", "b/deep/p00.png", "b/deep/p01.png"]
    wanted = np.array([[10 * i, 255 - 10 * i, 128] for i in (0, 1, 2, 0, 1)])
    assert np.abs(pixels.float().mean((2, 3)).numpy() - wanted).max() < 6
    assert (report["found"], report["kept"], report["unreadable"], report["quality"]) == (5, 5, [], 90)


def test_takes_the_middle_square(tmp_path):
    picture = np.zeros((40, 120, 3), np.uint8)
    picture[:, 40:80] = 255
    (tmp_path / "a").mkdir()
    cv2.imwrite(str(tmp_path / "a" / "wide.png"), picture)
    pack.pack([tmp_path / "a"], tmp_path / "a.safetensors", 40)
    assert pack.unpack(tmp_path / "a.safetensors")[0].min() > 200


def test_same_input_same_bytes(tmp_path):
    paint(tmp_path / "a", 6)
    shutil.copytree(tmp_path / "a", tmp_path / "elsewhere" / "a")
    for name, folder in (("1", tmp_path / "a"), ("2", tmp_path / "elsewhere" / "a")):
        pack.pack([folder], tmp_path / name, 64, limit_mb=0.01)
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()
    assert not list(tmp_path.glob("*.part"))


def test_limit_lowers_quality_first_then_keeps_an_even_spread(tmp_path):
    paint(tmp_path / "a", 20)
    free = pack.pack([tmp_path / "a"], tmp_path / "free", 64)
    half = pack.pack([tmp_path / "a"], tmp_path / "half", 64, limit_mb=free["mb"] * 0.6)
    tenth = pack.pack([tmp_path / "a"], tmp_path / "tenth", 64, limit_mb=free["mb"] * 0.2)
    assert half["kept"] == 20
    assert pack.QUALITIES[-1] < half["quality"] < 90
    assert tenth["quality"] == pack.QUALITIES[-1]
    assert 2 <= tenth["kept"] < 20 == tenth["found"]
    for report, share, name in ((half, 0.6, "half"), (tenth, 0.2, "tenth")):
        assert report["mb"] == (tmp_path / name).stat().st_size / 1e6 <= free["mb"] * share
    numbers = [int(name[3:5]) for name in pack.unpack(tmp_path / "tenth")[1]["names"]]
    assert len(numbers) == tenth["kept"]
    assert np.ptp(np.diff([*numbers, 20 + numbers[0]])) <= 1


def test_damaged_pictures_are_named_and_passed_over(tmp_path):
    paint(tmp_path / "a", 2)
    (tmp_path / "a" / "p00b.jpg").write_bytes(b"no picture")
    (tmp_path / "a" / "p01b.png").write_bytes(b"")
    (tmp_path / "a" / "notes.txt").write_text("neither")
    report = pack.pack([tmp_path / "a"], tmp_path / "a.safetensors", 32)
    assert report["unreadable"] == ["a/p00b.jpg", "a/p01b.png"]
    assert report["kept"] == 2
    assert pack.left_out(report["unreadable"], "images") == (
        "2 of the images cannot be read and are left out: a/p00b.jpg, a/p01b.png."
    )
    assert pack.left_out(list("abcde"), "clips") == (
        "5 of the clips cannot be read or are too short and are left out: a, b, c and 2 more."
    )


def test_a_pack_is_readable_by_whom_new_files_are(tmp_path):
    pack.pack([paint(tmp_path / "a", 1)], tmp_path / "a.safetensors", 32)
    (tmp_path / "new").write_bytes(b"")
    assert (tmp_path / "a.safetensors").stat().st_mode == (tmp_path / "new").stat().st_mode


def test_clips_become_sequences_end_to_end(tmp_path):
    (tmp_path / "c").mkdir()
    film(tmp_path / "c" / "a.avi", 11)
    film(tmp_path / "c" / "short.avi", 3)
    report = pack.pack([tmp_path / "c"], tmp_path / "c.safetensors", 32, kind="clips", frames=4)
    pixels, info = pack.unpack(tmp_path / "c.safetensors")
    assert report["unreadable"] == ["c/short.avi"]
    assert info["names"] == ["c/a.avi@0", "c/a.avi@4"]
    assert pixels.shape == (2, 4, 3, 32, 32)
    assert np.abs(pixels.float().mean((2, 3, 4)).numpy().ravel() - 12 * np.arange(8)).max() < 3


def test_says_what_is_wrong_with_the_input(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.png").write_bytes(b"no picture")
    paint(tmp_path / "a", 2)
    out = tmp_path / "out"
    with pytest.raises(BadInput, match="no images in"):
        pack.pack([tmp_path / "empty"], out, 32)
    with pytest.raises(BadInput, match="not a folder"):
        pack.pack([tmp_path / "missing"], out, 32)
    with pytest.raises(BadInput, match="can be read"):
        pack.pack([tmp_path / "bad"], out, 32)
    with pytest.raises(BadInput, match="Not even one"):
        pack.pack([tmp_path / "a"], out, 32, limit_mb=0.002)
    with pytest.raises(BadInput, match="no kind"):
        pack.pack([tmp_path / "a"], out, 32, kind="songs")
    assert not out.exists()


def test_a_picture_that_is_packed_is_not_written_over(tmp_path):
    paint(tmp_path / "a", 1)
    (picture,) = (tmp_path / "a").iterdir()
    before = picture.read_bytes()
    with pytest.raises(BadInput, match="is also read"):
        pack.pack([tmp_path / "a"], picture, 32)
    assert picture.read_bytes() == before


def test_a_file_that_is_no_pack_is_refused(tmp_path):
    paint(tmp_path / "a", 2)
    pack.pack([tmp_path / "a"], tmp_path / "whole", 32)
    (tmp_path / "cut").write_bytes((tmp_path / "whole").read_bytes()[:-50])
    (tmp_path / "damaged").write_bytes((tmp_path / "whole").read_bytes().replace(b"RIFF", b"LOSS"))
    (tmp_path / "text").write_text("hello")
    with pytest.raises(BadInput, match=r"There is no folder or pack .*none"):
        pack.unpack(tmp_path / "none")
    for name in ("cut", "text", "missing", "damaged"):
        with pytest.raises(BadInput, match=name):
            pack.unpack(tmp_path / name)


def with_header(file, change):
    """The same pack whose header says something else."""
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    info = json.loads(header["__metadata__"]["impasto_pack"])
    header["__metadata__"]["impasto_pack"] = json.dumps({**info, **change})
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + data[8 + length :])


@pytest.mark.parametrize(
    "change",
    [
        {"side": 10**6},
        {"side": -1},
        {"side": "32"},
        {"side": 64},
        {"frames": 0},
        {"frames": 7},
        {"kind": "films"},
        {"kind": []},
        {"names": 3},
    ],
)
def test_a_header_is_checked_before_room_is_made(tmp_path, change):
    (tmp_path / "in").mkdir()
    for i in range(3):
        Image.fromarray(np.full((40, 40, 3), 80 * i, np.uint8)).save(tmp_path / "in" / f"{i}.png")
    pack.pack([tmp_path / "in"], tmp_path / "p", 32)
    with_header(tmp_path / "p", change)
    with pytest.raises(BadInput, match=r"nor a pack|damaged at picture 0"):
        pack.unpack(tmp_path / "p")


def test_pictures_are_read_as_everywhere_upright_and_on_white(tmp_path):
    (tmp_path / "in").mkdir()
    clear = np.zeros((32, 32, 4), np.uint8)
    turned = np.zeros((32, 32, 3), np.uint8)
    turned[:16] = 255
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    Image.fromarray(clear).save(tmp_path / "in" / "a.png")
    Image.fromarray(turned).save(tmp_path / "in" / "b.jpg", exif=exif)
    Image.fromarray(np.full((32, 32), 40_000, np.uint16)).save(tmp_path / "in" / "c.png")
    pack.pack([tmp_path / "in"], tmp_path / "p", 32)
    pixels, _ = pack.unpack(tmp_path / "p")
    assert pixels[0].float().mean() > 250
    assert pixels[1, :, :12].float().mean() < 10
    assert pixels[1, :, 20:].float().mean() > 245
    assert abs(pixels[2].float().mean() - 40_000 / 257) < 3
