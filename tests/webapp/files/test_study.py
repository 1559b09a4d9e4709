"""Studying files: on whose frames, what is written meanwhile and at the end, and what is refused beforehand.

The studying itself is `tests/export/runtime/test_study.py`; here it is a walk of as many steps as are asked for.
"""

import io
import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from full_disk import full_disk
from PIL import Image
from pillow_heif import register_heif_opener

import impasto
from impasto.export.benchmark import make_clip
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.study import Progress, Studied
from impasto.export.runtime.style_file import read_style
from impasto.models.errors import BadInput, DiskFull
from impasto.webapp.files import study as studying
from impasto.webapp.files import study_frames


@pytest.fixture
def walk(monkeypatch, tiny_model):
    """Stands in for the studying: each step moves the brush a little. `walk.asked` is what it was called with."""
    weights = weights_of(tiny_model.path("frame").read_bytes())
    direction = {name: np.random.default_rng(1).normal(0, 0.05, w.shape) for name, w in weights.items()}

    def study(model, picture, contents=(), *, seconds=None, steps=None, on_progress=None, **options):
        study.asked = {"picture": picture, "contents": contents, "seconds": seconds, "steps": steps, **options}
        losses, style = [], model.gallery()["waves"]["style"]

        def so_far():
            brush = {name: (len(losses) * part).astype(np.float16) for name, part in direction.items()}
            return Studied(style, brush, losses)

        try:
            for step in range(steps + 1):
                if step:
                    losses.append({"style": 1 / step, "total": 2 / step})
                now = Progress(step, step / steps, float(steps - step), losses[-1] if losses else {}, so_far)
                if on_progress(now) is False:
                    break
        except KeyboardInterrupt:
            pass
        return so_far()

    monkeypatch.setattr(studying, "study", study)
    return study


@pytest.fixture
def painting(tmp_path, scene):
    Image.fromarray(scene).save(tmp_path / "reeds.png")
    return tmp_path / "reeds.png"


def test_what_was_learnt_is_written_and_paints(walk, tiny_model, painting, scene, tmp_path):
    target = tmp_path / "reeds.style"
    style, found = studying.study_picture(painting, target, tiny_model, steps=3, closer=0.7, brush_size=2, seed=5)
    np.testing.assert_array_equal(walk.asked["picture"], scene)
    assert {k: walk.asked[k] for k in ("steps", "closer", "brush_size", "seed")} == {
        "steps": 3, "closer": 0.7, "brush_size": 2, "seed": 5
    }  # fmt: skip
    assert len(found.losses) == 3
    assert (style.name, style.source, style.model) == ("reeds", "reeds.png", "tiny 1")
    assert Image.open(io.BytesIO(style.preview)).size == studying.THUMBNAIL
    painter = Painter(tiny_model, "cpu", 1, Look(stability=0))
    painter.use([found])
    public = impasto.Painter(target, model=tiny_model.folder, stability=0, device="cpu", threads=1)
    np.testing.assert_array_equal(public.paint(scene), painter.paint(scene))
    public.use(style)
    np.testing.assert_array_equal(public.paint(scene), painter.paint(scene))


def test_the_preview_improves_while_it_learns(walk, tiny_model, painting, tmp_path, monkeypatch):
    monkeypatch.setattr(studying, "PREVIEW_EVERY", 0.0)
    preview, seen, shown = tmp_path / "p.png", [], []
    studying.study_picture(
        painting, None, tiny_model, steps=3, on=painting, preview=preview, show=shown.append,
        progress=lambda now: seen.append(np.asarray(Image.open(preview))),
    )  # fmt: skip
    seen.append(np.asarray(Image.open(preview)))
    assert len(seen) == 5
    assert all((a != b).any() for a, b in pairwise(seen[:4]))
    assert (seen[3] == seen[4]).all()
    assert all((a == b).all() for a, b in zip(shown, seen, strict=False))
    assert len(shown) == 4
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p.png", "reeds.png"]


@pytest.mark.parametrize("how", ["false", "interrupt"])
def test_stopped_early_keeps_what_there_is(walk, tiny_model, painting, tmp_path, how):
    def progress(now):
        if now.step == 2:
            if how == "interrupt":
                raise KeyboardInterrupt
            return False
        return None

    _, found = studying.study_picture(painting, tmp_path / "a.style", tiny_model, steps=9, progress=progress)
    assert len(found.losses) == 2
    assert (tmp_path / "a.style").is_file()


def test_stopped_before_anything_was_learnt_writes_nothing(walk, tiny_model, painting, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        studying.study_picture(painting, tmp_path / "a.style", tiny_model, steps=9, progress=lambda now: False)
    assert not (tmp_path / "a.style").exists()


def test_a_preview_that_cannot_be_written_costs_nothing_that_was_learnt(
    walk, tiny_model, painting, tmp_path, monkeypatch
):
    def full(aside, picture):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(studying, "write_image", full)
    with pytest.raises(DiskFull, match=r"p\.png could not be written"):
        studying.study_picture(painting, tmp_path / "a.style", tiny_model, steps=3, preview=tmp_path / "p.png")
    assert (tmp_path / "a.style").is_file()


def test_a_disk_that_fills_up_costs_nothing_that_was_learnt(walk, tiny_model, painting, tmp_path, monkeypatch):
    """It is written elsewhere, and said where; where nothing can be written at all, the first refusal stands."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    real, full = studying.write_style, {tmp_path / "out"}

    def write(path, style):
        if path.parent in full:
            raise DiskFull(f"The disk is full: {path} could not be written; make room and start again.")
        real(path, style)

    monkeypatch.setattr(studying, "write_style", write)
    for folder in ("out", "temporary"):
        (tmp_path / folder).mkdir()
    target = tmp_path / "out" / "a.style"
    with pytest.raises(DiskFull) as problem:
        impasto.study(painting, target, steps=3, model=tiny_model.folder)
    (kept,) = (tmp_path / "temporary").iterdir()
    assert str(problem.value) == (
        f"The disk is full: {target} could not be written; what was learnt is in {kept}: move it to where you want it."
    )
    assert read_style(kept, tiny_model).source == "reeds.png"
    full |= {tmp_path / "temporary", Path.home()}
    with pytest.raises(DiskFull, match="make room and start again"):
        impasto.study(painting, target, steps=3, model=tiny_model.folder)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"minutes": "1"}, "minutes must be a number above zero, not '1'"),
        ({"minutes": float("inf")}, "minutes must be a number above zero, not inf"),
        ({"minutes": True}, "minutes must be a number above zero, not True"),
        ({"closer": None}, "closer is a number, not None"),
        ({"closer": True}, "closer is a number, not True"),
        ({"brush_size": "coarse"}, "brush_size is a number, not 'coarse'"),
        ({"on": np.zeros((9, 9, 3))}, "The clip or picture to study on is a file's or folder's path, not ndarray"),
        ({"picture": Image.new("RGB", (9, 9))}, r"not Image: np\.asarray"),
        ({"picture": None}, "The picture is a file's or folder's path, not NoneType"),
        ({"target": 3}, "The target is a file's or folder's path, not int"),
    ],
)
def test_what_python_is_given_in_vain(walk, tiny_model, painting, options, sentence):
    given = {"picture": painting, "model": tiny_model.folder} | options
    with pytest.raises(BadInput, match=sentence):
        impasto.study(given.pop("picture"), **given)
    assert not hasattr(walk, "asked")


def test_a_full_disk_is_said_before_studying(walk, tiny_model, painting, tmp_path):
    with full_disk(studying.ROOM - 1), pytest.raises(DiskFull, match=r"a\.style could not be written"):
        studying.study_picture(painting, tmp_path / "a.style", tiny_model, steps=3)
    assert not hasattr(walk, "asked")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["reeds.png"]


def test_frames_come_from_a_clip_a_picture_or_a_folder(painting, scene, tmp_path):
    make_clip(tmp_path / "clip.mp4", 48, 64, 130)
    frames = study_frames.frames_of(tmp_path / "clip.mp4")
    assert len(frames) == study_frames.FRAMES
    assert {frame.shape for frame in frames} == {(48, 64, 3)}
    np.testing.assert_array_equal(study_frames.frames_of(painting), [scene])
    assert len(study_frames.frames_of(tmp_path)) == 1
    wide = np.zeros((800, 1000, 3), np.uint8)
    Image.fromarray(wide).save(tmp_path / "wide.png")
    assert study_frames.frames_of(tmp_path / "wide.png")[0].shape == (384, 480, 3)


def test_a_folder_of_heic_photographs(scene, tmp_path):
    """A telephone's photographs are practised on as they come; what is no picture is left alone."""
    register_heif_opener()
    options = {"quality": -1, "chroma": "444", "matrix_coefficients": 0}
    Image.fromarray(scene).save(tmp_path / "IMG_0001.HEIC", "HEIF", **options)
    (tmp_path / "IMG_0001.aae").write_text("<plist/>")
    (frame,) = studying.frames_of(tmp_path)
    np.testing.assert_array_equal(frame, scene)


@pytest.mark.parametrize("count", [1, 23, 24, 25, 47, 48, 49, 200, 3000])
def test_frames_are_spread(count):
    kept = [int(each) for each in study_frames.spread(iter(range(count)))]
    looked = min(count, study_frames.LOOKED_AT)
    assert len(kept) == min(looked, study_frames.FRAMES)
    assert kept[0] == 0
    gaps = np.diff([*kept, looked])
    assert gaps.max() <= 2.1 * looked / len(kept)
    assert gaps.min() >= 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"target": "a.png"}, "is no name for a studied style: it must end in .style"),
        ({"target": "none/a.style"}, "There is no folder"),
        ({"target": "loop.style"}, "leads back to itself"),
        ({"preview": "p.gif"}, "is no name for the preview"),
        ({"preview": "reeds.png"}, "is also read; choose another name"),
        ({"source": "odd.style", "target": "odd.style"}, "is also read; choose another name"),
        ({"preview": "photos/a.png", "on": "photos"}, "is also read, in"),
        ({"preview": "photos/a.png", "on": "photos/a.png"}, "is also read; choose another name"),
        ({"on": "none.mp4"}, "There is no file"),
        ({"on": "empty"}, "There are no pictures in"),
        ({"source": "none.png"}, "There is no file"),
    ],
)
def test_what_cannot_work_is_said_before_studying(walk, tiny_model, painting, tmp_path, options, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "photos").mkdir()
    (tmp_path / "loop.style").symlink_to("loop.style")
    shutil.copy(painting, tmp_path / "photos" / "a.png")
    shutil.copy(painting, tmp_path / "odd.style")
    given = {"source": painting, "target": "a.style"} | options
    given = {name: tmp_path / value for name, value in given.items()}
    with pytest.raises(BadInput, match=sentence):
        studying.study_picture(given.pop("source"), given.pop("target"), tiny_model, steps=1, **given)
    assert not hasattr(walk, "asked")


@pytest.mark.parametrize(("text", "size"), [("coarse", 2), ("fine", 0.5), ("1", 1), ("0.75", 0.75)])
def test_brush_sizes_by_name_and_by_number(text, size):
    assert studying.brush_size_of(text) == size


def test_a_brush_size_that_is_none():
    with pytest.raises(BadInput, match="coarse or fine, or a number"):
        studying.brush_size_of("broad")


def test_the_small_picture_stays_small_whatever_is_painted():
    noise = np.random.default_rng(0).integers(0, 256, (300, 500, 3), dtype=np.uint8)
    found = studying.thumbnail(noise)
    assert len(found) <= studying.THUMBNAIL_BYTES
    assert Image.open(io.BytesIO(found)).size == studying.THUMBNAIL
