"""Decoded frames through FFmpeg's own filters: side data that PyAV can name, interlaced frames made whole.

From outside: `display_matrix`, `Deinterlacer`.
"""

from fractions import Fraction

import av
import av.error
import av.filter
from av.sidedata.sidedata import Type

# FFmpeg gains kinds of side data (EXIF, the views of spatial video) before PyAV's table does, and PyAV then refuses
# to list any of a frame's. The kinds beyond its table are taken off first; FFmpeg 8 has 32, so 64 leaves room.
_UNNAMED = sorted(set(range(64)) - {kind.value for kind in Type})

_LEAST_SIDE = 4  # bwdif takes nothing smaller


def display_matrix(frame: av.VideoFrame) -> bytes | None:
    """The frame's display matrix, nine int32, or None; whatever else the frame carries."""
    try:
        found = frame.side_data.get("DISPLAYMATRIX")
    except ValueError:
        found = _without_unnamed(frame).side_data.get("DISPLAYMATRIX")
    return None if found is None else bytes(found)


def _without_unnamed(frame: av.VideoFrame) -> av.VideoFrame:
    graph = av.filter.Graph()
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base)
    removers = [graph.add("sidedata", f"mode=delete:type={number}") for number in _UNNAMED]
    graph.link_nodes(source, *removers, graph.add("buffersink")).configure()
    graph.vpush(frame)
    return graph.vpull()


class Deinterlacer:
    """Interlaced frames -> progressive ones of the same number and times; others pass untouched.

    Bob Weaver deinterlacing (FFmpeg's bwdif, after BBC R&D's w3fdif and yadif), one frame for two fields. Nothing is
    set up before the first interlaced frame; from then on frames come one late, so that `flush` brings the last.
    """

    def __init__(self):
        self.graph: av.filter.Graph | None = None
        self.kind: tuple = ()

    def push(self, frame: av.VideoFrame) -> list[av.VideoFrame]:
        """The frames that are ready; `pts` and `time_base` say when they are shown."""
        if self.graph is None and not (frame.interlaced_frame and min(frame.width, frame.height) >= _LEAST_SIDE):
            return [frame]
        kind = (frame.width, frame.height, frame.format.name, frame.time_base)
        before = [] if kind == self.kind else self.flush()
        if self.graph is None:
            self.graph, self.kind = _bwdif(frame), kind
        self.graph.vpush(frame)
        return before + self._pull()

    def flush(self) -> list[av.VideoFrame]:
        """The frames still inside."""
        if self.graph is None:
            return []
        self.graph.vpush(None)
        rest, self.graph = self._pull(), None
        return rest

    def _pull(self) -> list[av.VideoFrame]:
        ready = []
        while self.graph is not None:
            try:
                ready.append(self.graph.vpull())
            except (av.error.BlockingIOError, av.error.EOFError):
                break
        return ready


def _bwdif(frame: av.VideoFrame) -> av.filter.Graph:
    graph = av.filter.Graph()
    base = frame.time_base or Fraction(1)
    source = graph.add_buffer(width=frame.width, height=frame.height, format=frame.format, time_base=base)
    graph.link_nodes(source, graph.add("bwdif", "mode=send_frame:deint=interlaced"), graph.add("buffersink"))
    graph.configure()
    return graph
