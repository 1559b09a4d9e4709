"""The page and the model files: what is served, how long it may be kept, and what stays inside."""

import gzip
import hashlib
import json
import shutil
from dataclasses import replace

import pytest
from fastapi import FastAPI
from fastapi.testclient import TestClient

from impasto.export.runtime.model import load_model
from impasto.export.runtime.study_rules import study_rules
from impasto.models import store
from impasto.models.errors import BadInput
from impasto.webapp.hosting.page_config import page_config
from impasto.webapp.server.live import mount_live

SCRIPT = b"console.log('painted');\n" * 100
WASM = gzip.compress(b"\0asm" + bytes(4000), mtime=0)


@pytest.fixture
def page(tmp_path, model):
    """A small built page, a file beside it that is nobody's business, and a client: (folder, client)."""
    (tmp_path / "secret.txt").write_text("secret")
    dist = tmp_path / "dist"
    for name, data in {
        "index.html": b"<!doctype html><title>Impasto</title>",
        "assets/index-abc.js": SCRIPT,
        "ort/ort.mjs": SCRIPT,
        "ort/ort.wasm.gz": WASM,
    }.items():
        (dist / name).parent.mkdir(parents=True, exist_ok=True)
        (dist / name).write_bytes(data)
    (dist / "link.txt").symlink_to(tmp_path / "secret.txt")
    app = FastAPI()
    mount_live(app, model, True, dist)
    return dist, TestClient(app, follow_redirects=False)


def test_the_page_is_at_live_with_a_slash(page):
    _, client = page
    assert client.get("/live").headers["location"] == "live/"
    answer = client.get("/live/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    ("path", "kind", "caching"),
    [
        ("assets/index-abc.js", "text/javascript", "public, max-age=31536000, immutable"),
        ("ort/ort.mjs", "text/javascript", "no-cache"),
    ],
)
def test_files_with_a_hash_in_their_name_are_kept_for_good(page, path, kind, caching):
    answer = page[1].get(f"/live/{path}")
    assert answer.content == SCRIPT
    assert answer.headers["content-type"].split(";")[0] == kind
    assert answer.headers["cache-control"] == caching


def test_packed_wasm_stays_packed(page):
    answer = page[1].get("/live/ort/ort.wasm.gz")
    assert answer.content == WASM
    assert answer.headers["content-type"] == "application/gzip"
    assert "content-encoding" not in answer.headers


def test_a_changed_file_is_served_anew(page):
    dist, client = page
    first = client.get("/live/ort/ort.mjs")
    tag = {"If-None-Match": first.headers["etag"]}
    unchanged = client.get("/live/ort/ort.mjs", headers=tag)
    assert (unchanged.status_code, unchanged.content) == (304, b"")
    assert unchanged.headers["etag"] == first.headers["etag"]
    (dist / "ort/ort.mjs").write_bytes(b"// another\n" * 100)
    assert client.get("/live/ort/ort.mjs", headers=tag).content == b"// another\n" * 100


@pytest.mark.parametrize("prefix", ["/live/", "/live/models/MODEL/", "/live/models/"])
@pytest.mark.parametrize(
    "path",
    [
        "../secret.txt",
        "..%2fsecret.txt",
        "%2e%2e/secret.txt",
        "assets/..%2f..%2fsecret.txt",
        "..%5csecret.txt",
        "%2fetc%2fpasswd",
        "/etc/passwd",
        "link.txt",
        "index.html%00.js",
        "%ff",
        "assets",
        "assets/",
        "a" * 5000,
        "weights.safetensors",
    ],
)
def test_nothing_outside_is_served(page, model, prefix, path):
    prefix = prefix.replace("MODEL", model.name)
    # httpx would tidy the path: it is sent as it stands.
    answer = page[1].request("GET", "http://testserver", extensions={"target": (prefix + path).encode()})
    raw = page[1].get(prefix + path)
    for each in (answer, raw):
        assert b"secret" not in each.content
        assert b"root:" not in each.content
    assert raw.status_code == 404


def test_without_a_built_page_it_says_how_to_build_one(tmp_path, model):
    app = FastAPI()
    mount_live(app, model, True, tmp_path / "dist")
    answer = TestClient(app).get("/live/")
    assert answer.status_code == 503
    assert "make page" in answer.text
    assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("studio", "link"), [(True, "../"), (False, None)])
def test_the_configuration_names_model_socket_and_studio(model, studio, link):
    app = FastAPI()
    mount_live(app, model, studio)
    answer = TestClient(app).get("/live/config.json")
    told = answer.json()
    assert (told["models"], told["server"]) == ([model.name], {"socket": "socket", "studio": link})
    assert answer.headers["cache-control"] == "no-cache"


def test_what_the_page_studies_with_is_served(page):
    study = page[1].get("/live/config.json").json()["study"]
    assert study["rules"] == study_rules()
    answer = page[1].get("/live/" + study["vgg"]["file"])
    assert len(answer.content) == study["vgg"]["bytes"]
    assert hashlib.sha256(answer.content).hexdigest() == study["vgg"]["sha256"]
    assert answer.headers["etag"] == f'"{study["vgg"]["sha256"]}"'
    assert "CC BY 4.0" in page[1].get("/live/models/vgg16/NOTICE").text


def test_without_graphs_or_weights_to_study_with_nothing_is_said_of_it(model, monkeypatch, tmp_path):
    plain = replace(model, files={role: entry for role, entry in model.files.items() if role != "study_content"})
    assert page_config(plain, None) == {"models": [model.name], "server": None, "study": None}
    monkeypatch.setattr(store, "VGG", tmp_path)
    assert page_config(model, None)["study"] is None


def test_every_file_the_page_needs_of_a_model_is_served_whole(page, model):
    at = f"/live/models/{model.name}/"
    described = page[1].get(at + "model.json").json()
    for role in ("style", "frame", "style_fp16", "frame_fp16", "gallery"):
        entry = described["files"][role]
        answer = page[1].get(at + entry["file"])
        assert len(answer.content) == entry["bytes"]
        assert hashlib.sha256(answer.content).hexdigest() == entry["sha256"]
        assert answer.headers["etag"] == f'"{entry["sha256"]}"'
    previews = [entry["preview"] for entry in json.loads(model.path("gallery").read_text()).values()]
    assert previews
    for preview in previews:
        answer = page[1].get(at + preview)
        assert answer.content == (model.folder / preview).read_bytes()
        assert answer.headers["content-type"] == "image/webp"


def test_a_model_file_asked_for_by_its_hash_is_kept_for_good(page, model):
    entry = model.files["frame"]
    at = f"/live/models/{model.name}/{entry['file']}"
    assert "immutable" in page[1].get(at, params={"v": entry["sha256"]}).headers["cache-control"]
    for wrong in ("", "0" * 64):
        assert page[1].get(at, params={"v": wrong}).headers["cache-control"] == "no-cache"
    again = page[1].get(at, headers={"If-None-Match": f'"{entry["sha256"]}"'})
    assert (again.status_code, again.content) == (304, b"")


def test_graphs_travel_compressed_where_that_is_understood(page, model):
    at = f"/live/models/{model.name}/{model.files['frame']['file']}"
    size = {}
    for accepted in ("gzip, br", "identity", "gzip;q=0"):
        with page[1].stream("GET", at, headers={"Accept-Encoding": accepted}) as answer:
            size[accepted] = len(b"".join(answer.iter_raw()))
            assert answer.headers.get("content-encoding") == ("gzip" if accepted == "gzip, br" else None)
            assert "accept-encoding" in answer.headers["vary"].lower()
    assert size["identity"] == size["gzip;q=0"] == model.files["frame"]["bytes"]
    assert size["gzip, br"] < 0.95 * size["identity"]


def test_a_head_request_has_the_headers_alone(page, model):
    answer = page[1].head(f"/live/models/{model.name}/{model.files['frame']['file']}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["etag"] == f'"{model.files["frame"]["sha256"]}"'


def test_other_models_and_other_files_of_the_model_are_not_there(page, model):
    for path in (f"{model.name}/weights.safetensors", f"{model.name}/samples.jpg", "magenta/model.json", model.name):
        answer = page[1].get(f"/live/models/{path}")
        assert (answer.status_code, answer.json()) == (404, {"detail": "There is no such file here."})


def test_studied_styles_are_served_and_kept_for_good(tmp_path, model):
    shutil.copytree(model.folder, tmp_path / "model")
    (tmp_path / "model" / "styles").mkdir(exist_ok=True)
    (tmp_path / "model" / "styles" / "a.style").write_bytes(b"learnt")
    digest = hashlib.sha256(b"learnt").hexdigest()
    with_gallery(tmp_path / "model", "studied", {"file": "styles/a.style", "bytes": 6, "sha256": digest})
    app = FastAPI()
    mount_live(app, load_model(tmp_path / "model"), True)
    answer = TestClient(app).get(f"/live/models/{model.name}/styles/a.style", params={"v": digest})
    assert answer.content == b"learnt"
    assert "immutable" in answer.headers["cache-control"]


def with_gallery(folder, key, value):
    """Change one field of the first built-in style of a model folder."""
    gallery = json.loads((folder / "gallery.json").read_text())
    next(iter(gallery.values()))[key] = value
    text = json.dumps(gallery)
    (folder / "gallery.json").write_text(text)
    described = json.loads((folder / "model.json").read_text())
    described["files"]["gallery"] |= {"bytes": len(text), "sha256": hashlib.sha256(text.encode()).hexdigest()}
    (folder / "model.json").write_text(json.dumps(described))


def test_a_preview_that_points_outside_its_model_is_refused(tmp_path, model):
    shutil.copytree(model.folder, tmp_path / "model")
    (tmp_path / "secret.webp").write_bytes(b"secret")
    with_gallery(tmp_path / "model", "preview", "../secret.webp")
    with pytest.raises(BadInput, match=r"its preview must be a WebP in previews\.$"):
        mount_live(FastAPI(), load_model(tmp_path / "model"), True)
