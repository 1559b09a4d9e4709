"""What is read is not written over, whatever it is called."""

import numpy as np
import pytest

from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting, check_replacing


@pytest.fixture
def photos(tmp_path):
    """A folder with a picture in it and one in a sub-folder."""
    (tmp_path / "photos" / "more").mkdir(parents=True)
    (tmp_path / "photos" / "a.jpg").write_text("a")
    (tmp_path / "photos" / "more" / "b.jpg").write_text("b")
    return tmp_path / "photos"


def refused(target, read):
    with pytest.raises(BadInput) as caught:
        check_overwriting(target, read)
    return str(caught.value)


def test_a_file_under_its_own_name_and_others(photos, tmp_path, monkeypatch):
    file = photos / "a.jpg"
    assert refused(file, ["waves", file]) == f"The output {file} is also read; choose another name."
    (tmp_path / "symbolic.jpg").symlink_to(file)
    (tmp_path / "hard.jpg").hardlink_to(file)
    for name in ("symbolic.jpg", "hard.jpg", "photos/more/../a.jpg"):
        target = tmp_path / name
        assert refused(target, [str(file)]) == f"The output {target} is also read ({file}); choose another name."
        assert refused(file, [target])
    monkeypatch.chdir(tmp_path)
    assert (
        refused("hard.jpg", ["photos/a.jpg"]) == "The output hard.jpg is also read (photos/a.jpg); choose another name."
    )


def test_a_file_in_a_folder_that_is_read(photos, tmp_path):
    (tmp_path / "hard.jpg").hardlink_to(photos / "more" / "b.jpg")
    for target in (photos / "a.jpg", photos / "more" / "b.jpg", tmp_path / "hard.jpg"):
        assert refused(target, [photos]) == f"The output {target} is also read, in {photos}; choose another name."
    check_overwriting(photos / "new.jpg", [photos])


def test_a_folder_that_is_written_into_may_hold_what_is_read(photos, tmp_path):
    assert "is also read" in refused(photos, [tmp_path / "photos" / "more" / ".."])
    check_overwriting(tmp_path, [photos])
    check_overwriting(photos / "more", [photos])


def test_what_is_no_file_is_passed_over(photos, tmp_path):
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    for target in ("none.jpg", "dangling", "x" * 300, photos / "a.jpg" / "b"):
        check_overwriting(tmp_path / target, [photos, None, np.zeros(3), "waves", tmp_path / "dangling"])
    check_overwriting(photos / "a.jpg", [None, np.zeros(3), "waves", "x" * 300, tmp_path / "dangling"])


def test_a_folder_that_is_replaced_may_hold_nothing_that_is_read(photos, tmp_path):
    (tmp_path / "link").symlink_to(photos)
    for folder, read in ((photos, photos), (tmp_path, photos), (photos, photos / "a.jpg"), (tmp_path / "link", photos)):
        with pytest.raises(BadInput, match=r"is replaced whole, and .* in it is read; choose another"):
            check_replacing(folder, [None, read])
    check_replacing(photos / "more", [photos, photos / "a.jpg"])
    check_replacing(tmp_path / "phot", [photos])
    check_replacing(photos, [photos / "none.jpg"])
