"""Writes a folder that is a Hugging Face Space.

From outside: `build_space`, the whole application, and `build_static_space`, the live page alone. Both write aside
first, replace only what is missing, empty, or a Space that they wrote, and return the model's name and the size.
"""

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import metadata, resources
from pathlib import Path
from string import Template

from impasto.export.runtime.model import Model, load_model, write_model
from impasto.models.atomic import folder_aside
from impasto.models.errors import BadInput
from impasto.models.store import vgg_file
from impasto.webapp.hosting.page_config import VGG, page_config
from impasto.webapp.hosting.settings import table
from impasto.webapp.page_build import build_page

from .requirements import installed, pinned_requirements

PACKAGES = ("models", "export", "train", "webapp")  # training's commands belong to the command line, without torch
LIMIT_MB = 60
_TEMPLATES = Path(__file__).parent / "templates"
# Of the built page, what belongs to the page for files; and the picture of links to it.
_FOR_FILES = shutil.ignore_patterns("studio*", "source-*.mp4", "painted-*.mp4")
_PICTURE = "preview.jpg"
_OURS = "---\ntitle: Impasto\n"
# Not part of the packages: released models and the page are added one by one.
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".*", "*.safetensors", "released", "page", "api")


def build_space(folder: Path, model: str | None = None, name: str | None = None) -> dict:
    """The whole application: the packages, the built page, one released model, `app.py` and what they need.

    `name`, USER/NAME where it is known, gives links to the Space a picture.
    """
    loaded = load_model(model)

    def fill(aside: Path) -> None:
        for room in PACKAGES:
            shutil.copytree(_package(f"impasto.{room}"), aside / "impasto" / room, ignore=_NOT_COPIED)
        # By its weights styles are studied.
        shutil.copytree(vgg_file().parent, aside / "impasto" / "models" / "vgg16", dirs_exist_ok=True)
        for module in _package("impasto").glob("*.py"):
            shutil.copy(module, aside / "impasto")
        shutil.copytree(build_page(), aside / "impasto" / "webapp" / "page" / "dist")
        _copy_metadata(aside)
        _copy_model(loaded, aside / "impasto" / "models" / "released" / loaded.name)
        python = ".".join(map(str, sys.version_info[:2]))
        values = {"model": loaded.name, "gradio": installed("gradio"), "python": python, "settings": table()}
        values["thumbnail"] = _thumbnail(aside, aside / "impasto" / "webapp" / "page" / "dist", name)
        _fill_in("README.md", values, aside / "README.md")
        _fill_in("app.py", values, aside / "app.py")
        (aside / "requirements.txt").write_text("\n".join(pinned_requirements()) + "\n", "utf-8")

    return _build(Path(folder), loaded, fill)


def build_static_space(folder: Path, model: str | None = None, name: str | None = None) -> dict:
    """The live page alone: no server, everything happens in the browser."""
    loaded = load_model(model)

    def fill(aside: Path) -> None:
        shutil.copytree(build_page(), aside, dirs_exist_ok=True, ignore=_FOR_FILES)
        _copy_model(loaded, aside / "models" / loaded.name)
        shutil.copytree(vgg_file().parent, aside / VGG)
        (aside / "config.json").write_text(json.dumps(page_config(loaded, None)) + "\n", "utf-8")
        values = {"model": loaded.name, "thumbnail": _thumbnail(aside, aside, name)}
        _fill_in("README_static.md", values, aside / "README.md")

    return _build(Path(folder), loaded, fill)


def _thumbnail(folder: Path, page: Path, name: str | None) -> str:
    """The line of the front matter about the picture that links to the Space are shown with, put beside it."""
    if name is None or not (page / _PICTURE).is_file():
        return ""
    shutil.copy(page / _PICTURE, folder / "thumbnail.jpg")
    return f"thumbnail: https://huggingface.co/spaces/{name}/resolve/main/thumbnail.jpg\n"


def _build(folder: Path, model: Model, fill: Callable[[Path], None]) -> dict:
    """Write the Space aside with `fill`, measure it, and move it to its place."""
    _refuse_foreign(folder)
    with folder_aside(folder) as aside:
        fill(aside)
        (aside / "LICENSE").write_text(_licence(), "utf-8")
        megabytes = sum(path.stat().st_size for path in aside.rglob("*") if path.is_file()) / 1e6
        if megabytes >= LIMIT_MB:
            raise BadInput(f"The Space comes to {megabytes:.0f} MB, more than the {LIMIT_MB} it may have.")
    return {"folder": str(folder), "model": model.name, "megabytes": round(megabytes, 1)}


def _refuse_foreign(folder: Path) -> None:
    """Raise BadInput unless `folder` is missing, empty, or a Space that was written here."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise BadInput(f"{folder} is a file; name a folder for the Space.")
    if (folder / ".git").exists():
        raise BadInput(f"{folder} is a Git repository; name another folder, and upload it with --push USER/NAME.")
    readme = folder / "README.md"
    ours = readme.is_file() and readme.read_text("utf-8", errors="replace").startswith(_OURS)
    if any(folder.iterdir()) and not ours:
        raise BadInput(
            f"{folder} holds something else than a Space of Impasto; name another folder, or empty this one."
        )


def _copy_model(model: Model, target: Path) -> None:
    """The model without its weights for training, and without their entry in its description."""
    weights = model.files.get("weights", {}).get("file", "")
    shutil.copytree(model.folder, target, ignore=shutil.ignore_patterns(weights, ".*"))
    files = {role: entry for role, entry in model.files.items() if role != "weights"}
    write_model(replace(model, folder=target, files=files))


def _copy_metadata(folder: Path) -> None:
    """What `importlib.metadata` reads, so that a copy that pip did not install knows its version."""
    known = metadata.distribution("impasto")
    target = folder / f"impasto-{known.version}.dist-info"
    target.mkdir()
    (target / "METADATA").write_text(known.read_text("METADATA") or known.read_text("PKG-INFO") or "", "utf-8")


def _package(name: str) -> Path:
    """The folder of an installed package."""
    return Path(str(resources.files(name)))


def _licence() -> str:
    """The text of Impasto's own licence, as it was installed or as it lies beside the sources."""
    beside = _package("impasto.models").parent / "LICENSE"
    if beside.is_file():
        return beside.read_text("utf-8")
    return next(file for file in metadata.files("impasto") or [] if file.name == "LICENSE").read_text("utf-8")


def _fill_in(template: str, values: dict[str, str], target: Path) -> None:
    """Write a template with its $names replaced."""
    target.write_text(Template((_TEMPLATES / template).read_text("utf-8")).substitute(values), "utf-8")
