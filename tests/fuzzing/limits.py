"""What an input may take, and how much of it a machine shared with others may add."""

import os
from dataclasses import dataclass

MOST_SECONDS, MOST_MEGABYTES = 10.0, 2048
# Of the clock, for each second of the processor: others compute on the same cores.
_SHARED = 6.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Processor time [s] and memory [MB] that an input may take; ``clock_seconds`` is when it is ended all the same."""

    seconds: float = MOST_SECONDS
    megabytes: int = MOST_MEGABYTES

    @property
    def clock_seconds(self) -> int:
        """How long an input may take by the clock [s]."""
        return max(1, round(self.seconds * _SHARED))

    @classmethod
    def of_environment(cls) -> "Limits":
        """The limits that the runner hands to its processes."""
        given = os.environ.get("MINESIM_FUZZ_LIMITS", "")
        seconds, _, megabytes = given.partition(":")
        return cls(float(seconds), int(megabytes)) if megabytes else cls()

    def as_environment(self) -> dict[str, str]:
        """The limits as a process reads them."""
        return {"MINESIM_FUZZ_LIMITS": f"{self.seconds}:{self.megabytes}"}
