"""What stands in a scenario as a time law: each form is read, each slip named with its rule, value and place."""

import pytest
from building import fixed, gamma, lognormal, normal, piecewise, uniform, weibull
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter, ValidationError

from simulator.laws import Exponential, Never, TimeLaw
from simulator.schema import json_schema

LAW = TypeAdapter(TimeLaw)
EXAMPLE = "such as {weibull: {shape: 4, scale: 81.9 days}}"
DAY = "1 day"


def problems(data):
    """Every problem of a law: its path below the law and its text."""
    with pytest.raises(ValidationError) as caught:
        LAW.validate_python(data)
    found = []
    for error in caught.value.errors():
        if error["type"] == "parts":
            found += [(*error["loc"], *path, text) for path, text in error["ctx"]["parts"]]
        else:
            found.append((*error["loc"], error["msg"]))
    return found


@pytest.mark.parametrize(
    ("data", "law"),
    [
        ("14 days", fixed(14)),
        ("0 days", fixed(0)),
        ({"value": "2 weeks", "source": "assumption", "note": "for a test"}, fixed(14)),
        ("never", Never()),
        ({"exponential": {"mean": "50 days"}}, Exponential(mean="50 days")),
        ({"weibull": {"shape": 4, "scale": "81.9 days"}}, weibull(4, 81.9)),
        ({"lognormal": {"median": "30 days", "sigma": 0.5}}, lognormal(30, 0.5)),
        ({"gamma": {"shape": 2, "scale": DAY}}, gamma(2, 1)),
        ({"normal": {"mean": "0 days", "sd": DAY}}, normal(0, 1)),
        ({"uniform": {"low": "0 days", "high": "10 days"}}, uniform(0, 10)),
        ({"piecewise": [["0 days", 1], ["2 days", 1], ["5 days", 0]]}, piecewise((0, 1), (2, 1), (5, 0))),
        ({"piecewise": [["2 days", 0.3]]}, piecewise((2, 0.3))),
    ],
)
def test_every_form_of_a_law_is_read(data, law):
    found = LAW.validate_python(data)
    assert type(found) is type(law)
    assert found == law


@pytest.mark.parametrize(
    "data",
    [
        {"exponential": {"mean": "0 days"}}, {"weibull": {"shape": 1, "scale": "0 days"}},
        {"weibull": {"shape": 0, "scale": DAY}}, {"lognormal": {"median": "0 days", "sigma": 1}},
        {"lognormal": {"median": DAY, "sigma": 0}}, {"gamma": {"shape": 1, "scale": "0 days"}},
        {"gamma": {"shape": 0, "scale": DAY}}, {"normal": {"mean": DAY, "sd": "0 days"}},
        {"uniform": {"low": "0 days", "high": "0 days"}},
    ],
    ids=str,
)  # fmt: skip
def test_what_must_be_above_zero_may_not_be_zero(data):
    (problem,) = problems(data)
    assert problem[-1].startswith("must be above 0")


@pytest.mark.parametrize("shape", [1.5, 40])
def test_shapes_and_sigmas_may_be_above_one(shape):
    for data in ({"weibull": {"shape": shape, "scale": DAY}}, {"gamma": {"shape": shape, "scale": DAY}}):
        assert LAW.validate_python(data).shape == shape
    assert LAW.validate_python({"lognormal": {"median": DAY, "sigma": shape}}).sigma == shape


PARAMETERS = {
    "exponential": "mean: …", "weibull": "shape: …, scale: …", "lognormal": "median: …, sigma: …",
    "gamma": "shape: …, scale: …", "normal": "mean: …, sd: …", "uniform": "low: …, high: …",
}  # fmt: skip


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_law_by_name_alone_is_told_its_parameters(name):
    for data in (name, f" {name.upper()} ", {name: None}):
        text = f"the time law '{name}' needs its parameters, as in {{{name}: {{{PARAMETERS[name]}}}}}"
        assert problems(data) == [(text,)]


def test_piecewise_by_name_alone_is_told_its_form():
    for data in ("piecewise", {"piecewise": None}):
        text = "the time law 'piecewise' needs its parameters, as in {piecewise: [[time, share still working], …]}"
        assert problems(data) == [(text,)]


@pytest.mark.parametrize(
    ("data", "got"),
    [("soon", "'soon'"), ("Never", "'Never'"), (None, "nothing"), (True, "true"), ([1], "a list of 1")],
)
def test_what_is_no_law_is_told_what_one_looks_like(data, got):
    assert problems(data) == [(f"must be a duration such as 14 days, never, or a time law {EXAMPLE}; got {got}",)]


def test_exactly_one_law_is_named():
    both = {"gamma": {"shape": 1, "scale": DAY}, "normal": None}
    assert problems(both) == [("must name exactly one time law, got gamma, normal",)]
    assert problems({}) == [("must name exactly one time law, got nothing",)]


def test_a_duration_keeps_the_rules_of_durations():
    assert problems("-1 days") == [("must be at least 0 days, got -1 days",)]
    assert "needs a unit" in problems("14")[0][0]
    assert "unknown unit 'moons'" in problems("5 moons")[0][0]
    assert "needs a unit" in problems(14)[0][0]


def test_a_uniform_law_rises():
    for low in ("10 days", "11 days"):
        found = problems({"uniform": {"low": low, "high": "10 days"}})
        assert found == [("uniform", "low", "must be below 'high'")]


def test_a_piecewise_law_names_every_pair_that_breaks_a_rule():
    def of(*pairs):
        return [problem[1:] for problem in problems({"piecewise": list(pairs)})]

    assert of() == [("needs at least one pair [time, share still working]",)]
    rise, fall = "times must rise from pair to pair", "shares still working must not rise from pair to pair"
    assert of(["1 day", 0.5], ["1 day", 0.5], ["3 days", 0.6], ["2 days", 0.7]) == [
        (1, 0, rise), (2, 1, fall), (3, 0, rise), (3, 1, fall),
    ]  # fmt: skip
    assert of(["0 days", 0.9], ["1 day", 0.5]) == [(0, 1, "the share still working at time 0 must be 1")]
    pair = "must be a pair [time, share still working], got "
    assert of(["1 day", 0.5], 3, ["2 days"], ["2 days", 0.1, 0]) == [
        (1, f"{pair}3"), (2, f"{pair}a list of 1"), (3, f"{pair}a list of 3"),
    ]  # fmt: skip
    text = "must be a list of pairs [time, share still working], got 'x'"
    assert problems({"piecewise": "x"}) == [("piecewise", text)]


def test_an_editor_is_told_that_a_piecewise_law_is_a_list_of_pairs():
    schema = json_schema()
    valid = Draft202012Validator(schema["$defs"]["SelfDestruct"]["properties"]["time"] | {"$defs": schema["$defs"]})
    pair = ["1 day", 0.5]
    for points, fits in (([], False), ([pair], True), ([pair, pair], True), ([pair[:1]], False), ([[*pair, 1]], False)):
        assert valid.is_valid({"piecewise": points}) == fits, points
