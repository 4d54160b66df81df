"""Backtests: scores have their closed forms, a calibrated world is found calibrated, and tables are read strictly."""

import json
import shutil
from math import log, sqrt
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scoringrules
from scipy import special, stats

import dcsim
from dcsim.errors import RequestError, ScenarioError, UnavailableError
from dcsim.report.files import report
from dcsim.study import scores
from dcsim.study.scores import Seen

CASES = Path(__file__).parent / "data" / "cases"
RULES = CASES / "rules.yaml"


# Scores


def normal(n=20_000, mean=800.0, sd=150.0):
    return mean + sd * special.ndtri((np.arange(n) + 0.5) / n)


@pytest.mark.parametrize("day", [500.0, 800.0, 1000.0])
def test_the_crps_of_a_sample_is_that_of_its_distribution(day):
    assert scores.crps(normal(), Seen(day, 0), 5000) == pytest.approx(scoringrules.crps_normal(day, 800, 150), rel=1e-3)


def test_the_crps_is_fair():
    sample, day = np.array([700.0, 640.0, 900.0, 810.0]), 650.0
    pairs = np.abs(sample[:, None] - sample).sum() / (2 * 4 * 3)
    assert scores.crps(sample, Seen(day, 0), 5000) == pytest.approx(np.abs(sample - day).mean() - pairs)


def test_the_crps_of_one_day_is_its_distance():
    assert scores.crps(np.array([700.0]), Seen(650, 0), 5000) == 50


@pytest.mark.parametrize("bound", [600.0, 800.0, 1100.0])
def test_the_censored_crps_is_the_integral_up_to_the_bound(bound):
    steps = np.linspace(0, bound, 20_001)
    integral = np.trapezoid(special.ndtr((steps - 800) / 150) ** 2, steps)
    assert scores.crps(normal(), Seen(bound, 0, True), 5000) == pytest.approx(integral, rel=2e-3, abs=1e-3)


def test_what_does_not_come_counts_as_the_last_day():
    sample = np.array([700.0, np.inf, 900.0, np.inf])
    assert scores.crps(sample, Seen(800, 0), 3000) == scores.crps(np.minimum(sample, 3000), Seen(800, 0), 3000)


def test_a_bound_before_the_start_says_nothing():
    seen = Seen(-20, 0, True)
    assert (scores.crps(normal(100), seen, 5000), scores.log_score(normal(100), seen)) == (0, 0)
    assert scores.pit(normal(100), seen) == 0


def test_the_log_score_is_minus_the_log_of_the_density():
    sample = np.exp(normal(mean=log(800), sd=0.3))
    exact = -stats.lognorm(s=0.3, scale=800).logpdf(1000)
    assert scores.log_score(sample, Seen(1000, 0)) == pytest.approx(exact, abs=0.02)
    wider = stats.lognorm(s=sqrt(0.3**2 + 0.2**2), scale=800)
    assert scores.log_score(sample, Seen(1000, 200)) == pytest.approx(-wider.logpdf(1000), abs=0.02)
    later = stats.lognorm(s=0.3, scale=800).logsf(1000)
    assert scores.log_score(sample, Seen(1000, 0, True)) == pytest.approx(-later, abs=0.03)


def test_the_log_score_counts_what_does_not_come():
    sample = np.exp(normal(1000, log(800), 0.3))
    half = np.append(sample, np.full(1000, np.inf))
    seen = Seen(900, 0)
    assert scores.log_score(half, seen) == pytest.approx(scores.log_score(sample, seen) + log(2))
    certain = Seen(1e5, 0, True)
    assert scores.log_score(half, certain) == pytest.approx(log(2), abs=1e-3)


def test_the_pit_is_uniform_where_days_are_seen_with_an_error():
    """Days drawn from the forecast and seen with an error: without the error in the forecast the ends are too full."""
    chance = np.random.default_rng(1)
    sample = normal(2000, 800, 60)
    seen = chance.normal(800, 60, 4000) + chance.uniform(-90, 90, 4000) + chance.uniform(-45, 45, 4000)
    error = scores.label_error(90, 45)
    found = np.array([scores.pit(sample, Seen(day, error)) for day in seen])
    assert stats.kstest(found, "uniform").pvalue > 0.01
    assert stats.kstest([scores.pit(sample, Seen(day, 0)) for day in seen], "uniform").pvalue < 1e-6


def test_a_histogram_spreads_what_is_only_known_between_two_ends():
    low, high = np.array([0.05, 0.5, 1.0]), np.array([0.05, 1.0, 1.0])
    assert scores.histogram(low, high, 10) == pytest.approx([1, 0, 0, 0, 0, 0.2, 0.2, 0.2, 0.2, 1.2])


def test_intervals_hold_the_true_difference():
    """Sites with one to five steps, whose scores go together within a site."""
    chance, held = np.random.default_rng(0), 0
    for _ in range(100):
        steps = chance.integers(1, 6, 25).astype(float)
        theirs = chance.gamma(3, 60, 25) * steps
        ours = theirs + chance.normal(-30, 60, 25) * steps
        found = scores.between_sites(scores.gap, ours, theirs, steps)
        held += found.low <= -30 <= found.high
    assert 86 <= held <= 99


def test_few_sites_have_no_interval():
    found = scores.between_sites(scores.skill, np.array([1.0, 2, 3]), np.array([2.0, 4, 6]))
    assert found.value == 0.5
    assert np.isnan(found.low)


# Backtests


@pytest.fixture(scope="module")
def tested():
    return dcsim.backtest(CASES, template=RULES, n=64)


def step(result, site, buildings, forecast="dcsim"):
    steps = result.steps
    return steps[(steps.site == site) & (steps.buildings == buildings) & (steps.forecast == forecast)].iloc[0]


@pytest.mark.slow
def test_every_step_of_a_started_site_is_forecast(tested):
    ours = tested.steps[tested.steps["forecast"] == "dcsim"]
    assert set(ours["site"]) == {"Ash", "Birch", "Cedar", "Elm", "Fir", "Larch"}
    assert tested.about["without_start"] == ["Oak"]
    assert tested.about["beyond_plan"] == 1, "Fir has two buildings where nothing is said"
    assert (step(tested, "Ash", 1)["day"], step(tested, "Larch", 1)["day"]) == (396, 265)
    assert step(tested, "Ash", 1)["day_error"] == pytest.approx(sqrt((30**2 + 60**2) / 3))
    assert step(tested, "Elm", 1)["archetype"] == "conversion"


def test_forecasts_are_those_of_the_scenario_of_the_site(tested):
    scenario = dcsim.load(CASES / "campus.yaml", overrides={"start": "2021-05-10", "places.building": 3})
    days = dcsim.replicate(scenario, 64).days_of("operational")
    assert step(tested, "Birch", 1)["p50"] == np.sort(days)[31]
    outcomes = tested.outcomes.query("site == 'Birch' and buildings == 1")["day"]
    assert np.allclose(outcomes, days)
    assert step(tested, "Birch", 3)["p50"] > step(tested, "Birch", 1)["p50"]


def test_the_class_is_of_other_sites_of_the_same_shell_and_order(tested):
    first = step(tested, "Ash", 1, "class")
    assert (first["members"], first["p10"], first["p90"]) == (2, 320, 498), "Birch 1 and Cedar 1"
    later = step(tested, "Ash", 2, "class")
    assert (later["members"], later["p50"]) == (1, 660), "Birch 3"
    everyone = step(tested, "Ash", 1, "past builds")
    assert everyone["members"] == 4
    promised = step(tested, "Birch", 1, "announced")
    assert (promised["p50"], promised["crps"]) == (387, 111)
    assert "announced" not in set(tested.steps.query("site == 'Birch' and buildings == 3")["forecast"])


def test_censored_steps_are_counted_apart(tested):
    row = step(tested, "Larch", 1)
    assert row["seen"] == "not yet"
    assert np.isnan(row["inside"])
    assert row["crps"] >= 0
    ours = tested.scores.query("group == 'all sites' and forecast == 'dcsim'").iloc[0]
    assert (ours["steps"], ours["censored"], ours["sites"]) == (8, 1, 5)
    mine = tested.steps.query("forecast == 'dcsim'")
    assert ours["crps"] == pytest.approx(mine[mine.seen == "operational"]["crps"].mean())
    assert ours["crps_all"] == pytest.approx(mine["crps"].mean())


def test_rolling_knows_only_what_was_operational_before_the_start():
    result = dcsim.backtest(CASES, template=RULES, n=4, as_of="rolling")
    cedar = step(result, "Cedar", 1, "class")
    assert (cedar["members"], cedar["p50"], cedar["stands_in"]) == (1, 396, 0), "only Ash was operational"
    fir = step(result, "Fir", 2, "class")
    assert (fir["members"], fir["stands_in"]) == (3, 1), "no conversion yet: the first steps of Ash, Birch and Cedar"
    ash = step(result, "Ash", 1, "past builds")
    assert (ash["members"], ash["stands_in"]) == (7, 1), "nothing before it: every step of the others"
    assert "without a past build of the class" in str(result.report())


def test_as_of_a_date_only_later_starts_are_forecast():
    result = dcsim.backtest(CASES, template=RULES, n=4, as_of="2022-06-01")
    assert set(result.steps["site"]) == {"Elm", "Fir", "Larch"}
    assert result.about["before_as_of"] == 3
    assert step(result, "Elm", 1, "class")["p50"] == 396
    with pytest.raises(RequestError, match=r"--as-of: .*'rolling'"):
        dcsim.backtest(CASES, template=RULES, as_of="soon")
    with pytest.raises(RequestError, match=r"no site of .* is left to forecast"):
        dcsim.backtest(CASES, template=RULES, as_of="2030-01-01")


def test_sites_alone_are_forecast_without_scores(tmp_path):
    for name in ("sites.csv", "rules.yaml", "campus.yaml", "conversion.yaml"):
        shutil.copy(CASES / name, tmp_path)
    result = dcsim.backtest(tmp_path, template=tmp_path / "rules.yaml", n=8)
    assert list(result.steps.query("site == 'Birch' and forecast == 'dcsim'")["buildings"]) == [1, 3]
    assert result.steps["crps"].isna().all()
    assert (len(result.scores), len(result.skill)) == (0, 0)
    assert "forecasts without scores" in str(result.report())
    assert result.chart("pit").empty
    assert result.chart("intervals").rows == 11
    assert dcsim.read(result.save(tmp_path / "out")).about["cases"] == dict(result.about["cases"])


@pytest.mark.slow
def test_a_world_made_by_the_template_is_found_calibrated(tmp_path):
    """Every site is one replication of its own scenario: coverage near 80 %, and skill, because buildings differ."""
    chance, sites, steps = np.random.default_rng(3), [], []
    for number in range(40):
        count = [1, 12][number % 2]
        start = pd.Timestamp(2019, 1, 1) + pd.Timedelta(days=int(chance.integers(1500)))
        layer = {"extends": "campus.yaml", "name": "a site", "milestones": {"all": {"activity": "hand_over"}}}
        values = {"start": f"{start:%Y-%m-%d}", "places.building": count}
        day = dcsim.replicate(dcsim.load(layer, overrides=values, root=CASES), 1, seed=1000 + number).days_of("all")[0]
        sites.append(f"s{number},{start:%Y-%m-%d},0,new,grid,{count}")
        steps.append(f"s{number},{count},{start + pd.Timedelta(days=round(day)):%Y-%m-%d},0,operational")
    (tmp_path / "sites.csv").write_text("site,started,started_error_days,shell,power,buildings\n" + "\n".join(sites))
    (tmp_path / "site_steps.csv").write_text("site,buildings,date,date_error_days,seen\n" + "\n".join(steps))
    result = dcsim.backtest(tmp_path, template=RULES, n=64, seed=1)
    ours = result.scores.query("group == 'all sites' and forecast == 'dcsim'").iloc[0]
    assert 0.64 <= ours["coverage"] <= 0.94
    pit = result.steps.query("forecast == 'dcsim'")["pit"]
    assert stats.kstest(pit, "uniform").pvalue > 0.01
    skill = result.skill.query("group == 'all sites' and against == 'class' and counted == 'dated'").iloc[0]
    assert skill["skill_low"] > 0.1
    assert skill["difference_high"] < 0


@pytest.mark.slow
def test_the_archetypes_stand_for_sites_if_no_rules_are_given(tmp_path):
    shutil.copy(CASES / "sites.csv", tmp_path)
    result = dcsim.backtest(tmp_path, n=2)
    assert set(result.steps["archetype"]) == {"new-campus", "conversion-powered", "fast-track"}
    assert "the archetypes of dcsim" in result.subject()
    values = '{start: "{started}", parameters.buildings: 3}'
    (tmp_path / "rules.yaml").write_text(f'rules: [{{scenario: "archetype:new-campus", set: {values}}}]')
    result = dcsim.backtest(tmp_path, template=tmp_path / "rules.yaml", n=2)
    assert set(result.steps["archetype"]) == {"new-campus"}


@pytest.mark.slow
def test_layers_are_laid_over_a_template(folder):
    (folder / "slow.yaml").write_text("factors: {pace: 5 to 6}\n")
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace("scenario: campus.yaml", "scenario: [campus.yaml, slow.yaml]"))
    result = dcsim.backtest(folder, template=rules, n=8)
    assert step(result, "Ash", 1)["p10"] > 1000
    assert step(result, "Ash", 1)["archetype"] == "campus"


def test_fingerprints_are_kept_and_a_result_read_again_says_the_same(tested, tmp_path):
    assert set(tested.about["fingerprints"]) == {"Ash", "Birch", "Cedar", "Elm", "Fir", "Larch"}
    again = dcsim.read(tested.save(tmp_path / "out"))
    assert again.about["rules"] == tested.about["rules"]
    assert str(again.report()) == str(tested.report())


STAGES = "site,stage,buildings,date,date_error_days,state\n"
CLOSED = """  shell_done: {activity: shell, reaches: 1}
"""


@pytest.fixture
def seen(folder):
    """Cedar, of one building, with its shell seen begun and complete; Birch operational with one of three."""
    rows = ["Cedar,clearing,,2022-01-15,3,begun", "Cedar,shell_done,1,2022-06-20,3,begun"]
    rows += ["Cedar,shell_done,1,2022-09-20,3,complete", "Cedar,operational,1,2022-12-01,90,complete"]
    rows += ["Birch,operational,1,2022-09-20,60,complete", "Birch,shell_done,4,2022-09-20,3,begun"]
    (folder / "site_stages.csv").write_text(STAGES + "\n".join(rows) + "\n")
    with (folder / "campus.yaml").open("a") as file:
        file.write(CLOSED)
    return folder


@pytest.mark.slow
def test_sites_under_way_are_forecast_from_what_was_seen(seen):
    result = dcsim.backtest(seen, template=seen / "rules.yaml", n=200, under_way=True, engine="reference")
    ours = result.steps.query("forecast == 'dcsim'")
    made = [(row.site, row.buildings, f"{row.made:%Y-%m-%d}") for row in ours.itertuples()]
    later = [("Cedar", 1, "2022-06-20"), ("Cedar", 1, "2022-09-20")]
    assert made == [("Birch", 3, "2022-09-20"), *later], "not at the start, and not what is over"
    assert (ours["p10"] >= ours["elapsed"]).all()
    first, second = result.steps.query("site == 'Cedar' and forecast == 'class'").to_dict("records")
    assert (first["members"], first["p10"]) == (2, 396), "Ash 1 and Birch 1 took longer than 156 days"
    assert second["elapsed"] == 248
    width = ours.query("site == 'Cedar'")["p90"] - ours.query("site == 'Cedar'")["p10"]
    start = result.steps.query("site == 'Cedar' and forecast == 'as at the start'")
    assert width.iloc[1] < (start["p90"] - start["p10"]).iloc[1]
    assert result.about["unread"] == 2, "no clearing in the template, and no fourth building of Birch"
    assert "as at the start" in set(result.skill["against"])
    told = str(result.report())
    assert "Within a year of the first operation P50 is off by" in told
    assert result.chart("intervals").rows == 3


@pytest.mark.slow
def test_under_way_others_count_that_took_longer(seen):
    """Of the past builds of another shell none took 300 days: the class is what stands in."""
    rolling = dcsim.backtest(
        seen, template=seen / "rules.yaml", n=8, under_way=True, as_of="rolling", engine="reference"
    )
    cedar = rolling.steps.query("site == 'Cedar' and forecast == 'class'")
    assert cedar["members"].tolist() == [1, 1], "Ash 1; Birch 1 was operational on the second date, not before it"


@pytest.mark.slow
def test_each_site_under_way_is_calibrated_on_the_others(seen):
    rules = seen / "rules.yaml"
    rules.write_text(rules.read_text() + "calibrate: [factors.pace]\n")
    result = dcsim.backtest(seen, template=rules, n=64, under_way=True, leave_one_out=True, engine="reference")
    assert result.about["calibrated"] == ["factors.pace"]
    assert set(result.steps["forecast"]) >= {"dcsim", "as at the start", "class"}


def test_without_stages_nothing_is_under_way(folder):
    with pytest.raises(
        RequestError, match=r"no stage of an unfinished site was seen .*: --under-way needs site_stages"
    ):
        dcsim.backtest(folder, template=folder / "rules.yaml", n=2, under_way=True)


@pytest.mark.parametrize(
    ("row", "column", "told"),
    [
        ("Ceder,roof,1,2022-06-20,3,begun", "site", "no site 'Ceder'"),
        ("Cedar,roof,0,2022-06-20,3,begun", "buildings", "expected a whole number"),
        ("Cedar,roof,1,June,3,begun", "date", "expected a date"),
        ("Cedar,roof,1,2022-06-20,3,began", "state", "expected what was seen, got 'began'; did you mean 'begun'?"),
    ],
)
def test_a_wrong_stage_is_left_out_and_told_by_line(folder, row, column, told):
    (folder / "site_stages.csv").write_text(f"{STAGES}{row}\nCedar,roof,1,2022-06-20,3,begun\n")
    (entry,) = assumed(folder)
    assert (entry["file"], entry["line"], entry["column"]) == ("site_stages.csv", 2, column)
    assert entry["taken"] == "left out"
    assert told in entry["reason"]


def test_the_charts_show_what_the_tables_say(tested):
    assert tested.charts() == ("intervals", "pit", "skill")
    chart = tested.chart()
    inside = tested.steps.query("forecast == 'dcsim'")["inside"].sum()
    assert chart.title == f"{inside:.0f} of 8 days seen lie inside P10-P90"
    seen = next(mark for mark in chart.marks if mark.name == "seen")
    assert sorted(seen.x) == sorted(tested.steps.query("forecast == 'dcsim' and seen == 'operational'")["day"])
    columns = tested.chart("pit").marks[0]
    assert columns.heights.sum() == pytest.approx(9)
    assert list(tested.chart("skill").y.names) == ["all sites", "ordinary new builds", "campus", "conversion"]


@pytest.mark.slow
def test_the_command(dcsim, tmp_path):
    words = ("backtest", str(CASES), "--template", str(RULES), "-n", "16")
    out, err, code = dcsim(*words, "--out", str(tmp_path / "out"))
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 80
    assert "1 site without a start left out." in out
    told, _, _ = dcsim(*words, "--json")
    assert json.loads(told)["kind"] == "backtest"
    told, _, _ = dcsim(*words, "--csv")
    assert told.startswith("site,archetype,shell,power,buildings,")
    _, err, code = dcsim("backtest", str(tmp_path / "none"), "--template", str(RULES))
    assert code == 2
    assert "there is no file" in err


def test_a_page_of_sites_stands_under_the_sites(tested, tmp_path):
    page = report(tested, path=tmp_path / "page.html").read_text()
    assert f"<h1>{len(tested.about['fingerprints'])} sites, {CASES}" in page
    assert "SHA-256 of" not in page
    text = report(tested, path=tmp_path / "page.md").read_text()
    assert text.startswith("# 6 sites")
    assert "campus.yaml" not in text
    assert text.count("## ") == 1 + text.count("### ") + 1, "the answer and the backtest alone"


def test_builds_that_have_no_room_are_refused():
    with pytest.raises(RequestError, match=r"replications of 6 sites need too much memory: at most -n [\d,]+$"):
        dcsim.backtest(CASES, template=RULES, n=10**8)


def test_a_missing_column_is_told_once(folder):
    rules = (folder / "rules.yaml").read_text().replace("{started}", "{stated}")
    (folder / "rules.yaml").write_text(rules)
    assert rules.count("{stated}") > 1
    with pytest.raises(ScenarioError) as caught:
        dcsim.backtest(folder, template=folder / "rules.yaml", n=2)
    assert str(caught.value).count("no column 'stated'") == 1


def test_scores_need_a_library(monkeypatch):
    monkeypatch.setattr(scores, "find_spec", lambda name: None)
    with pytest.raises(UnavailableError, match=r"pip install 'dcsim\[forecast\]'"):
        dcsim.backtest(CASES, template=RULES, n=2)


# What is refused


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(CASES, tmp_path / "cases")
    return tmp_path / "cases"


def refused(folder, file, old, new):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        dcsim.backtest(folder, template=folder / "rules.yaml", n=2)
    return str(caught.value)


def assumed(folder, file="sites.csv", old="", new=""):
    text = (folder / file).read_text()
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1))
    entries = dcsim.backtest(folder, template=folder / "rules.yaml", n=2, workers=1).about["assumed"]
    return [entry for entry in entries if (entry["line"], entry["column"]) != (6, "buildings")]  # Fir: as ever


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("site,country", "sight,country", "sites.csv: line 1: no column 'site'"),
        ("state,started", "state,begin", "sites.csv: line 1: no column 'started'"),
        ("site,", "site;", "the table is separated by semicolons"),
        ("2020-03-01", '2020-03-01"', "sites.csv"),
    ],
)
def test_a_wrong_table_is_told(folder, old, new, told):
    if '"' in new:
        new = f'"{new[:-1]}" x'
    assert told in refused(folder, "sites.csv", old, new)


@pytest.mark.parametrize(
    ("file", "old", "new", "line", "column", "taken", "told"),
    [
        ("sites.csv", "Birch,US,OH", "Ash,US,OH", 3, "site", "left out", "the same stands in line 2"),
        ("sites.csv", "Birch,US", ",US", 3, "site", "left out", "the cell is empty"),
        ("sites.csv", "2020-03-01", "03/04/2020", 2, "started", "left out", "write 2020-03-04 or 2020-04-03"),
        ("sites.csv", "2020-03-01", "2020-Q1", 2, "started", "2020-02-15", "the middle of 2020-Q1"),
        ("sites.csv", "2020-03-01,30", "2020-03-01,-3", 2, "started_error_days", "0", "a number of days from 0"),
        ("sites.csv", "60,3,2022", "60,2.5,2022", 3, "buildings", "2", "a whole number of buildings"),
        ("sites.csv", "60,3,2022", "60,3-5,2022", 3, "buildings", "4", "the middle of 3-5"),
        ("sites.csv", "2022-06-01,1,", "2022-06-01,,", 3, "announced", "left out", "the number of buildings"),
        ("sites.csv", "2022-06-01,1,", "2022-13-01,1,", 3, "announced", "", "2022-13-01 is not a date"),
        ("site_steps.csv", "Birch,1", "Brich,1", 4, "site", "left out", "no site 'Brich' in sites.csv; did you mean"),
        ("site_steps.csv", "2021-04-01", "2020-02-01", 2, "date", "left out", "before its start on 2020-03-01"),
        ("site_steps.csv", "2021-04-01", "", 2, "date", "left out", "the cell is empty"),
        ("site_steps.csv", "Ash,1,", "Ash,one,", 2, "buildings", "left out", "expected a number, got 'one'"),
        ("site_steps.csv", "2021-04-01,60", "2021-04-01,", 2, "date_error_days", "60", "nothing is told"),
        ("site_steps.csv", "60,60,operational", "60,60,running", 2, "seen", "left out", "expected 'operational'"),
        ("site_steps.csv", "Ash,2,", "Ash,1,", 3, "site", "left out", "the same stands in line 2"),
        ("site_steps.csv", "Ash,1,2021-04-01", "Ash,1,2021,04", 2, "", "left out", "the row has more cells"),
    ],
)
def test_a_wrong_cell_loses_no_other_row(folder, file, old, new, line, column, taken, told):
    entry = next(entry for entry in assumed(folder, file, old, new) if entry["column"] == column)
    assert (entry["file"], entry["line"], entry["taken"]) == (file, line, taken)
    assert told in entry["reason"]


SITES = "site,country,started,shell,power,gpu,buyer,it_mw_building,buildings,state,started_error_days"


def archetypes_of(tmp_path, *rows, sep=",", **asked):
    """Sites forecast by the archetypes: what was assumed by column, and the scenario of each site."""
    (tmp_path / "sites.csv").write_text("\n".join([SITES.replace(",", sep), *rows]) + "\n", encoding="utf-8-sig")
    return dcsim.backtest(tmp_path, n=2, workers=1, engine="reference", **asked)


PLAIN = "A,US,2024-05-02,new,grid,h100,lab,60,2,,"


@pytest.mark.parametrize(
    ("old", "new", "column", "taken"),
    [
        ("h100", "B400", "gpu", "other"),
        ("h100", '"H100;GB200"', "gpu", "mixed"),
        ("h100", "NVIDIA H100 SXM", "gpu", "h100"),
        ("h100", "n/a", "gpu", "unknown"),
        ("lab", "sovereign", "buyer", "other"),
        ("lab", "", "buyer", "hyperscaler"),
        ("A,US", "A,XX", "country", "US"),
        ("new", "warehouse", "shell", "new"),
        ("grid", "fusion", "power", "grid"),
        ("grid", "off-grid", "power", "grid"),
        ("grid", "grid + onsite", "power", "mixed"),
        ("60", "50 to 70 MW", "it_mw_building", "60"),
        ("60", "sixty", "it_mw_building", "70"),
        ("60,2", "60,0", "buildings", "2"),
        ("2024-05-02", "2024", "started", "2024-07-02"),
    ],
)
def test_what_nobody_knows_is_assumed_and_told(tmp_path, old, new, column, taken):
    found = archetypes_of(tmp_path, PLAIN.replace(old, new, 1), PLAIN.replace("A", "B", 1))
    (entry,) = found.about["assumed"]
    assert (entry["site"], entry["column"], entry["taken"]) == ("A", column, taken)
    assert entry["reason"]
    assert set(found.steps["site"]) == {"A", "B"}
    section = next(section for section in found.report().sections if section.title == "What was assumed")
    assert section.tables[0].rows[0][0] == "A"


def test_tables_are_read_as_others_write_them(tmp_path):
    plain_ = archetypes_of(tmp_path, PLAIN.replace("60", "60.5"))
    same = "a ;USA;02.05.2024; New ;GRID;H-100;Lab;60,5 MW;2.0;;"
    written = archetypes_of(tmp_path, same, sep=";")
    assert not written.about["assumed"]
    for column in ("archetype", "buildings", "p10", "p50", "p90"):
        assert (plain_.steps[column] == written.steps[column]).all()


def test_a_site_of_which_no_scenario_can_be_made_is_left_out(tmp_path):
    found = archetypes_of(tmp_path, PLAIN, PLAIN.replace("A,US,2024", "B,US,9990"))
    (entry,) = found.about["assumed"]
    assert (entry["site"], entry["line"], entry["taken"]) == ("B", 3, "left out")
    assert set(found.steps["site"]) == {"A"}
    assert found.about["before_as_of"] == 0
    with pytest.raises(ScenarioError, match=r"line 2.*'B'"):
        archetypes_of(tmp_path, PLAIN.replace("A,US,2024", "B,US,9990"))


def test_a_word_without_a_rule_of_its_own_is_left_to_the_last(folder):
    (folder / "rules.yaml").write_text((folder / "rules.yaml").read_text() + "  shell: conversion\n")
    (entry,) = assumed(folder, "sites.csv", "Ash,US,TX,2020-03-01,30,new", "Ash,US,TX,2020-03-01,30,barge")[:1]
    assert (entry["found"], entry["taken"], entry["reason"]) == ("barge", "barge", "no rule names it")


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("rules:", "rulez:", "line 1: rulez: unknown key 'rulez'; did you mean 'rules'?"),
        (
            "when: {shell",
            "when: {shel",
            "line 2: rules.0.when.shel: no column 'shel' in sites.csv; did you mean 'shell'?",
        ),
        ("{started}", "{stated}", "no column 'stated' in sites.csv; did you mean 'started'?"),
        ("conversion.yaml", "conversio.yaml", "there is no file 'conversio.yaml'; did you mean 'conversion.yaml'?"),
        (
            "    scenario: conversion.yaml\n",
            "",
            "line 2: rules.0.scenario: expected the name of a scenario beside this file",
        ),
        ("set: {start", "sets: {start", "unknown key 'sets'; did you mean 'set'?"),
        ("shell: [conversion, tent]", "shell: {a: b}", "expected a word, or a list of alternative words"),
        ("{value: 2, assumption: as most sites}", "{values: 2}", "unknown key 'values'; did you mean 'value'?"),
        ("buildings: {value", "building: {value", "no column 'building' in sites.csv"),
        ('start: "{started}", ', "", "day zero is 2024-01-01, but the site started on 2022-09-01"),
        ("places.building", "places.bilding", "sites.csv, line 5, 'Elm', by"),
        ("rules:\n", "rules: 3\nrest:\n", "expected a list of rules"),
        ("defaults:", "defaults", "cases/rules.yaml"),
    ],
)
def test_a_wrong_rule_is_told_by_line(folder, old, new, told):
    assert told in refused(folder, "rules.yaml", old, new)


def test_a_template_dates_its_first_building(folder):
    message = refused(folder, "campus.yaml", "operational: {activity: hand_over, reaches: 1}", "all: {activity: shell}")
    assert "a template needs a milestone 'operational: {activity: NAME, reaches: 1}'" in message


@pytest.mark.parametrize(
    ("old", "new", "sites", "told"),
    [
        ("  buildings: {value: 2, assumption: as most sites}", "  {}", {"Fir"}, "column 'buildings' is empty, and"),
        (
            "  - scenario: campus.yaml",
            "  - when: {shell: none}\n    scenario: campus.yaml",
            {"Ash", "Birch", "Cedar", "Larch"},
            "add a last rule without `when`",
        ),
    ],
)
def test_sites_without_a_rule_are_left_out(folder, old, new, sites, told):
    text = (folder / "rules.yaml").read_text()
    assert old in text
    (folder / "rules.yaml").write_text(text.replace(old, new, 1))
    found = dcsim.backtest(folder, template=folder / "rules.yaml", n=2, workers=1)
    left_out = [entry for entry in found.about["assumed"] if entry["taken"] == "left out"]
    assert {entry["site"] for entry in left_out} == sites
    assert all(told in entry["reason"] for entry in left_out)


def test_tables_of_steps_and_stages_may_have_no_rows(tmp_path):
    (tmp_path / "site_steps.csv").write_text("site,buildings,date,date_error_days,seen\n")
    (tmp_path / "site_stages.csv").write_text("site,stage,date,state\n")
    assert len(archetypes_of(tmp_path, PLAIN).steps)
