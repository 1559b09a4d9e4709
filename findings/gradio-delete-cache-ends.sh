#!/usr/bin/env bash
# Guess: delete_cache=(frequency, age) removes old files for as long as the app runs.
# What happens (gradio 6.31.0): it looks through a set of their names in a thread, while requests add to it. If one does
# so at that moment, "RuntimeError: Set changed size during iteration" ends the task for good: nothing is removed any
# more, and nothing is said until the app stops. A comment in the code warns of that very error.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    gradio==6.31.0 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cat >"$folder/script.py" <<'PYTHON'
import os
import tempfile
from importlib.metadata import version
from pathlib import Path

import gradio as gr
from gradio.route_utils import delete_files_created_by_app

with gr.Blocks(delete_cache=(1, 1)) as blocks:
    gr.File()
names = blocks.temp_file_sets[0]
with tempfile.TemporaryDirectory() as folder:
    for i in range(3):
        (Path(folder) / str(i)).write_text("old")
        names.add(str(Path(folder) / str(i)))
    remove = os.remove

    def while_another_comes_in(file):  # what a request does at any moment, here at one that is certain
        remove(file)
        names.add(str(Path(folder) / "late"))

    os.remove = while_another_comes_in
    try:
        delete_files_created_by_app(blocks, age=-1)
        said = "nothing"
    except RuntimeError as error:
        said = str(error)
    left = len(os.listdir(folder))
print(f"gradio {version('gradio')}: {said}; {left} of 3 old files left")
raise SystemExit(not (said == "Set changed size during iteration" and left == 2))
PYTHON
cd "$folder"
GRADIO_ANALYTICS_ENABLED=False PYTHONPATH="$folder/packages" python3 script.py
