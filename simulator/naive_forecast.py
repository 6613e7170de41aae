"""Two forecasts that know nothing of mines, to hold a fitted scenario against: the last value, and a straight trend.

Both are negative binomial with a dispersion of their own, from the same periods that the scenario was fitted to, and
both carry what is not known of their numbers, under the same prior for the dispersion.
"""

import numpy as np
from numpy.typing import NDArray

from simulator.calibration_posterior import posterior
from simulator.calibration_problem import Axis, Calibration, value_at
from simulator.calibration_profile import fitted
from simulator.casualty_record import CasualtyRecord
from simulator.clocks import Array
from simulator.count_forecast import Forecast
from simulator.units import DAYS_PER_YEAR

LAST_VALUE, TREND = "last value", "log-linear trend"
# A count of 0 is no forecast of none for ever.
_LEAST_COUNT = 0.5
_MOST_CHANGE = 3.0
_FAR = 100.0


def last_value(record: CasualtyRecord, used: NDArray[np.bool_], draws: int, seed: int) -> Forecast:
    """The casualties per day of the last fitted period (half a casualty where there were none) go on for ever.

    The dispersion is how far each fitted period was from the one before it. Upper bounds are left out.
    """
    known = np.flatnonzero(used & ~record.at_most)
    per_day = np.maximum(record.casualties, _LEAST_COUNT) / record.days
    before, after = known[:-1], known[1:]
    expected = np.log(per_day[before] * record.days[after])
    counts = record.casualties[after]
    nothing = np.zeros(counts.size, dtype=bool)
    problem = Calibration(counts, nothing, ~nothing, (), lambda _: expected)
    found = posterior(fitted(problem, np.array([0.1]), seed), draws, seed)
    means = np.tile(per_day[known[-1]] * record.days, (draws, 1))
    return Forecast(LAST_VALUE, means, found.dispersion)


def log_linear_trend(record: CasualtyRecord, used: NDArray[np.bool_], draws: int, seed: int) -> Forecast:
    """Casualties per day change by the same share every year: a negative-binomial regression on time."""
    found = posterior(fitted(trend_problem(record, used), np.array([0.5, 0.5, 0.1]), seed), draws, seed)
    return Forecast(TREND, found.means, found.dispersion)


def trend_problem(record: CasualtyRecord, used: NDArray[np.bool_]) -> Calibration:
    """The regression: casualties per year in the middle of the fitted periods, free from a hundredth to a hundred times
    their mean, and the change of their logarithm per year, up to a factor of 20 either way.
    """
    level = max(float(record.casualties[used].sum()), _LEAST_COUNT) / float(record.days[used].sum()) * DAYS_PER_YEAR
    axes = (
        Axis("level", level / _FAR, level * _FAR, logarithmic=True),
        Axis("change", -_MOST_CHANGE, _MOST_CHANGE, logarithmic=False),
    )
    middle = np.array([day.toordinal() for day in record.starts]) + record.days / 2.0
    years = (middle - middle[used].mean()) / DAYS_PER_YEAR
    offset = np.log(record.days / DAYS_PER_YEAR)

    def log_means(u: Array) -> Array:
        level_there, change = value_at(axes[0], u[..., :1]), value_at(axes[1], u[..., 1:])
        return np.asarray(np.log(level_there) + change * years + offset)

    return Calibration(
        record.casualties, record.at_most, used, axes, log_means, proportional=(True, False), batched=log_means
    )
