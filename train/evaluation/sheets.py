"""Contact sheets: every style on every content by every model, to be looked at."""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from impasto.models.atomic import written_aside

from .evaluate import ReferenceStyle, at_short_side
from .scenes import Scene

Frames = Sequence[np.ndarray]

CELL = 150  # px: height of a painted picture on the sheet
STYLE = 190  # px: width of the column of styles
GAP, GROUP = 4, 18  # px: between pictures, between styles
STRIP = 20  # px: the models' names, upright beside their rows
LEAD = 5  # frames painted before the one shown
ROWS = 24  # of pictures on a sheet; what is more goes on the next one
PAPER, INK, FAINT = (255, 255, 255), (30, 30, 30), (120, 120, 120)


def run_up(scene: Scene) -> Frames:
    """The frame in a scene's middle, or the next that has one before it, after up to `LEAD` that lead up to it."""
    follows = [a + 1 == b for a, b in pairwise(scene.numbers)]
    count = len(scene.frames)
    shown = next((t for t in range(max(1, count // 2), count) if follows[t - 1]), count // 2)
    first = shown
    while first > max(0, shown - LEAD) and follows[first - 1]:
        first -= 1
    return scene.frames[first : shown + 1]


def write_sheets(
    folder: Path,
    painters: Mapping[str, object],
    styles: Sequence[ReferenceStyle],
    contents: Mapping[str, Frames],
    size: int,
    notes: Mapping[str, Sequence[str]] | None = None,
) -> list[Path]:
    """contact_sheet.png, and contact_sheet_2.png and so on where there are many styles; returns what was written.

    contents by name: neighbouring frames, uint8 RGB [H,W,3], of which the last is shown, painted in order with their
    short side at `size` px and then shrunk. Across: contents, unpainted on top. Down: styles, in each the models.
    notes: lines to be written below a style, by its name.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sized = {name: [at_short_side(frame, size) for frame in frames] for name, frames in contents.items()}
    per_sheet, written = max(1, ROWS // len(painters)), []
    for first in range(0, len(styles), per_sheet):
        number = first // per_sheet + 1
        written.append(folder / ("contact_sheet.png" if number == 1 else f"contact_sheet_{number}.png"))
        sheet = contact_sheet(painters, styles[first : first + per_sheet], sized, notes)
        with written_aside(written[-1]) as aside:
            sheet.save(aside, optimize=True)
    return written


def contact_sheet(
    painters: Mapping[str, object],
    styles: Sequence[ReferenceStyle],
    contents: Mapping[str, Frames],
    notes: Mapping[str, Sequence[str]] | None = None,
) -> Image.Image:
    """One sheet; contents are painted as they are. notes: as for `write_sheets`."""
    # where everything goes: a column a content, a group of rows a style
    widths = [round(CELL * f[-1].shape[1] / f[-1].shape[0]) for f in contents.values()]
    lefts = STYLE + STRIP + GAP + np.cumsum([0, *(w + GAP for w in widths)])
    group = len(painters) * (CELL + GAP) - GAP
    if len(painters) == 1:
        group += STRIP  # room for the style's name
    top = CELL + STRIP + GROUP
    sheet = Image.new("RGB", (int(lefts[-1]) + GAP, top + len(styles) * (group + GROUP)), PAPER)
    draw = ImageDraw.Draw(sheet)
    # the contents, unpainted, on top
    for (name, frames), left, width in zip(contents.items(), lefts, widths, strict=False):
        sheet.paste(_shrunk(frames[-1], width, CELL), (int(left), GAP))
        _write(draw, (left + width / 2, GAP + CELL + 3), name, width, FAINT)
    # each style with its picture at the left, and a row of paintings for each model
    for i, style in enumerate(styles):
        y = top + i * (group + GROUP)
        _paste_style(sheet, draw, style, y, group, (notes or {}).get(style.name, ()))
        for j, (name, painter) in enumerate(painters.items()):
            row = y + j * (CELL + GAP)
            _write_upright(sheet, name, (STYLE, row))
            painter.use([painter.encode(style.picture)])
            for frames, left, width in zip(contents.values(), lefts, widths, strict=False):
                painter.reset()
                painted = [painter.paint(frame) for frame in frames]
                sheet.paste(_shrunk(painted[-1], width, CELL), (int(left), row))
    return sheet


def _paste_style(
    sheet: Image.Image, draw: ImageDraw.ImageDraw, style: ReferenceStyle, y: int, room: int, notes: Sequence[str]
) -> None:
    """The style's picture as large as its column and rows allow, its name below, then the notes as far as they fit."""
    h, w = style.picture.shape[:2]
    # as large as the column is wide and the group is high, but a narrow strip is not blown up
    scale = min((STYLE - 2 * GAP) / w, (room - STRIP) / h, 1.2 * CELL / h)
    width, height = round(w * scale), round(h * scale)
    sheet.paste(_shrunk(style.picture, width, height), (GAP + (STYLE - 2 * GAP - width) // 2, y))
    third = f" · {style.third}" if style.third else ""
    _write(draw, (STYLE / 2, y + height + 3), f"{style.name}{third}", STYLE - 2 * GAP, INK)
    for i, note in enumerate(notes, 1):
        if height + (i + 1) * STRIP <= room + GROUP:
            _write(draw, (STYLE / 2, y + height + 3 + i * STRIP), note, STYLE - 2 * GAP, FAINT)


def _write(draw: ImageDraw.ImageDraw, top_middle: tuple[float, float], text: str, width: float, colour) -> None:
    """A line of text, its middle left out where it is wider than `width`."""
    font, kept = _font(), len(text)
    short = text
    while font.getlength(short) > width and kept > 2:
        kept -= 1
        short = f"{text[: kept - kept // 2]}…{text[len(text) - kept // 2 :]}"
    draw.text(top_middle, short, colour, font, anchor="ma")


def _write_upright(sheet: Image.Image, text: str, corner: tuple[int, int]) -> None:
    strip = Image.new("RGB", (CELL, STRIP), PAPER)
    _write(ImageDraw.Draw(strip), (CELL / 2, 3), text, CELL, INK)
    sheet.paste(strip.rotate(90, expand=True), corner)


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), 12)  # comes with matplotlib


def _shrunk(picture: np.ndarray, width: int, height: int) -> Image.Image:
    return Image.fromarray(cv2.resize(picture, (max(1, width), max(1, height)), interpolation=cv2.INTER_AREA))
