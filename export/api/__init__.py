"""Impasto: any clip, any camera, in the manner of any picture.

    import impasto

    painter = impasto.Painter(style="starry-night")
    painted = painter.paint(frame)  # uint8 RGB [H,W,3] in, the same out
    impasto.stylize("clip.mp4", "painted.mp4", style="painting.jpg")

`Painter` paints frames, `stylize` files; `study` studies a picture for a minute, whose strokes and shapes are then
painted more closely; `BadInput` is what all three raise for anything a person can put right. Each is
loaded when it is first asked for, so that `import impasto` and `impasto --help` are quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from impasto.models.errors import BadInput as BadInput

    from .painter import Painter as Painter
    from .painter import stylize as stylize
    from .studying import study as study

    __version__: str

__all__ = ["BadInput", "Painter", "__version__", "study", "stylize"]

_MODULE_OF = {
    "BadInput": "impasto.models.errors",
    "Painter": "impasto.painter",
    "study": "impasto.studying",
    "stylize": "impasto.painter",
}


def __getattr__(name: str) -> object:
    """Load a public name (PEP 562)."""
    if name == "__version__":
        value: object = import_module("importlib.metadata").version("impasto")
    elif name in _MODULE_OF:
        value = getattr(import_module(_MODULE_OF[name]), name)
    else:
        raise AttributeError(f"module 'impasto' has no attribute {name!r}")
    globals()[name] = value  # the next time it is there
    return value


def __dir__() -> list[str]:
    return sorted(__all__)  # what one is shown in a notebook
