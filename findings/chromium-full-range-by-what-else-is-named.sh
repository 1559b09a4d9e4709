#!/usr/bin/env bash
# Guess: a clip that says it is of full range is shown as full range: the range is a field of its own in H.264, VP9 and
# AV1, whatever else they name.
# What happens (Chromium 156, av 18.1.0): it depends on what else is named, and differs by codec. H.264 is full range
# where it names nothing else or all of matrix, primaries and curve; where it names the matrix alone, matrix and range are
# both passed over. VP9 and AV1 are full range where they name the matrix, and limited where they name nothing else: the grey
# 235 is shown as white. FFmpeg reads full range in all nine. Needs chromium.
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
    const found = { shown: middleOf(video), space: frame.colorSpace.toJSON() };
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

GREY = (235, 128, 128)  # 235 in full range, white in limited
NAMES = {"nothing": {}, "matrix": {"matrix": 1}, "all": {"matrix": 1, "primaries": 1, "curve": 1}}  # 1: BT.709
X264 = {"matrix": "colormatrix", "primaries": "colorprim", "curve": "transfer"}
SVT = {"matrix": "matrix-coefficients", "primaries": "color-primaries", "curve": "transfer-characteristics"}


def as_options(codec, names):
    """The encoder's options that make it write full range and what is named besides."""
    if codec == "h264":
        told = ["fullrange=1", *(f"{X264[name]}=bt709" for name in names)]
        return "libx264", "mp4", {"crf": "1", "x264-params": ":".join(told)}
    if codec == "av1":
        told = ["color-range=1", *(f"{SVT[name]}=1" for name in names)]
        return "libsvtav1", "webm", {"crf": "10", "preset": "12", "svtav1-params": ":".join(told)}
    return "libvpx-vp9", "webm", {"crf": "4", "b": "0", "cpu-used": "8"}


def write(codec, named):
    """A clip of one grey in full range: its name, and which range FFmpeg finds in it."""
    encoder, ending, options = as_options(codec, NAMES[named])
    name = f"{codec}-{named}.{ending}"
    with av.open(name, "w") as container:
        stream = container.add_stream(encoder, rate=25, options=options)
        stream.width, stream.height, stream.pix_fmt = 640, 360, "yuv420p"
        context = stream.codec_context
        context.color_range = 2
        for field, own in (("matrix", "colorspace"), ("primaries", "color_primaries"), ("curve", "color_trc")):
            if field in NAMES[named]:
                setattr(context, own, NAMES[named][field])
        for pts in range(5):
            frame = av.VideoFrame(640, 360, "yuv420p")
            for plane, code in zip(frame.planes, GREY):
                plane.update(np.full(plane.buffer_size, code, np.uint8).tobytes())
            frame.pts = pts
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(name) as container:
        frame = next(container.decode(video=0))
        return {"name": name, "range": int(frame.color_range), "matrix": int(frame.colorspace)}


clips = [write(codec, named) for codec in ("h264", "vp9", "av1") for named in NAMES]
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


seen = {}
for clip in clips:
    each = found[clip["name"]]
    space = each["space"]
    seen[clip["name"].split(".")[0]] = "full" if max(each["shown"]) < 245 else "limited"
    print(
        f"{clip['name']}: FFmpeg's range {clip['range']}, matrix {clip['matrix']}; <video> shows {each['shown']}; its"
        f" VideoFrame: full range {space['fullRange']}, matrix {space['matrix']}"
    )
expected = {
    "h264-nothing": "full",
    "h264-matrix": "limited",
    "h264-all": "full",
    "vp9-nothing": "limited",
    "vp9-matrix": "full",
    "vp9-all": "full",
    "av1-nothing": "limited",
    "av1-matrix": "full",
    "av1-all": "full",
}
for name in [name for name in expected if seen[name] != expected[name]]:
    print(f"{name}: now {seen[name]}, was {expected[name]}")
sys.exit(0 if seen == expected and {clip["range"] for clip in clips} == {2} else 1)
PYTHON
