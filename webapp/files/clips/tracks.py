"""Carrying everything of a clip but its picture into a painted MP4: sound, subtitles, chapters, titles, languages.

From outside: `Tracks`. Packets are copied untouched wherever MP4 can hold their codec and no edit list cuts into them.
"""

import heapq
from collections.abc import Generator
from contextlib import ExitStack
from fractions import Fraction

import av
import av.error

from impasto.export.runtime.damage import reading

from .clock import Clock
from .edits import LEAD_IN
from .opening import is_broadcast, open_clip, picture_stream
from .probe import ClipInfo
from .read import REORDERED
from .sound import EditedSound, add_aac
from .span import WHOLE, Span

# Codecs with a registered place in MP4. PCM has one too, but players ignore it; Vorbis has none.
COPIED_AUDIO = frozenset({"aac", "mp3", "mp2", "ac3", "eac3", "opus", "flac", "alac", "dts"})
TEXT_SUBTITLES = frozenset({"subrip", "ass", "ssa", "webvtt", "text"})  # turned into MP4's own mov_text
# Describe the source's file, not its content; the muxer writes its own.
_FILE_TAGS = frozenset({"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "rotate"})


class Tracks:
    """The non-picture tracks of `info`, written to `output` (its video stream already added) in step with the picture.

    Of a part of a clip only what begins in `span` travels along, counted from its beginning.

    The source is opened a second time and read only as far as the picture has come, so that memory stays flat.
    `audio` says of each audio track, in order, "copied", "re-encoded" or "dropped". Every method raises BadInput where
    these tracks are damaged, and what PyAV raises where `output` cannot be written.
    """

    def __init__(self, info: ClipInfo, output, span: Span = WHOLE):
        self.info, self.output, self.span = info, output, span
        self.audio: list[str] = []
        self._reached = Fraction(0)
        self._next: tuple[_Route, av.Packet] | None = None
        self._routes: dict[int, _Route] = {}
        self._stack = ExitStack()
        try:
            with self._reading():
                self._open()
        except BaseException:
            self._stack.close()
            raise

    def _open(self) -> None:
        info, output = self.info, self.output
        source = self._stack.enter_context(open_clip(info.path))
        output.metadata.update(_kept_tags(source.metadata))
        output.set_chapters(source.chapters() if self.span.whole else [])
        output.streams.video[0].metadata.update(_kept_tags(picture_stream(source, info.path).metadata))
        edited: list[Generator[tuple[_Route, av.Packet]]] = []
        for stream in source.streams:
            if stream.type == "audio":
                edits = info.edits.get(stream.id)
                if edits is not None and edits.cuts_sound and stream.codec_context is not None:
                    edited.append(self._edited(EditedSound(info.path, stream, edits.within(self.span), output), stream))
                    continue
                route = _audio_route(stream, output)
                self.audio.append(route.how if route else "dropped")
            elif stream.type == "subtitle":
                route = _subtitle_route(stream, output)
            else:
                continue
            if route is not None:
                route.describe_like(stream)
                self._routes[stream.index] = route
        self._sources = [self._read([source.streams[index] for index in self._routes]), *edited]
        self._packets = heapq.merge(*self._sources, key=lambda item: _decoded_at(item[1]))

    def _reading(self):
        return reading(
            self.info.path,
            lambda: (
                f"{self.info.path} is damaged: its sound or subtitles cannot be read at {float(self._reached):.2f} s;"
                " copy or download it again, or cut it there."
            ),
        )

    def write_until(self, seconds: Fraction) -> None:
        """Mux every packet that starts before `seconds` (counted from the clip's origin)."""
        while (item := self._peek()) is not None and _decoded_at(item[1]) < seconds:
            self._write(*item)

    def finish(self) -> None:
        """Mux what is left and close the source."""
        while (item := self._peek()) is not None:
            self._write(*item)
        for route in self._routes.values():
            with self._reading():
                packets = route.flush()
            self._mux(packets)
        self.close()

    def close(self) -> None:
        """Close the source, whatever is left of it."""
        for packets in self._sources:
            packets.close()
        self._stack.close()

    def _peek(self) -> tuple["_Route", av.Packet] | None:
        if self._next is None:
            with self._reading():
                self._next = next(self._packets, None)
        return self._next

    def _write(self, route: "_Route", packet: av.Packet) -> None:
        self._next, self._reached = None, _decoded_at(packet)
        with self._reading():
            packets = route.convert(packet)
        self._mux(packets)

    def _mux(self, packets: list[av.Packet]) -> None:
        """What a muxer refuses is these tracks' fault; what a drive refuses is not, and passes through."""
        try:
            self.output.mux(packets)
        except av.error.FFmpegError as error:
            if isinstance(error, OSError):
                raise
            with self._reading():
                raise

    def _edited(self, sound: EditedSound, stream) -> Generator[tuple["_Route", av.Packet]]:
        """What an edit list leaves of a sound track, encoded anew."""
        route = _Route(sound.target)
        route.describe_like(stream)
        self.audio.append("re-encoded")
        return ((route, packet) for packet in sound.packets())

    def _read(self, streams: list) -> Generator[tuple["_Route", av.Packet]]:
        if not streams:
            return
        reached: dict[int, int] = {}  # each track's last decoding time; a muxer takes rising ones only
        start, after = Fraction(self.span.start), set()
        end = None if self.span.end is None else Fraction(self.span.end) - start
        source = streams[0].container
        if start > LEAD_IN and "mp4" in source.format.name:
            # by the picture's index, which may lead too far: see `read`
            source.seek(round((self.info.origin + max(start - REORDERED, 0)) * av.time_base))
        clock = Clock() if is_broadcast(self.info.container) else None
        if clock is not None:  # which has to see the picture, too
            streams = list({*source.streams.audio, *streams, picture_stream(source, self.info.path)})
        for packet in source.demux(streams):
            if clock is not None:
                clock.set(packet)
            if packet.stream_index not in self._routes:
                continue
            if packet.size == 0 or (packet.pts is None and packet.dts is None):
                continue
            shift = round((self.info.origin + start) / packet.time_base)
            packet.pts = None if packet.pts is None else packet.pts - shift
            packet.dts = packet.pts if packet.dts is None else packet.dts - shift
            time = packet.dts or 0
            if packet.is_discard and not -LEAD_IN < _decoded_at(packet) < 0:
                continue  # an edit list has cut it away
            if start and _decoded_at(packet) < 0:
                continue
            if end is not None and _decoded_at(packet) >= end:
                after.add(packet.stream_index)
                if len(after) == len(self._routes):
                    return
                continue
            if time <= reached.get(packet.stream_index, time - 1):
                continue
            reached[packet.stream_index] = time
            yield self._routes[packet.stream_index], packet


class _Route:
    """One source track to one output track, packet for packet."""

    how = "copied"

    def __init__(self, target):
        self.target = target

    def describe_like(self, source) -> None:
        """Take over language, title and disposition."""
        self.target.metadata.update(_kept_tags(source.metadata))
        self.target.disposition = source.disposition

    def convert(self, packet: av.Packet) -> list[av.Packet]:
        packet.stream = self.target
        return [packet]

    def flush(self) -> list[av.Packet]:
        return []


class _AacRoute(_Route):
    """An audio track decoded and encoded again as AAC, at its own rate and layout where AAC has them."""

    how = "re-encoded"

    def __init__(self, source, output):
        super().__init__(add_aac(source, output))
        self.source = source
        self.resampler = av.AudioResampler("fltp", self.target.layout, self.target.rate)

    def convert(self, packet: av.Packet) -> list[av.Packet]:
        try:
            frames = packet.decode()
        except av.error.InvalidDataError:  # a crackle is no reason to refuse the clip
            return []
        return self._encode(frames)

    def flush(self) -> list[av.Packet]:
        return self._encode([*self.source.decode(None), None]) + self.target.encode(None)

    def _encode(self, frames: list) -> list[av.Packet]:
        return [
            packet for frame in frames for even in self.resampler.resample(frame) for packet in self.target.encode(even)
        ]


class _MovieTextRoute(_Route):
    """A subtitle track copied, without the empty samples between texts: the muxer makes its own."""

    def convert(self, packet: av.Packet) -> list[av.Packet]:
        return [] if bytes(packet)[:2] == b"\0\0" else super().convert(packet)


class _TextRoute(_Route):
    """A text subtitle track turned into mov_text, the one subtitle codec MP4 has."""

    def __init__(self, source, output):
        super().__init__(output.add_stream("mov_text"))
        self.source = source
        self.target.time_base = Fraction(1, 1000)
        self.target.codec_context.time_base = Fraction(1, 1000)
        source.codec_context.open(strict=False)  # the decoder writes the header when it opens
        self.target.codec_context.subtitle_header = source.codec_context.subtitle_header

    def convert(self, packet: av.Packet) -> list[av.Packet]:
        try:
            subtitle = self.source.codec_context.decode2(packet)
        except av.error.InvalidDataError:
            return []
        if subtitle is None:
            return []
        encoded = self.target.codec_context.encode_subtitle(subtitle)
        encoded.stream = self.target
        encoded.time_base = packet.time_base
        encoded.pts, encoded.dts, encoded.duration = packet.pts, packet.pts, packet.duration
        return [encoded]


def _decoded_at(packet: av.Packet) -> Fraction:
    """When a packet is to be decoded, in seconds; `Tracks._read` gave each of them a time."""
    return (packet.dts or 0) * packet.time_base


def _audio_route(stream, output) -> _Route | None:
    """How an audio track travels; None when nothing here can decode it."""
    if stream.codec_context is None:
        return None
    if stream.codec_context.codec.canonical_name in COPIED_AUDIO:
        return _Route(output.add_stream_from_template(stream))
    return _AacRoute(stream, output)


def _subtitle_route(stream, output) -> _Route | None:
    """How a subtitle track travels; None for pictures of text, which MP4 cannot hold."""
    if stream.codec_context is None:
        return None
    codec = stream.codec_context.codec.canonical_name
    if codec == "mov_text":
        return _MovieTextRoute(output.add_stream_from_template(stream))
    return _TextRoute(stream, output) if codec in TEXT_SUBTITLES else None


def _kept_tags(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if key.lower() not in _FILE_TAGS}
