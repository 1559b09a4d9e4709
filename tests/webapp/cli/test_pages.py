"""The pages on the command line and on Python say what is there, and their examples run."""

import re
from pathlib import Path

import pytest
import typer
from PIL import Image

from impasto.export.benchmark import make_clip
from impasto.webapp.cli.main import app

DOCS = Path(__file__).parents[3] / "docs"
# Training is described elsewhere.
LEFT_OUT = {"train", "evaluate"}


def commands(group, before=()):
    """Every command of a group and of its groups: (words, command)."""
    for name, command in group.commands.items():
        if not before and name in LEFT_OUT:
            continue
        if hasattr(command, "commands"):
            yield from commands(command, (*before, name))
        else:
            yield (*before, name), command


ALL = list(commands(typer.main.get_command(app)))


@pytest.mark.parametrize(("words", "command"), ALL, ids=["-".join(words) for words, _ in ALL])
def test_the_page_names_every_command_and_option(words, command):
    page = (DOCS / "command-line.md").read_text("utf-8")
    assert re.search(rf"\b{' '.join(words)}\b", page)
    options = {name for each in command.params for name in each.opts if name.startswith("-")} - {"--help"}
    assert {name for name in options if not re.search(rf"{name}\b", page)} == set()


def test_the_examples_of_the_python_page_run(tmp_path, monkeypatch, scene, capsys):
    monkeypatch.chdir(tmp_path)
    make_clip(tmp_path / "clip.mp4", 48, 64, 3)
    Image.fromarray(scene).save("painting.jpg")
    blocks = re.findall(r"^```python\n(.*?)^```", (DOCS / "python.md").read_text("utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) > 4
    exec("\n".join(blocks), {})
    printed = capsys.readouterr().out
    assert "3 64 48 ['copied']" in printed
    assert "3 of 3" in printed
    assert "(did you mean 'starry-night'?)" in printed
