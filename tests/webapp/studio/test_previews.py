"""Single frames are the right ones."""

import display_p3
import numpy as np
import odd_clips
import pytest
from PIL import Image

from impasto.models.errors import BadInput
from impasto.webapp.studio.previews import frame_at, picture_at, shrunk, thumbnail


@pytest.fixture
def clip(tmp_path, media):
    """Fifty frames, each brighter than the last; a key frame every twelve, with B-frames between."""
    frames = [np.full((48, 64, 3), 5 * n, np.uint8) for n in range(50)]
    return media.write_clip(tmp_path / "c.mp4", frames, options={"g": "12", "bf": "2", "crf": "1"})


@pytest.mark.parametrize(("share", "index"), [(0, 0), (0.1, 5), (0.25, 12), (0.5, 25), (0.97, 48), (1.0, 49)])
def test_a_frame_is_found_by_its_time(clip, share, index):
    frame = frame_at(clip, share, 48)
    assert frame.shape == (48, 64, 3)
    assert abs(frame.mean() - 5 * index) < 2.5


def test_a_frame_is_scaled_and_turned_upright(tmp_path, media):
    turned = media.write_clip(tmp_path / "t.mp4", media.scenes(64, 48, 3), rotation={"degrees": 90})
    assert frame_at(turned, 0, 24).shape == (32, 24, 3)


def test_what_a_transparent_clip_hides_is_not_shown(tmp_path):
    options = {"crf": "5", "b": "0", "cpu-used": "8"}
    clip = odd_clips.transparent(tmp_path / "c.webm", "libvpx-vp9", "yuva420p", options)
    shown = frame_at(clip, 0.5, 64)
    for x, expected in ((16, (255, 255, 255)), (48, (227, 137, 137)), (80, (200, 20, 20))):
        assert np.abs(shown[32, x].astype(int) - expected).max() <= 3


def test_the_small_picture_of_a_picture_has_its_colours(tmp_path):
    rgb = np.full((60, 80, 3), (200, 90, 60), np.uint8)
    Image.fromarray(rgb).save(tmp_path / "p.png", icc_profile=display_p3.profile())
    assert np.abs(thumbnail(tmp_path / "p.png", 30) - display_p3.as_srgb(rgb[:30, :40])).max() <= 2


def test_a_damaged_clip_has_no_preview(tmp_path):
    (tmp_path / "x.mp4").write_bytes(b"garbage")
    with pytest.raises(BadInput):
        frame_at(tmp_path / "x.mp4", 0, 100)


def test_pictures_are_flattened_and_scaled(tmp_path):
    Image.new("RGBA", (80, 40), (0, 0, 0, 0)).save(tmp_path / "p.png")
    picture = picture_at(tmp_path / "p.png", 20)
    assert picture.shape == (20, 40, 3)
    assert picture.min() == 255


def test_what_is_small_stays_as_it_is():
    assert shrunk(np.zeros((30, 40, 3), np.uint8), 20).shape == (20, 27, 3)
    assert shrunk(np.zeros((30, 40, 3), np.uint8), 60).shape == (30, 40, 3)
