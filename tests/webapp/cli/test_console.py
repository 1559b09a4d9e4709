"""What the command line shows of names that no one thought of, in any encoding."""

import io
import json
import os
import shutil
import sys

import pytest
from PIL import Image
from rich.console import Console

from impasto.webapp.cli import console
from impasto.webapp.cli.console import on_one_line
from impasto.webapp.cli.main import main

ODD = ("p[bold]x.png", "smile:smile:.png", "closing[", "line\nbreak.png", "\x1b[31mred.png")


@pytest.fixture
def photos(tmp_path, scene):
    """A folder whose name rich could take for markup, with pictures of odd names."""
    folder = tmp_path / "in[red]"
    folder.mkdir()
    for name in ODD:
        Image.fromarray(scene).save(folder / name, "png")
    return folder


def test_names_are_shown_as_they_are(run, photos, tiny_model):
    target = photos.parent / "closing[" / "out]"
    target.parent.mkdir()
    command = ["stylize", photos, "-s", "waves", "-m", tiny_model.folder, "-o", target]
    code, out, err = run(*command)
    assert (code, out) == (0, f"{target}: 5 painted, 0 skipped, 0 failed, 0 ignored\n")
    shown = [line.removeprefix(f"✓ {target}/") for line in err.splitlines()]
    names = ("\\x1b[31mred.png", "closing[.png", "line\\nbreak.png", "p[bold]x.png", "smile:smile:.png")
    assert shown == sorted(names)
    file = photos.parent / "[/red]a.png"
    code, out, err = run("stylize", file, "-s", "waves", "-m", tiny_model.folder, "-o", "out.png")
    assert (code, out, err) == (2, "", f"Error: There is no file {file}; check the name and the folder.\n")


def test_a_mistake_is_one_line_whatever_the_name(run, tiny_model):
    code, _, err = run("stylize", "no\nfile\x1b[31m.mp4", "-s", "waves", "-m", tiny_model.folder, "-o", "out.mp4")
    assert (code, err) == (2, "Error: There is no file no\\nfile\\x1b[31m.mp4; check the name and the folder.\n")


def test_what_a_terminal_would_obey_is_written_out_and_all_else_stays():
    text = "Bild 10.00\u202fpm, Félix, 北斎, 👩\u200d🎨, C:\\new"
    assert on_one_line(text) == text
    assert on_one_line("a\r\nb\tc\x9b\u2028") == "a\\r\\nb\\tc\\x9b\\u2028"


@pytest.mark.parametrize(("terminal", "quiet"), [(True, False), (True, True), (False, False)])
def test_work_in_parts_is_shown_on_a_terminal_alone(monkeypatch, terminal, quiet):
    shown = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=shown, force_terminal=True, width=80))
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    with console.PartsBar(quiet) as bar:
        bar.update(1, 4, "writing step.onnx")
        bar.bar.refresh()
    wanted = terminal and not quiet
    assert ("writing step.onnx" in shown.getvalue(), "25%" in shown.getvalue()) == (wanted, wanted)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_encoding_will_do(monkeypatch, photos, tiny_model, encoding):
    """Even for a name that is no text in any: Linux allows every byte."""
    odd = os.fsdecode(os.fsencode(photos) + b"/\xe9.png")
    shutil.copy(photos / "closing[", odd)
    shown, said = photos.parent / "out.png", os.fsdecode(b"out\xe9")

    def run(*arguments):
        streams = io.TextIOWrapper(io.BytesIO(), encoding), io.TextIOWrapper(io.BytesIO(), encoding)
        with monkeypatch.context() as patched:
            patched.setattr(sys, "stdout", streams[0])
            patched.setattr(sys, "stderr", streams[1])
            main([*map(str, arguments), "-m", str(tiny_model.folder)])
        for stream in streams:
            stream.flush()
        return [stream.buffer.getvalue() for stream in streams]

    out, _ = run("stylize", odd, "-s", "waves", "-o", shown)
    assert out == f"{shown}: 130×90\n".encode(encoding, "backslashreplace")
    target = photos.parent / said
    for counts in (b"6 painted, 0 skipped", b"0 painted, 6 skipped"):
        out, _ = run("stylize", photos, "-s", "waves", "-o", target)
        assert b"/out\\udce9: " + counts in out
    _, err = run("stylize", photos, "-s", "waves", "-o", target, "--strength", "0.5")
    assert err.count(b"(again") == 6
    out, _ = run("stylize", odd, "-s", "waves", "-o", shown, "--json")
    assert json.loads(out.decode("ascii"))["input"] == odd
    out, _ = run("gallery", "list")
    assert b"waves" in out
