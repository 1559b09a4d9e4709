"""What counts as a number where a person or program gives one: not True and False, which Python takes for 1 and 0."""

import math
from numbers import Integral, Real
from typing import TypeGuard


def is_number(value: object) -> TypeGuard[float]:
    """Whether this is a finite number that a float can hold, NumPy's own included."""
    try:
        return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:  # 10**400
        return False


def is_whole(value: object) -> TypeGuard[int]:
    """Whether this is a whole number by its type: 2, and not 2.0."""
    return isinstance(value, Integral) and not isinstance(value, bool)
