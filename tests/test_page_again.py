"""The commands at the foot of a page: each gives its result again from what is kept, or it is said what is missing."""

import shlex

import pytest
import yaml
from builders import TINY

import dcsim as package
from dcsim.errors import ResultError
from dcsim.report.page.again import command
from dcsim.report.page.contents import origin
from dcsim.report.page.results import together

PACE = ("--engine", "reference")
HALF = ("--milestone", "half")


@pytest.fixture
def file(tmp_path):
    """A scenario in which everything can be asked for: orders, an option, a value of a rack."""
    told = yaml.safe_load(TINY)
    told["supplies"]["power"] |= {"orders": {"first": {"amount": 300, "placed": "2024-01-02", "lead_time": "2 to 9 d"}}}
    told["supplies"]["done"]["hourly_value"] = "4 USD"
    told["options"] = {"crane": {"cost": "1M USD", "changes": {"resources": {"crane": {"count": 2}}}}}
    path = tmp_path / "asked.yaml"
    path.write_text(yaml.safe_dump(told))
    return str(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        ("run", "--expected"),
        ("run", "--seed", "3", "--replication", "2", "--variant", "more_power"),
        ("replicate", "-n", "64", "--sampling", "lhs", "--set", "resources.crane.count=2"),
        ("replicate", "-n", "600", "--until-precise", "half.p50 within 5 d", "--explain", "half", "--explain", "all"),
        ("explain", *HALF, "-n", "8", "--replication", "5", "--option", "crane"),
        ("explain", *HALF, "-n", "8", "--expected", "--mitigate", "storm"),
        ("explain", *HALF, "-n", "8"),
        ("delay-cost", "--supply", "done", "-n", "4"),
        ("delay-cost", "--supply", "done", "--expected", "--price", "1.23456789 EUR"),
        ("compare", "resources.crane.count=2", "-n", "8", "--seed", "1", *HALF),
        ("sweep", "--over", "supplies.power.orders.first.lead_time=3 d:9 d:3", "-n", "4", *HALF),
        ("sweep", "--over", "resources.crew.count=1..2", "--over", "resources.crane.count=1,2", "-n", "4", *HALF),
        ("drivers", *HALF, "-n", "8"),
        ("assumptions", *HALF),
        ("order-by", *HALF, "--confidence", "0.55", "-n", "16", "--date", "2024-02-10"),
        ("order-by", *HALF, "--order", "first", "-n", "8", "--date", "2024-02-10"),
    ],
    ids=" ".join,
)
def test_the_command_gives_the_same_result(dcsim, file, tmp_path, monkeypatch, asked):
    kept, again = tmp_path / "kept", tmp_path / "again"
    assert dcsim(asked[0], file, *asked[1:], *PACE, "--out", str(kept))[2] == 0
    before = package.read(kept)
    words = command(before)
    monkeypatch.chdir(kept)
    assert dcsim(*words[1:], *PACE, "--out", str(again))[2] == 0
    after = package.read(again)
    assert all(after.tables[name].equals(table) for name, table in before.tables.items())
    laid = ("variants", "overrides", "options", "mitigated", "checksum")
    assert {key: after.about[key] for key in after.about if key not in laid} == {
        key: before.about[key] for key in before.about if key not in laid
    }


@pytest.mark.parametrize(
    ("asked", "missing"),
    [
        (("compare", "more_power", "-n", "4", *HALF), "the file with its variants, or the other files: more_power"),
        (("mitigate", *HALF, "-n", "4"), "the file with its options"),
        (
            ("sweep", "--over", "resources.crew.count=1..2", "--samples", "2", "-n", "2", *HALF),
            "the sampled ranges of `--over`",
        ),
        (
            ("delay-cost", "--supply", "done", "--expected", "--target", "plan.csv"),
            "the plan of `--target`, which is not saved",
        ),
    ],
    ids=["compare", "mitigate", "sweep", "delay-cost"],
)
def test_where_more_is_needed_than_is_kept_it_is_said(dcsim, file, tmp_path, monkeypatch, asked, missing):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plan.csv").write_text("date,amount\n2024-01-05,6\n")
    assert dcsim(asked[0], file, *asked[1:], *PACE, "--out", "kept")[2] == 0
    found = package.read("kept")
    with pytest.raises(ResultError):
        command(found)
    told = origin(together([found]))
    assert told.commands == ()
    assert told.facts == (f"To reproduce the result of dcsim {asked[0]} you also need {missing}.",)


def test_a_budget_is_asked_for_to_the_last_dollar(file):
    scenario = package.load(file, options=["crane"])
    found = package.mitigate(scenario, milestone="half", budget="1234567.5 USD", n=4, engine="reference")
    assert shlex.join(command(found)) == (
        "dcsim mitigate scenario.yaml --milestone half --budget '1234567.5 USD' --seed 0 -n 4"
    )


def test_what_only_python_says_is_no_command(file):
    scenario = package.load(file)
    other = package.load(file, overrides={"resources.crane.count": 2}, options=["crane"])
    with pytest.raises(ResultError, match=r"or the other files: resources\.crane\.count=2, crane"):
        command(package.compare(scenario, other, milestones=["half"], n=1, engine="reference"))
    often = package.replicate(scenario, 8, until_precise=["half.p50 within 9 d"], at_least=4, engine="reference")
    with pytest.raises(ResultError, match="`at_least=4`, which only Python has"):
        command(often)
    points = package.sweep(
        scenario, {"supplies.power.orders.first.placed": ["2024-01-05 08:00"]}, milestones=["half"], n=1
    )
    with pytest.raises(ResultError, match=r"the Python values of supplies\.power\.orders\.first\.placed"):
        command(points)
