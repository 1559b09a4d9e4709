"""The one exception that means "the input is at fault, not the program"."""


class BadInput(ValueError):
    """Raised for anything a person can put right: a missing file, a damaged clip, an unknown model.

    Its text is one sentence that says what is wrong and what to do; the command line prints it and exits
    with code 2, the pages show it. Anything else that escapes is a bug and keeps its traceback.
    """


class DiskFull(BadInput):
    """No room left for the output; the same would befall any other file."""
