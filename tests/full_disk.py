"""A disk that is full, for as long as a block lasts."""

import resource
from contextlib import contextmanager

ROOM = 8000  # bytes: less than what is written in tests has


@contextmanager
def full_disk(room=ROOM):
    """No file may grow larger, which the system refuses by EFBIG, as it refuses by ENOSPC where a disk is full."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
