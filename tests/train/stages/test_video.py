"""The video stage: its pairs, its terms, what it trains, and that it learns."""

import cv2
import numpy as np
import pytest
import torch

from impasto.models.errors import BadInput
from impasto.models.weights import OPTIONAL, load_weights
from impasto.train import distributed, loop, losses, networks, vgg
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.data.warp import warp
from impasto.train.losses import LossWeights
from impasto.train.stages import common
from impasto.train.stages import image as image_stage
from impasto.train.stages import video as video_stage


def fixed_pairs(sources, config):
    draws = Draws(torch.Generator().manual_seed(3))
    made = video_stage.make_pairs(pictures.load(sources["photos"], config.photo_side), config.batch, config.size, draws)
    styles = pictures.draw_paintings(
        pictures.load(sources["paintings"], config.painting_side), config.batch, config.style_size, draws
    )
    return video_stage.Pairs(*made, styles)


@pytest.fixture
def clip_folder(tmp_path):
    """One real-looking clip: a picture sliding 2 px to the left from frame to frame."""
    folder = tmp_path / "clips"
    folder.mkdir()
    wide = cv2.GaussianBlur(np.random.default_rng(0).integers(0, 256, (64, 128, 3)).astype(np.uint8), (0, 0), 2)
    wide = cv2.normalize(wide, None, 0, 255, cv2.NORM_MINMAX)
    writer = cv2.VideoWriter(str(folder / "slide.avi"), cv2.VideoWriter_fourcc(*"MJPG"), 24, (64, 64))
    for t in range(8):
        writer.write(np.ascontiguousarray(wide[:, 2 * t : 2 * t + 64]))
    writer.release()
    return folder


def test_terms_are_those_of_the_losses_one_by_one(sources, tiny):
    pairs = fixed_pairs(sources, tiny(video_stage))
    p, t = load_weights(sources["start"])
    vgg16 = vgg.load(sources["vgg_file"])
    terms = video_stage.losses(loop.Networks(p, t), vgg16, pairs)
    here, there, flow, mask, styles = pairs
    first, second = t(here, p(styles)), t(there, p(styles))
    halves = [image_stage.painting_losses(vgg16, f, out, styles) for f, out in ((here, first), (there, second))]
    for name in halves[0]:
        torch.testing.assert_close(terms[name], (halves[0][name] + halves[1][name]) / 2)
    torch.testing.assert_close(terms["output_temporal"], losses.output_temporal(first, second, here, there, flow, mask))
    each = [
        losses.feature_temporal(t.encode(a[None])[-1], t.encode(b[None])[-1], f[None], m[None])
        for a, b, f, m in zip(here, there, flow, mask, strict=True)
    ]
    torch.testing.assert_close(terms["feature_temporal"], torch.stack(each).mean())
    assert len(terms) == len(halves[0]) + 2


def test_bf16_autocast_changes_little(sources, tiny):
    pairs = fixed_pairs(sources, tiny(video_stage))
    nets, vgg16 = loop.Networks(*load_weights(sources["start"])), vgg.load(sources["vgg_file"])
    exact = video_stage.losses(nets, vgg16, pairs)
    with torch.autocast("cpu", torch.bfloat16):
        rough = video_stage.losses(nets, vgg16, pairs)
        vectors = image_stage.style_vectors(nets.p, pairs.styles)
    torch.testing.assert_close(vectors, nets.p(pairs.styles), rtol=1e-4, atol=1e-5)  # bf16 would differ by 1e-2
    for name, value in exact.items():
        assert rough[name].dtype == torch.float32
        torch.testing.assert_close(rough[name], value, rtol=0.15, atol=1e-4)


def test_make_pairs_agree_along_their_flow(sources, tiny):
    here, there, flow, mask, _ = fixed_pairs(sources, tiny(video_stage, batch=16))

    def apart(a, b):
        return float((mask * (a - b).abs()).sum())  # light and noise differ too, so never 0

    assert mask.mean() > 0.5
    assert apart(here, warp(there, flow)) < 0.75 * apart(here, there)
    assert apart(here, warp(there, flow)) < 0.6 * apart(here, warp(there, -flow))


@pytest.mark.slow
def test_every_term_falls(sources, tiny, log, tmp_path):
    weights = LossWeights(texture=0.5, feature_temporal=50.0)
    config = tiny(video_stage, steps=25, decay="none", rate=3e-3, weights=weights)
    processes = distributed.accelerator()
    nets, draws, _ = loop.prepare(config, networks.start(sources["start"], "", 0), processes)
    vgg16, pairs = vgg.load(sources["vgg_file"]), fixed_pairs(sources, config)
    loop.run(
        config,
        nets,
        rates={"t": config.rate},
        terms=lambda: video_stage.losses(nets, vgg16, pairs),
        sheet=lambda trained: common.sheet(trained, pairs.here, pairs.styles),
        out=tmp_path,
        processes=processes,
        draws=draws,
        resume=False,
    )
    lines = log(tmp_path)
    for name in ("colour", "tv", "feature_temporal", "output_temporal"):
        values = [line["terms"][name] for line in lines]
        assert np.mean(values[-10:]) < 0.9 * np.mean(values[:5]), name


def test_only_the_transformer_learns(sources, tiny, tmp_path):
    video_stage.train(tiny(video_stage, steps=2), out=tmp_path, **sources)
    (p, t), (p0, t0) = load_weights(tmp_path / "weights.safetensors"), load_weights(sources["start"])
    assert all(torch.equal(a, b) for a, b in zip(p.parameters(), p0.parameters(), strict=True))
    for (name, a), b in zip(t.named_parameters(), t0.parameters(), strict=True):
        assert torch.equal(a, b) == name.startswith(OPTIONAL), name  # they have stages of their own


def test_the_predictor_learns_along_at_a_rate_of_its_own(sources, tiny, tmp_path):
    video_stage.train(tiny(video_stage, steps=2, predictor_rate=1e-3), out=tmp_path, **sources)
    (p, _), (p0, _) = load_weights(tmp_path / "weights.safetensors"), load_weights(sources["start"])
    assert not any(torch.equal(a, b) for a, b in zip(p.heads.parameters(), p0.heads.parameters(), strict=True))


def test_starts_from_an_image_stages_folder(sources, tiny, log, tmp_path):
    image_stage.train(tiny(image_stage, steps=1), out=tmp_path / "image", **sources)
    video_stage.train(
        tiny(video_stage, steps=1), out=tmp_path / "video", **{**sources, "start": str(tmp_path / "image")}
    )
    assert len(log(tmp_path / "video")) == 1


def test_whole_paintings_are_shown_as_they_are_stored(sources, tiny, monkeypatch, tmp_path):
    shown = []
    real = video_stage.losses

    def seen(nets, vgg16, pairs):
        shown.append(pairs.styles)
        return real(nets, vgg16, pairs)

    monkeypatch.setattr(video_stage, "losses", seen)
    config = tiny(video_stage, steps=1, whole=True)
    video_stage.train(config, out=tmp_path, **sources)
    stored = pictures.load(sources["paintings"], config.painting_side).float() / 255
    assert all(any(torch.equal(one, picture) for picture in stored) for one in shown[0])


def test_scratch_is_refused(sources, tiny, tmp_path):
    with pytest.raises(BadInput, match="image stage"):
        video_stage.train(tiny(video_stage), out=tmp_path, **{**sources, "start": "scratch"})


def test_clips_replace_about_their_share_of_the_pairs(sources, clip_folder, tiny):
    config = tiny(video_stage, batch=40)
    draws = Draws(torch.Generator().manual_seed(5))
    made = tuple(fixed_pairs(sources, config)[:4])
    stored = pictures.load([clip_folder], config.clip_side, "cpu", "clips", 4)
    mixed = video_stage.with_clips(made, stored, 0.25, draws)
    changed = [not torch.equal(a, b) for a, b in zip(made[0], mixed[0], strict=True)]
    assert 4 <= sum(changed) <= 18
    for i in np.flatnonzero(changed):
        here, there, flow, mask = (x[i : i + 1] for x in mixed)
        still = (mask * (here - there).abs()).sum()
        assert (mask * (here - warp(there, flow)).abs()).sum() < 0.6 * still


def test_a_run_with_clips(sources, clip_folder, tiny, log, tmp_path):
    config = tiny(video_stage, steps=2, clip_frames=4, clip_share=0.5)
    video_stage.train(config, out=tmp_path / "run", clip_sources=[clip_folder], **sources)
    assert len(log(tmp_path / "run")) == 2
