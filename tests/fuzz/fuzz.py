"""Tries mutants of every kind, one after the other, in a process that is watched: `make fuzz`.

A mutant is its kind, its seed and a number: the same three give the same damage, so what is found can be had again
with `--again KIND SEED NUMBER`. Counted as faults: a traceback, more than one sentence, a hang, a crash, more than a
gigabyte, a leftover file, a wrong success. Faults are shrunk, and written with their edits into `--out`.
"""

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from . import mutate
from .kinds import KINDS, SHARES, Kind

HANG_SECONDS = 120
MOST_MB = 1000  # of the process in which a mutant is tried, beyond what it held before
AFRESH = 1500  # mutants after which a new process takes over
MESSAGE = 700  # characters of a fault that are kept


def work(connection) -> None:
    """What the watched process does: (kind, seed or None, number, edits or None) → the outcome as a dict."""
    sys.stderr = open(os.devnull, "w")  # noqa: SIM115 - progress bars and warnings; what commands say is caught
    os.dup2(sys.stderr.fileno(), 2)
    ready: dict[str, Kind] = {}
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        while (task := connection.recv()) is not None:
            name, seed, number, edits = task
            if name not in ready:
                ready[name] = KINDS[name]()
                (Path(folder) / name).mkdir()
                ready[name].prepare(Path(folder) / name)
            connection.send({"ready": name})
            kind = ready[name]
            seed = kind.names()[number % len(kind.names())] if seed is None else seed
            edits = kind.edits(seed, number) if edits is None else edits
            before = _memory("VmRSS")
            _forget_peak()
            try:
                ended, fault = kind.attempt(seed, edits, number)
            except Exception as error:
                ended, fault = "failed", f"{type(error).__name__}: {error}"
            mb = _memory("VmHWM") - before
            fault = fault or (f"{mb:.0f} MB" if mb > MOST_MB else None)
            connection.send({
                "kind": name, "seed": seed, "number": number, "edits": edits, "ended": ended,
                "fault": fault and fault[:MESSAGE], "mb": round(mb),
            })  # fmt: skip
        for kind in ready.values():
            kind.close()


class Worker:
    """The watched process; it is begun anew after a hang or a crash."""

    def __init__(self):
        self.process, self.tried = None, 0

    def attempt(self, *task) -> dict:
        if self.process is None or self.tried >= AFRESH:
            self.end()
            context = multiprocessing.get_context("spawn")
            self.connection, theirs = context.Pipe()
            self.process = context.Process(target=work, args=(theirs,), daemon=False)
            self.process.start()
            theirs.close()
        self.tried += 1
        try:
            self.connection.send(task)
            for patience in (10 * HANG_SECONDS, HANG_SECONDS):  # making seeds and starting servers takes its time
                if not self.connection.poll(patience):
                    return self._lost(task, "hang")
                answer = self.connection.recv()
            return answer
        except (EOFError, ConnectionError, OSError):
            return self._lost(task, "crash")

    def _lost(self, task, how: str) -> dict:
        assert self.process is not None
        self.process.kill()
        self.process.join()
        code, self.process = self.process.exitcode, None
        kind, seed, number, edits = task
        told = {"kind": kind, "seed": seed, "number": number, "edits": edits, "ended": how, "mb": 0}
        return told | {"fault": f"{how} ({code})"}

    def end(self) -> None:
        if self.process is not None:
            self.connection.send(None)
            self.process.join(60)
            self.process.kill()
        self.process, self.tried = None, 0


def fuzz(minutes: float, out: Path, kinds: list[str] | None = None, first: int = 0, most: int | None = None) -> dict:
    """Try mutants for so many minutes, or so many of them; returns what was counted, faults with their edits."""
    order = [name for name in kinds or KINDS for _ in range(SHARES[name])]
    ends, faults, peak = Counter(), [], 0
    worker, end, count = Worker(), time.monotonic() + 60 * minutes, 0
    try:
        while time.monotonic() < end and (most is None or count < most):
            name, number = order[count % len(order)], first + count // len(order) * SHARES[order[count % len(order)]]
            number += order[: count % len(order)].count(name)
            found = worker.attempt(name, None, number, None)
            count += 1
            ends[name, found["ended"]] += 1
            peak = max(peak, found["mb"])
            if found["fault"]:
                faults.append(_shrink(worker, found))
                print(json.dumps(faults[-1], default=str)[:MESSAGE], flush=True)
                _note(out, faults[-1])
            if count % 500 == 0:
                print(f"{count} mutants, {len(faults)} faults", flush=True)
    finally:
        worker.end()
    table = {name: {how: n for (k, how), n in sorted(ends.items()) if k == name} for name in dict.fromkeys(order)}
    return {"mutants": count, "ended": table, "most_mb": peak, "faults": faults}


def _shrink(worker: Worker, found: dict) -> dict:
    """The fault with as few edits as still have it; what crashes or hangs is left as it is."""
    if found["ended"] in ("hang", "crash") or found["edits"] is None:
        return found

    def still(edits) -> bool:
        again = worker.attempt(found["kind"], found["seed"], found["number"], list(edits))
        return again["ended"] == found["ended"] and bool(again["fault"])

    return found | {"edits": mutate.shrunk(found["edits"], still)}


def _note(out: Path, fault: dict) -> None:
    out.mkdir(parents=True, exist_ok=True)
    with open(out / "faults.jsonl", "a", encoding="utf-8") as file:
        file.write(json.dumps(fault, default=str) + "\n")


def _memory(what: str) -> float:
    """Megabytes of this process: VmRSS what it holds, VmHWM the most it has held. 0 where there is no /proc."""
    try:
        lines = Path("/proc/self/status").read_text().splitlines()
    except OSError:
        return 0.0
    return int(next(line for line in lines if line.startswith(what)).split()[1]) * 1024 / 1e6


def _forget_peak() -> None:
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--mutants", type=int)
    parser.add_argument("--kinds", nargs="*", choices=KINDS)
    parser.add_argument("--first", type=int, default=0, help="the number to begin with; others give other damage")
    parser.add_argument("--out", type=Path, default=Path("out/fuzz"))
    parser.add_argument("--again", nargs=3, metavar=("KIND", "SEED", "NUMBER"))
    given = parser.parse_args()
    if given.again:
        kind, seed, number = given.again
        worker = Worker()
        print(json.dumps(worker.attempt(kind, seed, int(number), None), indent=1, default=str))
        worker.end()
        return
    found = fuzz(given.minutes, given.out, given.kinds, given.first, given.mutants)
    given.out.mkdir(parents=True, exist_ok=True)
    (given.out / "fuzz.json").write_text(json.dumps(found, indent=1, default=str))
    print(json.dumps(found | {"faults": len(found["faults"])}, indent=1))
    sys.exit(1 if found["faults"] else 0)


if __name__ == "__main__":
    main()
