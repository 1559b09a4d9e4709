"""Painting only the person, or only the rest: finds where frames show a person, and mixes paintings by that mask.

The formulas are in `models/rules.py`; what is not here is computed by the graphs in `models/person`.
From outside: `PersonPainter`, `painters_of`, `composed`, `check_only`, `PersonMask`, `share`, `mix`.
"""

from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from impasto.models.errors import BadInput
from impasto.models.rules import LUMA, PERSON_CURVE, PERSON_HOLD, PERSON_LEAST, person_size
from impasto.models.store import person_file

from .painter import Painter
from .sessions.session import open_session, run
from .steady import Motion

ONLY = ("person", "background")  # what can be painted alone


def painters_of(painter: Any) -> Sequence[Any]:
    """The painters that paint every frame: those of a `PersonPainter`, or the painter itself."""
    return painter.painters if isinstance(painter, PersonPainter) else [painter]


def composed(
    painter: Any, paintings: Sequence[np.ndarray], frame: np.ndarray, motion: Motion | None = None
) -> np.ndarray:
    """What a painter shows of a frame, given the paintings of it by each of its `painters_of`; all uint8 RGB [H,W,3].

    motion: how the frame has moved since the one before, as the painter of these paintings knows it.
    """
    return painter.compose(paintings, frame, motion) if isinstance(painter, PersonPainter) else paintings[0]


def check_only(only: str | None) -> str | None:
    """What to paint alone: "person", "background", or None for everything. Raises BadInput for anything else."""
    if only is not None and only not in ONLY:
        raise BadInput(f"Only the {ONLY[0]} or the {ONLY[1]} can be painted, not {only!r}.")
    return only


class PersonMask:
    """Where the frames of one clip, all of one size, show a person. Frames must come in order: each mask builds on the
    last."""

    def __init__(self, device: str = "cpu"):
        self._session = open_session(person_file(), device, 1)
        self._carry = open_session(person_file("carry"), device, 1)
        self._last: np.ndarray | None = None
        self.most = 0.0  # the largest share of a frame, so far, that was taken for a person

    def reset(self) -> None:
        """Forget the mask before: another scene begins."""
        self._last = None

    @property
    def found(self) -> bool:
        """Whether any frame showed a person, so far or since `most` was set to 0."""
        return self.most >= PERSON_LEAST

    def look(self, frame: np.ndarray, motion: Motion | None = None) -> np.ndarray:
        """The next frame, uint8 RGB [H,W,3] → a and b of its mask, float32 [2,h,w], for `share`.

        The mask before is carried along the motion; without a motion it stays where it was.
        """
        size = person_size(frame.shape[1], frame.shape[0])
        smaller = size[0] < frame.shape[1] and size[1] < frame.shape[0]
        picture = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
        planes = np.ascontiguousarray(picture.transpose(2, 0, 1)[None], np.float32) / 255
        last = self._last
        if last is None or last.shape[2:] != planes.shape[2:]:
            last, hold = np.zeros_like(planes[:, :1]), 0.0
        else:
            hold = PERSON_HOLD
            if motion is not None:
                (last,) = run(self._carry, ["carried"], {"found": last, **motion._asdict()})
        inputs = {"picture": planes, "last": last, "hold": np.array([hold], np.float32)}
        self._last, lines = run(self._session, ["mask", "lines"], inputs)
        self.most = max(self.most, float(np.mean(self._last > 0.5)))
        return lines[0]


def share(frame: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """How far each pixel of a frame, uint8 RGB [H,W,3], shows a person: float32 [H,W] in 0…1. lines: from `look`."""
    low, high = PERSON_CURVE
    size, slope = frame.shape[1::-1], 1 / (high - low)
    red, green, blue = cv2.split(frame)
    luminance = cv2.addWeighted(red, LUMA[0], green, LUMA[1], 0, dtype=cv2.CV_32F)  # 0…255
    luminance = cv2.scaleAdd(blue.astype(np.float32), LUMA[2], luminance)
    # t = clip((a·Y + b − low) / (high − low), 0, 1); the constant factors are applied to a and b while they are small.
    a, b = lines[0] * np.float32(slope / 255), (lines[1] - np.float32(low)) * np.float32(slope)
    t = cv2.multiply(cv2.resize(a, size, interpolation=cv2.INTER_LINEAR), luminance, dst=luminance)
    t = cv2.add(t, cv2.resize(b, size, interpolation=cv2.INTER_LINEAR), dst=t)
    np.clip(t, 0, 1, out=t)
    return t * t * (3 - 2 * t)


def mix(share: np.ndarray, person: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """share · person + (1 − share) · rest: share float32 [H,W] in 0…1, both pictures uint8 [H,W,3] → uint8 [H,W,3]."""
    return cv2.blendLinear(person, rest, share, 1 - share)


class PersonPainter:
    """Paints only the person, only the rest, or each in a style of its own. It is used like a `Painter`.

    Code that runs its `painters` by itself passes their paintings to `compose`, frame by frame.
    """

    def __init__(self, painter: Painter, only: str | None = None, background: Painter | None = None):
        """only: "person" or "background"; background: a painter for everything but the person. Give one of the two;
        raises BadInput for both."""
        if only is not None and background is not None:
            raise BadInput("Where only the person or only the background is painted, there is no second style.")
        self.only = check_only(only)
        self.painters: Sequence[Painter] = [painter] if background is None else [painter, background]
        self.mask = PersonMask()

    def reset(self) -> None:
        """Forget the previous frames: a new clip, or a new scene, begins."""
        self.mask.reset()
        for painter in self.painters:
            painter.reset()

    def paint(self, frame: np.ndarray, time: float | None = None) -> np.ndarray:
        """A frame, uint8 RGB [H,W,3], painted: the same shape. time: as for `Painter.paint`."""
        paintings = [painter.paint(frame, time) for painter in self.painters]
        return self.compose(paintings, frame, self.painters[0].motion)

    def compose(self, paintings: Sequence[np.ndarray], frame: np.ndarray, motion: Motion | None = None) -> np.ndarray:
        """The paintings of the next frame and the frame itself, all uint8 RGB [H,W,3] → what is shown, the same.

        motion: `motion` of one of the painters.
        """
        shown = share(frame, self.mask.look(frame, motion))
        if self.only == "background":
            return mix(shown, frame, paintings[0])
        return mix(shown, paintings[0], frame if self.only else paintings[1])

    def settings(self) -> dict:
        """As `Painter.settings`, and what part of the frames is painted."""
        first, *others = (painter.settings() for painter in self.painters)
        return {**first, "only": self.only, **({"background": others[0]} if others else {})}
