"""Lets mkdocstrings read the source as the packages it is imported as.

`pyproject.toml` maps packages to folders (`impasto` is `export/api`, `impasto.models` is `models`). The parser reads
files and knows no such map, so a tree of links that has the packages' shape is laid out before the pages are built.
"""

import shutil
from pathlib import Path

import tomllib

ROOT = Path(__file__).parent.parent
LINKED = ROOT / "out" / "docs-source"


def on_startup(command: str, dirty: bool) -> None:
    """Called by MkDocs before anything else, so that the tree is there when its reader looks for it."""
    folders = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["setuptools"]["package-dir"]
    shutil.rmtree(LINKED, ignore_errors=True)
    for package, folder in sorted(folders.items()):
        at = LINKED / Path(*package.split("."))
        at.mkdir(parents=True, exist_ok=True)
        for file in sorted((ROOT / folder).glob("*.py")):
            (at / file.name).symlink_to(file)
