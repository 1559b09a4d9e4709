"""Settings: read from variables, refused in one sentence, written into the documentation."""

from pathlib import Path

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.hosting import settings as module
from impasto.webapp.hosting.settings import Settings, read_settings, table


@pytest.fixture
def variables(monkeypatch):
    """`variables(PORT="9000")` sets IMPASTO_PORT for the test."""
    return lambda **given: [monkeypatch.setenv(f"IMPASTO_{name}", text) for name, text in given.items()]


def test_variables_are_read_by_kind(variables):
    variables(
        PORT="9000",
        ISOLATION="off",
        CLIP_SECONDS="7.5",
        ALLOWED_ORIGINS="https://A.example/, https://b.example",
        MODEL="  ",
        QUEUE_LENGTH="",
    )
    settings = read_settings()
    assert (settings.port, settings.isolation, settings.clip_seconds, settings.model) == (9000, False, 7.5, "")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.queue_length == 20


@pytest.mark.parametrize(
    ("name", "meant"), [("PROT", "PORT"), ("UPLOADS_MB", "UPLOAD_MB"), ("CLIPSECONDS", "CLIP_SECONDS")]
)
def test_a_misspelt_variable_is_not_passed_over(variables, name, meant):
    variables(**{name: "7"})
    with pytest.raises(BadInput, match=f"^IMPASTO_{name} is no setting: write IMPASTO_{meant}, or take it away.$"):
        read_settings()


def test_variables_of_others_are_passed_over(variables):
    """Where models lie, and what Kubernetes says about a Service named impasto."""
    variables(HOME="/models", SERVICE_HOST="10.0.0.1", SERVICE_PORT="7860", PORT_7860_TCP_ADDR="10.0.0.1")
    assert read_settings().port == 7860


def test_what_is_given_wins_over_variables_and_none_does_not_count(variables):
    variables(PORT="9000", HOST="192.0.2.1")
    settings = read_settings(port=9001, host=None)
    assert (settings.port, settings.host) == (9001, "192.0.2.1")


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("PORT", "many", "IMPASTO_PORT='many': write a whole number from 1 to 65535."),
        ("PORT", "70000", "IMPASTO_PORT='70000': write a whole number from 1 to 65535."),
        ("PORT", "80.5", "IMPASTO_PORT='80.5': write a whole number from 1 to 65535."),
        ("UPLOAD_MB", "-1", "IMPASTO_UPLOAD_MB='-1': write a number from 0.1 to 100000."),
        ("UPLOAD_MB", "nan", "IMPASTO_UPLOAD_MB='nan': write a number from 0.1 to 100000."),
        ("KEEP_MINUTES", "inf", "IMPASTO_KEEP_MINUTES='inf': write a number from 1 to 10080."),
        ("LIVE_SESSIONS", "0", "IMPASTO_LIVE_SESSIONS='0': write a whole number from 1 to 1000."),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8, me",
            "IMPASTO_TRUSTED_PROXIES='me': write addresses such as 10.0.0.1, networks such as 10.0.0.0/8, or *, "
            "by commas.",
        ),
        ("ISOLATION", "maybe", "IMPASTO_ISOLATION='maybe': write 1 or 0."),
        ("ROOT_PATH", "x/", "IMPASTO_ROOT_PATH='x/': write a path such as /impasto, with no slash at its end."),
        (
            "ALLOWED_ORIGINS",
            "https://a.example, b.example",
            "IMPASTO_ALLOWED_ORIGINS='b.example': write origins such as https://example.org, by commas.",
        ),
    ],
)
def test_a_bad_value_is_one_sentence_with_the_variable_and_what_is_allowed(variables, name, text, sentence):
    variables(**{name: text})
    with pytest.raises(BadInput) as refused:
        read_settings()
    assert str(refused.value) == sentence


def test_a_setting_that_is_none_is_a_mistake_of_the_caller():
    with pytest.raises(TypeError, match="'prot'"):
        read_settings(prot=80)


def test_every_number_has_bounds_and_every_variable_a_description():
    for name, field in Settings.model_fields.items():
        assert field.description.endswith("."), name
        if field.annotation in (int, float):
            assert module.allowed(field).count(" to ") == 1, name


def test_the_table_has_every_setting_and_its_default():
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in table().splitlines()[2:]]
    defaults = {name: default for name, default, _, _ in rows}
    assert len(rows) == len(Settings.model_fields)
    assert defaults["`IMPASTO_PORT`"] == "7860"
    assert defaults["`IMPASTO_CLIP_SECONDS`"] == "120"
    assert defaults["`IMPASTO_ISOLATION`"] == "1"
    assert defaults["`IMPASTO_MODEL`"] == "–"


def test_the_documentation_has_the_table():
    """Where it differs, paste in `python -c "from impasto.webapp.hosting.settings import table; print(table())"`."""
    assert table() in (Path(__file__).parents[3] / "docs" / "hosting.md").read_text("utf-8")
