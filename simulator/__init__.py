"""minesim: the residual civilian risk of landmines over time.

In Python and in notebooks: ``import simulator as minesim``, then ``minesim.compare("persistent", "treaty-limit")``.
"""
# Everything is loaded when it is first used: the command line starts without what computes.

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.api import InputError, compare, expected, load, run, shipped, slider, sweep, verify

__version__ = "0.1.0"
__all__ = ["InputError", "compare", "expected", "load", "run", "shipped", "slider", "sweep", "verify"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from simulator import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
