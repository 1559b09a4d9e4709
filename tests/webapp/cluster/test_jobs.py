"""A folder through a crew without Ray: the same files as on one machine, whatever is lost on the way."""

from dataclasses import replace

import av
import numpy as np
import pytest
from figure import figure

from impasto.export.runtime.model import load_model
from impasto.export.runtime.painter import Painter
from impasto.models.errors import BadInput
from impasto.webapp.cluster.jobs import TRIES
from impasto.webapp.cluster.stylize import stylize_with
from impasto.webapp.cluster.worker import Worker
from impasto.webapp.files.clips.parts import PartDiffers
from impasto.webapp.files.pipeline import run_pipeline
from impasto.webapp.files.stylize import stylize_path


def coded(path):
    with av.open(str(path)) as container:
        return [(bytes(p), p.pts * p.time_base) for p in container.demux() if p.size]


@pytest.fixture
def alone(recipe):
    """alone(source, target): painted on one machine."""

    def run(source, target):
        painter = Painter(load_model(recipe.model), threads=2, look=recipe.look)
        painter.use(recipe.styles, recipe.shares)
        return stylize_path(source, target, painter)

    return run


def without_speed(summary):
    """What must be the same: no times, no places."""
    kept = [{k: v for k, v in each.items() if k not in ("painted_per_second", "output")} for each in summary["painted"]]
    return {**summary, "painted": sorted(kept, key=lambda each: each["input"]), "output": ""}


def test_a_folder_as_on_one_machine(clips, tmp_path, crew, recipe, alone):
    told, frames = [], []
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    found = stylize_with(
        crew(), str(clips), str(ours), recipe, on_file=told.append, progress=lambda done, total: frames.append(done)
    )
    assert without_speed(found) == without_speed(alone(clips, theirs))
    assert {each["input"] for each in told} == {
        str(clips / n) for n in ("long.mp4", "short.mp4", "still.png", "damaged.mp4")
    }
    assert found["ignored"] == ["notes.txt"]
    assert frames[-1] == 40 + 6 + 1
    assert sorted(path.name for path in ours.iterdir() if not path.name.startswith(".")) == [
        "long.mp4", "short.mp4", "still.png",
    ]  # fmt: skip
    for name in ("long.mp4", "short.mp4"):
        assert sorted(coded(ours / name)) == sorted(coded(theirs / name))
    assert (ours / "still.png").read_bytes() == (theirs / "still.png").read_bytes()


def test_what_is_there_is_skipped_and_nothing_is_left_over(without_damage, tmp_path, crew, recipe):
    stylize_with(crew(), str(without_damage), str(tmp_path / "out"), recipe)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["long.mp4", "short.mp4", "still.png"]
    again = crew()
    found = stylize_with(again, str(without_damage), str(tmp_path / "out"), recipe)
    assert sorted(found["skipped"]) == ["long.mp4", "short.mp4", "still.png"]
    assert again.done == []


def test_what_was_painted_with_something_else_is_painted_again(without_damage, tmp_path, crew, recipe):
    first, second = (replace(recipe, settings={"style": name}) for name in "ab")
    stylize_with(crew(), str(without_damage), str(tmp_path / "out"), first)
    assert len(stylize_with(crew(), str(without_damage), str(tmp_path / "out"), first)["skipped"]) == 3
    style = tmp_path / "out" / "still.png"  # by now what is painted in
    before = style.read_bytes()
    with pytest.raises(BadInput, match=r"still\.png is also read"):
        stylize_with(crew(), str(without_damage), str(tmp_path / "out"), second, also_read=[style])
    assert style.read_bytes() == before
    found = stylize_with(crew(), str(without_damage), str(tmp_path / "out"), second)
    assert [each["again"] for each in found["painted"]] == [True] * 3


def test_lost_machines_cost_only_what_they_were_doing(without_damage, tmp_path, crew, recipe, alone, lost):
    times = {}

    def trouble(task):
        key = task.method, str(task.arguments)
        times[key] = times.get(key, 0) + 1
        return lost if times[key] < TRIES else None

    found = stylize_with(crew(trouble), str(without_damage), str(tmp_path / "out"), recipe)
    assert found["failed"] == []
    assert set(times.values()) == {TRIES}
    alone(without_damage, tmp_path / "theirs")
    assert sorted(coded(tmp_path / "out" / "long.mp4")) == sorted(coded(tmp_path / "theirs" / "long.mp4"))


def test_what_fails_again_and_again_is_told_and_ends_no_other_file(without_damage, tmp_path, crew, recipe):
    def trouble(task):
        return RuntimeError("out of luck") if task.method == "paint_part" and task.arguments[1].start > 0 else None

    found = stylize_with(crew(trouble), str(without_damage), str(tmp_path / "out"), recipe)
    (failed,) = found["failed"]
    assert failed["bug"] == "RuntimeError"
    assert f"long.mp4 could not be painted in {TRIES} tries: RuntimeError: out of luck" in failed["error"]
    assert len(found["painted"]) == 2


def test_a_run_that_was_broken_off_goes_on_with_the_parts_it_has(without_damage, tmp_path, crew, recipe, alone):
    """Twice: with the styles of another recipe in between, whose parts are others."""
    parts = 0

    def stop(task):
        nonlocal parts
        parts += task.method == "paint_part"
        if parts == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylize_with(crew(stop), str(without_damage), str(tmp_path / "out"), recipe)
    again = crew()
    found = stylize_with(again, str(without_damage), str(tmp_path / "out"), recipe)
    assert again.done.count(("paint_part", "long.mp4")) == 4 - 2
    assert found["failed"] == []
    alone(without_damage, tmp_path / "theirs")
    assert sorted(coded(tmp_path / "out" / "long.mp4")) == sorted(coded(tmp_path / "theirs" / "long.mp4"))


def test_a_clip_that_reads_otherwise_from_the_middle_is_painted_whole(without_damage, tmp_path, crew, recipe, alone):
    def trouble(task):
        return PartDiffers() if task.method == "paint_part" and task.arguments[1].start > 0 else None

    used = crew(trouble)
    found = stylize_with(used, str(without_damage), str(tmp_path / "out"), recipe)
    assert found["failed"] == []
    assert used.done.count(("paint", "long.mp4")) == 1
    alone(without_damage, tmp_path / "theirs")
    assert sorted(coded(tmp_path / "out" / "long.mp4")) == sorted(coded(tmp_path / "theirs" / "long.mp4"))


def test_one_file_and_its_mistakes(clips, tmp_path, crew, recipe):
    found = stylize_with(crew(), str(clips / "long.mp4"), str(tmp_path / "one.mp4"), recipe)
    assert (found["kind"], found["frames"], found["audio"]) == ("clip", 40, ["copied"])
    assert [path.name for path in tmp_path.iterdir() if "parts" in path.name] == []
    for name, words in (("damaged.mp4", "damaged.mp4 is not"), ("none.mp4", "none.mp4")):
        with pytest.raises(BadInput, match=words):
            stylize_with(crew(), str(clips / name), str(tmp_path / "no.mp4"), recipe)
    assert not (tmp_path / "no.mp4").exists()


def test_another_model_on_a_machine_is_refused(recipe):
    with pytest.raises(BadInput, match="another model tiny; install the same one"):
        Worker(replace(recipe, frame_sha256="0" * 64), 1)


@pytest.mark.parametrize(("given", "kept_to"), [(1, 1), (3, 3), (4, None)])
def test_a_painter_keeps_to_its_cores_where_the_machine_has_others(
    monkeypatch, tmp_path, clips, recipe, given, kept_to
):
    monkeypatch.setattr("impasto.webapp.cluster.worker.cores_here", lambda: 4)
    told = []
    run = run_pipeline
    monkeypatch.setattr(
        "impasto.webapp.files.moving.run_pipeline",
        lambda *stages, cores, **others: told.append(cores) or run(*stages, cores=cores, **others),
    )
    worker = Worker(recipe, given)
    worker.paint(str(clips / "short.mp4"), str(tmp_path / "whole.mp4"))
    parts, _ = Worker(recipe, given, 8).plan(str(clips / "long.mp4"), "x.mp4")
    worker.paint_part(str(clips / "long.mp4"), parts[0], str(tmp_path / "part.mp4"))
    assert told == [kept_to, kept_to]


@pytest.mark.parametrize(("only", "behind"), [("person", False), (None, True)])
def test_parts_of_a_clip_with_a_person_are_those_of_one_machine(tmp_path, media, crew, recipe, only, behind):
    """The mask, too, begins anew at each cut."""
    lights = [0.4 + 0.2 * (t // 10 % 3) for t in range(40)]  # another scene every ten frames
    frames = [(figure(64, 96, 0.3 + t % 10 / 25) * light).astype(np.uint8) for t, light in enumerate(lights)]
    clip = media.write_clip(tmp_path / "long.mp4", frames, options={"crf": "10"})
    style = np.roll(recipe.styles[0], 9)
    recipe = replace(recipe, only=only, background=(style,) if behind else (), background_shares=(1.0,) * behind)
    used = crew(recipe=recipe)
    found = stylize_with(used, str(clip), str(tmp_path / "ours.mp4"), recipe)
    assert used.done.count(("paint_part", "long.mp4")) > 1
    painter = Worker(recipe, 2).painter
    theirs = stylize_path(clip, tmp_path / "theirs.mp4", painter)
    assert found["person_found"] is theirs["person_found"] is True
    assert coded(tmp_path / "ours.mp4") == coded(tmp_path / "theirs.mp4")


def test_whether_parts_of_another_run_show_a_person_is_not_made_up(tmp_path, media, crew, recipe):
    frames = [np.full((64, 96, 3), 60 + 50 * (t // 10), np.uint8) for t in range(40)]
    clip = media.write_clip(tmp_path / "long.mp4", frames, options={"crf": "10"})
    recipe, parts = replace(recipe, only="person"), []

    def stop(task):
        parts.extend([task] if task.method == "paint_part" else [])
        if len(parts) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stylize_with(crew(stop, recipe=recipe), str(clip), str(tmp_path / "o.mp4"), recipe)
    assert "person_found" not in stylize_with(crew(recipe=recipe), str(clip), str(tmp_path / "o.mp4"), recipe)
    assert stylize_with(crew(recipe=recipe), str(clip), str(tmp_path / "p.mp4"), recipe)["person_found"] is False
