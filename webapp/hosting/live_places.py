"""Places at the live painter: so many at once, a line of those who wait, and how many are before each."""

import asyncio
from collections import deque


class Full(Exception):
    """Nobody else may wait."""


class Places:
    """First come, first served. Lives in one event loop."""

    def __init__(self, count: int, line: int):
        self.count, self.line = count, line
        self.taken = 0
        self.waiting: deque[asyncio.Queue] = deque()

    def ask(self) -> asyncio.Queue:
        """A queue that brings one's place in line (1, 2, …) as it changes, and 0 when it is one's turn. Raises Full."""
        told: asyncio.Queue = asyncio.Queue()
        if self.taken < self.count and not self.waiting:
            self.taken += 1
            told.put_nowait(0)
        elif len(self.waiting) >= self.line:
            raise Full
        else:
            self.waiting.append(told)
            told.put_nowait(len(self.waiting))
        return told

    def leave(self, told: asyncio.Queue) -> None:
        """Gives up the place, or the place in line."""
        if told in self.waiting:
            self.waiting.remove(told)
        else:
            self.taken -= 1
            if self.waiting:
                self.taken += 1
                self.waiting.popleft().put_nowait(0)
        for place, other in enumerate(self.waiting, 1):
            other.put_nowait(place)
