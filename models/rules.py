"""Rules that Python and the page must both follow. The exporter writes them into `model.json`, for the page.

No torch. What is written here is written nowhere else: the contract vectors in `tests/contract` hold both sides to it.
"""

import math

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
# Where a frame shows a person (`models/person/person.onnx`): how its mask is made, carried, held, refined and mixed.
#   picture = the frame, shrunk (area average) or enlarged to `person_size`, R, G, B in 0…1
#   answer = the segmenter's, 0…1;  change = |answer − last|, last being the mask before, carried
#   mask = answer + hold · (1 − min(change / PERSON_FOLLOW, 1)) · (last − answer)
# so that it holds still and follows at once what changes much; hold is 0 in a scene's first frame, else PERSON_HOLD.
# A guided filter (He et al. 2013) says the mask in straight lines of the luminance Y (by LUMA, 0…1) of the picture;
# ⟨x⟩ is the mean over PERSON_WINDOW² pixels about each, of what lies within the picture:
#   a' = (⟨Y·mask⟩ − ⟨Y⟩⟨mask⟩) / (⟨Y·Y⟩ − ⟨Y⟩² + PERSON_EDGE);  b' = ⟨mask⟩ − a'·⟨Y⟩;  a = ⟨a'⟩, b = ⟨b'⟩
# All this is in the graph. What is carried is another's, `models/person/carry.onnx`: with k(x) the stabilizer's motion
# from a place x of the frame to its key, and k' that of the frame before,
#   motion(x) = k(x) − k'(x + motion(x)), by fixed-point iteration from k − k'; 0 where k is 0 everywhere: a new key
#   carried(x) = what was found at x + motion(x) in the frame before
# Of a camera's frames that are not looked at, a and b are carried as the mask is. What follows is in no graph: at any
# size, with the luminance Y there and a, b enlarged bilinearly,
#   t = clip((a·Y + b − c0) / (c1 − c0), 0, 1) with (c0, c1) = PERSON_CURVE;  share = t·t·(3 − 2t)
#   shown = share · (the person's painting, or the frame) + (1 − share) · (the rest's painting, or the frame)
# No person is found where no mask so far has had PERSON_LEAST of its pixels above 1/2.
PERSON_MULTIPLE = 16  # what the sides of a picture are divisible by
PERSON_PIXELS = 256 * 144  # about so many has a picture of any shape: what the segmenter was trained on
PERSON_SIDES = (64, 576)  # least and most
PERSON_HOLD = 0.8
PERSON_FOLLOW = 0.7
PERSON_WINDOW = 5
PERSON_EDGE = 0.002  # a variance of luminance: edges fainter than its root are none
PERSON_CURVE = (0.3, 0.7)
PERSON_LEAST = 0.005


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
        "person": {
            "multiple": PERSON_MULTIPLE,
            "pixels": PERSON_PIXELS,
            "sides": list(PERSON_SIDES),
            "hold": PERSON_HOLD,
            "curve": list(PERSON_CURVE),
            "least": PERSON_LEAST,
        },
    }


def person_size(width: int, height: int) -> tuple[int, int]:
    """The (width, height) of the picture of a frame of that size in which a person is looked for."""
    scale = math.sqrt(PERSON_PIXELS / (width * height)) / PERSON_MULTIPLE
    least, most = PERSON_SIDES
    sides = (PERSON_MULTIPLE * math.floor(side * scale + 0.5) for side in (width, height))
    width, height = (min(max(side, least), most) for side in sides)
    return width, height
