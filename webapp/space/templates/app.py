"""Starts Impasto where Hugging Face expects a Space: on every interface, port 7860.

It is the same application as `impasto app`; every variable of docs/hosting.md may be set for it.
"""

import os

os.environ.setdefault("IMPASTO_HOST", "0.0.0.0")
os.environ.setdefault("IMPASTO_PORT", "7860")
os.environ.setdefault("IMPASTO_MODEL", "$model")
# A Space is reached through its host's proxies alone, which lie in private networks.
os.environ.setdefault("IMPASTO_TRUSTED_PROXIES", "127.0.0.1,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16")

from impasto.webapp.cli.__main__ import start

if __name__ == "__main__":
    start(["app"])
