"""The tree of places: how many there are, what stands in what, and what a pattern means."""

from collections.abc import Mapping
from dataclasses import dataclass
from time import perf_counter

import pytest

from dcsim.places import PlaceError, Places


@dataclass(frozen=True)
class Rule:
    within: str = "site"
    count: int | Mapping[str, int] | None = None
    names: tuple[str, ...] | None = None


CAMPUS = {
    "rack": Rule("pod", 2),
    "phase": Rule(names=("north", "south")),
    "hall": Rule("phase", {"north": 2, "south": 1}),
    "pod": Rule("hall", {"*/hall1": 2, "*": 3}),
    "lot": Rule(count=4),
}


def test_levels_come_after_the_ones_around_them() -> None:
    places = Places.grow(CAMPUS)
    assert places.levels == ("site", "phase", "hall", "pod", "rack", "lot")
    assert [places.count(level) for level in places.levels] == [1, 2, 3, 9, 18, 4]
    assert places.parent("rack") == "pod"
    assert places.parent("site") is None
    assert places.chain("pod") == ("site", "phase", "hall", "pod")


def test_paths_run_through_the_tree() -> None:
    places = Places.grow(CAMPUS)
    assert places.paths("site") == ["site"]
    assert places.paths("hall") == ["north/hall1", "north/hall2", "south/hall1"]
    racks = places.paths("rack")
    assert racks[:3] == ["north/hall1/pod1/rack1", "north/hall1/pod1/rack2", "north/hall1/pod2/rack1"]
    assert [places.path("rack", index) for index in range(18)] == racks


def test_later_patterns_of_a_count_win() -> None:
    rules = {**CAMPUS, "pod": Rule("hall", {"*": 3, "*/hall1": 2})}
    assert Places.grow(rules).count("pod") == 2 + 3 + 2


def test_what_stands_around_a_place() -> None:
    places = Places.grow(CAMPUS)
    assert places.enclosing("hall", "phase").tolist() == [0, 0, 1]
    assert places.enclosing("hall", "hall").tolist() == [0, 1, 2]
    assert places.enclosing("hall", "site").tolist() == [0, 0, 0]
    with pytest.raises(ValueError, match="no place of 'lot' contains 'site'"):
        places.enclosing("hall", "lot")


def test_the_smallest_place_that_contains_both() -> None:
    places = Places.grow(CAMPUS)
    assert places.common("rack", "hall") == "hall"
    assert places.common("rack", "lot") == "site"
    assert places.encloses("hall", "rack")
    assert places.encloses("hall", "hall")
    assert not places.encloses("rack", "hall")
    assert not places.encloses("lot", "hall")


@pytest.mark.parametrize(
    ("pattern", "level", "found"),
    [
        ("site", "hall", [True, True, True]),
        ("north", "hall", [True, True, False]),
        ("*/hall1", "hall", [True, False, True]),
        ("*/hall[2-9]", "hall", [False, True, False]),
        ("*", "hall", [True, True, True]),
        ("hall1", "hall", [False, False, False]),
        ("north/*", "phase", [False, False]),
        ("lot[13]", "lot", [True, False, True, False]),
        ("", "phase", [False, False]),
    ],
)
def test_a_pattern_means_places_and_what_is_inside(pattern: str, level: str, found: list[bool]) -> None:
    assert Places.grow(CAMPUS).matches(pattern, level).tolist() == found


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ({"hall": Rule("pod", 2), "pod": Rule("hall", 2)}, "the level 'hall' is not connected to the site"),
        ({"hall": Rule("phase", 2)}, "the level 'hall' is not connected to the site"),
        ({"phase": Rule(count=2), "hall": Rule("phase", {"phase1": 2})}, "has no count for 'phase2'"),
        (
            {"phase": Rule(count=2), "hall": Rule("phase", {"phase3": 2})},
            "no place 'phase3' among the places",
        ),
        ({"phase": Rule(count=3000), "hall": Rule("phase", 3000)}, "more than 5,000,000 places"),
        ({"phase": Rule(count=10**30)}, "more than 5,000,000 places"),
    ],
)
def test_places_that_cannot_be_laid_out(rules: dict[str, Rule], told: str) -> None:
    with pytest.raises(PlaceError, match=told):
        Places.grow(rules)


def test_a_level_without_places() -> None:
    places = Places.grow({"phase": Rule(count=0), "hall": Rule("phase", 3)})
    assert places.paths("hall") == []
    assert places.matches("phase1", "hall").tolist() == []


def test_sixty_thousand_racks_take_no_time() -> None:
    rules = {"hall": Rule(count=125), "pod": Rule("hall", 50), "rack": Rule("pod", 10)}
    begin = perf_counter()
    places = Places.grow(rules)
    assert places.count("rack") == 62_500
    assert places.matches("hall7/pod*", "rack").sum() == 500
    assert perf_counter() - begin < 0.5
