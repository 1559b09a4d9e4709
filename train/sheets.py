"""Contact sheets: every style on every content by every model, to be looked at."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np
from matplotlib.font_manager import findfont
from PIL import Image, ImageDraw, ImageFont

from impasto.train.evaluate import Style

CELL = 150  # px: height of a painted picture on the sheet
STYLE = 190  # px: width of the column of styles
GAP, GROUP = 4, 18  # px: between pictures, between styles
STRIP = 20  # px: the models' names, upright beside their rows
ROWS = 24  # of pictures on a sheet; what is more goes on the next one
PAPER, INK, FAINT = (255, 255, 255), (30, 30, 30), (120, 120, 120)


def write_sheets(
    folder: Path, painters: Mapping[str, object], styles: Sequence[Style], contents: Mapping[str, np.ndarray], size: int
) -> list[Path]:
    """contact_sheet.png, and contact_sheet_2.png and so on where there are many styles; returns what was written.

    contents by name, uint8 RGB [H,W,3], painted with their short side at `size` px and then shrunk. Across: contents,
    unpainted on top. Down: styles, and within each the models.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sized = {name: _at_short_side(picture, size) for name, picture in contents.items()}
    per_sheet, written = max(1, ROWS // len(painters)), []
    for first in range(0, len(styles), per_sheet):
        number = first // per_sheet + 1
        written.append(folder / ("contact_sheet.png" if number == 1 else f"contact_sheet_{number}.png"))
        contact_sheet(painters, styles[first : first + per_sheet], sized).save(written[-1], optimize=True)
    return written


def contact_sheet(
    painters: Mapping[str, object], styles: Sequence[Style], contents: Mapping[str, np.ndarray]
) -> Image.Image:
    """One sheet; contents are painted as they are."""
    widths = [round(CELL * p.shape[1] / p.shape[0]) for p in contents.values()]
    lefts = STYLE + STRIP + GAP + np.cumsum([0, *(w + GAP for w in widths)])
    group = len(painters) * (CELL + GAP) - GAP
    if len(painters) == 1:
        group += STRIP  # room for the style's name
    top = CELL + STRIP + GROUP
    sheet = Image.new("RGB", (int(lefts[-1]) + GAP, top + len(styles) * (group + GROUP)), PAPER)
    draw = ImageDraw.Draw(sheet)
    for (name, picture), left, width in zip(contents.items(), lefts, widths, strict=False):
        sheet.paste(_shrunk(picture, width, CELL), (int(left), GAP))
        _write(draw, (left + width / 2, GAP + CELL + 3), name, width, FAINT)
    for i, style in enumerate(styles):
        y = top + i * (group + GROUP)
        _paste_style(sheet, draw, style, y, group)
        for j, (name, painter) in enumerate(painters.items()):
            row = y + j * (CELL + GAP)
            _write_upright(sheet, name, (STYLE, row))
            painter.use([painter.encode(style.picture)])
            for picture, left, width in zip(contents.values(), lefts, widths, strict=False):
                painter.reset()
                sheet.paste(_shrunk(painter.paint(picture), width, CELL), (int(left), row))
    return sheet


def _paste_style(sheet: Image.Image, draw: ImageDraw.ImageDraw, style: Style, y: int, room: int) -> None:
    """The style's picture as large as its column and rows allow, its name below."""
    h, w = style.picture.shape[:2]
    scale = min((STYLE - 2 * GAP) / w, (room - STRIP) / h, 1.2 * CELL / h)
    width, height = round(w * scale), round(h * scale)
    sheet.paste(_shrunk(style.picture, width, height), (GAP + (STYLE - 2 * GAP - width) // 2, y))
    third = f" · {style.third}" if style.third else ""
    _write(draw, (STYLE / 2, y + height + 3), f"{style.name}{third}", STYLE - 2 * GAP, INK)


def _write(draw: ImageDraw.ImageDraw, top_middle: tuple[float, float], text: str, width: float, colour) -> None:
    """A line of text, cut to the width."""
    font = _font()
    while font.getlength(text) > width and len(text) > 2:
        text = text[:-2] + "…"
    draw.text(top_middle, text, colour, font, anchor="ma")


def _write_upright(sheet: Image.Image, text: str, corner: tuple[int, int]) -> None:
    strip = Image.new("RGB", (CELL, STRIP), PAPER)
    _write(ImageDraw.Draw(strip), (CELL / 2, 3), text, CELL, INK)
    sheet.paste(strip.rotate(90, expand=True), corner)


def _font() -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(findfont("DejaVu Sans"), 12)  # comes with matplotlib


def _shrunk(picture: np.ndarray, width: int, height: int) -> Image.Image:
    return Image.fromarray(cv2.resize(picture, (max(1, width), max(1, height)), interpolation=cv2.INTER_AREA))


def _at_short_side(picture: np.ndarray, side: int) -> np.ndarray:
    scale = side / min(picture.shape[:2])
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how)
