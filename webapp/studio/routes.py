"""What the page asks of the server: /studio/config, …/look, …/preview, …/jobs. The page itself is `page.py`'s.

From outside: `add_routes`. A visitor is named by the header `X-Impasto-Visitor`, which his browser made up; of a job,
its id alone gives what there is to see. No answer holds a path, but for those of the visitor's own uploads.
"""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Annotated, Literal

import gradio as gr
from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, Response
from pydantic import BaseModel, Field

from impasto.models.errors import BadInput
from impasto.models.rules import STYLES_AT_ONCE
from impasto.webapp.files.clips.span import Span
from impasto.webapp.files.demo import demo_clip
from impasto.webapp.files.pictures import image_header
from impasto.webapp.hosting.waiting_line import Refused

from . import limits, looking
from .feedback import refusal
from .page_jobs import PageJob, PageJobs
from .painting import PaintOptions, Studio, StyleChoice
from .studying import study_seconds
from .visitors.sessions import address_of

PREFIX = "/studio"
LISTEN_SECONDS = 20  # for which a request for the jobs waits until something has changed
PREVIEWS_WAITING = 40  # more are refused
_VISITOR = re.compile(r"[0-9a-f]{32}")
# The types that a painted or uploaded file may be served as; whatever else it is, nobody's browser opens it.
_TYPES = {"JPEG": "image/jpeg", "MPO": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp", "GIF": "image/gif"}
_NOWHERE = {"Content-Security-Policy": "default-src 'none'; sandbox", "Cache-Control": "private, no-cache"}


class Source(BaseModel):
    """An upload, by its path, and what its owner calls it."""

    path: str = Field(max_length=1000)
    name: str = Field("", max_length=500)


class Style(BaseModel):
    """A built-in style by name, an uploaded picture or `.style` file by path and title, or a study by its job."""

    name: str = Field("", max_length=200)
    path: str = Field("", max_length=1000)
    job: str = Field("", max_length=100)
    title: str = Field("", max_length=500)
    weight: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)


class Wish(BaseModel):
    """What is to be painted, and how."""

    kind: Literal["clip", "pictures"]
    sources: list[Source] = Field(min_length=1, max_length=limits.MAX_PICTURES)
    styles: list[Style] = Field(min_length=1, max_length=STYLES_AT_ONCE)
    strength: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)
    keep_colors: bool = False
    stability: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)
    brush: int = Field(0, ge=0, le=4320)
    size: int = Field(0, ge=0, le=4320)
    only: Literal["", "person", "background"] = ""
    background: list[Style] = Field([], max_length=STYLES_AT_ONCE)  # all but the person is painted in these
    start: float = Field(0.0, ge=0, le=1e6, allow_inf_nan=False)
    end: float | None = Field(None, ge=0, le=1e6, allow_inf_nan=False)
    index: int = Field(0, ge=0, le=limits.MAX_PICTURES)  # of the source that a preview shows
    at: float = Field(0.0, ge=0, le=1, allow_inf_nan=False)  # where in a clip a preview is, as a share of its duration


class StudyWish(BaseModel):
    """A picture to be studied, and the clip or picture that it is studied on: none for made-up ones."""

    picture: Source
    on: Source | None = None


async def _visitor(x_impasto_visitor: Annotated[str, Header()] = "") -> str:
    if not _VISITOR.fullmatch(x_impasto_visitor):
        raise HTTPException(400, "This request does not come from the page; reload it.")
    return x_impasto_visitor


Visitor = Annotated[str, Depends(_visitor)]


class _Previews:
    """So many previews at once, and so many that wait."""

    def __init__(self, at_once: int):
        self.turn, self.waiting = asyncio.Semaphore(at_once), 0

    @asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        if self.waiting >= PREVIEWS_WAITING:
            raise Refused("Too many people are painting right now; please try again in a few minutes.", "busy")
        self.waiting += 1
        try:
            async with self.turn:
                yield
        finally:
            self.waiting -= 1


def add_routes(router: APIRouter, studio: Studio, jobs: PageJobs) -> None:
    """Add the routes of looking, previews and jobs."""
    _add_looking(router, studio, jobs)
    _add_jobs(router, studio, jobs)
    _add_files(router, studio, jobs)


def _add_looking(router: APIRouter, studio: Studio, jobs: PageJobs) -> None:
    previews_line = _Previews(studio.jobs.line.at_once)

    @router.post("/look")
    async def look(source: Source, visitor: Visitor, kind: Literal["clip", "picture", "style"] = "clip"):
        """What an upload is, with a small picture of it, or why it cannot be painted."""
        jobs.seen(visitor, arrive=True)
        look = {"clip": looking.look_at_clip, "picture": looking.look_at_picture, "style": looking.look_at_style}[kind]
        async with _answering(studio), previews_line.place():
            return await run_in_threadpool(look, studio, studio.folders.uploaded(visitor, source.path))

    @router.post("/example")
    async def example(visitor: Visitor):
        """The built-in clip among the visitor's files."""
        jobs.seen(visitor, arrive=True)
        async with _answering(studio):
            clip = studio.folders.session(visitor) / "big-buck-bunny.mp4"
            if not clip.exists():
                await run_in_threadpool(shutil.copyfile, demo_clip(), clip)
            return {"path": str(clip), "name": "Big Buck Bunny.mp4"} | looking.look_at_clip(studio, clip)

    @router.post("/preview")
    async def preview(wish: Wish, visitor: Visitor):
        """A frame, or a picture, before and after, as JPEG in data addresses: as the job would paint it."""
        jobs.seen(visitor, arrive=True)
        async with _answering(studio), previews_line.place():
            options = options_of(studio, jobs, visitor, wish)
            source = studio.folders.uploaded(visitor, wish.sources[min(wish.index, len(wish.sources) - 1)].path)
            return await run_in_threadpool(looking.preview, studio, source, wish.kind, wish.at, options)


def _add_jobs(router: APIRouter, studio: Studio, jobs: PageJobs) -> None:
    @router.post("/jobs")
    async def submit(wish: Wish, visitor: Visitor, request: Request):
        async with _answering(studio):
            job = await _submit(studio, jobs, visitor, wish, request)
            return job.described()

    @router.post("/study")
    async def submit_study(wish: StudyWish, visitor: Visitor, request: Request):
        """Study a picture: a job like any other, whose last file is the `.style` file."""
        async with _answering(studio):
            return (await _submit_study(studio, jobs, visitor, wish, request)).described()

    @router.post("/jobs/{id}/enough")
    async def enough(id: str, visitor: Visitor):
        """End a study and keep what was learnt."""
        async with _answering(studio):
            jobs.of(visitor, id).enough = True
            return {}

    @router.get("/jobs")
    async def listen(visitor: Visitor, after: int = -1):
        """The visitor's jobs, once something has changed since version `after`."""
        version, mine = await jobs.listen(visitor, after, LISTEN_SECONDS)
        return {"version": version, "jobs": [job.described() for job in mine]}

    @router.get("/jobs/{id}")
    async def one(id: str):
        async with _answering(studio):
            return jobs.get(id).described()

    @router.delete("/jobs/{id}")
    async def remove(id: str, visitor: Visitor):
        async with _answering(studio):
            await jobs.remove(visitor, id)
            return {}


def _add_files(router: APIRouter, studio: Studio, jobs: PageJobs) -> None:
    @router.get("/jobs/{id}/frame")
    async def frame(id: str):
        """The last painted frame that was shown."""
        async with _answering(studio):
            shown = jobs.get(id).frame
        if shown is None:
            raise HTTPException(404, "There is no frame yet.")
        return Response(shown, media_type="image/jpeg", headers=_NOWHERE)

    @router.get("/jobs/{id}/painted/{number}")
    async def painted(id: str, number: int, download: bool = False):
        async with _answering(studio):
            job = jobs.get(id)
            if not 0 <= number < len(job.files):
                raise BadInput("This file is not here (any more).")
            return _served(job.files[number], job.file_names[number], download=download)

    @router.get("/jobs/{id}/source/{number}")
    async def source(id: str, number: int):
        async with _answering(studio):
            job = jobs.get(id)
            if not (0 <= number < len(job.sources) and job.sources[number].is_file()):
                raise BadInput("This file is not here (any more).")
            return _served(job.sources[number], job.names[number], download=False, clip=job.kind == "clip")


def _served(path: Path, name: str, *, download: bool, clip: bool = False) -> FileResponse:
    """A file under its readable name; as a clip or picture whatever its name says, so that no browser runs it."""
    if clip or path.suffix == ".mp4":
        kind = "video/mp4"
    elif path.suffix == ".zip":
        kind = "application/zip"
    else:
        header = image_header(path)
        kind = _TYPES.get(header.format if header else "", "application/octet-stream")
    disposition = "attachment" if download else "inline"
    return FileResponse(path, media_type=kind, filename=name, content_disposition_type=disposition, headers=_NOWHERE)


@asynccontextmanager
async def _answering(studio: Studio) -> AsyncIterator[None]:
    """Errors become an HTTP status and one sentence as `detail`."""
    try:
        yield
    except HTTPException:
        raise
    except gr.Error as error:
        raise HTTPException(422, str(error)) from None
    except Exception as error:
        raise HTTPException(*refusal(error, studio.metrics)) from None


def options_of(studio: Studio, jobs: PageJobs, visitor: str, wish: Wish) -> PaintOptions:
    """The options that the page asks for. Raises BadInput."""

    def choice(style: Style) -> StyleChoice:
        if style.job:
            return StyleChoice(jobs.studied(visitor, style.job), style.weight, style.title or "your picture")
        if style.path:
            source = studio.folders.uploaded(visitor, style.path)
            return StyleChoice(source, style.weight, style.title or "your picture")
        return StyleChoice(studio.built_in(style.name), style.weight)

    return PaintOptions(
        tuple(map(choice, wish.styles)), wish.strength, wish.keep_colors, limits.check_size(wish.size), wish.stability,
        wish.brush or None, Span(wish.start, wish.end), wish.only or None, tuple(map(choice, wish.background)),
    )  # fmt: skip


async def _submit(studio: Studio, jobs: PageJobs, visitor: str, wish: Wish, request: Request) -> PageJob:
    options = options_of(studio, jobs, visitor, wish)
    sources = [studio.folders.uploaded(visitor, source.path) for source in wish.sources]
    if wish.kind == "clip":
        await run_in_threadpool(limits.check_clip, sources[0], studio.settings, options.span)
        sources = sources[:1]
    moving = wish.kind == "clip" or await run_in_threadpool(lambda: any(map(limits.moves, sources)))
    unit = "frames" if moving else "pictures"
    names = [source.name or path.name for source, path in zip(wish.sources, sources, strict=False)]
    return await jobs.submit(
        visitor, address_of(request), kind=wish.kind, sources=sources, names=names, options=options,
        asked=wish.model_dump(), titles=studio.titles(options.styles), unit=unit,
    )  # fmt: skip


async def _submit_study(studio: Studio, jobs: PageJobs, visitor: str, wish: StudyWish, request: Request) -> PageJob:
    if not study_seconds(studio):
        raise BadInput("Nothing is studied on this server; `impasto study` does it, and its file may be dropped here.")
    sources = [studio.folders.uploaded(visitor, each.path) for each in (wish.picture, wish.on) if each]
    await run_in_threadpool(limits.check_picture, sources[0], studio.settings, "This style picture")
    for source in sources[1:]:
        check = limits.describe_clip if image_header(source) is None else limits.check_picture
        await run_in_threadpool(check, source, studio.settings)
    title = wish.picture.name or "your picture"
    return await jobs.submit(
        visitor, address_of(request), kind="study", sources=sources, names=[title] * len(sources),
        options=PaintOptions((StyleChoice(sources[0], title=title),)), titles=[(title, 1.0)],
        asked={"sources": [wish.picture.model_dump()]},
    )  # fmt: skip
