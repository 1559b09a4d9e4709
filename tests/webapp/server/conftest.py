"""The application without the studio: as a client for requests, and as a server of its own for the socket."""

import json
import threading
import time

import pytest
import uvicorn
from fastapi.testclient import TestClient
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from impasto.export.runtime.model import load_model
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.server.app import create_app
from impasto.webapp.server.run import server_options


@pytest.fixture(scope="session")
def model():
    return load_model()


@pytest.fixture(scope="session")
def client():
    """`client(**settings)` → a client for requests."""
    return lambda **settings: TestClient(create_app(Settings(**settings), studio=False))


class Talk:
    """A live page's side of the socket."""

    def __init__(self, port, **options):
        self.connected = connect(f"ws://127.0.0.1:{port}/live/socket", max_size=None, proxy=None, **options)
        self.socket = self.connected.__enter__()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send_json(self, message):
        self.socket.send(json.dumps(message))

    def send(self, data):
        self.socket.send(data)

    def json(self):
        return json.loads(self.socket.recv(timeout=30))

    def bytes(self):
        data = self.socket.recv(timeout=30)
        assert isinstance(data, bytes), data
        return data

    def end(self):
        """Code and reason with which the server ends the connection."""
        try:
            while True:
                self.socket.recv(timeout=30)
        except ConnectionClosed as closed:
            return closed.rcvd.code, closed.rcvd.reason


class Running:
    """The application on a port of its own, in a thread."""

    def __init__(self, settings):
        self.app = create_app(settings, studio=False)
        options = {**server_options(settings, self.app.state.metrics), "port": 0, "timeout_graceful_shutdown": 2}
        config = uvicorn.Config(self.app, **options)
        self.server = uvicorn.Server(config)
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        end = time.monotonic() + 30
        while not self.server.started and time.monotonic() < end:
            time.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def talk(self, **options) -> Talk:
        return Talk(self.port, **options)

    def metrics(self) -> str:
        return self.app.state.metrics.text().decode()

    def stop(self):
        self.server.should_exit = True
        self.thread.join(10)


@pytest.fixture
def serve():
    """`serve(**settings)` → the running application; stopped after the test."""
    running = []

    def start(**settings) -> Running:
        running.append(Running(Settings(**settings)))
        return running[-1]

    yield start
    for server in running:
        server.stop()
