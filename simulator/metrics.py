"""The single numbers of a world: what is left at key dates, harm over the horizon, time until a risk threshold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.closed_form import Expected, Spreads
from simulator.ensemble import ALL, CURVES, Ensemble, curve, quantities, samples
from simulator.statistics import relative_half_width
from simulator.trajectory import RELEASED_SHARES, Curves, Land
from simulator.units import DAYS_PER_YEAR
from simulator.world import World

KEY_DATES = (("30 days", 30.0), ("120 days", 120.0), ("1 year", DAYS_PER_YEAR), ("10 years", 10 * DAYS_PER_YEAR))
MAP_DAYS = (30.0, DAYS_PER_YEAR, 10 * DAYS_PER_YEAR)
CREDITED_AFTER_DAYS = 30.0
TIME = "days_until_"
RISK_BELOW = f"{TIME}risk_below_"


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A number read from the curves of all mines; ``of(world, curves, land)`` maps [..., K, T] curves to [...].

    ``name`` is its key in files, ``label`` what people read. Where ``counts_events`` the played number is a count of
    rare events, and none seen means an upper bound. A time may be infinite: not within the horizon. ``days`` are those
    at which the curves are read, None for all of them.
    """

    name: str
    label: str
    unit: str
    of: Callable[[World, Curves, Land], Array]
    counts_events: bool = False
    is_time: bool = False
    days: tuple[float, ...] | None = None


def metrics(world: World) -> Iterator[Metric]:
    """Every metric that applies to a world, in the order they are reported."""
    end = world.horizon_days
    for label, days in _key_dates(world):
        name = label.replace(" ", "_")
        yield Metric(
            f"hazardous_at_{name}",
            f"hazardous mines after {label}",
            "mines",
            _at("hazardous", days),
            True,
            days=(days,),
        )
        yield Metric(f"inert_at_{name}", f"inert mines after {label}", "mines", _at("inert", days), days=(days,))
    yield Metric("mine_days", "hazardous mine-days", "mine-days", _mine_days(0.0), days=(0.0, end))
    if world.horizon_days > CREDITED_AFTER_DAYS:
        late = _mine_days(CREDITED_AFTER_DAYS)
        yield Metric(
            "mine_days_after_30_days",
            "hazardous mine-days after day 30",
            "mine-days",
            late,
            days=(CREDITED_AFTER_DAYS, end),
        )
    yield Metric("accidents", "accidents", "accidents", _at("accidents", end), True, days=(end,))
    yield Metric("casualties", "casualties", "people", _at("casualties", end), True, days=(end,))
    if world.consequences.killed_share is not None:
        yield Metric("killed", "killed", "people", _at("killed", end), True, days=(end,))
        yield Metric(
            "injured", "injured", "people", _share_of_casualties(1 - world.consequences.killed_share), True, days=(end,)
        )
    if (children := world.consequences.child_share) is not None:
        yield Metric("children", "child casualties", "people", _share_of_casualties(children), True, days=(end,))
        yield Metric("adults", "adult casualties", "people", _share_of_casualties(1 - children), True, days=(end,))
    if "individual_risk" in quantities(world):
        yield Metric("highest_individual_risk", "highest individual risk of death", "per year", _highest_risk)
        for threshold in world.thresholds:
            label = f"time until the individual risk stays below {threshold:g} per year"
            name = f"{RISK_BELOW}{threshold:g}"
            yield Metric(name, label, "days", _time_below(threshold), is_time=True)
    yield Metric("denied_km2", "land denied at the end", "km2", _at("denied_km2", end))
    yield Metric("denied_km2_years", "land denied over time", "km2-years", _denied_years)
    if world.clearance is not None:
        yield from _clearance_metrics(world)


def _clearance_metrics(world: World) -> Iterator[Metric]:
    end = world.horizon_days
    for name in ("cleared_hazardous", "cleared_inert", "missed_hazardous", "missed_inert"):
        verb, state = name.split("_")
        yield Metric(name, f"{state} mines {verb}", "mines", _at(name, end), name == "missed_hazardous")
    yield Metric("released_km2", "land released at the end", "km2", _at("released_km2", end))
    for place, share in enumerate(RELEASED_SHARES):
        text = f"{share:.0%}".replace("%", " %")
        yield Metric(
            f"{TIME}{100 * share:.0f}_percent_released",
            f"time until {text} of the contaminated land is released",
            "days",
            _released_at(place),
            is_time=True,
        )
    yield Metric("team_years", "work of the teams", "team-years", _at("team_years", end))
    if "cost_usd" in quantities(world):
        yield Metric("cost_usd", "cost of clearance", "USD", _at("cost_usd", end))


def metric_samples(metric: Metric, ensemble: Ensemble) -> tuple[Array, Array]:
    """The metric's estimate and its played value in every replicate, both [n]."""
    world, land = ensemble.world, ensemble.land
    return metric.of(world, ensemble.estimate, land), metric.of(world, ensemble.played, land)


def expected_value(metric: Metric, world: World, reference: Expected) -> float:
    """The metric of the closed form's curves."""
    return float(metric.of(world, reference.curves, reference.land))


def least_metric_error(metric: Metric, world: World, known: Spreads) -> float:
    """The error of one replicate below which no sample of rare failures can be trusted.

    It is read like the metric itself, from curves that hold the spreads known in closed form, of all classes together.
    """
    nothing = np.zeros_like(known.hazardous)
    curves = dict.fromkeys(CURVES, nothing)
    for name in ("hazardous", "inert", "accidents"):
        spread = np.sqrt(np.square(getattr(known, name)).sum(axis=0, keepdims=True))
        curves[name] = np.concatenate((spread, nothing[1:]))
    times = np.zeros(world.times.size)
    land = Land(np.zeros((len(nothing) + 1, times.size)), times, times, np.zeros(len(RELEASED_SHARES)))
    return float(metric.of(world, Curves(**curves), land))


def widest_relative_error(ensembles: list[Ensemble]) -> float:
    """The largest relative half-width (95 %) among the main metrics: mine-days and casualties of each scenario."""
    worst = 0.0
    for ensemble in ensembles:
        for metric in metrics(ensemble.world):
            if metric.name in {"mine_days", "casualties"}:
                worst = max(worst, relative_half_width(metric_samples(metric, ensemble)[0]))
    return worst


def averted(reference: Ensemble, other: Ensemble) -> tuple[Array, Array]:
    """Casualties averted against the reference at the horizon: estimate and played, both [n]."""
    before, after = samples(reference, ALL, "casualties"), samples(other, ALL, "casualties")
    return before[0][:, -1] - after[0][:, -1], before[1][:, -1] - after[1][:, -1]


def _key_dates(world: World) -> Iterator[tuple[str, float]]:
    for label, days in KEY_DATES:
        if days <= world.horizon_days:
            yield label, days
    if all(days != world.horizon_days for _, days in KEY_DATES):
        yield "horizon", world.horizon_days


def _at(quantity: str, days: float) -> Callable[[World, Curves, Land], Array]:
    def of(world: World, curves: Curves, land: Land) -> Array:
        values = curve(world, curves, land, ALL, quantity)
        index = int(np.searchsorted(world.times, days - 1e-9))
        return values[..., index]

    return of


def _share_of_casualties(share: float) -> Callable[[World, Curves, Land], Array]:
    def of(world: World, curves: Curves, land: Land) -> Array:
        return curve(world, curves, land, ALL, "casualties")[..., -1] * share

    return of


def _mine_days(since: float) -> Callable[[World, Curves, Land], Array]:
    def of(world: World, curves: Curves, land: Land) -> Array:
        total = curve(world, curves, land, ALL, "mine_days")
        index = int(np.searchsorted(world.times, since - 1e-9))
        return np.asarray(total[..., -1] - total[..., index])

    return of


def _highest_risk(world: World, curves: Curves, land: Land) -> Array:
    return np.asarray(curve(world, curves, land, ALL, "individual_risk").max(axis=-1))


def _denied_years(world: World, curves: Curves, land: Land) -> Array:  # noqa: ARG001
    area = land.denied_km2[..., -1, :]
    steps = np.diff(world.times) / DAYS_PER_YEAR
    return np.asarray(((area[..., 1:] + area[..., :-1]) / 2 * steps).sum(axis=-1))


def _released_at(place: int) -> Callable[[World, Curves, Land], Array]:
    def of(world: World, curves: Curves, land: Land) -> Array:  # noqa: ARG001
        return land.release_days[..., place]

    return of


def _time_below(threshold: float) -> Callable[[World, Curves, Land], Array]:
    """When the risk falls below the threshold for good: 0 if it never reaches it, infinity if not within the
    horizon.
    """

    def of(world: World, curves: Curves, land: Land) -> Array:
        risk = curve(world, curves, land, ALL, "individual_risk")
        above = risk >= threshold
        last = risk.shape[-1] - 1 - np.argmax(above[..., ::-1], axis=-1)
        after = np.minimum(last + 1, risk.shape[-1] - 1)
        high = np.take_along_axis(risk, last[..., None], axis=-1)[..., 0]
        low = np.take_along_axis(risk, after[..., None], axis=-1)[..., 0]
        part = np.divide(high - threshold, high - low, out=np.zeros_like(high), where=high > low)
        days = world.times[last] + part * (world.times[after] - world.times[last])
        days = np.where(last == risk.shape[-1] - 1, np.inf, days)
        return np.where(above.any(axis=-1), days, 0.0)

    return of
