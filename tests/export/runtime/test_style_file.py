"""`.style` files: what was written is read, and what somebody else may have written is refused or made harmless."""

import dataclasses
import io
import json
import struct

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import load, save

from impasto.export.runtime import style_file as files
from impasto.models.errors import BadInput


def jpeg():
    file = io.BytesIO()
    Image.new("RGB", (16, 12), (200, 100, 20)).save(file, "JPEG")
    return file.getvalue()


@pytest.fixture
def studied(tiny_model):
    rng = np.random.default_rng(1)
    brush = {"end.conv.bias": rng.normal(0, 0.1, 3).astype(np.float16)}
    style = rng.normal(0, 1, tiny_model.style_size).astype(np.float32)
    return files.style_file(tiny_model, style, brush, name="Waves", source="waves.jpg", preview=jpeg())


def changed(data, texts=None, **tensors):
    """A file's bytes with other texts and tensors (None: without it), its hash made right again."""
    length = struct.unpack("<Q", data[:8])[0]
    metadata = json.loads(data[8 : 8 + length])["__metadata__"] | (texts or {})
    all_tensors = {k: v for k, v in (load(data) | tensors).items() if v is not None}
    new = save(all_tensors, {k: v for k, v in metadata.items() if v is not None})
    start = 8 + struct.unpack("<Q", new[:8])[0]
    if "sha256" not in (texts or {}):
        metadata["sha256"] = files.hashlib.sha256(new[start:]).hexdigest()
    return save(all_tensors, {k: v for k, v in metadata.items() if v is not None})


def test_what_was_written_is_read(tiny_model, studied, tmp_path):
    files.write_style(tmp_path / "waves.style", studied)
    found = files.read_style(tmp_path / "waves.style", tiny_model)
    for text in ("name", "model", "weights", "licence", "source", "preview"):
        assert getattr(found, text) == getattr(studied, text)
    np.testing.assert_array_equal(found.style, studied.style)
    np.testing.assert_array_equal(found.brush["end.conv.bias"], studied.brush["end.conv.bias"])
    assert found.model == "tiny 1"
    assert [path.name for path in tmp_path.iterdir()] == ["waves.style"]


def test_the_same_style_is_the_same_file(studied):
    assert files.to_bytes(studied) == files.to_bytes(dataclasses.replace(studied))
    assert set(load(files.to_bytes(studied))) == {"style", "preview", "brush.end.conv.bias"}  # as the library reads it


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 60000])
def test_numbers_that_would_be_refused_are_not_written(tiny_model, studied, tmp_path, value):
    for worse in (
        dataclasses.replace(studied, style=np.full_like(studied.style, value)),
        dataclasses.replace(studied, brush={"end.conv.bias": np.float16([0, 0, value])}),
    ):
        with pytest.raises(BadInput, match=r"cannot be written: .* not finite or too large"):
            files.write_style(tmp_path / "waves.style", worse)
    assert not [*tmp_path.iterdir()]


def test_a_folder_that_is_not_there(studied, tmp_path):
    with pytest.raises(BadInput, match="There is no folder"):
        files.write_style(tmp_path / "none" / "waves.style", studied)


def test_a_file_that_is_not_there(tiny_model, tmp_path):
    with pytest.raises(BadInput, match=r"There is no file .*none\.style"):
        files.read_style(tmp_path / "none.style", tiny_model)


DAMAGED = "This file is no studied style, or is damaged; study its picture again."
OTHER = "This file was studied for {}, and this is tiny 1; study its picture again, or choose that model."


@pytest.mark.parametrize(
    ("texts", "tensors", "sentence"),
    [
        ({"format": "impasto-style 2"}, {}, "This file was made by a newer Impasto; upgrade Impasto."),
        ({"format": "1"}, {}, DAMAGED),
        ({"format": None}, {}, DAMAGED),
        ({"sha256": "0" * 64}, {}, DAMAGED),
        ({"sha256": None}, {}, DAMAGED),
        ({"weights": "0" * 64, "model": "impasto 0.1\u202e"}, {}, OTHER.format("impasto 0.1")),
        ({"weights": None, "model": ""}, {}, OTHER.format("another model")),
        ({}, {"style": np.zeros(3, np.float32)}, DAMAGED),
        ({}, {"style": np.zeros((1, 58), np.float32)}, DAMAGED),
        ({}, {"style": None}, DAMAGED),
        ({}, {"style": np.full(58, 1e30, np.float32)}, DAMAGED),
        ({}, {"style": np.full(58, np.nan, np.float32)}, DAMAGED),
        ({}, {"brush.end.conv.bias": np.float16([0, 0, np.inf])}, DAMAGED),
        ({}, {"brush.end.conv.bias": np.zeros(4, np.float16)}, DAMAGED),
        ({}, {"brush.end.conv.bias": np.zeros(3, np.float32)}, DAMAGED),
        ({}, {"brush.other": np.zeros(3, np.float16)}, DAMAGED),
        ({}, {"other": np.zeros(3, np.float16)}, DAMAGED),
        ({}, {"preview": np.zeros(8, np.uint8)}, DAMAGED),
        ({}, {"preview": None}, DAMAGED),
        ({}, {"preview": np.full(300_000, 255, np.uint8)}, DAMAGED),
    ],
)
def test_what_others_may_have_written(tiny_model, studied, texts, tensors, sentence):
    with pytest.raises(BadInput) as refused:
        files.read_style(changed(files.to_bytes(studied), texts, **tensors), tiny_model)
    assert str(refused.value) == sentence


def test_bytes_that_are_no_file(tiny_model, studied):
    data = files.to_bytes(studied)
    flipped = data[:-40] + bytes([data[-40] ^ 1]) + data[-39:]
    for each in (b"", b"\0" * 8, b"\xff" * 100, data[:-1], data[:100], flipped, b"\x02" + b"\0" * 7 + b"[]"):
        with pytest.raises(BadInput, match="no studied style, or is damaged"):
            files.read_style(each, tiny_model)
    with pytest.raises(BadInput, match="more than 4 MB"):
        files.read_style(bytes(files.MAX_BYTES + 1), tiny_model)


def test_whatever_bytes_change_there_is_a_sentence_or_a_style(tiny_model, studied):
    data, rng = files.to_bytes(studied), np.random.default_rng(0)
    header = struct.unpack("<Q", data[:8])[0] + 8
    refused, sentences = 0, set()
    for _ in range(400):
        changed = bytearray(data)
        for at in rng.integers(0, header if rng.random() < 0.8 else len(data), rng.integers(1, 5)):
            if rng.random() < 0.5:
                changed[at] = rng.choice(list(b'{}[]",:0129\\nu\0\xff'))
            else:
                del changed[at : at + rng.integers(1, 20)]
        try:
            files.read_style(bytes(changed), tiny_model)
        except BadInput as error:
            refused += 1
            sentences.add(str(error))
    assert refused > 300
    assert all(each == DAMAGED or each.startswith("This file was ") for each in sentences)


def test_a_model_without_the_hash_of_its_weights(tiny_model, studied):
    with pytest.raises(BadInput, match="too old for studied styles"):
        files.read_style(files.to_bytes(studied), dataclasses.replace(tiny_model, weights=""))


def test_texts_are_shown_as_one_short_line(tiny_model, studied):
    odd = {"licence": "Free\n\x1b[31m for\u202e all\0 " + "x" * 500, "name": "\x07", "source": "a\tb"}
    found = files.read_style(changed(files.to_bytes(studied), odd), tiny_model)
    assert (found.name, found.source) == ("", "ab")
    assert found.licence.startswith("Free[31m for all xxx")
    assert len(found.licence) == files.MAX_TEXT


def test_a_licence_that_is_not_the_models_is_told(tiny_model, studied):
    assert files.licence_note(studied, tiny_model) is None
    other = files.licence_note(dataclasses.replace(studied, licence="Ask Ann"), tiny_model)
    assert other == "Waves says of its licence: “Ask Ann”. That is its maker's word."
    assert "names no licence" in files.licence_note(dataclasses.replace(studied, licence=""), tiny_model)
