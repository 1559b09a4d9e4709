"""Calls by hand: what is left out takes its default, as in Gradio's clients, and a name that is wrong gets a sentence.
Nothing but the endpoints can be called: Gradio also takes its events' functions, such as the one that ends a session.

From outside: `CallDefaults`, a pure ASGI middleware, to stand behind the `RequestFilter`, which bounds what is read.
Gradio refuses a list shorter than an endpoint's parameters, so that each new parameter would break every older caller,
and of names it does not know it makes an Internal Server Error.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from gradio import Blocks
from starlette.responses import JSONResponse

from .visitors.request_filter import read_body, refused_call, replay

CALL = "/gradio_api/call/"  # and the endpoint's name: values by position, in a list
NAMED = "v2/"  # between the two: values by name
JOIN = "/gradio_api/queue/join"  # Gradio's clients name an endpoint by its number, as `fn_index`


class CallDefaults:
    """`blocks` has the endpoints. What a list of values lacks at its end is added to the request; one by name that
    Gradio could not take is answered with 404 or 422 and a sentence."""

    def __init__(self, app, blocks: Blocks):
        self.app = app
        self.parameters = {
            name.removeprefix("/"): may_be_left_out(found["parameters"])
            for name, found in blocks.get_api_info()["named_endpoints"].items()
        }
        endpoints = {number: fn for number, fn in blocks.fns.items() if fn.api_name in self.parameters}
        self.numbers = list(endpoints)  # what is asked for may be anything, a list too
        self.defaults = {str(fn.api_name): [each.value for each in fn.inputs] for fn in endpoints.values()}  # pyright: ignore[reportAttributeAccessIssue]

    async def __call__(self, scope, receive, send):
        path: str = scope.get("path", "").rstrip("/")
        route, joins = path.partition(CALL)[2], path.endswith(JOIN)
        if scope["type"] != "http" or scope["method"] != "POST" or not (route or joins):
            return await self.app(scope, receive, send)
        name, by_name = route.removeprefix(NAMED), route.startswith(NAMED)
        if route and name not in self.parameters:
            return await self._no_endpoint(name)(scope, receive, send)
        body = await read_body(receive)
        if body is None:
            return None  # whoever asked is gone
        if joins:
            if (number := number_in(body)) is not None and number not in self.numbers:
                return await self._no_endpoint(number)(scope, receive, send)
        elif by_name:
            if wrong := wrong_names(body, name, self.parameters[name]):
                return await refused_call(wrong)(scope, receive, send)
        else:
            body = completed(body, self.defaults[name])
        headers = [(key, value) for key, value in scope["headers"] if key != b"content-length"]
        scope = {**scope, "headers": [*headers, (b"content-length", str(len(body)).encode())]}
        return await self.app(scope, replay(body, receive), send)

    def _no_endpoint(self, asked: Any) -> JSONResponse:
        return JSONResponse(
            {"detail": f"There is no endpoint {asked!r}: there are {' and '.join(self.parameters)}."}, 404
        )


def number_in(body: bytes) -> Any:
    """The number of the endpoint that a JSON request of Gradio's clients names; None where it names none."""
    call = json.loads(body or b"null")
    return call.get("fn_index") if isinstance(call, Mapping) else None


def may_be_left_out(parameters: Sequence[Mapping[str, Any]]) -> dict[str, bool]:
    """Of an endpoint's parameters as Gradio describes them: name → whether it may be left out."""
    return {each["parameter_name"]: each["parameter_has_default"] for each in parameters}


def wrong_names(body: bytes, endpoint: str, parameters: Mapping[str, bool]) -> str | None:
    """The sentence for a JSON request of values by name that Gradio could not take; None where it can.

    parameters: name → whether it may be left out. Raises nothing: the `RequestFilter` has seen that it is JSON.
    """
    call = json.loads(body or b"null")
    names = ", ".join(parameters)
    if not isinstance(call, Mapping):
        return f"Write the parameters of {endpoint} by name, as a JSON object: {names}."
    if unknown := [name for name in call if name not in parameters and name != "oauth_token"]:
        return f"{endpoint} has no parameter {unknown[0]!r}: it has {names}."
    if missing := [name for name, optional in parameters.items() if not optional and name not in call]:
        return f"{endpoint} needs {missing[0]!r}: its parameters are {names}."
    return None


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
