"""Pictures of every colour layout, read right and written back in kind."""

import numpy as np
import pillow_heif
import pytest
from PIL import Image, ImageCms

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.pictures import Picture, flatten, image_header, read_image, resize, write_image
from impasto.webapp.files.stylize import stylize_path

ORIENTED = {  # EXIF orientation → how the stored pixels become upright
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.transpose(1, 0, 2),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: np.rot90(a, 2).transpose(1, 0, 2),
    8: lambda a: np.rot90(a, 1),
}


@pytest.fixture
def picture(media):
    return media.scene(40, 28, 0)


@pytest.mark.parametrize("orientation", ORIENTED)
def test_exif_orientation_is_applied(tmp_path, picture, orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(picture).save(tmp_path / "p.png", exif=exif)
    assert np.array_equal(read_image(tmp_path / "p.png").rgb, ORIENTED[orientation](picture))


def test_layouts_become_8_bit_rgb(tmp_path, picture):
    image = Image.fromarray(picture)
    cases = {
        "grey.png": (image.convert("L"), np.asarray(image.convert("L"))[..., None].repeat(3, -1)),
        "palette.png": (image.quantize(64), np.asarray(image.quantize(64).convert("RGB"))),
        "bits.png": (image.convert("1"), np.asarray(image.convert("1"))[..., None].repeat(3, -1) * np.uint8(255)),
        "plain.bmp": (image, picture),
        "plain.tif": (image, picture),
        "plain.webp": (image, picture),
    }
    for name, (stored, expected) in cases.items():
        stored.save(tmp_path / name, **({"lossless": True} if name.endswith("webp") else {}))
        read = read_image(tmp_path / name)
        assert np.array_equal(read.rgb, expected), name
        assert read.alpha is None, name


@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_16_bit_grey_is_scaled_not_clipped(tmp_path, suffix):
    deep = np.linspace(0, 65535, 300).astype(np.uint16).reshape(10, 30)
    Image.fromarray(deep).save(tmp_path / f"p.{suffix}")
    read = read_image(tmp_path / f"p.{suffix}").rgb
    assert np.abs(read - deep[..., None] / 257).max() <= 0.51


def test_cmyk_follows_the_plain_formula_without_a_profile(tmp_path):
    inks = np.random.default_rng(0).integers(0, 256, (8, 8, 4), dtype=np.uint8)
    Image.fromarray(inks, "CMYK").save(tmp_path / "p.tif")
    expected = (255 - inks[..., :3].astype(float)) * (255 - inks[..., 3:].astype(float)) / 255
    assert np.abs(read_image(tmp_path / "p.tif").rgb - expected).max() <= 1.01


@pytest.mark.parametrize("suffix", ["png", "webp"])
def test_transparency_passes_through(tmp_path, picture, suffix):
    alpha = np.linspace(0, 255, picture[..., 0].size).reshape(picture.shape[:2]).astype(np.uint8)
    path = tmp_path / f"p.{suffix}"
    write_image(path, Picture(picture, alpha))
    read = read_image(path)
    assert np.array_equal(read.alpha, alpha)
    assert np.abs(read.rgb.astype(int) - picture).mean() <= (0 if suffix == "png" else 3)


def test_palette_transparency_counts(tmp_path):
    image = Image.new("P", (4, 2))
    image.putpalette([255, 0, 0, 0, 0, 255])
    image.putdata([0, 1] * 4)
    image.save(tmp_path / "p.png", transparency=0)
    assert np.array_equal(read_image(tmp_path / "p.png").alpha, [[0, 255] * 2] * 2)


def test_jpeg_gets_transparency_on_white(tmp_path):
    rgb = np.full((16, 16, 3), (200, 0, 0), np.uint8)
    alpha = np.full((16, 16), 51, np.uint8)  # a fifth
    write_image(tmp_path / "p.jpg", Picture(rgb, alpha))
    read = read_image(tmp_path / "p.jpg")
    assert read.alpha is None
    assert np.abs(read.rgb.astype(int) - (244, 204, 204)).max() <= 2
    assert np.array_equal(flatten(Picture(rgb, alpha))[0, 0], (244, 204, 204))


@pytest.mark.parametrize(
    ("name", "format"), [("p.jpg", "JPEG"), ("p.JPEG", "JPEG"), ("p.png", "PNG"), ("p.webp", "WEBP")]
)
def test_the_extension_names_the_format_and_the_profile_stays(tmp_path, picture, name, format):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    write_image(tmp_path / name, Picture(picture, None, icc))
    with Image.open(tmp_path / name) as image:
        assert image.format == format
        assert image.info["icc_profile"] == icc
    read = read_image(tmp_path / name)
    assert read.icc == icc
    error = (read.rgb.astype(float) - picture) ** 2
    assert 10 * np.log10(255**2 / max(error.mean(), 1e-9)) > 34


def test_the_pixel_limit_looks_at_the_header_alone(tmp_path, media):
    path = media.png_header(tmp_path / "huge.png", 20_000, 20_000)
    for look in (read_image, image_header):
        with pytest.raises(BadInput, match=r"scale it down first"):
            look(path)
    path = media.png_header(tmp_path / "large.png", 9_000, 9_000)
    with pytest.raises(BadInput, match=r"9000x9000 pixels, more than the 64,000,000"):
        read_image(path)


def test_a_header_gives_format_size_and_frames(tmp_path, picture):
    Image.fromarray(picture).save(tmp_path / "p.jpg")
    header = image_header(tmp_path / "p.jpg")
    assert (header.format, header.width, header.height, header.frames) == ("JPEG", 40, 28, 1)
    (tmp_path / "t.jpg").write_text("not a picture")
    assert image_header(tmp_path / "t.jpg") is None


def test_damage_is_said_in_a_sentence(tmp_path, picture):
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    for name in ("p.jpg", "p.png", "p.webp"):
        Image.fromarray(noise).save(tmp_path / name)
        data = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(data[: len(data) // 2])
        with pytest.raises(BadInput, match=r"is damaged"):
            read_image(tmp_path / name)
    (tmp_path / "t.png").write_text("not a picture")
    with pytest.raises(BadInput, match=r"not a picture"):
        read_image(tmp_path / "t.png")


def test_resize_averages_down_and_leaves_the_same_size_alone():
    noise = np.random.default_rng(0).integers(0, 256, (32, 48, 3), dtype=np.uint8)
    assert np.abs(resize(noise, (12, 8)) - noise.reshape(8, 4, 12, 4, 3).mean((1, 3))).max() <= 0.51
    assert resize(noise, (48, 32)) is noise
    assert resize(noise, (96, 64)).shape == (64, 96, 3)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L", "LA", "P", "1", "CMYK", "I;16"])
def test_reading_in_bands_is_reading_at_once(tmp_path, monkeypatch, mode):
    values = np.random.default_rng(2).integers(0, 256, (37, 11, 4), np.uint8)
    image = (
        Image.fromarray(values).convert(mode) if mode != "I;16" else Image.fromarray(values[..., 0] * np.uint16(257))
    )
    path = tmp_path / ("p.tif" if mode == "CMYK" else "p.png")
    image.save(path)
    whole = read_image(path)
    monkeypatch.setattr("impasto.export.runtime.pictures._BAND", 50)
    banded = read_image(path)
    np.testing.assert_array_equal(banded.rgb, whole.rgb)
    np.testing.assert_array_equal(banded.alpha, whole.alpha)
    with Image.open(path) as opened:
        if mode not in ("CMYK", "I;16"):
            np.testing.assert_array_equal(banded.rgb, np.asarray(opened.convert("RGBA"))[..., :3])


def test_flattening_in_bands_is_flattening_at_once(monkeypatch):
    rng = np.random.default_rng(1)
    picture = Picture(rng.integers(0, 256, (37, 11, 3), np.uint8), rng.integers(0, 256, (37, 11), np.uint8))
    whole = flatten(picture)
    monkeypatch.setattr("impasto.export.runtime.pictures._BAND", 50)
    np.testing.assert_array_equal(flatten(picture), whole)
    share = picture.alpha[..., None] / 255
    assert np.abs(whole - (picture.rgb * share + 255 * (1 - share))).max() <= 0.501


def save_heic(path, picture, **options):
    pillow_heif.register_heif_opener()
    Image.fromarray(picture).save(path, format="HEIF", quality=-1, chroma="444", matrix_coefficients=0, **options)
    return path


@pytest.mark.parametrize("orientation", ORIENTED)
def test_heic_is_read_whole_and_upright(tmp_path, media, orientation):
    picture = media.scene(96, 64, 0)
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save_heic(tmp_path / "p.heic", picture, exif=exif.tobytes())
    assert image_header(path).format == "HEIF"
    assert np.abs(read_image(path).rgb.astype(int) - ORIENTED[orientation](picture)).max() <= 3


@pytest.mark.parametrize("name", ["p.heic", "p.mov", "p.mp4", "p.avif"])
def test_a_heic_is_never_painted_as_a_clip(tmp_path, media, painter, name):
    path = save_heic(tmp_path / name, media.scene(96, 64, 0))
    with pytest.raises(BadInput, match="must end in one of"):
        stylize_path(path, tmp_path / "o.mp4", painter)
    with pytest.raises(BadInput, match=r"is a picture \(HEIC\), not a video"):
        probe(path)
    summary = stylize_path(path, tmp_path / "o.png", painter)
    assert (summary["kind"], summary["width"], summary["height"]) == ("image", 96, 64)
    (tmp_path / "in").mkdir()
    path.rename(tmp_path / "in" / name)
    (painted,) = stylize_path(tmp_path / "in", tmp_path / "out", painter)["painted"]
    assert (painted["kind"], painted["width"]) == ("image", 96)


UNREADABLE = {
    "JPEG XL": [b"\xff\x0a\x00", b"\0\0\0\x0cJXL \r\n\x87\n"],
    "HEIC": [b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", b"\0\0\0\x18ftyphevc\0\0\0\0msf1hevc"],
    "HEIF": [b"\0\0\0\x18ftypmif1\0\0\0\0mif1miaf"],
    "AVIF": [b"\0\0\0\x18ftypavif\0\0\0\0mif1avif"],
    "raw photograph": [b"\0\0\0\x18ftypcrx \0\0\0\1crx isom"],
    "JPEG 2000": [b"\0\0\0\x0cjP  \r\n\x87\n"],
    "TIFF": [b"II*\0\x08\0\0\0\x01\0\x06\x01\x03\0\x01\0\0\0\x63\0\0\0\0\0\0\0"],
    "Photoshop": [b"8BPS\0\1"],
}


@pytest.mark.parametrize(("kind", "start"), [(kind, start) for kind, starts in UNREADABLE.items() for start in starts])
@pytest.mark.parametrize("name", ["p.dat", "p.mp4", "p.jpg"])
def test_a_picture_that_cannot_be_read_is_named_as_one(tmp_path, painter, kind, start, name):
    (tmp_path / name).write_bytes(start + bytes(range(256)) * 8)
    for read in (
        lambda path: stylize_path(path, tmp_path / "o.png", painter),
        lambda path: stylize_path(path, tmp_path / "o.mp4", painter),
        read_image,
        probe,
    ):
        with pytest.raises(BadInput, match=rf"is a picture \({kind}\)|kind of {kind}") as caught:
            read(tmp_path / name)
        assert read is probe or "JPEG or PNG" in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_decoder_that_refuses_a_kind_of_avif_is_said_in_words(tmp_path, media, painter, monkeypatch):
    Image.fromarray(media.scene(64, 48, 0)).save(tmp_path / "p.avif")

    def load(image):
        raise RuntimeError("Failed to decode frame 0: Unsupported matrix coefficients")

    monkeypatch.setattr("PIL.AvifImagePlugin.AvifImageFile.load", load)
    with pytest.raises(BadInput, match="a kind of AVIF that cannot be decoded; save it as JPEG or PNG"):
        stylize_path(tmp_path / "p.avif", tmp_path / "o.png", painter)


def test_cielab_tiffs_are_read(tmp_path):
    """L* 100 is white, and L* 53.24 sRGB's grey 127."""
    lab = np.zeros((8, 8, 3), np.uint8)
    lab[:4] = (255, 0, 0)  # white
    lab[4:] = (round(53.24 * 2.55), 0, 0)  # the grey of that lightness
    Image.frombytes("LAB", (8, 8), lab.tobytes()).save(tmp_path / "p.tif")
    read = read_image(tmp_path / "p.tif").rgb
    assert np.abs(read[0, 0].astype(int) - 255).max() <= 1
    assert np.abs(read[7, 7].astype(int) - 127).max() <= 3


def test_an_animation_is_not_sent_from_clips_to_pictures_and_back(tmp_path):
    still = Image.new("RGB", (64, 48))
    still.save(tmp_path / "still.gif")
    still.save(tmp_path / "moving.gif", save_all=True, append_images=[Image.new("RGB", (64, 48), "red")])
    with pytest.raises(BadInput, match=r"is a picture \(GIF\), not a video; paint it as a picture\.$"):
        probe(tmp_path / "still.gif")
    with pytest.raises(BadInput, match=r"is an animation \(GIF\), not a video; save it as an MP4\.$"):
        probe(tmp_path / "moving.gif")
