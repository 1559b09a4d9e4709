"""Checks what was read from a `model.json` before anything of it is used: types, ranges, files inside the folder."""

import math
import re
from collections.abc import Callable
from typing import Any

Check = Callable[[Any], bool]

# Larger numbers than any model has would ask for more memory than there is.
STYLE_VALUES, STYLE_SIDE, MULTIPLE, CHANNELS = 100_000, 4096, 512, 4096
STYLE_VALUE = 1e30  # of a style vector: float32 holds it, and sums of it
JSON_BYTES = 100_000_000  # of a description or a gallery: what is larger is none


def whole(least: int, most: int) -> Check:
    """A whole number from `least` to `most`; True and False are none."""
    return lambda value: type(value) is int and least <= value <= most


def text(value: Any) -> bool:
    """A text of 1 to 1000 characters."""
    return isinstance(value, str) and 0 < len(value) <= 1000


def words(value: Any) -> bool:
    """A text, which may be empty."""
    return value == "" or text(value)


def file_name(value: Any) -> bool:
    """A file of the folder itself: no path leads out of it, or into another."""
    return text(value) and re.fullmatch(r"(?!\.+$)[^/\\:\0]+", value) is not None


def sha256(value: Any) -> bool:
    """A SHA-256 as 64 hexadecimal digits, in small letters."""
    return text(value) and re.fullmatch("[0-9a-f]{64}", value) is not None


def list_of(*checks: Check) -> Check:
    """A list of so many values, each with its own check."""
    return lambda value: (
        isinstance(value, list)
        and len(value) == len(checks)
        and all(check(each) for check, each in zip(checks, value, strict=True))
    )


def each(check: Check) -> Check:
    """A list of any length, all of whose values pass."""
    return lambda value: isinstance(value, list) and all(map(check, value))


def fields(**checks: Check) -> Check:
    """An object that has these fields, and perhaps others."""
    return lambda value: (
        isinstance(value, dict) and all(name in value and check(value[name]) for name, check in checks.items())
    )


def number(value: Any) -> bool:
    """A finite number that a float can hold: JSON also has NaN, Infinity and 10^400."""
    try:
        return type(value) in (int, float) and math.isfinite(value)
    except OverflowError:
        return False


def share(value: Any) -> bool:
    """A number from 0 to 1."""
    return number(value) and 0 <= value <= 1


STATE = each(fields(**{"name": text, "from": text}, channels=whole(1, CHANNELS), over=whole(1, MULTIPLE)))
FILE = fields(file=file_name, bytes=whole(0, 2**40), sha256=sha256)
RULES = fields(
    luma=list_of(share, share, share),
    background=list_of(*[whole(0, 255)] * 3),
    styles_at_once=whole(1, 100),
    least_side=whole(1, 4 * MULTIPLE),
    clip_multiple=whole(1, MULTIPLE),
)
# Field → check, and what it must be, in words.
DESCRIPTION: dict[str, tuple[Check, str]] = {
    "name": (text, "a name"),
    "style_size": (whole(1, STYLE_VALUES), f"a whole number from 1 to {STYLE_VALUES}"),
    "style_side": (whole(8, STYLE_SIDE), f"a whole number from 8 to {STYLE_SIDE}"),
    "multiple": (whole(1, MULTIPLE), f"a whole number from 1 to {MULTIPLE}"),
    "layout": (each(fields(gamma=list_of(*[whole(0, STYLE_VALUES)] * 2))), "a list of layers"),
    "network": (lambda value: isinstance(value, dict), "the sizes of the networks"),
    "files": (
        lambda value: isinstance(value, dict) and {"frame", "style"} <= set(value) and all(map(FILE, value.values())),
        "the files of the folder with their sizes and hashes, frame and style among them",
    ),
    "weights": (lambda value: value == "" or sha256(value), "the hash of T's weights"),
    "recipe": (lambda value: isinstance(value, dict), "how the model was trained, by name"),
    "figures": (lambda value: isinstance(value, dict), "what was measured, by name"),
    "licence": (text, "a licence's name"),
    "revision": (lambda value: isinstance(value, str), "a text"),
    "rules": (RULES, "the rules that the page and Python share"),
    "state": (STATE, "what the step graph carries"),
}


# Of a built-in style, as a gallery has it.
STYLE = fields(title=text, artist=words, year=words, style=each(number))
STUDIED = fields(
    file=lambda value: text(value) and re.fullmatch(r"styles/[^/\\:\0]+\.style", value) is not None,
    bytes=whole(0, 2**40),
    sha256=sha256,
)


def wrong_style(entry: Any, size: int) -> str | None:
    """What is wrong with an entry of a gallery for style vectors of `size`, as "it must …", or None."""
    if not STYLE(entry):
        return "it must have title, artist, year and the numbers of its style"
    if len(entry["style"]) != size or max(map(abs, entry["style"])) > STYLE_VALUE:
        return f"its style must be {size} numbers"
    for kind in ("preview", "painting"):
        file = entry.get(kind)
        if file is not None and not (isinstance(file, str) and re.fullmatch(rf"{kind}s/[^/\\:\0]+\.webp", file)):
            return f"its {kind} must be a WebP in {kind}s"
    if "studied" in entry and not STUDIED(entry["studied"]):
        return "its studied must be a file in styles, with its size and hash"
    return None


def wrong_field(data: dict, required: set[str]) -> str | None:
    """What is wrong with a description, as "NAME must be …", or None. `required`: the fields that it must have."""
    for name, (check, meaning) in DESCRIPTION.items():
        if name in data:
            if not check(data[name]):
                return f"{name} must be {meaning}"
        elif name in required:
            return f"{name} is missing"
    state, files = data.get("state", []), data["files"]
    if state and "step" not in files:
        return "files must name the step graph that carries the state"
    if any(data["multiple"] % part["over"] for part in state):
        return "state must divide frames by parts of multiple"
    return None
