"""What fitted laws say: a table of all fits, sentences that no interval contradicts, and the block of a scenario."""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import optimize, special

from simulator.clocks import Array
from simulator.fit_curves import at_reference, law_curve
from simulator.fitting import LOGNORMAL, WEIBULL, Fit, log_share_left
from simulator.life_tests import LifeTests
from simulator.problems import printable
from simulator.wording import counted, duration, durations, listed, number, span

BATTERY, SELF_DESTRUCT = "battery", "self_destruct"
_TIME = {BATTERY: "life", SELF_DESTRUCT: "time"}
_ALIKE = 2.0
_NOTHING = 1e-7
# The most that a scenario takes.
_MOST_EV = 10.0
_WORTH_KEEPING = 0.02
_SHAPE = {WEIBULL: "shape", LOGNORMAL: "sigma"}
_SCALE = {WEIBULL: "scale", LOGNORMAL: "median"}


def fit_rows(fits: Sequence[Fit]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """A table with a row for each number of each fit, the best fit first: header and rows."""
    header = ("law", "number", "estimate", f"{100 * fits[0].confidence:g} % interval", "AIC above the least")
    rows: list[tuple[str, ...]] = []
    for place, one in enumerate(fits):
        for line, (label, value, low, high) in enumerate(_numbers(one)):
            above = number(one.information - fits[0].information, 2) if place else "0"
            rows.append(
                (called(one) if line == 0 else "", label, value, f"{low} to {high}", above if line == 0 else "")
            )
    return header, rows


def fit_sentences(fits: Sequence[Fit], tests: LifeTests, horizon_days: float) -> Iterator[str]:
    """Say how much was seen, which law fits best and how surely, and what the tests leave open."""
    working = round(tests.devices - tests.ends)
    seen = f"{tests.ends:,.0f} of {counted(round(tests.devices), 'device')} ended"
    yield (
        f"{seen}; {working:,} {'was' if working == 1 else 'were'} still working when the watching stopped."
        if working
        else f"{seen}."
    )
    best = fits[0]
    low, high = np.exp(best.intervals[0])
    centre = f"{duration(float(np.exp(best.parameters[0])))} ({durations(float(low), float(high))})"
    shape, *its = _shape(best)
    yield (
        f"Of the laws tried, {called(best)} fits best: {_SCALE[best.form.family]} {centre}, "
        f"{_SHAPE[best.form.family]} {number(shape)} ({span(*its)}); in brackets {100 * best.confidence:g} % intervals."
    )
    at = law_curve(best, tests, np.array([horizon_days]))
    left, *interval = (100.0 * float(its[0]) for its in (at.left, at.low, at.high))
    watched = float(at_reference(tests, best).days.max())
    beyond = "" if horizon_days <= watched else f"; no test went on for longer than {duration(watched)}"
    yield f"By it, {number(left)} % still work after {duration(horizon_days)} ({span(*interval)} %){beyond}."
    if near := not_told_apart(fits):
        names = listed([called(one) for one in near])
        yield f"The tests cannot tell it from {names}: AIC differs by less than {_ALIKE:g}."
        shares = [
            float(np.exp(log_share_left(one.form, one.parameters, np.array([horizon_days])))[0])
            for one in (best, *near)
        ]
        if max(shares) > 1.5 * min(shares):
            yield (
                f"What they disagree on is the tail: after {duration(horizon_days)}, "
                f"{span(100 * min(shares), 100 * max(shares))} % still work, by one or the other."
            )
    yield from _never_sentence(fits)
    yield "Tests hold for the conditions of the tests; the field may differ. No result is evidence that land is safe."


def not_told_apart(fits: Sequence[Fit]) -> list[Fit]:
    """The fits that the tests cannot tell from the best, which is the first."""
    return [one for one in fits[1:] if one.information - fits[0].information < _ALIKE]


def called(one: Fit) -> str:
    """The name of what was fitted."""
    name = {WEIBULL: "Weibull", LOGNORMAL: "lognormal"}[one.form.family]
    return f"{name}, some never end" if one.form.limited else name


def life_block(fits: Sequence[Fit], tests: LifeTests, device: str, file: str) -> str:
    """The block of a scenario: the law with what is not known of it as ``uncertainty``, to stand in a class of mines.

    Laws that the tests do not tell apart become ``one_of``, weighted by Akaike weights.
    """
    weights = np.exp(-0.5 * np.array([one.information - fits[0].information for one in fits]))
    kept = [(one, share) for one, share in zip(fits, weights / weights.sum(), strict=True) if _same_ends(one, fits[0])]
    kept = [(one, share) for one, share in kept if share > _WORTH_KEEPING] or [(fits[0], 1.0)]
    said = f"fitted to {tests.ends:,.0f} ends among {counted(round(tests.devices), 'device')}"
    lines = [f"# {said} in {printable(file)}", f"{device}:"]
    if len(kept) == 1:
        lines += [f"  {_TIME[device]}:", *_law(kept[0][0], said, "    ")]
    else:
        lines += [f"  {_TIME[device]}:", "    one_of:"]
        total = sum(share for _, share in kept)
        for one, share in kept:
            first, *others = _law(one, said, "        ")
            lines += [f"      - weight: {share / total:.4g}", first, *others]
    if fits[0].form.limited:
        lines.append(f"  failure: {_failure(fits[0], said)}")
    else:
        lines += [
            "  # These tests do not show a share that never ends. What they bound it to: minesim evidence",
            f"  # --tests {tests.devices:.0f} --failures K, K being those that would not have ended however long.",
        ]
    if fits[0].form.reference is not None:
        lines += _temperature(fits[0], said, device)
    return "\n".join(lines) + "\n"


def _law(one: Fit, said: str, indent: str) -> list[str]:
    scale, shape = float(np.exp(one.parameters[0])), _shape(one)[0]
    first = _lognormal(f"{scale:.6g} days", _sigma(one, 0), said)
    second = _lognormal(f"{shape:.6g}", _sigma(one, 1), said)
    return [
        f"{indent}{one.form.family}:",
        f"{indent}  {_SCALE[one.form.family]}: {first}",
        f"{indent}  {_SHAPE[one.form.family]}: {second}",
    ]


def _temperature(one: Fit, said: str, device: str) -> list[str]:
    if device != BATTERY:
        # The model's clock of this device is the calendar.
        return [f"  # This law holds at {one.form.reference:g} degC; scenarios know no temperature of {device}."]
    energy, *ends = np.clip([one.parameters[-1], *one.intervals[-1]], 0.0, _MOST_EV).tolist()
    uncertainty = f"{{uniform: [{ends[0]:.6g} eV, {ends[1]:.6g} eV]}}" if ends[0] < ends[1] else ""
    return [
        f"  activation_energy: {_sourced(f'{energy:.6g} eV', uncertainty, said)}",
        f"  reference_temperature: {one.form.reference:g} degC",
    ]


def _failure(one: Fit, said: str) -> str:
    """The share that never ends, its uncertainty a beta distribution with the quantiles of the interval."""
    never = float(special.expit(-one.parameters[2]))
    low, high = (float(special.expit(-edge)) for edge in one.intervals[2][::-1])
    a, b = _beta(low, high, one.confidence)
    return _sourced(f"{never:.6g}", f"{{beta: [{a:.5g}, {b:.5g}]}}", said)


def _beta(low: float, high: float, confidence: float) -> tuple[float, float]:
    """The beta distribution with an interval as its central quantiles; where the interval begins at 0, with a = 1/2 as
    in Jeffreys' prior and the upper quantile.
    """
    tail = 0.5 * (1.0 - confidence)
    high = min(high, 1.0 - 1e-9)
    if not low > 0:
        b = optimize.brentq(lambda b: special.betaincinv(0.5, np.exp(b), 1.0 - tail) - high, -5.0, 40.0)
        return 0.5, float(np.exp(b))

    def apart(logs: Array) -> Array:
        a, b = np.exp(np.clip(logs, -20.0, 40.0))
        found = special.betaincinv(a, b, np.array([tail, 1.0 - tail]))
        return np.asarray(special.logit(np.clip(found, 1e-300, 1 - 1e-16)) - special.logit(np.array([low, high])))

    centre = 0.5 * (special.logit(low) + special.logit(high))
    spread = (special.logit(high) - special.logit(low)) / (2.0 * -special.ndtri(tail))
    mean, weight = float(special.expit(centre)), 1.0 / spread**2
    start = np.log([weight / (1.0 - mean), weight / mean])
    a, b = np.exp(optimize.least_squares(apart, start, xtol=1e-12, ftol=1e-12, gtol=1e-12).x)
    return float(a), float(b)


def _never_sentence(fits: Sequence[Fit]) -> Iterator[str]:
    limited = [one for one in fits if one.form.limited]
    if not limited:
        return
    one = limited[0]
    low, high = (float(special.expit(-edge)) for edge in one.intervals[2][::-1])
    if not low > 0 or fits[0].form.limited is False:
        yield (
            f"Whether a share never ends is not settled: by {called(one)} it is at most {number(100 * high)} % "
            f"(upper end of the {100 * one.confidence:g} % interval); devices still working may be slow ones."
        )
        return
    value = number(100 * float(special.expit(-one.parameters[2])))
    yield f"By {called(one)}, {value} % never end ({span(100 * low, 100 * high)} %)."


def _numbers(one: Fit) -> Iterator[tuple[str, str, str, str]]:
    """The name, estimate and interval of each parameter, as people read them."""
    low, high = np.exp(one.intervals[0])
    yield f"{_SCALE[one.form.family]} [days]", number(float(np.exp(one.parameters[0])), 4), number(low), _end(high)
    shape, low, high = _shape(one)
    yield _SHAPE[one.form.family], number(shape, 4), number(low), _end(high)
    if one.form.limited:
        never = 100 * special.expit(-one.parameters[2])
        low, high = 100 * special.expit(-one.intervals[2][::-1])
        yield (
            "never end [%]",
            number(float(never), 4) if never > _NOTHING else "0",
            number(float(low)),
            number(float(high)),
        )
    if one.form.reference is not None:
        energy, (low, high) = one.parameters[-1], one.intervals[-1]
        yield "activation energy [eV]", number(float(energy), 4), number(float(low)), _end(high)


def _shape(one: Fit) -> tuple[float, float, float]:
    """A Weibull's shape or a lognormal's sigma, with its interval."""
    low, high = one.intervals[1]
    if one.form.family == WEIBULL:
        return float(np.exp(-one.parameters[1])), float(np.exp(-high)), float(np.exp(-low))
    return float(np.exp(one.parameters[1])), float(np.exp(low)), float(np.exp(high))


def _end(value: float) -> str:
    return number(float(value)) if np.isfinite(value) else "no limit"


def _same_ends(one: Fit, best: Fit) -> bool:
    return one.form.limited == best.form.limited


def _sigma(one: Fit, place: int) -> float:
    """The standard deviation of a normal distribution with a parameter's interval as its central quantiles; of an open
    interval the side that is closed counts twice, or a factor of 10.
    """
    centre = one.parameters[place]
    widths = [abs(edge - centre) for edge in one.intervals[place] if np.isfinite(edge)] or [np.log(10.0)]
    return float(np.mean(widths) / -special.ndtri(0.5 * (1.0 - one.confidence)))


def _lognormal(value: str, sigma: float, said: str) -> str:
    return _sourced(value, f"{{lognormal: {{median: {value}, sigma: {sigma:.4g}}}}}", said)


def _sourced(value: str, uncertainty: str, said: str) -> str:
    stated = f"uncertainty: {uncertainty}, " if uncertainty else ""
    return f"{{value: {value}, {stated}source: assumption, grade: low, note: {said}}}"
