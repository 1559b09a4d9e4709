"""Sound encoded anew as AAC: a track of it, and what an edit list leaves of one.

From outside: `add_aac`, `EditedSound`.
"""

from collections.abc import Generator, Iterator
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import av.error
import numpy as np
from av.audio.layout import AudioLayout

from .edits import LEAD_IN, Edit, EditList
from .opening import open_clip

AAC_RATES = frozenset({96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350})
AAC_LAYOUTS = {1: "mono", 2: "stereo", 3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1", 8: "7.1"}  # by channels
AAC_BITS_PER_CHANNEL = 96_000  # per second


def add_aac(source, output):
    """An AAC stream of `output` at the source stream's own rate and layout where AAC has them."""
    rate = source.sample_rate if source.sample_rate in AAC_RATES else 48_000
    target = output.add_stream("aac", rate=rate)
    target.layout = AudioLayout(AAC_LAYOUTS.get(source.layout.nb_channels, "stereo"))
    target.bit_rate = AAC_BITS_PER_CHANNEL * target.layout.nb_channels
    return target


class EditedSound:
    """The parts of a sound track that its edit list shows, cut to the sample and put together.

    Copied packets would bring back what lies around the cuts, up to a packet at each and a decoder's lead-in.
    """

    def __init__(self, path: Path, stream, edits: EditList, output):
        self.path, self.index, self.edits = path, stream.index, edits.edits
        self.target = add_aac(stream, output)

    def packets(self) -> Generator[av.Packet]:
        """The AAC packets, times counted from the clip's beginning."""
        rate = self.target.rate
        written = None  # where the next sample goes
        for edit in self.edits:
            for at, samples in self._samples(edit):
                written = at if written is None else written
                if at > written:
                    samples = np.pad(samples, ((0, 0), (at - written, 0)))
                samples = samples[:, max(written - at, 0) :]
                if samples.shape[1]:
                    yield from self.target.encode(self._frame(samples, written, rate))
                    written += samples.shape[1]
        yield from self.target.encode(None)

    def _samples(self, edit: Edit) -> Iterator[tuple[int, np.ndarray]]:
        """What one part shows: where it goes in samples, and float32 [channels, samples]."""
        layout, rate = self.target.layout, self.target.rate
        resampler = av.AudioResampler("fltp", layout, rate)
        first, last = round(edit.start * rate), round(edit.end * rate)
        offset = round(edit.at * rate) - first
        at: int | None = None  # the next sample's place on the track's clock; resampled ones follow without a gap
        for frame in self._decoded(edit):
            if at is None:
                if frame is None:
                    return
                at = round((frame.pts or 0) * (frame.time_base or Fraction(1, rate)) * rate)
            for even in resampler.resample(frame):
                samples = even.to_ndarray()
                begin, end = max(first - at, 0), min(last - at, even.samples)
                if begin < end:
                    yield at + begin + offset, samples[:, begin:end]
                at += even.samples

    def _decoded(self, edit: Edit) -> Iterator[av.AudioFrame | None]:
        """Decoded frames from a little before a part to its end, then None."""
        with open_clip(self.path, edited=False) as container:
            stream = container.streams[self.index]
            begin = max(edit.start - 2 * LEAD_IN, Fraction(0))
            with suppress(av.error.FFmpegError):  # then it is read from its beginning
                container.seek(int(begin / (stream.time_base or 1)), stream=stream)
            for packet in container.demux(stream):
                if packet.pts is not None and packet.pts * packet.time_base >= edit.end:
                    break
                with suppress(av.error.InvalidDataError):  # a crackle is no reason to refuse the clip
                    yield from packet.decode()
            yield None

    def _frame(self, samples: np.ndarray, at: int, rate: int) -> av.AudioFrame:
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples), "fltp", self.target.layout.name)
        frame.sample_rate, frame.pts, frame.time_base = rate, at, Fraction(1, rate)
        return frame
