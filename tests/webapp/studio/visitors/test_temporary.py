"""Files go with their session, with time, and with the process; nobody reads another's."""

import os
import time
from contextlib import suppress

import gradio as gr
import pytest
from gradio.route_utils import delete_files_created_by_app

from impasto.models.errors import BadInput
from impasto.webapp.studio.blocks import build
from impasto.webapp.studio.visitors.temporary import ABANDONED_SECONDS, PREFIX, TEND_SECONDS, Folders


@pytest.fixture
def folders(tmp_path):
    folders = Folders(60, tmp_path)
    yield folders
    folders.close()


def upload(folders, name, data=b"x", age=0.0):
    """A file where Gradio puts uploads."""
    path = folders.root / name / "clip.mp4"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    grow_old(path.parent, age)
    return path


def grow_old(folder, age):
    for path in [*folder.rglob("*"), folder]:
        os.utime(path, (time.time() - age,) * 2)


def test_a_session_has_one_folder_with_a_name_nobody_guesses(folders):
    assert folders.session("a") == folders.session("a")
    assert folders.session("a") != folders.session("b")
    assert folders.session("a").name != "a"
    assert len(folders.session("a").name) >= 32


def test_where_nothing_can_be_written_that_is_said(tmp_path):
    with pytest.raises(BadInput, match=r"no temporary folder can be made \(No such file or directory\); set TMPDIR"):
        Folders(60, tmp_path / "gone")


def test_ending_a_session_takes_its_results_and_uploads_and_leaves_others(folders):
    mine, shared = upload(folders, "mine"), upload(folders, "shared")
    for session, path in (("a", mine), ("a", shared), ("b", shared)):
        assert folders.uploaded(session, path) == path
    result = folders.session("a") / "painted.mp4"
    result.write_bytes(b"x")
    other = folders.session("b")
    folders.end("a")
    assert not mine.exists()
    assert not result.exists()
    assert shared.exists()
    assert other.is_dir()
    folders.end("b")
    assert not shared.exists()
    assert not other.exists()


def test_only_uploads_and_own_files_are_taken(folders, tmp_path):
    (tmp_path / "secret").write_bytes(b"x")
    theirs = folders.session("b") / "painted.mp4"
    theirs.write_bytes(b"x")
    outside = folders.root / "link"
    outside.mkdir()
    (outside / "to").symlink_to(tmp_path / "secret")
    for path in (
        tmp_path / "secret", folders.root / ".." / "secret", theirs, outside / "to", folders.root / "gone" / "x",
        folders.root, folders.root / "sessions", "http://127.0.0.1/x.mp4", "a\0b", "",
    ):  # fmt: skip
        with pytest.raises(BadInput, match="upload it again"):
            folders.uploaded("a", path)
    own = folders.session("a") / "x"
    own.write_bytes(b"x")
    assert folders.uploaded("a", str(own)) == own


def test_a_job_keeps_its_folder_only_when_it_ends_well(folders):
    with folders.job("a") as good:
        (good / "painted.mp4").write_bytes(b"x")
    with suppress(KeyboardInterrupt), folders.job("a") as bad:
        (bad / ".part.mp4").write_bytes(b"x")
        raise KeyboardInterrupt
    assert (good / "painted.mp4").exists()
    assert not bad.exists()


def age_of(path):
    return time.time() - path.stat().st_mtime


def test_what_gradio_has_not_seen_goes_when_it_is_old(folders):
    style = folders.root / "styles"
    style.mkdir()
    folders.keep_present()
    broken_off, emptied, young = folders.root / "tmp123", folders.root / "emptied", folders.root / "tmp456"
    for file in (broken_off, young):
        file.write_bytes(b"half an upload")
    emptied.mkdir()
    preview = folders.session("a") / "before-1.jpg"
    preview.write_bytes(b"x")
    for path in (style, broken_off, emptied, preview):
        grow_old(path, 61)
    folders.tend()
    assert [path.exists() for path in (broken_off, emptied, preview)] == [False] * 3
    assert style.is_dir()
    assert young.exists()
    grow_old(folders.session("a"), 61)
    folders.tend()
    assert [*(folders.root / "sessions").iterdir()] == []
    assert folders.session("a").is_dir()  # and may be used again


def test_files_of_a_session_with_work_in_hand_do_not_grow_old(folders):
    used, other = (upload(folders, name) for name in ("used", "other"))
    folders.uploaded("busy", used)
    with folders.hold("busy"), folders.job("busy") as folder:
        (folder / "half.part.mp4").write_bytes(b"x")
        for path in (used.parent, other.parent, folders.session("busy")):
            grow_old(path, 1000)
        folders.tend()
        assert [age_of(path) < 500 for path in (used, folder / "half.part.mp4", other)] == [True, True, False]
    for path in (used.parent, folders.session("busy")):
        grow_old(path, 1000)
    folders.tend()
    assert age_of(used) > 500


def test_gradio_removes_uploads_and_results_by_age(studio, monkeypatch):
    """What `delete_cache` asks of Gradio, with its age run out for everything at once."""
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(studio.folders.root))
    blocks = build(studio)
    assert blocks.delete_cache == (TEND_SECONDS, 60)
    folder = studio.folders.session("a")
    given, result = upload(studio.folders, "given"), folder / "painted.mp4"
    result.write_bytes(b"x")
    blocks.upload_file_set.add(str(given))  # as its route for uploads does
    with blocks:
        video = gr.Video()
    assert video.move_resource_to_block_cache(result) == str(result)  # as every result that is shown
    delete_files_created_by_app(blocks, None)
    assert not given.exists()
    assert not result.exists()


def test_closing_leaves_nothing(tmp_path):
    folders = Folders(60, tmp_path)
    folders.start()
    upload(folders, "x")
    folders.close()
    assert [*tmp_path.iterdir()] == []


def test_what_a_killed_process_left_is_removed_at_the_next_start(tmp_path):
    abandoned, running = tmp_path / f"{PREFIX}abandoned", tmp_path / f"{PREFIX}running"
    for folder in (abandoned, running):
        (folder / "sessions").mkdir(parents=True)
    os.utime(abandoned, (time.time() - ABANDONED_SECONDS - 1,) * 2)
    folders = Folders(60, tmp_path)
    assert not abandoned.exists()
    assert running.exists()
    folders.close()
