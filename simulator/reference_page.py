"""The reference of scenario files as a Markdown page: ``python -m simulator.reference_page > docs/reference.md``."""

from collections.abc import Iterator

from simulator.glossary import ALTERNATIVES_FORM, SOURCED_FORM, SOURCED_MEANINGS, Described, every_description
from simulator.guidance import LAW, SOURCED, UNCERTAINTY, Advice, advice_on, all_advice, entry_of

_OPENING = """\
# Reference: every key of a scenario file

This page is generated from the program (`python -m simulator.reference_page`). `minesim explain KEY` prints the same
for one key. `NAME` stands for a name of your own. A model of civilian harm and clean-up: whatever you enter, no output
is evidence that land is safe.

A number is written with its unit, such as `14 days`; one without a unit is bare. A type that ends "or sourced" may also
be [a sourced value](#sourced-values) or [one of several](#one-of-several-values). "Required" means required where the
part it belongs to is given; what is not required may be left out.
"""
_LAWS = """\
## Time laws

How long something takes is a law: a fixed time such as `14 days`, `never`, or exactly one of these, for example
`{weibull: {shape: 4, scale: 81.9 days}}`. They can stand under"""
_SOURCED = """\
## Sourced values

Any number may be written with where it comes from:
`{value: 10 %, source: ccw-apii-1996, grade: high, note: "Technical Annex 3(a)", uncertainty: {uniform: [5 %, 15 %]}}`.
"""
_UNCERTAINTY = """\
## Uncertainty of a value

Under `uncertainty` stands exactly one law. It is used by `--uncertain`, `sensitivity` and `standards`; everywhere else
the value is used. Both ends are of the same unit as the value.
"""
_ONE_OF = """\
## One of several values

`{one_of: [{weight: 2, value: 5 %}, {weight: 1, value: 15 %}]}` says that two sources, or two laws, disagree.
"""
_UNCERTAINTY_FORMS = {
    "uniform": ("`{uniform: [low, high]}`", "any value between the two, all alike"),
    "loguniform": ("`{loguniform: [low, high]}`", "any value between the two, every factor alike"),
    "triangular": ("`{triangular: [low, most likely, high]}`", "most likely the middle value, falling to both ends"),
    "beta": ("`{beta: [a, b]}`", "a share, as after a - 1 cases and b - 1 others counted"),
    "lognormal": ("`{lognormal: {median, sigma}}`", "positive, its logarithm normal around that of the median"),
    "tests": (
        "`{tests: n, failures: k}`",
        "a probability known from counted tests alone (Jeffreys' posterior: beta with k + 1/2 and n - k + 1/2)",
    ),
    "draws": (
        "`{draws: [value, …], joint: NAME}`",
        "2 to 1,000 equally likely values; numbers that name the same joint (which may be left out) take the same "
        "place in their lists together",
    ),
}


def reference_page() -> str:
    """Write the page: every key in the order of the schema, then laws, sourced values and uncertainty."""
    described = list(every_description())
    laws = [one for one in described if entry_of(one.path).startswith(f"{LAW}.")]
    rest = [one for one in described if one not in laws]
    parts = [_OPENING, "## Keys\n", *(_section(one.path, one, one.path) for one in rest)]
    holders = [one.path for one in rest if any(law.path.rpartition(".")[0] == one.path for law in laws)]
    parts.append(f"{_LAWS} {', '.join(f'`{path}`' for path in holders)}.\n")
    first = [law for law in laws if law.path.startswith(f"{holders[0]}.")]
    parts += [_section(law.path.removeprefix(f"{holders[0]}."), law, law.path) for law in first]
    parts.append(_SOURCED)
    parts += [_short(f"`{key}`", text, f"{SOURCED}.{key}") for key, text in SOURCED_MEANINGS.items()]
    parts.append(_UNCERTAINTY)
    parts += [_short(*forms, f"{UNCERTAINTY}.{kind}") for kind, forms in _UNCERTAINTY_FORMS.items()]
    meaning = "several values or laws with weights; without uncertainty runs the weightiest stands"
    parts += [_ONE_OF, _short("`{one_of: [{weight: …, …}, …]}`", meaning, f"{UNCERTAINTY}.one_of")]
    return "\n".join(parts)


def _section(title: str, one: Described, key: str) -> str:
    lines = [f"### `{title}`", "", f"{_sentence(one.meaning)}" if one.meaning else "", ""]
    lines += [f"- **{name}:** {text}" for name, text in _facts(one)]
    lines += _advised(advice_on(key))
    return "\n".join(lines) + "\n"


def _short(form: str, meaning: str, entry: str) -> str:
    return "\n".join([f"### {form}", "", _sentence(meaning), "", *_advised(all_advice().get(entry))]) + "\n"


def _facts(one: Described) -> Iterator[tuple[str, str]]:
    yield "Type", _type(one.forms) or "a mapping of names"
    if SOURCED_FORM in one.forms:
        yield "Unit", one.units or "none, a pure number"
    if one.default:
        yield "Default", one.default if one.default in {"required", "not given"} else f"`{one.default}`"


def _type(forms: tuple[str, ...]) -> str:
    """Say the forms of a key in words, what may stand for any number or law left to the top of the page."""
    is_law = any("laws" in form for form in forms)
    shown = [form for form in forms if form not in {SOURCED_FORM, ALTERNATIVES_FORM, "one of the laws below"}]
    words = "; or ".join(shown).replace("the keys below", "the keys that follow")
    if is_law:
        return f"[a time law](#time-laws): {words}; or one of the laws"
    return f"{words}; or [sourced](#sourced-values)" if SOURCED_FORM in forms else words


def _advised(advice: Advice | None) -> list[str]:
    if advice is None:
        return []
    return [f"- **How to obtain it:** {advice.obtain}", f"- **Caution:** {advice.caution}"]


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


if __name__ == "__main__":
    print(reference_page(), end="")
