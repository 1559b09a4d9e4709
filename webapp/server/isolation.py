"""Headers that every answer carries: cross-origin isolation, and what the live page may load.

Isolation (COOP, COEP, CORP) gives the live page's WebAssembly its threads; the page works without. The live page gets
a strict content security policy; Gradio's own pages depend on inline scripts and get the other headers only. A Space
is shown in a frame on huggingface.co, so that may frame the pages; nobody else may.
"""

ISOLATION = {
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
    "Cross-Origin-Resource-Policy": "same-origin",
}
ALWAYS = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(self), microphone=(self), fullscreen=(self), geolocation=(), payment=()",
}
FRAMES = "frame-ancestors 'self' https://huggingface.co https://*.hf.space"
# 'wasm-unsafe-eval' compiles WebAssembly and nothing else; blob: is how ONNX Runtime starts its threads.
LIVE = "; ".join(
    [
        "default-src 'self'",
        "script-src 'self' 'wasm-unsafe-eval' blob:",
        "worker-src 'self' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' blob: data:",
        "media-src 'self' blob: mediastream:",
        "connect-src 'self' blob: data: ws://{host} wss://{host}",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        FRAMES,
    ]
)


class Headers:
    """Pure ASGI middleware: adds the headers to every HTTP answer that does not set them itself."""

    def __init__(self, app, isolation: bool = True):
        self.app = app
        self.common = {**ALWAYS, **(ISOLATION if isolation else {})}

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return await self.app(scope, receive, send)
        headers = {**self.common, "Content-Security-Policy": policy(scope)}

        async def add(message):
            if message["type"] == "http.response.start":
                there = {name.lower() for name, _ in message.get("headers", [])}
                more = [(n.lower().encode(), v.encode()) for n, v in headers.items() if n.lower().encode() not in there]
                message = {**message, "headers": [*message.get("headers", []), *more]}
            await send(message)

        return await self.app(scope, receive, add)


def policy(scope) -> str:
    """The content security policy of a request's answer."""
    path = scope["path"].removeprefix(scope.get("root_path", ""))
    if not (path == "/live" or path.startswith("/live/")):
        return FRAMES
    host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
    safe = host if host and all(c.isalnum() or c in ".-:[]" for c in host) else "'self'"
    return LIVE.replace("ws://{host} wss://{host}", f"ws://{safe} wss://{safe}" if safe != "'self'" else "")
