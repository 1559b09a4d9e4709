"""What the page for files has to know before anything is chosen: /studio/config, /studio/styles/NAME,
/studio/paintings/NAME.

From outside: `add_page_routes`.
"""

from pathlib import Path

import numpy as np
from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse

from impasto.export.runtime.sample import picture
from impasto.models.errors import BadInput
from impasto.models.rules import STYLES_AT_ONCE
from impasto.webapp.files.brush_size import BRUSH_SIZES, DEFAULT
from impasto.webapp.files.demo import demo_clip
from impasto.webapp.files.job import CLIP_SHORT_SIDE, IMAGE_SHORT_SIDE
from impasto.webapp.files.pictures import Picture, write_image

from . import limits
from .api_words import endpoints
from .jobs import duration
from .painting import PaintOptions, Studio, StyleChoice
from .studying import study_seconds

CLIP_SIZES = [240, 360, 480, 720, 1080]
PICTURE_SIZES = [480, 720, 1080, 1440]
_SMALL = (180, 240)  # height and width of the small pictures painted where a style brings none


def add_page_routes(router: APIRouter, studio: Studio) -> None:
    previews, paintings = style_pictures(studio), style_paintings(studio)
    config = page_facts(studio)

    @router.get("/config")
    async def studio_config():
        return config

    @router.get("/styles/{name}")
    async def style_picture(name: str):
        if name not in previews:
            raise HTTPException(404, "There is no such style here.")
        return FileResponse(previews[name], headers={"Cache-Control": "public, max-age=3600"})

    @router.get("/paintings/{name}")
    async def style_painting(name: str):
        if name not in paintings:
            raise HTTPException(404, "There is no such painting here.")
        return FileResponse(paintings[name], headers={"Cache-Control": "public, max-age=3600"})


def style_paintings(studio: Studio) -> dict[str, Path]:
    """The small pictures of the paintings behind built-in styles, of those that the model has."""
    files = {name: studio.model.folder / entry.get("painting", "") for name, entry in studio.gallery.items()}
    return {name: file for name, file in files.items() if file.is_file()}


def style_pictures(studio: Studio) -> dict[str, Path]:
    """A small picture of each built-in style; painted here where the model has none."""
    scene = (picture(*_SMALL) * 255).astype(np.uint8)
    folder = studio.folders.root / "styles"
    folder.mkdir()
    shown = {}
    for name, entry in studio.gallery.items():
        file = studio.model.folder / entry.get("preview", "")
        if not file.is_file():
            file = folder / f"{name}.webp"
            painted = studio.painter(PaintOptions((StyleChoice(name),), stability=0.0)).paint(scene)
            write_image(file, Picture(painted))
        shown[name] = file
    return shown


def page_facts(studio: Studio) -> dict:
    """What the page has to know: styles, limits in numbers and words, what may be chosen."""
    settings = studio.settings
    paintings = style_paintings(studio)
    megabytes, longest = f"{settings.upload_mb:g} MB", duration(settings.clip_seconds)
    return {
        "styles": [
            {
                "name": name,
                "title": entry["title"],
                "by": ", ".join(filter(None, [entry.get("artist", ""), str(entry.get("year", ""))])),
                "painting": name in paintings,
            }
            for name, entry in studio.gallery.items()
        ],
        "styles_at_once": STYLES_AT_ONCE,
        "pictures_at_once": limits.MAX_PICTURES,
        "upload_bytes": round(settings.upload_mb * 1e6),
        "clip_limits": f"Up to {megabytes}. Of a clip longer than {longest} you choose the part that is painted.",
        "picture_limits": f"Up to {limits.MAX_PICTURES} at once, {megabytes} each; animated GIFs, too.",
        "jobs_at_once": settings.jobs_per_client,
        "kept": f"until you remove it here, or for {duration(settings.keep_minutes * 60)}",
        "grace": duration(settings.grace_minutes * 60),
        "brushes": BRUSH_SIZES,
        "brush": BRUSH_SIZES[DEFAULT],
        "clip_sizes": CLIP_SIZES,
        "picture_sizes": PICTURE_SIZES,
        "clip_size": CLIP_SHORT_SIDE,
        "picture_size": IMAGE_SHORT_SIDE,
        "study_seconds": study_seconds(studio),
        "steady": bool(studio.model.state),
        "example": _has_example(),
        "api": endpoints(list(studio.gallery)),
        "model": {"name": studio.model.name, "licence": studio.model.licence},
    }


def _has_example() -> bool:
    try:
        demo_clip()
    except BadInput:  # the clip comes with a package of its own
        return False
    return True
