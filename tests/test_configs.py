"""The scenarios in configs: each loads with its variants and options, both engines tell the same, and dates stay put.

`tests/golden/NAME.csv` holds the days of its milestones, with expected values and with the draws of seed 0. After a
change that is meant to move them, `python -m pytest tests/test_configs.py --renew` writes them anew: read the
difference, and say it in CHANGELOG.md under "Numbers".
"""

import csv
from pathlib import Path

import pytest
import yaml

import dcsim
from dcsim.engine import ENGINES

CONFIGS = Path(__file__).parents[1] / "configs"
GOLDEN = Path(__file__).parent / "golden"
TABLES = ("activities", "attempts", "shortages", "deliveries", "milestones", "supplies")

BASE = "base"
SCENARIOS = sorted(CONFIGS.glob("*.yaml"))
READ = {path: yaml.safe_load(path.read_text()) for path in SCENARIOS}
VARIANTS, OPTIONS = ({path: READ[path].get(what, {}) for path in SCENARIOS} for what in ("variants", "options"))
IN_BOTH = {"day_shift_only", "doubling_from_phase1", "turbine_permit_denied", "transformer_slots"}
"""Variants that both engines simulate; the others change amounts and dates, as generated networks do."""


def slow(path, variant):
    """Whether a case is tried seldom; the build of xai-2025 is that of colossus-1 and a little more."""
    return variant != BASE or path.stem == "xai-2025"


CASES = [
    pytest.param(path, variant, id=f"{path.stem}-{variant}", marks=[pytest.mark.slow] if slow(path, variant) else [])
    for path in SCENARIOS
    for variant in (BASE, *VARIANTS[path], *OPTIONS[path])
    if variant in {BASE, *IN_BOTH}
]

WHAT_IFS = {
    "hbm_30_short",
    "hbm_second_source",
    "no_allocation",
    "grid_only",
    "day_shift_only",
    "half_crews",
    "one_server_maker",
    "turbine_permit_denied",
}
"""Variants of Colossus that a reader looks for."""
DATED = {
    "first_rack",
    "training_start",
    "usable_25k",
    "installed_100k",
    "usable_100k",
    "installed_200k",
    "usable_200k",
}
"""Its milestones that were observed in the world."""


@pytest.mark.compiled
@pytest.mark.parametrize(("path", "variant"), CASES)
def test_both_engines_tell_the_same(path, variant):
    chosen = [] if variant == BASE else [variant]
    what = "options" if variant in OPTIONS[path] else "variants"
    scenario = dcsim.load(path, **{what: chosen})
    one, other = (dcsim.simulate(scenario, engine=engine, expected=True) for engine in ENGINES)
    for table in TABLES:
        assert getattr(one, table).equals(getattr(other, table)), table
    assert one.milestones["tick"].notna().any()
    assert one.finished == one.stuck.empty


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_nothing_is_wrong_with_any_variant(path):
    dcsim.check(path)


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_the_dates_are_those_of_the_golden(path, request):
    now, golden = days(path), GOLDEN / f"{path.stem}.csv"
    if request.config.getoption("--renew"):
        with golden.open("w", newline="") as file:
            csv.writer(file, lineterminator="\n").writerows(now)
    assert golden.exists(), f"no {golden.name} yet: python -m pytest tests/test_configs.py --renew"
    with golden.open(newline="") as file:
        assert now == [tuple(row) for row in csv.reader(file)], "if this is meant: pytest --renew, and the changelog"


def days(path: Path) -> list[tuple[str, str, str]]:
    """Milestones with their days to a hundredth; empty where they are not reached."""
    scenario = dcsim.load(path)
    runs = [dcsim.simulate(scenario, expected=True), dcsim.simulate(scenario, seed=0)]
    names = runs[0].milestones["milestone"]
    columns = [["" if day != day else f"{day:.2f}" for day in run.milestones["day"]] for run in runs]
    return [("milestone", "expected", "seed_0"), *zip(names, *columns, strict=True)]


def test_every_golden_has_its_scenario():
    assert {path.stem for path in GOLDEN.glob("*.csv")} == {path.stem for path in SCENARIOS}


def test_colossus_has_what_a_reader_looks_for():
    scenario = dcsim.load(CONFIGS / "colossus-1.yaml")
    assert set(scenario.variants) >= WHAT_IFS
    assert {name for name, milestone in scenario.milestones.items() if milestone.observed} >= DATED
    assert len(scenario.fitted) <= 6


def test_the_minimal_scenario_is_short():
    assert len((CONFIGS / "minimal.yaml").read_text().splitlines()) < 40


@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_every_source_is_used(path):
    """A source that no value cites is a leftover; where nothing is cited, the file says that it is illustrative."""
    text, sources = path.read_text(), READ[path].get("sources", {})
    assert [key for key in sources if text.count(key) < 2] == []
    assert dcsim.load(path).sources or "illustrative" in text
