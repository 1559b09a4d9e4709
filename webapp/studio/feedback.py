"""Errors and progress as Gradio shows them: one sentence, never a traceback, never a path.

From outside: `show_errors`, `gradio_progress`.
"""

import html
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager

import gradio as gr

from impasto.models.errors import BadInput
from impasto.webapp.hosting.metrics import Metrics

from .jobs import JobProgress

log = logging.getLogger("impasto.studio")
OUR_FAULT = "Something went wrong on our side, and it has been noted; please try again."


@contextmanager
def show_errors(metrics: Metrics | None = None) -> Iterator[None]:
    """BadInput becomes `gr.Error` with its sentence; anything else is logged, without names of files, and excused."""
    try:
        yield
    except BadInput as error:
        raise _notice(str(error)) from None
    except gr.Error:
        raise
    except Exception as error:
        if metrics is not None:
            metrics.error("studio")
        log.error("%s in the studio\n%s", type(error).__name__, "".join(traceback.format_tb(error.__traceback__)))
        raise _notice(OUR_FAULT) from None


def _notice(sentence: str) -> gr.Error:
    # Gradio shows the message as HTML
    return gr.Error(html.escape(sentence, quote=False), print_exception=False, title="That did not work")


def gradio_progress(progress: gr.Progress, unit: str = "frames") -> JobProgress:
    """A job's progress, shown by Gradio; `unit` is what is counted."""

    def show(done: int, total: int, text: str) -> None:
        progress((done, total) if total else 0, desc=text, unit=unit)

    return JobProgress(show, unit)
