"""Uploads: each its own, bounded in sum, gone when they fail; jobs and files of callers without a session, counted."""

import errno
import json
import logging
import os
import shutil
import socket
import time
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import httpx
import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from impasto.export.runtime.painter import Painter
from impasto.models.errors import DiskFull
from impasto.webapp.hosting.metrics import Metrics
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.studio.visitors import uploads as module
from impasto.webapp.studio.visitors.temporary import NO_ROOM, YOUR_ROOM, Folders
from impasto.webapp.studio.visitors.uploads import Uploads


@pytest.fixture
def folders(tmp_path):
    folders = Folders(60, tmp_path, 100_000, 60_000)
    yield folders
    folders.close()


@pytest.fixture
def site(folders):
    """(client, metrics): uploads alone, of up to 40 kB a file."""
    metrics = Metrics()
    uploads = Uploads(folders, SimpleNamespace(upload_file_set=set()), 40_000, metrics)
    app = FastAPI()
    app.mount("/upload", uploads)
    with TestClient(app) as client:
        yield client, metrics


def post(client, *files):
    return client.post("/upload/", files=[("files", file) for file in files])


def left(folders):
    return {path for path in folders.root.rglob("*") if path.is_file()}


def test_identical_uploads_are_two_files_and_one_outlives_the_other(site, folders):
    client, _ = site
    mine, theirs = (post(client, ("c.mp4", b"same")).json()[0] for _ in range(2))
    assert mine != theirs
    folders.uploaded("a", mine)
    folders.end("a")
    assert not os.path.exists(mine)
    assert folders.uploaded("b", theirs).read_bytes() == b"same"


def test_several_files_come_in_order_under_their_names(site, folders):
    names = ["b.mp4", "a.png", "../../x.png"]
    paths = post(site[0], *((name, name.encode()) for name in names)).json()
    assert [os.path.basename(path) for path in paths] == ["b.mp4", "a.png", "x.png"]
    assert [Path(path).read_text() for path in paths] == names
    assert {str(path) for path in left(folders)} == set(paths)


def test_what_fails_is_gone_at_once(site, folders):
    client, metrics = site
    answer = post(client, ("small.mp4", b"x"), ("large.mp4", bytes(40_001)))
    assert (answer.status_code, "maximum file size" in answer.text or "maximum allowed size" in answer.text) == (
        413,
        True,
    )
    broken = client.post(
        "/upload/", content=b"--x\r\nnonsense", headers={"Content-Type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code == 400
    assert client.post("/upload/", content=b"x", headers={"Content-Type": "text/plain"}).status_code == 400
    assert [*folders.root.iterdir()] == [folders.root / "sessions"]
    assert b'impasto_refusals_total{why="upload"} 3.0' in metrics.text()


def test_all_files_and_those_of_one_address_have_an_end(site, folders):
    client, metrics = site
    for _ in range(2):
        assert post(client, ("c.mp4", bytes(20_000))).status_code == 200
    answer = post(client, ("c.mp4", bytes(20_000)))
    assert (answer.status_code, answer.json()["detail"]) == (507, YOUR_ROOM)
    with folders.receiving("192.0.2.1", 30_000):  # another address, still on its way
        with pytest.raises(DiskFull, match=NO_ROOM), folders.receiving("192.0.2.2", 31_000):
            pass
        folders.check_room("192.0.2.2", 29_000)
    folders.check_room("192.0.2.2", 59_000)
    assert b'impasto_refusals_total{why="disk"} 1.0' in metrics.text()


def test_a_jobs_results_count_for_its_address(folders):
    with folders.job("a", "192.0.2.1") as folder:
        (folder / "painted.mp4").write_bytes(bytes(61_000))
    with pytest.raises(DiskFull, match=YOUR_ROOM), folders.job("b", "192.0.2.1"):
        pass
    folders.end("a")
    with folders.job("b", "192.0.2.1"):
        pass


def test_a_disk_that_is_nearly_full_takes_nothing_more(folders, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=200_005_000))
    folders.check_room("", 5_000)
    with pytest.raises(DiskFull, match=NO_ROOM):
        folders.check_room("", 5_001)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_fills_up_under_way_is_said_without_a_path(site, folders, monkeypatch, number):
    async def full(request, folder, *_, **__):
        raise OSError(number, os.strerror(number), str(folder / "secret"))

    monkeypatch.setattr(module, "upload_fn", full)
    answer = post(site[0], ("c.mp4", b"x"))
    assert (answer.status_code, answer.json()) == (507, {"detail": NO_ROOM})
    assert not left(folders)


def test_an_upload_that_takes_too_long_is_ended(site, folders, monkeypatch):
    async def stuck(request, folder, *_, **__):
        (folder / "half").write_bytes(b"x")
        await module.asyncio.Event().wait()

    monkeypatch.setattr(module, "upload_fn", stuck)
    monkeypatch.setattr(module, "GRACE_SECONDS", 0.05)
    assert post(site[0], ("c.mp4", b"x")).status_code == 408
    assert not left(folders)


def test_an_upload_that_breaks_off_leaves_nothing(serve, files_in, until):
    with serve(Settings(threads=1)) as (url, app):
        root = app.state.studio.folders.root
        at_rest = files_in(root)
        with socket.create_connection((urlsplit(url).hostname, urlsplit(url).port)) as line:
            part = b'--x\r\nContent-Disposition: form-data; name="files"; filename="c.mp4"\r\n\r\n' + bytes(100_000)
            head = "POST /gradio_api/upload HTTP/1.1\r\nHost: h\r\nContent-Type: multipart/form-data; boundary=x\r\n"
            line.sendall(f"{head}Content-Length: 1000000\r\n\r\n".encode() + part)
            until(lambda: files_in(root) - at_rest)
        until(lambda: files_in(root) == at_rest)


def test_pages_of_other_places_cannot_upload_or_call(serve, files_in):
    with serve(Settings(threads=1, allowed_origins=("https://friend.example",))) as (url, app):
        root = app.state.studio.folders.root
        before = files_in(root)

        def ask(route, origin, **content):
            return httpx.post(f"{url}gradio_api/{route}", headers={"Origin": origin}, **content)

        for origin in ("https://evil.example", "null"):
            assert ask("upload", origin, files={"files": ("c.mp4", b"x")}).status_code == 403
            assert ask("call/paint_clip", origin, json={"data": []}).status_code == 403
        assert files_in(root) == before
        for origin in (url, "https://friend.example"):
            assert ask("upload", origin.rstrip("/"), files={"files": ("c.mp4", b"x")}).status_code == 200


def test_callers_without_a_session_share_their_addresss_limit(serve, until, monkeypatch, tmp_path, media):
    paint = Painter.paint
    monkeypatch.setattr(Painter, "paint", lambda *given: time.sleep(0.05) or paint(*given))
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 400))
    with serve(Settings(threads=1, jobs_at_once=1, jobs_per_client=2)) as (url, app):
        with clip.open("rb") as file:
            path = httpx.post(url + "gradio_api/upload", files={"files": file}).json()[0]

        def call(**more):
            data = [{"path": path}, ["great-wave"], [], [], 1, False, 0, 1, "full", 0, 0, "", []]
            return httpx.post(url + "gradio_api/call/paint_clip", json={"data": data, **more}).json()["event_id"]

        line = app.state.studio.jobs.line
        for count in (1, 2):
            call()
            until(lambda count=count: len(line.running) + len(line.waiting) == count)
        assert {ticket.client for ticket in (*line.running, *line.waiting)} == {"127.0.0.1"}
        answer = httpx.get(f"{url}gradio_api/call/paint_clip/{call()}", timeout=60).text
        assert "You have 2 jobs here already" in answer


def test_a_full_disk_in_a_job_is_said_without_a_path_logged_and_counted(serve, monkeypatch, tmp_path, media, caplog):
    from impasto.webapp.studio import painting

    def full(source, target, *_, **__):
        raise DiskFull(f"The disk is full: {target} could not be written; make room and start again.")

    monkeypatch.setattr(painting, "stylize_path", full)
    monkeypatch.setattr(logging.getLogger("impasto.studio"), "propagate", True)
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 4))
    with serve(Settings(threads=1)) as (url, app), caplog.at_level("WARNING", "impasto.studio"):
        metrics = app.state.studio.metrics = Metrics()
        with clip.open("rb") as file:
            path = httpx.post(url + "gradio_api/upload", files={"files": file}).json()[0]
        data = {"data": [{"path": path}, ["great-wave"], [], [], 1, False, 0, 1, "full", 0, 0, "", []]}
        event = httpx.post(url + "gradio_api/call/paint_clip", json=data).json()["event_id"]
        answer = httpx.get(f"{url}gradio_api/call/paint_clip/{event}", timeout=60).text
    assert json.dumps(NO_ROOM) in answer
    assert "impasto-studio" not in answer
    assert "no room on the disk" in caplog.messages
    assert b'impasto_refusals_total{why="disk"} 1.0' in metrics.text()
