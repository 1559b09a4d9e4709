"""Writes the vectors of how a style is studied, `study.json`: `python tests/contract/study_cases.py`.

To be run, and its result committed, when the numbers of `study_rules`, the loop of study or tiny's graphs change.
"""

import json
from types import SimpleNamespace

import numpy as np
from vectors import STUDY, TINY, packed, unpacked

from impasto.export.runtime import contents, study
from impasto.export.runtime.model import Model, load_model
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.sample import picture
from impasto.export.runtime.study_rules import study_rules
from impasto.models.errors import BadInput

RULES = study_rules()
SLOWLY = 0.1


def write_study(model: Model, style: np.ndarray) -> None:
    """`style`: S to begin with."""
    cases = [*rates(), *paintings(), *tiles(), *squares(), *loops(), steps(model, style)]
    lines = [json.dumps(case) for case in cases]
    text = f'{{"rules": {json.dumps(RULES)},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    STUDY.write_text(text, "utf-8")
    print(f"{STUDY}: {len(lines)} cases, {len(text) / 1000:.0f} kB")


def scene(height: int, width: int, seed: int) -> np.ndarray:
    """A made-up picture that compresses: uint8 RGB [height,width,3]."""
    return np.round(picture(height, width, seed) * 15).astype(np.uint8) * 17


def rates() -> list[dict]:
    given = [(0, 0), (0, 3), (0.2, 9), (RULES["level"], 20), (0.7, 40), (0.99, 90), (1, 100), (0.5, 1)]
    return [{"kind": "rate", "share": s, "count": n, "rate": study.rate(s, n)} for s, n in given]


def paintings() -> list[dict]:
    """Which show something to study."""
    small = RULES["least_side"] - 1
    stained = np.full((60, 40, 3), 120, np.uint8)
    stained[:9, :9] = 125  # beside the centre square
    dots = np.full((40, 40, 3), (40, 120, 200), np.uint8)
    dots[::8, ::8] = 255
    given = {
        "a scene": scene(48, 64, 6),
        "too small": scene(small, 64, 6),
        "one colour": np.full((40, 40, 3), (40, 120, 200), np.uint8),
        "one colour but for a corner": stained,
        "dots": dots,
    }
    return [{"kind": "painting", "name": name, "picture": packed(p), "fit": fit(p)} for name, p in given.items()]


def fit(painting: np.ndarray) -> bool:
    try:
        study.check_painting(painting)
    except BadInput:
        return False
    return True


def tiles() -> list[dict]:
    """What is looked at of a painting, small and large ones, and its colours."""
    found = []
    for name, size, short, side in [
        ("shrunk", (90, 133), 40, 32),
        ("enlarged", (20, 27), 40, 32),
        ("smaller than a square", (64, 20), 16, 32),
        ("cut to its centre", (30, 100), 30, 32),
        ("many squares, the most of them left out", (120, 160), 120, 16),
    ]:
        painting = scene(*size, seed=6)
        seen = study.tiles(painting, short, side)
        colours = study.painting_targets(fake_graphs(side), painting, short / study.PAINTING_SIDE)
        case = {"kind": "tiles", "name": name, "picture": packed(painting), "short": short, "side": side}
        case["tiles"] = [packed(np.round(255 * tile).astype(np.uint8)) for tile in seen[:3]]
        case["count"] = len(seen)
        for each in ("mean", "covariance", "contrast"):
            case[each] = [float(f"{x:.6g}") for x in colours[f"painting.{each}"].ravel()]
        found.append(case)
    return found


def fake_graphs(side: int) -> SimpleNamespace:
    """Graphs whose painting has no features, so that only its colours are asked for."""
    painting = SimpleNamespace(get_outputs=list, run=lambda names, given: [])
    return SimpleNamespace(batch=(1, side), painting=painting)


def squares() -> list[dict]:
    """Squares of a picture, moved, and what goes with how they were moved."""
    found = []
    for size, crop, side, shift in [
        ((40, 52), (0, 3.0, 5.0, 16.0), 16, (0, 0)),
        ((40, 52), (0, 7.25, 2.5, 22.5), 16, (3, -2)),
        ((40, 52), (0, 0.0, 0.0, 40.0), 16, (-4, 5)),
        ((41, 53), (0, 12.0, 1.0, 39.0), 12, (6, 6)),
    ]:
        made = scene(*size, seed=2)
        cut = contents.cut(made, contents.Crop(*crop), side, shift)
        down, across = contents.shifts(side, shift[1]), contents.shifts(side, shift[0]).T
        seen = down.sum(1)[:, None] * across.sum(0)
        case = {"kind": "square", "picture": packed(made), "square": list(crop[1:]), "side": side}
        case |= {"shift": list(shift), "cut": packed(np.round(255 * cut.transpose(1, 2, 0)).astype(np.uint8))}
        parts = {"down": down, "across": across, "seen": seen}
        found.append(case | {name: np.flatnonzero(part).tolist() for name, part in parts.items()})
    return found


def loops() -> list[dict]:
    """What the loop makes of totals; null is what is not finite. A step adds one to every value."""
    worse = [1.0, *[2.0] * RULES["patience"]]
    given = {"ever better": [9.0, 7.0, 5.0, 4.0], "worse": worse, "not finite": [3.0, 2.0, None, 1.0, None, 2.5]}
    return [{"kind": "loop", "name": name, "totals": totals, **looped(totals)} for name, totals in given.items()]


def looped(totals: list[float | None]) -> dict:
    remaining = iter(totals)

    def run(_, given):
        total = next(remaining)
        values = given["values"] + np.float32(np.nan if total is None else 1)
        return [values, given["moment1"], given["moment2"], np.array([np.nan if total is None else total], np.float32)]

    graphs = study.Graphs(SimpleNamespace(run=run), None, None, ["texture"], {"a": [2]})
    zeros = np.zeros(3, np.float32)
    state = study.State(zeros, [zeros, zeros], zeros)
    for _ in totals:
        study.one_step(graphs, state, {"weights": np.ones(1, np.float32)}, np.ones(3))
    numbers = {each: getattr(state, each) for each in ("mean", "lowest", "since", "count", "slower", "restarts")}
    over = state.since >= study.PATIENCE or state.restarts > study.RESTARTS
    return {**numbers, "best": float(state.best[0]), "values": float(state.values[0]), "over": over}


def steps(model: Model, style: np.ndarray) -> dict:
    """Five steps on given squares: the terms before each, and what is painted of the first square afterwards.

    Where a gradient is all rounding, as of a bias before a normalisation, Adam goes one way or the other. So parameters
    are not compared one by one, and the rates are a tenth of those in use.
    """
    graphs = study.open_graphs(model, 1)
    _, side = graphs.batch
    start = study.weights_of(model, graphs.parameters)
    values = np.concatenate([*(start[name].ravel() for name in graphs.parameters), np.float32(style)])
    state = study.State(values, [np.zeros_like(values), np.zeros_like(values)], values)
    painting = scene(side, side, 5)[:, :, ::-1].copy()
    phases = model.network["transformer"]["stem_stride"] ** 2
    colours = study.painting_targets(graphs, painting, side / study.PAINTING_SIDE)
    fixed = {**colours, "weights": np.float32([RULES["weights"][term] for term in graphs.terms])}
    wide = scene(side + 9, side + 20, 1)
    shifts, shares = [(0, 0), (2, -3), (-5, 1), (0, 0), (4, 4)], [0, 0.1, 0.3, 0.6, 0.9]
    terms, pairs = [], []
    for i, (shift, share) in enumerate(zip(shifts, shares, strict=True)):
        pair = [contents.cut(wide, contents.Crop(0, 2.0 * i, 1.0 * i, side), side, by) for by in ((0, 0), shift)]
        pairs.append([packed(np.round(255 * each.transpose(1, 2, 0)).astype(np.uint8)) for each in pair])
        rates = np.full_like(values, SLOWLY * study.WEIGHTS_RATE)
        rates[-model.style_size :] = SLOWLY * study.STYLE_RATE
        batch = batch_of(graphs, *pair, shift)
        study.one_step(graphs, state, fixed | batch, rates * study.rate(share, state.count) * state.slower)
        study.level_end(state.values, graphs.parameters, phases)
        terms.append([float(f"{state.losses[-1][term]:.7g}") for term in graphs.terms])
    state.best = state.values
    learnt = study.studied(state, graphs.parameters, start)
    return {
        "kind": "steps",
        "painting": packed(painting),
        "colours": {name: numbers(value) for name, value in colours.items() if value.size < 64},
        "pairs": pairs,
        "weights_rate": SLOWLY * study.WEIGHTS_RATE,
        "style_rate": SLOWLY * study.STYLE_RATE,
        "shifts": shifts,
        "shares": shares,
        "terms": terms,
        "brush": sorted(learnt.brush),
        "painted": numbers(painted(model, learnt, unpacked(pairs[0][0]))[:, ::3, ::3]),
    }


def painted(model: Model, learnt: study.Studied, frame: np.ndarray) -> np.ndarray:
    """What a studied style paints, before it is rounded: [3,H,W]."""
    painter = Painter(model, device="cpu", threads=1)
    painter.use([learnt])
    feeds = {"frame": painter.prepare(frame), "style": learnt.style[None]}
    return painter.open_frame().run(["painted"], feeds)[0][0, :, : frame.shape[0], : frame.shape[1]]


def numbers(values: np.ndarray) -> list[float]:
    return [float(f"{value:.7g}") for value in np.ravel(values)]


def batch_of(graphs: study.Graphs, first: np.ndarray, other: np.ndarray, shift: tuple[int, int]) -> dict:
    """One square and the same moved, [3,side,side], as inputs of the step."""
    side = first.shape[-1]
    down, across = contents.shifts(side, shift[1]), contents.shifts(side, shift[0]).T
    return {
        "frame": first[None],
        "other": other[None],
        "down": down[None],
        "across": across[None],
        "seen": (down.sum(1)[:, None] * across.sum(0))[None, None],
        "content": np.asarray(graphs.content.run(None, {"image": first[None]})[0]),
    }


if __name__ == "__main__":
    tiny = load_model(TINY)
    write_study(tiny, tiny.gallery()["waves"]["style"])
