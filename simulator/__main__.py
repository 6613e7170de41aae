"""``python -m simulator`` is the command ``minesim``."""

from simulator.cli import main

main()
