"""Timing of calls in turn, so that whatever else the machine does falls on all of them alike."""

import time
from collections.abc import Callable, Mapping


def interleaved(calls: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, list[float]]:
    """Milliseconds that each call took in each of `rounds` rounds, all in turn, after one round to warm up."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    for number in range(rounds + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if number:
                times[name].append(1000 * (time.perf_counter() - began))
    return times
