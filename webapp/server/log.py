"""Logs as lines of JSON: what happened and how long it took, never who it was or what their files are called."""

import json
import logging
import sys
import time

LOGGER = logging.getLogger("impasto.server")


class _Lines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {"time": round(record.created, 3), "level": record.levelname.lower(), "event": record.getMessage()}
        line |= getattr(record, "facts", {})
        if record.exc_info and record.exc_info[0]:
            line["error"] = record.exc_info[0].__name__
            frame = record.exc_info[2]
            while frame and frame.tb_next:
                frame = frame.tb_next
            line["at"] = f"{frame.tb_frame.f_code.co_name}:{frame.tb_lineno}" if frame else ""
        return json.dumps(line)


def start_log(stream=None) -> None:
    """Send the server's events to the error stream; once."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_Lines())
    LOGGER.handlers[:] = [handler]
    LOGGER.setLevel(logging.INFO)
    LOGGER.propagate = False


def say(event: str, **facts) -> None:
    """One line; the facts are numbers and words of ours."""
    LOGGER.info(event, extra={"facts": facts})


class RequestLog:
    """Pure ASGI middleware: a line for each request, by route and not by path, which may hold a file's name."""

    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def note(message):
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            return await self.app(scope, receive, note)
        finally:
            route = getattr(scope.get("route"), "path", None) or "/" + scope["path"].strip("/").split("/")[0]
            seconds = round(time.perf_counter() - began, 4)
            say("request", method=scope["method"], route=route, status=status, seconds=seconds)
