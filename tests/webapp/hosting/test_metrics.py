import pytest
from prometheus_client.parser import text_string_to_metric_families

from impasto.webapp.hosting.metrics import Metrics


def samples(text):
    """Prometheus' text as {(name, label values…): value}."""
    families = text_string_to_metric_families(text)
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_frames_and_errors_are_counted_by_kind():
    metrics, other = Metrics(), Metrics()
    metrics.frame_painted(0.04, "live")
    metrics.frame_painted(0.3, "live")
    metrics.frame_painted(0.2)
    metrics.error("studio")
    counted = samples(metrics.text().decode())
    assert counted["impasto_frames_painted_total", "live"] == 2
    assert counted["impasto_frames_painted_total", "clip"] == 1
    assert counted["impasto_frame_seconds_sum", "live"] == pytest.approx(0.34)
    assert counted["impasto_frame_seconds_bucket", "live", "0.05"] == 1
    assert counted["impasto_errors_total", "studio"] == 1
    assert ("impasto_errors_total", "studio") not in samples(other.text().decode())
