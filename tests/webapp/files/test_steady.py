"""What is carried from frame to frame: through a clip and an animation, and never into the next file or a still."""

import json
import shutil

import av
import numpy as np
import pytest
from PIL import Image

from impasto.export.runtime.painter import Look, Painter
from impasto.webapp.files.stylize import stylize_path

LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture(scope="module")
def noisy(media):
    """The same picture eight times, each with noise of its own: uint8 [96,128,3]."""
    random = np.random.default_rng(0)
    still = 48 + 0.6 * media.scene(128, 96, 0)
    return [np.round(still + random.normal(0, 6, still.shape)).clip(0, 255).astype(np.uint8) for _ in range(8)]


@pytest.fixture
def paint(tiny_model):
    """A painter of the tiny model: `paint(strength=…)`."""

    def make(model=tiny_model, **look):
        painter = Painter(model, threads=1, look=Look(**look))
        painter.use([tiny_model.gallery()["waves"]["style"]])
        return painter

    return make


@pytest.fixture
def clip(tmp_path, media, noisy):
    return media.write_clip(tmp_path / "noisy.mkv", noisy, codec="ffv1", format="bgr0")


@pytest.fixture
def stills(tmp_path, noisy):
    """A folder of three pictures that could be frames of one clip."""
    (tmp_path / "stills").mkdir()
    for name, rgb in zip("abc", noisy, strict=False):
        Image.fromarray(rgb).save(tmp_path / "stills" / f"{name}.png")
    return tmp_path / "stills"


class Listening:
    """A painter that notes what it is given and gives, from `reset` to `reset`."""

    def __init__(self, painter):
        self.painter, self.sequences = painter, []

    def reset(self):
        self.painter.reset()
        self.sequences.append([])

    def paint(self, rgb):
        painted = self.painter.paint(rgb)
        self.sequences[-1].append((rgb, painted))
        return painted


def flicker(frames):
    return np.mean([np.abs(a.astype(float) - b).mean() for a, b in zip(frames[1:], frames[:-1], strict=True)])


def decoded(path):
    with av.open(str(path)) as clip:
        return [frame.to_ndarray(format="rgb24") for frame in clip.decode(video=0)]


def stylize(run, tiny_model, source, target, *more):
    code, _, err = run("stylize", source, "-o", target, "-s", "name:waves", "-m", tiny_model.folder, *more)
    assert code == 0, err
    return target


def test_the_command_line_holds_flicker_back_unless_told_not_to(run, tiny_model, clip, tmp_path):
    steady, full, half, single = (
        decoded(stylize(run, tiny_model, clip, tmp_path / f"{n}.mp4", *more))
        for n, more in enumerate(([], ["--stability", "1"], ["--stability", "0.5"], ["--stability", "0"]))
    )
    assert flicker(steady) < 0.75 * flicker(single)  # part of it is the frames' own noise, and may stay
    assert np.array_equal(steady, full)
    assert not np.array_equal(half, full)
    assert not np.array_equal(half, single)


def test_stability_has_bounds(run, tiny_model, clip, tmp_path):
    code, _, err = run(
        "stylize", clip, "-o", tmp_path / "o.mp4", "-s", "name:waves", "-m", tiny_model.folder, "--stability", "1.5"
    )
    assert code == 2
    assert "Stability goes from 0" in err


def test_a_model_without_a_step_graph_paints_frame_by_frame(run, tiny_model, clip, tmp_path):
    older = tmp_path / "older"
    shutil.copytree(tiny_model.folder, older)
    described = json.loads((older / "model.json").read_text())
    described["state"] = []
    described["files"] = {role: entry for role, entry in described["files"].items() if not role.startswith("step")}
    (older / "model.json").write_text(json.dumps(described))
    for number, model in enumerate((older, tiny_model.folder)):
        run("stylize", clip, "-o", tmp_path / f"{number}.mp4", "-s", "name:waves", "-m", model, "--stability", number)
    run("stylize", clip, "-o", tmp_path / "older.mp4", "-s", "name:waves", "-m", older)
    assert (tmp_path / "older.mp4").read_bytes() == (tmp_path / "0.mp4").read_bytes()
    assert (tmp_path / "older.mp4").read_bytes() != (tmp_path / "1.mp4").read_bytes()


@pytest.mark.parametrize("kind", ["clip", "animation"])
def test_what_moves_is_one_sequence(kind, paint, clip, tmp_path, noisy):
    source, target = clip, tmp_path / "o.mp4"
    if kind == "animation":
        source, target = tmp_path / "noisy.png", tmp_path / "o.gif"
        first, *more = map(Image.fromarray, noisy)
        first.save(source, save_all=True, append_images=more, duration=40)
    listening = Listening(paint())
    assert stylize_path(source, target, listening)["kind"] == kind
    (sequence,) = listening.sequences
    fresh, single = paint(), paint(stability=0.0)
    assert all(np.array_equal(painted, fresh.paint(rgb)) for rgb, painted in sequence)
    assert flicker([painted for _, painted in sequence]) < 0.8 * flicker([single.paint(rgb) for rgb, _ in sequence])


def test_a_clip_begins_afresh_after_another(paint, clip, tmp_path):
    (tmp_path / "clips").mkdir()
    for name in ("one.mkv", "two.mkv"):
        shutil.copy(clip, tmp_path / "clips" / name)
    listening = Listening(paint())
    stylize_path(tmp_path / "clips", tmp_path / "painted", listening)
    one, two = ([painted for _, painted in sequence] for sequence in listening.sequences)
    assert np.array_equal(one, two)
    assert not np.array_equal(one[0], one[-1])


def test_stills_do_not_depend_on_their_neighbours(run, tiny_model, stills, tmp_path):
    stylize(run, tiny_model, stills, tmp_path / "painted")
    for path in stills.iterdir():
        alone = stylize(run, tiny_model, path, tmp_path / f"alone-{path.name}")
        assert np.array_equal(Image.open(alone), Image.open(tmp_path / "painted" / path.name))


def test_a_still_after_a_clip_of_its_size_is_painted_by_itself(paint, clip, stills, tmp_path):
    painter = paint()
    stylize_path(clip, tmp_path / "o.mp4", painter)
    stylize_path(stills / "a.png", tmp_path / "o.png", painter)
    stylize_path(stills / "a.png", tmp_path / "fresh.png", paint())
    assert np.array_equal(Image.open(tmp_path / "o.png"), Image.open(tmp_path / "fresh.png"))


def test_a_frame_of_another_size_or_turned_begins_afresh(paint, noisy):
    painter, turned = paint(), np.ascontiguousarray(noisy[1].transpose(1, 0, 2))
    painter.paint(noisy[0])
    assert np.array_equal(painter.paint(turned), paint().paint(turned))
    assert np.array_equal(painter.paint(noisy[2]), paint().paint(noisy[2]))


def test_strength_and_colours_are_mixed_after_the_painting_was_held_steady(paint, noisy):
    """What is carried on is the whole painting: mixing the frame in changes nothing for the frames to come."""
    full, half, coloured = paint(), paint(strength=0.5), paint(keep_colors=True)
    for rgb in noisy[:4]:
        painted, kept = full.paint(rgb).astype(float), coloured.paint(rgb).astype(float)
        assert np.abs(half.paint(rgb) - (painted + rgb) / 2).max() <= 1
        inside = ((kept > 0) & (kept < 255)).all(-1)
        assert inside.mean() > 0.5
        assert np.abs((kept - painted) @ LUMA)[inside].max() <= 1
        shift = kept - rgb  # the same of all three: the colour differences are the frame's own
        assert np.abs(shift - shift.mean(-1, keepdims=True))[inside].max() <= 1
