"""What the page asks for over HTTP: with a visitor's name, from our own pages, never another visitor's files."""

import base64
import io
import time
from dataclasses import replace

import httpx
import numpy as np
import pytest
from figure import figure
from PIL import Image

from impasto.export.runtime.model import load_model
from impasto.export.runtime.sessions.graph_weights import weights_of
from impasto.export.runtime.study import Progress, Studied
from impasto.export.runtime.style_file import read_style, style_file, write_style
from impasto.webapp.files import study as studying_files
from impasto.webapp.files.brush_size import with_brush_size
from impasto.webapp.hosting.settings import Settings
from impasto.webapp.studio import routes
from impasto.webapp.studio.painting import PaintOptions, StyleChoice

ANNA, BEN = {"X-Impasto-Visitor": "a" * 32}, {"X-Impasto-Visitor": "b" * 32}


@pytest.fixture(scope="module")
def served(serve):
    with serve(Settings(threads=1, jobs_at_once=1, clip_seconds=1.0, upload_mb=1.0)) as (url, app):
        yield url, app


@pytest.fixture
def page(served):
    with httpx.Client(base_url=served[0], timeout=120, headers=ANNA) as client:
        yield client


@pytest.fixture
def clip(tmp_path, media):
    return media.write_clip(
        tmp_path / "my holiday.mp4", media.scenes(96, 64, 12), sound=[{"codec": "aac", "seconds": 0.5}]
    )


def upload(page, path):
    return page.post("gradio_api/upload", files={"files": (path.name, path.read_bytes())}).json()[0]


def wish(path, **changes):
    styles = [{"name": "great-wave"}]
    return {
        "kind": "clip",
        "sources": [{"path": path, "name": "my holiday.mp4"}],
        "styles": styles,
        "size": 64,
        **changes,
    }


def painted(page, id, until):
    until(lambda: page.get(f"studio/jobs/{id}").json()["state"] not in ("waiting", "painting"))
    return page.get(f"studio/jobs/{id}").json()


def sentence(answer, status=422):
    assert answer.status_code == status
    assert isinstance(answer.json()["detail"], str)
    assert "/tmp" not in answer.text
    return answer.json()["detail"]


def pixels(data):
    assert data.startswith("data:image/jpeg;base64,")
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data.partition(",")[2]))), float)


def test_a_clip_is_looked_at_previewed_painted_and_fetched(page, clip, until, tmp_path, media):
    path = upload(page, clip)
    seen = page.post("studio/look?kind=clip", json={"path": path, "name": clip.name}).json()
    assert seen["facts"] == "96×64 · 25 frames/s · 0.5 s · with sound"
    assert (seen["seconds"], seen["longest"]) == (0.48, 1.0)
    preview = page.post("studio/preview", json=wish(path)).json()
    assert pixels(preview["after"]).shape == (64, 96, 3)
    job = page.post("studio/jobs", json=wish(path)).json()
    done = painted(page, job["id"], until)
    assert (done["state"], done["files"]) == ("done", ["my holiday, The Great Wave off Kanagawa.mp4"])
    file = page.get(f"studio/jobs/{job['id']}/painted/0?download=true")
    assert file.headers["content-type"] == "video/mp4"
    assert "attachment; filename*=utf-8''my%20holiday%2C%20The" in file.headers["content-disposition"]
    (tmp_path / "painted.mp4").write_bytes(file.content)
    assert media.packets(tmp_path / "painted.mp4", 0) == media.packets(clip, 0)
    part = page.get(f"studio/jobs/{job['id']}/painted/0", headers={"Range": "bytes=0-9"})
    assert (part.status_code, len(part.content)) == (206, 10)
    assert page.get(f"studio/jobs/{job['id']}/source/0").content == clip.read_bytes()
    assert [each["id"] for each in page.get("studio/jobs").json()["jobs"]] == [job["id"]]
    assert page.delete(f"studio/jobs/{job['id']}").status_code == 200
    sentence(page.get(f"studio/jobs/{job['id']}/painted/0"))


def test_a_preview_is_painted_as_the_job_would_be(page, served, tmp_path, media):
    Image.fromarray(media.scene(300, 200, 0)).save(tmp_path / "p.png")
    asked = {**wish(upload(page, tmp_path / "p.png")), "kind": "pictures", "size": 0, "brush": 96}
    preview = page.post("studio/preview", json=asked).json()
    painter = served[1].state.studio.painter(PaintOptions((StyleChoice("great-wave"),), stability=0.0))
    expected = with_brush_size(painter, 96).paint(media.scene(300, 200, 0))
    assert abs(pixels(preview["after"]) - expected).mean() < 3
    assert abs(pixels(preview["before"]) - media.scene(300, 200, 0)).mean() < 3


def test_several_pictures_in_an_own_style_come_as_a_zip_under_their_names(page, tmp_path, media, until):
    for name in ("a.jpg", "b.png"):
        Image.fromarray(media.scene(80, 64, 1)).save(tmp_path / name)
    style = upload(page, tmp_path / "b.png")
    assert page.post("studio/look?kind=style", json={"path": style}).json()["thumb"].startswith("data:image/jpeg")
    sources = [
        {"path": upload(page, tmp_path / name), "name": f"beach{name[-4:]}"} for name in ("a.jpg", "b.png", "b.png")
    ]
    styles = [{"path": style, "title": "my cat"}]
    job = page.post("studio/jobs", json={"kind": "pictures", "sources": sources, "styles": styles}).json()
    done = painted(page, job["id"], until)
    assert done["files"] == ["beach, my cat.jpg", "beach, my cat.png", "beach, my cat 2.png", "my cat.zip"]
    assert page.get(f"studio/jobs/{job['id']}/painted/3").headers["content-type"] == "application/zip"


def test_what_cannot_be_painted_is_said_in_a_sentence(page, clip, tmp_path, media):
    (tmp_path / "x.mp4").write_bytes(b"garbage" * 100)
    garbage = upload(page, tmp_path / "x.mp4")
    for kind, words in (
        ("clip", "not a video"),
        ("picture", "not one this app can read"),
        ("style", "not one this app"),
    ):
        assert words in sentence(page.post(f"studio/look?kind={kind}", json={"path": garbage}))
    long = upload(page, media.write_clip(tmp_path / "long.mp4", media.scenes(32, 32, 60)))
    assert page.post("studio/look?kind=clip", json={"path": long}).json()["longest"] == 1.0
    assert "lasts 2.4 s, more than the 1 s allowed" in sentence(page.post("studio/jobs", json=wish(long)))
    assert page.post("studio/jobs", json=wish(long, start=1.0, end=1.4)).status_code == 200
    path = upload(page, clip)
    assert "no built-in style 'x'" in sentence(page.post("studio/jobs", json=wish(path, styles=[{"name": "x"}])))
    assert "size must be" in sentence(page.post("studio/preview", json=wish(path, size=5)))
    for wrong in ({"strength": 2}, {"styles": []}, {"kind": "x"}, {"end": "x"}):
        assert page.post("studio/jobs", json=wish(path, **wrong)).status_code == 422


def test_a_visitors_files_are_his_alone(page, served, clip):
    studio = served[1].state.studio
    mine = studio.folders.session("a" * 32) / "c.mp4"
    mine.write_bytes(clip.read_bytes())
    assert page.post("studio/look", json={"path": str(mine)}).status_code == 200
    assert "upload it again" in sentence(page.post("studio/look", json={"path": str(mine)}, headers=BEN))
    assert "upload it again" in sentence(page.post("studio/jobs", json=wish(str(mine)), headers=BEN))
    job = page.post("studio/jobs", json=wish(str(mine))).json()
    assert "not here" in sentence(page.delete(f"studio/jobs/{job['id']}", headers=BEN))
    assert page.get("studio/jobs", headers=BEN).json()["jobs"] == []
    assert page.delete(f"studio/jobs/{job['id']}").status_code == 200


@pytest.mark.parametrize("path", ["/etc/passwd", "https://example.com/x.mp4", "../../etc/passwd"])
def test_nothing_is_read_that_was_not_uploaded(page, path):
    for route in ("look", "preview", "jobs"):
        body = {"path": path} if route == "look" else wish(path)
        answer = page.post(f"studio/{route}", json=body)
        assert answer.status_code == 422
        assert "message" in answer.json()["detail"][0]


def test_other_pages_and_the_nameless_are_turned_away(page, clip):
    path = upload(page, clip)
    foreign = {"Origin": "https://example.org"}
    assert page.post("studio/jobs", json=wish(path), headers=foreign).status_code == 403
    assert page.delete("studio/jobs/x", headers=foreign).status_code == 403
    for name in ("", "short", "A" * 32, "../" * 10):
        assert "reload it" in sentence(page.get("studio/jobs", headers={"X-Impasto-Visitor": name}), 400)
    assert page.post("studio/jobs", content=b"x" * 2_000_000).status_code == 413


def test_an_upload_is_never_opened_as_what_it_claims_to_be(page, clip, tmp_path, media, until):
    """A page named as a clip would run its scripts as ours."""
    page_of_theirs = tmp_path / "evil.html"
    page_of_theirs.write_bytes(clip.read_bytes())
    job = page.post("studio/jobs", json=wish(upload(page, page_of_theirs))).json()
    answer = page.get(f"studio/jobs/{job['id']}/source/0")
    assert answer.headers["content-type"] == "video/mp4"
    assert "sandbox" in answer.headers["content-security-policy"]
    painted(page, job["id"], until)


def test_the_page_and_what_it_has_to_know(served, page, tmp_path):
    config = page.get("studio/config").json()
    assert config["styles"][0]["name"] == "starry-night"
    assert config["clip_limits"] == "Up to 1 MB. Of a clip longer than 1 s you choose the part that is painted."
    for style in config["styles"]:
        assert page.get(f"studio/styles/{style['name']}").headers["content-type"] == "image/webp"
        painting = page.get(f"studio/paintings/{style['name']}")
        assert (painting.status_code, painting.headers["content-type"]) == (200, "image/webp")
        assert style["painting"]
    assert page.get("studio/paintings/..%2fmodel.json").status_code == 404
    assert page.get("studio/styles/..%2fmodel.json").status_code == 404
    assert "gradio" not in page.get("/").text


@pytest.fixture
def studying(served, monkeypatch):
    """A model that can study, and a stand-in for it: a step every hundredth of a second. What it was asked for."""
    studio, asked = served[1].state.studio, {}
    monkeypatch.setitem(studio.model.files, "study", {"file": "study.onnx"})

    def study(model, picture, contents=(), *, seconds, on_progress, **options):
        asked.update(options, seconds=seconds, contents=len(contents), shape=picture.shape)
        weights = weights_of(model.path("frame").read_bytes())
        brush = {name: np.full(part.shape, 0.02, np.float16) for name, part in weights.items()}
        losses = []
        found = Studied(model.gallery()["great-wave"]["style"], brush, losses)
        for step in range(3000):
            if step:
                losses.append({"total": 3 / step})
                time.sleep(0.01)
            if on_progress(Progress(step, step / 3000, 5.0, losses[-1] if losses else {}, lambda: found)) is False:
                break
        return found

    monkeypatch.setattr(studying_files, "study", study)
    return asked


def running(page, id, until):
    until(lambda: "left" in page.get(f"studio/jobs/{id}").json()["words"])


def test_a_picture_is_studied_stopped_painted_with_and_downloaded(page, served, studying, clip, tmp_path, media, until):
    Image.fromarray(media.scene(120, 90, 3)).save(tmp_path / "reeds.png")
    style, video = upload(page, tmp_path / "reeds.png"), upload(page, clip)
    asked = {"picture": {"path": style, "name": "Reeds"}, "on": {"path": video, "name": "my holiday.mp4"}}
    job = page.post("studio/study", json=asked).json()
    assert (job["kind"], job["painted_with"]) == ("study", "Reeds")
    running(page, job["id"], until)
    assert "hasn't" not in sentence(page.post("studio/preview", json=wish(video, styles=[{"job": job["id"]}])))
    until(lambda: page.get(f"studio/jobs/{job['id']}").json()["frame"] > 0)
    assert page.post(f"studio/jobs/{job['id']}/enough").status_code == 200
    done = painted(page, job["id"], until)
    assert (done["state"], done["files"]) == ("done", ["Reeds.jpg", "Reeds.style"])
    assert done["facts"].startswith("studied in ")
    assert (studying["seconds"], studying["contents"], studying["shape"]) == (60, 12, (90, 120, 3))
    file = page.get(f"studio/jobs/{job['id']}/painted/1?download=true")
    assert file.headers["content-type"] == "application/octet-stream"
    found = read_style(file.content, served[1].state.studio.model)
    assert (found.name, found.source) == ("Reeds", "")
    picture = page.get(f"studio/jobs/{job['id']}/painted/0")
    assert picture.headers["content-type"] == "image/jpeg"
    previews = {}
    for name, chosen in (("studied", {"job": job["id"]}), ("plain", {"name": "great-wave"})):
        answer = page.post("studio/preview", json=wish(video, styles=[chosen]))
        previews[name] = pixels(answer.json()["after"])
    assert np.abs(previews["studied"] - previews["plain"]).mean() > 2
    other = page.post("studio/jobs", json=wish(video, styles=[{"job": job["id"], "title": "Reeds"}]))
    assert painted(page, other.json()["id"], until)["painted_with"] == "Reeds"
    assert "not here" in sentence(
        page.post("studio/preview", json=wish(video, styles=[{"job": job["id"]}]), headers=BEN)
    )
    assert "not here" in sentence(page.post(f"studio/jobs/{job['id']}/enough", headers=BEN))


def test_a_study_is_cancelled_and_nothing_is_left(page, served, studying, tmp_path, media, until):
    Image.fromarray(media.scene(60, 60, 3)).save(tmp_path / "a.png")
    studied = lambda: {*served[1].state.studio.folders.root.rglob("studied.*")}  # noqa: E731
    before = studied()
    asked = {"picture": {"path": upload(page, tmp_path / "a.png"), "name": "A"}}
    job = page.post("studio/study", json=asked).json()
    running(page, job["id"], until)
    page.delete(f"studio/jobs/{job['id']}")
    assert painted(page, job["id"], until)["state"] == "cancelled"
    assert studied() == before


def test_what_cannot_be_studied_is_said_in_a_sentence(page, served, clip, tmp_path, media, monkeypatch):
    Image.fromarray(media.scene(60, 60, 3)).save(tmp_path / "a.png")
    style = {"path": upload(page, tmp_path / "a.png"), "name": "A"}
    assert page.get("studio/config").json()["study_seconds"] == (60 if "study" in load_model().files else 0)
    monkeypatch.setattr(routes, "study_seconds", lambda studio: 0)
    assert "Nothing is studied on this server" in sentence(page.post("studio/study", json={"picture": style}))
    monkeypatch.setattr(routes, "study_seconds", lambda studio: 60)
    film = {"path": upload(page, clip), "name": "clip.mp4"}
    assert "This style picture" in sentence(page.post("studio/study", json={"picture": film}))
    asked = {"picture": style, "on": {"path": "/etc/passwd", "name": ""}}
    assert "message" in page.post("studio/study", json=asked).json()["detail"][0]


def test_a_clip_that_begins_in_black_is_shown_where_there_is_something_to_see(page, tmp_path, media):
    black = [np.zeros((64, 96, 3), np.uint8)] * 6
    for frames, at in (([*black, *media.scenes(96, 64, 6)], 0.5), (media.scenes(96, 64, 12), 0), (2 * black, 0)):
        clip = media.write_clip(tmp_path / "c.mp4", frames)
        seen = page.post("studio/look?kind=clip", json={"path": upload(page, clip)}).json()
        assert seen["at"] == at
        assert (pixels(seen["thumb"]).std() > 8) == any(frame.any() for frame in frames)


@pytest.mark.parametrize("size", [(4000, 3), (3, 4000), (4000, 40)])
def test_a_strip_is_looked_at_and_painted_with(page, clip, size, tmp_path, media):
    Image.fromarray(media.scene(*size, 0)).save(tmp_path / "strip.png")
    path = upload(page, tmp_path / "strip.png")
    for kind in ("style", "picture"):
        thumb = pixels(page.post(f"studio/look?kind={kind}", json={"path": path}).json()["thumb"])
        assert max(thumb.shape[:2]) <= 4 * min(thumb.shape[:2])
    answer = page.post("studio/preview", json=wish(upload(page, clip), styles=[{"path": path}]))
    assert answer.status_code == 200


def test_an_animated_gif_is_looked_at_previewed_and_painted(page, tmp_path, media, until):
    still, *rest = [Image.fromarray(media.scene(96, 64, n)) for n in range(4)]
    still.save(tmp_path / "cat.gif", save_all=True, append_images=rest, duration=100)
    path = upload(page, tmp_path / "cat.gif")
    assert page.post("studio/look?kind=picture", json={"path": path}).json()["facts"] == "96×64 · 4 frames"
    asked = wish(path, kind="pictures", sources=[{"path": path, "name": "cat.gif"}], size=0)
    assert pixels(page.post("studio/preview", json=asked).json()["after"]).shape == (64, 96, 3)
    done = painted(page, page.post("studio/jobs", json=asked).json()["id"], until)
    assert (done["state"], done["files"], done["total"]) == ("done", ["cat, The Great Wave off Kanagawa.gif"], 4)
    file = page.get(f"studio/jobs/{done['id']}/painted/0")
    assert file.headers["content-type"] == "image/gif"
    with Image.open(io.BytesIO(file.content)) as gif:
        assert gif.n_frames == 4


def test_style_files_are_looked_at_and_painted_with(page, served, clip, tmp_path, media):
    model = served[1].state.studio.model
    weights = weights_of(model.path("frame").read_bytes())
    brush = {name: np.full(part.shape, 0.02, np.float16) for name, part in weights.items()}
    vector = model.gallery()["great-wave"]["style"]
    own = style_file(model, vector, brush, name="Reeds")
    write_style(tmp_path / "a.style", own)
    write_style(tmp_path / "b.style", replace(own, licence="Ask Ann"))
    (tmp_path / "c.style").write_bytes(b"nothing of the kind")
    paths = {name: upload(page, tmp_path / f"{name}.style") for name in "abc"}
    seen = {name: page.post("studio/look?kind=style", json={"path": path}) for name, path in paths.items()}
    assert (seen["a"].json()["title"], seen["a"].json()["note"]) == ("Reeds", "")
    assert "Ask Ann" in seen["b"].json()["note"]
    assert pixels(seen["b"].json()["thumb"]).std() > 5  # a painting
    assert "no studied style" in sentence(seen["c"])
    video = upload(page, clip)
    previews = [
        pixels(page.post("studio/preview", json=wish(video, styles=[style])).json()["after"])
        for style in ({"path": paths["a"], "title": "Reeds"}, {"name": "great-wave"})
    ]
    assert np.abs(previews[0] - previews[1]).mean() > 2


def test_only_the_person_all_else_and_each_in_a_style(page, served, tmp_path, until):
    frame = figure(150, 200)
    Image.fromarray(frame).save(tmp_path / "me.png")
    asked = {**wish(upload(page, tmp_path / "me.png")), "kind": "pictures", "size": 0, "brush": 96}
    asked["sources"][0]["name"] = "me.png"
    corner = np.s_[:30, :30]
    for parts, facts, name in (
        ({"only": "person"}, "only the person · brush of 96 · 1 picture", "me, The Great Wave off Kanagawa.png"),
        (
            {"background": [{"name": "the-scream"}]},
            "background in The Scream · brush of 96 · 1 picture",
            "me, The Great Wave off Kanagawa + The Scream.png",
        ),
    ):
        preview = page.post("studio/preview", json=asked | parts).json()
        assert preview["note"] == ""
        done = painted(page, page.post("studio/jobs", json=asked | parts).json()["id"], until)
        assert (done["state"], done["facts"], done["files"]) == ("done", facts, [name])
        assert done["painted_with"] == "The Great Wave off Kanagawa"
        result = np.asarray(Image.open(io.BytesIO(page.get(f"studio/jobs/{done['id']}/painted/0").content)))
        assert abs(pixels(preview["after"]) - result).mean() < 5  # of JPEG
        kept = abs(result[corner].astype(int) - frame[corner]).mean()
        assert (kept == 0) == ("only" in parts)
    both = asked | {"only": "person", "background": [{"name": "the-scream"}]}
    assert "no second style" in sentence(page.post("studio/preview", json=both))
    assert page.post("studio/preview", json=asked | {"only": "cat"}).status_code == 422


def test_it_is_said_where_nobody_is_found(page, tmp_path, until):
    Image.new("RGB", (120, 90), "grey").save(tmp_path / "wall.png")
    asked = {**wish(upload(page, tmp_path / "wall.png")), "kind": "pictures", "size": 0, "only": "background"}
    note = page.post("studio/preview", json=asked).json()["note"]
    assert note == "No person is found here, so all of it counts as background."
    done = painted(page, page.post("studio/jobs", json=asked).json()["id"], until)
    assert done["facts"].endswith("1 picture · no person was found, so all counts as background")
