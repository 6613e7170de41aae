"""How the program is stopped: once, in order; a second time makes no difference; who insists ends it at once."""

import os
import signal
import time
from functools import partial
from types import FrameType
from typing import NoReturn

INTERRUPTED = 130
_PATIENCE_SECONDS = 5.0
# The last is what a terminal that is closed sends, where there is such a thing.
_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


class Stop(KeyboardInterrupt):
    """The program is told to end. Of a plain KeyboardInterrupt, Python may die on its own."""


def listen() -> None:
    """Raise Stop when the program is told to end. What whoever started it told it to ignore stays ignored."""
    for number in _numbers():
        # Who starts a command in the background may have told it to ignore Ctrl-C.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _stop)


def close_ears() -> None:
    """Hear no more stops: nothing is left to do but to end, and Python would die of one while it takes itself down."""
    for number in _numbers():
        signal.signal(number, signal.SIG_IGN)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    # While it keeps what is finished and takes the rest away, a second Ctrl-C must not leave half of that undone.
    for number in _numbers():
        if signal.getsignal(number) is _stop:
            signal.signal(number, partial(_insist, time.monotonic()))
    raise Stop


def _insist(since: float, _number: int, _frame: FrameType | None) -> None:
    """End at once if the program is told so again and has not managed to end in some seconds."""
    if time.monotonic() - since > _PATIENCE_SECONDS:
        os._exit(INTERRUPTED)


def _numbers() -> list[signal.Signals]:
    return [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
