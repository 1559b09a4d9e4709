"""Whether the command line asks for large pages, and that it begins anew as what it was."""

import os
import signal
import subprocess
import sys
from importlib import metadata

import pytest

from impasto.webapp.cli import large_pages
from impasto.webapp.cli.large_pages import start_in_large_pages, with_large_pages

ASKING, GLIBC = "always [madvise] never\n", (2, 36)


def test_the_variable_is_added_to_what_is_there():
    assert with_large_pages({"HOME": "/x"}, ASKING, GLIBC) == {"HOME": "/x", "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}
    others = {"GLIBC_TUNABLES": "glibc.malloc.check=1"}
    assert with_large_pages(others, ASKING, GLIBC) == {"GLIBC_TUNABLES": "glibc.malloc.check=1:glibc.malloc.hugetlb=1"}


@pytest.mark.parametrize(
    ("environment", "policy", "glibc"),
    [
        ({"GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}, ASKING, GLIBC),  # who wants none says so
        ({}, "[always] madvise never\n", GLIBC),
        ({}, "always madvise [never]\n", GLIBC),
        ({}, "", GLIBC),  # no Linux
        ({}, ASKING, (2, 34)),
        ({}, ASKING, ()),  # no glibc
    ],
)
def test_it_goes_on_as_it_is_where_nothing_is_to_be_had(environment, policy, glibc):
    assert with_large_pages(environment, policy, glibc) is None


def test_it_begins_once_more_with_the_same_arguments(monkeypatch):
    begun = []
    monkeypatch.setattr(large_pages, "_policy", lambda: ASKING)
    monkeypatch.setattr(large_pages, "_glibc", lambda: GLIBC)
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "impasto.webapp.cli", "info"])
    monkeypatch.setattr(os, "execve", lambda *what: begun.append(what))
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    start_in_large_pages()
    [(program, arguments, environment)] = begun
    assert (program, arguments) == (sys.executable, [sys.executable, "-m", "impasto.webapp.cli", "info"])
    assert environment["GLIBC_TUNABLES"] == "glibc.malloc.hugetlb=1"
    monkeypatch.setenv("GLIBC_TUNABLES", environment["GLIBC_TUNABLES"])
    start_in_large_pages()  # the second time
    assert len(begun) == 1


def test_a_system_that_refuses_is_no_obstacle(monkeypatch):
    asked = []

    def refuse(*begun):
        asked.append(begun)
        raise PermissionError("not allowed")

    monkeypatch.setattr(large_pages, "_policy", lambda: ASKING)
    monkeypatch.setattr(large_pages, "_glibc", lambda: GLIBC)
    monkeypatch.setattr(os, "execve", refuse)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    start_in_large_pages()
    assert len(asked) == 1
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == blocked  # Ctrl-C is heard again


def test_the_command_line_answers_whatever_the_system():
    environment = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    command = [sys.executable, "-m", "impasto.webapp.cli", "--version"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"impasto {metadata.version('impasto')}\n"), done.stderr
