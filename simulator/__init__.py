"""minesim: the residual civilian risk of landmines over time.

In Python and in notebooks: ``import simulator as minesim``, then ``minesim.compare("persistent", "treaty-limit")``.
"""
# Everything is loaded when it is first used: the command line starts without what computes.

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from simulator.api import InputError, compare, expected, load, run, shipped, slider, sweep, verify

__version__ = "0.1.0"
__all__ = ["InputError", "compare", "expected", "load", "run", "shipped", "slider", "sweep", "verify"]


class _Package(ModuleType):
    """The package; ``simulator.sweep`` is the function of the Python API, though a module has that name too.

    Importing a module puts it into its package under its name: not where a function of ``__all__`` stands. Of the
    module, ``from simulator.sweep import …`` gives what is in it.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module '{__name__}' has no attribute '{name}'")
    from simulator import api

    return getattr(api, name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
