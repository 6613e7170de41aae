"""The hindcast: its commands run, its page tells what they found, and nothing else is tuned on it."""

import csv
import re
from datetime import date

import pytest
from documents import ROOT, followed, with_shipped_scenarios
from hindcast import COUNTRIES, PAGE, predicted, rows_of, sections, summary, tables, verdict

from simulator.casualty_record import read_record
from simulator.evidence import sourced_values
from simulator.scenario_file import load

FOLDER = ROOT / "scenarios" / "hindcast"
TEXT = PAGE.read_text(encoding="utf-8")

# As typed from the publications (see sources.yaml there), not from the files.
BOSNIA = [662, 290, 149, 95, 100, 87, 72, 54, 43, 19, 35, 30, 39, 28, 14, 22]
CROATIA = {1998: 77, 1999: 51, 2000: 20, 2002: 29, 2004: 19, 2005: 20, 2006: 12, 2008: 9, 2009: 7, 2010: 7, 2011: 6,
           2014: 2, 2015: 3, 2016: 7, 2017: 0}  # fmt: skip


def record(name):
    loaded = load(FOLDER / f"{name}.yaml")
    text = (FOLDER / f"{name}.csv").read_text(encoding="utf-8")
    return read_record(text, name, loaded.scenario.start, loaded.scenario.horizon)


def test_the_records_are_those_of_the_publications():
    bosnia, croatia = record("bosnia"), record("croatia")
    assert bosnia.casualties.tolist() == BOSNIA
    assert [day.year for day in bosnia.starts] == [*range(1996, 2012)]
    assert dict(zip([day.year for day in croatia.starts], croatia.casualties.tolist(), strict=True)) == CROATIA
    assert [day.year for day, bound in zip(croatia.starts, croatia.at_most, strict=True) if bound] == [2004]
    assert croatia.ends[2] == date(2000, 11, 7)


@pytest.mark.parametrize("name", COUNTRIES)
def test_no_number_of_another_scenario_is_taken_from_the_hindcast(name):
    # What is fitted begins at the judgement of the shared world, and no other file names the folder or its sources.
    shared = load(ROOT / "scenarios" / "treaty-limit.yaml").scenario.civilians.accident_rate
    assert load(FOLDER / f"{name}.yaml").scenario.civilians.accident_rate == shared
    keys = re.findall(r"^([a-z0-9-]+):$", (FOLDER / "sources.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(keys) > 8
    for path in (ROOT / "scenarios").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        assert "hindcast" not in text
        assert [key for key in keys if f"source: {key}\n" in text] == []


@pytest.mark.parametrize("name", COUNTRIES)
def test_every_number_of_the_fitted_worlds_is_an_assumption(name):
    values = list(sourced_values(load(FOLDER / f"{name}.yaml").tree))
    assert len(values) > 4
    assert {value.source for value in values} == {"assumption"}
    assert all(value.note for value in values)


def test_every_row_of_a_record_names_its_source():
    known = (FOLDER / "sources.yaml").read_text(encoding="utf-8")
    for name in COUNTRIES:
        with (FOLDER / f"{name}.csv").open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                assert f"\n{row['source']}:\n" in known


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    folder = with_shipped_scenarios(tmp_path_factory.mktemp("hindcast"))
    assert followed(TEXT, folder) == len(COUNTRIES)
    return folder / "results"


@pytest.mark.slow
@pytest.mark.parametrize("name", COUNTRIES)
def test_the_page_has_the_numbers_that_its_commands_find(results, name):
    shown, found = (text.strip().split("\n\n") for text in (sections(TEXT)[name], tables(results / name)))
    # Estimates and profile intervals have no randomness.
    assert shown[0] == found[0]
    # Predictions rest on draws, which differ from processor to processor as rounding does: an error of 1,000 effective
    # draws or more in a quantile is below a tenth of the interval.
    for before, after in zip(rows_of(shown[1]), rows_of(found[1]), strict=True):
        assert before[:2] == after[:2]
        width = max(int(after[3].split(" to ")[1]) - int(after[3].split(" to ")[0]), 10)
        for one, other in zip(re.findall(r"\d+", " ".join(before[2:4])), re.findall(r"\d+", " ".join(after[2:4])),
                              strict=True):  # fmt: skip
            assert abs(int(one) - int(other)) <= 0.1 * width
        assert [float(cell) for cell in before[4:]] == pytest.approx([float(cell) for cell in after[4:]], abs=0.5)
    for before, after in zip(rows_of(shown[2]), rows_of(found[2]), strict=True):
        assert before[0] == after[0]
        assert float(before[1]) == pytest.approx(float(after[1]), abs=0.1)
        assert before[2].rpartition(", ")[2] == after[2].rpartition(", ")[2]


@pytest.mark.slow
def test_what_the_page_says_of_the_predictions_is_so(results):
    bosnia, croatia = (summary(results / name)["prediction"] for name in COUNTRIES)
    assert (bosnia["within_90_percent"], bosnia["periods"]) == (7, 8)
    assert (croatia["within_90_percent"], croatia["periods"]) == (10, 10)
    assert [verdict(one) for one in bosnia["log_score_against"]] == ["not settled", "not settled"]
    assert [verdict(one) for one in croatia["log_score_against"]] == ["better", "better"]
    outside = [row["from"][:4] for row in predicted(results / "bosnia")
               if not float(row["p05"]) <= float(row["observed"]) <= float(row["p95"])]  # fmt: skip
    assert outside == ["2005"]
