"""A report made by hand, with everything in it that can go wrong in markup; its drawings are the program's own."""

from dataclasses import replace
from functools import cache

from simulator.experiment import Plan, run
from simulator.figures import figures, rendered
from simulator.report_parts import Assumption, Check, Item, Picture, Report, Table
from simulator.scenario_file import from_tree

SCRIPT = "<script>document.title = 'obeyed'</script>"
QUOTES = "\"double\" & 'single' quotes | a pipe, a $dollar$, a `tick`, *stars*, [a](b) and under_scores"
LONG_WORD = "Donaudampfschifffahrtsgesellschaftskapitaenswitwenrentenauszahlungsstellenleiterin" * 2
LETTERS = "Міни на полі, 地雷, ألغام, ναρκοπέδια"
WIDE = ("day", "date", *(f"quantity {number} [unit]" for number in range(1, 10)))


def tree(title, mines):
    return {
        "title": title,
        "start": "2024-12-01",
        "horizon": "10 years",
        "region": {"rectangle": {"width": "4 km", "height": "3 km"}, "cell": "1 km"},
        "mines": mines,
        "civilians": {
            "density": "14 per km2",
            "accident_rate": "0.02 per mine-year",
            "reference_density": "14 per km2",
            "casualties_per_accident": 1.44,
        },
        # Teams make places differ, so that there are maps.
        "clearance": {
            "from": "2026-06-01", "teams": 2, "rate": "2000 m2 per team-day", "search": 0.1, "detection": 0.9,
            "order": "random",
        },
    }  # fmt: skip


@cache
def pictures():
    """Eight drawings of a small comparison, with maps; one carries a title and a scenario full of markup."""
    old = {"old": {"count": 500, "laid": "2024-12-01", "ageing": {"exponential": {"mean": "57.7 years"}}}}
    short = {"short": {"count": 500, "laid": "2024-12-01", "battery": {"life": "80 days", "failure": 0.02}}}
    loaded = [
        from_tree("old", tree(f"Old {SCRIPT} {LETTERS}", old)),
        from_tree("short", tree(QUOTES, short)),
    ]
    outcome = run(loaded, Plan(replicates=3, map_days=(30.0, 365.0)))
    found = []
    for stem, figure in figures(outcome):
        title = " ".join(figure.texts[0].get_text().split())
        svg = rendered(stem, figure)[f"{stem}.svg"].decode()
        table = days_table(f"Numbers of {stem}", 30 if stem == "harm" else 8)
        shows = f"Two lines over ten years; {SCRIPT} {title}"
        found.append(Picture(stem, title, shows, svg, None if stem == "maps" else table))
    for one in tuple(found):
        # The same drawings again, under names of their own.
        stem = f"{one.stem}-again"
        svg = one.svg.replace(f'"{one.stem}-', f'"{stem}-').replace(f"#{one.stem}-", f"#{stem}-")
        found.append(replace(one, stem=stem, svg=svg))
    assert "maps" in {one.stem for one in found}
    return tuple(found[:8])


def days_table(caption, rows):
    cells = tuple(
        (f"{10 * row:,}", "1 December 2024", *(f"{row + column:,}.5 (1 to 20)" for column in range(9)))
        for row in range(rows)
    )
    return Table(caption, WIDE, cells, "Mean, in brackets 90 % of the simulated worlds.")


def sample():
    """The report; every kind of text in it holds markup, quotes, long words or other scripts."""
    return Report(
        title=f"{LETTERS}: {SCRIPT} {QUOTES}",
        question=f"Which is safer {SCRIPT}, {LETTERS}?",
        answer=(
            "After 120 days, 9,942 of 10,000 mines are hazardous in old (9,929 to 9,954) and 9.94 in short (5 to 15).",
            "Over 10 years, 18.5 casualties are expected in old (9.29 to 28.2) and 0.115 in short (0 to 1.44).",
            "short leads to 18.4 fewer casualties than old (9.29 to 28.2 fewer in 90 % of paired worlds). " + QUOTES,
        ),
        numbers=Table("Each number of the answer", ("metric", "old", "short"), (
            (f"hazardous mines {LONG_WORD}", "9,942 (9,929 to 9,954)", "9.94 (5 to 15)"),
            (f"casualties {SCRIPT}", "18.5 (9.29 to 28.2)", "0.115 (0 to 1.44)"),
        ), "Mean, in brackets 90 % of the simulated worlds."),
        caveats=(f"A caveat with {QUOTES}.", f"A caveat with {SCRIPT} and {LONG_WORD}.", f"A caveat in {LETTERS}."),
        changers=("A failure rate above 40 % would turn it round.", f"So would {SCRIPT}."),
        pictures=pictures(),
        assumptions=(
            Assumption("mines.short.battery.failure", ("short",), "2 %", "0.1 to 10 %", "someone-2004",
                       f"Someone (2004). {QUOTES}", "https://example.org/a?b=1&c=2", "low", SCRIPT),
            Assumption("mines.short.battery.life", ("short",), "80 days", "", "assumption", "", "", "very low",
                       "half the limit of the treaty"),
            Assumption("civilians.density", ("old", "short"), "14 per km2", "", "", "", "", "", ""),
            Assumption("civilians.accident_rate", ("old", "short"), "0.02 per mine-year", "", "evil",
                       "A link that is none", "javascript:alert(1)", "low", LONG_WORD),
        ),
        checks=(
            Check(f"old {SCRIPT}", "All z-scores lie within what chance explains.", True,
                  Table("z-scores", ("quantity", "z"), (("hazardous", "0.3"), ("gone", "-1.2")))),
            Check("short", "One z-score is too large.", False,
                  Table("z-scores", ("quantity", "z"), (("hazardous", "9.3"),))),
        ),
        limits=(f"No data on real minefields. {QUOTES}", LETTERS),
        scope="A model of civilian harm and clean-up; no result is evidence that land is safe.",
        checklist=(
            Item("1 Objectives", "Purpose of the model", f"{SCRIPT} {QUOTES}"),
            Item("1 Objectives", "Model outputs", LETTERS),
            Item("2 Logic", "Base model logic", LONG_WORD),
        ),
        provenance=(
            ("Command", f"minesim compare old.yaml short.yaml --set a.b='{SCRIPT}' `tick` ``two``"),
            ("Digest", "3f" * 32),
            ("Versions", "minesim 0.5.0, python 3.11"),
        ),
    )  # fmt: skip
