"""What the files of a folder were painted with, so that painting it again otherwise is noticed: one line a file.

From outside: `Ledger`.
"""

import json
from contextlib import suppress
from pathlib import Path

from impasto.models.atomic import refusal

NAME = ".impasto.jsonl"  # in the folder of paintings
MOST_BYTES = 50_000_000  # of a ledger; a larger one is none of ours


class Ledger:
    """The ledger of a folder. `settings` says what is painted with now: model, style, look and size, as JSON has it;
    where it is None, nothing is known and nothing is noted."""

    def __init__(self, folder: Path, settings: dict | None):
        self.file, self.folder, self.settings = folder / NAME, folder, settings
        self.known: dict[str, dict] = {}  # name of a file in the folder → what it was painted with
        with suppress(OSError, UnicodeDecodeError):
            if self.file.stat().st_size <= MOST_BYTES:
                for line in self.file.read_text("utf-8").splitlines():
                    self._read(line)

    def _read(self, line: str) -> None:
        """A line that was cut short says nothing."""
        with suppress(ValueError, TypeError, KeyError, RecursionError):
            entry = json.loads(line)
            self.known[str(entry["file"])] = dict(entry["painted_with"])

    def differs(self, output: Path) -> bool:
        """Whether a file that is there is known to have been painted with something else."""
        known = self.known.get(output.relative_to(self.folder).as_posix())
        return None not in (known, self.settings) and known != self.settings

    def note(self, output: Path) -> None:
        """Note that a file was painted. Raises BadInput where that cannot be written."""
        if self.settings is None:
            return
        name = output.relative_to(self.folder).as_posix()
        try:
            with open(self.file, "a", encoding="utf-8") as lines:
                lines.write(json.dumps({"file": name, "painted_with": self.settings}) + "\n")
        except OSError as error:
            raise refusal(error, self.file) or error from error
