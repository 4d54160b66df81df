"""Which uncertain inputs move a milestone: what the inputs are, known answers, and the command."""

import json
import re

import numpy as np
import pandas as pd
import pytest
import yaml
from test_design import EXPECTED, SITE

import dcsim as library
from dcsim.analysis import sensitivity
from dcsim.errors import RequestError, ResultError
from dcsim.study.cash import network_of
from dcsim.study.inputs import REST, inputs_of
from dcsim.study.result import Result

KNOWN = """
name: Known
start: 2024-01-01
horizon: 200 d
places: {hall: 1}
supplies: {goods: {unit: piece, orders: {late: {amount: 1, lead_time: {uniform: [0 d, 20 d]}}}}}
activities:
  permit: {duration: {uniform: [10 d, 20 d]}}
  idle: {duration: 1 to 5 d}
  build: {at: hall, duration: {uniform: [10 d, 20 d]}, after: [permit]}
  finish: {duration: 2 d, after: [build]}
  receive: {consumes: {goods: 1}}
risks:
  flood: {probability: 0.3, effects: {activities.finish: 6}}
milestones: {done: {activity: finish}, received: {activity: receive}}
"""
"""The day of `done` is a sum of the permit, one hall, and 2 d or in a flood 12 d."""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("known") / "known.yaml"
    path.write_text(KNOWN)
    return str(path)


@pytest.fixture(scope="module")
def known(file):
    return library.drivers(library.load(file), milestone="done", n=256)


def rows(result):
    return result.drivers.set_index("input")


# The inputs


def test_an_input_is_what_a_planner_asks_about(tmp_path):
    (tmp_path / "site.yaml").write_text(SITE.replace("{value: 0.9 to 1.2, per: hall}", "1.1"))
    found = inputs_of(network_of(library.load(tmp_path / "site.yaml")))
    assert [(one.name, one.kind) for one in found] == [
        ("labor", "factor"),
        ("storm", "risk"),
        ("strike.delays.racks", "risk"),
        ("racks.first", "order"),
        ("permit", "activity"),
        ("test", "activity"),
        (REST, "places"),
    ]
    assert {quantity for one in found for quantity in one.quantities} == EXPECTED | {REST}
    assert found[1].quantities == ("risks.storm.occurs", "risks.storm.begins", "risks.storm.lasts")


def test_an_order_is_as_late_as_it_arrives_and_a_risk_is_there_or_not(tmp_path):
    (tmp_path / "site.yaml").write_text(SITE.replace("{value: 0.9 to 1.2, per: hall}", "1.1"))
    found = {one.name: one for one in inputs_of(network_of(library.load(tmp_path / "site.yaml")))}
    order, storm = found["racks.first"], found["storm"]
    early, late = order.size(np.array([[0.5, 0.05], [0.5, 0.95]])) / 1440
    assert late - early == pytest.approx(30, rel=1e-3), "a lead time of 10 to 40 d"
    assert (order.low, order.high) == ((0.1, 0.1), (0.9, 0.9))
    ends = np.array([storm.low, storm.high])
    assert storm.size(ends).tolist() == [0, 1]
    assert np.isnan(ends[:, 1:]).all(), "when it begins and how long it lasts stays at random"


def test_a_lead_time_in_months_counts_as_such_beside_the_date_of_the_order():
    order = {
        "amount": 1,
        "placed": {"uniform": ["2024-01-02", "2024-01-12"]},
        "lead_time": {"uniform": ["2 months", "8 months"]},
    }
    spec = {"name": "a", "start": "2024-01-01", "supplies": {"goods": {"unit": "piece", "orders": {"main": order}}}}
    spec |= {"activities": {"use": {"consumes": {"goods": 1}}}, "milestones": {"done": {"activity": "use"}}}
    found = inputs_of(network_of(library.load(spec)))[0]
    soon, late, placed = found.size(np.array([[0.5, 0.25], [0.5, 0.75], [0.75, 0.25]])) / 1440
    assert late - soon == pytest.approx(3 * 30.4375, rel=1e-6)
    assert placed - soon == pytest.approx(2.5, rel=1e-6)


def test_all_strikes_of_a_risk_are_one_input(tmp_path):
    """How often it strikes, with all that it adds; of a risk that is certain, each quantity over all its strikes."""
    slip = (
        "slip: {probability: 0.3, times: 3, effects: {activities.sign: 1 to 4 d, activities.build: {each: 1 to 2 d}}}"
    )
    rain = "rain: {every: {exponential: 90 d}, lasts: 1 to 2 d, times: 2, stop_work: sign}"
    site = SITE.replace("  strike:", f"  {slip}\n  {rain}\n  strike:").replace("{value: 0.9 to 1.2, per: hall}", "1.1")
    (tmp_path / "site.yaml").write_text(site)
    found = {one.name: one for one in inputs_of(network_of(library.load(tmp_path / "site.yaml")))}
    slips = [f"risks.slip{number}" for number in ("", ".2", ".3")]
    assert found["slip"].quantities == tuple(f"{name}.{what}" for what in ("occurs", "adds") for name in slips)
    assert found["slip"].size(np.array([[0.1, 0.5, 0.2, 0.5, 0.5, 0.5]])).tolist() == [2]
    assert found["rain.every"].quantities == ("risks.rain.every", "risks.rain.2.every")
    assert found["rain.lasts"].quantities == ("risks.rain.lasts", "risks.rain.2.lasts")


# Known answers


@pytest.mark.slow
def test_variances_of_a_sum_are_told_apart(known):
    """Permit and hall vary by 100 / 12 each, the flood by 0.3 x 0.7 x 100."""
    found, whole = rows(known), 200 / 12 + 21
    for name, part in (("permit", 100 / 12), (REST, 100 / 12), ("flood", 21)):
        for index in ("first", "total"):
            assert found.loc[name, index] == pytest.approx(part / whole, abs=0.06), name
            assert found.loc[name, f"{index}_low"] < part / whole < found.loc[name, f"{index}_high"], name
    assert list(found.index[:1]) == ["flood"]
    assert known.about["alone"] == pytest.approx(1, abs=0.05)


@pytest.mark.slow
def test_days_at_the_ends_of_a_sum(known):
    """From P10 to P90 the permit takes 8 days more; the flood costs 10, three times in ten."""
    found = rows(known)
    assert found.loc["permit", ["at_low", "at_high", "swing"]].tolist() == pytest.approx([-4, 4, 8], abs=0.1)
    assert found.loc["flood", ["at_low", "at_high", "swing"]].tolist() == pytest.approx([-3, 7, 10], abs=1e-3)
    assert found.loc[REST, ["correlation", "at_low", "swing", "information"]].isna().all()


@pytest.mark.slow
def test_what_cannot_matter_is_told_so(known):
    found = rows(known).loc[["goods.late", "idle"]]
    assert (found[["first", "first_high", "total", "at_low", "at_high", "swing"]] == 0).all(axis=None)
    for name in ("correlation", "information"):
        assert (found[f"{name}_low"] < 0).all()
        assert (found[f"{name}_high"] > 0).all()


@pytest.mark.slow
def test_the_date_that_moves_is_told(known):
    """Means of 15, 15 and 5 days."""
    assert known.about["mean"] == pytest.approx(35, abs=0.3)
    assert known.about["sd"] == pytest.approx((200 / 12 + 21) ** 0.5, abs=0.3)
    assert known.about["reached"] == 1
    assert known.about["builds"] < 256 * 7 + 4 * 2 * 64


@pytest.mark.slow
def test_chance_by_place_is_an_input_even_if_nothing_else_is(tmp_path):
    (tmp_path / "a.yaml").write_text(
        "name: A\nstart: 2024-01-01\nplaces: {hall: 2}\nactivities: {a: {at: hall, duration: 1 to 5 d}}\n"
        "milestones: {done: {activity: a}}\n"
    )
    result = library.drivers(library.load(tmp_path / "a.yaml"), milestone="done", n=256)
    assert rows(result).loc[REST, ["first", "total"]].tolist() == pytest.approx([1, 1], abs=0.2)


# Where the horizon cuts


@pytest.mark.slow
def test_what_comes_later_than_the_horizon_counts_as_there(file):
    scenario = library.load(file, overrides={"horizon": "40 d"})
    result = library.drivers(scenario, milestone="done", n=64)
    assert 0.6 < result.about["reached"] < 0.8
    assert result.about["p80"] == float("inf")
    assert rows(result).loc["flood", "correlation"] > 0.4


def test_what_is_never_reached_is_not_told(file):
    scenario = library.load(file, overrides={"horizon": "15 d"})
    with pytest.raises(RequestError, match="no replication reaches 'done' by 2024-01-16: dcsim replicate lists what"):
        library.drivers(scenario, milestone="done", n=8)


# The same bytes


@pytest.mark.compiled
def test_neither_workers_nor_engines_change_a_byte(file, tmp_path):
    scenario = library.load(file)
    for name, how in (
        ("one", {"engine": "reference"}),
        ("two", {"engine": "compiled", "workers": 1}),
        ("three", {"engine": "compiled", "workers": 3}),
    ):
        library.drivers(scenario, milestone="done", n=16, seed=5, **how).save(tmp_path / name)
    kept = [sorted((tmp_path / name).iterdir()) for name in ("one", "two", "three")]
    assert [path.name for path in kept[0]] == ["drivers.parquet", "manifest.json", "scenario.yaml"]
    for same in zip(*kept, strict=True):
        assert len({path.read_bytes() for path in same}) == 1


def test_progress_ends_with_all_builds(file):
    seen = []
    library.drivers(library.load(file), milestone="done", n=8, progress=lambda *done: seen.append(done))
    most = 8 * 7 + 4 * 2 * 2
    assert seen[0][0] == 0
    assert seen[0][1] <= most, "points that come to the same thing are simulated once"
    assert seen[-1][0] == seen[-1][1] <= seen[0][1]


@pytest.mark.parametrize("n", [8, 64])
def test_simulating_every_point_gives_the_same_table(file, n, monkeypatch):
    few = library.drivers(library.load(file), milestone="done", n=n)
    monkeypatch.setattr(sensitivity, "settled", lambda inputs, points: points)
    every = library.drivers(library.load(file), milestone="done", n=n)
    pd.testing.assert_frame_equal(few.drivers, every.drivers)
    assert few.about["builds"] < every.about["builds"]


def test_a_first_answer_is_told_early(file, caplog, monkeypatch):
    monkeypatch.setattr("dcsim.engine.LOG.propagate", True)
    with caplog.at_level("INFO", "dcsim"):
        library.drivers(library.load(file), milestone="done", n=64)
    said = (
        r"first answer, 128 replications: the mean is day 3\d±\d\.\d; strongest rank correlations: flood 0\.\d\d±0\.\d"
    )
    assert re.match(said, caplog.messages[-1])


def test_a_stopped_run_continues(file, tmp_path, monkeypatch):
    monkeypatch.setattr("dcsim.study.drivers.SLICE", 16)
    asked = {"milestone": "done", "n": 16}
    library.drivers(library.load(file), **asked).save(tmp_path / "at_once")

    def stop(done, count):
        if done >= 48:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        library.drivers(library.load(file), **asked, out=out, progress=stop)
    with pytest.raises(ResultError, match="holds a stopped run: continue it with --resume"):
        library.drivers(library.load(file), **asked, out=out)
    parts = len([*(out / "parts").iterdir()])
    seen = []
    library.drivers(library.load(file), **asked, out=out, resume=True, progress=lambda *done: seen.append(done[0]))
    assert seen[1 : 1 + parts] == [16 * (k + 1) for k in range(parts)], "what was done is read"
    for name in ("drivers.parquet", "manifest.json"):
        assert (out / name).read_bytes() == (tmp_path / "at_once" / name).read_bytes()
    assert library.drivers(library.load(file), **asked, out=out, resume=True).about["points"] == 16


# The result


@pytest.mark.slow
def test_the_result_shows_itself(known):
    assert repr(known) == "Result('drivers', 'Known', tables: drivers)"
    assert "<td>flood</td>" in known._repr_html_()
    assert [text.get_text() for text in known.plot().get_yticklabels()] == ["flood", "permit"]


def test_a_tornado_has_the_largest_swing_on_top_and_the_shorter_bar_in_front():
    rows = [
        ("small", "factor", -1.0, 1.0),
        ("large", "risk", -2.0, 9.0),
        ("same side", "order", 1.0, 4.0),
        ("none", "risk", 0, 0),
    ]
    table = pd.DataFrame(rows, columns=["input", "kind", "at_low", "at_high"])
    table["swing"] = table["at_high"] - table["at_low"]
    chart = Result("drivers", library.load(yaml.safe_load(KNOWN)), {"milestone": "done"}, {"drivers": table}).chart()
    assert list(chart.y.names) == ["large", "same side", "small"]
    bars = [
        (chart.y.names[row], end, label)
        for mark in chart.marks
        for row, end, label in zip(mark.rows, mark.end, mark.labels, strict=True)
    ]
    assert {("large", 9.0, "+9.0"), ("large", -2.0, "-2.0"), ("same side", 1.0, "")} < set(bars)
    order = [bar[:2] for bar in bars]
    assert order.index(("same side", 4.0)) < order.index(("same side", 1.0))
    assert order.index(("large", 9.0)) < order.index(("large", -2.0))


def test_where_nothing_moves_it_the_tornado_says_so(file):
    scenario = library.load(file, overrides={"supplies.goods.orders.late.lead_time": "5 d"})
    assert library.drivers(scenario, milestone="received", n=8).chart().empty


@pytest.mark.slow
def test_points_are_no_replications(known):
    """Nor are they in a folder of an earlier version, which called them so."""
    old = {name: value for name, value in known.about.items() if name not in ("points", "p80_date", "correlated")}
    before = Result("drivers", known.scenario, old | {"replications": 256}, known.tables)
    for result in (known, before):
        assert [part for part in result.report().subject if "replication" in part] == [
            f"{known.about['builds']:,} replications"
        ]


@pytest.mark.slow
def test_a_kept_result_is_read_back(known, tmp_path):
    known.save(tmp_path / "kept")
    found = library.read(tmp_path / "kept")
    assert found.kind == "drivers"
    assert found.about["milestone"] == "done"
    assert repr(found.report()) == repr(known.report())
    pd.testing.assert_frame_equal(found.tables["drivers"], known.drivers)


# The command


@pytest.mark.slow
def test_it_says_what_moves_the_milestone(dcsim, file):
    out, err, code = dcsim("drivers", file, "--milestone", "done", "-n", "64")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert re.match(r"Known · seed 0 · 5\d\d replications · done\nThe mean is day 3", out)
    words = " ".join(out.split())
    assert "The risk flood moves done most: 3.0 days earlier without it, 7.0 days later with it." in words
    assert re.search(r"Alone, the inputs explain \d+ % of the variance; \d+ % comes from interactions\.", words)
    assert "The most useful input to know before you promise a date: the risk flood. If it were known," in words
    assert re.search(r"\nflood +-3\.0 +\+7\.0 +0\.\d\d±0\.\d\d +0\.\d\d±0\.\d\d +0\.\d\d±0\.\d\d +\d\.\d±\d\.\d\n", out)
    assert re.search(r"\neverything else +0\.\d\d±0\.\d\d +0\.\d\d±0\.\d\d\n", out)
    assert "\nNo effect: goods.late, idle.\n" in out


@pytest.mark.slow
def test_it_says_where_the_horizon_cuts(dcsim, file):
    out, _, code = dcsim("drivers", file, "--milestone", "done", "-n", "64", "--set", "horizon=40 d")
    assert code == 0
    words = " ".join(out.split())
    assert re.search(r"a standard deviation of \d\.\d days; P80 is never \(", words)
    assert re.search(r" \(95 % interval (day \d+|\?) to \?; from the 128 independent replications of these\)\. ", words)
    assert re.search(r" 2\d\.\d % of the replications do not reach it by 2024-02-10\. They count as if they did", words)


def test_it_says_that_nothing_moves_it(dcsim, file):
    out, _, code = dcsim("drivers", file, "--milestone", "received", "-n", "8", "--variant", "none")
    assert code == 2
    settings = ("--set", "supplies.goods.orders.late.lead_time=5 d")
    out, _, code = dcsim("drivers", file, "--milestone", "received", "-n", "8", *settings)
    assert code == 0
    assert "\nNo uncertain input moves received.\n" in out


@pytest.mark.slow
def test_it_prints_json_and_csv(dcsim, file, tmp_path):
    words = ("drivers", file, "--milestone", "done", "-n", "8", "--seed", "2")
    told = json.loads(dcsim(*words, "--json")[0])
    assert (told["kind"], told["about"]["milestone"], told["about"]["seed"]) == ("drivers", "done", 2)
    assert {row["input"] for row in told["tables"]["drivers"]} == {"flood", "permit", "idle", "goods.late", REST}
    assert dcsim(*words, "--csv")[0].startswith("input,kind,correlation,correlation_low,")
    out, _, _ = dcsim(*words, "--out", str(tmp_path / "kept"))
    assert out.endswith(f"\ntables saved in {tmp_path / 'kept'}\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "name a milestone, or an outcome such as npv"),
        (("--milestone", "dome"), "no milestone 'dome'; did you mean 'done'?"),
        (("--milestone", "done", "-n", "100"), "powers of two, at least 8: ask for 128, not 100"),
    ],
)
def test_it_says_what_would_be_right(dcsim, file, words, message):
    _, err, code = dcsim("drivers", file, *words)
    assert code == 2
    assert message in " ".join(err.split())
