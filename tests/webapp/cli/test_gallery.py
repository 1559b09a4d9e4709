"""`impasto gallery`, and built-in styles by their names."""

import json
import shutil
import time

import numpy as np
import pytest
from PIL import Image

from impasto.export.graphs import gallery, paintings
from impasto.export.graphs.scenes import draw_scene
from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.study import Progress, Studied
from impasto.export.runtime.style_file import built_in
from impasto.export.runtime.styles import vector_and_brush
from impasto.styles import read_styles
from impasto.webapp.cli.arguments import parse_style
from impasto.webapp.files import study as studying

ON_THE_TABLE = ("composition-vii", "irises", "tiger")


@pytest.fixture
def one_painting(tmp_path, monkeypatch):
    """A folder with a picture made by code, and an index that knows only it."""
    entry = {"title": "Ripples", "artist": "made by code", "died": 1900, "year": "1899", "scene": "made up"}
    monkeypatch.setattr(gallery, "draw_scene", lambda name: (picture(96, 128) * 255).astype(np.uint8))
    monkeypatch.setattr(paintings, "gallery_index", lambda: {"ripples": entry})
    (tmp_path / "paintings").mkdir()
    Image.fromarray((picture(300, 260) * 255).astype(np.uint8)).save(tmp_path / "paintings" / "ripples.webp")
    return tmp_path / "paintings"


def test_list_shows_every_style(run):
    code, out, err = run("gallery", "list")
    assert (code, err) == (0, "")
    for name, entry in load_model().gallery().items():
        assert f" {name} " in out
        assert entry["artist"] in out
    code, out, _ = run("gallery", "list", "--json")
    styles = json.loads(out)["styles"]
    assert [s["style"] for s in styles] == list(load_model().gallery())
    assert {"style", "title", "artist", "year"} == set(styles[0])


def test_build_makes_the_gallery_of_a_model_anew(run, one_painting, tmp_path):
    shutil.copytree(load_model().folder, tmp_path / "model")
    code, out, err = run("gallery", "build", one_painting, "-m", tmp_path / "model")
    assert code == 0
    assert f"before, which are not in {one_painting}." in err
    assert "1 built-in style" in out
    built = load_model(tmp_path / "model")
    assert list(built.gallery()) == ["ripples"]
    assert (built.folder / "previews" / "ripples.webp").is_file()
    code, *_ = run(
        "stylize", one_painting / "ripples.webp", "-s", "name:ripples", "-o", tmp_path / "a.png", "-m", built.folder
    )
    assert code == 0


def test_build_does_not_replace_the_paintings_it_reads(run, one_painting, tmp_path):
    """The paintings in a model's folder are as small as stamps: whoever lays theirs over these would lose them."""
    model = tmp_path / "model"
    shutil.copytree(load_model().folder, model)
    painting = model / "paintings" / "ripples.webp"
    shutil.copy(one_painting / "ripples.webp", painting)
    before = painting.read_bytes()
    code, _, err = run("gallery", "build", model / "paintings", "-m", model)
    assert code == 2
    assert f"The output folder {model} is replaced whole, and {model / 'paintings'} in it is read" in err
    assert painting.read_bytes() == before


def test_build_takes_what_was_studied_and_studies_what_is_missing(run, one_painting, tmp_path, monkeypatch, tiny_model):
    folder = shutil.copytree(tiny_model.folder, tmp_path / "model")
    asked = []

    def study(model, picture, contents=(), **options):
        asked.append(options["seconds"])
        weights = weights_of(model.path("frame").read_bytes())
        brush = {name: np.full(weight.shape, 0.1, np.float16) for name, weight in weights.items()}
        return Studied(model.gallery()["waves"]["style"], brush, [{"total": 1.0}])

    monkeypatch.setattr(studying, "study", study)
    beside = one_painting / "ripples.style"
    for _ in range(2):  # the second time it is there
        model = shutil.copytree(folder, tmp_path / "fresh", dirs_exist_ok=True)
        code, out, err = run("gallery", "build", one_painting, "-m", model, "--study", "2")
        assert code == 0
        assert "1 built-in style with previews, 1 of them studied" in out
        shutil.rmtree(model / "styles")
    assert asked == [120]
    code, out, _ = run("gallery", "build", one_painting, "-m", folder, "--json")
    assert json.loads(out)["studied"] == ["ripples"]
    assert (folder / "styles" / "ripples.style").read_bytes()[-100:] == beside.read_bytes()[-100:]
    picture = one_painting / "ripples.webp"
    code, *_ = run("stylize", picture, "-s", "ripples", "-o", tmp_path / "a.png", "-m", folder)
    assert code == 0
    beside.write_bytes(b"damaged")
    code, _, err = run("gallery", "build", one_painting, "-m", folder)
    assert code == 2
    assert "ripples.style is no studied style" in err
    for options, sentence in (
        (["--study", "0"], "--study must be above zero minutes, not 0."),
        (["--steps", "0"], "--steps must be one or more, not 0."),
        (["--study", "1", "--steps", "9"], "Say how long to study with --study or with --steps, not with both."),
    ):
        code, _, err = run("gallery", "build", one_painting, "-m", folder, *options)
        assert (code, err) == (2, f"Error: {sentence}\n")


def test_what_is_finished_stays_when_studying_breaks_off(run, one_painting, tmp_path, monkeypatch, tiny_model):
    """The other painting's study is under way then: it ends, and leaves nothing behind."""
    entry = paintings.gallery_index()["ripples"]
    index = {"first": entry, "second": {**entry, "closer": 0.9}}
    monkeypatch.setattr(paintings, "gallery_index", lambda: index)
    for name in ("first", "second"):
        shutil.copy(one_painting / "ripples.webp", one_painting / f"{name}.webp")
    (one_painting / "ripples.webp").unlink()
    folder = shutil.copytree(tiny_model.folder, tmp_path / "model")
    asked, whole = [], False

    def study(model, picture, contents=(), *, on_progress, **options):
        asked.append((options["steps"], options["threads"], options["closer"]))
        if len(asked) == 2 and not whole:
            while not (one_painting / "first.style").exists() and not (one_painting / "second.style").exists():
                time.sleep(0.01)
            raise KeyboardInterrupt
        on_progress(Progress(1, 1.0, 0.0, {"total": 1.0}, lambda: None))
        return Studied(model.gallery()["waves"]["style"], {}, [{"total": 1.0}])

    monkeypatch.setattr(studying, "study", study)
    code, *_ = run("gallery", "build", one_painting, "-m", folder, "--steps", "30")
    assert code == 130
    assert len(list(one_painting.glob("*.style"))) == 1
    assert list(load_model(folder).gallery()) == ["waves"]  # as it was
    whole = True
    code, out, _ = run("gallery", "build", one_painting, "-m", folder, "--steps", "30")
    assert (code, len(asked)) == (0, 3)
    assert "2 of them studied" in out
    assert {*asked} == {(30, 1, 0.5), (30, 1, 0.9)}


def test_build_makes_another_model_of_ones_own_paintings(run, one_painting, tmp_path, tiny_model):
    """What the released model has stays, and `stylize -m` paints in the new one's."""
    (one_painting / "ripples.webp").rename(one_painting / "My Ripples.webp")
    before = tiny_model.folder.joinpath("model.json").read_bytes()
    code, out, err = run("gallery", "build", one_painting, "-m", tiny_model.folder, "-o", tmp_path / "mine")
    assert (code, err) == (0, "")
    assert out == f"{tmp_path / 'mine'}: 1 built-in style with previews, 0 of them studied\n"
    assert tiny_model.folder.joinpath("model.json").read_bytes() == before
    clip = one_painting / "My Ripples.webp"
    code, *_ = run("stylize", clip, "-s", "my-ripples", "-o", tmp_path / "a.png", "-m", tmp_path / "mine")
    assert code == 0
    code, out, err = run("gallery", "build", one_painting, "-m", shutil.copytree(tiny_model.folder, tmp_path / "model"))
    assert code == 0
    assert err == f"Note: tiny had waves before, which are not in {one_painting}.\n"


def test_build_says_what_is_missing(run, one_painting, tmp_path):
    (tmp_path / "empty").mkdir()
    mine = ("-o", tmp_path / "mine")
    for arguments, sentence in (
        ([tmp_path / "none", *mine], f"There is no folder {tmp_path / 'none'}: name one that holds paintings."),
        (
            [tmp_path / "empty", *mine],
            f"There are no paintings in {tmp_path / 'empty'}: each is a picture, such as a .jpg, named like its style.",
        ),
        (
            [one_painting],
            "Say where: -o FOLDER writes a new model with these styles, -m MODEL gives that model these.",
        ),
        ([one_painting, "-o", tmp_path], f"{tmp_path} exists and is not a model: choose another folder."),
    ):
        assert run("gallery", "build", *arguments) == (2, "", f"Error: {sentence}\n")


def test_previews_show_what_the_model_paints_on_a_scene():
    """A released preview is its scene in that style: nearer to it than to the scene in any other style."""
    frame, painter = draw_scene("table"), Painter()
    assert frame.shape == (288, 384, 3)
    styles = painter.model.gallery()
    painted = {}
    assert {paintings.gallery_index()[name]["scene"] for name in ON_THE_TABLE} == {"table"}
    for name in ON_THE_TABLE:
        painter.reset()
        painter.use([built_in(painter.model, styles[name])])
        painted[name] = np.asarray(Image.fromarray(painter.paint(frame)).resize((256, 192), Image.Resampling.BOX), int)
    for name in painted:
        preview = np.asarray(Image.open(painter.model.folder / styles[name]["preview"]).convert("RGB"), int)
        distances = {other: np.abs(preview - picture).mean() for other, picture in painted.items()}
        assert min(distances, key=distances.get) == name
        assert distances[name] < 12


@pytest.mark.parametrize("text", ["great-wave:2", "name:great-wave:2"])
def test_names_are_styles_of_the_model(text):
    painter = Painter()
    (style,), weights = read_styles(painter, [parse_style(text)])
    assert weights == [2.0]
    expected = built_in(painter.model, painter.model.gallery()["great-wave"])
    for found, part in zip(vector_and_brush(style), vector_and_brush(expected), strict=True):
        np.testing.assert_equal(found, part)
