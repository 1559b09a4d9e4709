"""Starts the application: `impasto app`, and a Space's app.py."""

import errno
import socket

import uvicorn
from rich.console import Console

from impasto.models.errors import BadInput
from impasto.webapp.hosting.metrics import Metrics
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.page_build import build_page

from .app import create_app
from .connections import HEAD_BYTES, counted
from .live import DIST

out, err = Console(), Console(stderr=True)

EVERYWHERE = ("0.0.0.0", "::")
# The live socket's own limit comes with a sentence; this one bounds the memory of what is far beyond it.
FAR_TOO_LARGE = 8


def serve(settings: Settings) -> None:
    """Serve until stopped by Ctrl-C. Raises BadInput when the port is taken or the address is not this machine's."""
    _check_free(settings)
    _bring_page()
    app = create_app(settings)
    _greet(settings, app.state.model.name)
    uvicorn.run(app, **server_options(settings, app.state.metrics))
    err.print("Stopped.")


def server_options(settings: Settings, metrics: Metrics | None = None) -> dict:
    """What uvicorn is started with."""
    return {
        "host": settings.host,
        "port": settings.port,
        "root_path": settings.root_path,
        "http": counted(metrics),
        "h11_max_incomplete_event_size": HEAD_BYTES,
        "limit_concurrency": settings.connections,
        "timeout_keep_alive": 5,
        "ws": "websockets-sansio",
        "ws_max_size": settings.live_message_kb * 1024 * FAR_TOO_LARGE,
        "ws_per_message_deflate": False,  # JPEG does not shrink any more
        "proxy_headers": True,
        "forwarded_allow_ips": list(settings.trusted_proxies),
        "log_config": None,  # `log.start_log` has set it up
        "access_log": False,  # it would hold paths and addresses; `log.RequestLog` does not
        "timeout_graceful_shutdown": 5,
    }


def _check_free(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
                raise BadInput(
                    f"{settings.host} is no address of this machine ({error.strerror}); choose another: --host."
                ) from error
            raise BadInput(
                f"Port {settings.port} on {settings.host} cannot be used ({error.strerror}); choose another: --port."
            ) from error


def _bring_page() -> None:
    """Build the live page where it is missing; without it, the rest works."""
    if (DIST / "index.html").is_file():
        return
    try:
        build_page()
    except BadInput as problem:
        err.print(f"The live page is left out. {problem}", soft_wrap=True, highlight=False)


def _greet(settings: Settings, model: str) -> None:
    host = "127.0.0.1" if settings.host in EVERYWHERE else settings.host
    address = f"http://{f'[{host}]' if ':' in host else host}:{settings.port}/"
    words = [
        f"[bold]Impasto[/bold] paints with {model}. Ctrl-C stops it.",
        f"  Clips and pictures  {address}",
        f"  Live camera         {address}live/",
    ]
    if settings.host in EVERYWHERE:
        words.append("  From other machines, browsers give the camera to pages over https only.")
    out.print("\n".join(words), soft_wrap=True, highlight=False)
