"""A crew on a Ray cluster: a painter for each machine's cores, told apart by the machine it is on.

From outside: `RayCrew`. Needs the extra [ray].
"""

import logging
import socket
import time
from typing import Any

import ray  # pyright: ignore[reportMissingImports]
import ray.exceptions  # pyright: ignore[reportMissingImports]
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy  # pyright: ignore[reportMissingImports]

from impasto.models.errors import BadInput

from .jobs import Task
from .run import Lost
from .worker import PART_FRAMES, Recipe, Worker

PAINTER_CORES = 8  # of a painter at most: beyond, the stabilizer, which takes frames in order, holds the others up
_WAIT_SECONDS = 1.0  # between two looks for machines that came or went
_NOBODY_SECONDS = 120.0  # without any machine that paints before giving up
_CONNECT_SECONDS = 10.0
_GONE = (ray.exceptions.RayActorError, ray.exceptions.NodeDiedError, ray.exceptions.OwnerDiedError)


class RayCrew:
    """Connects to a cluster; to be used as a context manager. New machines are taken in as they come."""

    def __init__(self, address: str, recipe: Recipe, part_frames: int = PART_FRAMES):
        _check_reachable(address)
        try:
            ray.init(address=address, log_to_driver=False, logging_level=logging.ERROR)
        except (ConnectionError, ValueError, RuntimeError) as error:
            raise BadInput(f"There is no Ray cluster at {address}: {error}") from error
        self._recipe, self._part_frames = ray.put(recipe), part_frames
        self._workers: dict[Any, str] = {}  # painter → the node it is on
        self._running: dict[Any, tuple[Any, Task]] = {}  # result to come → painter and task
        self._last_seen = time.monotonic()

    def __enter__(self) -> "RayCrew":
        return self

    def __exit__(self, *_) -> None:
        ray.shutdown()

    def idle(self) -> int:
        self._look_for_machines()
        return len(self._workers) - len(self._running)

    def start(self, task: Task) -> None:
        busy = {id(worker) for worker, _ in self._running.values()}
        worker = next(worker for worker in self._workers if id(worker) not in busy)
        result = getattr(worker, task.method).remote(*task.arguments)
        self._running[result] = worker, task

    def wait(self) -> list[tuple[Task, Any, BaseException | None]]:
        if not self._running:
            time.sleep(_WAIT_SECONDS)
            return []
        done, _ = ray.wait(list(self._running), num_returns=1, timeout=_WAIT_SECONDS)
        return [self._ended(each) for each in done]

    def _ended(self, result) -> tuple[Task, Any, BaseException | None]:
        worker, task = self._running.pop(result)
        try:
            return task, ray.get(result), None
        except _GONE as error:
            self._workers.pop(worker, None)
            if "creation task" in str(error) and isinstance(error.__cause__, BadInput):
                raise error.__cause__ from error
            return task, None, Lost("a machine was lost")
        except ray.exceptions.RayTaskError as error:
            return task, None, error.cause if isinstance(error.cause, Exception) else error

    def _look_for_machines(self) -> None:
        """A painter, or several, for every machine that has none yet."""
        nodes = {node["NodeID"]: int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]}
        for worker, node in [*self._workers.items()]:
            if node not in nodes and worker not in [each for each, _ in self._running.values()]:
                del self._workers[worker]
        for node, cores in nodes.items():
            if cores and node not in self._workers.values():
                for each in shares(cores):
                    self._workers[self._open(node, each)] = node
        if self._workers:
            self._last_seen = time.monotonic()
        elif time.monotonic() - self._last_seen > _NOBODY_SECONDS:
            raise BadInput(
                "No machine of the Ray cluster is left that paints; start one and run the same command again."
            )

    def _open(self, node: str, cores: int):
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        painter = ray.remote(Worker).options(num_cpus=cores, scheduling_strategy=there, max_restarts=0)
        return painter.remote(self._recipe, cores, self._part_frames)


def _check_reachable(address: str) -> None:
    """Raise BadInput where nobody listens at HOST:PORT: Ray itself would try for many minutes."""
    host, _, port = address.rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        try:
            socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
        except (OSError, OverflowError) as error:
            raise BadInput(f"There is no Ray cluster at {address} ({error}).") from error


def shares(cores: int) -> list[int]:
    """How many cores each painter of a machine gets: as few painters as `PAINTER_CORES` allows, and equal ones."""
    count = -(-cores // PAINTER_CORES)
    return [cores // count + (number < cores % count) for number in range(count)]
