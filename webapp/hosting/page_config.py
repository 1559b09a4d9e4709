"""`config.json` beside the live page: what the place that serves it offers.

From outside: `page_config`, `VGG`, where the page finds the weights by which it studies, relative to itself.
"""

from impasto.export.runtime.model import Model, sha256
from impasto.export.runtime.study_rules import study_rules
from impasto.models.errors import BadInput
from impasto.models.store import VGG as FOLDER
from impasto.models.store import vgg_file

VGG = f"models/{FOLDER.name}/"  # a folder


def page_config(model: Model, server: dict | None) -> dict:
    """What `config.json` says. `server`: "socket" and "studio", as the page's `PageConfig` has them, or None."""
    return {"models": [model.name], "server": server, "study": _study(model)}


def _study(model: Model) -> dict | None:
    """What the page studies with: `vgg`, as `model.json` lists files, and the `rules`; None where something lacks."""
    try:
        file = vgg_file()
    except BadInput:
        return None
    if not {"study", "study_content", "study_painting"} <= set(model.files):
        return None
    vgg = {"file": VGG + file.name, "bytes": file.stat().st_size, "sha256": sha256(file)}
    return {"vgg": vgg, "rules": study_rules()}
