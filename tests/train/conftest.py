"""What the tests of the stages share: random VGG weights, a handful of pictures made by code, tiny networks on disk."""

import copy
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from impasto.export.runtime.sample import picture
from impasto.models.weights import save_weights
from impasto.train import vgg

# Small enough for dozens of steps in a second or two.
TINY = {"size": 32, "style_size": 32, "photo_side": 48, "painting_side": 48, "batch": 2, "steps": 4, "warmup": 1}


@pytest.fixture(autouse=True)
def _repeatable(one_thread):
    """Every test of this folder."""


@pytest.fixture(scope="session")
def vgg_file(tmp_path_factory):
    """VGG-16 with random weights that keep the features' size from layer to layer."""
    random = torch.Generator().manual_seed(0)
    weights = {}
    for index, inputs, outputs in vgg.CONVS:
        deviation = math.sqrt(2 / (9 * inputs))
        weights[f"features.{index}.weight"] = (torch.randn(outputs, inputs, 3, 3, generator=random) * deviation).half()
        weights[f"features.{index}.bias"] = torch.zeros(outputs, dtype=torch.float16)
    file = tmp_path_factory.mktemp("vgg") / "vgg.safetensors"
    save_file(weights, file, {"input": "RGB"})
    return file


@pytest.fixture(scope="session")
def sources(vgg_file, tiny_networks, tmp_path_factory):
    """What `train` of both stages needs: folders of photographs and paintings, VGG, tiny networks to start from."""
    root = tmp_path_factory.mktemp("data")
    for kind in ("photos", "paintings"):
        (root / kind).mkdir()
    rng = np.random.default_rng(0)
    for i in range(4):
        photo = (picture(64 + 8 * i, 96) * 255).astype(np.uint8)[:, :, ::-1]
        cv2.imwrite(str(root / "photos" / f"{i}.png"), np.roll(photo, 17 * i, 1))
        strokes = cv2.GaussianBlur(rng.integers(0, 256, (64, 64, 3)).astype(np.uint8), (0, 0), 1 + i)
        cv2.imwrite(str(root / "paintings" / f"{i}.png"), cv2.normalize(strokes, None, 0, 255, cv2.NORM_MINMAX))
    p, t = copy.deepcopy(tiny_networks)
    torch.manual_seed(0)
    p.start_at_identity()
    _, gamma, _ = t.layout.slices()[-1]
    with torch.no_grad():
        p.heads.bias[gamma] = 6.0  # too much contrast, so that every term, total variation too, has where to go
    save_weights(p, t, root / "tiny.safetensors")
    return {
        "photos": [root / "photos"],
        "paintings": [root / "paintings"],
        "start": str(root / "tiny.safetensors"),
        "vgg_file": vgg_file,
    }


@pytest.fixture(scope="session")
def tiny():
    """tiny(stage, **changes): the stage's settings, made small."""
    return lambda stage, **changes: replace(stage.Config(), **{**TINY, **changes})


@pytest.fixture(scope="session")
def log():
    """log(out): the lines of a run's log."""
    return lambda out: [json.loads(line) for line in (out / "log.jsonl").read_text().splitlines()]


@pytest.fixture(scope="session")
def command(sources):
    """command(stage, out, *more): the command line, after `python -m impasto.train.cli`, of a tiny run."""

    def words(stage, out, *more):
        settings = [word for key, value in TINY.items() for word in ("--set", f"{key}={value}")]
        data = ["--photos", sources["photos"][0], "--paintings", sources["paintings"][0], "--vgg", sources["vgg_file"]]
        return [str(word) for word in (stage, *data, "--start", sources["start"], "--out", out, *settings, *more)]

    return words
