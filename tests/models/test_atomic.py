"""Nothing half-written ever has a file's or folder's name, and refusals of the system are sentences."""

import errno

import pytest

from impasto.models.atomic import folder_aside, written_aside
from impasto.models.errors import BadInput, DiskFull


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
