"""Whose pages may use this server: browsers let any page open a WebSocket or post a form to any host, and only name its
Origin."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

HOST = re.compile(r"[a-z0-9.-]+(:\d+)?|\[[0-9a-f:.]+\](:\d+)?")
PORTS = {"http": ":80", "https": ":443"}


def origin_allowed(headers: Mapping[str, str], more: tuple[str, ...] = ()) -> bool:
    """Whether a page of this Origin may paint here: one of this very host, or one named in the settings.

    Behind a proxy the host people see is X-Forwarded-Host, which no page can set. Programs that are not browsers
    send no Origin.
    """
    origin = headers.get("origin")
    if origin is None or origin.lower().rstrip("/") in more:
        return True
    scheme, host = urlsplit(origin.lower())[:2]
    standard = PORTS.get(scheme, ":")
    return bool(host) and host.removesuffix(standard) in {h.removesuffix(standard) for h in hosts(headers)}


def hosts(headers: Mapping[str, str]) -> list[str]:
    """The names under which the browser may know this server, in small letters, ports included."""
    named = (headers.get("host", ""), headers.get("x-forwarded-host", "").partition(",")[0].strip())
    return [name.lower() for name in named if name]


def own_address(headers: Mapping[str, str], scheme: str) -> str:
    """The scheme and host that the browser knows this server by: "https://example.org"; "" for a host that is none."""
    name = hosts(headers)[-1:]
    forwarded = headers.get("x-forwarded-proto", "").partition(",")[0].strip().lower()
    return f"{forwarded if forwarded in PORTS else scheme}://{name[0]}" if name and HOST.fullmatch(name[0]) else ""
