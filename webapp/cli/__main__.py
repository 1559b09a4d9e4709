"""`python -m impasto.webapp.cli`: the command line."""

from .main import main

main()
