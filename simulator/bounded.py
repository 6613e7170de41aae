"""A number with its dimension and the range it must lie in: what every numeric field of a scenario reads."""

from dataclasses import dataclass

from simulator import units
from simulator.units import Dimension, UnitError, quantity


@dataclass(frozen=True, slots=True)
class Bounded:
    """What a number must be: its dimension and the range its value must lie in."""

    dimension: Dimension
    at_least: float | None = None
    above: float | None = None
    at_most: float | None = None
    integer: bool = False

    def scalar(self, data: object) -> float | int:
        """Return the number a scalar means; raises UnitError when it is no such quantity or out of range."""
        value = quantity(data, self.dimension)
        if not self._inside(value):
            hint = ""
            if self.dimension is units.PROBABILITY and 2 <= value <= 100 and not str(data).endswith("%"):
                hint = f" (did you mean {data} %?)"
            raise UnitError(f"must be {self.rule}, got {data}{hint}")
        if self.integer:
            if value != int(value):
                raise UnitError(f"must be a whole number, got {data}")
            return int(value)
        return value

    @property
    def rule(self) -> str:
        """The allowed range in words, with its unit."""
        unit = f" {self.dimension.unit}" if self.dimension.unit else ""
        if self.at_least is not None and self.at_most is not None:
            return f"between {_short(self.at_least)} and {_short(self.at_most)}{unit}"
        bounds = {"above": self.above, "at least": self.at_least, "at most": self.at_most}
        return " and ".join(f"{word} {_short(bound)}" for word, bound in bounds.items() if bound is not None) + unit

    def _inside(self, value: float) -> bool:
        return (
            (self.at_least is None or value >= self.at_least)
            and (self.above is None or value > self.above)
            and (self.at_most is None or value <= self.at_most)
        )


def _short(number: float) -> str:
    return f"{number:g}".replace("e+", "e")
