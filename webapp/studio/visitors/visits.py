"""Who is still there: of every session the connections that are open, and what ends once there are none.

From outside: `Visits`, an ASGI middleware around Gradio's routes, `forget` and `mend_deletion`.
"""

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager, suppress
from types import SimpleNamespace
from urllib.parse import parse_qs, unquote

import gradio as gr
import gradio.route_utils

PREFIX = "/gradio_api/"
ABSENT_SECONDS = 15  # without a connection, after which a caller counts as gone; pages and clients reconnect at once
LOOK_SECONDS = 5  # between two looks at who is gone
SESSIONS_KEPT = 500  # of which Gradio keeps the state, 0.2 MB each; of more, the longest unused is forgotten
_STREAM = re.compile(r"heartbeat/(?P<session>[^/]+)|call/(?:v2/)?[^/]+/(?P<event>[^/]+)|queue/data")


class Visits:
    """Counts the streams through which a session hears of its jobs: Gradio's heartbeat, queue and call.

    A page and `gradio_client` keep one open for as long as they are there; a program that posts a call opens one to
    wait for its result. `gone(session)` is awaited for sessions that were seen and have had none for
    `ABSENT_SECONDS`; then Gradio's memory of them goes, too. Lives in one event loop; `clock` counts seconds.
    """

    def __init__(self, blocks: gr.Blocks, gone: Callable, clock: Callable[[], float] = time.monotonic):
        self.blocks, self.gone, self.clock = blocks, gone, clock
        self.open: Counter[str] = Counter()
        self.single: set[str] = set()  # sessions made for one call, whose answer is waited for
        self.last_seen: dict[str, float] = {}  # of sessions without an open stream
        self.calls: dict[str, set[str]] = {}  # of each session, the events that were pending at the last look

    @contextmanager
    def present(self, session: str):
        self.open[session] += 1
        self.last_seen.pop(session, None)
        try:
            yield
        finally:
            self.open[session] -= 1
            if self.open[session] <= 0:
                del self.open[session]
                self.last_seen[session] = self.clock()

    async def left(self, session: str) -> None:
        """A stream of the session has ended in peace: of one that Gradio made for a single call nothing more comes."""
        if session in self.single and not self.blocks._queue.pending_event_ids_session.get(session):
            self.single.discard(session)
            self.last_seen.pop(session, None)
            await forget(self.blocks, session)

    def session_of(self, scope) -> str | None:
        """The session that a request for one of the streams belongs to."""
        route = unquote(scope["path"].partition(PREFIX)[2])
        found = _STREAM.fullmatch(route.rstrip("/")) if scope["method"] == "GET" else None
        if found is None:
            return None
        if found["event"]:  # a call's own session is named by its event
            event = self.blocks._queue.event_ids_to_events.get(found["event"])
            session = event.session_hash if event else found["event"]
            if session == found["event"] and session in self.blocks._queue.pending_event_ids_session:
                self.single.add(session)
            return session
        return found["session"] or parse_qs(scope["query_string"].decode("latin-1")).get("session_hash", [None])[0]

    async def look(self) -> None:
        """End what is left of the sessions that are gone."""
        states, queue = self.blocks.state_holder, self.blocks._queue
        calls = {session: set(events) for session, events in queue.pending_event_ids_session.items()}
        for session, events in calls.items():
            if session in self.last_seen and events - self.calls.get(session, set()):
                self.last_seen[session] = self.clock()  # it has called, and is about to open a stream
        self.calls = calls
        for session in (*states.session_data, *queue.pending_event_ids_session):
            if session not in self.open and session not in self.last_seen:
                self.last_seen[session] = self.clock()
        oldest = self.clock() - ABSENT_SECONDS
        for session in [name for name, at in self.last_seen.items() if at <= oldest]:
            del self.last_seen[session]
            self.single.discard(session)
            await self.gone(session)
            await forget(self.blocks, session)

    async def watch(self) -> None:
        """Look from time to time, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            await self.look()


class VisitsMiddleware:
    """Pure ASGI middleware that tells `visits` of the streams which open and end."""

    def __init__(self, app, visits: Visits):
        self.app, self.visits = app, visits

    async def __call__(self, scope, receive, send):
        session = self.visits.session_of(scope) if scope["type"] == "http" and PREFIX in scope["path"] else None
        if session is None:
            return await self.app(scope, receive, send)
        with self.visits.present(session):
            await self.app(scope, receive, send)
        await self.visits.left(session)


def mend_deletion() -> None:
    """Let Gradio go on removing old files (`delete_cache`) when another comes in while it looks through them.

    As it is, its loop over a set that grows meanwhile raises, and with that its removing ends for good; and names of
    files that somebody else removed stay in the set.
    """
    delete = gradio.route_utils.delete_files_created_by_app
    if delete.__name__ == "delete_from_copies":
        return

    def delete_from_copies(blocks, age: int | None) -> None:
        copies = [set(files) for files in blocks.temp_file_sets]
        delete(SimpleNamespace(blocks=blocks.blocks, temp_file_sets=[set(files) for files in copies]), age)  # pyright: ignore[reportArgumentType]
        for files, seen in zip(blocks.temp_file_sets, copies, strict=False):
            files.difference_update([file for file in seen if not os.path.exists(file)])

    gradio.route_utils.delete_files_created_by_app = delete_from_copies


async def forget(blocks: gr.Blocks, session: str) -> None:
    """Drop what Gradio keeps of a session: by itself it keeps the state of 10,000, and messages that nobody fetched."""
    states, queue = blocks.state_holder, blocks._queue
    await queue.clean_events(session_hash=session)  # what still runs will tell nobody
    with states.lock, suppress(KeyError):
        del states.session_data[session]
    states.time_last_used.pop(session, None)
    queue.pending_event_ids_session.pop(session, None)
    with suppress(KeyError):
        del queue.pending_messages_per_session[session]
    blocks.pending_streams.pop(session, None)
    blocks.pending_diff_streams.pop(session, None)
