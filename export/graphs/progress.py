"""How far the making of a model has come. From outside: `Progress`, `untold`."""

from collections.abc import Callable

# Called before each part with how many are done, of how many, and what comes now, "painting tiger".
Progress = Callable[[int, int, str], None]


def untold(done: int, total: int, what: str) -> None:
    """Progress that nobody is shown."""
