"""The page for files at /, built beside the live one (`webapp/page/studio.html`).

From outside: `StudioPage`.
"""

from functools import lru_cache
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse

from impasto.webapp.hosting.link_preview import with_link_preview
from impasto.webapp.hosting.origin import own_address
from impasto.webapp.page_build import PAGE

NOT_BUILT = (
    '<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>Impasto</title>'
    "<h1>The page is not built yet</h1>"
    "<p>Run <code>make page</code> in a clone of Impasto, then reload this page. Programs may use the API without."
    "</p></html>"
)


class StudioPage:
    """Pure ASGI middleware: answers GET / with the page, /?view=api too; Gradio, without one, keeps everything else."""

    def __init__(self, app, dist: Path = PAGE / "dist"):
        self.app, self.html = app, dist / "studio.html"

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http" or scope["method"] not in ("GET", "HEAD"):
            return await self.app(scope, receive, send)
        root = scope.get("root_path", "")
        if scope["path"].removeprefix(root) not in ("/", ""):
            return await self.app(scope, receive, send)
        await self._answer(scope)(scope, receive, send)

    def _answer(self, scope):
        if not self.html.is_file():
            return HTMLResponse(NOT_BUILT, 503)
        text = _page(self.html, self.html.stat().st_mtime_ns)
        address = own_address(Headers(scope=scope), scope["scheme"])
        address += scope.get("root_path", "") if address else ""
        return HTMLResponse(with_link_preview(text, address), headers={"Cache-Control": "no-cache"})


@lru_cache(maxsize=2)
def _page(html: Path, modified_ns: int) -> str:
    """The built page, its files addressed from / instead of /live/; `modified_ns` makes a new build another one."""
    return html.read_text("utf-8").replace('="./', '="live/')
