"""Whose files and jobs are whose.

From outside: `session_of`.
"""

import gradio as gr


def session_of(request: gr.Request) -> str:
    """The session of a request: Gradio's own, or the client's address for programs that name none."""
    return request.session_hash or str(request.client.host)
