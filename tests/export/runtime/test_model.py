"""Model folders: hashes are checked, and what is wrong is said with the file's name."""

import json
import shutil

import pytest

from impasto.export.runtime.model import load_model
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


def test_missing_file(copy):
    (copy / "style.onnx").unlink()
    with pytest.raises(BadInput, match=r"lacks its file style\.onnx"):
        load_model(copy)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 1}', '{"name": "x"}'])
def test_damaged_description(copy, text):
    (copy / "model.json").write_text(text)
    with pytest.raises(BadInput, match=r"model\.json is damaged"):
        load_model(copy)


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


def test_gallery(tiny_model):
    style = tiny_model.gallery()["waves"]["style"]
    assert style.shape == (tiny_model.style_size,)
