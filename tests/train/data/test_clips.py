"""Real clips, made here: lossless, of a known motion."""

import cv2
import numpy as np
import pytest
import torch

from impasto.models.errors import BadInput
from impasto.train.data import clips
from impasto.train.data.warp import warp

torch.set_num_threads(1)

H, W = 64, 96


def texture(seed):
    picture = np.random.default_rng(seed).integers(0, 256, (H, W + 40, 3), dtype=np.uint8)
    return cv2.normalize(cv2.GaussianBlur(picture, None, 2.5), None, 0, 255, cv2.NORM_MINMAX)


def write(path, frames):
    """uint8 RGB frames as FFV1, which loses nothing but the rounding of its colour space."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"FFV1"), 24, frames[0].shape[1::-1])
    assert writer.isOpened()
    for f in frames:
        writer.write(np.ascontiguousarray(f[:, :, ::-1]))
    writer.release()
    return path


def sliding(seed=0, count=3):
    """The picture slides 2 pixels right a frame."""
    return [np.ascontiguousarray(texture(seed)[:, 20 - 2 * i : 20 - 2 * i + W]) for i in range(count)]


def test_frames_come_in_order_as_rgb(tmp_path):
    frames = sliding()
    found = list(clips.read_frames(write(tmp_path / "a.mkv", frames)))
    assert len(found) == 3
    for f, e in zip(found, frames, strict=True):
        assert f.dtype == np.uint8
        assert f.shape == (H, W, 3)
        assert np.abs(f.astype(int) - e).max() <= 3


def test_frames_at_another_height_have_even_width(tmp_path):
    path = write(tmp_path / "a.mkv", sliding())
    assert next(clips.read_frames(path, 32)).shape == (32, 48, 3)
    assert next(clips.read_frames(path, 31)).shape == (31, 46, 3)


def test_what_is_not_a_clip(tmp_path):
    with pytest.raises(BadInput, match="no clip"):
        list(clips.read_frames(tmp_path / "none.mp4"))
    (tmp_path / "text.mp4").write_bytes(b"this is no video")
    with pytest.raises(BadInput, match="no frame could be read"):
        list(clips.read_frames(tmp_path / "text.mp4"))


def test_pairs_carry_the_motion_from_here_to_there():
    p = clips.pair(*reversed(sliding(count=2)))
    assert [tuple(x.shape) for x in p] == [(3, H, W), (3, H, W), (2, H, W), (1, H, W)]
    assert all(x.dtype == torch.float32 for x in p)
    assert p.here.min() >= 0
    assert p.here.max() <= 1
    inner = (slice(None), slice(12, -12), slice(12, -12))
    assert (p.flow[inner].mean((1, 2)) - torch.tensor([-2.0, 0.0])).abs().max() < 0.1  # back to where it was
    assert p.mask[inner].mean() > 0.95
    brought = warp(p.there[None], p.flow[None])[0]
    assert (brought - p.here)[inner].abs().mean() < 0.2 * (p.there - p.here)[inner].abs().mean()


def test_pairs_make_a_batch():
    a = clips.pair(*reversed(sliding(0, 2)))
    batch = torch.utils.data.default_collate([a, a])
    assert isinstance(batch, clips.Pair)
    assert batch.flow.shape == (2, 2, H, W)
