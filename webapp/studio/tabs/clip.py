"""The tab for clips: upload, choose, see one frame at once, paint, compare, download.

From outside: `ClipTab`.
"""

import shutil
from pathlib import Path

import gradio as gr

from impasto.models.errors import BadInput
from impasto.webapp.files.demo import demo_clip
from impasto.webapp.files.gaps import describe
from impasto.webapp.files.probe import ClipInfo
from impasto.webapp.files.stylize import CLIP_SHORT_SIDE
from impasto.webapp.studio import limits, previews
from impasto.webapp.studio.controls import PREVIEW, QUIET, RUN, option_controls, paint_options, stability_control
from impasto.webapp.studio.feedback import gradio_progress, show_errors
from impasto.webapp.studio.jobs import duration
from impasto.webapp.studio.painting import PREVIEW_SIDE, Studio
from impasto.webapp.studio.style_picker import Mix, StylePicker
from impasto.webapp.studio.visitors.sessions import counted_for, session_of

SIZES = [240, 360, 480, 720, 1080]
EXAMPLES = ("starry-night", "great-wave", "the-scream")
EXAMPLE_SIZE = 360
COMPARED_SIDE = 540
# On a phone the progress is far below the examples.
_IN_SIGHT = "() => document.querySelector('#painted-clip').scrollIntoView({behavior: 'smooth', block: 'nearest'})"


class ClipTab:
    """Lays the tab out where it is made, and answers its events."""

    def __init__(self, studio: Studio, pictures: list[tuple[str, str]]):
        self.studio = studio
        with gr.Row(elem_classes="sides"):
            with gr.Column(scale=5, min_width=320):
                self._lay_out_source(pictures)
            with gr.Column(scale=6, min_width=320):
                self._lay_out_result()
        self._connect()

    def _lay_out_source(self, pictures: list[tuple[str, str]]) -> None:
        self.clip = gr.Video(label="Clip", sources=["upload"], height=260, elem_id="clip", buttons=[])
        self.facts = gr.Markdown(allowed(self.studio), elem_id="clip-facts", elem_classes="facts")
        self.examples = self._lay_out_examples()
        self.picker = StylePicker(self.studio, pictures)
        self.options = [self.picker.mix, *option_controls("clip", SIZES, CLIP_SHORT_SIDE)]
        self.stability = stability_control(self.studio)

    def _lay_out_examples(self) -> dict[str, gr.Button]:
        """A button for each example: the built-in clip in a built-in style."""
        try:
            demo_clip()
        except BadInput:  # the clip comes with a package of its own
            return {}
        gallery = self.studio.gallery
        gr.Markdown("No clip at hand? Paint ours in the manner of", elem_classes="facts")
        with gr.Row(elem_classes="examples", elem_id="examples"):
            return {
                name: gr.Button(gallery[name]["title"], size="sm", min_width=90, elem_id=f"example-{name}")
                for name in EXAMPLES
                if name in gallery
            }

    def _lay_out_result(self) -> None:
        self.preview = gr.ImageSlider(
            label="Preview: one frame, before and after", type="filepath", max_height=420, elem_id="preview",
            interactive=False, buttons=["fullscreen"],
        )  # fmt: skip
        self.position = gr.Slider(
            0, 100, 0, step=1, label="Which frame, in % of the clip", elem_id="position", buttons=[]
        )
        with gr.Row(elem_classes="actions"):
            self.paint = gr.Button("Paint the clip", variant="primary", scale=3, min_width=150, elem_id="paint-clip")
            self.cancel = gr.Button("Cancel", variant="stop", scale=1, min_width=90, elem_id="cancel-clip")
        self.result = gr.Video(label="Painted clip", interactive=False, height=380, elem_id="painted-clip", buttons=[])
        self.summary = gr.Markdown(elem_id="clip-summary", elem_classes="facts")
        self.download = gr.DownloadButton("Download the painted clip", visible=False, elem_id="download-clip")
        with gr.Column(visible=False) as self.comparing:
            self.compared = gr.ImageSlider(
                label="The result, before and after", type="filepath", max_height=420, elem_id="compared",
                interactive=False, buttons=["fullscreen"],
            )  # fmt: skip
            self.moment = gr.Slider(0, 100, 50, step=1, label="Which frame, in % of the clip", buttons=[])
        self.done = gr.State(None)  # (clip, painted clip), of the last job
        self.outputs = [self.result, self.download, self.summary, self.comparing, self.done]

    def _connect(self) -> None:
        self.clip.change(self.describe, self.clip, self.facts, **QUIET)
        mix, strength, keep, _ = self.options
        changes = [part.change for part in (self.clip, self.position, mix, strength, keep)]
        gr.on(changes, self.show, [self.clip, self.position, *self.options], self.preview, **PREVIEW)
        cleared = {"fn": self.clear, "inputs": None, "outputs": self.outputs, **QUIET}
        starts = [self.paint.click(**cleared)]
        gr.on([self.paint.click, *(button.click for button in self.examples.values())], js=_IN_SIGHT, **QUIET)
        for name, button in self.examples.items():
            put = [self.clip, self.options[2], self.options[3], *self.picker.outputs]
            starts.append(button.click(self.loader(name), None, put, **QUIET).success(**cleared))
        asked = [self.clip, *self.options, self.stability]
        jobs: list[dict] = [
            start.success(self.run, asked, self.outputs, show_progress_on=self.result, **RUN) for start in starts
        ]
        self.cancel.click(lambda: "Cancelled.", None, self.summary, cancels=jobs, **QUIET)
        gr.on([self.done.change, self.moment.change], self.compare, [self.done, self.moment], self.compared, **PREVIEW)

    def describe(self, clip: str | None, request: gr.Request) -> str:
        """What the clip is, or why it cannot be painted."""
        if clip is None:
            return allowed(self.studio)
        try:
            path = self.studio.folders.uploaded(session_of(request), clip)
            return facts(limits.check_clip(path, self.studio.settings))
        except BadInput as error:
            return f"⚠️ {error}"

    def show(
        self,
        clip: str | None,
        position: float,
        mix: Mix,
        strength: float,
        keep: bool,
        size: int,
        request: gr.Request,
    ):
        """One frame of the clip, before and after."""
        if clip is None:
            return None
        with show_errors(self.studio.metrics):
            path = self.studio.folders.uploaded(session_of(request), clip)
            limits.check_clip(path, self.studio.settings)
            with limits.without_path(path, "This clip"):
                frame = previews.frame_at(path, position / 100, PREVIEW_SIDE)
            return self.studio.preview(frame, paint_options(mix, strength, keep, size), session_of(request))

    async def run(
        self,
        clip: str | None,
        mix: Mix,
        strength: float,
        keep: bool,
        size: int,
        stability: float,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ):
        """Paint the clip. Outputs: the painted clip, its download, words about it, the comparison, both paths."""
        with show_errors(self.studio.metrics):
            if clip is None:
                raise BadInput("Choose a clip first.")
            path = self.studio.folders.uploaded(session_of(request), clip)
            options = paint_options(mix, strength, keep, size, stability)
            shown = gradio_progress(progress)
            summary = await self.studio.jobs.run(
                session_of(request),
                lambda folder, cancelled: self.studio.paint_clip(path, options, folder, cancelled, shown.update),
                shown,
                **counted_for(request),
            )
            painted = summary["output"]
            visible = gr.update(visible=True)
            return painted, gr.update(value=painted, visible=True), outcome(summary), visible, (str(path), painted)

    def compare(self, done: tuple[str, str] | None, moment: float, request: gr.Request):
        """The same frame of the clip and of its painting."""
        if done is None:
            return None
        with show_errors(self.studio.metrics):
            folder = self.studio.folders.session(session_of(request))
            pair = [previews.frame_at(Path(path), moment / 100, COMPARED_SIDE) for path in done]
            return tuple(previews.save_preview(folder, "compared", rgb) for rgb in pair)

    def clear(self):
        hidden = gr.update(visible=False)
        return None, hidden, "", hidden, None

    def loader(self, name: str):
        """What an example's button does first: the built-in clip, small, in the style `name`."""

        def load(request: gr.Request):
            with show_errors(self.studio.metrics):
                clip = self.studio.folders.session(session_of(request)) / "big-buck-bunny.mp4"
                if not clip.exists():
                    shutil.copyfile(demo_clip(), clip)
            return str(clip), False, EXAMPLE_SIZE, *self.picker.only(name)

        return load


def allowed(studio: Studio) -> str:
    settings = studio.settings
    return f"Up to {settings.upload_mb:g} MB and {duration(settings.clip_seconds)}. Sound is kept."


def facts(info: ClipInfo) -> str:
    parts = [f"{info.width}×{info.height}", f"{float(info.frame_rate):.4g} frames/s"]
    if info.duration:
        parts.append(f"{info.duration:.1f} s")
    return " · ".join([*parts, "with sound" if info.has_audio else "without sound"])


def outcome(summary: dict) -> str:
    sound = "sound kept" if summary["audio"] else "no sound in the clip"
    gaps = f" ⚠️ The clip has gaps: {describe(summary['gaps'])}." if summary["gaps"] else ""
    return (
        f"{summary['frames']} frames of {summary['width']}×{summary['height']}, painted at "
        f"{summary['painted_per_second']:.1f} frames/s; {sound}.{gaps}"
    )
