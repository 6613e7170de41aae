"""The tables of docs/hindcast.md, from the results of its commands.

``python tests/hindcast.py FOLDER`` writes tables and figures anew from FOLDER/bosnia and FOLDER/croatia.
"""

import csv
import json
import re
import shutil
import sys
from pathlib import Path

PAGE = Path(__file__).resolve().parents[1] / "docs" / "hindcast.md"
COUNTRIES = ("bosnia", "croatia")
FORECASTS = {"scenario": "", "last value": "last_value_", "log-linear trend": "log_linear_trend_"}
FIGURE = "record.svg"


def predicted(folder):
    """Read the predicted periods of a result, a mapping each."""
    with (folder / "predictions.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["part"] == "predicted"]


def summary(folder):
    """Read what a result says of itself."""
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def tables(folder):
    """Write the tables of one country in Markdown: what fits, what was predicted, and the scores."""
    return "\n\n".join([_estimates(summary(folder)), _periods(predicted(folder)), _scores(summary(folder))])


def sections(text):
    """Find what stands between the marks of each country in a page."""
    return {name: re.search(rf"<!-- {name} -->\n(.*?)<!-- end -->", text, re.DOTALL)[1] for name in COUNTRIES}


def rows_of(table):
    """Split a Markdown table into its rows of cells, without the header."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.strip().splitlines()[2:]]


def _estimates(found):
    rows = []
    for one in found["estimates"]:
        value, low, high = (_plain(one["name"], one[key]) for key in ("estimate", "low", "high"))
        rows.append((f"`{one['name']}`", value, f"{'no end' if one['low_open'] else low} to "
                     f"{'no end' if one['high_open'] else high}"))  # fmt: skip
    return _markdown(("number", "best fit", "90 % interval"), rows)


def _plain(name, value):
    if name.endswith("mean"):
        return f"{value / 365.25:.3g} years"
    unit = " days" if name.endswith("half_time") else " per mine-year" if name.endswith("rate") else ""
    return f"{value:.3g}{unit}"


def _periods(rows):
    header = ("year", "happened", "predicted", "90 % interval", *(f"log score: {name}" for name in FORECASTS))
    return _markdown(header, [
        (row["from"][:4], row["observed"], row["p50"], f"{row['p05']} to {row['p95']}",
         *(f"{float(row[f'{start}log_score']):.1f}" for start in FORECASTS.values()))
        for row in rows
    ])  # fmt: skip


def _scores(found):
    prediction = found["prediction"]
    rows = [("scenario", f"{prediction['mean_log_score']['scenario']:.2f}", "")]
    for one in prediction["log_score_against"]:
        score = f"{prediction['mean_log_score'][one['forecast']]:.2f}"
        difference = f"{one['difference']:+.2f} ({one['low']:+.2f} to {one['high']:+.2f})"
        rows.append((one["forecast"], score, f"{difference}, {verdict(one)}"))
    return _markdown(("forecast", "mean log score", "how much better the scenario is (90 % interval)"), rows)


def verdict(one):
    """Whether a difference of scores is settled, in words."""
    return "better" if one["low"] > 0 else "worse" if one["high"] < 0 else "not settled"


def _markdown(header, rows):
    lines = [header, tuple("---" for _ in header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def rewritten(text, folder):
    """The page with the tables of the results in a folder."""
    for name in COUNTRIES:
        inside = f"<!-- {name} -->\n{tables(folder / name)}\n\n"
        text = re.sub(rf"<!-- {name} -->\n.*?(?=<!-- end -->)", lambda _, inside=inside: inside, text, flags=re.DOTALL)
    return text


if __name__ == "__main__":
    results = Path(sys.argv[1])
    PAGE.write_text(rewritten(PAGE.read_text(encoding="utf-8"), results), encoding="utf-8")
    for country in COUNTRIES:
        shutil.copyfile(results / country / "figures" / FIGURE, PAGE.parent / f"hindcast-{country}.svg")
