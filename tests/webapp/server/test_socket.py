import base64
import struct
import threading
import time

import cv2
import numpy as np
import pytest
from starlette.websockets import WebSocketDisconnect

from impasto.export.runtime import Painter
from impasto.webapp.server import socket as live_socket

URL = "/live/socket"


def jpeg(rgb, quality=95):
    return cv2.imencode(".jpg", rgb[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def picture(data):
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[:, :, ::-1]


def numbered(number, data):
    return struct.pack("<I", number) + data


@pytest.fixture
def scene():
    y, x = np.mgrid[0:64, 0:96]
    return np.stack([x * 255 / 95, y * 255 / 63, 128 + 90 * np.sin((x + y) / 9)], -1).astype(np.uint8)


@pytest.fixture
def style(model):
    return model.gallery()["starry-night"]["style"]


def open_styled(client, style):
    session = client.websocket_connect(URL)
    socket = session.__enter__()
    assert socket.receive_json()["type"] == "ready"
    socket.send_json({"type": "style", "style": [float(v) for v in style]})
    return session, socket


def test_a_painted_frame_is_the_painters(serve, model, scene, style):
    with serve().websocket_connect(URL) as socket:
        ready = socket.receive_json()
        assert ready == {"type": "ready", "model": model.name, "style_size": model.style_size, "side": 720, "fps": 30.0}
        socket.send_json({"type": "style", "style": [float(v) for v in style]})
        sent = jpeg(scene)
        socket.send_bytes(numbered(7, sent))
        answer = socket.receive_bytes()
    painter = Painter(model)
    painter.use([style])
    expected = painter.paint(picture(sent))
    assert struct.unpack("<I", answer[:4]) == (7,)
    difference = np.abs(picture(answer[4:]).astype(int) - expected)
    assert difference.mean() < 6  # of 255: what a JPEG of quality 90 loses of a painting
    assert np.abs(expected.astype(int) - scene).mean() > 20  # while the painting is far from the frame


def test_a_picture_becomes_a_style(serve, model, scene):
    with serve().websocket_connect(URL) as socket:
        socket.receive_json()
        data = cv2.imencode(".png", scene[:, :, ::-1])[1].tobytes()
        socket.send_json({"type": "encode", "id": 3, "picture": base64.b64encode(data).decode()})
        answer = socket.receive_json()
    assert (answer["type"], answer["id"]) == ("encoded", 3)
    np.testing.assert_allclose(answer["style"], Painter(model).encode(scene), atol=1e-4)


@pytest.mark.parametrize(
    "text",
    ["no json", "{}", '{"type": "dance"}', '{"type": "style", "style": [1, 2]}', '{"type": "style", "style": ["x"]}'],
)
def test_nonsense_is_answered_and_the_session_goes_on(serve, scene, style, text):
    session, socket = open_styled(serve(), style)
    socket.send_text(text)
    answer = socket.receive_json()
    assert answer["type"] == "error"
    assert answer["sentence"].endswith(".")
    socket.send_bytes(numbered(1, b"not a picture"))
    assert "picture" in socket.receive_json()["sentence"]
    socket.send_bytes(numbered(2, jpeg(scene)))
    assert socket.receive_bytes()[:4] == struct.pack("<I", 2)
    session.__exit__(None, None, None)


def test_only_the_newest_frame_is_painted(serve, scene, style, monkeypatch):
    started, go = threading.Event(), threading.Event()
    paint = live_socket.Session.paint_one

    def slow(self, data):
        started.set()
        go.wait(20)
        return paint(self, data)

    monkeypatch.setattr(live_socket.Session, "paint_one", slow)
    client = serve(live_fps=1000)
    session, socket = open_styled(client, style)
    socket.send_bytes(numbered(1, jpeg(scene)))
    assert started.wait(20)
    for number in (2, 3, 4):
        socket.send_bytes(numbered(number, jpeg(scene)))
    socket.send_text("{}")  # answered while the first is being painted, so the frames before it have come
    assert socket.receive_json()["type"] == "error"
    go.set()
    assert [struct.unpack("<I", socket.receive_bytes()[:4])[0] for _ in range(2)] == [1, 4]
    assert 'impasto_frames_painted_total{kind="live"} 2.0' in client.get("/metrics").text
    session.__exit__(None, None, None)


def test_frames_come_no_faster_than_allowed(serve, scene, style):
    session, socket = open_styled(serve(live_fps=4), style)
    began = time.monotonic()
    for number in range(3):
        socket.send_bytes(numbered(number, jpeg(scene)))
        socket.receive_bytes()
    assert time.monotonic() - began >= 0.5
    session.__exit__(None, None, None)


def test_who_comes_too_many_waits_and_is_called(serve):
    client = serve(live_sessions=1, live_queue=1)
    first = client.websocket_connect(URL)
    assert first.__enter__().receive_json()["type"] == "ready"
    with client.websocket_connect(URL) as second:
        assert second.receive_json() == {"type": "waiting", "place": 1}
        with client.websocket_connect(URL) as third, pytest.raises(WebSocketDisconnect) as refused:
            third.receive_json()
        assert refused.value.code == 1013
        assert "again" in refused.value.reason
        first.__exit__(None, None, None)
        assert second.receive_json()["type"] == "ready"


@pytest.mark.parametrize(
    ("origin", "more", "allowed"),
    [
        ("http://here:7860", (), True),
        ("https://evil.example", (), False),
        ("null", (), False),
        ("https://friend.example", ("https://friend.example",), True),
        (None, (), True),
    ],
)
def test_pages_of_other_places_are_refused(serve, origin, more, allowed):
    headers = {"origin": origin} if origin else {}
    client = serve(allowed_origins=more)
    if allowed:
        with client.websocket_connect(URL, headers={"host": "here:7860", **headers}) as socket:
            assert socket.receive_json()["type"] == "ready"
    else:
        with (
            pytest.raises(WebSocketDisconnect) as refused,
            client.websocket_connect(URL, headers={"host": "here:7860", **headers}),
        ):
            pass
        assert refused.value.code == 1008


def test_a_message_too_large_ends_the_session(serve):
    with serve(live_message_kb=10).websocket_connect(URL) as socket:
        socket.receive_json()
        socket.send_bytes(bytes(20_000))
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
    assert ended.value.code == 1008
    assert "10 KB" in ended.value.reason


def test_a_frame_too_large_is_refused_before_it_is_decoded(serve, style):
    session, socket = open_styled(serve(live_side=64), style)
    socket.send_bytes(numbered(1, jpeg(np.zeros((400, 400, 3), np.uint8))))
    assert "pixels" in socket.receive_json()["sentence"]
    session.__exit__(None, None, None)


def test_silence_gives_the_place_away(serve):
    client = serve(live_idle_seconds=0.2)
    with client.websocket_connect(URL) as socket:
        socket.receive_json()
        with pytest.raises(WebSocketDisconnect) as ended:
            socket.receive_json()
        assert ended.value.code == 1001
    assert "impasto_live_sessions 0.0" in client.get("/metrics").text
