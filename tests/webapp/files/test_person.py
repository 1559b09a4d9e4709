"""Files of which only the person is painted, or all else, or each in a style: as frame by frame, at any brush size."""

import numpy as np
import pytest
from figure import figure
from PIL import Image

from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.person import PersonPainter
from impasto.webapp.files.brush_size import with_brush_size
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.clips.scenes import Scenes
from impasto.webapp.files.stylize import stylize_path

KINDS = ["person", "background", None]


@pytest.fixture
def make(tiny_model):
    """make(only): a painter of the person, of all else, or with None of each in a style."""

    def make(only):
        painters = []
        for turn in (0, 9)[: 1 if only else 2]:
            painters.append(Painter(tiny_model, threads=2, look=Look()))
            painters[-1].use([np.roll(tiny_model.gallery()["waves"]["style"], turn)])
        return PersonPainter(painters[0], only, *painters[1:])

    return make


@pytest.fixture
def clip(tmp_path, media):
    """Somebody who moves to the right, and after a cut, before another scene, to the left."""
    first = [figure(120, 160, 0.3 + 0.03 * t) for t in range(6)]
    second = [255 - figure(120, 160, 0.8 - 0.03 * t)[:, ::-1] // 2 for t in range(6)]
    return media.write_clip(tmp_path / "c.mp4", [*first, *second], options={"crf": "10"})


@pytest.mark.parametrize("brush_size", [None, 96])
@pytest.mark.parametrize("only", KINDS)
def test_frames_side_by_side_are_those_painted_one_by_one(tmp_path, clip, make, only, brush_size):
    shown = []
    summary = stylize_path(clip, tmp_path / "o.mp4", make(only), brush_size=brush_size, show=shown.append)
    assert summary["person_found"]
    painter = make(only)
    alone, cuts = with_brush_size(painter, brush_size), 0
    for frame, painting in zip(Scenes().watch(read_frames(probe(clip))), shown, strict=True):
        cuts += frame.begins
        if frame.begins:
            alone.reset()
        assert abs(alone.paint(frame.rgb).astype(int) - painting).max() <= 2
        kept = {"person": frame.rgb[:30, :20], "background": None}.get(only)
        assert kept is None or np.abs(kept.astype(int) - painting[:30, :20]).mean() < 12
    assert cuts == 1


def test_a_picture_keeps_what_is_not_painted_and_its_transparency(tmp_path, make):
    picture = figure(150, 200)
    alpha = np.full((150, 200), 255, np.uint8)
    alpha[:20] = 0
    Image.fromarray(np.dstack([picture, alpha])).save(tmp_path / "p.png")
    summary = stylize_path(tmp_path / "p.png", tmp_path / "o.png", make("person"), brush_size=100)
    assert summary["person_found"]
    painted = np.asarray(Image.open(tmp_path / "o.png"))
    assert np.array_equal(painted[..., 3], alpha)
    assert np.array_equal(painted[20:60, :30, :3], picture[20:60, :30])  # far from anybody
    assert np.abs(painted[110:, 90:110, :3].astype(int) - picture[110:, 90:110]).mean() > 5  # the shirt


def test_a_person_is_found_in_an_animation(tmp_path, make):
    frames = [Image.fromarray(figure(90, 120, 0.4 + 0.05 * t)) for t in range(3)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:], duration=100)
    summary = stylize_path(tmp_path / "a.gif", tmp_path / "o.gif", make("background"))
    assert (summary["kind"], summary["frames"], summary["person_found"]) == ("animation", 3, True)


def test_nobody_is_said_file_by_file(tmp_path, media, make):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(figure(90, 120)).save(folder / "a.png")
    media.write_clip(folder / "b.mp4", [np.full((90, 120, 3), 120, np.uint8)] * 3)
    outcomes = []
    summary = stylize_path(folder, tmp_path / "out", make("person"), on_file=outcomes.append)
    assert [each["person_found"] for each in summary["painted"]] == [True, False]
    assert [each["person_found"] for each in outcomes] == [True, False]


def test_a_folder_is_painted_again_where_something_else_is_asked_for(tmp_path, make):
    folder = tmp_path / "in"
    folder.mkdir()
    Image.fromarray(figure(90, 120)).save(folder / "a.png")
    for only, painted in (("person", 1), ("person", 0), ("background", 1), (None, 1)):
        summary = stylize_path(folder, tmp_path / "out", make(only))
        assert len(summary["painted"]) == painted, only
