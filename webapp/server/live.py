"""The live page and the model files it loads: /live/, /live/config.json, /live/models/NAME/FILE.

From outside: `mount_live`, `DIST`.
"""

import gzip
import mimetypes
import os
from functools import lru_cache
from pathlib import Path

from fastapi import FastAPI
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.datastructures import Headers, QueryParams
from starlette.exceptions import HTTPException
from starlette.staticfiles import NotModifiedResponse, StaticFiles
from starlette.types import Scope

from impasto.export.runtime.model import Model, sha256
from impasto.models.store import VGG
from impasto.webapp.hosting.link_preview import PLACE, with_link_preview
from impasto.webapp.hosting.origin import own_address
from impasto.webapp.hosting.page_config import page_config
from impasto.webapp.page_build import PAGE

DIST = PAGE / "dist"
FOREVER = "public, max-age=31536000, immutable"  # for a year, which is as long as HTTP goes
ASK_AGAIN = "no-cache"  # may be kept, but is asked for again
NOT_BUILT = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Impasto</title>'
    "<h1>The live page is not built yet</h1>"
    "<p>Run <code>make page</code> in a clone of Impasto, then reload this page.</p></html>"
)
UNLISTED = ("model.json", "README.md")  # served besides the files that model.json names
COMPRESSED = (".gz", ".webp", ".png", ".jpg")
# What Python 3.10, or a system's own tables, do not know or know otherwise.
for _suffix, _type in {".js": "text/javascript", ".mjs": "text/javascript", ".webp": "image/webp"}.items():
    mimetypes.add_type(_type, _suffix)


def mount_live(app: FastAPI, model: Model, studio: bool, dist: Path = DIST) -> None:
    """Add everything under /live to `app`; `studio` says whether there is a page for files at /."""

    @app.get("/live")
    def to_page():
        return RedirectResponse("live/")

    told = page_config(model, {"socket": "socket", "studio": "../" if studio else None})

    @app.get("/live/config.json")
    def config():
        return JSONResponse(told, headers={"Cache-Control": ASK_AGAIN})

    app.mount("/live/models", ModelFiles(model))
    app.mount("/live", PageFiles(dist))


class CachedFiles(StaticFiles):
    """Starlette's static files, with `Cache-Control`, and compressed where that saves a twentieth.

    A .gz is sent as it is, without `Content-Encoding`: the page unpacks it.
    """

    def caching(self, path: str, scope: Scope) -> str:
        """The `Cache-Control` of a file, given its path under the folder."""
        return ASK_AGAIN

    async def get_response(self, path: str, scope: Scope) -> Response:
        try:
            response = await super().get_response(path, scope)
        except HTTPException as error:
            if error.status_code != 404:
                raise
            raise HTTPException(404, "There is no such file here.") from error
        response.headers["Cache-Control"] = self.caching(Path(path).as_posix(), scope)
        response.headers["Vary"] = "Accept-Encoding"
        if not isinstance(response, FileResponse):
            return response
        if Path(response.path).suffix == ".gz":
            response.headers["Content-Type"] = "application/gzip"
        elif accepts_gzip(Headers(scope=scope).get("accept-encoding", "")):
            packed = await run_in_threadpool(_gzipped, Path(response.path), Path(response.path).stat().st_mtime_ns)
            if packed is not None:
                kept = {name: response.headers[name] for name in ("ETag", "Cache-Control", "Vary", "Content-Type")}
                return Response(packed, headers={**kept, "Content-Encoding": "gzip"})
        return response


class PageFiles(CachedFiles):
    """The built page; while it is not built, how to build it."""

    def __init__(self, dist: Path):
        super().__init__(directory=dist, html=True, check_dir=False)
        self.index = dist / "index.html"

    async def check_config(self) -> None:
        """The page may be built while the server runs."""

    def caching(self, path: str, scope: Scope) -> str:
        return FOREVER if path.startswith("assets/") else ASK_AGAIN  # Vite puts a hash into the names of assets

    async def get_response(self, path: str, scope: Scope) -> Response:
        if not self.index.is_file():
            return HTMLResponse(NOT_BUILT, 503)
        if path in (".", "index.html") and PLACE in (text := self.index.read_text("utf-8")):
            address = own_address(Headers(scope=scope), scope["scheme"])
            address += scope.get("root_path", "").removesuffix("/live") if address else ""
            return HTMLResponse(with_link_preview(text, address, "/live/"), headers={"Cache-Control": ASK_AGAIN})
        return await super().get_response(path, scope)


class ModelFiles(CachedFiles):
    """NAME/FILE of the one model that is served: only the files in `model_files`, with their SHA-256 as `ETag`; and
    the weights by which styles are studied."""

    def __init__(self, model: Model):
        super().__init__(directory=model.folder)
        self.files = {f"{model.name}/{file}": found for file, found in model_files(model).items()}
        self.files |= {f"{VGG.name}/{path.name}": (path, sha256(path)) for path in sorted(VGG.glob("*"))}
        self.digests = {str(path): digest for path, digest in self.files.values()}

    def caching(self, path: str, scope: Scope) -> str:
        digest = self.files[path][1]
        asked = QueryParams(scope["query_string"]).get("v")
        return FOREVER if digest and asked == digest else ASK_AGAIN

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        found = self.files.get(Path(path).as_posix())
        return (str(found[0]), found[0].stat()) if found and found[0].is_file() else ("", None)

    def file_response(self, full_path, stat_result: os.stat_result, scope: Scope, status_code: int = 200) -> Response:
        digest = self.digests[str(full_path)]
        tag = {"ETag": f'"{digest}"'} if digest else None
        response = FileResponse(full_path, status_code, tag, stat_result=stat_result)
        unchanged = self.is_not_modified(response.headers, Headers(scope=scope))
        return NotModifiedResponse(response.headers) if unchanged else response


def model_files(model: Model) -> dict[str, tuple[Path, str]]:
    """What of a model is served: name → (path, SHA-256 or ""): what model.json names, but for the weights; previews,
    paintings and studied styles."""
    files = {e["file"]: (model.path(role), e["sha256"]) for role, e in model.files.items() if role != "weights"}
    folder = StaticFiles(directory=model.folder)
    for entry in model.gallery().values():
        studied = entry["studied"] if isinstance(entry.get("studied"), dict) else {}
        pictures = [(entry.get(kind, ""), "") for kind in ("preview", "painting")]
        for file, digest in (*pictures, (studied.get("file", ""), studied.get("sha256", ""))):
            path, found = folder.lookup_path(file)  # nothing outside the folder is found
            if found and Path(path).is_file():
                files[file] = (Path(path), digest)
    return files | {name: (model.folder / name, "") for name in UNLISTED if (model.folder / name).is_file()}


def accepts_gzip(header: str) -> bool:
    """Whether an Accept-Encoding allows gzip: named, and not with a weight of 0."""
    offers = [part.strip().replace(" ", "").lower() for part in header.split(",")]
    return any(o == "gzip" or (o.startswith("gzip;q=") and o[7:].strip("0.") != "") for o in offers)


@lru_cache(maxsize=64)
def _gzipped(path: Path, modified_ns: int) -> bytes | None:
    """The file compressed, or None where that saves less than a twentieth.

    `modified_ns`, when it was last written, makes a changed file another one for the cache.
    """
    data = path.read_bytes()
    if path.suffix in COMPRESSED or len(data) < 512:
        return None
    packed = gzip.compress(data, 6, mtime=0)
    return packed if len(packed) < 0.95 * len(data) else None
