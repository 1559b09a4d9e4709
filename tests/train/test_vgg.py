"""VGG-16 against a plain numpy float64 implementation with random weights, in both input conventions."""

from urllib.error import URLError

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from impasto.models.errors import BadInput
from impasto.train import vgg

torch.set_num_threads(1)

CONVS = {0: (3, 64), 2: (64, 64), 5: (64, 128), 7: (128, 128), 10: (128, 256)}
CONVS |= {12: (256, 256), 14: (256, 256), 17: (256, 512), 19: (512, 512), 21: (512, 512)}


@pytest.fixture(scope="module")
def weights():
    g, found = torch.Generator().manual_seed(0), {}
    for i, (a, b) in CONVS.items():
        found[f"features.{i}.weight"] = torch.randn(b, a, 3, 3, generator=g) * (2 / (9 * a)) ** 0.5
        found[f"features.{i}.bias"] = torch.randn(b, generator=g) * 0.1
    return found


@pytest.fixture(scope="module")
def image():
    return torch.rand(2, 3, 16, 24, generator=torch.Generator().manual_seed(1))


def conv(x, w, b):
    """One image [C,H,W], zero padding 1, as nine shifted products."""
    h, wd = x.shape[1:]
    p = np.pad(x, ((0, 0), (1, 1), (1, 1)))
    parts = [np.tensordot(w[:, :, i, j], p[:, i : i + h, j : j + wd], 1) for i in range(3) for j in range(3)]
    return sum(parts) + b[:, None, None]


def reference(image, weights, caffe):
    """image [3,H,W] RGB in [0, 1] → features by layer."""
    x = image.numpy().astype(np.float64)
    if caffe:
        x = x[::-1] * 255 - np.array([103.939, 116.779, 123.68])[:, None, None]
    else:
        x = (x - np.array([0.485, 0.456, 0.406])[:, None, None]) / np.array([0.229, 0.224, 0.225])[:, None, None]
    found = {}
    for i in CONVS:
        if i in (5, 10, 17):
            c, h, w = x.shape
            x = x.reshape(c, h // 2, 2, w // 2, 2).max((2, 4))
        w, b = (weights[f"features.{i}.{part}"].double().numpy() for part in ("weight", "bias"))
        x = np.maximum(conv(x, w, b), 0)
        if name := {2: "relu1_2", 7: "relu2_2", 14: "relu3_3", 21: "relu4_3"}.get(i):
            found[name] = x
    return found


def assert_same(found, expected, tolerance=1e-5):
    assert list(found) == list(expected)
    for name, f in found.items():
        e = expected[name]
        assert f.shape[1:] == e.shape
        assert np.abs(f[0].double().numpy() - e).max() <= tolerance * np.abs(e).max(), name


def test_torchvision_convention_from_pth(weights, image, tmp_path):
    torch.save({**weights, "classifier.0.bias": torch.zeros(4)}, tmp_path / "vgg.pth")
    assert_same(vgg.load(tmp_path / "vgg.pth")(image), reference(image[0], weights, caffe=False))


def test_caffe_convention_from_half_precision_safetensors(weights, image, tmp_path):
    half = {k: v.half() for k, v in weights.items()}
    save_file(half, tmp_path / "vgg.safetensors", {"input": "BGR, 0..255, minus mean (103.939, 116.779, 123.68), NCHW"})
    assert_same(vgg.load(tmp_path / "vgg.safetensors")(image), reference(image[0], half, caffe=True))


def test_safetensors_without_metadata_is_torchvision_unless_told(weights, image, tmp_path):
    save_file(weights, tmp_path / "vgg.safetensors")
    assert_same(vgg.load(tmp_path / "vgg.safetensors")(image), reference(image[0], weights, caffe=False))
    told = vgg.load(tmp_path / "vgg.safetensors", "caffe")(image, "relu1_2")
    assert_same(told, {"relu1_2": reference(image[0], weights, caffe=True)["relu1_2"]})


def test_no_file_means_the_public_one(weights, image, monkeypatch):
    asked = []
    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", lambda url, **_: asked.append(url) or weights)
    expected = {"relu1_2": reference(image[0], weights, caffe=False)["relu1_2"]}
    assert_same(vgg.load()(image, "relu1_2"), expected)
    assert asked == ["https://download.pytorch.org/models/vgg16-397923af.pth"]


def test_no_network_says_to_pass_a_file(monkeypatch):
    def offline(*_, **__):
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", offline)
    with pytest.raises(BadInput, match="--vgg FILE"):
        vgg.load()


def test_a_file_that_is_no_vgg_is_refused(weights, tmp_path):
    with pytest.raises(BadInput, match="no VGG-16 weights file"):
        vgg.load(tmp_path / "none.pth")
    for name in ("garbage.pth", "garbage.safetensors"):
        (tmp_path / name).write_bytes(b"not weights at all")
        with pytest.raises(BadInput, match="not a readable weights file"):
            vgg.load(tmp_path / name)
    torch.save([1, 2, 3], tmp_path / "list.pth")
    with pytest.raises(BadInput, match="not a readable weights file"):
        vgg.load(tmp_path / "list.pth")
    save_file({**weights, "features.21.weight": torch.zeros(1)}, tmp_path / "other.safetensors")
    with pytest.raises(BadInput, match=r"is not VGG-16: features\.21\.weight"):
        vgg.load(tmp_path / "other.safetensors")
    save_file(weights, tmp_path / "odd.safetensors", {"input": "YUV"})
    with pytest.raises(BadInput, match="'YUV', neither RGB… nor BGR…"):
        vgg.load(tmp_path / "odd.safetensors")
    vgg.load(tmp_path / "odd.safetensors", "caffe")


def test_stops_where_asked(weights, image, tmp_path):
    save_file(weights, tmp_path / "vgg.safetensors")
    net = vgg.load(tmp_path / "vgg.safetensors")
    everything = net(image)
    part = net(image, "relu3_3")
    assert list(part) == ["relu1_2", "relu2_2", "relu3_3"]
    assert torch.equal(part["relu3_3"], everything["relu3_3"])
    with pytest.raises(ValueError, match="unknown layer"):
        net(image, "relu5_3")


def test_frozen_but_differentiable(weights, image, tmp_path):
    save_file(weights, tmp_path / "vgg.safetensors")
    net = vgg.load(tmp_path / "vgg.safetensors")
    assert not net.training
    assert not any(p.requires_grad for p in net.parameters())
    x = image.clone().requires_grad_()
    net(x)["relu4_3"].square().mean().backward()
    assert x.grad.isfinite().all()
    assert x.grad.abs().sum() > 0


def test_half_precision_and_channels_last(weights, image, tmp_path):
    save_file(weights, tmp_path / "vgg.safetensors")
    net = vgg.load(tmp_path / "vgg.safetensors")
    plain = net(image)
    net = net.to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        found = net(image.contiguous(memory_format=torch.channels_last))
    for name, f in found.items():
        assert f.dtype == torch.bfloat16
        assert f.is_contiguous(memory_format=torch.channels_last)
        assert (f.float() - plain[name]).abs().mean() < 0.02 * plain[name].abs().mean()
