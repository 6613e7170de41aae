"""Every key of scenario files has advice: how to obtain its value, and a caution; the reference page shows it."""

import re
from collections import Counter

import pytest
from documents import ROOT

from simulator.cli import cli
from simulator.glossary import every_key, explanation
from simulator.guidance import LAW, SOURCED, UNCERTAINTY, advice_on, all_advice, entry_of
from simulator.laws import LawMapping
from simulator.quantities import SOURCED_KEYS
from simulator.reference_page import reference_page
from simulator.scenario_file import shipped_scenarios
from simulator.uncertainty_rules import UNCERTAINTIES

KEYS = list(every_key())
# 'never' is written as a word, 'one_of' stands in place of any number.
PARTS = {f"{SOURCED}.{key}" for key in SOURCED_KEYS} | {f"{UNCERTAINTY}.{kind}" for kind in (*UNCERTAINTIES, "one_of")}
PAGE = reference_page()


@pytest.mark.parametrize("key", KEYS)
def test_every_key_has_a_way_to_obtain_it_and_a_caution_and_explain_shows_both(key):
    advice = advice_on(key)
    assert advice is not None
    lines = explanation(key).splitlines()
    assert f"  how to obtain it: {advice.obtain}" in lines
    assert f"  caution: {advice.caution}" in lines


@pytest.mark.parametrize("entry", all_advice())
def test_advice_is_whole_sentences_of_substance(entry):
    advice = all_advice()[entry]
    for text in (advice.obtain, advice.caution):
        assert len(text.split()) >= 5, text
        assert text[0].isupper() or text[0].isdigit()
        assert text.endswith(".")
    assert advice.obtain != advice.caution


def test_no_two_pieces_of_advice_are_alike():
    texts = Counter(text for advice in all_advice().values() for text in (advice.obtain, advice.caution))
    assert [text for text, count in texts.items() if count > 1] == []


def test_every_verb_and_scenario_that_advice_names_exists():
    texts = " ".join(text for advice in all_advice().values() for text in (advice.obtain, advice.caution))
    verbs, files = set(re.findall(r"minesim (\w+)", texts)), set(re.findall(r"[\w-]+\.yaml", texts))
    assert verbs <= set(cli.commands)
    assert {"evidence", "fit"} <= verbs
    assert files <= {path.name for path in shipped_scenarios().glob("*.yaml")}


def test_there_is_no_advice_on_a_key_that_does_not_exist():
    assert set(all_advice()) == {entry_of(key) for key in KEYS} | PARTS


def test_the_parameters_of_a_law_have_the_same_advice_wherever_the_law_stands():
    holders = ("mines.NAME.self_destruct.time", "mines.NAME.battery.life", "mines.NAME.ageing")
    assert {entry_of(f"{holder}.weibull.shape") for holder in holders} == {f"{LAW}.weibull.shape"}
    assert {f"{LAW}.{name}" for name in LawMapping.model_fields} <= set(all_advice())
    # Words that also name a law or a part of a sourced value have advice of their own where they are keys.
    assert entry_of("mines.NAME.placement.uniform") == "mines.NAME.placement.uniform"
    assert entry_of("sources.NAME.note") == "sources.NAME.note"
    assert entry_of("mines.NAME.battery.failure.note") == f"{SOURCED}.note"


def test_what_is_no_key_has_no_advice():
    assert advice_on("mines.NAME.colour") is None


def test_the_part_of_a_sourced_value_is_explained_with_its_advice():
    caution = all_advice()[f"{SOURCED}.grade"].caution
    assert explanation("mines.my-own-class.battery.failure.grade").splitlines()[-1] == f"  caution: {caution}"


def test_the_reference_page_is_the_one_the_program_makes():
    committed = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    assert committed == PAGE, "python -m simulator.reference_page > docs/reference.md"


def test_the_reference_page_has_every_key_once_in_the_order_of_the_schema_and_all_advice():
    titles = [line.removeprefix("### ").strip("`") for line in PAGE.splitlines() if line.startswith("### ")]
    keys = [key for key in KEYS if not entry_of(key).startswith(f"{LAW}.")]
    assert titles[: len(keys)] == keys
    laws = list(dict.fromkeys(entry_of(key).removeprefix(f"{LAW}.") for key in KEYS if key not in keys))
    assert titles[len(keys) : len(keys) + len(laws)] == laws
    for advice in all_advice().values():
        assert PAGE.count(f"- **How to obtain it:** {advice.obtain}\n") == 1
        assert PAGE.count(f"- **Caution:** {advice.caution}\n") == 1


def test_the_reference_page_gives_type_unit_and_default_of_a_number():
    section = PAGE.split("### `mines.NAME.battery.reference_temperature`\n")[1].split("### ")[0]
    assert (
        "- **Type:** a temperature between -90 and 90 degC, such as 20 degC; or [sourced](#sourced-values)" in section
    )
    assert "- **Unit:** degC\n" in section
    assert "- **Default:** `20 degC`\n" in section


def test_every_key_of_the_page_has_a_type_and_every_required_one_says_so():
    sections = PAGE.split("## Keys\n")[1].split("## Sourced values")[0].split("\n### ")[1:]
    assert len(sections) > 80
    for section in sections:
        assert "- **Type:** " in section
        assert "None" not in section
    assert PAGE.split("### `mines.NAME.count`\n")[1].split("### ")[0].count("- **Default:** required\n") == 1


def test_a_key_with_control_characters_is_shown_without_them():
    assert explanation("sources.a\x1b[31mb").splitlines()[0] == "sources.a?[31mb"
