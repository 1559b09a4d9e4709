"""Starts the application: `impasto app`, and a Space's app.py."""

import socket
import sys

import uvicorn

from impasto.models.errors import BadInput

from .app import create_app
from .settings import Settings


def serve(settings: Settings) -> None:
    """Serve until stopped. Raises BadInput when the port is taken or the address is not this machine's."""
    _check_free(settings)
    app = create_app(settings)
    here = "127.0.0.1" if settings.host in ("0.0.0.0", "::") else settings.host
    print(f"Impasto is at http://{here}:{settings.port}/ and live at http://{here}:{settings.port}/live/", flush=True)
    print("Ctrl-C stops it.", file=sys.stderr)
    uvicorn.run(
        app,
        host=settings.host,
        port=settings.port,
        root_path=settings.root_path,
        ws="websockets-sansio",
        ws_max_size=settings.live_message_kb * 1024 + 4096,
        proxy_headers=True,
        log_level="warning",
        access_log=False,  # it would hold paths and addresses; `log.RequestLog` does not
        timeout_graceful_shutdown=5,
    )


def _check_free(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            raise BadInput(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}); choose another: --port."
            ) from error
