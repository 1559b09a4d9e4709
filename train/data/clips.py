"""Real clips as pairs of frames with estimated motion: DIS optical flow (Kroeger et al. 2016) in both directions."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from impasto.models.errors import BadInput

from .occlusion import occlusion_mask, visible
from .warp import scale_flow, scale_mask


class Pair(NamedTuple):
    """Two frames of one scene. Which came first makes no difference to any loss: flow starts from `here`."""

    here: Tensor  # [3,H,W], RGB in [0, 1]
    there: Tensor  # [3,H,W]
    flow: Tensor  # [2,H,W], pixels, x then y: the point at p of `here` lies at p + flow(p) of `there`
    mask: Tensor  # [1,H,W], 1.0 where a point of `here` is visible in `there` and its flow can be trusted


def resized(frame: Tensor, size: tuple[int, int]) -> Tensor:
    """A frame [3,H,W] at a smaller size (h, w), averaged over area."""
    return F.interpolate(frame[None], size, mode="area")[0]


def smaller(pair: Pair, size: tuple[int, int]) -> Pair:
    """The pair at a smaller size (h, w): frames averaged over area, motion in the smaller pixels, and visible what is
    so as a whole."""
    here, there = (resized(x, size) for x in (pair.here, pair.there))
    return Pair(here, there, scale_flow(pair.flow[None], size)[0], scale_mask(pair.mask[None], size)[0])


def read_frames(path: str | Path, height: int | None = None) -> Iterator[np.ndarray]:
    """The frames of a clip, in order, as uint8 RGB [H,W,3]; shrunk or enlarged to `height`, the width kept even.

    BadInput: no such file, or not one frame of it can be decoded.
    """
    if not Path(path).is_file():
        raise BadInput(f"There is no clip {path}.")
    no_clip = BadInput(f"{path} is not a clip that can be decoded: no frame could be read.")
    try:
        from impasto.webapp.files.clips.probe import probe  # here: with PyAV, which training needs for clips alone

        probe(Path(path))  # knows clips by their content, and reads nothing but this file: a playlist would name others
    except BadInput as error:
        raise no_clip from error
    capture, count = cv2.VideoCapture(str(path)), 0
    try:
        while True:
            ok, frame = capture.read()
            if not ok:
                break
            count += 1
            yield np.ascontiguousarray(_resize(frame, height)[:, :, ::-1])
    finally:
        capture.release()
    if count == 0:
        raise no_clip


def _resize(frame: np.ndarray, height: int | None) -> np.ndarray:
    h, w = frame.shape[:2]
    if height is None or h == height:
        return frame
    size = (round(w * height / h / 2) * 2, height)
    return cv2.resize(frame, size, interpolation=cv2.INTER_AREA)


def to_tensor(image: np.ndarray) -> Tensor:
    """uint8 [H,W,3] → float32 [3,H,W] in [0, 1]."""
    return torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1).contiguous().float() / 255


def dis_flow(here: np.ndarray, there: np.ndarray) -> Tensor:
    """DIS flow, medium preset, from here to there: uint8 RGB [H,W,3] each → float32 [2,H,W] in pixels."""
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) for image in (here, there)]
    dis = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    flow = dis.calc(*grey, None)  # pyright: ignore[reportCallIssue, reportArgumentType]
    return torch.from_numpy(flow).permute(2, 0, 1).contiguous()


def motion(here: np.ndarray, there: np.ndarray) -> tuple[Tensor, Tensor]:
    """DIS flow [2,H,W] from here to there and the mask [1,H,W] of what is visible in both, for measuring stability."""
    flow, back = dis_flow(here, there)[None], dis_flow(there, here)[None]
    return flow[0], visible(flow, back)[0]


def pair(here: np.ndarray, there: np.ndarray) -> Pair:
    """Two frames, uint8 RGB [H,W,3], with DIS flow and the mask that training uses: motion boundaries removed."""
    flow, back = dis_flow(here, there)[None], dis_flow(there, here)[None]
    return Pair(to_tensor(here), to_tensor(there), flow[0], occlusion_mask(flow, back)[0])
