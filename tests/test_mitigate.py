"""What measures buy: by hand on small networks, apart and together, and the best of them for a budget."""

import json
import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from builders import network
from test_cli import ordered

import dcsim
from dcsim.analysis.gains import gain, interplay, interval
from dcsim.errors import RequestError
from dcsim.scenario.load import changed
from dcsim.study.choice import MOST_TRIED, fitting
from dcsim.study.measures import measures_of, within
from dcsim.study.mitigate import mitigate
from dcsim.study.result import Result
from dcsim.units import Money

NOT = -1


def faster(days, cost="2M USD", activity="a"):
    """An option that makes an activity take so many days."""
    changes = {"activities": {activity: {"duration": f"{days} d"}}}
    return {"changes": changes} | ({"cost": cost} if cost else {})


def built(text="a=10d b=10d<a", options=None, last="b", **sections):
    scenario = network(text, milestones={"m": {"activity": last}}, horizon="200 d", **sections)
    return dcsim.load({**scenario, "options": options or {}})


def weighed(scenario, budget=None, n=4, **more):
    return mitigate(scenario, milestone="m", budget=budget, n=n, engine="reference", **more)


# Known answers


def test_days_in_a_row_add_up():
    """One after the other: 3 and 4 days make 7."""
    found = weighed(built(options={"x": faster(7, "3M USD"), "y": faster(6, "2M USD", "b")}), "5M")
    assert found.options.to_dict("list") == {
        "option": ["y", "x"],
        "kind": ["option", "option"],
        "cost": [2e6, 3e6],
        **{column: [4.0, 3.0] for column in ("gain", "low", "high")},
        **{f"per_million{end}": [2.0, 1.0] for end in ("", "_low", "_high")},
        "reached": [1.0, 1.0],
    }
    assert found.about["best"] == ["y", "x"]
    assert found.sets.iloc[0, :7].tolist() == [1, "x, y", 5e6, 7, 7, 7, 1]
    assert found.sets["members"].tolist() == ["x, y", "y", "x"]
    assert found.members.to_dict("records") == [
        {"option": "y", "alone": 4, "marginal": 4, "interaction": 0},
        {"option": "x", "alone": 3, "marginal": 3, "interaction": 0},
    ]
    assert found.pairs.to_dict("records") == [{"one": "x", "other": "y", "gain": 0, "low": 0, "high": 0}]


def test_days_side_by_side_need_each_other():
    """Of two that end together, one alone buys nothing."""
    options = {"x": faster(7), "y": faster(6, activity="b")}
    found = weighed(built("a=10d b=10d c=1d<a,b", options, last="c"), "10M USD")
    assert found.options["gain"].tolist() == [0, 0]
    assert found.sets["gain"].tolist()[0] == 3
    assert set(found.members["interaction"]) == {3}
    assert found.pairs["gain"].tolist() == [3]


def test_the_same_days_are_bought_once():
    """Two ways to shorten the same activity: what comes later in the file lies over the other."""
    found = weighed(built("a=10d b=1d<a", {"x": faster(7), "y": faster(6)}), "10M")
    assert found.about["best"] == ["y"]
    pair = weighed(built("a=10d b=1d<a", {"x": faster(7), "y": {**faster(8), "cost": "1M USD"}}), "10M")
    assert pair.about["best"] == ["x"]


def test_a_mitigation_is_a_measure_too():
    risk = {"probability": 1, "effects": {"activities.a": 2}, "mitigation": {"probability": 0, "cost": "5M USD"}}
    found = weighed(built(risks={"storm": risk}, options={"x": faster(8)}), "5M")
    assert found.options[["option", "kind", "gain"]].to_numpy().tolist() == [
        ["storm", "mitigation", 10.0],
        ["x", "option", 4.0],
    ]
    assert found.about["best"] == ["storm"]
    done = changed(built(risks={"storm": risk}, options={"x": faster(8)}), mitigate=["storm"])
    assert weighed(done).options[["option", "gain"]].to_numpy().tolist() == [["x", 2.0]]


def test_what_has_no_cost_is_ranked_last_and_in_no_set():
    found = weighed(built(options={"x": faster(9), "free": faster(1, "0 USD"), "gift": faster(2, None)}), "5M")
    assert found.options["option"].tolist() == ["free", "x", "gift"]
    assert found.options["per_million"].tolist()[:2] == [math.inf, 0.5]
    assert np.isnan(found.options["per_million"].tolist()[2])
    assert "gift" not in " ".join(found.sets["members"])
    assert found.about["best"] == ["free"]


def test_what_is_reached_at_all_comes_first():
    """A milestone that was never reached has no days; that it is reached is what the measure buys."""
    scenario = built(
        "a=10d b@hall=10d",
        {"x": faster(7), "more": {"cost": "9M USD", "changes": {"supplies": {"kit": {"initial": 2}}}}},
        places={"hall": 2},
        supplies={"kit": {"unit": "piece", "initial": 1}},
        b={"consumes": {"kit": 1}},
    )
    found = weighed(scenario, "10M")
    assert found.about["reached"] == 0
    assert found.options["option"].tolist() == ["more", "x"]
    assert found.options["reached"].tolist() == [1, 0]
    assert found.options["gain"].isna().all()
    assert found.about["best"] == ["more"]


def test_nothing_that_helps_is_no_set():
    found = weighed(built(options={"x": faster(11), "y": faster(10)}), "10M")
    assert found.options["gain"].tolist() == [0, -1]
    assert found.about["best"] == []
    assert found.sets.empty


def test_measures_that_exclude_each_other_are_in_no_set():
    """An option without the risk, and the mitigation of that risk."""
    risk = {"probability": 1, "effects": {"activities.a": 2}, "mitigation": {"probability": 0, "cost": "1M USD"}}
    options = {"away": {"cost": "1M USD", "changes": {"risks": {"storm": None}}}}
    found = weighed(built(risks={"storm": risk}, options=options), "5M")
    assert sorted(found.sets["members"]) == ["away", "storm"]


# Chance


def test_differences_are_paired(engine):
    """Whatever chance does, a day less is a day less."""
    options = {"x": {"cost": "1M USD", "changes": {"activities": {"a": {"duration": "1 d"}}}}}
    scenario = dcsim.load(
        {**network("a=2d b=1d<a", milestones={"m": {"activity": "b"}}, b={"duration": "2 to 40 d"}), "options": options}
    )
    found = mitigate(scenario, milestone="m", n=20, engine=engine).options.iloc[0]
    assert (found["gain"], found["low"], found["high"]) == (1, 1, 1)


def test_the_interval_is_that_of_student():
    mean, low, high = interval(np.array([1.0, 2.0, 3.0, 6.0]))
    assert mean == 3
    assert (round(low, 3), round(high, 3)) == (-0.437, 6.437)  # 3 +- 3.182 x 2.160 / 2
    assert interval(np.array([5.0] * 3)) == (5, 5, 5)
    assert all(map(math.isnan, interval(np.array([]))))


def test_builds_that_do_not_reach_it_are_left_out():
    before, after = np.array([2, np.nan, 1, 3]), np.array([1, 1, np.nan, 3])
    assert gain(before, after) == (0.5, *interval(np.array([1.0, 0.0]))[1:], 0.75)
    assert interplay(before, after, before, after)[0] == 0


@pytest.mark.slow
def test_the_same_seed_is_the_same_answer():
    options = {name: faster(9 - k, f"{k + 1}M USD", "ab"[k % 2]) for k, name in enumerate("pqrstuv")}
    scenario = built("a=10d b=10d<a", options, a={"duration": "5 to 20 d"})
    one, other = (weighed(scenario, "20M", seed=3) for _ in range(2))
    assert one.about == other.about
    assert all(one.tables[name].equals(other.tables[name]) for name in one.tables)
    assert "picked by local search" in one.about["search"]


# Many sets


@pytest.mark.slow
def test_many_sets_are_searched_and_what_is_idle_is_left_out():
    """Seven measures, of which six add up and one does nothing; the budget pays for three of the dearer ones."""
    text = "a=10d b=10d<a c=10d<b d=10d<c e=10d<d f=10d<e"
    options = {f"o{name}": faster(10 - k, "1M USD", name) for k, name in enumerate("abcdef", start=1)}
    scenario = built(text, options | {"idle": faster(10, "1M USD", "a")}, last="f")
    found = weighed(scenario, "3M", n=2)
    assert sorted(found.about["best"]) == ["od", "oe", "of"]
    assert found.sets.iloc[0].tolist()[2:4] == [3e6, 15]
    all_of_it = weighed(scenario, "7M", n=2)
    assert sorted(all_of_it.about["best"]) == ["oa", "ob", "oc", "od", "oe", "of"]
    assert all_of_it.sets.iloc[0]["cost"] == 6e6


@pytest.mark.slow
@pytest.mark.parametrize("budget", [6, 9, 14])
def test_the_search_is_as_good_as_trying_all(budget):
    """Two need each other, two gain the same, the others add up; all 255 sets are weighed beside."""
    text = "a=10d b=10d c=1d<a,b d=10d<c e=10d<d f=10d<e"
    measures = {
        "x": (7, 3, "a"),
        "y": (7, 2, "b"),
        "u": (6, 4, "d"),
        "v": (5, 5, "d"),
        "w": (8, 2, "e"),
        "z": (7, 3, "f"),
    }
    options = {name: faster(days, f"{cost}M USD", activity) for name, (days, cost, activity) in measures.items()}
    idle = {"p": faster(10, "1M USD", "e"), "q": faster(12, "1M USD", "f")}
    scenario = built(text, options | idle, last="f")
    found = weighed(scenario, f"{budget}M", n=2)
    names, most = measures_of(scenario), 0.0
    for subset in within(names, Fraction(budget * 1_000_000)):
        both = 3 if {"x", "y"} <= subset else 0
        d = 5 if "v" in subset else 4 if "u" in subset else 0
        e = 0 if "p" in subset else 2 if "w" in subset else 0
        f = -2 if "q" in subset else 3 if "z" in subset else 0
        most = max(most, both + d + e + f)
    assert found.sets["gain"][0] == most


@pytest.mark.slow
def test_the_interval_of_the_winner_holds_as_often_as_it_says():
    """Uniform durations whose means are known: seven options, and the best set that a search finds."""
    text = " ".join(
        f"{name}=10d{f'<{before}' if before else ''}" for name, before in zip("abcdefg", " abcdef", strict=True)
    )
    text = text.replace("< ", "")
    durations = {name: {"duration": "10 to 30 d"} for name in "abcdefg"}
    options = {f"o{name}": faster(0, "1M USD", name) for name in "abcdefg"}
    for k, name in enumerate("abcdefg"):
        options[f"o{name}"]["changes"]["activities"][name]["duration"] = f"{10 - k} to {26 - k} d"
    scenario = network(text, milestones={"m": {"activity": "g"}}, horizon="400 d", **durations)
    scenario = dcsim.load({**scenario, "options": options})
    held, rounds = 0, 60
    for seed in range(rounds):
        best = weighed(scenario, "4M", n=24, seed=seed).sets.iloc[0]
        true = sum(2 + "abcdefg".index(name[1]) for name in best["members"].split(", "))
        held += best["low"] <= true <= best["high"]
    assert held >= 0.85 * rounds


@pytest.mark.slow
def test_builds_are_shared_only_where_they_are_equal(engine):
    """Mitigations whose risks strike now and then gain the same as where every build is run by itself."""
    risk = {"begins": "2024-01-01 to 2024-02-01", "lasts": "10 to 30 d"}
    risks = {
        "storm": {
            **risk,
            "probability": 0.4,
            "effects": {"activities.a": 2},
            "mitigation": {"probability": 0.2, "cost": "1M USD"},
        },
        "strike": {
            **risk,
            "probability": 0.5,
            "stop_work": ["b"],
            "mitigation": {"probability": 0.1, "cost": "2M USD"},
        },
    }
    options = {"x": faster(7, "2M USD")}
    scenario = built("a=10d b=10d<a", options, risks=risks, a={"duration": "5 to 20 d"})
    ran: list[int] = []
    found = mitigate(
        scenario, milestone="m", budget="9M", n=24, engine=engine, progress=lambda done, _: ran.append(done)
    )
    assert ran[-1] < 24 * 8, "all eight sets, but builds in which no risk strikes only once"
    asked = [("options", [name]) if name == "x" else ("mitigate", [name]) for name in found.options["option"]]
    base = dcsim.replicate(scenario, 24, engine=engine).days_of("m")
    for (layer, names), gained in zip(asked, found.options["gain"], strict=True):
        alone = dcsim.replicate(changed(scenario, **{layer: names}), 24, engine=engine).days_of("m")
        assert gained == pytest.approx((base - alone).mean(), abs=1e-9)


@pytest.mark.slow
def test_workers_change_nothing():
    options = {name: faster(9 - k, f"{k + 1}M USD", "ab"[k % 2]) for k, name in enumerate("pqrstuv")}
    scenario = built("a=10d b=10d<a", options, a={"duration": "5 to 20 d"})
    one, more = (
        mitigate(scenario, milestone="m", budget="20M", n=16, engine="compiled", workers=workers) for workers in (1, 3)
    )
    assert one.about == more.about
    assert all(one.tables[name].equals(more.tables[name]) for name in one.tables)


def test_a_first_answer_is_told_early(caplog, monkeypatch):
    monkeypatch.setattr("dcsim.engine.LOG.propagate", True)
    options, done = {"x": faster(7, "3M USD"), "y": faster(6, "2M USD", "b")}, []
    with caplog.at_level("INFO", "dcsim"):
        weighed(
            built(options=options), "5M", n=80, progress=lambda count, _: done.append((count, len(caplog.messages)))
        )
    said = "first answer, 20 replications: earlier on average with one measure alone: "
    assert caplog.messages[-1] == said + "y 4.0 days (4.0 to 4.0), x 3.0 days (3.0 to 3.0)"
    assert [count for count, told in done if not told] == [20, 40, 60]
    assert done[-1][0] > 240


@pytest.mark.parametrize("outcome", [{"milestone": "m"}, {"milestone": "late"}])
def test_a_stopped_run_continues(tmp_path, monkeypatch, outcome):
    """What was simulated is read, and what was missing is simulated: same bytes as at once."""
    options = {"x": faster(7, "3M USD"), "y": faster(6, "2M USD", "b")}
    scenario = network("a=10d b=10d<a", milestones={"m": {"activity": "b"}, "late": {"activity": "c"}}, horizon="200 d")
    scenario["activities"]["c"] = {"duration": "2 to 400 d", "at": "site"}
    scenario = dcsim.load({**scenario, "options": options})
    asked = {**outcome, "budget": "5M", "n": 8, "engine": "reference"}
    simulated, ran = dcsim.study.trials.Trials._work, []
    monkeypatch.setattr("dcsim.study.trials.Trials._work", lambda *given: ran.append(1) or simulated(*given))
    at_once = mitigate(scenario, **asked)
    at_once.save(tmp_path / "at_once")
    out, in_all = tmp_path / "out", len(ran)

    def stop(done, _):
        if done > 16:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        mitigate(scenario, **asked, out=out, progress=stop)
    parts = sorted(path.name for path in (out / "parts").iterdir())
    before = (out / "parts" / parts[0]).stat().st_mtime_ns
    with pytest.raises(dcsim.errors.ResultError, match="holds a stopped run: continue it with --resume"):
        mitigate(scenario, **asked, out=out)
    assert (out / "parts" / parts[0]).stat().st_mtime_ns == before
    ran.clear()
    mitigate(scenario, **asked, out=out, resume=True)
    assert len(parts) // 2 + len(ran) == in_all
    for name in ("options.parquet", "sets.parquet", "stuck.parquet", "manifest.json"):
        assert (out / name).read_bytes() == (tmp_path / "at_once" / name).read_bytes()
    again = mitigate(scenario, **asked, out=out, resume=True)
    assert repr(again.report()) == repr(at_once.report())


def test_sets_within_a_budget():
    measures = measures_of(built(options={"x": faster(9, "3M USD"), "y": faster(8, "2M USD"), "z": faster(8, None)}))
    assert list(within(measures, Fraction(5_000_000))) == [{"x"}, {"x", "y"}, {"y"}]
    assert list(within(measures, Fraction(4_000_000))) == [{"x"}, {"y"}]
    priced = [one for one in measures if one.cost]
    assert fitting(frozenset("xy"), priced, Fraction(4_000_000), {"x": 3.0, "y": 1.0}) == {"x"}
    assert fitting(frozenset("xy"), priced, Fraction(4_000_000), {"x": 1.0, "y": 1.0}) == {"y"}
    many = [Money(Fraction(1), "USD")] * 40
    alike = tuple(measures[0].__class__(f"m{k}", "option", cost) for k, cost in enumerate(many))
    assert len(list(within(alike, Fraction(1)))) == 40
    assert MOST_TRIED == 64


# When it is reached then, and how surely


def test_the_date_that_a_set_leads_to_is_told_before_and_after():
    """10 or 20 days, then 10: in time in about half of the builds, with x in all, and the P80 is ten days earlier."""
    plan = network("a=10d b=10d<a", milestones={"m": {"activity": "b", "target": "2024-01-20"}}, horizon="200 d")
    plan["activities"]["a"]["duration"] = {"discrete": [["10 d", 1], ["20 d", 1]]}
    scenario = dcsim.load({**plan, "options": {"x": faster(10), "y": faster(9, activity="b")}})
    found, many = weighed(scenario, "2M", n=40), dcsim.replicate(scenario, 40)
    with_x = dcsim.replicate(changed(scenario, options=["x"]), 40)
    assert found.about["best"] == ["x"]
    for told, summary in ((found.about, many.summary), (found.sets.iloc[0], with_x.summary)):
        assert told["probability"] == summary["probability"].iloc[0]
        assert pd.Timestamp(told["p80_date"]) == summary["p80_date"].iloc[0]
    said = found.report().sections[0].sentences[0]
    before = f"{many.summary['probability'].iloc[0]:.1%}".replace("%", " %")
    assert said.endswith(f"P80 2024-01-20 instead of 2024-01-30, by 2024-01-20 in >92.8 % instead of {before}.")
    assert found.sets["p80_date"].dt.strftime("%m-%d").tolist() == ["01-20", "01-29"]
    without = weighed(built(options={"x": faster(7)}), "2M")
    assert without.about["probability"] is None
    assert without.sets["probability"].isna().all()
    assert " by " not in without.report().sections[0].sentences[0]


# What makes no sense


@pytest.mark.parametrize(
    ("options", "more", "message"),
    [
        ({}, {}, "nothing to rank: the scenario has no `options`, and no risk has a `mitigation`"),
        ({"x": faster(9)}, {"milestone": "n"}, "no milestone 'n'"),
        ({"x": faster(9)}, {"n": 0}, "there must be at least one replication, and at most 10,000,000, got 0"),
        ({"x": faster(9)}, {"budget": "5M EUR"}, "the budget is in EUR, but the costs are in USD"),
        ({"x": faster(9)}, {"budget": "much"}, "expected money such as '20M USD', got 'much'"),
        (
            {"x": faster(9), "y": faster(8, "1M EUR")},
            {},
            r"costs in USD \(x\) and EUR \(y\) cannot be added: write all of them in one currency",
        ),
    ],
)
def test_nonsense_is_refused(options, more, message):
    with pytest.raises(RequestError, match=message):
        mitigate(built(options=options), **{"milestone": "m", "n": 1, **more})


@pytest.mark.slow
def test_a_plain_number_is_in_the_currency_of_the_scenario():
    scenario = built(options={"x": faster(9)})
    for written in ("5M", "5M USD", "5_000_000", 5e6, 5_000_000, Money(Fraction(5_000_000), "USD")):
        assert weighed(scenario, written, n=1).about["budget"] == 5_000_000
    assert weighed(scenario, 0, n=1).about["best"] == []
    several = built(options={"x": faster(9)}, supplies={"gpus": {"hourly_value": "2 EUR"}})
    with pytest.raises(RequestError, match="the budget: money needs its currency: write '5M USD' or '5M EUR'"):
        weighed(several, "5M")
    with pytest.raises(RequestError, match="the budget: money needs its currency: write '40 USD'"):
        weighed(built(options={"x": faster(9, cost="")}), 40)


# The command


@pytest.fixture
def options(tiny, tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text(
        "extends: tiny.yaml\n"
        "options:\n"
        "  more_power: {cost: 2M USD, changes: {supplies: {power: {initial: 600}}}}\n"
        "  quick: {cost: 3M USD, changes: {activities: {power_on: {duration: 1 h}}}}\n"
        "  gift: {changes: {resources: {crane: {count: 2}}}}\n"
    )
    return str(path)


@pytest.mark.slow
def test_it_is_told(dcsim, options):
    out, err, code = dcsim("mitigate", options, "--milestone", "half", "--budget", "6M USD", "-n", "8")
    assert (code, err) == (0, "")
    assert ordered(
        out,
        "Tiny · 8 replications · seed 0 · half\n",
        "Best within a budget of 6M USD: quick, storm for 4M USD; ",
        *(" days earlier", "(95 %: ", "P80", "instead", "by", "2024-01-20", "instead"),
        "Each measure alone\n",
        *("measure", "cost, USD", "days earlier", "95 % interval", "days per million\n"),
        *("storm (risk)", "1M", " to "),
        *("quick", "3M", "1.0", "1.0 to 1.0", "0.32"),
        *("more_power", "2M", "0.0", "0.00"),
        *("gift", "?", "0.0", "?"),
        "The best set: quick, storm\n",
        "Together they gain ",
        "the same as the sum of each alone.\n",
        *("member", "alone", "in the set", "effect of the others\n"),
        "Next best",
        *("by", "P80", "2024-01-20\n"),
        "Sets compared: all 7 within the budget.\n",
        "Left out of the sets, because they have no cost: gift.\n",
    )
    assert max(map(len, out.splitlines())) <= 80


def test_that_it_is_not_always_reached_is_told(dcsim, options):
    out, _, _ = dcsim("mitigate", options, "--milestone", "all", "--budget", "2M", "-n", "4")
    assert ordered(
        out,
        "Best within a budget of 2M USD: more_power for 2M USD; 100 % of replications\n",
        "reach it instead of 0 %, P80 2024-0",
        " instead of never.\n",
        "As planned, 0 % of replications reach it; days are the mean of those that reach",
        *("reached\n", "more_power", "?", "100 %\n"),
    )


@pytest.mark.slow
def test_as_json_as_csv_and_in_a_folder(dcsim, options, tmp_path):
    words = ("mitigate", options, "--milestone", "half", "--budget", "3M", "-n", "4")
    out, _, code = dcsim(*words, "--json", "--out", str(tmp_path / "out"))
    told = json.loads(out)
    assert code == 0
    assert told["kind"] == "mitigations"
    assert {key: told["about"][key] for key in ("milestone", "budget", "currency")} == {
        "milestone": "half",
        "budget": 3e6,
        "currency": "USD",
    }
    assert set(told["tables"]) == {"options", "sets", "members", "pairs", "stuck"}
    assert set(told["about"]["measures"]) == {"more_power", "quick", "gift", "storm"}
    kept = pd.read_parquet(tmp_path / "out" / "options.parquet")
    out, _, _ = dcsim(*words, "--csv")
    assert out.splitlines()[0] == ",".join(kept.columns)
    assert dcsim(*words[:5], "2M", *words[6:], "--out", str(tmp_path / "out"))[2] == 2


def test_pictures(tmp_path):
    found = weighed(built(options={"x": faster(7), "y": faster(6, activity="b")}))
    ax = found.plot()
    assert [label.get_text() for label in ax.get_yticklabels()] == ["y", "x"]
    assert found.plot(ax=ax) is ax
    assert "<table" in found._repr_html_()
    again = dcsim.read(found.save(tmp_path / "kept"))
    assert str(again.report()) == str(found.report())


def told(*options, **tables):
    """A result with these measures: option, kind, days, low, high."""
    table = pd.DataFrame(options, columns=["option", "kind", "gain", "low", "high"])
    about = {"milestone": "m", "budget": 5e6, "currency": "USD", "reached": 1.0, "replications": 9, "search": "all"}
    none = pd.DataFrame(columns=["measures", "milestone", "unfinished"])
    table = table.assign(cost=1e6, per_million=table["gain"], reached=1.0)
    frames = {name: pd.DataFrame(rows) for name, rows in tables.items()}
    return Result("mitigations", built(), about, {"options": table, "stuck": none} | frames)


def test_a_measure_of_one_replication_has_no_interval():
    chart = told(("crane", "option", 2.0, -math.inf, math.inf), ("storm", "mitigation", 3.0, 1.0, 5.0)).chart()
    one, other = chart.marks
    assert (one.labels, one.notes) == (["2.0 d (?)"], ["crane: 2.0 d (?)"])
    assert (other.labels, other.notes, other.y.tolist()) == (["3.0 d"], ["storm: 3.0 d (1.0 to 5.0)"], [1])


def test_measures_without_days_are_named():
    chart = told(("crane", "option", math.nan, math.nan, math.nan)).chart()
    assert (list(chart.y.names), chart.empty) == (
        ["crane: not reached in every replication"],
        "the effect of no measure is known",
    )


def test_members_that_help_each_other_are_told():
    best = {"members": "x, y", "cost": 2e6, "gain": 9.0, "low": 8.0, "high": 10.0, "reached": 1.0, "p80_date": pd.NaT}
    members = [{"option": name, "alone": 2.0, "marginal": 7.0, "interaction": 5.0} for name in "xy"]
    pairs = [{"one": "x", "other": "y", "gain": 5.0, "low": 4.0, "high": 6.0}]
    measures = [(name, "option", 2.0, 1.0, 3.0) for name in "xy"]
    section = told(*measures, sets=[best], members=members, pairs=pairs).report().sections[2]
    assert section.title == "The best set: x, y"
    assert section.sentences == ["Together they gain 9.0 days, 5.0 more than the sum of 4.0 of each alone."]
    assert section.points == ["x and y gain 5.0 more together: one clears the way for the other"]
    pairs = [{"one": "x", "other": "y", "gain": -1.0, "low": -2.0, "high": 1.0}]
    best["gain"] = 1.0
    section = told(*measures, sets=[best], members=members, pairs=pairs).report().sections[2]
    assert section.sentences == ["Together they gain 1.0 days, 3.0 less than the sum of 4.0 of each alone."]
    assert section.points == ["No pair of them shows this with certainty."]
