"""`impasto train sweep`: what descriptions of T cost, and what they have learnt after the same short training.

All start from random weights and one P that already knows pictures, see the same batches, and stop at the same step.
So little training says which networks learn faster, not which end better; read it beside the cost.
"""

import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from impasto.export.graphs.quiet import quiet
from impasto.export.graphs.wrappers import FrameGraph
from impasto.export.runtime.description import fields, number
from impasto.export.runtime.sessions.session import open_session
from impasto.export.runtime.sessions.timing import interleaved
from impasto.models.atomic import write_text
from impasto.models.errors import BadInput
from impasto.models.predictor import Predictor
from impasto.models.spec import PUBLISHED, SPACE_TO_DEPTH, StyleLayout, TransformerSpec
from impasto.models.transformer import Transformer
from impasto.models.weights import OPTIONAL, ROWS_OF_STYLE, save_weights, take_over

from . import loop
from .checkpoint import LOG, read_log
from .stages import image
from .stages.distil import load_teacher

# What the other rows change; it was measured before there were skips.
PLAIN = replace(SPACE_TO_DEPTH, skip=False)
ROWS = {
    "published": PUBLISHED,
    "space_to_depth": PLAIN,
    "3 blocks": replace(PLAIN, blocks=3),
    "24-32": replace(PLAIN, channels=(24, 32)),
    "16-48": replace(PLAIN, channels=(16, 48)),
    "16-32-48": replace(PLAIN, channels=(16, 32, 48)),
    "stem of 10": replace(PLAIN, stem_kernel=10),
    "stride 4": TransformerSpec(channels=(32,), stem_kernel=8, stem_stride=4, end_kernel=3),
    "skips": SPACE_TO_DEPTH,
}
# Small pictures and no rare sheets: many rows in an hour of one core. P learns with T, for its heads are new.
SETTINGS = image.Config(
    size=128, style_size=128, photo_side=160, painting_side=160, batch=2, steps=150, rate=1e-3, predictor_rate=5e-4,
    warmup=20, ema=0.9, save_every=1000, decay="none",
)  # fmt: skip
HEIGHT, WIDTH = 288, 512  # of the frame that is timed
THREADS = 2
ROUNDS = 30  # frames each network paints, in turn; the fastest counts: what else a machine does only ever adds
TERMS = ("texture", "energy", "colour", "content", "structure", "tv", "total")  # in the table
LINE = fields(total=number, terms=lambda terms: isinstance(terms, dict) and all(map(number, terms.values())))
LAST = 0.2  # share of the steps whose losses are averaged


def sweep(
    config: image.Config,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    out: Path,
    vgg_file: Path | None = None,
    teacher: str | None = None,
    rows: Mapping[str, TransformerSpec] = ROWS,
    rounds: int = ROUNDS,
    size: tuple[int, int] = (HEIGHT, WIDTH),
) -> dict:
    """Measures and trains every row; writes sweep.json and sweep.md into `out` and returns what is in them.

    Each row is a run in a folder of its own, so a sweep that was interrupted goes on where it stopped.
    """
    result = {"steps": config.steps, "size": list(size), "threads": THREADS, "rows": {}}
    times = milliseconds(rows, rounds, size)
    for name, spec in rows.items():
        run = out / name.replace(" ", "-")
        costs = {"spec": spec.to_json(), **cost(spec), "ms": round(times[name], 1)}
        result["rows"][name] = {**costs, **train_row(config, spec, photos, paintings, run, vgg_file, teacher)}
        write_text(out / "sweep.json", json.dumps(result, indent=1))
        write_text(out / "sweep.md", markdown(result))
    return result


def cost(spec: TransformerSpec) -> dict:
    """MAC a pixel, parameters of T without its stabilizer, and kilobytes of those in float16."""
    t = Transformer(spec)
    count = sum(w.numel() for name, w in t.named_parameters() if not name.startswith(OPTIONAL))
    return {"macs_per_pixel": round(spec.macs_per_pixel), "parameters": count, "kb_fp16": round(2 * count / 1000)}


def milliseconds(rows: Mapping[str, TransformerSpec], rounds: int, size: tuple[int, int]) -> dict[str, float]:
    """Least milliseconds of each one's frame graph in ONNX Runtime: all paint in turn, after a round to warm up."""
    frame = np.random.default_rng(0).random((1, 3, *size), dtype=np.float32)
    with tempfile.TemporaryDirectory() as folder:
        calls = {}
        for i, (name, spec) in enumerate(rows.items()):
            graph = frame_graph(spec, size, Path(folder) / f"{i}.onnx")
            feed = {"frame": frame, "style": np.ones((1, StyleLayout.of(spec).size), np.float32)}
            calls[name] = partial(open_session(graph, "cpu", THREADS).run, None, feed)
        return {name: min(times) for name, times in interleaved(calls, rounds).items()}


def frame_graph(spec: TransformerSpec, size: tuple[int, int], file: Path) -> Path:
    """The frame graph of a T with random weights for frames of one size, as the exporter would write it."""
    t = Transformer(spec)
    inputs = torch.rand(1, 3, *size), torch.ones(1, t.layout.size)
    with quiet():
        program = torch.onnx.export(
            FrameGraph(t), inputs, input_names=["frame", "style"], opset_version=18, dynamo=True, verbose=False
        )
    assert program is not None  # with dynamo it never is
    program.save(str(file), external_data=False)
    return file


def train_row(
    config: image.Config,
    spec: TransformerSpec,
    photos: Sequence[Path],
    paintings: Sequence[Path],
    run: Path,
    vgg_file: Path | None,
    teacher: str | None,
) -> dict[str, float]:
    """Trains this T from random weights and gives the mean of each loss, and of their total, over the last steps."""
    run.mkdir(parents=True, exist_ok=True)
    start = run / "start.safetensors"
    if not start.exists():
        torch.manual_seed(config.seed)
        save_weights(*random_transformer(spec, load_teacher(teacher).p), start)
    if len(read_log(run)) < config.steps:  # to read a thousand pictures for nothing takes longer than to look
        image.train(config, photos, paintings, run, str(start), vgg_file, resume=True)
    lines = read_log(run)[-max(1, round(LAST * config.steps)) :]
    if not lines or not all(LINE(line) and line["terms"].keys() == lines[0]["terms"].keys() for line in lines):
        raise BadInput(f"{run / LOG} is damaged: choose another --out.")
    figures = {name: [line["terms"][name] for line in lines] for name in lines[0]["terms"]}
    figures["total"] = [line["total"] for line in lines]
    return {name: round(float(np.mean(values)), 4) for name, values in figures.items()}


def random_transformer(spec: TransformerSpec, teacher: Predictor) -> loop.Networks:
    """T with random weights, and the teacher's P with new heads for it."""
    t = Transformer(spec)
    p = Predictor(teacher.spec, t.layout)
    parts: dict[str, nn.Module] = dict(teacher.named_children())
    for name, part in p.named_children():
        if name not in ROWS_OF_STYLE:
            take_over(part, parts[name])
    return loop.Networks(p, t)


def markdown(result: dict) -> str:
    """The table, one row a network."""
    height, width = result["size"]
    terms = [key for key in next(iter(result["rows"].values())) if key in TERMS]
    head = ["network", "channels", "blocks", "stem", "end", "MAC/px", "parameters", "kB fp16", "ms", *terms]
    lines = [
        f"T at {width}×{height}, {result['threads']} threads of ONNX Runtime; losses after {result['steps']} steps.\n",
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
    ]
    for name, row in result["rows"].items():
        spec = TransformerSpec.from_json(row["spec"])
        cells = [name, "-".join(map(str, spec.channels)), spec.blocks, f"{spec.stem_kernel}×{spec.stem_kernel}"]
        cells[3] += f" / {spec.stem_stride}" if spec.stem_stride > 1 else ""
        cells += [f"{spec.end_kernel}×{spec.end_kernel}", f"{row['macs_per_pixel']:,}", f"{row['parameters']:,}"]
        cells += [row["kb_fp16"], row["ms"], *(f"{row[term]:.3f}" for term in terms)]
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines) + "\n"
