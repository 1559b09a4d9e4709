"""The size that frames are painted at."""

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.working_size import working_size


@pytest.mark.parametrize(
    ("size", "short", "even", "expected"),
    [
        ((1920, 1080), 288, True, (512, 288)),
        ((1080, 1920), 288, True, (288, 512)),
        ((854, 480), 480, True, (854, 480)),
        ((853, 479), 479, True, (852, 478)),
        ((853, 479), 479, False, (853, 479)),
        ((853, 480), 360, True, (640, 360)),
        ((64, 48), 96, True, (128, 96)),
        ((1, 1), 1, True, (2, 2)),
        ((1, 1), 1, False, (1, 1)),
    ],
)
def test_the_size_that_frames_are_painted_at(size, short, even, expected):
    assert working_size(*size, short, even=even) == expected


@pytest.mark.parametrize("short", [0, -5, 100_000])
def test_impossible_sizes_are_refused(short):
    with pytest.raises(BadInput):
        working_size(640, 360, short)
