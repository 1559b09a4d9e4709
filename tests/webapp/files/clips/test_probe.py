"""What a clip is by its header and first frame."""

from fractions import Fraction

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.probe import ClipLimits, probe


def test_the_header_is_described(tmp_path, media):
    clip = media.write_clip(
        tmp_path / "c.mp4",
        media.scenes(64, 48, 30),
        rate=Fraction(30000, 1001),
        aspect=Fraction(16, 11),
        sound=[{"codec": "aac", "seconds": 1}],
    )
    info = probe(clip)
    assert (info.width, info.height, info.frames, info.codec) == (64, 48, 30, "h264")
    assert info.frame_rate == Fraction(30000, 1001)
    assert info.sample_aspect == Fraction(16, 11)
    assert info.duration == pytest.approx(1.001)
    assert info.audio == ("aac",)
    assert not info.hdr


def test_limits_are_named(tmp_path, media):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 50))
    with pytest.raises(BadInput, match=r"lasts 2\.0 s.*1 s allowed"):
        probe(clip, ClipLimits(max_seconds=1))
    with pytest.raises(BadInput, match=r"64x48.*3,000 pixels"):
        probe(clip, ClipLimits(max_pixels=3000))
    assert probe(clip, ClipLimits(max_seconds=2, max_pixels=3072)).frames == 50
