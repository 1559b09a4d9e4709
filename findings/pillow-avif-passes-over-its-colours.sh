#!/usr/bin/env bash
# Guess: what Pillow reads from an AVIF looks as in a browser once a profile, where info has one, is applied: how its RGB
# is meant is either in info or sRGB.
# What happens (Pillow 12.3.0, av 18.1.0, Chromium 156): an AVIF may name its colours by three numbers (CICP) and have no
# profile. Pillow goes by the matrix and passes over the other two, so that a picture in Display P3 or HDR cannot be told
# from one in sRGB: a red that Chromium shows as 218 0 51 is 200 40 58, and what is as bright as paper in PQ, which
# Chromium brings to 181 191 180, is 147 149 146. FFmpeg says the numbers. Needs chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    pillow==12.3.0 av==18.1.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const found = { agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0] };
  const pen = new OffscreenCanvas(128, 128).getContext("2d", { willReadFrequently: true });
  try {
    for (const name of [0, 1, 2, 3, 4, 5].map((n) => `${n}.avif`)) {
      const picture = new Image();
      picture.src = name;
      await picture.decode();
      pen.drawImage(picture, 0, 0);
      found[name] = [...pen.getImageData(64, 64, 1, 1).data.slice(0, 3)];
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
import PIL
from PIL import Image

NUMBERS = {"sRGB": (1, 13), "Display P3": (12, 13), "PQ": (9, 16)}  # primaries and curve of ITU-T H.273
REDS = np.full((128, 128, 3), (200, 40, 60), np.uint8)
GREYS = np.full((128, 128, 3), 148, np.uint8)  # in PQ 203 cd/m², the white of paper


def write(name, primaries, curve, rgb):
    """An AVIF as FFmpeg writes it, without a profile."""
    with av.open(name, "w", format="avif") as container:
        stream = container.add_stream("libsvtav1", rate=1, options={"crf": "1", "preset": "8"})
        stream.width, stream.height, stream.pix_fmt = 128, 128, "yuv420p"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 6, primaries, curve, 2
        frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(
            format="yuv420p", src_colorspace=5, dst_colorspace=5, src_color_range=2, dst_color_range=2
        )
        frame.pts = 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def by_pillow(name):
    with Image.open(name) as image:
        return image.convert("RGB").getpixel((64, 64)), sorted(set(image.info) - {"timestamp", "duration"})


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


def by_chromium():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory="."))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/page.html"
    command = [os.environ["CHROMIUM"], "--headless=new", "--no-sandbox", "--user-data-dir=profile", address]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return told.get(timeout=120)
    finally:
        browser.terminate()
        browser.wait()


told = queue.Queue()
pictures = {f"{name}, {what}": (name, rgb) for name in NUMBERS for what, rgb in (("red", REDS), ("grey", GREYS))}
for index, (name, rgb) in enumerate(pictures.values()):
    write(f"{index}.avif", *NUMBERS[name], rgb)
shown = by_chromium()
if "error" in shown:
    sys.exit(shown["error"])
print("Pillow", PIL.__version__, "| av", av.__version__, "|", shown["agent"])
apart = {}
for index, name in enumerate(pictures):
    with av.open(f"{index}.avif") as container:
        frame = next(container.decode(video=0))
    pixel, info = by_pillow(f"{index}.avif")
    said = (int(frame.color_primaries), int(frame.color_trc))
    print(f"{name}: FFmpeg finds {said}; Pillow has {pixel}, in info {info}; Chromium shows {shown[f'{index}.avif']}")
    apart[name] = max(abs(a - b) for a, b in zip(pixel, shown[f"{index}.avif"]))
    if said != NUMBERS[pictures[name][0]] or info:
        sys.exit(1)
same = max(apart["sRGB, red"], apart["sRGB, grey"], apart["Display P3, grey"])
sys.exit(0 if same <= 4 and min(apart["Display P3, red"], apart["PQ, red"], apart["PQ, grey"]) > 15 else 1)
PYTHON
