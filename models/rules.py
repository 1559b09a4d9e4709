"""Rules that Python and the page must both follow. The exporter writes them into `model.json`, for the page.

No torch. What is written here is written nowhere else: the contract vectors in `tests/contract` hold both sides to it.
"""

LUMA = (0.299, 0.587, 0.114)  # BT.601: weights of gamma-coded R, G, B, as in JPEG and most cameras' video
BACKGROUND = (255, 255, 255)  # R, G, B behind transparent pixels of any picture
STYLES_AT_ONCE = 4  # pictures that may be blended
CLIP_MULTIPLE = 2  # sides of clips are divisible by it: H.264 halves the size of the colours


def rules(multiple: int) -> dict:
    """The `rules` of `model.json`. `multiple`: what H and W of a graph's frame are divisible by.

    `least_side` is the shortest side of a padded frame in pixels: reflection inside the networks needs so many.
    """
    return {
        "luma": list(LUMA),
        "background": list(BACKGROUND),
        "styles_at_once": STYLES_AT_ONCE,
        "least_side": 2 * multiple,
        "clip_multiple": CLIP_MULTIPLE,
    }
