"""The tab for pictures: several at once, the same choices, a preview, a gallery of results and one download.

From outside: `PictureTab`.
"""

import gradio as gr

from impasto.models.errors import BadInput
from impasto.webapp.files.stylize import IMAGE_SHORT_SIDE
from impasto.webapp.studio import limits, previews
from impasto.webapp.studio.controls import PREVIEW, QUIET, RUN, option_controls, paint_options
from impasto.webapp.studio.feedback import gradio_progress, show_errors
from impasto.webapp.studio.painting import PREVIEW_SIDE, Studio, zip_files
from impasto.webapp.studio.style_picker import Mix, StylePicker
from impasto.webapp.studio.visitors.sessions import counted_for, session_of

SIZES = [480, 720, 1080, 1440]


class PictureTab:
    """Lays the tab out where it is made, and answers its events."""

    def __init__(self, studio: Studio, pictures: list[tuple[str, str]]):
        self.studio = studio
        with gr.Row(elem_classes="sides"):
            with gr.Column(scale=5, min_width=320):
                self.pictures = gr.Gallery(
                    label="Pictures", file_types=["image"], columns=4, height=260, object_fit="cover", buttons=[],
                    interactive=True, type="filepath", sources=["upload", "clipboard"], elem_id="pictures",
                )  # fmt: skip
                gr.Markdown(
                    f"Up to {limits.MAX_PICTURES} at once, {studio.settings.upload_mb:g} MB each. "
                    "Click one to see it in the preview.",
                    elem_classes="facts",
                )
                self.picker = StylePicker(studio, pictures)
                self.options = [self.picker.mix, *option_controls("picture", SIZES, IMAGE_SHORT_SIDE)]
            with gr.Column(scale=6, min_width=320):
                self._lay_out_result()
        self._connect()

    def _lay_out_result(self) -> None:
        self.preview = gr.ImageSlider(
            label="Preview: before and after", type="filepath", max_height=420, elem_id="picture-preview",
            interactive=False, buttons=["fullscreen"],
        )  # fmt: skip
        with gr.Row(elem_classes="actions"):
            self.paint = gr.Button(
                "Paint the pictures", variant="primary", scale=3, min_width=150, elem_id="paint-pictures"
            )
            self.cancel = gr.Button("Cancel", variant="stop", scale=1, min_width=90, elem_id="cancel-pictures")
        self.results = gr.Gallery(
            label="Painted pictures", columns=2, height=420, object_fit="contain", interactive=False,
            buttons=["download", "fullscreen"], elem_id="painted-pictures",
        )  # fmt: skip
        self.download = gr.DownloadButton("Download", visible=False, elem_id="download-pictures")
        self.index = gr.State(0)  # of the picture in the preview

    def _connect(self) -> None:
        mix, strength, keep, _ = self.options
        self.pictures.select(self.pick, None, self.index, **{**QUIET, "queue": True})
        changes = [part.change for part in (self.pictures, self.index, mix, strength, keep)]
        gr.on(changes, self.show, [self.pictures, self.index, *self.options], self.preview, **PREVIEW)
        outputs = [self.results, self.download]
        job = self.paint.click(self.clear, None, outputs, **QUIET).success(
            self.run, [self.pictures, *self.options], outputs, show_progress_on=self.results, **RUN
        )
        self.cancel.click(None, None, None, cancels=[job], api_visibility="private", queue=False)

    def pick(self, event: gr.SelectData) -> int:
        return event.index

    def clear(self):
        return None, gr.update(visible=False)

    def show(
        self,
        pictures: list | None,
        index: int,
        mix: Mix,
        strength: float,
        keep: bool,
        size: int,
        request: gr.Request,
    ):
        """The chosen picture, small, before and after."""
        if not pictures:
            return None
        with show_errors(self.studio.metrics):
            path = self._paths(pictures, request)[min(index, len(pictures) - 1)]
            header = limits.check_picture(path, self.studio.settings)
            limits.check_painted(header, min(header.width, header.height, PREVIEW_SIDE), self.studio.settings)
            with limits.without_path(path, "This picture"):
                source = previews.picture_at(path, PREVIEW_SIDE)
            return self.studio.preview(source, paint_options(mix, strength, keep, size), session_of(request))

    async def run(
        self,
        pictures: list | None,
        mix: Mix,
        strength: float,
        keep: bool,
        size: int,
        request: gr.Request,
        progress=gr.Progress(),  # noqa: B008
    ):
        """Paint the pictures. Outputs: the painted ones, and their download."""
        with show_errors(self.studio.metrics):
            if not pictures:
                raise BadInput("Choose a picture first.")
            paths, options = self._paths(pictures, request), paint_options(mix, strength, keep, size)
            shown = gradio_progress(progress, "pictures")

            def work(folder, cancelled):
                painted = self.studio.paint_pictures(paths, options, folder, cancelled, shown.update)
                return painted, painted[0] if len(painted) == 1 else zip_files(painted, folder)

            painted, file = await self.studio.jobs.run(session_of(request), work, shown, **counted_for(request))
            label = "Download the picture" if len(painted) == 1 else f"Download all {len(painted)} (ZIP)"
            return [str(path) for path in painted], gr.update(value=str(file), label=label, visible=True)

    def _paths(self, pictures: list, request: gr.Request):
        return [self.studio.folders.uploaded(session_of(request), path) for path, _ in pictures]
