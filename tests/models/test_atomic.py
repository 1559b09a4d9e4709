"""Nothing half-written ever has a file's or folder's name, and refusals of the system are sentences."""

import errno
import os
import signal
import subprocess
import sys

import pytest
from full_disk import full_disk

from impasto.models import atomic
from impasto.models.atomic import folder_aside, recover, require_room, written_aside
from impasto.models.errors import BadInput, DiskFull


def in_a_process(code, *arguments):
    """Another process with everything of `atomic` at hand: its output stream is a pipe."""
    head = "import os, signal, sys\nfrom pathlib import Path\nfrom impasto.models import atomic\n"
    head += "here = Path(sys.argv[1])\n"
    command = [sys.executable, "-c", head + code, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_place_when_complete(tmp_path):
    target = tmp_path / "o.txt"
    target.write_text("old")
    with written_aside(target) as aside:
        assert aside.parent == tmp_path
        assert aside.suffix == ".txt"
        aside.write_text("new")
        assert target.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["o.txt"]
    assert target.read_text() == "new"


def test_room_is_tried_and_nothing_changed(tmp_path):
    target = tmp_path / "o.txt"
    target.write_text("old")
    require_room(target, 1000)
    with full_disk(999), pytest.raises(DiskFull, match=r"The disk is full: .*o\.txt could not be written"):
        require_room(target, 1000)
    with pytest.raises(BadInput, match="cannot be written"):
        require_room(target / "a.txt", 1)
    assert names(tmp_path) == ["o.txt"]
    assert target.read_text() == "old"


def test_a_file_stays_as_it_was_when_the_block_fails(tmp_path):
    target = tmp_path / "o.txt"
    target.write_text("old")
    with pytest.raises(KeyboardInterrupt), written_aside(target) as aside:  # noqa: PT012
        aside.write_text("half")
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["o.txt"]
    assert target.read_text() == "old"


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    with written_aside(tmp_path / "link.txt") as aside:
        aside.write_text("new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new"


@pytest.mark.parametrize("write", [written_aside, folder_aside])
def test_where_nothing_can_lie_is_one_sentence(tmp_path, write):
    """A link that leads back to itself, and a pipe: whoever reads it would wait for a file that took its place."""
    loop, pipe = tmp_path / "loop.mp4", tmp_path / "pipe.mp4"
    loop.symlink_to("other.mp4")
    (tmp_path / "other.mp4").symlink_to("loop.mp4")
    os.mkfifo(pipe)
    with pytest.raises(BadInput, match="is no name for a file"), write(tmp_path / "a\0b"):
        raise AssertionError("begun")
    for target, words in ((loop, "leads back to itself; choose another name"), (pipe, "is a pipe or a device")):
        with pytest.raises(BadInput, match=words), write(target):
            raise AssertionError("begun")
    assert names(tmp_path) == ["loop.mp4", "other.mp4", "pipe.mp4"]
    assert pipe.is_fifo()
    assert loop.is_symlink()


@pytest.mark.parametrize("write", [written_aside, folder_aside])
def test_a_folder_that_is_gone_is_one_sentence(tmp_path, monkeypatch, write):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "getcwd", lambda: os.stat(tmp_path / "gone"))
    with pytest.raises(BadInput, match="the one you are in is gone"), write("o.mp4"):
        raise AssertionError("begun")


@pytest.mark.parametrize(
    ("code", "kind", "words"),
    [
        (errno.ENOSPC, DiskFull, "disk is full"),
        (errno.EROFS, BadInput, "Read-only"),
        (errno.EACCES, BadInput, "choose another output folder"),
        (errno.ENAMETOOLONG, BadInput, "too long"),
    ],
)
def test_refusals_of_the_system_are_put_in_words(tmp_path, code, kind, words):
    with pytest.raises(kind, match=words), written_aside(tmp_path / "o.mp4") as aside:  # noqa: PT012
        aside.write_bytes(b"half")
        raise OSError(code, "refused")
    assert list(tmp_path.iterdir()) == []


def test_other_errors_stay_what_they_are(tmp_path):
    with pytest.raises(ZeroDivisionError), written_aside(tmp_path / "o.txt"):
        _ = 1 / 0


def test_a_folder_changes_whole_or_not_at_all(tmp_path):
    folder = tmp_path / "above" / "model"
    with folder_aside(folder) as aside:
        (aside / "a").write_text("1")
        assert not folder.exists()
    with pytest.raises(DiskFull, match="disk is full"), folder_aside(folder) as aside:  # noqa: PT012
        (aside / "b").write_text("2")
        raise OSError(errno.ENOSPC, "refused")
    assert [path.name for path in folder.iterdir()] == ["a"]
    with folder_aside(folder) as aside:
        (aside / "c").write_text("3")
    assert [path.name for path in folder.iterdir()] == ["c"]
    assert [path.name for path in folder.parent.iterdir()] == ["model"]


def test_a_folder_that_cannot_be_is_one_sentence(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(BadInput, match="cannot be written"), folder_aside(tmp_path / "file" / "model"):
        pass


HALF_DONE = """
with atomic.written_aside(here / "o.mp4") as file, atomic.folder_aside(here / "model") as folder:
    file.write_text("half")
    (folder / "a").write_text("half")
    print("begun", flush=True)
    sys.stdin.readline()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_kill_leaves_is_swept_by_the_next_run(tmp_path):
    process = in_a_process(HALF_DONE, tmp_path)
    assert process.stdout.readline() == "begun\n"
    with written_aside(tmp_path / "other.txt") as aside:  # a run beside it takes nothing of its away
        aside.write_text("other")
    assert len(names(tmp_path)) == 3
    process.communicate("\n")
    assert process.returncode == -signal.SIGKILL
    assert len(names(tmp_path)) == 3
    (tmp_path / ".hidden.part").write_text("somebody's own")
    with written_aside(tmp_path / "next.txt") as aside:
        aside.write_text("next")
    assert names(tmp_path) == [".hidden.part", "next.txt", "other.txt"]


KILLED_BETWEEN = """
atomic._exchange = lambda *_: False
rename = Path.rename
def once(self, to):
    if self.name.endswith(".part"):
        os.kill(os.getpid(), signal.SIGKILL)
    return rename(self, to)
Path.rename = once
with atomic.folder_aside(here / "model") as folder:
    (folder / "a").write_text("new")
"""


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "a").write_text("old")
    process = in_a_process(KILLED_BETWEEN, tmp_path)
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert not (tmp_path / "model").exists()
    recover(tmp_path)
    assert (tmp_path / "model" / "a").read_text() == "new"
    with folder_aside(tmp_path / "model") as aside:
        (aside / "b").write_text("newest")
    assert names(tmp_path) == ["model"]


def test_two_folders_are_exchanged_at_one_stroke(tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / name).write_text("")
    can = sys.platform == "linux"  # elsewhere they are renamed one after the other
    assert atomic._exchange(tmp_path / "one", tmp_path / "two") == can
    assert names(tmp_path / "one") == (["two"] if can else ["one"])
    assert names(tmp_path / "two") == (["one"] if can else ["two"])
    assert not atomic._exchange(tmp_path / "one", tmp_path / "three")


def test_what_safetensors_says_of_a_full_disk_is_understood(tmp_path):
    with pytest.raises(DiskFull, match="disk is full"), written_aside(tmp_path / "o.safetensors"):
        raise RuntimeError("Error while serializing: I/O error: No space left on device (os error 28)")
