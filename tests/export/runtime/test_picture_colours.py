"""What pictures say of their colours: by PNG's chunks, by numbers, by ICC profiles; beside formulas in float64."""

import struct

import cv2
import display_p3
import numpy as np
import odd_pictures as odd
import pillow_heif
import pytest
from PIL import Image, ImageCms, ImageOps

from impasto.export.runtime.pictures import read_image, read_style_picture
from impasto.export.runtime.tone import WHITE, Transfer, tone_map
from impasto.webapp.files.animation import read_animation

PATCHES = [(200, 90, 60), (90, 160, 110), (60, 60, 200), (128, 128, 128), (20, 20, 20), (240, 230, 120), (180, 30, 150)]
SRGB_XY = (0.3127, 0.3290, 0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
P3_XY = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
# CSS Color 4's, in the light of D50
BT2020 = [(0.67349, 0.27904, -0.00193), (0.16567, 0.67534, 0.02998), (0.12508, 0.04561, 0.79686)]


def power(exponent):
    return lambda code: code**exponent


@pytest.fixture
def patches():
    return np.repeat(np.repeat(np.array(PATCHES, np.uint8)[None], 16, 0), 16, 1)


def as_it_is(rgb):
    return rgb


def in_p3(rgb):
    return odd.as_srgb(rgb, odd.P3)


CHUNKS = {
    "a gamma of 1": ([odd.gamma(1)], lambda rgb: odd.as_srgb(rgb, light=power(1))),
    "of 1/1.8": ([odd.gamma(1 / 1.8)], lambda rgb: odd.as_srgb(rgb, light=power(1.8))),
    "of 1/2.2 stands for sRGB": ([odd.gamma(0.45455)], as_it_is),
    "unless primaries say that it is meant": (
        [odd.gamma(0.45455), odd.chromaticities(*SRGB_XY)],
        lambda rgb: odd.as_srgb(rgb, light=power(2.2)),
    ),
    "P3's primaries": (
        [odd.gamma(0.45455), odd.chromaticities(*P3_XY)],
        lambda rgb: odd.as_srgb(rgb, odd.P3, power(2.2)),
    ),
    "primaries alone say nothing": ([odd.chromaticities(*P3_XY)], as_it_is),
    "primaries that are none": ([odd.gamma(0.6), odd.chromaticities(0.3127, 0.3290, *(0.64, 0.33) * 3)], as_it_is),
    "no gamma": ([odd.gamma(0)], as_it_is),
    "sRGB goes before a gamma": ([(b"sRGB", b"\0"), odd.gamma(1), odd.chromaticities(*P3_XY)], as_it_is),
    "a profile goes before it": ([odd.gamma(1), odd.profiled(display_p3.profile())], in_p3),
    "numbers for P3": ([odd.cicp(12, 13)], in_p3),
    "numbers for BT.2020 video": ([odd.cicp(9, 1)], lambda rgb: odd.as_srgb(rgb, BT2020, power(2.4))),
    "numbers for linear light": ([odd.cicp(1, 8)], lambda rgb: odd.as_srgb(rgb, light=power(1))),
    "numbers go before a profile": ([odd.cicp(1, 13), odd.profiled(display_p3.profile())], as_it_is),
    "and before sRGB": ([odd.cicp(12, 13), (b"sRGB", b"\0")], in_p3),
    "numbers that say nothing": ([odd.cicp(2, 2), odd.profiled(display_p3.profile())], in_p3),
    "numbers of limited range": ([odd.cicp(12, 13, 0, 0)], as_it_is),
}


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("case", CHUNKS)
def test_png_s_chunks_in_their_order_of_precedence(tmp_path, patches, case, depth):
    chunks, expected = CHUNKS[case]
    pixels = patches if depth == 8 else patches * np.uint16(257)
    read = read_style_picture(odd.png(tmp_path / "p.png", pixels, *chunks))
    assert np.abs(read - expected(patches)).max() <= 1.5


def test_a_painting_of_a_png_has_the_profile_that_counts(tmp_path, patches):
    profile = odd.profiled(display_p3.profile())
    assert read_image(odd.png(tmp_path / "p.png", patches, profile)).icc == display_p3.profile()
    assert read_image(odd.png(tmp_path / "p.png", patches, odd.cicp(1, 13), profile)).icc is None


def test_grey_and_transparency_follow_a_gamma_too(tmp_path, patches):
    grey = patches[..., 0]
    expected = odd.as_srgb(grey[..., None].repeat(3, -1), light=power(1))
    read = read_image(odd.png(tmp_path / "g.png", grey, odd.gamma(1)))
    assert np.abs(read.rgb - expected).max() <= 1.5
    read = read_image(odd.png(tmp_path / "a.png", np.dstack([patches, grey]), odd.gamma(1)))
    assert np.abs(read.rgb - odd.as_srgb(patches, light=power(1))).max() <= 1.5
    assert np.array_equal(read.alpha, grey)


def test_an_animation_follows_its_numbers(tmp_path, patches):
    frames = [Image.fromarray(patches), Image.fromarray(255 - patches)]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:], duration=100)
    data = (tmp_path / "a.png").read_bytes()
    kind, numbers = odd.cicp(12, 13)
    after = data.index(b"IHDR") + 4 + 13 + 4
    (tmp_path / "a.png").write_bytes(data[:after] + odd.chunk(kind, numbers) + data[after:])
    read = read_animation(tmp_path / "a.png", patches.shape[1::-1])
    for frame, pixels in zip(read, (patches, 255 - patches), strict=True):
        assert np.abs(frame.rgb - in_p3(pixels)).max() <= 1.5


PROFILES = {
    "named sRGB and linear": (odd.matrix(odd.SRGB, odd.power(1), name="sRGB-elle-V4-g10"), odd.SRGB, power(1)),
    "a scanner's": (odd.matrix(odd.P3, odd.power(1.8), kind=b"scnr"), odd.P3, power(1.8)),
    "tables": (odd.table(odd.P3), odd.P3, odd.srgb_light),
    "a scanner's tables": (odd.table(odd.P3, kind=b"scnr"), odd.P3, odd.srgb_light),
    "tables of exact colours alone": (odd.table(odd.P3, b"A2B1"), odd.P3, odd.srgb_light),
}


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_of_every_class(tmp_path, patches, name):
    icc, primaries, light = PROFILES[name]
    read = read_style_picture(odd.png(tmp_path / "p.png", patches, odd.profiled(icc)))
    assert np.abs(read - odd.as_srgb(patches, primaries, light)).max() <= 3


def test_srgb_s_own_profile_changes_nothing(tmp_path, patches):
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(read_style_picture(odd.png(tmp_path / "p.png", patches, odd.profiled(icc))), patches)


@pytest.mark.parametrize("kind", ["jpg", "png", "tif"])
def test_grey_follows_its_profile(tmp_path, patches, kind):
    icc = odd.profile({b"kTRC": odd.power(1.8)}, space=b"GRAY")
    grey = patches[..., 0]
    Image.fromarray(grey).save(tmp_path / f"p.{kind}", icc_profile=icc, **({"quality": 100} if kind == "jpg" else {}))
    read = read_image(tmp_path / f"p.{kind}")
    assert np.abs(read.rgb - odd.as_srgb(grey[..., None].repeat(3, -1), light=power(1.8))).max() <= 2
    assert read.icc is None


def test_grey_of_16_bits_and_alpha_follow_their_profile(tmp_path, patches):
    icc, grey = odd.profile({b"kTRC": odd.power(1)}, space=b"GRAY"), patches[..., 0]
    expected = odd.as_srgb(grey[..., None].repeat(3, -1), light=power(1))
    read = read_image(odd.png(tmp_path / "d.png", grey * np.uint16(257), odd.profiled(icc)))
    assert np.abs(read.rgb - expected).max() <= 1
    read = read_image(odd.png(tmp_path / "a.png", np.dstack([grey, 255 - grey]), odd.profiled(icc)))
    assert np.abs(read.rgb - expected).max() <= 1
    assert np.array_equal(read.alpha, 255 - grey)


def test_grey_keeps_a_profile_of_rgb_and_rgb_none_of_grey(tmp_path, patches):
    linear = odd.matrix(odd.SRGB, odd.power(1))
    path = odd.png(tmp_path / "g.png", patches[..., 0], odd.profiled(linear))
    assert read_image(path).icc == linear
    expected = odd.as_srgb(patches[..., :1].repeat(3, -1), light=power(1))
    assert np.abs(read_style_picture(path) - expected).max() <= 1
    grey = odd.profile({b"kTRC": odd.power(1)}, space=b"GRAY")
    read = read_image(odd.png(tmp_path / "c.png", patches, odd.profiled(grey)))
    assert read.icc is None
    assert np.array_equal(read.rgb, patches)


def ramp(bits):
    """RGB of every code from a quarter to a half of all: uint16 [8, W, 3]."""
    codes = np.arange(1 << (bits - 2), 1 << (bits - 1), dtype=np.uint16)
    return np.tile(codes[None, :, None], (8, 1, 3))


def deep_png(path, codes, bits, curve, exif=None):
    wide = np.round(codes * (65535 / ((1 << bits) - 1))).astype(np.uint16)
    return odd.png(path, wide, odd.cicp(9, curve), *([(b"eXIf", exif.tobytes()[6:])] if exif else []))


def deep_heic(path, codes, bits, curve, exif=None):
    wide = (codes << (16 - bits)).astype(np.uint16)
    picture = pillow_heif.from_bytes("RGB;16", codes.shape[1::-1], wide.tobytes())
    numbers = {"color_primaries": 9, "transfer_characteristics": curve, "matrix_coefficients": 0}
    options = pillow_heif.options
    saved, options.SAVE_HDR_TO_12_BIT = options.SAVE_HDR_TO_12_BIT, bits == 12
    picture.save(path, quality=-1, chroma="444", full_range_flag=1, exif=exif and exif.tobytes(), **numbers)
    options.SAVE_HDR_TO_12_BIT = saved
    return path


def deep_avif(path, codes, bits, curve):
    options = [cv2.IMWRITE_AVIF_DEPTH, bits, cv2.IMWRITE_AVIF_QUALITY, 100]
    data = bytearray(cv2.imencode(".avif", codes, options)[1].tobytes())
    at = data.index(b"nclx") + 4
    data[at : at + 4] = struct.pack(">2H", 9, curve)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("curve", [16, 18])
@pytest.mark.parametrize(
    ("make", "bits"), [(deep_png, 10), (deep_heic, 10), (deep_heic, 12), (deep_avif, 10), (deep_avif, 12)]
)
def test_hdr_is_read_at_its_depth(tmp_path, make, bits, curve):
    codes = ramp(bits)
    read = read_style_picture(make(tmp_path / f"p.{make.__name__[5:]}", codes, bits, curve))
    share = codes / ((1 << bits) - 1)
    exact = tone_map(np.round(share * WHITE).astype(np.uint16), Transfer(curve)).astype(int)
    banded = tone_map(np.round(np.round(share * 255) * (WHITE / 255)).astype(np.uint16), Transfer(curve))
    assert np.abs(read - exact).max() <= 1
    assert np.abs(read - exact).mean() < np.abs(banded - exact).mean() / 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("make", [deep_png, deep_heic])
def test_deep_pictures_are_upright(tmp_path, make, orientation):
    codes = np.tile(np.linspace(100, 600, 96).astype(np.uint16)[None, :, None], (64, 1, 3))
    codes[:32] += 300
    exif = Image.Exif()
    exif[0x0112] = orientation
    read = read_style_picture(make(tmp_path / f"p.{make.__name__[5:]}", codes, 10, 16, exif))
    shown = Image.fromarray((codes >> 2).astype(np.uint8))
    shown.getexif()[0x0112] = orientation
    twelve = np.asarray(ImageOps.exif_transpose(shown)).astype(np.uint16) * 16
    assert np.abs(read.astype(int) - tone_map(twelve, Transfer.PQ)).max() <= 4


@pytest.mark.parametrize("order", ["<", ">"])
def test_channels_of_16_bits_one_after_another(tmp_path, patches, order):
    """A TIFF that says "per channel", as Photoshop writes it."""
    y, x = np.mgrid[0 : patches.shape[0], 0 : patches.shape[1]]
    deep = np.stack([x * 500, y * 4000, 65535 - x * 500], -1).astype(np.uint16)
    read = read_image(odd.tiff(tmp_path / "p.tif", deep, 2, planes=True, order=order)).rgb
    assert np.abs(read - deep / 257).max() <= 1


def test_deep_grey_in_which_0_is_white(tmp_path):
    deep = np.linspace(0, 65535, 300).astype(np.uint16).reshape(10, 30)
    read = read_image(odd.tiff(tmp_path / "p.tif", deep, 0)).rgb
    assert np.abs(read - (255 - deep / 257)[..., None]).max() <= 1


def test_grey_of_32_bits_is_scaled(tmp_path):
    deep = np.linspace(0, 2**32 - 1, 300).astype(np.uint32).reshape(10, 30)
    read = read_image(odd.tiff(tmp_path / "p.tif", deep, 1)).rgb
    assert np.abs(read - (deep / (2**24 + 2**16 + 2**8 + 1))[..., None]).max() <= 1


def test_the_grey_of_16_bits_that_stands_for_nothing(tmp_path):
    deep = np.array([[1000, 1001, 60000]], np.uint16).repeat(4, 0)
    read = read_image(odd.png(tmp_path / "p.png", deep, (b"tRNS", struct.pack(">H", 1001))))
    assert np.array_equal(read.alpha, [[255, 0, 255]] * 4)


def test_of_a_photograph_with_a_gain_map_the_picture_for_ordinary_screens_is_read(tmp_path, patches):
    """As phones write it, and ISO 21496-1 allows: a second JPEG after the first says how much brighter HDR is."""
    gains = Image.fromarray(patches[..., 0])
    base = Image.fromarray(patches)
    base.save(tmp_path / "p.jpg", "MPO", save_all=True, append_images=[gains], quality=100, subsampling=0)
    assert np.abs(read_style_picture(tmp_path / "p.jpg").astype(int) - patches).max() <= 3
