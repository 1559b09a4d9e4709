"""What the page shows of an upload: what it is, how it looks, and how it would look painted.

From outside: `look_at_clip`, `look_at_picture`, `look_at_style`, `preview`. Pictures are JPEGs in data addresses, so
that nothing of them stays on the disk.
"""

import base64
from contextlib import suppress
from pathlib import Path

import numpy as np

from impasto.export.runtime.sample import picture as sample
from impasto.export.runtime.style_file import is_style_file, licence_note, read_style
from impasto.models.errors import BadInput
from impasto.webapp.files.job import CLIP_SHORT_SIDE

from . import limits, previews
from .page_jobs import jpeg
from .painting import PaintOptions, Studio, StyleChoice

NO_PERSON = "No person is found here, so all of it counts as background."
THUMB_SIDE = 160  # of small pictures, in pixels
PLAIN = 8.0  # 8-bit levels by which a frame's pixels deviate: of less there is nothing to see; what is filmed has 40
LOOKED_AT = (0.1, 0.25, 0.5)  # of a clip's duration


def look_at_clip(studio: Studio, path: Path) -> dict:
    """Size, rate, length, sound, the longest part that may be painted, and a small picture of its first sight."""
    info = limits.describe_clip(path, studio.settings)
    with limits.without_path(path, "This clip"):
        at, first = first_sight(path)
    seconds = info.duration or 0
    words = [f"{info.width}×{info.height}", f"{float(info.frame_rate):.4g} frames/s"]
    words += [limits.in_words(seconds)] if seconds else []
    return {
        "facts": " · ".join([*words, "with sound" if info.has_audio else "without sound"]),
        "seconds": seconds, "longest": limits.longest_part(info, studio.settings),
        "width": info.width, "height": info.height, "at": at, "thumb": _data(first),
    }  # fmt: skip


def look_at_picture(studio: Studio, path: Path) -> dict:
    header = limits.check_picture(path, studio.settings)
    with limits.without_path(path, "This picture"):
        small = previews.thumbnail(path, THUMB_SIDE)
    frames = f" · {header.frames} frames" if header.frames > 1 else ""
    return {
        "facts": f"{header.width}×{header.height}{frames}", "width": header.width, "height": header.height,
        "thumb": _data(small),
    }  # fmt: skip


def look_at_style(studio: Studio, path: Path) -> dict:
    """A small picture of a style picture; of a `.style` file a painting, its title, and what there is to be said of its
    licence."""
    if is_style_file(path):
        found = read_style(path, studio.model, "This file")
        painter = studio.painter(PaintOptions((StyleChoice(path),), stability=0.0))
        scene = (sample(THUMB_SIDE, THUMB_SIDE * 4 // 3) * 255).astype(np.uint8)
        note = licence_note(found, studio.model) or ""
        return {"thumb": _data(painter.paint(scene)), "title": found.name, "note": note}
    return {"thumb": _data(previews.shrunk(previews.middle(limits.read_style(path, studio.settings)), THUMB_SIDE))}


def first_sight(path: Path) -> tuple[float, np.ndarray]:
    """Where in a clip, as a share of its duration, there is something to see, and the frame there, small.

    Many clips begin in black, or with a title on a plain ground: a preview of that would show nothing.
    """
    begin = previews.frame_at(path, 0.0, THUMB_SIDE)
    if _shows_something(begin):
        return 0.0, begin
    for share in LOOKED_AT:
        with suppress(BadInput):  # what is damaged there is said when it is painted
            frame = previews.frame_at(path, share, THUMB_SIDE)
            if _shows_something(frame):
                return share, frame
    return 0.0, begin


def _shows_something(rgb: np.ndarray) -> bool:
    return bool(rgb.std(axis=(0, 1)).max() >= PLAIN)


def _data(rgb: np.ndarray) -> str:
    return "data:image/jpeg;base64," + base64.b64encode(jpeg(rgb)).decode()


def preview(studio: Studio, path: Path, kind: str, at: float, options: PaintOptions) -> dict:
    """A frame of a clip, at the share `at` of its duration, or a picture: before and after, as a job would paint it."""
    if kind == "clip":
        info = limits.describe_clip(path, studio.settings)
        side = options.size or min(info.width, info.height, CLIP_SHORT_SIDE)
        with limits.without_path(path, "This clip"):
            source = previews.frame_at(path, at, side)
    else:
        header = limits.check_picture(path, studio.settings)
        side = limits.painted_side(header, options.size)
        limits.check_painted(header, side, studio.settings)
        with limits.without_path(path, "This picture"):
            source = previews.picture_at(path, side)
    found: dict = {}
    painted = studio.preview(source, options, found.update)
    height, width = painted.shape[:2]
    note = NO_PERSON if found.get("person_found") is False else ""
    return {"before": _data(source), "after": _data(painted), "width": width, "height": height, "note": note}
