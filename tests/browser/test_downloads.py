"""What comes over the wire, as `impasto app` sends it, until the page shows its first painted frame."""

import socket
import threading

import pytest
from playwright.sync_api import expect

SECOND = 1000  # playwright counts milliseconds
PATIENCE = 280 * SECOND
MEGABYTE = 1_000_000  # bytes

pytestmark = pytest.mark.timeout(600)  # seconds


class Wire:
    """A TCP port that passes everything on to another one, and counts what comes back."""

    def __init__(self, port: int):
        self.to, self.received = port, 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}/"
        self._start(self._accept)

    def close(self):
        self.listener.close()

    def _start(self, work, *given):
        threading.Thread(target=work, args=given, daemon=True).start()

    def _accept(self):
        while True:
            try:
                browser = self.listener.accept()[0]
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self.to))
            self._start(self._pass, browser, server, False)
            self._start(self._pass, server, browser, True)

    def _pass(self, source, target, counts):
        try:
            while data := source.recv(65536):
                self.received += len(data) if counts else 0
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            target.close()


@pytest.fixture
def wire(server):
    wire = Wire(server.port)
    yield wire
    wire.close()


def without_jspi(route):
    """The worker's code for a browser whose WebAssembly cannot wait for promises."""
    response = route.fetch()
    headers = {name: value for name, value in response.headers.items() if name != "content-encoding"}
    route.fulfill(status=200, headers=headers, body="delete WebAssembly.Suspending;" + response.text())


def received(browser, wire, painter, jspi=True):
    """Bytes, heads of answers included, until the sample scene is painted, held steady as it is by default.

    What is fetched for later from then on, brushes and what is kept for a visit without a network, is not let through.
    """
    context = browser.new_context(service_workers="block")
    context.route("**/*.style", lambda route: route.abort())
    if not jspi:
        context.route("**/worker-*.js", without_jspi)
    page = context.new_page()
    page.set_default_timeout(PATIENCE)
    page.goto(f"{wire.url}live/#painter={painter}&size=64")
    page.get_by_role("button", name="Try the sample scene").click()
    expect(page.locator(".frame.painted")).to_be_visible(timeout=PATIENCE)
    bytes_ = wire.received
    assert page.evaluate("impasto.engine.backend") == painter
    fetched = page.evaluate("performance.getEntriesByType('resource').length")
    context.close()
    assert fetched > 10  # the page and its gallery came this way too
    print(f"{painter}{'' if jspi else ' without JSPI'}: {bytes_ / MEGABYTE:.2f} MB")
    return bytes_


def test_webassembly_paints_after_five_megabytes(browser, wire):
    assert 4 * MEGABYTE < received(browser, wire, "wasm") <= 5 * MEGABYTE


@pytest.mark.slow
def test_webgpu_paints_after_six_megabytes(webgpu_browser, wire):
    """In software, so at 64 px. With single precision, of which there is more than graphics cards usually get."""
    assert 4 * MEGABYTE < received(webgpu_browser, wire, "webgpu") <= 6 * MEGABYTE


@pytest.mark.slow
def test_webgpu_without_jspi_too(webgpu_browser, wire):
    """The runtime for browsers whose WebAssembly cannot wait for promises is larger."""
    assert 6 * MEGABYTE < received(webgpu_browser, wire, "webgpu", jspi=False) <= 8 * MEGABYTE
