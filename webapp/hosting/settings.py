"""What whoever runs the server may choose: one object, read from environment variables `IMPASTO_…`.

From outside: `Settings`, `read_settings`, and `table` for docs/hosting.md.
"""

import os
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Annotated, Any

from pydantic import AfterValidator, Field, ValidationError, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from impasto.models.errors import BadInput

PREFIX = "IMPASTO_"
_MISSPELT = 0.7  # how like a setting (difflib's ratio) a name is that was meant to be one: "prot" for "port" has .75
# "https://example.org", as browsers write the Origin of a page
Origin = Annotated[str, Field(pattern=r"^https?://[^/\s]+$")]


def _check_network(text: str) -> str:
    if text != "*":
        ip_network(text)  # raises ValueError
    return text


Network = Annotated[str, AfterValidator(_check_network)]


class Settings(BaseSettings):
    """Each field is the variable `IMPASTO_` and its name in capitals; empty variables count as not set.

    Keyword arguments win over variables. Raises pydantic's ValidationError; `read_settings` says it in a sentence.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_ignore_empty=True, str_strip_whitespace=True, frozen=True, extra="forbid"
    )

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0 for every interface.")
    port: int = Field(7860, ge=1, le=65535, description="Port to listen on.")
    root_path: str = Field(
        "",
        pattern=r"^(/[^/\s]+)*$",
        description="Path under which a proxy serves the app, such as /impasto.",
        json_schema_extra={"allowed": "a path such as /impasto, with no slash at its end"},
    )
    trusted_proxies: Annotated[tuple[Network, ...], NoDecode] = Field(
        ("127.0.0.1", "::1"),
        description="Proxies whose X-Forwarded-For says where a visitor comes from, by commas; * for any.",
        json_schema_extra={"allowed": "addresses such as 10.0.0.1, networks such as 10.0.0.0/8, or *, by commas"},
    )
    model: str = Field("", description="Name or folder of the model; empty for the default one.")
    threads: int = Field(0, ge=0, le=1024, description="Threads a network may use; 0 for one per core.")
    isolation: bool = Field(True, description="Send the headers that give the live page's WebAssembly threads.")
    connections: int = Field(
        500, ge=10, le=100_000, description="Connections open at the same time; a page has three or four."
    )
    upload_mb: float = Field(200.0, ge=0.1, le=100_000, description="Largest upload in megabytes.")
    clip_seconds: float = Field(120.0, ge=0.1, le=86_400, description="Longest clip in seconds.")
    clip_frames: int = Field(7200, ge=1, le=10_000_000, description="Most frames of a clip.")
    frame_pixels: int = Field(
        1920 * 1080,
        ge=1,
        le=7680 * 4320,
        description="Most pixels of a clip's frame as painted; a painted picture may have twice as many.",
    )
    clip_pixels: int = Field(
        4096 * 2304,
        ge=1,
        le=7680 * 4320,
        description="Most pixels of a clip's frame as decoded, before it is scaled down to the size painted.",
    )
    style_pixels: int = Field(
        4096 * 4096,
        ge=65_536,
        le=64_000_000,
        description="Most pixels of a style picture as decoded; a JPEG of more is read at a half or less of its sides.",
    )
    study_seconds: float = Field(
        60.0, ge=0, le=36_000, description="Seconds that a picture may be studied on the page for files; 0 for never."
    )
    jobs_at_once: int = Field(0, ge=0, le=256, description="Jobs painted at the same time; 0 for one per two cores.")
    jobs_per_client: int = Field(5, ge=1, le=1000, description="Jobs a visitor may have running or waiting.")
    jobs_per_address: int = Field(
        8, ge=1, le=10_000, description="Jobs that all visitors of one address may have running or waiting."
    )
    queue_length: int = Field(20, ge=0, le=10_000, description="Jobs that may wait.")
    keep_minutes: float = Field(
        60.0,
        ge=1,
        le=10_080,
        description="Minutes for which a painted clip, and a file that is not in use, stays.",
    )
    grace_minutes: float = Field(
        10.0,
        ge=0.01,
        le=1440,
        description="Minutes for which a job of the page goes on after the last page of its visitor was closed.",
    )
    disk_mb: float = Field(10_000.0, ge=1, le=100_000_000, description="Megabytes that all visitors' files may take.")
    disk_mb_per_address: float = Field(
        1000.0, ge=1, le=100_000_000, description="Megabytes that the files of all visitors of one address may take."
    )
    live_sessions: int = Field(2, ge=1, le=1000, description="Live pages the server paints for at the same time.")
    live_queue: int = Field(20, ge=0, le=10_000, description="Live pages that may wait for their turn.")
    live_fps: float = Field(30.0, ge=0.1, le=1000, description="Most frames a second painted for one live page.")
    live_side: int = Field(720, ge=64, le=4320, description="Longest short side of a live frame in pixels.")
    live_message_kb: int = Field(1024, ge=1, le=65_536, description="Largest message of a live page in kilobytes.")
    live_idle_seconds: float = Field(
        30.0, ge=0.1, le=86_400, description="Seconds without a frame after which a live page is disconnected."
    )
    mcp: bool = Field(False, description="Offer both endpoints to language models, over MCP (extra `mcp`).")
    allowed_origins: Annotated[tuple[Origin, ...], NoDecode] = Field(
        (),
        description="More origins whose pages may use this server, by commas.",
        json_schema_extra={"allowed": "origins such as https://example.org, by commas"},
    )

    @field_validator("trusted_proxies", mode="before")
    @classmethod
    def _split_plainly(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("allowed_origins", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        """The variable's text as a tuple: "https://A.example/, https://b.example"."""
        if isinstance(value, str):
            return tuple(part.strip().rstrip("/").lower() for part in value.split(",") if part.strip())
        return value


def read_settings(**given: Any) -> Settings:
    """Settings from the environment, with those `given` (not None) in place of their variables.

    Raises BadInput, one sentence, for the first value that is not allowed: it names the variable and what is; and for a
    variable whose name is nearly one of them, which otherwise would be a limit that nobody keeps.
    """
    _refuse_misspelt()
    try:
        return Settings(**{name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        problem = error.errors()[0]
        name = str(problem["loc"][0])
        if name not in Settings.model_fields:
            raise TypeError(f"there is no setting {name!r}") from error
        sentence = f"{variable(name)}={problem['input']!r}: write {allowed(Settings.model_fields[name])}."
        raise BadInput(sentence) from error


def _refuse_misspelt() -> None:
    for name in os.environ:
        field = name.upper().removeprefix(PREFIX).lower()
        if not name.upper().startswith(PREFIX) or field in Settings.model_fields:
            continue
        if near := get_close_matches(field, Settings.model_fields, 1, _MISSPELT):
            raise BadInput(f"{name} is no setting: write {variable(near[0])}, or take it away.")


def variable(name: str) -> str:
    """The environment variable of a field: "port" → "IMPASTO_PORT"."""
    return PREFIX + name.upper()


def allowed(field: FieldInfo) -> str:
    """What a setting may be, in words: "a whole number from 1 to 65535"."""
    extra = field.json_schema_extra
    if isinstance(extra, dict):
        return str(extra["allowed"])
    if field.annotation is bool:
        return "1 or 0"
    if field.annotation is str:
        return "a text"
    bounds = {kind: getattr(rule, kind) for rule in field.metadata for kind in ("ge", "le") if hasattr(rule, kind)}
    return f"a{' whole' if field.annotation is int else ''} number from {bounds['ge']} to {bounds['le']}"


def table() -> str:
    """Every variable, its default, what is allowed and what it means, as the Markdown table of docs/hosting.md."""
    rows = ["| variable | default | allowed | |", "|---|---|---|---|"]
    for name, field in Settings.model_fields.items():
        value = field.default
        shown = "–" if value in ("", ()) else f"{value:g}" if isinstance(value, float) else str(value)
        shown = ",".join(value) if isinstance(value, tuple) and value else shown
        shown = str(int(value)) if isinstance(value, bool) else shown
        rows.append(f"| `{variable(name)}` | {shown} | {allowed(field)} | {field.description} |")
    return "\n".join(rows)
