"""A filter before Gradio's routes: no addresses to fetch, no files but uploads, no outsized requests.

From outside: `RequestFilter`, a pure ASGI middleware; `read_body`, `replay` and `refused_call` for others like it.
Gradio would download an http(s) address given in place of a file, and serves one as a proxy; this app does neither.
"""

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from starlette.datastructures import Headers
from starlette.responses import JSONResponse

from impasto.webapp.hosting.origin import origin_allowed

from .sessions import ANONYMOUS

PREFIX = "/gradio_api/"
OURS = "/studio/"  # the page's own routes
# Of Gradio's routes, those that its clients, programs and MCP need; what Gradio adds is closed until it is listed.
OPEN = ("app_id", "cancel", "info", "mcp", "openapi.json", "reset", "startup-events", "upload", "upload_progress")
OPEN_BELOW = ("call/", "file=", "file/", "heartbeat/", "mcp/", "queue/")
JSON_BYTES = 1 << 20  # of a request that is no upload: a few names, numbers and paths
NO_ADDRESS = "This app takes files, not addresses: download the file and upload it here."
NOT_UPLOADED = "This file was not uploaded here; upload it first."
OTHER_PAGE = "This server works for its own pages only; open Impasto there."
SAFE = ("GET", "HEAD", "OPTIONS")
BODY_SECONDS = 30  # for a request that is no upload to arrive
TOO_LONG = "This request is too long."


class RequestFilter:
    """Refuses with 400, 403, 411, 413 or 422 and one sentence as `detail`.

    `root` is the folder that uploads lie in; `upload_bytes` bounds one upload request, which `uploads` then answers.
    Browsers let any page post a form to any host, and name its Origin: `origins` are those allowed beside our own.
    """

    def __init__(self, app, root: Path, upload_bytes: int, uploads, origins: tuple[str, ...] = (), metrics=None):
        self.app, self.root, self.upload_bytes, self.uploads = app, root, upload_bytes, uploads
        self.origins, self.metrics = origins, metrics

    async def __call__(self, scope, receive, send):
        prefix = next((each for each in (PREFIX, OURS) if each in scope.get("path", "")), None)
        if scope["type"] != "http" or prefix is None:
            return await self.app(scope, receive, send)
        route, body = unquote(scope["path"].split(prefix, 1)[1]), None
        refusal = self._check_route(route) if prefix == PREFIX else None
        if refusal is None and scope["method"] not in SAFE:
            headers = Headers(scope=scope)
            if not origin_allowed(headers, self.origins):
                refusal = _refusal(403, OTHER_PAGE)
            elif prefix == PREFIX and route.rstrip("/") == "upload":
                refusal = self._check_upload(headers.get("content-length", ""))
                if refusal is None:
                    return await self.uploads(scope, receive, send)
            else:
                try:
                    body = await asyncio.wait_for(read_body(receive), BODY_SECONDS)
                except (TimeoutError, asyncio.TimeoutError):
                    body, refusal = b"", _refusal(408, "The request did not arrive in time.")
                if body is None:
                    return None  # whoever asked is gone
                refusal = refusal or self._check_json(body, scope)
        if refusal is not None:
            if self.metrics is not None:
                self.metrics.refused("request")
            return await refusal(scope, receive, send)
        return await self.app(scope, receive if body is None else replay(body, receive), send)

    def _check_route(self, route: str) -> JSONResponse | None:
        if any(character < " " for character in route):
            return _refusal(400, "There is no such address here.")
        if route.rstrip("/") not in OPEN and not route.startswith(OPEN_BELOW):
            return _refusal(403, "This app does not offer that.")
        if route.startswith("file=") and _is_address(route.removeprefix("file=")):
            return _refusal(403, NO_ADDRESS)
        return None

    def _check_upload(self, length: str) -> JSONResponse | None:
        if not length.isdigit():
            return _refusal(411, "An upload has to say how long it is.")
        if int(length) > self.upload_bytes:
            return _refusal(413, f"Uploads end at {self.upload_bytes / 1e6:.0f} MB; choose a smaller file.")
        return None

    def _check_json(self, body: bytes, scope) -> JSONResponse | None:
        if len(body) > JSON_BYTES:
            return _refusal(413, TOO_LONG)
        try:
            data = json.loads(body or b"null")
        except (ValueError, RecursionError):
            return _refusal(422, "This request is not JSON.")
        if not _is_call(data):
            return _refusal(422, "This request is not JSON.")
        if not _is_text(data):
            return _refusal(422, "This request holds half a character, which no text can have.")
        if not (isinstance(data, dict) and data.get("session_hash")):
            scope[ANONYMOUS] = True
        for path in _paths(data):
            if _is_address(path):
                return _refusal(422, NO_ADDRESS)
            if not _is_inside(path, self.root):
                return _refusal(422, NOT_UPLOADED)
        return None


async def read_body(receive) -> bytes | None:
    """The body of a request, but little more than `JSON_BYTES` of it; None when the client has left."""
    body, more = b"", True
    while more and len(body) <= JSON_BYTES:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return body


def _is_call(data: Any) -> bool:
    """Whether Gradio can take a request, or say what it lacks: of NaN, which JSON has not, it can do neither.

    In the list `data` that is left to the endpoints, which have a sentence for it.
    """
    if not isinstance(data, dict):
        return True
    try:
        rest = {name: value for name, value in data.items() if name != "data" or not isinstance(value, list)}
        return bool(json.dumps(rest, allow_nan=False))
    except ValueError:
        return False


def _is_text(data: Any) -> bool:
    """Whether all text in there can be written: JSON also has halves of characters, such as "\\ud83c"."""
    try:
        return bool(json.dumps(data, ensure_ascii=False).encode())
    except UnicodeEncodeError:
        return False


def replay(body: bytes, receive):
    """A `receive` that brings this body first, then whatever comes after the one that was read."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again():
        return messages.pop() if messages else await receive()

    return receive_again


def _paths(data: Any) -> Iterator[str]:
    """Every "path" of every object in there."""
    if isinstance(data, dict):
        if isinstance(data.get("path"), str):
            yield data["path"]
        data = list(data.values())
    if isinstance(data, list):
        for value in data:
            yield from _paths(value)


def _is_address(path: str) -> bool:
    return "://" in path or path.lstrip().lower().startswith(("http:", "https:", "data:", "//"))


def _is_inside(path: str, root: Path) -> bool:
    try:
        return Path(path).resolve().is_relative_to(root)
    except (OSError, ValueError):
        return False


def refused_call(sentence: str) -> JSONResponse:
    """The answer to a call that cannot be made, as Gradio's clients show it."""
    return _refusal(422, sentence)


def _refusal(status: int, sentence: str) -> JSONResponse:
    """`detail` is a list of one refused parameter where Gradio's clients expect one (422), else the sentence."""
    detail = [{"__type__": "validate", "is_valid": False, "message": sentence, "parameter_name": "file"}]
    return JSONResponse({"detail": detail if status == 422 else sentence}, status)
