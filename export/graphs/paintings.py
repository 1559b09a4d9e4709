"""A folder of paintings for a gallery: which styles they are, and what those are called.

From outside: `find_paintings`, `about`, `gallery_index`. The paintings of the index, in whichever folder all of them
lie, are known; for others `paintings.json` beside them may say titles, artists and years.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Container, Mapping
from importlib.resources import files
from itertools import cycle
from pathlib import Path
from typing import Any

from impasto.export.runtime.description import JSON_BYTES, share, text, words
from impasto.export.runtime.pictures import READ_SUFFIXES
from impasto.models.errors import BadInput

from .scenes import SCENES

OWN_INDEX = "paintings.json"
# What it may say of a painting, and what each must be; "closer" is how it is studied, where not as `study` does.
SAID: dict[str, tuple[Callable[[Any], bool], str]] = {
    "title": (text, "a text"),
    "artist": (words, "a text"),
    "year": (words, "a text"),
    "closer": (share, "a number from 0 to 1"),
}


def gallery_index() -> dict[str, dict]:
    """Name → {"title", "artist", "died": year of the artist's death, "year": of the painting, "scene": that
    its preview shows} of every built-in style; "closer" where it is studied with another than `study`'s own.

    All are in the public domain: the artist died before 1954 and painted it before 1929.
    """
    return json.loads((files("impasto.models") / "gallery_index.json").read_text("utf-8"))


def find_paintings(folder: Path) -> dict[str, Path]:
    """Style's name → its picture (one of `READ_SUFFIXES`) in `folder`, by name; where all paintings of the index are
    there, these first and in its order.

    Raises BadInput for a folder that is missing or has no pictures, and for two pictures of one name.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}: name one that holds paintings.")
    there: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() not in READ_SUFFIXES or path.name.startswith(".") or not path.is_file():
            continue
        name = style_name(path.stem)
        if not name:
            raise BadInput(f"{path} gives no name to a style: rename it, to mona-lisa{path.suffix} for instance.")
        if name in there:
            raise BadInput(f"{there[name]} and {path.name} would both be the style {name}: rename one of them.")
        there[name] = path
    if not there:
        raise BadInput(f"There are no paintings in {folder}: each is a picture, such as a .jpg, named like its style.")
    return {name: there[name] for name in dict.fromkeys([*_known(there), *there])}


def style_name(stem: str) -> str:
    """ "Mona Lisa_(1503)" → "mona-lisa-1503": what is typed after --style, and stands in file names and addresses."""
    return re.sub(r"[\W_]+", "-", unicodedata.normalize("NFKC", stem).lower()).strip("-")


def about(folder: Path) -> dict[str, dict]:
    """Style's name → {"title", "artist", "year", "scene"}, perhaps "closer", as in the index, of every painting there.

    What neither the index nor `paintings.json` (name, or file's name → any of `SAID`) says: the title is the file's
    name, artist and year are empty. Raises BadInput as `find_paintings`, and for a `paintings.json` that cannot be
    read, says something else, or names no picture of the folder.
    """
    paintings = find_paintings(folder)
    known, own = _known(paintings), _own_index(folder / OWN_INDEX, paintings)
    plain = {
        name: {"title": _title(path.stem), "artist": "", "year": "", "scene": scene}
        for (name, path), scene in zip(paintings.items(), cycle(SCENES), strict=False)
    }
    return {name: {**plain[name], **known.get(name, {}), **own.get(name, {})} for name in paintings}


def _known(names: Container[str]) -> dict[str, dict]:
    """The index, where all its paintings are among these; else nothing, since anyone's cat may be called tiger.jpg."""
    index = gallery_index()
    return index if all(name in names for name in index) else {}


def _title(stem: str) -> str:
    """ "the-blue_bridge" → "The blue bridge"."""
    plain = re.sub(r"[-_\s]+", " ", unicodedata.normalize("NFC", stem)).strip()
    return plain[:1].upper() + plain[1:]


def _own_index(file: Path, paintings: Mapping[str, Path]) -> dict[str, dict]:
    """What `paintings.json` says, by the names of styles; nothing where there is none."""
    if not file.exists():
        return {}
    try:
        if file.stat().st_size > JSON_BYTES:
            raise ValueError("larger than any index")
        said = json.loads(file.read_text("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise BadInput(f"{file} cannot be read as JSON ({error}).") from error
    if not isinstance(said, dict):
        raise BadInput(f'{file} must have names and what is said of each: {{"bridge": {{"title": "The Bridge"}}}}.')
    found = {}
    for key, entry in said.items():
        name = next((each for each in (style_name(key), style_name(Path(key).stem)) if each in paintings), None)
        if name is None:
            raise BadInput(f"{file} names {key[:100]!r}, and there is no picture of that name beside it.")
        found[name] = _checked(entry, f"{file}, {key[:100]}")
    return found


def _checked(entry: Any, where: str) -> dict:
    """An entry of `paintings.json`. BadInput: it says something else, or something of another kind."""
    if not isinstance(entry, dict) or not entry.keys() <= SAID.keys():
        raise BadInput(f"{where}: it may have {', '.join(SAID)}, and nothing else.")
    if type(entry.get("year")) is int:
        entry = {**entry, "year": str(entry["year"])}
    for kind, value in entry.items():
        check, what = SAID[kind]
        if not check(value):
            raise BadInput(f"{where}: its {kind} must be {what}.")
    return entry
