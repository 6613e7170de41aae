"""The metric of a study and the values of what it varies, as people read them."""

from simulator.estimates import CONFIDENCE
from simulator.fields import Keys, number_at, value_words
from simulator.quantities import Quantity
from simulator.result_folder import ResultFolder
from simulator.wording import number

_COUNTED = ("people", "mines", "accidents", "mine-days")
STATED = "as the study was asked"
INTERVAL = f"{100 * CONFIDENCE:g} % interval"


def metric_label(result: ResultFolder) -> str:
    """The metric of a study as people read it, with its unit unless it is a count."""
    metric = result.summary["metric"]
    label: str = metric["label"].replace("after horizon", "at the horizon")
    return label if metric["unit"] in (*_COUNTED, *label.split()) else f"{label} [{metric['unit']}]"


def value_said(path: str, value: float, result: ResultFolder) -> str:
    """A value of a varied number with its unit; a class of mines may have dots in its name."""
    its = quantity_at(path, result)
    return number(value) if its is None else value_words(value, its)


def quantity_at(path: str, result: ResultFolder) -> Quantity | None:
    """What kind of number stands at a dotted path of the scenarios."""
    return number_at(keys_of(path, result))


def keys_of(path: str, result: ResultFolder) -> Keys:
    """The keys of a dotted path; a class of mines may have dots in its name."""
    for loaded in result.scenarios:
        for name in loaded.scenario.mines:
            if path.startswith(f"mines.{name}."):
                return ("mines", name, *path.removeprefix(f"mines.{name}.").split("."))
    return tuple(path.split("."))


def signed(value: float) -> str:
    """A difference with its sign: ``+3.2``, ``-18.4``, ``0``."""
    return f"+{number(value)}" if value > 0 else number(value)
