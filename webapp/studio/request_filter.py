"""At the door of Gradio's routes: no addresses to fetch, no files but uploads, no outsized requests.

From outside: `Guard`, a pure ASGI middleware. Gradio would download an http(s) address given in place of a file, and
serves one as a proxy; this app does neither.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

PREFIX = "/gradio_api/"
# Routes of Gradio's that this app has no use for.
CLOSED = ("proxy=", "vibe-", "undo-vibe-", "deep_link", "process_recording", "run-history", "dev/", "stream/")
JSON_BYTES = 1 << 20
NO_ADDRESS = "This app takes files, not addresses: download the file and upload it here."
NOT_UPLOADED = "This file was not uploaded here; upload it first."
TOO_LONG = "This request is too long."


class Guard:
    """Refuses with 403, 413 or 422 and one sentence as `detail`. `upload_bytes` bounds one upload request."""

    def __init__(self, app, root: Path, upload_bytes: int):
        self.app, self.root, self.upload_bytes = app, root, upload_bytes

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or PREFIX not in scope["path"]:
            return await self.app(scope, receive, send)
        route = unquote(scope["path"].split(PREFIX, 1)[1])
        if route.startswith(CLOSED):
            return await _refuse(send, 403, "This app does not offer that.")
        if route.startswith("file=") and _is_address(route.removeprefix("file=")):
            return await _refuse(send, 403, NO_ADDRESS)
        if scope["method"] != "POST":
            return await self.app(scope, receive, send)
        if route.startswith("upload"):
            return await self._upload(scope, receive, send)
        return await self._json(scope, receive, send)

    async def _upload(self, scope, receive, send):
        length = dict(scope["headers"]).get(b"content-length", b"")
        if not length.isdigit():
            return await _refuse(send, 411, "An upload has to say how long it is.")
        if int(length) > self.upload_bytes:
            return await _refuse(send, 413, f"Uploads end at {self.upload_bytes / 1e6:.0f} MB; choose a smaller file.")
        return await self.app(scope, receive, send)

    async def _json(self, scope, receive, send):
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > JSON_BYTES:
                return await _refuse(send, 413, TOO_LONG)
        try:
            data = json.loads(body or b"null")
        except (ValueError, RecursionError):
            return await _refuse(send, 422, "This request is not JSON.")
        for path in _paths(data):
            if _is_address(path):
                return await _refuse(send, 422, NO_ADDRESS)
            if not _is_inside(path, self.root):
                return await _refuse(send, 422, NOT_UPLOADED)
        replayed = False

        async def replay():
            nonlocal replayed
            if replayed:
                return await receive()
            replayed = True
            return {"type": "http.request", "body": body, "more_body": False}

        return await self.app(scope, replay, send)


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


async def _refuse(send, status: int, sentence: str) -> None:
    """`detail` is a list of one refused parameter where Gradio's clients expect one (422), else the sentence."""
    detail = [{"__type__": "validate", "is_valid": False, "message": sentence, "parameter_name": "file"}]
    body = json.dumps({"detail": detail if status == 422 else sentence}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
