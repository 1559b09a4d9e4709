"""The painter: runs an exported model on a stream of frames. NumPy and ONNX Runtime or OpenVINO only, no torch.

painter = Painter(load_model())
painter.use([painter.encode(picture)])
painted = painter.paint(frame)          # uint8 [H,W,3] in, the same out, any size
"""

import hashlib
import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace

import cv2
import numpy as np
import onnxruntime as ort

from impasto.models.errors import BadInput
from impasto.models.number import is_number
from impasto.models.rules import LUMA

from .model import Model, load_model
from .sessions import tiles
from .sessions.cores import CORES
from .sessions.graph_weights import check_fits, weights_of
from .sessions.lanes import Lanes
from .sessions.session import Runs, check_graph, choose_device, open_lanes, open_session, run, threads_of
from .sessions.tiles import TilesSession
from .steady import STEADY_PARTS, Motion, Steady, StepInParts
from .styles import Style, StyleEncoder, blend, blend_brushes, vector_and_brush

SHARES_OF_255 = np.arange(256, dtype=np.float32)[None] * np.float32(1 / 255)
PAUSE = 1.0  # seconds between two frames of a camera after which the older says nothing about the newer


@dataclass
class Look:
    """How to paint, besides the style. Raises BadInput for shares outside 0…1.

    strength: 0 is the frame itself, 1 the painting. keep_colors: only the luminance is painted; the chroma stays the
    frame's own. stability: 0 paints every frame by itself; it has no effect with a model that has no step graph.
    """

    strength: float = 1.0
    keep_colors: bool = False
    stability: float = 1.0

    def __post_init__(self):
        if not _is_share(self.strength):
            raise BadInput(f"Strength goes from 0 (the clip as it is) to 1 (fully painted), not {self.strength!r}.")
        if not _is_share(self.stability):
            raise BadInput(
                f"Stability goes from 0 (frame by frame) to 1 (as steady as it gets), not {self.stability!r}."
            )


def _is_share(value: object) -> bool:
    return is_number(value) and 0 <= value <= 1


class Painter:
    """A loaded model, a style and a look: paints the frames of one scene after another.

    It keeps what is carried from frame to frame, and starts anew by itself when the style or the frame's size changes,
    after a frame that was not painted steadily (stability or strength 0), and after a pause. Cuts are found by the
    graph. Only the beginning of a new clip has to be announced: `reset`.
    """

    def __init__(
        self,
        model: Model | str | os.PathLike | None = None,
        device: str = "auto",
        threads: int | None = None,
        look: Look | None = None,
    ):
        self.model = model if isinstance(model, Model) else load_model(model)
        self.device = choose_device(device)
        self.threads = threads_of(threads)
        self._threads_now = self.threads  # that the last frame was painted with: fewer while others paint too
        self.look = look or Look()
        self._encoder = StyleEncoder(self.model, device, threads)
        self._steadily = bool(self.model.state) and self.look.stability > 0
        parts = {"frame_tiles", *(STEADY_PARTS if self.model.state else ())}
        self.in_tiles = self.device == "cpu" and parts <= self.model.files.keys() and tiles.usable()
        self._tiles: dict[int, TilesSession] = {}  # threads → a session of this painter's own
        self._brush: dict[str, np.ndarray] = {}
        # Opened here, so that a model that cannot paint is refused now. With a brush, sessions are opened when first
        # needed.
        self._session: Runs | None = self.open_frame()
        self._steady = Steady(self.open_step(), self.model.state) if self._steadily else None
        self.motion: Motion | None = None  # of the frame painted last, if it was painted steadily
        self._style: np.ndarray | None = None
        self._size: tuple[int, ...] | None = None  # of the last frame, if it was painted steadily
        self._time: float | None = None

    def open_frame(self) -> Runs:
        """What runs T on frames, with the present brush, on the threads that this painter has now."""
        if self.in_tiles:
            if self._threads_now not in self._tiles:
                graph = self.model.path("frame_tiles")
                self._tiles[self._threads_now] = TilesSession(graph, self._threads_now, self._brush)
            return self._tiles[self._threads_now]
        return self._open("frame", {"frame": 3, "style": self.model.style_size}, {"painted"}, self._threads_now)

    def open_step(self) -> Runs:
        """What runs the step graph, or its parts, likewise."""
        if self.in_tiles:
            return StepInParts(self.open_frame(), self.open_steady_style(), self.open_stabilizer(self._threads_now))
        given, found = self._state_edges()
        given |= {"frame": 3, "style": self.model.style_size, "stability": 0}
        return self._open("step", given, found, self._threads_now)

    def open_stabilizer(self, threads: int) -> ort.InferenceSession:
        """The stabilizer alone, for what T has painted; not in models of before revision 0.19."""
        given, found = self._state_edges()
        return self._open("stabilize", given | {"frame": 3, "painting": 3, "stability": 0}, found, threads)

    def open_steady_style(self) -> ort.InferenceSession:
        """The graph that makes a style the one that T is given where paintings are mixed; in the same models."""
        return self._open("steady_style", {"style": self.model.style_size, "stability": 0}, {"steady_style"}, 1)

    def _state_edges(self) -> tuple[dict[str, int], set[str]]:
        """What the graphs that carry the state are given of it, name → channels, and what they give."""
        state = self.model.state
        return {part["name"]: part["channels"] for part in state}, {"painted", *(part["from"] for part in state)}

    def _open(self, role: str, inputs: dict[str, int], outputs: set[str], threads: int) -> ort.InferenceSession:
        """A session for one of the model's graphs, with the present brush if T is in it; checked by `check_graph`."""
        graph = self.model.path(role)
        session = open_session(graph, self.device, threads, self._brush if role in ("frame", "step") else None)
        check_graph(session, graph, inputs, outputs)
        return session

    @property
    def style(self) -> np.ndarray:
        """The present style vector, float32 [1,D]. Raises BadInput if no style was chosen."""
        if self._style is None:
            raise BadInput("Choose a style before painting.")
        return self._style

    def open_lanes(self) -> Lanes:
        """Sessions with one thread each for T, with the present brush; only if the device is "cpu"."""
        return open_lanes(self.model.path("frame_tiles" if self.in_tiles else "frame"), self._brush, self.in_tiles)

    def encode(self, picture: np.ndarray) -> np.ndarray:
        """RGB uint8 [H,W,3] → its style vector, float32 [D]; the same picture is encoded once."""
        return self._encoder.encode(picture)

    def use(self, styles: Sequence[Style], weights: Sequence[float] | None = None) -> None:
        """From now on, paint with the weighted mean of these styles: style vectors, or studied styles.

        Raises BadInput for weights that `styles.blend` refuses, and for vectors and brushes of another model.
        """
        weights = weights if weights is not None else [1.0] * len(styles)
        parts = [vector_and_brush(style) for style in styles]
        style = blend([vector for vector, _ in parts], weights)
        brush = blend_brushes([brush for _, brush in parts], weights)
        if style.shape != (self.model.style_size,):
            raise BadInput(
                f"This style vector has {style.size} values; the model {self.model.name} needs {self.model.style_size}."
            )
        if not _same(brush, self._brush):
            self._check_brush(brush)
            self._brush, self._session, self._steady, self._tiles = brush, None, None, {}
            self.reset()
        if self._style is None or not np.array_equal(style, self._style[0]):
            self._style = style[None]
            self.reset()

    def _check_brush(self, brush: Mapping[str, np.ndarray]) -> None:
        try:
            check_fits(weights_of(self.model.path("frame").read_bytes()), brush)
        except ValueError as error:
            raise BadInput(f"This brush is not one of the model {self.model.name}: {error}.") from error

    def settings(self) -> dict:
        """What determines the painting of a frame, as JSON: equal settings paint equal frames alike."""
        style = b"" if self._style is None else self._style.tobytes()
        style += b"".join(name.encode() + part.tobytes() for name, part in sorted(self._brush.items()))
        roles = ["step" if self._steady else "frame", *(["frame_tiles"] if self.in_tiles else [])]
        graph = "+".join(self.model.files[role]["sha256"][:16] for role in roles)
        digests = {"graph": graph, "style": hashlib.sha256(style).hexdigest()[:16]}
        return {"model": self.model.name, **digests, **asdict(self.look)}

    def reset(self) -> None:
        """Forget the previous frames: a new clip begins."""
        self._size = None

    def set_stability(self, stability: float) -> None:
        """Change the look's stability between frames; no effect in a painter made with none."""
        self.look = replace(self.look, stability=stability)

    def paint(self, frame: np.ndarray, time: float | None = None) -> np.ndarray:
        """RGB uint8 [H,W,3] of any size → painted uint8 [H,W,3]. Raises BadInput if no style was chosen.

        time: for cameras, when the frame was taken, in seconds of any clock. A frame more than `PAUSE` after the one
        before is painted as the first of a new scene.
        """
        style = self.style
        self.motion = None
        if self.look.strength == 0:
            self.reset()
            return frame
        inputs = {"frame": self.prepare(frame), "style": style}
        with self._lent() as threads:
            painted = self._run(inputs, frame.shape, time, threads)
        if painted.shape != inputs["frame"].shape:
            raise BadInput(f"The model {self.model.name} paints no frame of the size it is given; export it again.")
        return finish(painted, frame, self.look)

    def _lent(self) -> AbstractContextManager[int]:
        """This painter's share of the cores."""
        return CORES.lend(self, self.threads) if self.device == "cpu" else nullcontext(self.threads)

    def _run(
        self, inputs: dict[str, np.ndarray], size: tuple[int, ...], time: float | None, threads: int
    ) -> np.ndarray:
        if threads != self._threads_now:
            self._threads_now, self._session = threads, None
            if self._steady is not None:
                self._steady.session = self.open_step()  # what it carries stays
        if self._steadily and self.look.stability > 0:
            self._steady = self._steady or Steady(self.open_step(), self.model.state)
            if not self._goes_on(size, time):
                self._steady.reset()
            painted = self._steady.paint(inputs, self.look.stability)
            self.motion = self._steady.motion(size[1], size[0], inputs["frame"])
            return painted
        self.reset()
        self._session = self._session or self.open_frame()
        return run(self._session, ["painted"], inputs)[0]

    def _goes_on(self, size: tuple[int, ...], time: float | None) -> bool:
        """Whether the frame continues the one before; remembers it for the next."""
        paused = time is not None and self._time is not None and time - self._time > PAUSE
        same = size == self._size
        self._size, self._time = size, time
        return same and not paused

    def prepare(self, frame: np.ndarray) -> np.ndarray:
        """uint8 [H,W,3] → float32 [1,3,H',W'] in [0, 1], padded right and below."""
        h, w = frame.shape[:2]
        m = self.model.multiple
        # Reflected to the next multiple first; if that is shorter than the networks need, the result is reflected
        # again.
        frame = _reflected(frame, -w % m, -h % m)
        width, height = padded_size(w, h, m, self.model.rules)
        frame = _reflected(frame, width - frame.shape[1], height - frame.shape[0])
        planes = np.empty((1, 3, *frame.shape[:2]), np.float32)
        for i, plane in enumerate(cv2.split(frame)):
            cv2.LUT(plane, SHARES_OF_255, dst=planes[0, i])
        return planes


def _same(a: Mapping[str, np.ndarray], b: Mapping[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def _reflected(frame: np.ndarray, right: int, below: int) -> np.ndarray:
    """A frame [H,W,3], extended by this many pixels to the right and below by reflection."""
    return cv2.copyMakeBorder(frame, 0, below, 0, right, cv2.BORDER_REFLECT) if right or below else frame


def padded_size(width: int, height: int, multiple: int, rules: dict) -> tuple[int, int]:
    """The (width, height) in pixels to which a frame is padded: multiples of `multiple`, and at least `least_side` of
    the model's `rules`, so that reflection inside the networks has enough pixels."""
    least = rules.get("least_side", 2 * multiple)
    return max(width + -width % multiple, least), max(height + -height % multiple, least)


def finish(painted: np.ndarray, frame: np.ndarray, look: Look) -> np.ndarray:
    """Painted float32 [1,3,H',W'] and its frame uint8 [H,W,3] → uint8 [H,W,3]: cropped, mixed, rounded."""
    h, w = frame.shape[:2]
    painted = painted[0, :, :h, :w]
    if look.keep_colors:
        planes = frame.transpose(2, 0, 1).astype(np.float32) / 255
        # Replacing Y in YCbCr adds the same difference to R, G and B.
        painted = planes + np.tensordot(np.array(LUMA, np.float32), painted - planes, 1)
    rounded = [cv2.convertScaleAbs(np.maximum(plane, 0), alpha=255) for plane in painted]
    out = cv2.merge(rounded)
    if look.strength < 1:
        out = cv2.addWeighted(out, look.strength, frame, 1 - look.strength, 0)
    return out
