"""The size of the brush: painted small, brought to its size with the frame's own detail."""

import numpy as np
import pytest
from PIL import Image

from impasto.export.runtime.painter import Look, Painter
from impasto.models.errors import BadInput
from impasto.webapp.files.brush_size import parse_brush_size, shrink, with_brush_size
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.detail import enlarge
from impasto.webapp.files.stylize import stylize_path


class Sizes:
    """A painter that notes the sizes it paints at, and paints grey."""

    def __init__(self):
        self.sizes = []

    def paint(self, frame):
        self.sizes.append(frame.shape[:2])
        return np.full_like(frame, 128)

    def reset(self):
        pass


def test_clips_and_pictures_are_painted_at_the_brushs_size_and_shown_at_their_own(tmp_path, media):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(160, 120, 3))
    picture = np.random.default_rng(0).integers(0, 255, (100, 200, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "p.png")
    painter, shown = Sizes(), []
    summary = stylize_path(clip, tmp_path / "o.mp4", painter, brush_size=64, show=shown.append)
    assert (summary["width"], summary["height"]) == (160, 120)
    assert [frame.shape for frame in shown] == [(120, 160, 3)] * 3
    stylize_path(tmp_path / "p.png", tmp_path / "o.png", painter, brush_size=64)
    stylize_path(tmp_path / "p.png", tmp_path / "q.png", painter, brush_size=100)
    assert painter.sizes == [(64, 86)] * 3 + [(64, 128), (100, 200)]
    painted = np.asarray(Image.open(tmp_path / "o.png"))
    assert np.array_equal(painted, enlarge(np.full((64, 128, 3), 128, np.uint8), picture))
    assert painted.std() > 1


def test_frames_side_by_side_are_those_painted_one_by_one(tmp_path, media):
    """Where the model's two halves are used, the brush has the size it has elsewhere."""
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(160, 120, 4))
    painter = Painter(threads=1, look=Look(stability=1.0))
    painter.use([painter.model.gallery()["great-wave"]["style"]])
    shown = []
    stylize_path(clip, tmp_path / "o.mp4", painter, brush_size=80, show=shown.append)
    painter.reset()
    alone = with_brush_size(painter, 80)
    for frame, painting in zip(read_frames(probe(clip)), shown, strict=True):
        assert abs(alone.paint(frame.rgb).astype(int) - painting).max() <= 2


def test_a_small_frame_stays_and_no_brush_is_the_painter_itself():
    frame = np.zeros((40, 60, 3), np.uint8)
    assert shrink(frame, 40) is frame
    assert shrink(frame, None) is frame
    assert shrink(frame, 20).shape == (20, 30, 3)
    painter = Sizes()
    assert with_brush_size(painter, None) is painter


def test_brushes_by_name_and_by_size():
    assert [parse_brush_size(text) for text in ("broad", "medium", "fine", "full", "100")] == [224, 320, 480, None, 100]
    for text in ("", "huge", "63", "4321", "1e3", "³²⁰", "-100"):
        with pytest.raises(BadInput, match="is no brush; choose broad, medium, fine, full, or a size from 64"):
            parse_brush_size(text)


def test_the_command_line_has_it(run, tmp_path, media):
    Image.fromarray(media.scene(200, 150, 0)).save(tmp_path / "p.png")
    for brush in ("64", "full"):
        code, *_ = run(
            "stylize", tmp_path / "p.png", "-o", tmp_path / f"{brush}.png", "-s", "great-wave", "--brush", brush
        )
        assert code == 0
    small, full = (np.asarray(Image.open(tmp_path / f"{brush}.png"), int) for brush in ("64", "full"))
    assert small.shape == full.shape == (150, 200, 3)
    assert abs(small - full).mean() > 2
    code, _, words = run("stylize", tmp_path / "p.png", "-o", tmp_path / "x.png", "-s", "great-wave", "--brush", "huge")
    assert (code, words.startswith("Error: 'huge' is no brush")) == (2, True)
