"""The content of a report: everything that ``minesim report`` says of a result, read and computed from its folder."""

from pathlib import Path

from simulator import __version__
from simulator.likelihood import CITATION
from simulator.manifest import MANIFEST
from simulator.problems import input_error
from simulator.report_answer import answer_claims, horizon_words
from simulator.report_assumptions import assumptions_of
from simulator.report_checklist import REFERENCE, checklist_of
from simulator.report_checks import checks_of
from simulator.report_claims import Claim, numbers_of, sentences_of
from simulator.report_limits import SCOPE, caveats_of, limits_of
from simulator.report_metric import metric_label
from simulator.report_parts import Report
from simulator.report_pictures import pictures_of
from simulator.report_studies import study_claims
from simulator.report_turning import turning_claims
from simulator.result_folder import ResultFolder, read_result
from simulator.wording import listed


def report_of(folder: Path) -> Report:
    """Make the report of a result; the same folder gives the same report. Raises InputError when it is no complete
    result, or a file of it was changed.
    """
    result = read_result(folder)
    try:
        return _report(result)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        # Its sums fit, so they were made to: what does not belong in its numbers shows wherever it is first used.
        message = f"{folder}: its files fit the sums in {MANIFEST}, but are not as this version of minesim writes them"
        raise input_error(f"{message} ({type(error).__name__}); run it again, then report it") from error


def _report(result: ResultFolder) -> Report:
    assumptions = assumptions_of(result.scenarios)
    answer, changers = _claims(result)
    return Report(
        title=_title(result),
        question=_question(result),
        answer=sentences_of(answer),
        numbers=numbers_of(
            (*answer, *changers), "Every number of the answer, and of what would change it", _note(result)
        ),
        caveats=caveats_of(result, assumptions),
        changers=sentences_of(changers),
        pictures=pictures_of(result),
        assumptions=assumptions,
        checks=checks_of(result),
        limits=limits_of(result),
        scope=SCOPE,
        checklist=checklist_of(result, assumptions),
        provenance=tuple(_provenance(result)),
    )


def _claims(result: ResultFolder) -> tuple[list[Claim], list[Claim]]:
    if result.manifest.study is not None:
        return study_claims(result)
    return answer_claims(result), turning_claims(result)


def _titles(result: ResultFolder) -> list[str]:
    return [f"“{' '.join(loaded.scenario.title.split())}”" for loaded in result.scenarios]


def _title(result: ResultFolder) -> str:
    titles = _titles(result)
    others = listed(titles[1:] or titles)
    return f"Civilian risk: {others}{f' against {titles[0]}' if len(titles) > 1 else ''}"


def _question(result: ResultFolder) -> str:
    # Sentences call scenarios by their short names.
    names = [f"{title} ({loaded.name})" for title, loaded in zip(_titles(result), result.scenarios, strict=True)]
    reference, others = names[0], listed(names[1:] or names)
    compared = f"{others} and {reference}"
    over = f"over {horizon_words(result)}"
    match result.verb:
        case "compare":
            return f"How does the civilian risk of {others} compare with that of {reference} {over}?"
        case "sweep":
            paths = listed([axis["path"] for axis in result.summary["axes"]])
            against = f" against {reference}" if len(result.scenarios) > 1 else ""
            return (
                f"How does the civilian risk of {others}{against}, in {metric_label(result)}, depend on {paths} {over}?"
            )
        case "breakeven":
            return f"At which {result.summary['path']} do {compared} lead to the same {metric_label(result)} {over}?"
        case "sensitivity":
            return f"Which uncertain input drives {metric_label(result)} of {others} {over}?"
        case "calibrate":
            record = result.summary["record"]["name"]
            return f"Which numbers of {others} agree with the casualties of {record}, and what does it leave open?"
        case "attribute":
            return f"Which settings make the difference in {metric_label(result)} between {compared} {over}?"
    return f"How much civilian risk is left in {others} {over}?"


def _note(result: ResultFolder) -> str:
    ranges = (
        "Expected values of the closed form have no range of chance."
        if result.is_exact
        else "A range of worlds shows chance alone, an interval of the mean only how well the mean is known."
    )
    return f"{ranges} Words for likelihood are those of {CITATION}. The reporting checklist is that of {REFERENCE}."


def _provenance(result: ResultFolder) -> list[tuple[str, str]]:
    manifest = result.manifest
    worlds = "none (closed form)" if result.is_exact else f"{result.worlds:,}"
    lines = [("command", manifest.command), ("digest", manifest.digest)]
    lines += [(f"sha256 of {entry.name}", entry.sha256) for entry in manifest.scenarios]
    lines += [("seed", str(manifest.seed)), ("method", manifest.options.method), ("replicates", worlds)]
    lines += [(f"version of {name}", version) for name, version in manifest.versions.items()]
    lines.append(("report made by", f"minesim {__version__}"))
    lines.append(("to prove that it can be repeated", "minesim rerun, with the folder of the result"))
    return lines
