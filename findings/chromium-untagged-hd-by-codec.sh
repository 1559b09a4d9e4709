#!/usr/bin/env bash
# Guess: how a browser shows a clip that does not name its colours depends on its size alone: BT.601 below 720 lines,
# BT.709 from there on, whatever the codec.
# What happens (Chromium 156, av 18.1.0): that holds for H.264, and for VP8, although VP8 knows nothing but BT.601 (RFC
# 6386, 9.2). VP9 and AV1 of 720 lines are BT.601, and a VideoFrame of the <video> has no matrix. So one red of 1280x720,
# without a tag, is (255, 24, 0) as H.264 and VP8 and (254, 0, 0) as VP9 and AV1. Needs chromium.
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
  const pen = new OffscreenCanvas(32, 32).getContext("2d", { willReadFrequently: true });
  const pause = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));

  function middleOf(picture) {
    pen.drawImage(picture, 0, 0, 32, 32);
    return [...pen.getImageData(16, 16, 1, 1).data.slice(0, 3)];
  }

  async function played(clip) {
    const video = document.body.appendChild(document.createElement("video"));
    Object.assign(video, { muted: true, src: clip.name });
    await video.play();
    await pause(300);
    const frame = new VideoFrame(video);
    const found = { shown: middleOf(video), matrix: frame.colorSpace.matrix };
    frame.close();
    video.remove();
    return found;
  }

  const found = { agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0] };
  try {
    for (const clip of await (await fetch("clips.json")).json()) {
      found[clip.name] = await played(clip);
    }
  } catch (error) {
    found.error = String(error);
  }
  await fetch("/found", { method: "POST", body: JSON.stringify(found) });
</script>
HTML
CHROMIUM=$chromium SVT_LOG=0 PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import functools
import http.server
import json
import os
import queue
import subprocess
import sys
import threading

import av
import numpy as np

RED = (81, 90, 240)  # (254, 0, 0) as BT.601 of limited range, (255, 24, 0) as BT.709
CODECS = {
    "h264": ("libx264", "mp4", {"crf": "1"}),
    "vp8": ("libvpx", "webm", {"b": "4M", "auto-alt-ref": "0"}),
    "vp9": ("libvpx-vp9", "webm", {"crf": "4", "b": "0", "cpu-used": "8"}),
    "av1": ("libsvtav1", "mp4", {"crf": "10", "preset": "12"}),
}


def write(codec, width, height):
    """A clip of one red without a word of colours: its name, and which matrix FFmpeg finds in it."""
    encoder, ending, options = CODECS[codec]
    name = f"{codec}-{height}.{ending}"
    with av.open(name, "w") as container:
        stream = container.add_stream(encoder, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for pts in range(5):
            frame = av.VideoFrame(width, height, "yuv420p")
            for plane, code in zip(frame.planes, RED):
                plane.update(np.full(plane.buffer_size, code, np.uint8).tobytes())
            frame.pts = pts
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(name) as container:
        tag = int(next(container.decode(video=0)).colorspace)
    return {"name": name, "tag": tag}


clips = [write(codec, *size) for codec in CODECS for size in ((640, 360), (1280, 720))]
with open("clips.json", "w") as file:
    json.dump(clips, file)
told = queue.Queue()


class Handler(http.server.SimpleHTTPRequestHandler):
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
    found = told.get(timeout=120)
finally:
    browser.terminate()
    browser.wait()
if "error" in found:
    sys.exit(found["error"])
print(found["agent"], "| av", av.__version__, "| libavcodec", av.library_versions["libavcodec"])


def taken_for(colour):
    """Which matrix a colour shown tells of: BT.601 leaves no green."""
    return "BT.601" if colour[1] < 8 else "BT.709"


seen = {}
for clip in clips:
    each = found[clip["name"]]
    seen[clip["name"].split(".")[0]] = taken_for(each["shown"]), each["matrix"]
    tag = {2: "none", 5: "BT.470BG (of every VP8)"}.get(clip["tag"], clip["tag"])
    print(
        f"{clip['name']}: matrix named {tag}; <video> shows {each['shown']}, {taken_for(each['shown'])}; matrix of its"
        f" VideoFrame: {each['matrix']}"
    )
expected = {
    "h264-360": ("BT.601", "smpte170m"),
    "h264-720": ("BT.709", "bt709"),
    "vp8-360": ("BT.601", "smpte170m"),
    "vp8-720": ("BT.709", "bt709"),
    "vp9-360": ("BT.601", None),
    "vp9-720": ("BT.601", None),
    "av1-360": ("BT.601", None),
    "av1-720": ("BT.601", None),
}
for name in [name for name in expected if seen[name] != expected[name]]:
    print(f"{name}: now {seen[name]}, was {expected[name]}")
sys.exit(0 if seen == expected else 1)
PYTHON
