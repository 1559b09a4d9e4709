"""MPI-Sintel with its true flow: Middlebury .flo files, and where they lie beside their frames."""

import os
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.export.runtime.pictures import read_style_picture
from impasto.models.errors import BadInput

from .clips import Pair, dis_flow, to_tensor
from .occlusion import inside, visible

FLO_MAGIC = b"PIEH"  # 202021.25 as a little-endian float32
LARGEST_SIDE = 100_000  # pixels; a header that says more is damaged
UNKNOWN = 1e9  # .flo marks a pixel without flow by a larger value


def read_flo(path: str | Path) -> np.ndarray:
    """Middlebury .flo → float32 [H,W,2], pixels, x then y. BadInput: missing, wrong magic, damaged or cut short.

    Its header is checked before OpenCV reads it, which makes room for whatever size stands there.
    """
    try:
        with open(path, "rb") as file:
            header, present = file.read(12), os.fstat(file.fileno()).st_size - 12
    except OSError as e:
        raise BadInput(f"Cannot read the flow file {path}: {e.strerror}.") from e
    if len(header) < 12 or header[:4] != FLO_MAGIC:
        raise BadInput(f"{path} is not a .flo file: it does not begin with PIEH and a size.")
    w, h = (int(n) for n in np.frombuffer(header, "<i4", 2, 4))
    if not (0 < w <= LARGEST_SIDE and 0 < h <= LARGEST_SIDE):
        raise BadInput(f"{path} is damaged: its header says {w}×{h} pixels.")
    if present < 8 * w * h:
        raise BadInput(f"{path} is cut short: {w}×{h} pixels need {8 * w * h} bytes, {present} are there.")
    flow = cv2.readOpticalFlow(str(path))
    if flow is None:
        raise BadInput(f"{path} is damaged: it cannot be read as a .flo file.")
    return flow


def _frame(path: Path) -> np.ndarray:
    """A frame, or a mask, as uint8 RGB [H,W,3]. BadInput: missing, damaged, or no picture."""
    return read_style_picture(path)


def _known(flow: np.ndarray) -> tuple[Tensor, Tensor]:
    """[H,W,≥2] → flow [1,2,H,W] with 0 for what is unknown, and a mask [1,1,H,W] of what is known."""
    known = np.asarray((np.abs(flow[..., :2]) < UNKNOWN).all(-1))  # NaN compares false
    flow = np.where(known[..., None], flow[..., :2], 0).astype(np.float32)
    return torch.from_numpy(flow).permute(2, 0, 1)[None].contiguous(), torch.from_numpy(np.asarray(known))[
        None, None
    ].float()


def _same_size(a: np.ndarray, b: np.ndarray | Tensor, path: Path) -> None:
    if a.shape[:2] != b.shape[:2]:
        raise BadInput(f"{path} is {a.shape[1]}×{a.shape[0]} pixels where {b.shape[1]}×{b.shape[0]} are expected.")


def sintel_training(folder: Path) -> Path:
    """Where MPI-Sintel's flow/, clean/ and final/ lie: `folder`, or `training` in it for the data set's own folder."""
    return folder / "training" if (folder / "training").is_dir() else folder


def sintel_pairs(training: str | Path, render: str = "final") -> Iterator[tuple[str, Pair]]:
    """("SCENE/frame_N", Pair) for every flow of MPI-Sintel whose two frames are there, scenes and frames in order.

    training: the folder with flow/, clean/, final/, and if there, occlusions/ and invalid/; render: clean or final.
    flow/S/frame_N.flo maps frame N to N+1, so `here` is frame N, `there` is N+1, the mask belongs to frame N: known,
    within the next frame, neither occluded nor invalid. Where the occlusion file is missing, the true flow is checked
    against DIS flow back. BadInput: no flow below `training`, a damaged file, sizes that differ.
    """
    training = Path(training)
    files = sorted((training / "flow").glob("*/frame_*.flo"))
    if not files:
        raise BadInput(f"There is no MPI-Sintel flow in {training}: it should hold flow/SCENE/frame_NNNN.flo.")
    for file in files:
        scene, number = file.parent.name, _number(file)
        frames = [training / render / scene / f"frame_{n:04d}.png" for n in (number, number + 1)]
        if all(f.is_file() for f in frames):
            yield f"{scene}/{file.stem}", _sintel_pair(training, scene, file, *map(_frame, frames))


def _number(file: Path) -> int:
    digits = file.stem.removeprefix("frame_")
    if not (digits.isascii() and digits.isdigit()):
        raise BadInput(f"{file} is not numbered: MPI-Sintel's flow is called frame_NNNN.flo.")
    return int(digits)


def sintel_lead(training: str | Path, render: str, pair: str, here: Tensor) -> Iterator[tuple[int, Tensor]]:
    """(number, frame [3,H,W]) of the frames just before `here`, that of "SCENE/frame_N": N−1, N−2, … as far as they are
    there. BadInput: a damaged file, another size."""
    scene, file = pair.split("/")
    number = int(file.removeprefix("frame_")) - 1
    while (path := Path(training) / render / scene / f"frame_{number:04d}.png").is_file():
        frame = _frame(path)
        _same_size(frame, here.permute(1, 2, 0), path)
        yield number, to_tensor(frame)
        number -= 1


def _sintel_pair(training: Path, scene: str, file: Path, here: np.ndarray, there: np.ndarray) -> Pair:
    raw = read_flo(file)
    _same_size(raw, here, file)
    _same_size(there, here, file)
    flow, mask = _known(raw)
    mask = mask * inside(flow)
    for kind in ("occlusions", "invalid"):
        marked = training / kind / scene / f"{file.stem}.png"
        if marked.is_file():
            hidden = _frame(marked)
            _same_size(hidden, here, marked)
            mask = mask * torch.from_numpy(hidden[None, None, :, :, 0] < 128)
        elif kind == "occlusions":
            mask = mask * visible(flow, dis_flow(there, here)[None])
    return Pair(to_tensor(here), to_tensor(there), flow[0], mask[0])
