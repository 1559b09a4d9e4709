"""The live page and the model files it loads: /live/, /live/config.json, /live/models/NAME/FILE."""

import gzip
import mimetypes
from functools import lru_cache
from pathlib import Path

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from impasto.export.runtime.model import Model
from impasto.webapp.page_build import PAGE

DIST = PAGE / "dist"
YEAR = "public, max-age=31536000, immutable"
CHECK = "no-cache"  # may be kept, but is asked for again
TYPES = {
    ".mjs": "text/javascript",
    ".js": "text/javascript",
    ".onnx": "application/octet-stream",
    ".webp": "image/webp",
}
NOT_BUILT = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Impasto</title>'
    "<h1>The live page is not built yet</h1>"
    "<p>Run <code>make page</code> in a clone of Impasto, then reload this page.</p></html>"
)
SHOWN = ("model.json", "README.md")  # served besides the files that model.json names


def live_routes(model: Model, studio: bool, dist: Path = DIST) -> APIRouter:
    """The routes; `studio` says whether there is a page for files at /."""
    router = APIRouter()
    served = model_files(model)

    @router.get("/live")
    def to_page():
        return RedirectResponse("live/")

    @router.get("/live/config.json")
    def config():
        server = {"socket": "socket", "studio": "../" if studio else None}
        return JSONResponse({"models": [model.name], "server": server}, headers={"Cache-Control": CHECK})

    @router.api_route("/live/models/{name}/{file:path}", methods=["GET", "HEAD"])
    def model_file(name: str, file: str, request: Request):
        if name != model.name or file not in served:
            return _missing()
        path, tag = served[file]
        fixed = tag and request.query_params.get("v") == tag
        return _file(path, request, f'"{tag}"' if tag else None, YEAR if fixed else CHECK)

    @router.api_route("/live/{file:path}", methods=["GET", "HEAD"])
    def page(file: str, request: Request):
        if not (dist / "index.html").is_file():
            return HTMLResponse(NOT_BUILT, 503)
        path = inside(dist, file or "index.html")
        if path is None:
            return _missing()
        return _file(path, request, None, YEAR if file.startswith("assets/") else CHECK)

    return router


def model_files(model: Model) -> dict[str, tuple[Path, str]]:
    """What of a model is served: name → (path, SHA-256 or ""): what model.json names, but for the weights; previews."""
    files = {e["file"]: (model.path(role), e["sha256"]) for role, e in model.files.items() if role != "weights"}
    for entry in model.gallery().values():
        if (preview := entry.get("preview")) and (found := inside(model.folder, preview)):
            files[preview] = (found, "")
    return files | {name: (model.folder / name, "") for name in SHOWN if (model.folder / name).is_file()}


def inside(folder: Path, name: str) -> Path | None:
    """The file of that name under the folder, or None: no such file, or outside."""
    try:
        path = (folder / name).resolve()
        return path if path.is_relative_to(folder.resolve()) and path.is_file() else None
    except (OSError, ValueError):
        return None


def _file(path: Path, request: Request, tag: str | None, caching: str) -> Response:
    """A file with its caching; compressed where that saves a twentieth. A .gz stays what it is: the page unpacks it."""
    stat = path.stat()
    tag = tag or f'"{stat.st_mtime_ns:x}-{stat.st_size:x}"'
    headers = {"Cache-Control": caching, "ETag": tag, "Vary": "Accept-Encoding"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    kind = TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    if path.suffix == ".gz":
        kind = "application/gzip"
    if accepts_gzip(request.headers.get("accept-encoding", "")):
        packed = _packed(path, stat.st_mtime_ns)
        if packed is not None:
            return Response(packed, media_type=kind, headers={**headers, "Content-Encoding": "gzip"})
    return FileResponse(path, media_type=kind, headers=headers)


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding allows gzip: named, and not with a weight of 0."""
    offers = [part.strip().replace(" ", "").lower() for part in header.split(",")]
    return any(o == "gzip" or (o.startswith("gzip;q=") and o[7:].strip("0.") != "") for o in offers)


@lru_cache(maxsize=64)
def _packed(path: Path, stamp: int) -> bytes | None:
    """The file compressed, or None where that saves less than a twentieth; `stamp` makes a changed file a new one."""
    data = path.read_bytes()
    if path.suffix in (".gz", ".webp", ".png", ".jpg") or len(data) < 512:
        return None
    packed = gzip.compress(data, 6, mtime=0)
    return packed if len(packed) < 0.95 * len(data) else None


def _missing() -> Response:
    return JSONResponse({"detail": "There is no such file here."}, 404)
