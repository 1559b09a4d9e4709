"""`.style` files: a studied style, that is a style vector S and a brush, T's weights as they differ from the model's.

A file is safetensors: `style` float32 [D]; `brush.<parameter>` float16, as many as differ; `preview` uint8 [N], a JPEG.
Its metadata are texts: `format` "impasto-style 1", `name`, `model` (name and revision), `weights` (the hash of T's
weights, as in that model's `model.json`), `licence`, `source`, and `sha256` of all bytes after the header.

Read and written here and nowhere else in Python; the page reads them in `engine/model/style-file.ts`. Whoever made a
file may have put anything into it, so everything is checked, and what it says of itself is shown, not trusted.
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load, save

from impasto.models.atomic import place_of, written_aside
from impasto.models.errors import BadInput
from impasto.models.metadata import data_start, with_metadata

from .model import Model, sha256
from .pictures import require_file
from .sessions.graph_weights import check_fits, weights_of
from .styles import Style

SUFFIX = ".style"
STUDIED = "styles"  # folder of a model with the files of its built-in styles
FORMAT = "impasto-style 1"
MAX_BYTES = 4_000_000  # the released model's have 0.23 MB
MAX_HEADER = 100_000  # bytes of a file's header
MAX_PREVIEW = 200_000  # bytes
MAX_TEXT = 200  # characters shown of a name, licence or source
# No numbers of S or a brush are near these; larger ones would make the networks overflow.
MAX_STYLE, MAX_BRUSH = 1000.0, 100.0
_JPEG = b"\xff\xd8\xff"
_TEXTS = ("name", "model", "weights", "licence", "source")


@dataclass(frozen=True, eq=False)  # as keys of a blend they are told apart as objects
class StyleFile:
    """What a `.style` file holds.

    style: S, float32 [D]. brush: parameter of T → difference from the model's, float16, of the parameter's shape.
    name, licence, source: one line each. model: name and revision. weights: the hash of that model's T.
    preview: a JPEG, or empty.
    """

    style: np.ndarray
    brush: Mapping[str, np.ndarray] = field(default_factory=dict)
    name: str = ""
    model: str = ""
    weights: str = ""
    licence: str = ""
    source: str = ""
    preview: bytes = b""

    def __repr__(self) -> str:
        return f"<studied style {self.name!r} of {self.model or 'no model'}: {len(self.brush)} tensors differ>"


def style_file(
    model: Model, style: np.ndarray, brush: Mapping[str, np.ndarray], *, name: str, source: str = "",
    preview: bytes = b"",
) -> StyleFile:  # fmt: skip
    """A studied style of this model, to be written. Its licence is the model's: a brush descends from its weights."""
    return StyleFile(
        style, brush, one_line(name), model_line(model), model.weights, model.licence, one_line(source), preview
    )


def model_line(model: Model) -> str:
    """A model's name and revision, as a `.style` file says them."""
    return f"{model.name} {model.revision}".strip()


def write_style(path: str | os.PathLike[str], studied: StyleFile) -> None:
    """Write a `.style` file; it appears whole or not at all. Raises BadInput for numbers that would be refused later,
    and for a place that cannot be written to."""
    path = Path(path)
    data = to_bytes(studied)
    if not (folder := place_of(path).parent).is_dir():
        raise BadInput(f"There is no folder {folder} to write {path.name} into.")
    with written_aside(path) as aside:
        aside.write_bytes(data)


def to_bytes(studied: StyleFile) -> bytes:
    """The bytes of a `.style` file. Raises BadInput for numbers that are not finite or too large."""
    tensors = {
        "style": np.asarray(studied.style, np.float32),
        "preview": np.frombuffer(studied.preview, np.uint8),
        **{f"brush.{name}": np.asarray(part, np.float16) for name, part in studied.brush.items()},
    }
    wrong = _wrong(tensors)
    if wrong:
        raise BadInput(f"The studied style cannot be written: {wrong}.")
    tensors = {name: np.ascontiguousarray(tensor) for name, tensor in tensors.items()}
    texts = {"format": FORMAT, **{key: one_line(getattr(studied, key)) for key in _TEXTS}}
    data = save(tensors)
    texts["sha256"] = hashlib.sha256(data[data_start(data) :]).hexdigest()
    return with_metadata(data, texts)


def read_style(source: str | os.PathLike[str] | bytes, model: Model, shown: str | None = None) -> StyleFile:
    """A `.style` file (a path, or its bytes) that was made for this model.

    `shown` is what the file is called in sentences; by default its name. Raises BadInput for a file that is missing,
    too large, damaged, of a newer format or of another model.
    """
    if isinstance(source, bytes):
        data, name = source, shown or "This file"
    else:
        name = shown or Path(source).name
        data = _read(Path(source))
    if len(data) > MAX_BYTES:
        raise BadInput(f"{name} is no studied style: it has more than {MAX_BYTES / 1e6:g} MB.")
    damaged = BadInput(f"{name} is no studied style, or is damaged; study its picture again.")
    try:
        texts, tensors = _opened(data)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise damaged from error
    written = texts.get("format", "")
    if written != FORMAT:
        if written.startswith("impasto-style "):
            raise BadInput(f"{name} was made by a newer Impasto; upgrade Impasto.")
        raise damaged
    if hashlib.sha256(data[data_start(data) :]).hexdigest() != texts.get("sha256") or _wrong(tensors):
        raise damaged
    found = StyleFile(
        tensors["style"],
        {key.removeprefix("brush."): part for key, part in sorted(tensors.items()) if key.startswith("brush.")},
        **{key: one_line(texts.get(key, "")) for key in _TEXTS},
        preview=tensors["preview"].tobytes(),
    )
    _check_model(found, model, name)
    try:
        check_fits(weights_of(model.path("frame").read_bytes()), found.brush)
    except ValueError as error:
        raise damaged from error
    if found.style.shape != (model.style_size,):
        raise damaged
    return found


def built_in(model: Model, entry: Mapping) -> Style:
    """A built-in style, an entry of `model.gallery()`: as it was studied, or else its style vector. Raises BadInput."""
    if "studied" not in entry:
        return entry["style"]
    file = entry["studied"].get("file") if isinstance(entry["studied"], Mapping) else None
    path = (model.folder / str(file)).resolve()
    if not path.is_relative_to(model.folder.resolve()) or not path.is_file():
        raise BadInput(f"The model {model.name} lacks the file of {entry['title']}; install or export the model again.")
    if sha256(path) != entry["studied"].get("sha256"):
        raise BadInput(f"{path} is not the file that the gallery names; install or export the model again.")
    return read_style(path, model)


def is_style_file(source: object) -> bool:
    """Whether this is the path of a `.style` file, by its name."""
    return isinstance(source, (str, os.PathLike)) and Path(source).suffix.lower() == SUFFIX


def licence_notes(styles: Iterable[object], model: Model) -> list[str]:
    """`licence_note` of those among some styles that come from files and have one."""
    notes = (licence_note(style, model) for style in styles if isinstance(style, StyleFile))
    return [note for note in notes if note]


def licence_note(studied: StyleFile, model: Model) -> str | None:
    """One sentence about a file's licence where it is not the model's own; None where it is."""
    if studied.licence == model.licence:
        return None
    if not studied.licence:
        return f"{studied.name or 'This style'} names no licence; ask its maker before you publish what it paints."
    return f"{studied.name or 'This style'} says of its licence: “{studied.licence}”. That is its maker's word."


def one_line(text: object, most: int = MAX_TEXT) -> str:
    """A text of unknown origin as one short line: what cannot be seen, or turns the writing round, is taken out."""
    seen = "".join(character for character in str(text) if character.isprintable()).strip()
    return seen if len(seen) <= most else seen[: most - 1] + "…"


def _read(path: Path) -> bytes:
    require_file(path)
    try:
        with open(path, "rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(f"{path} cannot be read ({error.strerror}).") from error


def _opened(data: bytes) -> tuple[dict[str, str], dict[str, np.ndarray]]:
    """(metadata, tensors by name) of a safetensors file."""
    start = data_start(data)
    if not 8 < start <= min(len(data), MAX_HEADER):
        raise ValueError("the header is too long")
    texts = json.loads(data[8:start])["__metadata__"]
    if not isinstance(texts, dict):
        raise TypeError("the metadata are no object")
    return {key: text for key, text in texts.items() if isinstance(text, str)}, load(data)


def _wrong(tensors: Mapping[str, np.ndarray]) -> str | None:
    """What is wrong with the tensors of a `.style` file, in words; None where nothing is."""
    style, preview = tensors.get("style"), tensors.get("preview")
    if style is None or style.dtype != np.float32 or style.ndim != 1:
        return "there is no style vector"
    if preview is None or preview.dtype != np.uint8 or preview.ndim != 1 or preview.size > MAX_PREVIEW:
        return "there is no preview"
    if preview.size and not preview.tobytes().startswith(_JPEG):
        return "its preview is no JPEG"
    for name, tensor in tensors.items():
        if name in ("style", "preview"):
            continue
        if not name.startswith("brush.") or tensor.dtype != np.float16:
            return f"{one_line(name, 60)} is not part of a style"
        if not bounded(tensor, MAX_BRUSH):
            return "its brush has numbers that are not finite or too large"
    return None if bounded(style, MAX_STYLE) else "its style vector has numbers that are not finite or too large"


def bounded(values: np.ndarray, most: float) -> bool:
    """Whether all values are numbers from −`most` to `most`."""
    return bool((np.abs(values.astype(np.float32)) <= most).all())  # false for NaN


def _check_model(found: StyleFile, model: Model, name: str) -> None:
    if not model.weights:
        raise BadInput(f"The model {model.name} is too old for studied styles; export it again.")
    if found.weights != model.weights:
        own = model_line(model)
        same = " with other weights" if found.model == own else ""
        raise BadInput(
            f"{name} was studied for {found.model or 'another model'}, and this is {own}{same}; "
            "study its picture again, or choose that model."
        )
