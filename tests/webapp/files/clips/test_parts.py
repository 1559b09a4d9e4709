"""A clip in parts: cuts are found, parts hold whole scenes, and what is joined is the clip painted at once."""

from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.sample import picture
from impasto.webapp.files.clips.parts import Part, PartDiffers, join_parts, plan_parts, read_part
from impasto.webapp.files.clips.probe import probe
from impasto.webapp.files.clips.read import read_frames
from impasto.webapp.files.clips.scenes import Scenes
from impasto.webapp.files.moving import clip_size, stylize_part
from impasto.webapp.files.stylize import stylize_path

CUTS = (20, 45, 52)


@pytest.fixture(scope="module")
def frames():
    """A camera that moves through four scenes: 80 frames, uint8 [64,96,3]."""
    views = [(picture(100, 200, seed) * 255).astype(np.uint8) for seed in (0, 1)]
    views = [*views, 255 - views[0], views[1][::-1]]
    scenes = [sum(t >= cut for cut in CUTS) for t in range(80)]
    return [np.ascontiguousarray(views[scene][t * 36 // 80 :, t : t + 96][:64]) for t, scene in enumerate(scenes)]


@pytest.fixture
def clip(tmp_path, media, frames):
    """They as a clip with uneven times and sound."""
    times = [t * 33 + t % 3 for t in range(len(frames))]
    return media.write_clip(
        tmp_path / "scenes.mkv", frames, codec="ffv1", format="bgr0", time_base=Fraction(1, 1000), rate=30, pts=times,
        sound=[{"codec": "aac", "seconds": 2.6}],
    )  # fmt: skip


@pytest.fixture
def steady(tiny_model):
    """steady(): a painter of the tiny model."""

    def make():
        painter = Painter(tiny_model, threads=2, look=Look())
        painter.use([tiny_model.gallery()["waves"]["style"]])
        return painter

    return make


def coded(path):
    with av.open(str(path)) as container:
        tracks = [(s.type, s.codec_context.extradata) for s in container.streams]
        packets = [
            (p.stream.index, bytes(p), p.pts * p.time_base, p.duration * p.time_base)
            for p in container.demux()
            if p.size
        ]
    return tracks, packets


def test_cuts_are_found_and_flashes_and_pans_are_not_many(frames):
    scenes = Scenes()
    assert [t for t, frame in enumerate(frames) if scenes.begins(frame)] == list(CUTS)
    flash = [frames[0]] * 3 + [np.full_like(frames[0], 255)] + [frames[0]] * 3
    scenes = Scenes()
    assert [t for t, frame in enumerate(flash) if scenes.begins(frame)] == [3]


def test_parts_hold_whole_scenes_and_all_frames(clip):
    info = probe(clip)
    times = [frame.pts for frame in read_frames(info)]
    for least, expected in ((1, (0, *CUTS)), (10, (0, 20, 45)), (30, (0, 45)), (50, (0,))):
        parts, gaps = plan_parts(info, (96, 64), least)
        assert gaps == []
        assert [part.start for part in parts] == [times[n] for n in expected]
        assert all(a.end == b.start for a, b in pairwise(parts))
        assert parts[-1].end is None
        assert sum(part.frames for part in parts) == len(times)


def test_a_part_has_the_frames_of_the_clip(clip, frames):
    info = probe(clip)
    for part in plan_parts(info, (96, 64), 1)[0]:
        wanted = [f for f in read_frames(info) if f.pts >= part.start and (part.end is None or f.pts < part.end)]
        found = [*read_part(info, (96, 64), part)]
        assert [(f.pts + part.start, f.duration) for f in found] == [(f.pts, f.duration) for f in wanted]
        assert all(np.array_equal(a.rgb, b.rgb) for a, b in zip(found, wanted, strict=True))


def test_a_part_with_other_frames_is_refused(clip):
    info = probe(clip)
    first = plan_parts(info, (96, 64), 1)[0][0]
    with pytest.raises(PartDiffers):
        list(read_part(info, (96, 64), first._replace(frames=first.frames + 1)))


def test_what_is_joined_is_the_clip_painted_at_once(tmp_path, clip, steady):
    whole = stylize_path(clip, tmp_path / "whole.mp4", steady())
    info = probe(clip)
    parts, _ = plan_parts(info, clip_size(info, None), 10)
    assert len(parts) == 3
    files = [tmp_path / f"part{n}.mp4" for n in range(3)]
    for part, file in [*zip(parts, files, strict=True)][::-1]:
        assert stylize_part(clip, file, steady(), part)["frames"] == part.frames
    sound, seconds = join_parts(info, [*zip(parts, files, strict=True)], tmp_path / "joined.mp4")
    assert sound == whole["audio"] == ["copied"]
    assert round(seconds, 3) == whole["seconds"]
    (tracks, packets), (their_tracks, theirs) = coded(tmp_path / "joined.mp4"), coded(tmp_path / "whole.mp4")
    assert tracks == their_tracks
    for index in range(2):
        assert [p for p in packets if p[0] == index] == [p for p in theirs if p[0] == index]


def test_one_part_for_a_clip_without_cuts(tmp_path, media):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 12))
    assert plan_parts(probe(clip), (64, 48), 2) == ([Part(0, None, 12)], [])
