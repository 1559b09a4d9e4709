"""How the studio looks: paper and ink with one warm colour, system fonts, dark and light.

From outside: `theme`, `CSS`.
"""

from gradio.themes import Base, Color, sizes
from gradio.themes.utils import fonts

_OCHRE = Color(
    "#fdf6ec", "#fae8cd", "#f3cf9b", "#ebb266", "#e0953b", "#c7761f", "#a95d17", "#874715", "#6b3915", "#563014",
    "#301808", name="ochre",
)  # fmt: skip
_STONE = Color(
    "#faf9f7", "#f3f1ed", "#e6e2db", "#d3cdc3", "#a59d91", "#7a7268", "#5b544c", "#443e38", "#2b2723", "#1d1a17",
    "#131110", name="stone",
)  # fmt: skip
_SANS = [fonts.Font(name) for name in ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Ubuntu", "sans-serif")]
_MONO = [fonts.Font(name) for name in ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")]


def theme() -> Base:
    return Base(
        primary_hue=_OCHRE, secondary_hue=_OCHRE, neutral_hue=_STONE,
        radius_size=sizes.radius_md, font=_SANS, font_mono=_MONO,
    ).set(
        body_background_fill="*neutral_50", body_background_fill_dark="*neutral_950",
        block_background_fill="white", block_background_fill_dark="*neutral_900",
        block_border_width="1px", block_shadow="none", block_radius="12px",
        block_label_background_fill="white", block_label_background_fill_dark="*neutral_900",
        body_text_color_subdued="*neutral_600", body_text_color_subdued_dark="*neutral_400",
        block_label_border_width="0px", block_label_text_color="*neutral_600",
        block_label_text_color_dark="*neutral_300", block_label_text_weight="500",
        block_title_text_weight="600", block_title_text_color="*neutral_800",
        block_title_text_color_dark="*neutral_100",
        block_info_text_color="*neutral_600", block_info_text_color_dark="*neutral_400",
        button_primary_background_fill="*primary_600", button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600", button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="white", button_large_radius="10px", button_small_radius="8px",
        button_large_text_weight="600", button_cancel_background_fill="*neutral_100",
        button_cancel_background_fill_dark="*neutral_800", button_cancel_text_color="*neutral_800",
        button_cancel_text_color_dark="*neutral_100", button_cancel_border_color="*neutral_300",
        button_cancel_border_color_dark="*neutral_700", slider_color="*primary_600",
        slider_color_dark="*primary_500", link_text_color="*primary_700", link_text_color_dark="*primary_400",
        loader_color="*primary_600",
    )  # fmt: skip


CSS = """
.gradio-container { max-width: 1240px !important; width: 100%; margin: 0 auto; box-sizing: border-box; }
#masthead, #masthead .html-container, #live-frame, #live-frame .html-container { padding: 0 !important; }
#masthead h1 { font-size: 1.7rem; font-weight: 700; letter-spacing: -0.02em; margin: 0; }
#masthead p { color: var(--body-text-color-subdued); margin: 2px 0 0; }
.facts, .facts p { color: var(--body-text-color-subdued); font-size: 0.9rem; }
.facts a { text-decoration: underline; margin: 0 !important; padding: 0 !important; }
.examples { gap: 8px; align-items: stretch; }
/* labels stay readable on top of pictures, and clear of the styles */
.block > label.float, .block label[data-testid="block-label"] { border-radius: 0 0 8px 0; z-index: 20; }
.styles .grid-wrap { padding-top: 34px; max-height: 430px; overflow-y: auto; }
.styles .caption-label {
  left: 0; right: 0; bottom: 0; max-width: none; margin: 0; padding: 2px 4px; border: 0; border-radius: 0;
  font-size: 0.72rem; line-height: 1.2; white-space: normal; text-align: center; opacity: 0.93;
}
/* Gradio's own cutter would fetch its code from another host */
#clip button[aria-label="Trim video to selection"] { display: none; }
footer .divider:last-of-type, footer > .divider:last-child { display: none !important; }
.about { max-width: 820px; margin: 0 auto; }
.about table { display: block; overflow-x: auto; }
.about :is(table, tr) { border: 0 !important; }
.about td:not(:first-child) { white-space: nowrap; }
.about :is(th, td) {
  word-break: normal; overflow-wrap: normal; border: 0 !important;
  border-bottom: 1px solid var(--border-color-primary) !important; padding: 6px 12px !important;
}
#live-frame iframe {
  width: 100%; height: max(640px, calc(100vh - 210px)); box-sizing: border-box;
  border: 1px solid var(--border-color-primary); border-radius: 12px;
}
@media (max-width: 640px) {
  .gradio-container, .gradio-container > main { padding: 10px !important; }
  .styles .grid-container { grid-template-columns: repeat(3, 1fr) !important; }
  #painted-clip { height: auto !important; min-height: 220px; }
  #painted-pictures, #painted-pictures .grid-wrap { height: auto !important; min-height: 160px; }
}
"""
