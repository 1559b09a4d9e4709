"""Decoding, painting and encoding at the same time, in constant memory.

From outside: `run_pipeline` and `Cancelled`. The reader and the writer each have a thread. The part of painting that
needs no other frame may be done in lanes, one thread each, on several frames at once; the part that needs the frames in
order stays in the calling thread, so that Ctrl-C reaches it. The first failure stops all stages and is what the caller
sees.
"""

import os
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

QUEUE_FRAMES = 4  # frames waiting between two stages
_WAIT_SECONDS = 0.2  # some systems deliver Ctrl-C to a waiting main thread only when its wait ends
_LOWEST_PRIORITY = 19  # Linux's `nice`


class Cancelled(Exception):
    """The caller's `cancelled` said so."""


class _Stopped(Exception):
    """Another stage failed, so this one ends quietly."""


class _Run:
    """What all stages share: whether they are to stop, and why.

    Every queue waits on the one condition `changed`, so that a failure anywhere wakes all of them.
    """

    def __init__(self):
        self.changed = threading.Condition()
        self.first_error: BaseException | None = None
        self.stopped = False

    def stop(self, error: BaseException) -> None:
        """End all stages. The first error is kept; `_Stopped`, which follows from another's, is not an error."""
        with self.changed:
            if self.first_error is None and not isinstance(error, _Stopped):
                self.first_error = error
            self.stopped = True
            self.changed.notify_all()

    def wait_until(self, ready: Callable[[], Any]) -> None:
        """Wait, holding `changed`, for `ready()`. Raises _Stopped once any stage has failed."""
        while not self.stopped and not ready():
            self.changed.wait(_WAIT_SECONDS)
        if self.stopped:
            raise _Stopped


class _Queue:
    """At most QUEUE_FRAMES items on their way from one stage to the next.

    `put` and iteration raise _Stopped once any stage has failed; a waiting `queue.Queue` would not notice.
    """

    END = object()  # put after the last item

    def __init__(self, run: _Run):
        self.run, self.items = run, deque()

    def put(self, item: Any) -> None:
        with self.run.changed:
            self.run.wait_until(lambda: len(self.items) < QUEUE_FRAMES)
            self.items.append(item)
            self.run.changed.notify_all()

    def __iter__(self) -> Iterator[Any]:
        while True:
            with self.run.changed:
                self.run.wait_until(lambda: self.items)
                item = self.items.popleft()
                self.run.changed.notify_all()
            if item is self.END:
                return
            yield item


class _Lanes:
    """Works on the items of a queue in `count` threads; at most `count` items are begun and not fetched yet.

    Each item has a slot from the moment a lane takes it, so they are fetched in order. Iteration raises _Stopped as
    that of a queue does.
    """

    EMPTY = object()  # in a slot whose lane is not done yet

    def __init__(self, run: _Run, source: _Queue, begin: Callable[[Any, int], Any], count: int):
        self.run, self.source, self.begin, self.count = run, source, begin, count
        self.slots: deque[list] = deque()  # of one value each
        self.begun, self.ended = 0, False

    def work(self) -> None:
        """What each lane does: `begin(item, number)` of the next item that no other has, until there are none."""
        while (taken := self._take()) is not None:
            item, number, slot = taken
            value = self.begin(item, number)
            with self.run.changed:
                slot[0] = value
                self.run.changed.notify_all()

    def _take(self) -> tuple[Any, int, list] | None:
        with self.run.changed:
            self.run.wait_until(lambda: self.ended or (self.source.items and len(self.slots) < self.count))
            if not self.ended:
                item, number, slot = self.source.items.popleft(), self.begun, [self.EMPTY]
                self.ended = item is _Queue.END
                self.run.changed.notify_all()
            if self.ended:
                return None
            self.slots.append(slot)
            self.begun += 1
            return item, number, slot

    def __iter__(self) -> Iterator[Any]:
        while True:
            with self.run.changed:
                self.run.wait_until(lambda: self.slots[0][0] is not self.EMPTY if self.slots else self.ended)
                if not self.slots:
                    return
                (value,) = self.slots.popleft()
                self.run.changed.notify_all()
            yield value


def run_pipeline(
    frames: Iterable[Any],
    paint: Callable[[Any], Any],
    write: Callable[[Any], None],
    *,
    begin: Callable[[Any, int], Any] | None = None,
    lanes: int = 1,
    cores: int | None = None,
    total: int = 0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """Send every item of `frames` through `paint` to `write`, in order, and return how many there were.

    With `begin`, what `paint` gets is `begin(item, number)`, number counted from 0, called in `lanes` threads at once.
    `frames` is iterated in one thread, `write` called in another, `paint`, `progress(done, total)` and `cancelled()`
    in the caller's. At most 2·QUEUE_FRAMES + 3 items are alive, and one more for each lane. With `cores`, at most that
    many of the threads work at once, for processes that may not use the whole machine. The first exception of any stage
    (KeyboardInterrupt included) ends all of them, the threads are joined, and it is raised here; `Cancelled` is raised
    when `cancelled()` is true.
    """
    run = _Run()
    decoded, painted = _Queue(run), _Queue(run)
    source: _Queue | _Lanes = decoded
    in_background = _at_low_priority
    if cores is not None:
        turns, in_background = threading.Semaphore(cores), _guarded
        frames, paint, write = _items_by_turns(turns, frames), _by_turns(turns, paint), _by_turns(turns, write)
        begin = begin and _by_turns(turns, begin)
    threads = [
        _thread("read", in_background, run, _read, frames, decoded),
        _thread("write", in_background, run, _write, painted, write),
    ]
    if begin is not None:
        source = _Lanes(run, decoded, begin, lanes)
        threads += [_thread("lane", _guarded, run, source.work) for _ in range(lanes)]
    done = 0
    try:
        for thread in threads:
            thread.start()
        for item in source:
            if cancelled is not None and cancelled():
                raise Cancelled("Cancelled.")
            painted.put(paint(item))
            done += 1
            if progress is not None:
                progress(done, total)
        painted.put(_Queue.END)
    except BaseException as error:
        run.stop(error)
    finally:
        _join(threads, run)
    if run.first_error is not None:
        raise run.first_error
    return done


def _thread(name: str, target: Callable, *args: Any) -> threading.Thread:
    return threading.Thread(target=target, args=args, name=f"impasto-{name}", daemon=True)


def _by_turns(turns: threading.Semaphore, stage: Callable) -> Callable:
    """A stage that works on an item only while it holds one of the semaphore's turns."""

    def work(*args: Any) -> Any:
        with turns:
            return stage(*args)

    return work


def _items_by_turns(turns: threading.Semaphore, items: Iterable[Any]) -> Iterator[Any]:
    """The items; making each takes a turn."""
    iterator, end = iter(items), object()
    take = _by_turns(turns, next)
    try:
        while (item := take(iterator, end)) is not end:
            yield item
    finally:
        getattr(iterator, "close", lambda: None)()


def _at_low_priority(run: _Run, stage: Callable, *args: Any) -> None:
    """Run a stage in this thread, at low priority; a failure ends the others."""
    _lower_priority()
    _guarded(run, stage, *args)


def _guarded(run: _Run, stage: Callable, *args: Any) -> None:
    """Run a stage in this thread; a failure ends the others."""
    try:
        stage(*args)
    except BaseException as error:
        run.stop(error)


def _lower_priority() -> None:
    """Let this thread run in the painter's pauses instead of holding up one of its cores: some 5 % faster in all.

    Linux knows the priority of single threads. Where the painter waits for this one, the core is free all the same.
    """
    if sys.platform == "linux":
        with suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)


def _read(frames: Iterable[Any], decoded: _Queue) -> None:
    iterator = iter(frames)
    try:
        for item in iterator:
            decoded.put(item)
        decoded.put(_Queue.END)
    finally:
        getattr(iterator, "close", lambda: None)()  # a generator holds its file open until it is closed


def _write(painted: _Queue, write: Callable[[Any], None]) -> None:
    for item in painted:
        write(item)


def _join(threads: list[threading.Thread], run: _Run) -> None:
    """Wait for the threads; Ctrl-C while they finish stops them instead of abandoning them."""
    for thread in threads:
        while thread.ident is not None and thread.is_alive():
            try:
                thread.join(_WAIT_SECONDS)
            except KeyboardInterrupt as error:
                run.stop(error)
