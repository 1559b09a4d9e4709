"""Every picture that is to be a style is read alike: upright, 8 bits, on white."""

import struct

import display_p3
import numpy as np
import pytest
from PIL import Image
from pillow_heif import register_heif_opener

from impasto.export.graphs.gallery import build_gallery
from impasto.export.runtime.nclx import stated_colours
from impasto.export.runtime.painter import Painter
from impasto.export.runtime.pictures import decode_picture, read_style_picture
from impasto.export.runtime.tone import WHITE, Transfer, tone_map
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


def stated(path, scene, primaries, curve):
    """A HEIC or AVIF without a profile that says by numbers what its colours are."""
    if path.suffix == ".heic":
        register_heif_opener()
        numbers = {"color_primaries": primaries, "transfer_characteristics": curve, "matrix_coefficients": 6}
        Image.fromarray(scene).save(path, quality=100, chroma="444", full_range_flag=1, **numbers)
    else:
        Image.fromarray(scene).save(path, quality=100, subsampling="4:4:4")
        data = bytearray(path.read_bytes())
        at = data.index(b"nclx") + 4
        data[at : at + 4] = struct.pack(">2H", primaries, curve)
        path.write_bytes(data)
    return path


@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_a_picture_that_names_display_p3_by_number_is_brought_to_srgb(tmp_path, kind):
    scene = np.zeros((64, 96, 3), np.uint8)
    scene[:, :48], scene[:, 48:] = (200, 90, 60), (90, 160, 110)
    read = read_style_picture(stated(tmp_path / f"p.{kind}", scene, 12, 13))
    expected = display_p3.as_srgb(scene)
    for place in (24, 72):
        assert np.abs(read[32, place] - expected[32, place]).max() <= 3
    plain = read_style_picture(stated(tmp_path / f"s.{kind}", scene, 1, 13))
    assert np.abs(plain[32, 24].astype(int) - scene[32, 24]).max() <= 2


@pytest.mark.parametrize("curve", [16, 18])
@pytest.mark.parametrize("kind", ["heic", "avif"])
def test_a_picture_in_hdr_is_brought_to_what_a_screen_shows(tmp_path, kind, curve):
    scene = np.full((64, 64, 3), 148, np.uint8)  # of PQ 203 cd/m² and more
    scene[:, 32:] = 60
    shown = read_style_picture(stated(tmp_path / f"h.{kind}", scene, 9, curve))
    codes = np.round(scene * (WHITE / 255)).astype(np.uint16)
    assert np.abs(shown.astype(int) - tone_map(codes, Transfer(curve)))[:, [8, 56]].max() <= 3


def test_a_file_that_lies_about_its_boxes_states_no_colours(tmp_path):
    data = stated(tmp_path / "p.avif", np.full((32, 32, 3), 90, np.uint8), 12, 13).read_bytes()
    assert stated_colours(data) == (12, 13)
    for name in (b"meta", b"iprp", b"ipco", b"ipma", b"pitm", b"colr"):
        assert stated_colours(data.replace(name, b"none")) is None
    at = data.index(b"ipma")
    assert stated_colours(data[:at] + data[at : at + 8] + b"\xff" * 4 + data[at + 12 :]) in (None, (12, 13))
    for end in range(0, data.index(b"mdat"), 7):
        assert stated_colours(data[:end]) in (None, (12, 13))


def test_a_profile_that_is_broken_does_not_matter(scene, tmp_path):
    Image.fromarray(scene).save(tmp_path / "p.png", icc_profile=display_p3.profile()[:200])
    assert np.array_equal(read_style_picture(tmp_path / "p.png"), scene)


def test_the_builder_of_galleries_and_the_evaluation_read_them_too(layout, tiny_model, monkeypatch):
    file, expected = layout
    shown = {"title": "Painting", "artist": "made by code", "died": 1900, "year": "1899", "scene": "bay"}
    monkeypatch.setattr("impasto.export.graphs.paintings.gallery_index", lambda: {"painting": shown})
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
