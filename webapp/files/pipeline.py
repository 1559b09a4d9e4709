"""Decoding, painting and encoding at the same time, in constant memory.

From outside: `run_pipeline` and `Cancelled`. The reader and the writer each have a thread; painting stays in the
calling thread, so that Ctrl-C reaches it. Whatever fails first stops all three and is what the caller sees.
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
    """What the three stages share: whether they are to stop, and why.

    Every queue waits on the one condition `changed`, so that a failure anywhere wakes all of them.
    """

    def __init__(self):
        self.changed = threading.Condition()
        self.first_error: BaseException | None = None
        self.stopped = False

    def stop(self, error: BaseException) -> None:
        """End all stages. The first error is kept; that a stage was stopped by another's is none."""
        with self.changed:
            if self.first_error is None and not isinstance(error, _Stopped):
                self.first_error = error
            self.stopped = True
            self.changed.notify_all()


class _Queue:
    """At most QUEUE_FRAMES items on their way from one stage to the next.

    `put` and iteration raise _Stopped once any stage has failed; a waiting `queue.Queue` would not notice.
    """

    END = object()  # put after the last item

    def __init__(self, run: _Run):
        self.run, self.items = run, deque()

    def put(self, item: Any) -> None:
        with self.run.changed:
            self._wait_until(lambda: len(self.items) < QUEUE_FRAMES)
            self.items.append(item)
            self.run.changed.notify_all()

    def __iter__(self) -> Iterator[Any]:
        while True:
            with self.run.changed:
                self._wait_until(lambda: self.items)
                item = self.items.popleft()
                self.run.changed.notify_all()
            if item is self.END:
                return
            yield item

    def _wait_until(self, ready: Callable[[], Any]) -> None:
        while not self.run.stopped and not ready():
            self.run.changed.wait(_WAIT_SECONDS)
        if self.run.stopped:
            raise _Stopped


def run_pipeline(
    frames: Iterable[Any],
    paint: Callable[[Any], Any],
    write: Callable[[Any], None],
    *,
    total: int = 0,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> int:
    """Send every item of `frames` through `paint` to `write`, in order, and return how many there were.

    `frames` is iterated in one thread, `write` called in another, `paint`, `progress(done, total)` and `cancelled()`
    in the caller's. At most 2·QUEUE_FRAMES + 3 items are alive. The first exception of any stage (KeyboardInterrupt
    included) ends all of them, both threads are joined, and it is raised here; `Cancelled` when `cancelled()` is true.
    """
    run = _Run()
    decoded, painted = _Queue(run), _Queue(run)
    threads = [
        threading.Thread(target=_in_background, args=(run, _read, frames, decoded), name="impasto-read", daemon=True),
        threading.Thread(target=_in_background, args=(run, _write, painted, write), name="impasto-write", daemon=True),
    ]
    done = 0
    try:
        for thread in threads:
            thread.start()
        for item in decoded:
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


def _in_background(run: _Run, stage: Callable, *args: Any) -> None:
    """What a thread does: its stage, at low priority; a failure ends the others."""
    _lower_priority()
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
