"""Paths are used as they are; URLs, here of this machine's files and memory, are fetched and stored whole."""

import shutil
from unittest.mock import Mock

import pytest
from fsspec.implementations.memory import MemoryFileSystem
from PIL import Image

from impasto.models.errors import BadInput
from impasto.webapp.cluster import places
from impasto.webapp.cluster.stylize import stylize_with


@pytest.mark.parametrize(
    ("place", "url"),
    [("a/b.mp4", False), ("C:/b.mp4", False), ("/x", False), ("s3://bucket/x", True), ("file:///x", True),
     ("memory://x", True), ("odd: name.mp4", False)],
)  # fmt: skip
def test_a_url_is_told_from_a_path(place, url):
    assert places.is_url(place) == url


@pytest.fixture(params=["memory", "file"])
def folder(request, tmp_path):
    """The URL of an empty folder."""
    yield f"memory://{tmp_path.name}" if request.param == "memory" else f"file://{tmp_path}/there"
    if request.param == "memory":
        places.remove(f"memory://{tmp_path.name}")


def put(place, data):
    with places.stored(place) as file:
        file.write_bytes(data)


def test_files_go_and_come_whole(folder):
    place = places.join(folder, "a/b.bin")
    assert not places.exists(place)
    with pytest.raises(ZeroDivisionError), places.stored(place) as file:
        file.write_bytes(b"half" * (1 // 0))
    assert not places.exists(place)
    put(place, b"whole")
    with places.fetched(place) as file:
        assert (file.name, file.read_bytes()) == ("b.bin", b"whole")
    assert not file.exists()
    put(places.join(folder, ".hidden"), b"")
    put(places.join(folder, "c.bin"), b"")
    assert places.is_folder(folder)
    assert places.names_in(folder, recursive=True) == ["a/b.bin", "c.bin"]
    assert places.names_in(folder, recursive=False) == ["c.bin"]
    with pytest.raises(BadInput, match="There is no file"), places.fetched(places.join(folder, "none")):
        pass


def test_a_kind_of_place_that_is_not_there():
    with pytest.raises(BadInput, match="nowhere://x cannot be reached"):
        places.exists("nowhere://x")


@pytest.mark.parametrize(
    "error", [PermissionError("Forbidden"), TimeoutError(), Exception("Could not connect to the endpoint URL")]
)
def test_a_store_that_does_not_answer_is_a_sentence(monkeypatch, error):
    """As s3fs does it: where nobody answers, or there are no credentials, it raises what may be no OSError."""

    def fails(*_, **__):
        raise error

    for name in ("isdir", "exists", "find", "get_file", "put_file"):
        monkeypatch.setattr(MemoryFileSystem, name, fails)
    looked_at = {
        "is_folder": places.is_folder,
        "exists": places.exists,
        "names_in": lambda place: places.names_in(place, recursive=True),
        "remove": places.remove,
        "fetched": lambda place: places.fetched(place).__enter__(),
        "stored": lambda place: put(place, b""),
    }
    for look in looked_at.values():
        with pytest.raises(BadInput, match=rf"memory://in/a cannot be reached: {str(error) or type(error).__name__}"):
            look("memory://in/a")


def test_what_is_not_there_is_said_once_and_before_a_machine_is_asked(recipe):
    with pytest.raises(BadInput, match=r"^There is no file memory://none/a\.mp4\.$"):
        stylize_with(None, "memory://none/a.mp4", "memory://none/b.mp4", recipe)


def test_what_is_wrong_with_a_single_file_is_said_once(tmp_path, crew, recipe):
    (tmp_path / "a.png").write_bytes(b"no picture")
    told = []
    with pytest.raises(BadInput):
        stylize_with(crew(), str(tmp_path / "a.png"), str(tmp_path / "b.png"), recipe, on_file=told.append)
    assert told == []


def test_no_bucket_is_made(monkeypatch):
    store = Mock(protocol=("s3", "s3a"))
    store.put_file.side_effect = FileNotFoundError("The specified bucket does not exist")
    monkeypatch.setattr(places, "_system", lambda place: (store, "bucket/a/b.png"))
    with pytest.raises(BadInput, match=r"s3://bucket/a/b\.png cannot be reached: The specified bucket does not exist"):
        put("s3://bucket/a/b.png", b"whole")
    store.makedirs.assert_not_called()


def test_a_folder_by_url(folder, clips, crew, recipe):
    """Split in parts, which wait at the URL, too; and gone when it is done."""
    for file in clips.iterdir():
        put(places.join(folder, f"in/{file.name}"), file.read_bytes())
    Image.open(clips / "still.png").save(clips / "scan.bmp")
    put(places.join(folder, "in/scan.bmp"), (clips / "scan.bmp").read_bytes())
    source, target = places.join(folder, "in"), places.join(folder, "out")
    used = crew()
    found = stylize_with(used, source, target, recipe)
    assert sorted(each["output"].rpartition("/")[2] for each in found["painted"]) == [
        "long.mp4",
        "scan.png",
        "short.mp4",
        "still.png",
    ]
    assert used.done.count(("paint_part", "long.mp4")) == 4
    (failed,) = found["failed"]
    assert failed["input"] == places.join(source, "damaged.mp4")
    assert failed["error"].startswith(f"{failed['input']} ")  # not the copy on the machine that read it
    assert found["ignored"] == ["notes.txt"]
    assert places.names_in(target, recursive=True) == ["long.mp4", "scan.png", "short.mp4", "still.png"]
    with places.fetched(places.join(target, "long.mp4")) as file:
        shutil.copy(file, clips / "back.mp4")
    assert stylize_with(crew(), source, target, recipe)["skipped"] == ["long.mp4", "scan.bmp", "short.mp4", "still.png"]


def test_a_file_is_not_painted_over_itself(folder, clips, crew, recipe):
    put(places.join(folder, "long.mp4"), (clips / "long.mp4").read_bytes())
    place, used = places.join(folder, "long.mp4"), crew()
    (clips / "link.mp4").hardlink_to(clips / "long.mp4")
    roundabout = places.join(folder, "./long.mp4")
    for source, target in (
        (place, place), (place, roundabout), (folder, folder), (str(clips / "long.mp4"), str(clips / "long.mp4")),
        (f"file://{clips}/long.mp4", str(clips / "link.mp4")), (str(clips), str(clips)),
    ):  # fmt: skip
        with pytest.raises(BadInput, match="is also read"):
            stylize_with(used, source, target, recipe)
    assert used.done == []


def test_a_path_and_a_url_do_not_mix(clips, crew, recipe):
    with pytest.raises(BadInput, match="both as URLs"):
        stylize_with(crew(), str(clips), "memory://out", recipe)
