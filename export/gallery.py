"""The built-in styles of a model: style vectors of public-domain paintings, without the pictures themselves."""

import json
from importlib.resources import files
from pathlib import Path

import cv2
import numpy as np

from impasto.models.errors import BadInput


def gallery_index() -> dict[str, dict]:
    """Name → {"file": stem of the picture, "title", "artist", "year"} of every built-in style."""
    return json.loads((files("impasto.models") / "gallery_index.json").read_text("utf-8"))


def build_gallery(encode, folder: Path) -> dict[str, dict]:
    """Encode the paintings of the index found in `folder`; `encode` turns RGB uint8 [H,W,3] into S.

    Returns name → {"title", "artist", "year", "style": S}. Raises BadInput when a painting is missing.
    """
    gallery = {}
    for name, entry in gallery_index().items():
        found = sorted(p for p in Path(folder).glob(f"{entry['file']}.*") if p.suffix.lower() != ".json")
        pixels = cv2.imread(str(found[0]), cv2.IMREAD_COLOR) if found else None
        if pixels is None:
            raise BadInput(f"{folder} holds no picture {entry['file']}.jpg (or .png, .webp) of {entry['title']}.")
        style = np.asarray(encode(np.ascontiguousarray(pixels[:, :, ::-1])), np.float32).ravel()
        gallery[name] = {**{k: entry[k] for k in ("title", "artist", "year")}, "style": style}
    return gallery


def published_gallery() -> dict[str, dict]:
    """The style vectors of the index for the published networks, which come without their own."""
    return json.loads((files("impasto.models") / "published_gallery.json").read_text("utf-8"))


def torch_encoder(p):
    """P as a function from RGB uint8 [H,W,3] to S, for building a gallery before anything is exported."""
    import torch

    from impasto.models.predictor import SIDE

    from .styles import square

    @torch.no_grad()
    def encode(image: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy(square(image, SIDE)).permute(2, 0, 1)[None].float() / 255
        return p(pixels)[0].numpy()

    return encode
