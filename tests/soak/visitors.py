"""Who visits: people who paint clips and pictures, a live page, programs without a session, and those who misbehave.

Each visitor is a function `visit(url, clips, counts, ended)` that comes and goes until `ended` is set, and notes in
`counts` what it was given, so that it can be compared with the server's metrics.
"""

import json
import random
import socket
import struct
import threading
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import cv2
import httpx
import numpy as np
from gradio_client import Client, handle_file
from PIL import Image
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import connect

from impasto.export.benchmark import make_clip
from impasto.export.runtime.sample import picture
from impasto.webapp.files.brush_size import DEFAULT as BRUSH

STYLES = ("great-wave", "starry-night", "udnie")
LIVE_SIZES = ((240, 320), (288, 512), (320, 240))  # height, width
PAGES = ("", "live/", "live/config.json", "healthz", "metrics", "theme.css", "nothing-there")
PAUSE = 2.0  # seconds between what one visitor does
PATIENCE = 120.0  # seconds that an answer may take: the machine has other work
UPLOAD = 1 << 20  # bytes of a broken-off upload that are sent, of ten times as many announced

Visit = Callable[[str, Path, Counter, threading.Event], None]


def make_files(folder: Path) -> None:
    """What visitors upload: a clip with sound, pictures with and without transparency, and damaged ones of both."""
    make_clip(folder / "clip.mp4", 144, 256, 48)
    pixels = (picture(300, 420) * 255).astype(np.uint8)
    Image.fromarray(pixels).save(folder / "photo.jpg", quality=90)
    alpha = np.tile(np.linspace(0, 255, 420).astype(np.uint8), (300, 1))
    Image.fromarray(np.dstack([pixels, alpha])).save(folder / "transparent.png")
    for name in ("clip.mp4", "photo.jpg"):
        data = (folder / name).read_bytes()
        (folder / f"damaged-{name}").write_bytes(data[: len(data) // 3])


def paint_files(url: str, folder: Path, counts: Counter, ended: threading.Event) -> None:
    """A person who paints a clip, then two pictures, one with a style of their own, and leaves; every time anew."""
    chance = random.Random(1)
    while not ended.wait(PAUSE):
        client = Client(url, verbose=False, download_files=str(folder / "given"), httpx_kwargs={"timeout": PATIENCE})
        try:
            _, summary = client.predict(
                clip=handle_file(folder / "clip.mp4"), styles=[chance.choice(STYLES)],
                size=chance.choice((64, 96, 144)), stability=chance.choice((0, 1)), api_name="/paint_clip",
            )  # fmt: skip
            counts["clip"] += summary["frames"]
            for name in ("photo.jpg", "transparent.png"):
                client.predict(
                    picture=handle_file(folder / name), styles=[chance.choice(STYLES)],
                    pictures=[handle_file(folder / "photo.jpg")], weights=[chance.random(), 1], size=200,
                    api_name="/paint_picture",
                )  # fmt: skip
                counts["picture"] += 1
        finally:
            client.close()


def ask_amiss(url: str, folder: Path, counts: Counter, ended: threading.Event) -> None:
    """Damaged files, styles that do not exist, weights that are no numbers: each has to be refused in words."""
    amiss = (
        ("/paint_clip", "damaged-clip.mp4", {"styles": ["udnie"]}),
        ("/paint_picture", "damaged-photo.jpg", {"styles": ["udnie"]}),
        ("/paint_picture", "photo.jpg", {"styles": ["nobody"]}),
        ("/paint_picture", "photo.jpg", {"styles": ["udnie"], "weights": ["x"]}),
        ("/paint_picture", "photo.jpg", {"styles": ["udnie"], "strength": 7}),
    )
    turn = 0
    while not ended.wait(PAUSE):
        client = Client(url, verbose=False, download_files=str(folder / "given"), httpx_kwargs={"timeout": PATIENCE})
        try:
            endpoint, name, options = amiss[turn % len(amiss)]
            source = {"clip" if "clip" in endpoint else "picture": handle_file(folder / name)}
            try:
                client.predict(**source, **options, api_name=endpoint)
                counts["painted amiss"] += 1
            except Exception as error:
                words = str(error)
                counts["wrong words"] += "Traceback" in words or "Something went wrong" in words or "/" in words
                counts["input"] += 1
        finally:
            client.close()
        turn += 1


def call_without_session(url: str, folder: Path, counts: Counter, ended: threading.Event) -> None:
    """A program that posts calls and reads the answers, and knows nothing of sessions."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as program:
        while not ended.wait(PAUSE):
            files = {"files": ("photo.jpg", (folder / "photo.jpg").read_bytes())}
            path = program.post("gradio_api/upload", files=files).json()[0]
            given = {"path": path, "meta": {"_type": "gradio.FileData"}}
            call = [given, ["udnie"], [], [], 1.0, False, 96, BRUSH, "", []]
            event = program.post("gradio_api/call/paint_picture", json={"data": call}).json()["event_id"]
            answer = program.get(f"gradio_api/call/paint_picture/{event}").text
            counts["picture"] += "event: complete" in answer
            counts["calls refused"] += "event: complete" not in answer


def live_page(url: str, folder: Path, counts: Counter, ended: threading.Event) -> None:
    """A live page of half a minute: a style, frames one after the other, now and then something that is none."""
    at, chance = urlsplit(url), random.Random(2)
    style = json.loads((folder / "style.json").read_text())
    while not ended.wait(PAUSE):
        height, width = chance.choice(LIVE_SIZES)
        pixels = (picture(height, width + 32) * 255).astype(np.uint8)
        with connect(f"ws://{at.netloc}/live/socket", max_size=None, proxy=None) as page, suppress(ConnectionClosed):
            page.recv(timeout=PATIENCE)
            page.send(json.dumps({"type": "style", "style": style}))
            for number in range(60):
                if ended.wait(0.25):
                    break
                frame = pixels[:, number % 32 : number % 32 + width, ::-1]
                data = cv2.imencode(".jpg", frame)[1].tobytes()
                damaged = number % 20 == 19
                page.send(struct.pack("<I", number) + (data[: len(data) // 2] if damaged else data))
                painted = isinstance(page.recv(timeout=PATIENCE), bytes)
                counts["live"] += painted
                counts["live errors"] += not painted
                if number % 15 == 14:
                    page.send("{" if chance.random() < 0.5 else json.dumps({"type": "look", "stability": 7}))
                    counts["live errors"] += isinstance(page.recv(timeout=PATIENCE), str)


def break_off(url: str, folder: Path, counts: Counter, ended: threading.Event) -> None:
    """Uploads of ten megabytes that end after one."""
    at = urlsplit(url)
    head = (
        f"POST /gradio_api/upload HTTP/1.1\r\nHost: {at.netloc}\r\nContent-Length: {10 * UPLOAD}\r\n"
        "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
        '--x\r\nContent-Disposition: form-data; name="files"; filename="a.mp4"\r\n\r\n'
    )
    while not ended.wait(2 * PAUSE):
        with socket.create_connection((str(at.hostname), at.port or 80)) as connection, suppress(OSError):
            connection.sendall(head.encode() + bytes(UPLOAD))
        counts["uploads broken off"] += 1


def read_pages(url: str, folder: Path, counts: Counter, ended: threading.Event) -> None:
    """Somebody who looks at the pages, those too that there are not."""
    with httpx.Client(base_url=url, timeout=PATIENCE) as reader:
        while not ended.wait(PAUSE):
            for page in PAGES:
                answer = reader.get(page)
                counts["pages"] += 1
                counts["wrong answers"] += answer.status_code >= 500 and answer.status_code != 503  # 503: not built


VISITORS: tuple[Visit, ...] = (paint_files, ask_amiss, call_without_session, live_page, break_off, read_pages)
