"""Figures for notebooks: shown where they are returned, the same bytes each time."""

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from simulator.problems import closest, input_error

_DPI = 96
_SHOWN_WIDTH = 860


@dataclass(frozen=True, slots=True, eq=False)
class Drawing:
    """A figure that a notebook shows; ``figure`` is a Matplotlib Figure that may be changed, or saved by itself."""

    stem: str
    figure: Any

    @property
    def title(self) -> str:
        """What it says, in a sentence; empty where it has no title."""
        found = (text.get_text() for text in self.figure.texts if text.get_gid() == "title")
        return " ".join(next(found, "").split())

    @property
    def png(self) -> bytes:
        """The figure as PNG, as it is shown."""
        return png_of(self.figure)

    def __repr__(self) -> str:
        return f"figure '{self.stem}': {self.title}"

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        return shown_png(self.png, repr(self))


def drawing(stem: str, drawn: Callable[[], Iterator[tuple[str, Any]]]) -> Drawing:
    """Find a figure by its stem among those that are drawn one by one. Raises InputError when there is none."""
    others = []
    for name, figure in drawn():
        if name == stem:
            return Drawing(stem, figure)
        others.append(name)
    near = closest(stem, others, cutoff=0.5)
    hint = f", did you mean '{near}'?" if near else f"; there is {', '.join(others) or 'none'}"
    raise input_error(f"no figure '{stem}' of this result{hint}", path="figure")


def png_of(figure: Any) -> bytes:
    """Draw a Matplotlib Figure as PNG, without a date or the name of a program."""
    # Matplotlib takes half a second to load.
    from simulator.figure_style import house_style

    buffer = io.BytesIO()
    with house_style():
        figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    return buffer.getvalue()


def shown_png(png: bytes, words: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a notebook is given of a picture: data, and how wide it is to be shown."""
    return {"image/png": png, "text/plain": words}, {"image/png": {"width": _SHOWN_WIDTH}}
