"""minesim: the residual civilian risk of landmines over time."""

__version__ = "0.1.0"
