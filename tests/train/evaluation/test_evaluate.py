"""Evaluation against numpy float64 written independently, with painters whose every pixel is known."""

import json
import math

import cv2
import numpy as np
import onnx
import pytest
import torch
import typer
from onnx import TensorProto, helper
from typer.testing import CliRunner

from impasto.export.runtime.model import Model, describe, load_model, write_model
from impasto.models.errors import BadInput
from impasto.models.rules import rules
from impasto.train import losses, vgg
from impasto.train.data.clips import to_tensor
from impasto.train.evaluation import command as evaluate_cli
from impasto.train.evaluation import consistency, evaluate, made_up, metrics, sheets
from impasto.train.evaluation.scenes import Disocclusions, FramePairs, Scene, picture_scenes

H, W = 32, 40


class Flickering:
    """Paints the mean of frame and style colour, every second frame since `reset` brighter by `flicker`."""

    def __init__(self, flicker=0):
        self.flicker, self.painted, self.resets = flicker, 0, []

    def encode(self, picture):
        return picture.mean((0, 1))

    def use(self, styles):
        (self.colour,) = styles

    def reset(self):
        self.resets.append(self.painted)
        self.since = 0

    def paint(self, frame):
        self.painted, self.since = self.painted + 1, self.since + 1
        return (frame * 0.5 + 0.5 * self.colour + self.flicker * (self.since % 2)).clip(0, 255).astype(np.uint8)


class Trailing(Flickering):
    """Keeps half of what it painted last."""

    def reset(self):
        super().reset()
        self.last = None

    def paint(self, frame):
        now = super().paint(frame)
        self.last = now if self.last is None else now // 2 + self.last // 2
        return self.last


def smooth(seed, shape, blur=2):
    picture = cv2.GaussianBlur(np.random.default_rng(seed).random((*shape, 3)), None, blur)
    return (200 * (picture - picture.min()) / (picture.max() - picture.min())).astype(np.uint8)


def hand_made_scene(numbers=None):
    rng, count = np.random.default_rng(1), 10
    frames = np.stack([smooth(i, (H, W)) for i in range(count)])
    links = []
    for pairs in ([(t, t - 1) for t in range(1, count)], [(8, 0), (9, 1)]):
        flows = torch.from_numpy(rng.normal(0, 2, (len(pairs), 2, H, W)).astype(np.float32))
        masks = torch.from_numpy((rng.random((len(pairs), 1, H, W)) > 0.3).astype(np.float32))
        links.append(FramePairs([a for a, _ in pairs], [b for _, b in pairs], flows, masks))
    revealed = Disocclusions([2, 5], torch.from_numpy((rng.random((2, 1, H, W)) > 0.8).astype(np.float32)))
    return Scene("hand", "clips", frames, numbers or [*range(count)], *links, revealed)


@pytest.fixture(scope="module")
def vgg16(vgg_file):
    return vgg.load(vgg_file)


@pytest.fixture
def small_styles(monkeypatch):
    monkeypatch.setattr(evaluate, "STYLE_SIDE", 32)


def fetched(image, flow):
    """W(image), float64, bilinear, border repeated."""
    y, x = np.mgrid[:H, :W].astype(np.float64)
    x, y = np.clip(x + flow[0], 0, W - 1), np.clip(y + flow[1], 0, H - 1)
    x0, y0 = np.minimum(x.astype(int), W - 2), np.minimum(y.astype(int), H - 2)
    fx, fy = (x - x0)[..., None], (y - y0)[..., None]
    top = (1 - fx) * image[y0, x0] + fx * image[y0, x0 + 1]
    return (1 - fy) * top + fy * ((1 - fx) * image[y0 + 1, x0] + fx * image[y0 + 1, x0 + 1])


def differences(images, links):
    """(M, O_here − W(O_there)) of each link."""
    images = images.astype(np.float64) / 255
    for here, there, flow, mask in zip(links.here, links.there, links.flows, links.masks, strict=True):
        yield mask[0, ..., None].double().numpy(), images[here] - fetched(images[there], flow.double().numpy())


def expected_figures(outs, scene):
    near, far = (list(differences(outs, links)) for links in (scene.near, scene.far))
    light = [d @ [0.2126, 0.7152, 0.0722] for _, d in differences(scene.frames, scene.near)]
    unit, grey = outs / 255, [cv2.cvtColor(o, cv2.COLOR_RGB2GRAY).astype(np.float64) for o in outs]
    return {
        "e_stab": np.sqrt(np.mean([np.mean(m * d**2) for m, d in near])),
        "e_stab_lag8": np.sqrt(np.mean([np.sum(m * d**2) / (3 * m.sum()) for m, d in far])),
        "output_temporal": np.mean(
            [np.mean(m * (d - y[..., None]) ** 2) for (m, d), y in zip(near, light, strict=True)]
        ),
        "variation": np.mean(np.diff(unit, axis=1) ** 2) + np.mean(np.diff(unit, axis=2) ** 2),
        "sharpness": np.mean([cv2.Laplacian(g, cv2.CV_64F).std() for g in grey]),
    }


def test_rows_against_numpy(vgg16, small_styles):
    scene, painters, ticks = hand_made_scene(), {"still": Flickering(), "flicker": Flickering(20)}, []
    styles = evaluate.prepare_styles(vgg16, {"red": smooth(20, (40, 40)), "blue": smooth(21, (48, 36))})
    facts, rows = evaluate.measure_scene(scene, painters, styles, vgg16, lambda: ticks.append(1))
    assert [(row["style"], row["model"]) for row in rows] == [(s.name, p) for s in styles for p in painters]
    assert len(ticks) == len(rows) == 4
    for row in rows:
        style = next(s for s in styles if s.name == row["style"])
        outs = np.stack(evaluate.paint(painters[row["model"]], scene, style))
        for figure, value in expected_figures(outs, scene).items():
            assert row[figure] == pytest.approx(value, rel=1e-4), figure
        unpainted = expected_figures(scene.frames, scene)
        for figure in ("e_stab", "e_stab_lag8", "sharpness"):
            assert row[f"{figure}_input"] == facts[f"{figure}_input"] == pytest.approx(unpainted[figure], rel=1e-4)
        assert facts["variation_input"] == pytest.approx(unpainted["variation"], rel=1e-4)
        assert row["e_stab_ratio"] == pytest.approx(row["e_stab"] / row["e_stab_input"])
        assert set(row) == {"scene", "source", "style", "third", "model", *evaluate.FIGURES}
    assert rows[1]["e_stab"] > rows[0]["e_stab"]
    assert {k: facts[k] for k in ("scene", "frames", "height", "width", "pairs")} == {
        "scene": "hand", "frames": 10, "height": H, "width": W, "pairs": 9,
    }  # fmt: skip


def test_what_a_steady_painter_costs(vgg16, small_styles):
    scene, painters = hand_made_scene(), {"p": Flickering(20), "p, steady": Trailing(20)}
    (style,) = evaluate.prepare_styles(vgg16, {"only": smooth(22, (32, 32))})
    _, (alone, steady) = evaluate.measure_scene(scene, painters, [style], vgg16, lambda: None, {"p, steady": "p"})
    for figure in ("style_error", "content_error", "sharpness"):
        assert steady[f"{figure}_alone"] == alone[figure]
        assert steady[f"{figure}_relative"] == pytest.approx(steady[figure] / alone[figure])
        assert math.isnan(alone[f"{figure}_relative"])
    single, kept = (np.stack(evaluate.paint(p, scene, style)) / 255 for p in painters.values())
    shown = [mask[0].numpy() > 0 for mask in scene.revealed.masks]
    trail = np.concatenate([((kept[t] - single[t]) ** 2)[m] for t, m in zip((2, 5), shown, strict=True)])
    change = np.concatenate([((single[t] - single[t - 1]) ** 2)[m] for t, m in zip((2, 5), shown, strict=True)])
    assert steady["trail"] == pytest.approx(trail.mean(), rel=1e-4)
    assert steady["trail_change"] == pytest.approx(change.mean(), rel=1e-4)
    assert steady["ghosting"] == pytest.approx(trail.mean() / change.mean(), rel=1e-4)
    assert math.isnan(alone["ghosting"])


def test_figures_of_pictures_are_those_of_three_frames(vgg16, small_styles):
    """A quarter, a half and three quarters into the clip, as the reference measure has it."""
    scene, painter = hand_made_scene(), Flickering()
    (style,) = evaluate.prepare_styles(vgg16, {"only": smooth(22, (32, 32))})
    _, (row,) = evaluate.measure_scene(scene, {"p": painter}, [style], vgg16, lambda: None)
    outs = torch.stack([to_tensor(o) for o in evaluate.paint(painter, scene, style)])[[2, 5, 7]]
    frames = torch.stack([to_tensor(f) for f in scene.frames])[[2, 5, 7]]
    picture = to_tensor(style.picture)[None]
    grams, content = ([losses.grams(vgg16(x[None])) for x in outs], [vgg16(x[None])["relu3_3"] for x in outs])
    errors = [metrics.relative_style(each, losses.grams(vgg16(picture))) for each in grams]
    assert row["style_error"] == pytest.approx(np.mean(errors), rel=1e-5)
    errors = [metrics.relative_content(c, vgg16(f[None])["relu3_3"]) for c, f in zip(content, frames, strict=True)]
    assert row["content_error"] == pytest.approx(np.mean(errors), rel=1e-5)
    each = [metrics.colour(out, picture[0]) for out in outs]
    assert row["colour"] == pytest.approx(np.mean(each), rel=1e-5)
    likeness = [metrics.cfsd(*(vgg16(x[None])["relu3_3"] for x in pair)) for pair in zip(outs, frames, strict=True)]
    assert row["cfsd"] == pytest.approx(np.mean(likeness), rel=1e-4)
    textures = [metrics.texture(*(losses.grams(vgg16(x)) for x in (out[None], picture))) for out in outs]
    assert row["texture"] == pytest.approx(np.mean(textures), rel=1e-4)
    assert row["deviation"] == pytest.approx(np.mean([metrics.deviation(out) for out in outs]))
    assert row["flicker"] == pytest.approx(row["e_stab"] / row["deviation"])


def test_a_picture_is_a_scene_of_one_frame(vgg16, small_styles):
    tall = smooth(3, (60, 48))
    (scene,) = picture_scenes({"tall": tall}, 48).scenes
    assert np.array_equal(scene.frames[0], tall[6:54])
    (style,) = evaluate.prepare_styles(vgg16, {"only": smooth(22, (32, 32))})
    facts, (row,) = evaluate.measure_scene(scene, {"p": Flickering()}, [style], vgg16, lambda: None)
    assert (facts["scene"], facts["source"], facts["frames"]) == ("tall", "pictures", 1)
    assert all(not math.isnan(row[figure]) for figure in (*evaluate.PICTURE_FIGURES, "sharpness", "variation"))
    assert all(math.isnan(row[figure]) for figure in ("e_stab", "e_stab_lag8", "output_temporal", "flicker"))


def test_flat_frames_are_measured_by_their_range():
    class Weave(Flickering):
        def paint(self, frame):
            painted = super().paint(frame)
            painted[::2, 1::2, 2] += 7 * (self.colour is woven)
            return painted

    styles = [evaluate.ReferenceStyle(name, np.full((8, 8, 3), 100, np.uint8), {}, 1.0) for name in ("plain", "woven")]
    painter = Weave()
    woven = np.float64(100)
    painter.encode = lambda picture: woven if picture is styles[1].picture else np.float64(100)
    assert evaluate.flat_frames({"a": painter}, styles, side=16) == {"a": {"plain": 0, "woven": 7}}


def test_painting_starts_anew_where_frames_are_missing():
    painter = Flickering()
    style = evaluate.ReferenceStyle("s", smooth(0, (8, 8)), {}, 1.0)
    evaluate.paint(painter, hand_made_scene([1, 2, 3, 4, 10, 11, 12, 13, 14, 20]), style)
    assert painter.resets == [0, 4, 9]


def test_styles_are_ordered_by_gram_trace_and_split_into_thirds(vgg16, small_styles):
    grey = np.full((32, 32, 3), 128.0)
    noise = np.random.default_rng(0).normal(size=(32, 32, 3))
    pictures = {f"n{k}": (grey + k * noise).clip(0, 255).astype(np.uint8) for k in (40, 0, 8, 25, 60)}
    styles = evaluate.prepare_styles(vgg16, pictures)
    assert [s.trace for s in styles] == sorted(s.trace for s in styles)
    assert {s.name for s in styles} == set(pictures)
    assert [s.third for s in styles] == ["low", "low", "middle", "middle", "high"]
    features = vgg16(to_tensor(styles[2].picture)[None])
    energies = [float(f.double().square().sum(1).mean()) for f in features.values()]
    assert styles[2].trace == pytest.approx(math.prod(energies) ** 0.25, rel=1e-5)
    pair = evaluate.prepare_styles(vgg16, dict(list(pictures.items())[:2]))
    assert [s.third for s in pair] == [None, None]


def test_style_pictures_are_seen_at_one_size(vgg16, monkeypatch):
    monkeypatch.setattr(evaluate, "STYLE_SIDE", 48)
    picture = smooth(3, (64, 128))
    (style,) = evaluate.prepare_styles(vgg16, {"wide": picture})
    shrunk = cv2.resize(picture.astype(np.float32) / 255, (96, 48), interpolation=cv2.INTER_AREA)
    expected = losses.grams(vgg16(torch.from_numpy(shrunk).permute(2, 0, 1)[None]))
    for layer, gram in style.grams.items():
        assert torch.allclose(gram, expected[layer], rtol=1e-4, atol=1e-6)


def test_averages_by_hand():
    def row(scene, model, e, lag):
        known = dict.fromkeys(evaluate.FIGURES, 1.0)
        return {"scene": scene, "model": model, **known, "e_stab": e, "e_stab_input": 2 * e, "e_stab_lag8": lag}

    rows = [row("s", "a", 0.1, math.nan), row("t", "a", 0.3, 0.5), row("s", "b", 0.2, math.nan)]
    a, b = evaluate.averages(rows, "model")
    assert (a["model"], a["clips"], b["model"], b["clips"]) == ("a", 2, "b", 1)
    assert a["e_stab"] == pytest.approx(0.2)
    assert a["e_stab_lag8"] == 0.5
    assert a["e_stab_ratio"] == pytest.approx(0.5)
    assert a["e_stab_lag8_ratio"] == pytest.approx(0.5)
    assert a["ghosting"] == 1
    assert math.isnan(b["e_stab_lag8_ratio"])
    assert math.isnan(b["e_stab_lag8"])
    assert len(evaluate.averages(rows, "scene", "model")) == 3


def test_pictures_are_read_by_name_and_others_refused(tmp_path):
    picture = smooth(0, (12, 16))
    cv2.imwrite(str(tmp_path / "a.png"), picture[:, :, ::-1])
    (found,) = evaluate.read_pictures(tmp_path).items()
    assert found[0] == "a"
    assert np.array_equal(found[1], picture)
    (tmp_path / "b.jpg").write_bytes(b"no picture")
    with pytest.raises(BadInput, match=r"b\.jpg is not a picture"):
        evaluate.read_pictures(tmp_path)


def export_tiny(folder, name, share, recipe, steady=False):
    """A model by hand: S is the picture's mean colour, a frame is mixed with it: share · S + (1 − share) · frame.

    Its step graph, if it is to have one, mixes the painting with the one before, by half of the stability.
    """
    folder.mkdir()

    def save(file, nodes, inputs, outputs, constants):
        def value(item):
            return helper.make_tensor_value_info(item[0], TensorProto.FLOAT, item[1])

        weights = [helper.make_tensor(k, t, [len(v)], v) for k, (t, v) in constants.items()]
        graph = helper.make_graph(nodes, name, [*map(value, inputs)], [*map(value, outputs)], weights)
        onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / file)

    pool = helper.make_node("GlobalAveragePool", ["image"], ["mean"])
    flat = helper.make_node("Reshape", ["mean", "shape"], ["style"])
    shape = {"shape": (TensorProto.INT64, [1, 3])}
    save("style.onnx", [pool, flat], [("image", [1, 3, 256, 256])], [("style", [1, 3])], shape)
    nodes = [
        helper.make_node("Reshape", ["style", "shape"], ["colour"]),
        helper.make_node("Mul", ["colour", "share"], ["ours"]),
        helper.make_node("Mul", ["frame", "rest"], ["theirs"]),
        helper.make_node("Add", ["ours", "theirs"], ["painted"]),
    ]
    constants = {"share": (TensorProto.FLOAT, [share]), "rest": (TensorProto.FLOAT, [1 - share])}
    constants["shape"] = (TensorProto.INT64, [1, 3, 1, 1])
    size = [1, 3, "h", "w"]
    save("frame.onnx", nodes, [("frame", size), ("style", [1, 3])], [("painted", size)], constants)
    files, state = {"style": "style.onnx", "frame": "frame.onnx"}, []
    if steady:
        nodes[-1] = helper.make_node("Add", ["ours", "theirs"], ["alone"])
        nodes += [
            helper.make_node("Mul", ["stability", "half"], ["most"]),
            helper.make_node("Mul", ["most", "begun"], ["kept"]),  # 0 in the first frame
            helper.make_node("Sub", ["carried", "alone"], ["change"]),
            helper.make_node("Mul", ["change", "kept"], ["back"]),
            helper.make_node("Add", ["alone", "back"], ["painted"]),
            helper.make_node("Mul", ["begun", "zero"], ["nothing"]),
            helper.make_node("Add", ["nothing", "one"], ["next_begun"]),
        ]
        constants |= {k: (TensorProto.FLOAT, [v]) for k, v in {"half": 0.5, "zero": 0.0, "one": 1.0}.items()}
        begun = [1, 1, "h", "w"]
        inputs = [("frame", size), ("style", [1, 3]), ("stability", [1]), ("carried", size), ("begun", begun)]
        save("step.onnx", nodes, inputs, [("painted", size), ("next_begun", begun)], constants)
        files["step"] = "step.onnx"
        state = [
            {"name": "carried", "from": "painted", "channels": 3, "over": 1},
            {"name": "begun", "from": "next_begun", "channels": 1, "over": 1},
        ]
    described = describe(folder, files)
    write_model(Model(folder, name, 3, 256, 8, [], {}, described, rules=rules(8), state=state, recipe=recipe))
    return folder


@pytest.fixture
def models(tmp_path):
    plain = export_tiny(tmp_path / "a", "plain", 0.3, {})
    return [str(plain), str(export_tiny(tmp_path / "b", "paired", 0.6, {"stage": "video"}))]


@pytest.fixture
def run():
    app = typer.Typer()
    app.command("evaluate")(evaluate_cli.evaluate_command)

    def run(*words):
        result = CliRunner().invoke(app, [*map(str, words)])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    return run


@pytest.fixture
def styles(tmp_path):
    folder = tmp_path / "styles"
    folder.mkdir()
    for i, blur in enumerate((0.6, 1.5, 4)):
        cv2.imwrite(str(folder / f"style{i}.png"), smooth(i, (40, 40), blur))
    return folder


def test_the_command_needs_nothing_but_vgg(run, models, vgg_file, tmp_path, small_styles, monkeypatch):
    """Scenes and paintings made by code; two models, one of which was trained on pairs."""
    monkeypatch.setattr(made_up, "paintings", lambda: {f"p{i}": smooth(i, (32, 32), 1 + i) for i in range(3)})
    monkeypatch.setattr(made_up, "SCENES", made_up.SCENES[:2])
    out = tmp_path / "report"
    shown = run(*models, "--vgg", vgg_file, "--size", 64, "--frames", 10, "-o", out)
    assert shown.exit_code == 0
    assert {f.name for f in out.iterdir()} == {
        "report.json", "report.md", "pictures.png", "losses.png", "stability.png", "contact_sheet.png",
    }  # fmt: skip
    report = json.loads((out / "report.json").read_text("utf-8"))
    assert [(m["name"], m["approach"][0]) for m in report["models"]] == [("plain", "1"), ("paired", "2")]
    assert len(report["rows"]) == 2 * 3 * 2
    assert report["made_up_styles"] is True
    plain, paired = report["by_model"]
    # Mixing is linear: the mixed share takes nothing part in the change from frame to frame, but for rounding.
    assert plain["e_stab"] / plain["e_stab_input"] == pytest.approx(0.7, abs=0.03)
    assert paired["e_stab"] / paired["e_stab_input"] == pytest.approx(0.4, abs=0.03)
    assert "style error" in shown.output
    assert "e_stab" in shown.output


@pytest.mark.parametrize("option", ["--contents", "--styles", "--paintings", "--clips"])
def test_pictures_that_are_read_are_not_replaced_by_charts(run, models, vgg_file, tmp_path, option):
    """As of a report in the same folder before."""
    for name in ("pictures.png", "contact_sheet_2.png"):
        (tmp_path / name).write_bytes(b"of mine")
        with pytest.raises(BadInput) as caught:
            run(models[0], option, tmp_path, "--vgg", vgg_file, "-o", tmp_path)
        assert str(caught.value) == f"The output {tmp_path / name} is also read, in {tmp_path}; choose another name."
        assert (tmp_path / name).read_bytes() == b"of mine"
        (tmp_path / name).unlink()


def test_a_model_with_a_step_graph_is_measured_both_ways(run, models, vgg_file, tmp_path, small_styles, monkeypatch):
    monkeypatch.setattr(made_up, "paintings", lambda: {f"p{i}": smooth(i, (32, 32), 1 + i) for i in range(3)})
    monkeypatch.setattr(made_up, "SCENES", ("passer-by",))
    carrying, out = export_tiny(tmp_path / "c", "carrying", 0.2, {"stage": "video"}, steady=True), tmp_path / "report"
    shown = run(models[0], carrying, "--vgg", vgg_file, "--size", 96, "--frames", 6, "-o", out)
    assert shown.exit_code == 0
    report, text = json.loads((out / "report.json").read_text("utf-8")), (out / "report.md").read_text("utf-8")
    assert [(m["name"], m["approach"], m["alone"]) for m in report["models"]] == [
        ("plain", "1: frame by frame", None),
        ("carrying", "2: temporally trained", None),
        ("carrying, steady", "3: stabilized", "carrying"),
    ]
    plain, alone, steady = report["by_model"]
    assert plain["ghosting"] is alone["ghosting"] is None
    # The mean with the painting before has half of its error, and a quarter of the square.
    assert 0.2 < steady["ghosting"] < 0.35
    assert steady["style_error_alone"] == pytest.approx(alone["style_error"])
    assert steady["sharpness"] < steady["sharpness_alone"]
    assert "| all | carrying, steady |" in text
    assert "| all | carrying, steady |" in shown.output
    assert "| passer-by | carrying, steady |" in text
    assert "| all | carrying |" not in text


def test_the_command_on_clips_and_pictures(run, models, vgg_file, styles, tmp_path, small_styles, monkeypatch):
    clips, contents, out = tmp_path / "clips", tmp_path / "contents", tmp_path / "out"
    clips.mkdir()
    contents.mkdir()
    writer = cv2.VideoWriter(str(clips / "walk.mp4"), cv2.VideoWriter_fourcc(*"mp4v"), 24, (96, 64))
    for i in range(4):
        writer.write(smooth(9, (64, 112), 3)[:, 2 * i : 2 * i + 96])
    writer.release()
    cv2.imwrite(str(contents / "house.png"), smooth(5, (80, 100)))
    words = ("--clips", clips, "--styles", styles, "--contents", contents, "--paintings", styles)
    monkeypatch.setattr(evaluate_cli, "STILL", 48)
    carrying = export_tiny(tmp_path / "c", "carrying", 0.2, {}, steady=True)
    run(models[0], carrying, "--vgg", vgg_file, *words, "--size", 64, "--frames", 3, "-o", out)
    report = json.loads((out / "report.json").read_text("utf-8"))
    still, scene = report["scenes"]
    assert (still["scene"], still["source"], still["frames"], still["height"]) == ("house", "pictures", 1, 48)
    assert (scene["scene"], scene["frames"], scene["height"]) == ("walk", 3, 64)
    stills, rows = ([row for row in report["rows"] if (row["source"] == "pictures") == is_still] for is_still in (1, 0))
    assert {row["model"] for row in stills} == {"plain", "carrying"}
    assert all(row["texture"] is not None and row["e_stab"] is None for row in stills)
    assert {row["style"] for row in report["rows"]} == {"style0", "style1", "style2"}
    assert rows[0]["e_stab_lag8"] is None
    assert list(report["predictor"]) == ["plain", "carrying"]  # steady or not, P is the same
    assert report["predictor"]["plain"]["vectors"] == 6
    assert rows[2]["model"] == "carrying, steady"
    assert rows[2]["ghosting"] is None  # DIS flow does not tell exactly what was hidden
    sheet = cv2.imread(str(out / "contact_sheet.png"))
    assert len(sheet) < 3 * (3 * sheets.CELL)  # a picture by itself is painted alike by both: two rows a style
    assert "Does P know a painting" in (out / "report.md").read_text("utf-8")


def test_the_command_paints_sintel_as_wide_as_asked(run, models, vgg_file, styles, tmp_path, small_styles):
    training = tmp_path / "training"
    for kind in ("final", "flow", "occlusions"):
        (training / kind / "tea_1").mkdir(parents=True)
    for n in (1, 2):
        cv2.imwrite(str(training / f"final/tea_1/frame_{n:04d}.png"), smooth(9, (72, 144), 3)[:, 2 * n :][:, :128])
    cv2.writeOpticalFlow(str(training / "flow/tea_1/frame_0001.flo"), np.full((72, 128, 2), (-2, 0), np.float32))
    cv2.imwrite(str(training / "occlusions/tea_1/frame_0001.png"), np.zeros((72, 128), np.uint8))
    out = tmp_path / "out"
    words = ("--sintel", training, "--sintel-width", 64, "--styles", styles, "--vgg", vgg_file)
    run(models[0], *words, "-o", out)
    report = json.loads((out / "report.json").read_text("utf-8"))
    (scene,) = report["scenes"]
    assert (scene["source"], scene["width"], scene["height"]) == ("sintel final", 64, 36)
    assert report["rows"][0]["e_stab"] < 0.02
    assert "Painted here at 64×36." in (out / "report.md").read_text("utf-8")
    with pytest.raises(BadInput, match="name the data set with --sintel"):
        run(models[0], "--sintel-width", 64, "-o", out)


@pytest.mark.parametrize(
    ("approach", "stages"),
    [("1: frame by frame", ["image", "predictor"]), ("2: temporally trained", ["video", "steady", "steady_style"])],
)
def test_who_learned_from_more_than_one_frame(tmp_path, approach, stages):
    for stage in stages:
        painters = evaluate_cli.load_painters([str(export_tiny(tmp_path / stage, stage, 0.5, {"stage": stage}))])
        assert evaluate_cli.describe(stage, painters[stage], None)["approach"] == approach


def test_a_report_that_has_no_place_is_no_work(run, models, tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.train.vgg.load", lambda file: pytest.fail("measured"))
    (tmp_path / "report").write_text("")
    with pytest.raises(FileExistsError):  # which the command line puts in words
        run(*models, "--output", tmp_path / "report")
    (tmp_path / "none").mkdir()
    with pytest.raises(BadInput, match="none"):
        run(*models, "--output", tmp_path / "out", "--styles", tmp_path / "none")


def test_models_are_told_apart(models, tmp_path):
    twin = str(export_tiny(tmp_path / "c", "plain", 0.5, {}))
    carrying = str(export_tiny(tmp_path / "d", "carrying", 0.5, {}, steady=True))
    assert list(evaluate_cli.load_painters(models)) == ["plain", "paired"]
    painters = evaluate_cli.load_painters([carrying, models[0]])
    stabilities = {name: painter.look.stability for name, painter in painters.items()}
    assert stabilities == {"carrying": 0, "carrying, steady": 1, "plain": 0}
    assert list(evaluate_cli.load_painters([models[0], twin])) == [models[0], twin]
    with pytest.raises(BadInput, match="named twice"):
        evaluate_cli.load_painters([models[0], models[0]])
    with pytest.raises(BadInput, match="There is no model"):
        evaluate_cli.load_painters(["nothing-of-the-kind"])


def test_predictor_consistency_by_hand():
    """Two paintings, far apart; the mean of all four vectors is (0, 0)."""
    pairs = np.array([[[1.0, 0.0], [0.0, 1.0]], [[-1.0, 0.0], [0.0, -1.0]]])
    look = consistency.compare(pairs)
    assert look == {"vectors": 4, "same": pytest.approx(0), "different": pytest.approx(0), "nearer": 0}
    look = consistency.compare(np.array([[[1.0, 0.1], [1.0, -0.1]], [[-1.0, 0.0], [-1.0, 0.0]]]))
    assert look["same"] > 0.98
    assert look["different"] < -0.98
    assert look["nearer"] == 1


def test_predictor_consistency_of_flat_paintings(models, tmp_path):
    """P is the mean colour here: every crop of a flat painting gives the same vector."""
    folder = tmp_path / "flat"
    folder.mkdir()
    for i, colour in enumerate(np.random.default_rng(0).integers(0, 256, (12, 3))):
        cv2.imwrite(str(folder / f"{i}.png"), np.broadcast_to(colour, (30, 50, 3)).astype(np.uint8))
    ticks = []
    look = consistency.predictor_consistency(load_model(models[0]), folder, 20, lambda: ticks.append(1))
    assert look["vectors"] == 20
    assert len(ticks) == 10
    assert look["same"] == pytest.approx(1, abs=1e-5)
    assert look["different"] < 0.8
    assert look["nearer"] == 1
    (folder / "broken").mkdir()
    (folder / "broken" / "x.png").write_bytes(b"?")
    with pytest.raises(BadInput, match="fewer than two paintings"):
        consistency.predictor_consistency(load_model(models[0]), folder / "broken")
