#!/usr/bin/env bash
# Guess: mediabunny decodes a WebM with transparency into the colours the file names: VideoSampleSink gives the same
# picture whether or not the file also holds an alpha channel.
# What happens (mediabunny 1.61.0, Chromium 156): where it holds one, mediabunny decodes colour and alpha apart, lays
# both into a new frame, and does not tell that frame the colours. Chromium takes it for BT.709 of limited range. What
# MediaRecorder makes of any canvas is such a file (a canvas has alpha unless told otherwise, even if every pixel is
# opaque), and of full range: its contrast grows by a sixth, 40 becomes 32, 200 becomes 210. The <video> element, and
# mediabunny with the same canvas made with {alpha: false}, show what was painted. Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix "$folder" mediabunny@1.61.0 >"$folder/log" 2>&1 || { cat "$folder/log"; exit 1; }
cat >page.html <<'HTML'
<!doctype html>
<body>
<script type="module">
  const tell = (found) => fetch("/found", { method: "POST", body: JSON.stringify(found) });
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  async function record(alpha) {
    const canvas = document.body.appendChild(document.createElement("canvas"));
    Object.assign(canvas, { width: 320, height: 240 });
    const pen = canvas.getContext("2d", { alpha });
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: "video/webm;codecs=vp9" });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((done) => (recorder.onstop = done));
    recorder.start();
    for (let i = 0; i < 20; i++) {
      pen.fillStyle = "rgb(200, 60, 40)"; // opaque
      pen.fillRect(0, 0, 320, 240);
      await pause(40);
    }
    recorder.stop();
    await stopped;
    return new Blob(parts, { type: "video/webm" });
  }

  function colourOf(source) {
    const pen = new OffscreenCanvas(320, 240).getContext("2d", { alpha: false, willReadFrequently: true });
    pen.drawImage(source, 0, 0);
    return [...pen.getImageData(160, 120, 1, 1).data.slice(0, 3)];
  }

  async function shown(file) {
    const video = document.body.appendChild(document.createElement("video"));
    Object.assign(video, { muted: true, src: URL.createObjectURL(file) });
    await video.play();
    await pause(300);
    return colourOf(video);
  }

  try {
    const mediabunny = await import("/node_modules/mediabunny/dist/bundles/mediabunny.mjs");
    const { ALL_FORMATS, BlobSource, Input, VideoSampleSink } = mediabunny;
    const found = [];
    for (const alpha of [true, false]) {
      const file = await record(alpha);
      const track = await new Input({ formats: ALL_FORMATS, source: new BlobSource(file) }).getPrimaryVideoTrack();
      const sample = await new VideoSampleSink(track).getSample(await track.getFirstTimestamp());
      const frame = sample.toVideoFrame();
      found.push({
        alpha,
        file: await track.getColorSpace(),
        frame: frame.colorSpace.toJSON(),
        format: frame.format,
        video: await shown(file),
        sample: colourOf(frame),
      });
    }
    await tell({ agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], found });
  } catch (error) {
    await tell({ error: String(error) });
  }
</script>
HTML
CHROMIUM=$chromium python3 - <<'PYTHON'
import functools
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

told = queue.Queue()


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript"}

    def do_POST(self):
        told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory="."))
threading.Thread(target=server.serve_forever, daemon=True).start()
flags = ["--headless=new", "--no-sandbox", "--user-data-dir=profile", "--autoplay-policy=no-user-gesture-required"]
address = f"http://127.0.0.1:{server.server_address[1]}/page.html"
browser = subprocess.Popen([os.environ["CHROMIUM"], *flags, address], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    answer = told.get(timeout=150)
finally:
    browser.terminate()
    browser.wait()
if "error" in answer:
    sys.exit(answer["error"])
with open("node_modules/mediabunny/package.json") as file:
    print("mediabunny", json.load(file)["version"], "|", answer["agent"], "| painted: [200, 60, 40]")


def near(colour, expected):
    return all(abs(a - b) <= 4 for a, b in zip(colour, expected))


for one in answer["found"]:
    says = {name: f"{one[name]['matrix']}, fullRange {one[name]['fullRange']}" for name in ("file", "frame")}
    print(
        f"canvas {'with' if one['alpha'] else 'without'} alpha: the file says {says['file']};"
        f" the frame ({one['format']}) says {says['frame']};"
        f" <video> shows {one['video']}, mediabunny's frame {one['sample']}"
    )
with_alpha, without = answer["found"]
holds = near(with_alpha["video"], (200, 60, 40)) and near(without["video"], (200, 60, 40))
holds &= near(without["sample"], (200, 60, 40)) and without["frame"]["fullRange"] and with_alpha["file"]["fullRange"]
holds &= near(with_alpha["sample"], (210, 52, 32)) and not with_alpha["frame"]["fullRange"]
sys.exit(0 if holds else 1)
PYTHON
