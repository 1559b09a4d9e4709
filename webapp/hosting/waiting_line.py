"""The waiting line: so many jobs at once, so many waiting, so many of one client.

From outside: `WaitingLine`, `Refused`.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from impasto.models.errors import BadInput


class Refused(BadInput):
    """Not wrong, but more than is given here; `why` is the refusal's kind in the metrics."""

    def __init__(self, sentence: str, why: str):
        super().__init__(sentence)
        self.why = why


@dataclass(eq=False)
class _Ticket:
    client: str
    address: str
    on_position: Callable[[int], None]
    turn: asyncio.Event = field(default_factory=asyncio.Event)


class WaitingLine:
    """First come, first served. A place is free again when its block ends, however it ends.

    `at_once` jobs run, `length` more may wait; `per_client` bounds both together for one client, and `per_address` for
    all clients of one address: whoever likes may call himself many clients. Lives in one event loop.
    """

    def __init__(self, at_once: int, length: int, per_client: int, per_address: int | None = None):
        self.at_once, self.length, self.per_client = at_once, length, per_client
        self.per_address = per_address
        self.running: set[_Ticket] = set()
        self.waiting: deque[_Ticket] = deque()

    @asynccontextmanager
    async def place(
        self, client: str, on_position: Callable[[int], None] = lambda position: None, address: str = ""
    ) -> AsyncIterator[None]:
        """Wait for a place and hold it. `on_position(n)`, n counted from 1, is called whenever the line has moved.

        Raises Refused at once when the line is full or the client, or its address, has enough in it.
        """
        self._admit(client, address)
        ticket = _Ticket(client, address, on_position)
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

    def _admit(self, client: str, address: str) -> None:
        tickets = (*self.running, *self.waiting)
        mine = sum(ticket.client == client for ticket in tickets)
        if mine >= self.per_client:
            jobs = "a job" if mine == 1 else f"{mine} jobs"
            raise Refused(f"You have {jobs} here already; wait until one is done, or cancel it.", "jobs")
        near = sum(ticket.address == address for ticket in tickets) if address else 0
        if self.per_address is not None and near >= self.per_address:
            raise Refused("Many jobs of your network are here already; please try again in a few minutes.", "jobs")
        if len(self.running) >= self.at_once and len(self.waiting) >= self.length:
            raise Refused("Too many people are painting right now; please try again in a few minutes.", "busy")

    def _advance(self) -> None:
        """Start those whose turn it is, and tell the others their position."""
        while self.waiting and len(self.running) < self.at_once:
            ticket = self.waiting.popleft()
            self.running.add(ticket)
            ticket.turn.set()
        for position, ticket in enumerate(self.waiting, 1):
            ticket.on_position(position)
