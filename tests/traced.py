"""A small scenario in which every number is traced, and changes of it that are not."""

from scenario_texts import changed, written

from simulator.source_check import check_files

TRACED = """\
title: 60 mines in a valley
start: 2024-12-01
horizon: 400 days
region:
  rectangle: {width: 3 km, height: 2 km}   # invented
  cell: 1 km
mines:
  old:
    count: 60              # a round number
    laid: 2024-12-01
    arming_failure:
      one_of:
        - {weight: 2, value: 4 %}
        - {weight: 1, value: 6 %}
      source: own-count
      grade: low
      note: Table 2, two ways of counting.
    self_destruct:
      time: {value: 15 days, source: dod-news-1998, grade: moderate, note: REL-TIMES. The longest.}
      failure: {value: 10 %, source: ccw-apii-1996, grade: high, note: LAW-SD10. At the limit.}
civilians:
  density: {value: 14 per km2, source: ukrstat-2019, grade: moderate, note: POP-DEN. Rural.}
  accident_rate:
    value: 1.4e-4 per mine-year
    uncertainty: {loguniform: [3.5e-5 per mine-year, 7e-4 per mine-year]}
    source: assumption
    grade: low
    note:
      "CAL-MINEYR. Judged on casualties
      in several countries (UA-INC)."
  reference_density: {value: 14 per km2, source: assumption, grade: low, note: As the density.}
  casualties_per_accident: {value: 1.5, source: own-count, grade: low, note: Table 3.}
  # Counted for each month (own-count), as UA-ACT suggests.
  season: [0.3, 0.4, 0.9, 1.6, 1.7, 1.4, 1.3, 1.3, 1.3, 1.0, 0.5, 0.3]
thresholds:
  - {value: 1e-4 per year, source: hse-2001, grade: moderate, note: TOL-HSE. For people.}
sources:
  own-count: {title: A count of our own, year: 2025}
"""


def checked(folder, *replacements, text=TRACED):
    """Check the scenario with changes made to it; each is an (old, new) pair of texts."""
    return check_files([written(folder, changed(text, *replacements))])


def pointed_at(problem):
    """The text that a problem points at."""
    mark = problem.mark
    line = mark.lines[mark.line]
    return line[mark.column : mark.end_column if mark.end_line == mark.line else len(line)]
