"""The live painter behind /live/socket: JPEG frames in, painted JPEG frames out, always the newest.

Text messages are JSON. From the page: {"type": "style", "style": [D]}, {"type": "look", "stability": 0…1},
{"type": "reset"} at a cut, {"type": "encode", "id", "picture": base64}; to the page: "waiting" with its place,
"ready", "encoded", "error" with a sentence. Binary messages, both ways: a frame's number (uint32, little-endian) and
its picture.
"""

import asyncio
import base64
import json
import time
from contextlib import suppress

import cv2
import numpy as np
from fastapi import WebSocket, WebSocketDisconnect

from impasto.export.runtime.model import Model
from impasto.export.runtime.painter import Painter
from impasto.models.errors import BadInput
from impasto.webapp.files.pictures import decode_picture
from impasto.webapp.hosting.live_slots import Full, LiveSlots
from impasto.webapp.hosting.settings import Settings

from .log import log_error, log_event
from .metrics import Metrics
from .origin import origin_allowed

POLICY, AWAY, LATER, BROKEN = 1008, 1001, 1013, 1011
QUALITY = 90  # of the JPEG sent back
STYLE_PIXELS = 4096 * 4096
PAUSE = 1.0  # seconds without a frame, after which the next has nothing to do with those before


class Closing(Exception):
    """The connection ends, with a code and a sentence of at most 120 bytes."""

    def __init__(self, code: int, sentence: str):
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


class LivePainter:
    """What all live pages share: the model, the settings, the places."""

    def __init__(self, model: Model, settings: Settings, metrics: Metrics):
        self.model, self.settings, self.metrics = model, settings, metrics
        self.slots = LiveSlots(settings.live_sessions, settings.live_queue)

    async def serve(self, socket: WebSocket) -> None:
        """One page from its handshake to its end."""
        await socket.accept()  # a refusal before the handshake would reach the page without its sentence
        try:
            if not origin_allowed(socket.headers, self.settings.allowed_origins):
                raise Closing(POLICY, "This server paints for its own page only; open Impasto there.")
            await self._paint_for(socket)
        except WebSocketDisconnect:
            pass  # the page left
        except Closing as end:
            log_event("live page refused", code=end.code)
            await _close(socket, end.code, end.sentence)
        except Exception:
            self.metrics.error("live")
            log_error("live page failed")
            await _close(socket, BROKEN, "Something went wrong on the server, and it has been noted; reload the page.")

    async def _paint_for(self, socket: WebSocket) -> None:
        try:
            told = self.slots.enter()
        except Full as full:
            sentence = "The server is painting for many people right now; try again in a few minutes."
            raise Closing(LATER, sentence) from full
        try:
            await _wait(socket, told)
            painter = await asyncio.to_thread(Painter, self.model, threads=self.settings.threads or None)
            await Session(socket, self, painter).run()
        finally:
            self.slots.leave(told)


async def _close(socket: WebSocket, code: int, sentence: str) -> None:
    """Close, unless the page was quicker."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close(code, sentence)


async def _wait(socket: WebSocket, told: asyncio.Queue) -> None:
    """Tell the page its place until it is its turn. What it sends meanwhile is not read; leaving is noticed."""
    gone = asyncio.ensure_future(socket.receive())
    try:
        while True:
            news = asyncio.ensure_future(told.get())
            await asyncio.wait({news, gone}, return_when=asyncio.FIRST_COMPLETED)
            if gone.done():
                news.cancel()
                if gone.result()["type"] == "websocket.disconnect":
                    raise WebSocketDisconnect
                gone = asyncio.ensure_future(socket.receive())
                if not news.done():
                    continue
            place = news.result()
            if place == 0:
                return
            await socket.send_text(json.dumps({"type": "waiting", "place": place}))
    finally:
        gone.cancel()


class Session:
    """One live page that has a place."""

    def __init__(self, socket: WebSocket, shared: LivePainter, painter: Painter):
        self.socket, self.shared, self.settings, self.painter = socket, shared, shared.settings, painter
        self.newest: bytes | None = None
        self.arrived = asyncio.Event()
        self.styled = False
        self.stability: float | None = None  # asked for, and from the next frame on
        self.forget = False  # the next frame begins anew
        self.busy = False
        self.heard = self.came = self.done = time.monotonic()  # a message, a frame, a frame painted
        self.sending = asyncio.Lock()

    async def run(self) -> None:
        model, settings = self.shared.model, self.settings
        ready = {"model": model.name, "style_size": model.style_size, "side": settings.live_side}
        await self.tell("ready", **ready, fps=settings.live_fps)
        self.shared.metrics.live.inc()
        log_event("live page came")
        tasks = [asyncio.create_task(work()) for work in (self.listen, self.paint, self.watch)]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            self.shared.metrics.live.dec()
            log_event("live page left")

    async def tell(self, kind: str, **facts) -> None:
        async with self.sending:
            await self.socket.send_text(json.dumps({"type": kind, **facts}))

    async def complain(self, sentence: str) -> None:
        self.shared.metrics.error("live")
        await self.tell("error", sentence=sentence)

    async def listen(self) -> None:
        limit = self.settings.live_message_kb * 1024
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect
            data, text = message.get("bytes"), message.get("text")
            if len(data or b"") > limit or len((text or "").encode()) > limit:
                raise Closing(POLICY, f"A message was larger than {self.settings.live_message_kb} KB.")
            self.heard = time.monotonic()
            if data is not None:
                self.newest, self.came = data, self.heard
                self.arrived.set()
            elif text is not None:
                await self.obey(text)

    async def obey(self, text: str) -> None:
        """A text message. What concerns painting waits for the next frame: one may be in the making."""
        try:
            message = json.loads(text)
            kind = message["type"]
            if kind == "style":
                style = np.asarray(message["style"], np.float32)
                if style.ndim != 1 or not np.isfinite(style).all():
                    raise BadInput("This is not a style vector.")
                self.painter.use([style])
                self.styled = self.forget = True
            elif kind == "look":
                stability = message["stability"]
                if isinstance(stability, bool) or not 0 <= stability <= 1:
                    raise BadInput("Stability goes from 0 to 1.")
                self.stability = float(stability)
            elif kind == "reset":
                self.forget = True
            elif kind == "encode":
                bytes_ = base64.b64decode(message["picture"], validate=True)
                picture = await asyncio.to_thread(decode_picture, bytes_, STYLE_PIXELS)
                style = await asyncio.to_thread(self.painter.encode, picture)
                await self.tell("encoded", id=message["id"], style=[round(float(v), 5) for v in style])
            else:
                raise BadInput("The server does not know what the page asked for; reload the page.")
        except BadInput as error:
            await self.complain(str(error))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            await self.complain("The server could not read what the page sent; reload the page.")

    async def paint(self) -> None:
        """Paints the newest frame, over and over; not more often than allowed."""
        pause, next_turn = 1 / self.settings.live_fps, 0.0
        while True:
            await self.arrived.wait()
            await asyncio.sleep(max(0.0, next_turn - time.monotonic()))
            data, self.newest = self.newest, None
            self.arrived.clear()
            next_turn = time.monotonic() + pause
            if data is None:
                continue
            if not self.styled:
                await self.complain("Choose a style first.")
                continue
            self.remember()
            began, self.busy = time.perf_counter(), True
            try:
                painted = await asyncio.to_thread(self.paint_one, data[4:])
            except BadInput as error:
                await self.complain(str(error))
                continue
            finally:
                self.heard = self.done = time.monotonic()
                self.busy = False
            self.shared.metrics.frame_painted(time.perf_counter() - began, "live")
            async with self.sending:
                await self.socket.send_bytes(data[:4] + painted)

    def remember(self) -> None:
        """What changed since the last frame: how steadily to paint, and whether to begin anew."""
        if self.forget or self.came - self.done > PAUSE:
            self.painter.reset()
            self.forget = False
        if self.stability is not None:
            self.painter.set_stability(self.stability)
            self.stability = None

    def paint_one(self, data: bytes) -> bytes:
        """JPEG, PNG or WebP in, painted JPEG out."""
        side = self.settings.live_side
        frame = decode_picture(data, side * side * 4)
        if min(frame.shape[:2]) > side:
            raise BadInput(f"The server paints frames of up to {side} pixels on their short side.")
        painted = self.painter.paint(frame)
        return cv2.imencode(".jpg", painted[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()

    async def watch(self) -> None:
        """Ends a session that sends nothing, unless it is waiting for its painting."""
        limit = self.settings.live_idle_seconds
        while (quiet := 0 if self.busy else time.monotonic() - self.heard) < limit:
            await asyncio.sleep(limit - quiet + 0.01)
        raise Closing(AWAY, "Nothing came from the page for a while, so its place was given away.")
