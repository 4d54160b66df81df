"""Comparisons: pairing makes luck cancel, nothing changes where nothing was changed, and the causes add up."""

import json
import re

import numpy as np
import pytest
from builders import network

import dcsim
from dcsim.analysis.differences import difference
from dcsim.errors import RequestError
from dcsim.study.compare import compare

SPEC = network(
    "design=2d build@rack=1d<design:crew idle=1d",
    places={"rack": 6},
    crew={"count": 2},
    milestones={"built": {"activity": "build", "target": "2024-01-20"}, "all": {"activity": "idle"}},
)
SPEC["activities"]["design"]["duration"] = {"uniform": ["1 d", "9 d"]}
SPEC["activities"]["build"]["duration"] = "1 to 3 d"
SPEC["variants"] = {
    "same": {"activities": {"build": {"duration": "1 to 3 d"}}},
    "irrelevant": {"activities": {"idle": {"duration": "2 d"}}},
    "quick": {"resources": {"crew": {"count": 3}}},
    "slow_design": {"activities": {"design": {"duration": {"uniform": ["3 d", "11 d"]}}}},
    "never": {"horizon": "3 d"},
}


@pytest.fixture(scope="module")
def compared():
    return compare(dcsim.load(SPEC), milestones=["built"], n=64, engine="reference")


def row(result, label):
    return result.differences.set_index("scenario").loc[label]


@pytest.mark.slow
@pytest.mark.parametrize("label", ["same", "irrelevant"])
def test_nothing_changes_where_nothing_was_changed(compared, label):
    found = row(compared, label)
    assert (found["mean"], found["low"], found["high"], found["same"]) == (0, 0, 0, 1)
    of_it = compared.causes[compared.causes["scenario"] == label]
    assert (of_it["change"] == 0).all()


def test_one_build_has_no_interval(dcsim, tmp_path):
    path = tmp_path / "small.yaml"
    path.write_text(json.dumps(SPEC))
    out, _, code = dcsim("compare", str(path), "quick", "--milestone", "built", "-n", "1")
    assert code == 0
    assert re.search(r"\nquick .* +\? +[<>]\d+ %\n", out)
    assert "inf" not in out


def test_a_shift_is_found_to_the_minute_in_every_replication(compared):
    """Two days more of design are two days later in every replication: without pairing it would drown in the noise."""
    found = row(compared, "slow_design")
    assert found["mean"] == pytest.approx(2, abs=1e-3)
    assert found["high"] - found["low"] < 1e-3
    assert found["worse"] == 1
    assert found["width_ratio"] < 0.001


def test_causes_account_for_the_difference(compared):
    for label in ("quick", "slow_design"):
        of_it = compared.causes[compared.causes["scenario"] == label]
        assert of_it["change"].sum() == pytest.approx(row(compared, label)["mean"], abs=1e-9)
    quick = compared.causes[compared.causes["scenario"] == "quick"].set_index(["kind", "name"])["change"]
    assert quick["resource", "crew"] < 0
    assert quick.abs().idxmax() == ("resource", "crew")


def test_what_is_no_longer_reached_gets_no_number(compared):
    found = row(compared, "never")
    assert np.isnan(found["mean"])
    assert found["median"] == np.inf
    assert found["worse"] > 0.9
    scenarios = compared.scenarios.set_index("scenario")
    assert scenarios.loc["never", "p80"] == np.inf


def test_milestones_with_a_date_are_compared_if_none_is_named():
    result = compare(dcsim.load(SPEC), "quick", n=4, engine="reference")
    assert result.about["milestones"] == ["built"]
    assert result.about["scenarios"] == ["base", "quick"]
    assert len(result.outcomes) == 8


def test_scenarios_of_several_files_are_compared():
    other = dcsim.load(SPEC, overrides={"resources.crew.count": 3})
    changes = (other, "quick", "resources.crew.count=3")
    result = compare(dcsim.load(SPEC), *changes, milestones=["built"], n=20, engine="reference")
    assert result.about["scenarios"] == ["base", "resources.crew.count=3", "quick", "resources.crew.count=3 (2)"]
    assert (result.differences["mean"].iloc[0], result.differences["better"].iloc[0]) == pytest.approx(
        (result.differences["mean"].iloc[1], result.differences["better"].iloc[1])
    )


def test_what_was_taken_names_a_scenario():
    spec = SPEC | {"options": {"third_crew": {"cost": "1M USD", "changes": {"resources": {"crew": {"count": 3}}}}}}
    result = compare(dcsim.load(spec), dcsim.load(spec, options=["third_crew"]), n=2, engine="reference")
    assert result.about["scenarios"] == ["base", "third_crew"]
    result = compare(dcsim.load(spec), "third_crew", "quick", milestones=["built"], n=4, engine="reference")
    assert result.differences["mean"].iloc[0] == result.differences["mean"].iloc[1] < 0


def test_days_are_those_of_the_base_where_day_zero_differs():
    """The same build with another day zero is no other build."""
    other = dcsim.load(SPEC | {"day_zero": "2024-01-04"})
    result = compare(dcsim.load(SPEC), other, milestones=["built"], n=10, engine="reference")
    assert result.differences["mean"].iloc[0] == pytest.approx(0)
    assert result.causes["change"].sum() == pytest.approx(0)


def test_what_cannot_be_compared_is_refused():
    base = dcsim.load(SPEC)
    with pytest.raises(RequestError, match="no milestone 'bilt'; did you mean 'built'"):
        compare(base, "quick", milestones=["bilt"], n=2)
    with pytest.raises(RequestError, match="no variant, option or risk 'quik'; did you mean 'quick'"):
        compare(base, "quik", n=2)
    with pytest.raises(RequestError, match="nothing to compare: the scenario has no variants"):
        compare(dcsim.load(network("a=1")), n=2)
    with pytest.raises(RequestError, match="no alternative has the milestone 'built': choose another with --milestone"):
        compare(base, dcsim.load(network("a=1")), milestones=["built"], n=2)
    with pytest.raises(RequestError, match="nothing to compare: no alternative has a milestone of the base"):
        compare(base, dcsim.load(network("a=1")), n=2)


def test_a_scenario_without_a_milestone_has_no_numbers_of_it():
    """The others are compared as they are without it, and its row says that it is not there."""
    spec = network("a=2d b=3d<a", milestones={"first": {"activity": "a"}, "last": {"activity": "b"}})
    changes = {
        "slow": {"activities": {"b": {"duration": "5 d"}}},
        "without": {"activities": {"a": {"duration": "1 d"}}, "milestones": {"last": None}},
    }
    base = dcsim.load(spec | {"variants": changes})
    result = compare(base, n=4, engine="reference")
    rows = result.scenarios.groupby("outcome", sort=False)["scenario"].agg(list).to_dict()
    assert rows == {"first": ["base", "slow", "without"], "last": ["base", "slow"]}
    means = result.differences.set_index(["outcome", "scenario"])["mean"]
    assert means.to_dict() == {("first", "slow"): 0, ("first", "without"): -1, ("last", "slow"): 2}
    assert means["last", "slow"] == compare(base, "slow", n=4, engine="reference").differences["mean"].iloc[1]
    last = result.report().sections[2]
    assert "without: not in this scenario" in last.sentences
    assert last.tables[0].rows[-1] == ["without", *["-"] * 6]
    (only,) = compare(base, "without", n=4, engine="reference").scenarios["outcome"].unique()
    assert only == "first"


def test_pairing_that_does_not_help_is_seen():
    random = np.random.default_rng(0)
    one, other = random.normal(size=400), random.normal(size=400)
    assert difference(one, other).width_ratio == pytest.approx(1, abs=0.1)
    assert difference(one, one + other / 100).width_ratio < 0.05


def test_the_interval_is_student_s():
    later = np.array([1.0, 2.0, 4.0, 5.0])
    found = difference(np.zeros(4), later)
    half = 3.182446 * np.std(later, ddof=1) / 2
    assert (found.mean, found.low, found.high) == pytest.approx((3, 3 - half, 3 + half), abs=1e-5)
    blocks = difference(np.zeros(4), later, block=2)
    assert blocks.high - blocks.low == pytest.approx(2 * 12.7062 * np.std([1.5, 4.5], ddof=1) / np.sqrt(2), abs=1e-3)


@pytest.mark.slow
def test_the_command(dcsim, tmp_path):
    path = tmp_path / "spec.yaml"
    import yaml

    path.write_text(yaml.safe_dump(SPEC, sort_keys=False))
    out, err, code = dcsim("compare", str(path), "quick", "same", "-n", "20", "--out", str(tmp_path / "out"))
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "waiting for crew" in out
    out, _, code = dcsim("compare", str(path), "quick", "-n", "20", "--json")
    assert (code, json.loads(out)["kind"]) == (0, "comparison")
    out, _, code = dcsim("compare", str(path), "quick", "-n", "20", "--csv")
    assert out.splitlines()[0].startswith("scenario,outcome,party,mean,low,high,median,better,same,worse,width_ratio")
    _, err, code = dcsim("compare", str(path), "quik", "-n", "20")
    assert code == 2
    assert "did you mean 'quick'" in err


def test_the_charts_show_what_the_tables_say(compared):
    assert compared.charts() == ("differences", "days", "waterfall")
    chart = compared.chart("differences", milestone="built")
    assert list(chart.y.names) == [
        "same",
        "irrelevant",
        "quick",
        "slow_design",
        "never: not reached in every replication",
    ]
    means = {mark.name: mark.x.tolist() for mark in chart.marks}
    assert means["later"] == [row(compared, "slow_design")["mean"]]
    assert [round(days, 6) for days in means["no clear difference"][:2]] == [0, 0]
    stacks = compared.chart("days")
    assert stacks.y.names[:2] == ["base", "same"]
    assert stacks.marks[-1].end[0] == pytest.approx(compared.causes.query("scenario == 'same'")["base"].sum())


def test_a_picture_that_is_not_there_is_told(compared):
    with pytest.raises(RequestError, match="no picture 'pie' of a result of kind 'comparison'; there are differences"):
        compared.chart("pie")
    with pytest.raises(RequestError, match="the picture 'days' has no option 'place'"):
        compared.chart("days", place="hall1")


def test_a_result_that_was_read_says_the_same(compared, tmp_path):
    again = dcsim.read(compared.save(tmp_path / "out"))
    assert again.report() == compared.report() or str(again.report()) == str(compared.report())
    assert again.differences.equals(compared.differences)
    with pytest.raises(AttributeError, match="has no 'diferences'; its tables are scenarios, differences"):
        _ = again.diferences


@pytest.mark.slow
def test_a_table_is_a_dataset_by_the_columns_that_tell_its_rows_apart(compared):
    dataset = compared.to_xarray("outcomes")
    assert list(dataset.sizes) == ["scenario", "replication"]
    first = compared.outcomes.iloc[0]
    found = dataset["value"].sel({key: first[key] for key in dataset.sizes}).item()
    assert found == first["value"] or (np.isnan(found) and np.isnan(first["value"]))
    assert next(iter(compared.to_xarray().sizes)) == "scenario"
    with pytest.raises(RequestError, match="no table 'outcome'; did you mean 'outcomes'"):
        compared.to_xarray("outcome")
