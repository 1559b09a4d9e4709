"""The size that a picture or a clip is painted or written at."""

from fractions import Fraction

from impasto.models.errors import BadInput
from impasto.models.number import is_whole

MAX_SIDE = 16_384  # what H.264 can carry


def working_size(width: int, height: int, short_side: int, *, even: bool = True) -> tuple[int, int]:
    """Scale (width, height) so that the shorter side is `short_side`, keeping the aspect to within a pixel.

    With `even`, as H.264 needs, both sides are rounded to even numbers: down by at most one pixel where nothing is
    scaled, to the nearest otherwise. Raises BadInput for a size below 1 or a side that no codec can carry.
    """
    if not is_whole(short_side) or short_side < 1:
        raise BadInput(f"The size must be a whole number of pixels, at least 1, not {short_side!r}.")
    scale = Fraction(short_side, min(width, height))
    sides = [side * scale for side in (width, height)]
    if even:
        sides = [side // 2 * 2 if scale == 1 else _rounded(side / 2) * 2 for side in sides]
    sides = [max(_rounded(side), 2 if even else 1) for side in sides]
    if max(sides) > MAX_SIDE:
        raise BadInput(f"The output would be {sides[0]}x{sides[1]}; choose a smaller size (sides end at {MAX_SIDE}).")
    return sides[0], sides[1]


def _rounded(length: Fraction) -> int:
    """To the nearest whole number, halves up, as the page rounds."""
    return int(length + Fraction(1, 2))
