"""Where a clip is cut.

From outside: `Scenes`. A scene is painted and encoded by itself, so that whoever paints one alone, from its first frame
on, gets the same bytes as whoever paints the whole clip.
"""

import dataclasses
from collections.abc import Generator
from contextlib import closing

from impasto.export.runtime import scenes

from .read import Frame


class Scenes(scenes.Scenes):
    """The frames of a clip, watched."""

    def watch(self, frames: Generator[Frame]) -> Generator[Frame]:
        """The frames, told which begin a scene."""
        with closing(frames):
            for frame in frames:
                yield dataclasses.replace(frame, begins=True) if self.begins(frame.rgb) else frame
