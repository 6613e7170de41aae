"""What notebooks show of scenarios and results: headings, sentences and tables as HTML, every text escaped."""

from collections.abc import Iterable, Sequence
from html import escape

from simulator.evidence import ASSUMPTION, SourcedValue, sourced_values
from simulator.problems import printable
from simulator.scenario import MineClass
from simulator.scenario_file import LoadedScenario
from simulator.wording import counted, duration

_CELL = ' style="text-align: left; vertical-align: top"'
_LEAST_CALENDAR = "%Y-%m-%d"
_MOST_ITEMS = 6


def text(value: object) -> str:
    """Escape a text, and take out what would turn or break a line unseen."""
    return escape(printable(str(value)))


def paragraphs(sentences: Iterable[str]) -> str:
    """Sentences, each a paragraph."""
    return "".join(f"<p>{text(sentence)}</p>" for sentence in sentences)


def table(header: Sequence[str], rows: Iterable[Sequence[object]], caption: str = "") -> str:
    """A table with a header, which scrolls where it is too wide; numbers are texts already."""
    head = "".join(f'<th scope="col"{_CELL}>{text(cell)}</th>' for cell in header)
    body = "".join(f"<tr>{''.join(f'<td{_CELL}>{text(cell)}</td>' for cell in row)}</tr>" for row in rows)
    above = f'<caption style="text-align: left">{text(caption)}</caption>' if caption else ""
    inside = f"<table>{above}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div style="overflow-x: auto">{inside}</div>'


def scenario_card(loaded: LoadedScenario) -> str:
    """A scenario at a glance: its title and question, its mines, and where its numbers come from, assumptions first."""
    scenario = loaded.scenario
    about = f"{loaded.name}: from {scenario.start.strftime(_LEAST_CALENDAR)}, over {duration(scenario.horizon)}"
    values = sorted(sourced_values(loaded.tree), key=lambda value: value.source != ASSUMPTION)
    assumed = sum(value.source == ASSUMPTION for value in values)
    parts = [f"<h4>{text(scenario.title)}</h4>", paragraphs([" ".join(scenario.question.split()), about])]
    parts.append(table(("mines", "number", "laid", "what ends their danger"), map(_mines, scenario.mines.items())))
    if values:
        verb = "is an assumption" if assumed == 1 else "are assumptions"
        caption = f"{counted(len(values), 'number')} with a source, of which {assumed:,} {verb}"
        header = ("number", "value", "range", "source", "grade", "why")
        parts.append(table(header, map(_provenance, values), caption))
    return "".join(parts)


def _mines(named: tuple[str, MineClass]) -> tuple[str, ...]:
    name, kind = named
    laid = f"{kind.laid.start}" if kind.laid.start == kind.laid.end else f"{kind.laid.start} to {kind.laid.end}"
    ends = []
    if kind.self_destruct is not None:
        ends.append(f"self-destruction, which fails in {100 * kind.self_destruct.failure:.4g} %")
    if kind.battery is not None:
        ends.append(f"exhaustion of the battery, which fails in {100 * kind.battery.failure:.4g} %")
    if type(kind.ageing).__name__ != "Never":
        ends.append("ageing")
    return name, f"{kind.count:,}", laid, "; ".join(ends) or "nothing by itself"


def _provenance(value: SourcedValue) -> tuple[object, ...]:
    spread = "" if value.uncertainty is None else _flat(value.uncertainty)
    return ".".join(value.path), value.value, spread, value.source, value.grade, " ".join(value.note.split())


def _flat(data: object) -> str:
    """Write a small mapping or list as one line."""
    if isinstance(data, dict):
        return ", ".join(f"{key} {_flat(item)}" for key, item in data.items())
    if isinstance(data, list):
        if len(data) > _MOST_ITEMS:
            return f"{data[0]}, {data[1]}, … {data[-1]} ({len(data):,} values)"
        return " to ".join(map(str, data))
    return str(data)
