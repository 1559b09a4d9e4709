"""Model folders: hashes are checked, and what is wrong is said with the file's name."""

import json
import shutil

import numpy as np
import onnx
import pytest

from impasto.export.runtime.model import describe, load_model
from impasto.export.runtime.painter import Painter
from impasto.models import store
from impasto.models.errors import BadInput


@pytest.fixture
def copy(tiny_model, tmp_path):
    return shutil.copytree(tiny_model.folder, tmp_path / "copy")


def test_one_changed_byte_is_found(copy):
    data = bytearray((copy / "frame.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (copy / "frame.onnx").write_bytes(data)
    with pytest.raises(BadInput, match=r"frame\.onnx is damaged: its SHA-256 is"):
        load_model(copy)


def test_a_model_without_one_of_its_files_is_refused(copy):
    (copy / "style.onnx").unlink()
    with pytest.raises(BadInput, match=r"lacks its file style\.onnx"):
        load_model(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"name": "x"}'])
def test_damaged_description(copy, text):
    (copy / "model.json").write_text(text)
    with pytest.raises(BadInput, match=r"model\.json is damaged"):
        load_model(copy)


VALUES = [None, True, -1, 0, 1.5, 10**400, "", "../frame.onnx", "/etc/hosts", [], [1], {}, {"a": {}}, "x" * 2000]


def paths_of(value, path=()):
    """Every place in a description, as the keys that lead there."""
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, each in inner:
        yield from paths_of(each, (*path, key))


def with_value(value, path, new):
    if not path:
        return new
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = with_value(copy[path[0]], path[1:], new)
    return copy


def without(value, path):
    copy = dict(value) if isinstance(value, dict) else list(value)
    if len(path) == 1:
        del copy[path[0]]
    else:
        copy[path[0]] = without(copy[path[0]], path[1:])
    return copy


def test_whatever_is_wrong_in_a_description_is_said_in_a_sentence(copy):
    """Every value replaced by everything else, and left out: the model opens and paints, or BadInput says why."""
    data = json.loads((copy / "model.json").read_text())
    frame, sentences, opened = np.zeros((32, 32, 3), np.uint8), [], []
    style = load_model(copy).gallery()["waves"]["style"]
    places = [path for path in paths_of(data) if path and not set(path) & {"recipe", "figures"}]
    for path in places:
        changed = [with_value(data, path, value) for value in VALUES] + [without(data, path)]
        for each in changed:
            (copy / "model.json").write_text(json.dumps(each))
            try:
                painter = Painter(load_model(copy), device="cpu", threads=1)
                painter.use([style])
                assert painter.paint(frame).shape == frame.shape
                opened.append(path)
            except BadInput as error:
                sentences.append(str(error))
    assert len(sentences) > 10 * len({path[0] for path in places})
    assert not [each for each in sentences if "\n" in each or len(each) > 3000]
    assert not {"frame", "style", "step"} & {path[1] for path in opened if path[0] == "files" and len(path) > 1}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"waves": 1}',
        '{"waves": {"title": "", "artist": "a", "year": "1", "style": %s}}',
        '{"waves": {"title": "t", "artist": "a", "year": "1", "style": [1, 2]}}',
        '{"waves": {"title": "t", "artist": "a", "year": "1", "style": [NaN]}}',
        '{"waves": {"title": "t", "artist": "a", "year": 1889, "style": %s}}',
        '{"waves": {"title": "t", "artist": "a", "year": "1", "style": %s, "preview": "../a.webp"}}',
        '{"waves": {"title": "t", "artist": "a", "year": "1", "style": [1' + 400 * "0" + "]}}",
    ],
)
def test_a_damaged_gallery(copy, text):
    size = json.loads((copy / "model.json").read_text())["style_size"]
    (copy / "gallery.json").write_text(text.replace("%s", json.dumps([0.5] * size)))
    data = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps(without(data, ("files", "gallery"))))
    model = load_model(copy)
    model.files.update(describe(copy, {"gallery": "gallery.json"}))
    with pytest.raises(BadInput, match=r"gallery\.json is damaged"):
        model.gallery()


@pytest.mark.parametrize("role", ["frame", "step", "style"])
@pytest.mark.parametrize("graph", ["no graph", "another graph"])
def test_a_graph_that_is_another(copy, role, graph):
    """With the right hash: somebody wrote it so."""
    other = "style" if role != "style" else "frame"
    content = b"nothing" if graph == "no graph" else (copy / f"{other}.onnx").read_bytes()
    (copy / f"{role}.onnx").write_bytes(content)
    data = json.loads((copy / "model.json").read_text())
    data["files"] |= describe(copy, {role: f"{role}.onnx"})
    (copy / "model.json").write_text(json.dumps(data))
    with pytest.raises(BadInput, match=r"\.onnx (is not a graph|does not fit)"):
        Painter(copy, device="cpu", threads=1).encode(np.zeros((8, 8, 3), np.uint8))


def test_a_model_from_the_future(copy):
    data = json.loads((copy / "model.json").read_text())
    (copy / "model.json").write_text(json.dumps({**data, "format": 99}))
    with pytest.raises(BadInput, match="newer Impasto"):
        load_model(copy)


def test_a_step_graph_of_an_earlier_kind_is_left_alone(copy):
    data = json.loads((copy / "model.json").read_text())
    assert len(load_model(copy).state) == len(data["state"]) > 0
    state = [{"name": "previous", "from": "frame"}]
    (copy / "model.json").write_text(json.dumps({**data, "format": 1, "state": state}))
    assert load_model(copy).state == []


def test_a_file_this_model_does_not_have(tiny_model):
    with pytest.raises(BadInput, match="no card file"):
        tiny_model.path("card")


def test_found_by_name_by_folder_and_by_file(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    shutil.copytree(tiny_model.folder, tmp_path / "models" / "mine")
    for name in ("mine", tiny_model.folder, tiny_model.folder / "model.json"):
        assert load_model(name).style_size == tiny_model.style_size
    assert "mine" in store.available()


def test_unknown_model_names_the_known_ones(tiny_model, tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    shutil.copytree(tiny_model.folder, tmp_path / "models" / "mine")
    with pytest.raises(BadInput, match=r"There is no model .nope.: .*mine"):
        load_model("nope")


def test_no_model_at_all(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path))
    monkeypatch.setattr(store, "RELEASED", tmp_path / "released")
    with pytest.raises(BadInput, match="import-published"):
        load_model()


def test_a_built_in_style_has_as_many_numbers_as_the_model_takes(tiny_model):
    style = tiny_model.gallery()["waves"]["style"]
    assert style.shape == (tiny_model.style_size,)


@pytest.mark.parametrize("role", ["frame", "step", "style"])
@pytest.mark.parametrize("change", ["half precision", "other operators", "another name", "no text"])
def test_a_graph_that_opens_and_does_not_fit_is_a_sentence(copy, role, change):
    graph = onnx.load(copy / f"{role}.onnx")
    if change == "half precision":
        graph.graph.input[0].type.tensor_type.elem_type = onnx.TensorProto.FLOAT16
    elif change == "other operators":
        for node in graph.graph.node:
            node.op_type = {"Add": "Sub", "Relu": "Shape"}.get(node.op_type, node.op_type)
    elif change == "another name":
        graph.graph.output[0].name += "x"
    data = graph.SerializeToString()
    if change == "no text":
        data = data.replace(b"Conv", b"\xff\xfe\xfd\xfc")
    (copy / f"{role}.onnx").write_bytes(data)
    description = json.loads((copy / "model.json").read_text())
    description["files"] |= describe(copy, {role: f"{role}.onnx"})
    (copy / "model.json").write_text(json.dumps(description))
    with pytest.raises(BadInput, match=r"not a graph|does not fit|cannot be run"):  # noqa: PT012
        painter = Painter(copy, device="cpu", threads=1)
        painter.use([painter.encode(np.zeros((64, 64, 3), np.uint8))])
        painter.paint(np.zeros((64, 64, 3), np.uint8))
