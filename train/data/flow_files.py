"""Flow files and the layouts of the data sets with true flow: MPI-Sintel, FlyingThings3D, Monkaa."""

import re
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor

from impasto.models.errors import BadInput

from .clips import Pair, dis_flow, to_tensor
from .occlusion import inside, occlusion_mask, visible

FLO_MAGIC = b"PIEH"  # 202021.25 as a little-endian float32
LARGEST_SIDE = 100_000  # a header that says more is damaged
UNKNOWN = 1e9  # .flo marks a pixel without flow by a larger value


def read_flo(path: str | Path) -> np.ndarray:
    """Middlebury .flo → float32 [H,W,2], pixels, x then y. BadInput: missing, wrong magic, damaged or cut short."""
    data = _read_bytes(path)
    if len(data) < 12 or data[:4] != FLO_MAGIC:
        raise BadInput(f"{path} is not a .flo file: it does not begin with PIEH and a size.")
    w, h = (int(n) for n in np.frombuffer(data, "<i4", 2, 4))
    _check_size(path, w, h, 8, len(data) - 12)
    return np.frombuffer(data, "<f4", 2 * w * h, 12).reshape(h, w, 2).astype(np.float32)


def write_flo(path: str | Path, flow: np.ndarray) -> None:
    """Writes [H,W,2] (pixels, x then y) as Middlebury .flo: PIEH, width, height, then u, v row by row."""
    h, w, two = flow.shape
    if two != 2:
        raise ValueError(f"a flow is [H,W,2], not {flow.shape}")
    Path(path).write_bytes(FLO_MAGIC + np.array([w, h], "<i4").tobytes() + flow.astype("<f4").tobytes())


def read_pfm(path: str | Path) -> np.ndarray:
    """Portable float map → float32 [H,W] (Pf) or [H,W,3] (PF), top row first. BadInput as `read_flo`.

    The scale's sign gives the byte order, its size is ignored, as all readers of these data sets do.
    """
    data = _read_bytes(path)
    header = re.match(rb"(PF|Pf)\s+(\d+)\s+(\d+)\s+([-+.\deE]+)\s", data[:200])
    try:
        scale = float(header[4]) if header else 0.0
    except ValueError:
        scale = 0.0
    if scale == 0:
        raise BadInput(f"{path} is not a .pfm file: its header is not PF, a size and a scale.")
    w, h, channels = int(header[2]), int(header[3]), 3 if header[1] == b"PF" else 1
    _check_size(path, w, h, 4 * channels, len(data) - header.end())
    values = np.frombuffer(data, "<f4" if scale < 0 else ">f4", w * h * channels, header.end())
    rows = values.reshape((h, w, 3) if channels == 3 else (h, w))
    return rows[::-1].astype(np.float32)


def _read_bytes(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as e:
        raise BadInput(f"Cannot read the flow file {path}: {e.strerror}.") from e


def _check_size(path: str | Path, w: int, h: int, pixel: int, present: int) -> None:
    if not (0 < w <= LARGEST_SIDE and 0 < h <= LARGEST_SIDE):
        raise BadInput(f"{path} is damaged: its header says {w}×{h} pixels.")
    if present < w * h * pixel:
        raise BadInput(f"{path} is cut short: {w}×{h} pixels need {w * h * pixel} bytes, {present} are there.")


def _frame(path: Path) -> np.ndarray:
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None:
        raise BadInput(f"{path} is not a picture that can be read.")
    return np.ascontiguousarray(image[:, :, ::-1])


def _known(flow: np.ndarray) -> tuple[Tensor, Tensor]:
    """[H,W,≥2] → flow [1,2,H,W] with 0 for what is unknown, and a mask [1,1,H,W] of what is known."""
    known = (np.abs(flow[..., :2]) < UNKNOWN).all(-1)  # NaN compares false
    flow = np.where(known[..., None], flow[..., :2], 0).astype(np.float32)
    return torch.from_numpy(flow).permute(2, 0, 1)[None].contiguous(), torch.from_numpy(known)[None, None].float()


def _same_size(a: np.ndarray, b: np.ndarray | Tensor, path: Path) -> None:
    if a.shape[:2] != b.shape[:2]:
        raise BadInput(f"{path} is {a.shape[1]}×{a.shape[0]} pixels where {b.shape[1]}×{b.shape[0]} are expected.")


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
        scene, number = file.parent.name, int(file.stem.removeprefix("frame_"))
        frames = [training / render / scene / f"frame_{n:04d}.png" for n in (number, number + 1)]
        if all(f.is_file() for f in frames):
            yield f"{scene}/{file.stem}", _sintel_pair(training, scene, file, *map(_frame, frames))


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


def scene_flow_pairs(root: str | Path, render: str = "frames_cleanpass") -> Iterator[tuple[str, Pair]]:
    """("SCENE/left/N", Pair) for all neighbouring frames of FlyingThings3D or Monkaa that have flow both ways.

    root holds optical_flow/SCENE/into_past/SIDE/OpticalFlowIntoPast_N_L.pfm, the same into_future, and
    RENDER/SCENE/SIDE/N.png (or .webp), SCENE being one folder (Monkaa) or several (TRAIN/A/0000). `here` is frame N,
    `there` N−1; the mask is that of `occlusion_mask`: visible in both, motion boundaries removed.
    BadInput: no flow below `root`, a damaged file, sizes that differ.
    """
    flows = Path(root) / "optical_flow"
    files = sorted(flows.glob("**/into_past/*/OpticalFlowIntoPast_*.pfm"))
    if not files:
        raise BadInput(f"There is no FlyingThings3D or Monkaa flow in {root}: it should hold optical_flow/….pfm.")
    for file in files:
        scene, side = file.parents[2].relative_to(flows), file.parent.name
        number, letter = file.stem.split("_")[1:]
        before = f"{int(number) - 1:0{len(number)}d}"
        back = file.parents[2] / "into_future" / side / f"OpticalFlowIntoFuture_{before}_{letter}.pfm"
        frames = [_either(Path(root) / render / scene / side, n) for n in (number, before)]
        if back.is_file() and all(frames):
            yield f"{scene.as_posix()}/{side}/{number}", _scene_flow_pair(file, back, *map(_frame, frames))


def _either(folder: Path, number: str) -> Path | None:
    return next((f for f in (folder / f"{number}.png", folder / f"{number}.webp") if f.is_file()), None)


def _scene_flow_pair(file: Path, back_file: Path, here: np.ndarray, there: np.ndarray) -> Pair:
    raw = [read_pfm(f) for f in (file, back_file)]
    for r, f in zip(raw, (file, back_file), strict=True):
        if r.ndim != 3:
            raise BadInput(f"{f} holds one channel, not a flow.")
        _same_size(r, here, f)
    _same_size(there, here, file)
    (flow, known), (back, _) = map(_known, raw)
    return Pair(to_tensor(here), to_tensor(there), flow[0], (known * occlusion_mask(flow, back))[0])
