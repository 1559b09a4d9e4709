"""Sessions of one thread each for one graph; whoever has a frame to paint borrows one.

All painters of a process share them, so that no more frames are worked on at once than there are cores. Each session
has an arena (ONNX Runtime's memory) of its own: a single one used by several runs at once grows larger than all of
these together.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import LifoQueue

import onnxruntime as ort

from .tiles import TilesSession

Lane = ort.InferenceSession | TilesSession


class Lanes:
    """At most `count` sessions, opened when they are first needed; the last given back is the first to go again."""

    def __init__(self, open_one: Callable[[], Lane], count: int):
        self._open, self._free = open_one, LifoQueue[Lane | None]()
        for _ in range(count):
            self._free.put(None)

    @contextmanager
    def borrow(self) -> Iterator[Lane]:
        """A session for one run; waits while all are lent."""
        session = self._free.get()
        try:
            session = session or self._open()
            yield session
        finally:
            self._free.put(session)
