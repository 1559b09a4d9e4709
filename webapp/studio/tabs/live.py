"""The tab with the live page in a frame.

From outside: `live_tab`.
"""

import gradio as gr

# Relative to the studio's own address, so that it holds behind any proxy.
PAGE = "live/"
ALLOWED = "camera; microphone; fullscreen; autoplay; clipboard-write; cross-origin-isolated"


def live_tab() -> None:
    gr.HTML(
        '<p class="facts">Your camera, painted in your browser: nothing is uploaded. '
        f'<a href="{PAGE}" target="_blank" rel="noopener">Open it in a tab of its own</a> '
        "if the camera is refused here.</p>"
        f'<iframe src="{PAGE}" title="Impasto live: the camera, painted" allow="{ALLOWED}" loading="lazy"></iframe>',
        elem_id="live-frame",
    )
