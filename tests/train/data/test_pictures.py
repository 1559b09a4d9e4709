"""Loading and drawing: a pack and a folder give the same tensor, batches are reproducible and shared."""

import cv2
import numpy as np
import pytest
import torch

from impasto.models.errors import BadInput
from impasto.train.data import pack, pictures
from impasto.train.data.augment import Draws

torch.set_num_threads(1)


def draws(seed=0, rank=0, world=1):
    return Draws(torch.Generator().manual_seed(seed), rank, world)


@pytest.fixture
def folder(tmp_path):
    """Eight smooth pictures, of which number i is of grey 30 i in the middle."""
    (tmp_path / "pictures").mkdir()
    bump = np.outer(np.hanning(60), np.hanning(70))[..., None]
    for i in range(8):
        cv2.imwrite(str(tmp_path / "pictures" / f"{i}.png"), (30 * i * bump * np.ones(3)).astype(np.uint8))
    return tmp_path / "pictures"


@pytest.fixture
def clips(tmp_path):
    """Two clips: frame t of clip k is of grey 100 k + 10 t."""
    (tmp_path / "clips").mkdir()
    for k in range(2):
        video = cv2.VideoWriter(str(tmp_path / "clips" / f"{k}.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 24, (64, 48))
        for t in range(6):
            video.write(np.full((48, 64, 3), 100 * k + 10 * t, np.uint8))
        video.release()
    return tmp_path / "clips"


def test_pack_and_folder_load_alike(folder, tmp_path):
    pack.pack([folder], tmp_path / "p", 32)
    packed, plain = pictures.load([tmp_path / "p"], 32), pictures.load([folder], 32)
    assert plain.dtype == torch.uint8
    assert plain.shape == packed.shape == (8, 3, 32, 32)
    assert (plain.float() - packed.float()).abs().mean() < 2
    both = pictures.load([folder, tmp_path / "p"], 32)
    assert torch.equal(both, torch.cat([plain, packed]))


def test_clips_load_alike(clips, tmp_path):
    pack.pack([clips], tmp_path / "c", 32, kind="clips", frames=3)
    packed = pictures.load([tmp_path / "c"], 32, kind="clips", frames=3)
    plain = pictures.load([clips], 32, kind="clips", frames=3)
    assert plain.shape == packed.shape == (4, 3, 3, 32, 32)
    assert (plain.float() - packed.float()).abs().max() < 4


def test_larger_packs_are_shrunk(folder, clips, tmp_path):
    pack.pack([folder], tmp_path / "p", 48)
    packed, plain = pictures.load([tmp_path / "p"], 32), pictures.load([folder], 32)
    assert packed.shape == plain.shape
    assert (plain.float() - packed.float()).abs().mean() < 2
    pack.pack([clips], tmp_path / "c", 40, kind="clips", frames=3)
    packed = pictures.load([tmp_path / "c"], 20, kind="clips", frames=3)
    assert packed.shape == (4, 3, 3, 20, 20)
    assert (pictures.load([clips], 20, kind="clips", frames=3).float() - packed.float()).abs().max() < 4


def test_what_cannot_be_used_is_said_and_left_out(folder, clips, capsys, monkeypatch):
    (folder / "x.png").write_bytes(b"no picture")
    pictures.load([folder], 32)
    said = "Warning: 1 of the images cannot be read and are left out: pictures/x.png.\n"
    assert capsys.readouterr() == ("", said)
    pictures.load([clips], 32, kind="clips", frames=6)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setenv("RANK", "1")  # of several processes one says it
    pictures.load([folder], 32)
    assert capsys.readouterr() == ("", "")


def test_mismatch_and_absence_are_said(folder, tmp_path):
    pack.pack([folder], tmp_path / "p", 32)
    with pytest.raises(BadInput, match="32 px"):
        pictures.load([tmp_path / "p"], 48)
    with pytest.raises(BadInput, match="clips of 32"):
        pictures.load([tmp_path / "p"], 32, kind="clips", frames=2)
    with pytest.raises(BadInput, match="nowhere"):
        pictures.load([tmp_path / "nowhere"], 32)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad" / "x.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match="can be read"):
        pictures.load([tmp_path / "bad"], 32)


@pytest.mark.parametrize("batch", [pictures.draw_photos, pictures.draw_paintings])
def test_processes_draw_the_parts_of_one_batch(batch, folder):
    pixels = pictures.load([folder], 48)
    whole = batch(pixels, 6, 32, draws())
    assert whole.shape == (6, 3, 32, 32)
    assert whole.dtype == torch.float32
    assert 0 <= whole.min() < whole.max() <= 1
    assert torch.equal(whole, batch(pixels, 6, 32, draws()))
    parts = [batch(pixels, 3, 32, draws(rank=r, world=2)) for r in range(2)]
    assert torch.allclose(whole, torch.cat(parts), atol=1e-6)


def test_a_resumed_run_sees_the_batches_it_would_have_seen(folder):
    pixels, chance = pictures.load([folder], 32), draws()
    pictures.draw_photos(pixels, 2, 32, chance)
    saved = chance.generator.get_state()
    expected = pictures.draw_paintings(pixels, 2, 32, chance)
    resumed = draws(seed=99)
    resumed.generator.set_state(saved)
    assert torch.equal(expected, pictures.draw_paintings(pixels, 2, 32, resumed))


def test_every_picture_is_drawn_about_equally_often():
    pixels = torch.arange(10, dtype=torch.uint8).view(10, 1, 1, 1)
    counts = (pictures.pick(pixels, 2000, draws()) * 255).round().long().flatten().bincount(minlength=10)
    assert counts.min() > 140
    assert counts.max() < 260


def test_stretches_of_clips_are_consecutive_and_of_one_clip():
    grey = 100 * torch.arange(2).view(2, 1) + 10 * torch.arange(6)  # clip k, frame t
    pixels = grey.to(torch.uint8).view(2, 6, 1, 1, 1).expand(2, 6, 3, 32, 32).contiguous()
    out = pictures.draw_sequences(pixels, 40, 16, 3, draws())
    assert out.shape == (40, 3, 3, 16, 16)
    levels = (out.mean((2, 3, 4)) * 255).round()
    assert torch.equal(levels.diff(dim=1), torch.full((40, 2), 10.0))
    assert set(levels[:, 0].int().tolist()) == {0, 10, 20, 30, 100, 110, 120, 130}
