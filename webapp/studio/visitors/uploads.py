"""Uploads: each in a folder of its own, counted against the room there is, gone at once if it fails.

From outside: `Uploads`, an ASGI application in place of Gradio's route. Gradio would put two visitors' copies of a file
into one folder, named by its content, and leave behind what was broken off.
"""

import asyncio
import errno
from pathlib import Path

import gradio as gr
from gradio.route_utils import upload_fn
from gradio.routes import file_upload_statuses
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from impasto.models.errors import DiskFull
from impasto.webapp.hosting.metrics import Metrics

from .temporary import NO_ROOM, Folders

FULL = (errno.ENOSPC, errno.EDQUOT)
GRACE_SECONDS = 60  # any upload may take, and beside it
SLOWEST = 20_000  # bytes a second: slower than any line on which a clip would be uploaded
PROGRESS_KEPT = 30  # seconds for which an upload's progress may still be asked for
_TOO_LARGE = "maximum allowed size"  # Gradio's words


class Uploads:
    """Takes POST …/upload and answers with the files' paths, as Gradio does; or with a sentence as `detail`.

    A request must be complete after `GRACE_SECONDS` and the time its length takes at `SLOWEST`.
    """

    def __init__(self, folders: Folders, blocks: gr.Blocks, file_bytes: int, metrics: Metrics | None = None):
        self.folders, self.blocks, self.file_bytes, self.metrics = folders, blocks, file_bytes, metrics

    async def __call__(self, scope, receive, send):
        response = await self._answer(Request(scope, receive), scope["client"][0] if scope.get("client") else "")
        if response is not None:
            await response(scope, receive, send)

    async def _answer(self, request: Request, address: str) -> Response | None:
        length = int(Headers(scope=request.scope).get("content-length", 0))
        try:
            with self.folders.receiving(address, length) as folder:
                coming = self._receive(request, folder, address)
                return JSONResponse(await asyncio.wait_for(coming, GRACE_SECONDS + length / SLOWEST))
        except ClientDisconnect:
            return None
        except DiskFull as full:
            return self._refuse(507, str(full), "disk")
        except (TimeoutError, asyncio.TimeoutError):
            return self._refuse(408, "The upload took too long; try again on a faster line.", "slow")
        except MultiPartException as error:
            large = _TOO_LARGE in error.message  # the clients know these words
            self._count("upload")
            return PlainTextResponse(error.message if large else "This upload is damaged.", 413 if large else 400)
        except HTTPException:
            return self._refuse(400, "This is not an upload that can be read.", "upload")
        except OSError as error:
            if error.errno not in FULL:
                raise
            return self._refuse(507, NO_ROOM, "disk")

    async def _receive(self, request: Request, folder: Path, address: str) -> list[str]:
        """Write the request's files into `folder`, then each into a folder of its own. Returns their paths."""
        name = request.query_params.get("upload_id")
        try:
            statuses = file_upload_statuses if name else None
            written, _, _ = await upload_fn(request, folder, self.file_bytes, name, upload_progress=statuses)
        finally:
            if name:
                asyncio.get_running_loop().call_later(PROGRESS_KEPT, _forget_progress, name)
        if not written:
            raise MultiPartException("no file")
        moved = {path: self.folders.keep_upload(Path(path), address) for path in dict.fromkeys(written)}
        self.blocks.upload_file_set.update(map(str, moved.values()))
        return [str(moved[path]) for path in written]

    def _refuse(self, status: int, sentence: str, why: str) -> JSONResponse:
        self._count(why)
        return JSONResponse({"detail": sentence}, status)

    def _count(self, why: str) -> None:
        if self.metrics is not None:
            self.metrics.refused(why)


def _forget_progress(name: str) -> None:
    file_upload_statuses.stop_tracking(name)
    file_upload_statuses._signals.pop(name, None)
