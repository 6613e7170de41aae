"""What may stand on the command line: shares, times, whole numbers, and verbs that may be misspelt."""

from typing import Any

import click


class Percent(click.ParamType[float]):
    """A relative precision such as 2% or 0.02."""

    name = "PERCENT"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a share; ends with a usage error when it is none."""
        if isinstance(value, float):
            return value
        from simulator.units import NUMBER, UnitError, quantity

        try:
            precision = quantity(str(value).replace("%", " %"), NUMBER)
        except UnitError:
            self.fail(f"must be a share such as 2% or 0.02, got {value}", param, ctx)
        if not 0 < precision < 1:
            self.fail(f"must be above 0 and below 100%, got {value}", param, ctx)
        return precision


class Days(click.ParamType[float]):
    """A time since the start, such as "90 days" or 1year; in days."""

    name = "TIME"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Read a duration; ends with a usage error when it is none."""
        if isinstance(value, float):
            return value
        from simulator.units import DURATION, UnitError, quantity

        try:
            days = quantity(str(value), DURATION)
        except UnitError as error:
            self.fail(str(error), param, ctx)
        if not days >= 0:
            self.fail(f"must not be before the start, got {value}", param, ctx)
        return days


class WholeNumber(click.ParamType[int]):
    """A whole number in a range."""

    name = "NUMBER"

    def __init__(self, least: int, most: int) -> None:
        self.least, self.most = least, most

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read a whole number; ends with a usage error when it is none, or out of range."""
        text = str(value)
        if not (text.isdecimal() and len(text) <= len(str(self.most)) and self.least <= int(text) <= self.most):
            self.fail(f"must be a whole number from {self.least} to {self.most}, got {value}", param, ctx)
        return int(text)


class Verbs(click.Group):
    """The verbs, with a suggestion for a misspelt one."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of a command line; ends with a suggestion when there is none of that name."""
        verb = args[0]
        if self.get_command(ctx, verb) is None and not verb.startswith("-"):
            from simulator.problems import closest, printable

            near = closest(verb, list(self.commands))
            hint = f", did you mean '{near}'?" if near else f" (verbs: {', '.join(sorted(self.commands))})"
            ctx.fail(f"no such verb: '{printable(verb)}'{hint}")
        return super().resolve_command(ctx, args)
