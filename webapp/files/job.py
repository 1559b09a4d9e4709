"""What is painted with, how, and who is told: the same for every kind of file.

From outside: `FramePainter`, `Job`, `begin_file`, `persons_found`, `CLIP_SHORT_SIDE`, `IMAGE_SHORT_SIDE`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from impasto.export.runtime.person import PersonPainter, composed
from impasto.export.runtime.steady import Motion
from impasto.models.errors import BadInput

from .brush_size import shrink
from .clips.probe import ClipLimits
from .clips.span import WHOLE, Span
from .detail import enlarge
from .working_size import working_size

# Shorter sides in pixels that are painted at most, unless a size is asked for.
CLIP_SHORT_SIDE = 720
IMAGE_SHORT_SIDE = 1440

Progress = Callable[[int, int], None]


class FramePainter(Protocol):
    """Anything that paints frames: `paint` maps uint8 RGB [H,W,3] to the same, `reset` says that a new file begins."""

    def paint(self, frame: np.ndarray, /) -> np.ndarray: ...

    def reset(self) -> None: ...


@dataclass(frozen=True)
class Job:
    """The options of `stylize_path`, by the same names."""

    painter: FramePainter
    size: int | None = None
    limits: ClipLimits = field(default_factory=ClipLimits)
    progress: Progress | None = None
    cancelled: Callable[[], bool] | None = None
    span: Span = WHOLE
    brush_size: int | None = None
    show: Callable[[np.ndarray], None] | None = None
    cores: int | None = None
    also_read: Sequence[Any] = ()

    def shrink(self, rgb: np.ndarray) -> np.ndarray:
        """The frame at the size it is painted at, which makes the strokes as broad as asked for: see `brush_size`."""
        return shrink(rgb, self.brush_size)

    def finish(
        self, painted: Sequence[np.ndarray], small: np.ndarray, rgb: np.ndarray, motion: Motion | None = None
    ) -> np.ndarray:
        """What is shown of the frame `rgb`, at its own size. painted: the paintings of `small`, the frame as `shrink`
        made it, one by each of `painters_of` the painter; motion: how the frame has moved since the one before."""
        painting = composed(self.painter, [enlarge(checked(each, small), rgb) for each in painted], rgb, motion)
        if self.show is not None:
            self.show(painting)
        return painting

    def fit(self, width: int, height: int, cap: int, even: bool) -> tuple[int, int]:
        """The (width, height) that a source of that size is painted at; `cap` is the shorter side at most if no size
        was asked for. Raises BadInput above the pixel limit."""
        short_side = min(width, height, cap) if self.size is None else self.size
        fitted = working_size(width, height, short_side, even=even)
        most = self.limits.max_painted or self.limits.max_pixels
        if most is not None and fitted[0] * fitted[1] > most:
            raise BadInput(f"The output would be {fitted[0]}x{fitted[1]}; choose a smaller size.")
        return fitted


def begin_file(painter: FramePainter) -> None:
    """Let a painter forget the frames of the file before, and whether they showed a person."""
    painter.reset()
    if isinstance(painter, PersonPainter):
        painter.mask.most = 0.0


def persons_found(painter: FramePainter) -> dict:
    """What a file's summary says of persons: of a `PersonPainter` {"person_found": whether a frame shows one}."""
    return {"person_found": painter.mask.found} if isinstance(painter, PersonPainter) else {}


def checked(painted: np.ndarray, rgb: np.ndarray) -> np.ndarray:
    """The painting of a frame; raises ValueError for a painter that returned something else."""
    if painted.shape != rgb.shape or painted.dtype != np.uint8:
        raise ValueError(f"the painter returned {painted.dtype} {painted.shape} for uint8 {rgb.shape}")
    return painted
