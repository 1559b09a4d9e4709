"""What is refused before it reaches Gradio's routes."""

import asyncio
import json

import pytest

from impasto.webapp.studio.visitors.request_filter import JSON_BYTES, RequestFilter


def ask(root, path, body=b"", method="POST", headers=()):
    """(status, detail) of a request; 200 when it came through, with the body the app received."""
    sent, got = [], []

    async def app(scope, receive, send):
        while True:
            message = await receive()
            got.append(message.get("body", b""))
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive():
        half = len(body) // 2
        pieces = [body[:half], body[half:]]
        receive.count += 1
        return {"type": "http.request", "body": pieces[receive.count - 1], "more_body": receive.count < 2}

    receive.count = 0

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "path": path, "method": method, "headers": list(headers)}
    asyncio.run(RequestFilter(app, root, 1000, app)(scope, receive, send))
    if sent[0]["status"] == 200:
        return 200, b"".join(got)
    detail = json.loads(sent[1]["body"])["detail"]
    return sent[0]["status"], detail if isinstance(detail, str) else detail[0]["message"]


def join(root, data):
    return ask(root, "/gradio_api/queue/join", json.dumps({"data": data, "session_hash": "s"}).encode())


def test_uploads_of_ours_pass_untouched(tmp_path):
    data = [{"path": str(tmp_path / "abc" / "c.mp4"), "meta": {"_type": "gradio.FileData"}}, "https://fine.as/text", 3]
    status, body = join(tmp_path, data)
    assert status == 200
    assert json.loads(body)["data"] == data


@pytest.mark.parametrize(
    "path",
    [
        "http://169.254.169.254/latest", "HTTPS://example.com/a.mp4", "ftp://x/y", "file:///etc/passwd",
        "//example.com/x", " http://x", "data:image/png;base64,AAAA",
    ],
)  # fmt: skip
def test_addresses_are_refused_wherever_they_hide(tmp_path, path):
    for data in ([{"path": path}], [[{"image": {"path": path}, "caption": None}]], {"x": {"y": [{"path": path}]}}):
        assert join(tmp_path, data) == (
            422,
            "This app takes files, not addresses: download the file and upload it here.",
        )


def test_files_elsewhere_are_refused(tmp_path):
    (tmp_path / "link").symlink_to("/etc")
    for path in ("/etc/passwd", str(tmp_path / ".." / "x"), str(tmp_path / "link" / "passwd"), "relative", "a\0b"):
        assert join(tmp_path, [{"path": path}])[0] == 422


@pytest.mark.parametrize(
    "route",
    [
        "file=http://example.com/x",
        "file=https%3A//x.y/z",
        "proxy=http://x",
        "vibe-edit/",
        "deep_link",
        "run-history/records",
        "run/paint_clip",
        "component_server",
        "profiling/traces",
        "what-gradio-adds-next",
    ],
)
def test_routes_that_are_closed(tmp_path, route):
    assert ask(tmp_path, f"/gradio_api/{route}", method="GET")[0] == 403
    assert ask(tmp_path, f"/behind/a/proxy/gradio_api/{route}", method="GET")[0] == 403


@pytest.mark.parametrize(
    "route", ["info", "upload_progress", "heartbeat/abc", "call/paint_clip/x", "mcp/", "queue/data"]
)
def test_routes_that_clients_need_stay_open(tmp_path, route):
    assert ask(tmp_path, f"/gradio_api/{route}", method="GET")[0] == 200


def test_addresses_with_control_characters_are_none(tmp_path):
    assert ask(tmp_path, "/gradio_api/heartbeat/\0", method="GET")[0] == 400


@pytest.mark.parametrize("path", ["/gradio_api/call/paint_clip", "/studio/preview"])
def test_half_a_character_is_said_in_a_sentence(tmp_path, path):
    assert ask(tmp_path, path, b'{"kind": "\\ud83c"}') == (
        422,
        "This request holds half a character, which no text can have.",
    )
    assert ask(tmp_path, path, b'{"kind": "\\ud83c\\udfa8"}')[0] == 200  # a palette, of two halves


def test_long_and_broken_requests(tmp_path):
    assert ask(tmp_path, "/gradio_api/call/x", b"[" * (JSON_BYTES + 1))[0] == 413
    assert ask(tmp_path, "/gradio_api/call/x", b"[" * 100_000)[0] == 422
    assert ask(tmp_path, "/gradio_api/call/x", b"{")[0] == 422
    assert ask(tmp_path, "/elsewhere", b"{")[0] == 200


def test_uploads_say_how_long_they_are(tmp_path):
    upload = "/gradio_api/upload"
    assert ask(tmp_path, upload, b"x" * 10, headers=[(b"content-length", b"10")]) == (200, b"x" * 10)
    assert ask(tmp_path, upload, headers=[(b"content-length", b"1001")])[0] == 413
    assert ask(tmp_path, upload)[0] == 411


@pytest.mark.parametrize("body", ['{"data": NaN}', '{"data": [1], "fn_index": Infinity}', '{"data": {"a": -Infinity}}'])
def test_numbers_that_json_has_not_are_refused_where_no_endpoint_would_see_them(tmp_path, body):
    status, _ = ask(tmp_path, "/gradio_api/call/paint_clip", body.encode())
    assert status == 422
