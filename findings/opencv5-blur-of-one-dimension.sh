#!/usr/bin/env bash
# Guess: code that smooths a one-dimensional NumPy array with OpenCV either works in OpenCV 5 as it did in 4 or raises.
# What happens (opencv-python-headless 5.0.0.93 after 4.12.0.88): a one-dimensional array was a column and is now a row.
# cv2.blur(signal, (1, 3)) smoothed it; now it gives the signal back unchanged, without a word, and (3, 1), which did
# nothing, smooths. What comes back has two axes, (9, 1) before and (1, 9) now, although cv2.normalize of the same array
# now keeps its one.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
install() { python3 -m pip install --quiet --disable-pip-version-check --no-compile --no-deps --target "$@" 2>"$folder/log" || { cat "$folder/log"; exit 1; }; }
install "$folder/numpy" numpy==2.2.6
install "$folder/4" opencv-python-headless==4.12.0.88
install "$folder/5" opencv-python-headless==5.0.0.93
cat >"$folder/blur.py" <<'PYTHON'
import cv2
import numpy as np

signal = np.zeros(9, np.float32)
signal[4] = 3
print("cv2", cv2.__version__, "| numpy", np.__version__)
for size in ((1, 3), (3, 1)):
    found = cv2.blur(signal, size)
    print("blur", size, "->", found.shape, "smoothed" if np.allclose(found.ravel()[3:6], 1) else "unchanged")
print("normalize ->", cv2.normalize(signal, None).shape)
PYTHON
old=$(PYTHONPATH="$folder/4:$folder/numpy" python3 "$folder/blur.py")
new=$(PYTHONPATH="$folder/5:$folder/numpy" python3 "$folder/blur.py")
printf '%s\n\n%s\n' "$old" "$new"
[[ $old == *"(1, 3) -> (9, 1) smoothed"*"(3, 1) -> (9, 1) unchanged"*"normalize -> (9, 1)" ]] &&
    [[ $new == *"(1, 3) -> (1, 9) unchanged"*"(3, 1) -> (1, 9) smoothed"*"normalize -> (9,)" ]]
