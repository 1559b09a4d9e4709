"""What the painting stages have in common: how they begin, and how they hand their terms to the loop."""

import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import NamedTuple

import torch
from accelerate import Accelerator
from torch import Tensor
from torch.nn import functional as F

from impasto.train import checkpoint, distributed, loop, vgg
from impasto.train.checkpoint import Networks
from impasto.train.config import PaintingConfig
from impasto.train.data import pictures
from impasto.train.data.augment import Draws
from impasto.train.vgg import Vgg

SAMPLES = 4  # photographs and paintings of the sample sheet


class Stage(NamedTuple):
    """A stage ready to run. `n` items of every batch are this process's own."""

    config: PaintingConfig
    nets: Networks
    photographs: Tensor  # uint8 [count,3,S,S]
    paintings: Tensor  # uint8 [count,3,s,s]
    n: int
    draws: Draws
    processes: Accelerator

    def draw_photos(self) -> Tensor:
        """The next photographs, float [n,3,size,size]."""
        return pictures.draw_photos(self.photographs, self.n, self.config.size, self.draws)

    def draw_paintings(self, sharing: int = 1) -> Tensor:
        """The next paintings, float [n / sharing,3,style_size,style_size]."""
        return pictures.draw_paintings(self.paintings, self.n // sharing, self.config.style_size, self.draws)

    def draw_whole_paintings(self) -> Tensor:
        """The next paintings as they are stored, float [n,3,s,s]."""
        return pictures.pick(self.paintings, self.n, self.draws)

    def load_vgg(self, file: Path | None) -> Vgg:
        """VGG where the networks are; in bf16 on a CPU that multiplies it faster, as autocast makes it on a GPU."""
        found = vgg.load(file).to(self.processes.device)
        found.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        return found.halve() if self.processes.device.type == "cpu" and torch.cpu._is_avx512_bf16_supported() else found

    def run(self, rates: Mapping[str, float], terms: Callable[[], dict[str, Tensor]], out: Path, resume: bool) -> str:
        """`loop.run`, with sample sheets of the same few pictures throughout. DiskFull says how to go on."""
        same = pictures.sample_sheet(self.photographs, self.paintings, self.config, SAMPLES)
        with checkpoint.room_in(out, resume), checkpoint.held(out) if self.processes.is_main_process else nullcontext():
            try:
                return loop.run(
                    self.config,
                    self.nets,
                    rates=rates,
                    terms=terms,
                    sheet=lambda trained: sheet(trained, *same),
                    out=out,
                    processes=self.processes,
                    draws=self.draws,
                    resume=resume,
                )
            except KeyboardInterrupt:
                if self.processes.is_main_process:
                    print(checkpoint.how_to_go_on(out, resume), file=sys.stderr)
                raise


def begin(config: PaintingConfig, nets: Networks, photos: Sequence[Path], paintings: Sequence[Path]) -> Stage:
    """Networks on their device, and the pictures beside them. BadInput as in `loop.prepare` and `pictures.load`."""
    processes = distributed.accelerator()
    nets, draws, n = loop.prepare(config, nets, processes)
    stored_photos = pictures.load(photos, config.photo_side, processes.device)
    stored_paintings = pictures.load(paintings, config.painting_side, processes.device)
    return Stage(config, nets, stored_photos, stored_paintings, n, draws, processes)


@torch.no_grad()
def sheet(nets: Networks, photos: Tensor, styles: Tensor) -> Tensor:
    """Every photograph [A,3,S,S] in every style [B,3,s,s], with both at the edges → one picture [3,(A+1)S,(B+1)S]."""
    size = photos.shape[-2:]
    rows = [torch.cat([torch.ones_like(photos[0]), *F.interpolate(styles, size, mode="area")], -1)]
    vectors = nets.p(styles)
    for photo in photos:
        rows.append(torch.cat([photo, *nets.t(photo.expand(len(styles), -1, -1, -1), vectors)], -1))
    return torch.cat(rows, -2)
