"""What a job paints: names of our own making, limits that hold while painting, metrics, ZIP."""

import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import style_file, write_style
from impasto.models.errors import BadInput
from impasto.webapp.files.animation import read_animation
from impasto.webapp.files.clips.span import Span
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.studio import limits
from impasto.webapp.studio.painting import PaintOptions, StyleChoice, zip_files
from impasto.webapp.studio.previews import frame_at


class Metrics:
    def __init__(self):
        self.seconds = {"clip": [], "picture": []}

    def frame_painted(self, seconds, kind):
        self.seconds[kind].append(seconds)


@pytest.fixture
def pictures(tmp_path, media):
    paths = [tmp_path / "holiday.jpg", tmp_path / "beach.webp"]
    for number, path in enumerate(paths):
        Image.fromarray(media.scene(80, 64, number)).save(path)
    return paths


def never():
    return False


def ignore(done, total):
    pass


def test_pictures_lie_under_names_of_ours_and_go_into_a_zip_under_theirs(studio, pictures, tmp_path):
    painted = studio.paint_pictures(pictures, PaintOptions((StyleChoice("the-scream"),)), tmp_path, never, ignore)
    assert [path.name for path in painted] == ["impasto-the-scream-01.jpg", "impasto-the-scream-02.png"]
    with zipfile.ZipFile(zip_files(painted, ["holiday.jpg", "beach.png"], tmp_path)) as archive:
        assert archive.namelist() == ["holiday.jpg", "beach.png"]
        assert archive.read("beach.png") == painted[1].read_bytes()


def test_an_own_picture_never_gives_its_name_away(studio, pictures, tmp_path):
    options = PaintOptions((StyleChoice(pictures[0]),))
    assert studio.paint_pictures(pictures[1:], options, tmp_path, never, ignore)[0].name == "impasto-own-01.png"
    both = replace(options, styles=(*options.styles, StyleChoice("../../etc")))
    with pytest.raises(BadInput, match="no built-in style"):
        studio.paint_pictures(pictures[1:], both, tmp_path, never, ignore)


@pytest.mark.parametrize("kind", ["RGBA, hidden colours", "LA", "palette", "16-bit grey"])
def test_a_style_picture_is_read_as_it_looks_on_white(studio, tmp_path, media, kind):
    data, seen = media.transparent_and_deep()[kind]
    (tmp_path / "style.png").write_bytes(data)
    painter = studio.painter(PaintOptions((StyleChoice("the-scream"),)))
    np.testing.assert_allclose(studio.style_of(painter, tmp_path / "style.png"), painter.encode(seen), atol=1e-5)


def test_a_studied_style_is_painted_with_its_brush(studio, pictures, tmp_path):
    model = studio.model
    weights = weights_of(model.path("frame").read_bytes())
    brush = {"stem.conv.bias": np.full(weights["stem.conv.bias"].shape, 0.3, np.float16)}
    vector = model.gallery()["the-scream"]["style"]
    write_style(tmp_path / "a.style", style_file(model, vector, brush, name="A"))
    painted = []
    for style in (tmp_path / "a.style", "the-scream"):
        options = PaintOptions((StyleChoice(style),))
        painter = studio.painter(options)
        painted.append(painter.paint(np.asarray(Image.open(pictures[0]))).astype(int))
    assert np.abs(painted[0] - painted[1]).mean() > 3
    assert studio.style_of(painter, tmp_path / "a.style") is studio.style_of(painter, tmp_path / "a.style")
    (tmp_path / "b.style").write_bytes(b"nothing of the kind")
    with pytest.raises(BadInput, match="This file is no studied style"):
        studio.painter(PaintOptions((StyleChoice(tmp_path / "b.style"),)))


def test_pictures_stop_between_two_when_cancelled(studio, pictures, tmp_path):
    done = []
    with pytest.raises(Cancelled):
        studio.paint_pictures(
            pictures,
            PaintOptions((StyleChoice("the-scream"),)),
            tmp_path,
            lambda: bool(done),
            lambda *count: done.append(count),
        )
    assert done == [(1, 2)]


def test_a_picture_too_long_for_the_painter_is_refused_before_it_is_decoded(studio, tmp_path, media, monkeypatch):
    media.png_header(tmp_path / "long.png", 16_000, 1000)
    monkeypatch.setattr(studio, "painter", lambda options: pytest.fail("painted"))
    with pytest.raises(BadInput, match="painted at 16000×1000, which is too large"):
        studio.paint_pictures(
            [tmp_path / "long.png"], PaintOptions((StyleChoice("the-scream"),)), tmp_path, never, ignore
        )


def test_a_clip_longer_than_its_header_says_is_stopped(studio, tmp_path, media, monkeypatch):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(32, 32, 25))
    folder = tmp_path / "job"
    folder.mkdir()
    honest = limits.probe
    monkeypatch.setattr(limits, "probe", lambda *a: replace(honest(*a), frames=0))
    counted = []
    with pytest.raises(BadInput, match="more than the 20 frames"):
        studio.paint_clip(
            clip, PaintOptions((StyleChoice("the-scream"),)), folder, never, lambda done, total: counted.append(done)
        )
    assert counted == list(range(1, 21))
    assert [*folder.iterdir()] == []


def test_metrics_hear_of_every_frame_and_picture(studio, pictures, tmp_path, media):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(32, 32, 7))
    studio.metrics = Metrics()
    studio.paint_clip(clip, PaintOptions((StyleChoice("the-scream"),)), tmp_path, never, ignore)
    studio.paint_pictures(pictures, PaintOptions((StyleChoice("the-scream"),)), tmp_path, never, ignore)
    assert (len(studio.metrics.seconds["clip"]), len(studio.metrics.seconds["picture"])) == (7, 2)
    assert min(map(min, studio.metrics.seconds.values())) > 0


@pytest.mark.parametrize("brush", [None, 64])
def test_a_preview_is_the_first_frame_of_the_result(studio, tmp_path, media, brush):
    """Brush, strength and colours alike; between them lies only the encoder."""
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(160, 120, 2), options={"crf": "1"})
    options = PaintOptions((StyleChoice("the-scream"),), keep_colors=True, brush_size=brush)
    preview = studio.preview(frame_at(clip, 0.0, 120), options)
    result = studio.paint_clip(clip, options, tmp_path, never, ignore)
    first = frame_at(Path(result["output"]), 0.0, 120)
    assert abs(first.astype(float) - preview).mean() < 3


def test_each_painted_frame_is_shown(studio, tmp_path, media):
    clip, seen = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 5)), []
    options = PaintOptions((StyleChoice("the-scream"),), span=Span(0.08))
    studio.paint_clip(clip, options, tmp_path, never, ignore, seen.append)
    assert [frame.shape for frame in seen] == [(48, 64, 3)] * 3


def test_previews_and_pictures_are_painted_by_themselves(studio, pictures, tmp_path, media, monkeypatch):
    """Nothing there is held steady, so the step graph is not even opened; a clip's painter has what was asked for."""
    asked, real = [], studio.painter
    monkeypatch.setattr(studio, "painter", lambda options: asked.append(options.stability) or real(options))
    options = PaintOptions((StyleChoice("the-scream"),), stability=0.7)
    studio.preview(media.scene(96, 64, 0), options)
    studio.paint_pictures(pictures, options, tmp_path, never, ignore)
    studio.paint_clip(media.write_clip(tmp_path / "c.mp4", media.scenes(32, 32, 2)), options, tmp_path, never, ignore)
    assert asked == [0.0, 0.0, 0.7]
    assert real(options).look.stability == 0.7


def test_what_moves_is_painted_as_a_gif_and_held_steady(studio, pictures, tmp_path, media):
    Image.fromarray(media.scene(80, 64, 0)).save(
        tmp_path / "moving.webp", save_all=True, duration=80,
        append_images=[Image.fromarray(media.scene(80, 64, n)) for n in (1, 2)],
    )  # fmt: skip
    (folder := tmp_path / "job").mkdir()
    options, told, counted = PaintOptions((StyleChoice("the-scream"),), stability=1.0), [], []
    moving = [pictures[0], tmp_path / "moving.webp"]
    painted = studio.paint_pictures(moving, options, folder, never, lambda *count: counted.append(count), told.append)
    assert [path.name for path in painted] == ["impasto-the-scream-01.jpg", "impasto-the-scream-02.gif"]
    assert [summary["kind"] for summary in told] == ["image", "animation"]
    assert counted == [(1, 4), (2, 4), (3, 4), (4, 4)]
    steady = studio.painter(options)
    with Image.open(painted[1]) as gif:
        assert (gif.n_frames, gif.info["duration"]) == (3, 80)
    frames = [frame.rgb for frame in read_animation(painted[1], (80, 64))]
    sources = [frame.rgb for frame in read_animation(tmp_path / "moving.webp", (80, 64))]
    for frame, source in zip(frames, sources, strict=True):
        assert np.abs(frame.astype(int) - steady.paint(source)).mean() < 12  # in GIF's 256 colours


def test_an_animation_of_more_frames_than_allowed_is_refused_before_it_is_decoded(studio, tmp_path, monkeypatch):
    still, *rest = [Image.new("RGB", (40, 30), (n * 9, 0, 0)) for n in range(21)]
    still.save(tmp_path / "long.gif", save_all=True, append_images=rest)
    monkeypatch.setattr(studio, "painter", lambda options: pytest.fail("painted"))
    with pytest.raises(BadInput, match="has 21 frames, more than the 20 allowed"):
        studio.paint_pictures(
            [tmp_path / "long.gif"], PaintOptions((StyleChoice("the-scream"),)), tmp_path, never, ignore
        )
