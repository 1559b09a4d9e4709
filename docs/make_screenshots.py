"""Makes the README's screenshots of both pages, with the built page and the model there is now.

    python docs/make_screenshots.py webapp/screenshots

Needs Chromium. On `/` the built-in clip is previewed; on `/live/` the sample scene is painted with a fine brush.
"""

import argparse
import io
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, expect, sync_playwright

PATIENCE = 180_000  # milliseconds for whatever is waited for
START_SECONDS = 120  # for the server
SETTLE = 12_000  # milliseconds until the scene is held steady, and the note about slow machines is gone or not to come
SHOWN = 3_000  # until pictures that are there are drawn, too
QUALITY = 82  # of the JPEG


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        parser.error("Chromium is missing: apt-get install chromium")
    expect.set_options(timeout=PATIENCE)
    with serving() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        write(files_page(browser.new_page(viewport={"width": 1366, "height": 820}), url), folder / "studio.jpg")
        write(live_page(browser.new_page(viewport={"width": 1280, "height": 800}), url), folder / "live.jpg")
        browser.close()


@contextmanager
def serving():
    """`impasto app` on a port of its own; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "impasto.webapp.cli", "app", "--port", str(port)], stderr=subprocess.DEVNULL
    )
    url, end = f"http://127.0.0.1:{port}/", time.monotonic() + START_SECONDS
    try:
        while True:
            try:
                urllib.request.urlopen(url + "healthz", timeout=5).close()
                break
            except (urllib.error.URLError, OSError):
                if server.poll() is not None or time.monotonic() > end:
                    raise
                time.sleep(0.2)
        yield url
    finally:
        server.terminate()
        server.wait()


def files_page(page: Page, url: str) -> bytes:
    page.goto(url)
    page.get_by_role("button", name="Try our clip").click()
    expect(page.locator("#caption")).to_contain_text("Preview")
    page.wait_for_timeout(SHOWN)
    return page.screenshot()


def live_page(page: Page, url: str) -> bytes:
    page.goto(url + "live/#size=480")
    page.get_by_role("button", name="Try the sample scene").click(timeout=PATIENCE)
    expect(page.locator("#frame.painted")).to_be_attached()
    page.wait_for_timeout(SETTLE)
    page.locator("#note").evaluate("note => { note.hidden = true }")  # about this machine
    return page.screenshot()


def write(picture: bytes, path: Path) -> None:
    Image.open(io.BytesIO(picture)).convert("RGB").save(path, quality=QUALITY, optimize=True, progressive=True)
    print(f"{path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
