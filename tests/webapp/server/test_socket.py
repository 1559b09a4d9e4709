"""The live painter, talked to as a page does."""

import asyncio
import base64
import json
import struct
import threading
from contextlib import suppress

import cv2
import numpy as np
import pytest
from websockets.exceptions import ConnectionClosed

from impasto.export.runtime.painter import Painter
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.style_file import StyleFile
from impasto.webapp.files.pictures import decode_picture
from impasto.webapp.hosting.metrics import Metrics
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.server import socket as live_socket


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


def styled(server, style):
    """A page that has its place and has chosen a style."""
    page = server.talk()
    assert page.json()["type"] == "ready"
    page.send_json({"type": "style", "style": [float(v) for v in style]})
    return page


def test_a_painted_frame_is_the_painters(serve, model, scene, style):
    with serve().talk() as page:
        ready = page.json()
        assert ready == {"type": "ready", "model": model.name, "style_size": model.style_size, "side": 720, "fps": 30.0}
        page.send_json({"type": "style", "style": [float(v) for v in style]})
        sent = jpeg(scene)
        page.send(numbered(7, sent))
        answer = page.bytes()
    painter = Painter(model)
    painter.use([style])
    expected = painter.paint(picture(sent))
    assert struct.unpack("<I", answer[:4]) == (7,)
    difference = np.abs(picture(answer[4:]).astype(int) - expected)
    assert difference.mean() < 6  # of 255: what a JPEG of quality 90 loses of a painting
    assert np.abs(expected.astype(int) - scene).mean() > 20  # while the painting is far from the frame


def test_a_studied_style_is_painted_with_its_brush(serve, model, scene, style):
    rng = np.random.default_rng(6)
    weights = weights_of(model.path("frame").read_bytes())
    brush = {name: rng.normal(0, 0.05, weights[name].shape).astype(np.float16) for name in ("stem.conv.weight",)}
    with serve().talk() as page:
        page.json()
        sent = {name: base64.b64encode(part.tobytes()).decode() for name, part in brush.items()}
        page.send_json({"type": "style", "style": [float(v) for v in style], "brush": sent})
        page.send(numbered(1, jpeg(scene)))
        answer = picture(page.bytes()[4:]).astype(int)
    painter = Painter(model)
    painter.use([style])
    plain = painter.paint(picture(jpeg(scene)))
    painter.use([StyleFile(style, brush)])
    expected = painter.paint(picture(jpeg(scene)))
    assert np.abs(answer - expected).mean() < 6
    assert np.abs(answer - plain).mean() > 12


def test_a_picture_becomes_a_style(serve, model, scene):
    with serve().talk() as page:
        page.json()
        data = cv2.imencode(".png", scene[:, :, ::-1])[1].tobytes()
        page.send_json({"type": "encode", "id": 3, "picture": base64.b64encode(data).decode()})
        answer = page.json()
    assert (answer["type"], answer["id"]) == ("encoded", 3)
    np.testing.assert_allclose(answer["style"], Painter(model).encode(scene), atol=1e-4)


@pytest.mark.parametrize("kind", ["RGBA, hidden colours", "LA", "palette", "16-bit grey"])
def test_a_style_picture_is_read_as_it_looks_on_white(serve, model, media, kind):
    data, seen = media.transparent_and_deep()[kind]
    with serve().talk() as page:
        page.json()
        page.send_json({"type": "encode", "id": 1, "picture": base64.b64encode(data).decode()})
        style = page.json()["style"]
    np.testing.assert_allclose(style, Painter(model).encode(seen), atol=1e-4)


def test_nonsense_is_answered_and_the_session_goes_on(serve, scene, style):
    huge, none = (base64.b64encode(np.full(16, v, np.float16).tobytes()).decode() for v in (9e3, np.nan))
    brushes = [[1], 7, {"other": ""}, {"stem.conv.bias": 3}, {"stem.conv.bias": "?"}, {"stem.conv.bias": "AAAA"}]
    brushes += [{"stem.conv.bias": huge}, {"stem.conv.bias": none}]
    with styled(serve(), style) as page:
        for text in (
            "no json",
            "{}",
            "[]",
            '{"type": "dance"}',
            '{"type": "style", "style": [1, 2]}',
            '{"type": "style", "style": ["x"]}',
            *(json.dumps({"type": "style", "style": style.tolist(), "brush": brush}) for brush in brushes),
            '{"type": "look"}',
            '{"type": "look", "stability": 2}',
            '{"type": "look", "stability": NaN}',
            '{"type": "look", "stability": "x"}',
            '{"type": "encode", "id": 1, "picture": "AAAA"}',
        ):
            page.send(text)
            answer = page.json()
            assert answer["type"] == "error"
            assert answer["sentence"].endswith(".")
        page.send(numbered(1, b"not a picture"))
        assert "picture" in page.json()["sentence"]
        page.send(numbered(2, jpeg(scene)))
        assert page.bytes()[:4] == struct.pack("<I", 2)


def test_only_the_newest_frame_is_painted(serve, scene, style, monkeypatch):
    started, go = threading.Event(), threading.Event()
    paint = live_socket.Session.paint_one

    def slow(self, data, came):
        started.set()
        go.wait(20)
        return paint(self, data, came)

    monkeypatch.setattr(live_socket.Session, "paint_one", slow)
    server = serve(live_fps=1000)
    with styled(server, style) as page:
        page.send(numbered(1, jpeg(scene)))
        assert started.wait(20)
        for number in (2, 3, 4):
            page.send(numbered(number, jpeg(scene)))
        page.send("{}")  # answered while the first is being painted, so the frames before it have come
        assert page.json()["type"] == "error"
        go.set()
        assert [struct.unpack("<I", page.bytes()[:4])[0] for _ in range(2)] == [1, 4]
    assert 'impasto_frames_painted_total{kind="live"} 2.0' in server.metrics()


@pytest.fixture
def moving():
    """Four frames of a scene that moves and flickers a little, as JPEG."""
    y, x = np.mgrid[0:64, 0:96]
    noise = np.random.default_rng(0).normal(0, 4, (4, 64, 96))
    waves = (128 + 90 * np.sin((x + y + 2 * n) / 9) + noise[n] for n in range(4))
    return [jpeg(np.stack([x * 2.6, y * 4, wave], -1).clip(0, 255).astype(np.uint8)) for wave in waves]


def paintings(page, sent):
    """The answers to these frames, one after the other."""
    answers = []
    for number, data in enumerate(sent):
        page.send(numbered(number, data))
        answers.append(page.bytes()[4:])
    return answers


def expected(model, style, sent, stability):
    """The same by a painter of our own, from its first frame on."""
    painter = Painter(model)
    painter.use([style])
    painter.set_stability(stability)
    painted = (painter.paint(decode_picture(data, 1 << 20)) for data in sent)
    return [jpeg(picture, live_socket.QUALITY) for picture in painted]


def test_the_look_says_how_steadily_frames_are_painted(serve, model, style, moving):
    steady, single = (expected(model, style, moving, stability) for stability in (1, 0))
    assert steady[0] == single[0]  # a first frame has no past
    assert steady[1:] != single[1:]
    with styled(serve(live_fps=1000), style) as page:
        page.send_json({"type": "look", "stability": 0})
        assert paintings(page, moving) == single
        page.send_json({"type": "look", "stability": 1})
        assert paintings(page, moving) == steady
        page.send_json({"type": "look", "stability": 0.5})
        page.send_json({"type": "reset"})
        assert paintings(page, moving) == expected(model, style, moving, 0.5)


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_a_reset_another_style_another_size_and_a_pause_begin_anew(serve, model, style, moving, clock):
    other = model.gallery()["great-wave"]["style"]
    smaller = [jpeg(picture(data)[:60]) for data in moving]
    server = serve(live_fps=1000)
    server.app.state.live.clock = clock
    with styled(server, style) as page:

        def choose(vector):
            page.send_json({"type": "style", "style": [float(value) for value in vector]})

        assert paintings(page, moving) == expected(model, style, moving, 1)
        page.send_json({"type": "reset"})
        assert paintings(page, moving) == expected(model, style, moving, 1)
        choose(other)
        assert paintings(page, moving) == expected(model, other, moving, 1)
        assert paintings(page, smaller) == expected(model, other, smaller, 1)
        clock.now += 1.1
        assert paintings(page, smaller) == expected(model, other, smaller, 1)
        choose(other)  # the same again changes nothing
        clock.now += 0.9
        assert paintings(page, smaller[:1]) != expected(model, other, smaller[:1], 1)  # without a cut the past counts


def test_frames_come_no_faster_than_allowed():
    pace = live_socket.Pace(0.25)
    assert pace.delay(100.0) == 0
    assert pace.delay(100.1) == pytest.approx(0.15)
    assert pace.delay(100.3) == pytest.approx(0.2)
    assert pace.delay(107.0) == 0


def test_who_comes_too_many_waits_and_is_called(serve):
    server = serve(live_sessions=1, live_queue=1)
    with server.talk() as first:
        assert first.json()["type"] == "ready"
        with server.talk() as second:
            assert second.json() == {"type": "waiting", "place": 1}
            with server.talk() as third:
                code, reason = third.end()
                assert (code, "again" in reason) == (1013, True)
            first.socket.close()
            assert second.json()["type"] == "ready"


def test_who_leaves_the_line_makes_room(serve):
    server = serve(live_sessions=1, live_queue=1)
    with server.talk() as first:
        first.json()
        with server.talk() as second:
            assert second.json()["type"] == "waiting"
        with server.talk() as third:
            assert third.json()["type"] == "waiting"


@pytest.mark.parametrize(
    ("origin", "allowed"),
    [("https://evil.example", False), ("null", False), ("https://friend.example", True), (None, True)],
)
def test_pages_of_other_places_are_refused(serve, origin, allowed):
    with serve(allowed_origins=("https://friend.example",)).talk(origin=origin) as page:
        if allowed:
            assert page.json()["type"] == "ready"
        else:
            assert page.end()[0] == 1008


def test_the_servers_own_page_is_let_in(serve):
    server = serve()
    with server.talk(origin=f"http://127.0.0.1:{server.port}") as page:
        assert page.json()["type"] == "ready"


def test_a_message_too_large_ends_the_session(serve):
    with serve(live_message_kb=10).talk() as page:
        page.json()
        page.send(bytes(20_000))
        code, reason = page.end()
    assert code == 1008
    assert "10 KB" in reason


def test_a_frame_too_large_is_refused(serve, style):
    with styled(serve(live_side=64), style) as page:
        page.send(numbered(1, jpeg(np.zeros((400, 400, 3), np.uint8))))
        assert "pixels" in page.json()["sentence"]


def test_a_page_that_waits_for_its_painting_is_not_silent(model, clock):
    session = live_socket.Session(None, live_socket.LivePainter(model, Settings(), Metrics(), clock), None)
    clock.now += 20
    assert session.silence() == 20
    session.busy = True
    assert session.silence() == 0
    session.busy = False
    session.arrived.set()  # its turn has not come yet
    assert session.silence() == 0


def test_silence_gives_the_place_away(serve):
    server = serve(live_idle_seconds=0.2)
    with server.talk() as page:
        page.json()
        assert page.end()[0] == 1001
    assert "impasto_live_sessions 0.0" in server.metrics()


@pytest.mark.parametrize("sent", ['{"type": "look", "stability": 1}', "{}", numbered(1, b"no picture")])
def test_what_is_no_frame_does_not_keep_the_place(serve, style, sent):
    """A page that goes on sending messages, but nothing to paint."""
    server = serve(live_idle_seconds=1.0)
    with styled(server, style) as page:
        ended = threading.Event()

        def chatter():
            with suppress(ConnectionClosed):
                while not ended.wait(0.05):
                    page.send(sent)

        talking = threading.Thread(target=chatter, daemon=True)
        talking.start()
        assert page.end()[0] == 1001
        ended.set()
        talking.join()


def test_changes_without_a_frame_do_not_add_up(model, style):
    session = live_socket.Session(None, live_socket.LivePainter(model, Settings(), Metrics()), Painter(model))
    for number in range(300):
        look = {"type": "look", "stability": number / 300}
        for message in (look, {"type": "reset"}, {"type": "style", "style": list(map(float, style))}):
            asyncio.run(session.handle(message["type"], message))
    assert len(session.changes) == 3


def png(width, height):
    return cv2.imencode(".png", np.zeros((height, width, 3), np.uint8))[1].tobytes()


@pytest.mark.parametrize("size", [(1, 300_000), (300_000, 1), (65, 65), (300, 100), (1, 257)])
def test_a_frame_is_measured_as_it_would_be_painted_and_before_it_is_decoded(serve, style, size, monkeypatch):
    """A narrow frame is small in bytes and pixels, until it is padded."""
    monkeypatch.setattr(live_socket, "decode_picture", lambda *given: pytest.fail("decoded"))
    with styled(serve(live_side=64), style) as page:
        page.send(numbered(1, png(*size)))
        sentence = page.json()["sentence"]
    assert sentence.startswith(
        "The server paints frames of up to 64 pixels on their short side and 256 on their long one"
    )
    assert f"{size[0]}×{size[1]}" in sentence


@pytest.mark.parametrize(
    ("size", "painted"),
    [
        ((1, 256), (1, 256)),
        ((113, 64), (113, 64)),
        ((64, 64), (64, 64)),
        ((256, 64), (170, 42)),
        ((64, 256), (42, 170)),
    ],
)
def test_of_a_frame_wider_than_16_to_9_a_smaller_copy_is_painted(serve, style, size, painted):
    with styled(serve(live_side=64), style) as page:
        page.send(numbered(1, png(*size)))
        assert picture(page.bytes()[4:]).shape[:2] == painted[::-1]


def test_a_style_picture_has_an_end_and_a_large_jpeg_is_read_small(serve, model, monkeypatch):
    large = np.zeros((1200, 1600, 3), np.uint8)
    large[:, 800:] = 255
    shapes = []
    encode = Painter.encode
    monkeypatch.setattr(Painter, "encode", lambda self, rgb: shapes.append(rgb.shape) or encode(self, rgb))
    with serve(style_pixels=500_000).talk() as page:
        page.json()
        page.send_json({"type": "encode", "id": 1, "picture": base64.b64encode(png(1600, 1200)).decode()})
        assert page.json()["sentence"].startswith("This picture has 1600x1200 pixels, more than the 500,000 allowed")
        page.send_json({"type": "encode", "id": 2, "picture": base64.b64encode(jpeg(large)).decode()})
        assert page.json()["type"] == "encoded"
    assert shapes == [(600, 800, 3)]
