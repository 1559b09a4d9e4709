"""Writes the contract vectors with the Python runtime: `python tests/contract/make_vectors.py`.

To be run, and its result committed, when a rule changes on purpose.
"""

import base64
import json
import tempfile
from dataclasses import replace
from pathlib import Path
from unittest import mock

import cv2
import numpy as np
from study_cases import write_study
from vectors import CASES, STUDIED, TINY, as_codes, chosen, packed, untagged

from impasto.export.runtime import style_file as style_files
from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Look, Painter, padded_size
from impasto.export.runtime.person import mix, share
from impasto.export.runtime.sample import picture
from impasto.export.runtime.scenes import Scenes
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import StyleFile, licence_note, read_style, style_file, to_bytes
from impasto.export.runtime.styles import blend
from impasto.export.runtime.tone import Transfer, tone_map
from impasto.models.errors import BadInput
from impasto.models.rules import BACKGROUND, person_size
from impasto.webapp.files.clips.colour import Matrix, fitted, matrix_of
from impasto.webapp.files.clips.edits import read_edits
from impasto.webapp.files.detail import enlarge
from impasto.webapp.files.working_size import working_size

MODEL = load_model(TINY)
WAVES = MODEL.gallery()["waves"]["style"]
STYLES = {"waves": WAVES, "stones": np.roll(WAVES, 7)}


def coarse(height: int, width: int, seed: int) -> np.ndarray:
    """A made-up picture without fine grain, which would not compress: uint8 RGB [height,width,3]."""
    return np.round(picture(height, width, seed) * 15).astype(np.uint8) * 17


def camera(height: int, width: int, count: int, seed: int = 1) -> list[np.ndarray]:
    """A camera that moves evenly over a made-up picture: uint8 RGB [height,width,3]."""
    wide = coarse(height + 2 * count, width + 3 * count, seed)
    return [wide[2 * t : 2 * t + height, 3 * t : 3 * t + width] for t in range(count)]


def painting(name: str, steps: list[dict]) -> dict:
    """A case of kind "paint": what the Python painter makes of the steps."""
    painter = Painter(MODEL, device="cpu", threads=1)
    look = {"strength": 1.0, "keep_colors": False, "stability": 1.0}
    done = []
    for step in steps:
        if "style" in step:
            painter.use([chosen(each, STYLES, MODEL) for each in step["style"]], list(step["style"].values()))
        look |= {key: step[key] for key in look if key in step}
        painter.look = Look(**look)
        painted = painter.paint(step["frame"], step.get("time"))
        done.append({**step, "frame": packed(step["frame"]), "painted": packed(painted)})
    return {"kind": "paint", "name": name, "steps": done}


def paintings() -> list[dict]:
    waves, stones = {"style": {"waves": 1}}, {"style": {"stones": 1}}
    odd, small = camera(35, 67, 3), camera(40, 56, 5)

    def steps(frames, *settings):
        """The settings are those of the first frames, one each."""
        return [{**(settings[i] if i < len(settings) else {}), "frame": frame} for i, frame in enumerate(frames)]

    cut = [*camera(64, 64, 2), *camera(64, 64, 2, seed=9)]
    resized = [*small[:3], *(frame[:36] for frame in small[3:])]
    timed = [{**step, "time": time} for step, time in zip(steps(small[:4], waves), (0, 0.5, 1.0, 2.5), strict=True)]
    return [
        painting("odd-sized frames", steps(odd, waves)),
        painting("frames smaller than the networks need", steps(camera(9, 20, 2), waves)),
        painting("another style forgets the past", steps(small, waves, {}, {}, stones)),
        painting("another size within one padded size forgets the past", steps(resized, waves)),
        painting("a pause forgets the past", timed),
        painting("a cut", steps(cut, waves)),
        painting("half the stability", steps(small[:3], {**waves, "stability": 0.5})),
        painting("frame by frame", steps(small[:2], {**waves, "stability": 0})),
        painting("stability 0 forgets the past", steps(small[:4], waves, {}, {"stability": 0}, {"stability": 1})),
        painting("half the strength", steps(odd[:2], {**waves, "strength": 0.5})),
        painting("the frame's own colours", steps(odd[:2], {**waves, "keep_colors": True})),
        painting("both", steps(odd[:2], {**waves, "keep_colors": True, "strength": 0.25})),
        painting("a blend", steps(odd[:2], {"style": {"waves": 0.7, "stones": 0.3}})),
        painting("a studied style", steps(odd[:3], {"style": {"reeds.style": 1}})),
        painting("a studied style, frame by frame", steps(odd[:2], {"style": {"reeds.style": 1}, "stability": 0})),
        painting("studied and plain", steps(small[:3], {"style": {"reeds.style": 1, "waves": 3}}, {}, waves)),
    ]


def studied() -> list[dict]:
    """Writes `.style` files, what others may have made of them too; cases of what is read or said."""
    rng = np.random.default_rng(11)
    weights = weights_of(MODEL.path("frame").read_bytes())
    brush = {name: rng.normal(0, 0.15, weight.shape).astype(np.float16) for name, weight in weights.items()}
    preview = cv2.imencode(".jpg", coarse(24, 32, 8))[1].tobytes()
    reeds = style_file(MODEL, np.roll(WAVES, 3), brush, name="Reeds", source="reeds.jpg", preview=preview)
    nothing = np.zeros(3, np.float16)
    data = to_bytes(reeds)
    files = {
        "reeds.style": data,
        "no-brush.style": to_bytes(replace(reeds, brush={}, licence="Ask\u202e Ann\n", preview=b"")),
        "one-byte.style": data[:-9] + bytes([data[-9] ^ 4]) + data[-8:],
        "cut-off.style": data[: len(data) // 2],
        "empty.style": b"",
        "other-model.style": to_bytes(replace(reeds, brush={}, model="other 7", weights="0" * 64)),
        "other-weights.style": to_bytes(replace(reeds, brush={}, weights="0" * 64)),
        "other-size.style": to_bytes(replace(reeds, style=WAVES[:9])),
        "other-part.style": to_bytes(replace(reeds, brush={"nowhere.weight": nothing})),
        "other-shape.style": to_bytes(replace(reeds, brush={"stem.conv.bias": nothing})),
        "huge.style": hashed(replace(reeds, brush={"end.conv.bias": nothing + np.float16(2e4)})),
        "not-finite.style": hashed(replace(reeds, style=np.full_like(WAVES, np.nan))),
        "newer.style": data.replace(b"impasto-style 1", b"impasto-style 2"),
    }
    STUDIED.mkdir(exist_ok=True)
    for file, content in files.items():
        (STUDIED / file).write_bytes(content)
    return [{"kind": "studied", "name": file, **what_is_read(file)} for file in files]


def hashed(each: StyleFile) -> bytes:
    """A file with numbers that `to_bytes` refuses to write, and their hash."""
    with mock.patch.object(style_files, "_wrong", return_value=None):
        return to_bytes(each)


def what_is_read(file: str) -> dict:
    try:
        found = read_style(STUDIED / file, MODEL)
    except BadInput as error:
        return {"sentence": str(error)}
    sums = {name: float(part.astype(np.float64).sum()) for name, part in found.brush.items()}
    texts = {"title": found.name, "licence": found.licence, "source": found.source}
    note = licence_note(found, MODEL)
    return {"style": numbers(found.style), "brush": sums, **texts, "note": note, "preview": len(found.preview)}


def transparent() -> list[dict]:
    """Pictures with transparent places, whose hidden colours must not matter."""
    painter = Painter(MODEL, device="cpu", threads=1)
    found = []
    for name, size in (("a transparent picture", (256, 256)), ("a wide transparent picture", (270, 300))):
        rgba = np.dstack([coarse(*size, seed=5), np.full(size, 255, np.uint8)])
        rgba[20:200, 20:240, 3] = 0
        rgba[20:200, 20:240, :3] = (0, 40, 0)
        rgba[200:, :, 3] = 128
        alpha = rgba[..., 3:].astype(np.float64) / 255
        flat = np.round(alpha * rgba[..., :3] + (1 - alpha) * np.array(BACKGROUND)).astype(np.uint8)
        found.append({"kind": "style", "name": name, "picture": packed(rgba), "style": numbers(painter.encode(flat))})
    return found


def numbers(values: np.ndarray) -> list[float]:
    return [float(f"{value:.7g}") for value in values]


def blends() -> list[dict]:
    chosen = list(STYLES)
    given = [[1, 0], [0.7, 0.3], [3, 1], [0.001, 0.002]]
    refused = [[0, 0], [-1, 2], [1], []]
    return [
        *(
            {"kind": "blend", "styles": chosen, "weights": w, "blended": numbers(blend([*STYLES.values()], w))}
            for w in given
        ),
        *({"kind": "blend", "styles": chosen, "weights": w, "refused": True} for w in refused),
    ]


def models() -> list[dict]:
    newer = "The model tiny was made by a newer Impasto (format 4); upgrade Impasto."
    return [
        {"kind": "model", "name": "a newer format", "change": {"format": 4}, "sentence": newer},
        {"kind": "model", "name": "an older format", "change": {"format": 2}, "frame_by_frame": True},
        {"kind": "model", "name": "a damaged file", "damaged": "frame.onnx"},
    ]


def details() -> list[dict]:
    """Paintings brought to the size of their frames: by whole numbers, by others, and not at all."""
    rng = np.random.default_rng(4)
    found = []
    for name, (h, w), (height, width) in [
        ("twice the size", (12, 16), (24, 32)),
        ("a painting of another shape", (10, 21), (37, 50)),
        ("the frame's own size", (9, 12), (9, 12)),
    ]:
        painting, frame = coarse(h, w, 3), coarse(height, width, 8)
        frame[::3] = rng.integers(0, 256, frame[::3].shape, np.uint8)
        case = {"kind": "detail", "name": name, "painting": packed(painting), "frame": packed(frame)}
        found.append({**case, "shown": packed(enlarge(painting, frame))})
    return found


def persons() -> list[dict]:
    """Sizes of the pictures in which persons are looked for; what is shown of two paintings by the lines of a mask."""
    sizes = [(1280, 720), (720, 1280), (640, 480), (300, 300), (33, 400), (4000, 10), (7, 5), (512, 288)]
    rng = np.random.default_rng(6)
    found: list[dict] = [{"kind": "person_size", "size": [w, h], "picture": list(person_size(w, h))} for w, h in sizes]
    for name, (h, w), (height, width) in [("larger", (4, 6), (30, 44)), ("the picture's own size", (9, 8), (9, 8))]:
        lines = np.round(rng.normal((0, 0.5), (2.0, 0.3), (h, w, 2)).transpose(2, 0, 1), 3).astype(np.float32)
        frame, person, rest = (coarse(height, width, seed) for seed in (2, 3, 8))
        shown = mix(share(frame, lines), person, rest)
        pictures = {"frame": frame, "person": person, "rest": rest, "shown": shown}
        case = {"kind": "person", "name": name, "lines": [numbers(part.ravel()) for part in lines], "size": [w, h]}
        found.append(case | {key: packed(value) for key, value in pictures.items()})
    return found


def sizes() -> list[dict]:
    frames = [(1, 1), (67, 45), (64, 64), (65, 64), (1280, 720), (1920, 1080), (33, 400)]
    clips = [(1280, 720, 720), (1920, 1080, 720), (1000, 500, 45), (854, 480, 300), (853, 480, 720), (3, 3, 720)]
    clips += [(720, 1280, 405), (640, 361, 90), (2001, 1001, 500), (1, 1, 720)]
    return [
        *(
            {"kind": "padding", "size": [w, h], "padded": list(padded_size(w, h, MODEL.multiple, MODEL.rules))}
            for w, h in frames
        ),
        *(
            {"kind": "clip_size", "size": [w, h], "side": side, "painted": list(working_size(w, h, min(w, h, side)))}
            for w, h, side in clips
        ),
    ]


def tones() -> list[dict]:
    """Greys, pure colours, and some between, in code values of 8 bits."""
    greys = [[level] * 3 for level in range(0, 256, 15)]
    pure = [[level * (c == i) for i in range(3)] for c in range(3) for level in (64, 128, 192, 255)]
    mixed = np.random.default_rng(4).integers(0, 256, (40, 3)).tolist()
    codes = [*greys, *pure, *mixed]
    return [
        {
            "kind": "tone",
            "name": transfer.name.lower(),
            "codes": codes,
            "shown": tone_map(as_codes(codes), transfer)[0].tolist(),
        }
        for transfer in Transfer
    ]


def places() -> list[dict]:
    """(a frame's size, the first frame's, what that fills)."""
    given = [
        ((96, 64), (96, 64), (96, 64)),
        ((64, 96), (96, 64), (96, 64)),
        ((1280, 720), (640, 360), (512, 288)),
        ((720, 1280), (640, 360), (512, 288)),
        ((640, 480), (853, 480), (640, 360)),
        ((1000, 10), (64, 64), (64, 64)),
        ((641, 361), (640, 360), (640, 360)),
    ]
    return [
        {"kind": "fitted", "size": size, "first": first, "into": into, "fitted": list(fitted(size, first, into))}
        for size, first, into in given
    ]


def matrices() -> list[dict]:
    names = {Matrix.BT709: "bt709", Matrix.BT601: "smpte170m"}
    sizes = [(1280, 720), (720, 1280), (608, 1080), (1279, 719), (1920, 718), (720, 576), (720, 720)]
    clips = [("avc", sizes, False), ("avc", sizes[:4], True), ("vp8", sizes[:1], False)]
    return [
        {
            "kind": "matrix",
            "codec": codec,
            "size": size,
            "full_range": full,
            "matrix": names[matrix_of(untagged(codec, size, full))],
        }
        for codec, some, full in clips
        for size in some
    ]


def scenes() -> list[dict]:
    """Sequences of one picture, dark, at other levels: by how much brighter each frame is."""
    y, x = np.mgrid[:40, :70].astype(np.uint8)
    dark = np.dstack([x // 14 * 14, y // 10 * 10, np.zeros_like(x)])
    given = {
        "a cut": [0, 0, 100, 100],
        "a cut at the second frame, of which nothing is known": [0, 100, 100],
        "what differs by less": [0, 0, 44, 44],
        "what differs by a little more": [0, 0, 48, 48],
        "a flash": [0, 0, 100, 0, 0],
        "a sudden change after large ones": [0, 30, 80, 128, 0],
    }
    found = []
    for name, levels in given.items():
        frames, watched = [dark + np.uint8(level) for level in levels], Scenes()
        begins = [watched.begins(frame) for frame in frames]
        found.append({"kind": "scenes", "name": name, "frames": [packed(f) for f in frames], "begins": begins})
    return found


def box(kind: bytes, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def movie(rows: list[tuple[float, float | None, float]], long: bool, fragmented: bool) -> bytes:
    """An MP4 of nothing but what edit lists need, two seconds long; `rows`: (seconds, from when or None, rate)."""

    def clock(scale: int, seconds: int) -> bytes:
        wide, flags = (8, b"\1\0\0\0") if long else (4, bytes(4))
        return flags + bytes(2 * wide) + scale.to_bytes(4, "big") + (scale * seconds).to_bytes(wide, "big")

    def part(seconds: float, when: float | None, rate: float) -> bytes:
        wide = 8 if long else 4
        time = -1 if when is None else round(when * 15_360)
        return (
            round(seconds * 600).to_bytes(wide, "big")
            + time.to_bytes(wide, "big", signed=True)
            + round(rate * 65_536).to_bytes(4, "big", signed=True)
        )

    head = (b"\1" if long else b"\0") + bytes(3)
    number = head + bytes(16 if long else 8) + (7).to_bytes(4, "big") + bytes(60)
    elst = box(b"elst", head, len(rows).to_bytes(4, "big"), *(part(*row) for row in rows))
    track = box(b"trak", box(b"tkhd", number), box(b"edts", elst), box(b"mdia", box(b"mdhd", clock(15_360, 2))))
    fragments = box(b"mvex", bytes(8)) if fragmented else b""
    moov = box(b"moov", box(b"mvhd", clock(600, 2)), track, fragments)
    return box(b"ftyp", b"isom", bytes(4)) + box(b"free", bytes(40)) + moov


def edits() -> list[dict]:
    given = [
        ("one part", [(1, 0.5, 1)], False),
        ("an empty part, then one", [(0.25, None, 1), (1, 0.5, 1)], False),
        ("two parts", [(0.5, 0.25, 1), (0.5, 1.25, 1)], False),
        ("two parts that belong together", [(0.5, 0.25, 1), (0.5, 0.75, 1)], False),
        ("parts in another order", [(0.5, 1.25, 1), (0.5, 0.25, 1)], False),
        ("an encoder's delay", [(2, 1024 / 15_360, 1)], False),
        ("an empty part between", [(0.5, 0.25, 1), (0.25, None, 1), (0.5, 1.25, 1)], False),
        ("twice as fast", [(0.5, 0, 2)], False),
        ("a still", [(0.5, 0, 0)], False),
        ("fragments, one part", [(1, 0.5, 1)], True),
        ("fragments, two parts", [(0.5, 0.25, 1), (0.5, 1.25, 1)], True),
    ]
    found = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "clip.mp4"
        for (name, rows, fragmented), long in zip(given, [False, True] * len(given), strict=False):
            file.write_bytes(movie(rows, long, fragmented))
            case = {"kind": "edits", "name": name, "file": base64.b64encode(file.read_bytes()).decode()}
            try:
                (edit_list,) = read_edits(file).values()
                parts = [[float(each) for each in (edit.start, edit.end, edit.at)] for edit in edit_list.edits]
                found.append({**case, "parts": parts, "cuts_sound": edit_list.cuts_sound})
            except BadInput as problem:
                found.append({**case, "refused": str(problem).split(maxsplit=1)[1]})
    return found


def painted() -> list[dict]:
    return [*studied(), *paintings(), *transparent(), *blends()]


def clips() -> list[dict]:
    return [*tones(), *places(), *matrices(), *scenes(), *edits()]


def main() -> None:
    found = {
        "styles": {name: numbers(style) for name, style in STYLES.items()},
        "cases": [*painted(), *models(), *sizes(), *details(), *persons(), *clips()],
    }
    lines = [json.dumps(case) for case in found["cases"]]
    text = f'{{"styles": {json.dumps(found["styles"])},\n"cases": [\n' + ",\n".join(lines) + "\n]}\n"
    CASES.write_text(text, "utf-8")
    print(f"{CASES}: {len(lines)} cases, {len(text) / 1000:.0f} kB")
    write_study(MODEL, WAVES)


if __name__ == "__main__":
    main()
