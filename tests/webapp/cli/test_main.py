"""The command line as a person meets it: what it paints, what it prints, and one sentence for each mistake."""

import ast
import importlib.util
import json
import os
import shutil
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from figure import figure
from PIL import Image
from safetensors.torch import load_file

from impasto.export.benchmark import make_clip
from impasto.webapp.cli import main as cli
from impasto.webapp.cli.arguments import parse_style
from impasto.webapp.cluster import stylize as cluster


@pytest.fixture
def files(tmp_path, scene, tiny_model):
    """A folder with a clip that has sound, a style picture, and a copy of the tiny model."""
    make_clip(tmp_path / "clip.mp4", 48, 64, 18)
    Image.fromarray(scene).save(tmp_path / "style.png")
    shutil.copytree(tiny_model.folder, tmp_path / "model")
    return tmp_path


def stylize(files, *arguments, source="clip.mp4", out="out.mp4", style="style.png"):
    return ["stylize", files / source, "-s", files / style, "-o", files / out, "-m", files / "model", *arguments]


def test_paints_a_clip_and_says_so_in_one_line(run, files):
    code, out, err = run(*stylize(files))
    assert (code, err) == (0, "")
    assert out.count("\n") == 1
    assert "18 frames, 64×48, sound copied" in out
    with av.open(str(files / "out.mp4")) as painted, av.open(str(files / "clip.mp4")) as clip:
        assert painted.streams.video[0].codec_context.name == "h264"
        theirs, ours = (list(c.decode(video=0)) for c in (clip, painted))
    assert [f.time for f in ours] == [f.time for f in theirs]
    difference = ours[3].to_ndarray(format="rgb24").astype(int) - theirs[3].to_ndarray(format="rgb24")
    assert np.abs(difference).mean() > 5


def test_json_is_one_object_and_nothing_else(run, files):
    code, out, err = run(*stylize(files, "--json"))
    summary = json.loads(out)
    assert (code, err) == (0, "")
    assert summary["frames"] == 18
    assert summary["audio"] == ["copied"]
    assert summary["model"] == "tiny"
    assert summary["painted_per_second"] > 0
    assert summary["peak_memory_mb"] > 10


def test_size_strength_and_colors_reach_the_painter(run, files, scene):
    code, *_ = run(*stylize(files, "--strength", "0", source="style.png", out="same.png"))
    assert code == 0
    assert np.array_equal(np.asarray(Image.open(files / "same.png")), scene)
    run(*stylize(files, "--size", "40", source="style.png", out="small.png"))
    assert min(Image.open(files / "small.png").size) == 40
    run(*stylize(files, source="style.png", out="full.png"))
    run(*stylize(files, "--keep-colors", source="style.png", out="kept.png"))
    full, kept = (np.asarray(Image.open(files / f"{n}.png")).astype(int) for n in ("full", "kept"))
    assert np.abs(full - kept).mean() > 1


def test_built_in_style_and_blend(run, files):
    for style in ("waves", "name:waves", "waves:0.5"):
        code, *_ = run("stylize", files / "style.png", "-s", style, "-o", files / "a.png", "-m", files / "model")
        assert code == 0
    plain = (files / "a.png").read_bytes()
    run(*stylize(files, "-s", "name:waves:3", source="style.png", out="b.png", style="style.png:1"))
    assert (files / "b.png").read_bytes() != plain


def test_a_folder_is_painted_and_resumed(run, files):
    (files / "in").mkdir()
    shutil.copy(files / "style.png", files / "in" / "one.png")
    shutil.copy(files / "clip.mp4", files / "in" / "two.mp4")
    (files / "in" / "broken.mp4").write_text("no clip at all")
    code, out, err = run(*stylize(files, source="in", out="painted"))
    assert code == 1
    assert "2 painted, 0 skipped, 1 failed" in out
    assert "1 of the files could not be painted" in err
    assert "broken.mp4 is not a video" in err
    (files / "in" / "broken.mp4").unlink()
    code, out, _ = run(*stylize(files, "--json", source="in", out="painted"))
    assert code == 0
    assert sorted(json.loads(out)["skipped"]) == ["one.png", "two.mp4"]


def test_a_folder_is_one_json_document_whatever_fails(run, files):
    (files / "in" / "deeper").mkdir(parents=True)
    shutil.copy(files / "style.png", files / "in" / "deeper" / "good.png")
    (files / "in" / "bad.jpg").write_bytes(b"\xff\xd8\xff\xe0 no picture")
    code, out, err = run(*stylize(files, "--json", "--recursive", source="in", out="painted"))
    summary = json.loads(out)
    assert code == 1
    assert [entry["input"] for entry in summary["failed"]] == [str(files / "in" / "bad.jpg")]
    assert (files / "painted" / "deeper" / "good.png").exists()
    assert "bad.jpg" in err
    (files / "in" / "deeper" / "good.png").unlink()
    shutil.rmtree(files / "painted")
    code, out, _ = run(*stylize(files, "--json", source="in", out="painted"))
    assert code == 2
    assert len(json.loads(out)["failed"]) == 1


def huge_png(path):
    """A PNG whose header says 20,000 × 20,000, with next to nothing behind it."""
    header = struct.pack(">IIBBBBB", 20000, 20000, 8, 2, 0, 0, 0)
    chunks = [b"IHDR" + header, b"IDAT" + zlib.compress(b"\0" * 100), b"IEND"]
    framed = (struct.pack(">I", len(c) - 4) + c + struct.pack(">I", zlib.crc32(c)) for c in chunks)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(framed))


def damage(path, keep):
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])


BAD = {
    "missing clip": ({"source": "nowhere.mp4"}, "nowhere.mp4"),
    "missing style": ({"style": "nowhere.png"}, "nowhere.png"),
    "style is a folder": ({"style": "model"}, "model"),
    "output is a folder": ({"out": "model"}, "model"),
    "text renamed to .mp4": ({"source": "text.mp4"}, "text.mp4"),
    "truncated clip": ({"source": "cut.mp4"}, "cut.mp4"),
    "header of 20,000 × 20,000": ({"source": "huge.png", "out": "o.png"}, "pixels"),
    "style of 20,000 × 20,000": ({"style": "huge.png"}, "pixels"),
    "weight no number": ({"style": "style.png:heavy"}, "'heavy' is not a weight"),
    "weight negative": ({"style": "style.png:-1"}, "zero or more"),
    "weight nan": ({"style": "style.png:nan"}, "zero or more"),
    "weights all zero": ({"style": "style.png:0"}, "above zero"),
    "output equal to input": ({"out": "clip.mp4"}, "clip.mp4"),
    "output in no folder": ({"out": "none/out.mp4"}, "none"),
    "unknown kind of output": ({"out": "out.xyz"}, "xyz"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_input_gets_one_sentence_and_loses_nothing(run, files, case):
    (files / "text.mp4").write_text("this is a letter, not a clip")
    shutil.copy(files / "clip.mp4", files / "cut.mp4")
    damage(files / "cut.mp4", 0.6)
    huge_png(files / "huge.png")
    before = {f: f.read_bytes() for f in files.rglob("*") if f.is_file()}
    names, words = BAD[case]
    code, out, err = run(*stylize(files, **names))
    assert code == 2
    assert out == ""
    assert err.startswith("Error: ")
    assert err.count("\n") == 1
    assert words in err
    assert {f: f.read_bytes() for f in files.rglob("*") if f.is_file()} == before


def test_corrupt_model_is_named(run, files):
    damage(files / "model" / "frame.onnx", 0.9)
    code, _, err = run(*stylize(files))
    assert code == 2
    assert "frame.onnx is damaged: it has" in err
    assert not (files / "out.mp4").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--strength", "1.5"], "Strength goes from 0"),
        (["--device", "cuda"], "onnxruntime-gpu"),
        (["--size", "0"], "--size"),
        (["--no-such-option"], "--no-such-option"),
        (["-s", "name:nope"], "no built-in style 'nope': it has waves"),
        (["-s", "wave"], "no built-in style 'wave' (did you mean 'waves'?): it has waves"),
    ],
)
def test_wrong_options_get_one_sentence(run, files, arguments, words):
    code, _, err = run(*stylize(files, *arguments))
    assert code == 2
    assert words in err
    assert "Traceback" not in err


def test_errors_are_json_too_where_json_was_asked_for(run, files):
    code, out, _ = run(*stylize(files, "--json", source="nowhere.mp4"))
    assert code == 2
    assert "nowhere.mp4" in json.loads(out)["error"]


def test_one_pixel_is_painted(run, files):
    Image.new("RGB", (1, 1)).save(files / "dot.png")
    code, *_ = run(*stylize(files, source="dot.png", out="o.png"))
    assert code == 0
    assert Image.open(files / "o.png").size == (1, 1)


def test_interrupt_leaves_nothing_and_says_so(run, files, monkeypatch):
    from impasto.export.runtime.side_by_side import SideBySide

    real, painted = SideBySide.complete, []

    def complete(self, begun):
        painted.append(1)
        if len(painted) == 5:
            raise KeyboardInterrupt
        return real(self, begun)

    monkeypatch.setattr(SideBySide, "complete", complete)
    before = sorted(files.iterdir())
    code, out, err = run(*stylize(files))
    assert code == 130
    assert out == ""
    assert "Stopped" in err
    assert sorted(files.iterdir()) == before


def test_info_lists_versions_and_models(run, files, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(files))
    (files / "models").mkdir()
    shutil.move(files / "model", files / "models" / "mine")
    code, out, _ = run("info", "--json")
    facts = json.loads(out)
    assert code == 0
    assert facts["cores"] >= 1
    assert "mine" in [m["folder"].rsplit("/", 1)[-1] for m in facts["models"]]
    code, out, _ = run("info")
    assert "onnxruntime" in out


def test_export_makes_a_model_from_weights(run, files, graphs_at_hand):
    code, out, err = run("export", files / "model" / "weights.safetensors", "-o", files / "again")
    assert code == 0
    assert "agree with PyTorch" in out
    assert err.startswith("Warning: ONNX Runtime Web 1.30 computes convolutions of 6 to 4 and 6 to 8 channels wrongly")
    assert err.count("\n") == 1
    ours, theirs = (load_file(str(f / "weights.safetensors")) for f in (files / "again", files / "model"))
    assert all(torch.equal(ours[name], theirs[name]) for name in {*ours, *theirs})


def test_a_model_that_holds_the_paintings_is_not_replaced(run, files):
    model = files / "model"
    (model / "paintings").mkdir(exist_ok=True)
    code, _, err = run("export", model / "weights.safetensors", "-o", model, "--paintings", model / "paintings")
    assert code == 2
    assert "is replaced whole, and" in err


def test_the_painting_side_never_imports_torch(files):
    """A whole run in a fresh interpreter where torch and onnx cannot be imported."""
    code = (
        "import sys\n"
        "for name in ('torch', 'onnx', 'matplotlib'): sys.modules[name] = None\n"
        "from impasto.webapp.cli.main import main\n"
        "main(sys.argv[1:])\n"
    )
    arguments = [str(a) for a in stylize(files, "--json")]
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["frames"] == 18


def test_nothing_is_noted_about_whoever_paints(tmp_path, scene):
    """ONNX Runtime gives the machine a number and keeps a diary for its maker unless told not to."""
    (tmp_path / "home").mkdir()
    Image.fromarray(scene).save(tmp_path / "p.png")
    kept = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    home = {name: str(tmp_path / "home") for name in ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA")}
    arguments = ["stylize", tmp_path / "p.png", "-s", "name:the-scream", "-o", tmp_path / "o.png"]
    subprocess.run([sys.executable, "-m", "impasto.webapp.cli", *arguments], env={**kept, **home}, check=True)
    assert [*(tmp_path / "home").rglob("*")] == []


@pytest.mark.parametrize(
    ("package", "command", "extra"),
    [
        ("torch", "import-published", "train"),
        ("torch", "study p.png -o p.style --full", "train"),
        ("fastapi", "app", "app"),
        ("huggingface_hub", "space -o s --push a/b", "app"),
    ],
)
def test_a_missing_extra_is_named(tmp_path, package, command, extra):
    code = "import sys; sys.modules[sys.argv[1]] = None; from impasto.webapp.cli.main import main; main(sys.argv[2:])"
    arguments = [sys.executable, "-c", code, package, *command.split()]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr == f'Error: This command needs {package}: pip install "impasto[{extra}]".\n'


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a.jpg", ("a.jpg", 1.0)),
        ("a.jpg:0.5", ("a.jpg", 0.5)),
        ("a.jpg:2e-1", ("a.jpg", 0.2)),
        ("name:wave", ("name:wave", 1.0)),
        ("name:wave:3", ("name:wave", 3.0)),
        ("C:/pictures/a.jpg", ("C:/pictures/a.jpg", 1.0)),
    ],
)
def test_a_style_may_have_a_weight(text, expected):
    assert parse_style(text) == expected


def test_a_file_with_a_colon_in_its_name(tmp_path, monkeypatch):
    (tmp_path / "a:1").write_text("")
    monkeypatch.chdir(tmp_path)
    assert parse_style("a:1") == ("a:1", 1.0)


@pytest.mark.parametrize("words", [(), ("gallery",), ("train",)])
def test_a_group_that_is_given_no_command_shows_its_help_alone(run, words):
    code, out, err = run(*words)
    assert code == 2
    assert "Usage:" in out
    assert err == ""


def imported_packages():
    """The first names of whatever Impasto's own modules import."""
    for name in ("models", "export", "train", "webapp"):
        for folder in importlib.util.find_spec(f"impasto.{name}").submodule_search_locations:
            for file in Path(folder).rglob("*.py"):
                if {"node_modules", "templates"} & set(file.parts):
                    continue
                for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                    if isinstance(node, ast.Import):
                        yield from (alias.name.split(".")[0] for alias in node.names)
                    elif isinstance(node, ast.ImportFrom) and not node.level:
                        yield node.module.split(".")[0]


def test_every_package_that_an_extra_brings_is_known_by_it():
    """So that a command that lacks one says which extra to install."""
    always = {"impasto", "av", "cv2", "numpy", "onnxruntime", "PIL", "pillow_heif", "rich", "safetensors", "typer"}
    assert {*imported_packages()} - always - set(sys.stdlib_module_names) <= {*cli.EXTRA_OF}


def test_the_version_is_printed(run):
    code, out, err = run("--version")
    assert (code, err) == (0, "")
    assert out.startswith("impasto ")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"source": ""}, "it is empty; name a file or a folder"),
        ({"out": ""}, "it is empty; name a file or a folder"),
        ({"style": ""}, "A style is empty"),
        ({"style": ":0.5"}, "A style is empty"),
        ({"source": "https://example.org/a.mp4"}, "Addresses are not fetched: download https://example.org/a.mp4"),
        ({"style": "https://example.org/a.jpg"}, "Addresses are not fetched: download https://example.org/a.jpg"),
        ({"style": "waves:inf"}, "must be a finite number of zero or more"),
        ({"style": "waves:nan"}, "must be a finite number of zero or more"),
    ],
)
def test_what_is_empty_an_address_or_no_number_has_a_sentence_of_its_own(run, files, changes, words):
    given = {"source": str(files / "clip.mp4"), "out": str(files / "out.mp4"), "style": "waves", **changes}
    code, _, err = run("stylize", given["source"], "-o", given["out"], "-s", given["style"], "-m", files / "model")
    assert code == 2
    assert words in err
    assert err.count("\n") == 1
    assert not (files / "out.mp4").exists()


def test_a_folder_painted_otherwise_is_painted_again_and_it_is_said(run, files, scene):
    (files / "photos").mkdir()
    Image.fromarray(scene).save(files / "photos" / "a.png")
    again = "; 1 of the painted replace what was painted in another style or with other settings"

    def paint(*more):
        code, out, err = run("stylize", files / "photos", "-o", files / "out", "-m", files / "model", *more)
        assert code == 0, err
        return out.partition(": ")[2].strip(), (files / "out" / "a.png").read_bytes()

    counts, first = paint("-s", "waves")
    assert counts == "1 painted, 0 skipped, 0 failed, 0 ignored"
    assert paint("-s", "waves") == ("0 painted, 1 skipped, 0 failed, 0 ignored", first)
    counts, second = paint("-s", files / "style.png")
    assert counts == "1 painted, 0 skipped, 0 failed, 0 ignored" + again
    assert second != first
    assert paint("-s", "waves", "--strength", "0.5")[0].endswith(again)
    assert paint("-s", "waves", "--strength", "0.5", "--size", "32")[0].endswith(again)
    assert paint("-s", "waves")[1] == first


def test_only_the_person_and_a_style_for_the_background(run, files):
    Image.fromarray(figure(90, 120)).save(files / "me.png")
    picture = np.asarray(Image.open(files / "me.png")).astype(int)
    found = {}
    for name, extra in {
        "person": ["--only", "person"],
        "background": ["--only", "background"],
        "each": ["--background-style", "waves:2", "--background-style", files / "me.png"],
        "all": [],
    }.items():
        code, out, err = run(*stylize(files, *extra, "--json", source="me.png", out=f"{name}.png"))
        assert (code, err) == (0, "")
        found[name] = np.asarray(Image.open(files / f"{name}.png")).astype(int)
        assert json.loads(out).get("person_found") is (None if name == "all" else True)
    face, corner = np.s_[30:36, 58:62], np.s_[:20, :20]
    assert np.array_equal(found["person"][face], found["all"][face])
    assert np.array_equal(found["person"][corner], picture[corner])
    assert np.array_equal(found["background"][face], picture[face])
    assert np.array_equal(found["background"][corner], found["all"][corner])
    assert np.array_equal(found["each"][face], found["all"][face])
    assert np.abs(found["each"][corner] - found["all"][corner]).mean() > 1


def test_it_is_said_where_nobody_is_found(run, files):
    Image.new("RGB", (120, 90), "grey").save(files / "wall.png")
    words = f"Warning: no person was found in {files / 'wall.png'}, so all of it counts as background.\n"
    for extra in ([], ["--json"]):
        code, _, err = run(*stylize(files, "--only", "person", *extra, source="wall.png", out="o.png"))
        assert (code, err) == (0, words)


def test_what_cannot_be_painted_apart(run, files):
    for extra, words in (
        (["--only", "cat"], "Only the person or the background can be painted, not 'cat'."),
        (["--only", "person", "--background-style", "waves"], "there is no second style"),
        (["--background-style", "wavs"], "did you mean 'waves'"),
    ):
        code, _, err = run(*stylize(files, *extra))
        assert code == 2
        assert words in err
        assert err.count("\n") == 1
    assert not (files / "out.mp4").exists()


def test_a_cluster_is_told_what_is_painted_apart(run, files, monkeypatch):
    recipes = []

    def on_ray(address, source, output, recipe, **_):
        recipes.append(recipe)
        return {"kind": "folder", "output": output, "painted": [], "skipped": [], "failed": [], "ignored": []}

    monkeypatch.setattr(cluster, "stylize_on_ray", on_ray)
    for extra in (["--only", "background"], ["--background-style", "waves:2"], []):
        assert run(*stylize(files, *extra, "--ray", "auto"))[0] == 0
    told = [(each.only, len(each.background), each.background_shares) for each in recipes]
    assert told == [("background", 0, ()), (None, 1, (2.0,)), (None, 0, ())]
    assert len({json.dumps(each.settings) for each in recipes}) == 3
