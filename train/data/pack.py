"""Packs a folder of pictures or clips into one file that travels, and opens one straight into memory.

A pack is a safetensors file: `bytes`, one flat uint8 tensor holding every picture WebP-encoded end to end, `offsets`,
int64 [count + 1], where each begins, and a header that says what they are. Encoded rather than raw, because a raw pack
of a few thousand squares is measured in gigabytes and does not travel, while decoding one takes about a millisecond,
once, when training starts. WebP rather than JPEG, because at the same error it is a quarter smaller.
"""

import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice, pairwise
from pathlib import Path

import cv2
import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save
from torch import Tensor

from impasto.export.runtime.description import each, fields, text, whole
from impasto.export.runtime.pictures import READ_SUFFIXES, read_style_picture, sent_size, square
from impasto.models.atomic import require_room, written_aside
from impasto.models.errors import BadInput
from impasto.models.overwriting import check_overwriting
from impasto.train.progress import shown

from .clips import read_frames

KINDS = {
    "images": READ_SUFFIXES,
    "clips": {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"},
}
WEBP_SIDE = 16_383  # px: the longest that WebP has
QUALITIES = (90, 80, 70, 60, 50, 40)  # tried from the left; below the last, strokes blur into blocks
SAMPLE = 48  # files encoded at every quality to foresee which one fits
INFO = fields(kind=lambda kind: kind in KINDS, side=whole(1, WEBP_SIDE), frames=whole(1, 10_000), names=each(text))
HEADER = 2048  # bytes kept aside for all of the header but the names
WORKERS = min(8, os.cpu_count() or 1)


def pack(
    folders: list[Path], out_file: Path, side: int, limit_mb: float | None = None, kind: str = "images", frames: int = 1
) -> dict:
    """Writes every picture (or clip) under `folders`, sub-folders included, into one pack file.

    Pictures are scaled to `side` px on their short side and cut to the middle square. Clips (`kind="clips"`) are cut
    into sequences of `frames` consecutive frames, treated alike, end to end without overlap. If the file would exceed
    `limit_mb` (10^6 bytes), quality goes down step by step to 40; if that is not enough, an evenly spread part is kept.
    The same input gives the same bytes. The file appears whole or not at all.

    Returns {"found": items read, "kept": items written, "unreadable": names, "quality", "mb"}.
    Raises BadInput if a folder is missing, nothing in them can be read, or not even one item fits the limit.
    """
    files = listed(folders, kind)
    check_overwriting(out_file, [path for _, path in files])
    if not INFO({"kind": kind, "side": side, "frames": frames, "names": []}):
        raise BadInput(f"Pictures are cut to squares of 1 to {WEBP_SIDE} px, clips into 1 to 10,000 frames each.")
    if limit_mb is not None and not limit_mb > 0:
        raise BadInput(f"A pack cannot be limited to {limit_mb:g} MB; say more than 0.")
    out_file.parent.mkdir(parents=True, exist_ok=True)
    require_room(out_file, 1)  # of the rest nothing is known yet
    frames = frames if kind == "clips" else 1
    limit = float("inf") if limit_mb is None else limit_mb * 1e6 - HEADER
    start = 0 if limit_mb is None else _first_quality(files, side, frames, limit)
    for quality in QUALITIES[start:]:
        items, unreadable = _encode_all(files, side, frames, quality)
        if sum(map(_weight, items)) <= limit:
            break
    if not items:
        raise BadInput(none_usable(unreadable, kind, frames))
    kept = [items[i] for i in _spread([_weight(item) for item in items], limit)]
    if not kept:
        raise BadInput(f"Not even one item fits {limit_mb} MB; raise the limit or lower the side.")
    _write(out_file, kept, {"kind": kind, "side": side, "frames": frames, "quality": quality})
    return {
        "found": len(items),
        "kept": len(kept),
        "unreadable": unreadable,
        "quality": quality,
        "mb": out_file.stat().st_size / 1e6,
    }


def unpack(file: Path) -> tuple[Tensor, dict]:
    """Opens a pack: uint8 RGB [n, 3, side, side] for images, [n, frames, 3, side, side] for clips, and its header.

    The header is a dict: kind, side, frames, quality, names (one an item). Raises BadInput if `file` is no whole pack.
    """
    if not Path(file).exists():
        raise BadInput(f"There is no folder or pack {file}; check the name.")
    try:
        with safe_open(file, framework="np") as stored:
            info = json.loads(stored.metadata()["impasto_pack"])
            if not INFO(info):
                raise ValueError("another kind of file")
            shapes = [stored.get_slice(name).get_shape() for name in ("bytes", "offsets")]
            if any(len(shape) != 1 for shape in shapes):
                raise ValueError("tensors of another shape")
            data, offsets = stored.get_tensor("bytes"), stored.get_tensor("offsets")
        _check_offsets(data, offsets, info)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise BadInput(
            f"{file} is neither a folder nor a pack of training pictures; `impasto train pack` makes one of a folder."
        ) from error
    side, frames = info["side"], info["frames"]
    encoded = [data[start:end].tobytes() for start, end in pairwise(offsets)]
    for i, picture in enumerate(encoded):  # all headers first: what is made room for is as large as they say
        if _size(picture) != (side, side):
            raise BadInput(f"{file} is damaged at picture {i}; make it again with `impasto train pack`.")
    pixels = np.empty((len(encoded), 3, side, side), np.uint8)

    def decode(i: int) -> None:
        try:
            pixels[i] = read_style_picture(encoded[i], side * side).transpose(2, 0, 1)
        except BadInput as error:
            raise BadInput(f"{file} is damaged at picture {i}; make it again with `impasto train pack`.") from error

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(decode, range(len(pixels))))
    if info["kind"] == "clips":
        pixels = pixels.reshape(-1, frames, 3, side, side)
    return torch.from_numpy(pixels), info


def _check_offsets(data: np.ndarray, offsets: np.ndarray, info: dict) -> None:
    """Raise ValueError unless the offsets rise from 0 to the end of the bytes, and there are whole sequences."""
    if data.dtype != np.uint8 or offsets.dtype != np.int64 or len(offsets) < 2 or (len(offsets) - 1) % info["frames"]:
        raise ValueError("tensors of another kind")
    if offsets[0] != 0 or offsets[-1] != len(data) or (np.diff(offsets) <= 0).any():
        raise ValueError("offsets that do not rise")


def _size(encoded: bytes) -> tuple[int, int]:
    """(width, height) as a picture's header has them; (0, 0) if it is none."""
    try:
        return sent_size(encoded)
    except BadInput:
        return 0, 0


def none_usable(names: list[str], kind: str, frames: int) -> str:
    """In a sentence, that of all these files none can be used."""
    usable = "can be read" if kind == "images" else f"can be read and has {frames} frames"
    return f"None of the {len(names)} {kind} {usable}, {names[0]} for one; check the folder."


def left_out(names: list[str], kind: str) -> str:
    """In a sentence, which files cannot be used."""
    why = "cannot be read" if kind == "images" else "cannot be read or are too short"
    named = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{len(names)} of the {kind} {why} and are left out: {named}."


def listed(folders: list[Path], kind: str) -> list[tuple[str, Path]]:
    """Every file of that kind under the folders, sorted within each, as (folder/relative name, path).

    Raises BadInput for an unknown kind, a missing folder, or folders that hold no such file.
    """
    if kind not in KINDS:
        raise BadInput(f"There is no kind of pack called {kind!r}; use one of {', '.join(KINDS)}.")
    files = []
    for folder in map(Path, folders):
        if not folder.is_dir():
            raise BadInput(f"{folder} is not a folder; name one that holds {kind}.")
        found = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if _is_kind(path, kind))
        files += [(f"{folder.resolve().name}/{name}", folder / name) for name in found]
    if not files:
        raise BadInput(f"There are no {kind} in {', '.join(map(str, folders))}; name folders that hold some.")
    return files


def read(path: Path, side: int, frames: int) -> Iterator[np.ndarray]:
    """The items of one file, each uint8 RGB [frames, side, side, 3]: one for a picture, several or none for a clip.

    An unreadable file, and a clip shorter than one sequence, give none. Pictures are read as styles are: upright, and
    on white where they are transparent.
    """
    try:
        if path.suffix.lower() in KINDS["images"]:
            yield square(read_style_picture(path), side)[None]
            return
        shots = (square(shot, side) for shot in read_frames(path))
        while len(sequence := list(islice(shots, frames))) == frames:
            yield np.stack(sequence)
    except BadInput:
        return


def _is_kind(path: Path, kind: str) -> bool:
    return path.suffix.lower() in KINDS[kind] and path.is_file()


def _encode(item: np.ndarray, quality: int) -> list[np.ndarray]:
    return [cv2.imencode(".webp", shot[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, quality])[1].ravel() for shot in item]


def _encode_all(files: list, side: int, frames: int, quality: int) -> tuple[list, list[str]]:
    """([(name, [encoded frame, ...]), ...], names of unreadable files), in the order of the files."""

    def one(path: Path) -> list[list[np.ndarray]]:
        return [_encode(item, quality) for item in read(path, side, frames)]

    items, unreadable = [], []
    with ThreadPoolExecutor(WORKERS) as pool:
        results = pool.map(one, [path for _, path in files])
        for (name, _), found in shown(zip(files, results, strict=True), f"packing at quality {quality}", len(files)):
            if not found:
                unreadable.append(name)
            many = len(found) > 1
            items += [(f"{name}@{k * frames}" if many else name, item) for k, item in enumerate(found)]
    return items, unreadable


def _weight(item: tuple[str, list[np.ndarray]]) -> int:
    """Bytes an item takes in the file: frames, their offsets, its name (escaped twice: JSON within JSON)."""
    name, encoded = item
    return sum(map(len, encoded)) + 8 * len(encoded) + len(json.dumps(json.dumps(name))) + 2


def _first_quality(files: list, side: int, frames: int, limit: float) -> int:
    """Index of the first quality at which an evenly spread sample foretells a fit; the last if none does."""
    sample = [files[i] for i in _even(len(files), min(len(files), SAMPLE))]
    items = [(name, item) for name, path in sample for item in read(path, side, frames)]
    for k, quality in enumerate(QUALITIES):
        expected = sum(_weight((name, _encode(item, quality))) for name, item in items) * len(files) / len(sample)
        if expected <= limit:
            return k
    return len(QUALITIES) - 1


def _even(count: int, part: int) -> list[int]:
    """`part` of the indices 0 … count - 1, evenly spread."""
    return [(2 * i + 1) * count // (2 * part) for i in range(part)]


def _spread(weights: list[int], limit: float) -> list[int]:
    """The largest evenly spread choice of indices whose weights stay within the limit."""
    for part in range(int(min(len(weights), limit // min(weights))), 0, -1):
        chosen = _even(len(weights), part)
        if sum(weights[i] for i in chosen) <= limit:
            return chosen
    return []


def _write(out_file: Path, items: list, info: dict) -> None:
    """Writes aside, then moves into place. One header entry only: the order of several is not fixed in the format."""
    shots = [shot for _, encoded in items for shot in encoded]
    offsets = np.cumsum([0] + [len(shot) for shot in shots], dtype=np.int64)
    header = {"impasto_pack": json.dumps({**info, "names": [name for name, _ in items]})}
    with written_aside(out_file) as aside:
        # not by save_file, whose files nobody else may read
        aside.write_bytes(save({"bytes": np.concatenate(shots), "offsets": offsets}, header))
