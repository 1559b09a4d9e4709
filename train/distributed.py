"""Training in several processes, as torchrun starts them: one alone is the same with nobody to wait for.

Every process draws its own part of one batch; gradients and figures are averaged, and the main process has the clock.
"""

import os
from collections.abc import Mapping

import torch
from accelerate import Accelerator
from accelerate.utils import broadcast
from torch import Tensor, nn

from impasto.models.errors import BadInput


def accelerator() -> Accelerator:
    """The processes and their devices as torchrun set them up; bf16 autocast on GPUs that have it.

    BadInput: torchrun started several processes that do not find each other, each of which would take itself for the
    only one and write the same folder. On CPUs Accelerate joins them only where ACCELERATE_USE_CPU says so.
    """
    torch.backends.cudnn.benchmark = True  # every step has the same sizes
    bf16 = torch.cuda.is_available() and torch.cuda.is_bf16_supported()
    processes = Accelerator(mixed_precision="bf16" if bf16 else "no")
    if processes.num_processes < started():
        raise BadInput(
            f"{started()} processes were started that do not know of each other; on CPUs, run: ACCELERATE_USE_CPU=true "
            f"torchrun --nproc_per_node {started()} -m -- impasto.train.cli STAGE …"
        )
    return processes


def started() -> int:
    """How many processes torchrun started; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def average_gradients(processes: Accelerator, parameters: list[Tensor]) -> None:
    """Replaces every gradient by its mean over the processes, in one message."""
    if processes.num_processes > 1:
        grads = [weight.grad for weight in parameters if weight.grad is not None]
        flat = torch.as_tensor(processes.reduce(torch.cat([g.reshape(-1) for g in grads]), reduction="mean"))
        for grad, part in zip(grads, flat.split([g.numel() for g in grads]), strict=True):
            grad.copy_(part.view(grad.shape))


def mean_over_processes(processes: Accelerator, terms: Mapping[str, Tensor]) -> dict[str, float]:
    """The mean of every figure, each a number [], over the processes."""
    stacked = torch.stack([value.detach().float() for value in terms.values()])
    return dict(zip(terms, torch.as_tensor(processes.reduce(stacked, reduction="mean")).tolist(), strict=True))


def main_clock(processes: Accelerator, seconds: float) -> float:
    """The main process's clock, so that all stop at the same step."""
    if processes.num_processes == 1:
        return seconds
    return broadcast(torch.tensor([seconds], device=processes.device)).item()


@torch.no_grad()
def broadcast_weights(net: nn.Module) -> None:
    """The main process's weights for all: what is computed before training may be rounded otherwise elsewhere."""
    for weight in net.parameters():
        weight.copy_(torch.as_tensor(broadcast(weight)))
