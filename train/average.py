"""Between two runs: the weights of one, a share of the way to those of the other.

Where a run starts from another, the networks along the straight line between the two mostly paint better than either
would let one hope: Wortsman et al., "Robust fine-tuning of zero-shot models" (2022). It trades what the later run
learnt for what it forgot, without training again.
"""

from pathlib import Path

import torch
from torch import nn

from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting
from impasto.models.weights import save_weights

from . import networks


def average(first: str, second: str, share: float, out: Path) -> None:
    """Writes the weights file `out` of first + share · (second − first); both are weights files or runs' folders.

    share in [0, 1]. BadInput: another share, no such weights, networks that are not alike, or
    `out` is one of those read.
    """
    if not 0 <= share <= 1:
        raise BadInput(f"The share goes from 0 (the first run) to 1 (the second), not {share:g}.")
    check_overwriting(out, map(networks.weights_file, (first, second)))
    before, after = (networks.start(source, "", 0) for source in (first, second))
    for a, b in zip(before, after, strict=True):
        if a.spec != b.spec or a.layout != b.layout:
            raise BadInput(f"{first} and {second} hold different networks: average only a run and one begun from it.")
        interpolate(a, b, share)
    out.parent.mkdir(parents=True, exist_ok=True)
    save_weights(*after, out)


@torch.no_grad()
def interpolate(first: nn.Module, second: nn.Module, share: float) -> None:
    """Makes the weights of `second` first + share · (second − first)."""
    for a, b in zip(first.parameters(), second.parameters(), strict=True):
        b.copy_(torch.lerp(a, b, share))
