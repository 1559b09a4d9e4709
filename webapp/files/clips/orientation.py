"""Which way up a clip is shown: display matrices, as phones write them."""

from dataclasses import dataclass

import numpy as np

from .filters import display_matrix


@dataclass(frozen=True)
class Orientation:
    """How stored pixels become upright ones: transpose first, then mirror left-right, then top-bottom."""

    transpose: bool = False
    mirror_x: bool = False
    mirror_y: bool = False

    @classmethod
    def from_display_matrix(cls, data: bytes) -> "Orientation":
        """Read a display matrix: nine int32, row by row, as containers and frames carry it.

        A stored point (p, q) is shown at (a·p + c·q, b·p + d·q). Angles between multiples of 90° go to the nearest.
        """
        a, b, _, c, d, *_ = np.frombuffer(data, np.int32, 9).tolist()
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(transpose=False, mirror_x=a < 0, mirror_y=d < 0)
        return cls(transpose=True, mirror_x=c < 0, mirror_y=b < 0)

    @classmethod
    def of(cls, frame) -> "Orientation":
        """That of a PyAV frame; as stored where it says nothing."""
        matrix = display_matrix(frame)
        return cls() if matrix is None else cls.from_display_matrix(matrix)

    def apply(self, rgb: np.ndarray) -> np.ndarray:
        """Turn HxWx3 pixels upright; contiguous, W and H exchanged when transposed."""
        if self.transpose:
            rgb = rgb.transpose(1, 0, 2)
        return np.ascontiguousarray(rgb[:: -1 if self.mirror_y else 1, :: -1 if self.mirror_x else 1])

    def turn_size(self, size: tuple[int, int]) -> tuple[int, int]:
        """(width, height) on the other side of the turn; it is its own inverse."""
        return (size[1], size[0]) if self.transpose else size
