"""`impasto app`: the server."""

from typing import Annotated

import typer

from .arguments import ModelOption


def app_command(
    host: Annotated[
        str | None,
        typer.Option(help="Address to listen on; 0.0.0.0 for every interface. Else $IMPASTO_HOST, else 127.0.0.1."),
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port to listen on; else $IMPASTO_PORT, else 7860.", min=1, max=65535)
    ] = None,
    model: ModelOption = None,
) -> None:
    """Start the app: clips and pictures at /, the live page at /live/. Settings: docs/hosting.md."""
    from impasto.webapp.hosting.settings import read_settings
    from impasto.webapp.server.run import serve

    serve(read_settings(host=host, port=port, model=model))
