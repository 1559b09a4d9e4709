"""`impasto stylize --ray`: from the command line's options to a cluster."""

from collections.abc import Sequence
from typing import Any

from impasto.export.runtime.painter import Painter
from impasto.models.errors import BadInput
from impasto.webapp.files.clips.span import Span


def on_ray(
    address: str,
    source: str,
    output: str,
    painter: Painter,
    styles: Sequence[Any],
    shares: Sequence[float],
    *,
    size: int | None,
    brush_size: int | None,
    span: Span,
    **shown: Any,
) -> dict:
    """`stylize_on_ray` with the styles and the look that this machine's painter has; the machines open the model by its
    name, or by its folder where it is none that comes along."""
    from impasto.models.store import RELEASED
    from impasto.webapp.cluster.stylize import stylize_on_ray
    from impasto.webapp.cluster.worker import Recipe

    if not span.whole:
        raise BadInput("On a cluster clips are painted whole: leave out --from and --to.")
    model = painter.model
    place = model.name if model.folder.parent == RELEASED else str(model.folder.resolve())
    weights = model.files["frame"]["sha256"]
    settings = {**painter.settings(), "size": size, "brush_size": brush_size}
    recipe = Recipe(place, weights, tuple(styles), tuple(shares), painter.look, size, brush_size, settings)
    return stylize_on_ray(address, source, output, recipe, **shown)
