"""Style vectors in NumPy: from pictures, from the built-in gallery, and blended."""

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import Protocol, TypeAlias

import numpy as np

from impasto.models.errors import BadInput

from .model import Model
from .pictures import square
from .sessions.session import check_graph, open_session, run


class WithBrush(Protocol):
    """A style with a brush, as one that was studied: `style`, S float32 [D]; `brush`, parameter of T → what is added
    to it."""

    @property
    def style(self) -> np.ndarray: ...

    @property
    def brush(self) -> Mapping[str, np.ndarray]: ...


Style: TypeAlias = np.ndarray | WithBrush  # a style vector alone has a brush of zeros

_LARGE = 1e300  # a weight near the end of float64's range
CACHED = 64  # style vectors kept; each is a few kilobytes


class StyleEncoder:
    """Runs P: pictures in, style vectors out; a picture that was encoded before is looked up."""

    def __init__(self, model: Model, device: str = "auto", threads: int | None = None):
        self.model, self._device, self._threads = model, device, threads
        self._cache: OrderedDict[bytes, np.ndarray] = OrderedDict()

    def encode(self, image: np.ndarray) -> np.ndarray:
        """RGB uint8 [H,W,3] → S, float32 [D]. Raises BadInput for arrays of another kind."""
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or min(image.shape[:2]) < 1:
            raise BadInput(
                f"A style picture must be RGB with 8 bits a channel, not {image.dtype} of shape {image.shape}."
            )
        key = hashlib.sha256(image.tobytes()).digest() + repr(image.shape).encode()
        if key not in self._cache:
            graph = self.model.path("style")
            session = open_session(graph, self._device, self._threads)
            check_graph(session, graph, {"image": 3}, {"style"})
            pixels = square(image, self.model.style_side).transpose(2, 0, 1)[None].astype(np.float32) / 255
            style = run(session, ["style"], {"image": pixels})[0]
            if style.shape != (1, self.model.style_size):
                raise BadInput(f"{graph} does not fit its model.json; install or export the model again.")
            self._cache[key] = style[0]
            if len(self._cache) > CACHED:
                self._cache.popitem(last=False)
        self._cache.move_to_end(key)
        return self._cache[key]


def blend(styles: Sequence[np.ndarray], weights: Sequence[float]) -> np.ndarray:
    """Σ wᵢ Sᵢ / Σ wᵢ: any weighted mean of style vectors is a style vector. S float32 [D].

    Raises BadInput for weights that are negative, not finite, or all zero, and for styles of different models.
    """
    shares = shares_of(weights, len(styles))
    if len({s.shape for s in styles}) > 1:
        raise BadInput("These style vectors belong to different models.")
    return (np.tensordot(shares, np.stack(styles).astype(np.float64), 1)).astype(np.float32)


def blend_brushes(brushes: Sequence[Mapping[str, np.ndarray]], weights: Sequence[float]) -> dict[str, np.ndarray]:
    """Σ wᵢ bᵢ / Σ wᵢ of each parameter, float32; one that a brush lacks is zeros there. Raises as `blend`.

    All brushes are differences from the same T, and networks whose weights lie between two of them paint well, too
    (Wang et al., "Deep network interpolation for continuous imagery effect transition", 2019).
    """
    mixed: dict[str, np.ndarray] = {}
    for share, brush in zip(shares_of(weights, len(brushes)), brushes, strict=True):
        if share == 0:
            continue
        for name, part in brush.items():
            mixed[name] = mixed.get(name, np.float32(0)) + np.float32(share) * np.asarray(part, np.float32)
    return mixed


def shares_of(weights: Sequence[float], count: int) -> np.ndarray:
    """Weights of `count` styles as shares that add up to one. Raises BadInput as `blend` does."""
    w = np.asarray(weights, np.float64)
    if not count or count != len(w):
        raise BadInput("Give at least one style, and one weight for each.")
    if not np.isfinite(w).all() or (w < 0).any():
        raise BadInput("Style weights must be numbers of zero or more.")
    if w.max() == 0:
        raise BadInput("At least one style weight must be above zero.")
    if w.max() > _LARGE:
        w = w / w.max()  # their sum might overflow
    return w / w.sum()


def vector_and_brush(style: Style) -> tuple[np.ndarray, Mapping[str, np.ndarray]]:
    """(S, brush) of a style."""
    return (style, {}) if isinstance(style, np.ndarray) else (style.style, style.brush)
