"""The command: plant mistakes, see which the tests notice, and keep what came out.

python tests/mutation [MODULE …]          all mutants of the modules, or of some
python tests/mutation --sample 20         a fixed random sample
python tests/mutation --write [MODULE …]  the same, and write record.json and docs/mutation.md

Exit status 1 if a module scores below 85 %, or if a mutant survives that nobody has explained.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).parents[1]))

from mutation.page import PAGE, page_of
from mutation.record import (
    LEAST_SCORE,
    explained_keys,
    explanations,
    faults,
    keep,
    kept,
    noticed_by,
    record_of,
    score,
    surplus,
)
from mutation.running import MODULES, all_points, examine, sampled, short, tally
from mutation.trying import KILLED, SURVIVED, TIMEOUT


def main() -> int:
    """Run the command; its exit status."""
    parser = argparse.ArgumentParser(prog="python tests/mutation", description=__doc__.partition("\n")[0])
    parser.add_argument("modules", nargs="*", help=f"of {', '.join(MODULES)}; all by default")
    parser.add_argument("--sample", type=int, metavar="N", help="only N mutants, and only tests known to notice them")
    parser.add_argument("--seed", type=int, default=1, help="of the sample")
    parser.add_argument("--write", action="store_true", help="write the record and the page")
    parser.add_argument(
        "--forget", action="store_true", help="do not begin with the tests that noticed a mutant before"
    )
    options = parser.parse_args()
    unknown = set(options.modules) - set(MODULES)
    if unknown:
        parser.error(f"no such module: {', '.join(sorted(unknown))}")
    if options.write and options.sample:
        parser.error("--write needs all mutants of a module")

    channel = os.dup(2)

    def say(text: str) -> None:
        if os.isatty(channel):
            os.write(channel, f"\r\033[K{text}"[:120].encode())

    points = all_points(options.modules or MODULES)
    reasons = explanations()
    known = {} if options.forget else noticed_by(kept())
    if options.sample:
        explained = explained_keys(reasons)
        points = [point for point in points if point.key not in explained and short(point.key) in known]
        points = sampled(points, options.sample, options.seed)
    verdicts = examine(points, known, say, explore=not options.sample)
    say("")
    for module, row in tally(verdicts).items():
        print(
            f"{module:12} {row['mutants']:4} mutants: {row[KILLED]} killed, {row[TIMEOUT]} timed out, "
            f"{row[SURVIVED]} survived; {score(row):.1%}"
        )
    wrong = faults(verdicts, reasons)
    if not options.sample:
        wrong += [f"explained, but no survivor: {key}" for key in surplus(verdicts, reasons)]
    if options.write:
        record = record_of(verdicts, datetime.now(UTC).date(), kept())
        keep(record)
        PAGE.write_text(page_of(record, reasons), encoding="utf-8")
    for line in wrong:
        print(line)
    print(f"{len(wrong)} faults" if wrong else f"every module at {LEAST_SCORE:.0%} or more, every survivor explained")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
