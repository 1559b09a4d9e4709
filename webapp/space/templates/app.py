"""Starts Impasto where Hugging Face expects a Space: on every interface, port 7860.

It is the same application as `impasto app`; every setting of the README's table can be given as a variable.
"""

import os

os.environ.setdefault("IMPASTO_HOST", "0.0.0.0")
os.environ.setdefault("IMPASTO_PORT", "7860")
os.environ.setdefault("IMPASTO_MODEL", "$model")

import uvicorn

from impasto.webapp.server.app import create_app
from impasto.webapp.server.settings import Settings
from impasto.webapp.studio.blocks import mount_studio

settings = Settings.from_environment(os.environ)

if __name__ == "__main__":
    uvicorn.run(mount_studio(create_app(settings), settings), host=settings.host, port=settings.port)
