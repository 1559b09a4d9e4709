"""Broadcasts joined from pieces: their clock begins anew there, and what is painted goes on.

From outside: `Clock`, `is_join`. Segments of a live stream, saved one behind the other, and recordings joined by hand
are such.
"""

from fractions import Fraction
from pathlib import Path

import av

# Seconds by which a track's packets may go back, or skip time, on one and the same clock. FFmpeg's command line takes
# ten for a clock that begins anew, too.
_BACK, _AHEAD = Fraction(1, 2), Fraction(10)


class Clock:
    """Sets the packets of a broadcast to one clock. To be shown all packets of picture and sound in the order of the
    file, so that everything that reads it finds the same times."""

    def __init__(self):
        self.joined = False
        self._shift = self._before = Fraction(0)  # seconds added to times, and to those before the last join
        self._ends: dict[int, Fraction] = {}  # of each track, when its last packet ended
        self._behind: set[int] = set()  # tracks that have not reached the last join yet

    def set(self, packet: av.Packet) -> None:
        """Moves the packet's times."""
        if packet.dts is None or not packet.time_base:
            return
        shift = self._shift
        if packet.stream.type in ("video", "audio"):
            shift = self._shift_of(packet, packet.dts * packet.time_base)
        ticks = round(shift / packet.time_base)
        packet.dts += ticks
        packet.pts = None if packet.pts is None else packet.pts + ticks

    def _shift_of(self, packet: av.Packet, at: Fraction) -> Fraction:
        track = packet.stream_index
        end = self._ends.get(track, at + self._shift)
        if track in self._behind:
            if abs(at + self._before - end) < abs(at + self._shift - end):
                self._ends[track] = at + self._before + (packet.duration or 0) * packet.time_base
                return self._before
            self._behind.discard(track)
        if not -_BACK < at + self._shift - end < _AHEAD:
            self._before, self._shift, self.joined = self._shift, max(self._ends.values()) - at, True
            self._behind = set(self._ends) - {track}
        self._ends[track] = at + self._shift + (packet.duration or 0) * packet.time_base
        return self._shift


_PACKET, _SYNC = 188, 0x47  # bytes of a packet of MPEG-TS (ISO/IEC 13818-1, 2.4.3), and its first
# Bytes that FFmpeg counts to a packet: itself, with a camera's or a Blu-ray's time stamp before it (M2TS), or with the
# error correction of the one before (DVB).
_STRIDES = (_PACKET, 192, 204)


def is_join(path: Path, start: int, end: int) -> bool:
    """Whether recordings were joined between the packets of one track at two places of an MPEG-TS, bytes, with nothing
    missing: its counter does not go on, but only where a table of programs (PAT) and a new picture begin."""
    if not 0 <= start < end:
        return False
    with path.open("rb") as file:
        file.seek(start)
        data = file.read(end - start + max(_STRIDES))
    headers = _headers(data, end - start)
    track, counter, begins, joined = headers[0][1:3] if headers else b"", None, False, False
    for _, high, low, flags in headers:
        if (high & 0x1F, low) == (track[0] & 0x1F, track[1]):
            goes_on = counter is None or not flags & 0x10 or flags & 0x0F == (counter + 1) & 0x0F
            if not (goes_on or (begins and high & 0x40)):
                return False
            joined = joined or not goes_on
            counter, begins = flags & 0x0F, False
        elif (high & 0x1F, low) == (0, 0):
            begins = True
    return joined


def _headers(data: bytes, length: int) -> list[bytes]:
    """The first four bytes of every packet that begins in the first `length` bytes, and of the next; none where these
    are not packets of MPEG-TS."""
    for stride in _STRIDES:
        lead = stride - _PACKET
        headers = [data[at : at + 4] for at in range(lead, lead + length + 1, stride)]
        if all(len(header) == 4 and header[0] == _SYNC for header in headers):
            return headers
    return []
