"""How the command line ends before its work is done: Ctrl-C, and the signals that do the same.

`kill`, `timeout`, a service or container that is stopped send SIGTERM, a terminal or connection that is closed SIGHUP.
Python would end at once and leave what is unfinished where it lies; taken for Ctrl-C, they let every part of Impasto
clear up behind itself, and a study keep what was learnt.
"""

import signal
from types import FrameType

# The signals, and what Python does about them; Windows has no SIGHUP.
_DEFAULTS = {"SIGINT": signal.default_int_handler, "SIGTERM": signal.SIG_DFL, "SIGHUP": signal.SIG_DFL}
SIGNALS = {getattr(signal, name) for name in _DEFAULTS if hasattr(signal, name)}
_received: list[int] = []


def end_as_by_ctrl_c() -> None:
    """Let each of these signals raise KeyboardInterrupt. One that is ignored, SIGHUP under `nohup`, stays ignored.

    One that came while they were held back, as the command line began anew (see `large_pages`), is raised now.
    """
    for name, default in _DEFAULTS.items():
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == default:
            signal.signal(number, _interrupt)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


def was_interrupted() -> bool:
    """Whether one has come: libraries make another error of KeyboardInterrupt while they are loaded."""
    return bool(_received)


def interrupted() -> int:
    """The exit code of a command that was interrupted: 128 + the signal's number, as shells have it."""
    return 128 + (_received[0] if _received else signal.SIGINT)


def _interrupt(number: int, _: FrameType | None) -> None:
    _received.append(number)
    raise KeyboardInterrupt
