"""A part of a clip: from when to when it is painted.

From outside: `Span`, `WHOLE`, `parse_time`.
"""

import math
import re
from dataclasses import dataclass

from impasto.models.errors import BadInput


@dataclass(frozen=True)
class Span:
    """From `start` to `end` in seconds of the clip; an `end` of None is the clip's own.

    Raises BadInput where it holds nothing, or a time is none.
    """

    start: float = 0.0
    end: float | None = None

    def __post_init__(self):
        if not (math.isfinite(self.start) and self.start >= 0):
            raise BadInput("A part of a clip begins at 0 seconds or later.")
        if self.end is not None and not (math.isfinite(self.end) and self.end > self.start):
            raise BadInput(f"The part ends at {self.end:g} s, before it begins, at {self.start:g} s.")

    @property
    def whole(self) -> bool:
        """Whether it is all of the clip."""
        return self.start == 0 and self.end is None

    def seconds(self, duration: float) -> float:
        """How much of a clip of `duration` seconds lies in it. Raises BadInput for nothing."""
        if self.start >= duration > 0:
            raise BadInput(f"The clip lasts {duration:.1f} s; a part of it cannot begin at {self.start:g} s.")
        return (duration if self.end is None else min(self.end, duration)) - self.start


WHOLE = Span()


def parse_time(text: str) -> float:
    """ "75", "1:15" or "0:01:15.5" in seconds; what follows a colon is below 60. Raises BadInput."""
    no_time = BadInput(f"{text!r} is no time; write seconds (75.5) or minutes and seconds (1:15.5).")
    *before, seconds = text.strip().split(":")
    if len(before) > 2 or not all(re.fullmatch("[0-9]+", part) for part in before):
        raise no_time
    if not re.fullmatch(r"[0-9]+\.?[0-9]*|\.[0-9]+", seconds):
        raise no_time
    numbers = [*map(float, before), float(seconds)]
    if not all(map(math.isfinite, numbers)) or any(number >= 60 for number in numbers[1:]):
        raise no_time
    return sum(number * 60**power for power, number in enumerate(reversed(numbers)))
