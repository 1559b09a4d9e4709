"""Of a clip that is opened: the picture that players show, and what may be decoded of it."""

import io
import subprocess
import sys

import av
import numpy as np
import odd_clips
import pytest
from av.stream import Disposition

from impasto.models.errors import BadInput
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames

AS_PYAV_19 = """
import sys, av

def open_as_19_does(file, mode=None, format=None, options=None, container_options=None):
    return there_is(file, mode, format, options, container_options)

there_is, av.open, av.__version__ = av.open, open_as_19_does, "19.0.0"
from impasto.webapp.files.clips.probe import probe

print(probe(sys.argv[1]).frames)
"""


def test_pyav_19_has_fewer_arguments(tmp_path):
    clip = odd_clips.write(tmp_path / "clip.mp4", 3, sound=None)
    done = subprocess.run([sys.executable, "-c", AS_PYAV_19, str(clip)], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("3\n", "")


@pytest.mark.parametrize("name", ["c.mkv", "c.mov"])
@pytest.mark.parametrize(("marked", "shown"), [((0, 0, 0), 32), ((1, 1, 1), 32), ((0, 1, 0), 64), ((0, 1, 1), 64)])
def test_of_several_pictures_the_one_that_players_show(tmp_path, name, marked, shown):
    """The page has the same rule: webapp/page/tests/clips/container/tracks.test.ts."""
    with av.open(str(tmp_path / name), "w") as container:
        streams = []
        for width, mark in zip([32, 64, 96], marked, strict=True):
            stream = container.add_stream("libx264", rate=25)
            stream.width, stream.height, stream.pix_fmt = width, 32, "yuv420p"
            stream.disposition = Disposition.default if mark else Disposition(0)
            streams.append(stream)
        for n in range(5):
            for stream in streams:
                frame = av.VideoFrame.from_ndarray(np.full((32, stream.width, 3), 200, np.uint8))
                frame.pts = n
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    info = probe(tmp_path / name)
    assert (info.width, info.height) == (shown, 32)
    assert [frame.rgb.shape for frame in read_frames(info)] == [(32, shown, 3)] * 5


def grown(path, sizes):
    """An MPEG-TS whose H.264 stream changes its size midway, five frames of each."""
    with av.open(str(path), "w", format="mpegts") as out:
        stream, count = None, 0
        for width, height in sizes:
            encoded = io.BytesIO()
            with av.open(encoded, "w", format="h264") as container:
                track = container.add_stream("libx264", rate=25)
                track.width, track.height, track.pix_fmt = width, height, "yuv420p"
                frame = np.zeros((height, width, 3), np.uint8)
                for _ in range(5):
                    container.mux(track.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
                container.mux(track.encode(None))
            with av.open(io.BytesIO(encoded.getvalue()), format="h264") as source:
                track = source.streams.video[0]
                stream = stream or out.add_stream_from_template(track)
                for packet in source.demux(track):
                    if packet.size:
                        packet.stream, packet.pts, packet.dts = stream, count * 3600, count * 3600
                        out.mux(packet)
                        count += 1
    return path


def test_a_stream_that_grows_a_little_is_read_and_one_that_grows_without_end_is_refused(tmp_path):
    info = probe(grown(tmp_path / "a.ts", [(64, 48), (128, 96)]))
    assert {frame.rgb.shape for frame in read_frames(info)} == {(48, 64, 3)}
    info = probe(grown(tmp_path / "b.ts", [(64, 48), (2400, 1600)]))
    with pytest.raises(BadInput, match=r"changes to 2400x1600 pixels after frame \d, from 64x48; cut it there"):
        list(read_frames(info))
