"""Frames side by side beside the step graph, frame by frame."""

import json
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions.lanes import Lanes
from impasto.export.runtime.side_by_side import side_by_side


@pytest.fixture(scope="module")
def clip():
    """A camera that moves over a made-up picture, then a cut to another: uint8 [60,90,3], of no size that fits."""
    views = [(picture(100, 140, seed) * 255).astype(np.uint8) for seed in (0, 7)]
    return [np.ascontiguousarray(views[t > 14][t : t + 60, 2 * t : 2 * t + 90]) for t in range(20)]


@pytest.fixture
def make(tiny_model):
    """make(threads, model, **look): a painter with a style."""

    def make(threads=3, model=tiny_model, **look):
        painter = Painter(model, threads=threads, look=Look(**look))
        painter.use([tiny_model.gallery()["waves"]["style"]])
        return painter

    return make


def in_halves(halves, clip):
    """Begun by many threads, the last frames first; completed in order."""
    with ThreadPoolExecutor(3) as threads:
        begun = [threads.submit(halves.begin, frame, n == 0) for n, frame in reversed([*enumerate(clip)])]
        return [halves.complete(each.result()) for each in reversed(begun)]


@pytest.mark.parametrize("look", [{}, {"stability": 0.5, "strength": 0.8, "keep_colors": True}, {"stability": 0.0}])
@pytest.mark.parametrize("threads", [1, 3])
def test_the_pixels_are_those_of_the_step_graph(make, clip, look, threads):
    painter = make(threads, **look)
    halves = side_by_side(painter)
    assert halves.lanes == threads
    for ours, one_by_one in zip(in_halves(halves, clip), map(painter.paint, clip), strict=True):
        off = np.abs(ours.astype(int) - one_by_one)
        assert off.max() <= 1  # 1e-5 of 1 may be the other side of a half
        assert off.mean() < 1e-3


def test_the_next_clip_knows_nothing_of_the_last(make, clip):
    halves = side_by_side(make())
    first = in_halves(halves, clip[:4])
    assert all(np.array_equal(a, b) for a, b in zip(first, in_halves(halves, clip[:4]), strict=True))


def test_what_cannot_be_done_in_halves(make, tiny_model, tmp_path):
    older = shutil.copytree(tiny_model.folder, tmp_path / "older")
    data = json.loads((older / "model.json").read_text())
    del data["files"]["stabilize"]
    (older / "model.json").write_text(json.dumps(data))
    older = load_model(older)
    assert side_by_side(make(model=older)) is None
    assert side_by_side(make(model=older, stability=0.0)) is not None  # there is nothing to stabilize
    assert side_by_side(make(strength=0.0)) is None
    assert side_by_side(object()) is None


def test_lanes_are_opened_when_needed_and_no_more_of_them_than_there_are():
    opened, inside, most, meeting = [], 0, 0, threading.Barrier(2, timeout=60)
    lock = threading.Lock()
    lanes = Lanes(lambda: opened.append(object()) or opened[-1], 2)
    with lanes.borrow():
        pass
    with lanes.borrow() as again:
        assert opened == [again]

    def use(_):
        nonlocal inside, most
        with lanes.borrow():
            with lock:
                inside += 1
                most = max(most, inside)
            meeting.wait()
            with lock:
                inside -= 1

    with ThreadPoolExecutor(6) as threads:
        list(threads.map(use, range(12)))
    assert (len(opened), most) == (2, 2)


def test_a_lane_that_could_not_be_opened_is_free_again():
    def fail():
        raise MemoryError

    lanes = Lanes(fail, 1)
    for _ in range(2):
        with pytest.raises(MemoryError), lanes.borrow():
            raise AssertionError("never here")
