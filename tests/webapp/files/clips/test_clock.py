"""Broadcasts joined from pieces: segments of a live stream one behind the other, recordings whose clocks start anew."""

import av
import numpy as np
import odd_clips
import pytest

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.stylize import stylize_path


class Copier:
    def paint(self, rgb):
        return rgb

    def reset(self):
        pass


def segments(folder, seconds=4):
    """A clip cut at its key frames into MPEG-TS of a second each, whose clock goes on and whose counters do not."""
    clip = odd_clips.write(folder / "clip.mp4", seconds * odd_clips.RATE)
    options = {"segment_time": "1", "segment_format": "mpegts"}
    pattern = str(folder / "s%d.ts")
    with av.open(str(clip)) as source, av.open(pattern, "w", format="segment", container_options=options) as out:
        streams = [out.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.size:
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    return [folder / f"s{n}.ts" for n in range(seconds)]


def join(path, *pieces):
    path.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    return path


def test_segments_one_behind_the_other_are_one_clip(tmp_path):
    clip = join(tmp_path / "j.ts", *segments(tmp_path))
    summary = stylize_path(clip, tmp_path / "o.mp4", Copier())
    assert (summary["frames"], summary["gaps"]) == (100, [])
    times, numbers = odd_clips.numbers_in(tmp_path / "o.mp4")
    assert numbers == list(range(100))
    assert np.diff(times) == pytest.approx(1 / 25, abs=0.001)


@pytest.mark.parametrize("lead", [4, 16], ids=["M2TS", "DVB"])
def test_segments_of_longer_packets_are_one_clip_too(tmp_path, lead):
    """Cameras and Blu-rays put a time stamp of four bytes before each packet, DVB recorders 16 bytes behind it."""
    data = join(tmp_path / "j.ts", *segments(tmp_path)).read_bytes()
    packets = [data[at : at + 188] for at in range(0, len(data), 188)]
    stamps = [(n * 1000).to_bytes(4, "big") for n in range(len(packets))]
    longer = [
        stamp + packet if lead == 4 else packet + b"\xff" * 16 for stamp, packet in zip(stamps, packets, strict=True)
    ]
    (tmp_path / "j.m2ts").write_bytes(b"".join(longer))
    summary = stylize_path(tmp_path / "j.m2ts", tmp_path / "o.mp4", Copier())
    assert (summary["frames"], summary["gaps"]) == (100, [])
    assert odd_clips.numbers_in(tmp_path / "o.mp4")[1] == list(range(100))


def test_a_segment_that_is_missing_is_said(tmp_path):
    first, _, *rest = segments(tmp_path)
    summary = stylize_path(join(tmp_path / "j.ts", first, *rest), tmp_path / "o.mp4", Copier())
    assert (summary["frames"], [gap["seconds"] for gap in summary["gaps"]]) == (75, [1.0])


@pytest.mark.parametrize("shift", [0, 7200, -300], ids=["begins anew", "skips two hours", "goes back"])
def test_where_the_clock_jumps_picture_and_sound_go_on_together(tmp_path, shift):
    one = odd_clips.write(tmp_path / "one.ts", 30)
    other = odd_clips.late(one, tmp_path / "other.ts", shift) if shift > 0 else one
    one = odd_clips.late(one, tmp_path / "first.ts", -shift) if shift < 0 else one
    clip = join(tmp_path / "j.ts", one, other)
    summary = stylize_path(clip, tmp_path / "o.mp4", Copier())
    assert (summary["frames"], summary["gaps"]) == (60, [])
    assert summary["seconds"] == pytest.approx(2.4, abs=0.1)
    times, numbers = odd_clips.numbers_in(tmp_path / "o.mp4")
    assert numbers == [*range(30), *range(30)]
    assert min(np.diff(times)) > 0.03
    heard = odd_clips.pitches_in(tmp_path / "o.mp4")
    for when, number in zip(times, numbers, strict=True):
        if 3 < number < 27 and number % 5 == 2:  # away from the joins, whose sound is of both
            assert heard[round(when * 25)] == pytest.approx(number, abs=1.2)


def test_frames_lost_between_key_frames_are_damage_still(tmp_path):
    data = bytearray(odd_clips.write(tmp_path / "a.ts", 100, gop=50).read_bytes())
    at = len(data) // 2 // 188 * 188
    (tmp_path / "b.ts").write_bytes(data[:at] + data[at + 188 * 6 :])
    with pytest.raises(BadInput, match="is damaged"):
        list(read_frames(probe(tmp_path / "b.ts")))
