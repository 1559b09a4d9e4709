"""What ends the command line before it is done: SIGTERM and SIGHUP as Ctrl-C does, at any moment."""

import os
import signal
import subprocess
import sys

import pytest

from impasto.export.benchmark import make_clip
from impasto.webapp.cli import __main__ as begin
from impasto.webapp.cli import ending, large_pages

# The command line, which gets a signal when it paints its fifth frame.
PROGRAM = """
import os, signal, sys
ignored, number, *arguments = sys.argv[1:]
number = int(number)
usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
signal.signal(number, signal.SIG_IGN if ignored else usual)
from impasto.export.runtime.side_by_side import SideBySide
from impasto.webapp.cli.__main__ import start
real, painted = SideBySide.complete, []
def complete(self, begun):
    painted.append(1)
    if len(painted) == 5:
        os.kill(os.getpid(), number)
    return real(self, begun)
SideBySide.complete = complete
sys.argv[1:] = arguments
start()
"""


def run(tmp_path, tiny_model, number, ignored=""):
    """(exit code, what was said on the error stream, names of the files that are there)"""
    make_clip(tmp_path / "clip.mp4", 48, 64, 18)
    arguments = ["stylize", "clip.mp4", "-s", "waves", "-m", str(tiny_model.folder), "-o", "out.mp4"]
    command = [sys.executable, "-c", PROGRAM, ignored, str(int(number)), *arguments]
    environment = {**os.environ, "GLIBC_TUNABLES": "glibc.malloc.hugetlb=0"}  # begin only once
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=environment)
    return done.returncode, done.stderr, sorted(os.listdir(tmp_path))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it_in_peace(tmp_path, tiny_model, number):
    code, said, files = run(tmp_path, tiny_model, number)
    assert (code, said) == (128 + number, "Stopped; no unfinished output was kept.\n")
    assert files == ["clip.mp4"]


def test_what_is_ignored_stays_ignored(tmp_path, tiny_model):
    assert run(tmp_path, tiny_model, signal.SIGHUP, "ignored") == (0, "", ["clip.mp4", "out.mp4"])


@pytest.mark.parametrize("becomes", [KeyboardInterrupt, ImportError])
def test_ctrl_c_while_it_starts(monkeypatch, becomes):
    """Native libraries make an ImportError of it."""

    def interrupt():
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt as error:
            raise becomes("initialization failed") from error

    monkeypatch.setattr(ending, "_received", [])
    monkeypatch.setattr(begin, "start_in_large_pages", interrupt)
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a run in the background ignores Ctrl-C
    try:
        with pytest.raises(SystemExit) as ended:
            begin.start()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
    assert ended.value.code == 130


def test_a_library_that_cannot_be_loaded_is_no_ctrl_c(monkeypatch):
    def broken():
        raise ImportError("no such symbol")

    monkeypatch.setattr(ending, "_received", [])
    monkeypatch.setattr(begin, "end_as_by_ctrl_c", lambda: None)
    monkeypatch.setattr(begin, "start_in_large_pages", broken)
    with pytest.raises(ImportError, match="no such symbol"):
        begin.start()


def test_a_signal_that_came_before_the_command_line_could_take_it():
    """It was held back while the process began anew: it is neither lost nor a traceback."""
    program = (
        "import os, signal, sys\n"
        "sys.argv = ['impasto', '--version']\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
        "os.kill(os.getpid(), signal.SIGINT)\n"
        "from impasto.webapp.cli.__main__ import start\n"
        "start()\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_signals_are_held_back_while_it_begins_anew(monkeypatch):
    held = []

    def replaced(*_):
        held.append(signal.pthread_sigmask(signal.SIG_BLOCK, ()))
        raise OSError("no room for a process")

    monkeypatch.setattr(large_pages, "with_large_pages", lambda *_: {})
    monkeypatch.setattr(large_pages.os, "execve", replaced)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ())
    large_pages.start_in_large_pages()
    assert held == [before | ending.SIGNALS]
    assert signal.pthread_sigmask(signal.SIG_BLOCK, ()) == before
