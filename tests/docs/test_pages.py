"""The written pages against the source they speak of."""

import json
import re
from pathlib import Path

import pytest
from typer.main import get_command

from impasto.models.store import model_folder
from impasto.webapp.cli.main import app

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
IN_CODE = re.compile(r"`([^`\n]+)`")
A_FILE = re.compile(r"(?:models|export|train|webapp|tests|docs|\.github)/[\w./-]*\w\.\w+")
STEP = re.compile(r"^\|.*\| `(\w+)` \| `([\w./-]+)` \|$", re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_that_a_page_names_is_there(page):
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    named = [code for code in IN_CODE.findall(text) if A_FILE.fullmatch(code)]
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_relative_link_leads_to_a_file(page):
    """MkDocs checks those in `docs/`; nobody else those of the pages above it."""
    linked = re.findall(r"\]\(([^)#:\s]+)(?:#[\w-]+)?\)", page.read_text("utf-8"))
    assert [link for link in linked if not (page.parent / link).exists()] == []


def test_every_step_of_a_frame_is_in_its_file():
    steps = STEP.findall((ROOT / "docs" / "a-frame.md").read_text("utf-8"))
    assert len(steps) > 30
    missing = [(f, file) for f, file in steps if not re.search(rf"\b{f}\b", (ROOT / file).read_text("utf-8"))]
    assert missing == []


def test_the_model_page_names_every_field_rule_and_state(released):
    text = (ROOT / "docs" / "model-folder.md").read_text("utf-8")
    names = [*released, *released["rules"], *(part["name"] for part in released["state"])]
    assert [name for name in names if f"`{name}`" not in text] == []


def test_the_navigation_lists_every_page():
    listed = set(re.findall(r": ([\w./-]+\.md)$", (ROOT / "mkdocs.yml").read_text("utf-8"), re.MULTILINE))
    assert listed == {str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*.md")}


def test_the_changelog_knows_this_version():
    version = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text("utf-8"), re.MULTILINE)[1]
    assert f"\n## {version}" in (ROOT / "CHANGELOG.md").read_text("utf-8")


@pytest.fixture
def released() -> dict:
    """`model.json` of the default model."""
    return json.loads((model_folder() / "model.json").read_text("utf-8"))


def commands(command, path=()):
    """Every command of the command line by its words after `impasto`, with the options that it takes."""
    for name, below in getattr(command, "commands", {}).items():
        yield from commands(below, (*path, name))
    if not hasattr(command, "commands"):
        yield path, [option for each in command.params for option in (*each.opts, *each.secondary_opts)]


COMMANDS = dict(commands(get_command(app)))
OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_option_is_named_where_its_command_is(path):
    pages = ["training.md", "evaluation.md"] if path[0] in ("train", "evaluate") else ["command-line.md"]
    text = "\n".join((ROOT / "docs" / page).read_text("utf-8") for page in pages)
    named, also = set(OPTION.findall(text)), {"--output": "-o", "--style": "-s"}
    options = [each for each in COMMANDS[path] if each.startswith("--")]
    assert [each for each in options if each not in named and also.get(each) not in named] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_takes_the_options_it_is_given(page):
    for line in page.read_text("utf-8").replace("\\\n", " ").splitlines():
        for words in (told.split() for told in re.findall(r"(?:^|[`$] ?|&& )impasto ([a-z][^`#&|]*)", line)):
            path = next((tuple(words[:n]) for n in (2, 1) if tuple(words[:n]) in COMMANDS), None)
            if path is None:
                assert words[0] in {known[0] for known in COMMANDS}, line
            else:
                assert set(OPTION.findall(" ".join(words))) <= {*COMMANDS[path], "--help"}, line
