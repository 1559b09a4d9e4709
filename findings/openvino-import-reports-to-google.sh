#!/usr/bin/env bash
# Guess: importing a library for inference on one's own processor does nothing but load it; a package "telemetry" beside it
# asks first, or comes into play with the command line's tools, where its question is ("Intel would like your permission").
# What happens (openvino 2026.4.1, openvino-telemetry 2025.2.0): where the home folder is writable, every import makes an
# identifier that stays (~/intel/openvino_ga_cid), counts up, forks the process from a thread, and posts identifier, version, system,
# count and whether it runs in Docker to google-analytics.com. Nobody is asked and nothing is printed; opt_in_out --opt_out ends it
# afterwards. Without network the fork lives for up to 3 s. CI=true, or sys.modules["openvino_telemetry"] = None before the import,
# keep it quiet.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    openvino==2026.4.1 openvino-telemetry==2025.2.0 numpy==2.4.6 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cat > "$folder/imports.py" <<'PYTHON'
import json
import os
import sys
import threading

written = os.open(os.environ["REPORT"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)


def watch(event, args):
    """Writes down forks and requests, also of a forked process, which keeps this hook; no request leaves the machine."""
    if event == "os.fork":
        os.write(written, f"fork from {threading.current_thread().name}\n".encode())
    if event == "urllib.Request":
        sent = json.loads(args[1])
        os.write(written, f"{args[0].split('?')[0]} {sent['client_id']} {sent['events'][0]}\n".encode())
        raise OSError("not sent")


sys.addaudithook(watch)
if os.environ.get("WITHOUT"):
    sys.modules["openvino_telemetry"] = None
import openvino

print("openvino", openvino.__version__)
PYTHON
echo "openvino-telemetry 2025.2.0"
imported() {  # NAME [VARIABLE=VALUE]: an import in a new home folder or the one there is, and what it did
    mkdir -p "$folder/$1"
    env -i PATH="$PATH" HOME="$folder/$1" PYTHONPATH="$folder/packages" REPORT="$folder/$1.txt" "${@:2}" \
        python3 "$folder/imports.py"
    touch "$folder/$1.txt"
    echo "--- $*: requests $(grep -c google-analytics.com "$folder/$1.txt" || true), files in ~: $(cd "$folder/$1" && echo $(find . -type f))"
}
imported plain
imported plain
cat "$folder/plain.txt"
test "$(grep -c '^https://www.google-analytics.com/mp/collect ' "$folder/plain.txt")" = 2
grep -q "^fork from ThreadPoolExecutor" "$folder/plain.txt"
test "$(grep -c "collect $(cat "$folder/plain/intel/openvino_ga_cid") .*general_import" "$folder/plain.txt")" = 2
imported ci CI=true
imported without WITHOUT=1
test ! -s "$folder/ci.txt" && test ! -s "$folder/without.txt" && test ! -e "$folder/ci/intel" && test ! -e "$folder/without/intel"
