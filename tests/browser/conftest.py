"""A real Chromium with a fake camera, the built page, and the two places it is served from.

Chromium or Node missing: the tests are left out, with the reason; under CI that is a failure.
"""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from dataclasses import replace
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import cv2
import numpy as np
import pytest

from impasto.export.runtime.model import load_model
from impasto.models import store
from impasto.models.errors import BadInput
from impasto.webapp.hosting.page_config import page_config
from impasto.webapp.page_build import build_page

sys.path.append(str(Path(__file__).parent))  # for engine_page.py
from engine_page import WEBGPU

PLAIN = ("--headless=new", "--no-sandbox", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream")
OFFLINE = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Document-Isolation-Policy": "isolate-and-require-corp",
}
SERVER_START_SECONDS = 120
# These files take longest. Two workers that take file after file end together when the long ones come first.
LONG = ("webgpu", "studio", "page", "painters", "live_study", "tools", "person", "server_painter")


def pytest_configure(config):
    config.addinivalue_line("markers", "browser: drives a real Chromium")


def pytest_collection_modifyitems(items):
    here = Path(__file__).parent
    order = {here / f"test_{name}.py": place for place, name in enumerate(LONG)}
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)
    items.sort(key=lambda item: order.get(item.path, len(order)))


def _left_out(reason: str):
    """Skips the test; in CI, where everything has to be there, fails it."""
    (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


@pytest.fixture(scope="session")
def model():
    """The model that the page paints with; Python paints with it in float32, too, whatever processor it has."""
    found = load_model()
    files = {role: file for role, file in found.files.items() if not role.endswith("_tiles")}
    return replace(found, files=files)


@pytest.fixture(scope="session")
def server_model():
    """The same as the server paints with it, in bfloat16 where the processor is made for it."""
    return load_model()


@pytest.fixture(scope="session")
def style(model):
    """A style vector of its gallery, float32 [D]."""
    return next(iter(model.gallery().values()))["style"]


@pytest.fixture(scope="package")
def launch(camera):
    """Starts a Chromium that reaches nothing but this machine: `launch(*flags, camera=y4m file)` → playwright Browser.

    For this folder only: playwright keeps an event loop in the main thread as long as it runs.
    """
    from playwright.sync_api import expect, sync_playwright

    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if chromium is None:
        _left_out("The browser tests need Chromium: apt-get install chromium")
    expect.set_options(timeout=60_000)  # a busy machine needs more than the five seconds playwright waits
    with sync_playwright() as playwright:

        def start(*flags: str, camera: Path = camera):
            shown = f"--use-file-for-fake-video-capture={camera}"
            return playwright.chromium.launch(
                executable_path=chromium, headless=True, args=[*PLAIN, OFFLINE, shown, *flags], timeout=120_000
            )

        yield start


@pytest.fixture(scope="package")
def browser(launch):
    """Chromium with the fake camera, without WebGPU."""
    with launch() as browser:
        yield browser


@pytest.fixture(scope="package")
def webgpu_browser(launch):
    """The same with WebGPU in software (SwiftShader): right, and very slow. Keep pictures at 64² and below."""
    with launch(*WEBGPU) as browser:
        yield browser


@pytest.fixture(scope="package")
def plain_browser(launch):
    """The same without WebGL and WebGPU, as on remote desktops."""
    with launch("--disable-3d-apis") as browser:
        yield browser


@pytest.fixture(scope="session")
def camera_picture():
    """What the fake camera sees: a smooth scene without symmetry, uint8 RGB [256, 320, 3].

    Its shape is that of 160×128, so that all of it is painted at a short side of 128 pixels.
    """
    y, x = np.mgrid[0:256, 0:320]
    waves = 128 + 90 * np.sin((x + 2 * y) / 23)
    return np.stack([x * 255 / 319, waves, y * 255 / 255], -1).round().astype(np.uint8)


@pytest.fixture(scope="session")
def make_camera(tmp_path_factory):
    """Makes what a fake camera shows: `make_camera(RGB pictures of one even size, rate)` → a y4m file, looped."""

    def make(pictures, rate: int = 30) -> Path:
        path = tmp_path_factory.mktemp("camera") / "camera.y4m"
        height, width = pictures[0].shape[:2]
        with path.open("wb") as file:
            file.write(f"YUV4MPEG2 W{width} H{height} F{rate}:1 Ip A1:1 C420jpeg\n".encode())
            for picture in pictures:  # BT.601, limited range
                file.write(b"FRAME\n" + cv2.cvtColor(picture, cv2.COLOR_RGB2YUV_I420).tobytes())
        return path

    return make


@pytest.fixture(scope="session")
def camera(make_camera, camera_picture):
    """The fake camera's file: `camera_picture`, standing still."""
    return make_camera([camera_picture] * 3)


@pytest.fixture(scope="session")
def page_dist():
    """The folder of the built page, built first when it is older than its sources."""
    try:
        return build_page()
    except BadInput as problem:
        if "needs Node" not in str(problem):
            raise
        _left_out(f"{problem}")


@pytest.fixture(scope="package")
def serve_static(page_dist):
    """Serves the page without a server behind it: `serve_static(isolation=True, config={…})` → its URL.

    The tree is that of a static Space: the built page, config.json, the released models under models/.
    """
    running = []

    def serve(isolation: bool = True, config: dict | None = None) -> str:
        config = config or page_config(load_model(), None)
        handler = partial(_Static, page_dist, json.dumps(config).encode(), ISOLATION if isolation else {})
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_address[1]}/"

    yield serve
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="package")
def static_site(serve_static):
    """The URL of the page served without a server behind it, isolated so that WebAssembly has threads."""
    return serve_static()


class _Static(SimpleHTTPRequestHandler):
    """Files of the built page and of the released models, under the headers given."""

    protocol_version = "HTTP/1.1"
    extensions_map = {  # noqa: RUF012
        "": "application/octet-stream",
        ".html": "text/html; charset=utf-8",
        ".js": "text/javascript",
        ".mjs": "text/javascript",
        ".css": "text/css",
        ".json": "application/json",
        ".svg": "image/svg+xml",
        ".webp": "image/webp",
        ".png": "image/png",
        ".gz": "application/gzip",
    }

    def __init__(self, dist, config, headers, *connection):
        self.dist, self.config, self.more_headers = dist, config, headers
        super().__init__(*connection, directory=str(dist))

    def do_GET(self):
        if self.path.partition("?")[0] != "/config.json":
            return super().do_GET()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(self.config)))
        self.end_headers()
        self.wfile.write(self.config)

    def translate_path(self, path):
        vgg = path.startswith(f"/models/{store.VGG.name}/")
        self.directory = str(store.VGG.parent if vgg else store.RELEASED if path.startswith("/models/") else self.dist)
        return super().translate_path(path.removeprefix("/models"))

    def end_headers(self):
        for name, value in self.more_headers.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, *_):
        pass


class AppServer:
    """`impasto app` as a process of its own. `url` ends in "/"; the page is at `url + "live/"`."""

    def __init__(self, port: int | None, settings: dict):
        self.port = port or _free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self.log = tempfile.TemporaryFile()  # noqa: SIM115
        environment = {f"IMPASTO_{name.upper()}": str(value) for name, value in settings.items()}
        command = [sys.executable, "-m", "impasto.webapp.cli", "app", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, env={**os.environ, **environment}, stdout=self.log, stderr=subprocess.STDOUT
        )

    def wait(self) -> "AppServer":
        """Until it answers; AssertionError with its words when it ends or takes too long."""
        end = time.monotonic() + SERVER_START_SECONDS
        while self.process.poll() is None and time.monotonic() < end:
            try:
                with urllib.request.urlopen(self.url + "healthz", timeout=5):
                    return self
            except (urllib.error.URLError, OSError):
                time.sleep(0.1)
        self.stop()
        raise AssertionError(f"impasto app did not start:\n{self.output()}")

    def output(self) -> str:
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def live_pages(self) -> int:
        """How many have a place at it."""
        with urllib.request.urlopen(self.url + "metrics") as answer:
            lines = answer.read().decode().splitlines()
        return int(float(next(line.split()[1] for line in lines if line.startswith("impasto_live_sessions "))))

    def wait_for_live_pages(self, count: int) -> None:
        """Until so many have a place: pages that were closed take a moment to leave."""
        end = time.monotonic() + SERVER_START_SECONDS
        while self.live_pages() != count:
            assert time.monotonic() < end, f"never {count} live pages"
            time.sleep(0.05)

    def stop(self) -> None:
        """Kill it, as a power cut would; what it said stays readable."""
        self.process.kill()
        self.process.wait()


@pytest.fixture(scope="package")
def server(start_server):
    """An `impasto app` with low limits, for all tests that need no other: one live page, one clip at a time."""
    return start_server(live_sessions=1, clip_seconds=60, jobs_at_once=1, threads=2)


@pytest.fixture(scope="package")
def start_server(page_dist):
    """Starts `impasto app`: `start_server(port=None, live_sessions=1, …)` → AppServer; settings as in `Settings`.

    Each takes seconds. All are stopped at the end; `stop()` and a second start on the same port are fine before.
    """
    running = []

    def start(port: int | None = None, **settings) -> AppServer:
        running.append(AppServer(port, settings))
        return running[-1].wait()

    yield start
    for server in running:
        server.stop()
        server.log.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
