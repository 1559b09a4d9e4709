"""What evaluation writes, from rows made by hand."""

import json
import math

import cv2
import numpy as np
import pytest

from impasto.train.evaluation import charts, report, sheets
from impasto.train.evaluation.evaluate import FIGURES, ReferenceStyle
from impasto.train.evaluation.scenes import Scene

SIZE = {"width": 640, "height": 272}


def row(source, scene, style, third, model, **figures):
    known = dict.fromkeys(FIGURES, 0.5)
    return {"scene": scene, "source": source, "style": style, "third": third, "model": model, **known, **figures}


@pytest.fixture
def result():
    styles = [ReferenceStyle(f"s{i}", None, {}, 1.0 + i, third) for i, third in enumerate(report.THIRDS)]
    models = [{"name": "old", "approach": "1: frame by frame"}, {"name": "new", "approach": "2: temporally trained"}]
    rows, scenes = [], []
    for source, scene in (("sintel final", "alley_2"), ("sintel final", "alley_1"), ("clips", "walk")):
        scenes.append({"scene": scene, "source": source, "variation_input": 0.01, "frames": 3, **SIZE})
        for i, style in enumerate(styles):
            common = {"style_error": 0.2, "content_error": 2.0, "e_stab_input": 0.03, "e_stab_lag8": math.nan}
            rows.append(row(source, scene, style.name, style.third, "old", **common, e_stab=0.1 + 0.01 * i))
            better = {**common, "style_error": 0.21, "content_error": 1.5}
            rows.append(row(source, scene, style.name, style.third, "new", **better, e_stab=0.05 + 0.01 * i))
    return report.build(models, styles, scenes, rows)


def tables(text):
    """Every table of a Markdown text, as lists of rows of cells."""
    found, before = [], ""
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if not before.startswith("|"):
                found.append([])
            found[-1].append(cells)
        before = line
    return found


def test_json_is_complete_and_strict(result, tmp_path):
    report.write(result, tmp_path / "deep" / "report")
    read = json.loads((tmp_path / "deep/report/report.json").read_text("utf-8"), parse_constant=pytest.fail)
    assert len(read["rows"]) == 18
    assert read["rows"][0]["e_stab_lag8"] is None
    assert [m["name"] for m in read["models"]] == ["old", "new"]
    assert len(read["by_scene"]) == 6
    assert len(read["by_third"]) == 2 * 3 * 2
    assert read["styles"][2] == {"name": "s2", "gram_trace": 3.0, "third": "high"}
    assert read["published"]["ReCoNet, Gao et al. 2018"]["e_stab"] == [0.0846, 0.0819, 0.0662, 0.0862, 0.0831]
    assert set(read["figures"]) == set(FIGURES)


def test_changes_are_against_the_first_model(result):
    header, _, old, new = tables(report.model_table(result, "clips"))[0]
    old, new = dict(zip(header, old, strict=True)), dict(zip(header, new, strict=True))
    assert (old["model"], old["e_stab"], old["input's e_stab"], old["style error"]) == (
        "old",
        "0.1100",
        "0.0300",
        "0.200",
    )
    assert (old["Δ e_stab"], old["ratio"], old["lag 8"]) == ("", "3.67", "–")
    assert (new["Δ style"], new["Δ content"], new["Δ e_stab"]) == ("+5 %", "-25 %", "-45 %")
    assert new["approach"] == "2: temporally trained"


def test_thirds_compare_within_each(result):
    text = report.markdown(result)
    table = next(t for t in tables(text) if t[0][:2] == ["third", "model"])
    changes = {(r[0], r[1]): r[table[0].index("Δ e_stab")] for r in table[2:]}
    assert changes["low", "new"] == "-50 %"
    assert changes["high", "new"] == "-42 %"
    assert "low: s0; middle: s1; high: s2" in text


def test_no_stability_without_a_style_figure(result):
    """Every table that shows e_stab shows the style error, and where it is ours, the input's own."""
    found = [table for table in tables(report.markdown(result)) if any("e_stab" in cell for cell in table[0])]
    assert len(found) == 7  # models, thirds and scenes on two sources, and the published figures
    for header, *_ in found:
        assert "style error" in header
        assert "input's e_stab" in header or "other scenes here" in header


@pytest.fixture
def steady(result):
    """The result with a third model: the second one, steady."""
    rows = []
    for r in result["rows"]:
        rows.append(r)
        if r["model"] == "new":
            costs = {"style_error_alone": 0.2, "content_error_alone": 1.5, "sharpness_alone": 0.625}
            costs |= {"trail": 0.002, "trail_change": 0.01 if r["scene"] == "alley_2" else 0.03}
            rows.append({**r, "model": "new, steady", **costs, "e_stab": 0.03})
    models = [*result["models"], {"name": "new, steady", "approach": "3: stabilized", "alone": "new"}]
    styles = [ReferenceStyle(f"s{i}", None, {}, 1.0 + i, third) for i, third in enumerate(report.THIRDS)]
    return report.build(models, styles, result["scenes"], rows)


def test_steady_models_stand_beside_themselves_frame_by_frame(steady):
    header, _, *lines = tables(report.steady_table(steady, "sintel final"))[0]
    assert [line[:2] for line in lines] == [[s, "new, steady"] for s in ("all", "alley_2", "alley_1")]
    every, there, _ = (dict(zip(header, line, strict=True)) for line in lines)
    assert (every["style error"], every["relative style error"], every["relative content error"]) == (
        "0.210",
        "1.050",
        "1.000",
    )
    assert (every["relative sharpness"], every["ratio"], every["ghosting"]) == ("0.800", "1.00", "0.10")
    assert there["ghosting"] == "0.20"
    text = report.markdown(steady)
    assert text.count(report.STEADY_TEXT) == 2


def test_without_a_steady_model_there_is_no_such_table(result):
    assert report.STEADY_TEXT not in report.markdown(result)


def test_steady_models_are_in_every_comparison(steady):
    found = tables(report.markdown(steady))
    assert len(found) == 11
    for table in found:
        assert any("new, steady" in cell for row in table for cell in row)
    (row,) = (row for row in found[1] if row[0] == "new, steady")
    assert row[1] == "3: stabilized"
    ours, unpainted = found[-1][-2:]
    named = [f"**{name}**, final pass (measured here)" for name in ("new, steady", "unpainted input")]
    assert [ours[0], unpainted[0]] == named
    assert [ours[1], unpainted[1]] == ["0.0300"] * 2
    assert [ours[-1], unpainted[-1]] == ["any style, carried along", "nothing"]


def test_bars_of_a_steady_model_have_its_own_colour_but_paler(steady):
    bars = charts.bar_styles(steady)
    assert bars["new"]["color"] == bars["new, steady"]["edgecolor"] != bars["old"]["color"]
    near = charts.stability_chart(steady).axes[0]
    assert [bar.get_height() for bar in near.patches][9:12] == pytest.approx([0.03] * 3)
    pale, own = (np.array(near.patches[i].get_facecolor()) for i in (9, 6))
    assert (pale[:3] > own[:3]).all()
    assert pale[3] == own[3] == 1  # no grid shows through


def test_published_figures_are_marked_and_ours_beside_them(result):
    header, _, *lines = tables(report.markdown(result).split("## Beside the published")[1])[0]
    assert [line[0] for line in lines[:4]] == [f"{name} (published)" for name in report.PUBLISHED]
    assert [line[-1] for line in lines[:4]] == ["one network per style"] * 3 + ["optimises every clip anew"]
    assert lines[0][1:6] == ["0.0934", "0.1352", "0.0715", "0.1030", "0.1094"]
    ours = dict(zip(header, lines[4], strict=True))
    assert ours["e_stab"] == "**old**, final pass (measured here)"
    assert (ours["alley_2"], ours["ambush_5"], ours["other scenes here"]) == ("0.1100", "–", "0.1100")
    assert ours["style error"] == "0.200"


def test_the_clean_pass_stands_below_the_final_one(result):
    rows = [*result["rows"]]
    for r in result["rows"]:
        if r["source"] == "sintel final":
            rows.append({**r, "source": "sintel clean", "scene": f"{r['scene']}, clean", "e_stab": r["e_stab"] / 2})
    clean = [
        {**scene, "source": "sintel clean", "scene": f"{scene['scene']}, clean"}
        for scene in result["scenes"]
        if scene["source"] == "sintel final"
    ]
    styles = [ReferenceStyle(f"s{i}", None, {}, 1.0 + i, third) for i, third in enumerate(report.THIRDS)]
    both = report.build(result["models"], styles, [*result["scenes"], *clean], rows)
    _, _, *lines = tables(report.markdown(both).split("## Beside the published")[1])[0]
    named = ["**old**", "**new**", "**unpainted input**"]
    wanted = [f"{name}, {what} pass (measured here)" for what in ("final", "clean") for name in named]
    assert [line[0] for line in lines[4:]] == wanted
    assert [line[1] for line in lines[4:]] == ["0.1100", "0.0600", "0.0300", "0.0550", "0.0300", "0.0300"]
    assert len(charts.stability_chart(both).axes[0].get_xticklabels()) == 5


def test_sintels_size_stands_beside_the_published_figures(result):
    assert "Painted here at 640×272." in report.markdown(result)


def test_without_sintel_the_published_figures_stand_alone(result):
    rows = [row for row in result["rows"] if row["source"] == "clips"]
    styles = [ReferenceStyle("s0", None, {}, 1.0)]
    alone = report.build(result["models"], styles, result["scenes"][2:], [{**r, "third": None} for r in rows])
    text = report.markdown(alone)
    assert "No Sintel scene was evaluated" in text
    assert "Gram matrix (" not in text
    assert charts.stability_chart(alone).axes[2].get_title() == "e_stab by scene"


def test_pictures_have_tables_and_a_chart_of_their_own(result):
    still = {"scene": "cat", "source": "pictures", "variation_input": 0.01, "frames": 1, **SIZE}
    rows = [row("pictures", "cat", "s0", "low", "old", texture=0.1, colour=7.04)]
    rows.append(row("pictures", "cat", "s0", "low", "new", texture=0.08, colour=3.5))
    styles = [ReferenceStyle("s0", None, {}, 1.0)]
    both = report.build(result["models"], styles, [*result["scenes"], still], [*rows, *result["rows"]])
    text = report.markdown(both)
    assert text.index("## Pictures") < text.index("## MPI-Sintel")
    header, _, *lines = tables(text)[0]
    assert header == ["model", "texture", "energy", "contrast", "colour", "ssim", "cfsd"]
    assert [line[:2] + line[4:5] for line in lines] == [["old", "0.100", "7.0"], ["new", "0.080", "3.5"]]
    first = charts.pictures_chart(both).axes[0]
    assert [bar.get_height() for bar in first.patches][:6] == pytest.approx([0.1, 0.5, 0.5, 0.08, 0.5, 0.5])
    assert len(charts.stability_chart(both).axes[0].get_xticklabels()) == 3
    assert report.notes(both)["s0"][0].startswith("old: ")


def test_flat_frames_have_a_table(result):
    assert "## Flat frames" not in report.markdown(result)
    result["flat"] = {"old": {"s0": 0, "s1": 30, "s2": 3}, "new": {"s0": 0, "s1": 1, "s2": 0}}
    assert "## Flat frames" in report.markdown(result)
    _, _, old, new = tables(report.flat_table(result))[0]
    assert old == ["old", "30", "s1", "11.00", "2 of 3"]
    assert new == ["new", "1", "s1", "0.33", "0 of 3"]


def test_charts_show_the_rows(result, tmp_path):
    figure = charts.stability_chart(result)
    near, _, by_third, style = figure.axes
    heights = [bar.get_height() for bar in near.patches][:9]  # three scenes: input, old, new
    assert heights == pytest.approx([0.03] * 3 + [0.11] * 3 + [0.06] * 3)
    assert [bar.get_height() for bar in by_third.patches][3:6] == pytest.approx([0.1, 0.11, 0.12])
    assert [bar.get_height() for bar in style.patches][:6] == pytest.approx([0.2] * 3 + [0.21] * 3)
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert "old (1: frame by frame; style error 0.200)" in labels
    report.write(result, tmp_path)
    for name in ("pictures.png", "losses.png", "stability.png"):
        picture = cv2.imread(str(tmp_path / name))
        assert min(picture.shape[:2]) > 600
        assert picture.std() > 10


class Plain:
    """Paints everything in the style's mean colour, scaled."""

    def __init__(self, scale):
        self.scale = scale

    def encode(self, picture):
        return picture.mean((0, 1))

    def use(self, styles):
        (self.colour,) = styles

    def reset(self):
        pass

    def paint(self, frame):
        return np.broadcast_to(self.colour * self.scale, frame.shape).astype(np.uint8)


def flat(colour, h=64, w=64):
    return np.broadcast_to(np.uint8(colour), (h, w, 3)).copy()


@pytest.mark.parametrize("models", [1, 2])
def test_contact_sheet_has_every_picture_in_its_place(models):
    painters = {f"model{i}": Plain(1 - 0.5 * i) for i in range(models)}
    red = ReferenceStyle("red", flat((200, 0, 0)), {}, 1.0, "low")
    styles = [red, ReferenceStyle("blue", flat((0, 0, 200), 90, 40), {}, 2.0)]
    contents = {"wide": [flat((0, 250, 0), 64, 128)], "tall": [flat((250, 250, 0), 128, 64)]}
    sheet = np.asarray(sheets.contact_sheet(painters, styles, contents))
    lefts = [sheets.STYLE + sheets.STRIP + sheets.GAP, sheets.STYLE + sheets.STRIP + 2 * sheets.GAP + 2 * sheets.CELL]
    for left, colour in zip(lefts, ((0, 250, 0), (250, 250, 0)), strict=True):
        assert tuple(sheet[sheets.GAP + 20, left + 20]) == colour
        assert tuple(sheet[sheets.GAP + 20, left - 1]) == sheets.PAPER
    assert sheet.shape[1] == lefts[1] + sheets.CELL // 2 + 2 * sheets.GAP
    group = models * (sheets.CELL + sheets.GAP) - sheets.GAP + (sheets.STRIP if models == 1 else 0)
    for i, colour in enumerate((np.array([200, 0, 0]), np.array([0, 0, 200]))):
        top = sheets.CELL + sheets.STRIP + sheets.GROUP + i * (group + sheets.GROUP)
        assert tuple(sheet[top + 20, sheets.STYLE // 2]) == tuple(colour)
        for j in range(models):
            for left in lefts:
                middle = sheet[top + j * (sheets.CELL + sheets.GAP) + 75, left + 30]
                assert tuple(middle) == tuple(colour // (1 + j))


def test_contact_sheet_shows_the_last_of_the_frames_painted():
    class Counting(Plain):
        def reset(self):
            self.seen = 0

        def paint(self, frame):
            self.seen += 1
            return np.full_like(frame, 10 * self.seen)

    contents = {"one": [flat((0, 0, 0))], "three": [flat((0, 0, c)) for c in (0, 90, 180)]}
    style = ReferenceStyle("s", flat((9, 9, 9)), {}, 1.0)
    sheet = np.asarray(sheets.contact_sheet({"m": Counting(1)}, [style], contents))
    lefts = [sheets.STYLE + sheets.STRIP + sheets.GAP + i * (sheets.CELL + sheets.GAP) for i in (0, 1)]
    below = sheets.CELL + sheets.STRIP + sheets.GROUP + 75
    assert [int(sheet[below, left + 75, 0]) for left in lefts] == [10, 30]
    assert tuple(sheet[20, lefts[1] + 75]) == (0, 0, 180)


@pytest.mark.parametrize(
    ("numbers", "expected"),
    [
        ([*range(20)], [5, 6, 7, 8, 9, 10]),
        ([1, 2], [1, 2]),
        ([2, 3, 10, 11], [10, 11]),
        ([1, 2, 3, 9], [1, 2, 3]),
        ([1, 2, 7, 9], [7]),
    ],
)
def test_frames_that_lead_up_to_one_with_none_missing(numbers, expected):
    frames = np.array(numbers, np.uint8).reshape(-1, 1, 1, 1)
    scene = Scene("s", "sintel final", frames, numbers, None, None, None)
    assert sheets.run_up(scene).ravel().tolist() == expected


def test_long_names_lose_their_middle():
    image = sheets.Image.new("RGB", (60, 20))
    draw = sheets.ImageDraw.Draw(image)
    written = []
    draw.text = lambda place, text, *more, **others: written.append(text)
    sheets._write(draw, (0, 0), "a-rather-long-name, steady", 110, sheets.INK)
    sheets._write(draw, (0, 0), "short", 110, sheets.INK)
    assert written[0].startswith("a-rath")
    assert written[0].endswith("steady")
    assert "…" in written[0]
    assert written[1] == "short"


def test_many_styles_go_on_several_sheets(tmp_path):
    styles = [ReferenceStyle(f"style {i}", flat((10 * i, 0, 0)), {}, 1.0) for i in range(5)]
    painters = {f"model {i}": Plain(1) for i in range(12)}
    written = sheets.write_sheets(tmp_path / "out", painters, styles, {"c": [flat((0, 0, 0), 40, 60)]}, 32)
    assert [f.name for f in written] == ["contact_sheet.png", "contact_sheet_2.png", "contact_sheet_3.png"]
    assert all(f.is_file() for f in written)
