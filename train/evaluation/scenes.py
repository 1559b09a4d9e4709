"""What models are evaluated on: MPI-Sintel with its true flow, clips with DIS flow, scenes made by code, pictures.

A source is a `Source`: how many scenes there are, and an iterator that reads one at a time with its motion, so that
flow is found once a scene, however many models and styles are measured on it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby, islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from impasto.export.runtime.pictures import square
from impasto.models.errors import BadInput
from impasto.train.data import synthetic
from impasto.train.data.clips import Pair, motion, read_frames, resized, smaller
from impasto.train.data.flow_files import sintel_lead, sintel_pairs, sintel_training
from impasto.train.data.occlusion import disoccluded
from impasto.train.data.pack import listed
from impasto.train.evaluation import made_up

from .metrics import LEAST_VISIBLE, FramePairs, to_bytes

RENDERS = ("final", "clean")  # MPI-Sintel's passes, the one that looks like film first
LAG = 8  # frames between which long-range stability is measured, a third of a second of film


class Disocclusions(NamedTuple):
    """Where frames show what was hidden in the frame before, as far as that is known exactly."""

    frames: list[int]  # N indices into the scene's frames
    masks: Tensor  # [N,1,H,W] 1 where the point was hidden in the frame before, else 0


@dataclass
class Scene:
    """A scene and its motion. `near` pairs neighbouring frames, `far` those `LAG` apart (none in a short scene).

    `revealed` names no frame where motion is only estimated.
    """

    name: str
    source: str  # "sintel final", "sintel clean", "clips", "made up" or "pictures"
    frames: np.ndarray  # uint8 RGB [T,H,W,3]
    numbers: list[int]  # each frame's place in its clip; where one is missing, painting starts anew
    near: FramePairs
    far: FramePairs
    revealed: Disocclusions


class Source(NamedTuple):
    """Scenes that are read one at a time."""

    count: int  # at most so many scenes
    scenes: Iterator[Scene]


def picture_scenes(pictures: Mapping[str, np.ndarray], side: int) -> Source:
    """Pictures by name, uint8 RGB [H,W,3], each a scene of one frame: its middle square, `side` px wide."""
    return Source(len(pictures), (_still(name, picture, side) for name, picture in pictures.items()))


def _still(name: str, picture: np.ndarray, side: int) -> Scene:
    none = FramePairs([], [], torch.zeros(0, 2, side, side), torch.zeros(0, 1, side, side))
    return Scene(name, "pictures", square(picture, side)[None], [0], none, none, Disocclusions([], none.masks))


def sintel_scenes(folder: Path, width: int | None = None) -> list[Source]:
    """Every scene of MPI-Sintel that has flow, whole, at its own size, for its flow is exact only there; or `width`
    pixels wide, frames and flow averaged over area. Frames without flow that lead up to others are painted, too, so
    that what is measured goes on from a film, as it does in the whole data set.

    folder is MPI-Sintel's own or its `training`. A source for each of its passes that is there: the final one, with
    blur of motion and of depth, fog and light, and the clean one without, whose scenes are named "SCENE, clean". Flow
    leads from frame N to N+1 and the mask is that of frame N, occluded and invalid pixels left out; `far` uses DIS
    flow; what frame N+1 reveals is known where there is an occlusion mask of frame N. BadInput, once scenes are asked
    for: no flow there, or no frames to it, or a damaged file, or frames narrower than `width`.
    """
    training = sintel_training(folder)
    names = {file.parent.name for file in training.glob("flow/*/frame_*.flo")}
    renders = [render for render in RENDERS if (training / render).is_dir()] or RENDERS[:1]
    return [Source(len(names), _sintel(training, render, width)) for render in renders]


def _sintel(training: Path, render: str, width: int | None) -> Iterator[Scene]:
    found = False
    for name, pairs in groupby(sintel_pairs(training, render), key=lambda item: item[0].split("/")[0]):
        frames, flows, masks, exact = {}, {}, {}, []
        for place, pair in pairs:
            # a pair is named by its earlier frame; the first one met brings the frames that lead up to it
            number = int(place.rsplit("_", 1)[1])
            whole, pair = pair, _narrowed(pair, width) if width else pair
            if number not in frames:
                lead, size = sintel_lead(training, render, place, whole.here), pair.here.shape[1:]
                frames |= {n: to_bytes(resized(frame, size)) for n, frame in lead}
            frames[number], frames[number + 1] = to_bytes(pair.here), to_bytes(pair.there)
            flows[number], masks[number] = pair.flow, pair.mask
            if (training / "occlusions" / f"{place}.png").is_file():
                exact.append(number)
        # Frame numbers may have gaps; from here on pairs are indices into the frames that are there.
        numbers, found = sorted(frames), True
        here = [numbers.index(n) for n in flows]
        near = FramePairs(here, [i + 1 for i in here], torch.stack([*flows.values()]), torch.stack([*masks.values()]))
        stacked = np.stack([frames[n] for n in numbers])
        # what comes into sight is known only where the data say what is hidden
        shown = [disoccluded(flows[n], masks[n]) for n in exact]
        revealed = _disocclusions([numbers.index(n) + 1 for n in exact], shown, stacked.shape[1:3])
        far = _dis_pairs(stacked, numbers, LAG)
        name = name if render == RENDERS[0] else f"{name}, {render}"
        yield Scene(name, f"sintel {render}", stacked, numbers, near, far, revealed)
    if not found:
        raise BadInput(f"{training / render} holds no two neighbouring frames that the flow in {training} belongs to.")


def _narrowed(pair: Pair, width: int) -> Pair:
    height, own = pair.here.shape[-2:]
    if width > own:
        raise BadInput(f"The frames are {own} pixels wide: --sintel-width must be no more than that.")
    return smaller(pair, (round(height * width / own), width))


def clip_scenes(folder: Path, size: int, frames: int) -> Source:
    """The first `frames` frames of every clip in a folder, `size` px tall, with DIS flow from each to the one before.

    BadInput: no such folder, no clip in it, a clip that cannot be decoded or that has a single frame.
    """
    paths = [path for _, path in listed([folder], "clips")]
    return Source(len(paths), (_clip(path, size, frames) for path in paths))


def _clip(path: Path, size: int, limit: int) -> Scene:
    frames = np.stack([*islice(read_frames(path, size), limit)])
    if len(frames) < 2:
        raise BadInput(f"{path} has a single frame; stability takes at least two.")
    numbers = [*range(len(frames))]
    near, far = (_dis_pairs(frames, numbers, lag, every) for lag, every in ((1, 1), (LAG, LAG)))
    return Scene(path.stem, "clips", frames, numbers, near, far, _disocclusions([], [], frames.shape[1:3]))


def made_up_scenes(size: int, frames: int) -> Source:
    """The scenes of `made_up`, `size` px square, with exact flow and occlusion from each frame to the one before."""
    return Source(len(made_up.SCENES), (_made_up(kind, size, frames) for kind in made_up.SCENES))


def _made_up(kind: str, size: int, count: int) -> Scene:
    scene = made_up.scene(kind, size, count)
    made = synthetic.render(scene)
    frames = np.stack([to_bytes(frame) for frame in made.frames[0]])
    near = FramePairs([*range(1, count)], [*range(count - 1)], made.flows[0], made.masks[0])
    exact = [(t, *(x[0] for x in synthetic.flow_between(scene, t, t - LAG))) for t in range(LAG, count, LAG)]
    far = _frame_pairs(exact, LAG, frames.shape[1:3])
    shown = [synthetic.uncovered(scene, t)[0] for t in near.here]
    revealed = _disocclusions(near.here, shown, frames.shape[1:3])
    return Scene(kind, "made up", frames, [*range(count)], near, far, revealed)


def _disocclusions(frames: list[int], masks: list[Tensor], size: tuple[int, int]) -> Disocclusions:
    return Disocclusions(frames, torch.stack(masks) if masks else torch.zeros(0, 1, *size))


def _dis_pairs(frames: np.ndarray, numbers: Sequence[int], lag: int, every: int = LAG) -> FramePairs:
    """Each `every`-th frame paired with the one `lag` before it, where no frame is missing in between."""
    later = [t for t in range(lag, len(frames), every) if numbers[t] - numbers[t - lag] == lag]
    return _frame_pairs([(t, *motion(frames[t], frames[t - lag])) for t in later], lag, frames.shape[1:3])


def _frame_pairs(found: list[tuple[int, Tensor, Tensor]], lag: int, size: tuple[int, int]) -> FramePairs:
    """(frame, flow, mask) of pairs `lag` frames apart; far ones need something in common to say anything."""
    kept = [pair for pair in found if lag == 1 or pair[2].mean() > LEAST_VISIBLE]
    here = [t for t, _, _ in kept]
    flows = torch.stack([f for _, f, _ in kept]) if kept else torch.zeros(0, 2, *size)
    masks = torch.stack([m for _, _, m in kept]) if kept else torch.zeros(0, 1, *size)
    return FramePairs(here, [t - lag for t in here], flows, masks)
