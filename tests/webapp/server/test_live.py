import gzip
import hashlib
import io
import json

import pytest

from impasto.webapp.server import log
from impasto.webapp.server.isolation import FRAMES

pytestmark = pytest.mark.usefixtures("page")


def test_the_page_and_its_files_come_with_their_types_and_caching(serve, page):
    client = serve()
    assert client.get("/", follow_redirects=False).headers["location"] == "live/"
    assert client.get("/live", follow_redirects=False).headers["location"].endswith("live/")
    index = client.get("/live/")
    assert "page" in index.text
    assert index.headers["cache-control"] == "no-cache"
    script = client.get("/live/assets/main-1a2b.js")
    assert script.text == (page / "assets" / "main-1a2b.js").read_text()
    assert script.headers["content-type"].startswith("text/javascript")
    assert "immutable" in script.headers["cache-control"]
    assert script.headers["content-encoding"] == "gzip"


def test_packed_wasm_stays_packed(serve, page):
    answer = serve().get("/live/runtime.wasm.gz")
    assert "content-encoding" not in answer.headers
    assert answer.content == (page / "runtime.wasm.gz").read_bytes()


def test_a_page_that_is_not_built_is_a_sentence(serve, page):
    (page / "index.html").unlink()
    answer = serve().get("/live/")
    assert answer.status_code == 503
    assert "make page" in answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/live/%2e%2e/secret.txt",
        "/live/..%2fsecret.txt",
        "/live/assets/%2e%2e/%2e%2e/secret.txt",
        "/live/%2fetc/passwd",
        "/live/none.js",
        "/live/models/other/model.json",
        "/live/models/{name}/weights.safetensors",
        "/live/models/{name}/..%2f..%2ferrors.py",
        "/live/models/{name}/previews/..%2fmodel.json.part",
    ],
)
def test_nothing_else_is_served(serve, model, path):
    answer = serve().get(path.format(name=model.name))
    assert answer.status_code == 404
    assert "secret" not in answer.text


def test_model_files_are_those_of_the_model(serve, model):
    client = serve()
    assert client.get("/live/config.json").json() == {
        "models": [model.name],
        "server": {"socket": "socket", "studio": None},
    }
    described = client.get(f"/live/models/{model.name}/model.json").json()
    for role in ("frame", "style_fp16", "gallery"):
        entry = described["files"][role]
        answer = client.get(f"/live/models/{model.name}/{entry['file']}")
        assert hashlib.sha256(answer.content).hexdigest() == entry["sha256"]
        assert answer.headers["cache-control"] == "no-cache"
        lasting = client.get(f"/live/models/{model.name}/{entry['file']}?v={entry['sha256']}")
        assert "immutable" in lasting.headers["cache-control"]
    for style in model.gallery().values():
        assert client.get(f"/live/models/{model.name}/{style['preview']}").headers["content-type"] == "image/webp"


def test_what_a_browser_has_is_not_sent_again(serve, model):
    client = serve()
    path = f"/live/models/{model.name}/gallery.json"
    first = client.get(path)
    again = client.get(path, headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_files_are_sent_plain_to_those_who_cannot_unpack(serve, model):
    client = serve()
    path = f"/live/models/{model.name}/gallery.json"
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    with client.stream("GET", path, headers={"Accept-Encoding": "gzip"}) as packed:
        sent = b"".join(packed.iter_raw())
    assert "content-encoding" not in plain.headers
    assert gzip.decompress(sent) == plain.content
    assert len(sent) < 0.6 * len(plain.content)


def test_the_live_page_is_isolated_and_confined(serve):
    headers = serve().get("/live/").headers
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert headers["cross-origin-embedder-policy"] == "require-corp"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert "'unsafe-eval'" not in policy["script-src"]
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "ws://here:7860" in policy["connect-src"]
    assert FRAMES in headers["content-security-policy"]


def test_isolation_can_be_left_out(serve):
    headers = serve(isolation=False).get("/live/").headers
    assert "cross-origin-embedder-policy" not in headers
    assert headers["x-content-type-options"] == "nosniff"


def test_a_strange_host_is_not_written_into_the_policy(serve):
    answer = serve().get("/live/", headers={"Host": "evil; script-src *"})
    assert "evil" not in answer.headers["content-security-policy"]


def test_health_and_metrics(serve, model):
    client = serve()
    assert client.get("/healthz").json()["model"] == model.name
    client.app.state.metrics.frame_painted(0.02, "clip")
    text = client.get("/metrics").text
    assert 'impasto_frames_painted_total{kind="clip"} 1.0' in text
    assert 'impasto_frame_seconds_sum{kind="clip"} 0.02' in text


def test_the_log_names_routes_not_files(serve):
    client, stream = serve(), io.StringIO()
    log.start_log(stream)
    client.get("/live/holiday-of-anna.mp4")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[-1]["event"] == "request"
    assert lines[-1]["status"] == 404
    assert "anna" not in stream.getvalue()
