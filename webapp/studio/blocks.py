"""The studio put together, and mounted on the FastAPI application.

From outside: `mount_studio`.
"""

import asyncio
import importlib.util
import os
from contextlib import asynccontextmanager

# Before Gradio is imported: it would call home otherwise.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
# Gradio's own statistics of events, which nothing here shows; they cost a pandas table after each.
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"

import gradio as gr
import gradio.routes
from fastapi import APIRouter, FastAPI

from impasto.export.runtime.model import Model, load_model
from impasto.models.errors import BadInput
from impasto.webapp.hosting.settings import Settings

from .api import add_api
from .call_defaults import CallDefaults
from .feedback import log_what_gradio_raises
from .jobs import Jobs
from .page import StudioPage
from .page_jobs import PageJobs
from .page_routes import add_page_routes
from .painting import Studio
from .routes import PREFIX, add_routes
from .visitors.request_filter import RequestFilter
from .visitors.sessions import session_of
from .visitors.temporary import Folders
from .visitors.uploads import Uploads
from .visitors.visits import SESSIONS_KEPT, Visits, VisitsMiddleware, mend_deletion

TITLE = "Impasto: paint any clip in the manner of any picture"
_MORE_THREADS = 40  # threads for previews and the like, beside the jobs in the line


def mount_studio(app: FastAPI, settings: Settings, model: Model | None = None) -> FastAPI:
    """Put the studio on `app` at "/": mount everything else first, it takes all paths that are left.

    Its temporary files go when the application ends. `app.state.studio` is the `Studio`; `app.state.metrics` is told
    of frames and errors where it is set.
    """
    log_what_gradio_raises()
    if settings.mcp and importlib.util.find_spec("mcp") is None:
        raise BadInput('IMPASTO_MCP=1 needs the package mcp: pip install "impasto[app,mcp]".')
    mend_deletion()
    megabytes = (settings.disk_mb * 1e6, settings.disk_mb_per_address * 1e6)
    folders = Folders(settings.keep_minutes * 60, None, *megabytes)
    os.environ["GRADIO_TEMP_DIR"] = str(folders.root)  # where uploads go, and the only folder that is served
    # Where Gradio makes a folder for what is closed here: it was read from the environment when Gradio was imported.
    gradio.routes.DEFAULT_TEMP_DIR = str(folders.root)
    model = model or load_model(settings.model or None)
    gallery = model.gallery()
    if not gallery:
        raise BadInput(f"The model {model.name} has no built-in styles; export it with --paintings.")
    metrics = getattr(app.state, "metrics", None)
    studio = Studio(settings, model, folders, Jobs(settings, folders), metrics, gallery)
    app.state.page_jobs = jobs = PageJobs(studio, settings)
    router = APIRouter(prefix=PREFIX)
    try:
        blocks = build(studio)
        add_page_routes(router, studio)
    except BaseException:
        folders.close()
        raise
    folders.keep_present()
    add_routes(router, studio, jobs)
    app.include_router(router)
    app.state.studio = studio
    file_bytes = round(settings.upload_mb * 1e6)
    app.add_middleware(CallDefaults, blocks=blocks)
    app.add_middleware(
        RequestFilter, root=folders.root, upload_bytes=file_bytes + 1_000_000, origins=settings.allowed_origins,
        uploads=Uploads(folders, blocks, file_bytes, metrics), metrics=metrics,
    )  # fmt: skip
    app.state.visits = visits = Visits(blocks, studio.jobs.cancel)
    app.add_middleware(VisitsMiddleware, visits=visits)
    app.add_middleware(StudioPage)
    _add_lifespan(app, studio, visits, jobs)
    return gr.mount_gradio_app(
        app, blocks, path="/", server_name=settings.host, server_port=settings.port,
        max_file_size=file_bytes, allowed_paths=[], show_error=False, footer_links=[],
        run_history=False, ssr_mode=False, mcp_server=settings.mcp, enable_monitoring=False, pwa=False,
        root_path=settings.root_path or None,
    )  # fmt: skip


def build(studio: Studio) -> gr.Blocks:
    """The API, and the end of a session."""
    with gr.Blocks(title=TITLE, analytics_enabled=False, delete_cache=studio.folders.delete_cache) as blocks:
        add_api(studio)

        async def leave(request: gr.Request):
            await studio.jobs.end_session(session_of(request))

        blocks.unload(leave)
    line = studio.jobs.line
    blocks.max_threads = line.at_once + line.length + _MORE_THREADS  # a job in the waiting line is an event at work
    # Jobs pass Gradio's own queue at once and wait in the waiting line.
    # Nothing passes the queue by: of a caller who waits for an answer outright, nothing tells whether it is gone.
    blocks.queue(max_size=max(_MORE_THREADS, line.length), default_concurrency_limit=line.at_once, api_open=False)
    blocks.state_session_capacity = SESSIONS_KEPT
    return blocks


def _add_lifespan(app: FastAPI, studio: Studio, visits: Visits, jobs: PageJobs) -> None:
    """With the application, the watches over files and visitors start, and jobs and files end."""
    around = app.router.lifespan_context

    @asynccontextmanager
    async def lifespan(app: FastAPI):
        studio.folders.start()
        watches = [asyncio.create_task(each.watch()) for each in (visits, jobs)]
        try:
            async with around(app) as state:
                yield state
        finally:
            for watch in watches:
                watch.cancel()
            jobs.close()
            studio.jobs.close()
            studio.folders.close()

    app.router.lifespan_context = lifespan  # pyright: ignore[reportAttributeAccessIssue]
