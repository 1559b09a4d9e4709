"""Every picture that is to be a style is read alike: upright, 8 bits, on white."""

import display_p3
import numpy as np
import pytest
from PIL import Image

from impasto.export.graphs.gallery import build_gallery
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.pictures import decode_picture, read_style_picture
from impasto.models.errors import BadInput
from impasto.train.evaluation.evaluate import read_pictures

RIGHT = 6  # EXIF: the camera was turned to the right


def grey(scene):
    return np.asarray(Image.fromarray(scene).convert("L"))


def alpha(scene):
    """From transparent at the left to opaque at the right."""
    return np.broadcast_to(np.linspace(0, 255, scene.shape[1]), scene.shape[:2]).astype(np.uint8)


def on_white(rgb, opacity):
    """The formula, in float64."""
    share = opacity[..., None] / 255
    return np.round(rgb * share + 255 * (1 - share)).astype(np.uint8)


def rgba(scene):
    return Image.fromarray(np.dstack([scene, alpha(scene)])), {}, on_white(scene, alpha(scene))


def grey_and_alpha(scene):
    stored = Image.fromarray(np.dstack([grey(scene), alpha(scene)]))
    return stored, {}, on_white(np.dstack([grey(scene)] * 3), alpha(scene))


def deep_grey(scene):
    return Image.fromarray(grey(scene).astype(np.uint16) * 257), {}, np.dstack([grey(scene)] * 3)


def palette(scene):
    """Colour 0 of the palette is transparent."""
    stored = Image.fromarray(scene).quantize(16)
    opacity = np.where(np.asarray(stored) == 0, 0, 255)
    return stored, {"transparency": 0}, on_white(np.asarray(stored.convert("RGB")), opacity)


def transparent_colour(scene):
    """RGB in which one colour stands for nothing."""
    stored = scene.copy()
    stored[:, :40] = (255, 0, 255)
    expected = stored.copy()
    expected[:, :40] = 255
    return Image.fromarray(stored), {"transparency": (255, 0, 255)}, expected


def turned(scene):
    exif = Image.Exif()
    exif[0x0112] = RIGHT
    return Image.fromarray(scene), {"exif": exif}, np.rot90(scene, -1)


LAYOUTS = [rgba, grey_and_alpha, deep_grey, palette, transparent_colour, turned]


@pytest.fixture(params=LAYOUTS, ids=lambda layout: layout.__name__)
def layout(request, scene, tmp_path):
    """A picture's file in an unusual layout, and what is to be seen of it."""
    stored, options, expected = request.param(scene)
    stored.save(tmp_path / "painting.png", **options)
    return tmp_path / "painting.png", expected


def test_a_file_its_bytes_and_what_comes_over_the_network_are_read_alike(layout):
    file, expected = layout
    for pixels in (
        read_style_picture(file),
        read_style_picture(str(file)),
        read_style_picture(file.read_bytes()),
        decode_picture(file.read_bytes()),
    ):
        assert pixels.dtype == np.uint8
        assert np.abs(pixels.astype(int) - expected).max() <= 1  # Pillow's own rounding of half-transparent greys


def test_cmyk_is_read_as_the_colours_it_prints(scene, tmp_path):
    Image.fromarray(scene).convert("CMYK").save(tmp_path / "p.tif")
    assert np.abs(read_style_picture(tmp_path / "p.tif").astype(int) - scene).max() <= 1


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp"])
def test_a_style_picture_has_the_colours_that_browsers_show(scene, tmp_path, kind):
    """A phone's photograph: its RGB is Display P3's, and P and the page know nothing but sRGB."""
    lossless = {"png": {}, "jpeg": {"quality": 100, "subsampling": 0}, "webp": {"lossless": True}}[kind]
    Image.fromarray(scene).save(tmp_path / f"p.{kind}", icc_profile=display_p3.profile(), **lossless)
    expected = display_p3.as_srgb(scene)
    assert np.abs(expected - scene).max() > 20
    for read in (read_style_picture(tmp_path / f"p.{kind}"), decode_picture((tmp_path / f"p.{kind}").read_bytes())):
        assert np.abs(read - expected).mean() <= (1 if kind == "jpeg" else 0.6)
        assert kind == "jpeg" or np.abs(read - expected).max() <= 3


def test_a_profile_that_is_broken_does_not_matter(scene, tmp_path):
    Image.fromarray(scene).save(tmp_path / "p.png", icc_profile=display_p3.profile()[:200])
    assert np.array_equal(read_style_picture(tmp_path / "p.png"), scene)


def test_the_builder_of_galleries_and_the_evaluation_read_them_too(layout, tiny_model, monkeypatch):
    file, expected = layout
    shown = {"title": "Painting", "artist": "made by code", "died": 1900, "year": "1899", "scene": "bay"}
    monkeypatch.setattr("impasto.export.graphs.gallery.gallery_index", lambda: {"painting": shown})
    encode = Painter(tiny_model).encode
    built = build_gallery(encode, file.parent)
    np.testing.assert_allclose(built["painting"]["style"], encode(np.ascontiguousarray(expected)), atol=0.02)
    assert np.abs(read_pictures(file.parent)["painting"].astype(int) - expected).max() <= 1


def test_pixels_may_have_an_alpha_channel(scene):
    pixels = np.dstack([scene, alpha(scene)])
    assert np.array_equal(read_style_picture(pixels), on_white(scene, alpha(scene)))
    assert np.array_equal(read_style_picture(scene), scene)


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_other_pixels_are_refused_in_a_sentence(pixels):
    with pytest.raises(BadInput, match="RGB or RGBA with 8 bits a channel"):
        read_style_picture(pixels)


def test_only_what_browsers_send_is_taken_from_the_network(scene, tmp_path):
    Image.fromarray(scene).save(tmp_path / "p.tif")
    with pytest.raises(BadInput, match="This is not a picture that can be read"):
        decode_picture((tmp_path / "p.tif").read_bytes())
    assert np.array_equal(read_style_picture((tmp_path / "p.tif").read_bytes()), scene)


def test_what_is_no_picture_is_named(tmp_path):
    with pytest.raises(BadInput, match="There is no file"):
        read_style_picture(tmp_path / "none.png")
    with pytest.raises(BadInput, match="is a folder"):
        read_style_picture(tmp_path)
    (tmp_path / "letter.png").write_text("dear diary")
    with pytest.raises(BadInput, match=r"letter\.png is not a picture"):
        read_style_picture(tmp_path / "letter.png")
