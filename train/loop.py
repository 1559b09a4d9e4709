"""The loop that all stages share: rate, gradients, average of the weights, log, checkpoints, any number of processes.

Every process draws its own part of one batch and computes the losses of it; gradients and figures are averaged, so
that N processes do what one would do on the whole batch. A stage hands in its terms; nothing here knows what they mean.
"""

import copy
import math
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.optim.swa_utils import get_ema_multi_avg_fn

from impasto.models.errors import BadInput

from . import checkpoint, distributed, losses, run_log
from .checkpoint import Networks
from .config import PaintingConfig, StageConfig, check
from .data.augment import Draws
from .networks import on_device
from .progress import warn


def prepare(config: PaintingConfig, nets: Networks, processes: Accelerator) -> tuple[Networks, Draws, int]:
    """Networks on their device, this process's random numbers, and how many items of the batch are its own.

    BadInput: as `config.check` and `check_sides`, the batch can't be divided among the processes, or the picture's
    size doesn't suit the network.
    """
    check(config)
    world, multiple = processes.num_processes, nets.t.spec.multiple
    if config.batch % world:
        raise BadInput(f"A batch of {config.batch} cannot be divided among {world} processes: change --set batch=….")
    if config.size % multiple:
        raise BadInput(f"size={config.size} must be divisible by {multiple} for this network.")
    check_sides(config)
    nets = on_device(nets, processes.device)
    for net in nets:
        net.train()
    random = torch.Generator().manual_seed(config.seed)
    return nets, Draws(random, processes.process_index, world), config.batch // world


def check_sides(config: StageConfig) -> None:
    """BadInput: photographs would be enlarged to be painted, and everything learnt from pictures that are not sharp."""
    if config.size > config.photo_side:
        raise BadInput(
            f"size={config.size} is more than photo_side={config.photo_side}, the side that photographs are read at: "
            f"--set photo_side={config.size * 4 // 3}, for instance."
        )


def check_out(out: Path, resume: bool) -> None:
    """BadInput: `out` holds a run and `resume` is False, or weights of one without its checkpoints, or is no folder."""
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out} is a file: --out names a run's folder.")
    if checkpoint.newest(out) and not resume:
        raise BadInput(f"{out} already holds a run: add --resume to continue it, or choose another --out.")
    if not checkpoint.newest(out) and (out / checkpoint.RESULT).exists():
        raise BadInput(f"{out} already holds weights, of a run that is not there: choose another --out.")


def run(
    config: PaintingConfig,
    nets: Networks,
    rates: Mapping[str, float],
    terms: Callable[[], dict[str, Tensor]],
    sheet: Callable[[Networks], Tensor],
    out: Path,
    processes: Accelerator,
    draws: Draws,
    resume: bool,
) -> str:
    """Trains `nets` until `config.steps` or `config.minutes` are over; returns how it ended, in a sentence.

    rates: the learning rate of "p", of "t", or of a part such as "t.stem", which has its own; what is missing, or has
    rate 0, is frozen. terms() draws a batch and gives this process's losses of it by the names of `config.weights`;
    sheet(nets) gives a picture [3,H,W].
    Writes into `out`: checkpoints, the result (see `checkpoint`), log.jsonl (one line a step), config.json, samples/
    and tensorboard/. BadInput: a term, the gradient or the weights are not finite (the last good checkpoint stays), or
    `out` holds a run and `resume` is False, or the weights of one without its checkpoints.
    """
    began = time.monotonic()
    optimizer = _optimizer(nets, rates)
    ema = copy.deepcopy(nets)
    for weight in _weights(ema):
        weight.requires_grad_(False)
    check_out(out, resume)
    first = _resume(out, nets, ema, optimizer, draws, processes)
    log = run_log.Log(out, config, first, processes.num_processes) if processes.is_main_process else None

    # A process may stop only where all do: the clock is the main process's, and so is the step.
    step, seconds, saved = first, 0.0, 0.0
    while not is_over(config, step, seconds):
        step += 1
        factor = rate_factor(config, step, seconds)
        for group in optimizer.param_groups:
            group["lr"] = group["base"] * factor
        values = _take_step(config, nets, optimizer, terms, processes, step)
        _average(ema, nets, config.ema, step)

        seconds = distributed.main_clock(processes, time.monotonic() - began)
        due = step % config.save_every == 0 or (config.save_minutes and seconds - saved >= 60 * config.save_minutes)
        saved = seconds if due else saved
        if log:
            log.step(step, values, factor * max(rates.values()), seconds)
            if due or is_over(config, step, seconds):
                checkpoint.save(out, step, nets, ema, optimizer, draws.generator)
                log.picture(step, sheet(ema))
    processes.wait_for_everyone()
    if log:
        log.close()
    if step < config.steps:
        return f"Stopped after {seconds / 60:.1f} minutes at step {step} of {config.steps}; --resume continues it."
    return f"Finished at step {step}; the weights are in {out / checkpoint.RESULT}."


def _resume(
    out: Path, nets: Networks, ema: Networks, optimizer: torch.optim.Optimizer, draws: Draws, processes: Accelerator
) -> int:
    """Brings everything to where the newest checkpoint left it; the last step that is done, 0 without a checkpoint."""
    bases = [group["base"] for group in optimizer.param_groups]
    first = checkpoint.resume(out, nets, ema, optimizer, draws.generator, warn)
    for group, base in zip(optimizer.param_groups, bases, strict=True):
        group["base"] = base  # what is asked for now, not what the checkpoint was trained with
    processes.wait_for_everyone()  # none may look for checkpoints while another already writes or removes one
    if processes.is_main_process:
        checkpoint.forget_after(out, first)
    return first


def is_over(config: StageConfig, step: int, seconds: float) -> bool:
    """Whether the last step or the last minute is done; minutes=0 sets no limit."""
    return step >= config.steps or bool(config.minutes and seconds >= 60 * config.minutes)


def _average(ema: Networks, nets: Networks, decay: float, step: int) -> None:
    """Moves the average towards the weights: w̄ ← d·w̄ + (1 − d)·w; at the beginning over fewer steps, so that it
    forgets the start."""
    get_ema_multi_avg_fn(min(decay, step / (step + 10)))(_weights(ema), _weights(nets), step)


def _weights(nets: Networks) -> list[Tensor]:
    return [weight for net in nets for weight in net.parameters()]


def _take_step(
    config: PaintingConfig, nets: Networks, optimizer: torch.optim.Optimizer, terms: Callable[[], dict[str, Tensor]],
    processes: Accelerator, step: int,
) -> dict[str, float]:  # fmt: skip
    """One step of all processes on one batch; the terms, means over the processes. BadInput: as `require_finite`."""
    parameters = [weight for group in optimizer.param_groups for weight in group["params"]]
    # Forward: the terms of this process's part of the batch, and their means over all processes.
    with processes.autocast():
        own = terms()
    total, _ = losses.combine(own, config.weights)
    values = distributed.mean_over_processes(processes, own)
    require_finite(values, step)

    # Backward: the same gradient and the same step everywhere, so that the weights stay alike.
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    distributed.average_gradients(processes, parameters)
    norm = torch.nn.utils.clip_grad_norm_(parameters, config.clip)
    require_finite({"gradient": float(norm)}, step)
    optimizer.step()
    if nets.t.end.conv.weight.requires_grad:
        nets.t.level_end()  # a projected gradient: otherwise plain frames are painted as a weave
    require_finite({"weights": float(torch.nn.utils.get_total_norm(parameters))}, step)
    return values


def rate_factor(config: StageConfig, step: int, seconds: float) -> float:
    """What the learning rate is multiplied by: rising over `warmup` steps, then along half a cosine down to a tenth.

    `decay` says what the cosine runs along: "steps", "minutes" of this command, or "none" for a constant rate.
    """
    rising = min(1.0, step / max(config.warmup, 1))
    if config.decay == "none":
        return rising
    done = step / config.steps if config.decay == "steps" else seconds / (60 * config.minutes)
    return rising * (0.55 + 0.45 * math.cos(math.pi * min(done, 1.0)))


def _optimizer(nets: Networks, rates: Mapping[str, float]) -> torch.optim.Adam:
    """Adam; no weight decay, since every convolution that matters is normalised after."""
    groups: dict[str, list] = {}
    for network, net in nets._asdict().items():
        for name, weight in net.named_parameters():
            # The longest name that a rate is given for is the part that this weight belongs to.
            owners = [part for part in rates if f"{network}.{name}.".startswith(f"{part}.")]
            owner = max(owners, key=len, default="")
            weight.requires_grad_(rates.get(owner, 0.0) > 0)
            if weight.requires_grad:
                groups.setdefault(owner, []).append(weight)
    if not groups:
        raise BadInput("Nothing would be trained: the learning rate of all that this stage trains is 0.")
    return torch.optim.Adam([{"params": weights, "base": rates[part]} for part, weights in groups.items()])


def require_finite(values: Mapping[str, float], step: int) -> None:
    """BadInput names what is not finite. Called before anything is saved, so that no checkpoint ever holds it."""
    bad = [name for name, value in values.items() if not math.isfinite(value)]
    if bad:
        raise BadInput(
            f"Not finite at step {step}: {', '.join(bad)}; lower the rate (--set rate=…) or look at the data. What was "
            "saved before still stands: --resume goes on from the last checkpoint, or begins anew without one."
        )
