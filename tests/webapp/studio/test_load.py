"""Two jobs at once, ten in the line, one cancelled: the others finish, and nothing stays behind but the server."""

import json
import os
import re
import socket
import subprocess
import sys
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
from gradio_client import Client, handle_file

SERVER = """
import json, sys
import uvicorn
from fastapi import FastAPI
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.studio.blocks import mount_studio

app = FastAPI()

@app.get("/line")
def line():
    line = app.state.studio.jobs.line
    return {"running": len(line.running), "waiting": len(line.waiting)}

settings = Settings(**json.loads(sys.argv[1]))
app = mount_studio(app, settings)
uvicorn.run(app, host="127.0.0.1", port=settings.port, log_level="error", timeout_graceful_shutdown=5)
"""


@pytest.fixture
def server(tmp_path, until):
    """A server in a process of its own, two jobs at once: (url, process, its temporary folder)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder = tmp_path / "tmp"
    folder.mkdir()
    settings = json.dumps({"port": port, "threads": 1, "jobs_at_once": 2, "queue_length": 10, "jobs_per_address": 20})
    # one arena: with glibc's many, how much is kept for later differs from run to run
    environment = {**os.environ, "TMPDIR": str(folder), "MALLOC_ARENA_MAX": "1"}
    process = subprocess.Popen([sys.executable, "-c", SERVER, settings], env=environment)
    url = f"http://127.0.0.1:{port}/"
    until(lambda: answers(url) or process.poll() is not None)
    yield url, psutil.Process(process.pid), folder
    process.terminate()
    process.wait(120)
    assert [*folder.glob("impasto-studio-*")] == []


def answers(url):
    try:
        return httpx.get(url + "line", timeout=5).is_success
    except httpx.HTTPError:
        return False


@contextmanager
def clients(url, count, folder):
    """That many people, each with a session of their own."""
    with ExitStack() as stack:
        people = [Client(url, verbose=False, download_files=folder) for _ in range(count)]
        for person in people:
            stack.callback(person.close)
        yield people


def submit(client, clip):
    return client.submit(clip=handle_file(clip), styles=["great-wave"], size=64, api_name="/paint_clip")


def before(job):
    """How many jobs start before this one, as its person is told; 0 if it is next, has started or is done."""
    told = job.status().progress_data or []
    return max((int(n) for unit in told for n in re.findall(r"Waiting: (\d+) jobs", unit.desc or "")), default=0)


def files(folder):
    return {Path(place) / name for place, _, names in os.walk(folder) for name in names}


@pytest.mark.slow
def test_twelve_jobs_one_cancelled_nothing_left(server, tmp_path, media, until):
    url, process, folder = server

    def clip_of(seconds):
        sound = [{"codec": "aac", "seconds": seconds}]
        return media.write_clip(tmp_path / f"{seconds}.mp4", media.scenes(128, 96, 25 * seconds), sound=sound)

    clip, long_clip = clip_of(6), clip_of(60)
    at_rest = files(folder)

    def left():
        return files(folder) - at_rest

    with clients(url, 2, tmp_path) as people:  # warm: both threads, sessions, codecs
        for job in [submit(person, clip) for person in people]:
            assert job.result(timeout=120)[1]["frames"] == 150
    until(lambda: not left())
    memory = process.memory_info().rss

    seen = []
    with clients(url, 13, tmp_path) as (late, *people):
        # The first two go on for as long as the line is to be full, on slow machines, too.
        clips = [long_clip, long_clip, *[clip] * 10]
        jobs = [submit(person, long_clip) for person in people[:2]]
        until(lambda: httpx.get(url + "line").json()["running"] == 2)
        jobs += [submit(person, clip) for person in people[2:]]
        until(lambda: sum((line := httpx.get(url + "line").json()).values()) == 12 or seen.append(line))
        seen.append(httpx.get(url + "line").json())
        assert seen[-1] == {"running": 2, "waiting": 10}
        refused = submit(late, clip)
        until(lambda: max(map(before, jobs)) > 4)
        last = max(range(12), key=lambda i: before(jobs[i]))
        with pytest.raises(Exception, match="Too many people are painting"):
            refused.result(timeout=60)
        jobs[last].cancel()
        for number, job in enumerate(jobs):
            if number == last:
                with pytest.raises((CancelledError, KeyError)):  # the client's two ways of saying so
                    job.result(timeout=120)
                continue
            painted, summary = job.result(timeout=300)
            assert summary["frames"] == (1500 if number < 2 else 150)
            assert media.packets(painted, 0) == media.packets(clips[number], 0)
            seen.append(httpx.get(url + "line").json())
        assert max(line["running"] for line in seen) == 2
    until(lambda: httpx.get(url + "line").json() == {"running": 0, "waiting": 0})
    until(lambda: not left())
    assert process.memory_info().rss < 1.1 * memory
