import pytest

PAGES = ["/live/", "/live/config.json", "/live/models/any/model.json", "/live/no-such-file", "/healthz", "/"]


@pytest.fixture(scope="module")
def directives():
    """A policy as {directive: {sources}}."""
    return lambda answer: {
        name: set(sources)
        for name, *sources in (d.split() for d in answer.headers["content-security-policy"].split(";"))
    }


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_is_isolated_and_guarded(client, directives, path):
    answer = client().get(path)
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"
    assert answer.headers["cross-origin-embedder-policy"] == "require-corp"
    assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    assert answer.headers["document-isolation-policy"] == "isolate-and-require-corp"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert "camera=(self), microphone=(self)" in answer.headers["permissions-policy"]
    assert directives(answer)["frame-ancestors"] == {"'self'", "https://huggingface.co"}


@pytest.mark.parametrize("path", PAGES)
def test_without_isolation_the_other_headers_stay(client, path):
    answer = client(isolation=False).get(path)
    assert not [name for name in answer.headers if name.startswith(("cross-origin", "document-isolation"))]
    assert {"x-content-type-options", "content-security-policy", "permissions-policy"} <= set(answer.headers)


def test_the_live_page_may_load_nothing_from_other_hosts(client, directives):
    policy = directives(client().get("/live/", headers={"host": "Paint.example:81"}))
    assert policy["default-src"] == {"'self'"}
    assert policy["connect-src"] == {"'self'", "blob:", "data:", "ws://paint.example:81", "wss://paint.example:81"}
    assert "'unsafe-inline'" not in policy["script-src"]
    assert "'unsafe-eval'" not in policy["script-src"]
    others = {s for name, sources in policy.items() if name not in ("connect-src", "frame-ancestors") for s in sources}
    assert not [source for source in others if "//" in source or source == "*"]


def test_behind_a_proxy_the_socket_of_the_public_host_is_allowed(client, directives):
    policy = directives(client().get("/live/", headers={"host": "10.0.0.1:7860", "x-forwarded-host": "paint.example"}))
    assert {"wss://paint.example", "ws://10.0.0.1:7860"} <= policy["connect-src"]


@pytest.mark.parametrize("name", ["a; script-src *", "a *", "*", "[::1]; x"])
def test_a_made_up_host_does_not_get_into_the_policy(client, directives, name):
    policy = directives(client().get("/live/", headers={"host": "testserver", "x-forwarded-host": name}))
    assert policy["connect-src"] == {"'self'", "blob:", "data:", "ws://testserver", "wss://testserver"}
    assert policy["script-src"] == {"'self'", "'wasm-unsafe-eval'", "blob:"}


def test_the_page_for_files_runs_no_scripts_but_its_own(client, directives):
    policy = directives(client().get("/", follow_redirects=False))
    assert policy["default-src"] == {"'self'"}
    assert "script-src" not in policy  # so it is the default
