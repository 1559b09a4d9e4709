#!/usr/bin/env bash
# Guess: extra="forbid" in pydantic-settings finds a misspelt setting wherever it is written: what begins with the prefix
# and is no field is refused.
# What happens (pydantic-settings 2.16.3): of three places it sees two. APP_PROT=9000 (for APP_PORT) in the .env file and
# prot=9000 as an argument raise; as a variable of the environment, where a container gets it, it is passed over without a
# word and the default holds. In turn a line of .env without the prefix, meant for another program, raises.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m pip install --quiet --disable-pip-version-check --no-compile --target "$folder/packages" \
    pydantic-settings==2.16.3 pydantic==2.14.4 2>"$folder/log" || { cat "$folder/log"; exit 1; }
cd "$folder"
PYTHONPATH="$folder/packages" python3 - <<'PYTHON'
import os
import sys
from pathlib import Path

import pydantic
import pydantic_settings
from pydantic_settings import BaseSettings, SettingsConfigDict

print("pydantic-settings", pydantic_settings.__version__, "| pydantic", pydantic.VERSION)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="APP_", env_file=".env", extra="forbid")
    port: int = 7860


def read(file="", **given):
    Path(".env").write_text(file)
    try:
        return Settings(**given).port
    except pydantic.ValidationError as error:
        return "refused: " + error.errors()[0]["type"]


found = {"argument prot=9000": read(prot=9000), ".env: APP_PROT=9000": read("APP_PROT=9000\n")}
found[".env: OTHER=1"] = read("OTHER=1\n")
os.environ["APP_PROT"] = "9000"
found["environment: APP_PROT=9000"] = read()
for where, what in found.items():
    print(f"{where:27} ->", what)
refused = "refused: extra_forbidden"
sys.exit(0 if list(found.values()) == [refused, refused, refused, 7860] else 1)
PYTHON
