"""The contract vectors in Python. The page's tests read the same: `webapp/page/tests/contract.test.ts`."""

import base64
import io
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

sys.path.append(str(Path(__file__).parent))
from vectors import STUDIED, TINY, as_codes, cases, chosen, styles, unpacked, untagged

from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Look, Painter, padded_size
from impasto.export.runtime.person import mix, share
from impasto.export.runtime.scenes import Scenes
from impasto.export.runtime.style_file import licence_note, read_style
from impasto.export.runtime.styles import blend
from impasto.export.runtime.tone import Transfer, tone_map
from impasto.models.errors import BadInput
from impasto.models.rules import person_size
from impasto.webapp.files.clips.colour import Matrix, fitted, matrix_of
from impasto.webapp.files.clips.edits import read_edits
from impasto.webapp.files.detail import enlarge
from impasto.webapp.files.pictures import decode_picture
from impasto.webapp.files.working_size import working_size


def named(kind):
    return pytest.mark.parametrize("case", cases(kind), ids=lambda case: case.get("name"))


@pytest.fixture(scope="module")
def model():
    return load_model(TINY)


@named("paint")
def test_paintings(model, case):
    painter, vectors = Painter(model, device="cpu", threads=1), styles()
    look = {"strength": 1.0, "keep_colors": False, "stability": 1.0}
    for step in case["steps"]:
        if "style" in step:
            painter.use([chosen(name, vectors, model) for name in step["style"]], list(step["style"].values()))
        look |= {key: step[key] for key in look if key in step}
        painter.look = Look(**look)
        painted = painter.paint(unpacked(step["frame"]), step.get("time")).astype(int)
        off = np.abs(painted - unpacked(step["painted"]))
        assert off.max() <= 2
        assert off.mean() < 0.1


@named("style")
def test_transparent_pictures(model, case):
    file = io.BytesIO()
    Image.fromarray(unpacked(case["picture"])).save(file, "PNG")
    style = Painter(model, device="cpu").encode(decode_picture(file.getvalue()))
    assert np.abs(style - case["style"]).max() < 2e-3 * np.abs(case["style"]).max()


@named("blend")
def test_blends(case):
    vectors = [styles()[name] for name in case["styles"]]
    if case.get("refused"):
        with pytest.raises(BadInput):
            blend(vectors, case["weights"])
        return
    np.testing.assert_allclose(blend(vectors, case["weights"]), case["blended"], atol=1e-5)


@named("model")
def test_model_folders(case, tmp_path):
    folder = shutil.copytree(TINY, tmp_path / "tiny")
    if "damaged" in case:
        file = folder / case["damaged"]
        file.write_bytes(file.read_bytes()[:-1] + b"?")
        with pytest.raises(BadInput, match=r"is damaged"):
            load_model(folder)
        return
    data = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**data, **case["change"]}))
    if "sentence" in case:
        with pytest.raises(BadInput) as refused:
            load_model(folder)
        assert str(refused.value) == case["sentence"]
    else:
        assert load_model(folder).state == []
        assert case["frame_by_frame"]


@named("studied")
def test_style_files(model, case):
    if "sentence" in case:
        with pytest.raises(BadInput) as refused:
            read_style(STUDIED / case["name"], model)
        assert str(refused.value) == case["sentence"]
        return
    found = read_style(STUDIED / case["name"], model)
    np.testing.assert_allclose(found.style, case["style"], rtol=1e-6)
    sums = {name: part.astype(np.float64).sum() for name, part in found.brush.items()}
    assert sums == pytest.approx(case["brush"])
    assert (found.name, found.licence, found.source) == (case["title"], case["licence"], case["source"])
    assert licence_note(found, model) == case["note"]
    assert len(found.preview) == case["preview"]


@named("padding")
def test_padding(model, case):
    assert list(padded_size(*case["size"], model.multiple, model.rules)) == case["padded"]


@named("clip_size")
def test_sizes_of_clips(case):
    width, height = case["size"]
    assert list(working_size(width, height, min(width, height, case["side"]))) == case["painted"]


@named("detail")
def test_paintings_at_the_size_of_their_frames(case):
    shown = enlarge(unpacked(case["painting"]), unpacked(case["frame"])).astype(int)
    assert np.abs(shown - unpacked(case["shown"])).max() <= 2


@named("person_size")
def test_sizes_of_pictures_with_persons(case):
    assert list(person_size(*case["size"])) == case["picture"]


@named("person")
def test_person_and_rest(case):
    width, height = case["size"]
    lines = np.array(case["lines"], np.float32).reshape(2, height, width)
    pictures = {key: unpacked(case[key]) for key in ("frame", "person", "rest", "shown")}
    shown = mix(share(pictures["frame"], lines), pictures["person"], pictures["rest"]).astype(int)
    assert np.abs(shown - pictures["shown"]).max() <= 1


@named("tone")
def test_tones_of_hdr(case):
    shown = tone_map(as_codes(case["codes"]), Transfer[case["name"].upper()])
    assert np.abs(shown[0].astype(int) - case["shown"]).max() <= 1


@named("fitted")
def test_frames_of_another_size(case):
    assert list(fitted(case["size"], case["first"], case["into"])) == case["fitted"]


@named("matrix")
def test_clips_that_do_not_name_their_matrix(case):
    found = matrix_of(untagged(case["codec"], case["size"], case["full_range"]))
    assert found == {"bt709": Matrix.BT709, "smpte170m": Matrix.BT601}[case["matrix"]]


@named("scenes")
def test_where_scenes_begin(case):
    scenes = Scenes()
    assert [scenes.begins(unpacked(frame)) for frame in case["frames"]] == case["begins"]


@named("edits")
def test_edit_lists(case, tmp_path):
    file = tmp_path / "clip.mp4"
    file.write_bytes(base64.b64decode(case["file"]))
    if "refused" in case:
        with pytest.raises(BadInput) as refused:
            read_edits(file)
        assert str(refused.value) == f"{file} {case['refused']}"
        return
    ((number, edits),) = read_edits(file).items()
    assert number == 7
    found = [[float(each) for each in (edit.start, edit.end, edit.at)] for edit in edits.edits]
    np.testing.assert_allclose(found, case["parts"], atol=1e-4)
    assert edits.cuts_sound == case["cuts_sound"]
