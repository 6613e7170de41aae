"""What the documentation shows is executed: README commands, the shipped JSON Schema. Links lead to something."""

import re

import pytest
from documents import (
    PAGES,
    ROOT,
    Saved,
    Typed,
    anchors_of,
    followed,
    local_links,
    minesim,
    not_printed,
    steps_of,
    with_shipped_scenarios,
)

README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def clone(tmp_path_factory):
    """A folder with the shipped scenarios, as the README's commands expect it, and a first result."""
    folder = with_shipped_scenarios(tmp_path_factory.mktemp("clone"))
    first = "minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml -o results/first --no-figures"
    assert minesim(first, folder).returncode == 0
    return folder


def test_the_first_two_shell_blocks_are_one_line_each():
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    assert [len(block.strip().splitlines()) for block in blocks[:2]] == [1, 1]
    assert "minesim compare" in blocks[0]
    assert "pytest" in blocks[1]


def test_every_command_of_the_readme_succeeds(clone):
    assert followed(README, clone) >= 8


def test_the_answer_in_the_readme_is_what_the_program_prints(clone):
    quoted = re.search(r"<!-- answer -->\n\n```text\n(.*?)```", README, re.DOTALL)
    assert quoted is not None
    command = "minesim compare scenarios/persistent.yaml scenarios/treaty-limit.yaml -o results/first --no-figures"
    assert quoted[1].strip() in minesim(command, clone).stdout


def test_the_mistake_in_the_readme_is_reported_as_shown(clone):
    quoted = re.search(r"<!-- mistake -->\n\n```text\n\$ (.*?)\n(.*?)```", README, re.DOTALL)
    assert quoted is not None
    done = minesim(quoted[1], clone)
    assert done.returncode == 2
    assert quoted[2].strip() == done.stderr.strip()


def test_the_shipped_schema_is_the_one_the_program_prints(clone):
    printed = minesim("minesim schema", clone).stdout
    assert printed == (ROOT / "scenarios" / "scenario.schema.json").read_text(encoding="utf-8")


# Pages


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_and_images_of_a_page_lead_to_files_and_headings_that_exist(page):
    text = page.read_text(encoding="utf-8")
    for link in local_links(text):
        name, _, anchor = link.partition("#")
        leads_to = (page.parent / name).resolve() if name else page
        assert leads_to.is_relative_to(ROOT), link
        assert leads_to.exists(), link
        if anchor:
            assert anchor in anchors_of(leads_to.read_text(encoding="utf-8")), link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_says_that_no_output_is_evidence_that_land_is_safe_and_repeats_it_at_most_on_the_first_page(page):
    # Names of tests, which links show in tables, are no prose.
    prose = " ".join(
        re.sub(r"```.*?```|\[[^\]]*\]\(\.\./tests/", "", page.read_text(encoding="utf-8"), flags=re.DOTALL).split()
    )
    count = len(re.findall(r"no output is evidence that land is safe", prose, re.IGNORECASE))
    assert count == 1 or (count > 1 and page == ROOT / "README.md")


def test_every_page_is_reached_from_the_index():
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    reached = {(ROOT / "docs" / link).resolve() for link in local_links(index)}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - {ROOT / "docs" / "README.md"} <= reached


# The rules by which pages are read


PAGE = """\
Save this as `a.yaml`:

<!-- file: a.yaml -->

```yaml
seed: 1
```

```console
$ minesim explain seed
seed
…
  default: 1
$ minesim explore a.yaml
```

```text
$ minesim not-a-command-of-a-console-block
```
"""


def test_a_page_is_read_as_files_to_save_and_commands_to_type_in_its_order():
    saved, explain, explore = steps_of(PAGE)
    assert saved == Saved("a.yaml", "seed: 1\n")
    assert explain == Typed("minesim explain seed", ("seed", "…", "  default: 1"))
    assert explore == Typed("minesim explore a.yaml", ())


def test_only_what_serves_until_it_is_stopped_is_not_run(tmp_path):
    assert [step.is_run for step in steps_of(PAGE)[1:]] == [True, False]
    assert followed(PAGE, tmp_path) == 1
    assert (tmp_path / "a.yaml").read_text(encoding="utf-8") == "seed: 1\n"
    not_run = {step.command.split()[1] for page in PAGES for step in steps_of(page.read_text(encoding="utf-8"))
               if isinstance(step, Typed) and not step.is_run}  # fmt: skip
    assert not_run <= {"explore"}


def test_what_a_page_shows_and_the_program_does_not_print_fails(tmp_path):
    with pytest.raises(AssertionError, match="does not print"):
        followed(PAGE.replace("default: 1", "default: 2"), tmp_path)
    with pytest.raises(AssertionError, match="unknown key"):
        followed(PAGE.replace("explain seed", "explain sead"), tmp_path)


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (["one", "two"], ""),
        (["two", "…", "four", ""], ""),
        (["…", "three", "…"], ""),
        (["one", "three"], "one\nthree"),
        (["three", "…", "two"], "two"),
        (["two "], ""),
        (["five    5"], ""),
        (["tw"], "tw"),
        ([], ""),
    ],
)
def test_shown_lines_stand_in_the_output_in_their_order_and_together_unless_some_are_left_out(shown, missing):
    assert not_printed(shown, "one\ntwo\nthree\nfour\nfive  5\n") == missing
