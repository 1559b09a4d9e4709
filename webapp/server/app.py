"""The one application: health, metrics, the live page and its socket, and the studio at /."""

from importlib import metadata

from fastapi import FastAPI, Response, WebSocket
from fastapi.responses import RedirectResponse
from prometheus_client import CONTENT_TYPE_LATEST

from impasto.export.runtime.model import load_model
from impasto.webapp.hosting.metrics import Metrics
from impasto.webapp.hosting.settings import Settings, read_settings

from .live import mount_live
from .log import RequestLog, start_log
from .security_headers import SecurityHeaders
from .socket import LivePainter


def create_app(settings: Settings | None = None, studio: bool = True) -> FastAPI:
    """Everything that `impasto app` serves; without the studio, / leads to the live page.

    Without `settings` they are read from the environment. Raises BadInput for a model that is missing or damaged, and
    for a setting that is not allowed.
    """
    settings = settings or read_settings()
    model = load_model(settings.model or None)
    app = FastAPI(title="Impasto", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.metrics = metrics = Metrics()
    app.state.model = model
    app.state.live = live = LivePainter(model, settings, metrics)
    start_log()

    @app.api_route("/healthz", methods=["GET", "HEAD"])  # some that watch over servers ask for the head alone
    def health():
        return {"status": "ok", "model": model.name, "version": metadata.version("impasto")}

    @app.get("/metrics")
    def counts():
        jobs = getattr(getattr(app.state, "studio", None), "jobs", None)
        if jobs is not None:
            metrics.waiting.set(len(jobs.line.waiting))
            metrics.running.set(len(jobs.line.running))
        metrics.live_waiting.set(len(live.slots.waiting))
        return Response(metrics.text(), media_type=CONTENT_TYPE_LATEST)

    @app.websocket("/live/socket")
    async def socket(websocket: WebSocket):
        await live.serve(websocket)

    mount_live(app, model, studio)
    if studio:
        from impasto.webapp.studio.blocks import mount_studio

        app = mount_studio(app, settings, model)
    else:
        app.get("/")(lambda: RedirectResponse("live/"))
    app.add_middleware(SecurityHeaders, isolation=settings.isolation)
    app.add_middleware(RequestLog)
    return app
