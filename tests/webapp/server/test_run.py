"""`impasto app` as a program: what it says, how it ends, what it refuses."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.server import run

SECONDS = 120


@pytest.fixture
def program():
    """`program(*arguments, IMPASTO_…=value)` → the running `impasto app`."""
    started = []

    def start(*arguments, **variables):
        command = [sys.executable, "-m", "impasto.webapp.cli", "app", *map(str, arguments)]
        started.append(
            subprocess.Popen(
                command, env={**os.environ, **variables}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for(url, process):
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        assert process.poll() is None, process.stderr.read()
        try:
            return urllib.request.urlopen(url, timeout=10)
        except OSError:
            time.sleep(0.1)
    raise AssertionError(f"{url} did not answer")


def test_it_serves_studio_and_live_page_and_ends_in_peace(program, port, model, tmp_path):
    process = program("--port", port, IMPASTO_PORT="1", TMPDIR=str(tmp_path), GRADIO_TEMP_DIR="")
    address = f"http://127.0.0.1:{port}/"
    assert json.load(wait_for(address + "healthz", process))["model"] == model.name
    try:
        studio = urllib.request.urlopen(address)
    except urllib.error.HTTPError as not_built:
        studio = not_built
    assert studio.headers["Cross-Origin-Embedder-Policy"] == "require-corp"
    assert b"<title>Impasto" in studio.read()
    assert json.load(urllib.request.urlopen(address + "live/config.json"))["server"]["studio"] == "../"
    secret = urllib.request.Request(address + "holiday-with-anna.mp4")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        urllib.request.urlopen(secret)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0
    assert not list(tmp_path.iterdir())
    assert model.name in out
    assert [line.split()[-1] for line in out.splitlines() if "http" in line] == [address, address + "live/"]
    lines = err.splitlines()
    assert lines.pop() == "Stopped."
    events = [json.loads(line) for line in lines]  # nothing but lines of JSON
    assert {"/healthz", "/live/config.json"} <= {line["route"] for line in events if line["event"] == "request"}
    assert "anna" not in err
    assert "127.0.0.1" not in err


@pytest.mark.parametrize(
    ("arguments", "variables", "words"),
    [
        ((), {"IMPASTO_LIVE_FPS": "fast"}, "IMPASTO_LIVE_FPS='fast': write a number"),
        (("--model", "no-such-model"), {}, "There is no model 'no-such-model'"),
        (("--host", "192.0.2.1"), {}, "192.0.2.1 is no address of this machine"),
        (("--host", "no such host"), {}, "no such host is no address of this machine"),
        (("--port", "TAKEN"), {}, "choose another: --port"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(program, port, arguments, variables, words):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        arguments = [taken.getsockname()[1] if a == "TAKEN" else a for a in arguments]
        if "--port" not in arguments:
            arguments += ["--port", port]
        out, err = (process := program(*arguments, **variables)).communicate(timeout=SECONDS)
    assert process.returncode == 2
    assert words in err
    assert (out, err.count("\n")) == ("", 1)


def test_a_page_that_cannot_be_built_is_only_a_remark(monkeypatch, tmp_path, capsys):
    def no_node():
        raise BadInput("Building the page needs Node.")

    monkeypatch.setattr(run, "DIST", tmp_path)
    monkeypatch.setattr(run, "build_page", no_node)
    run._bring_page()
    assert "The live page is left out. Building the page needs Node." in capsys.readouterr().err


def test_a_page_that_is_there_is_not_built_again(monkeypatch, tmp_path):
    Path(tmp_path / "index.html").write_text("page")
    monkeypatch.setattr(run, "DIST", tmp_path)
    monkeypatch.setattr(run, "build_page", lambda: pytest.fail("built again"))
    run._bring_page()
