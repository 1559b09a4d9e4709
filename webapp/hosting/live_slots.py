"""Slots of the live painter: so many pages are painted for at once, so many may wait, in the order they came.

From outside: `LiveSlots`, `Full`.
"""

import asyncio
from collections import deque


class Full(Exception):
    """Nobody else may wait."""


class LiveSlots:
    """`count` slots and room for `queue` pages that wait. Lives in one event loop."""

    def __init__(self, count: int, queue: int):
        self.count, self.queue = count, queue
        self.taken = 0
        self.waiting: deque[asyncio.Queue] = deque()

    def enter(self) -> asyncio.Queue:
        """A queue of positions: 1, 2, … in the line, as it moves, and 0 once the slot is there. Raises Full.

        Whoever enters has to `leave`, whatever happens.
        """
        positions: asyncio.Queue = asyncio.Queue()
        if self.taken < self.count and not self.waiting:
            self.taken += 1
            positions.put_nowait(0)
        elif len(self.waiting) >= self.queue:
            raise Full
        else:
            self.waiting.append(positions)
            positions.put_nowait(len(self.waiting))
        return positions

    def leave(self, positions: asyncio.Queue) -> None:
        """Give up the slot, or the position in the line."""
        if positions in self.waiting:
            self.waiting.remove(positions)
        else:
            self.taken -= 1
            if self.waiting:
                self.taken += 1
                self.waiting.popleft().put_nowait(0)
        for position, other in enumerate(self.waiting, 1):
            other.put_nowait(position)
