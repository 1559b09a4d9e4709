"""Every command that writes says in one sentence that the disk is full or forbids it, and leaves nothing behind."""

import shutil

import cv2
import numpy as np
import pytest
from full_disk import ROOM, full_disk
from PIL import Image

from impasto.export.benchmark import make_clip
from impasto.export.runtime.sample import picture
from impasto.webapp.files import demo
from impasto.webapp.space import build


@pytest.fixture
def files(tmp_path, tiny_model, monkeypatch):
    """What the commands read, and an empty folder to write in; the built-in clip is a small one."""
    make_clip(tmp_path / "clip.mp4", 96, 128, 24)
    monkeypatch.setattr(demo, "demo_clip", lambda: tmp_path / "clip.mp4")
    shutil.copytree(tiny_model.folder, tmp_path / "model")
    for kind in ("pictures", "out", "page"):
        (tmp_path / kind).mkdir()
    (tmp_path / "page" / "index.html").write_bytes(bytes(2 * ROOM))
    monkeypatch.setattr(build, "build_page", lambda: tmp_path / "page")
    noise = np.random.default_rng(0)
    for i in range(4):
        Image.fromarray(noise.integers(0, 256, (64, 64, 3), np.uint8)).save(tmp_path / "pictures" / f"{i}.png")
    cv2.imwrite(str(tmp_path / "photo.png"), (picture(300, 400) * 255).astype(np.uint8))
    return tmp_path


def commands(files):
    model, weights = files / "model", files / "model" / "weights.safetensors"
    return {
        "stylize": ["stylize", files / "photo.png", "-s", "waves", "-m", model, "-o", files / "out" / "o.png"],
        "demo": ["demo", "-s", "waves", "-m", model, "-o", files / "out" / "o.mp4"],
        "export": ["export", weights, "-o", files / "out" / "model"],
        "space": ["space", "-m", model, "-o", files / "out" / "space"],
        "static space": ["space", "--static", "-m", model, "-o", files / "out" / "space"],
        "pack": ["train", "pack", files / "pictures", "--side", "64", "--out", files / "out" / "p.pack"],
        "average": ["train", "average", weights, weights, "--out", files / "out" / "w.safetensors"],
    }


COMMANDS = ("stylize", "demo", "export", "space", "static space", "pack", "average")


@pytest.mark.parametrize("name", COMMANDS)
def test_a_full_disk_is_one_sentence_and_nothing_is_left(run, files, graphs_at_hand, name):
    with full_disk():
        code, out, err = run(*commands(files)[name])
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: The disk is full: ")
    assert "Traceback" not in err
    assert list((files / "out").iterdir()) == []


@pytest.mark.parametrize("name", COMMANDS)
def test_a_place_that_cannot_be_written_to_is_one_sentence(run, files, graphs_at_hand, name):
    shutil.rmtree(files / "out")
    (files / "out").write_text("a file where a folder should be")
    code, out, err = run(*commands(files)[name])
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in err
    assert (files / "out").read_text() == "a file where a folder should be"
