"""What is left of a session goes when its connections have: jobs, and what Gradio remembers."""

import asyncio
import os
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import gradio.route_utils
import httpx
import pytest

from impasto.export.runtime.painter import Painter
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.studio.visitors import visits as module
from impasto.webapp.studio.visitors.visits import (
    ABSENT_SECONDS,
    SESSIONS_KEPT,
    Visits,
    VisitsMiddleware,
    mend_deletion,
)


@pytest.fixture
def blocks():
    queue = SimpleNamespace(event_ids_to_events={"e1": SimpleNamespace(session_hash="s")}, pending_event_ids_session={})
    states = SimpleNamespace(session_data=OrderedDict(), time_last_used={})
    return SimpleNamespace(_queue=queue, state_holder=states)


def asked(path, query=b"", method="GET"):
    return {"type": "http", "method": method, "path": path, "query_string": query}


@pytest.mark.parametrize(
    ("scope", "session"),
    [
        (asked("/gradio_api/heartbeat/abc"), "abc"),
        (asked("/impasto/gradio_api/queue/data", b"session_hash=abc"), "abc"),
        (asked("/gradio_api/queue/data"), None),
        (asked("/gradio_api/call/paint_clip/e1"), "s"),
        (asked("/gradio_api/call/v2/paint_clip/e2"), "e2"),
        (asked("/gradio_api/call/paint_clip", method="POST"), None),
        (asked("/gradio_api/queue/join", method="POST"), None),
        (asked("/gradio_api/file=x"), None),
    ],
)
def test_which_requests_are_a_sessions_streams(blocks, scope, session):
    assert Visits(blocks, None).session_of(scope) == session


def test_a_session_is_gone_when_its_last_stream_has_been_for_a_while(blocks, monkeypatch):
    now, gone = [100.0], []

    async def end(session):
        gone.append(session)

    async def forget(_, session):
        blocks.state_holder.session_data.pop(session, None)

    monkeypatch.setattr(module, "forget", forget)
    visits = Visits(blocks, end, lambda: now[0])
    blocks.state_holder.session_data.update(here=1, never=1)

    def wait(seconds):
        now[0] += seconds
        asyncio.run(visits.look())
        return gone

    with visits.present("here"):
        with visits.present("here"):
            assert wait(0) == []
        assert wait(ABSENT_SECONDS) == ["never"]  # asked, and did not wait for the answer
        assert wait(1000) == ["never"]
    assert wait(ABSENT_SECONDS - 1) == ["never"]
    with visits.present("here"):  # comes back in time
        wait(1000)
    assert wait(ABSENT_SECONDS - 1) == ["never"]
    assert wait(1) == ["never", "here"]
    assert wait(1000) == ["never", "here"]
    assert (visits.open, visits.last_seen) == ({}, {})


def test_a_session_made_for_one_call_is_forgotten_with_its_answer(blocks, monkeypatch):
    forgotten = []

    async def forget(_, session):
        forgotten.append(session)

    async def stream(scope, receive, send):
        blocks._queue.pending_event_ids_session[visits.session_of(scope)].clear()  # the answer has been delivered

    monkeypatch.setattr(module, "forget", forget)
    blocks._queue.pending_event_ids_session.update(e2={"e2"}, s={"e1"})
    visits = Visits(blocks, None)
    for event in ("e1", "e2"):
        asyncio.run(VisitsMiddleware(stream, visits)(asked(f"/gradio_api/call/paint_clip/{event}"), None, None))
    assert forgotten == ["e2"]  # e1 is of a session that a caller named
    assert (set(visits.last_seen), visits.single) == ({"s"}, set())


def remembered(blocks):
    """How many sessions and events Gradio has in memory."""
    queue, states = blocks._queue, blocks.state_holder
    kept = (states.session_data, states.time_last_used, queue.pending_event_ids_session, queue.event_ids_to_events)
    return max(map(len, (*kept, queue.pending_messages_per_session, blocks.pending_diff_streams)))


def test_who_calls_again_after_a_while_is_not_gone(blocks, monkeypatch):
    now, gone = [100.0], []

    async def note(*names):
        gone.append(names[-1])

    monkeypatch.setattr(module, "forget", note)
    visits = Visits(blocks, note, lambda: now[0])
    with visits.present("a"):
        pass
    now[0] += ABSENT_SECONDS + 1
    blocks._queue.pending_event_ids_session["a"] = {"e2"}  # posted, its stream not open yet
    asyncio.run(visits.look())
    assert gone == []
    now[0] += ABSENT_SECONDS + 1
    asyncio.run(visits.look())
    assert set(gone) == {"a"}


@pytest.mark.parametrize("calls", [20, pytest.param(300, marks=pytest.mark.slow)])
def test_calls_without_a_session_are_forgotten(serve, until, monkeypatch, calls):
    monkeypatch.setattr(module, "ABSENT_SECONDS", 0.2)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    with serve(Settings(threads=1)) as (url, app), httpx.Client(timeout=60) as http:
        blocks = app.state.visits.blocks
        assert blocks.state_holder.capacity == SESSIONS_KEPT
        for number in range(calls):
            data = {"data": ["nothing", ["great-wave"], [], [], 1, False, 0, 1, "full", 0, 0, "", []]}
            event = http.post(url + "gradio_api/call/paint_clip", json=data).json()["event_id"]
            if number % 2:  # every other waits for its answer
                assert "must be an uploaded file" in http.get(url + f"gradio_api/call/paint_clip/{event}").text
        until(lambda: remembered(blocks) == 0)
        assert (app.state.visits.last_seen, app.state.visits.single) == ({}, set())


def test_a_job_without_anybody_who_waits_for_it_ends(serve, until, monkeypatch, tmp_path, media):
    monkeypatch.setattr(module, "ABSENT_SECONDS", 1.0)
    monkeypatch.setattr(module, "LOOK_SECONDS", 0.1)
    paint = Painter.paint
    painted = []
    monkeypatch.setattr(Painter, "paint", lambda *given: painted.append(1) or paint(*given))
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 3000))
    with serve(Settings(threads=1, jobs_at_once=1)) as (url, app):
        with clip.open("rb") as file:
            path = httpx.post(url + "gradio_api/upload", files={"files": file}).json()[0]
        data = {"data": [{"path": path}, ["great-wave"], [], [], 1, False, 0, 1, "full", 0, 0, "", []]}
        assert httpx.post(url + "gradio_api/call/paint_clip", json=data).is_success
        line = app.state.studio.jobs.line
        until(lambda: line.running)
        until(lambda: not line.running)
        assert len(painted) < 3000


def test_a_queued_endpoint_cannot_be_run_past_the_queue(serve):
    with serve(Settings(threads=1)) as (url, _):
        for route in ("run", "api"):
            assert httpx.post(url + f"gradio_api/{route}/paint_clip", json={"data": []}).status_code == 403


def test_old_files_are_removed_although_others_come_in_meanwhile(tmp_path, monkeypatch):
    mend_deletion()
    mend_deletion()  # once is enough
    files = {str(tmp_path / name) for name in "abc"}
    for file in files:
        Path(file).write_text("old")
    late = str(tmp_path / "late")
    blocks = SimpleNamespace(blocks={}, temp_file_sets=[{*files, str(tmp_path / "gone before")}])
    remove = os.remove

    def while_another_comes_in(file):
        remove(file)
        Path(late).write_text("new")
        blocks.temp_file_sets[0].add(late)

    monkeypatch.setattr(os, "remove", while_another_comes_in)
    gradio.route_utils.delete_files_created_by_app(blocks, -1)
    assert [path.name for path in tmp_path.iterdir()] == ["late"]
    assert blocks.temp_file_sets == [{late}]
