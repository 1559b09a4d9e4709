"""Logs as lines of JSON: what happened and how long it took, never who it was or what their files are called."""

import errno
import json
import logging
import sys
import time
import traceback
from pathlib import Path

_LOGGER = logging.getLogger("impasto.server")
AREAS = ("live", "gradio_api", "assets", "static", "theme.css", "config")
LOGGERS = ("impasto.server", "impasto.studio", "uvicorn")
OURS = ("impasto", "uvicorn")  # whose messages hold no names
REQUEST = "request"  # the event of the most lines
HELD_SECONDS = 1.0  # between two warnings of the same kind
CALLS_SHOWN = 4  # of an exception, the innermost


class _JsonLines(logging.Formatter):
    """A record as a line of JSON. Of an exception its kind and place only: its words may name a file.

    Of what libraries say, only which one did.
    """

    def format(self, record: logging.LogRecord) -> str:
        ours = record.name.split(".")[0] in OURS
        event = record.getMessage() if ours else f"message of {record.name}"
        line = {"time": round(record.created, 3), "level": record.levelname.lower(), "event": event}
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            if isinstance(record.exc_info[1], OSError) and record.exc_info[1].errno:
                line["errno"] = errno.errorcode.get(record.exc_info[1].errno, "")
            calls = traceback.extract_tb(record.exc_info[2])
            line["at"] = [f"{Path(call.filename).name}:{call.lineno} {call.name}" for call in calls[-CALLS_SHOWN:]]
        return json.dumps(line)


class OneASecond(logging.Filter):
    """Of warnings and errors of one kind, one a `HELD_SECONDS`; the next says in `held_back` how many there were.

    Where descriptors have run out, asyncio logs thousands a second.
    """

    def __init__(self, clock=time.monotonic):
        super().__init__()
        self.clock, self.last = clock, {}  # kind → [when its last line was written, lines held back since]

    def filter(self, record: logging.LogRecord) -> bool:
        if record.levelno < logging.WARNING:
            return True
        now, kind = self.clock(), (record.name, record.levelno, record.pathname, record.lineno)
        written = self.last.get(kind)
        if written is not None and now - written[0] < HELD_SECONDS:
            written[1] += 1
            return False
        if written is not None and written[1]:
            record.facts = {**getattr(record, "facts", {}), "held_back": written[1]}
        self.last[kind] = [now, 0]
        return True


def start_log(stream=None) -> None:
    """Send the events of server and studio, and all warnings, to the error stream; called again, to another.

    On a terminal, requests are left out: they would push the address away that was shown there.
    """
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    if stream.isatty():
        handler.addFilter(lambda record: record.getMessage() != REQUEST)
    handler.setFormatter(_JsonLines())
    handler.addFilter(OneASecond())
    root = logging.getLogger()
    root.handlers[:] = [h for h in root.handlers if not isinstance(h.formatter, _JsonLines)] + [handler]
    logging.captureWarnings(True)
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.setLevel(logging.WARNING if name == "uvicorn" else logging.INFO)  # its remarks hold addresses and paths
        logger.propagate = False


def log_event(event: str, **facts) -> None:
    """Log one event; `facts` are numbers and words of the program, never what a visitor sent."""
    _LOGGER.info(event, extra={"facts": facts})


def log_error(event: str, **facts) -> None:
    """Log the exception being handled: its kind and place, not its text."""
    _LOGGER.error(event, exc_info=True, extra={"facts": facts})


class RequestLog:
    """Pure ASGI middleware: a line for each request, by route and not by path, which may hold a file's name."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 500
        area = _area(scope["path"].removeprefix(scope.get("root_path", "")))  # mounts change the scope

        async def send_and_note(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            return await self.app(scope, receive, send_and_note)
        finally:
            route = getattr(scope.get("route"), "path", None) or area
            seconds = round(time.perf_counter() - began, 4)
            log_event(REQUEST, method=scope["method"], route=route, status=status, seconds=seconds)


def _area(path: str) -> str:
    """What part of the application a path belongs to, without the rest of it, which may be a file's name."""
    first = path.strip("/").split("/")[0]
    return f"/{first}/…" if first in AREAS else "other"
