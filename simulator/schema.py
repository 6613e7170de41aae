"""The JSON Schema of scenario files, for completion and checks in editors; and a meaning for every key."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from simulator.quantities import GRADES
from simulator.scenario import Scenario
from simulator.uncertainty_rules import uncertainty_schema

EXTENDS = "another scenario file; every key of it that is not set here is taken, and null removes one"

# What keys mean whose model does not say so.
_MEANINGS: Mapping[str, str] = MappingProxyType({
    "Scenario.title": "one line that names the scenario in figures and tables",
    "Scenario.question": "what the scenario is to answer",
    "Scenario.seed": "seed of the random numbers; the same seed gives the same result",
    "Scenario.replicates": "how many worlds are simulated, at most",
    "Scenario.region": "where the mines lie",
    "Scenario.mines": "the kinds of mines, each under a name of your own",
    "Scenario.civilians": "the people, and what an accident does",
    "Scenario.clearance": "clearance teams; absent: nothing is cleared",
    "Scenario.sources": "publications that numbers of this file name as their source, by a key of your own",
    "Return.initial": "share of the people who are there at the start",
    "Return.final": "share of the people who are there in the end",
    "Return.half_time": "time until half of the rest has returned",
    "Surge.factor": "how many times higher the risk is at the start",
    "Surge.half_time": "time until half of the excess is gone",
    "Education.from": "day on which risk education begins",
    "Education.ramp": "time until it has its full effect",
    "Education.reduces": "share of the accidents that it prevents in the end",
    "Marking.after_accident": "time from an accident until its cell is marked",
    "Marking.reduces": "share of the accidents in a marked cell that are prevented",
    "Clearance.from": "day on which the teams begin; what they did before the start is not played",
    "Clearance.teams": "how many teams work at the same time, each on a cell of its own",
    "Clearance.rate": "area that one team clears in a day of work",
    "Clearance.search": "share of a cell that has to be searched once it is surveyed; all its items lie in it",
    "Clearance.detection": "chance that an item in a searched cell is found",
    "Clearance.passes": "how often each cell is searched before it is released",
    "Clearance.order": "in which order the cells are cleared",
    "Clearance.cost": "cost of clearing",
    "Laying.from": "first day of laying; each mine is laid at a time drawn evenly from the period",
    "Laying.to": "last day of laying, to its midnight",
    "Belt.width": "width of the belt: normal across the line, 95 % of the mines within it (four standard deviations)",
    "Clusters.count": "how many groups",
    "Clusters.spread": "standard deviation of the distances from a group's centre, in each direction",
    "KeepAway.distance": "how far from settlements",
    "KeepAway.compliance": "share of the mines that keep this distance",
    "Lots.size": "mines in a production lot",
    "Placement.uniform": "true: evenly over the region",
    "Placement.belt": "along a line, normal across",
    "Placement.clusters": "in groups around random centres",
    "Placement.keep_away": "a distance from settlements that a share of the mines respects",
    "LawMapping.exponential": "constant hazard",
    "LawMapping.weibull": "share still working at time t: exp(-(t / scale)^shape)",
    "LawMapping.lognormal": "the logarithm of the time is normal around log(median)",
    "LawMapping.gamma": "density proportional to t^(shape - 1) exp(-t / scale)",
    "LawMapping.normal": "normal, truncated at 0",
    "LawMapping.uniform": "evenly between two times",
    "LawMapping.piecewise": "shares still working at given times, linear between them; after the last the share stays",
    "Exponential.mean": "mean of the times",
    "Weibull.shape": "1: constant hazard; the larger, the more alike the times",
    "Weibull.scale": "time at which 37 % still work",
    "Lognormal.median": "time at which half still work",
    "Lognormal.sigma": "standard deviation of the logarithm of the times",
    "Gamma.shape": "1: constant hazard; the larger, the more alike the times",
    "Gamma.scale": "mean of the times divided by the shape",
    "Normal.mean": "mean before truncation at 0",
    "Normal.sd": "standard deviation before truncation at 0",
    "Uniform.low": "earliest time",
    "Uniform.high": "latest time",
    "Source.title": "title of the publication",
    "Source.author": "its author",
    "Source.publisher": "its publisher",
    "Source.year": "year of publication",
    "Source.date": "date of publication, as far as known",
    "Source.url": "address at which it was read",
    "Source.note": "what was read of it, and reservations",
})  # fmt: skip


_ONE_OF = {
    "type": "object",
    "description": "one of several values: without uncertainty runs the weightiest",
    "properties": {
        "one_of": {
            "type": "array",
            "minItems": 2,
            "maxItems": 20,
            "items": {
                "type": "object",
                "properties": {"weight": {"type": "number", "exclusiveMinimum": 0}},
                "required": ["weight"],
                "minProperties": 2,
            },
        },
        "source": {"type": "string"},
        "grade": {"enum": list(GRADES)},
        "note": {"type": "string"},
    },
    "required": ["one_of"],
    "additionalProperties": False,
}


def meaning(model: str, key: str, described: str | None) -> str:
    """Say what a key of a model means: as the model describes it, or else as listed here."""
    return described or _MEANINGS.get(f"{model}.{key}", "")


def json_schema() -> dict[str, Any]:
    """Make the JSON Schema (2020-12) of a scenario file.

    A file that ``extends`` another may leave out what the other sets, so an editor is told to require nothing then.
    """
    schema = Scenario.model_json_schema(by_alias=True)
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "minesim scenario"
    for model, definition in (("Scenario", schema), *schema["$defs"].items()):
        for key, child in definition.get("properties", {}).items():
            if text := meaning(model, key, child.get("description")):
                child["description"] = text
    schema["properties"]["extends"] = {"type": "string", "description": EXTENDS}
    required = schema.pop("required")
    schema["if"] = {"not": {"required": ["extends"]}}
    schema["then"] = {"required": required}
    for name, definition in schema["$defs"].items():
        # An extending file may give part of a mapping, or null to remove a key.
        if name != "Source":
            definition.pop("required", None)
    _offer_alternatives(schema)
    schema["$defs"]["OneOf"] = _ONE_OF
    schema["$defs"]["Uncertainty"] = uncertainty_schema()
    mines = schema["properties"]["mines"]
    mines["additionalProperties"] = {"anyOf": [mines["additionalProperties"], {"type": "null"}]}
    return schema


def _offer_alternatives(part: Any) -> None:
    """Let one of several values stand wherever a sourced value may, and say what an uncertainty is."""
    if isinstance(part, dict):
        forms = part.get("anyOf", [])
        sourced = [form["properties"] for form in forms if "uncertainty" in form.get("properties", {})]
        for properties in sourced:
            properties["uncertainty"] = {"$ref": "#/$defs/Uncertainty"}
        if sourced:
            forms.append({"$ref": "#/$defs/OneOf"})
        for child in part.values():
            _offer_alternatives(child)
    elif isinstance(part, list):
        for child in part:
            _offer_alternatives(child)
