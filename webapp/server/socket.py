"""The live painter behind /live/socket: JPEG frames in, painted JPEG frames out, always the newest.

Text messages are JSON. From the page: {"type": "style", "style": [D], "brush": {parameter of T: base64 of float16}}, of
which the brush may be left out, {"type": "look", "stability": 0…1}, {"type": "reset"} where another scene begins,
{"type": "encode", "id", "picture": base64}; to the page: "waiting" with its place, "ready", "encoded", "error" with a
sentence. Binary messages, both ways: a frame's number (uint32, little-endian) and its picture.

From outside: `LivePainter`.
"""

import asyncio
import base64
import json
import math
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

import cv2
import numpy as np
from fastapi import WebSocket, WebSocketDisconnect
from starlette.status import (
    WS_1001_GOING_AWAY,
    WS_1008_POLICY_VIOLATION,
    WS_1011_INTERNAL_ERROR,
    WS_1013_TRY_AGAIN_LATER,
)

from impasto.export.runtime.model import Model
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.scenes import Scenes
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import MAX_BRUSH, StyleFile, bounded
from impasto.models.errors import BadInput
from impasto.webapp.files.pictures import decode_picture, resize, sent_size
from impasto.webapp.hosting.live_slots import Full, LiveSlots
from impasto.webapp.hosting.metrics import Metrics
from impasto.webapp.hosting.origin import origin_allowed
from impasto.webapp.hosting.settings import Settings

from .log import log_error, log_event

QUALITY = 90  # of the JPEG sent back
NUMBER_BYTES = 4  # of a frame's number, before its picture
FRAME_ASPECT = 4  # a frame's longer side may be so many times the longest shorter one
FRAME_AREA = 16 / 9  # times that side's square is painted at most; of wider frames a smaller copy
STYLE_PIXELS = 2048 * 2048  # most of a style picture here: the page sends a square that P would see
IDLE_SLACK = 0.01  # seconds after the end of the idle time until it is looked at again


class CloseSocket(Exception):
    """The connection ends, with a WebSocket code and a sentence of at most 120 bytes."""

    def __init__(self, code: int, sentence: str):
        super().__init__(sentence)
        self.code, self.sentence = code, sentence


class LivePainter:
    """What all live pages share: the model, the settings, the metrics, the slots, and a clock that counts seconds."""

    def __init__(self, model: Model, settings: Settings, metrics: Metrics, clock: Callable[[], float] = time.monotonic):
        self.model, self.settings, self.metrics, self.clock = model, settings, metrics, clock
        self.slots = LiveSlots(settings.live_sessions, settings.live_queue)

    async def serve(self, socket: WebSocket) -> None:
        """One page from its handshake to its end."""
        await socket.accept()  # a refusal before the handshake would reach the page without its sentence
        try:
            if not origin_allowed(socket.headers, self.settings.allowed_origins):
                raise CloseSocket(
                    WS_1008_POLICY_VIOLATION, "This server paints for its own page only; open Impasto there."
                )
            await self._serve_in_turn(socket)
        except WebSocketDisconnect:
            pass  # the page left
        except CloseSocket as end:
            self.metrics.refused("live")
            log_event("live page refused", code=end.code)
            await _close(socket, end.code, end.sentence)
        except Exception:
            self.metrics.error("live")
            log_error("live page failed")
            sentence = "Something went wrong on the server, and it has been noted; reload the page."
            await _close(socket, WS_1011_INTERNAL_ERROR, sentence)

    async def _serve_in_turn(self, socket: WebSocket) -> None:
        try:
            positions = self.slots.enter()
        except Full as full:
            sentence = "The server is painting for many people right now; try again in a few minutes."
            raise CloseSocket(WS_1013_TRY_AGAIN_LATER, sentence) from full
        try:
            await _wait(socket, positions)
            painter = await asyncio.to_thread(Painter, self.model, threads=self.settings.threads or None)
            await Session(socket, self, painter).run()
        finally:
            self.slots.leave(positions)


async def _close(socket: WebSocket, code: int, sentence: str) -> None:
    """Close, unless the page was quicker."""
    with suppress(WebSocketDisconnect, RuntimeError):
        await socket.close(code, sentence)


async def _wait(socket: WebSocket, positions: asyncio.Queue) -> None:
    """Tell the page its position until it is its turn. What it sends meanwhile is not read; leaving is noticed."""
    message = asyncio.ensure_future(socket.receive())
    try:
        while True:
            news = asyncio.ensure_future(positions.get())
            await asyncio.wait({news, message}, return_when=asyncio.FIRST_COMPLETED)
            if message.done():
                news.cancel()  # without effect where it has come, too
                if message.result()["type"] == "websocket.disconnect":
                    raise WebSocketDisconnect
                message = asyncio.ensure_future(socket.receive())
                if not news.done():
                    continue
            position = news.result()
            if position == 0:
                return
            await socket.send_text(json.dumps({"type": "waiting", "place": position}))
    finally:
        message.cancel()


def read_brush(parts: dict[str, str], model: Model) -> dict[str, np.ndarray]:
    """A brush as pages send it, each part float16 in base64, in the shapes of the model's T.

    Raises TypeError, ValueError or KeyError for what is none, BadInput for numbers that no file may hold.
    """
    if not isinstance(parts, dict):
        raise TypeError("a brush is an object")
    if not parts:
        return {}
    weights = weights_of(model.path("frame").read_bytes())
    brush = {
        name: np.frombuffer(base64.b64decode(part, validate=True), "<f2").reshape(weights[name].shape)
        for name, part in parts.items()
    }
    if not all(bounded(part, MAX_BRUSH) for part in brush.values()):
        raise BadInput("This is not a brush of the model; reload the page.")
    return brush


class Pace:
    """Turns at least `seconds` apart."""

    def __init__(self, seconds: float):
        self.seconds, self.next_turn = seconds, 0.0

    def delay(self, now: float) -> float:
        """Seconds from `now` until the next turn, which is thereby taken."""
        turn = max(now, self.next_turn)
        self.next_turn = turn + self.seconds
        return turn - now


class Session:
    """One live page that has a slot: three tasks, which receive, paint, and watch for silence."""

    def __init__(self, socket: WebSocket, shared: LivePainter, painter: Painter):
        self.socket, self.shared, self.settings, self.painter = socket, shared, shared.settings, painter
        self.newest: tuple[bytes, float] | None = None  # the newest frame not painted yet, and when it came
        self.arrived = asyncio.Event()  # set while there is one
        self.styled = False
        self.scenes = Scenes()
        # Kind → the last change of the painter, made before the next frame: one may be in the making.
        self.changes: dict[str, Callable[[], None]] = {}
        self.busy = False  # a frame is being painted
        self.last_sign = shared.clock()  # when the last frame was painted: a place is for who sends frames
        self.sending = asyncio.Lock()

    async def run(self) -> None:
        """Until the page leaves, or CloseSocket is raised."""
        model, settings = self.shared.model, self.settings
        ready = {"model": model.name, "style_size": model.style_size, "side": settings.live_side}
        await self.send("ready", **ready, fps=settings.live_fps)
        self.shared.metrics.live.inc()
        log_event("live page came")
        tasks = [asyncio.create_task(task()) for task in (self.receive, self.paint, self.close_when_silent)]
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

    async def send(self, kind: str, **facts) -> None:
        async with self.sending:
            await self.socket.send_text(json.dumps({"type": kind, **facts}))

    async def send_error(self, sentence: str) -> None:
        self.shared.metrics.error("live")
        await self.send("error", sentence=sentence)

    async def receive(self) -> None:
        """Takes what the page sends: of frames the newest is kept, text is answered."""
        limit = self.settings.live_message_kb * 1024
        while True:
            message = await self.socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect
            data, text = message.get("bytes"), message.get("text")
            if len(data or b"") > limit or len((text or "").encode()) > limit:
                sentence = f"A message was larger than {self.settings.live_message_kb} KB."
                raise CloseSocket(WS_1008_POLICY_VIOLATION, sentence)
            if data is not None:
                self.newest = data, self.shared.clock()
                self.arrived.set()
            elif text is not None:
                await self.answer(text)

    async def answer(self, text: str) -> None:
        """A text message; what cannot be understood is answered with an error."""
        try:
            message = json.loads(text)
            await self.handle(message["type"], message)
        except BadInput as error:
            await self.send_error(str(error))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError):
            await self.send_error("The server could not read what the page sent; reload the page.")

    async def handle(self, kind: str, message: dict) -> None:
        if kind == "style":
            style = np.asarray(message["style"], np.float32)
            if style.shape != (self.shared.model.style_size,) or not np.isfinite(style).all():
                raise BadInput("This is not a style vector of the model; reload the page.")
            brush = read_brush(message.get("brush", {}), self.shared.model)
            self.changes[kind] = partial(self.painter.use, [StyleFile(style, brush)])
            self.styled = True
        elif kind == "look":
            stability = message["stability"]
            if isinstance(stability, bool) or not 0 <= stability <= 1:
                raise BadInput("Stability goes from 0 to 1.")
            self.changes[kind] = partial(self.painter.set_stability, float(stability))
        elif kind == "reset":
            self.changes[kind] = self.painter.reset
        elif kind == "encode":
            data = base64.b64decode(message["picture"], validate=True)
            most = min(self.settings.style_pixels, STYLE_PIXELS)
            picture = await asyncio.to_thread(decode_picture, data, most, shrink=True)
            style = await asyncio.to_thread(self.painter.encode, picture)
            await self.send("encoded", id=message["id"], style=[round(float(value), 5) for value in style])
        else:
            raise BadInput("The server does not know what the page asked for; reload the page.")

    async def paint(self) -> None:
        """Paints the newest frame, over and over; not more often than allowed."""
        pace = Pace(1 / self.settings.live_fps)
        while True:
            await self.arrived.wait()
            await asyncio.sleep(pace.delay(self.shared.clock()))
            newest, self.newest = self.newest, None
            self.arrived.clear()
            if newest is None:
                continue
            data, came = newest
            if not self.styled:
                await self.send_error("Choose a style first.")
                continue
            for change in self.changes.values():
                change()
            self.changes.clear()
            began, self.busy = time.perf_counter(), True
            try:
                painted = await asyncio.to_thread(self.paint_one, data[NUMBER_BYTES:], came)
            except BadInput as error:
                await self.send_error(str(error))
                continue
            finally:
                self.busy = False
            self.last_sign = self.shared.clock()
            self.shared.metrics.frame_painted(time.perf_counter() - began, "live")
            async with self.sending:
                await self.socket.send_bytes(data[:NUMBER_BYTES] + painted)

    def paint_one(self, data: bytes, came: float) -> bytes:
        """JPEG, PNG or WebP in, painted JPEG out; `came` is when, in seconds of the server's clock."""
        self.check_size(*sent_size(data))
        frame = self.shrink(decode_picture(data))
        if self.scenes.begins(frame):
            self.painter.reset()
        painted = self.painter.paint(frame, time=came)
        return cv2.imencode(".jpg", painted[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()

    def check_size(self, width: int, height: int) -> None:
        """Raise BadInput for a frame too large to be painted, before it is decoded.

        A frame of 1×400,000 pixels is small in bytes and in pixels, and gigabytes once it is padded for the networks.
        """
        side, long = self.settings.live_side, FRAME_ASPECT * self.settings.live_side
        if min(width, height) > side or max(width, height) > long:
            raise BadInput(
                f"The server paints frames of up to {side} pixels on their short side and {long} on their long one; "
                f"this one is {width}×{height}."
            )

    def shrink(self, frame: np.ndarray) -> np.ndarray:
        """The frame, or a smaller copy where it is so wide that it would take more memory than one of 16:9."""
        height, width = frame.shape[:2]
        scale = math.sqrt(self.settings.live_side**2 * FRAME_AREA / (width * height))
        return frame if scale >= 1 else resize(frame, (max(1, int(width * scale)), max(1, int(height * scale))))

    def silence(self) -> float:
        """Seconds since the last painted frame; 0 while the page waits for its painting."""
        return 0.0 if self.busy or self.arrived.is_set() else self.shared.clock() - self.last_sign

    async def close_when_silent(self) -> None:
        limit = self.settings.live_idle_seconds
        while (silence := self.silence()) < limit:
            await asyncio.sleep(limit - silence + IDLE_SLACK)
        sentence = "No frame came from the page for a while, so its place was given away."
        raise CloseSocket(WS_1001_GOING_AWAY, sentence)
