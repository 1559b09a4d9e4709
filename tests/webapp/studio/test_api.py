"""The API through `gradio_client`: results, refusals, and that nothing is fetched or read that was not uploaded."""

import json
import time
from pathlib import Path

import httpx
import numpy as np
import odd_clips
import pillow_heif
import pytest
from fastapi import FastAPI
from figure import figure
from gradio_client import Client, handle_file
from PIL import Image

from impasto.export.runtime.painter import Look, Painter
from impasto.export.runtime.style_file import built_in
from impasto.models.errors import BadInput
from impasto.webapp.files.pictures import read_image
from impasto.webapp.files.stylize import stylize_path
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.studio.blocks import mount_studio


@pytest.fixture(scope="module")
def served(serve):
    """(url, app) of a studio with low limits."""
    settings = Settings(threads=1, jobs_at_once=2, clip_seconds=2.0, clip_frames=40, upload_mb=1.0, jobs_per_client=2)
    with serve(settings) as (url, app):
        yield url, app


@pytest.fixture
def client(served, tmp_path):
    client = Client(served[0], verbose=False, download_files=tmp_path, httpx_kwargs={"timeout": 60})
    yield client
    client.close()


@pytest.fixture
def clip(tmp_path, media):
    return media.write_clip(tmp_path / "c.mp4", media.scenes(96, 64, 12), sound=[{"codec": "aac", "seconds": 0.5}])


def painter(*styles, weights=None, **look):
    painter = Painter(threads=1, look=Look(**look))
    gallery = painter.model.gallery()
    chosen = [built_in(painter.model, gallery[s]) if isinstance(s, str) else painter.encode(s) for s in styles]
    painter.use(chosen, weights)
    return painter


def refused(client, words, *arguments, api_name="/paint_clip"):
    with pytest.raises(Exception, match=words) as caught:
        client.predict(*arguments, api_name=api_name)
    assert "/sessions/" not in str(caught.value)
    assert "Traceback" not in str(caught.value)


def test_only_the_two_endpoints_are_for_others_and_they_are_described(client):
    api = client.view_api(return_format="dict")
    assert set(api["named_endpoints"]) == {"/paint_clip", "/paint_picture"}
    assert api["unnamed_endpoints"] == {}
    clip = api["named_endpoints"]["/paint_clip"]
    assert [p["parameter_name"] for p in clip["parameters"]] == [
        "clip", "styles", "pictures", "weights", "strength", "keep_colors", "size", "stability",
        "brush", "start", "end", "only", "background_styles",
    ]  # fmt: skip
    assert "great-wave" in clip["description"]
    assert next(p["parameter_default"] for p in clip["parameters"] if p["parameter_name"] == "stability") == 1
    for parameter in clip["parameters"]:
        assert parameter["parameter_name"] in clip["description"]


def test_a_clip_is_painted_as_the_command_line_does_sound_and_all(client, clip, tmp_path, media):
    painted, summary = client.predict(
        clip=handle_file(clip), styles=["great-wave"], strength=0.8, size=64, api_name="/paint_clip"
    )
    expected = tmp_path / "expected.mp4"
    stylize_path(clip, expected, painter("great-wave", strength=0.8), size=64)
    assert Path(painted).name == "c, The Great Wave off Kanagawa.mp4"
    assert media.packets(painted, 0, "video") == media.packets(expected, 0, "video")
    assert media.packets(painted, 0) == media.packets(clip, 0)
    assert summary["audio"] == ["copied"]
    assert (summary["frames"], summary["width"], summary["height"]) == (12, 96, 64)
    assert str(clip) not in json.dumps(summary)
    assert "sessions" not in json.dumps(summary)


def test_stability_is_how_much_is_carried_from_frame_to_frame(client, clip, tmp_path, media):
    painted = {}
    for stability in (0.0, 0.5):
        arguments = {"clip": handle_file(clip), "styles": ["great-wave"], "stability": stability}
        path, _ = client.predict(**arguments, api_name="/paint_clip")
        painted[stability] = media.packets(path, 0, "video")
        stylize_path(clip, tmp_path / "expected.mp4", painter("great-wave", stability=stability))
        assert painted[stability] == media.packets(tmp_path / "expected.mp4", 0, "video")
    assert painted[0.0] != painted[0.5]
    refused(client, "Stability goes from 0", handle_file(clip), ["great-wave"], [], [], 1, False, 0, 2)


def test_a_picture_is_painted_in_a_blend_of_a_built_in_style_and_an_own_picture(client, tmp_path, media):
    Image.fromarray(media.scene(80, 70, 0)).save(tmp_path / "p.png")
    Image.fromarray(media.scene(90, 60, 5)).save(tmp_path / "style.png")
    painted = client.predict(
        picture=handle_file(tmp_path / "p.png"), styles=["the-scream"], pictures=[handle_file(tmp_path / "style.png")],
        weights=[0.25, 0.75], keep_colors=True, api_name="/paint_picture",
    )  # fmt: skip
    both = painter("the-scream", media.scene(90, 60, 5), weights=[0.25, 0.75], keep_colors=True, stability=0.0)
    assert np.array_equal(read_image(Path(painted)).rgb, both.paint(media.scene(80, 70, 0)))


def called(url, endpoint, data):
    """What a call by hand with values by position is answered: the last event, and its data."""
    event = httpx.post(f"{url}gradio_api/call/{endpoint}", json={"data": data}).json()["event_id"]
    told = httpx.get(f"{url}gradio_api/call/{endpoint.rstrip('/')}/{event}", timeout=60).text
    event, data = told.strip().split("\n\n")[-1].split("\n")
    return event.removeprefix("event: "), json.loads(data.removeprefix("data: "))


def test_a_call_of_an_older_client_takes_the_defaults_of_newer_parameters(served, clip):
    """As curl calls it: a list without `only` and `background_styles`, which came later, and shorter ones."""
    url, _ = served
    uploaded = httpx.post(url + "gradio_api/upload", files={"files": ("c.mp4", clip.read_bytes())}).json()[0]
    file = {"path": uploaded, "orig_name": "c.mp4"}
    older = [file, ["great-wave"], [], [], 1, False, 64, 1, "64", 0, 0.25]
    event, (painted, facts) = called(url, "paint_clip", older)
    assert (event, painted["orig_name"]) == ("complete", "c, The Great Wave off Kanagawa.mp4")
    assert facts["frames"] < 12
    assert facts["height"] == 64
    assert called(url, "paint_clip/", [file])[1][1]["frames"] == 12
    assert "must be an uploaded file" in str(called(url, "paint_clip", []))
    assert "must be an uploaded file" in str(called(url, "paint_picture", [None, ["great-wave"]]))


@pytest.mark.parametrize(
    ("endpoint", "values", "status", "words"),
    [
        (
            "paint_picture",
            {"pictures": "x"},
            422,
            "paint_picture needs 'picture': its parameters are picture, styles, ",
        ),
        ("paint_clip", {"clip": None, "syle": []}, 422, "paint_clip has no parameter 'syle': it has clip, styles, "),
        ("paint_clip", [], 422, "by name, as a JSON object: clip, styles, "),
        ("paint", {}, 404, "There is no endpoint 'paint': there are paint_clip and paint_picture."),
    ],
)
def test_wrong_names_in_a_call_by_hand_get_a_sentence(served, endpoint, values, status, words):
    answer = httpx.post(f"{served[0]}/gradio_api/call/v2/{endpoint}", json=values)
    assert answer.status_code == status
    assert words in answer.text


@pytest.mark.parametrize("number", [-1, 99, "x", [], {}, 1.5])
def test_an_endpoint_by_a_number_that_is_none_gets_a_sentence(served, number):
    answer = httpx.post(served[0] + "gradio_api/queue/join", json={"data": [], "fn_index": number, "session_hash": "s"})
    assert answer.status_code == 404
    assert "there are paint_clip and paint_picture." in answer.json()["detail"]


def test_nobody_can_end_a_session_over_the_api(served):
    """Gradio would call the function that ends one, for whatever session it is given."""
    url, app = served
    theirs = app.state.studio.folders.session("someone") / "painted.mp4"
    theirs.write_bytes(b"x")
    blocks = app.state.visits.blocks
    for number, fn in blocks.fns.items():
        call = {"data": [], "session_hash": "someone"}
        if fn.api_name not in ("paint_clip", "paint_picture"):
            assert httpx.post(f"{url}gradio_api/call/{fn.api_name}", json=call).status_code == 404
            assert httpx.post(f"{url}gradio_api/call/v2/{fn.api_name}", json=call).status_code == 404
            joined = httpx.post(f"{url}gradio_api/queue/join", json={**call, "fn_index": number})
            assert joined.status_code == 404
    assert len(blocks.fns) == 3
    assert theirs.is_file()
    app.state.studio.folders.end("someone")


def test_limits_are_refused_with_their_sentence(client, tmp_path, media, clip):
    long = media.write_clip(tmp_path / "my holiday.mp4", media.scenes(32, 32, 60))
    refused(client, "This clip lasts 2.4 s, more than the 2 s allowed; choose a part", handle_file(long))
    part = client.predict(clip=handle_file(long), brush="64", start=0.4, end=0.8, api_name="/paint_clip")[1]
    assert (part["frames"], part["seconds"]) == (10, 0.4)
    many = media.write_clip(tmp_path / "many.mp4", media.scenes(32, 32, 50), rate=50)
    refused(client, "more than the 40 frames allowed", handle_file(many))
    (tmp_path / "x.mp4").write_bytes(b"garbage" * 100)
    refused(client, "This clip is not a video", handle_file(tmp_path / "x.mp4"))
    refused(client, "not one this app can read", handle_file(tmp_path / "x.mp4"), api_name="/paint_picture")
    refused(client, "no built-in style 'nobody'", handle_file(clip), ["nobody"])
    refused(client, "from one to 4 styles", handle_file(clip), [])
    refused(client, "weights must be a list", handle_file(clip), ["great-wave"], [], [1, 2])
    refused(client, "Strength goes from 0", handle_file(clip), ["great-wave"], [], [], 7)
    refused(client, "The size must be", handle_file(clip), ["great-wave"], [], [], 1, False, 5000)
    refused(client, "styles must be a list", handle_file(clip), "great-wave")
    refused(client, "is no brush", handle_file(clip), ["great-wave"], [], [], 1, False, 0, 1, "huge")
    refused(client, "before it begins", handle_file(clip), ["great-wave"], [], [], 1, False, 0, 1, "fine", 2, 1)


@pytest.mark.parametrize(
    "number", ["NaN", "Infinity", "-Infinity", "1e400", "1" + 400 * "0", "true", '"1"', "[1]", "null"]
)
@pytest.mark.parametrize("place", ["weights", "strength", "size", "stability", "start"])
def test_numbers_that_are_none_get_a_sentence(served, number, place):
    """As JSON's readers let them through."""
    url, app = served
    folder = app.state.studio.folders.session("numbers")
    (folder / "c.mp4").write_bytes(b"x")
    given = {"weights": "[]", "strength": "1", "size": "0", "stability": "1", "start": "0"}
    given[place] = f"[{number}]" if place == "weights" else number
    values = [given["weights"], given["strength"], "false", given["size"], given["stability"], '"fine"', given["start"]]
    values = ", ".join([*values, "0", '""', "[]"])
    path = json.dumps({"path": str(folder / "c.mp4")})
    body = f'{{"session_hash": "numbers", "data": [{path}, ["great-wave"], [], {values}]}}'
    answer = httpx.post(url + "gradio_api/call/paint_clip", content=body, headers={"Content-Type": "application/json"})
    told = httpx.get(f"{url}gradio_api/call/paint_clip/{answer.json()['event_id']}", timeout=60).text
    assert "must be" in told
    assert "went wrong" not in told
    app.state.studio.folders.end("numbers")


def test_lists_without_end_get_a_sentence(client, clip):
    for styles, weights in ((["great-wave"] * 10_000, []), (["great-wave"], [1.0] * 50_000)):
        refused(client, "from one to 4 styles|weights must be a list", handle_file(clip), styles, [], weights)


def test_what_gradio_raises_is_logged_without_names(served, capfd, caplog):
    url, app = served
    caplog.set_level("ERROR", "impasto.studio")
    gone = str(app.state.studio.folders.root / "gone" / "holiday-with-anna.mp4")
    clip = next(i for i, fn in app.state.visits.blocks.fns.items() if fn.api_name == "paint_clip")
    body = {"fn_index": clip, "session_hash": "x", "data": [{"path": gone}, None, "x", {}, [], "y"]}
    assert httpx.post(url + "gradio_api/queue/join", json=body).is_success
    with httpx.stream("GET", url + "gradio_api/queue/data?session_hash=x", timeout=60) as stream:
        assert "process_completed" in "".join(stream.iter_text())
    out, err = capfd.readouterr()
    assert "anna" not in out + err
    assert "Traceback" not in out + err
    assert "Gradio raised an error" in caplog.messages


def test_too_large_an_upload_is_refused(client, served, tmp_path):
    (tmp_path / "big.mp4").write_bytes(bytes(1_500_000))
    refused(client, "exceeds the maximum file size", handle_file(tmp_path / "big.mp4"))
    answer = httpx.post(served[0] + "gradio_api/upload", files={"files": ("x.mp4", bytes(3_000_000))})
    assert answer.status_code == 413
    assert "Uploads end at 2 MB" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["http://127.0.0.1:9/x.mp4", "https://example.com/x.mp4", "/etc/passwd"])
@pytest.mark.parametrize("meta", [{"_type": "gradio.FileData"}, None])
def test_addresses_and_files_of_the_server_are_refused(served, path, meta):
    url, _ = served
    file = {"path": path, **({"meta": meta} if meta else {})}
    answer = httpx.post(
        url + "gradio_api/call/paint_clip",
        json={"data": [file, ["great-wave"], [], [], 1, False, 0, 1, "full", 0, 0, "", []]},
    )
    assert answer.status_code == 422
    assert "download the file" in answer.text or "not uploaded" in answer.text
    style = [{"path": "nowhere"}, ["great-wave"], [file], [], 1, False, 0, 1, "full", 0, 0]
    assert httpx.post(url + "gradio_api/call/paint_clip", json={"data": style}).status_code == 422


def test_another_sessions_results_are_out_of_reach(served, client, clip):
    url, app = served
    studio = app.state.studio
    theirs = studio.folders.session("someone") / "painted.mp4"
    theirs.write_bytes(clip.read_bytes())
    data = [{"path": str(theirs)}, ["great-wave"], [], [], 1, False, 64, 1, "full", 0, 0, "", []]
    event = httpx.post(url + "gradio_api/call/paint_clip", json={"data": data}).json()["event_id"]
    answer = httpx.get(url + f"gradio_api/call/paint_clip/{event}", timeout=30).text
    assert "upload it again" in answer
    studio.folders.end("someone")


def test_the_servers_files_cannot_be_fetched(served):
    for path in ("file=/etc/passwd", "file=http://127.0.0.1:9/", f"file={__file__}", "proxy=http://127.0.0.1:9/"):
        assert httpx.get(served[0] + "gradio_api/" + path).status_code in (400, 403)


def test_files_go_when_the_client_does(served, tmp_path, media, files_in, until):
    clip = media.write_clip(tmp_path / "mine.mp4", media.scenes(96, 64, 11))
    root = served[1].state.studio.folders.root
    before = files_in(root)
    client = Client(served[0], verbose=False, download_files=tmp_path, httpx_kwargs={"timeout": 60})
    client.predict(clip=handle_file(clip), size=64, api_name="/paint_clip")
    assert {path.name for path in files_in(root) - before if path.suffix == ".mp4"} == {
        "mine.mp4",
        "mine, The Starry Night.mp4",
    }
    client.close()
    until(lambda: files_in(root) <= before)


def test_mcp_without_its_package_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(BadInput, match=r'needs the package mcp: pip install "impasto\[app,mcp\]"'):
        mount_studio(FastAPI(), Settings(mcp=True))


@pytest.fixture
def endless(monkeypatch):
    """Every frame takes a twentieth of a second: a clip of 200 outlasts whatever is done about it."""
    paint = Painter.paint
    monkeypatch.setattr(Painter, "paint", lambda *given: time.sleep(0.05) or paint(*given))


@pytest.mark.parametrize("ending", ["cancel", "leave"])
def test_a_job_that_is_cancelled_or_left_stops_and_leaves_nothing(
    serve, endless, ending, tmp_path, media, files_in, until
):
    clip = media.write_clip(tmp_path / "c.mp4", media.scenes(64, 48, 200))
    with serve(Settings(threads=1, jobs_at_once=1)) as (url, app):
        studio = app.state.studio
        at_rest = files_in(studio.folders.root)
        client = Client(url, verbose=False, download_files=tmp_path, httpx_kwargs={"timeout": 60})
        job = client.submit(clip=handle_file(clip), size=64, api_name="/paint_clip")
        until(lambda: any(path.name.endswith(".part.mp4") for path in files_in(studio.folders.root)))
        if ending == "cancel":
            job.cancel()
            until(lambda: not studio.jobs.line.running)
            left = files_in(studio.folders.root) - at_rest
            assert not [path for path in left if "sessions" in path.parts and path.is_file()]
        client.close()
        until(lambda: not studio.jobs.line.running)
        until(lambda: files_in(studio.folders.root) <= at_rest)


def heic(path):
    picture = pillow_heif.from_pillow(Image.new("RGB", (64, 48), "teal"))
    picture.save(path, quality=50)
    return path


def animation(path):
    first, *rest = [Image.new("RGBA", (64, 48), colour) for colour in ("red", (0, 0, 0, 0), "blue")]
    first.save(path, save_all=True, append_images=rest, duration=100, disposal=2)
    return path


TWO_PARTS = [(0.32, 0.2, 1), (0.32, 0.6, 1)]
VP8 = {"b": "1M", "cpu-used": "8", "auto-alt-ref": "0"}


def edited(path, rows):
    return odd_clips.put_edits(odd_clips.write(path, 25), {"vide": rows, "soun": rows})


ODD = {
    "B-frames in AVI.avi": (lambda path: odd_clips.write(path, 12, bframes=2, sound=None), 12, 0.48),
    "two parts of an edit list.mp4": (lambda path: edited(path, TWO_PARTS), 16, 0.64),
    "without lengths.webm": (
        lambda path: odd_clips.without_default_duration(odd_clips.write(path, 12, codec="libvpx", sound="libopus")),
        12,
        0.48,
    ),
    "HDR.mp4": (lambda path: odd_clips.ramp(path, 18), 5, 0.2),
    "transparent.webm": (lambda path: odd_clips.transparent(path, "libvpx", "yuva420p", VP8), 5, 0.2),
    "turned.mp4": (lambda path: odd_clips.turned(path, degrees=90), 5, 0.2),
    "another size midway.webm": (lambda path: odd_clips.growing(path, [(96, 64), (64, 96)], each=4), 8, 0.32),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_files_are_painted_as_the_command_line_paints_them(client, tmp_path, media, name):
    make, frames, seconds = ODD[name]
    file = make(tmp_path / name)
    painted, summary = client.predict(clip=handle_file(file), styles=["great-wave"], api_name="/paint_clip")
    stylize_path(file, tmp_path / "expected.mp4", painter("great-wave"))
    assert (summary["frames"], summary["seconds"]) == (frames, pytest.approx(seconds, abs=0.01))
    assert media.times(painted) == media.times(tmp_path / "expected.mp4")
    assert media.packets(painted, 0, "video") == media.packets(tmp_path / "expected.mp4", 0, "video")


def cut_short(path):
    animation(path)
    path.write_bytes(path.read_bytes()[:40])
    return path


@pytest.mark.parametrize(
    ("name", "make", "words"),
    [
        ("photo.heic", heic, r"a picture \(HEIC\)"),
        ("moving.gif", animation, r"an animation \(GIF\)"),
        ("moving.png", animation, r"an animation \(PNG\)"),
        ("moving.webp", animation, r"an animation \(WebP\)"),
        ("twice as fast.mp4", lambda path: edited(path, [(0.3, 0, 2)]), "slower, faster or as a still"),
        ("a gap.mp4", lambda path: edited(path, [(0.3, 0, 1), (0.1, None, 1), (0.3, 0.5, 1)]), "in its middle"),
        ("cut.gif", cut_short, r"a picture \(GIF\)"),
        ("only sound.mp4", lambda path: edited(path, [(1, 9, 1)]), "holds no frame"),
    ],
)
def test_odd_files_that_are_no_clips_get_a_sentence(client, tmp_path, name, make, words):
    refused(client, words, handle_file(make(tmp_path / name)))


def test_only_the_person_and_a_style_for_the_background(client, tmp_path):
    frame = figure(90, 120)
    Image.fromarray(frame).save(tmp_path / "me.png")
    me, corner = handle_file(tmp_path / "me.png"), np.s_[:20, :20]
    alone = client.predict(me, only="person", api_name="/paint_picture")
    assert np.array_equal(read_image(Path(alone)).rgb[corner], frame[corner])
    each = client.predict(me, ["great-wave"], background_styles=["the-scream"], api_name="/paint_picture")
    assert Path(each).name.endswith("Kanagawa + The Scream.png")
    refused(client, "not 'cat'", me, ["great-wave"], [], [], 1.0, False, 0, "medium", "cat", api_name="/paint_picture")
    with pytest.raises(Exception, match="background_styles must be a list of names"):
        client.predict(me, background_styles=[1], api_name="/paint_picture")
