"""``python -m simulator`` is the command ``minesim``."""

import signal

# Until the program listens, Ctrl-C ends it as it ends any process: without a traceback through half an import.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

from simulator.cli import main

__all__ = ["main"]

if __name__ == "__main__":
    main()
