"""The tab about the model, the limits of this server, and licences.

From outside: `about_tab`.
"""

import re

import gradio as gr

from impasto.export.runtime.model import Model
from impasto.webapp.studio import limits
from impasto.webapp.studio.jobs import duration
from impasto.webapp.studio.painting import Studio

_STEADY = "What is painted moves along with the scene, so that it does not flicker. "
_IMAGE = re.compile(r"!\[([^\]]*)\]\(([^)\s]+)\)")
_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n\s*", re.DOTALL)  # what the Hub reads of a card


def about_tab(studio: Studio) -> None:
    with gr.Column(elem_classes="about"):
        gr.Markdown(_limits(studio), elem_id="about-limits")
        card, pictures = model_card(studio.model)
        for path in pictures:
            gr.Image(path, interactive=False, show_label=False, buttons=[], container=False, elem_classes="samples")
        gr.Markdown(card, elem_id="model-card")
        gr.Markdown(_licences(studio), elem_id="about-licences")


def model_card(model: Model) -> tuple[str, list[str]]:
    """The model's README without its front matter and pictures, and the pictures that lie beside it as paths.

    No picture is left in the text: those from elsewhere would have to be fetched from there.
    """
    card = model.folder / "README.md"
    if not card.is_file():
        return f"# {model.name}\n\nThis model has no card.", []
    text = _FRONT_MATTER.sub("", card.read_text("utf-8"))
    beside = [model.folder / target for _, target in _IMAGE.findall(text) if "/" not in target]
    return _IMAGE.sub("", text), [str(path) for path in beside if path.is_file()]


def _limits(studio: Studio) -> str:
    s = studio.settings
    return (
        "# Impasto\n\nPaints any clip in the manner of any picture, with two small networks: one looks at the picture "
        f"once, the other paints every frame. {_STEADY if studio.model.state else ''}Sound is kept.\n\n"
        f"**Here**, a clip may have up to {s.upload_mb:g} MB, {duration(s.clip_seconds)}, {s.clip_frames:,} frames and "
        f"{s.frame_pixels:,} pixels a frame; {studio.jobs.line.at_once} "
        f"{'job runs' if studio.jobs.line.at_once == 1 else 'jobs run'} at a time, and a person may have "
        f"{s.jobs_per_client} in the line. Pictures: up to {limits.MAX_PICTURES} at once.\n\n"
        f"**What you upload** stays on this server until you close the page, or for {duration(s.keep_minutes * 60)} at "
        "most, and nobody else sees it. The live page uploads nothing while it paints in your browser."
    )


def _licences(studio: Studio) -> str:
    clip = "The clip of the examples is from *Big Buck Bunny*, © Blender Foundation, CC BY 3.0. "
    return (
        "## Licences\n\nImpasto is free software under Apache-2.0; "
        f"the model {studio.model.name}: {studio.model.licence}. {clip}"
        "The built-in styles are numbers computed from paintings in the public domain; the paintings are not "
        "included. What you paint is yours."
    )
