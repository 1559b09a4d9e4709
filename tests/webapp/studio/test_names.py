"""What painted files are called, and what they were painted with."""

import pytest

from impasto.webapp.studio.names import distinct, painted_name, painted_with, plain_name

WAVE, SCREAM = ("The Great Wave", 0.75), ("The Scream", 0.25)


@pytest.mark.parametrize(
    ("source", "styles", "name"),
    [
        ("holiday.mov", [WAVE], "holiday, The Great Wave.mp4"),
        ("a.b.mkv", [WAVE, SCREAM], "a.b, The Great Wave + The Scream.mp4"),
        ("../../etc/passwd", [("my cat.png", 1)], "passwd, my cat.png.mp4"),
        ('C:\\clips\\a"b<c>|?*\n.mp4', [WAVE], "a b c, The Great Wave.mp4"),
        ("", [WAVE], "painted, The Great Wave.mp4"),
        ("...", [("/", 1)], "painted, own style.mp4"),
        ("x" * 500 + ".mp4", [WAVE], "x" * 100 + ", The Great Wave.mp4"),
        ("\u202egpj.mp4", [WAVE], "gpj, The Great Wave.mp4"),
    ],
)
def test_a_painting_is_named_after_its_source_and_style(source, styles, name):
    assert painted_name(source, styles, ".mp4") == name


def test_a_blend_is_told_with_its_weights():
    assert painted_with([WAVE]) == "The Great Wave"
    assert painted_with([WAVE, SCREAM]) == "The Great Wave 75 % and The Scream 25 %"
    assert painted_with([("a", 0), ("b", 0), ("c", 0)]) == "a 33 %, b 33 % and c 33 %"


def test_equal_names_are_told_apart():
    assert distinct(["a.png", "b.jpg", "A.png", "a.png"]) == ["a.png", "b.jpg", "A 2.png", "a 3.png"]
    assert plain_name(".hidden", "x") == "hidden"
