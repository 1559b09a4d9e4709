"""The weights of P and T in one safetensors file: `weights.safetensors` of runs and of model folders.

Its tensors are named `predictor.…` and `transformer.…` as in the networks' state dicts; its metadata holds the sizes of
both as JSON (`PredictorSpec`, `TransformerSpec`), so that the file alone is enough to build them again.
"""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from .atomic import written_aside
from .errors import BadInput
from .metadata import with_metadata
from .predictor import Predictor, PredictorSpec
from .spec import StyleLayout, TransformerSpec
from .transformer import Transformer

ROWS_OF_STYLE = ("heads", "correct")  # the layers of P with a row for every value of S
OPTIONAL = ("stabilizer", "steady_style")  # the parts of T that older files lack, or have in another shape
_PREFIXES = ("predictor.", "transformer.")
_OPTIONAL_NAMES = tuple(f"transformer.{part}." for part in OPTIONAL)


def save_weights(p: Predictor, t: Transformer, path: Path) -> None:
    """Both networks in one safetensors file (`predictor.…`, `transformer.…`), their descriptions in its metadata.

    The file appears whole or not at all.
    """
    tensors = {f"predictor.{k}": v for k, v in p.state_dict().items()}
    tensors |= {f"transformer.{k}": v for k, v in t.state_dict().items()}
    meta = {"predictor": json.dumps(p.spec.to_json()), "transformer": json.dumps(t.spec.to_json())}
    with written_aside(path) as aside:
        data = save({k: v.detach().cpu().contiguous() for k, v in tensors.items()})
        aside.write_bytes(with_metadata(data, meta))


@torch.no_grad()
def take_over(mine: nn.Module, model: nn.Module) -> bool:
    """Copy all weights of `model` into `mine` if all names and shapes agree, none otherwise; returns whether it did."""
    values = model.state_dict()
    alike = {k: v.shape for k, v in mine.state_dict().items()} == {k: v.shape for k, v in values.items()}
    if alike:
        mine.load_state_dict(values)
    return alike


def for_layout(p: Predictor, layout: StyleLayout) -> Predictor:
    """A copy of P for a smaller layout: its S holds the γ and β of that layout's layers, with the values P gives them.

    Raises ValueError when the layout has a layer that P's has not.
    """
    rows = layout.within(p.layout)
    smaller = Predictor(p.spec, layout)
    values = p.state_dict()
    smaller.load_state_dict({k: v[rows] if k.split(".")[0] in ROWS_OF_STYLE else v for k, v in values.items()})
    return smaller


def with_part(tensors: dict[str, Tensor], prefix: str, made: nn.Module) -> dict[str, Tensor]:
    """Tensors by name, in which the part under `prefix` fits the module `made`.

    Where its names or shapes differ, the whole part is replaced by the values that `made` begins with.
    """
    values = {prefix + k: v for k, v in made.state_dict().items()}
    stored = {k: v.shape for k, v in tensors.items() if k.startswith(prefix)}
    if stored == {k: v.shape for k, v in values.items()}:
        return tensors
    return {k: v for k, v in tensors.items() if k not in stored} | values


def load_weights(path: Path) -> tuple[Predictor, Transformer]:
    """(P, T) of a file written by `save_weights`, in evaluation mode. Raises BadInput for any other file.

    The stabilizer and the steady style keep the values they are built with where the file has none, or those of an
    earlier kind.
    """
    if not Path(path).is_file():
        raise BadInput(f"There are no weights at {path}: name a run's folder or a weights file (.safetensors).")
    try:
        with safe_open(str(path), "pt") as f:
            meta = f.metadata() or {}
            tspec = TransformerSpec.from_json(json.loads(meta["transformer"]))
            pspec = PredictorSpec.from_json(json.loads(meta["predictor"]))
            p, t = Predictor(pspec, StyleLayout.of(tspec)), Transformer(tspec)
            # Shapes are compared in the file's header; what is of no use here is not read.
            stored = {name: tuple(f.get_slice(name).get_shape()) for name in f.keys() if name.startswith(_PREFIXES)}  # noqa: SIM118
            if _required(stored) != _required(_shapes(p, t)):
                raise ValueError("other tensors than the metadata describe")
            tensors = {name: f.get_tensor(name) for name in stored}
        for part in OPTIONAL:
            tensors = with_part(tensors, f"transformer.{part}.", getattr(t, part))
        if not all(tensor.isfinite().all() for tensor in tensors.values()):
            raise ValueError("weights that are not finite")
        for prefix, net in zip(_PREFIXES, (p, t), strict=True):
            net.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError, SafetensorError) as e:
        raise BadInput(f"{path} does not hold the weights of an Impasto model.") from e
    return p.eval(), t.eval()


def _shapes(p: Predictor, t: Transformer) -> dict[str, tuple[int, ...]]:
    """Name in a file → shape of every weight of both networks."""
    nets = zip(_PREFIXES, (p, t), strict=True)
    return {prefix + name: tuple(value.shape) for prefix, net in nets for name, value in net.state_dict().items()}


def _required(shapes: dict[str, tuple[int, ...]]) -> dict[str, tuple[int, ...]]:
    return {name: shape for name, shape in shapes.items() if not name.startswith(_OPTIONAL_NAMES)}
