"""The motion stage: a small network learns to find motion, from photographs that move in known ways.

Its result, `models/steady/flownet.safetensors`, is what every stabilizer finds motion with: learned once, not with
each T.

Supervised as PWC-Net is (Sun et al. 2018), at every level: by the end-point error over all pixels, those that are
hidden in the other frame too, for their motion is known exactly here.
"""

import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from impasto.models.errors import BadInput
from impasto.models.steady.flownet import FlowNet, save_flownet
from impasto.models.steady.motion import pixel_grid
from impasto.models.steady.quads import in_cells
from impasto.train.checkpoint import LOG, SETTINGS
from impasto.train.config import StageConfig, check
from impasto.train.data import pictures, synthetic
from impasto.train.data.augment import Draws
from impasto.train.data.warp import scale_flow
from impasto.train.distributed import started
from impasto.train.loop import check_sides, is_over, rate_factor, require_finite

RESULT = "flownet.safetensors"
HELD_OUT = 10  # every tenth photograph is kept from training, to compare on
LEVELS = {2: 1.0, 4: 0.5, 8: 0.25, 16: 0.15}  # what a level's error counts
EPSILON = 0.05  # pixels: below, errors count less and less (Charbonnier's √(e² + ε²))
PACES = (1, 1, 1, 2, 3, 5)  # a scene's motion times one of these: most of what is filmed is slow, but not all

MORE = 2  # cut-outs before those of the scene, in about two thirds of the scenes each
TURNS = 4  # steps that pairs are used in, turned differently: to make them takes longer than to learn from them


@dataclass(frozen=True)
class Config(StageConfig):
    """Settings of the motion stage."""

    size: int = 224  # px: frames, at half of the size that they are filmed in
    photo_side: int = 320  # px: of the stored photographs, a third larger than frames, so that motion stays inside
    batch: int = 4  # pairs a step
    steps: int = 40_000  # ends here
    rate: float = 1.5e-3
    weight_decay: float = 1e-4
    warmup: int = 200  # steps in which Adam's estimates settle
    save_every: int = 500  # steps between writes of the result


def part(photographs: Tensor, held_out: bool) -> Tensor:
    """The photographs [count,3,S,S] to train on, or the tenth of them that is held out."""
    chosen = torch.arange(len(photographs)) % HELD_OUT == HELD_OUT - 1
    return photographs[chosen if held_out else ~chosen]


def moved(photographs: Tensor, n: int, size: int, draws: Draws) -> tuple[Tensor, ...]:
    """n scenes of some photographs each, from uint8 [count,3,S,S]: here, there [n,3,size,size] in [0, 1]; the flow from
    here to there [n,2,size,size] in pixels, everywhere; the mask [n,1,size,size] of what is visible in both."""

    def scene() -> synthetic.SyntheticScene:
        behind, before = pictures.pick(photographs, n, draws), pictures.pick(photographs, n, draws)
        made = synthetic.random_scene(behind, before, size, 2, draws)
        pace = PACES[int(draws.integers(1, high=len(PACES)).item())]
        for layer in (made.camera, made.object):
            layer.steps, layer.bends = torch.linalg.matrix_power(layer.steps, pace), layer.bends * pace
        return made

    frames, flows, masks = synthetic.render(scene())
    pair = frames[:, 1], frames[:, 0], flows[:, 0], masks[:, 0]
    for _ in range(MORE):
        pair = synthetic.overlay(scene(), *pair)
    return pair


def turned(here: Tensor, there: Tensor, flow: Tensor, turn: int) -> tuple[Tensor, Tensor, Tensor]:
    """The same square pictures and their flow, transposed if turn is odd, then mirrored if it is 2 or 3."""
    if turn % 2:
        here, there, flow = (x.transpose(-1, -2) for x in (here, there, flow.flip(1)))
    if turn // 2:
        here, there, flow = here.flip(-1), there.flip(-1), flow.flip(-1) * flow.new_tensor([-1, 1]).view(1, 2, 1, 1)
    return here, there, flow


def turned_pairs(photographs: Tensor, n: int, size: int, draws: Draws) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
    """Batches of here, there and flow, without end: as `moved` makes them, each `TURNS` times, turned differently."""
    while True:
        here, there, flow, _ = moved(photographs, n, size, draws)
        for turn in range(TURNS):
            yield turned(here, there, flow, turn)


def error(found: Tensor, true: Tensor) -> Tensor:
    """Mean end-point error, smooth at 0, of flows [N,2,h,w] in pixels of the frame, the true one [N,2,H,W]."""
    h, w = found.shape[-2:]
    true = scale_flow(true, (h, w)) * (true.shape[-1] / w)
    return ((found - true).square().sum(1) + EPSILON**2).sqrt().mean()


def loss(net: FlowNet, here: Tensor, there: Tensor, flow: Tensor) -> Tensor:
    """Frames [N,3,h,w] in [0, 1], flow [N,2,h,w] from here to there → the weighted sum of the levels' errors."""
    quads_at = pixel_grid(*(side // 2 for side in here.shape[-2:])).to(here.device)
    seen = net.matched(net.features(in_cells(there, 2))[0])
    found = net.levels(*net.features(in_cells(here, 2)), seen, quads_at)
    errors = (LEVELS[scale] * error(level, flow) for scale, level in found.items())
    return sum(errors, torch.zeros((), device=here.device))


def train(config: Config, photos: Sequence[Path], out: Path) -> str:
    """Trains a network from scratch on folders or packs of photographs; returns how it ended.

    Writes `flownet.safetensors` and log.jsonl (means since the line before) into `out`. BadInput: a run is there
    already, the size does not suit, there are fewer than `HELD_OUT` photographs, or the loss is not finite.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    _check(config, out)
    photographs = _photographs(config, photos, device)
    torch.manual_seed(config.seed)
    net, draws = FlowNet().to(device), Draws(torch.Generator().manual_seed(config.seed))
    optimizer = torch.optim.AdamW(net.parameters(), lr=config.rate, weight_decay=config.weight_decay)
    out.mkdir(parents=True, exist_ok=True)
    (out / LOG).unlink(missing_ok=True)

    pairs = turned_pairs(photographs, config.batch, config.size, draws)
    step, seconds, sums, began = 0, 0.0, torch.zeros(2), time.monotonic()
    while not is_over(config, step, seconds):
        step += 1
        optimizer.param_groups[0]["lr"] = config.rate * rate_factor(config, step, seconds)
        sums += _take_step(config, net, optimizer, *next(pairs), step)
        seconds = time.monotonic() - began
        if step % config.save_every == 0 or is_over(config, step, seconds):
            steps = (step - 1) % config.save_every + 1
            _write(out, net, step, seconds, *(each / steps for each in sums.tolist()))
            sums.zero_()
    return f"Finished at step {step} after {seconds / 60:.1f} minutes; the weights are in {out / RESULT}."


def _check(config: Config, out: Path) -> None:
    """BadInput: as `train`, of all that can be told before photographs are read."""
    if (out / RESULT).exists() or (out / SETTINGS).exists():
        raise BadInput(f"{out} already holds a run: choose another --out.")
    check(config)
    if started() > 1:
        raise BadInput("The motion stage trains in one process: run it without torchrun.")
    if config.size < 32 or config.size % 16:
        raise BadInput(f"size={config.size} must be at least 32 and divisible by 16.")
    check_sides(config)


def _photographs(config: Config, photos: Sequence[Path], device: str) -> Tensor:
    """Those to train on, uint8 [count,3,S,S]. BadInput: there are fewer than `HELD_OUT`."""
    stored = pictures.load(photos, config.photo_side, device)
    if len(stored) < HELD_OUT:
        raise BadInput(f"{len(stored)} photographs are too few: at least {HELD_OUT} are needed.")
    return part(stored, held_out=False)


def _take_step(
    config: Config, net: FlowNet, optimizer: torch.optim.Optimizer, here: Tensor, there: Tensor, flow: Tensor, step: int
) -> Tensor:
    """One step on one batch, as `loss` takes it; its loss, and the mean motion in pixels: [2]. BadInput: as
    `require_finite`."""
    total = loss(net, here, there, flow)
    optimizer.zero_grad(set_to_none=True)
    total.backward()
    norm = torch.nn.utils.clip_grad_norm_(net.parameters(), config.clip)
    require_finite({"loss": total.item(), "gradient": norm.item()}, step)
    optimizer.step()
    require_finite({"weights": torch.nn.utils.get_total_norm(net.parameters()).item()}, step)
    return torch.tensor([total.item(), flow.norm(dim=1).mean().item()])


def _write(out: Path, net: FlowNet, step: int, seconds: float, loss: float, speed: float) -> None:
    """Writes the weights, and a line of the log; loss and speed (pixels) are means since the line before."""
    line = {"step": step, "seconds": round(seconds, 1), "loss": loss, "speed": speed}
    with open(out / LOG, "a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")
    print(f"step {step}, {seconds:.0f} s: loss {loss:.4f}", flush=True)
    save_flownet(net, out / RESULT)
