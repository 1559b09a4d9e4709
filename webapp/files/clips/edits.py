"""Edit lists: which parts of an MP4's or MOV's tracks are shown, and when (ISO/IEC 14496-12, 8.6.6).

From outside: `read_edits`, `Edit`, `EditList`. FFmpeg honours lists of one part; but it lets every part play at its own
speed, shows what an empty part in the middle hides, loses the times of further parts, and in fragmented files looks at
the first part's beginning alone. The page's side is `webapp/page/src/clips/container/edits.ts`.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from impasto.models.errors import BadInput

from .span import Span

# Seconds that may be cut off either end of a sound track without its being a cut: encoders' own lead-in and padding.
LEAD_IN = Fraction(1, 10)
_PARENTS = (b"moov", b"trak", b"mdia", b"edts")
_WANTED = frozenset({b"mvhd", b"mvex", b"tkhd", b"mdhd", b"elst"})
_MOST_BYTES = 1 << 20  # of a box that is looked into; an edit list has 12 or 20 a part
_NORMAL_RATE = 1 << 16
_DEEPEST = 4
_ENDLESS = Fraction(1 << 40)  # seconds: the end of a part that has no stated length


@dataclass(frozen=True)
class Edit:
    """A part of a track that is shown: from `start` to `end` on the track's own clock, `at` on the clip's; seconds."""

    start: Fraction
    end: Fraction
    at: Fraction


@dataclass(frozen=True)
class EditList:
    """The parts of one track, in the order shown, neighbours joined."""

    edits: tuple[Edit, ...]
    media_seconds: Fraction  # how long the track is without them; 0 where its header does not say
    fragmented: bool

    @property
    def end(self) -> Fraction:
        """When the last part ends, on the clip's clock."""
        return max((edit.at + edit.end - edit.start for edit in self.edits), default=Fraction(0))

    @property
    def cuts_sound(self) -> bool:
        """Whether more is cut away than an encoder's lead-in and padding, which copied packets would bring back."""
        if len(self.edits) != 1 or self.edits[0].start > LEAD_IN:
            return True
        return self.edits[0].end < (self.media_seconds or _ENDLESS) - LEAD_IN

    def within(self, span: Span) -> "EditList":
        """What of the parts lies in a part of the clip, counted from its beginning."""
        start, end = Fraction(span.start), _ENDLESS if span.end is None else Fraction(span.end)
        edits = []
        for edit in self.edits:
            first = max(edit.at, start)
            last = min(edit.at + edit.end - edit.start, end)
            if first < last:
                moved = edit.start - edit.at
                edits.append(Edit(first + moved, last + moved, first - start))
        return EditList(tuple(edits), self.media_seconds, self.fragmented)


def read_edits(path: Path) -> dict[int, EditList]:
    """The edit lists of a file by track number; empty for files without, whatever they are.

    Raises BadInput for lists that nothing here can follow: parts that play slower, faster or as a still, an empty part
    between others, and several parts of a fragmented file.
    """
    movie, tracks, fragmented = 0, [], False
    with path.open("rb") as file:
        for kind, body in _boxes(file, 0, path.stat().st_size, 0):
            if kind == b"mvhd":
                movie = _timescale(body)[0]
            elif kind == b"mvex":
                fragmented = True
            elif kind == b"tkhd":
                tracks.append({kind: body})
            elif tracks:
                tracks[-1][kind] = body
    found = {}
    for track in tracks:
        if b"elst" not in track or b"mdhd" not in track or not movie:
            continue
        scale, length = _timescale(track[b"mdhd"])
        if not scale:
            continue
        rows = _rows(track[b"elst"])
        edits = _edits(path, rows, movie, scale, fragmented)
        if edits:
            found[_track_number(track[b"tkhd"])] = EditList(edits, Fraction(length, scale), fragmented)
    return found


def _boxes(file: BinaryIO, at: int, end: int, depth: int) -> Iterator[tuple[bytes, bytes]]:
    """The kinds and bodies of the wanted boxes in file[at:end], in their order; damage ends the walk."""
    while at + 8 <= end:
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        start = at + 8
        if size == 1 and len(head) == 16:
            size, start = struct.unpack(">Q", head[8:])[0], at + 16
        elif size == 0:
            size = end - at
        if size < start - at:
            return
        stop = min(at + size, end)
        if kind in _PARENTS and depth < _DEEPEST:
            yield from _boxes(file, start, stop, depth + 1)
        elif kind in _WANTED and depth and stop - start <= _MOST_BYTES:
            file.seek(start)
            yield kind, file.read(stop - start)
        at += size


def _timescale(body: bytes) -> tuple[int, int]:
    """Ticks a second and the length in ticks, of a `mvhd` or `mdhd`; zeros where it is damaged or does not say."""
    scale, length, unknown = (20, ">IQ", (1 << 64) - 1) if body[:1] == b"\1" else (12, ">II", (1 << 32) - 1)
    if len(body) < scale + struct.calcsize(length):
        return 0, 0
    ticks, duration = struct.unpack_from(length, body, scale)
    return ticks, 0 if duration == unknown else duration


def _track_number(body: bytes) -> int:
    at = 20 if body[:1] == b"\1" else 12
    return int.from_bytes(body[at : at + 4], "big")


def _rows(body: bytes) -> list[tuple[int, int, int]]:
    """(length in the movie's ticks, time in the track's ticks or -1, rate in 1/65536) of each part."""
    row = ">QqI" if body[:1] == b"\1" else ">IiI"
    return [
        struct.unpack_from(row, body, at) for at in range(8, len(body) - struct.calcsize(row) + 1, struct.calcsize(row))
    ][: int.from_bytes(body[4:8], "big")]


def _edits(path: Path, rows: list[tuple[int, int, int]], movie: int, scale: int, fragmented: bool) -> tuple[Edit, ...]:
    at, edits = Fraction(0), []
    for length, time, rate in rows:
        seconds = Fraction(length, movie)
        if time < 0:
            if edits and seconds:
                raise BadInput(
                    f"{path} shows nothing for a while in its middle (its edit list says so), which cannot be painted;"
                    " export it anew from an editor."
                )
        elif rate != _NORMAL_RATE:
            raise BadInput(
                f"{path} plays a part of itself slower, faster or as a still (its edit list says so), which cannot be"
                " painted; export it anew from an editor."
            )
        else:
            start = Fraction(time, scale)
            # No length in a fragmented file: the part goes on as long as fragments come.
            end = start + seconds if seconds or not fragmented else _ENDLESS
            if edits and abs(edits[-1].end - start) <= Fraction(1, movie):
                edits[-1] = Edit(edits[-1].start, end, edits[-1].at)
            else:
                edits.append(Edit(start, end, at))
        at += seconds
    if fragmented and len(edits) > 1:
        raise BadInput(
            f"{path} is fragmented and put together from several parts of itself (its edit list says so), which cannot"
            " be painted; export it anew from an editor."
        )
    return tuple(edits)
