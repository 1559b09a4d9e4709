"""An ICC profile of Display P3, as phones' photographs carry it, and what its colours are in sRGB."""

import odd_pictures


def profile():
    return odd_pictures.matrix(odd_pictures.P3, odd_pictures.srgb_curve(), name="Display P3")


def as_srgb(rgb):
    """Colours of Display P3 in sRGB, both 0…255; what sRGB does not have is clipped. In float64."""
    return odd_pictures.as_srgb(rgb, odd_pictures.P3)
