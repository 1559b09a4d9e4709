"""What the tabs share: the controls for how to paint, and the settings of events.

From outside: `option_controls`, `stability_control`, `paint_options`, `QUIET`, `RUN`.
"""

from typing import Any

import gradio as gr

from .painting import PaintOptions, Studio
from .style_picker import Mix, style_choices

# Nothing but `paint_clip` and `paint_picture` is for other programs: see api.py.
QUIET: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "queue": False}
PREVIEW: dict[str, Any] = {
    "trigger_mode": "always_last",  # while one is painted, only the last of the changes waits
    "concurrency_id": "preview",
    "show_progress": "minimal",
    "api_visibility": "private",
}
RUN: dict[str, Any] = {
    "concurrency_limit": None,
    "api_visibility": "private",
    "scroll_to_output": False,
}  # the waiting line is the limit


def option_controls(what: str, sizes: list[int], most: int) -> list[gr.components.Component]:
    """Strength, keep colours, size, in this order.

    `most` is where the output's own size ends.
    """
    strength = gr.Slider(
        0, 1, 1, step=0.05, label="Strength", info=f"0 leaves the {what} as it is, 1 paints it fully.", buttons=[]
    )
    with gr.Row(elem_classes="pair"):
        keep = gr.Checkbox(
            False, label="Keep colours", info=f"Paints the light; the colours stay the {what}'s.", min_width=140
        )
        size = gr.Dropdown(
            [("its own", 0), *((str(side), side) for side in sizes)], value=0, label="Output size",
            info=f"Shorter side in pixels; its own up to {most}.", min_width=140, filterable=False,
        )  # fmt: skip
    return [strength, keep, size]


def stability_control(studio: Studio) -> gr.Slider:
    """For what moves; it only shows for models that carry something from frame to frame."""
    return gr.Slider(
        0, 1, 1, step=0.05, label="Stability", visible=bool(studio.model.state), buttons=[], elem_id="stability",
        info="How much flicker is held back; 0 paints every frame by itself. A preview, one frame, stays the same.",
    )  # fmt: skip


def paint_options(mix: Mix, strength: float, keep: bool, size: int, stability: float = 0.0) -> PaintOptions:
    return PaintOptions(style_choices(mix), strength, keep, size or None, stability)
