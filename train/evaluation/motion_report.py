"""Ways of finding motion compared: how far off they are on Sintel and on photographs that move, and what they cost.

The end-point error is that of Baker et al., "A database and evaluation methodology for optical flow" (2011). What
counts for stabilisation stands beside it: how different the other frame looks, carried along what was found.
"""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from impasto.export.graphs.quiet import quiet
from impasto.export.runtime.sample import picture
from impasto.export.runtime.sessions.session import open_session
from impasto.export.runtime.sessions.timing import interleaved
from impasto.models.errors import BadInput
from impasto.models.steady import flownet, motion
from impasto.models.steady.flownet import load_flownet
from impasto.models.steady.motion import light
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.data.clips import Pair, dis_flow, smaller
from impasto.train.data.flow_files import sintel_pairs, sintel_training
from impasto.train.data.warp import warp
from impasto.train.progress import shown
from impasto.train.stages import motion as motion_stage

from .metrics import to_bytes

SPEEDS = (0, 2, 8, 24, np.inf)  # pixels: the borders between still, slow, fast and very fast
FAR = 3.0  # pixels from which motion counts as missed
SYNTHETIC, SIZE, SEED = 96, 192, 1_000_003  # pairs made from photographs, their side, a seed that training never uses
HEIGHT, WIDTH, THREADS, ROUNDS = 288, 512, 2, 100  # how time is taken
TRUE, NONE, LEARNED, DIS = "true motion", "none", "learned", "DIS medium"

Network = Callable[[Tensor, Tensor, Tensor], Tensor]  # as `FlowNet`, from frames at half size


def flow(network: Network, pair: Pair) -> Tensor:
    """What a network finds, in pixels [2,H,W]; frames of any size are filled up to the multiple that it needs."""
    height, width = pair.here.shape[-2:]
    right, below = -width % flownet.MULTIPLE, -height % flownet.MULTIPLE
    here, there = (F.pad(x[None], (0, right, 0, below), "replicate") for x in (pair.here, pair.there))
    h, w = here.shape[-2:]
    with torch.no_grad():
        here, there = F.avg_pool2d(here, 2), F.avg_pool2d(there, 2)
        found = F.interpolate(network(here, there, motion.pixel_grid(h // 2, w // 2)), (h, w), mode="bilinear")
    return (found * torch.tensor([w / 2, h / 2]).view(1, 2, 1, 1))[0, :, :height, :width]


def ways(networks: dict[str, Network]) -> dict[str, Callable[[Pair], Tensor]]:
    """Every way by name, as a function from a pair to the flow [2,H,W]: the networks between the yardsticks."""
    return {
        TRUE: lambda pair: pair.flow,
        NONE: lambda pair: torch.zeros_like(pair.flow),
        **{name: lambda pair, network=network: flow(network, pair) for name, network in networks.items()},
        DIS: lambda pair: dis_flow(to_bytes(pair.here), to_bytes(pair.there)),
    }


def sums(pair: Pair, found: Tensor) -> np.ndarray:
    """The figures of one pair as [8,2]: a sum and the number of pixels that it is over, in the order of `figures`."""
    off = (found - pair.flow).norm(dim=0).numpy()
    speed, seen = pair.flow.norm(dim=0).numpy(), pair.mask[0].numpy() > 0.5
    bins = [seen & (speed >= low) & (speed < high) for low, high in pairwise(SPEEDS)]
    difference = (pair.here - warp(pair.there[None], found[None])[0]).abs().mean(0).numpy() * 255
    everywhere = np.ones_like(seen)
    rows = [(off, seen), (off, everywhere), (off > FAR, seen), *((off, b) for b in bins), (difference, seen)]
    return np.array([(values[where].sum(dtype=np.float64), where.sum()) for values, where in rows])


def figures(pairs: np.ndarray) -> dict:
    """`sums` of all pairs [n,8,2] → "visible" and "all": mean end-point error in pixels; "median": that of visible
    pixels in the pair that half of the pairs are better than; "far": share of visible pixels off by more than `FAR`;
    "by_speed": error of visible pixels as fast as `SPEEDS` says, null where there are none; "difference": mean absolute
    difference from the other frame carried here, of visible pixels, in levels of 255."""
    means = [float(total / count) if count else None for total, count in pairs.sum(0)]
    each = [total / count for total, count in pairs[:, 0] if count]
    return {
        "visible": means[0],
        "median": float(np.median(each)) if each else None,
        "all": means[1],
        "far": means[2],
        "by_speed": means[3:-1],
        "difference": means[-1],
    }


def accuracy(pairs: Iterable[Pair], found_by: dict[str, Callable[[Pair], Tensor]]) -> dict:
    """{"pairs": how many, "pixels": the visible ones, "ways": each one's figures over all pixels of all pairs}.

    BadInput: there are no pairs.
    """
    rows = {name: [] for name in found_by}
    for pair in pairs:
        for name, find in found_by.items():
            rows[name].append(sums(pair, find(pair)))
    if not rows[TRUE]:
        raise BadInput("There are no two neighbouring frames that the flow belongs to.")
    seen = np.stack(rows[TRUE])[:, 0, 1]
    return {
        "pairs": len(seen),
        "pixels": int(seen.sum()),
        "ways": {name: figures(np.stack(found)) for name, found in rows.items()},
    }


def halved(pair: Pair) -> Pair:
    """A pair at half its size: motion in smaller pixels, as a live picture has it."""
    height, width = pair.here.shape[-2:]
    return smaller(pair, (height // 2, width // 2))


def synthetic_pairs(photos: Sequence[Path], count: int = SYNTHETIC, size: int = SIZE) -> Iterator[Pair]:
    """Pairs made from the photographs that `motion_stage` holds out of those given."""
    stored = pictures.load(photos, size * 4 // 3)
    if len(stored) < motion_stage.HELD_OUT:
        raise BadInput(f"{len(stored)} photographs are too few: at least {motion_stage.HELD_OUT} are needed.")
    photographs, draws = motion_stage.part(stored, held_out=True), Draws(torch.Generator().manual_seed(SEED))
    for _ in range(count):
        yield Pair(*(x[0] for x in motion_stage.moved(photographs, 1, size, draws)))


class Graph(nn.Module):
    """A network, or a function, as it is exported."""

    def __init__(self, network: Network):
        super().__init__()
        self.network = network

    def forward(self, here: Tensor, there: Tensor, grid: Tensor) -> Tensor:
        return self.network(here, there, grid)


def export(network: Network, path: Path) -> None:
    """One ONNX file: here, there [1,3,h,w], grid [1,2,h,w] → its motion, h and w dynamic."""
    h, w = (flownet.MULTIPLE // 2 * torch.export.Dim(name, min=2, max=512) for name in "hw")
    with quiet():
        program = torch.onnx.export(
            Graph(network).eval(),
            (torch.rand(1, 3, 64, 96), torch.rand(1, 3, 64, 96), motion.pixel_grid(64, 96)),
            input_names=["here", "there", "grid"],
            output_names=["motion"],
            dynamic_shapes={name: {2: h, 3: w} for name in ("here", "there", "grid")},
            opset_version=18,
            dynamo=True,
            verbose=False,
        )
        assert program is not None  # with dynamo it never is
        program.save(str(path), external_data=False)


def milliseconds(networks: dict[str, Network], rounds: int = ROUNDS) -> dict[str, dict[str, float]]:
    """Each way's time for a frame of HEIGHT × WIDTH on THREADS threads, {"min", "median"}; all in turn every round."""
    seen = torch.from_numpy(picture(HEIGHT + 4, WIDTH + 6)).permute(2, 0, 1)[None]
    here, there = seen[:, :, :-4, :-6], seen[:, :, 4:, 6:]
    small = {"here": F.avg_pool2d(here, 2), "there": F.avg_pool2d(there, 2)}
    feed = {**small, "grid": motion.pixel_grid(HEIGHT // 2, WIDTH // 2)}
    feed = {name: value.numpy() for name, value in feed.items()}
    grey = [to_bytes(light(x)[0].expand(3, -1, -1))[..., 0].copy() for x in (here, there)]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    before = cv2.getNumThreads()
    cv2.setNumThreads(THREADS)
    try:
        with tempfile.TemporaryDirectory() as folder:
            runs = {}
            for name, network in networks.items():
                file = Path(folder) / f"{name}.onnx"
                export(network, file)
                runs[name] = partial(open_session(file, "cpu", THREADS).run, None, feed)
            runs[DIS] = partial(dis.calc, *grey, None)
            times = interleaved(runs, rounds)
    finally:
        cv2.setNumThreads(before)
    return {name: {"min": float(min(t)), "median": float(np.median(t))} for name, t in times.items()}


def compare(weights: Path | None, sintel: Path | None, photos: Sequence[Path]) -> dict:
    """All of it: {"accuracy": {data: see `accuracy`}, "milliseconds": see there}.

    weights: of a learned network, the released one's if not given. BadInput: neither Sintel nor photographs, no flow in
    the one, too few of the other, or no such weights.
    """
    networks: dict[str, Network] = {LEARNED: load_flownet(weights or flownet.RELEASED)}
    found_by, data = ways(networks), {}
    if sintel:
        training = sintel_training(sintel)
        data["Sintel, final"] = (pair for _, pair in sintel_pairs(training))
        data["Sintel, final, at half its size"] = (halved(pair) for _, pair in sintel_pairs(training))
    if photos:
        data["photographs held out, moved"] = synthetic_pairs(photos)
    if not data:
        raise BadInput("There is nothing to compare on: give --sintel, --photos or both.")
    results = {name: accuracy(shown(pairs, name), found_by) for name, pairs in data.items()}
    return {"accuracy": results, "milliseconds": milliseconds(networks)}


def markdown(result: dict) -> str:
    """The result of `compare` as tables."""
    borders = [f"{low}–{high} px" if np.isfinite(high) else f"> {low} px" for low, high in pairwise(SPEEDS)]
    head = ["motion", "visible", "median pair", "all", f"> {FAR:.0f} px off", *borders, "difference"]
    lines = []
    for name, found in result["accuracy"].items():
        lines += [f"**{name}**, {found['pairs']} pairs", "", *_row(head), *_row(["---"] * len(head))]
        for way, f in found["ways"].items():
            errors = [f["visible"], f["median"], f["all"], *f["by_speed"]]
            cells = ["–" if x is None else f"{x:.2f}" for x in errors]
            lines += _row([way, *cells[:3], f"{100 * f['far']:.1f} %", *cells[3:], f"{f['difference']:.2f}"])
        lines.append("")
    lines += [f"**Milliseconds** a frame of {WIDTH}×{HEIGHT}, {THREADS} CPU threads", ""]
    lines += [*_row(["motion", "least", "median"]), *_row(["---"] * 3)]
    for way, ms in result["milliseconds"].items():
        lines += _row([way, f"{ms['min']:.1f}", f"{ms['median']:.1f}"])
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> list[str]:
    return ["| " + " | ".join(cells) + " |"]
