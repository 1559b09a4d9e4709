"""Clips of kinds that players take and readers stumble over, made with PyAV and by hand, and what is seen in them.

A numbered clip's frames say their number in eight blocks, black or white; its sound has a pitch for each frame.
"""

import struct
from fractions import Fraction

import av
import numpy as np

WIDTH, HEIGHT, RATE = 96, 64, 25
SAMPLES = 48_000  # a second


def numbered(n):
    """A grey picture with the bits of n, lowest first, as eight blocks: uint8 RGB."""
    rgb = np.full((HEIGHT, WIDTH, 3), 128, np.uint8)
    for bit in range(8):
        rgb[16:48, bit * 12 : (bit + 1) * 12] = 235 if n >> bit & 1 else 20
    return rgb


def number_of(rgb):
    """The inverse, of a picture of any size."""
    height, width = rgb.shape[:2]
    blocks = [
        rgb[height * 7 // 16 : height * 9 // 16, (3 * b + 1) * width // 24 : (3 * b + 2) * width // 24]
        for b in range(8)
    ]
    return sum(int(block.mean() > 127) << b for b, block in enumerate(blocks))


def pitched(n):
    """The sound beside frame n: int16 [1, samples], 300 + 40 n hertz."""
    count = SAMPLES // RATE
    at = (np.arange(count) + n * count) / SAMPLES
    return (9000 * np.sin(2 * np.pi * (300 + 40 * n) * at)).astype(np.int16)[None]


def write(path, count=50, *, codec="libx264", bframes=0, gop=25, sound="aac", ticks=None, options=None, metadata=None):
    """A numbered clip; `options`: the container's. `ticks`: times of the frames in milliseconds."""
    video_options = {
        "libx264": {"bf": str(bframes), "g": str(gop), "sc_threshold": "0", "preset": "veryfast", "crf": "18"},
        "libvpx": {"cpu-used": "8", "b": "2M", "auto-alt-ref": "0"},
        "libvpx-vp9": {"cpu-used": "8", "crf": "10", "b": "0"},
    }
    with av.open(str(path), "w", container_options=options or {}) as container:
        tick = Fraction(1, 1000) if ticks is not None else Fraction(1, RATE)
        video = container.add_stream(codec, rate=RATE, options=video_options[codec])
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = tick
        audio = container.add_stream(sound, rate=SAMPLES) if sound else None
        for n in range(count):
            frame = av.VideoFrame.from_ndarray(numbered(n), format="rgb24")
            frame.pts, frame.time_base = n if ticks is None else ticks[n], tick
            container.mux(video.encode(frame))
            if audio:
                heard = av.AudioFrame.from_ndarray(pitched(n), "s16", "mono")
                heard.sample_rate, heard.pts, heard.time_base = SAMPLES, n * SAMPLES // RATE, Fraction(1, SAMPLES)
                container.mux(audio.encode(heard))
        container.mux(video.encode(None))
        if audio:
            container.mux(audio.encode(None))
    return path


def boxes(data, start=0, end=None):
    """The boxes of an MP4 side by side: (kind, where it begins, where its content begins, where it ends)."""
    at, end = start, len(data) if end is None else end
    while at + 8 <= end:
        size, kind = struct.unpack(">I4s", data[at : at + 8])
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", data[at + 8 : at + 16])[0], 16
        yield kind, at, at + head, at + (size or end - at)
        at += size or end - at


def find(data, *path, start=0, end=None):
    """Where the content of the first box at `path` begins and ends."""
    for kind, _, body, stop in boxes(data, start, end):
        if kind == path[0]:
            return (body, stop) if len(path) == 1 else find(data, *path[1:], start=body, end=stop)
    raise LookupError(path)


def box(kind, body):
    return struct.pack(">I4s", 8 + len(body), kind) + body


def put_edits(path, lists, version=0):
    """Replaces the edit lists of an MP4 whose index comes last, or which is fragmented.

    `lists`: handler ("vide", "soun") → [(seconds shown, from when in the track or None, rate)].
    """
    data = path.read_bytes()
    moov = next(each for each in boxes(data) if each[0] == b"moov")
    at, _ = find(data, b"mvhd", start=moov[2], end=moov[3])
    movie = struct.unpack(">I", data[at + 12 : at + 16])[0]
    out = b""
    for kind, begin, body, end in boxes(data, moov[2], moov[3]):
        out += box(b"trak", _with_edits(data, body, end, lists, movie, version)) if kind == b"trak" else data[begin:end]
    path.write_bytes(data[: moov[1]] + box(b"moov", out) + data[moov[3] :])
    return path


def _with_edits(data, start, end, lists, movie, version):
    at, _ = find(data, b"mdia", b"hdlr", start=start, end=end)
    rows = lists.get(data[at + 8 : at + 12].decode())
    if rows is None:
        return data[start:end]
    at, _ = find(data, b"mdia", b"mdhd", start=start, end=end)
    scale = struct.unpack(">I", data[at + 12 : at + 16])[0]
    row = ">Qqi" if version else ">Iii"
    packed = b"".join(
        struct.pack(row, round(seconds * movie), -1 if when is None else round(when * scale), round(rate * 65536))
        for seconds, when, rate in rows
    )
    elst = box(b"elst", struct.pack(">II", version << 24, len(rows)) + packed)
    inner = b""
    for kind, begin, _, stop in boxes(data, start, end):
        if kind != b"edts":
            inner += data[begin:stop]
        if kind == b"tkhd":
            inner += box(b"edts", elst)
    return inner


def without_default_duration(path):
    """Takes out of a WebM what the frames last, as browsers' recorders leave it out: DefaultDuration becomes Void."""
    data = path.read_bytes()
    at = data.index(b"\x23\xe3\x83")
    length = 4 + (data[at + 3] & 0x7F)
    void = bytes([0xEC, 0x80 | (length - 2)]) + bytes(length - 2)
    path.write_bytes(data[:at] + void + data[at + length :])
    return path


def late(clip, path, seconds=100, format=None, options=None):
    """The packets of a clip, later on its clock: as cameras that have been on for long and live streams have it."""
    with av.open(str(clip)) as source, av.open(str(path), "w", format=format, container_options=options or {}) as out:
        streams = [out.add_stream_from_template(stream) for stream in source.streams]
        for packet in source.demux():
            if packet.size:
                shift = round(seconds / packet.time_base)
                packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                packet.stream = streams[packet.stream_index]
                out.mux(packet)
    return path


# What makes an MP4 a piece of a live stream: no index in front, its fragments say themselves when they are.
PIECE = {
    "movflags": "frag_keyframe+empty_moov+default_base_moof+frag_discont",
    "avoid_negative_ts": "disabled",
    "use_editlist": "0",
}


def plain(path, codes, *, codec="libx264", format="yuv420p", size=(WIDTH, HEIGHT), tags=None, count=5, options=None):
    """A clip of one colour, given as codes of its planes; `tags`: of the codec context and the frames."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options or {"crf": "1", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *size, format
        for name, value in (tags or {}).items():
            setattr(stream.codec_context, name, value)
        for n in range(count):
            frame = av.VideoFrame(*size, format)
            for plane, code in zip(frame.planes, codes, strict=True):
                kind = np.uint16 if "10" in format else np.uint8
                plane.update(np.full(plane.buffer_size // np.dtype(kind).itemsize, code, kind).tobytes())
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def ramp(path, transfer):
    """A clip in HDR (`transfer` 16: PQ, 18: HLG): eight grey steps from 0 to all of the signal, 10 bits."""
    width, height = 256, 64
    luma = np.repeat(np.round(64 + 876 * np.linspace(0, 1, 8)), width // 8).astype(np.uint16)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "1", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p10le"
        context = stream.codec_context
        context.colorspace, context.color_primaries, context.color_trc, context.color_range = 9, 9, transfer, 1
        for n in range(5):
            frame = av.VideoFrame(width, height, "yuv420p10le")
            frame.planes[0].update(np.tile(luma, (height, 1)).tobytes())
            for plane in frame.planes[1:]:
                plane.update(np.full(plane.buffer_size // 2, 512, np.uint16).tobytes())
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def turned(path, **rotation):
    """A clip without symmetry, and how players are to turn and mirror it (`degrees` counterclockwise, `hflip`)."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    rgb = np.stack([x * 255 / WIDTH, y * 255 / HEIGHT, np.full(x.shape, 60)], -1).astype(np.uint8)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=RATE, options={"crf": "5", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.set_display_rotation(**rotation)
        for n in range(5):
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24")
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def growing(path, sizes, each=10):
    """A WebM whose frames, all white, change their size: `sizes` one after another, `each` frames."""
    with av.open(str(path), "w") as container:
        stream, n = None, 0
        for width, height in sizes:
            if stream is None:
                stream = encoder = container.add_stream("libvpx", rate=RATE, options={"cpu-used": "8", "b": "2M"})
            else:
                encoder = av.CodecContext.create("libvpx", "w")
                encoder.options = {"cpu-used": "8", "b": "2M"}
                encoder.time_base = Fraction(1, RATE)
            encoder.width, encoder.height, encoder.pix_fmt = width, height, "yuv420p"
            white = np.full((height, width, 3), 255, np.uint8)
            packets = []
            for _ in range(each):
                frame = av.VideoFrame.from_ndarray(white, format="rgb24")
                frame.pts, frame.time_base = n, Fraction(1, RATE)
                packets += encoder.encode(frame)
                n += 1
            packets += encoder.encode(None)
            for packet in packets:
                packet.stream, packet.time_base = stream, Fraction(1, RATE)
                container.mux(packet)
    return path


def restated(clip, path, tags):
    """The packets of a clip, under a header that says of their colours what `tags` does, or nothing."""
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        own = source.streams.video[0]
        stream = container.add_stream({"vp8": "libvpx", "vp9": "libvpx-vp9"}[own.codec_context.name], rate=RATE)
        stream.width, stream.height, stream.pix_fmt = own.width, own.height, "yuv420p"
        for name, value in tags.items():
            setattr(stream.codec_context, name, value)
        for packet in source.demux(own):
            if packet.size:
                packet.stream = stream
                container.mux(packet)
    return path


def transparent(path, codec, format, options=None):
    """A red clip, from the left a third transparent, a third half so, a third opaque; lossless or nearly."""
    rgba = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    rgba[...] = (200, 20, 20, 255)
    rgba[:, : WIDTH // 3, 3], rgba[:, WIDTH // 3 : 2 * WIDTH // 3, 3] = 0, 128
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=RATE, options=options or {})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, format
        if codec.startswith("libvpx"):
            stream.metadata["alpha_mode"] = "1"
        for n in range(5):
            frame = av.VideoFrame.from_ndarray(rgba, format="rgba")
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def with_invisible_frames(path, count=20):
    """A numbered VP8 WebM in which each frame is followed by one that is never shown, as two passes make some."""
    clip = path.with_name("visible.webm")
    with av.open(str(clip), "w") as container:
        stream = container.add_stream("libvpx", rate=RATE, options={"b": "4M", "cpu-used": "8", "auto-alt-ref": "0"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.codec_context.gop_size = 1
        for n in range(count):
            frame = av.VideoFrame.from_ndarray(numbered(n), format="rgb24")
            frame.pts = n
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with av.open(str(clip)) as source, av.open(str(path), "w") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            for late, show in ((0, 0x10), (20, 0)) if packet.size else ():
                data = bytearray(bytes(packet))
                data[0] = data[0] & ~0x10 | show  # RFC 6386, 9.1: show_frame
                copy = av.Packet(bytes(data))
                copy.pts = copy.dts = packet.pts + late
                copy.time_base, copy.is_keyframe, copy.stream = packet.time_base, packet.is_keyframe, stream
                container.mux(copy)
    return path


def pictures_in(path):
    """What a clip shows: [(seconds, uint8 RGB)]."""
    with av.open(str(path)) as container:
        return [(float(f.pts * f.time_base), f.to_ndarray(format="rgb24")) for f in container.decode(video=0)]


def numbers_in(path):
    """When a numbered clip shows which numbers: two lists."""
    shown = pictures_in(path)
    return [round(when, 3) for when, _ in shown], [number_of(rgb) for _, rgb in shown]


def heard_in(path):
    """A clip's sound on its own clock from 0 s on, 48 kHz, as mono floats; silence where there is none."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("flt", "mono", SAMPLES)
        parts, start = [], None
        for frame in container.decode(stream):
            start = float(frame.pts * frame.time_base) if start is None else start
            parts += [out.to_ndarray()[0] for out in resampler.resample(frame)]
        parts += [out.to_ndarray()[0] for out in resampler.resample(None)]
    samples, at = np.concatenate(parts), round(start * SAMPLES)
    return np.pad(samples, (at, 0)) if at >= 0 else samples[-at:]


def pitches_in(path):
    """Beside which frame of the source each 40 ms of a numbered clip's sound was: floats; None for silence."""
    heard, count, found = heard_in(path), SAMPLES // RATE, []
    for at in range(0, len(heard) - count // 2, count):
        block = heard[at : at + count]
        if np.abs(block).max() < 0.01:
            found.append(None)
            continue
        power = np.abs(np.fft.rfft(block * np.hanning(len(block)), SAMPLES // 4))
        found.append((power.argmax() * 4 - 300) / 40)
    return found
