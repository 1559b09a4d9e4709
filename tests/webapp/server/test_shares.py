"""Live pages beside each other and beside a clip that is being painted: all go on."""

import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
import pytest

from impasto.export.runtime.painter import Painter
from impasto.webapp.files.pipeline import Cancelled
from impasto.webapp.files.stylize import stylize_path

PAGES, FRAMES = 4, 32
PATIENCE = 8  # times as many frames: on a busy machine a single moment says little of who gets how much


@pytest.fixture
def frame(media):
    scene = cv2.imencode(".jpg", media.scene(96, 64, 0))[1].tobytes()
    return struct.pack("<I", 0) + scene


def visit(server, style, frame, painted, clip_frames, number, enough):
    """A page that sends its next frame when the one before has come back; counted from the clip's first frame on."""
    with server.talk() as page:
        assert page.json()["type"] == "ready"
        page.send_json({"type": "style", "style": [float(value) for value in style]})
        while not enough.is_set():
            page.send(frame)
            page.bytes()
            painted[number] += bool(clip_frames)
            clip_went_on = len(clip_frames) >= FRAMES / 4
            if sum(painted) >= FRAMES * PAGES * (1 if clip_went_on else PATIENCE):
                enough.set()


def paint_on(clip, target, model, style, frames, enough):
    painter = Painter(model)
    painter.use([style])
    while not enough.is_set():
        try:
            stylize_path(clip, target, painter, cancelled=enough.is_set, progress=lambda *_: frames.append(1))
        except Cancelled:
            return


def test_nobody_starves(serve, model, media, frame, tmp_path):
    server = serve(live_sessions=PAGES, live_fps=1000)
    style = model.gallery()["starry-night"]["style"]
    clip = media.write_clip(tmp_path / "c.mp4", [np.roll(media.scene(96, 64, 0), n, 1) for n in range(40)])
    painted, clip_frames, enough = [0] * PAGES, [], threading.Event()
    with ThreadPoolExecutor(PAGES + 1) as threads:
        pages = [threads.submit(visit, server, style, frame, painted, clip_frames, n, enough) for n in range(PAGES)]
        job = threads.submit(paint_on, clip, tmp_path / "o.mp4", model, style, clip_frames, enough)
        try:
            for each in (*pages, job):
                each.result(200)
        finally:
            enough.set()
    assert min(painted) >= FRAMES / 4
    assert len(clip_frames) >= FRAMES / 4
