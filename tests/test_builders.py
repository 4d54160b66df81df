"""The mini-language in which the other tests speak."""

import pytest
from builders import activity, network, tell


def test_a_line_is_a_scenario() -> None:
    assert network("a=2 b=3<a:crew c=1.5h<a,b+30", crew=1, b={"priority": 2}, supplies={"racks": {"initial": 3}}) == {
        "name": "a small network",
        "start": "2024-01-01",
        "activities": {
            "a": {"duration": "2 min"},
            "b": {"duration": "3 min", "after": ["a"], "requires": {"crew": 1}, "priority": 2},
            "c": {"duration": "1.5 h", "after": ["a", {"activity": "b", "lag": "30 min"}]},
        },
        "resources": {"crew": {"count": 1}},
        "supplies": {"racks": {"initial": 3}},
    }


def test_places_units_and_alternatives() -> None:
    assert activity("fit@hall=2h:crew*2,dell|smc") == (
        "fit",
        {"duration": "2 h", "at": "hall", "requires": {"crew": 2, "dell | smc": 1}},
    )


@pytest.mark.parametrize("token", ["a", "a=", "=3", "a<b"])
def test_what_cannot_be_read(token: str) -> None:
    with pytest.raises(ValueError, match="expected name@level=duration"):
        activity(token)


def test_what_is_told(engine: str) -> None:
    told = tell(network("a=2:crew b=3:crew", crew=1), engine)
    assert told.times == {"a": (0, 2), "b": (2, 5)}
    assert told["b"] == (2, 5)
    assert told.held_by("b") == "crew"
    assert told.shortages == [("b", 0, 2, "crew", 1)]
    assert told.makespan == 5
