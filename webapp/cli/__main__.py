"""`impasto` and `python -m impasto.webapp.cli`: the command line, in memory that suits it."""

import sys

from impasto.webapp.cli.ending import end_as_by_ctrl_c, interrupted, was_interrupted
from impasto.webapp.cli.large_pages import start_in_large_pages


def start(arguments: list[str] | None = None) -> None:
    """`main.main` on these arguments; None: the process's own."""
    try:
        end_as_by_ctrl_c()
        start_in_large_pages()
        from impasto.webapp.cli.main import main  # its imports, which take longest, are done once

        main(arguments)
    except (KeyboardInterrupt, ImportError):  # while it was still starting, or a second time
        if not was_interrupted():
            raise
        sys.exit(interrupted())


if __name__ == "__main__":
    start()
