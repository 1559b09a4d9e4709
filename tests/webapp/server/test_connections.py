"""Connections that ask for nothing, or never finish, are cut; more than there is room for are refused."""

import socket
from contextlib import ExitStack

import pytest

from impasto.webapp.server import connections, run


@pytest.fixture
def connect():
    """`connect(server)` → a socket; closed after the test."""
    with ExitStack() as stack:
        yield lambda server: stack.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=30))


def ended(line):
    """Whether the server has cut the connection: waits for it, or for an answer."""
    try:
        return line.recv(10_000) == b""
    except ConnectionResetError:
        return True


def answer(line, request=b"GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n"):
    line.sendall(request)
    data = b""
    while b"\r\n\r\n" not in data:
        data += (more := line.recv(10_000))
        assert more
    return int(data.split()[1])


@pytest.fixture
def hasty(monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.3)


@pytest.mark.parametrize("sent", [b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: h\r\nX-Slow: "])
def test_a_connection_without_a_whole_request_is_cut(serve, connect, hasty, sent):
    line = connect(serve())
    line.sendall(sent)
    assert ended(line)


def test_the_second_request_of_a_connection_has_its_time_too(serve, connect, hasty):
    line = connect(serve())
    assert answer(line) == 200
    line.sendall(b"GET /heal")
    while not ended(line):
        pass


def test_what_is_being_answered_and_what_became_a_socket_stay(serve, monkeypatch):
    monkeypatch.setattr(connections, "REQUEST_SECONDS", 0.05)
    with serve().talk() as page:
        assert page.json()["type"] == "ready"
        for _ in range(5):
            page.send("{}")
            assert page.json()["type"] == "error"
            assert not connections.asyncio.run(connections.asyncio.sleep(0.05))


def test_more_connections_than_allowed_get_a_503_and_then_nothing(serve, connect, monkeypatch):
    monkeypatch.setattr(connections, "REFUSED_KINDLY", 2)
    server = serve(connections=10)
    lines = [connect(server) for _ in range(9)]
    assert answer(lines[0]) == 200
    kindly = [connect(server) for _ in range(3)]
    assert ended(connect(server))
    assert [answer(line) for line in kindly[:2]] == [503] * 2
    assert 'impasto_refusals_total{why="connections"} 4.0' in server.metrics()
    for line in lines:
        line.close()
    while answer(connect(server)) != 200:  # as soon as the server has noticed
        pass


def test_the_server_is_started_with_its_limits():
    options = run.server_options(run.Settings(connections=77, trusted_proxies=("10.0.0.0/8",)))
    assert options["limit_concurrency"] == 77
    assert issubclass(options["http"], connections.Connection)
    assert options["forwarded_allow_ips"] == ["10.0.0.0/8"]
