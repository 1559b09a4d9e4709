"""What a machine of a cluster does: a painter that stays, and the four kinds of work it takes. Knows nothing of Ray."""

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2

from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.person import PersonPainter
from impasto.export.runtime.sessions.session import cores as cores_here
from impasto.models.errors import BadInput
from impasto.webapp.files.clips.parts import Part, join_parts, plan_parts
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.moving import clip_size, stylize_part
from impasto.webapp.files.pictures import image_header
from impasto.webapp.files.stylize import stylize_path

from .places import fetched, stored

PART_FRAMES = 250  # of the shortest part: ten seconds, against which finding cuts and joining weigh little


@dataclass(frozen=True)
class Recipe:
    """How all files are painted, the same on every machine."""

    model: str | None  # a name, or a folder that every machine sees
    frame_sha256: str  # of that model's frame graph
    styles: tuple[Any, ...]  # these and their shares as for `Painter.use`
    shares: tuple[float, ...]
    look: Look
    size: int | None  # this and the brush size as for `stylize_path`
    brush_size: int | None
    settings: dict | None = None  # all of this for the ledger of a folder, see `files.ledger`
    only: str | None = None  # as for `PersonPainter`
    background: tuple[Any, ...] = ()  # the styles of the background, as `styles`
    background_shares: tuple[float, ...] = ()


class Worker:
    """A painter with `cores` cores. Every method takes places (see `places`) and returns plain data."""

    def __init__(self, recipe: Recipe, cores: int, part_frames: int = PART_FRAMES):
        self.recipe, self.part_frames = recipe, part_frames
        # The machine may have more cores than this painter is given, and the number that Ray puts into OMP_NUM_THREADS
        # reaches neither ONNX Runtime nor OpenCV.
        cv2.setNumThreads(cores)
        # Where the machine has more cores, these are somebody else's, and reading and writing keep off them, too.
        self.cores = cores if cores < cores_here() else None
        model = load_model(recipe.model)
        if model.files["frame"]["sha256"] != recipe.frame_sha256:
            raise BadInput(f"A machine of the cluster has another model {model.name}; install the same one everywhere.")
        self.painter = painter = Painter(model, "cpu", cores, recipe.look)
        painter.use(recipe.styles, recipe.shares)
        if recipe.only or recipe.background:
            rest = Painter(model, "cpu", cores, recipe.look) if recipe.background else None
            if rest is not None:
                rest.use(recipe.background, recipe.background_shares)
            self.painter = PersonPainter(painter, recipe.only, rest)

    def plan(self, source: str, target: str) -> tuple[list[Part], list[dict]]:
        """The parts that a clip is painted in, one or none for what is painted whole; and its gaps."""
        with fetched(source) as file:
            if image_header(file) is not None or Path(target).suffix.lower() == ".gif":
                return [], []
            info = probe(file)
            if info.frames < 2 * self.part_frames:
                return [], []
            return plan_parts(info, clip_size(info, self.recipe.size), self.part_frames)

    def paint(self, source: str, target: str) -> dict:
        """Paint a file whole: `stylize_path`'s summary."""
        with fetched(source) as file, stored(target) as painted:
            summary = stylize_path(
                file, painted, self.painter, size=self.recipe.size, brush_size=self.recipe.brush_size, cores=self.cores
            )
        return {**summary, "input": source, "output": target}

    def paint_part(self, source: str, part: Part, target: str) -> dict:
        """Paint a part of a clip: `stylize_part`'s summary."""
        with fetched(source) as file, stored(target) as painted:
            return stylize_part(
                file, painted, self.painter, part, size=self.recipe.size, brush_size=self.recipe.brush_size,
                cores=self.cores,
            )  # fmt: skip

    def join(self, source: str, parts: list[tuple[Part, str]], target: str) -> dict:
        """Join painted parts: a summary as of `paint`, without gaps and how fast it was painted."""
        with ExitStack() as stack, fetched(source) as file, stored(target) as joined:
            info = probe(file)
            width, height = clip_size(info, self.recipe.size)
            files = [(part, stack.enter_context(fetched(place))) for part, place in parts]
            audio, seconds = join_parts(info, files, joined)
        return {
            "input": source,
            "output": target,
            "kind": "clip",
            "fps": float(info.frame_rate),
            "frames": sum(part.frames for part, _ in parts),
            "width": width,
            "height": height,
            "seconds": round(seconds, 3),
            "audio": audio,
        }
