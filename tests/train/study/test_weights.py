"""VGG's weights in a quarter of their size."""

import torch
from safetensors import safe_open

from impasto.models.store import VGG, vgg_file
from impasto.train import vgg
from impasto.train.study import weights


def test_no_weight_is_further_off_than_half_a_step(tmp_path):
    made = vgg.Vgg(vgg.CAFFE)
    weights.write(made, tmp_path / "vgg.safetensors")
    back = weights.own_vgg(tmp_path / "vgg.safetensors").state_dict()
    for name, value in made.state_dict().items():
        step = value.abs().amax((1, 2, 3), keepdim=True) / 127 if name.endswith("weight") else torch.zeros(1)
        assert ((back[name] - value).abs() <= step / 2 + 1e-7).all()


def test_what_comes_along_says_whose_it_is():
    with safe_open(vgg_file(), "pt") as stored:
        about = stored.metadata()
    assert "Oxford" in about["source"]
    assert about["licence"] == "CC BY 4.0"
    assert "CC BY 4.0" in (VGG / "NOTICE").read_text("utf-8")
    assert vgg_file().stat().st_size < 15.3e6
