"""The verification dossier as a Markdown page: the same records give the same bytes, whatever machine made them."""

import re

from dossier_requirements import KINDS

# Below this a number is rounding error, which differs between machines: a bound is shown in its place, a tenth of the
# limit or the limit itself.
_NOISE = 1e-6
_PAGES = (
    ("model.md", "the model in full, its limits first, with the code and the test of every equation"),
    ("mathematics.md", "the mathematics, with the test that proves each part"),
    ("mutation.md", "which deliberate faults in the code the tests notice, and which not"),
    ("fuzzing.md", "what any bytes at the inputs may do"),
    ("hindcast.md", "forecasts of real records, scored against what happened"),
)
_HEAD = """\
# Verification

What the program must do, how that was tested, how closely it had to hold, and what was found. This page is made by a
command from tests that ran; nothing in it was typed by hand but the requirements themselves
([requirements.yaml](../tests/requirements.yaml)). Continuous integration runs all of these tests, makes the page anew,
and fails unless the two are equal byte for byte.

```text
python tests/dossier.py                       run the tests, write the page and its figures
python tests/dossier.py --from RECORD…        from records of runs that were made with MINESIM_RECORD=RECORD
python tests/dossier.py --from RECORD… --check   compare with this page; exit status 1 where they differ
```

The command fails, and writes nothing, if a test named here does not exist, did not run, was skipped, failed, or
measured a number beyond its limit.

**How to read it.** A requirement may have many cases, of which the number is given; a measured number is that of the
case nearest to its limit. Measured numbers have two digits; where one is mere rounding error, a bound stands in its
place. Requirements marked *slow* are proved in the second stage of the tests.

**What verification cannot show.** It shows that the program computes the model, not that the model describes the
world: no public field measurement of battery failure exists to hold it against, and no output is evidence that land is
safe. A test proves what it tries, and not what nobody thought of trying.
"""


def page(groups, results, images, docs):
    """The whole page.

    ``results`` are by id of requirement, ``images`` the file name and the words of each figure by its name, ``docs``
    the folder that the page will lie in.
    """
    parts = [_HEAD, _links(docs), _summary(groups, results)]
    for group in groups:
        parts.append(f"## {group.title}\n\n{group.about.strip()}\n")
        parts.append(_table([results[one.id] for one in group.requirements]))
        shown = dict.fromkeys(one.figure for one in group.requirements if one.figure)
        parts += [f"![{images[name][1]}](verification/{images[name][0]})\n" for name in shown]
    return "\n".join(part for part in parts if part)


def _links(docs):
    there = [(name, words) for name, words in _PAGES if (docs / name).exists()]
    lines = "\n".join(f"- [{name.removesuffix('.md').capitalize()}]({name}): {words}" for name, words in there)
    return f"Beside this page:\n\n{lines}\n" if there else ""


def _summary(groups, results):
    """How much there is of everything, and how often chance alone would raise an alarm."""
    rows = ["| group | requirements | tests | cases |", "|---|---:|---:|---:|"]
    for group in groups:
        found = [results[one.id] for one in group.requirements]
        tests = {test for one in group.requirements for test in one.tests}
        rows.append(f"| [{group.title}](#{_anchor(group.title)}) | {len(found)} | {len(tests)} | {_cases(found)} |")
    every = [one for group in groups for one in group.requirements]
    tests = {test for one in every for test in one.tests}
    rows.append(f"| **together** | **{len(every)}** | **{len(tests)}** | **{_cases(results.values())}** |")
    chances = {one.id: one.false_alarm for one in every if one.false_alarm is not None}
    largest = sorted(chances, key=lambda name: -chances[name])[:3]
    most = ", ".join(f"{name} {_percent(chances[name])}" for name in largest)
    controls = sum(one.kind == "control" for one in every)
    budget = (
        f"**False alarms.** {len(chances)} requirements are proved by statistical tests. Their seeds are fixed, so "
        "that they pass or fail alike on every run. With fresh seeds a correct program would fail at least one of them "
        f"with a probability of at most {_percent(sum(chances.values()))}, the sum of what each states (most: {most}; "
        "coverage within a few percent cannot be asked of a few hundred repeats without that). That a wrong program "
        f"would be noticed is what the *controls* show: {controls} requirements in which something is wrong on purpose."
    )
    kinds = "\n".join(f"- *{kind}*: {words}" for kind, words in KINDS.items())
    return "\n".join(["## Summary\n", *rows, "", budget, "", "Kinds of checks:\n", kinds, ""])


def _cases(found):
    """How many cases there are of requirements; one that proves two of them counts once."""
    return f"{len({case for result in found for case in result.cases}):,}"


def _table(results):
    rows = ["| | must hold | kind and tolerance | found | tests |", "|---|---|---|---|---|"]
    for result in results:
        asked = result.requirement
        chance = "" if asked.false_alarm is None else f"; false alarm {_one_in(asked.false_alarm)}"
        cases = "holds" if len(result.cases) == 1 else f"holds in {len(result.cases):,} cases"
        found = [cases, *map(told, result.measured)]
        tests = "<br>".join(f"[{_sentence(test)}](../tests/{test.partition('::')[0]})" for test in asked.tests)
        name = f"**{asked.id}**" + ("<br>*slow*" if result.slow else "")
        words = f"*{asked.kind}*: {asked.tolerance}{chance}"
        rows.append(f"| {name} | {_cell(asked.requires)} | {_cell(words)} | {_cell('; '.join(found))} | {tests} |")
    return "\n".join(rows) + "\n"


def told(one):
    """A measured number beside its limit."""
    if one.at_least is not None and one.at_most is not None:
        low, high = number(one.least), number(one.most)
        value = low if low == high else f"{low} to {high}"
        return f"{one.name} {value} (limits {_limit(one.at_least)} and {_limit(one.at_most)})"
    if one.at_most is not None:
        return f"{one.name} {_at_most(one.worst, one.at_most)} (at most {_limit(one.at_most)})"
    return f"{one.name} {number(one.worst)} (at least {_limit(one.at_least)})"


def _at_most(value, limit):
    if isinstance(value, int) or abs(value) >= _NOISE:
        return number(value)
    return f"below {_limit(limit / 10 if abs(value) < limit / 10 else limit)}"


def number(value):
    """Two digits of a number, and all of a whole one."""
    if isinstance(value, int):
        return f"{value:,}"
    short = float(f"{value:.2g}")
    return f"{short:,.0f}" if 10 <= abs(short) < 1e5 else _plain(f"{short:.2g}")


def _limit(value):
    """Three digits of a limit, or all of a whole one."""
    if isinstance(value, int):
        return f"{value:,}"
    short = float(f"{value:.3g}")
    return f"{short:,.0f}" if 10 <= abs(short) < 1e5 and short.is_integer() else _plain(f"{short:g}")


def _plain(text):
    """Powers of ten without the zeros before their digits."""
    return re.sub(r"e([-+])0*", lambda power: "e" + power[1].strip("+"), text)


def _one_in(chance):
    """A probability as 1 in so many, to two digits."""
    return f"1 in {float(f'{1 / chance:.2g}'):,.0f}"


def _percent(chance):
    return f"{100 * chance:.2g} %"


def _sentence(test):
    return test.partition("::")[2].removeprefix("test_").replace("_", " ")


def _cell(text):
    return " ".join(text.split()).replace("|", "\\|")


def _anchor(title):
    return "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -").replace(" ", "-")
