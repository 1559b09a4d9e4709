"""`impasto` and `python -m impasto.webapp.cli`: the command line, in memory that suits it."""

from impasto.webapp.cli.large_pages import start_in_large_pages


def start() -> None:
    """`main.main` on the process's own arguments."""
    start_in_large_pages()
    from impasto.webapp.cli.main import main  # its imports, which take longest, are done once

    main()


if __name__ == "__main__":
    start()
