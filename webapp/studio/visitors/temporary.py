"""Temporary files: one root of our own, a folder for every session, nothing kept longer than asked.

From outside: `Folders`, `NO_ROOM`. Gradio removes uploads and results by their age (`delete_cache`); what it cannot
know is done here.
"""

import math
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from impasto.models.errors import BadInput, DiskFull

PREFIX = "impasto-studio-"
TEND_SECONDS = 30  # between two looks at the files' age
ABANDONED_SECONDS = 20 * TEND_SECONDS  # a root that its process has not touched for so long has lost its process
_SESSIONS = "sessions"
_SPARE = 200_000_000  # bytes of the disk that are left to others
NO_ROOM = "The server has no room for more files right now; please try again in a while."
YOUR_ROOM = "Your files take all the room there is for one visitor; close the pages that you have done with, or wait."


class Folders:
    """The temporary files of all sessions, under `root`.

    A session's own folder and the uploads it used go when it ends. Files older than `keep_seconds` go, unless their
    session has work in hand: Gradio removes those that it has seen, `tend` the rest. `close` removes everything.
    All files together have up to `most` bytes, those of one address up to `most_each`. Thread-safe. Raises BadInput
    where no folder can be made.
    """

    def __init__(
        self, keep_seconds: float, parent: Path | None = None, most: float = math.inf, most_each: float = math.inf
    ):
        self.root = _new_root(parent)
        self.keep_seconds, self.most, self.most_each = keep_seconds, most, most_each
        self._owners: dict[Path, str] = {}  # folder → the address whose files it holds
        self._coming: list[tuple[str, int]] = []  # uploads on their way: address, bytes announced
        self._own: dict[str, Path] = {}  # session → its folder
        self._uploads: dict[str, set[Path]] = {}  # session → folders of the uploads it used
        self._busy: Counter[str] = Counter()
        self._permanent: set[Path] = set()
        self._lock = threading.RLock()
        self._stop = threading.Event()

    @property
    def delete_cache(self) -> tuple[int, int]:
        """For `gr.Blocks(delete_cache=…)`: every so many seconds, remove files older than so many seconds."""
        return TEND_SECONDS, max(1, round(self.keep_seconds))

    def session(self, session: str) -> Path:
        """The session's folder, made at need. Its name is a secret: who knows a path under it may read it."""
        with self._lock:
            if session not in self._own or not self._own[session].is_dir():
                self._own[session] = self.root / _SESSIONS / secrets.token_hex(16)
                self._own[session].mkdir(mode=0o700)
            return self._own[session]

    @contextmanager
    def receiving(self, address: str, length: int) -> Iterator[Path]:
        """A new folder for an upload of `length` bytes while it comes in; nothing of it is left afterwards.

        Raises DiskFull where there is no room for it.
        """
        coming = (address, length)
        with self._lock:
            self.check_room(address, length)
            self._coming.append(coming)
        folder = None
        try:
            folder = Path(tempfile.mkdtemp(prefix="coming-", dir=self.root))
            yield folder
        finally:
            if folder is not None:
                shutil.rmtree(folder, ignore_errors=True)
            with self._lock:
                self._coming.remove(coming)

    def keep_upload(self, file: Path, address: str) -> Path:
        """Move a file that has come in to a folder of its own; no other upload shares it, be it the same file."""
        folder = self.root / secrets.token_hex(16)
        folder.mkdir(mode=0o700)
        with self._lock:
            self._owners[folder] = address
        return file.rename(folder / file.name)

    def check_room(self, address: str = "", more: int = 0) -> None:
        """Raise DiskFull, without a path, where there is no room for `more` bytes, of this address or at all."""
        with self._lock:
            coming = sum(length for _, length in self._coming)
            if bytes_in(self.root) + coming + more > self.most:
                raise DiskFull(NO_ROOM)
            if shutil.disk_usage(self.root).free - coming - more < _SPARE:
                raise DiskFull(NO_ROOM)
            self._owners = {folder: owner for folder, owner in self._owners.items() if folder.is_dir()}
            mine = sum(bytes_in(folder) for folder, owner in self._owners.items() if owner == address)
            if mine + sum(length for owner, length in self._coming if owner == address) + more > self.most_each:
                raise DiskFull(YOUR_ROOM)

    @contextmanager
    def job(self, session: str, address: str = "") -> Iterator[Path]:
        """A new folder in the session's for one job, kept only if the block ends well; it counts for the address."""
        self.check_room(address)
        with self._lock:
            self._owners[self.session(session)] = address
        folder = self.session(session) / secrets.token_hex(8)
        folder.mkdir()
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise

    @contextmanager
    def hold(self, session: str) -> Iterator[None]:
        """Keep the session's files from growing old: it has work in hand, or in the line."""
        with self._lock:
            self._busy[session] += 1
        try:
            yield
        finally:
            with self._lock:
                self._busy[session] -= 1
                self._busy += Counter()  # drops the zeros

    def uploaded(self, session: str, path: str | Path) -> Path:
        """A path a client gave, resolved, if it is an upload or one of the session's own files; noted as in use.

        Raises BadInput for every other path, and for a file that is gone.
        """
        found = self._find(session, path)
        if found is None:
            raise BadInput("This file is not here (any more): upload it again.")
        folder = self.root / found.relative_to(self.root).parts[0]
        if folder.name != _SESSIONS:
            with self._lock, suppress(OSError):
                self._uploads.setdefault(session, set()).add(folder)
                os.utime(found)
        return found

    def _find(self, session: str, path: str | Path) -> Path | None:
        """The file at `path`, if the session may have it: in a folder of the root, and in no other session's."""
        try:
            found = Path(path).resolve()
            first, *rest = found.relative_to(self.root).parts
            mine = first != _SESSIONS or found.is_relative_to(self.session(session))
            return found if rest and mine and found.is_file() else None
        except (OSError, ValueError, TypeError):
            return None

    def end(self, session: str) -> None:
        """Remove what belongs to the session alone."""
        with self._lock:
            mine = self._uploads.pop(session, set())
            others = set().union(*self._uploads.values(), self._permanent)
            gone = [*(mine - others), *filter(None, [self._own.pop(session, None)])]
        for folder in gone:
            shutil.rmtree(folder, ignore_errors=True)

    def keep_present(self) -> None:
        """What lies in the root now (the app's own pictures) belongs to no session, whoever names it."""
        self._permanent = {entry for entry in self.root.iterdir() if entry.name != _SESSIONS}

    def tend(self) -> None:
        """What Gradio's `delete_cache` cannot do.

        Keeps the files of sessions with work in hand young, removes what Gradio has not seen (uploads broken off,
        previews nobody waited for) or leaves behind (empty folders), and tells other processes that the root is in use.
        """
        os.utime(self.root)
        with self._lock:
            for session in self._busy:
                for folder in (*self._uploads.get(session, ()), self.session(session)):
                    _keep_young(folder)
            sessions = self.root / _SESSIONS
            for entry in (*sessions.glob("*/*"), *sessions.iterdir(), *self.root.iterdir()):
                if entry != sessions and entry not in self._permanent:
                    _remove_old(entry, time.time() - self.keep_seconds)
            for uploads in self._uploads.values():
                uploads.intersection_update([folder for folder in uploads if folder.exists()])

    def start(self) -> None:
        """Call `tend` from time to time, in a thread of its own, until `close`."""
        threading.Thread(target=self._tend_now_and_then, name="impasto-files", daemon=True).start()

    def close(self) -> None:
        """Remove everything."""
        self._stop.set()
        with self._lock:
            shutil.rmtree(self.root, ignore_errors=True)

    def _tend_now_and_then(self) -> None:
        while not self._stop.wait(TEND_SECONDS):
            with suppress(OSError):  # files come and go under way
                self.tend()


def bytes_in(folder: Path) -> int:
    """Bytes of the files in a folder and below; those that vanish meanwhile count as nothing."""
    total = 0
    for place, _, names in os.walk(folder):
        for name in names:
            with suppress(OSError):
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _keep_young(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        with suppress(FileNotFoundError):
            os.utime(path)


def _remove_old(path: Path, oldest: float) -> None:
    """Remove a file, or a folder if it is empty, that was last written before `oldest`, in seconds since the epoch."""
    with suppress(OSError):  # gone already, or not empty
        if path.lstat().st_mtime < oldest:
            path.rmdir() if path.is_dir() else path.unlink()


def _new_root(parent: Path | None) -> Path:
    """A new folder below `parent`, by default the system's for temporary files, with room for sessions."""
    try:
        parent = Path(parent or tempfile.gettempdir()).resolve()
        _remove_abandoned(parent)
        root = Path(tempfile.mkdtemp(prefix=PREFIX, dir=parent))
        (root / _SESSIONS).mkdir()
    except OSError as error:
        raise BadInput(
            f"Uploads have no place: no temporary folder can be made ({error.strerror}); set TMPDIR to one that can be "
            "written to."
        ) from error
    return root


def _remove_abandoned(parent: Path) -> None:
    """Remove the roots of processes that were killed."""
    for root in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            if root.is_dir() and time.time() - root.stat().st_mtime > ABANDONED_SECONDS:
                shutil.rmtree(root, ignore_errors=True)
