"""A scenario told in words and drawn as a graph."""

import re

import pytest
from rich.console import Console

import dcsim
from dcsim.document.causes import waited_for
from dcsim.document.words import counted, listed, plural, span_of_places
from dcsim.report.graph import dot, mermaid
from dcsim.report.quantities import uncertain
from dcsim.report.words import tell
from dcsim.scenario.values import parse_uncertain, read_number, read_span, read_when
from dcsim.study.cash import network_of

SCENARIO = {
    "name": 'A "small" hall',
    "description": "For the tests.",
    "start": "2024-01-01",
    "day_zero": "2024-01-03",
    "horizon": "1 year",
    "places": {"phase": ["north", "south"], "rack": {"in": "phase", "count": {"north": 2, "south": 1}}},
    "calendars": {"day_shift": {"days": "Mon-Fri", "hours": "07:00-17:00", "holidays": "US"}},
    "factors": {"labor": {"pert": [0.8, 1, 1.3]}},
    "resources": {
        "crew": {"count": {"0 d": 1, "30 d": 2}, "calendar": "day_shift"},
        "dock": {"count": {"value": 2, "assumption": "two doors"}, "per": "phase"},
    },
    "supplies": {
        "stacks": {
            "unit": "stack",
            "initial": "40_000",
            "production": {"rate": "60_000 / wk", "every": "1 wk", "share": 0.35, "varies_with": ["labor"]},
        },
        "power": {
            "unit": "kW",
            "orders": {
                "grid": {"amount": "1 MW", "placed": {"after": "install", "lag": "3 d"}, "lead_time": "30 to 90 d"}
            },
        },
        "gpus": {"unit": "GPU"},
    },
    "activities": {
        "install": {
            "at": "rack",
            "duration": {"value": "2 d", "source": "S1"},
            "requires": {"crew": 1, "dock": 1},
            "consumes": {"stacks": 320},
            "learning": {"rate": 0.9, "at": 2},
            "varies_with": ["labor"],
            "within": {"south": {"priority": 2, "consumes": {"stacks": 384}}},
        },
        "test": {
            "at": "rack",
            "duration": "24 to 72 h",
            "after": ["install", {"activity": "start_up", "lag": "1 d"}],
            "consumes": {"power": 96},
            "produces": {"gpus": 64},
            "rework": {"probability": 0.44, "duration": "3 h", "requires": {"crew": 1}},
        },
        "start_up": {
            "duration": "1 d",
            "after": [{"activity": "install", "place": "north", "count": 1, "from": "start"}],
        },
    },
    "risks": {
        "storm": {
            "probability": 0.4,
            "begins": "2024-02-01 to 2024-03-01",
            "lasts": "1 wk",
            "effects": {"supplies.stacks": 0.5},
            "stop_work": ["crew"],
            "mitigation": {"cost": "20M USD", "probability": 0.15},
        },
        "slip": {
            "times": 3,
            "begins": {"after": "all", "lag": "2 d"},
            "lasts": "1 wk",
            "every": "30 d",
            "effects": {"activities.start_up": "3 d", "activities.test": {"each": "1 d"}},
        },
    },
    "milestones": {
        "all": {"supply": "gpus", "reaches": 192, "observed": {"date": "2024-05-01", "meaning": "claimed"}},
        "first": {"activity": "install", "reaches": 1, "event": "start"},
    },
    "fitted": {"resources.dock.count": {"to": "all", "prior": "1 to 4", "source": "S1"}},
    "variants": {"more": {"resources": {"crew": {"count": 9}}}},
    "sources": {"S1": {"what": "a page"}},
}


@pytest.fixture(scope="module")
def words():
    console = Console(width=300, highlight=False)
    with console.capture() as captured:
        scenario = dcsim.load(SCENARIO)
        console.print(tell(scenario, network_of(scenario)))
    return captured.get()


@pytest.mark.parametrize(
    "said",
    [
        'A "small" hall',
        "The clock starts on 2024-01-01, days count from 2024-01-03, and the run stops on 2025-01-01",
        "2 values with their origin: 1 from 1 source and 1 assumption.",
        "phase  2: north, south",
        "rack  3 in 2 phases",
        "install  3 x, one per rack",
        "takes 1 x crew, 1 x dock",
        "consumes 320 stacks of stacks",
        "lasts 2 d (working time of day_shift)",
        "learns: time x 0.9 with every doubling of the number done, the time above is that of number 2",
        "in south: consumes 384 stacks of stacks",
        "in south: priority 2",
        "after install, start_up + 1 d",
        "lasts lognormal, 90 % between 24 h and 72 h; P10 27.1 h, P50 41.6 h, P90 63.8 h",
        "fails with 44 %: repair 3 h, takes 1 x crew",
        "start_up  once",
        "after the start of install in north (1 of them)",
        "crew  1 from the start, 2 from 30 d after the start, works by day_shift; taken by install, test",
        "dock  2, in every phase; taken by install",
        "stacks  in stacks; consumed by install",
        "40,000 stacks at the start",
        "production: 60_000 / wk, delivered every 1 wk, from the start, of which this project gets 0.35; varies with",
        "order grid: 1,000 kW, placed after install and 3 d, lead time lognormal, 90 % between 30 d and 90 d; P10",
        "gpus  in GPU; a counter; produced by test",
        "day_shift  Mon-Fri, 07:00-17:00, not on holidays of US",
        "labor  PERT 0.8 to 1.3, most likely 1; P10",
        "moves install, stacks",
        "storm  40 % likely",
        "begins uniform 2024-02-01 to 2024-03-01; P10 2024-02-03, P50 2024-02-15, P90 2024-02-27",
        "production of stacks x 0.5",
        "stops the work of crew",
        "mitigated for 20M USD: 15 %",
        "strikes at most 3 times",
        "begins after all, 2 d later",
        "strikes again 30 d after it ended",
        "start_up takes longer by 3 d",
        "each test takes longer by its own 1 d",
        "all  192 GPU of gpus in total",
        "observed 2024-05-01: claimed",
        "first  1 x install started",
        "resources.dock.count  prior 1 to 4 (S1), fitted to all",
        "more  changes resources.crew",
    ],
)
def test_it_is_told(words, said):
    assert said in words


def test_ways_to_do_an_activity_are_told_with_what_they_take_and_how_long_they_last():
    ways = {
        "large": {"duration": "2 d", "requires": {"crew": 4}},
        "small": {"duration": "9 h", "requires": {"hand": 1}},
    }
    scenario = dcsim.load(
        {
            "name": "x",
            "start": "2024-01-01",
            "calendars": {"shift": {"hours": "07:00-17:00"}},
            "resources": {"crew": {"count": 4, "calendar": "shift"}, "hand": 1},
            "activities": {"fit_out": {"ways": ways}},
        }
    )
    told = tell(scenario, network_of(scenario))
    console = Console(width=300, highlight=False)
    with console.capture() as captured:
        console.print(told)
    said = captured.get()
    assert "large takes 4 x crew, lasts 2 d (working time of shift); small takes 1 x hand, lasts 9 h\n" in said
    assert said.count("lasts") == 2
    assert "4, works by shift; taken by fit_out\n" in said
    assert "hand  1; taken by fit_out\n" in said


def test_mermaid():
    scenario = dcsim.load(SCENARIO)
    lines = mermaid(scenario, network_of(scenario)).splitlines()
    assert lines[0] == "flowchart LR"
    assert '  n0["install<br/>3 x, per rack"]' in lines
    assert '  n3[("stacks<br/>40,000 stacks at the start<br/>production")]' in lines
    assert '  n6(["all<br/>reaches 192 GPU"])' in lines
    assert '  n0 -->|"start, in north, 1 of them"| n2' in lines
    assert '  n2 -->|"+ 1 d"| n1' in lines
    assert '  n3 -.->|"320 stacks"| n0' in lines
    assert '  n1 -.->|"64 GPU"| n5' in lines
    assert "  n5 --> n6" in lines
    assert '  n0 -->|"order grid + 3 d"| n4' in lines
    node = r'n\d+(\["[^"]*"\]|\[\("[^"]*"\)\]|\(\["[^"]*"\]\))'
    edge = r'n\d+ (-->|-\.->)(\|"[^"]*"\|)? n\d+'
    assert all(re.fullmatch(f"  ({node}|{edge})", line) for line in lines[1:])


def test_dot():
    scenario = dcsim.load(SCENARIO)
    lines = dot(scenario, network_of(scenario)).splitlines()
    assert lines[0] == 'digraph "A \\"small\\" hall" {'
    assert lines[-1] == "}"
    assert '  n0 [shape=box, label="install\\n3 x, per rack"];' in lines
    assert '  n3 -> n0 [style=dashed, label="320 stacks"];' in lines
    assert "  n5 -> n6;" in lines


def test_names_are_escaped_in_graphs():
    odd = 'say "hi" <b> #1'
    scenario = dcsim.load({"name": "x", "start": "2024-01-01", "activities": {odd: {}}})
    assert 'n0["say #34;hi#34; #60;b#62; #35;1"]' in mermaid(scenario, network_of(scenario))
    assert 'label="say \\"hi\\" <b> #1"' in dot(scenario, network_of(scenario))


# Words


@pytest.mark.parametrize(
    ("written", "reader", "said"),
    [
        ("3 d", read_span, "3 d"),
        ("2024-05-02 07:30", read_when, "2024-05-02 07:30"),
        ({"uniform": ["0 d", "10 d"]}, read_span, "uniform 0 d to 10 d; P10 1 d, P50 5 d, P90 9 d"),
        ({"uniform": ["12 h", "1 d"]}, read_span, "uniform 0.5 d to 1 d; P10 0.55 d, P50 0.75 d, P90 0.95 d"),
        ({"uniform": [0, 1000]}, read_number, "uniform 0 to 1,000; P10 100, P50 500, P90 900"),
        (
            {"discrete": [["1 h", 3], ["2 h", 1]]},
            read_span,
            "discrete: 1 h (75 %), 2 h (25 %); P10 1 h, P50 1 h, P90 2 h",
        ),
        ({"weibull": [2, "10 d"]}, read_span, "Weibull, shape 2, scale 10 d; P10 3.25 d, P50 8.33 d, P90 15.2 d"),
        (
            "2024-01-01 to 2024-01-11",
            read_when,
            "uniform 2024-01-01 to 2024-01-11; P10 2024-01-02, P50 2024-01-06, P90 2024-01-10",
        ),
    ],
)
def test_quantities_in_words(written, reader, said):
    assert uncertain(parse_uncertain(written, reader)) == said


def test_words():
    assert [plural(word) for word in ("rack", "activity", "bay", "switch", "box")] == [
        "racks",
        "activities",
        "bays",
        "switches",
        "boxes",
    ]
    assert counted(1, "rack") == "1 rack"
    assert counted(3136, "rack") == "3,136 racks"
    assert listed(["a", "b", "c"], most=2) == "a, b, and 1 more"
    assert waited_for("calendar:day_shift") == "day_shift to open"
    assert waited_for("risk:storms") == "storms to end"
    assert waited_for("dell | smc") == "dell | smc"


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        ("site", "site", ""),
        ("hall1", "hall1", " in hall1"),
        ("hall1", "hall4", " in hall1...hall4"),
        ("phase1/hall1/pod1/rack1", "phase2/hall4/pod49/rack8", " in phase1/hall1...phase2/hall4"),
        ("phase2/hall1/pod1", "phase2/hall3/pod2", " in phase2/hall1/pod1...phase2/hall3/pod2"),
    ],
)
def test_places_in_words(first, last, said):
    assert span_of_places(first, last) == said
