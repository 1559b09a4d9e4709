"""`model.json`, the one description of a model that the exporter writes and the runtime, the page and tests read."""

import hashlib
import json
import os
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np

from impasto.models.atomic import written_aside
from impasto.models.errors import BadInput
from impasto.models.store import model_folder

from .description import JSON_BYTES, wrong_field, wrong_style

SINCE_3 = {"revision", "rules", "state"}  # fields that descriptions of earlier formats lack
REQUIRED = {"name", "style_size", "style_side", "multiple", "layout", "network", "files"} | SINCE_3
FORMAT = 3  # raised when an older runtime could no longer read the folder; before 3 step graphs had another state


@dataclass
class Model:
    """A model folder, read and checked.

    name, revision: the second tells apart what was released under one name.
    style_size: D, the length of S. style_side: the side in pixels of the square that P looks at.
    multiple: what H and W of a graph's frame are divisible by, in pixels.
    layout: where γ and β of each layer lie in S. network: the sizes of P and T, see `models.spec`.
    files: role ("style", "frame", "frame_fp16", "step", "weights", "gallery", …) → {"file", "bytes", "sha256"}.
    rules: what the page and Python must agree on, see `models.rules`.
    state: what a step graph carries from frame to frame: {"name" of the input, "from", the output that is its next
    value, "channels", "over", the frame's height over the tensor's}.
    weights: the hash of T's weights, which `.style` files name; empty for models that were exported without it.
    recipe, figures: how it was trained, and what was measured; for people to read.
    """

    folder: Path
    name: str
    style_size: int
    style_side: int
    multiple: int
    layout: list[dict]
    network: dict
    files: dict[str, dict]
    revision: str = ""
    rules: dict = field(default_factory=dict)
    state: list[dict] = field(default_factory=list)
    recipe: dict = field(default_factory=dict)
    figures: dict = field(default_factory=dict)
    licence: str = "Apache-2.0"
    weights: str = ""

    def path(self, role: str) -> Path:
        """The file that plays a role. Raises BadInput when this model has none."""
        if role not in self.files:
            raise BadInput(f"The model {self.name} has no {role} file: it has {', '.join(self.files)}.")
        return self.folder / self.files[role]["file"]

    def gallery(self) -> dict[str, dict]:
        """Built-in styles: name → {"title", "artist", "year", "style": S as float32 [D]}. BadInput: it is damaged."""
        if "gallery" not in self.files:
            return {}
        path = self.path("gallery")
        entries = _read_json(path)
        if not isinstance(entries, dict):
            raise BadInput(f"{path} is damaged; install or export the model again.")
        for name, entry in entries.items():
            if wrong := wrong_style(entry, self.style_size):
                raise BadInput(f"{path} is damaged: of the style {name[:100]!r}, {wrong}.")
        found = {name: {**e, "style": np.asarray(e["style"], np.float32)} for name, e in entries.items()}
        return found


def _read_json(file: Path) -> Any:
    try:
        if file.stat().st_size > JSON_BYTES:
            raise ValueError("larger than any description or gallery")
        return json.loads(file.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{file} is damaged; install or export the model again.") from error


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as 64 hexadecimal digits."""
    with open(path, "rb") as f:
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
    """Write `model.json` into the model's folder; it appears whole or not at all."""
    data = {"format": FORMAT, **{k: v for k, v in vars(model).items() if k != "folder"}}
    with written_aside(model.folder / "model.json") as aside:
        aside.write_text(json.dumps(data, indent=1, ensure_ascii=False) + "\n", "utf-8")


def check_model_folder(folder: Path) -> None:
    """Raise BadInput where a model cannot be written as `folder`: it holds something else."""
    if folder.exists() and not (folder / "model.json").is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInput(f"{folder} exists and is not a model: choose another folder.")


def load_model(name: str | os.PathLike | None = None) -> Model:
    """Read a model by name or path (see `models.store`) and check every file's size and hash.

    Raises BadInput for an unknown model, one of a newer format, a description that cannot be read, or a file that is
    missing or differs.
    """
    folder = model_folder(name)
    model = _read(folder)
    for entry in model.files.values():
        _check(model, folder / entry["file"], entry)
    return model


def _read(folder: Path) -> Model:
    """`model.json` as data. A format before this one is painted frame by frame: its step graph is of another kind."""
    file = folder / "model.json"
    data = _read_json(file)
    try:
        written, name = data["format"], str(data.get("name", folder.name))[:100]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadInput(f"{file} is damaged; install or export the model again.") from error
    if type(written) is not int or written < 1:
        raise BadInput(f"{file} is damaged: format must be a whole number; install or export the model again.")
    if written > FORMAT:
        raise BadInput(f"The model {name} was made by a newer Impasto (format {written}); upgrade Impasto.")
    data = {each.name: data[each.name] for each in fields(Model) if each.name in data}
    if written < FORMAT:
        data["state"] = []
    wrong = wrong_field(data, REQUIRED if written == FORMAT else REQUIRED - SINCE_3)
    if wrong:
        raise BadInput(f"{file} is damaged: {wrong}; install or export the model again.")
    return Model(folder=folder, **data)


def _check(model: Model, path: Path, entry: dict) -> None:
    if not path.is_file():
        raise BadInput(f"The model {model.name} lacks its file {path.name}; install or export the model again.")
    if path.stat().st_size != entry["bytes"]:
        raise BadInput(
            f"{path} is damaged: it has {path.stat().st_size} bytes where model.json says {entry['bytes']}; "
            "install or export the model again."
        )
    expected, actual = entry["sha256"], sha256(path)
    if actual != expected:
        raise BadInput(
            f"{path} is damaged: its SHA-256 is {actual[:12]}… where model.json says {expected[:12]}…; "
            "install or export the model again."
        )
