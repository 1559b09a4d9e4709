"""How Gradio's page of the API looks: the fonts of the system, none from elsewhere.

From outside: `theme`.
"""

from gradio.themes import Base
from gradio.themes.utils import fonts

_SANS = [fonts.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Ubuntu", "sans-serif")]
_MONO = [fonts.Font(name) for name in ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")]


def theme() -> Base:
    return Base(primary_hue="orange", neutral_hue="stone", font=_SANS, font_mono=_MONO)
