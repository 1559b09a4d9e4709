import errno
import io
import json
import logging
import warnings

import pytest
from fastapi.testclient import TestClient

from impasto.webapp.server import log


@pytest.fixture
def lines():
    """`lines()` → what was logged so far, each line parsed."""
    stream = io.StringIO()
    before = {name: (list(logger.handlers), logger.propagate, logger.level) for name, logger in loggers()}
    log.start_log(stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logging.captureWarnings(False)
    for name, logger in loggers():
        logger.handlers[:], logger.propagate, level = before[name]
        logger.setLevel(level)


def loggers():
    return [(name, logging.getLogger(name)) for name in (*log.LOGGERS, None)]


def test_an_event_is_a_line_of_json(lines):
    log.log_event("live page left", frames=3)
    (line,) = lines()
    assert (line["event"], line["level"], line["frames"]) == ("live page left", "info", 3)


def test_an_exception_keeps_its_kind_and_place_but_not_its_words(lines):
    for logger in ("impasto.server", "impasto.studio", "uvicorn.error"):
        try:
            open("/nowhere/holiday-with-anna.mp4")  # noqa: SIM115
        except OSError:
            logging.getLogger(logger).exception("it failed")
    written = lines()
    assert len(written) == 3
    for line in written:
        assert line["error"] == "FileNotFoundError"
        assert line["at"][-1].startswith("test_log.py:")
        assert "anna" not in json.dumps(line)


def test_uvicorn_does_not_log_addresses(lines):
    logging.getLogger("uvicorn.error").info('%s - "WebSocket %s" [accepted]', "192.0.2.7:5000", "/live/socket")
    logging.getLogger("uvicorn.access").info("192.0.2.7 GET /")
    assert lines() == []


def test_behind_a_proxys_path_requests_are_logged_the_same(client, capsys):
    TestClient(client().app, root_path="/impasto").get("/impasto/live/holiday-with-anna.mp4")
    (line,) = (json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{"))
    assert (line["route"], line["status"]) == ("/live/…", 404)


def test_requests_are_logged_without_names(client, lines, capsys):
    test_client = client()
    test_client.get("/healthz?name=anna")
    test_client.get("/live/holiday-with-anna.mp4", headers={"x-forwarded-for": "192.0.2.7"})
    test_client.get("/holiday-with-anna.mp4")
    test_client.get("/live/models/anna/holiday.onnx")
    written = [json.loads(line) for line in capsys.readouterr().err.splitlines() if line.startswith("{")]
    requests = [(line["route"], line["status"]) for line in written if line["event"] == "request"]
    assert len(requests) == 4
    assert requests[0] == ("/healthz", 200)
    assert requests[3] == ("/live/…", 404)
    text = json.dumps(written)
    for word in ("anna", "holiday", "192.0.2.7", "testclient"):
        assert word not in text


def test_a_flood_of_one_warning_is_one_line_a_second(lines):
    now = [100.0]
    held = log.OneASecond(lambda: now[0])
    handler = next(h for h in logging.getLogger("impasto.server").handlers if isinstance(h.formatter, log._JsonLines))
    handler.filters[:] = [held]
    for second in range(3):
        now[0] = 100.0 + second
        for _ in range(1000):
            logging.getLogger("asyncio").error("socket.accept() out of system resource")
            log.log_event("request")
    logging.getLogger("asyncio").error("another kind")
    written = [line for line in lines() if line["level"] == "error"]
    assert [line.get("held_back") for line in written] == [None, 999, 999, None]
    assert len(lines()) == 3004


def test_of_what_libraries_say_only_their_name_is_written(lines):
    warnings.warn("/srv/holiday-with-anna.mp4 is odd", stacklevel=1)
    try:
        raise OSError(errno.EMFILE, "Too many open files", "anna.mp4")
    except OSError:
        logging.getLogger("asyncio").exception("socket %s of 192.0.2.7", "anna")
    first, second = lines()
    assert first["event"] == "message of py.warnings"
    assert (second["event"], second["error"], second["errno"]) == ("message of asyncio", "OSError", "EMFILE")
    assert "anna" not in json.dumps([first, second])


def test_on_a_terminal_requests_are_left_out(client, capsys):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    shown = Terminal()
    page = client()
    log.start_log(shown)
    page.get("/healthz")
    log.log_event("live page came")
    log.start_log()
    assert [json.loads(line)["event"] for line in shown.getvalue().splitlines()] == ["live page came"]
