#!/usr/bin/env bash
# Guess: a structured OmegaConf config checks what it is merged with against its annotations: size: tuple[int, int] takes
# two whole numbers and nothing else.
# What happens (omegaconf 2.3.1): the kind of the elements is checked, their number is not: one, four and no numbers are
# merged without a word, also through to_object, which makes the dataclass anew; "x" in place of a number raises.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" omegaconf==2.3.1 \
    2>"$folder/log" || { cat "$folder/log"; exit 1; }
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import sys
from dataclasses import dataclass
from importlib.metadata import version

from omegaconf import OmegaConf
from omegaconf.errors import OmegaConfBaseException

print("omegaconf", version("omegaconf"))


@dataclass
class Config:
    size: tuple[int, int] = (512, 288)


def merged(size):
    try:
        return OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(Config), OmegaConf.from_dotlist([f"size={size}"])))
    except OmegaConfBaseException as error:
        return type(error).__name__


found = {size: merged(size) for size in ("[640,360]", "[640]", "[640,360,3,4]", "[]", "[640,x]")}
for size, what in found.items():
    print(f"size={size:15} ->", what)
taken = [len(what.size) for what in found.values() if isinstance(what, Config)]
sys.exit(0 if taken == [2, 1, 4, 0] and found["[640,x]"] == "ValidationError" else 1)
PYTHON
