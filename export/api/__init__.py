"""Impasto: any clip, any camera, in the manner of any picture."""

from importlib import metadata

__version__ = metadata.version("impasto")
