"""What people read: what something was painted with, and what a painted file is called.

From outside: `painted_with`, `parts_painted`, `painted_name`, `plain_name`, `distinct`.
"""

import re
import unicodedata
from pathlib import PurePosixPath

_LONGEST = 100  # bytes of a name; file systems end at 255, and a painting is named after two
_UNFIT = re.compile(r'[\x00-\x1f\x7f<>:"/\\|?*]+')  # what some system does not take in a name


def plain_name(text: str, instead: str) -> str:
    """A file's name without folders, ending and letters that some system refuses; `instead` where nothing is left."""
    name = unicodedata.normalize("NFC", text).replace("\\", "/").rpartition("/")[2]
    stem = PurePosixPath(name).stem if not name.startswith(".") else name
    kept = "".join(" " if unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Zl", "Zp") else letter for letter in stem)
    short = " ".join(_UNFIT.sub(" ", kept).split()).encode()[:_LONGEST].decode(errors="ignore")
    return short.strip(" .") or instead


def painted_with(styles: list[tuple[str, float]]) -> str:
    """ "The Great Wave", or of several styles with their weights "The Great Wave 60 % and The Scream 40 %"."""
    if len(styles) == 1:
        return styles[0][0]
    whole = sum(weight for _, weight in styles)
    parts = [f"{title} {100 * (w / whole if whole else 1 / len(styles)):.0f} %" for title, w in styles]
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def parts_painted(only: str | None, background: list[tuple[str, float]]) -> str:
    """Where not everything is painted alike, in words: "only the person", "background in The Great Wave"; else ""."""
    if background:
        return f"background in {painted_with(background)}"
    return {"person": "only the person", "background": "all but the person"}.get(only or "", "")


def painted_name(source: str, styles: list[tuple[str, float]], suffix: str) -> str:
    """ "holiday, The Great Wave.mp4": named after the source and the styles."""
    titles = " + ".join(title for title, _ in styles)
    return f"{plain_name(source, 'painted')}, {plain_name(f'{titles}.', 'own style')}{suffix}"


def distinct(names: list[str]) -> list[str]:
    """The names, with a number where one comes again: "beach.png", "beach 2.png"."""
    taken: dict[str, str] = {}
    for name in names:
        stem, dot, ending = name.rpartition(".")
        other, number = name, 1
        while other.lower() in taken:
            number += 1
            other = f"{stem} {number}{dot}{ending}"
        taken[other.lower()] = other
    return list(taken.values())
