"""What an attribution says: the whole difference, and where it comes from as far as the intervals support it."""

from collections.abc import Sequence

from simulator.attribution import Attribution, Part
from simulator.combining import Change
from simulator.estimates import Estimate
from simulator.metrics import Metric
from simulator.wording import listed, number, span

_COUNTED = {"people", "mines", "accidents", "mine-days"}
_ROUNDING = 1e-12


def sentences(found: Attribution, metric: Metric) -> list[str]:
    """Say the whole difference and where it comes from, only as far as the intervals support it."""
    label = label_of(metric)
    head = label[0].upper() + label[1:]
    if not found.parts:
        return [f"{head}: {found.reference} and {found.other} do not differ in any setting that counts."]
    sign = side(found.whole, found)
    if sign == 0:
        kind = "no difference" if _is_nothing(found.whole, found) else "no clear difference"
        texts = [f"{head}: {kind} between {found.reference} and {found.other}{_in_brackets(found.whole, found)}."]
    else:
        amount = f"{_size(found.whole, metric)} {_direction(found.whole, metric)} in {found.other} than in"
        texts = [f"{head}: {amount} {found.reference}{_in_brackets(_positive(found.whole), found)}."]
    ordered = by_size(found)
    with_it = [part for part in ordered if side(part.effect, found) == sign != 0]
    against = [part for part in ordered if side(part.effect, found) not in {sign, 0}]
    unclear = [part for part in ordered if side(part.effect, found) == 0]
    if with_it:
        texts.append(f"Of {_difference(found.whole, metric)}, {_sources(with_it, found)}.")
    if against:
        moves = listed([_move(part, found) for part in against])
        texts.append(f"{'The other way' if sign else 'Clear by themselves'}: {moves}.")
    if unclear:
        names = [change_words(part.change, found.classes) + _in_brackets(part.effect, found) for part in unclear]
        texts.append(f"No clear effect: {listed(names)}.")
    return texts


def by_size(found: Attribution) -> list[Part]:
    """The parts, largest effect first."""
    return sorted(found.parts, key=lambda part: -abs(part.effect.mean))


def change_words(change: Change, classes: Sequence[str]) -> str:
    """Name a change by its paths; what a path shares with the one before is left out, and the only class of mines."""
    names: list[str] = []
    above: tuple[str, ...] = ()
    for setting in change.settings:
        is_plain = setting.keys[0] == "mines" and len(setting.keys) > 2 and len(classes) == 1
        keys = setting.keys[2:] if is_plain else setting.keys
        names.append(keys[-1] if keys[:-1] == above and names else ".".join(keys))
        above = keys[:-1]
    return listed(names)


def label_of(metric: Metric) -> str:
    """What people read for a metric."""
    return metric.label.replace("after horizon", "at the horizon")


def side(one: Estimate, found: Attribution) -> int:
    """The sign of an effect that is clear; an exact one that is only rounding is none."""
    return 0 if _is_nothing(one, found) else one.side


def _is_nothing(one: Estimate, found: Attribution) -> bool:
    scale = max(abs(found.before.mean), abs(found.after.mean))
    return max(abs(one.mean), one.standard_error) <= _ROUNDING * scale


def _difference(one: Estimate, metric: Metric) -> str:
    """Write a difference: ``17.9 fewer casualties``, ``2.1 km2 less``."""
    amount = f"{_size(one, metric)} {_direction(one, metric)}"
    return f"{amount} {label_of(metric)}" if metric.unit in _COUNTED else amount


def _size(one: Estimate, metric: Metric) -> str:
    amount = number(abs(one.mean))
    return amount if metric.unit in _COUNTED else f"{amount} {metric.unit}"


def _direction(one: Estimate, metric: Metric) -> str:
    if one.mean > 0:
        return "more"
    return "fewer" if metric.unit in _COUNTED else "less"


def _sources(parts: Sequence[Part], found: Attribution) -> str:
    """Write what comes from where, the verb once: ``16.2 come from self_destruct and 1.7 from battery``."""
    texts: list[str] = []
    for part in parts:
        amount = number(abs(part.effect.mean))
        verb = "" if texts else " comes" if amount == "1" else " come"
        doubt = _in_brackets(_positive(part.effect), found)
        texts.append(f"{amount}{doubt}{verb} from {change_words(part.change, found.classes)}")
    return listed(texts)


def _move(part: Part, found: Attribution) -> str:
    sign = "+" if part.effect.mean > 0 else ""
    name = change_words(part.change, found.classes)
    return f"{name} {sign}{number(part.effect.mean)}{_in_brackets(part.effect, found)}"


def _positive(one: Estimate) -> Estimate:
    """The same effect, counted in its own direction."""
    if one.mean >= 0:
        return one
    return Estimate(-one.mean, one.standard_error, -one.high, -one.low, one.replicates)


def _in_brackets(one: Estimate, found: Attribution) -> str:
    """Write an interval that reads otherwise than its mean."""
    interval = "" if one.is_exact else span(one.low, one.high)
    return "" if interval in {"", number(one.mean)} else f" ({100 * found.confidence:g} % interval {interval})"
