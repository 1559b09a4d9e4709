#!/usr/bin/env bash
# Guess: whatever codec MediaRecorder uses, a recorded canvas has the same colours in FFmpeg as in the browser; VP8,
# which knows no other YUV than BT.601's of limited range (RFC 6386, 9.2), is written as such.
# What happens (Chromium 156, av 18.1.0): for every codec Chromium turns the canvas into BT.709 of full range, which
# for VP8 only the WebM's Colour element can say. Browsers go by it. FFmpeg reads it, but its VP8 decoder then marks
# every frame as BT.470BG of limited range; converted as marked, it is off by 23 of 255: 60 becomes 37, 40 becomes 31.
# The codec context, asked before the first frame is decoded, still has what the file says. With VP9 the frames have
# it, too. Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
cat >page.html <<'HTML'
<!doctype html>
<body>
<script type="module">
  const tell = (path, body) => fetch(path, { method: "POST", body });
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const size = { width: 320, height: 240 };

  async function record(codec) {
    const canvas = document.body.appendChild(Object.assign(document.createElement("canvas"), size));
    const pen = canvas.getContext("2d", { alpha: false });
    const recorder = new MediaRecorder(canvas.captureStream(25), { mimeType: `video/webm;codecs=${codec}` });
    const parts = [];
    recorder.ondataavailable = ({ data }) => parts.push(data);
    const stopped = new Promise((done) => (recorder.onstop = done));
    recorder.start();
    for (let i = 0; i < 20; i++) {
      pen.fillStyle = "rgb(200, 60, 40)";
      pen.fillRect(0, 0, size.width, size.height);
      await pause(40);
    }
    recorder.stop();
    await stopped;
    return new Blob(parts, { type: "video/webm" });
  }

  async function shown(file) {
    const video = document.body.appendChild(document.createElement("video"));
    Object.assign(video, { muted: true, src: URL.createObjectURL(file) });
    await video.play();
    await pause(300);
    const pen = new OffscreenCanvas(size.width, size.height).getContext("2d", { willReadFrequently: true });
    pen.drawImage(video, 0, 0);
    return [...pen.getImageData(160, 120, 1, 1).data.slice(0, 3)];
  }

  try {
    const colours = {};
    for (const codec of ["vp8", "vp9"]) {
      const file = await record(codec);
      await tell(`/${codec}`, file);
      colours[codec] = await shown(file);
    }
    await tell("/found", JSON.stringify({ agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0], colours }));
  } catch (error) {
    await tell("/found", JSON.stringify({ error: String(error) }));
  }
</script>
HTML
CHROMIUM=$chromium PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import functools
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

import av

told, files = queue.Queue(), {}


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/found":
            told.put(json.loads(body))
        else:
            files[self.path.strip("/")] = body
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
    answer = told.get(timeout=120)
finally:
    browser.terminate()
    browser.wait()
if "error" in answer:
    sys.exit(answer["error"])
print(answer["agent"], "| av", av.__version__, "| libavcodec", av.library_versions["libavcodec"])
print("painted: [200, 60, 40]")
WEIGHTS = {1: (0.2126, 0.0722), 5: (0.299, 0.114)}  # of red and blue: BT.709, BT.470BG


def to_rgb(frame, matrix, full_range):
    """The colour of the frame's middle, by the formulas of ITU-T H.273."""
    y, u, v = (bytes(plane)[plane.line_size * (plane.height // 2) + plane.width // 2] for plane in frame.planes)
    black, luma, chroma = (0, 255, 255) if full_range else (16, 219, 224)
    y, u, v = (y - black) / luma, (u - 128) / chroma, (v - 128) / chroma
    red, blue = WEIGHTS[matrix]
    r, b = y + 2 * (1 - red) * v, y + 2 * (1 - blue) * u
    return [round(255 * each) for each in (r, (y - red * r - blue * b) / (1 - red - blue), b)]


def tags(of):
    """(matrix, whether the range is full)"""
    return int(of.colorspace), int(of.color_range) == 2


def near(colour, expected):
    return all(abs(a - b) <= 4 for a, b in zip(colour, expected))


found = {}
for codec in ("vp8", "vp9"):
    with open(f"{codec}.webm", "wb") as file:
        file.write(files[codec])
    with av.open(f"{codec}.webm") as container:
        stream = container.streams.video[0]
        told_by_file = tags(stream.codec_context)
        frame = next(container.decode(stream))
        found[codec] = told_by_file, tags(frame), to_rgb(frame, *tags(frame)), to_rgb(frame, *told_by_file)
    of_file, of_frame, as_frame, as_file = found[codec]
    print(
        f"{codec}: <video> shows {answer['colours'][codec]}; matrix and whether full range: file {of_file}, frame {of_frame};"
        f" converted as the file says {as_file}, as the frame says {as_frame}"
    )
holds = all(near(colour, (200, 60, 40)) for colour in answer["colours"].values())
holds &= found["vp8"][:2] == ((1, True), (5, False)) and found["vp9"][:2] == ((1, True), (1, True))
holds &= near(found["vp8"][2], (196, 37, 31)) and near(found["vp8"][3], (200, 60, 40))
holds &= near(found["vp9"][2], (200, 60, 40))
sys.exit(0 if holds else 1)
PYTHON
