"""Calls by hand that leave out the last parameters: those take their defaults, as they do in Gradio's clients.

From outside: `CallDefaults`, a pure ASGI middleware, to stand behind the `RequestFilter`, which bounds what is read.
Gradio refuses a list shorter than an endpoint's parameters, so that each new parameter would break every older caller.
"""

import json
from collections.abc import Mapping
from typing import Any

from gradio import Blocks

CALL = "/gradio_api/call/"  # and the endpoint's name: values by position, in a list


class CallDefaults:
    """`blocks` has the endpoints. What a list of values lacks at its end is added to the request."""

    def __init__(self, app, blocks: Blocks):
        self.app = app
        self.defaults = {fn.api_name: [each.value for each in fn.inputs] for fn in blocks.fns.values()}  # pyright: ignore[reportAttributeAccessIssue]

    async def __call__(self, scope, receive, send):
        name = scope.get("path", "").partition(CALL)[2].rstrip("/")
        if scope["type"] != "http" or scope["method"] != "POST" or name not in self.defaults:
            return await self.app(scope, receive, send)
        body, more = b"", True
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            body += message.get("body", b"")
            more = message.get("more_body", False)
        body = completed(body, self.defaults[name])
        headers = [(key, value) for key, value in scope["headers"] if key != b"content-length"]
        scope = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
        messages = [{"type": "http.request", "body": body, "more_body": False}]

        async def replay():
            return messages.pop() if messages else await receive()

        return await self.app(scope, replay, send)


def completed(body: bytes, defaults: list[Any]) -> bytes:
    """A JSON request whose list `data` has a value for each parameter; any other is left as it is."""
    try:
        call = json.loads(body)
    except (ValueError, RecursionError):
        return body
    data = call.get("data") if isinstance(call, Mapping) else None
    if not isinstance(data, list) or len(data) >= len(defaults):
        return body
    return json.dumps({**call, "data": [*data, *defaults[len(data) :]]}).encode()
