"""Edit lists: what they cut away must not come back, and what they show comes at its time."""

from fractions import Fraction

import av
import numpy as np
import odd_clips
import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.edits import read_edits
from impasto.webapp.files.clips.span import Span
from impasto.webapp.files.stylize import stylize_path

FRAGMENTED = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
STEP = 1 / odd_clips.RATE


class Copier:
    """A painter that paints nothing, so that the clip itself can be looked at."""

    def paint(self, rgb):
        return rgb

    def reset(self):
        pass


def painted(tmp_path, clip):
    """The painted clip, and its summary."""
    target = tmp_path / "painted.mp4"
    return target, stylize_path(clip, target, Copier())


def edited(tmp_path, rows, *, bframes=0, sound="aac", options=None, version=0, ending="mp4", tracks=("vide", "soun")):
    clip = odd_clips.write(tmp_path / f"clip.{ending}", bframes=bframes, sound=sound, options=options)
    return odd_clips.put_edits(clip, dict.fromkeys(tracks, rows), version)


def shown(rows, bframes=0):
    """By the standard: when which numbers are shown; the first frame begins with the first part.

    A frame of a clip with two B-frames stands two steps late on its track's clock.
    """
    late, at, found = 2 * STEP if bframes else 0.0, 0.0, []
    for seconds, start, _ in rows:
        if start is not None:
            found += [
                (at + n * STEP + late - start, n)
                for n in range(50)
                if start - 1e-6 <= n * STEP + late < start + seconds - 1e-6
            ]
        at += seconds
    begin = rows[0][0] if rows[0][1] is None else 0.0
    delay = found[0][0] - begin
    return [round(when - delay, 3) for when, _ in found], [n for _, n in found]


PARTS = {
    "from the middle to the end": [(1.2, 0.8, 1)],
    "the middle": [(0.8, 0.44, 1)],
    "the beginning": [(0.8, 0, 1)],
    "nothing, then the middle": [(0.4, None, 1), (0.8, 0.44, 1)],
    "two parts": [(0.6, 0.2, 1), (0.6, 1.2, 1)],
    "two parts that begin between frames": [(0.6, 0.23, 1), (0.6, 1.21, 1)],
    "two parts in another order": [(0.6, 1.2, 1), (0.6, 0.2, 1)],
    "a part twice": [(0.4, 0.2, 1), (0.4, 0.2, 1)],
    "three parts": [(0.2, 0.2, 1), (0.2, 0.8, 1), (0.2, 1.4, 1)],
}


@pytest.mark.parametrize("bframes", [0, 2])
@pytest.mark.parametrize("rows", PARTS.values(), ids=PARTS)
def test_frames_and_their_times(tmp_path, rows, bframes):
    target, summary = painted(tmp_path, edited(tmp_path, rows, bframes=bframes))
    times, numbers = odd_clips.numbers_in(target)
    expected_times, expected_numbers = shown(rows, bframes)
    assert numbers == expected_numbers
    assert np.abs(np.subtract(times, expected_times)).max() <= 0.0011
    assert summary["frames"] == len(numbers)
    assert summary["gaps"] == []


def test_numbers_of_64_bits_are_read_as_well(tmp_path):
    rows = PARTS["two parts"]
    target, _ = painted(tmp_path, edited(tmp_path, rows, version=1))
    assert odd_clips.numbers_in(target)[1] == shown(rows)[1]


@pytest.mark.parametrize("sound", ["aac", "libopus", "libmp3lame", "flac", "ac3", "pcm_s16le", "alac"])
@pytest.mark.parametrize("name", ["the middle", "the beginning", "two parts", "two parts in another order"])
def test_sound_is_cut_where_the_list_cuts(tmp_path, name, sound):
    ending = "mov" if sound in ("pcm_s16le", "alac") else "mp4"
    target, summary = painted(tmp_path, edited(tmp_path, PARTS[name], sound=sound, ending=ending))
    assert summary["audio"] == ["re-encoded"]
    heard = odd_clips.pitches_in(target)
    numbers = shown(PARTS[name])[1]
    assert len(heard) == pytest.approx(len(numbers), abs=1)
    for pitch, number in zip(heard, numbers, strict=False):
        assert -2 <= pitch - number <= 0.5  # the codec's delay on its track's clock, up to 50 ms


@pytest.mark.parametrize("rows", [PARTS["the middle"], PARTS["two parts"]], ids=["the middle", "two parts"])
def test_what_was_cut_away_is_nowhere_in_the_file(tmp_path, rows):
    """Not even in what a list of the painted file's own hides: read without lists, as a curious person would."""
    target, _ = painted(tmp_path, edited(tmp_path, rows))
    numbers = set(shown(rows)[1])
    with av.open(str(target), container_options={"ignore_editlist": "1"}) as container:
        seen = [odd_clips.number_of(f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]
    assert set(seen) == numbers
    with av.open(str(target), container_options={"ignore_editlist": "1"}) as container:
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(audio=0)])
    block = odd_clips.SAMPLES // odd_clips.RATE
    for at in range(0, len(heard) - block, block):
        piece = heard[at : at + block]
        if np.abs(piece).max() < 0.05:
            continue
        power = np.abs(np.fft.rfft(piece * np.hanning(block), odd_clips.SAMPLES // 4))
        pitch = (power.argmax() * 4 - 300) / 40
        assert min(abs(pitch - number) for number in numbers) <= 1.5


def test_sound_that_is_not_cut_is_copied(tmp_path, media):
    """An encoder's own lead-in, which every MP4 with AAC hides with a list, is no cut."""
    clip = odd_clips.write(tmp_path / "clip.mp4")
    assert read_edits(clip)  # it has them
    target, summary = painted(tmp_path, clip)
    assert summary["audio"] == ["copied"]
    assert [p for p, _ in media.packets(target, 0)] == [p for p, _ in media.packets(clip, 0)]


def test_one_track_may_be_cut_and_the_other_not(tmp_path):
    rows = [(1, 0.8, 1)]
    target, summary = painted(tmp_path, edited(tmp_path, rows, tracks=("soun",)))
    assert summary["audio"] == ["re-encoded"]
    assert odd_clips.numbers_in(target)[1] == list(range(50))
    assert odd_clips.pitches_in(target)[4] == pytest.approx(23.5, abs=1)
    target, summary = painted(tmp_path / "..", edited(tmp_path, rows, tracks=("vide",)))
    assert summary["audio"] == ["copied"]
    assert odd_clips.numbers_in(target)[1] == list(range(20, 45))


def test_a_fragmented_file_may_be_cut_as_well(tmp_path):
    rows = [(0.8, 0.44, 1)]
    target, summary = painted(tmp_path, edited(tmp_path, rows, options=FRAGMENTED))
    assert odd_clips.numbers_in(target)[1] == list(range(11, 31))
    assert summary["audio"] == ["re-encoded"]
    with av.open(str(target), container_options={"ignore_editlist": "1"}) as container:
        assert sum(1 for _ in container.decode(video=0)) == 20


def test_a_fragmented_files_part_without_a_length_goes_on_to_the_end(tmp_path):
    target, _ = painted(tmp_path, edited(tmp_path, [(0, 0.44, 1)], options=FRAGMENTED))
    assert odd_clips.numbers_in(target)[1] == list(range(11, 50))


@pytest.mark.parametrize(
    ("rows", "options", "words"),
    [
        ([(0.5, 0, 2)], None, "slower, faster or as a still"),
        ([(1, 0, 0.5)], None, "slower, faster or as a still"),
        ([(0.4, 0.4, 0), (1, 0.4, 1)], None, "slower, faster or as a still"),
        ([(0.4, 0.2, 1), (0.4, None, 1), (0.4, 1.2, 1)], None, "nothing for a while in its middle"),
        ([(0.4, 0.2, 1), (0.4, 1.2, 1)], FRAGMENTED, "put together from several parts"),
        ([(1, 9, 1)], None, "no frame that can be decoded"),
    ],
)
def test_lists_that_cannot_be_followed_are_refused(tmp_path, rows, options, words):
    with pytest.raises(BadInput, match=words):
        painted(tmp_path, edited(tmp_path, rows, options=options))
    assert not (tmp_path / "painted.mp4").exists()


def test_a_damaged_list_is_no_list(tmp_path):
    clip = edited(tmp_path, PARTS["two parts"])
    data = bytearray(clip.read_bytes())
    at = data.index(b"elst")
    data[at - 4 : at] = (4).to_bytes(4, "big")  # smaller than a box can be
    clip.write_bytes(data)
    assert list(read_edits(clip)) == [2]
    assert read_edits(odd_clips.write(tmp_path / "clip.mkv", count=2)) == {}


def test_parts_that_belong_together_are_one(tmp_path):
    (edits, _) = read_edits(edited(tmp_path, [(0.5, 0.2, 1), (0.5, 0.7, 1)])).values()
    (edit,) = edits.edits
    assert (edit.start, edit.end, edit.at) == (Fraction(1, 5), Fraction(6, 5), 0)


def test_a_part_of_an_edited_clip(tmp_path):
    """From 0.4 to 0.8 s of what is shown: the end of its first part and the beginning of its second."""
    clip = edited(tmp_path, PARTS["two parts"])
    target = tmp_path / "painted.mp4"
    summary = stylize_path(clip, target, Copier(), span=Span(0.4, 0.8))
    times, numbers = odd_clips.numbers_in(target)
    assert numbers == [15, 16, 17, 18, 19, 30, 31, 32, 33, 34]
    assert times == pytest.approx([n * STEP for n in range(10)], abs=0.0011)
    assert summary["seconds"] == pytest.approx(0.4)
    heard = odd_clips.pitches_in(target)
    assert heard[2] == pytest.approx(17, abs=1)
    assert heard[7] == pytest.approx(32, abs=1)
