"""The waiting line: so many jobs at once, so many waiting, so many of one client.

From outside: `WaitingLine`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from impasto.models.errors import BadInput


@dataclass(eq=False)
class _Ticket:
    client: str
    on_position: Callable[[int], None]
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class WaitingLine:
    """First come, first served. A place is free again when its block ends, however it ends.

    `at_once` jobs run, `length` more may wait; `per_client` bounds both together for one client. Lives in one event
    loop.
    """

    def __init__(self, at_once: int, length: int, per_client: int):
        self.at_once, self.length, self.per_client = at_once, length, per_client
        self.running: set[_Ticket] = set()
        self.waiting: deque[_Ticket] = deque()

    @asynccontextmanager
    async def place(
        self, client: str, on_position: Callable[[int], None] = lambda position: None
    ) -> AsyncIterator[None]:
        """Wait for a place and hold it. `on_position(n)`, n counted from 1, is called whenever the line has moved.

        Raises BadInput at once when the line is full or the client has enough in it.
        """
        self._admit(client)
        ticket = _Ticket(client, on_position)
        self.waiting.append(ticket)
        try:
            self._advance()
            await ticket.turn.wait()
            yield
        finally:
            self.running.discard(ticket)
            if ticket in self.waiting:
                self.waiting.remove(ticket)
            self._advance()

    def _admit(self, client: str) -> None:
        mine = sum(ticket.client == client for ticket in (*self.running, *self.waiting))
        if mine >= self.per_client:
            jobs = "a job" if mine == 1 else f"{mine} jobs"
            raise BadInput(f"You have {jobs} here already; wait until one is done, or cancel it.")
        if len(self.running) >= self.at_once and len(self.waiting) >= self.length:
            raise BadInput("Too many people are painting right now; please try again in a few minutes.")

    def _advance(self) -> None:
        """Start those whose turn it is, and tell the others their position."""
        while self.waiting and len(self.running) < self.at_once:
            ticket = self.waiting.popleft()
            self.running.add(ticket)
            ticket.turn.set()
        for position, ticket in enumerate(self.waiting, 1):
            ticket.on_position(position)
