"""The built-in styles of a model: style vectors of a folder of paintings, and small pictures of them.

`gallery.json` maps a name to {"title", "artist", "year", "style": S, "painting", "preview"}. `paintings/NAME.webp`
beside it is the painting itself, as small as a stamp, and `previews/NAME.webp` a scene as the model paints it in that
style. A style that was studied has "studied": {"file", "bytes", "sha256"}, too, of its `styles/NAME.style`, which the
page fetches when it is chosen.
"""

import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from impasto.export.runtime.model import Model, check_model_folder, describe, load_model, write_model
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.pictures import read_style_picture, square
from impasto.export.runtime.style_file import STUDIED, write_style
from impasto.export.runtime.style_file import SUFFIX as STYLE_SUFFIX
from impasto.export.runtime.styles import Style
from impasto.models.atomic import folder_aside

from .paintings import about, find_paintings
from .progress import Progress, untold
from .scenes import draw_scene

SHOWN = ("title", "artist", "year")
PREVIEW_SIZE = (256, 192)  # width, height; painted larger, where strokes are as fine as in a clip
PREVIEW_BYTES = 12_000
PAINTING_SIDE = 96  # of the square that is shown of a painting, pixels
PAINTING_BYTES = 4_000
DIGITS = 6  # significant ones of each value of S: the painted frame does not change, the file is half as large


def build_gallery(
    encode: Callable[[np.ndarray], np.ndarray], folder: Path, progress: Progress = untold
) -> dict[str, dict]:
    """Encode the paintings in `folder`; `encode` turns RGB uint8 [H,W,3] into S [D].

    Returns name → {"title", "artist", "year", "scene", "style": S, "painting": RGB uint8 [96,96,3]}. Raises
    BadInput as `find_paintings` and `about`, and for a painting that is damaged.
    """
    paintings, entries = find_paintings(folder), about(folder)
    gallery = {}
    for done, (name, path) in enumerate(paintings.items()):
        progress(done, len(paintings), f"reading {name}")
        picture = read_style_picture(path)
        style = np.asarray(encode(picture), np.float32).ravel()
        small = square(picture, PAINTING_SIDE)
        gallery[name] = {**_shown(entries[name]), "scene": entries[name]["scene"], "style": style, "painting": small}
    return gallery


def write_gallery(model: Model, gallery: Mapping[str, dict], progress: Progress = untold) -> Model:
    """Write `gallery.json` into the model's folder.

    An entry that has "painting" gets a small picture of it, one that has "scene" a preview, painted on that scene, and
    one that has "studied", a `StyleFile`, its `.style` file. Returns the model with its list of files brought up to
    date; `model.json` itself is not written.
    """
    entries = {name: {**_shown(entry), "style": _short(entry["style"])} for name, entry in gallery.items()}
    studied = {name: entry["studied"] for name, entry in gallery.items() if entry.get("studied")}
    if studied:
        (model.folder / STUDIED).mkdir()
        for name, style in studied.items():
            write_style(model.folder / STUDIED / f"{name}{STYLE_SUFFIX}", style)
            entries[name] |= describe(model.folder, {"studied": f"{STUDIED}/{name}{STYLE_SUFFIX}"})
    for name, picture in _pictures(model, gallery, progress):
        path = model.folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(picture)
        entries[path.stem][path.parent.name.removesuffix("s")] = name
    (model.folder / "gallery.json").write_text(_one_entry_a_line(entries), "utf-8")
    return replace(model, files={**model.files, **describe(model.folder, {"gallery": "gallery.json"})})


def _pictures(model: Model, gallery: Mapping[str, dict], progress: Progress) -> Iterator[tuple[str, bytes]]:
    """The WebP pictures that a gallery has beside it: (name in the model's folder, bytes)."""
    draw, painter = cache(draw_scene), Painter(model)
    for done, (name, entry) in enumerate(gallery.items()):
        progress(done, len(gallery), f"painting {name}")
        if "painting" in entry:
            yield f"paintings/{name}.webp", _webp(entry["painting"], PAINTING_BYTES)
        if "scene" in entry:
            style = entry.get("studied") or np.asarray(entry["style"], np.float32)
            yield f"previews/{name}.webp", paint_preview(painter, style, draw(entry["scene"]))


def rebuild_gallery(
    model: Model, gallery: Mapping[str, dict], folder: Path | None = None, progress: Progress = untold
) -> Model:
    """Give a model this gallery in place of its own: in its own folder, or as another model, `folder`, named after it.

    The folder changes whole or not at all. Raises BadInput when `folder` holds something else than a model.
    """
    if folder is not None:
        check_model_folder(folder)
    name = model.name if folder is None else folder.resolve().name
    with folder_aside(folder or model.folder) as aside:
        shutil.copytree(model.folder, aside, dirs_exist_ok=True)
        for made in ("paintings", "previews", STUDIED):
            shutil.rmtree(aside / made, ignore_errors=True)
        write_model(write_gallery(replace(model, folder=aside, name=name), gallery, progress))
    return load_model(folder or model.folder)


def paint_preview(painter: Painter, style: Style, frame: np.ndarray) -> bytes:
    """`frame` painted in a style, as a WebP of PREVIEW_SIZE and at most about PREVIEW_BYTES."""
    painter.reset()  # one frame, painted by itself
    painter.use([style])
    return _webp(cv2.resize(painter.paint(frame), PREVIEW_SIZE, interpolation=cv2.INTER_AREA), PREVIEW_BYTES)


def _webp(rgb: np.ndarray, most: int) -> bytes:
    """A picture as a WebP of at most about so many bytes."""
    for quality in range(80, 30, -5):
        encoded = cv2.imencode(".webp", rgb[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])[1].tobytes()
        if len(encoded) <= most:
            break
    return encoded


def published_gallery() -> dict[str, dict]:
    """The style vectors of the index for the published networks, which come without their own."""
    return json.loads((files("impasto.models") / "published_gallery.json").read_text("utf-8"))


def torch_encoder(p, t):
    """P, with feedback where there is, as a function from RGB uint8 [H,W,3] to S: for a gallery before the export."""
    import torch

    from impasto.models.feedback import style_of

    @torch.no_grad()
    def encode(image: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy(square(image, p.spec.side)).permute(2, 0, 1)[None].float() / 255
        return style_of(p, t, pixels)[0].numpy()

    return encode


def _shown(entry: Mapping) -> dict:
    return {key: entry[key] for key in SHOWN}


def _short(style) -> list[float]:
    return [float(f"{value:.{DIGITS}g}") for value in np.asarray(style, np.float64).ravel()]


def _one_entry_a_line(entries: Mapping[str, dict]) -> str:
    """JSON in which a change of one style is a change of one line."""
    lines = [f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in entries.items()]
    return "{\n" + ",\n".join(lines) + "\n}\n"
