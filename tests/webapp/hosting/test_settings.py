from pathlib import Path

import pytest

from impasto.models.errors import BadInput
from impasto.webapp.hosting.settings import Settings, table


def test_variables_are_read_by_kind():
    given = {
        "IMPASTO_PORT": "9000",
        "IMPASTO_ISOLATION": "off",
        "IMPASTO_CLIP_SECONDS": "7.5",
        "IMPASTO_ALLOWED_ORIGINS": "https://a.example/, https://b.example",
        "IMPASTO_MODEL": "  ",
        "OTHER": "1",
    }
    settings = Settings.from_environment(given)
    assert (settings.port, settings.isolation, settings.clip_seconds, settings.model) == (9000, False, 7.5, "")
    assert settings.allowed_origins == ("https://a.example", "https://b.example")
    assert settings.jobs_at_once >= 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("PORT", "many"),
        ("PORT", "70000"),
        ("UPLOAD_MB", "-1"),
        ("UPLOAD_MB", "nan"),
        ("LIVE_SESSIONS", "0"),
        ("ISOLATION", "maybe"),
    ],
)
def test_nonsense_is_refused_by_the_variables_name(name, text):
    with pytest.raises(BadInput, match=f"IMPASTO_{name}"):
        Settings.from_environment({f"IMPASTO_{name}": text})


def test_the_table_has_every_setting_and_its_default():
    rows = {variable: default for variable, default, _ in table()}
    assert rows["IMPASTO_PORT"] == "7860"
    assert rows["IMPASTO_CLIP_SECONDS"] == "120"
    assert rows["IMPASTO_ISOLATION"] == "1"
    assert len(rows) == len(vars(Settings()))
    assert all(meaning.endswith(".") for _, _, meaning in table())


def test_the_readme_has_the_table():
    readme = (Path(__file__).parents[3] / "README.md").read_text("utf-8")
    for variable, default, meaning in table():
        assert f"| `{variable}` | {default} | {meaning} |" in readme
