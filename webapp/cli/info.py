"""`impasto info`: versions, devices and models of this installation."""

import platform
from importlib import metadata
from pathlib import Path

from impasto.models.errors import BadInput

from .arguments import JsonOption


def info_command(as_json: JsonOption = False) -> None:
    """Show versions, devices and models."""
    from .console import print_json, print_table

    facts = installation()
    if as_json:
        print_json(facts)
        return
    print_table("Impasto", ("what", "which"), [(k, v) for k, v in facts.items() if k != "models"])
    rows = [
        (m["name"], m["revision"], m["style_size"], f"{m['megabytes']:.1f} MB", m["styles"], m["folder"])
        for m in facts["models"]
    ]
    print_table("Models", ("name", "revision", "D", "graphs", "built-in styles", "folder"), rows)


def installation() -> dict:
    """Versions, devices and models, ready for a table or JSON. Damaged models are listed with what is wrong."""
    import onnxruntime as ort

    from impasto.export.runtime.sessions.session import choose_device, cores
    from impasto.export.runtime.sessions.tiles import has_tiles
    from impasto.models.store import available

    return {
        "impasto": metadata.version("impasto"),
        "python": platform.python_version(),
        "onnxruntime": ort.__version__,
        "av": metadata.version("av"),
        "cores": cores(),
        "amx": _tiles(has_tiles()),
        "device": choose_device("auto"),
        "providers": ", ".join(ort.get_available_providers()),
        "models": [_model(folder) for folder in available().values()],
    }


def _tiles(there: bool) -> str:
    """What becomes of the tiles of bfloat16 that the processor multiplies, or does not."""
    if not there:
        return "not in this processor"
    try:
        return f"painted in, by OpenVINO {metadata.version('openvino')}"
    except metadata.PackageNotFoundError:
        return 'unused: pip install "impasto[openvino]" paints three times as fast'


def _model(folder: Path) -> dict:
    from impasto.export.runtime.model import load_model

    try:
        model = load_model(folder)
    except BadInput as error:
        wrong = {"style_size": 0, "megabytes": 0.0, "styles": str(error)}
        return {"name": folder.name, "revision": "", "folder": str(folder), **wrong}
    graphs = sum(f["bytes"] for role, f in model.files.items() if role in ("style", "frame", "step"))
    return {
        "name": model.name,
        "revision": model.revision,
        "folder": str(folder),
        "style_size": model.style_size,
        "megabytes": graphs / 1e6,
        "styles": ", ".join(model.gallery()) or "none",
    }
