"""The tool itself: damage is the same for the same number, faults are found, shrunk and kept; and a few mutants."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from impasto.export.runtime import pictures
from impasto.models.errors import BadInput

from . import kinds, mutate, seeds


def test_the_same_number_is_the_same_damage():
    data = bytes(range(256)) * 8
    made = [mutate.apply(data, mutate.edits_of(data, number)) for number in range(200)]
    assert made == [mutate.apply(data, mutate.edits_of(data, number)) for number in range(200)]
    assert sum(mutant != data for mutant in made) > 180
    assert len(set(made)) > 180


def test_values_are_replaced_where_they_stand():
    value = {"a": [1, {"b": 2}], "c": "x"}
    assert mutate.apply_json(value, [(["a", 1, "b"], None)]) == {"a": [1, {"b": None}], "c": "x"}
    assert mutate.apply_json(value, [(["c"], "(left out)")]) == {"a": [1, {"b": 2}]}
    assert value == {"a": [1, {"b": 2}], "c": "x"}


def test_what_is_found_is_shrunk_to_the_edits_that_matter():
    edits = [("flip", at, "01") for at in range(9)]
    assert mutate.shrunk(edits, lambda kept: edits[4] in kept and edits[7] in kept) == [edits[4], edits[7]]


def test_a_header_stays_one_that_can_be_read():
    data = (kinds.TINY / "weights.safetensors").read_bytes()
    assert mutate.header_of(mutate.with_header(data, mutate.header_of(data))) == mutate.header_of(data)


@pytest.fixture
def pictures_kind(tmp_path):
    kind = kinds.Pictures()
    kind.prepare(tmp_path)
    return kind


def test_sound_files_are_painted_and_damaged_ones_are_a_sentence(pictures_kind):
    assert [pictures_kind.attempt(name, []) for name in ("grey.png", "still.gif")] == [("painted", None)] * 2
    assert pictures_kind.attempt("grey.png", [("cut", 20, "1")]) == ("sentence", None)


@pytest.mark.parametrize(
    ("broken", "ended"), [(ZeroDivisionError("bug"), "traceback"), (BadInput("one\nError: two"), "words")]
)
def test_a_bug_is_found(pictures_kind, monkeypatch, broken, ended):
    def fail(*_):
        raise broken

    monkeypatch.setattr(pictures, "flatten", fail)
    assert pictures_kind.attempt("grey.png", [])[0] == ended


def test_a_leftover_and_a_missing_output_are_found():
    assert kinds.judged(2, "Error: no.", [".x.part.mp4"], "out.mp4")[1]
    assert kinds.judged(0, "", [], "out.mp4")[1]
    assert kinds.judged(0, "", ["out.mp4"], "out.mp4") == ("painted", None)


def test_clips_are_made_in_a_dozen_kinds():
    assert len(seeds.clips()) >= 12


def test_a_few_mutants_of_what_is_quick(tmp_path):
    """As `make fuzz` starts it."""
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "tests.fuzz.fuzz", "--kinds", "pictures", "models", "--mutants", "18"]
    done = subprocess.run([*command, "--out", tmp_path], cwd=root, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads((tmp_path / "fuzz.json").read_text())
    assert found["faults"] == []
    assert found["mutants"] == 18 == sum(sum(ends.values()) for ends in found["ended"].values())
