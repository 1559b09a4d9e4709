"""The three stages: order, overlap, bounded memory, and an end for all when one of them ends."""

import os
import signal
import sys
import threading
import time

import pytest

from impasto.webapp.files.pipeline import QUEUE_FRAMES, Cancelled, run_pipeline


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def wait_until_main_thread_is_in(function):
    """Watch the main thread's stack, without a clock, until it is inside the function of this name."""
    main = threading.main_thread().ident
    while True:
        frame = sys._current_frames()[main]
        while frame is not None:
            if frame.f_code.co_name == function:
                return
            frame = frame.f_back
        time.sleep(0.001)


def endless():
    count = 0
    while True:
        yield count
        count += 1


def fail_at(number, error):
    def stage(item):
        if item == number:
            raise error
        return item

    return stage


def test_every_item_passes_in_order_and_is_counted():
    written, reported = [], []
    done = run_pipeline(
        range(50), lambda x: x * 2, written.append, total=50, progress=lambda *pair: reported.append(pair)
    )
    assert done == 50
    assert written == [x * 2 for x in range(50)]
    assert reported == [(n, 50) for n in range(1, 51)]


def test_nothing_in_nothing_out():
    assert run_pipeline([], str, print) == 0


def test_painting_stays_in_the_calling_thread_and_the_others_do_not():
    seen = {"read": set(), "paint": set(), "write": set()}

    def frames():
        for n in range(5):
            seen["read"].add(threading.current_thread())
            yield n

    run_pipeline(
        frames(),
        lambda x: seen["paint"].add(threading.current_thread()) or x,
        lambda x: seen["write"].add(threading.current_thread()),
    )
    assert seen["paint"] == {threading.current_thread()}
    assert len(seen["read"] | seen["paint"] | seen["write"]) == 3


def test_all_three_stages_work_at_once():
    """Frame 0 is being written while frame 1 is painted and frame 2 read: each waits there for the other two."""
    meeting = threading.Barrier(3, timeout=60)

    def frames():
        for n in range(5):
            if n == 2:
                meeting.wait()
            yield n

    def paint(item):
        if item == 1:
            meeting.wait()
        return item

    def write(item):
        if item == 0:
            meeting.wait()

    assert run_pipeline(frames(), paint, write) == 5


def test_lanes_work_side_by_side_and_what_they_begin_comes_out_in_order():
    """Three lanes meet in frames 0 to 2, and so on; later frames are begun before earlier ones are done."""
    meeting, written = threading.Barrier(3, timeout=60), []

    def begin(item, number):
        meeting.wait()
        time.sleep(0.002 * (3 - number % 3))
        return item * 10, number

    done = run_pipeline(range(12), lambda begun: (*begun, threading.get_ident()), written.append, begin=begin, lanes=3)
    assert done == 12
    assert written == [(n * 10, n, threading.get_ident()) for n in range(12)]


@pytest.mark.parametrize("cores", [1, 2])
def test_no_more_threads_work_at_once_than_there_are_cores(cores):
    written, lock, working, most = [], threading.Lock(), 0, 0

    def at_work():
        nonlocal working, most
        with lock:
            working += 1
            most = max(most, working)
        time.sleep(0.001)
        with lock:
            working -= 1

    def frames():
        for n in range(20):
            at_work()
            yield n

    def begin(item, number):
        at_work()
        return item

    def paint(item):
        at_work()
        return item

    def write(item):
        at_work()
        written.append(item)

    assert run_pipeline(frames(), paint, write, begin=begin, lanes=3, cores=cores) == 20
    assert written == list(range(20))
    assert 1 <= most <= cores


@pytest.mark.parametrize("stage", ["read", "begin", "paint", "write"])
def test_a_failure_ends_all_that_share_a_core(stage):
    closed = []

    def frames():
        try:
            for n in endless():
                yield fail_at(9, OSError("read"))(n) if stage == "read" else n
        finally:
            closed.append(True)

    fails = {
        name: fail_at(9, OSError(name)) if name == stage else lambda item: item for name in ("begin", "paint", "write")
    }
    with pytest.raises(OSError, match=stage):
        run_pipeline(
            frames(), fails["paint"], fails["write"], begin=lambda item, _: fails["begin"](item), lanes=2, cores=1
        )
    assert closed == [True]


@pytest.mark.parametrize("lanes", [1, 4])
def test_lanes_with_nothing_to_do(lanes):
    assert run_pipeline([], str, print, begin=lambda item, number: item, lanes=lanes) == 0


@pytest.mark.parametrize("kind", [ValueError, MemoryError])
def test_a_failing_lane_ends_all(kind):
    error = kind("the first cause")
    with pytest.raises(kind, match="the first cause") as caught:
        run_pipeline(
            endless(), lambda x: x, lambda x: None, begin=lambda item, number: fail_at(7, error)(item), lanes=3
        )
    assert caught.value is error


def test_cancelling_stops_the_lanes():
    painted = []
    with pytest.raises(Cancelled):
        run_pipeline(
            endless(), lambda x: painted.append(x) or x, lambda x: None, begin=lambda item, number: item, lanes=3,
            cancelled=lambda: len(painted) >= 3,
        )  # fmt: skip
    assert painted == [0, 1, 2]


@pytest.mark.parametrize("slow", ["begin", "paint", "write"])
def test_few_items_are_alive_at_once_with_lanes(slow):
    alive, most, lanes = set(), 0, 3

    def frames():
        nonlocal most
        for n in range(60):
            alive.add(n)
            most = max(most, len(alive))
            yield n

    def pause(stage):
        time.sleep(0.003 if stage == slow else 0)

    def write(item):
        pause("write")
        alive.discard(item)

    run_pipeline(
        frames(), lambda x: pause("paint") or x, write, begin=lambda item, number: pause("begin") or item, lanes=lanes
    )
    assert most <= 2 * QUEUE_FRAMES + 3 + lanes


@pytest.mark.parametrize("slow", ["paint", "write"])
def test_few_items_are_alive_at_once(slow):
    alive, most = set(), 0

    def frames():
        nonlocal most
        for n in range(60):
            alive.add(n)
            most = max(most, len(alive))
            yield n

    def write(item):
        if slow == "write":
            time.sleep(0.003)
        alive.discard(item)

    run_pipeline(frames(), lambda x: time.sleep(0.003 if slow == "paint" else 0) or x, write)
    assert most <= 2 * QUEUE_FRAMES + 3


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, MemoryError])
@pytest.mark.parametrize("stage", ["read", "paint", "write", "progress"])
def test_the_first_failure_ends_all_and_is_raised(stage, kind):
    error = kind("the first cause")
    closed = threading.Event()

    def frames():
        try:
            for n in endless():
                yield fail_at(7, error)(n) if stage == "read" else n
        finally:
            closed.set()

    with pytest.raises(kind, match="the first cause") as caught:
        run_pipeline(
            frames(),
            fail_at(7, error) if stage == "paint" else lambda x: x,
            fail_at(7, error) if stage == "write" else lambda x: None,
            progress=lambda done, total: fail_at(7, error)(done) if stage == "progress" else None,
        )
    assert caught.value is error
    assert closed.is_set()


def test_a_failing_writer_frees_a_painter_blocked_on_a_full_queue():
    with pytest.raises(OSError, match="full"):
        run_pipeline(endless(), lambda x: x, fail_at(0, OSError(28, "disk full")))


def test_a_failing_reader_frees_the_writer_waiting_for_frames():
    one_is_written = threading.Event()

    def frames():
        yield 1
        assert one_is_written.wait(60)
        raise RuntimeError("no more")

    written = []

    def write(item):
        written.append(item)
        one_is_written.set()

    with pytest.raises(RuntimeError, match="no more"):
        run_pipeline(frames(), lambda x: x, write)
    assert written == [1]


def test_cancelling_stops_within_a_frame():
    painted = []
    with pytest.raises(Cancelled):
        run_pipeline(endless(), lambda x: painted.append(x) or x, lambda x: None, cancelled=lambda: len(painted) >= 3)
    assert painted == [0, 1, 2]


@pytest.mark.parametrize("blocked", ["reader", "lane", "writer"])
def test_ctrl_c_reaches_a_painter_that_waits_for_another_stage(blocked):
    waiting, release = threading.Event(), threading.Event()

    def wait_for_release():
        waiting.set()
        assert release.wait(60)

    def frames():
        yield 0
        if blocked == "reader":
            wait_for_release()
        yield from endless()

    def write(item):
        if blocked == "writer":
            wait_for_release()

    lanes = {"begin": lambda item, number: wait_for_release()} if blocked == "lane" else {}

    def interrupt():
        waiting.wait(60)
        wait_until_main_thread_is_in("wait_until")  # the painter, too, waits
        os.kill(os.getpid(), signal.SIGINT)
        wait_until_main_thread_is_in("_join")
        release.set()

    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores Ctrl-C
    try:
        thread = threading.Thread(target=interrupt)
        thread.start()
        with pytest.raises(KeyboardInterrupt):
            run_pipeline(frames(), lambda x: x, write, **lanes)
        thread.join()
    finally:
        signal.signal(signal.SIGINT, before)
