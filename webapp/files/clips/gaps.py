"""Frames that a clip has lost without its decoder noticing: seen in its time stamps, its header, and where it ends.

From outside: `Gaps`, `describe`.
"""

import struct
from collections import Counter
from collections.abc import Generator
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from .opening import is_broadcast
from .probe import ClipInfo
from .read import Frame

# A step between two frames is a gap where it is this many times the usual one and this much longer, in seconds.
_TIMES_USUAL, _LONGER = 3, 0.15
_REGULAR = 0.9  # share of usual steps from which a clip has a rate at all: slide shows and screen recordings have none
_EBML_SEGMENT, _EBML_CLUSTER = 0x18538067, 0x1F43B675
_ASF_FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_BROADCAST = 1  # flag: written live, sizes unknown


class Gaps:
    """Watches the frames of a clip go by; `found` says afterwards what is missing."""

    def __init__(self, info: ClipInfo):
        self.info = info
        self._steps: Counter[int] = Counter()
        self._long: list[tuple[int, int]] = []  # start and length of steps that may be gaps, in ticks
        self._last: int | None = None
        self._end = self._count = 0

    def watch(self, frames: Generator[Frame]) -> Generator[Frame]:
        """Yield the frames as they come."""
        with closing(frames):
            for frame in frames:
                if self._last is not None:
                    step = frame.pts - self._last
                    self._steps[step] += 1
                    if step * self.info.time_base > _LONGER:
                        self._long.append((self._last, step))
                self._last, self._end = frame.pts, frame.pts + frame.duration
                self._count += 1
                yield frame

    def found(self) -> list[dict]:
        """What is missing: {"at", "seconds"}, from when and how long; seconds is None where it is not known."""
        tick = float(self.info.time_base)
        usual = self._usual_step()
        gaps = [
            {"at": round((start + usual) * tick, 3), "seconds": round((step - usual) * tick, 3)}
            for start, step in self._long
            if usual and step > _TIMES_USUAL * usual and (step - usual) * tick > _LONGER
        ]
        if gaps:
            return gaps
        missing = self.info.declared_frames - self._count
        if missing > max(2, self._count / 100):
            return [{"at": None, "seconds": round(float(missing / self.info.frame_rate), 3)}]
        short = (self.info.declared_seconds or 0) - self._end * tick
        if not is_broadcast(self.info.container) and short > max(_LONGER, _TIMES_USUAL / float(self.info.frame_rate)):
            return [{"at": round(self._end * tick, 3), "seconds": round(short, 3)}]
        if ends_early(self.info.path, self.info.container):
            return [{"at": round(self._end * tick, 3), "seconds": None}]
        return []

    def _usual_step(self) -> int:
        """The median step in ticks; 0 where steps have no usual length."""
        total, seen = sum(self._steps.values()), 0
        for step in sorted(self._steps):
            seen += self._steps[step]
            if 2 * seen >= total:
                near = sum(n for other, n in self._steps.items() if abs(other - step) <= max(step / 2, 1))
                return step if near >= _REGULAR * total else 0
        return 0


def describe(gaps: list[dict]) -> str:
    """Gaps in words, no full stop: "frames are missing at 2.08 s (1.04 s)"; nothing for none."""
    if not gaps:
        return ""
    places = []
    for gap in gaps[:3]:
        at = "" if gap["at"] is None else f" at {gap['at']:.2f} s"
        places.append(f"{at} ({gap['seconds']:.2f} s)" if gap["seconds"] is not None else f"{at}, where the file ends")
    more = f" and in {len(gaps) - 3} more places" if len(gaps) > 3 else ""
    return f"frames are missing{','.join(places)}{more}"


def ends_early(path: Path, container: str) -> bool:
    """Whether a file says of itself that it goes on: an element, a box or a header that promises more bytes."""
    size = path.stat().st_size
    with path.open("rb") as file:
        if "matroska" in container:
            return _ebml_ends_early(file, size)
        if "mp4" in container:
            return _boxes_end_early(file, size)
        head = file.read(8192)
        if container == "avi":
            return 8 + struct.unpack("<I", head[4:8])[0] > size
        if container == "asf":
            return _asf_ends_early(head, size)
        if container == "ogg":
            file.seek(max(size - 65536 - 512, 0))
            tail = file.read()
            last = tail.rfind(b"OggS")
            return last >= 0 and not tail[last + 5] & 4  # the flag of a stream's last page
    return False


def _boxes_end_early(file: BinaryIO, size: int) -> bool:
    at = 0
    while at + 8 <= size:
        file.seek(at)
        head = file.read(16)
        length = struct.unpack(">I", head[:4])[0]
        if length == 1 and len(head) == 16:
            length = struct.unpack(">Q", head[8:])[0]
        if length < 8:  # 0: up to the end of the file
            return False
        at += length
    return at > size


def _asf_ends_early(head: bytes, size: int) -> bool:
    at = head.find(_ASF_FILE_PROPERTIES)
    if at < 0 or len(head) < at + 92:
        return False
    stated, flags = struct.unpack_from("<Q", head, at + 40)[0], struct.unpack_from("<I", head, at + 88)[0]
    return not flags & _ASF_BROADCAST and stated > size


def _ebml_ends_early(file: BinaryIO, size: int) -> bool:
    """Walk the elements of a Matroska file (RFC 8794), into segments and clusters, which may have no stated size."""
    at = 0
    while at < size:
        file.seek(at)
        head = file.read(12)
        kind, width = _ebml_number(head, marker=True)
        length, more = _ebml_number(head[width:], marker=False) if width else (0, 0)
        if not width or width > 4 or not more:
            return False  # lost the thread, as after a cut: time stamps tell then
        at += width + more
        unknown = length == (1 << 7 * more) - 1
        if kind == _EBML_SEGMENT and not unknown and at + length > size:
            return True
        if kind in (_EBML_SEGMENT, _EBML_CLUSTER) and (unknown or at + length > size):
            continue
        if kind != _EBML_SEGMENT:
            at += length
    return at > size


def _ebml_number(data: bytes, marker: bool) -> tuple[int, int]:
    """A number of variable length and how many bytes it takes; 0 bytes where there is none."""
    if not data or data[0] == 0:
        return 0, 0
    width = 9 - data[0].bit_length()
    if len(data) < width:
        return 0, 0
    number = int.from_bytes(data[:width], "big")
    return (number if marker else number & (1 << 7 * width) - 1), width
