"""Writes a model folder: ONNX graphs in float32 and float16, the weights, the built-in styles, `model.json`.

Everything is written into a folder aside, run there and compared with PyTorch, and only then moved into place.
"""

from pathlib import Path

import onnx_ir as ir
import torch
from onnxscript.optimizer import optimize_ir

from impasto.export.runtime.model import Model, check_model_folder, describe, load_model, write_model
from impasto.export.runtime.sessions.graph_weights import weights_hash
from impasto.models.atomic import folder_aside
from impasto.models.predictor import Predictor
from impasto.models.rules import rules
from impasto.models.transformer import Transformer
from impasto.models.weights import save_weights

from . import parity
from .gallery import write_gallery
from .in_tiles import FrameInTilesGraph
from .lowering import TRANSLATIONS, with_fewer_operators
from .progress import Progress, untold
from .quiet import quiet
from .tflite import write_tflite
from .wrappers import MULTIPLE, STATE, FrameGraph, StabilizeGraph, SteadyStyleGraph, StepGraph, StyleGraph

OPSET = 18
DTYPES = {"": torch.float32, "_fp16": torch.float16}
NEXT = ["painted", *(each["from"] for each in STATE)]
OUTPUTS = {
    "style": ["style"],
    "steady_style": ["steady_style"],
    "frame": ["painted"],
    "frame_tiles": ["painted"],
    "step": NEXT,
    "stabilize": NEXT,
}


def export_model(
    p: Predictor,
    t: Transformer,
    folder: Path,
    *,
    name: str | None = None,
    revision: str = "",
    recipe: dict | None = None,
    figures: dict | None = None,
    gallery: dict | None = None,
    card: str | None = None,
    tflite: tuple[int, int] | None = None,
    progress: Progress = untold,
) -> Model:
    """Write P and T as the model `folder` (made, or replaced when it is a model already) and return it, loaded.

    `gallery` maps a style's name to {"title", "artist", "year", "style": S}, and what else `write_gallery` takes;
    `card` is the text of the model's README; `revision` tells apart what was released under one name;
    `tflite`: (width, height) of the frames of a `frame.tflite` that is written too (extra [mobile]).
    Raises BadInput when `folder` holds something else, ParityError when a graph differs from its network.
    """
    folder = Path(folder)
    check_model_folder(folder)
    with folder_aside(folder) as aside:
        roles = _write_graphs(p.eval(), t.eval(), aside, progress)
        differences = _check_graphs(p, t, aside, roles, progress)
        if tflite:
            progress(0, 1, "writing graphs for phones")
        phone_files, phone_differences = write_tflite(p, t, aside, tflite, gallery) if tflite else ({}, {})
        roles |= phone_files
        save_weights(p, t, aside / "weights.safetensors")
        roles["weights"] = "weights.safetensors"
        if card:
            (aside / "README.md").write_text(card, "utf-8")
        model = Model(
            folder=aside,
            name=name or folder.resolve().name,
            revision=revision,
            style_size=t.layout.size,
            layout=t.layout.to_json(),
            network={"transformer": t.spec.to_json(), "predictor": p.spec.to_json()},
            files=describe(aside, roles),
            multiple=MULTIPLE,
            style_side=p.spec.side,
            rules=rules(MULTIPLE),
            state=STATE,
            recipe=recipe or {},
            weights=weights_hash((aside / roles["frame"]).read_bytes()),
            figures={**(figures or {}), "parity": differences, **phone_differences},
        )
        write_model(write_gallery(model, gallery, progress) if gallery else model)
    return load_model(folder)


def _write_graphs(p: Predictor, t: Transformer, folder: Path, progress: Progress) -> dict[str, str]:
    """Export every graph in every precision; returns role → file name."""
    height, width, side = 64, 96, p.spec.side
    frame = {"frame": torch.rand(1, 3, height, width), "style": torch.rand(1, t.layout.size)}
    # A tensor for each input: torch.export would take one tensor given twice for one input.
    state = {s["name"]: torch.rand(1, s["channels"], height // s["over"], width // s["over"]) for s in STATE}
    of_step = {"stability": torch.ones(1), **state}
    graphs = []
    for suffix, dtype in DTYPES.items():
        tuned = dtype == torch.float32  # half precision is for graphics processors, and would round Winograd's sums
        graphs += [
            ("style" + suffix, StyleGraph(p, t, dtype), {"image": torch.rand(1, 3, side, side)}),
            ("frame" + suffix, FrameGraph(t, dtype, tuned), frame),
            ("step" + suffix, StepGraph(t, dtype, tuned), {**frame, **of_step}),
        ]
    if not parity.wrong_in_tiles(t):
        graphs.append(("frame_tiles", FrameInTilesGraph(t), frame))
    graphs += [
        ("steady_style", SteadyStyleGraph(t), {"style": frame["style"], "stability": of_step["stability"]}),
        ("stabilize", StabilizeGraph(t), {"frame": frame["frame"], "painting": frame["frame"].clone(), **of_step}),
    ]
    roles = {role: f"{role}.onnx" for role, _, _ in graphs}
    for done, (role, graph, inputs) in enumerate(graphs):
        progress(done, 2 * len(graphs), f"writing {roles[role]}")
        # OpenVINO spreads pixels fastest by the operator that is meant for it.
        translations = {} if role == "frame_tiles" else TRANSLATIONS
        _to_onnx(graph, inputs, OUTPUTS[role.removesuffix("_fp16")], folder / roles[role], translations)
    return roles


def _to_onnx(graph, inputs: dict, outputs: list[str], path: Path, translations: dict = TRANSLATIONS) -> None:
    """torch.onnx.export into one self-contained file, without its chatter.

    Nothing that is computed here depends on a frame's size in numbers, so the graph of one size is that of any; to
    trace it with sizes unknown would take four times as long. `_check_graphs` runs it at another size than this.
    """
    with quiet():
        program = torch.onnx.export(
            graph.eval(),
            tuple(inputs.values()),
            input_names=list(inputs),
            output_names=outputs,
            opset_version=OPSET,
            dynamo=True,
            custom_translation_table=translations,
            optimize=False,
            verbose=False,
        )
        assert program is not None  # as it is for dynamo=False
        optimize_ir(program.model, onnx_shape_inference=False, should_fold=_foldable)
        with_fewer_operators(program.model)
        forget_origins(program.model)
        if "frame" in inputs:
            _any_size(program.model)
        program.save(str(path), external_data=False)


def _foldable(node) -> bool | None:
    """Whether a node may be computed here and now (None: as the optimizer thinks): nothing of T's weights, for a graph
    has to hold them under their names, and no shape, for it has to hold for any size."""
    of_weights = any(value is not None and value.is_initializer() and "network." in value.name for value in node.inputs)
    return False if of_weights or node.op_type == "Shape" else None


def _any_size(model) -> None:
    """Make H and W of whatever belongs to the frame unknown, and forget the shapes in between."""
    over = {s["name"]: s["over"] for s in STATE} | {s["from"]: s["over"] for s in STATE}
    edges = [value for value in (*model.graph.inputs, *model.graph.outputs) if len(value.shape) == 4]
    sizes = {value: (value.shape[1], over.get(value.name, 1)) for value in edges}
    for node in model.graph.all_nodes():
        for value in node.outputs:
            value.shape = None
    for value, (channels, part) in sizes.items():
        value.shape = ir.Shape([1, channels, *(side if part == 1 else f"{side}/{part}" for side in "hw")])


def forget_origins(model) -> None:
    """Take out where in the source each node came from: stack traces with the paths of whoever exported."""
    model.metadata_props.clear()
    for node in model.graph.all_nodes():
        node.metadata_props.clear()
        node.doc_string = None
    for value in (*model.graph.inputs, *model.graph.outputs, *model.graph.initializers.values()):
        value.metadata_props.clear()


def _check_graphs(
    p: Predictor, t: Transformer, folder: Path, roles: dict[str, str], progress: Progress
) -> dict[str, float]:
    """Run every graph beside its network; returns the differences. Raises ParityError."""
    with torch.no_grad():
        style = p(torch.from_numpy(parity.probes(p.spec.side, p.spec.side)["picture"])).numpy()
    differences = {}
    for done, (role, file) in enumerate(roles.items()):
        progress(len(roles) + done, 2 * len(roles), f"checking {file}")
        if role.startswith("frame"):
            differences[role] = parity.frame_difference(t, folder / file, style)
        elif role.startswith("step"):
            differences[role] = parity.step_difference(t, folder / file, STATE, style)
        elif role == "stabilize":  # with the two graphs that give it what it needs
            parts = {part: folder / roles[part] for part in ("frame", "steady_style", "stabilize")}
            differences[role] = parity.parts_difference(t, parts, STATE, style)
        elif role == "steady_style":
            differences[role] = parity.steady_style_difference(t, folder / file, style)
        else:
            differences[role] = parity.style_difference(p, t, folder / file)
        parity.require(role, differences[role])
    return {role: float(f"{value:.2e}") for role, value in differences.items()}
