"""`model.json`, the one description of a model that the exporter writes and the runtime, the page and tests read."""

import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from impasto.models.errors import BadInput
from impasto.models.store import model_folder

FORMAT = 2  # raised when an older runtime could no longer read the folder; 1 had step graphs with another state


@dataclass
class Model:
    """A model folder, read and checked.

    `style_size` is D, the length of S; `layout` says where γ and β of each layer lie in it; `multiple` is what H and W
    must be divisible by; `files` maps a role ("style", "frame", "frame_fp16", "weights", …) to
    {"file", "bytes", "sha256"}; `state` lists the tensors a step graph carries from frame to frame.
    """

    folder: Path
    name: str
    style_size: int
    layout: list[dict]
    network: dict
    files: dict[str, dict]
    multiple: int = 8
    style_side: int = 256
    state: list[dict] = field(default_factory=list)
    recipe: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)
    licence: str = "Apache-2.0"

    def path(self, role: str) -> Path:
        """The file that plays a role. Raises BadInput when this model has none."""
        if role not in self.files:
            raise BadInput(f"The model {self.name} has no {role} file: it has {', '.join(self.files)}.")
        return self.folder / self.files[role]["file"]

    def gallery(self) -> dict[str, dict]:
        """Built-in styles: name → {"title", "artist", "year", "style": S as float32 [D]}."""
        if "gallery" not in self.files:
            return {}
        entries = json.loads(self.path("gallery").read_text("utf-8"))
        return {name: {**e, "style": np.asarray(e["style"], np.float32)} for name, e in entries.items()}


def sha256(path: Path) -> str:
    with open(path, "rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest() if hasattr(hashlib, "file_digest") else _sha256_310(f)


def _sha256_310(f) -> str:
    """Python 3.10 has no `file_digest`."""
    digest = hashlib.sha256()
    for block in iter(lambda: f.read(1 << 20), b""):
        digest.update(block)
    return digest.hexdigest()


def describe(folder: Path, roles: dict[str, str]) -> dict[str, dict]:
    """Role → file name, as `model.json` lists it: with size in bytes and SHA-256."""
    return {
        role: {"file": name, "bytes": (folder / name).stat().st_size, "sha256": sha256(folder / name)}
        for role, name in roles.items()
    }


def write_model(model: Model) -> None:
    """Write `model.json` into the model's folder, aside first."""
    data = {"format": FORMAT, **{k: v for k, v in vars(model).items() if k != "folder"}}
    aside = model.folder / "model.json.part"
    aside.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")
    os.replace(aside, model.folder / "model.json")


def load_model(name: str | os.PathLike | None = None) -> Model:
    """Read a model by name or path (see `models.store`) and check every file's size and hash.

    Raises BadInput for an unknown model, a description that cannot be read, or a file that is missing or differs.
    """
    folder = model_folder(name)
    try:
        data = json.loads((folder / "model.json").read_text("utf-8"))
        written = data.pop("format")
        known = {k: v for k, v in data.items() if k in Model.__dataclass_fields__}
        model = Model(folder=folder, **known)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as e:
        raise BadInput(f"{folder / 'model.json'} is damaged; install or export the model again.") from e
    if written > FORMAT:
        raise BadInput(f"The model {model.name} was made by a newer Impasto (format {written}); upgrade Impasto.")
    if written < FORMAT:
        model.state = []  # painted frame by frame, until it is exported again
    for entry in model.files.values():
        _check(model, folder / entry["file"], entry["sha256"])
    return model


def _check(model: Model, path: Path, expected: str) -> None:
    if not path.is_file():
        raise BadInput(f"The model {model.name} lacks its file {path.name}; install or export the model again.")
    actual = sha256(path)
    if actual != expected:
        raise BadInput(
            f"{path} is damaged: its SHA-256 is {actual[:12]}… where model.json says {expected[:12]}…; "
            "install or export the model again."
        )
