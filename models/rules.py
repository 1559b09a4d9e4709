"""Rules that Python and the page must both follow. The exporter writes them into `model.json`, for the page.

No torch. What is written here is written nowhere else: the contract vectors in `tests/contract` hold both sides to it.
"""

LUMA = (0.299, 0.587, 0.114)  # BT.601: weights of gamma-coded R, G, B, as in JPEG and most cameras' video
BACKGROUND = (255, 255, 255)  # R, G, B behind transparent pixels of any picture
STYLES_AT_ONCE = 4  # pictures that may be blended
CLIP_MULTIPLE = 2  # sides of clips are divisible by it: H.264 halves the size of the colours
# Of the frame's fine detail, so much is given to a painting that is shown larger than it was painted:
#   shown = clip(enlarged(painting) + DETAIL · (Y(frame) − enlarged(shrunk(Y(frame)))))
# Y is the luminance by LUMA, and is added to R, G and B alike, so that hues stay; `shrunk` is the mean of the pixels
# that a pixel of the painting covers; `enlarged` is bicubic with a = −0.75 (OpenCV's INTER_CUBIC), clipped for the
# painting. What is added is finer than anything the painting could hold, so its strokes stay as they are; a painting
# that has the frame's size is shown as it is.
DETAIL = 0.9


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
        "detail": DETAIL,
    }
