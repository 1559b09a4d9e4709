"""The built-in styles: whose paintings they are, how they are encoded, and what is written beside the model."""

import io
import itertools
import json
import shutil
from dataclasses import replace

import numpy as np
import onnxruntime as ort
import pytest
from PIL import Image

from impasto.export.graphs import gallery
from impasto.export.graphs import paintings as found_paintings
from impasto.export.graphs.scenes import SCENES, draw_scene
from impasto.export.runtime.model import describe, load_model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import built_in, style_file, write_style
from impasto.export.runtime.styles import StyleEncoder, vector_and_brush
from impasto.models.errors import BadInput
from impasto.styles import read_styles
from impasto.webapp.files.study import thumbnail

MADE = ("paintings", "previews")
NAMES_THAT_STAY = {"starry-night", "great-wave", "the-scream", "composition-vii", "udnie"}
MADE_UP = {
    name: {"title": name.title(), "artist": "made by code", "died": 1900, "year": "1899", "scene": "made up"}
    for name in ("dots", "waves")
}


@pytest.fixture
def paintings(tmp_path, monkeypatch):
    """Two squares made by code, as large as P looks at, and an index that knows only them."""
    monkeypatch.setattr(found_paintings, "gallery_index", lambda: MADE_UP)
    folder = tmp_path / "paintings"
    folder.mkdir()
    rng = np.random.default_rng(3)
    side = load_model().style_side
    Image.fromarray((picture(side, side) * 255).astype(np.uint8)).save(folder / "waves.png")
    Image.fromarray(rng.integers(0, 256, (side, side, 3), dtype=np.uint8)).save(folder / "dots.png")
    return folder


@pytest.fixture
def model(tmp_path):
    """A copy of the default model, to be written to."""
    return load_model(shutil.copytree(load_model().folder, tmp_path / "model"))


@pytest.fixture
def frame(monkeypatch):
    """What every scene is instead."""
    frame = (picture(96, 128) * 255).astype(np.uint8)
    monkeypatch.setattr(gallery, "draw_scene", lambda name: frame)
    return frame


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_painting_is_in_the_public_domain_and_told_apart():
    index = found_paintings.gallery_index()
    assert len(index) >= 16
    assert set(index) >= NAMES_THAT_STAY
    for name, entry in index.items():
        assert name == name.lower()
        assert " " not in name
        assert entry["title"]
        assert entry["artist"]
        assert entry["died"] < 1954, name
        assert int(entry["year"]) < 1929, name
        assert int(entry["year"]) <= entry["died"], name
    assert len({(e["artist"], e["title"]) for e in index.values()}) == len(index)


def test_released_models_have_every_style_with_its_preview(released):
    index, built = found_paintings.gallery_index(), released.gallery()
    assert list(built) == list(index)
    for name, entry in built.items():
        assert {key: entry[key] for key in gallery.SHOWN} == {key: index[name][key] for key in gallery.SHOWN}
        assert entry["style"].shape == (released.style_size,)
        assert np.isfinite(entry["style"]).all()
        preview = released.folder / entry["preview"]
        assert preview.stat().st_size <= 20_000
        assert (released.folder / entry["studied"]["file"]).stat().st_size == entry["studied"]["bytes"] <= 250_000
        assert vector_and_brush(built_in(released, entry))[1]  # read and checked
        with Image.open(preview) as shown:
            assert (shown.format, shown.size) == ("WEBP", gallery.PREVIEW_SIZE)
    styles = np.stack([e["style"] for e in built.values()])
    apart = np.linalg.norm(styles[:, None] - styles[None], axis=-1)[~np.eye(len(styles), dtype=bool)]
    assert apart.min() > 1
    for made in ("previews", "paintings"):
        assert {p.name for p in (released.folder / made).iterdir()} == {f"{name}.webp" for name in index}


def test_released_models_show_the_paintings_as_small_as_stamps(released):
    shown = []
    for entry in released.gallery().values():
        painting = released.folder / entry["painting"]
        assert painting.stat().st_size <= 6_000
        with Image.open(painting) as small:
            assert (small.format, small.size) == ("WEBP", (gallery.PAINTING_SIDE,) * 2)
            shown.append(np.asarray(small.convert("RGB"), int))
    assert min(np.abs(a - b).mean() for a, b in itertools.combinations(shown, 2)) > 10


def test_previews_show_several_scenes(released):
    scenes = [entry["scene"] for entry in found_paintings.gallery_index().values()]
    assert set(scenes) == set(SCENES)
    assert all(a != b for a, b in itertools.pairwise(scenes[:12])), "neighbours among the first tiles"


@pytest.mark.parametrize("name", SCENES)
def test_a_scene_is_a_picture(name):
    """Sky or wall above, something lit and something dark, nothing flat, and the same each time."""
    drawn = draw_scene(name, (48, 36))
    assert (drawn.shape, drawn.dtype) == ((36, 48, 3), np.uint8)
    assert np.array_equal(drawn, draw_scene(name, (48, 36)))
    light = drawn.astype(float).mean(-1)
    assert np.percentile(light, 95) > 130
    assert np.percentile(light, 5) < 110
    assert drawn.reshape(-1, 3).std(0).min() > 20
    assert np.abs(np.diff(light, axis=1)).mean() > 3


def test_the_published_networks_have_the_same_styles():
    index, published = found_paintings.gallery_index(), gallery.published_gallery()
    assert list(published) == list(index)
    assert {len(entry["style"]) for entry in published.values()} == {694}


def test_styles_are_what_the_graph_says_of_the_paintings(model, paintings):
    """Against ONNX Runtime itself: the pictures are as large as P looks at already, so nothing is cut or resized."""
    session = ort.InferenceSession(model.path("style"), providers=["CPUExecutionProvider"])
    built = gallery.build_gallery(StyleEncoder(model).encode, paintings)
    assert set(built) == set(MADE_UP)
    for name, entry in built.items():
        pixels = np.asarray(Image.open(paintings / f"{name}.png"), np.float32).transpose(2, 0, 1)[None] / 255
        expected = session.run(None, {"image": pixels})[0][0]
        np.testing.assert_allclose(entry["style"], expected, atol=1e-5)


def test_a_rebuilt_gallery_replaces_the_old_one(model, paintings, frame):
    before = contents(model.folder)
    built = gallery.build_gallery(StyleEncoder(model).encode, paintings)
    rebuilt = gallery.rebuild_gallery(model, built)
    after = contents(model.folder)
    made = {f"{folder}/{name}.webp" for folder in MADE for name in MADE_UP}
    assert {str(path) for path in after if path.parts[0] in (*MADE, "styles")} == made
    small = np.asarray(Image.open(model.folder / "paintings/waves.webp").convert("RGB"), int)
    painting = Image.open(paintings / "waves.png").resize(small.shape[1::-1], Image.Resampling.BOX)
    assert np.abs(small - np.asarray(painting, int)).mean() < 8
    for name, entry in load_model(model.folder).gallery().items():
        np.testing.assert_allclose(entry["style"], built[name]["style"], rtol=1e-5)
        assert entry["artist"] == "made by code"
        assert "died" not in entry
    assert rebuilt.files["gallery"] != model.files["gallery"]
    changed = {str(path) for path in before if path.parts[0] not in (*MADE, "styles") and after[path] != before[path]}
    assert changed == {"gallery.json", "model.json"}
    previews = [np.asarray(Image.open(model.folder / "previews" / f"{name}.webp")).astype(int) for name in MADE_UP]
    assert np.abs(previews[0] - previews[1]).mean() > 5
    assert [path.name for path in model.folder.parent.iterdir() if path.name.startswith(".")] == []


def test_what_was_studied_lies_beside_the_gallery(model, paintings, frame):
    rng = np.random.default_rng(0)
    weights = weights_of(model.path("frame").read_bytes())
    brush = {name: rng.normal(0, 0.05, weight.shape).astype(np.float16) for name, weight in weights.items()}
    built = gallery.build_gallery(StyleEncoder(model).encode, paintings)
    preview = (picture(192, 256) * 255).astype(np.uint8)
    studied = style_file(model, built["dots"]["style"], brush, name="Dots", preview=thumbnail(preview))
    rebuilt = gallery.rebuild_gallery(model, {**built, "dots": {**built["dots"], "studied": studied}})
    entries = rebuilt.gallery()
    file = rebuilt.folder / "styles" / "dots.style"
    assert entries["dots"]["studied"] == describe(rebuilt.folder, {"": "styles/dots.style"})[""]
    assert "studied" not in entries["waves"]
    assert 200_000 < file.stat().st_size <= 250_000  # of the released model: what the page fetches
    painter = Painter(rebuilt, "cpu", 1, Look(stability=0))
    shown = []
    for style in (built_in(rebuilt, entries["dots"]), entries["dots"]["style"]):
        painter.use([style])
        shown.append(painter.paint(frame).astype(int))
    seen = np.asarray(Image.open(rebuilt.folder / entries["dots"]["preview"]).convert("RGB").resize((128, 96)), int)
    assert np.abs(seen - shown[0]).mean() < np.abs(seen - shown[1]).mean()
    assert (read_styles(painter, [("dots", 1)])[0][0].brush["stem.conv.bias"] == brush["stem.conv.bias"]).all()
    gallery.rebuild_gallery(rebuilt, built)
    assert not file.exists()


@pytest.mark.parametrize("named", ["styles/none.style", "../outside.style", 7, None])
def test_a_file_that_the_gallery_names_in_vain(model, named, tmp_path):
    (tmp_path / "outside.style").write_bytes(b"")
    with pytest.raises(BadInput, match="lacks the file of Dots"):
        built_in(model, {"title": "Dots", "style": None, "studied": {"file": named}})


def test_a_gallery_of_ones_own_is_another_model(model, paintings, frame, tmp_path):
    """Artist and year of one's own need not be known; the model that it began with stays as it is."""
    before = contents(model.folder)
    (paintings / "waves.png").rename(paintings / "Grey_Sea (1).png")
    (paintings / found_paintings.OWN_INDEX).write_text('{"dots": {"title": "Points", "artist": "I", "year": 2020}}')
    told = []
    built = gallery.build_gallery(StyleEncoder(model).encode, paintings)
    other = gallery.rebuild_gallery(model, built, tmp_path / "mine", lambda *done: told.append(done))
    shown = {
        name: tuple(entry[key] for key in gallery.SHOWN) for name, entry in load_model(other.folder).gallery().items()
    }
    assert shown == {"grey-sea-1": ("Grey Sea (1)", "", ""), "dots": ("Points", "I", "2020")}
    assert (other.name, other.weights) == ("mine", model.weights)
    assert told == [(0, 2, "painting grey-sea-1"), (1, 2, "painting dots")]
    assert (other.folder / "previews" / "grey-sea-1.webp").is_file()
    assert contents(model.folder) == before
    with pytest.raises(BadInput, match="exists and is not a model"):
        gallery.rebuild_gallery(model, built, paintings)


def test_a_gallery_that_cannot_be_written_leaves_the_model_as_it_was(model, paintings, frame, monkeypatch):
    before = contents(model.folder)
    built = gallery.build_gallery(StyleEncoder(model).encode, paintings)
    monkeypatch.setattr(gallery, "paint_preview", lambda *_: (_ for _ in ()).throw(OSError("no room")))
    with pytest.raises(OSError, match="no room"):
        gallery.rebuild_gallery(model, built)
    assert contents(model.folder) == before
    assert sorted(path.name for path in model.folder.parent.iterdir()) == ["model", "paintings"]


def test_a_damaged_painting_is_named(paintings):
    (paintings / "dots.png").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"dots\.png is not a picture"):
        gallery.build_gallery(lambda image: np.zeros(3), paintings)


def test_previews_stay_small_whatever_is_painted(model):
    class Noise:
        reset = staticmethod(lambda: None)
        use = staticmethod(lambda styles: None)
        paint = staticmethod(lambda frame: np.random.default_rng(0).integers(0, 256, frame.shape, dtype=np.uint8))

    preview = gallery.paint_preview(Noise, np.zeros(3), np.zeros((288, 384, 3), np.uint8))
    assert len(preview) <= 20_000
    assert Image.open(io.BytesIO(preview)).size == (256, 192)


def test_an_exported_model_has_previews(tiny_networks, graphs_at_hand, paintings, frame, tmp_path):
    from impasto.export.graphs.exporter import export_model

    p, t = tiny_networks
    built = gallery.build_gallery(gallery.torch_encoder(p, t), paintings)
    told = []
    exported = export_model(p, t, tmp_path / "tiny", gallery=built, progress=lambda *part: told.append(part))
    assert told[-2:] == [(0, 2, "painting dots"), (1, 2, "painting waves")]
    assert {what.split()[0] for _, _, what in told} == {"checking", "painting"}  # the graphs are not written here
    assert all(done < total for done, total, _ in told)
    assert exported.gallery()["waves"]["preview"] == "previews/waves.webp"
    assert Image.open(exported.folder / "previews" / "waves.webp").size == (256, 192)
    encoded = gallery.build_gallery(StyleEncoder(exported).encode, paintings)
    np.testing.assert_allclose(exported.gallery()["dots"]["style"], encoded["dots"]["style"], atol=1e-4)
    assert json.loads((exported.folder / "model.json").read_text())["files"]["gallery"]["file"] == "gallery.json"


def test_a_studied_file_of_another_model_is_refused(model, paintings, frame):
    built = gallery.build_gallery(StyleEncoder(model).encode, paintings)
    studied = style_file(model, built["dots"]["style"], {}, name="Dots")
    older = replace(studied, model="impasto 0.1", weights="0" * 64)
    rebuilt = gallery.rebuild_gallery(model, {**built, "dots": {**built["dots"], "studied": older}})
    with pytest.raises(BadInput, match=r"dots\.style was studied for impasto 0\.1, and this is"):
        built_in(rebuilt, rebuilt.gallery()["dots"])
    write_style(rebuilt.folder / "styles" / "dots.style", studied)
    with pytest.raises(BadInput, match=r"dots\.style is not the file that the gallery names"):
        built_in(rebuilt, rebuilt.gallery()["dots"])


@pytest.mark.parametrize(
    "studied", [7, {}, {"file": "../a.style", "bytes": 1, "sha256": "0" * 64}, {"file": "styles/a.style", "bytes": 1}]
)
def test_a_gallery_that_names_no_file_is_damaged(model, studied):
    entries = json.loads((model.folder / "gallery.json").read_text("utf-8"))
    entries["tiger"]["studied"] = studied
    (model.folder / "gallery.json").write_text(json.dumps(entries), "utf-8")
    with pytest.raises(BadInput, match="of the style 'tiger', its studied must be a file in styles"):
        model.gallery()
