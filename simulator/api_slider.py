"""A slider over one number of a scenario, for notebooks: a figure and the answer that follow it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator.api_drawing import drawing, png_of, shown_png
from simulator.api_frames import optional
from simulator.api_html import paragraphs
from simulator.experiment import Plan, run
from simulator.findings import findings
from simulator.scenario_file import LoadedScenario
from simulator.sweep_grid import Axis
from simulator.sweep_reading import shown_as
from simulator.units import UnitError
from simulator.variation import Settings, concerns, setting, value_at, varied
from simulator.wording import number

_WIDTH = "860px"


@dataclass(frozen=True, slots=True, eq=False)
class Slider:
    """A control with the figure and the sentences that it changes. Where no program runs behind the notebook, as on a
    web page, the figure stands there as it was.
    """

    control: Any
    picture: Any
    words: Any
    widget: Any

    def __repr__(self) -> str:
        return f"slider over {self.control.description or 'a number'}, at {self.control.label}"

    def _repr_mimebundle_(self, **_: object) -> tuple[dict[str, Any], dict[str, Any]]:
        still, look = shown_png(bytes(self.picture.value), repr(self))
        return {**self.widget._repr_mimebundle_(), **still}, look


def slider_over(axis: Axis, loaded: Sequence[LoadedScenario], plan: Plan, stem: str) -> Slider:
    """Make a slider over the values of an axis; scenarios that the number does not concern stay as they are.

    It begins at the value nearest to that of the scenario.
    """
    widgets = optional("ipywidgets", "notebooks")
    places = range(len(axis.values))
    wide = widgets.Layout(width=_WIDTH)
    control = widgets.SelectionSlider(
        options=[(_label(axis, place), place) for place in places], value=_start(axis, loaded[-1]),
        description=axis.path[-1].replace("_", " "), continuous_update=False, layout=wide,
    )  # fmt: skip
    png, said = _answer(axis, loaded, plan, stem, control.value)
    picture = widgets.Image(value=png, format="png", layout=widgets.Layout(width=_WIDTH, height="auto"))
    words = widgets.HTML(said)
    control.observe(_follower(axis, loaded, plan, stem, picture, words), names="value")
    name = widgets.HTML(f"<code>{axis.label}</code>")
    return Slider(control, picture, words, widgets.VBox([name, control, picture, words]))


def _follower(
    axis: Axis, loaded: Sequence[LoadedScenario], plan: Plan, stem: str, picture: Any, words: Any
) -> Callable[[Any], None]:
    """What is called when the control is moved."""

    def follow(change: Any) -> None:
        picture.value, words.value = _answer(axis, loaded, plan, stem, change["new"])

    return follow


def _answer(axis: Axis, loaded: Sequence[LoadedScenario], plan: Plan, stem: str, place: int) -> tuple[bytes, str]:
    """The figure, and the answer as HTML, at one value."""
    # Matplotlib takes half a second to load.
    from simulator.answer import sentences
    from simulator.figures import figures

    changed = Settings((setting(axis.path, axis.values[place], axis.number),))
    outcome = run([varied(one, changed) if concerns(one, axis.path) else one for one in loaded], plan)
    drawn = drawing(stem, lambda: figures(outcome))
    said = paragraphs(sentences(outcome, [findings(part) for part in outcome.scenarios]))
    return png_of(drawn.figure), said


def _label(axis: Axis, place: int) -> str:
    factor, unit = shown_as(axis)
    return f"{number(axis.values[place] * factor)} {unit}".strip()


def _start(axis: Axis, loaded: LoadedScenario) -> int:
    try:
        own = float(axis.number.read(value_at(loaded, axis.path)))
    except (UnitError, TypeError, ValueError):
        return 0
    return min(range(len(axis.values)), key=lambda place: abs(axis.values[place] - own))
