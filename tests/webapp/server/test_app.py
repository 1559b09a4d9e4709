"""The application as a whole: health, metrics, and that nothing describes it with scripts of others."""

import pytest
from prometheus_client.parser import text_string_to_metric_families


@pytest.fixture(scope="module")
def samples():
    """Prometheus' text as {(name, label values…): value}."""

    def read(text):
        families = text_string_to_metric_families(text)
        return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}

    return read


def test_the_application_tells_its_health_and_its_counts(client, samples, model):
    test_client = client()
    assert test_client.head("/healthz").status_code == 200
    assert test_client.get("/healthz").json() == {"status": "ok", "model": model.name, "version": "0.1.0"}
    answer = test_client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    counted = samples(answer.text)
    for name in ("queue_length", "jobs_running", "live_sessions", "live_waiting"):
        assert counted[f"impasto_{name}",] == 0


def test_nothing_describes_the_api_with_scripts_of_other_hosts(client):
    test_client = client()
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert test_client.get(path).status_code == 404
