"""Headers that every answer carries: cross-origin isolation, and what the live page may load.

Isolation (COOP, COEP, CORP) gives the live page's WebAssembly its threads; the page works without. In another page's
frame, as the Hub shows a Space, Document-Isolation-Policy does that (Chromium 137 and newer). Both pages get a strict
content security policy. A Space is shown in a frame on huggingface.co, so that may frame the pages; nobody else may.
WebSockets pass untouched.
"""

from starlette.datastructures import Headers, MutableHeaders

from impasto.webapp.hosting.origin import HOST, hosts

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Document-Isolation-Policy": "isolate-and-require-corp",
}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), fullscreen=(self), geolocation=(), payment=()",
}
FRAME_ANCESTORS = "frame-ancestors 'self' https://huggingface.co"
# 'wasm-unsafe-eval' compiles WebAssembly and nothing else; blob: is how ONNX Runtime starts its threads.
LIVE_POLICY = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob: mediastream:",
        "connect-src 'self' blob: data: {sockets}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        FRAME_ANCESTORS,
    ]
)
STUDIO_POLICY = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        FRAME_ANCESTORS,
    ]
)


class SecurityHeaders:
    """Pure ASGI middleware: adds the headers to every HTTP answer that does not set them itself."""

    def __init__(self, app, isolation: bool = True):
        self.app = app
        self.common = {**ALWAYS, **(ISOLATION if isolation else {})}

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = {**self.common, "Content-Security-Policy": content_security_policy(scope)}

        async def add(message):
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                for name, value in headers.items():
                    answer.setdefault(name, value)
            await send(message)

        return await self.app(scope, receive, add)


def content_security_policy(scope) -> str:
    """The content security policy of a request's answer."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if path in ("", "/"):
        return STUDIO_POLICY
    if not (path == "/live" or path.startswith("/live/")):
        return FRAME_ANCESTORS
    # For browsers where 'self' leaves out WebSockets.
    names = [name for name in hosts(Headers(scope=scope)) if HOST.fullmatch(name)]
    return LIVE_POLICY.format(sockets=" ".join(f"ws://{name} wss://{name}" for name in names))
