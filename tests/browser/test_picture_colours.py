"""A style picture has the same colours in a browser's canvas, where the page looks at it, and in Python."""

import base64

import display_p3
import numpy as np
import odd_pictures as odd
import pytest
from PIL import Image

from impasto.export.runtime.pictures import read_style_picture

PATCHES = [(200, 90, 60), (90, 160, 110), (60, 60, 200), (128, 128, 128), (20, 20, 20), (240, 230, 120), (180, 30, 150)]
P3_XY = (0.3127, 0.3290, 0.68, 0.32, 0.265, 0.69, 0.15, 0.06)
P3 = odd.profiled(display_p3.profile())
CHUNKS = {
    "gamma": [odd.gamma(1 / 1.8)],
    "of sRGB": [odd.gamma(0.45455)],
    "with primaries": [odd.gamma(0.45455), odd.chromaticities(*P3_XY)],
    "primaries alone": [odd.chromaticities(*P3_XY)],
    "sRGB and gamma": [(b"sRGB", b"\0"), odd.gamma(1)],
    "profile and gamma": [odd.gamma(1), P3],
    "numbers": [odd.cicp(12, 13)],
    "of video": [odd.cicp(9, 1)],
    "of linear light": [odd.cicp(1, 8)],
    "numbers and profile": [odd.cicp(1, 13), P3],
    "numbers that say nothing": [odd.cicp(2, 2), P3],
    "linear profile named sRGB": [odd.profiled(odd.matrix(odd.SRGB, odd.power(1), name="sRGB linear"))],
    "table": [odd.profiled(odd.table(odd.P3))],
    "scanner": [odd.profiled(odd.matrix(odd.P3, odd.power(1.8), kind=b"scnr"))],
    "of grey": [odd.profiled(odd.profile({b"kTRC": odd.power(1.8)}, space=b"GRAY"))],
    "broken": [odd.profiled(display_p3.profile()[:200])],
}
DRAWN = """async (data) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const picture = await createImageBitmap(new Blob([bytes]));
  const context = new OffscreenCanvas(picture.width, picture.height).getContext("2d");
  context.drawImage(picture, 0, 0);
  return Array.from(context.getImageData(0, 0, picture.width, picture.height).data);
}"""


@pytest.fixture(scope="module")
def page(browser):
    with browser.new_page() as page:
        yield page


def drawn(page, path, shape):
    pixels = page.evaluate(DRAWN, base64.b64encode(path.read_bytes()).decode())
    return np.array(pixels).reshape(*shape[:2], 4)[..., :3]


@pytest.mark.parametrize("case", CHUNKS)
def test_a_png_has_the_same_colours(page, tmp_path, case):
    patches = np.repeat(np.repeat(np.array(PATCHES, np.uint8)[None], 16, 0), 16, 1)
    for number, pixels in enumerate((patches, patches[..., 0], patches * np.uint16(257))):
        path = odd.png(tmp_path / f"{number}.png", pixels, *CHUNKS[case])
        assert np.abs(read_style_picture(path) - drawn(page, path, pixels.shape)).max() <= 4


def test_a_grey_photograph_with_its_profile_has_the_same_grey(page, tmp_path):
    grey = np.repeat(np.repeat(np.array([[20, 90, 200]], np.uint8), 16, 0), 16, 1)
    icc = odd.profile({b"kTRC": odd.power(1.4)}, space=b"GRAY")
    Image.fromarray(grey).save(tmp_path / "p.jpg", quality=100, icc_profile=icc)
    assert np.abs(read_style_picture(tmp_path / "p.jpg") - drawn(page, tmp_path / "p.jpg", grey.shape)).max() <= 2
