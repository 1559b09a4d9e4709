"""The live page in a real Firefox, if there is one: it paints, and its recording is a sound file.

Playwright drives no Firefox as people have it. This does by WebDriver BiDi (W3C), which Firefox speaks itself.
"""

import base64
import itertools
import json
import re
import shutil
import subprocess
import tempfile
import threading

import av
import numpy as np
import pytest
from websockets.sync.client import connect

PATIENCE = 240  # seconds: a busy machine

FIREFOX = shutil.which("firefox-esr") or shutil.which("firefox")
pytestmark = pytest.mark.skipif(FIREFOX is None, reason="there is no Firefox here")

# Paints the sample scene, records four paintings of it, and gives back what is saved.
RECORD = """new Promise((done, fail) => {
  const press = (id) => document.getElementById(id).click();
  const record = document.getElementById("record");
  const keep = URL.createObjectURL;
  URL.createObjectURL = (blob) => {
    if (blob.type === "video/mp4") {
      const reader = new FileReader();
      reader.onload = () => done(reader.result);
      reader.readAsDataURL(blob);
    }
    return keep.call(URL, blob);
  };
  impasto.engine.on((event) => event.kind === "trouble" && fail(new Error(event.sentence)));
  let painted = 0, recorded = 0;
  impasto.engine.on((event) => {
    if (event.kind !== "painted") return;
    if (++painted === 2) press("record");
    if (record.getAttribute("aria-pressed") === "true" && ++recorded === 4) press("record");
  });
  press("use-sample");
})"""


class Page:
    """A page of a Firefox: `open(url)`, `evaluate(expression)`."""

    def __init__(self, socket):
        self.socket = socket
        self.ids = itertools.count()
        self._ask("session.new", capabilities={})
        self.context = self._ask("browsingContext.getTree")["contexts"][0]["context"]

    def _ask(self, method, **given):
        number = next(self.ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": given}))
        while True:
            answer = json.loads(self.socket.recv(timeout=PATIENCE))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return answer["result"]

    def open(self, url):
        self._ask("browsingContext.navigate", context=self.context, url=url, wait="complete")

    def evaluate(self, expression):
        """A value in plain JSON of what an expression comes to, waited for where it is a promise."""
        target = {"context": self.context}
        found = self._ask("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert found["type"] == "success", found["exceptionDetails"]["text"]
        return found["result"].get("value")


@pytest.fixture
def page():
    """A page of a Firefox without a window, with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        command = [FIREFOX, "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            try:
                assert process.stderr
                listening = (re.search(r"WebDriver BiDi listening on (ws://\S+)", line) for line in process.stderr)
                address = next(filter(None, listening))[1]
                threading.Thread(target=process.stderr.read, daemon=True).start()  # a full pipe would stop Firefox
                with connect(f"{address}/session", max_size=None, open_timeout=PATIENCE) as socket:
                    yield Page(socket)
            finally:
                process.kill()


def test_it_paints_and_records(page, static_site, tmp_path):
    page.open(static_site + "#painter=wasm&size=128")
    page.evaluate(
        "(async () => { while (!document.body.dataset.ready) await new Promise((r) => setTimeout(r, 50)); })()"
    )
    data = page.evaluate(RECORD)
    file = tmp_path / "recording.mp4"
    file.write_bytes(base64.b64decode(data.partition(",")[2]))
    with av.open(file) as container:
        stream = container.streams.video[0]
        description = stream.codec_context.extradata or b""
        frames = [(float(f.time), f.to_ndarray(format="rgb24")) for f in container.decode(stream)]
    assert frames[0][0] == 0
    assert len(frames) >= 2
    assert np.ptp(frames[-1][1]) > 100  # a painting, no empty canvas
    if stream.codec_context.name == "h264":  # its first parameter set (ISO 14496-15) begins with its type, once
        assert description[8] & 31 == 7
        assert description[9] in (66, 77, 100)  # the profile: Baseline, Main, High
