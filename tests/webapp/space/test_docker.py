"""The Docker image: all that it installs is pinned with hashes, and its health is asked for where it listens."""

import json
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from impasto.webapp.space.requirements import pinned_requirements

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8").replace("\\\n", " ")


def pins(name):
    """name → (version, hashes) of a lock."""
    entries = re.split(r"\n(?=\S)", re.sub(r"^#.*\n", "", (ROOT / "locks" / name).read_text("utf-8"), flags=re.M))
    parsed = ((*re.match(r"(\S+)==(\S+)", entry).groups(), entry.count("--hash=sha256:")) for entry in entries)
    return {name: (version, hashes) for name, version, hashes in parsed}


@pytest.mark.parametrize("name", ["app.txt", "build.txt"])
def test_every_line_of_a_lock_is_one_version_with_hashes(name):
    assert all(hashes > 0 for _, hashes in pins(name).values())
    assert len(pins(name)) > 3


def test_the_lock_has_all_that_the_app_needs_at_the_versions_it_is_tested_with():
    locked = pins("app.txt")
    needed = {line.split("==")[0] for line in pinned_requirements()} | {"gradio"}
    only_elsewhere = {"audioop-lts", "exceptiongroup", "tomli", "backports-asyncio-runner"}  # other versions of Python
    assert needed - only_elsewhere <= set(locked)
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        if not line.startswith("#") and (found := locked.get(Requirement(line).name.replace("_", "-").lower())):
            assert found[0] == str(Requirement(line).specifier).removeprefix("=="), line


def test_nothing_is_installed_without_a_pin():
    installs = re.findall(r"pip (?:install|wheel) [^&\n]*", DOCKERFILE)
    assert len(installs) == 5
    for command in installs:
        hashed = "--require-hashes" in command
        ours = "--no-deps" in command and ("--no-build-isolation" in command or "/wheels/impasto-" in command)
        assert hashed or ours, command
    for image in re.findall(r"^FROM (\S+)", DOCKERFILE, flags=re.M):
        assert re.fullmatch(r"python:3\.12\.\d+-slim-\w+", image)


class Healthy(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/healthz" else 404)
        self.end_headers()

    def log_message(self, *_):
        pass


def test_the_health_check_follows_the_port():
    command = json.loads(re.search(r"HEALTHCHECK.*?CMD (\[.*?\])$", DOCKERFILE, flags=re.M)[1])
    with HTTPServer(("127.0.0.1", 0), Healthy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        port = server.server_port
        asked = [sys.executable, *command[1:]]
        assert subprocess.run(asked, env={"IMPASTO_PORT": str(port)}, timeout=60).returncode == 0
        server.shutdown()
    wrong = subprocess.run(asked, env={"IMPASTO_PORT": str(port)}, timeout=60, capture_output=True)
    assert wrong.returncode != 0
