"""Errors and progress as Gradio shows them: one sentence, never a traceback, never a path.

From outside: `refusal`, `show_errors`, `gradio_progress`, `log_what_gradio_raises`.
"""

import html
import logging
import re
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace

import gradio as gr
import gradio.queueing
import gradio.route_utils
import gradio.routes
import gradio.utils

from impasto.models.errors import BadInput, DiskFull
from impasto.webapp.hosting.metrics import Metrics
from impasto.webapp.hosting.waiting_line import Refused

from .jobs import JobProgress
from .visitors.temporary import NO_ROOM, PREFIX, YOUR_ROOM
from .visitors.uploads import FULL

log = logging.getLogger("impasto.studio")
_OUR_PATH = re.compile(rf"[^\s']*{PREFIX}[^\s':;,]*")  # a session's folder is its secret
OUR_FAULT = "Something went wrong on our side, and it has been noted; please try again."


@contextmanager
def show_errors(metrics: Metrics | None = None) -> Iterator[None]:
    """BadInput becomes `gr.Error` with its sentence, without the server's paths, and is counted; anything else is
    logged, without names of files, and excused."""
    try:
        yield
    except gr.Error:
        raise
    except Exception as error:
        raise _notice(refusal(error, metrics)[1]) from None


def refusal(error: Exception, metrics: Metrics | None = None) -> tuple[int, str]:
    """An error as an HTTP status and a sentence without the server's paths; counted, and logged where it is ours."""
    if isinstance(error, DiskFull) or (isinstance(error, OSError) and error.errno in FULL):
        _count(metrics, "disk", "no room on the disk")
        return 507, str(error) if str(error) in (NO_ROOM, YOUR_ROOM) else NO_ROOM
    if isinstance(error, Refused):
        _count(metrics, error.why)
        return 429, str(error)
    if isinstance(error, BadInput):
        _count(metrics, "input")
        return 422, _OUR_PATH.sub("this file", str(error))
    if metrics is not None:
        metrics.error("studio")
    log.error("%s in the studio\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
    return 500, OUR_FAULT


def log_what_gradio_raises() -> None:
    """Make log lines of the tracebacks that Gradio prints: their words may name files."""

    def log_it(*_, **__) -> None:
        log.error("Gradio raised an error", exc_info=True)

    for module in (gradio.queueing, gradio.routes, gradio.route_utils, gradio.utils):
        vars(module)["traceback"] = SimpleNamespace(print_exc=log_it, format_exc=lambda *_, **__: "")


def _count(metrics: Metrics | None, why: str, event: str = "") -> None:
    if metrics is not None:
        metrics.refused(why)
    if event:
        log.warning(event)


def _notice(sentence: str) -> gr.Error:
    # Gradio shows the message as HTML
    return gr.Error(html.escape(sentence, quote=False), print_exception=False, title="That did not work")


def gradio_progress(progress: gr.Progress, unit: str = "frames") -> JobProgress:
    """A job's progress, shown by Gradio; `unit` is what is counted."""

    def show(done: int, total: int, text: str) -> None:
        progress((done, total) if total else 0, desc=text, unit=unit)

    return JobProgress(show, unit)
