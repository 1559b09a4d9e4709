"""Files and folders, painted whole or not at all."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.models.errors import BadInput
from impasto.webapp.files.folder import output_name
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.files.stylize import stylize_path


@pytest.fixture
def clip(tmp_path, media):
    return media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 30), sound=[{"codec": "aac", "seconds": 1.2}])


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_the_summary_says_what_was_done(tmp_path, clip, painter):
    reports = []
    summary = stylize_path(str(clip), str(tmp_path / "o.mp4"), painter, progress=lambda *pair: reports.append(pair))
    assert summary.pop("painted_per_second") > 1
    assert summary == {
        "input": str(clip),
        "output": str(tmp_path / "o.mp4"),
        "kind": "clip",
        "frames": 30,
        "width": 64,
        "height": 48,
        "fps": 25.0,
        "seconds": 1.2,
        "audio": ["copied"],
        "gaps": [],
    }
    assert (painter.painted, painter.resets) == (30, 1)
    assert reports == [(n, 30) for n in range(1, 31)]


@pytest.mark.parametrize(
    ("stored", "size", "expected"),
    [((64, 48), None, (64, 48)), ((64, 48), 24, (32, 24)), ((64, 48), 96, (128, 96)), ((1300, 730), None, (1282, 720))],
)
def test_the_size_of_a_painted_clip(tmp_path, media, painter, stored, size, expected):
    clip = media.write_clip(tmp_path / "c.mkv", media.scenes(*stored, 2), codec="ffv1", format="bgr0")
    summary = stylize_path(clip, tmp_path / "o.mp4", painter, size=size)
    assert (summary["width"], summary["height"]) == expected


@pytest.mark.parametrize(
    ("stored", "size", "expected"),
    [((41, 27), None, (41, 27)), ((80, 40), 20, (40, 20)), ((41, 27), 54, (82, 54)), ((1800, 1500), None, (1728, 1440)),
     ((1, 1), None, (1, 1)), ((5000, 1), None, (5000, 1))],
)  # fmt: skip
def test_the_size_of_a_painted_picture(tmp_path, media, painter, stored, size, expected):
    Image.fromarray(media.scene(*stored, 0)).save(tmp_path / "p.bmp")
    summary = stylize_path(tmp_path / "p.bmp", tmp_path / "o.jpg", painter, size=size)
    assert summary["kind"] == "image"
    with Image.open(tmp_path / "o.jpg") as image:
        assert image.size == (summary["width"], summary["height"]) == expected


def test_an_image_is_painted_whole_with_its_transparency(tmp_path, media, painter):
    picture = media.scene(40, 30, 0)
    alpha = np.where(np.arange(40) < 20, 0, 255).astype(np.uint8)[None].repeat(30, 0)
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / "p.png")
    stylize_path(tmp_path / "p.png", tmp_path / "o.png", painter)
    painted = np.asarray(Image.open(tmp_path / "o.png"))
    assert np.array_equal(painted[..., 3], alpha)
    assert np.array_equal(painted[:, 20:, :3], 255 - picture[:, 20:])
    assert painted[:, :20, :3].max() == 0  # the painter saw white paper


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_semi_transparent_pixels_are_mixed_with_white_once(tmp_path, suffix):
    """What the painter leaves alone comes out as it went in, and on white everything looks as it was painted."""
    rng = np.random.default_rng(0)
    rgba = rng.integers(0, 256, (24, 32, 4), dtype=np.uint8)
    rgba[4:12, 4:12] = (200, 20, 20, 128)
    Image.fromarray(rgba).save(tmp_path / "p.png")

    class Dimmer:
        by = 0

        def paint(self, rgb):
            self.seen, self.painted = rgb, (rgb.astype(int) - rgb.astype(int) * self.by // 100).astype(np.uint8)
            return self.painted

        def reset(self):
            pass

    painter = Dimmer()
    stylize_path(tmp_path / "p.png", tmp_path / f"o.{suffix}", painter)
    same = np.asarray(Image.open(tmp_path / f"o.{suffix}").convert("RGBA"))
    assert np.array_equal(same[..., 3], rgba[..., 3])
    if suffix == "png":
        opaque = rgba[..., 3] > 0
        assert np.array_equal(same[opaque], rgba[opaque])
    stylize_path(tmp_path / "p.png", tmp_path / "j.jpg", painter)
    assert np.abs(np.asarray(Image.open(tmp_path / "j.jpg")).astype(int) - painter.painted).mean() < 6
    painter.by = 2  # per cent darker: within reach of the pixels that are not almost clear
    stylize_path(tmp_path / "p.png", tmp_path / "d.png", painter)
    dim = np.asarray(Image.open(tmp_path / "d.png")).astype(float)
    share = dim[..., 3:] / 255
    on_white = dim[..., :3] * share + 255 * (1 - share)
    assert np.abs(on_white - painter.painted)[dim[..., 3] > 40].mean() < 1


def test_a_shrunk_semi_transparent_picture_keeps_its_colour(tmp_path):
    rgba = np.full((40, 60, 4), (200, 20, 20, 128), np.uint8)
    rgba[:, 30:] = (0, 0, 0, 0)  # clear, with a hidden colour that must not bleed
    Image.fromarray(rgba).save(tmp_path / "p.png")

    class Untouched:
        paint, reset = staticmethod(lambda rgb: rgb), staticmethod(lambda: None)

    stylize_path(tmp_path / "p.png", tmp_path / "o.png", Untouched(), size=16)
    small = np.asarray(Image.open(tmp_path / "o.png")).astype(int)
    assert np.abs(small[:, :11, :3] - (200, 20, 20)).max() <= 3
    assert np.abs(small[:, 12, :3][small[:, 12, 3] > 20] - (200, 20, 20)).max(initial=0) <= 12


def test_content_decides_not_the_name(tmp_path, media, painter):
    Image.fromarray(media.scene(40, 30, 0)).save(tmp_path / "really.jpg")
    (tmp_path / "really.jpg").rename(tmp_path / "picture.mp4")
    assert stylize_path(tmp_path / "picture.mp4", tmp_path / "o.png", painter)["kind"] == "image"
    media.write_clip(tmp_path / "c.mp4", media.scenes(32, 16, 3)).rename(tmp_path / "clip.jpg")
    assert stylize_path(tmp_path / "clip.jpg", tmp_path / "o.mp4", painter)["kind"] == "clip"


@pytest.mark.parametrize("name", ["it's 100%d: ünï-cødé.mp4", "-dash.mp4", "http:x.mp4"])
def test_clips_with_odd_names_are_painted(tmp_path, clip, painter, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    clip.rename(name)
    summary = stylize_path(name, f"o{name}", painter)
    assert Path(f"o{name}").stat().st_size > 1000
    assert summary["audio"] == ["copied"]


@pytest.mark.parametrize("kind", [KeyboardInterrupt, RuntimeError])
def test_an_interruption_leaves_the_old_output_and_nothing_else(tmp_path, clip, kind):
    class Fragile:
        painted = 0

        def paint(self, rgb):
            self.painted += 1
            if self.painted == 12:
                raise kind("stop")
            return rgb

        def reset(self):
            pass

    (tmp_path / "o.mp4").write_bytes(b"yesterday's")
    with pytest.raises(kind, match="stop"):
        stylize_path(clip, tmp_path / "o.mp4", Fragile())
    assert names(tmp_path) == ["c.mp4", "o.mp4"]
    assert (tmp_path / "o.mp4").read_bytes() == b"yesterday's"


@pytest.mark.parametrize("target", ["o.mp4", "o.gif"])
def test_cancelling_leaves_nothing(tmp_path, clip, painter, target):
    with pytest.raises(Cancelled):
        stylize_path(clip, tmp_path / target, painter, cancelled=lambda: painter.painted > 5)
    assert names(tmp_path) == ["c.mp4"]


def test_a_painter_that_changes_the_size_is_a_bug_and_says_so(tmp_path, clip, painter):
    painter.paint = lambda rgb: rgb[:-1]
    with pytest.raises(ValueError, match="painter returned"):
        stylize_path(clip, tmp_path / "o.mp4", painter)
    assert names(tmp_path) == ["c.mp4"]


def test_a_link_is_written_through(tmp_path, clip, painter):
    (tmp_path / "there").mkdir()
    (tmp_path / "o.mp4").symlink_to(tmp_path / "there" / "real.mp4")
    stylize_path(clip, tmp_path / "o.mp4", painter)
    assert (tmp_path / "o.mp4").is_symlink()
    assert (tmp_path / "there" / "real.mp4").stat().st_size > 1000


def test_the_output_is_readable_by_whom_new_files_are(tmp_path, clip, painter):
    (tmp_path / "plain").write_text("")
    stylize_path(clip, tmp_path / "o.mp4", painter)
    assert os.stat(tmp_path / "o.mp4").st_mode == os.stat(tmp_path / "plain").st_mode


@pytest.fixture
def folder(tmp_path, media):
    """A folder of all sorts."""
    folder = tmp_path / "in"
    folder.mkdir()
    media.write_clip(folder / "a.mp4", media.scenes(32, 16, 5))
    media.write_clip(folder / "a.mkv", media.scenes(32, 16, 7))
    Image.fromarray(media.scene(40, 30, 0)).save(folder / "b.JPG")
    Image.fromarray(media.scene(40, 30, 0)).save(folder / "c.bmp")
    still = [Image.fromarray(media.scene(40, 30, n)) for n in range(3)]
    still[0].save(folder / "d.gif", save_all=True, append_images=still[1:], duration=50)
    (folder / "broken.mp4").write_bytes((folder / "a.mp4").read_bytes()[:200])
    (folder / "broken.HEIC").write_bytes(b"\0\0\0\x18ftypheic")
    (folder / "notes.txt").write_text("not for painting")
    (folder / ".hidden.png").write_bytes((folder / "c.bmp").read_bytes())
    (folder / "deeper").mkdir()
    return folder


def test_a_folder_is_painted_and_one_bad_file_stops_nothing(tmp_path, folder, painter):
    outcomes = []
    summary = stylize_path(folder, tmp_path / "out", painter, on_file=outcomes.append)
    assert names(tmp_path / "out") == ["a.mkv.mp4", "a.mp4", "b.jpg", "c.png", "d.gif"]
    assert summary["kind"] == "folder"
    assert [entry["frames"] for entry in summary["painted"]] == [7, 5, 1, 1, 3]
    assert painter.resets == 7  # one a file, the bad ones too
    failed = {Path(entry["input"]).name: entry["error"] for entry in summary["failed"]}
    assert set(failed) == {"broken.mp4", "broken.HEIC"}
    assert "cut short" in failed["broken.mp4"]
    assert "is a picture (HEIC) that is damaged" in failed["broken.HEIC"]
    assert summary["ignored"] == ["notes.txt"]
    assert summary["skipped"] == []
    assert sorted(map(id, outcomes)) == sorted(map(id, summary["painted"] + summary["failed"]))


@pytest.mark.parametrize(
    ("files", "outputs"),
    [
        (["a.avi", "a.mkv", "a.mp4"], ["a.avi.mp4", "a.mkv.mp4", "a.mp4"]),
        (["a.avi", "a.avi.mp4", "a.mp4"], ["a.avi.mp4.mp4", "a.avi.mp4", "a.mp4"]),
        (["a.avi", "a.mkv", "b/a.mp4"], ["a.mp4", "a.mkv.mp4", "b/a.mp4"]),
        (["A.MP4", "a.b.avi"], ["A.mp4", "a.b.mp4"]),
    ],
)
def test_no_two_files_of_a_folder_get_one_name(files, outputs):
    taken = set(files)
    assert [output_name(file, ".mp4", taken) for file in files] == outputs


@pytest.mark.parametrize("error", [RuntimeError, SyntaxError, AttributeError, KeyError, MemoryError])
def test_a_folder_survives_whatever_one_file_raises(tmp_path, folder, painter, monkeypatch, error):
    """From a decoder (a picture), and from the painter itself (a clip)."""
    real = painter.paint
    pillow = {"__name__": "PIL.BmpImagePlugin", "error": error}
    exec("def broken_load(image): raise error('from the depths')", pillow)

    def broken_paint(rgb):
        if rgb.shape == (16, 32, 3) and painter.resets == 1:
            raise error("a bug")
        return real(rgb)

    monkeypatch.setattr("PIL.BmpImagePlugin.BmpImageFile.load", pillow["broken_load"])
    painter.paint = broken_paint
    summary = stylize_path(folder, tmp_path / "out", painter)
    failed = {Path(entry["input"]).name: entry["error"] for entry in summary["failed"]}
    assert set(failed) == {"a.mkv", "broken.mp4", "broken.HEIC", "c.bmp"}
    assert names(tmp_path / "out") == ["a.mp4", "b.jpg", "d.gif"]
    if error is MemoryError:
        assert all("not enough memory" in failed[name] for name in ("a.mkv", "c.bmp"))
    else:
        assert error.__name__ in failed["a.mkv"]
        assert "damaged" in failed["c.bmp"]


def test_sub_folders_are_taken_along_when_asked(tmp_path, folder, media, painter):
    Image.fromarray(media.scene(20, 10, 0)).save(folder / "deeper" / "b.png")
    (folder / "deeper" / "empty").mkdir()
    (folder / "deeper" / "note.txt").write_text("-")
    assert "b.png" not in str(stylize_path(folder, tmp_path / "flat", painter))
    target = folder / "painted"  # inside the source: never its own input
    for again in (False, True):
        summary = stylize_path(folder, target, painter, recursive=True)
        assert summary["ignored"] == ["notes.txt", "deeper/note.txt"]
        assert ("deeper/b.png" in summary["skipped"]) is again
    assert names(target) == ["a.mkv.mp4", "a.mp4", "b.jpg", "c.png", "d.gif", "deeper"]
    assert names(target / "deeper") == ["b.png"]


def test_a_folder_resumes_where_it_stopped(tmp_path, folder, painter):
    def stop(outcome):
        if len(names(tmp_path / "out")) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylize_path(folder, tmp_path / "out", painter, on_file=stop)
    first = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "out").iterdir()}
    painter.painted = 0
    summary = stylize_path(folder, tmp_path / "out", painter)
    assert len(summary["skipped"]) == 2
    assert len(summary["painted"]) == 3
    assert painter.painted == sum(entry["frames"] for entry in summary["painted"])
    for name, time in first.items():
        assert (tmp_path / "out" / name).stat().st_mtime_ns == time


def test_a_painting_that_is_now_the_style_is_not_painted_over(tmp_path, folder, painter):
    """All that was painted in another style is painted again, but for what is read meanwhile."""
    out = tmp_path / "out"
    painter.settings = lambda: {"style": "one"}
    stylize_path(folder, out, painter)
    style = out / "b.jpg"
    before = style.read_bytes()
    painter.settings = lambda: {"style": "two"}
    summary = stylize_path(folder, out, painter, also_read=[np.zeros(3), out / "none.png", style])
    assert [Path(each["input"]).name for each in summary["failed"]] == ["b.JPG", "broken.HEIC", "broken.mp4"]
    assert summary["failed"][0]["error"] == f"The output {style} is also read; choose another name."
    assert [each["again"] for each in summary["painted"]] == [True] * 4
    assert style.read_bytes() == before


def test_a_folder_needs_another_folder(tmp_path, folder, painter):
    (tmp_path / "file").write_text("")
    for target, words in (
        (tmp_path / "file", "is a file"),
        (folder, "is also read; choose"),
        (tmp_path / "no/no", "made"),
    ):
        with pytest.raises(BadInput, match=words):
            stylize_path(folder, target, painter)


MEMORY = """
import resource, sys
from impasto.webapp.files.stylize import stylize_path

class Painter:
    def paint(self, rgb): return 255 - rgb
    def reset(self): pass

peak = {}
def progress(done, total):
    if done in (100, 1000):
        peak[done] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)

stylize_path(sys.argv[1], sys.argv[2], Painter(), progress=progress)
print(peak[1000] - peak[100])
"""


def test_memory_stays_flat_however_long_the_clip(tmp_path, media):
    """1000 frames of 37 kB take no more than 100 do, with sound and a painter faster than the encoder."""
    clip = media.write_clip(
        tmp_path / "c.mkv",
        [media.scene(128, 96, n % 20) for n in range(1000)],
        codec="mpeg4",
        sound=[{"codec": "pcm_s16le", "seconds": 40}],
    )
    command = [sys.executable, "-c", MEMORY, str(clip), str(tmp_path / "o.mp4")]
    grown = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    assert grown < 6  # MB; all the frames are 37, all the sound is 8


@pytest.mark.parametrize("name", ["out.mp4", "out.GIF", "out.png"])
def test_a_folder_is_not_painted_into_a_files_name(tmp_path, painter, name):
    (tmp_path / "in").mkdir()
    with pytest.raises(BadInput, match="is a file's name"):
        stylize_path(tmp_path / "in", tmp_path / name, painter)
    assert not (tmp_path / name).exists()
