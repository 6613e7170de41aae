"""Times until something is reached, in words. Worlds in which it never is, or always was, have no time to average."""

from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.experiment import ScenarioOutcome
from simulator.metrics import Metric, expected_value, metric_samples
from simulator.statistics import Band, band_of_times
from simulator.wording import duration, durations, number

MIXED = "% of worlds"


@dataclass(frozen=True, slots=True)
class TimeWords:
    """A time as it is said: its label in tables, the time itself, the range of worlds or nothing, and a sentence."""

    label: str
    said: str
    spread: str
    text: str


def risk_words(metric: Metric, part: ScenarioOutcome, threshold: float) -> TimeWords:
    """Say when the individual risk falls below a threshold for good."""
    times = _times(metric, part)
    risk, limit = "the individual risk of death", f"{number(threshold)} per year"
    horizon = duration(part.world.horizon_days)
    label = f"individual risk below {limit}"
    if not times.any():
        words = "always", "", f"{risk} never reaches {limit}"
    elif np.isfinite(times).all() and times.all():
        days = float(times.mean())
        words = (
            f"after {duration(days)}",
            _time_spread(metric, part),
            (f"{risk} falls below {limit} after {duration(days)} and stays there"),
        )
    elif np.isinf(times).all():
        words = f"not within {horizon}", "", f"{risk} does not fall below {limit} within {horizon}"
    else:
        # Worlds differ in kind, and no mean of their times means anything.
        never, late = float((times == 0).mean()), float(np.isinf(times).mean())
        said = [f"always below in {share_of_worlds(never)}"] if never else []
        said += [f"not within {horizon} in {share_of_worlds(late)}"] if late else []
        falls = times[(times > 0) & np.isfinite(times)]
        if falls.size:
            said.append(f"after {duration(float(np.median(falls)))} in {share_of_worlds(falls.size / times.size)}")
        words = ", ".join(said), "", f"{risk} falls below {limit}: {', '.join(said)}"
    return TimeWords(label, *words)


def release_words(metric: Metric, part: ScenarioOutcome) -> TimeWords:
    """Say when a share of the contaminated land is released."""
    times, horizon = _times(metric, part), duration(part.world.horizon_days)
    label = metric.label.removeprefix("time until ").replace(" is ", " ")
    what = metric.label.removeprefix("time until ").removesuffix(" is released")
    late = float(np.isinf(times).mean())
    if late == 0:
        days = float(times.mean())
        words = f"after {duration(days)}", _time_spread(metric, part), f"{what} is released after {duration(days)}"
    elif late == 1:
        words = f"not within {horizon}", "", f"{what} is not released within {horizon}"
    else:
        done = duration(float(np.median(times[np.isfinite(times)])))
        said = f"after {done} in {share_of_worlds(1 - late)}, not within {horizon} in {share_of_worlds(late)}"
        words = said, "", f"{what} is released {said}"
    return TimeWords(label, *words)


def share_of_worlds(share: float) -> str:
    """Write a share of the simulated worlds: ``94 % of worlds``."""
    return f"{number(100 * share)} {MIXED}"


def _times(metric: Metric, part: ScenarioOutcome) -> Array:
    """The time [days] in every replicate, or the one of the closed form; 0: from the start, infinite: not at all."""
    if part.ensemble is None:
        return np.array([expected_value(metric, part.world, part.closed_form)])
    return metric_samples(metric, part.ensemble)[0]


def _time_spread(metric: Metric, part: ScenarioOutcome) -> str:
    """The range of the played worlds in words."""
    if part.ensemble is None:
        return ""
    p05, p95 = np.quantile(metric_samples(metric, part.ensemble)[1], (0.05, 0.95), method="nearest")
    return durations(float(p05), float(p95)) if p05 < p95 else ""


def time_band(metric: Metric, part: ScenarioOutcome) -> Band:
    """The time with its percentiles; its mean is infinite if any world did not get there."""
    if part.ensemble is None:
        value, nan = expected_value(metric, part.world, part.closed_form), np.array(np.nan)
        return Band(np.array(value), np.array(0.0 if np.isfinite(value) else np.nan), nan, nan, nan, 0)
    return band_of_times(*metric_samples(metric, part.ensemble))
