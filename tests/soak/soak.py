"""A server in a process of its own, visited for as long as asked: memory, descriptors, files, metrics that add up.

From outside: `soak`, and the command `python -m tests.soak.soak`, which `make soak` starts.
"""

import argparse
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import psutil

from impasto.export.runtime.model import load_model

from .visitors import VISITORS, Visit, make_files

MEGABYTE = 1e6
GROWTH = 1.05  # times the memory of the tenth minute, at most, at the end
TENTH_MINUTE = 10.0
WINDOW = 2.0  # minutes whose median is the memory at a time
EVERY = 5.0  # seconds between two looks
QUIET = 130.0  # seconds after the last visitor: files of callers without a session are kept for a minute
DESCRIPTORS = 8  # more than at rest that may be open afterwards: kept-alive connections that are just ending
SETTINGS = {
    "IMPASTO_KEEP_MINUTES": "1",
    "IMPASTO_JOBS_AT_ONCE": "1",
    "IMPASTO_THREADS": "1",
    "IMPASTO_LIVE_SESSIONS": "2",
}


@contextmanager
def server(folder: Path):
    """`impasto app` with its temporary files in `folder`; yields its address and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    temporary = folder / "tmp"
    temporary.mkdir()
    # One arena: with glibc's many, how much is kept for later differs from run to run.
    environment = {**os.environ, **SETTINGS, "TMPDIR": str(temporary), "MALLOC_ARENA_MAX": "1"}
    command = [sys.executable, "-m", "impasto.webapp.cli", "app", "--port", str(port)]
    with open(folder / "log.jsonl", "w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    url = f"http://127.0.0.1:{port}/"
    try:
        while not _answers(url):
            if process.poll() is not None:
                raise SystemExit(f"The server did not start: {(folder / 'log.jsonl').read_text()[-2000:]}")
            time.sleep(0.2)
        yield url, psutil.Process(process.pid)
    finally:
        process.terminate()
        process.wait(60)


def soak(minutes: float, folder: Path, visitors: tuple[Visit, ...] = VISITORS, quiet: float = QUIET) -> dict:
    """Visit a server for so many minutes; returns what was measured, with "faults", a list of sentences."""
    make_files(folder)
    model = load_model()
    style = next(iter(model.gallery().values()))["style"]
    (folder / "style.json").write_text(json.dumps([float(value) for value in style]))
    counts, ended, faults, samples = Counter(), threading.Event(), [], []
    with server(folder) as (url, process):
        time.sleep(min(quiet, EVERY))
        rest = _look(process, folder, 0.0)
        threads = [
            threading.Thread(target=_visit, args=(visit, url, folder, counts, ended, faults), daemon=True)
            for visit in visitors
        ]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        while (elapsed := (time.monotonic() - began) / 60) < minutes and process.is_running():
            samples.append(_look(process, folder, elapsed))
            print(json.dumps(samples[-1] | dict(counts)), flush=True)
            time.sleep(min(EVERY, 60 * minutes / 10))
        ended.set()
        for thread in threads:
            thread.join(180)
        time.sleep(quiet)
        after, metrics = _look(process, folder, minutes), _metrics(url)
    return _judged({
        "minutes": minutes, "rest": rest, "after": after, "samples": samples, "counts": dict(counts),
        "metrics": metrics, "faults": faults, "errors": _errors(folder), "left": _files(folder / "tmp"),
    })  # fmt: skip


def _judged(found: dict) -> dict:
    """Adds to "faults" what is not as it has to be."""
    faults, counts, metrics = found["faults"], found["counts"], found["metrics"]
    tenth = memory_at(found["samples"], min(TENTH_MINUTE, found["minutes"] / 2))
    end = memory_at(found["samples"], found["minutes"])
    found |= {"mb_tenth_minute": tenth, "mb_end": end}
    if end > GROWTH * tenth:
        faults.append(f"memory grew from {tenth:.0f} MB to {end:.0f} MB")
    if found["after"]["descriptors"] > found["rest"]["descriptors"] + DESCRIPTORS:
        faults.append(f"{found['after']['descriptors']} descriptors, {found['rest']['descriptors']} at rest")
    if found["after"]["files"] > found["rest"]["files"]:
        faults.append(f"{found['after']['files']} temporary files, {found['rest']['files']} at rest")
    for kind in ("clip", "picture", "live"):
        painted = metrics.get(f'impasto_frames_painted_total{{kind="{kind}"}}', 0)
        if painted != counts.get(kind, 0):
            faults.append(f"{painted:.0f} frames of kind {kind} are counted, {counts.get(kind, 0)} were given")
    refused = metrics.get('impasto_refusals_total{why="input"}', 0)
    if refused != counts.get("input", 0):
        faults.append(f"{refused:.0f} refusals of input are counted, {counts.get('input', 0)} were given")
    for gauge in ("impasto_queue_length", "impasto_jobs_running", "impasto_live_waiting", "impasto_live_sessions"):
        if metrics.get(gauge, 0):
            faults.append(f"{gauge} is {metrics[gauge]:.0f} where nobody is left")
    faults += [
        f"{counts[kind]} times: {kind}"
        for kind in ("painted amiss", "wrong words", "wrong answers", "calls refused")
        if counts.get(kind)
    ]
    faults += found["errors"]
    return found


def memory_at(samples: list[dict], minute: float) -> float:
    """The median of the server's memory, in MB, in the `WINDOW` before a minute (of shorter runs, a fifth)."""
    window = min(WINDOW, samples[-1]["minute"] / 5)
    values = [sample["mb"] for sample in samples if minute - window <= sample["minute"] <= minute]
    return statistics.median(values or [samples[-1]["mb"]])


def _visit(visit: Visit, url: str, folder: Path, counts: Counter, ended: threading.Event, faults: list[str]) -> None:
    """A visitor that the server sends away with anything unforeseen is a fault, and comes again."""
    while not ended.is_set():
        try:
            visit(url, folder, counts, ended)
        except Exception as error:
            faults.append(f"{visit.__name__}: {type(error).__name__}: {str(error)[:200]}")
            ended.wait(EVERY)


def _look(process: psutil.Process, folder: Path, minute: float) -> dict:
    with process.oneshot():
        return {
            "minute": round(minute, 2),
            "mb": round(process.memory_info().rss / MEGABYTE, 1),
            "descriptors": process.num_fds(),
            "threads": process.num_threads(),
            "files": len(_files(folder / "tmp")),
        }


def _files(folder: Path) -> list[str]:
    """Files below a folder; what vanishes meanwhile is passed over."""
    return [str(Path(place, name)) for place, _, names in os.walk(folder) for name in names]


def _metrics(url: str) -> dict[str, float]:
    lines = httpx.get(url + "metrics", timeout=60).text.splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))}


def _errors(folder: Path) -> list[str]:
    """What the server's log has of its own errors."""
    found = []
    for line in (folder / "log.jsonl").read_text("utf-8", errors="replace").splitlines():
        with suppress(ValueError):
            if json.loads(line).get("level") in ("error", "critical"):
                found.append(f"logged: {line[:300]}")
    return found


def _answers(url: str) -> bool:
    try:
        return httpx.get(url + "healthz", timeout=5).is_success
    except httpx.HTTPError:
        return False


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--out", type=Path, default=Path("out/soak"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        found = soak(given.minutes, Path(folder))
    (given.out / "soak.json").write_text(json.dumps(found, indent=1))
    print(json.dumps({key: value for key, value in found.items() if key not in ("samples", "metrics")}, indent=1))
    sys.exit(1 if found["faults"] else 0)


if __name__ == "__main__":
    main()
