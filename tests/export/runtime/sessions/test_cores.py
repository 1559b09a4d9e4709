"""Cores lent frame by frame: everybody's share, in the order they came."""

import threading
import time

import numpy as np
import pytest

from impasto.export.runtime import painter as runtime
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.sessions.cores import Cores


class Somebody:
    pass


class Asking:
    """A thread that asks for cores and, once it has them, holds them until `leave`."""

    def __init__(self, pool, painter, most):
        self.got, self._leave = [], threading.Event()
        waiting = len(pool._waiting)
        self.thread = threading.Thread(target=self._run, args=(pool, painter, most), daemon=True)
        self.thread.start()
        while not self.got and len(pool._waiting) == waiting:
            time.sleep(0.001)

    def _run(self, pool, painter, most):
        with pool.lend(painter, most) as count:
            self.got.append(count)
            assert self._leave.wait(60)

    def wait(self):
        while not self.got:
            time.sleep(0.001)
        return self.got[0]

    def leave(self):
        self._leave.set()
        self.thread.join()


def test_who_is_alone_has_all_and_no_more_than_asked_for():
    pool = Cores(4)
    for most, got in ((4, 4), (3, 3), (9, 4)):
        with pool.lend(Somebody(), most) as count:
            assert count == got
    assert pool.free == 4


def test_four_live_pages_on_four_cores_have_a_quarter_each():
    pool = Cores(4)
    first = Asking(pool, Somebody(), 4)
    others = [Asking(pool, Somebody(), 4) for _ in range(4)]
    assert first.wait() == 4
    assert [each.got for each in others] == [[]] * 4
    first.leave()
    assert [each.wait() for each in others] == [1, 1, 1, 1]
    for each in others:
        each.leave()
    assert pool.free == 4


def test_a_clip_with_many_lanes_takes_no_more_than_its_share():
    pool, clip, pages = Cores(4), Somebody(), [Somebody(), Somebody(), Somebody()]
    lanes = [Asking(pool, clip, 1) for _ in range(4)]
    assert [lane.wait() for lane in lanes] == [1, 1, 1, 1]
    asking = [Asking(pool, page, 4) for page in pages]
    more = Asking(pool, clip, 1)
    for lane in lanes[:3]:
        lane.leave()
    assert [each.wait() for each in asking] == [1, 1, 1]
    assert more.got == []  # it came before nobody, but its share is what its last lane holds
    lanes[3].leave()
    assert more.wait() == 1
    for each in (*asking, more):
        each.leave()
    assert pool.free == 4


def test_nobody_starves():
    """Eight painters on two cores, of which one asks for all as fast as it can."""
    pool, frames, enough = Cores(2), dict.fromkeys(range(8), 0), threading.Event()

    def paint(number, most):
        me = Somebody()
        while not enough.is_set():
            with pool.lend(me, most):
                frames[number] += 1
                time.sleep(0.0005)
            if sum([*frames.values()]) >= 800:
                enough.set()

    threads = [threading.Thread(target=paint, args=(n, 2 if n == 0 else 1)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(frames.values()) > 0
    assert pool.free == 2


def test_whoever_fails_or_gives_up_gives_back():
    pool = Cores(1)
    with pytest.raises(ZeroDivisionError), pool.lend(Somebody(), 1):
        raise ZeroDivisionError
    assert pool.free == 1


def test_a_painter_with_fewer_cores_paints_the_same(tiny_model, monkeypatch):
    """Its share changes from frame to frame; what it carries does not."""
    scene = (np.random.default_rng(0).random((70, 100, 3)) * 255).astype(np.uint8)
    clip = [np.ascontiguousarray(np.roll(scene, t, 1)) for t in range(5)]
    style = tiny_model.gallery()["waves"]["style"]

    def paint(shares):
        painter = Painter(tiny_model, threads=4)
        painter.use([style])
        painted = []
        for frame, count in zip(clip, shares, strict=True):
            monkeypatch.setattr(runtime, "CORES", Cores(count))
            painted.append(painter.paint(frame))
        return painted

    for a, b in zip(paint([4] * 5), paint([4, 1, 2, 1, 3]), strict=True):
        assert np.abs(a.astype(int) - b).max() <= 1
