"""What is damaged and what it is given to. Each kind knows its seeds, and tries one mutant: None, or what is wrong.

From outside: `KINDS`, name → class. `prepare` makes the seeds in a folder; `names()` lists them; `edits(name, number)`
gives damage, `attempt(name, edits)` tries it and returns (how it ended, fault or None).
"""

import contextlib
import io
import json
import shutil
import struct
import subprocess
import sys
import tempfile
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import av
import av.error
import httpx
import uvicorn
from PIL import Image
from websockets.sync.client import connect

from impasto.export.runtime.model import describe, load_model
from impasto.models.errors import BadInput
from impasto.webapp.cli import main as cli
from impasto.webapp.files.brush_size import DEFAULT as BRUSH
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.server.app import create_app
from impasto.webapp.server.run import server_options

from . import mutate, seeds

TINY = Path(__file__).parents[1] / "contract" / "tiny"
REAL_EVERY = 60  # mutants of which one goes through a process of its own
SENTENCE = 1500  # characters: of a model's fields some list what there is
ANSWER_SECONDS = 60
Fault = str | None


class Kind(ABC):
    """Files damaged byte by byte; a kind says in `run` what is done with a mutant."""

    def prepare(self, folder: Path) -> None:
        self.folder, self.seeds = folder, self.make(folder)

    @abstractmethod
    def make(self, folder: Path) -> dict[str, bytes]:
        """The seeds, by name."""

    def names(self) -> list[str]:
        return list(self.seeds)

    def edits(self, name: str, number: int) -> Sequence:
        """Byte by byte, or, two times of three where the file has a structure, changes that keep to it."""
        if number % 3 and name.endswith((".pack", ".safetensors", ".style")):
            return mutate.json_edits_of(mutate.header_of(self.seeds[name]), number)
        if number % 3 and name.endswith(".onnx"):
            return mutate.graph_edits_of(self.seeds[name], number)
        if number % 3 and name.endswith(".json"):
            return mutate.json_edits_of(json.loads(self.seeds[name]), number)
        return mutate.edits_of(self.seeds[name], number)

    def mutant(self, name: str, edits: Sequence) -> bytes:
        data, structured = self.seeds[name], len(edits) > 0 and not isinstance(edits[0], tuple)
        if structured and name.endswith(".onnx"):
            return mutate.apply_graph(data, edits)
        if len(edits) and isinstance(edits[0][0], list):
            if name.endswith(".json"):
                return json.dumps(mutate.apply_json(json.loads(data), edits)).encode()
            return mutate.with_header(data, mutate.apply_json(mutate.header_of(data), edits))
        return mutate.apply(data, edits)

    def attempt(self, name: str, edits: Sequence, number: int = 0) -> tuple[str, Fault]:
        with tempfile.TemporaryDirectory(dir=self.folder) as folder:
            return self.run(name, self.mutant(name, edits), Path(folder), number)

    @abstractmethod
    def run(self, name: str, data: bytes, folder: Path, number: int) -> tuple[str, Fault]:
        """What is done with a mutant of this name: how it ended, and what was wrong with that."""

    def close(self) -> None:  # noqa: B027 - most kinds have nothing to end
        """Ends what `prepare` began."""


def command(arguments: Sequence[str], real: bool = False) -> tuple[int | None, str, str]:
    """(exit code, stdout, stderr) of the command line, in this process or one of its own; None: a traceback."""
    if real:
        done = subprocess.run(
            [sys.executable, "-m", "impasto.webapp.cli", *arguments], capture_output=True, text=True, errors="replace"
        )
        return (None if "Traceback" in done.stderr else done.returncode), done.stdout, done.stderr
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main(list(arguments))
            code = 0
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 0
        except Exception as error:
            return None, out.getvalue(), f"{type(error).__name__}: {error} at {_place(error)}"
    return code, out.getvalue(), err.getvalue()


def _place(error: BaseException) -> str:
    """Where an exception came from: the last lines of ours and of whoever raised it."""
    calls, at = [], error.__traceback__
    while at is not None:
        calls.append(f"{Path(at.tb_frame.f_code.co_filename).name}:{at.tb_lineno}")
        at = at.tb_next
    return " < ".join(calls[:-6:-1])


def judged(code: int | None, err: str, left: Sequence[str], wanted: str) -> tuple[str, Fault]:
    """How a command ended, and what is wrong with that: `left` are the files in the output's folder."""
    if code is None:
        return "traceback", f"traceback: {err[-600:]}"
    if code not in (0, 2):
        return "crash", f"exit code {code}: {err[-300:]}"
    if code == 0:
        return "painted", None if list(left) == [wanted] else f"exit 0 and files {list(left)}"
    lines = [line for line in err.splitlines() if line.startswith("Error: ")]
    if left:
        return "leftover", f"exit 2 and files {list(left)}"
    if len(lines) != 1 or len(lines[0]) > SENTENCE or "\\n" in lines[0]:  # a line break, as the command line shows it
        return "words", f"not one sentence: {err[-300:]}"
    return "sentence", None


class Clips(Kind):
    """Clips and animations through `impasto stylize`."""

    target = "out.mp4"

    def make(self, folder: Path) -> dict[str, bytes]:
        return seeds.clips() | seeds.animations()

    def run(self, name: str, data: bytes, folder: Path, number: int) -> tuple[str, Fault]:
        source, out = folder / name, folder / "out"
        source.write_bytes(data)
        out.mkdir()
        arguments = ["stylize", str(source), "-o", str(out / self.target), "-s", "waves", "-m", str(TINY), "--json"]
        code, told, err = command(arguments, number % REAL_EVERY == REAL_EVERY - 1)
        left = sorted(path.name for path in out.iterdir())
        ended, fault = judged(code, err, left, self.target)
        if ended == "painted" and fault is None:
            summary = json.loads(told)
            written = _frames(out / self.target)
            if written != summary["frames"]:
                return "wrong", f"{summary['frames']} frames are told, {written} are there"
            fewer = summary["frames"] < seeds.FRAMES and name in seeds.CLIPS and not summary["gaps"]
            if fewer and summary["frames"] < _frames(source):
                return "wrong", f"{summary['frames']} of {_frames(source)} frames, and nothing is said of gaps"
            ended = "fewer, unsaid" if fewer else "gaps said" if summary["gaps"] else ended
        return ended, fault


def _frames(path: Path) -> int:
    """Sound frames that PyAV alone decodes until it meets an error: a broadcast may begin and end with broken ones."""
    count = 0
    with contextlib.suppress(av.error.FFmpegError, ValueError), av.open(str(path)) as container:
        for packet in container.demux(video=0):
            count += sum(not (frame.is_corrupt or packet.is_corrupt) for frame in packet.decode())
    return count


class Pictures(Kind):
    """Pictures, once as what is painted and once as the style."""

    def make(self, folder: Path) -> dict[str, bytes]:
        Image.fromarray(seeds.scene(0, 40, 32)).save(folder / "plain.png")
        return {**seeds.pictures(), **seeds.animations(), "studied.style": seeds.studied_style(load_model(TINY))}

    def run(self, name: str, data: bytes, folder: Path, number: int) -> tuple[str, Fault]:
        source, out = folder / name, folder / "out"
        source.write_bytes(data)
        out.mkdir()
        pair = (
            (source, "waves")
            if number % 2 and not name.endswith(".style")
            else (self.folder / "plain.png", str(source))
        )
        target = "out.gif" if number % 2 and name.startswith("moving") else "out.png"
        arguments = ["stylize", str(pair[0]), "-s", pair[1], "-o", str(out / target), "-m", str(TINY)]
        code, _, err = command(arguments, number % REAL_EVERY == REAL_EVERY - 1)
        return judged(code, err, sorted(path.name for path in out.iterdir()), target)


class Models(Kind):
    """Model folders: a file damaged with its old hash or a new one, or the description or gallery changed by value."""

    def make(self, folder: Path) -> dict[str, bytes]:
        Image.fromarray(seeds.scene(0, 40, 32)).save(folder / "plain.png")
        (folder / "clip.mp4").write_bytes(seeds.clips()["h264.mp4"])
        return {path.name: path.read_bytes() for path in sorted(TINY.iterdir())}

    def run(self, name: str, data: bytes, folder: Path, number: int) -> tuple[str, Fault]:
        model, out = folder / "model", folder / "out"
        shutil.copytree(TINY, model)
        out.mkdir()
        (model / name).write_bytes(data)
        if name != "model.json" and number % 4:  # somebody wrote it so
            described = json.loads(self.seeds["model.json"])
            role = next(role for role, entry in described["files"].items() if entry["file"] == name)
            described["files"] |= describe(model, {role: name})
            (model / "model.json").write_text(json.dumps(described))
        if name == "gallery.json" or number % 7 == 0:
            code, _, err = command(["gallery", "list", "-m", str(model)])
            ended, fault = judged(code, err, [], "")
            if fault and code != 0:
                return ended, fault
        style, stability = "waves" if number % 2 else str(self.folder / "plain.png"), str(number // 2 % 2)
        source, target = ("clip.mp4", "out.mp4") if number % 5 == 1 else ("plain.png", "out.png")
        arguments = ["stylize", str(self.folder / source), "-s", style, "-o", str(out / target), "-m", str(model)]
        code, _, err = command([*arguments, "--stability", stability], number % REAL_EVERY == REAL_EVERY - 1)
        return judged(code, err, sorted(path.name for path in out.iterdir()), target)


class Training(Kind):
    """Packs, settings, checkpoints, logs, weights and flow, given to what reads them; BadInput is the only way out."""

    def make(self, folder: Path) -> dict[str, bytes]:
        import torch

        torch.set_num_threads(1)
        (folder / "made").mkdir()
        return seeds.training_files(folder / "made", TINY / "weights.safetensors")

    def run(self, name: str, data: bytes, folder: Path, number: int) -> tuple[str, Fault]:
        (folder / name).write_bytes(data)
        try:
            self.reader(name, folder)(folder / name)
        except BadInput as error:
            words = str(error)
            return "sentence", f"not one sentence: {words[:300]}" if "\n" in words or len(words) > SENTENCE else None
        except Exception as error:
            return "traceback", f"{type(error).__name__}: {error} at {_place(error)}"
        return "read", None

    def reader(self, name: str, folder: Path) -> Callable[[Path], Any]:
        from impasto.models.steady.flownet import load_flownet
        from impasto.models.weights import load_weights
        from impasto.train import checkpoint, recipe
        from impasto.train.config import configured
        from impasto.train.data import clips, flow_files, pack
        from impasto.train.stages import image

        def run(file: Path) -> dict:
            (folder / "checkpoints" / "0000002").mkdir(parents=True)
            return checkpoint.recipe(folder)

        return {
            "images.pack": pack.unpack,
            "clips.pack": pack.unpack,
            "config.yaml": lambda file: configured(image.Config(), file),
            "weights.safetensors": load_weights,
            "flownet.safetensors": load_flownet,
            "training.pt": lambda file: self.restore(folder),
            "log.jsonl": lambda file: (checkpoint.read_log(folder), recipe.minutes_trained(folder)),
            "recipe.json": lambda file: recipe.finished(folder),
            "config.json": run,
            "frame_0001.flo": lambda file: flow_files._known(flow_files.read_flo(file)),
            "frame_0001.png": flow_files._frame,
        }.get(name) or (lambda file: list(clips.read_frames(file)))

    def restore(self, folder: Path) -> int:
        """The checkpoint's other two files are whole."""
        import torch

        from impasto.models.weights import load_weights
        from impasto.train import checkpoint

        run = folder / "0000002"
        run.mkdir()
        (folder / "training.pt").rename(run / "training.pt")
        for file in ("weights.safetensors", "ema.safetensors"):
            shutil.copy(TINY / "weights.safetensors", run / file)
        nets = checkpoint.Networks(*load_weights(TINY / "weights.safetensors"))
        weight = torch.nn.Parameter(torch.zeros(3, 3))
        return checkpoint.restore(run, nets, nets, torch.optim.Adam([weight]), torch.Generator())


class Served(Kind):
    """What goes over the network: a server of its own in a thread, with the tiny model."""

    studio = False

    def prepare(self, folder: Path) -> None:
        super().prepare(folder)
        settings = Settings(model=str(TINY), threads=1, jobs_at_once=1, live_fps=1000.0)
        self.app = create_app(settings, studio=self.studio)
        options = {**server_options(settings, self.app.state.metrics), "port": 0, "timeout_graceful_shutdown": 2}
        self.server = uvicorn.Server(uvicorn.Config(self.app, **options))
        self.thread = threading.Thread(target=self.server.run, daemon=True)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.02)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]

    def close(self) -> None:
        self.server.should_exit = True
        self.thread.join(30)

    def own_faults(self) -> float:
        """Errors that the server counts as its own."""
        lines = self.app.state.metrics.text().decode().splitlines()
        return sum(
            float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith('impasto_errors_total{where="studio')
        )


class Live(Served):
    """Frames and messages of a live page."""

    MESSAGES: tuple[dict, ...] = (
        {"type": "look", "stability": 0.5},
        {"type": "reset"},
        {"type": "encode", "id": 1, "picture": ""},
    )

    def make(self, folder: Path) -> dict[str, bytes]:
        model = load_model(TINY)
        self.style = {"type": "style", "style": [float(v) for v in model.gallery()["waves"]["style"]]}
        found = {name: data for name, data in seeds.pictures().items() if name.endswith((".jpg", ".png", ".webp"))}
        texts = {f"message{i}.json": json.dumps(m).encode() for i, m in enumerate((self.style, *self.MESSAGES))}
        return found | texts

    def run(self, name: str, data: bytes, folder: Path, number: int) -> tuple[str, Fault]:
        with connect(f"ws://127.0.0.1:{self.port}/live/socket", max_size=None, proxy=None) as page:
            page.recv(timeout=ANSWER_SECONDS)
            page.send(json.dumps(self.style))
            if name.endswith(".json"):
                page.send(data.decode("utf-8", errors="replace"))
            else:
                page.send(struct.pack("<I", number) + data)
                page.recv(timeout=ANSWER_SECONDS)  # painted, or why not; a newer frame would take its turn
            frame = io.BytesIO()
            Image.fromarray(seeds.scene(number)).save(frame, "JPEG")
            page.send(json.dumps(self.style))
            said, painted = [], False
            while not painted:  # the sound frame after it has to be painted
                page.send(struct.pack("<I", 1 << 31) + frame.getvalue())
                answer = page.recv(timeout=ANSWER_SECONDS)
                painted = isinstance(answer, bytes) and struct.unpack("<I", answer[:4]) == (1 << 31,)
                said += [] if isinstance(answer, bytes) else [answer]
                if len(said) > 20:
                    return "refused", f"a sound frame is not painted afterwards: {said[:3]}"
        bad = [text for text in said if "Traceback" in text or len(text) > 20_000]
        return ("answered" if said else "painted"), f"words: {bad[0][:300]}" if bad else None


class Api(Served):
    """Parameters of the studio's API, and bodies of its requests."""

    studio = True

    def make(self, folder: Path) -> dict[str, bytes]:
        file = {"path": "PICTURE", "meta": {"_type": "gradio.FileData"}}
        call = {"data": [file, ["waves"], [], [], 1.0, False, 64, BRUSH, "", []]}
        clip = {"data": [file, ["waves"], [], [1], 1, False, 64, 1, BRUSH, 0.0, 0.0, "", []]}
        self.photo = seeds.pictures()["turned.jpg"]
        return {"paint_picture.json": json.dumps(call).encode(), "paint_clip.json": json.dumps(clip).encode()}

    def run(self, name: str, data: bytes, folder: Path, number: int) -> tuple[str, Fault]:
        faults, name = self.own_faults(), name.removesuffix(".json")
        with httpx.Client(base_url=f"http://127.0.0.1:{self.port}/gradio_api/", timeout=ANSWER_SECONDS) as program:
            path = program.post("upload", files={"files": ("photo.jpg", self.photo)}).json()[0]
            body = data.replace(b"PICTURE", path.encode())
            answer = program.post(f"call/{name}", content=body, headers={"content-type": "application/json"})
            if answer.status_code >= 500:
                return "failed", f"status {answer.status_code}: {answer.text[:300]}"
            if answer.status_code != 200 or "event_id" not in answer.text:
                ended, words = "refused", answer.text
            else:
                words = program.get(f"call/{name}/{answer.json()['event_id']}").text
                ended = "painted" if "event: complete" in words else "sentence"
        if "Traceback" in words or ("/sessions/" in words and ended != "painted"):
            return ended, f"words: {words[:300]}"
        if self.own_faults() > faults:
            return ended, f"the server counts an error of its own: {words[:300]}"
        return ended, None


KINDS: dict[str, type[Kind]] = {
    "clips": Clips,
    "pictures": Pictures,
    "models": Models,
    "training": Training,
    "live": Live,
    "api": Api,
}
SHARES = {"clips": 6, "pictures": 5, "models": 4, "training": 4, "live": 2, "api": 1}  # of all mutants
