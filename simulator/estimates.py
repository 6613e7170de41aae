"""A mean over paired replicates with the interval that Student's t gives it, or an exact value without one."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from simulator.clocks import Array
from simulator.statistics import standard_error

CONFIDENCE = 0.9


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean, its standard error, and its interval from ``low`` to ``high``, from so many replicates.

    Where it is exact, from a single value in closed form, the error is 0 and the ends of the interval are NaN.
    """

    mean: float
    standard_error: float
    low: float
    high: float
    replicates: int

    @property
    def is_exact(self) -> bool:
        """Whether it was computed in closed form."""
        return self.replicates == 1

    @property
    def side(self) -> int:
        """The side of 0 on which the whole interval lies: -1 or 1, or 0 if it does not exclude 0."""
        low, high = (self.mean, self.mean) if self.is_exact else (self.low, self.high)
        return int(low > 0) - int(high < 0)


def estimate(samples: Array, confidence: float = CONFIDENCE) -> Estimate:
    """The mean of samples [n] with its t interval. Raises ValueError where a sample is not finite."""
    if not (samples.ndim == 1 and samples.size > 0 and np.isfinite(samples).all()):
        raise ValueError(f"needs finite samples, one for each replicate, got {samples}")
    mean = float(samples.mean())
    if samples.size == 1:
        return Estimate(mean, 0.0, np.nan, np.nan, 1)
    error = float(standard_error(samples))
    reach = float(special.stdtrit(samples.size - 1, (1.0 + confidence) / 2)) * error
    return Estimate(mean, error, mean - reach, mean + reach, samples.size)
