"""Whose files and jobs are whose.

From outside: `session_of`, `counted_for`.
"""

import gradio as gr
from fastapi import Request

ANONYMOUS = "impasto_anonymous"  # in a request's scope: it named no session, and Gradio made one for it alone


def session_of(request: gr.Request) -> str:
    """The session of a request, whose files and jobs end together: Gradio's own, made for one call at need."""
    return request.session_hash or address_of(request)


def address_of(request: gr.Request | Request) -> str:
    """The address that a request came from; behind a trusted proxy, the one it names."""
    return request.client.host if request.client else ""


def counted_for(request: gr.Request) -> dict[str, str]:
    """Whom a job counts for, as `Jobs.run` takes it: `client`, the session, or the address where there was none."""
    scope = request.request.scope if request.request else {}
    address = address_of(request)
    return {"client": address if ANONYMOUS in scope else session_of(request), "address": address}
