"""What is not known, apart from chance: the same worlds under many parameter sets.

Knowledge is the spread of expected values over the sets; both together is the spread of all worlds played under all of
them. Chance is what is left at the values as they stand, and is found elsewhere.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from simulator.clocks import Array
from simulator.console import Progress
from simulator.ensemble import ALL, mine_names, quantities
from simulator.evaluation import Gathered, gather, read_record
from simulator.executor import Pool
from simulator.experiment import Plan
from simulator.fields import Keys
from simulator.joint_draws import refuse_torn_joints
from simulator.manifest import versions
from simulator.metrics import RISK_BELOW
from simulator.point_store import Store, curve_names, curve_of
from simulator.points import Point, Record, Study, world_of
from simulator.problems import InputError, Problem, input_error
from simulator.scenario_file import LoadedScenario
from simulator.statistics import PERCENTILES, Band, PairedDifference, standard_error
from simulator.uncertainty import UncertainInput, parameter_sets, settings_of, shared_inputs, uncertain_inputs
from simulator.variation import AS_IT_STANDS, varied
from simulator.world import World

OPTION = "--uncertain"
_RISK = "individual_risk"
_HIGHEST_RISK = "highest_individual_risk"


@dataclass(frozen=True, slots=True, eq=False)
class Spread:
    """A quantity over parameter sets: ``knowledge`` of its expected values, ``both`` of all worlds (None in closed
    form).
    """

    knowledge: Band
    both: Band | None


@dataclass(frozen=True, slots=True, eq=False)
class PairedSpread:
    """A paired difference to the reference over parameter sets, as Spread; ratios are those of expected values."""

    knowledge: PairedDifference
    both: PairedDifference | None


@dataclass(frozen=True, slots=True, eq=False)
class Knowledge:
    """What parameter sets do to one scenario: every curve by (mines, quantity) and every metric by name; against the
    reference, differences of curves by quantity and of metrics by name.

    ``noise`` is the share of each metric's knowledge variance that is Monte Carlo error of the sets' means.
    """

    inputs: tuple[UncertainInput, ...]
    sets: int
    failures: tuple[str, ...]
    curves: Mapping[tuple[str, str], Spread]
    metrics: Mapping[str, Spread]
    noise: Mapping[str, float]
    curve_differences: Mapping[str, PairedSpread]
    metric_differences: Mapping[str, PairedSpread]


@dataclass(frozen=True, slots=True, eq=False)
class Sets(Sequence[Point]):
    """The points of an uncertain run: each parameter set in each scenario.

    ``drawn_by`` names the columns of the ``coordinates`` [sets, inputs]: paths of inputs, or joints that several share.
    """

    study: Study
    inputs: tuple[tuple[UncertainInput, ...], ...]
    drawn_by: tuple[Keys, ...]
    coordinates: Array

    def __len__(self) -> int:
        return len(self.coordinates) * len(self.inputs)

    def __getitem__(self, index: int) -> Point:  # type: ignore[override]
        if not 0 <= index < len(self):
            raise IndexError(index)
        row, scenario = divmod(index, len(self.inputs))
        drawn = dict(zip(self.drawn_by, self.coordinates[row].tolist(), strict=True))
        return Point(scenario, settings_of(self.inputs[scenario], drawn), curves=True)


def parameter_points(loaded: Sequence[LoadedScenario], plan: Plan) -> Sets:
    """Draw the parameter sets of some scenarios.

    Raises InputError when nothing in them is uncertain, how far the curves run is, or draws of a joint do not pair.
    """
    drawn_by = tuple(shared_inputs(loaded))
    if not drawn_by:
        message = (
            "no number of the scenario has an 'uncertainty' and none is 'one_of' several; give one, as in "
            "{value: 5 %, uncertainty: {uniform: [1 %, 10 %]}, source: …}, or leave the option out"
        )
        raise input_error(message, path=OPTION)
    study = Study(tuple(loaded), plan.method, curves=None, with_errors=False, versions=versions())
    inputs = tuple(tuple(uncertain_inputs(one)) for one in loaded)
    refuse_torn_joints(loaded)
    ends = [one.place(["horizon"]) for one, its in zip(loaded, inputs, strict=True) if _has_path(its, "horizon")]
    if ends:
        message = f"is uncertain, but with {OPTION} the curves of all sets must end on the same day"
        raise InputError([Problem(mark, "horizon", message) for mark in ends])
    return Sets(study, inputs, drawn_by, parameter_sets(len(drawn_by), plan.uncertain, loaded[0].scenario.seed))


def _has_path(inputs: Sequence[UncertainInput], *path: str) -> bool:
    return any(one.path == path for one in inputs)


def learn(points: Sets, replicates: int, store: Store, pool: Pool, progress: Progress) -> list[Knowledge]:
    """Play every scenario under every parameter set and say what that leaves open, for each scenario."""
    gathered = gather(points.study, points, replicates, store, pool, progress)
    size = len(points.inputs)
    rows = [row for row in range(len(points.coordinates)) if all(gathered.keys[row * size + s] for s in range(size))]
    # One reason for each set that has one or more, in the order of the sets, whichever was known first.
    by_set = {index // size: gathered.failures[index] for index in sorted(gathered.failures, reverse=True)}
    failures = tuple(by_set[row] for row in sorted(by_set))
    if len(rows) < 2:
        reason = failures[0] if failures else "too few"
        raise input_error(f"fewer than two parameter sets could be computed: {reason}", path=OPTION)
    reader = _Reader(points, gathered, store, rows)
    worlds = [world_of(points.study, varied(loaded, AS_IT_STANDS)) for loaded in points.study.scenarios]
    return [_knowledge(reader, worlds, scenario, failures) for scenario in range(size)]


@dataclass(frozen=True, slots=True, eq=False)
class _Reader:
    """Reads one curve, or all metrics, of all parameter sets: expected values [N, ...] and worlds [N, n, ...]."""

    points: Sets
    gathered: Gathered
    store: Store
    rows: Sequence[int]

    def curves(self, scenario: int, name: tuple[str, str]) -> tuple[Array, Array]:
        """Expected values [N, T] and played values [N, n, T]."""
        pairs = [self._curve(self.gathered.keys[index] or "", name) for index in self._indices(scenario)]
        return np.array([mean for mean, _ in pairs]), np.array([played for _, played in pairs])

    def _curve(self, key: str, name: tuple[str, str]) -> tuple[Array, Array]:
        """Expected values [T] and played values [n, T] of one set; where nobody ever is, nobody is at risk."""
        one = curve_of(self.store, key, name, self.gathered.replicates)
        if one is not None:
            return one.mean, one.played
        names = curve_names(self.store, key)
        if name[1] != _RISK or name in names or not names:
            raise input_error("a point was taken out of the store while it was read; run the command again")
        mean, played = self._curve(key, names[0])
        return np.zeros_like(mean), np.zeros_like(played)

    def metrics(self, scenario: int) -> Iterator[tuple[str, Array, Array]]:
        """Name, estimates [N, n] and played values [N, n] of each metric that every set has."""
        records = [read_record(self.store, self.gathered, index) for index in self._indices(scenario)]
        whole = [record for record in records if record is not None]
        if len(whole) < len(records):
            raise input_error("a point was taken out of the store while it was read; run the command again")
        for name in dict.fromkeys(name for record in whole for name in record.metrics):
            if all(name in record.metrics or _is_no_risk(name, record) for record in whole):
                estimates, played = (
                    np.array([_column(record, which, name) for record in whole]) for which in ("estimate", "played")
                )
                yield name, estimates, played

    def _indices(self, scenario: int) -> list[int]:
        size = len(self.points.inputs)
        return [row * size + scenario for row in self.rows]


def _is_no_risk(name: str, record: Record) -> bool:
    """Whether a metric is one of risk that a set does not have because nobody ever is there."""
    return (name == _HIGHEST_RISK or name.startswith(RISK_BELOW)) and _HIGHEST_RISK not in record.metrics


def _column(record: Record, which: str, name: str) -> Array:
    """Values [n] of a metric; of a risk that is none, 0: it is always below every threshold."""
    values: Array = getattr(record, which)
    return values[:, record.column(name)] if name in record.metrics else np.zeros(values.shape[0])


def _knowledge(reader: _Reader, worlds: Sequence[World], scenario: int, failures: tuple[str, ...]) -> Knowledge:
    world, reference = worlds[scenario], worlds[0]
    exact = reader.points.study.exact
    curves, differences = {}, {}
    for mines in mine_names(world):
        for quantity in quantities(world, mines):
            means, played = reader.curves(scenario, (mines, quantity))
            curves[mines, quantity] = _spread(means, played, exact=exact)
            if scenario > 0 and mines == ALL and quantity in quantities(reference):
                before = reader.curves(0, (ALL, quantity))
                differences[quantity] = _paired_spread(before, (means, played), exact=exact)
    metrics, metric_differences, noise = {}, {}, {}
    of_reference = {name: (est, played) for name, est, played in reader.metrics(0)} if scenario > 0 else {}
    for name, estimates, played in reader.metrics(scenario):
        # A mean of times of which some are infinite says nothing: the median of a set's worlds does.
        means = estimates.mean(axis=1) if np.isfinite(estimates).all() else np.median(estimates, axis=1)
        metrics[name] = _spread(means, played, exact=exact)
        noise[name] = _noise(estimates)
        if name in of_reference and np.isfinite(estimates).all() and np.isfinite(of_reference[name][0]).all():
            before = of_reference[name][0].mean(axis=1), of_reference[name][1]
            metric_differences[name] = _paired_spread(before, (means, played), exact=exact)
    return Knowledge(
        reader.points.inputs[scenario], len(reader.rows), failures, curves, metrics, noise, differences,
        metric_differences,
    )  # fmt: skip


def _spread(means: Array, played: Array, *, exact: bool) -> Spread:
    """Summarise expected values [N, ...] and worlds [N, n, ...]; the error of the mean is that of N random sets, which
    a Sobol' sequence does not exceed.
    """
    worlds = None if exact else played.reshape(-1, *played.shape[2:])
    with np.errstate(invalid="ignore"):
        mean = means.mean(axis=0)
        error = standard_error(means) if np.isfinite(means).all() else np.full(mean.shape, np.nan)
    return Spread(
        Band(mean, error, *_quantiles(means), replicates=means.shape[0]),
        None if worlds is None else Band(mean, error, *_quantiles(worlds), replicates=worlds.shape[0]),
    )


def _paired_spread(before: tuple[Array, Array], after: tuple[Array, Array], *, exact: bool) -> PairedSpread:
    means = after[0] - before[0]
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(before[0] > 0, after[0] / before[0], np.nan)
        ratio = np.where(before[0].mean(axis=0) > 0, after[0].mean(axis=0) / before[0].mean(axis=0), np.nan)
    low, _, high = _quantiles(ratios)

    def paired(values: Array) -> PairedDifference:
        p05, _, p95 = _quantiles(values)
        unknown = np.full(ratio.shape, np.nan)
        mean = np.asarray(means.mean(axis=0))
        return PairedDifference(mean, standard_error(means), p05, p95, ratio, low, high, unknown, unknown)

    worlds = None if exact else (after[1] - before[1]).reshape(-1, *after[1].shape[2:])
    return PairedSpread(paired(means), None if worlds is None else paired(worlds))


def _quantiles(values: Array) -> tuple[Array, Array, Array]:
    """The 5th, 50th and 95th percentile over the first axis; values that are infinite have their place in the order."""
    finite = np.isfinite(values).all(axis=0)
    nearest = np.quantile(values, PERCENTILES, axis=0, method="nearest")
    between = np.quantile(np.where(finite, values, 0.0), PERCENTILES, axis=0)
    p05, p50, p95 = np.where(finite, between, nearest)
    return p05, p50, p95


def _noise(estimates: Array) -> float:
    """The share of the variance of the sets' means that is their Monte Carlo error."""
    sets, n = estimates.shape
    if n < 2 or not np.isfinite(estimates).all():
        return 0.0
    between = float(estimates.mean(axis=1).var(ddof=1))
    return min(float(estimates.var(axis=1, ddof=1).mean() / n) / between, 1.0) if between > 0 and sets > 1 else 0.0
