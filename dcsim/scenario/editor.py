"""The scenario format as a JSON schema, with which an editor completes and underlines.

Pydantic tells the parts and their keys; here stands what it cannot know: how values are written, the short
forms, the `{value: ..., source: KEY}` that may stand around anything, and the partial scenarios of variants,
of options and of `extends`.
"""

import json
from dataclasses import fields
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from dcsim.distributions import KINDS, Continuous
from dcsim.scenario.layers import PROVENANCE, RANGE, SECTIONS
from dcsim.scenario.prices import LINEAR, STEPS
from dcsim.scenario.schema import Scenario

Schema = dict[str, Any]

PARTIAL = "partial "
"""In front of the name of a part in which nothing is obligatory and `null` deletes."""

CITED = "cited "
"""In front of the name of a kind of value that may have its source around it."""

_NUMBER = {"type": ["number", "string"], "pattern": r"^([+-]?[0-9][0-9_]*(\.[0-9_]+)?([eE][+-]?[0-9]+)?$|=)"}
_WHOLE = {"type": ["integer", "string"], "pattern": r"^([+-]?[0-9][0-9_]*$|=)"}
_AMOUNT = {"type": ["number", "string"], "examples": [40_000, "8 MW"]}
_SPAN = {
    "type": ["string", "integer"],
    "pattern": "^([0-9._]+ ?[a-z]+$|=)",
    "minimum": 0,
    "maximum": 0,
    "examples": ["12 wk", "3 d"],
}
_DATE = {"type": "string", "pattern": r"^(\d{4}-\d{2}-\d{2}|=)", "examples": ["2024-05-02"]}
_WHEN = {"anyOf": [_SPAN, _DATE]}
_RANGE = {"type": "string", "pattern": " to "}


def _uncertain(definition: Schema, example: str) -> Schema:
    """A value, a range, or one distribution."""

    def parameters(family: type[Continuous]) -> Schema:
        count, items = len(fields(family)), {} if family.pure else {"items": definition}
        return definition if count == 1 else {"type": "array", **items, "minItems": count, "maxItems": count}

    kinds: Schema = {kind: parameters(family) for kind, family in KINDS.items() if issubclass(family, Continuous)}
    kinds["discrete"] = {"type": "array", "items": {"type": "array", "minItems": 2, "maxItems": 2}}
    kinds["empirical"] = {
        "type": "object",
        "properties": {"file": {}, "column": {}, "values": {"type": "array"}},
    }
    mapping = {"type": "object", "properties": kinds, "additionalProperties": False, "minProperties": 1}
    return {"anyOf": [definition, {**_RANGE, "examples": [example]}, {**mapping, "maxProperties": 1}]}


def _sourced(definition: Schema) -> Schema:
    """A value inside another that may have its source around it."""
    beside = {
        "value": definition,
        **{key: {"$ref": "#/$defs/text"} for key in PROVENANCE},
        **dict.fromkeys(RANGE, definition),
    }
    cited = {"type": "object", "required": ["value"], "properties": beside, "additionalProperties": False}
    return {"anyOf": [*definition["anyOf"], cited]}


def _on_path(definition: Schema) -> Schema:
    """A value, or steps from their dates."""
    steps = {"type": "object", "additionalProperties": _sourced(definition)}
    keys = {"path": steps, "between": {"enum": [STEPS, LINEAR]}}
    path = {"type": "object", "required": ["path"], "properties": keys, "additionalProperties": False}
    return {"anyOf": [*definition["anyOf"], path]}


_MONEY = {"type": "string", "pattern": "([A-Z]{3}|^=)", "examples": ["30_000 USD", "64 USD / MWh"]}
_PRICE, _PART = (
    _uncertain({**_MONEY, "type": ["string", "number"]}, "2 to 3 USD / h"),
    _uncertain(_NUMBER, "0.8 to 0.9"),
)
_FLOATING: Schema = {
    "type": "object",
    "required": ["over", "margin"],
    "properties": {"over": {"type": "string"}, "margin": _sourced(_on_path(_PART)), "floor": _NUMBER},
    "additionalProperties": False,
}
_YIELD: Schema = {
    "type": "object",
    "required": ["yield"],
    "properties": {"yield": _sourced(_on_path(_PART))},
    "additionalProperties": False,
}

WRITTEN: Schema = {
    "price": _on_path(_PRICE),
    "number path": _on_path(_PART),
    "rent": {"anyOf": [*_on_path(_PRICE)["anyOf"], _YIELD]},
    "rate": {"anyOf": [*_on_path(_PART)["anyOf"], _FLOATING]},
    "month": {"type": "string", "pattern": r"^(\d{4}-\d{2}|=)", "examples": ["2031-12"]},
    "parameter": _uncertain({"type": ["number", "string", "boolean"]}, "30 to 90 d"),
    "text": {"type": ["string", "number", "boolean"]},
    "whole": _WHOLE,
    "number": _NUMBER,
    "amount": _AMOUNT,
    "money": {"type": "string", "pattern": "([A-Z]{3}$|^=)", "examples": ["20M USD"]},
    "span": _SPAN,
    "date": _DATE,
    "when": _WHEN,
    "uncertain number": _uncertain(_NUMBER, "0.8 to 1.5"),
    "uncertain span": _uncertain(_SPAN, "24 to 72 h"),
    "uncertain when": _uncertain(_WHEN, "2024-06-01 to 2024-08-01"),
}
"""How each kind of value is written."""

_TEXT, _TEXTS = {"$ref": "#/$defs/text"}, {"type": "array", "items": {"$ref": "#/$defs/text"}}

SHORT_FORMS: dict[str, list[Schema]] = {
    "Parameter": [{"$ref": "#/$defs/parameter"}],
    "Level": [{"$ref": "#/$defs/whole"}, _TEXTS],
    "Factor": [{"$ref": "#/$defs/uncertain number"}],
    "Resource": [{"$ref": "#/$defs/cited whole"}],
    "Learning": [{"$ref": "#/$defs/number"}],
    "Link": [_TEXT],
    "Observation": [{"$ref": "#/$defs/date"}],
}
"""What may stand for a part instead of a mapping of its keys."""

_MILESTONE_LINK = {"milestone": {"$ref": "#/$defs/text"}}
_VALUED = {"Parameter": "parameter", "Factor": "uncertain number"}
"""Parts that are a value with more to say about it, and how it is written."""
_EXTENDS = {"description": "Scenario files beside this one, over which it is laid."}


def json_schema() -> str:
    """The schema as text, ready to be written into a file, with one definition in each line."""
    definition = schema()
    definitions = [f"  {json.dumps(name)}: {_line(definition)}" for name, definition in definition.pop("$defs").items()]
    head = ",\n".join(f" {json.dumps(key)}: {_line(value)}" for key, value in definition.items())
    return "{\n" + head + ',\n "$defs": {\n' + ",\n".join(definitions) + "\n }\n}\n"


class _Generator(GenerateJsonSchema):
    """Default values that JSON cannot hold are left out without a warning."""

    ignored_warning_kinds = {*GenerateJsonSchema.ignored_warning_kinds, "non-serializable-default"}  # noqa: RUF012


def schema() -> Schema:
    """The JSON schema (draft 7, which editors know best) of a scenario file."""
    definition = Scenario.model_json_schema(by_alias=True, schema_generator=_Generator)
    parts: Schema = definition.pop("$defs")
    parts["Scenario"] = definition
    full, partial = _Writer(""), _Writer(PARTIAL)
    definitions = WRITTEN | {CITED + kind: _with_source({"$ref": f"#/$defs/{kind}"}) for kind in WRITTEN}
    definitions |= {name: full.part(name, part) for name, part in parts.items()}
    definitions |= {PARTIAL + name: partial.part(name, part) for name, part in parts.items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "A dcsim scenario",
        "if": {"anyOf": [{"required": ["extends"]}, {"required": ["include"]}]},
        "then": {"$ref": f"#/$defs/{PARTIAL}Scenario"},
        "else": {"$ref": "#/$defs/Scenario"},
        "$defs": definitions,
    }


class _Writer:
    """Turns what pydantic tells into what may be written, in whole scenarios or in partial ones."""

    def __init__(self, prefix: str) -> None:
        self.prefix = prefix

    def part(self, name: str, definition: Schema) -> Schema:
        """A part of a scenario with keys of its own."""
        written: Schema = {
            "type": "object",
            "description": definition["description"],
            "additionalProperties": False,
        }
        if "required" in definition and not self.prefix:
            written["required"] = definition["required"]
        properties = {key: self._property(name, key, value) for key, value in definition["properties"].items()}
        if name == "Scenario":
            properties["extends"] = {**_EXTENDS, "anyOf": [_TEXT, _TEXTS]}
            properties |= {"label": {**_TEXT, "description": "What reports call the variant."}} if self.prefix else {}
        if name in _VALUED:
            properties |= self._around_value(_VALUED[name])
            written.pop("required", None)
        if name in ("Link", "PlacedAfter", "WindowAfter"):
            properties |= _MILESTONE_LINK
            written.pop("required", None)
        written["properties"] = properties
        return {"anyOf": [*SHORT_FORMS[name], written]} if name in SHORT_FORMS else written

    def _property(self, part: str, key: str, definition: Schema) -> Schema:
        """What may stand behind a key, with its meaning."""
        described = {"description": definition["description"]} if "description" in definition else {}
        if part == "Scenario" and key == "variants":
            partial = {"$ref": f"#/$defs/{PARTIAL}Scenario"}
            return {**described, "type": ["object", "null"], "additionalProperties": partial}
        if part == "Option" and key == "changes":
            return {**described, "$ref": f"#/$defs/{PARTIAL}Scenario"}
        if part == "Scenario" and key in SECTIONS:
            entries = self._value(definition["additionalProperties"])
            return {**described, "type": ["object", "null"], "additionalProperties": self._nullable(entries)}
        value = self._value(definition)
        if key == "open":
            value = {"anyOf": [_TEXT, {"type": "array", "items": {"anyOf": [_TEXT, value]}}, value]}
        if key in ("count", "rate", "hours") and part != "Level" and _is_ramp(value):
            inner = _first_object(value)["additionalProperties"]
            value = {"anyOf": [inner, value]}
        return {**described, **self._cited(value)}

    def _value(self, definition: Schema) -> Schema:
        """What may be written where pydantic expects this."""
        if "written" in definition:
            return {"$ref": f"#/$defs/{definition['written']}"}
        if "$ref" in definition:
            return {"$ref": definition["$ref"].replace("#/$defs/", f"#/$defs/{self.prefix}")}
        for key in ("anyOf", "oneOf"):
            if key in definition:
                return {"anyOf": [self._value(option) for option in definition[key]]}
        match definition.get("type"):
            case "string" if "enum" not in definition:
                return _TEXT
            case "integer":
                return {"$ref": "#/$defs/whole"}
            case "array":
                item = self._cited(self._value(definition["items"]))
                return {"anyOf": [item, {"type": "array", "items": item}]}
            case "object" if isinstance(definition.get("additionalProperties"), dict):
                entry = self._cited(self._value(definition["additionalProperties"]))
                return {"type": "object", "additionalProperties": self._nullable(entry)}
        return {key: definition[key] for key in ("type", "enum") if key in definition}

    def _cited(self, value: Schema) -> Schema:
        """The value, or the value with where it comes from around it."""
        kind = value.get("$ref", "").removeprefix("#/$defs/")
        if kind in WRITTEN:
            return self._nullable({"anyOf": [{"$ref": f"#/$defs/{CITED}{kind}"}]})
        return self._nullable(_with_source(value))

    def _nullable(self, value: Schema) -> Schema:
        """In a partial scenario `null` deletes."""
        if not self.prefix:
            return value
        return {"anyOf": [*value.get("anyOf", [value]), {"type": "null"}]}

    def _around_value(self, kind: str) -> Schema:
        """What may stand for or beside a value of this kind: a distribution, its source, its range."""
        mapping: Schema = WRITTEN[kind]["anyOf"][-1]["properties"]
        beside = dict.fromkeys(PROVENANCE, "text") | dict.fromkeys(RANGE, kind)
        return mapping | {key: {"$ref": f"#/$defs/{definition}"} for key, definition in beside.items()}


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _with_source(value: Schema) -> Schema:
    """The value, or `{value: ..., source: KEY}`; the low and high of what is written at length are left alone."""
    definition = value if "$ref" in value else {}
    wrapper = {
        "type": "object",
        "required": ["value"],
        "properties": {"value": value, **dict.fromkeys(PROVENANCE, _TEXT), **dict.fromkeys(RANGE, definition)},
        "additionalProperties": False,
    }
    return {"anyOf": [value, wrapper]}


def _is_ramp(value: Schema) -> bool:
    return any("additionalProperties" in option for option in value.get("anyOf", [value]))


def _first_object(value: Schema) -> Schema:
    options: list[Schema] = value.get("anyOf", [value])
    return next(option for option in options if "additionalProperties" in option)
