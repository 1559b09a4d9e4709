"""Decoded frames through FFmpeg's own filters: side data that PyAV can name.

From outside: `display_matrix`.
"""

import av
import av.filter
from av.sidedata.sidedata import Type

# FFmpeg gains kinds of side data (EXIF, the views of spatial video) before PyAV's table does, and PyAV then refuses
# to list any of a frame's. The kinds beyond its table are taken off first; FFmpeg 8 has 32, so 64 leaves room.
_UNNAMED = sorted(set(range(64)) - {kind.value for kind in Type})


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
