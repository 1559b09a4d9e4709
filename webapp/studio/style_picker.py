"""Choosing styles: the built-in ones as pictures, up to four of one's own, and how much of each.

From outside: `StylePicker`, `style_pictures`, `style_choices`.
"""

from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np

from impasto.export.runtime.sample import picture
from impasto.models.rules import STYLES_AT_ONCE
from impasto.webapp.files.pictures import Picture, write_image

from .feedback import show_errors
from .painting import PaintOptions, Studio, StyleChoice
from .visitors.sessions import session_of

# [{"source": name of a built-in style or path of an own picture, "own": whether it is one, "weight": 0…1}]
Mix = list[dict]
_SIZE = (180, 240)  # height and width of the small pictures painted where a style brings none


def style_pictures(studio: Studio) -> list[tuple[str, str]]:
    """A picture and a title for each built-in style; painted here where the model has none."""
    scene = (picture(*_SIZE) * 255).astype(np.uint8)
    folder = studio.folders.root / "styles"
    folder.mkdir()
    shown = []
    for name, entry in studio.gallery.items():
        file = studio.model.folder / entry.get("preview", "")
        if not file.is_file():
            file = folder / f"{name}.webp"
            painted = studio.painter(PaintOptions((StyleChoice(name),))).paint(scene)
            write_image(file, Picture(painted))
        shown.append((str(file), entry["title"]))
    return shown


class StylePicker:
    """Lays itself out where it is made. `mix` is its state; handlers that set it return `only(name)` for `outputs`."""

    def __init__(self, studio: Studio, pictures: list[tuple[str, str]]):
        self.studio, self.names = studio, list(studio.gallery)
        self.mix = gr.State([_entry(self.names[0])])
        self.gallery = gr.Gallery(
            pictures, label="Style", columns=4, object_fit="cover", allow_preview=False, selected_index=0,
            buttons=[], interactive=False, elem_classes="styles",
        )  # fmt: skip
        self.several = gr.Checkbox(
            False, label="Blend several styles", info=f"Up to {STYLES_AT_ONCE}: click to add, again to take out."
        )
        self.weights = [
            gr.Slider(0, 1, 1, step=0.05, label="Weight", visible=False, buttons=[]) for _ in range(STYLES_AT_ONCE)
        ]
        with gr.Accordion("Or your own pictures", open=False):
            self.own = gr.Gallery(
                label="Paint in the manner of", file_types=["image"], columns=4, height=180, object_fit="cover",
                buttons=[], interactive=True, type="filepath", sources=["upload", "clipboard"], elem_classes="own",
            )  # fmt: skip
        self.outputs = [self.mix, self.gallery, *self.weights]
        self._connect()

    def _connect(self) -> None:
        # through the queue: only then does Gradio tell the page that a state has changed
        quiet: dict[str, Any] = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": None}
        self.gallery.select(self.choose, [self.mix, self.several], self.outputs, **quiet)
        self.own.change(self.add_own, [self.own, self.mix, self.several], self.outputs, **quiet)
        self.several.input(self.set_several, [self.several, self.mix], self.outputs, **quiet)
        for slider in self.weights:
            slider.input(self.set_weights, [self.mix, *self.weights], self.mix, trigger_mode="always_last", **quiet)

    def choose(self, mix: Mix, several: bool, event: gr.SelectData):
        """A click on a built-in style: the only one, or in and out of the blend."""
        name = self.names[event.index]
        if not several:
            return self.only(name)
        if any(entry["source"] == name for entry in mix):
            return self._shown([entry for entry in mix if entry["source"] != name] or mix)
        if len(mix) == STYLES_AT_ONCE:
            gr.Warning(f"{STYLES_AT_ONCE} styles are in the blend already; take one out first.")
            return self._shown(mix)
        return self._shown([*mix, _entry(name)])

    def add_own(self, files: list | None, mix: Mix, several: bool, request: gr.Request):
        """Own pictures came or went: they take the place of built-in styles, or join the blend."""
        with show_errors(self.studio.metrics):
            paths = [str(self.studio.folders.uploaded(session_of(request), file)) for file, _ in files or []]
        if len(paths) > STYLES_AT_ONCE:
            gr.Warning(f"Only the first {STYLES_AT_ONCE} pictures are used.")
        before = {entry["source"]: entry["weight"] for entry in mix}
        own = [_entry(path, True, before.get(path, 1.0)) for path in paths[:STYLES_AT_ONCE]]
        named = [] if own and not several else [entry for entry in mix if not entry["own"]]
        return self._shown([*own, *named[: STYLES_AT_ONCE - len(own)]] or [_entry(self.names[0])])

    def set_several(self, several: bool, mix: Mix):
        return self._shown(mix if several else mix[:1])

    def set_weights(self, mix: Mix, *values: float):
        return [{**entry, "weight": value} for entry, value in zip(mix, values, strict=False)]

    def only(self, name: str) -> list:
        """A mix of one built-in style, for `outputs`."""
        return self._shown([_entry(name)])

    def _shown(self, mix: Mix) -> list:
        """The mix, what is marked in the gallery, and a labelled slider for each style where there are several."""
        used = mix if len(mix) > 1 else []
        shown = [gr.update(visible=True, label=self._title(mix, entry), value=entry["weight"]) for entry in used]
        last = mix[-1]["source"]
        marked = gr.update(selected_index=self.names.index(last) if last in self.names else None)
        return [mix, marked, *shown, *[gr.update(visible=False)] * (STYLES_AT_ONCE - len(shown))]

    def _title(self, mix: Mix, entry: dict) -> str:
        if not entry["own"]:
            return self.studio.gallery[entry["source"]]["title"]
        mine = [e["source"] for e in mix if e["own"]]
        return "Your picture" if len(mine) == 1 else f"Your picture {mine.index(entry['source']) + 1}"


def style_choices(mix: Mix) -> tuple[StyleChoice, ...]:
    """The mix, the picker's state, as styles and weights."""
    return tuple(StyleChoice(Path(e["source"]) if e["own"] else e["source"], e["weight"]) for e in mix)


def _entry(source: str, own: bool = False, weight: float = 1.0) -> dict:
    return {"source": source, "own": own, "weight": weight}
