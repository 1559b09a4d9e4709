"""Gives tasks to a crew of workers until all files are done. Knows nothing of Ray: see `crew` for what a crew is.

From outside: `run_jobs`.
"""

from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from .jobs import FileJob, Task


class Lost(Exception):
    """A worker was lost with what it was doing."""


class Crew(Protocol):
    """Workers that take tasks. `idle` says how many would start one at once."""

    def idle(self) -> int: ...

    def start(self, task: Task) -> None: ...

    def wait(self) -> list[tuple[Task, Any, BaseException | None]]:
        """Tasks that have ended, with a result or an error (`Lost` where the worker is gone); may be none yet."""
        ...


def run_jobs(
    jobs: Sequence[FileJob],
    crew: Crew,
    on_file: Callable[[dict], None] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> None:
    """Do all jobs; each has its `outcome` afterwards. Raises what the crew raises.

    Tasks of files that were begun go before those that begin another. `progress(done, 0)` counts painted
    frames; how many there will be is not known.
    """
    waiting = deque(task for job in jobs for task in job.first())
    running = 0
    told: set[FileJob] = set()
    while waiting or running:
        while waiting and crew.idle():
            task = waiting.popleft()
            if task.job.wants(task):
                crew.start(task)
                running += 1
        for task, result, error in crew.wait():
            running -= 1
            job = task.job
            more = job.after(task, result) if error is None else job.after_error(task, error)
            waiting.extendleft(reversed(more))
            if progress is not None:
                progress(sum(each.frames for each in jobs), 0)
            if job.outcome is not None and job not in told:
                told.add(job)
                if on_file is not None:
                    on_file(job.outcome)
