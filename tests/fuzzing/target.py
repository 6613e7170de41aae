"""What a target is."""

from collections.abc import Callable
from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True)
class Target:
    """An input: ``act`` returns or raises a finding; ``seeds`` and ``changed`` make inputs for it.

    ``longest`` is the length [bytes] up to which inputs are made.
    """

    act: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    changed: Callable[[Random, bytes], bytes]
    longest: int = 4096
