"""The application without the studio, and a model of the package."""

import pytest
from fastapi.testclient import TestClient

from impasto.export.model import load_model
from impasto.webapp.server import live
from impasto.webapp.server.app import create_app
from impasto.webapp.server.settings import Settings


@pytest.fixture(scope="session")
def model():
    return load_model()


@pytest.fixture
def page(tmp_path, monkeypatch):
    """A built page of three files, served in place of the real one."""
    (tmp_path / "dist" / "assets").mkdir(parents=True)
    (tmp_path / "dist" / "index.html").write_text("<!doctype html><title>page</title>")
    (tmp_path / "dist" / "assets" / "main-1a2b.js").write_text("export const answer = 42;\n" * 100)
    (tmp_path / "dist" / "runtime.wasm.gz").write_bytes(b"\x1f\x8b" + bytes(1000))
    (tmp_path / "secret.txt").write_text("secret")
    monkeypatch.setattr(live, "DIST", tmp_path / "dist")
    monkeypatch.setattr(live.live_routes, "__defaults__", (tmp_path / "dist",))
    return tmp_path / "dist"


@pytest.fixture
def serve():
    """`serve(**settings)` → a client of the application with these settings."""
    clients = []

    def make(**settings) -> TestClient:
        clients.append(TestClient(create_app(Settings(**settings), studio=False), base_url="http://here:7860"))
        return clients[-1].__enter__()

    yield make
    for client in clients:
        client.__exit__(None, None, None)
