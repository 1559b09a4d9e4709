"""Starts Impasto where Hugging Face expects a Space: on every interface, port 7860.

It is the same application as `impasto app`; every variable of docs/hosting.md may be set for it.
"""

import os

os.environ.setdefault("IMPASTO_HOST", "0.0.0.0")
os.environ.setdefault("IMPASTO_PORT", "7860")
os.environ.setdefault("IMPASTO_MODEL", "$model")

from impasto.webapp.cli.main import main

if __name__ == "__main__":
    main(["app"])
