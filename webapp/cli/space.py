"""`impasto space`. What builds and uploads is imported inside, so that the command line starts quickly."""

from pathlib import Path
from typing import Annotated

import typer

from .arguments import JsonOption, ModelOption


def space_command(
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    static: Annotated[
        bool, typer.Option("--static", help="Only the live page: everything runs in the browser.")
    ] = False,
    push_to: Annotated[
        str | None, typer.Option("--push", help="Upload it as this Space of Hugging Face.", metavar="USER/NAME")
    ] = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a complete Hugging Face Space, and upload it where asked to."""
    from impasto.webapp.space.build import build_space, build_static_space
    from impasto.webapp.space.push import check_push, push

    from .console import print_json, say

    if push_to:
        check_push(push_to)
    summary = (build_static_space if static else build_space)(output, model, push_to)
    if push_to:
        summary["url"] = push(output, push_to, "static" if static else "gradio")
    if as_json:
        print_json(summary)
        return
    kind = "a static Space" if static else "a Space"
    say(f"{output}: {kind} of {summary['megabytes']} MB with {summary['model']}")
    if push_to:
        say(summary["url"])
