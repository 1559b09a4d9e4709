"""The networks that training begins with: the published ones, new ones, or those of an earlier run."""

from collections.abc import Mapping
from pathlib import Path

import torch

from impasto.models.errors import BadInput
from impasto.models.predictor import SMALL, Predictor, PredictorSpec
from impasto.models.spec import PUBLISHED, SPACE_TO_DEPTH, StyleLayout
from impasto.models.transformer import Transformer
from impasto.models.weights import load_weights

from . import checkpoint
from .checkpoint import Networks

NETWORKS = {"published": PUBLISHED, "space_to_depth": SPACE_TO_DEPTH}
PREDICTORS = {"published": PredictorSpec(), "small": SMALL}


def start(source: str, network: str, seed: int, predictor: str = "small") -> Networks:
    """The networks to begin with: "published", "scratch" (T and P as the names say), a weights file or a run's folder.

    BadInput: there is no such file, it holds something else, or `network` has no such name. Stages that go on from
    trained networks name none.
    """
    if source == "published":
        from impasto.models.published import load_published

        return Networks(*load_published())
    if source == "scratch":
        if not network:
            raise BadInput("Start from published, or from an earlier stage's weights, such as an image stage's.")
        torch.manual_seed(seed)
        spec, pspec = named(NETWORKS, network), named(PREDICTORS, predictor)
        return Networks(Predictor(pspec, StyleLayout.of(spec)), Transformer(spec))
    named(PREDICTORS, predictor)  # which of them only matters from scratch; but one that does not exist is a mistake
    if network:
        named(NETWORKS, network)
    file = weights_file(source)
    if not file.is_file():
        raise BadInput(
            f"There is nothing to start from at {source}: name a run's folder or a weights file, or say published or "
            "scratch."
        )
    return Networks(*load_weights(file))


def weights_file(source: str) -> Path:
    """The weights of a run's folder, or the file itself."""
    return Path(source) / checkpoint.RESULT if Path(source).is_dir() else Path(source)


def named(table: Mapping, name: str):
    """What has this name in `NETWORKS` or `PREDICTORS`. BadInput: nothing has."""
    if name not in table:
        raise BadInput(f"There is no network {name!r}: it is one of {', '.join(table)}.")
    return table[name]


def on_device(nets: Networks, device: torch.device) -> Networks:
    """The same networks, moved to a device, in the layout that convolutions are fastest in."""
    for net in nets:
        net.to(device)
        net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
    return nets
