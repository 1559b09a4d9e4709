#!/usr/bin/env bash
# Guess: an animation of RGBA pictures saved as WebP is RGBA when it is read again; transparent stays transparent.
# What happens (Pillow 12.3.0, opencv-python-headless 5.0.0.93, Chromium 156): where what is not transparent is a rectangle
# in every picture, such as photographs of different shapes on one canvas, libwebp stores those rectangles alone, which are
# opaque, and sets no flag for transparency. Browsers show the bare canvas as transparent; Pillow and OpenCV go by the
# flag and give opaque black, also for what they saved themselves. One half-transparent pixel, and all is well. Needs
# chromium.
set -euo pipefail
chromium=$(command -v chromium || command -v chromium-browser || command -v google-chrome)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    pillow==12.3.0 opencv-python-headless==5.0.0.93 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
cat >page.html <<'HTML'
<!doctype html>
<script type="module">
  const found = { agent: navigator.userAgent.match(/Chrome\/[\d.]+/)[0] };
  try {
    for (const name of ["rectangles.webp", "softer.webp"]) {
      const picture = new Image();
      picture.src = name;
      await picture.decode();
      const pen = new OffscreenCanvas(48, 32).getContext("2d");
      pen.drawImage(picture, 0, 0);
      found[name] = [...pen.getImageData(2, 2, 1, 1).data];
    }
  } catch (error) {
    found.error = String(error);
  }
  await fetch("/found", { method: "POST", body: JSON.stringify(found) });
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

import cv2
import numpy as np
import PIL
from PIL import Image

NAMES = ("rectangles.webp", "softer.webp")


def save(name, softer):
    """A red rectangle that moves over a transparent canvas; softer: one of its pixels is half transparent."""
    pictures = []
    for left in (4, 18, 32):
        pixels = np.zeros((32, 48, 4), np.uint8)
        pixels[8:24, left : left + 12] = (200, 30, 60, 255)
        pixels[8, left, 3] -= 128 * softer
        pictures.append(Image.fromarray(pixels))
    pictures[0].save(name, save_all=True, append_images=pictures[1:], duration=500, lossless=True)


def corners(name):
    """A transparent place as Pillow and OpenCV have it."""
    with Image.open(name) as image:
        mode, by_pillow = image.mode, image.convert("RGBA").getpixel((2, 2))
    _, animation = cv2.imreadanimation(name)
    return {"mode": mode, "Pillow": list(by_pillow), "OpenCV": animation.frames[0][2, 2].tolist()}


class Handler(http.server.SimpleHTTPRequestHandler):
    def do_POST(self):
        told.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_):
        pass


told = queue.Queue()
for softer, name in enumerate(NAMES):
    save(name, softer)
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory="."))
threading.Thread(target=server.serve_forever, daemon=True).start()
address = f"http://127.0.0.1:{server.server_address[1]}/page.html"
command = [os.environ["CHROMIUM"], "--headless=new", "--no-sandbox", "--user-data-dir=profile", address]
browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
try:
    shown = told.get(timeout=120)
finally:
    browser.terminate()
    browser.wait()
if "error" in shown:
    sys.exit(shown["error"])
print("Pillow", PIL.__version__, "| OpenCV", cv2.__version__, "|", shown["agent"])
for name in NAMES:
    print(f"{name}, a transparent place:", corners(name), "Chromium", shown[name])
rectangles, softer = map(corners, NAMES)
black = (rectangles["mode"], rectangles["Pillow"], rectangles["OpenCV"]) == ("RGB", [0, 0, 0, 255], [0, 0, 0])
clear = softer["Pillow"][3] == softer["OpenCV"][3] == 0
sys.exit(0 if black and clear and shown[NAMES[0]][3] == shown[NAMES[1]][3] == 0 else 1)
PYTHON
