"""The answer of a run or a comparison: claims made only from computed intervals, silent where these say nothing."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from simulator.metrics import KEY_DATES, TIME
from simulator.report_chance import likelihood_claims
from simulator.report_claims import (
    EXACT,
    OF_MEAN,
    OF_PAIRS,
    OF_SETS,
    OF_WORLDS,
    Claim,
    Row,
    exact_words,
    fewer_or_more,
    is_sayable,
    mean_interval,
    metric_row,
    range_of_differences,
)
from simulator.result_folder import ResultFolder
from simulator.scenario_file import LoadedScenario
from simulator.wording import bound, counted, duration, listed, number, span

MOST_SENTENCES = 3
_MOST_NAMED = 5
_SETTLED_DAYS = 30.0
_SHOWN = ("accidents", "casualties", "killed", "denied_km2")


def answer_claims(result: ResultFolder) -> list[Claim]:
    """Two or three claims that answer the question of a run or a comparison, and the rows that are shown with them."""
    basis = _basis(result)
    if result.summary["precision"]["reached"] is False:
        return [*_imprecise(result), basis, *_shown(result)]
    claims = [_casualties(result), *_differences(result), *likelihood_claims(result)]
    said = [claim for claim in claims if claim.sentence]
    if len(said) < MOST_SENTENCES and (hazard := _hazard(result)) is not None:
        claims.insert(1 if result.verb == "run" else len(claims), hazard)
    return [*claims, basis, *_shown(result)]


def horizon_words(result: ResultFolder) -> str:
    """How far the curves of a result run: ``10 years``."""
    return duration(result.scenarios[0].scenario.horizon)


def _entries(result: ResultFolder, metric: str) -> list[tuple[str, Mapping[str, Any]]]:
    """A metric of every scenario that has it, by the scenario's name."""
    found = []
    for name, scenario in result.summary["scenarios"].items():
        if metric in scenario["metrics"]:
            found.append((name, scenario["metrics"][metric]))
    return found


def _basis(result: ResultFolder) -> Claim:
    rows: list[Row] = [("time looked at", "all", horizon_words(result), "", "as the scenario says")]
    if result.worlds:
        rows.append(("worlds simulated", "each scenario", f"{result.worlds:,}", "", "a count"))
    return Claim("", tuple(rows))


def _imprecise(result: ResultFolder) -> Iterator[Claim]:
    asked = f"{number(100 * result.summary['precision']['asked'])} %"
    row = ("precision asked for, of mine-days and casualties", "all", asked, "not reached", "95 % interval of the mean")
    yield Claim(
        f"The precision asked for, {asked} of the mean, was not reached in "
        f"{counted(result.worlds, 'simulated world')}: no mean is stated here, and no likelihood.",
        (row,),
    )
    yield Claim("What was found stands in the table with its interval; more --replicates make it more precise.")


def _shown(result: ResultFolder) -> list[Claim]:
    """Rows of the main metrics that no sentence may need."""
    rows = []
    for name, scenario in result.summary["scenarios"].items():
        for metric, entry in scenario["metrics"].items():
            if metric.startswith(TIME):
                kind = OF_WORLDS if result.worlds else EXACT
                rows.append((entry["label"], name, _time_words(entry), _time_span(entry, result.worlds), kind))
            elif metric.startswith("hazardous_at_") or metric in _SHOWN:
                rows.append(metric_row(entry, name, result.worlds))
    order = dict.fromkeys(row[0] for row in rows)
    return [Claim("", tuple(row for row in rows if row[0] == label)) for label in order]


def _time_words(entry: Mapping[str, Any]) -> str:
    """A time: the mean where every world has one, else the median world's; never its mean over some of them."""
    days = entry["mean"] if entry["mean"] is not None else entry["p50"]
    if days is None:
        return "not within the time looked at" if entry["p05"] is None else "not in half of the worlds"
    if days == 0 and not entry["p95"]:
        return "always below"
    return duration(days) if entry["mean"] is not None else f"{duration(days)} in the median world"


def _time_span(entry: Mapping[str, Any], worlds: int) -> str:
    low, high = entry["p05"], entry["p95"]
    if not worlds:
        return ""
    if low == high:
        return "the same in 90 % of simulated worlds"
    return f"{duration(low)} to {'later' if high is None else duration(high)}"


def _casualties(result: ResultFolder) -> Claim:
    """Say the expected casualties of each scenario."""
    entries = _entries(result, "casualties")
    rows = tuple(metric_row(entry, name, result.worlds) for name, entry in entries)
    known = [(name, entry) for name, entry in entries if _is_known(entry, result.worlds)]
    unknown = [name for name, entry in entries if not _is_known(entry, result.worlds)]
    if len(known) > _MOST_NAMED:
        ranked = sorted(known, key=lambda one: one[1]["mean"])
        known = [ranked[0], ranked[-1]]
    texts: list[str] = []
    for name, entry in known:
        amount = _amount(entry, result.worlds)
        verb = (" casualty is expected" if amount == "1" else " casualties are expected") if not texts else ""
        where = f" in {name}" if len(entries) > 1 else ""
        around = ""
        if result.worlds and "upper_bound_95" not in entry:
            of_worlds = " in 90 % of simulated worlds" if not any("(" in text for text in texts) else ""
            around = f" ({span(entry['p05'], entry['p95'])}{of_worlds})"
        texts.append(f"{amount}{verb}{where}{around}")
    if not texts:
        return Claim(_too_few(unknown, entries, result), rows)
    ending = " (closed form)" if result.is_exact else ""
    silent = f"; {listed(unknown)} cannot be told from so few worlds" if unknown else ""
    return Claim(f"Over {horizon_words(result)}, {listed(texts)}{ending}{silent}.", rows)


def _too_few(names: Sequence[str], entries: Sequence[Any], result: ResultFolder) -> str:
    where = f" in {listed(names)}" if len(entries) > 1 else ""
    return (
        f"Over {horizon_words(result)}, the mean number of casualties{where} is not known to its first digit from "
        f"{counted(result.worlds, 'simulated world')}, so none is stated here."
    )


def _is_known(entry: Mapping[str, Any], worlds: int) -> bool:
    if not worlds or "upper_bound_95" in entry:
        return True
    return is_sayable(entry["mean"], entry["standard_error"], worlds)


def _amount(entry: Mapping[str, Any], worlds: int) -> str:
    if not worlds:
        return exact_words(entry["mean"])
    if "upper_bound_95" in entry:
        return f"fewer than {bound(entry['upper_bound_95'])}"
    return number(entry["mean"])


def _differences(result: ResultFolder) -> Iterator[Claim]:
    """One sentence on every scenario against the reference, chance and knowledge told apart."""
    comparisons = result.summary.get("comparisons", [])
    if not comparisons:
        return
    parts = [_difference(one, result) for one in comparisons]
    reference = comparisons[0]["reference"]
    rows = tuple(row for _, its in parts for row in its)
    clauses = [text for text, _ in parts][:_MOST_NAMED]
    yield Claim(f"Against {reference}: {'; '.join(clauses)}.", rows)


def _difference(comparison: Mapping[str, Any], result: ResultFolder) -> tuple[str, tuple[Row, ...]]:
    name, reference = comparison["scenario"], comparison["reference"]
    found, saved = comparison["differences"]["casualties"], comparison["casualties_averted"]
    mean, where, what = found["difference"], f"{name} against {reference}", "difference in casualties"
    if not result.worlds:
        text = f"{fewer_or_more(mean)} casualties in {name} (closed form{_percent(found)})"
        return text, ((what, where, fewer_or_more(mean), "", EXACT), *_percent_row(found, where))
    if mean == 0:
        text = f"{name} leads to as many casualties on average"
        return text, ((what, where, "as many", "", "every mean is the same"),)
    low, high = mean_interval(mean, found["standard_error"], result.worlds)
    of_mean = (what, where, fewer_or_more(mean), range_of_differences(low, high), OF_MEAN)
    paired = range_of_differences(-saved["p95"], -saved["p05"])
    rows: list[Row] = [of_mean, (what, where, fewer_or_more(mean), paired, OF_PAIRS)]
    if low <= 0 <= high:
        text = f"no difference in casualties shows in {name}, {OF_MEAN} {range_of_differences(low, high)}"
    elif not is_sayable(mean, found["standard_error"], result.worlds):
        text = (
            f"{'fewer' if mean < 0 else 'more'} casualties in {name}, the number not known to its first digit, "
            f"{OF_MEAN} {range_of_differences(low, high)}"
        )
    else:
        text = f"{fewer_or_more(mean)} casualties in {name}"
    text += f" (by chance alone {paired} in 90 % of paired worlds"
    if "knowledge" in found and found["knowledge"]["p05"] is not None:
        its = found["knowledge"]
        sets = range_of_differences(its["p05"], its["p95"])
        rows.append((f"{what} in expectation", where, fewer_or_more(its["difference"]), sets, OF_SETS))
        text += f", and by what is not known of the inputs {sets} in expectation in 90 % of parameter sets"
    return f"{text})", tuple(rows)


def _percent(found: Mapping[str, Any]) -> str:
    return "" if found["ratio"] is None else f", {number(100 * found['ratio'])} % as many"


def _percent_row(found: Mapping[str, Any], where: str) -> tuple[Row, ...]:
    if found["ratio"] is None:
        return ()
    return (("casualties of the reference that remain", where, f"{number(100 * found['ratio'])} %", "", EXACT),)


def _hazard(result: ResultFolder) -> Claim | None:
    """Say how many mines are still hazardous at the first key date that all of them were laid well before."""
    dates = [(f"hazardous_at_{label.replace(' ', '_')}", days) for label, days in KEY_DATES[1:]]
    last = max(_last_laying(loaded) for loaded in result.scenarios)
    settled = [name for name, days in dates if days >= last + _SETTLED_DAYS and _entries(result, name)]
    entries = _entries(result, settled[0] if settled else "hazardous_at_horizon")
    if not entries or len(entries) > _MOST_NAMED or not all(_is_known(entry, result.worlds) for _, entry in entries):
        return None
    rows: list[Row] = [metric_row(entry, name, result.worlds) for name, entry in entries]
    texts: list[str] = []
    for name, entry in entries:
        amount = _amount(entry, result.worlds)
        laid = sum(result.summary["scenarios"][name]["mines"].values())
        rows.append(("mines laid", name, number(laid), "", "as the scenario says"))
        where = f" in {name}" if len(entries) > 1 else ""
        around = ""
        if result.worlds and "upper_bound_95" not in entry and (
            spread := span(entry["p05"], entry["p95"])
        ) != number(entry["mean"]):  # fmt: skip
            around = f" ({spread}{' in 90 % of simulated worlds' if not texts else ''})"
        noun = f" mines {'is' if amount == '1' else 'are'} still hazardous" if not texts else ""
        texts.append(f"{amount} of {number(laid)}{noun}{where}{around}")
    when = entries[0][1]["label"].removeprefix("hazardous mines after ").replace("horizon", "the time looked at")
    return Claim(f"After {when}, {listed(texts)}.", tuple(rows))


def _last_laying(loaded: LoadedScenario) -> float:
    scenario = loaded.scenario
    return float(max((kind.laid.end - scenario.start).days for kind in scenario.mines.values()))
