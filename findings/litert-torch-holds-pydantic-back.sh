#!/usr/bin/env bash
# Guess: a converter of neural networks can be installed beside a web framework; at most their NumPy has to fit.
# What happens (litert-torch 0.10.0, ai-edge-litert 2.3.0): it asks for ai-edge-litert[model-utils], that for exactly
# xdsl 0.28.0, and that for typing-extensions below 4.13, which pydantic 2.12 and later refuse. pip finds
# no way with pydantic 2.14.4; unpinned, it silently goes back to pydantic 2.11. Without [model-utils] it installs.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
try() { "$folder/env/bin/python" -m pip install --quiet --disable-pip-version-check --dry-run --report - "$@" 2>"$folder/log"; }
versions() { python3 -c 'import json, sys
names = "ai-edge-litert xdsl typing_extensions pydantic".split()
found = {i["metadata"]["name"]: i["metadata"]["version"] for i in json.load(sys.stdin)["install"]}
print(*(f"{name} {found[name]}" for name in names if name in found), sep=", ")'; }
if try 'ai-edge-litert[model-utils]==2.3.0' pydantic==2.14.4 >"$folder/report"; then
    echo "with pydantic 2.14.4: installs"
    exit 1
fi
echo "with pydantic 2.14.4:"
grep '^ERROR: [CR]' "$folder/log"
grep -q ResolutionImpossible "$folder/log"
plain=$(try ai-edge-litert==2.3.0 pydantic==2.14.4 | versions)
unpinned=$(try 'ai-edge-litert[model-utils]==2.3.0' pydantic | versions)
printf 'without [model-utils]: %s\npydantic unpinned: %s\n' "$plain" "$unpinned"
[[ $plain == *"pydantic 2.14.4"* && $unpinned == *"xdsl 0.28.0"*"pydantic 2.11."* ]]
