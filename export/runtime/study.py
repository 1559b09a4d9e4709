"""Studying a style without torch: `study.onnx`, one step of training with its gradients, run again and again.

From outside: `study`, `Studied`, `Progress`, `Graphs`. What the steps lower is described in `impasto.train.study.loss`;
how the graph is made, in `impasto.train.study.graph`.
"""

import ctypes
import json
import math
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import onnxruntime as ort
from safetensors.numpy import load

from impasto.models.errors import BadInput
from impasto.models.number import is_whole
from impasto.models.store import vgg_file

from .contents import Contents
from .model import Model
from .sessions import graph_weights
from .sessions import tiles as bfloat16
from .sessions.session import REFUSALS, threads_of
from .sessions.step_in_tiles import StepInTiles
from .styles import StyleEncoder, square

SECONDS = 60.0
WEIGHTS_RATE, STYLE_RATE = 9e-4, 1e-2  # of a step, for T's weights and for S
WARMUP = 5  # steps until the whole rate is used: the moments know little before
LEVEL = 0.3  # share of the time at the whole rate; then it falls to LEAST of it along a cosine
LEAST = 0.05
SMOOTH = 0.95  # how much of the mean loss is kept from step to step; batches differ
PATIENCE = 200  # steps without a better mean loss until it ends
RESTARTS = 3  # after numbers that are not finite, each at half the rate
BRUSH_SIZES = (0.25, 4.0)
PAINTING_SIDE = 384  # the short side at which a painting's strokes are as large as in itself, in pixels
LEAST_SIDE = (
    32  # pixels of a painting: enlarged, a smaller one shows no strokes, and what is painted after it turns blurred
)
PLAIN = 1.0  # L*a*b*: where no deviation is larger, no eye tells a painting from one colour
BRUSH_SHARE = 0.85  # of what T's weights learnt: with less of it flicker falls more than texture does
ENERGY_ASKED = 1.1  # of the painting's: other pictures come out with a tenth less than those that are practised on
TILES = 16  # the most squares of a painting that are looked at
STRENGTH = 2.5  # how much less, and more, the dial's two ends weigh what holds to the photograph than its middle

# What each term weighs, half-way between painting and photograph; see docs/study.md.
TOWARDS_PHOTOGRAPH = {"content": 0.02, "structure": 500.0, "detail": 0.02}
ALWAYS = {
    "texture": 100.0,
    "energy": 70.0,
    "colour": 4.0,
    "covariance": 2.0,
    "contrast": 1.0,
    "tv": 0.02,
    "output_temporal": 1300.0,
}


class Studied(NamedTuple):
    """A style that was studied.

    style: S, float32 [D]. brush: T's parameter → float16, how it differs from the model's; those that do not are left
    out. losses: of each step, by term, and "total".
    """

    style: np.ndarray
    brush: dict[str, np.ndarray]
    losses: list[dict[str, float]]


class Progress(NamedTuple):
    """How far study has come: after a step, and once before the first, as step 0.

    share: how much is done, 0…1. seconds_left: an estimate, nan at step 0. losses: of this step, by term, and "total";
    empty at step 0. so_far: gives the best so far.
    """

    step: int
    share: float
    seconds_left: float
    losses: dict[str, float]
    so_far: Callable[[], Studied]


class Graphs(NamedTuple):
    """The sessions of study, the terms that it tells apart, and what it changes: parameter → shape, in order."""

    step: ort.InferenceSession | StepInTiles
    content: ort.InferenceSession
    painting: ort.InferenceSession
    terms: list[str]
    parameters: dict[str, list[int]]

    @property
    def batch(self) -> tuple[int, int]:
        """How many pictures a step takes, and their side in pixels."""
        shape = next(value.shape for value in self.step.get_inputs() if value.name == "frame")
        return shape[0], shape[2]


@dataclass
class State:
    """What steps change. `best` are the values with the lowest mean loss; `mean` is nan before the first step."""

    values: np.ndarray
    moments: list[np.ndarray]
    best: np.ndarray
    count: int = 0  # of steps since the last restart
    slower: float = 1.0
    restarts: int = 0
    mean: float = math.nan
    lowest: float = math.inf
    since: int = 0  # steps since the lowest
    losses: list[dict[str, float]] = field(default_factory=list)


def study(
    model: Model,
    picture: np.ndarray,
    contents: Sequence[np.ndarray] = (),
    *,
    seconds: float | None = None,
    steps: int | None = None,
    seed: int = 0,
    closer: float = 0.5,
    brush_size: float = 1.0,
    style: np.ndarray | None = None,
    threads: int | None = None,
    graphs: Graphs | None = None,
    on_progress: Callable[[Progress], bool | None] | None = None,
) -> Studied:
    """A picture, RGB uint8 [H,W,3], as a style that T has practised: S and a brush.

    contents: RGB uint8 pictures to practise on, frames of a clip for instance; without any, what `Contents` has itself.
    seconds: how long, 60 if nothing is said; or steps: how many, which gives the same bits for the same seed and number
    of threads. closer: 0 to the painting … 1 to the photograph. brush_size: 0.25…4, above 1 for larger strokes.
    style: S to begin with, P's if there is none. graphs: the model's own where nothing is said. on_progress is called
    before the first step and after each; where it returns False, or the user interrupts, the best so far is given back,
    and what it raises is passed on.
    Raises BadInput for arguments of another kind, for a picture that shows nothing to study, and where the model has no
    graphs to study with.
    """
    _check(picture, contents, seconds, steps, seed, closer, brush_size)
    check_painting(picture)
    graphs = graphs or open_graphs(model, threads)
    start = weights_of(model, graphs.parameters)
    given = np.asarray(StyleEncoder(model, "cpu", threads).encode(picture) if style is None else style, np.float32)
    if given.shape != (model.style_size,) or not np.isfinite(given).all():
        raise BadInput(f"A style vector of {model.name} is {model.style_size} numbers.")
    values = np.concatenate([*(start[name].ravel() for name in graphs.parameters), given])
    state = State(values, [np.zeros_like(values), np.zeros_like(values)], values)

    def so_far() -> Studied:
        return studied(state, graphs.parameters, start)

    clock = Clock(steps, SECONDS if seconds is None else seconds)
    try:
        if on_progress and on_progress(Progress(0, 0.0, math.nan, {}, so_far)) is False:
            return so_far()
        phases = model.network["transformer"]["stem_stride"] ** 2
        rates = np.full_like(values, WEIGHTS_RATE)
        rates[-model.style_size :] = STYLE_RATE
        fixed = {**painting_targets(graphs, picture, brush_size), "weights": weighed(graphs.terms, closer)}
        for batch in batches(graphs, contents, seed):
            one_step(graphs, state, {**fixed, **batch}, rates * rate(clock.share, state.count) * state.slower)
            level_end(state.values, graphs.parameters, phases)
            clock.tick()
            done = Progress(clock.done, clock.share, clock.left, state.losses[-1], so_far)
            if on_progress and on_progress(done) is False:
                break
            if clock.share >= 1 or state.since >= PATIENCE or state.restarts > RESTARTS:
                break
    except KeyboardInterrupt:
        pass
    return so_far()


class Clock:
    """How far study has come: by steps where their number is given, else by seconds."""

    def __init__(self, steps: int | None, seconds: float):
        self.steps, self.seconds, self.done, self._begun = steps, seconds, 0, time.monotonic()

    def tick(self) -> None:
        """A step is done."""
        self.done += 1

    @property
    def share(self) -> float:
        """How much is done, 0…1."""
        part = self.done / self.steps if self.steps else (time.monotonic() - self._begun) / self.seconds
        return min(1.0, part)

    @property
    def left(self) -> float:
        """Seconds, from what there were so far."""
        passed = time.monotonic() - self._begun
        return passed * (1 / self.share - 1) if self.steps else max(0.0, self.seconds - passed)


def _check(picture, contents, seconds, steps, seed, closer, brush_size) -> None:
    for image in (picture, *contents):
        if not isinstance(image, np.ndarray) or image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] != 3:
            raise BadInput("Pictures to study must be RGB with 8 bits a channel.")
        if min(image.shape[:2]) < 8:
            raise BadInput(f"Pictures to study must have 8 pixels a side; this one has {min(image.shape[:2])}.")
    if seconds is not None and not 0 < seconds < math.inf:
        raise BadInput("Study takes a number of seconds above zero.")
    if steps is not None and not (is_whole(steps) and steps >= 1):
        raise BadInput(f"Study takes a whole number of steps and at least one step, not {steps!r}.")
    if not (is_whole(seed) and seed >= 0):
        raise BadInput(f"The seed is a whole number of zero or more, not {seed!r}.")
    if not 0 <= closer <= 1:
        raise BadInput("How close to the photograph is a number from 0 to 1.")
    if not BRUSH_SIZES[0] <= brush_size <= BRUSH_SIZES[1]:
        raise BadInput(f"The brush size is a number from {BRUSH_SIZES[0]:g} to {BRUSH_SIZES[1]:g}.")


def check_painting(picture: np.ndarray) -> None:
    """Raise BadInput where an RGB uint8 picture shows nothing to study: it paints as well without."""
    if min(picture.shape[:2]) < LEAST_SIDE:
        raise BadInput(
            f"A picture to study must have {LEAST_SIDE} pixels a side, and this one has {min(picture.shape[:2])}; "
            "without study it paints as it is."
        )
    pixels = square(picture, PAINTING_SIDE).astype(np.float32) / 255
    if cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).std((0, 1)).max() < PLAIN:
        raise BadInput("This picture has one colour and shows nothing to study; without study it paints as it is.")


def open_graphs(model: Model, threads: int | None = None) -> Graphs:
    """The three graphs, with VGG's weights in them; the step by OpenVINO where that is faster and the model has a graph
    for it. Raises BadInput where there are none, or none to study with."""
    vgg, count = vgg_file().read_bytes(), threads_of(threads)
    in_tiles = "study_tiles" in model.files and bfloat16.usable()
    role = "study_tiles" if in_tiles else "study"
    step = StepInTiles(model.path(role), vgg_weights(vgg), count) if in_tiles else _open(model.path(role), vgg, count)
    content, painting = (_open(model.path(role), vgg, count) for role in ("study_content", "study_painting"))
    give_back_memory()
    about = step.get_modelmeta().custom_metadata_map
    try:
        return Graphs(step, content, painting, json.loads(about["terms"]), dict(json.loads(about["parameters"])))
    except (KeyError, ValueError, TypeError) as error:
        raise BadInput(f"{model.path(role)} is no graph to study with; export the model again.") from error


def vgg_weights(stored: bytes) -> dict[str, np.ndarray]:
    """VGG's weights in float32, as `study_tiles.onnx` takes them, from a file's int8 with a scale for each output."""
    found = load(stored)
    return {
        f"vgg.{name}": value * found[name.replace(".weight", ".scale")] if name.endswith(".weight") else value
        for name, value in found.items()
        if not name.endswith(".scale")
    }


def give_back_memory() -> None:
    """Where the C library is glibc, it returns what it keeps of freed memory to the system: 460 MB of what was computed
    while the graphs were opened."""
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform == "linux" else None
    if trim:
        trim(0)


def _open(graph: Path, vgg: bytes, threads: int) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # A step takes 590 MB so, 930 with a plan of where every tensor lies; an arena that doubles takes 110 more to open.
    options.enable_mem_pattern = False
    cpu = ("CPUExecutionProvider", {"arena_extend_strategy": "kSameAsRequested"})
    options.add_external_initializers_from_files_in_memory([vgg_file().name], [vgg], [len(vgg)])
    try:
        return ort.InferenceSession(graph.read_bytes(), options, providers=[cpu])
    except (OSError, *REFUSALS) as error:
        raise BadInput(f"{graph} is not a graph that can be run; install or export the model again.") from error


def weights_of(model: Model, parameters: dict[str, list[int]]) -> dict[str, np.ndarray]:
    """T's parameters as the model has them, float32. Raises BadInput where the graphs are of another network."""
    path = model.path("frame")
    try:
        graph = path.read_bytes()
        stored = graph_weights.weights_of(graph)
    except (OSError, ValueError) as error:
        raise BadInput(f"{path} is not a graph that can be run; install or export the model again.") from error
    if any(name not in stored or list(stored[name].shape) != shape for name, shape in parameters.items()):
        raise BadInput(f"The graphs of {model.name} to study with are of another network; export the model again.")
    return {name: stored[name].read(graph).reshape(shape).astype(np.float32) for name, shape in parameters.items()}


def weighed(terms: Sequence[str], closer: float) -> np.ndarray:
    """What each term weighs, float32 [terms]."""
    towards = STRENGTH ** (2 * closer - 1)
    weights = {**ALWAYS, **{name: weight * towards for name, weight in TOWARDS_PHOTOGRAPH.items()}}
    return np.array([weights[name] for name in terms], np.float32)


def rate(share: float, count: int) -> float:
    """The part of the whole rate at a step: up at first, level, and down along a cosine."""
    fall = max(0.0, share - LEVEL) / (1 - LEVEL)
    return min(1.0, (count + 1) / WARMUP) * max(LEAST, (1 + math.cos(math.pi * fall)) / 2)


def painting_targets(graphs: Graphs, picture: np.ndarray, brush_size: float) -> dict[str, np.ndarray]:
    """What is asked of the painted by the painting: inputs `painting.…` of the step."""
    side = graphs.batch[1]
    seen = tiles(picture, round(PAINTING_SIDE * brush_size), side)
    names = [output.name for output in graphs.painting.get_outputs()]
    grams = [graphs.painting.run(names, {"image": tile.transpose(2, 0, 1)[None]}) for tile in seen]
    found = {name: ENERGY_ASKED * np.mean([np.asarray(gram[i]) for gram in grams], 0) for i, name in enumerate(names)}
    pixels = np.concatenate([tile.reshape(1, -1, 3) for tile in seen], 1)
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB)[0].astype(np.float64)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float64)
    found["painting.mean"] = lab.mean(0)[None]
    found["painting.covariance"] = np.cov(lab, rowvar=False, bias=True)[None]
    found["painting.contrast"] = grey.std(keepdims=True)[0]
    return {name: np.ascontiguousarray(value, np.float32) for name, value in found.items()}


def tiles(picture: np.ndarray, short: int, side: int) -> list[np.ndarray]:
    """A picture's centre square, which is what P sees too, of `short` pixels in squares of `side`.

    float32 [side,side,3] in [0, 1]. They lie evenly over it; one that is smaller is continued by its mirror images.
    """
    picture = square(picture, short)
    h, w = picture.shape[:2]
    if min(h, w) < side:
        # "symmetric" may go on as long as it likes, whatever the picture's size.
        picture = np.pad(picture, ((0, max(0, side - h)), (0, max(0, side - w)), (0, 0)), "symmetric")
        h, w = picture.shape[:2]
    places = [
        (int(top), int(left))
        for top in np.linspace(0, h - side, math.ceil(h / side)).round()
        for left in np.linspace(0, w - side, math.ceil(w / side)).round()
    ]
    kept = [places[i] for i in np.linspace(0, len(places) - 1, min(TILES, len(places))).round().astype(int)]
    return [picture[top : top + side, left : left + side].astype(np.float32) / 255 for top, left in kept]


def batches(graphs: Graphs, contents: Sequence[np.ndarray], seed: int) -> Iterator[dict[str, np.ndarray]]:
    """Inputs of the step that change from step to step, without end."""
    n, side = graphs.batch
    pool = Contents(
        contents, side, seed, lambda frame: np.asarray(graphs.content.run(None, {"image": frame[None]})[0])[0]
    )
    while True:
        yield pool.draw(n)


def one_step(graphs: Graphs, state: State, batch: dict[str, np.ndarray], rates: np.ndarray) -> None:
    """Run the step and take over what comes of it, or go back to the best where it is not finite."""
    held = {"values": state.values, "moment1": state.moments[0], "moment2": state.moments[1]}
    count = np.array([state.count + 1], np.float32)
    *after, terms = (
        np.asarray(x)
        for x in graphs.step.run(None, {**held, **batch, "rates": rates.astype(np.float32), "count": count})
    )
    total = float(terms @ batch["weights"])
    if not (math.isfinite(total) and all(np.isfinite(x).all() for x in after)):
        # Begun again from the best, more slowly.
        state.values, state.moments = state.best, [np.zeros_like(x) for x in state.moments]
        state.count, state.slower, state.restarts = 0, state.slower / 2, state.restarts + 1
        state.losses.append(state.losses[-1] if state.losses else {"total": 0.0})
        return
    state.losses.append({**dict(zip(graphs.terms, map(float, terms), strict=True)), "total": total})
    keep = min(SMOOTH, len(state.losses) / (len(state.losses) + 4)) if math.isfinite(state.mean) else 0.0
    state.mean = total if keep == 0 else keep * state.mean + (1 - keep) * total
    # The terms are those of the values before the step.
    state.since += 1
    if state.mean < state.lowest:
        state.lowest, state.best, state.since = state.mean, state.values, 0
    state.values, state.moments, state.count = after[0], after[1:], state.count + 1


def level_end(values: np.ndarray, parameters: dict[str, list[int]], phases: int) -> None:
    """`Transformer.level_end` on the values of a step, in place: a flat frame is not painted as a weave."""
    begins = dict(zip(parameters, np.cumsum([0, *map(math.prod, parameters.values())]), strict=False))
    weight, bias = (
        values[begins[name] : begins[name] + math.prod(parameters[name])].reshape(3, phases, *parameters[name][1:])
        for name in ("end.conv.weight", "end.conv.bias")
    )
    sums = weight.sum((3, 4))
    missing = sums.mean(1, keepdims=True) - sums  # of each kernel's sum; it is spread over the kernel's places
    weight += (missing / math.prod(weight.shape[3:]))[..., None, None]
    bias[:] = bias.mean(1, keepdims=True)


def studied(state: State, parameters: dict[str, list[int]], start: dict[str, np.ndarray]) -> Studied:
    """The best of a state as S and a brush.

    The brush is `BRUSH_SHARE` of how the weights differ: between the model's weights and those that were trained
    further lie networks that do better on other pictures (Wortsman et al. 2022, "Robust fine-tuning of zero-shot
    models").
    """
    sizes = [math.prod(shape) for shape in parameters.values()]
    *parts, style = np.split(state.best, np.cumsum(sizes))
    brush = {}
    for (name, shape), part in zip(parameters.items(), parts, strict=True):
        difference = (BRUSH_SHARE * (part.reshape(shape) - start[name])).astype(np.float16)
        if difference.any() and np.isfinite(difference).all():
            brush[name] = difference
    return Studied(style.copy(), brush, list(state.losses))
