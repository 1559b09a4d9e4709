"""The weights of P and T in one safetensors file, which describes the networks it belongs to."""

import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from .atomic import written_aside
from .errors import BadInput
from .predictor import Predictor, PredictorSpec
from .spec import StyleLayout, TransformerSpec
from .transformer import Transformer

SAYING = ("heads", "correct")  # the parts of P with a row for every value of S
LATER = ("stabilizer", "steady_style")  # the parts of T that files may lack


def save_weights(p: Predictor, t: Transformer, path: Path) -> None:
    """Both networks in one safetensors file (`predictor.…`, `transformer.…`), their descriptions in its metadata.

    The file appears whole or not at all.
    """
    tensors = {f"predictor.{k}": v for k, v in p.state_dict().items()}
    tensors |= {f"transformer.{k}": v for k, v in t.state_dict().items()}
    meta = {"predictor": json.dumps(p.spec.to_json()), "transformer": json.dumps(t.spec.to_json())}
    with written_aside(path) as aside:
        save_file({k: v.detach().cpu().contiguous() for k, v in tensors.items()}, str(aside), meta)


@torch.no_grad()
def take_over(mine: nn.Module, model: nn.Module) -> bool:
    """Copies all weights of a module if all names and shapes agree, none otherwise; returns which."""
    values = model.state_dict()
    alike = {k: v.shape for k, v in mine.state_dict().items()} == {k: v.shape for k, v in values.items()}
    if alike:
        mine.load_state_dict(values)
    return alike


def for_layout(p: Predictor, layout: StyleLayout) -> Predictor:
    """A copy of P whose heads give only the layers of a smaller layout, with the values that P gives them.

    ValueError: the layout has a layer that P's has not.
    """
    rows = layout.within(p.layout)
    smaller = Predictor(p.spec, layout)
    values = p.state_dict()
    smaller.load_state_dict({k: v[rows] if k.split(".")[0] in SAYING else v for k, v in values.items()})
    return smaller


def with_part(tensors: dict[str, Tensor], prefix: str, made: nn.Module) -> dict[str, Tensor]:
    """Tensors by name; a part of them without the names and shapes of what was made is replaced by it as a whole."""
    values = {prefix + k: v for k, v in made.state_dict().items()}
    stored = {k: v.shape for k, v in tensors.items() if k.startswith(prefix)}
    if stored == {k: v.shape for k, v in values.items()}:
        return tensors
    return {k: v for k, v in tensors.items() if k not in stored} | values


def load_weights(path: Path) -> tuple[Predictor, Transformer]:
    """The networks of a file written by `save_weights`, in evaluation mode. Raises BadInput for any other file.

    What paints steadily stays as it is made where a file has none of it, or one of an earlier kind.
    """
    try:
        with safe_open(str(path), "pt") as f:
            meta = f.metadata() or {}
            tensors = {name: f.get_tensor(name) for name in f.keys()}  # noqa: SIM118
        tspec = TransformerSpec.from_json(json.loads(meta["transformer"]))
        pspec = PredictorSpec.from_json(json.loads(meta["predictor"]))
        p, t = Predictor(pspec, StyleLayout.of(tspec)), Transformer(tspec)
        for part in LATER:
            tensors = with_part(tensors, f"transformer.{part}.", getattr(t, part))
        for prefix, net in (("predictor.", p), ("transformer.", t)):
            net.load_state_dict({k.removeprefix(prefix): v for k, v in tensors.items() if k.startswith(prefix)})
    except (OSError, KeyError, ValueError, TypeError, RuntimeError, SafetensorError) as e:
        raise BadInput(f"{path} does not hold the weights of an Impasto model.") from e
    return p.eval(), t.eval()
