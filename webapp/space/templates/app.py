"""Starts Impasto where Hugging Face expects a Space: on every interface, port 7860.

It is the same application as `impasto app`; every setting of the README's table can be given as a variable.
"""

import os

os.environ.setdefault("IMPASTO_HOST", "0.0.0.0")
os.environ.setdefault("IMPASTO_PORT", "7860")
os.environ.setdefault("IMPASTO_MODEL", "$model")

from impasto.webapp.hosting.settings import Settings
from impasto.webapp.server.run import serve

if __name__ == "__main__":
    serve(Settings.from_environment())
