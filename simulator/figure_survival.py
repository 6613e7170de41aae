"""Tests of how long devices last, and the laws fitted to them: the share still working over age."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from simulator.clocks import Array
from simulator.figure_labels import EndLabel, label_ends
from simulator.figure_style import (
    GREY,
    NORMAL,
    SMALL,
    even_time,
    house_style,
    inches_along,
    line_look,
    logarithmic_axis,
    number_axis,
    panel_size,
    sheet,
    style_of,
    text_width,
    write_above,
)  # fmt: skip
from simulator.figure_wording import DISCLAIMER
from simulator.fit_curves import LawCurve, at_reference, law_curve
from simulator.fit_words import called, not_told_apart
from simulator.fitting import Fit
from simulator.life_tests import LifeTests
from simulator.survival_curve import Steps, survival_steps
from simulator.wording import counted, duration, listed, number, span

STEM = "survival"

_ROWS, _HEADS = (2.6, 2.2), (0.62, 0.3)
_POINTS = 200
_BEYOND = 1.06
_LEAST_SHARE = 1e-6
_MOST_TICKS = 200


def survival_figure(fits: Sequence[Fit], tests: LifeTests, after_days: float) -> Figure:
    """Draw the steps of the tests, and over them the laws that fit best (``fits``, the best first) with their bands, on
    an even and on a logarithmic scale; ``after_days`` is the age that is marked and said.
    """
    best = fits[0]
    shown = at_reference(tests, best)
    steps = survival_steps(shown, best.confidence)
    watched = float(shown.days.max())
    end = _BEYOND * max(watched, after_days)
    days = np.unique(np.append(np.linspace(0.0, end, _POINTS)[1:], after_days))
    curves = [law_curve(one, tests, days) for one in (best, *not_told_apart(fits))]
    with house_style():
        figure, panels = sheet(_title(curves[0], after_days), _footer(fits, curves, steps), _ROWS, _HEADS)
        for place, axes in enumerate(panels):
            unit = even_time(axes, end, "the device started")
            if place == 0:
                number_axis(axes, "Share still working [%]", 0.0, 102.0)
            else:
                logarithmic_axis(axes, "Share still working [%]", _floor(curves, after_days), 50.0)
            _draw_steps(axes, steps, watched, unit, place)
            if place == 0:
                _draw_unended(axes, shown, steps, unit)
            for law, curve in enumerate(curves):
                _draw_law(axes, curve, unit, law, place)
            _mark(axes, ((watched, "last test"), (after_days, duration(after_days))), unit, words=place == 0)
        label_ends(panels[0], _upper_labels(curves, tests, steps))
        label_ends(panels[1], [_lower_label(curve, after_days, law) for law, curve in enumerate(curves)])
        write_above(panels[0], "All of it", 0.38, size=NORMAL, weight="bold")
        write_above(panels[1], "The last few (logarithmic)", 0.07, size=NORMAL, weight="bold")
    return figure


def _title(curve: LawCurve, after_days: float) -> str:
    return f"After {duration(after_days)}, {_share_words(curve, after_days)} of the devices still work, by the best fit"


def _share_words(curve: LawCurve, after_days: float) -> str:
    place = int(np.searchsorted(curve.days, after_days))
    left, low, high = (100.0 * float(its[place]) for its in (curve.left, curve.low, curve.high))
    return f"{number(left)} % ({span(low, high)} %)"


def _footer(fits: Sequence[Fit], curves: Sequence[LawCurve], steps: Steps) -> str:
    between = bool((steps.since_days < steps.days).any())
    method = "Turnbull's estimate; dotted where the fall lies between two looks" if between else "Kaplan and Meier"
    level = f"{100 * fits[0].confidence:g} %"
    texts = [
        f"Steps: share still working in the tests ({method}), thin steps {level} intervals at each age; ticks: devices "
        f"still working when the watching stopped. Lines: fitted laws, bands {level} profile-likelihood intervals at "
        "each age; beyond the last test they rest on the law alone."
    ]
    if fits[0].form.reference is not None:
        texts.append(f"Times are brought to {fits[0].form.reference:g} °C by the activation energy of the best fit.")
    if left_out := [one for one in fits if all(one is not curve.fit for curve in curves)]:
        names = [f"{called(one)} (AIC {one.information - fits[0].information:.1f} above)" for one in left_out]
        texts.append(f"Not drawn, as others fit clearly better: {listed(names)}.")
    return f"{' '.join(texts)} {DISCLAIMER}"


def _floor(curves: Sequence[LawCurve], after_days: float) -> float:
    """Where the logarithmic axis begins [%]: below what the laws leave at the age that is marked."""
    least = min(float(curve.low[np.searchsorted(curve.days, after_days)]) for curve in curves)
    return float(100.0 * 10.0 ** np.floor(np.log10(min(max(least, _LEAST_SHARE), 0.09))))


def _draw_steps(axes: Axes, steps: Steps, watched: float, unit: float, panel: int) -> None:
    """Draw the estimate as steps, slanted and dotted where the fall lies between two looks, and its interval as thin
    steps.
    """
    before = np.concatenate(([1.0], steps.left[:-1]))
    between = steps.since_days < steps.days
    # A point after each fall, so that what lies between two looks is left out of the line.
    gaps = np.where(between, np.nan, before)
    x = np.concatenate(([0.0], np.column_stack((steps.since_days, steps.days, steps.days)).ravel(), [watched])) / unit
    y = np.concatenate(([1.0], np.column_stack((before, gaps, steps.left)).ravel(), steps.left[-1:]))
    axes.plot(x, _shown(y, panel), gid=f"tests-{panel}", **line_look(style_of(0)))
    if between.any():
        ends = [np.column_stack((first, last, np.full(first.size, np.nan)))[between].ravel()
                for first, last in ((steps.since_days / unit, steps.days / unit), (before, steps.left))]  # fmt: skip
        axes.plot(ends[0], _shown(ends[1], panel), color="black", linewidth=1.3, linestyle=":", gid=f"between-{panel}")
    there = np.append(np.repeat(steps.days, 2)[1:], watched) / unit
    for name, edge in (("low", steps.low), ("high", steps.high)):
        axes.plot(there, _shown(np.repeat(edge, 2), panel), color=GREY, linewidth=0.8, gid=f"tests-{name}-{panel}")


def _shown(shares: Array, panel: int) -> Array:
    """Shares in percent; none has no place on a logarithmic scale."""
    return np.asarray(100.0 * np.where(shares > 0, shares, np.nan if panel else shares))


def _draw_unended(axes: Axes, tests: LifeTests, steps: Steps, unit: float) -> None:
    """Tick the ages at which devices were left still working."""
    ages = np.unique(tests.days[~tests.ended])
    if not 0 < ages.size <= _MOST_TICKS:
        return
    left = np.concatenate(([1.0], steps.left))[np.searchsorted(steps.days, ages, side="right")]
    look: dict[str, Any] = {"color": "black", "linestyle": "none", "marker": "|", "markersize": 9}
    axes.plot(ages / unit, 100.0 * left, gid="still-working", **look)


def _draw_law(axes: Axes, curve: LawCurve, unit: float, law: int, panel: int) -> None:
    style = style_of(law + 1)
    x, floor = curve.days / unit, axes.get_ylim()[0] / 10.0 if panel else 0.0
    low, left, high = (np.maximum(100.0 * its, floor) for its in (curve.low, curve.left, curve.high))
    look: dict[str, Any] = {"facecolor": (style.colour, 0.15), "edgecolor": style.colour, "linewidth": 0.5}
    axes.fill_between(x, low, high, gid=f"band-{law}-{panel}", **look)
    axes.plot(x, left, gid=f"law-{law}-{panel}", **line_look(style))


def _mark(axes: Axes, marks: Sequence[tuple[float, str]], unit: float, *, words: bool) -> None:
    """Draw thin lines at ages, with words above the panel on as many lines as keep them apart."""
    marks = sorted(marks)
    across, free_from, row = panel_size(axes)[0], -1.0, 0
    for (age, text), x in zip(marks, inches_along(axes, np.array([age for age, _ in marks]) / unit), strict=True):
        axes.axvline(age / unit, color=GREY, linewidth=0.8, linestyle=(0, (2, 2)), zorder=1.5)
        if not words:
            continue
        start = min(float(x), across - text_width(text, SMALL))
        row = row + 1 if start < free_from else 0
        write_above(axes, text, 0.04 + 0.16 * row, start / across, size=SMALL, color=GREY)
        free_from = start + text_width(text, SMALL) + 0.1


def _upper_labels(curves: Sequence[LawCurve], tests: LifeTests, steps: Steps) -> list[EndLabel]:
    seen = f"{number(tests.ends)} of {counted(round(tests.devices), 'device')} ended"
    best = curves[0].fit.information
    labels = [EndLabel(100.0 * float(steps.left[-1]), "the tests themselves", seen, style_of(0))]
    for law, curve in enumerate(curves):
        behind = curve.fit.information - best
        said = f"AIC {behind:.1f} above the best" if law else "fits best"
        labels.append(EndLabel(100.0 * float(curve.left[-1]), called(curve.fit), said, style_of(law + 1)))
    return labels


def _lower_label(curve: LawCurve, after_days: float, law: int) -> EndLabel:
    left: Array = 100.0 * curve.left
    said = f"{_share_words(curve, after_days)} after {duration(after_days)}"
    return EndLabel(float(left[-1]), called(curve.fit), said, style_of(law + 1))
