"""The JSON schema says what the door says: it takes what can be read, and underlines what cannot."""

import copy
import re
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest

from dcsim.scenario.editor import json_schema, schema
from dcsim.scenario.parse import parse_yaml
from dcsim.scenario.tree import Origin, plain

CONFIGS = Path(__file__).parents[1] / "configs"
BASE = {"name": "x", "start": "2024-01-01", "activities": {"a": {"duration": "3 d"}}}


@pytest.fixture(scope="module")
def validator():
    jsonschema.Draft7Validator.check_schema(schema())
    return jsonschema.Draft7Validator(schema())


def as_json(value):
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return float(value) if isinstance(value, Decimal) else value


def problems(validator, **parts):
    return [error.message for error in validator.iter_errors({**copy.deepcopy(BASE), **parts})]


def test_the_file_in_configs_is_current():
    assert (CONFIGS / "schema.json").read_text() == json_schema(), "run: dcsim schema --out configs/schema.json"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.name)
def test_every_scenario_in_configs_is_valid(validator, path):
    node, _ = parse_yaml(path.read_text(), Origin(path.name, path))
    assert [(list(error.path), error.message) for error in validator.iter_errors(as_json(plain(node)))] == []


@pytest.mark.parametrize(
    "parts",
    [
        {},
        {"places": {"phase": ["one", "two"], "hall": 3, "pod": {"in": "hall", "count": {"hall1": 2, "hall2": 3}}}},
        {"places": {"hall": {"count": {"value": 4, "source": "S"}}}, "sources": {"S": {"as_of": 2024}}},
        {"resources": {"crew": 2, "crane": {"value": 2, "source": "S"}}, "sources": {"S": {}}},
        {"resources": {"crew": {"count": "1_000"}, "crane": {"count": {"0 d": 6, "2024-03-01": 16}}}},
        {"resources": {"crew": {"count": {"value": {"0 d": 6}, "assumption": "a guess", "note": "and more"}}}},
        {"factors": {"a": 1.2, "b": "0.8 to 1.5", "c": {"pert": [0.8, 1, 2]}, "d": {"value": 2, "source": "S"}}},
        {"activities": {"a": {"learning": 0.92, "after": "b"}, "b": {"after": [{"activity": "c", "lag": "3 d"}]}}},
        {"activities": {"a": {"duration": {"value": {"triangular": ["1 d", "2 d", "3 d"]}, "source": "S"}}}},
        {"activities": {"a": {"requires": {"x | y": {"value": 1, "source": "S"}}, "duration": 0}}},
        {"activities": {"a": {"within": {"*/hall1": {"consumes": {"power": None}}}}}},
        {"supplies": {"p": {"production": {"rate": "60_000 / wk", "from": "2024-03-01", "share": 0.35}}}},
        {"supplies": {"p": {"orders": {"o": {"amount": "8 MW", "placed": {"after": "a", "lag": "1 wk"}}}}}},
        {"milestones": {"m": {"activity": "a", "observed": "2024-03-01"}}},
        {"risks": {"r": {"begins": "2024-06-01 to 2024-08-01", "stop_work": "a"}}},
        {"risks": {"r": {"begins": {"after": "a", "lag": "2 to 4 d"}, "effects": {"activities.a": "1 to 4 wk"}}}},
        {"risks": {"r": {"times": 3, "every": {"exponential": "9 d"}, "effects": {"activities.a": {"each": "2 d"}}}}},
        {"variants": {"v": {"supplies": {"s": {"orders": {"o": {"lots": 3}}}}, "activities": {"a": None}}}},
        {"options": {"o": {"cost": "5M USD", "changes": {"activities": {"a": {"duration": "2 d"}}}}}},
        {"options": {"o": {"cost": {"value": "5M USD", "assumption": "x"}, "changes": {"risks": {"r": None}}}}},
        {"extends": "base.yaml", "supplies": {"s": {"orders": {"o": {"lots": 3}}}}},
        {"supplies": None},
    ],
)
def test_what_may_be_written_is_not_underlined(validator, parts):
    assert problems(validator, **parts) == []


@pytest.mark.parametrize(
    "parts",
    [
        {"nmae": "x"},
        {"start": "soon"},
        {"activities": {"a": {"duraton": "3 d"}}},
        {"activities": {"a": {"duration": 18}}},
        {"activities": {"a": {"duration": {"pert": ["1 d", "2 d"]}}}},
        {"activities": {"a": {"duration": {"value": "3 d", "sorce": "x"}}}},
        {"milestones": {"m": {"activity": "a", "event": "end"}}},
        {"supplies": {"s": {"orders": {"o": {"lots": 3}}}}},
        {"variants": {"v": {"supplies": {"s": {"orderz": {}}}}}},
        {"options": {"o": {"cost": "5M USD", "changes": {"activities": {"a": {"duraton": "2 d"}}}}}},
        {"options": {"o": {"cost": "5M USD"}}},
        {"places": {"hall": {"count": "many"}}},
    ],
)
def test_what_cannot_be_read_is_underlined(validator, parts):
    assert problems(validator, **parts)


def test_what_is_needed_is_asked_for(validator):
    assert re.search(
        "'start' is a required property", str(list(validator.iter_errors({"name": "x", "activities": {}})))
    )


def test_fields_carry_their_meaning():
    activity = schema()["$defs"]["Activity"]["properties"]
    assert activity["requires"]["description"].startswith("Resources taken while it runs")
