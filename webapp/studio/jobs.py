"""Jobs: a place in the line, a thread to paint in, progress in words, and cancelling that stops the work.

From outside: `Jobs`, `JobProgress`, `duration`, `time_left`.
"""

import asyncio
import contextvars
import math
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from impasto.export.runtime.sessions.session import cores
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.hosting.waiting_line import WaitingLine

from .visitors.temporary import Folders

Result = TypeVar("Result")
UPDATE_SECONDS = 0.25  # between two updates of a job's progress: as often as people can read
RATE_SECONDS = 10.0  # over which it is counted how many are painted a second: others may come and go meanwhile
SETTLED_SECONDS = 1.0  # after the first frame, from which on a time left is said


class JobProgress:
    """A job's progress in words, at most every `UPDATE_SECONDS`: `show(done, total, text)`; total 0 is unknown.

    The rate is that of the last `RATE_SECONDS`, counted from the first frame on: what comes before it, reading styles
    and opening graphs, takes seconds and would be taken for slow painting.
    """

    def __init__(
        self,
        show: Callable[[int, int, str], None],
        unit: str = "frames",
        clock: Callable[[], float] = time.monotonic,
    ):
        self.show, self.unit, self.clock = show, unit, clock
        self._shown = -math.inf
        self._seen: deque[tuple[float, int]] = deque()  # when how many were done, of the last `RATE_SECONDS`

    def waiting(self, position: int) -> None:
        """`position` in the line, counted from 1."""
        others = {1: "your job is the next to start", 2: "one job starts before yours"}
        self.show(0, 0, f"Waiting: {others.get(position, f'{position - 1} jobs start before yours')}")

    def start(self) -> None:
        self._seen.clear()
        self.show(0, 0, "Starting")

    def update(self, done: int, total: int) -> None:
        """Called after each frame."""
        now = self.clock()
        if not self._seen:
            self._seen.append((now, done))
        if done < total and now - self._shown < UPDATE_SECONDS:
            return
        self._shown = now
        self._seen.append((now, done))
        while now - self._seen[1][0] > RATE_SECONDS:
            self._seen.popleft()
        self.show(done, total, self._text(done, total))

    def _text(self, done: int, total: int) -> str:
        (began, before), (now, _) = self._seen[0], self._seen[-1]
        if now - began < SETTLED_SECONDS or done == before:
            return f"{done} of {total} {self.unit}" if total else f"{done} {self.unit}"
        rate = (done - before) / (now - began)
        text = f"{rate:.1f} {self.unit}/s"
        return f"{text}, {time_left(max(total - done, 0) / rate)}" if total else text


class Jobs:
    """The jobs of all sessions. `run` and `end_session` belong to the server's event loop."""

    def __init__(self, settings: Settings, folders: Folders):
        at_once = settings.jobs_at_once or max(1, cores() // 2)
        self.folders = folders
        self.line = WaitingLine(at_once, settings.queue_length, settings.jobs_per_client, settings.jobs_per_address)
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="impasto-job")
        self._tasks: defaultdict[str, set[asyncio.Task]] = defaultdict(set)

    async def run(
        self,
        session: str,
        work: Callable[[Path, Callable[[], bool]], Result],
        progress: JobProgress,
        client: str = "",
        address: str = "",
    ) -> Result:
        """`work(folder, cancelled)` in a thread, once it is this job's turn.

        `folder` is new and is removed again unless `work` returns; the session's files stay as long as the job waits or
        runs. Cancelling the task makes `cancelled()` true, and the place is given up when the thread has really
        stopped. It counts among the jobs of `client` (the session where it is empty) and among those and the files of
        `address`. Raises what `work` raises, what `WaitingLine.place` does, and DiskFull where there is no room.
        """
        task = asyncio.current_task()
        assert task is not None  # what awaits here is one
        self._tasks[session].add(task)
        try:
            with self.folders.hold(session):
                async with self.line.place(client or session, progress.waiting, address):
                    with self.folders.job(session, address) as folder:
                        progress.start()
                        return await _in_thread(self._threads, work, folder)
        finally:
            self._tasks[session].discard(task)
            if not self._tasks[session]:
                del self._tasks[session]

    async def cancel(self, session: str) -> None:
        """Stop the session's jobs; what they have finished stays."""
        tasks = [task for task in self._tasks.get(session, ()) if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def end_session(self, session: str) -> None:
        """Stop the session's jobs, then remove its files."""
        await self.cancel(session)
        self.folders.end(session)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


async def _in_thread(threads: ThreadPoolExecutor, work: Callable, folder: Path) -> Any:
    stop = threading.Event()
    context = contextvars.copy_context()  # Gradio's progress knows its event from there
    future = asyncio.get_running_loop().run_in_executor(threads, partial(context.run, work, folder, stop.is_set))
    try:
        return await asyncio.shield(future)
    except asyncio.CancelledError:
        stop.set()
        while not future.done():  # whoever cancels again waits all the same
            with suppress(asyncio.CancelledError):
                await asyncio.wait([future])
        if not future.cancelled():
            future.exception()  # looked at, so that nobody complains; a Cancelled most likely
        raise


def duration(seconds: float) -> str:
    """Seconds in words: "8 s", "2 min", "1 min 5 s", "1 h 2 min"."""
    seconds = round(seconds)
    if seconds < 60:
        return f"{seconds} s"
    minutes, seconds = divmod(seconds, 60)
    if minutes < 60:
        return f"{minutes} min" + (f" {seconds} s" if seconds else "")
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h" + (f" {minutes} min" if minutes else "")


def time_left(seconds: float) -> str:
    """An estimate in words, no finer than it can be: "8 s left", "about 40 s left", "about 3 min left"."""
    if seconds < 10:
        return f"{duration(seconds)} left"
    step = 5 if seconds < 60 else 15 if seconds < 180 else 60
    return f"about {duration(round(seconds / step) * step)} left"
