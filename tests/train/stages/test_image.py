"""The image stage: its terms, what it trains, and that it learns."""

import numpy as np
import torch

from impasto.models.weights import OPTIONAL, load_weights
from impasto.train import distributed, loop, losses, networks, vgg
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.stages import common
from impasto.train.stages import image as image_stage


def fixed_batch(sources, config):
    draws = Draws(torch.Generator().manual_seed(3))
    photos = pictures.draw_photos(pictures.load(sources["photos"], config.photo_side), config.batch, config.size, draws)
    styles = pictures.draw_paintings(
        pictures.load(sources["paintings"], config.painting_side), config.batch, config.style_size, draws
    )
    return photos, styles


def test_terms_are_those_of_the_losses_one_by_one(sources, tiny):
    config = tiny(image_stage)
    photos, styles = fixed_batch(sources, config)
    p, t = load_weights(sources["start"])
    vgg16 = vgg.load(sources["vgg_file"])
    terms = image_stage.losses(loop.Networks(p, t), vgg16, photos, styles)
    painted = t(photos, p(styles))
    shown, there = (vgg16(x)["relu3_3"] for x in (painted, photos))
    grams = [losses.grams(vgg16(x)) for x in (painted, styles)]
    colours = [losses.palette(x) for x in (painted, styles)]
    expected = {
        "texture": losses.texture(*grams),
        "energy": losses.energy(*grams),
        "colour": losses.colour(*colours),
        "covariance": losses.covariance(*colours),
        "contrast": losses.contrast(*colours),
        "content": losses.content(shown, there),
        "structure": losses.structure(shown, losses.self_similarity(there)),
        "detail": 1 - losses.ssim(losses.grey(painted), losses.grey(photos)),
        "tv": losses.total_variation(painted),
    }
    assert terms.keys() == expected.keys()
    for name, value in expected.items():
        torch.testing.assert_close(terms[name], value)


def test_gradient_reaches_both_networks_and_nothing_else(sources, tiny):
    nets = loop.Networks(*load_weights(sources["start"]))
    vgg16 = vgg.load(sources["vgg_file"])
    sum(image_stage.losses(nets, vgg16, *fixed_batch(sources, tiny(image_stage))).values()).backward()
    painters = [nets.p, *(part for name, part in nets.t.named_children() if name not in OPTIONAL)]
    assert all(w.grad is not None and w.grad.isfinite().all() for net in painters for w in net.parameters())
    assert all(weight.grad is None for weight in vgg16.parameters())


def test_every_term_falls(sources, tiny, log, tmp_path):
    config = tiny(image_stage, steps=25, decay="none", rate=3e-3, predictor_rate=3e-3)
    processes = distributed.accelerator()
    nets, draws, _ = loop.prepare(config, networks.start(sources["start"], "", 0), processes)
    vgg16, batch = vgg.load(sources["vgg_file"]), fixed_batch(sources, config)
    ended = loop.run(
        config,
        nets,
        rates={"t": config.rate, "p": config.predictor_rate},
        terms=lambda: image_stage.losses(nets, vgg16, *batch),
        sheet=lambda trained: common.sheet(trained, *batch),
        out=tmp_path,
        processes=processes,
        draws=draws,
        resume=False,
    )
    assert "Finished at step 25" in ended
    lines = log(tmp_path)
    for name in ("energy", "colour", "covariance", "contrast", "tv"):
        values = [line["terms"][name] for line in lines]
        assert np.mean(values[-10:]) < 0.9 * np.mean(values[:5]), name


def test_rate_zero_freezes_the_predictor(sources, tiny, tmp_path):
    image_stage.train(tiny(image_stage, steps=2, predictor_rate=0.0), out=tmp_path, **sources)
    (p, t), (p0, t0) = load_weights(tmp_path / "weights.safetensors"), load_weights(sources["start"])
    assert all(torch.equal(a, b) for a, b in zip(p.parameters(), p0.parameters(), strict=True))
    for (name, a), b in zip(t.named_parameters(), t0.parameters(), strict=True):
        assert torch.equal(a, b) == name.startswith(OPTIONAL), name  # they have stages of their own


def test_scratch_starts_the_named_network_the_same_way_twice():
    p, t = networks.start("scratch", "space_to_depth", 7)
    again = networks.start("scratch", "space_to_depth", 7)
    assert t.spec == networks.NETWORKS["space_to_depth"]
    assert p.layout == t.layout
    assert torch.equal(t.end.conv.weight, again.t.end.conv.weight)
    assert torch.equal(p.heads.weight, again.p.heads.weight)
