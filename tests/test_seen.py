"""Forecasts of a build under way: builds that agree with what was seen stand for it, as closed forms demand."""

import json
import re

import numpy as np
import pytest
from builders import network
from scipy import stats

import dcsim
from dcsim.errors import RequestError, ScenarioError
from dcsim.scenario.sightings import with_seen
from dcsim.study.assumptions import assumptions
from dcsim.study.compare import compare
from dcsim.study.drivers import drivers
from dcsim.study.explain import explain
from dcsim.study.finance import finance
from dcsim.study.mitigate import mitigate
from dcsim.study.orders import latest_orders
from dcsim.study.run import simulate
from dcsim.study.store import read

START = np.datetime64("2024-01-01")


def on(day):
    """The date of a day, counted from 0."""
    return str(START + np.timedelta64(day, "D"))


def chain(*seen, first="50 to 150 d", **more):
    """Two activities one after the other, whose finishes are dated, and what was seen of them."""
    activities = {"a": {"duration": first}, "b": {"duration": {"uniform": ["0 d", "40 d"]}, "after": ["a"]}}
    milestones = {"first": {"activity": "a"}, "last": {"activity": "b"}}
    return dcsim.load(
        {"name": "Two", "start": on(0), "activities": activities, "milestones": milestones, "seen": list(seen), **more}
    )


NORMAL = {"normal": ["100 d", "20 d"]}


def many(scenario, n=800, engine="reference", **more):
    return dcsim.replicate(scenario, n, engine=engine, **more)


def agrees(days, distribution):
    """Whether a sample may come from a distribution."""
    return stats.kstest(days, distribution.cdf).pvalue > 0.01


# Known answers


@pytest.mark.compiled
def test_a_bound_cuts_a_distribution():
    """Not by the end of day 109: later than day 110. Normal durations are cut at 0."""
    found = many(chain({"milestone": "first", "not_by": on(109)}, first=NORMAL), engine="compiled")
    cut = stats.truncnorm(0.5, np.inf, 100, 20)
    assert agrees(found.days_of("first"), cut)
    for level in (0.5, 0.8):
        interval = found.interval("first", level)
        assert interval.low <= cut.ppf(level) <= interval.high
    drawn, agree = found.about["seen"]["drawn"], found.about["seen"]["agree"]
    assert agree == found.n == 800
    assert stats.binomtest(agree, drawn, stats.norm.sf(0.5)).pvalue > 0.01


@pytest.mark.compiled
def test_an_upper_bound_cuts_it_too():
    found = many(chain({"milestone": "first", "reached_by": on(94)}, first=NORMAL), engine="compiled")
    assert agrees(found.days_of("first"), stats.truncnorm(-np.inf, -0.25, 100, 20))


@pytest.mark.compiled
def test_what_follows_is_forecast_from_the_date_seen():
    """Seen on day 100, give or take 10: anywhere from day 90 to the end of day 110; then up to 40 days more."""
    seen = {"milestone": "first", "reached": on(100), "error": "10 d"}
    found = many(chain(seen, first={"uniform": ["50 d", "150 d"]}), engine="compiled")
    assert agrees(found.days_of("first"), stats.uniform(90, 21))
    assert agrees(found.days_of("last"), stats.trapezoid(21 / 61, 40 / 61, 90, 61))


@pytest.mark.compiled
def test_what_was_seen_late_says_how_it_began():
    """A sum of two is seen: its first part is likelier to have been long, as Bayes has it."""
    found = many(
        chain({"milestone": "last", "reached_by": on(69)}, first={"uniform": ["50 d", "150 d"]}), engine="compiled"
    )
    first = found.days_of("first") - 50
    assert agrees(first, stats.triang(0, 0, 20))  # density falls with what is left until day 70


@pytest.mark.slow
def test_an_error_moves_a_bound_to_the_safe_side():
    sure = many(chain({"milestone": "first", "not_by": on(109)}), 50)
    unsure = many(chain({"milestone": "first", "not_by": on(119), "error": "10 d"}), 50)
    assert sure.numbers.tolist() == unsure.numbers.tolist()


@pytest.mark.slow
def test_what_was_seen_later_is_left_out():
    seen = [{"milestone": "first", "not_by": on(60)}, {"milestone": "first", "not_by": on(120)}]
    before = many(chain(*seen, as_of=on(100)), 50)
    assert before.numbers.tolist() == many(chain(seen[0]), 50).numbers.tolist()
    assert len(before.tables["seen"]) == 1
    assert "seen" not in many(chain(*seen, as_of=on(50)), 50).about


# Which builds count


@pytest.mark.compiled
def test_they_do_not_depend_on_who_runs_them(tmp_path):
    scenario = chain({"milestone": "first", "reached": on(100), "error": "10 d"})
    one, other = tmp_path / "one", tmp_path / "other"
    dcsim.replicate(scenario, 100, workers=1, engine="compiled", out=one)
    dcsim.replicate(scenario, 100, workers=3, engine="reference", chunk=7, out=other)
    files = sorted(path.name for path in one.glob("*.parquet"))
    assert "seen.parquet" in files
    assert all((one / name).read_bytes() == (other / name).read_bytes() for name in files)


@pytest.mark.slow
def test_more_builds_begin_with_fewer():
    scenario = chain({"milestone": "first", "not_by": on(109)})
    assert many(scenario, 60).numbers.tolist() == many(scenario, 120).numbers[:60].tolist()


@pytest.mark.slow
def test_each_can_be_told_again():
    scenario = chain({"milestone": "first", "not_by": on(109)})
    found = explain(scenario, milestone="last", n=40, engine="reference")
    number = found.about["told"]
    days = simulate(scenario, replication=number).milestones.set_index("milestone")["day"]
    assert days["first"] >= 110
    assert found.tables["segments"]["days"].sum() == pytest.approx(days["last"])
    assert number in many(scenario, 40).milestones["replication"].tolist()


@pytest.mark.compiled
def test_of_few_that_agree_the_nearest_count_and_it_is_told():
    """Within half a day of day 148, nearly the end of the range: too few of 10,000."""
    scenario = chain({"milestone": "first", "reached": on(195)}, first=NORMAL)
    found = many(scenario, 100, workers=1, engine="compiled")
    seen = found.about["seen"]
    assert (seen["drawn"], found.n) == (10_000, 100)
    assert seen["agree"] < 100
    off = np.abs(np.floor(found.days_of("first")) - 195)
    assert off.max() * 2 == seen["widened"] > 1
    assert (
        f"{seen['agree']} of 10,000 replications agree, and 100 within {seen['widened']:.1f} times"
        in found.subject()[-1]
    )


@pytest.mark.slow
def test_a_bound_that_no_build_keeps_is_refused():
    with pytest.raises(
        RequestError, match=r"none of 1,000 replications agrees.*'first' reached by 2024-01-31: .* with 0"
    ):
        many(chain({"milestone": "first", "reached_by": on(30)}, {"milestone": "last", "not_by": on(60)}), 10)


def test_without_sightings_nothing_is_told_of_them(tmp_path):
    found = many(chain(as_of=on(60)), 20)
    assert not {"seen", "before"} & set(found.tables)
    assert "seen" not in found.about
    plain = dcsim.load({key: value for key, value in chain().document.data.items() if key != "seen"})
    assert found.milestones.equals(many(plain, 20).milestones)


@pytest.mark.slow
def test_the_forecast_before_stands_beside(tmp_path):
    scenario = chain({"milestone": "first", "not_by": on(109)}, first=NORMAL)
    found = many(scenario, 200, out=tmp_path)
    unseen = many(chain(first=NORMAL), 200)
    assert found.before["p50_date"].tolist() == unseen.summary["p50_date"].tolist()
    assert read(tmp_path).seen["alone"].tolist() == [pytest.approx(0.31, abs=0.1)]
    told = str(read(tmp_path).report())
    assert told == str(found.report())


@pytest.mark.slow
def test_the_page_shows_done_before_and_after():
    seen = [{"milestone": "first", "reached_by": on(119)}, {"milestone": "last", "not_by": on(119)}]
    found = many(chain(*seen), 200)
    told = str(found.report())
    assert "Seen until 2024-04-29: first done; last not yet." in told
    days = (found.summary["p50_date"][1] - found.before["p50_date"][1]) / np.timedelta64(1, "D")
    assert f"({days:+.0f} d)" in told
    marks = {mark.name: mark for mark in found.chart("seen").marks}
    assert marks["after: P10 to P90"].start[1] >= np.datetime64(on(120))
    assert marks["before: P10 to P90"].start[1] < np.datetime64(on(120))
    assert (marks["seen"].y.tolist(), marks["not yet"].y.tolist()) == ([0], [1])
    assert many(chain(), 4).chart("seen").empty


# Questions


@pytest.mark.slow
def test_changes_are_compared_in_the_builds_that_agree():
    scenario = chain({"milestone": "first", "not_by": on(109)})
    found = compare(scenario, "activities.b.duration=50 d", n=40, milestones=["last"], engine="reference")
    outcomes = found.tables["outcomes"].pivot(index="replication", columns="scenario", values="value")
    base = many(scenario, 40)
    assert outcomes.index.tolist() == base.numbers.tolist()
    assert np.allclose(outcomes["activities.b.duration=50 d"], base.days_of("first") + 50, atol=1e-3)


def test_orders_of_a_site_under_way_stay_placed():
    """What was to be placed before the status date was, also after work that is done; the rest comes later."""
    orders = {
        "dated": {"amount": 1, "placed": "5 d", "lead_time": "10 d"},
        "after": {"amount": 1, "placed": {"after": "dig", "lag": "2 d"}, "lead_time": "10 d"},
        "ahead": {"amount": 1, "placed": {"after": "fill", "lag": "2 d"}, "lead_time": "5 d"},
        "later": {"amount": 1, "placed": "30 d", "lead_time": "30 d"},
    }
    spec = network(
        "dig=10d fill=10d<dig set=1d",
        supplies={"goods": {"unit": "piece", "orders": orders}},
        set={"consumes": {"goods": 4}},
        horizon="300 d",
        milestones={"full": {"activity": "set"}},
    )
    spec["seen"] = [{"activity": "dig", "started": on(0), "finished": on(11)}, {"activity": "fill", "started": on(12)}]
    found = latest_orders(dcsim.load(spec | {"as_of": on(20)}), milestone="full", date=on(70), n=8, engine="reference")
    rows = found.orders.set_index("order")
    assert rows["note"].str.startswith("placed by").tolist() == [True, True, False, False]
    assert rows.loc["ahead", "slack"] > 0
    assert rows.loc["later", "slack"] > 0
    early = latest_orders(dcsim.load(spec | {"as_of": on(20)}), milestone="full", date=on(50), n=8, engine="reference")
    assert not early.orders["latest"].dt.strftime("%Y-%m-%d").tolist().count(on(20))


def test_what_was_seen_in_a_variant_alone_chooses_no_replications():
    """All are compared in the replications of the base, whose draws are the same."""
    scenario = chain(variants={"later": {"seen": [{"milestone": "first", "not_by": on(109)}]}})
    simulated = []
    found = compare(
        scenario, "later", n=20, engine="reference", progress=lambda done, count: simulated.append((done, count))
    )
    assert set(found.tables["outcomes"]["replication"]) == set(range(20))
    assert simulated[-1] == (40, 40)
    assert (found.tables["differences"]["mean"] == 0).all()


@pytest.mark.slow
def test_orders_that_were_placed_stay_placed():
    goods = {"goods": {"unit": "piece", "orders": {}}}
    for name, placed in (("early", "5 d"), ("late", "40 d")):
        goods["goods"]["orders"][name] = {"amount": 1, "placed": placed, "lead_time": "10 to 30 d"}
    spec = network(
        "fill=2d",
        supplies=goods,
        fill={"consumes": {"goods": 2}},
        horizon="300 d",
        milestones={"full": {"activity": "fill"}},
    )
    seen = [{"milestone": "full", "not_by": on(20)}]
    found = latest_orders(dcsim.load(spec | {"seen": seen}), milestone="full", date=on(90), n=20, engine="reference")
    early, late = found.orders.to_dict("records")
    assert early["note"] == "placed by 2024-01-21"
    assert late["slack"] >= 0
    assert "placed" in str(found.report())


@pytest.mark.parametrize("question", [drivers, assumptions])
def test_what_varies_inputs_one_by_one_refuses(question):
    message = rf"{question.__name__} varies .* make inputs depend on each other: add --set seen=\[\]"
    with pytest.raises(RequestError, match=message):
        question(
            chain({"milestone": "first", "not_by": on(109)}), **{"milestone": "last"} if question is drivers else {}
        )


@pytest.mark.slow
@pytest.mark.parametrize("budget", [None, "3 USD"])
def test_measures_are_weighed_in_the_builds_that_agree(budget):
    """What saves the second activity saves its days."""
    options = {"less": {"cost": "1 USD", "changes": {"activities": {"b": {"duration": "0 d"}}}}}
    scenario = chain({"milestone": "first", "not_by": on(109)}, options=options)
    found = mitigate(scenario, milestone="last", n=40, budget=budget, engine="reference")
    base = many(scenario, 40)
    expected = (base.days_of("last") - base.days_of("first")).mean()
    assert found.options["gain"][0] == pytest.approx(expected)
    assert (found.simulated, found.about["seen"]["agree"]) == (40, 40 if budget is None else 50)
    assert "as seen until 2024-04-19" in str(found.report())


@pytest.mark.compiled
def test_few_that_agree_are_divided_too():
    options = {"less": {"cost": "1 USD", "changes": {"activities": {"b": {"duration": "0 d"}}}}}
    scenario = chain({"milestone": "first", "reached": on(195)}, first=NORMAL, options=options)
    found = mitigate(scenario, milestone="last", n=150, budget="2 USD", engine="compiled")
    assert found.simulated == 150 * 100 // 187
    assert len(found.sets) == 1


@pytest.mark.slow
def test_money_is_that_of_the_builds_that_agree():
    terms = {"currency": "USD", "until": "2025-12", "discount_rate": 0}
    terms["costs"] = {"work": {"activity": "a", "price": "1 USD"}}
    scenario = chain({"milestone": "first", "not_by": on(109)}, finance=terms)
    found = finance(scenario, n=40, engine="reference")
    base = many(scenario, 40)
    assert found.outcomes[found.outcomes["party"] == "consolidated"]["replication"].tolist() == base.numbers.tolist()
    assert "ignores sightings" in str(found.report())
    assert "seen" not in finance(scenario, expected=True).about


@pytest.mark.slow
def test_designs_are_refused():
    with pytest.raises(RequestError, match="random sampling, not lhs"):
        many(chain({"milestone": "first", "not_by": on(109)}), 64, sampling="lhs")


# How it is written


@pytest.mark.parametrize(
    ("sighting", "told"),
    [
        ({"milestone": "firs", "not_by": on(9)}, "no milestone 'firs'; did you mean 'first'?"),
        ({"milestone": "first"}, "a sighting says one of `reached`, `reached_by` and `not_by`"),
        ({"milestone": "first", "not_by": on(9), "reached": on(9)}, "a sighting says one of"),
        ({"milestone": "first", "not_by": on(9), "error": "1 month"}, "has no fixed length"),
        ({"milestone": "first", "not_by": "2023-12-31"}, "the clock starts on 2024-01-01, after the sighting of"),
        ({"milestone": "first", "not_by": on(9), "source": "S"}, "no source 'S'"),
    ],
)
def test_what_cannot_be_is_refused(sighting, told):
    with pytest.raises(ScenarioError, match=re.escape(told)):
        chain(sighting)


def table(tmp_path, text):
    path = tmp_path / "seen.csv"
    path.write_text(text)
    return path


def site():
    return dcsim.load(
        network("close@building=20d", places={"building": 3}, milestones={"roof": {"activity": "close", "reaches": 1}})
    )


def test_stages_of_several_buildings_are_milestones(tmp_path):
    rows = "stage,buildings,date,date_error_days,state\nroof,,2024-01-20,3,reached\nroof,3,2024-01-05,,partly\n"
    found = with_seen(site(), table(tmp_path, rows), "2024-02-01")
    assert [one.milestone for one in found.seen] == ["roof", "roof_3", "roof_3_begun"]
    assert found.milestones["roof_3"].reaches == 3
    begun = found.milestones["roof_3_begun"]
    assert (begun.event, begun.reaches, str(found.seen[2].reached_by)) == ("start", 3, "2024-01-05")
    assert [str(found.seen[0].reached), str(found.seen[1].not_by)] == ["2024-01-20", "2024-01-05"]
    assert (str(found.seen[0].error), str(found.as_of)) == ("3 d", "2024-02-01")


def test_every_cell_that_is_wrong_is_told(dcsim, tmp_path):
    rows = "milestone,date,date_error_days,state\nhal,2024-02-30,x,seen\nhalf,2024-01-05,-1,not yet\n"
    scenario = tmp_path / "a.yaml"
    scenario.write_text(json.dumps(site().document.data))
    out, err, code = dcsim("replicate", str(scenario), "-n", "2", "--seen", str(table(tmp_path, rows)))
    assert (out, code) == ("", 2)
    for line, column in ((2, "milestone"), (2, "date"), (2, "date_error_days"), (2, "state"), (3, "date_error_days")):
        assert re.search(rf"line {line}: column '{column}'", err), (line, column)


def test_a_table_without_its_columns_is_told(tmp_path):
    with pytest.raises(ScenarioError, match=r"no column 'state'"):
        with_seen(site(), table(tmp_path, "stage,date\nroof,2024-01-20\n"), None)
    with pytest.raises(ScenarioError, match="there is no file"):
        with_seen(site(), tmp_path / "none.csv", None)
    with pytest.raises(RequestError, match="--as-of"):
        with_seen(site(), None, "soon")


# Progress of activities


def under_way(*seen, until=109, **more):
    """The same two activities, of which progress was told by the end of a day."""
    return chain(*seen, as_of=on(until), **more)


@pytest.mark.slow
def test_work_under_way_lasts_longer_than_it_has():
    """Day 110 has passed: of a normal duration from day 0 on, those above 110 days are left."""
    found = many(under_way({"activity": "a", "started": on(0)}, first=NORMAL))
    assert agrees(found.days_of("first"), stats.truncnorm(0.5, np.inf, 100, 20))
    assert found.about["status"] == f"{on(110)}T00:00:00"


@pytest.mark.slow
def test_what_is_left_may_be_told():
    left = {"uniform": ["10 d", "20 d"]}
    found = many(under_way({"activity": "a", "started": on(0), "remaining": left}))
    assert agrees(found.days_of("first"), stats.uniform(120, 10))
    found = many(under_way({"activity": "a", "started": on(0), "complete": 0.75}, first={"uniform": ["80 d", "120 d"]}))
    assert agrees(found.days_of("first"), stats.uniform(130, 10))


def test_more_than_all_has_passed():
    """Where no duration is as long as the work has taken, it finishes on the status date."""
    found = many(under_way({"activity": "a", "started": on(0)}, first="80 d"), n=10)
    assert set(found.days_of("first")) == {110}


def test_what_is_done_is_the_same_in_every_replication():
    found = many(under_way({"activity": "a", "started": on(3), "finished": on(99)}), n=50)
    assert set(found.days_of("first")) == {100}
    assert agrees(found.days_of("last"), stats.uniform(110, 40))
    table = found.tables["progress"].set_index("activity")
    assert table["state"].tolist() == ["finished", "not begun"]
    assert [str(date)[:10] for date in table.loc["a", ["start", "finish"]]] == [on(3), on(99)]
    assert "1 finished, 0 under way, 1 not begun" in str(found.report())


SITE = {"resources": {"crew": 1}, "supplies": {"racks": {"initial": 3}, "usable": {}}, "places": {"hall": 4}}
RACKS = {
    "at": "hall",
    "duration": "10 d",
    "requires": {"crew": 1},
    "consumes": {"racks": 1},
    "produces": {"usable": 10},
    "learning": 0.8,
}


def halls(*seen, **more):
    """Four halls that are done one after the other."""
    data = {"name": "Four", "start": on(0), **SITE, "activities": {"fit": RACKS, "end": {"after": ["fit"]}}, **more}
    return dcsim.load(data | {"seen": list(seen)})


def fitted(scenario):
    table = simulate(scenario, engine="reference", expected=True).activities
    return table[table["activity"] == "fit"]


def test_history_counts_and_what_has_begun_goes_first():
    """hall4 was done, hall3 has begun: of three racks one is left; learning counts four starts in their order."""
    told = (
        {"activity": "fit", "place": "hall4", "started": on(0), "finished": on(5)},
        {"activity": "fit", "place": "hall3", "started": on(6), "complete": 0.5},
    )
    table = fitted(halls(*told, as_of=on(9)))
    start, finish = table["start"] / 1440, table["finish"] / 1440
    assert start.tolist()[2:] == [6, 0]
    assert finish.tolist()[2:] == [14, 6]  # half of 8 days from day 10 on
    assert start[0] == 14
    assert finish[0] == pytest.approx(14 + 10 * 0.8 ** np.log2(3), abs=0.001)
    assert np.isnan(table["start"].astype(float)[1])
    with_more = halls(*told, as_of=on(9), **{"supplies": {"racks": {"initial": 4}, "usable": {}}})
    assert fitted(with_more)["finish"].notna().all()


def test_a_later_status_date_knows_more():
    """With an earlier status date, what finished later is under way, and what began later has not begun."""
    told = (
        {"activity": "fit", "place": "hall1", "started": on(0), "finished": on(8)},
        {"activity": "fit", "place": "hall2", "started": on(9), "finished": on(15)},
    )
    scenario = halls(*told)
    assert (fitted(scenario)["finish"] / 1440).tolist()[:2] == [9, 16]
    earlier = with_seen(scenario, None, on(4))
    assert fitted(earlier)["start"].tolist()[:2] == [0, 14_400]


def test_a_branch_has_taken_the_way_that_has_begun():
    ways = {"rock": {"weight": 9, "activities": ["blast"]}, "soil": {"weight": 1, "activities": ["dig"]}}
    activities = {"blast": {"duration": "30 d"}, "dig": {"duration": "10 d"}, "end": {"after": ["blast", "dig"]}}
    data = {"name": "Pit", "start": on(0), "activities": activities, "branches": {"ground": {"ways": ways}}}
    data |= {"milestones": {"end_reached": {"activity": "end"}}}
    found = many(dcsim.load(data | {"seen": [{"activity": "dig", "started": on(2)}], "as_of": on(3)}), n=20)
    assert set(found.days_of("end_reached")) == {12}


@pytest.mark.slow
@pytest.mark.compiled
def test_questions_are_asked_of_a_site_under_way(tmp_path):
    """Days of the driving chain add up, inputs vary one by one, and a result that is read back knows the progress."""
    scenario = under_way({"activity": "a", "started": on(0)}, first="100 to 200 d")
    chain = explain(scenario, milestone="last", n=40, engine="reference").tables["chain"]
    days = chain.groupby("replication")["days"].sum()
    assert days.to_numpy() == pytest.approx(many(scenario, n=40).days_of("last"), abs=0.01)
    ranked = drivers(scenario, milestone="last", n=64, engine="reference").tables["drivers"]
    assert ranked["input"].tolist()[:2] == ["a", "b"]
    many(scenario, n=10, out=tmp_path / "many")
    again = read(tmp_path / "many")
    assert again.scenario.seen[0].activity == "a"
    assert "0 finished, 1 under way, 1 not begun" in str(again.report())


@pytest.mark.parametrize(
    ("progress", "message"),
    [
        ({"activity": "a"}, "progress says when work `started`"),
        ({"activity": "c", "started": on(1)}, "no activity 'c'"),
        ({"activity": "a", "finished": on(1)}, "'a' takes time: say also when it `started`"),
        ({"activity": "a", "started": "2023-12-31"}, "the clock starts on 2024-01-01"),
        ({"activity": "a", "started": on(5), "finished": on(4)}, "before it started on"),
        ({"activity": "a", "started": on(5), "finished": on(6), "remaining": "2 d"}, "has nothing `remaining`"),
        ({"activity": "a", "started": on(5), "complete": 1}, "less than 1"),
        ({"activity": "a", "started": on(5), "place": "hall7"}, "hall7"),
    ],
)
def test_progress_that_makes_no_sense_is_told(progress, message):
    with pytest.raises(ScenarioError, match=re.escape(message)):
        under_way(progress)


def test_work_longer_than_its_duration_allows_is_told_with_its_line(tmp_path):
    path = tmp_path / "late.yaml"
    path.write_text(
        "name: late\nstart: 2024-01-01\nplaces: {hall: 2}\n"
        "activities:\n  dig: {at: hall, duration: {uniform: [2 d, 4 d]}}\nmilestones: {end: {activity: dig}}\n"
        "seen:\n  - {activity: dig, started: 2024-01-01, remaining: 1 d}\n"
        "  - {activity: dig, place: hall2, started: 2024-01-01}\nas_of: 2024-01-06\n"
    )
    (warning,) = dcsim.check(path).warnings
    assert str(warning).endswith(
        "line 9: seen.1: dig (hall2) has taken 144 h of work by the status date and not finished, and its duration "
        "allows at most 96: nothing is left of it; say what is with `remaining: 3 d`"
    )
    report = str(dcsim.replicate(dcsim.load(path), 4, engine="reference").report())
    assert "allows at most 96" in " ".join(report.split())
    path.write_text(path.read_text().replace("01-06", "01-03"))
    assert not dcsim.check(path).warnings
