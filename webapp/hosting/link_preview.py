"""What other sites show of a link to a page: title, sentence and picture, with the whole address that they ask for.

From outside: `with_link_preview`.
"""

from html import escape

PLACE = "<!-- link preview -->"  # in the page's head
PICTURE = "/live/preview.jpg"
_SIZE = (1200, 630)  # of the picture, in pixels
_TITLE = "Impasto: paint any clip in the manner of any picture"
_WORDS = (
    "Upload a clip, choose a painting or a picture of your own, and download it painted. Or paint your camera, live."
)


def with_link_preview(page: str, address: str, path: str = "/") -> str:
    """A page's HTML with its link preview put in; `address` is the server's, "https://example.org/impasto".

    Without an address the page stays as it is: a preview needs one that others can ask.
    """
    if not address:
        return page
    names = {
        "og:type": "website", "og:site_name": "Impasto", "og:title": _TITLE, "og:description": _WORDS,
        "og:url": address + path, "og:image": address + PICTURE, "og:image:width": str(_SIZE[0]),
        "og:image:height": str(_SIZE[1]), "og:image:alt": "A frame of a clip, the right half painted",
    }  # fmt: skip
    tags = [f'<meta property="{name}" content="{escape(value)}" />' for name, value in names.items()]
    return page.replace(PLACE, "\n    ".join([*tags, '<meta name="twitter:card" content="summary_large_image" />']))
