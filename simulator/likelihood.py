"""Likelihood in calibrated words: those of the IPCC, used only where the whole interval of a probability bears them.

Mastrandrea and others (2010), Guidance Note for Lead Authors of the IPCC Fifth Assessment Report on Consistent
Treatment of Uncertainties, table 1. Probabilities are counted in simulated worlds; their intervals are those of Clopper
and Pearson.
"""

from dataclasses import dataclass

from simulator.demonstration import rate_bounds

CITATION = (
    "Mastrandrea and others (2010), Guidance Note for Lead Authors of the IPCC Fifth Assessment Report on Consistent "
    "Treatment of Uncertainties"
)
CONFIDENCE = 0.95
# The narrowest come first: of all terms that hold, the one that says most is used.
TERMS = (
    ("virtually certain", 0.99, 1.0),
    ("exceptionally unlikely", 0.0, 0.01),
    ("extremely likely", 0.95, 1.0),
    ("extremely unlikely", 0.0, 0.05),
    ("very likely", 0.90, 1.0),
    ("very unlikely", 0.0, 0.10),
    ("about as likely as not", 0.33, 0.66),
    ("unlikely", 0.0, 0.33),
    ("likely", 0.66, 1.0),
    ("more likely than not", 0.50, 1.0),
)


@dataclass(frozen=True, slots=True)
class Likelihood:
    """How often something happened in so many worlds, the 95 % interval of its probability, and the word for it.

    ``term`` is empty where the interval is too wide for any.
    """

    happened: int
    worlds: int
    low: float
    high: float
    term: str


def likelihood(happened: int, worlds: int) -> Likelihood:
    """Find the strongest term that holds over the whole interval of a probability. Raises ValueError where a count is
    impossible.
    """
    low, high = rate_bounds(worlds, happened, CONFIDENCE).interval
    return Likelihood(happened, worlds, low, high, term_of(low, high))


def term_of(low: float, high: float) -> str:
    """The narrowest term that has all probabilities from ``low`` to ``high``; empty where none has.

    "More likely than not" begins above 50 %: at 50 % exactly it says nothing.
    """
    for term, least, most in TERMS:
        if least <= low and high <= most and not (least == low == 0.5):
            return term
    return ""
