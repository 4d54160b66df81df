"""What carries the dates: every assumption at its low and its high value, one at a time."""

import math
from pathlib import Path

import pandas as pd
import pytest
from rich.console import Console
from typer.testing import CliRunner

import dcsim
from dcsim.cli import app
from dcsim.report.terminal import shown
from dcsim.scenario.load import load as read
from dcsim.study.assumptions import MOST_SHOWN, report
from dcsim.study.ranges import assumptions_in
from dcsim.study.result import Result

CONFIGS = Path(__file__).parents[1] / "configs"

HALL = """
name: A hall
start: 2026-01-05
horizon: 1 year
factors:
  weather: {value: {uniform: [0.9, 1.1]}, low: 1, high: 2, assumption: "a wet year"}
resources:
  crew: {count: {value: 2, low: 1, assumption: "one may be called away"}}
supplies:
  power: {unit: kW, initial: {value: 300 kW, low: 100 kW, high: 400 kW, source: S}}
activities:
  dig:   {duration: {value: 10 d, low: 8 d, high: 15 d, source: S, note: "of clay"}, varies_with: [weather]}
  pour:  {duration: {value: {pert: [4 d, 5 d, 6 d]}, assumption: "fitted"}, after: [{activity: dig, lag: 1 d}]}
  paint: {duration: {value: 3 d, low: 1 d, high: 6 d, assumption: "beside the rest"}, requires: {crew: 1}}
  light: {duration: 0 d, after: [pour], consumes: {power: 200 kW}}
risks:
  flood:
    probability: {value: 0.3, low: 0, high: 1, assumption: "once in three years"}
    effects: {activities.dig: {value: 2, low: 1.5, high: 3, assumption: "everything twice"}}
    mitigation: {cost: {value: 1M USD, low: 0M USD, high: 2M USD, assumption: "a wall"}}
milestones:
  dug:   {activity: dig}
  lit:   {activity: light, observed: 2026-01-21}
  wired: {supply: power, reaches: 350, observed: 2026-01-05}
fitted:
  activities.pour.duration: {to: lit, prior: 2 to 9 d, source: S}
variants:
  gentle: {activities: {dig: {duration: {value: 6 d, low: 5 d, assumption: "sand"}}}}
sources:
  S: {what: a book}
"""


@pytest.fixture
def hall(tmp_path):
    return written(tmp_path, HALL)


def written(folder, text):
    path = folder / "hall.yaml"
    path.write_text(text)
    return path


@pytest.fixture
def table(hall):
    return dcsim.assumptions(dcsim.load(hall), milestones=["dug", "lit", "wired"]).summary.set_index("path")


def shifts(table, path):
    return [table.loc[path, f"{name}_{end}"] for end in ("low", "high") for name in ("dug", "lit")]


def test_a_milestone_moves_by_what_its_predecessors_do(table):
    assert shifts(table, "activities.dig.duration") == [-2, -2, 5, 5]
    assert shifts(table, "activities.paint.duration") == [0, 0, 0, 0]


def test_what_is_uncertain_is_replaced_as_a_whole(table):
    assert shifts(table, "factors.weather") == [0, 0, 10, 10]


def test_a_fitted_parameter_goes_to_the_ends_of_its_prior_range(table):
    assert shifts(table, "activities.pour.duration") == [0, -3, 0, 4]
    row = table.loc["activities.pour.duration"]
    assert (row["low"], row["high"], row["kind"], row["source"]) == ("2 d", "9 d", "fitted", "S")


def test_what_is_reached_no_more_is_infinitely_late_and_what_is_reached_after_all_infinitely_early(table):
    power = table.loc["supplies.power.initial"]
    assert (power["lit_low"], power["lit_high"]) == (math.inf, 0)
    assert (power["wired_low"], power["wired_high"]) == (0, -math.inf)


def test_a_risk_may_happen_or_not(table):
    assert shifts(table, "risks.flood.probability") == [0, 0, 10, 10]
    assert shifts(table, "risks.flood.effects.activities.dig") == [0, 0, 0, 0]


def test_one_end_is_enough(table):
    row = table.loc["resources.crew.count"]
    assert (row["dug_low"], row["low"]) == (0, "1")
    assert row[["high", "dug_high"]].isna().all()


def test_what_is_said_about_mitigations_is_left_out(table):
    assert not [path for path in table.index if "mitigation" in path]


def test_the_most_important_stands_first(table):
    assert table.index[0] == "supplies.power.initial"
    assert set(table.index[1:3]) == {"factors.weather", "risks.flood.probability"}


def test_each_says_why(table):
    assert table.loc["activities.dig.duration", ["kind", "source", "reason"]].tolist() == ["source", "S", "of clay"]
    assert table.loc["supplies.power.initial", "reason"] == "a book"
    assert table.loc["factors.weather", ["kind", "source", "reason"]].tolist() == ["assumption", "", "a wet year"]


@pytest.mark.slow
def test_observed_milestones_are_looked_at_unless_others_are_named(hall):
    found = dcsim.assumptions(dcsim.load(hall))
    assert found.about["milestones"] == {"lit": 16, "wired": math.inf}
    bare = dcsim.load(hall, overrides={"milestones.lit.observed": None, "milestones.wired": None})
    assert list(dcsim.assumptions(bare).about["milestones"]) == ["dug", "lit"]


def test_variants_and_single_values_are_kept(hall):
    gentle = dcsim.load(hall, variants=["gentle"], overrides={"activities.pour.duration": "4 d"})
    found = dcsim.assumptions(gentle, milestones=["lit"])
    assert found.about["milestones"] == {"lit": 11}
    assert shifts_of(found, "activities.dig.duration") == (-1, None)


def shifts_of(found, path):
    row = found.summary.set_index("path").loc[path]
    return tuple(None if math.isnan(row[f"lit_{end}"]) else row[f"lit_{end}"] for end in ("low", "high"))


@pytest.mark.compiled
def test_both_engines_say_the_same(hall):
    tables = [dcsim.assumptions(dcsim.load(hall), engine=engine).summary for engine in ("reference", "compiled")]
    assert tables[0].equals(tables[1])


def test_a_stopped_run_continues(hall, tmp_path, monkeypatch):
    monkeypatch.setattr("dcsim.study.assumptions.SPAN", 4)
    scenario = dcsim.load(hall)
    at_once = dcsim.assumptions(scenario)
    at_once.save(tmp_path / "at_once")

    def stop(done, total):
        if done >= 8:
            raise KeyboardInterrupt

    out, seen = tmp_path / "out", []
    with pytest.raises(KeyboardInterrupt):
        dcsim.assumptions(scenario, out=out, progress=stop)
    assert len([*(out / "parts").iterdir()]) == 2
    dcsim.assumptions(scenario, out=out, resume=True, progress=lambda done, total: seen.append(done))
    assert seen[:3] == [4, 8, 12]
    for name in ("assumptions.parquet", "manifest.json"):
        assert (out / name).read_bytes() == (tmp_path / "at_once" / name).read_bytes()
    again = dcsim.assumptions(scenario, out=out, resume=True)
    assert repr(again.report()) == repr(at_once.report())


@pytest.mark.slow
def test_processes_print_the_same(hall, monkeypatch):
    monkeypatch.setattr("dcsim.study.assumptions.MANY", 1)
    printed = [CliRunner().invoke(app, ["assumptions", str(hall), "--workers", count]).output for count in ("1", "2")]
    assert printed[0] == printed[1]
    assert "dig" in printed[0]


def test_progress_is_told(hall):
    told = []
    dcsim.assumptions(dcsim.load(hall), progress=lambda done, total: told.append((done, total)))
    assert told == [(8, 15), (15, 15)]


def test_an_unknown_milestone_or_engine_is_refused(hall):
    with pytest.raises(dcsim.errors.RequestError, match="no milestone 'litt'; did you mean 'lit'"):
        dcsim.assumptions(dcsim.load(hall), milestones=["litt"])
    with pytest.raises(dcsim.errors.UnavailableError, match="no engine 'fast'; there are auto, reference, compiled"):
        dcsim.assumptions(dcsim.load(hall), engine="fast")


def test_a_scenario_in_which_nothing_is_uncertain_is_told_how_to_write_ranges(tmp_path):
    bare = "name: A\nstart: 2026-01-05\nactivities: {a: {duration: 1 d}}\nmilestones: {m: {activity: a}}\n"
    with pytest.raises(dcsim.ScenarioError, match=r"no value is uncertain or has a .*; write \{value: 4 d"):
        dcsim.assumptions(dcsim.load(written(tmp_path, bare)))


@pytest.mark.parametrize(
    ("duration", "low", "high", "days"),
    [
        ("{uniform: [10 d, 20 d]}", "11 d", "19 d", (-4, 4)),
        ("{uniform: [240 h, 20 d]}", "15840 min", "27360 min", (-4, 4)),
        ("{value: {uniform: [10 d, 20 d]}, assumption: so it is}", "11 d", "19 d", (-4, 4)),
        ("{value: {uniform: [10 d, 20 d]}, assumption: so it is, high: 30 d}", None, "30 d", (None, 15)),
        ("{discrete: [[10 d, 1], [20 d, 1]]}", "10 d", "20 d", (-5, 5)),
    ],
)
def test_a_distribution_goes_to_its_p10_and_p90(tmp_path, duration, low, high, days):
    text = (
        f"name: A\nstart: 2026-01-05\nactivities: {{a: {{duration: {duration}}}}}\nmilestones: {{lit: {{activity: a}}}}"
    )
    found = dcsim.assumptions(dcsim.load(written(tmp_path, text)))
    row = found.summary.set_index("path").loc["activities.a.duration"]
    assert (row["high"], row["kind"]) == (high, "assumption" if low is None else "distribution")
    assert row["low"] == low if low else pd.isna(row["low"])
    assert shifts_of(found, "activities.a.duration") == days


def test_every_sort_of_distribution_has_its_ends(tmp_path):
    text = """
name: A
start: 2026-01-05
factors: {weather: {uniform: [1, 2]}}
supplies: {x: {orders: {o: {amount: 2, placed: 2026-02-01 to 2026-02-11, lead_time: 2 to 6 wk}}}}
activities:
  a: {duration: 10 d, varies_with: [weather], within: {site: {not_before: 3 d}}}
  b: {duration: 1 d, consumes: {x: 2}}
risks:
  r: {probability: 0.5, begins: 5 to 9 d, lasts: {pert: [1 d, 2 d, 3 d]}, effects: {activities.a: 2}}
milestones: {all: {activity: b}}
options: {fast: {changes: {activities: {b: {duration: 1 to 2 h}}}}}
"""
    table = dcsim.assumptions(dcsim.load(written(tmp_path, text))).summary.set_index("path")
    assert table.loc["factors.weather", ["low", "high"]].tolist() == ["1.1", "1.9"]
    assert table.loc["supplies.x.orders.o.placed", ["low", "high"]].tolist() == ["2026-02-02 00:00", "2026-02-10 00:00"]
    assert table.loc["supplies.x.orders.o.lead_time", "low"].endswith(" wk")
    assert set(table.index) == {
        *("factors.weather", "supplies.x.orders.o.placed", "supplies.x.orders.o.lead_time"),
        *("risks.r.begins", "risks.r.lasts"),
    }


def test_ends_that_cannot_be_are_all_named_with_their_lines(tmp_path):
    text = HALL.replace("high: 15 d", "high: 15 dd").replace("{value: 2, low: 1,", "{value: 2, low: 0,")
    with pytest.raises(dcsim.ScenarioError) as refused:
        dcsim.assumptions(dcsim.load(written(tmp_path, text)))
    crew, dig = map(str, refused.value.problems)
    assert crew.startswith("line 8: resources.crew.count: `low`: ")
    assert dig.startswith("line 12: activities.dig.duration: `high`: expected a span")


def test_a_value_with_a_range_still_says_where_it_comes_from(tmp_path):
    text = HALL.replace(', assumption: "one may be called away"', "")
    with pytest.raises(dcsim.ScenarioError, match=r"line 8: resources\.crew\.count: a `value` needs its origin"):
        dcsim.load(written(tmp_path, text))


def test_low_and_high_are_kept_as_written(hall):
    citation = dcsim.load(hall).document.citations["activities", "dig", "duration"]
    assert (citation.low, citation.high) == ("8 d", "15 d")


# As printed


def printed(found, most=MOST_SHOWN):
    console = Console(width=80)
    with console.capture() as captured:
        console.print(shown(report(found, most=most)))
    return captured.get()


def test_the_report_tells_it_in_eighty_columns(hall):
    text = printed(dcsim.assumptions(dcsim.load(hall)))
    assert max(map(len, text.splitlines())) <= 80
    lines = [" ".join(line.split()) for line in text.splitlines()]
    assert lines[0] == "A hall · expected values"
    assert "1 lit 16.0 16" in lines
    assert "2 wired never 0" in lines
    where = lines.index("supplies.power.initial low never")
    assert lines[where + 1] == "high reached"
    assert "activities.pour.duration low -3.0" in lines
    assert "supplies.power.initial = 300 kW (100 kW to 400 kW): S: a book" in lines
    assert lines[-1] == "3 of 8 assumptions do not move these milestones."


def test_the_report_names_the_first_few(hall):
    text = printed(dcsim.assumptions(dcsim.load(hall)), most=2)
    assert "3 more have smaller effects: --all prints them." in text


def test_the_command_line_says_the_same(hall):
    result = CliRunner().invoke(app, ["assumptions", str(hall), "--milestone", "lit", "--variant", "gentle", "--all"])
    assert result.exit_code == 0
    assert "A hall · gentle · expected values" in result.output
    assert "activities.dig.duration = 6 d (5 d to …): assumed: sand" in result.output
    assert "wired" not in result.output


# As any result


def test_it_is_kept_read_and_drawn(hall, tmp_path):
    found = dcsim.assumptions(dcsim.load(hall))
    kept = dcsim.read(found.save(tmp_path / "kept"))
    pd.testing.assert_frame_equal(kept.assumptions, found.assumptions)
    assert repr(kept.report()) == repr(found.report())
    assert "<td>activities.dig.duration</td>" in found._repr_html_()
    rows = [label.get_text() for label in kept.plot(milestone="lit").get_yticklabels()]
    assert rows[0] == "supplies.power.initial"
    with pytest.raises(dcsim.errors.RequestError, match="no milestone 'litt'; did you mean 'lit'"):
        kept.plot(milestone="litt")


def test_what_is_never_reached_has_a_word_instead_of_a_bar(hall):
    chart = dcsim.assumptions(dcsim.load(hall)).chart(milestone="lit")
    said = {
        (chart.y.names[row], label): end
        for mark in chart.marks
        for row, end, label in zip(mark.rows, mark.end, mark.labels, strict=True)
        if label
    }
    assert said["supplies.power.initial", "never"] == 0
    assert said["activities.dig.duration", "+5.0"] == 5


@pytest.mark.slow
def test_the_command_keeps_it_and_the_page_shows_it(dcsim, hall, tmp_path):
    kept, page = tmp_path / "kept", tmp_path / "page.html"
    out, _, code = dcsim("assumptions", str(hall), "--out", str(kept))
    assert (code, out.splitlines()[-1]) == (0, f"tables saved in {kept}")
    assert dcsim("report", str(kept), "-o", str(page))[2] == 0
    text = page.read_text()
    assert "How far each assumption moves the dates" in text
    assert "dcsim assumptions scenario.yaml --milestone lit --milestone wired" in text


def test_where_nothing_moves_it_says_so(hall):
    found = dcsim.assumptions(dcsim.load(hall), milestones=["dug"])
    table = found.assumptions.assign(dug_low=0.0, dug_high=0.0)
    still = Result("assumptions", found.scenario, found.about, {"assumptions": table})
    assert still.report().sections[-1].sentences == ("8 of 8 assumptions do not move these milestones.",)
    assert still.chart().empty == "no assumption moves this milestone"


# The scenarios in configs

SCENARIOS = sorted(path for path in CONFIGS.glob("*.yaml"))
BUILT = ("places",)
"""What is built is chosen, not assumed."""


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_every_assumption_has_a_range(path):
    for variant in [(), *((name,) for name in read(path).variants)]:
        scenario = read(path, variant)
        ranged = {one.path for one in assumptions_in(scenario)}
        bare = [
            ".".join(map(str, key))
            for key, citation in scenario.document.citations.items()
            if citation.assumption and citation.low is None and citation.high is None
            if key[0] not in BUILT and "mitigation" not in key
        ]
        assert [name for name in bare if name not in ranged] == []


@pytest.mark.slow
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.name)
def test_ends_can_be_loaded(path):
    """All ends in a small file; of a long one, which takes long to load, some forty."""
    scenario = read(path)
    ends = [(one.path, end) for one in assumptions_in(scenario) for end in (one.low, one.high) if end is not None]
    for name, end in ends[:: max(1, len(ends) // 40)]:
        read(scenario.document.data, overrides={name: end}, root=CONFIGS)


@pytest.mark.slow
def test_colossus_is_near_what_was_observed():
    scenario = dcsim.load(CONFIGS / "colossus-1.yaml")
    run = dcsim.simulate(scenario, expected=True)
    day = run.milestones.set_index("milestone")["day"]
    assert run.finished
    assert abs(day["installed_100k"] - 122) <= 6
    assert abs(day["installed_200k"] - day["installed_100k"] - 92) <= 5
    assert len(scenario.fitted) <= 6
