"""Settings small enough to run into, and the studio served by a real server in a thread."""

import os
import socket
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI

from impasto.webapp.hosting.settings import Settings


@pytest.fixture
def settings():
    """Settings with other values: `settings(clip_seconds=1.0)`."""
    return lambda **changes: Settings(**changes)


@contextmanager
def serving(settings: Settings, model=None):
    """The studio on a port of its own; yields (url, app)."""
    from impasto.webapp.studio.blocks import mount_studio

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = mount_studio(FastAPI(), settings, model)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_level="error"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while not server.started and thread.is_alive() and time.monotonic() < end:
        time.sleep(0.02)
    try:
        assert server.started
        yield f"http://127.0.0.1:{port}/", app
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(30)


@pytest.fixture(scope="session")
def serve():
    """`with serve(settings) as (url, app)`; it notices within a quarter of a second that a client has left."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRADIO_HEARTBEAT_INTERVAL", "0.25")
        yield serving


def wait_until(true, seconds=120):
    """Wait for something that has to come true sooner or later."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came true"
        time.sleep(0.02)


@pytest.fixture(scope="session")
def until():
    return wait_until


@pytest.fixture(scope="session")
def files_in():
    """`files_in(root)`: files and folders; what vanishes meanwhile is passed over, where `rglob` would stumble."""

    def walk(root):
        return {Path(folder, name) for folder, folders, names in os.walk(root) for name in (*folders, *names)}

    return walk


@pytest.fixture
def studio(settings, tmp_path):
    """A `Studio` with the default model, on one thread."""
    from impasto.export.runtime.model import load_model
    from impasto.webapp.studio.jobs import Jobs
    from impasto.webapp.studio.painting import Studio
    from impasto.webapp.studio.visitors.temporary import Folders

    chosen, folders, model = settings(threads=1, jobs_at_once=1, clip_frames=20), Folders(60, tmp_path), load_model()
    yield Studio(chosen, model, folders, Jobs(chosen, folders), gallery=model.gallery())
    folders.close()
