"""The example that the page for files shows before there is a clip."""

from pathlib import Path

import av

import impasto.webapp

EXAMPLE = Path(impasto.webapp.__path__[0]) / "page" / "src" / "studio" / "example"


def times(name):
    """When the frames are shown, in seconds, and how long the whole lasts."""
    with av.open(str(EXAMPLE / name)) as container:
        (stream,) = container.streams.video
        shown = [float(frame.pts * stream.time_base) for frame in container.decode(stream)]
        return shown, float(stream.duration * stream.time_base)


def test_clip_and_painting_move_in_step():
    shown, lasts = times("source.mp4")
    assert lasts > 3
    assert len(set(shown)) == len(shown) > 75
    assert times("painted.mp4") == (shown, lasts)
