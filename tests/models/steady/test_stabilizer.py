"""The stabilizer: what it keeps, what it lets go."""

import itertools

import cv2
import numpy as np
import pytest
import torch
import torch.nn.functional as F

from impasto.models.steady.motion import box, pixel_grid, sample
from impasto.models.steady.quads import in_cells
from impasto.models.steady.stabilizer import CHROMA_SHARE, KEY_FRAMES, SHARES, STATE, TONE_SHARE, Stabilizer, State

pytestmark = pytest.mark.usefixtures("one_thread")

H, W = 96, 128
GRID = pixel_grid(H, W)
MEMORY = SHARES[0]  # the share of the painting before where there is no key


def picture(seed, detail=3.0):
    """A smooth random picture [1,3,H,W]."""
    noise = np.random.default_rng(seed).normal(size=(H, W, 3))
    smooth = cv2.GaussianBlur(noise, (0, 0), detail)
    return torch.from_numpy((smooth / smooth.std() / 6 + 0.5).clip(0, 1).astype(np.float32)).permute(2, 0, 1)[None]


def moved(image, dx, dy):
    return sample(image, GRID, -torch.tensor([2 * dx / W, 2 * dy / H]).view(1, 2, 1, 1).expand(-1, -1, H, W))


def flickered(painting, seed, detail=8.0, amount=0.15):
    """The painting [1,3,H,W] in other light, [1,3,H,W]: differences that are those of one and the same painting."""
    return (painting + amount * (picture(seed, detail).mean(1, keepdim=True) - 0.5)).clamp(0, 1)


def light(painting):
    return painting.mean(1, keepdim=True)


def chroma(painting):
    """[1,3,H,W] → its colours less their mean, at a quarter of the size."""
    small = F.avg_pool2d(painting, 4)
    return small - light(small)


def as_key(painting):
    """What the state holds of a key's painting [1,3,H,W]."""
    return {"key_light": light(F.avg_pool2d(painting, 2)), "key_chroma": chroma(painting)}


def stepping(stabilizer):
    """step(frame, painted, stability, state) → the steady painting and the next state."""

    def step(frame, painted, stability, state):
        with torch.no_grad():
            return stabilizer(frame, painted, torch.tensor([float(stability)]), *state)

    return step


def having_seen(stabilizer, frame, carried, **others):
    """The state after a frame and its steady painting, without any key."""
    small = F.avg_pool2d(frame, 2)
    with torch.no_grad():
        seen = stabilizer.motion.matched(stabilizer.motion.features(in_cells(small, 2))[0])
    known = {"last_light": light(small), "last_frame": F.avg_pool2d(small, 2), "last_painting": light(carried)}
    known |= dict(zip(("last_features4", "last_features8", "last_features16"), seen, strict=True))
    empty = State.empty(frame)
    known |= {"last_tone": F.avg_pool2d(carried, 16), "key_frame": empty.key_frame + 9, "begun": empty.begun + 1}
    return empty._replace(**known, **others)


def running(stabilizer):
    """run(frame, painted, stability, previous, carried): the painting, with a key that nothing looks like."""
    step = stepping(stabilizer)

    def run(frame, painted, stability, previous, carried):
        return step(frame, painted, stability, having_seen(stabilizer, previous, carried))[0]

    return run


def sequence(stabilizer, frames, paintings):
    """All steady paintings, the first by itself."""
    step, state, outs = stepping(stabilizer), State.empty(frames[0]), []
    for frame, painted in zip(frames, paintings, strict=True):
        out, state = step(frame, painted, 1, state)
        outs.append(out)
    return outs


@pytest.fixture(scope="module")
def steady():
    return running(Stabilizer())


@pytest.fixture(scope="module", params=["untrained", "a judge that would keep everything"])
def either(request):
    stabilizer = Stabilizer()
    if request.param != "untrained":
        torch.nn.init.constant_(stabilizer.judge[2].bias, 10.0)
    return running(stabilizer)


def test_the_first_frame_is_the_painting_itself_whatever_the_stability():
    painted = picture(1)
    out, state = stepping(Stabilizer())(picture(0), painted, 1, State.empty(painted))
    assert torch.equal(out, painted)
    assert (state.begun == 1).all()


def test_stability_0_is_the_painting_itself(steady):
    painted = picture(1)
    assert torch.equal(steady(picture(0), painted, 0, picture(2), picture(3)), painted)
    assert torch.equal(steady(picture(0), painted, 0, torch.zeros(1, 3, H, W), torch.zeros(1, 3, H, W)), painted)


def test_on_a_still_scene_flicker_fades_with_the_dial(steady):
    frame, scene = picture(0), picture(1)
    first, second = (flickered(scene, s) for s in (2, 3))
    errors = [float((steady(frame, second, d, frame, first) - first).square().mean()) for d in (0, 0.25, 0.5, 0.75, 1)]
    assert errors == sorted(errors, reverse=True)
    assert errors[-1] < 1.3 * (1 - MEMORY) ** 2 * errors[0]


def test_paint_moves_along_with_the_scene(steady):
    """A moving scene whose painting flickers: the output is nearer to the carried painting than the new one is."""
    previous, carried = picture(0), picture(1, 4)
    frame, wanted = moved(previous, 6, -3), moved(carried, 6, -3)
    painted = flickered(wanted, 4, 6, 0.4)
    inner = (..., slice(20, -20), slice(20, -20))
    before = (painted - wanted)[inner].square().mean()
    after = (steady(frame, painted, 1, previous, carried) - wanted)[inner].square().mean()
    assert after < 0.8 * before


def test_the_dial_is_monotone(steady):
    """The farther it is turned, the farther the output from the new painting, pixel by pixel."""
    frame, painted, carried = picture(0), picture(1), picture(2)
    outs = [steady(moved(frame, 2, 1), painted, dial / 10, frame, carried) for dial in range(11)]
    away = torch.stack([(out - painted).abs() for out in outs])
    assert (away.diff(dim=0) > -1e-6).all()
    assert (away.mean((1, 2, 3, 4)).diff() > 0).all()


def test_each_of_a_batch_stands_alone(steady):
    pictures = [torch.cat([picture(s, 4), picture(s + 10, 4)]) for s in range(4)]
    pictures[2] = torch.cat([moved(pictures[0][:1], 3, 1), pictures[2][1:]])  # one goes on, one is cut
    frame, painted, previous, carried = pictures
    together = steady(frame, painted, 1, previous, carried)
    for i in range(2):
        alone = steady(*(x[i : i + 1] for x in (frame, painted)), 1, *(x[i : i + 1] for x in (previous, carried)))
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-5, rtol=0)


def test_a_judge_that_has_learnt_nothing_need_not_be_asked(steady):
    inputs = picture(0), picture(1), 1, moved(picture(0), 2, 1), picture(2)
    settled = Stabilizer().settled()
    assert not any(isinstance(part, torch.nn.Conv2d) for part in settled.judge.modules())
    torch.testing.assert_close(running(settled)(*inputs), steady(*inputs), atol=1e-6, rtol=0)
    trained = Stabilizer()
    torch.nn.init.normal_(trained.judge[2].weight, std=0.1)
    torch.testing.assert_close(running(trained.settled())(*inputs), running(trained)(*inputs), atol=1e-6, rtol=0)
    assert (running(trained)(*inputs) - steady(*inputs)).abs().max() > 1e-3


def test_after_a_cut_only_the_new_painting_stands(either):
    painted = picture(1)
    out = either(picture(0), painted, 1, 1 - picture(7), picture(8))
    assert (out - painted).abs().mean() < 0.005


def test_in_a_flash_only_the_new_painting_stands(either):
    frame, painted, carried = 0.6 * picture(0), picture(1), flickered(picture(1), 2)
    assert torch.equal(either(frame + 0.3, painted, 1, frame, carried), painted)
    assert torch.equal(either(frame, painted, 1, frame + 0.3, carried), painted)
    away = light(either(frame, painted, 1, frame, carried) - painted)
    assert away.abs().mean() > 0.8 * MEMORY * light(carried - painted).abs().mean()


def test_what_was_hidden_is_painted_anew(either):
    """A square that was not there: inside, nothing of the old painting may show."""
    previous, frame = picture(0), picture(0).clone()
    frame[..., 30:66, 40:88] = torch.tensor([0.95, 0.05, 0.1]).view(1, 3, 1, 1)
    painted, carried = picture(1), flickered(picture(1), 2)
    out = either(frame, painted, 1, previous, carried)
    inside, outside = (..., slice(36, 60), slice(46, 82)), (..., slice(0, 20), slice(0, 128))
    off, was = light(out - carried)[outside].abs().mean(), light(painted - carried)[outside].abs().mean()
    assert (out - painted)[inside].abs().mean() < 0.05 * was
    assert off < 1.2 * (1 - MEMORY) * was


def test_nothing_is_carried_in_from_outside_the_frame(either):
    """The camera moves by twelve pixels: the strip that came into view is painted anew, the rest is carried."""
    wide = torch.cat([picture(0), picture(5)], 3)
    smooth = F.avg_pool2d(F.pad(wide, (2, 2, 2, 2), mode="reflect"), 5, 1)
    previous, frame = smooth[..., 40 : 40 + W], smooth[..., 52 : 52 + W]
    painted = picture(1)
    carried = flickered(moved(painted, 12, 0), 2)
    away = (either(frame, painted, 1, previous, carried) - painted).abs()
    assert away[..., W - 8 :].max() < 1e-4
    assert away[..., : W - 24].mean() > 20 * away[..., W - 8 :].mean()
    assert away[..., : W - 24].mean() > 0.003


def periodic(seed, detail, height=H, width=W):
    """A random picture [1,3,H,W] without detail below `detail` pixels (a Gaussian's deviation), that tiles."""
    noise = np.fft.rfft2(np.random.default_rng(seed).normal(size=(3, height, width)))
    squares = np.fft.fftfreq(height)[:, None] ** 2 + np.fft.rfftfreq(width) ** 2
    smooth = np.fft.irfft2(noise * np.exp(-2 * (np.pi * detail) ** 2 * squares), (height, width))
    return torch.from_numpy((smooth / smooth.std() / 8 + 0.5).clip(0, 1).astype(np.float32))[None]


def shifted(image, dx, dy):
    """The picture moved by parts of a pixel without any loss."""
    height, width = image.shape[2:]
    turn = np.fft.fftfreq(height)[:, None] * dy + np.fft.rfftfreq(width) * dx
    exact = np.fft.irfft2(np.fft.rfft2(image.numpy()) * np.exp(-2j * np.pi * turn), (height, width))
    return torch.from_numpy(exact.astype(np.float32)).clamp(0, 1)


def detail_energy(image):
    return float((image - box(image, 3))[..., 12:-12, 12:-12].square().mean())


def carried_along(stabilizer, dx, dy, frames, detail=1.5):
    """The energy of the output's detail, as a multiple of the painting's, after each frame; all moves alike."""
    scene, painting = periodic(0, 2), periodic(1, detail)
    views, paintings = ([shifted(x, dx * t, dy * t) for t in range(frames + 1)] for x in (scene, painting))
    outs = sequence(stabilizer, views, paintings)
    return [detail_energy(out) / detail_energy(alone) for out, alone in zip(outs[1:], paintings[1:], strict=True)]


def read_again(stabilizer, carried, flow):
    """The painting before as it is read and sharpened for the mix."""
    with torch.no_grad():
        kept = sample(carried, GRID, F.interpolate(flow, scale_factor=4.0))
        pixels = torch.tensor([W / 2, H / 2]).view(1, 2, 1, 1)
        return kept + F.interpolate(stabilizer.blur(flow * pixels), scale_factor=4.0) * (kept - box(kept, 3))


def test_crispness_undoes_the_blur_of_reading_between_pixels():
    left, half_a_pixel = {}, torch.tensor([1 / W, 1 / H]).view(1, 2, 1, 1).expand(-1, -1, H // 4, W // 4)
    for crispness in (0.0, 0.9):
        stabilizer, carried = Stabilizer(), periodic(1, 2)
        torch.nn.init.constant_(stabilizer.crispness, crispness)
        for _ in range(10):
            carried = read_again(stabilizer, carried, half_a_pixel)
        left[crispness] = detail_energy(carried) / detail_energy(periodic(1, 2))
    assert left[0.0] < 0.6
    assert 0.85 < left[0.9] < 1.15


@pytest.mark.parametrize(("dx", "dy"), [(0.5, 0), (0, 0.5), (0.25, 0), (0.5, 0.25), (0.5, 0.5)])
def test_sharpening_cannot_run_away(dx, dy):
    """What is read between pixels again and again: no detail grows by more than the share takes away."""
    greatest, flow = 0.0, torch.tensor([2 * dx / W, 2 * dy / H]).view(1, 2, 1, 1).expand(-1, -1, H // 4, W // 4)
    y, x = torch.meshgrid(torch.arange(H), torch.arange(W), indexing="ij")
    for across, down in itertools.product(range(0, W // 2 + 1, 8), range(0, H // 2 + 1, 8)):
        wave = (0.5 + 0.05 * torch.cos(2 * torch.pi * (across * x / W + down * y / H))).expand(1, 3, H, W)
        read = read_again(Stabilizer(), wave, flow)
        inner = [image[..., 12:-12, 12:-12] - 0.5 for image in (read, wave)]
        greatest = max(greatest, float(inner[0].std() / inner[1].std().clamp_min(1e-6)) if across or down else 0.0)
    assert 1.2 < greatest < 0.91 / MEMORY


slow = pytest.mark.slow


@pytest.mark.parametrize(("dx", "dy"), [(0.5, 0.5), pytest.param(0.5, 0, marks=slow), pytest.param(0, 0.5, marks=slow)])
def test_detail_neither_fades_nor_grows_over_many_frames(dx, dy):
    """The default crispness gives more than reading takes, for a fade of unlike paintings takes too: up to a bound."""
    energies = carried_along(Stabilizer(), dx, dy, 576)  # the picture comes round every 192 frames, or 256
    assert np.mean(energies[384:]) == pytest.approx(np.mean(energies[192:384]), rel=0.04)  # 2 % of sharpness
    assert 0.85 < np.mean(energies[384:]) < 1.6


@pytest.mark.parametrize("stabilizer", ["untrained", "with a motion network that sees motion everywhere"])
def test_where_nothing_changes_nothing_moves(stabilizer, monkeypatch):
    """However smooth the picture, so that any motion would explain it."""
    still, painting, steady = picture(0, 24), picture(1), Stabilizer()
    if stabilizer != "untrained":
        follow = steady.motion.follow
        monkeypatch.setattr(steady.motion, "follow", lambda *a: (follow(*a)[0] + 0.01, *follow(*a)[1:]))
    step, state = stepping(steady), State.empty(still)
    for _ in range(4):
        out, state = step(still, painting, 1, state)
    assert state.key_motion.abs().max() == 0
    torch.testing.assert_close(out, painting, atol=1 / 255, rtol=0)


def test_a_still_noisy_scene_does_not_drift():
    """After 200 frames, mean colour and sharpness are those of a fresh start on the last frames."""
    random, still, painting = np.random.default_rng(0), periodic(0, 2, 64, 96), periodic(1, 1.5, 64, 96)
    noisy = [
        [(x + torch.from_numpy(random.normal(0, 0.02, x.shape).astype(np.float32))).clamp(0, 1) for _ in range(200)]
        for x in (still, painting)
    ]
    late, fresh = (sequence(Stabilizer(), *(x[start:] for x in noisy))[-20:] for start in (0, 140))
    colours, sharpness = (
        [np.mean([measure(out) for out in outs], 0) for outs in (late, fresh)]
        for measure in (lambda out: out.mean((0, 2, 3)).numpy(), lambda out: detail_energy(out) ** 0.5)
    )
    np.testing.assert_allclose(*colours, rtol=0.02)
    np.testing.assert_allclose(*sharpness, rtol=0.02)
    np.testing.assert_allclose(colours[0], painting.mean((0, 2, 3)).numpy(), rtol=0.02)


def test_the_key_is_held_and_its_motion_composed():
    """A wide scene that moves on by 1.5 px a frame: the motion to the key grows with it, until the next key."""
    views = [shifted(periodic(0, 3, H, 3 * W), 1.5 * t, 0) for t in range(KEY_FRAMES + 3)]
    step, state, ways = stepping(Stabilizer()), State.empty(views[0]), []
    for t, view in enumerate(views):
        before = state
        out, state = step(view, view, 1, state)
        ways.append(float(state.key_motion[:, 0, 6:-6, 8:-8].mean()) * 3 * W / 2)
        torch.testing.assert_close(state.key_frame, F.avg_pool2d(views[0 if t < KEY_FRAMES else KEY_FRAMES], 4))
        torch.testing.assert_close(state.last_light, light(F.avg_pool2d(view, 2)))
        if t % KEY_FRAMES:
            assert torch.equal(state.key_light, before.key_light)
            assert torch.equal(state.key_chroma, before.key_chroma)
        else:
            torch.testing.assert_close(state.key_light, light(F.avg_pool2d(out, 2)), atol=1e-3, rtol=0)
            torch.testing.assert_close(state.key_chroma, chroma(out), atol=1e-3, rtol=0)
    since = np.array([*range(KEY_FRAMES), 0, 1, 2])
    np.testing.assert_allclose(ways, -1.5 * since, rtol=0.03)


def test_a_key_of_which_a_good_part_is_lost_is_replaced_at_once():
    """A good part of the frame shows something else than the key; all of it goes on from the frame before."""
    stabilizer, frame = Stabilizer(), picture(0)
    step, held = stepping(stabilizer), 5 * torch.ones(1, 1, H // 32, W // 32)
    key = F.avg_pool2d(frame, 4).clone()
    painted, old = picture(1), as_key(picture(2))
    for hidden, kept in ((0.03, True), (0.3, False)):
        key[..., : round(hidden * key.shape[3])] = 1 - key[..., : round(hidden * key.shape[3])].round()
        state = having_seen(stabilizer, frame, painted, **old, key_left=held)
        out, found = step(frame, painted, 1, state._replace(key_frame=key, key_motion=state.key_motion + 1e-4))
        assert torch.equal(found.key_frame, key) == kept
        assert (
            torch.equal(found.key_light, old["key_light"]) == torch.equal(found.key_chroma, old["key_chroma"]) == kept
        )
        assert torch.equal(found.key_left, held - 1 if kept else 0 * held + KEY_FRAMES - 1)
        torch.testing.assert_close(found.key_motion, torch.full_like(found.key_motion, 1e-4 * kept))
        if not kept:
            torch.testing.assert_close(found.key_frame, F.avg_pool2d(frame, 4))
            for name, value in as_key(out).items():
                torch.testing.assert_close(getattr(found, name), value, atol=0.02, rtol=0)


def test_the_state_says_its_sizes():
    frame = torch.zeros(2, 3, H, W)
    begun = State.empty(frame)
    with torch.no_grad():
        out, found = Stabilizer()(frame, frame, torch.zeros(1), *begun)
    assert out.shape == frame.shape
    assert [*STATE] == [*State._fields]
    for (channels, over), before, after in zip(STATE.values(), begun, found, strict=True):
        assert before.shape == after.shape == (2, channels, H // over, W // over)


def test_a_trusted_key_holds_the_painting_on_and_a_strange_one_does_not():
    frame, painted, held = picture(0), picture(1, 6), picture(3, 6)
    carried = flickered(painted, 2)
    stabilizer, quarter = Stabilizer(), F.avg_pool2d(frame, 4)
    step = stepping(stabilizer)
    state = having_seen(stabilizer, frame, carried, **as_key(held))
    state = state._replace(last_tone=F.avg_pool2d(painted, 16))  # that of the new painting: nothing to add
    strange = (quarter + 0.5) % 1
    known, unknown = (step(frame, painted, 1, state._replace(key_frame=key))[0] for key in (quarter, strange))
    (near, far), apart = SHARES, held - painted
    of_key = light(apart) + CHROMA_SHARE * F.interpolate(chroma(apart), scale_factor=4.0)
    expected = painted + near * light(carried - painted) + far * of_key
    torch.testing.assert_close(known, expected.clamp(0, 1), atol=0.05, rtol=0)
    torch.testing.assert_close(unknown, painted + MEMORY * light(carried - painted), atol=0.02, rtol=0)


def test_colours_that_flicker_as_a_whole_are_held_on_to():
    """A painting that turns redder at once, of a scene that stands still; the key was painted as the new one is, so it
    has nothing to add. Without a key that is trusted the new colours stand."""
    stabilizer, frame, painted = Stabilizer(), picture(0), picture(1)
    redder = (painted + torch.tensor([0.1, -0.05, -0.05]).view(1, 3, 1, 1)).clamp(0, 1)  # as light as before
    step, other = stepping(stabilizer), 1 - picture(7).round()

    def seen(previous, key):
        state = having_seen(stabilizer, previous, painted, **as_key(redder))
        out, found = step(frame, redder, 1, state._replace(key_frame=F.avg_pool2d(key, 4)))
        return redder - out, F.avg_pool2d(redder, 16) - found.last_tone

    back, tone = seen(frame, frame)
    inner = (..., slice(12, -12), slice(12, -12))
    torch.testing.assert_close(
        back[inner], TONE_SHARE * (1 - CHROMA_SHARE * SHARES[1]) * (redder - painted)[inner], atol=0.015, rtol=0
    )
    torch.testing.assert_close(tone, TONE_SHARE * F.avg_pool2d(redder - painted, 16), atol=0.02, rtol=0)
    for previous in (frame, other):
        assert seen(previous, other)[0].abs().mean() < 0.005


def test_unlike_paintings_are_not_mixed():
    """Of a scene that stands still, so that only the paintings can tell: strokes that have nothing in common."""
    frame, painted, other = picture(0), picture(1), picture(2)
    away = running(Stabilizer())(frame, painted, 1, frame, other) - painted
    assert away.abs().mean() < 0.05 * MEMORY * light(other - painted).abs().mean()


def test_a_painting_may_flicker_as_the_cameras_picture_does():
    """The same difference of paintings, once smaller than that of the frames, once many times as large."""
    painted, before = picture(1), flickered(picture(1), 2)
    change = light(before - painted)
    frame = 0.5 + 0.5 * (picture(0) - 0.5)
    as_camera = running(Stabilizer())(frame, painted, 1, (frame + 4 * change).clamp(0, 1), before)
    alone = running(Stabilizer())(frame, painted, 1, frame, before)
    assert (as_camera - painted).abs().mean() < 0.7 * (alone - painted).abs().mean()
