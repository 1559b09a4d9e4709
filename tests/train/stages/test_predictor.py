"""The predictor stage: what it keeps of paintings, what it trains, and that it learns."""

import numpy as np
import pytest
import torch

from impasto.models.spec import TransformerSpec
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights, save_weights
from impasto.train import loop, losses, vgg
from impasto.train.data import pictures
from impasto.train.stages import predictor as predictor_stage

SMALL = {"contents": 3, "rate": 1e-2, "heads_rate": 1e-2}


@pytest.fixture
def cache(sources, tiny):
    nets, vgg16 = loop.Networks(*load_weights(sources["start"])), vgg.load(sources["vgg_file"])
    stored = pictures.load(sources["paintings"], tiny(predictor_stage).painting_side)
    return predictor_stage.PaintingCache(nets, vgg16, stored)


def test_what_is_kept_of_a_painting_is_what_the_networks_see(cache):
    picture = cache.paintings[1:2].float() / 255
    seen = losses.grams(cache.vgg(picture))
    for _ in range(2):  # computed, then kept
        batch = cache.batch([1, 0])
        torch.testing.assert_close(cache.p.style_from(batch.code, batch.statistics)[:1], cache.p(picture))
        for layer, gram in seen.items():
            torch.testing.assert_close(batch.targets.grams[layer][:1], gram, rtol=5e-3, atol=1e-7)  # bf16
    assert set(cache.kept) == {0, 1}


def test_terms_are_those_of_the_losses_one_by_one(cache):
    torch.manual_seed(2)
    t, photos = Transformer(TransformerSpec(channels=(4, 6, 8), blocks=1)), torch.rand(2, 3, 48, 48)
    batch, content_features = cache.batch([0, 1]), cache.vgg(photos)["relu3_3"]
    painted = t(photos, cache.p.style_from(batch.code, batch.statistics))
    terms = predictor_stage.losses(loop.Networks(cache.p, t), cache.vgg, batch, photos, content_features)
    torch.testing.assert_close(terms["content"], losses.content(cache.vgg(painted)["relu3_3"], content_features))
    grams, palettes = losses.grams(cache.vgg(painted)), [losses.palette(painted)]
    torch.testing.assert_close(terms["texture"], losses.texture(grams, batch.targets.grams))
    palettes.append(losses.palette(cache.paintings[:2].float() / 255))
    torch.testing.assert_close(terms["covariance"], losses.covariance(*palettes))
    torch.testing.assert_close(terms["detail"], 1 - losses.ssim(losses.grey(painted), losses.grey(photos)))
    torch.testing.assert_close(terms["tv"], losses.total_variation(painted))


def test_the_total_falls_and_only_what_follows_the_convolutions_changes(sources, tiny, log, tmp_path):
    config = tiny(predictor_stage, steps=40, batch=4, decay="none", ema=0.5, **SMALL)
    assert "Finished" in predictor_stage.train(config, out=tmp_path, **sources)
    values = [line["total"] for line in log(tmp_path)]
    assert np.mean(values[-10:]) < 0.9 * np.mean(values[:5])
    (p, t), (p0, t0) = load_weights(tmp_path / "weights.safetensors"), load_weights(sources["start"])
    assert all(torch.equal(a, b) for a, b in zip(t.parameters(), t0.parameters(), strict=True))
    changed = {name.split(".")[0] for (name, a), b in zip(p.named_parameters(), p0.parameters(), strict=True)
               if not torch.equal(a, b)}  # fmt: skip
    assert changed == {"heads", "gather", "correct"}


def test_statistics_begin_whitened_where_nothing_is_made_of_them_yet(sources, tiny, tmp_path):
    config = tiny(predictor_stage, steps=1, contents=3, rate=1e-9, heads_rate=1e-9)
    predictor_stage.train(config, out=tmp_path / "a", **sources)
    p, t = load_weights(tmp_path / "a" / "weights.safetensors")
    stored = pictures.load(sources["paintings"], config.painting_side).float() / 255
    assert p.gather(p.summary(stored)[1]).mean(0).abs().max() < 0.3  # of as many of each as were drawn it would be 0
    torch.nn.init.constant_(p.correct.weight, 0.1)
    save_weights(p, t, tmp_path / "b.safetensors")
    predictor_stage.train(config, out=tmp_path / "b", **{**sources, "start": str(tmp_path / "b.safetensors")})
    torch.testing.assert_close(load_weights(tmp_path / "b" / "weights.safetensors")[0].gather.weight, p.gather.weight)
