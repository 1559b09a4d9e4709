"""Rules that Python and the page must both follow. The exporter writes them into `model.json`, for the page.

No torch. What is written here is written nowhere else: the contract vectors in `tests/contract` hold both sides to it.
"""

import math

LUMA = (0.299, 0.587, 0.114)  # BT.601: weights of gamma-coded R, G, B, as in JPEG and most cameras' video
BACKGROUND = (255, 255, 255)  # R, G, B behind transparent pixels of any picture
STYLES_AT_ONCE = 4  # pictures that may be blended
CLIP_MULTIPLE = 2  # sides of clips are divisible by it: H.264 halves the size of the colours
# A painting that is shown larger than it was painted gets this share of the frame's fine detail:
#   shown = clip(enlarged(painting) + DETAIL · (Y(frame) − enlarged(shrunk(Y(frame)))))
# Y is the luminance by LUMA; it is added to R, G and B alike, so hues stay. `shrunk` takes the mean of the pixels that
# one pixel of the painting covers. `enlarged` is bicubic with a = −0.75 (OpenCV's INTER_CUBIC), clipped for the
# painting. What is added is finer than anything the painting could hold, so its strokes stay as they are. A painting
# that already has the frame's size is shown unchanged.
DETAIL = 0.9
# Where a frame shows a person: how the mask is found, held still, refined by the frame, and used to mix two pictures.
#
# 1. In the graph `models/person/person.onnx`. `last` is the mask of the frame before, carried along (2.); hold is 0 in
#    the first frame of a scene, else PERSON_HOLD. The mask holds still, but follows large changes at once:
#      picture = the frame, shrunk (area average) or enlarged to `person_size`, R, G, B in 0…1
#      answer = the segmenter's of the picture, 0…1;  change = |answer − last|
#      mask = answer + hold · (1 − min(change / PERSON_FOLLOW, 1)) · (last − answer)
#    Then a guided filter (He et al. 2013) says the mask around each pixel as a linear function of the picture's
#    luminance Y (by LUMA, 0…1). ⟨x⟩ is the mean over the PERSON_WINDOW² pixels around, as far as they lie within it:
#      a' = (⟨Y·mask⟩ − ⟨Y⟩⟨mask⟩) / (⟨Y·Y⟩ − ⟨Y⟩² + PERSON_EDGE);  b' = ⟨mask⟩ − a'·⟨Y⟩;  a = ⟨a'⟩, b = ⟨b'⟩
# 2. In the graph `models/person/carry.onnx`. k(x) is the stabilizer's motion from the place x of the frame to its key,
#    k' that of the frame before:
#      motion(x) = k(x) − k'(x + motion(x)), by fixed-point iteration from k − k'; 0 if k is 0 everywhere (a new key)
#      carried(x) = what was found at x + motion(x) in the frame before
#    In frames of a camera for which the segmenter is not run, a and b are carried in the same way.
# 3. In code, at any size, with the luminance Y at that size and a, b enlarged bilinearly:
#      t = clip((a·Y + b − c0) / (c1 − c0), 0, 1) with (c0, c1) = PERSON_CURVE;  share = t·t·(3 − 2t)
#      shown = share · (the person's painting, or the frame) + (1 − share) · (the rest's painting, or the frame)
# A person counts as found once PERSON_LEAST of the pixels of a mask were above 1/2.
PERSON_MULTIPLE = 16  # what the sides of a picture are divisible by
PERSON_PIXELS = 256 * 144  # pixels of a picture, about, whatever its shape: as many as the segmenter was trained on
PERSON_SIDES = (64, 576)  # the shortest and the longest that a side may be, in pixels
PERSON_HOLD = 0.8  # share of the mask before that stays where nothing changes
PERSON_FOLLOW = 0.7  # change, 0…1, from which on nothing of the mask before stays
PERSON_WINDOW = 5  # pixels
PERSON_EDGE = 0.002  # variance of luminance: edges fainter than its root do not count as edges
PERSON_CURVE = (0.3, 0.7)  # masks at which a pixel is wholly background, and wholly person
PERSON_LEAST = 0.005  # share of a mask's pixels


def rules(multiple: int) -> dict:
    """The `rules` of `model.json`. multiple: what H and W of a graph's frame must be divisible by.

    Among them `least_side`, the shortest side in pixels that a padded frame may have: reflection in the networks needs
    it.
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
    """The (width, height) of the picture in which a person is looked for, for a frame of this size in pixels."""
    scale = math.sqrt(PERSON_PIXELS / (width * height)) / PERSON_MULTIPLE
    least, most = PERSON_SIDES
    sides = (PERSON_MULTIPLE * math.floor(side * scale + 0.5) for side in (width, height))
    width, height = (min(max(side, least), most) for side in sides)
    return width, height
