"""Training pictures: loaded once, kept as uint8 on the training device, drawn from at random."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.models.errors import BadInput
from impasto.train.data import augment, pack
from impasto.train.progress import shown, warn

from .augment import Draws


def load(
    sources: Sequence[Path], side: int, device: torch.device | str = "cpu", kind: str = "images", frames: int = 1
) -> Tensor:
    """All pictures of some packs and plain folders, in order, as one uint8 RGB tensor on the device.

    Images give [n, 3, side, side], clips [n, frames, 3, side, side]. A folder is read as `pack` would read it; a pack
    must hold that kind, at that side or a larger one. Raises BadInput for a source that does not exist, cannot be read,
    or does not match.
    """
    frames = frames if kind == "clips" else 1
    return torch.cat([_load_one(Path(source), side, kind, frames) for source in sources]).to(device)


def pick(pixels: Tensor, n: int, draws: Draws) -> Tensor:
    """n items of uint8 [count, ...], any as likely as any other, repeats allowed, as float [n, ...] in [0, 1]."""
    rows = draws.integers(n, high=len(pixels)).to(pixels.device)
    return pixels[rows].float() / 255


def draw_photos(pixels: Tensor, n: int, size: int, draws: Draws) -> Tensor:
    """A batch of photographs, randomly cropped and mirrored: uint8 [count, 3, S, S] → float [n, 3, size, size]."""
    return augment.crop_flip(pick(pixels, n, draws), size, draws)


def draw_paintings(pixels: Tensor, n: int, size: int, draws: Draws) -> Tensor:
    """A batch of paintings, cropped, turned and recoloured: uint8 [count, 3, S, S] → float [n, 3, size, size]."""
    return augment.paintings(pick(pixels, n, draws), size, draws)


def sample_sheet(photographs: Tensor, paintings: Tensor, config, n: int) -> tuple[Tensor, Tensor]:
    """n photographs and n paintings for a run's sample sheets, the same whenever it is resumed."""
    draws = Draws(torch.Generator().manual_seed(config.seed + 1))
    return draw_photos(photographs, n, config.size, draws), draw_paintings(paintings, n, config.style_size, draws)


def draw_sequences(pixels: Tensor, n: int, size: int, frames: int, draws: Draws) -> Tensor:
    """A batch of stretches of real clips: uint8 [count, K, 3, S, S] → float [n, frames, 3, size, size].

    Each stretch starts at random within its K frames; its frames are cropped and mirrored alike.
    """
    rows = draws.integers(n, high=len(pixels))
    starts = draws.integers(n, high=pixels.shape[1] - frames + 1)
    when = starts.unsqueeze(1) + torch.arange(frames)
    chosen = pixels[rows.unsqueeze(1).to(pixels.device), when.to(pixels.device)].float() / 255
    return augment.crop_flip(chosen, size, draws)


def _load_one(source: Path, side: int, kind: str, frames: int) -> Tensor:
    if source.is_dir():
        return _read_folder(source, side, kind, frames)
    pixels, info = pack.unpack(source)
    if (info["kind"], info["frames"]) != (kind, frames) or info["side"] < side:
        raise BadInput(
            f"{source} holds {info['kind']} of {info['side']} px, {info['frames']} frames each, where {kind} of {side} "
            f"px, {frames} frames each, are wanted; pack it again or ask for what it holds."
        )
    return pixels if info["side"] == side else _shrunk(pixels, side)


def _shrunk(pixels: Tensor, side: int) -> Tensor:
    """uint8 [..., 3, S, S] → [..., 3, side, side], a smaller side: each pixel the mean of what it covers."""
    flat = pixels.reshape(-1, *pixels.shape[-3:]).permute(0, 2, 3, 1).numpy()
    smaller = np.empty((len(flat), 3, side, side), np.uint8)
    for i, picture in enumerate(flat):
        smaller[i] = cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA).transpose(2, 0, 1)
    return torch.from_numpy(smaller).reshape(*pixels.shape[:-2], side, side)


def _read_folder(folder: Path, side: int, kind: str, frames: int) -> Tensor:
    files = pack.listed([folder], kind)
    with ThreadPoolExecutor(pack.WORKERS) as pool:
        read = pool.map(lambda file: list(pack.read(file[1], side, frames)), files)
        found = list(shown(read, f"reading {folder.name}", len(files)))
    items = [item for several in found for item in several]
    unusable = [name for (name, _), several in zip(files, found, strict=True) if not several]
    if not items:
        raise BadInput(pack.none_usable(unusable, kind, frames))
    if unusable:
        warn(pack.left_out(unusable, kind))
    pixels = torch.from_numpy(np.stack(items)).permute(0, 1, 4, 2, 3).contiguous()
    return pixels if kind == "clips" else pixels.squeeze(1)
