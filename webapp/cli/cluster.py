"""`impasto stylize --ray`: from the command line's options to a cluster."""

from collections.abc import Sequence
from typing import Any

from impasto.export.runtime.painter import Painter
from impasto.export.runtime.person import PersonPainter, painters_of
from impasto.models.errors import BadInput
from impasto.webapp.files.clips.span import Span


def on_ray(
    address: str,
    source: str,
    output: str,
    painter: Painter | PersonPainter,
    styles: tuple[Sequence[Any], Sequence[float]],
    background: tuple[Sequence[Any], Sequence[float]],
    *,
    size: int | None,
    brush_size: int | None,
    span: Span,
    **shown: Any,
) -> dict:
    """`stylize_on_ray` with the styles and the look that this machine's painter has, and those of the background, both
    with their weights; the machines open the model by its name, or by its folder where it is none that comes along."""
    from impasto.models.store import RELEASED
    from impasto.webapp.cluster.stylize import stylize_on_ray
    from impasto.webapp.cluster.worker import Recipe

    if not span.whole:
        raise BadInput("On a cluster clips are painted whole: leave out --from and --to.")
    first = painters_of(painter)[0]
    model = first.model
    place = model.name if model.folder.parent == RELEASED else str(model.folder.resolve())
    settings = {**painter.settings(), "size": size, "brush_size": brush_size}
    only = painter.only if isinstance(painter, PersonPainter) else None
    (pictures, shares), (behind, behind_shares) = styles, background
    recipe = Recipe(
        place, model.files["frame"]["sha256"], tuple(pictures), tuple(shares), first.look, size, brush_size, settings,
        only=only, background=tuple(behind), background_shares=tuple(behind_shares),
    )  # fmt: skip
    return stylize_on_ray(address, source, output, recipe, **shown)
