"""What the tabs compute: the mix of styles, the words, the model card."""

from dataclasses import replace
from types import SimpleNamespace

import gradio as gr
import pytest

from impasto.export.runtime.model import load_model
from impasto.webapp.studio.blocks import build
from impasto.webapp.studio.style_picker import StylePicker, style_choices, style_pictures
from impasto.webapp.studio.tabs.about import model_card
from impasto.webapp.studio.tabs.live import live_tab


@pytest.fixture
def picker(studio):
    with gr.Blocks():
        return StylePicker(studio, style_pictures(studio))


def click(picker, mix, several, name):
    return picker.choose(mix, several, SimpleNamespace(index=picker.names.index(name)))


def sources(mix):
    return [entry["source"] for entry in mix]


def test_every_style_has_a_picture(studio):
    pictures = style_pictures(studio)
    assert [title for _, title in pictures] == [entry["title"] for entry in studio.gallery.values()]


def test_a_style_without_a_picture_gets_one_painted(studio):
    studio.gallery = {"plain": {k: v for k, v in studio.gallery["the-scream"].items() if k != "preview"}}
    ((path, _),) = style_pictures(studio)
    assert path.startswith(str(studio.folders.root))


def test_a_click_replaces_the_style_and_in_a_blend_adds_or_takes_out(picker):
    one, two, three, four, five = picker.names[:5]
    mix, marked, *sliders = click(picker, picker.mix.value, False, two)
    assert sources(mix) == [two]
    assert marked["selected_index"] == 1
    assert not any(slider["visible"] for slider in sliders)
    for name in (one, three, four):
        mix, _, *sliders = click(picker, mix, True, name)
    assert sources(mix) == [two, one, three, four]
    assert [slider["label"] for slider in sliders] == [picker.studio.gallery[name]["title"] for name in sources(mix)]
    assert sources(click(picker, mix, True, five)[0]) == sources(mix)  # no more than four
    assert sources(click(picker, mix, True, one)[0]) == [two, three, four]
    assert sources(click(picker, mix[:1], True, two)[0]) == [two]  # never none
    assert sources(picker.set_several(False, mix)[0]) == [two]


def test_weights_go_to_their_styles(picker):
    mix = [*picker.mix.value, {"source": "/x/own.jpg", "own": True, "weight": 1.0}]
    built_in, own = style_choices(picker.set_weights(mix, 0.25, 0.5, 1, 1))
    assert (built_in.source, built_in.weight) == (picker.names[0], 0.25)
    assert (str(own.source), own.weight) == ("/x/own.jpg", 0.5)


def test_own_pictures_take_over_or_join_the_blend(picker, studio):
    paths = []
    for number in range(5):
        path = studio.folders.root / f"upload{number}" / "p.png"
        path.parent.mkdir()
        path.write_bytes(b"x")
        paths.append((str(path), None))
    request = SimpleNamespace(session_hash="a")
    alone = picker.add_own(paths[:1], picker.mix.value, False, request)[0]
    assert sources(alone) == [paths[0][0]]
    joined = picker.add_own(paths[:1], picker.mix.value, True, request)[0]
    assert sources(joined) == [paths[0][0], picker.names[0]]
    assert len(picker.add_own(paths, joined, True, request)[0]) == 4
    assert sources(picker.add_own(None, alone, False, request)[0]) == [picker.names[0]]
    with pytest.raises(gr.Error, match="upload it again"):
        picker.add_own([("/etc/passwd", None)], joined, True, request)


@pytest.mark.parametrize(("has_it", "times"), [(True, 1), (False, 0)])
def test_stability_is_asked_for_by_the_clip_alone_and_only_where_the_model_has_it(studio, has_it, times):
    studio.model = replace(studio.model, state=studio.model.state if has_it else [])
    blocks = build(studio).blocks.values()
    shown = [block.label for block in blocks if isinstance(block, gr.Slider) and block.visible]
    assert shown.count("Strength") == 2
    assert shown.count("Stability") == times


def test_the_model_card_brings_its_own_pictures_and_fetches_none(tmp_path):
    card, pictures = model_card(load_model())
    assert card.startswith("# impasto\n")
    assert "library_name" not in card  # that is for the Hub
    assert "![" not in card
    assert [path.rpartition("/")[2] for path in pictures] == ["samples.jpg"]
    (tmp_path / "README.md").write_text("![x](https://example.com/x.png) ![y](../../y.png) text")
    assert model_card(SimpleNamespace(folder=tmp_path, name="x")) == ("  text", [])


def test_the_live_page_is_addressed_relative_to_the_studio():
    with gr.Blocks() as blocks:
        live_tab()
    (frame,) = (block.value for block in blocks.blocks.values() if isinstance(block, gr.HTML))
    assert 'src="live/"' in frame
    assert "camera" in frame
    assert "://" not in frame
