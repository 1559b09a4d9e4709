"""A folder of paintings: which styles they are, and what is known of them."""

import json

import pytest

from impasto.export.graphs import paintings
from impasto.export.graphs.scenes import SCENES
from impasto.models.errors import BadInput


@pytest.fixture
def folder(tmp_path):
    """Files that are called like pictures; nobody looks into them."""
    for name in ("b.JPG", "Mona Lisa_(1503).png", "tiger.webp", "reeds.HEIC", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "folder.png").mkdir()
    return tmp_path


def test_every_picture_is_a_style(folder):
    found = paintings.find_paintings(folder)
    assert {name: path.name for name, path in found.items()} == {
        "mona-lisa-1503": "Mona Lisa_(1503).png",
        "b": "b.JPG",
        "tiger": "tiger.webp",
        "reeds": "reeds.HEIC",
    }


@pytest.mark.parametrize(
    ("stem", "name"),
    [("Fächer im Winter", "fächer-im-winter"), ("神奈川沖浪裏", "神奈川沖浪裏"), ("a:b/..", "a-b"), ("--", "")],
)
def test_names_of_styles(stem, name):
    assert paintings.style_name(stem) == name


def test_a_picture_without_a_word_of_its_own(folder):
    """A tiger of the folder's owner is not taken for the one that is built in."""
    said = paintings.about(folder)
    assert said["tiger"] | {"scene": ""} == {"title": "Tiger", "artist": "", "year": "", "scene": ""}
    assert said["mona-lisa-1503"]["title"] == "Mona Lisa (1503)"
    assert {entry["scene"] for entry in said.values()} < set(SCENES)


def test_where_all_of_the_index_are_they_are_known(folder):
    index = paintings.gallery_index()
    for name in index:
        (folder / f"{name}.jpg").write_bytes(b"")
    (folder / "tiger.webp").unlink()
    said = paintings.about(folder)
    assert list(said) == [*index, "mona-lisa-1503", "b", "reeds"]
    assert all(said[name] == entry for name, entry in index.items())
    (folder / "tiger.jpg").unlink()
    assert paintings.about(folder)["irises"]["artist"] == ""


def test_what_is_said_of_them(folder):
    said = {"Mona Lisa_(1503).png": {"artist": "Leonardo", "year": 1503}, "b": {"title": "Bee", "closer": 0.9}}
    (folder / "paintings.json").write_text(json.dumps(said), "utf-8")
    found = paintings.about(folder)
    assert (
        found["mona-lisa-1503"].items() >= {"title": "Mona Lisa (1503)", "artist": "Leonardo", "year": "1503"}.items()
    )
    assert found["b"].items() >= {"title": "Bee", "artist": "", "closer": 0.9}.items()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must have names and what is said of each"),
        ('{"c": {}}', "names 'c', and there is no picture of that name beside it"),
        ('{"b": []}', "b: it may have title, artist, year, closer, and nothing else"),
        ('{"b": {"titel": "B"}}', "b: it may have title, artist, year, closer, and nothing else"),
        ('{"b": {"title": 7}}', "b: its title must be a text"),
        ('{"b": {"closer": 7}}', "b: its closer must be a number from 0 to 1"),
    ],
)
def test_what_cannot_be_meant_is_said(folder, text, sentence):
    (folder / "paintings.json").write_text(text, "utf-8")
    with pytest.raises(BadInput, match=sentence) as problem:
        paintings.about(folder)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    ("other", "sentence"), [("B.png", "would both be the style b"), ("__.png", "gives no name to a style")]
)
def test_two_of_one_name_and_none(folder, other, sentence):
    (folder / other).write_bytes(b"")
    with pytest.raises(BadInput, match=sentence):
        paintings.find_paintings(folder)
