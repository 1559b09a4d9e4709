"""What whoever runs the server may choose: one object, read from environment variables `IMPASTO_…`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from impasto.export.runtime.session import cores
from impasto.models.errors import BadInput

PREFIX = "IMPASTO_"
ORIGIN = re.compile(r"https?://[^/\s]+")


def _setting(default, meaning: str):
    return field(default=default, metadata={"meaning": meaning})


@dataclass(frozen=True)
class Settings:
    """Every field is `IMPASTO_` and its name in capitals; what each means stands beside it and in the README."""

    host: str = _setting("127.0.0.1", "Address to listen on; 0.0.0.0 for every interface.")
    port: int = _setting(7860, "Port to listen on.")
    root_path: str = _setting("", "Path under which a proxy serves the app, such as /impasto.")
    model: str = _setting("", "Name or folder of the model; empty for the default one.")
    threads: int = _setting(0, "Threads a network may use; 0 for one per core.")
    isolation: bool = _setting(True, "Send the headers that give the live page's WebAssembly threads.")
    upload_mb: float = _setting(200.0, "Largest upload in megabytes.")
    clip_seconds: float = _setting(120.0, "Longest clip in seconds.")
    clip_frames: int = _setting(7200, "Most frames of a clip.")
    frame_pixels: int = _setting(
        1920 * 1080, "Most pixels of a clip's frame; a painted picture may have twice as many."
    )
    jobs_at_once: int = _setting(0, "Clips painted at the same time; 0 for one per two cores.")
    jobs_per_client: int = _setting(2, "Clips a visitor may have running or waiting.")
    queue_length: int = _setting(20, "Clips that may wait.")
    keep_minutes: float = _setting(60.0, "Minutes until a visitor's files are removed, if the visit lasts that long.")
    live_sessions: int = _setting(2, "Live pages the server paints for at the same time.")
    live_queue: int = _setting(20, "Live pages that may wait for a place.")
    live_fps: float = _setting(30.0, "Most frames a second painted for one live page.")
    live_side: int = _setting(720, "Longest short side of a live frame in pixels.")
    live_message_kb: int = _setting(1024, "Largest message of a live page in kilobytes.")
    live_idle_seconds: float = _setting(30.0, "Seconds without a frame until a live page's place is given away.")
    allowed_origins: tuple[str, ...] = _setting((), "More origins whose pages may use the live socket, by commas.")

    def __post_init__(self):
        for name, value in vars(self).items():
            lowest = 0 if name in ("threads", "jobs_at_once", "queue_length", "live_queue", "port") else 1e-9
            if isinstance(value, (int, float)) and not isinstance(value, bool) and not lowest <= value < float("inf"):
                raise BadInput(f"{PREFIX}{name.upper()} has to be {'zero or more' if not lowest else 'above zero'}.")
        if self.port > 65535:
            raise BadInput(f"{PREFIX}PORT has to be 65535 at most.")
        if self.root_path and (not self.root_path.startswith("/") or self.root_path.endswith("/")):
            raise BadInput(f"{PREFIX}ROOT_PATH={self.root_path!r}: write it as /impasto, with a slash before it only.")
        for origin in self.allowed_origins:
            if not ORIGIN.fullmatch(origin):
                raise BadInput(f"{PREFIX}ALLOWED_ORIGINS: {origin!r} is no origin; write one as https://example.org.")
        if self.jobs_at_once == 0:
            object.__setattr__(self, "jobs_at_once", max(1, cores() // 2))

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Settings from `IMPASTO_…` variables. Raises BadInput that names the variable."""
        given = {}
        for f in fields(cls):
            text = environ.get(PREFIX + f.name.upper(), "").strip()
            if text:
                given[f.name] = _read(PREFIX + f.name.upper(), text, type(f.default))
        return cls(**given)


def _read(name: str, text: str, kind: type):
    if kind is bool:
        if text.lower() not in ("1", "0", "true", "false", "yes", "no", "on", "off"):
            raise BadInput(f"{name}={text!r}: write 1 or 0.")
        return text.lower() in ("1", "true", "yes", "on")
    if kind is tuple:
        return tuple(part.strip().rstrip("/").lower() for part in text.split(",") if part.strip())
    try:
        return kind(text)
    except ValueError as error:
        raise BadInput(f"{name}={text!r}: write {'a whole number' if kind is int else 'a number'}.") from error


def table() -> list[tuple[str, str, str]]:
    """(variable, default, meaning) of every setting, for the README."""
    rows = []
    for f in fields(Settings):
        default = int(f.default) if isinstance(f.default, bool) else f.default
        text = f"{default:g}" if isinstance(default, float) else str(default or ("0" if default == 0 else "–"))
        rows.append((PREFIX + f.name.upper(), "–" if default in ("", ()) else text, f.metadata["meaning"]))
    return rows
