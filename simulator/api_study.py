"""Studies of many worlds, and checks of one, as results of the Python API."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.api_drawing import Drawing, drawing
from simulator.api_frames import frame_of_csv, optional
from simulator.api_html import paragraphs, table
from simulator.api_saving import save_study
from simulator.api_scenario import in_python
from simulator.problems import input_error
from simulator.study import Answer, Request
from simulator.verification import Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Sweep:
    """What a grid over one or two numbers found. ``files`` are its data files by name, as the command line writes them.

    ``answer`` has sentences, tables and figures; its own files are gone. ``failures`` says which points failed.
    """

    request: Request
    files: Mapping[str, bytes]
    answer: Answer
    seconds: float
    command: str

    @property
    def sentences(self) -> tuple[str, ...]:
        """The answer in sentences."""
        return self.answer.sentences

    @property
    def failures(self) -> tuple[str, ...]:
        """The points that failed, each with the reason."""
        return self.answer.failures

    def figure(self, stem: str | None = None) -> Drawing:
        """A figure by its name; without one the first."""
        with in_python():
            return drawing(stem or next(self.answer.figures())[0], self.answer.figures)

    def to_dataframe(self, which: str = "sweep") -> Any:
        """A pandas DataFrame: ``sweep``, ``differences`` or ``curves``, as in the files of these names."""
        with in_python():
            if f"{which}.csv" not in self.files:
                there = ", ".join(sorted(name.removesuffix(".csv") for name in self.files if name.endswith(".csv")))
                raise input_error(f"no table '{which}' of this result, there is {there}", path="to_dataframe")
            return frame_of_csv(self.files[f"{which}.csv"])

    def save(self, folder: str | os.PathLike[str], *, force: bool = False, figures: bool = True) -> Path:
        """Write the result as the command line does, and return its folder; ``force`` replaces another result."""
        out = Path(folder)
        drawn = self.answer.figures() if figures else iter(())
        with in_python():
            save_study(self.request, self.files, self.seconds, drawn, self.command, out, force=force)
        return out

    def __repr__(self) -> str:
        return "\n".join(self.sentences)

    def _repr_html_(self) -> str:
        said = paragraphs([*self.sentences, *(f"failed: {reason}" for reason in self.failures)])
        return said + "".join(table(header, rows) for header, rows in self.answer.tables)


@dataclass(frozen=True, slots=True, eq=False)
class Verification:
    """A scenario's simulation held against ``against``, the closed form or the count-based engine, as z-scores."""

    scenario: str
    against: str
    verdict: Verdict
    sentence: str

    @property
    def agrees(self) -> bool:
        """Whether no score exceeds the limit, which chance alone does once in 1,000 times."""
        return self.verdict.agrees

    def to_dataframe(self) -> Any:
        """A pandas DataFrame of every score; ``reading`` is played (counts of the worlds) or estimate (the mean)."""
        pandas = optional("pandas", "data")
        columns = ("quantity", "reading", "time_days", "simulated", "expected", "z")
        rows = [[getattr(check, name) for name in columns] for check in self.verdict.checks]
        return pandas.DataFrame(rows, columns=list(columns))

    def __repr__(self) -> str:
        return f"{self.scenario}: {self.sentence}"

    def _repr_html_(self) -> str:
        return paragraphs([repr(self)])
