"""`import impasto`: painting frames and files in three lines, and a sentence for each mistake."""

import subprocess
import sys

import numpy as np
import pytest
from figure import figure
from PIL import Image

import impasto
from impasto.export.benchmark import make_clip
from impasto.export.runtime.painter import Look
from impasto.export.runtime.painter import Painter as RuntimePainter


@pytest.fixture
def model(tiny_model):
    return tiny_model.folder


@pytest.fixture
def painting(scene, tmp_path):
    """A picture's file."""
    Image.fromarray(scene[::-1]).save(tmp_path / "painting.png")
    return tmp_path / "painting.png"


@pytest.fixture
def expected(tiny_model):
    """`expected(vectors, weights, frames)` → what the runtime's painter makes of the frames."""

    def expected(vectors, weights, frames, **look):
        painter = RuntimePainter(tiny_model, look=Look(**look))
        painter.use(vectors, weights)
        return [painter.paint(frame) for frame in frames]

    return expected


@pytest.fixture
def waves(tiny_model):
    return tiny_model.gallery()["waves"]["style"]


def test_a_built_in_style_a_file_pixels_and_a_blend(model, tiny_model, expected, scene, painting, waves):
    own = RuntimePainter(tiny_model).encode(np.ascontiguousarray(scene[::-1]))
    styles = [
        ("waves", [waves], [1]),
        ("name:waves", [waves], [1]),
        (painting, [own], [1]),
        (str(painting), [own], [1]),
        (np.ascontiguousarray(scene[::-1]), [own], [1]),
        ({painting: 0.7, "waves": 0.3}, [own, waves], [0.7, 0.3]),
    ]
    for style, vectors, weights in styles:
        painted = impasto.Painter(style, model=model).paint(scene)
        assert painted.dtype == np.uint8
        assert np.array_equal(painted, expected(vectors, weights, [scene])[0]), style


def test_use_takes_the_same_and_paints_as_a_new_painter_would(model, expected, scene, painting, waves):
    painter = impasto.Painter(painting, model=model)
    for _ in range(3):
        painter.paint(scene)
    painter.use("waves")
    assert np.array_equal(painter.paint(scene), expected([waves], [1], [scene])[0])


def test_frames_belong_together_until_told_otherwise(model, expected, scene, waves):
    frames = [scene, np.roll(scene, 2, 1), np.roll(scene, 4, 1)]
    painter = impasto.Painter("waves", model=model)
    for painted, wanted in zip(map(painter.paint, frames), expected([waves], [1], frames), strict=True):
        assert np.array_equal(painted, wanted)
    painter.reset()
    assert np.array_equal(painter.paint(scene), expected([waves], [1], [scene])[0])


def test_the_dials_reach_the_painter(model, expected, scene, waves):
    dials = {"strength": 0.5, "keep_colors": True, "stability": 0.0}
    painted = impasto.Painter("waves", model=model, **dials).paint(scene)
    assert np.array_equal(painted, expected([waves], [1], [scene], **dials)[0])


@pytest.mark.parametrize(
    ("dials", "words"),
    [
        ({"strength": "0.5"}, "Strength goes from 0 .*, not '0.5'"),
        ({"strength": float("nan")}, "Strength goes from 0"),
        ({"strength": True}, "Strength goes from 0 .*, not True"),
        ({"stability": None}, "Stability goes from 0 .*, not None"),
        ({"stability": False}, "Stability goes from 0 .*, not False"),
        ({"threads": -1}, "Threads are a whole number from 1 to 1024, not -1"),
        ({"threads": 1.5}, "Threads are a whole number"),
        ({"threads": "2"}, "Threads are a whole number"),
        ({"threads": 10**6}, "Threads are a whole number"),
        ({"threads": True}, "Threads are a whole number from 1 to 1024, not True"),
    ],
)
def test_a_dial_out_of_its_range_is_a_sentence(model, dials, words):
    with pytest.raises(impasto.BadInput, match=words):
        impasto.Painter("waves", model=model, **dials)


def test_what_the_painter_says_of_itself(model):
    painter = impasto.Painter("waves", model=model)
    assert (painter.model, painter.styles) == ("tiny", ["waves"])


@pytest.mark.parametrize(
    ("style", "words"),
    [
        ("wave", r"no built-in style 'wave' \(did you mean 'waves'\?\): it has waves"),
        ("sunflowers", "no built-in style 'sunflowers': it has waves"),
        ("nowhere.jpg", "There is no file nowhere.jpg"),
        ("nowhere.heic", "There is no file nowhere.heic"),
        ("pictures/nowhere", "There is no file pictures/nowhere"),
        ({}, "at least one style"),
        ({"waves": -1}, "zero or more"),
        ({"waves": "much"}, "weight of style waves must be a number"),
        ({"waves": 0}, "above zero"),
        ({"waves": True}, "weight of style waves must be a number of zero or more, not True"),
        (3, "not int"),
        (Image.new("RGB", (8, 8)), r'not Image: np\.asarray\(image\.convert\("RGB"\)\) makes pixels of it'),
        (np.zeros((4, 4), np.uint8), "RGB or RGBA with 8 bits"),
    ],
)
def test_a_style_that_is_none_is_a_sentence(model, style, words):
    with pytest.raises(impasto.BadInput, match=words) as caught:
        impasto.Painter(style, model=model)
    assert str(caught.value).endswith(".")


def test_a_file_goes_before_a_built_in_style_of_that_name(
    model, tiny_model, expected, scene, waves, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    Image.fromarray(scene).save("waves", "PNG")
    own = RuntimePainter(tiny_model).encode(scene)
    assert np.array_equal(impasto.Painter("waves", model=model).paint(scene), expected([own], [1], [scene])[0])
    named = impasto.Painter("name:waves", model=model).paint(scene)
    assert np.array_equal(named, expected([waves], [1], [scene])[0])


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (np.zeros((8, 8), np.uint8), "this one is grey"),
        (np.zeros((8, 8, 1), np.uint8), "this one is grey"),
        (np.zeros((8, 8, 4), np.uint8), "has an alpha channel"),
        (np.zeros((8, 8, 3), np.float32), r"8 bits a channel .*: \(frame \* 255\).*, where its values go from 0 to 1"),
        (np.zeros((8, 8, 3), np.uint16), r"8 bits a channel .*: \(frame // 257\)"),
        (np.zeros((8, 8, 3), int), r"8 bits a channel .*: frame\.astype\(np\.uint8\)"),
        (np.zeros((8, 8, 3), bool), "8 bits a channel .*not bool"),
        (np.zeros((3, 8, 8), np.uint8), r"frame\.transpose\(1, 2, 0\) puts the channels last"),
        (Image.new("RGB", (8, 8)), r'not Image: np\.asarray\(image\.convert\("RGB"\)\) makes pixels of it'),
        (np.zeros((0, 8, 3), np.uint8), "at least one pixel"),
        (np.zeros((1, 8, 8, 3), np.uint8), r"RGB \[H,W,3\], not uint8 of shape \[1, 8, 8, 3\]"),
        ([[1, 2, 3]], "not list"),
    ],
)
def test_a_frame_that_is_none_is_a_sentence(model, frame, words):
    painter = impasto.Painter("waves", model=model)
    with pytest.raises(impasto.BadInput, match=words) as caught:
        painter.paint(frame)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize("time", ["now", True, float("nan"), np.datetime64("2026-01-01")])
def test_a_time_that_is_none_is_a_sentence(model, scene, time):
    painter = impasto.Painter("waves", model=model)
    with pytest.raises(impasto.BadInput, match="The time of a frame is a number of seconds, not"):
        painter.paint(scene, time=time)
    painter.paint(scene, time=np.float32(1))


@pytest.mark.parametrize("strength", [0, 1])
def test_a_painting_is_an_array_of_its_own(model, scene, strength):
    painter = impasto.Painter("waves", model=model, strength=strength)
    for frame in (scene, scene[:, :, ::-1], np.asfortranarray(scene), scene[::2, ::3]):
        painted = painter.paint(frame)
        painter.reset()
        assert not np.shares_memory(painted, frame)
        assert np.array_equal(painted, painter.paint(frame.copy()))
        painter.reset()


def test_frames_of_any_size(model):
    painter = impasto.Painter("waves", model=model)
    for height, width in ((1, 1), (7, 100), (64, 64)):
        assert painter.paint(np.zeros((height, width, 3), np.uint8)).shape == (height, width, 3)


@pytest.mark.parametrize(
    ("places", "words"),
    [
        ((np.zeros((8, 8, 3), np.uint8), "o.png"), "The source is a file's or folder's path, not ndarray"),
        ((b"a.png", "o.png"), "The source is a file's or folder's path, not bytes"),
        (("a.png", None), "The target is a file's or folder's path, not NoneType"),
    ],
)
def test_what_is_no_path_is_a_sentence(model, places, words):
    with pytest.raises(impasto.BadInput, match=words):
        impasto.stylize(*places, "waves", model=model)


def test_what_is_no_model_is_a_sentence():
    with pytest.raises(impasto.BadInput, match="A model is a name, or the path of its folder, not int"):
        impasto.Painter("waves", model=3)  # pyright: ignore[reportArgumentType]


def test_a_notebook_shows_few_words(model):
    assert repr(impasto.Painter("waves", model=model)) == "<impasto.Painter of the model tiny>"
    assert dir(impasto) == ["BadInput", "Painter", "__version__", "study", "stylize"]


def test_a_part_of_a_clip_and_sub_folders(model, tmp_path, scene):
    make_clip(tmp_path / "clip.mp4", 48, 64, 50)
    for start, end, frames in ((0.5, None, 38), ("0:01", 1.5, 12)):
        summary = impasto.stylize(
            tmp_path / "clip.mp4", tmp_path / "o.mp4", "waves", model=model, stability=0, start=start, end=end
        )
        assert summary["frames"] == frames
    for start in (True, [1], "1:99"):
        with pytest.raises(impasto.BadInput, match="time"):
            impasto.stylize(tmp_path / "clip.mp4", tmp_path / "o.mp4", "waves", model=model, start=start)
    (tmp_path / "in" / "deeper").mkdir(parents=True)
    Image.fromarray(scene).save(tmp_path / "in" / "deeper" / "a.png")
    summary = impasto.stylize(tmp_path / "in", tmp_path / "out", "waves", model=model, recursive=True)
    assert [each["output"] for each in summary["painted"]] == [str(tmp_path / "out" / "deeper" / "a.png")]


@pytest.mark.parametrize("places", [("", "out"), ("clip.mp4", "")])
def test_an_empty_name_is_not_the_folder_one_is_in(model, places, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(impasto.BadInput, match="A file's name is empty"):
        impasto.stylize(*places, "waves", model=model)


def test_a_name_that_no_file_can_have_is_refused(model, tmp_path):
    make_clip(tmp_path / "clip.mp4", 48, 64, 6)
    with pytest.raises(impasto.BadInput, match="is no name for a file"):
        impasto.stylize(tmp_path / "clip.mp4", f"{tmp_path}/o\0.mp4", "waves", model=model)


def test_files_are_painted_too(model, painting, tmp_path):
    make_clip(tmp_path / "clip.mp4", 48, 64, 6)
    seen = []
    summary = impasto.stylize(
        tmp_path / "clip.mp4",
        tmp_path / "painted.mp4",
        style={painting: 1, "waves": 1},
        size=32,
        model=model,
        progress=lambda done, total: seen.append((done, total)),
    )
    assert (summary["kind"], summary["frames"], summary["height"]) == ("clip", 6, 32)
    assert seen == [(n, 6) for n in range(1, 7)]
    assert (tmp_path / "painted.mp4").is_file()
    with pytest.raises(impasto.BadInput, match="There is no file"):
        impasto.stylize(str(tmp_path / "none.mp4"), str(tmp_path / "o.mp4"), style="waves", model=model)


def test_a_cut_begins_anew(model, scene):
    """The frame after it is painted as the first of a clip is, and so is what follows."""
    dark, bright = scene // 4, 255 - scene // 4
    painter, fresh = impasto.Painter("waves", model=model), impasto.Painter("waves", model=model)
    for _ in range(2):
        painter.paint(dark)
    for _ in range(2):
        np.testing.assert_array_equal(painter.paint(bright), fresh.paint(bright))
    painter.reset()
    fresh.reset()
    np.testing.assert_array_equal(painter.paint(dark), fresh.paint(dark))


@pytest.mark.parametrize("role", ["style", "background_style"])
def test_the_picture_of_a_style_is_not_painted_over(model, painting, scene, tmp_path, role):
    before = painting.read_bytes()
    Image.fromarray(scene).save(tmp_path / "photo.png")
    styles = {"style": "waves", role: {"waves": 1, painting: 1}}
    with pytest.raises(impasto.BadInput, match="is also read; choose"):
        impasto.stylize(tmp_path / "photo.png", painting, model=model, **styles)
    assert painting.read_bytes() == before


def test_the_brush_is_as_broad_as_asked_for(model, painting, tmp_path):
    painted = {}
    for brush in ("full", "medium", 64, 96):
        impasto.stylize(painting, tmp_path / "o.png", style="waves", model=model, size=128, brush=brush)
        painted[brush] = np.asarray(Image.open(tmp_path / "o.png"))
    assert np.array_equal(painted["full"], painted["medium"])  # 128 pixels are painted at 128 by both
    assert not np.array_equal(painted["full"], painted[64])
    assert not np.array_equal(painted[64], painted[96])
    with pytest.raises(impasto.BadInput, match=r"'tiny' is no brush; choose broad, medium, fine, full, or"):
        impasto.stylize(painting, tmp_path / "o.png", style="waves", model=model, brush="tiny")


def test_the_package_says_what_it_has():
    assert impasto.__version__.count(".") == 2
    assert {"Painter", "stylize", "BadInput", "__version__"} <= set(dir(impasto))
    for name in ("Painter", "stylize", "BadInput"):
        assert getattr(impasto, name).__doc__
    with pytest.raises(AttributeError, match="no attribute 'paint'"):
        _ = impasto.paint


def test_importing_it_loads_nothing_yet():
    code = "import sys, impasto; print([m for m in ('numpy', 'onnxruntime', 'cv2', 'av', 'PIL') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_only_the_person_all_else_and_each_in_a_style(model, tiny_model, tmp_path, scene):
    frame = figure(90, 120)
    whole, other = (impasto.Painter(style, model=model).paint(frame) for style in ("waves", scene))
    face, corner = np.s_[30:36, 58:62], np.s_[:20, :20]
    person = impasto.Painter("waves", only="person", model=model)
    assert person.person_found is False  # so far
    painted = person.paint(frame)
    assert np.array_equal(painted[face], whole[face])
    assert np.array_equal(painted[corner], frame[corner])
    assert person.person_found is True
    painted = impasto.Painter("waves", only="background", model=model).paint(frame)
    assert np.array_equal(painted[face], frame[face])
    assert np.array_equal(painted[corner], whole[corner])
    each = impasto.Painter("waves", background_style=scene, model=model)
    painted = each.paint(frame)
    assert np.array_equal(painted[face], whole[face])
    assert np.array_equal(painted[corner], other[corner])
    each.use(scene, "waves")
    each.reset()
    assert np.array_equal(each.paint(frame)[corner], whole[corner])
    assert (each.model, each.styles) == ("tiny", ["waves"])
    assert impasto.Painter("waves", model=model).person_found is None
    Image.fromarray(frame).save(tmp_path / "me.png")
    source, target = tmp_path / "me.png", tmp_path / "o.png"
    summary = impasto.stylize(source, target, "waves", only="person", brush="full", model=model)
    assert summary["person_found"] is True
    assert np.array_equal(np.asarray(Image.open(target))[corner], frame[corner])


def test_what_cannot_be_painted_apart(model):
    with pytest.raises(impasto.BadInput, match="not 'me'"):
        impasto.Painter("waves", only="me", model=model)
    with pytest.raises(impasto.BadInput, match="no second style"):
        impasto.Painter("waves", only="person", background_style="waves", model=model)
    with pytest.raises(impasto.BadInput, match="no style for the background"):
        impasto.Painter("waves", model=model).use("waves", "waves")
