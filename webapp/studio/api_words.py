"""The API in words, for programs' descriptions of it and for the page: both endpoints and what each parameter means.

From outside: `endpoints`, `description`.
"""

from impasto.webapp.files.brush_size import BRUSH_SIZES, DEFAULT

_RETURNED = {
    "clip": "the painted clip (H.264 in MP4, sound kept) and a summary (frames, width, height, fps, seconds, "
    "painted_per_second, audio, gaps, and where it matters person_found)",
    "picture": "the painted picture (JPEG where the source is one, GIF where it moves, PNG otherwise)",
}
_CLIPS_ONLY = ("stability", "start", "end")


def endpoints(styles: list[str]) -> list[dict]:
    """Of each endpoint its name, what it does and returns, and its parameters: name, type, default (None: has to be
    given), words. `styles` are the names of the built-in ones."""
    return [
        {
            "name": f"paint_{kind}",
            "does": f"Paint a {kind} in the manner of up to four styles.",
            "parameters": [
                each for each in _parameters(kind, styles) if kind == "clip" or each["name"] not in _CLIPS_ONLY
            ],
            "returns": _RETURNED[kind],
        }
        for kind in ("clip", "picture")
    ]


def description(name: str, styles: list[str]) -> str:
    """An endpoint in one paragraph."""
    found = next(each for each in endpoints(styles) if each["name"] == name)
    words = [f"{each['name']}: {each['words']}." for each in found["parameters"]]
    return " ".join([found["does"], *words, f"Returns {found['returns']}."])


def _parameters(kind: str, styles: list[str]) -> list[dict]:
    brushes = ", ".join(BRUSH_SIZES)
    rows = [
        (kind, "file", None, "an uploaded file, no address"),
        ("styles", "list of names", f'["{styles[0]}"]', f"names of built-in styles ({', '.join(styles)})"),
        ("pictures", "list of files", "[]", "uploaded pictures to paint in the manner of; styles=[] uses them alone"),
        ("weights", "list of numbers", "[]", "one for each of styles, then for each of pictures; all equal without"),
        ("strength", "0…1", "1", f"0 leaves the {kind} as it is, 1 paints it fully"),
        ("keep_colors", "true or false", "false", f"paint the light and keep the {kind}'s own colours"),
        ("size", "whole number", "0", "the shorter side in pixels, 0 for the source's own"),
        ("stability", "0…1", "1", "how much flicker is held back; 0 paints every frame by itself"),
        (
            "brush", "text", f'"{DEFAULT}"',
            f"the breadth of the strokes, whatever the size: {brushes}, full (as fine as the size allows), or the "
            "shorter side in pixels that is painted",
        ),
        ("start", "seconds", "0", "where the part begins that is painted"),
        ("end", "seconds", "0", "where it ends; 0 is the clip's own end"),
        ("only", "text", '""', "person paints only the person, background all but the person"),
        (
            "background_styles", "list of names", "[]",
            "names of built-in styles in which all but the person is painted; [] paints everything alike",
        ),
    ]  # fmt: skip
    return [dict(zip(("name", "type", "default", "words"), row, strict=True)) for row in rows]
