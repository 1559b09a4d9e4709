"""Files go with their session, with time, and with the process; nobody reads another's."""

import os
import time
from contextlib import suppress

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.studio.temporary import ABANDONED_SECONDS, PREFIX, Folders


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


def test_the_sweeper_takes_what_is_old_and_not_in_use(folders):
    permanent = upload(folders, "ours", age=1000)
    folders.keep_present()
    old, young, used = (upload(folders, name, age=age) for name, age in (("old", 61), ("young", 0), ("used", 0)))
    loose = folders.root / "tmp123"
    loose.write_bytes(b"half an upload")
    os.utime(loose, (0, 0))
    folders.uploaded("busy", used)
    grow_old(used.parent, 61)
    with folders.job("done") as folder:
        (folder / "painted.mp4").write_bytes(b"x")
    grow_old(folder, 61)
    with folders.hold("busy"):
        folders.sweep()
        assert used.exists()
    assert not old.exists()
    assert not loose.exists()
    assert not folder.exists()
    assert young.exists()
    assert permanent.exists()
    folders.sweep()
    assert not used.exists()
    assert [*(folders.root / "sessions").iterdir()] == []
    assert folders.session("done").is_dir()  # and may be used again


def test_a_long_job_is_not_swept_from_under_its_writer(folders):
    with folders.job("a") as folder:
        (folder / "part").write_bytes(b"x")
        grow_old(folder, 1000)
        folders.sweep()
        assert (folder / "part").exists()


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
