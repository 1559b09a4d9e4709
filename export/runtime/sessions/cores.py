"""The cores of this process, lent to painters frame by frame, so that all that paint at once get equal shares.

From outside: `CORES`, `Cores`. A live page, a clip in the studio and a preview are each a painter. One alone gets all
cores; several get equal shares, in the order in which they asked.
"""

import threading
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from weakref import WeakKeyDictionary

from .session import cores

_WAIT_SECONDS = 0.2  # some systems deliver Ctrl-C to a waiting main thread only when its wait ends


@dataclass(eq=False)
class _Request:
    painter: object
    most: int
    granted: int = 0


class Cores:
    """`count` cores, lent first come, first served, except to painters that hold their share already."""

    def __init__(self, count: int):
        self.count = self.free = count
        self._changed = threading.Condition()
        self._waiting: deque[_Request] = deque()
        self._held: WeakKeyDictionary[object, int] = WeakKeyDictionary()

    @contextmanager
    def lend(self, painter: object, most: int) -> Iterator[int]:
        """Wait for this painter's share, at most `most` cores, and hold it; yields how many it is."""
        request = _Request(painter, most)
        with self._changed:
            self._waiting.append(request)
            self._grant()
        try:
            with self._changed:
                while not request.granted:
                    self._changed.wait(_WAIT_SECONDS)
            yield request.granted
        finally:
            with self._changed:
                if request.granted:
                    self.free += request.granted
                    self._held[painter] -= request.granted
                else:
                    self._waiting.remove(request)
                self._grant()

    def share(self) -> int:
        """Cores for each painter that holds some or waits."""
        active = {request.painter for request in self._waiting} | {p for p, held in self._held.items() if held}
        return max(self.count // max(len(active), 1), 1)

    def _grant(self) -> None:
        share = self.share()
        for request in [*self._waiting]:
            held = self._held.get(request.painter, 0)
            wanted = min(request.most, share - held)
            if wanted <= 0:
                continue  # it has its share: others may go before it
            if wanted > self.free:
                break  # nobody overtakes
            self._waiting.remove(request)
            request.granted = wanted
            self.free -= wanted
            self._held[request.painter] = held + wanted
        self._changed.notify_all()


CORES = Cores(cores())
