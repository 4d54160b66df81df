"""Calibration: the posterior is that of Bayes' rule, what dates cannot tell is said, and layers are scenarios."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from scipy import special, stats

import dcsim
from dcsim.distributions import Lognormal
from dcsim.errors import RequestError, ScenarioError
from dcsim.scenario.rules import Learned
from dcsim.study.posterior import OFFSET, SPREAD, Evidence, posterior_of
from dcsim.study.quantities import Drawn

CASES = Path(__file__).parent / "data" / "cases"


BOTH = tuple(Drawn(number, f"factors.{name}", 0, Lognormal(0.5, 2)) for number, name in enumerate(("pace", "idle")))
QUANTITIES = [Learned(one.name) for one in BOTH]
GRID = special.ndtri((np.arange(600) + 0.5) / 600)


def evidence(day, error=0.5, name="a site", archetype="campus"):
    """A site whose date is its score, seen with a normal error; a second quantity has nothing to do with it."""
    fit, idle = -(((day - GRID) / error) ** 2) / 2, np.random.default_rng(int(1e6 * abs(day))).permutation(GRID)
    return Evidence(name, (archetype, archetype), 1, BOTH, np.column_stack([GRID, idle]), fit, 1.0, 500.0)


def exact(days, error=0.5):
    """Mean and standard deviation of the mean and of the logarithm of the spread, on a grid.

    With one archetype the mean of its sites is the sum of a mean and an offset.
    """
    mean, log = np.meshgrid(np.linspace(-4, 4, 401), np.linspace(-1.5, 1.5, 301), indexing="ij")
    logs = stats.norm.logpdf(mean, 0, np.hypot(1, OFFSET)) + stats.norm.logpdf(log, 0, SPREAD)
    for day in days:
        logs += stats.norm.logpdf(day, mean, np.sqrt(np.exp(2 * log) + error**2))
    weights = np.exp(logs - special.logsumexp(logs))
    found = [(float((weights * what).sum()), float((weights * what**2).sum())) for what in (mean, log)]
    return [(first, np.sqrt(second - first**2)) for first, second in found]


DAYS = np.random.default_rng(5).normal(0.8, 0.7, 25)


@pytest.fixture(scope="module")
def posterior():
    sites = [evidence(day, name=f"site {number}") for number, day in enumerate(DAYS)]
    return posterior_of(sites, QUANTITIES)


def moments(posterior, values, without=""):
    weights = posterior.weights(without)
    mean = weights @ values
    return mean, np.sqrt(weights @ (values - mean) ** 2)


@pytest.mark.slow
def test_the_posterior_is_that_of_bayes_rule(posterior):
    (mean, mean_sd), (log, log_sd) = exact(DAYS)
    assert moments(posterior, posterior.means(("campus", "campus"))[:, 0]) == pytest.approx((mean, mean_sd), abs=0.03)
    assert moments(posterior, np.log(posterior.spreads[:, 0])) == pytest.approx((log, log_sd), abs=0.05)
    assert posterior.effective() > 100


@pytest.mark.slow
def test_what_the_dates_do_not_tell_keeps_its_prior(posterior):
    mean, sd = moments(posterior, posterior.means(("campus", "campus"))[:, 1])
    assert abs(mean) < 0.25
    assert sd > 0.9


@pytest.mark.slow
def test_leaving_a_site_out_is_never_having_seen_it(posterior):
    odd = int(np.argmax(np.abs(DAYS)))
    (mean, sd), _ = exact(np.delete(DAYS, odd))
    assert moments(posterior, posterior.means(("campus", "campus"))[:, 0], f"site {odd}") == pytest.approx(
        (mean, sd), abs=0.04
    )


@pytest.mark.slow
def test_an_archetype_is_drawn_to_the_whole():
    """One site far from the others moves its archetype, by less than it is away."""
    sites = [evidence(0.0, name=f"site {number}") for number in range(20)]
    posterior = posterior_of([*sites, evidence(2.0, name="odd", archetype="other")], QUANTITIES)
    usual, odd = (moments(posterior, posterior.means((name, name))[:, 0])[0] for name in ("campus", "other"))
    assert usual == pytest.approx(0, abs=0.1)
    assert 0.1 < odd < 1.5


@pytest.mark.slow
def test_a_risk_is_as_likely_as_bayes_rule_says():
    """Of 24 sites six stood still, and each date tells which did: the probability is that of a normal prior of the
    logarithm of its odds, on a grid."""
    pause = Drawn(0, "risks.pause.occurs", 0, None, float(special.logit(0.5)))
    occurs = (np.arange(400) % 2).astype(float)
    sites = [
        Evidence(
            f"site {k}", ("campus",), 1, (pause,), occurs[:, None], np.where(occurs == (k < 6), 0.0, -60), 1.0, 200
        )
        for k in range(24)
    ]
    posterior = posterior_of(sites, [Learned("risks.pause.probability")])
    found = posterior.weights() @ pause.value(posterior.means(("campus",))[:, 0])
    odds = np.linspace(-6, 6, 2001)
    logs = -(odds**2) / 2 + 6 * special.log_expit(odds) + 18 * special.log_expit(-odds)
    assert found == pytest.approx(special.softmax(logs) @ special.expit(odds), abs=0.02)
    assert posterior.spreads.min() == posterior.spreads.max() == 1


@pytest.mark.slow
def test_replications_of_a_site_are_drawn_from_what_the_others_say(posterior):
    points = posterior.of("site 0", 4000)
    assert points(7) == posterior.of("site 0", 4000)(7)
    scores = special.ndtri(points.points[:, list(points.names).index(posterior.evidence[0].drawn[0].name)])
    (mean, mean_sd), (log, _) = exact(np.delete(DAYS, 0))
    assert scores.mean() == pytest.approx(mean, abs=0.06)
    assert scores.std() == pytest.approx(np.hypot(mean_sd, np.exp(log)), rel=0.1)


@pytest.mark.slow
def test_a_risk_is_drawn_as_often_as_the_others_say():
    """With a prior of 0.5, 20 of 24 sites stood still: so do nearly as many replications of another."""
    pause = Drawn(0, "risks.pause.occurs", 0, None, 0.0)
    occurs = (np.arange(400) % 2).astype(float)
    sites = [
        Evidence(
            f"site {k}", ("campus",), 1, (pause,), occurs[:, None], np.where(occurs == (k < 20), 0.0, -60), 1.0, 200
        )
        for k in range(24)
    ]
    posterior = posterior_of(sites, [Learned("risks.pause.probability")])
    often = [(posterior.of(name, 4000).points[:, 0] < 0.5).mean() for name in ("site 0", "site 23")]
    assert often[0] < often[1]
    assert often == pytest.approx([0.76, 0.80], abs=0.06)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Thirty sites of the template, built at a pace of 0.9 to 1.8 where it says 0.6 to 1.6."""
    folder = tmp_path_factory.mktemp("world")
    for name in ("rules.yaml", "campus.yaml", "conversion.yaml"):
        shutil.copy(CASES / name, folder)
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text() + "calibrate: [factors.pace]\n")
    scenario = dcsim.load(CASES / "campus.yaml", overrides={"factors.pace": "0.9 to 1.8", "start": "2020-01-01"})
    dates = dcsim.replicate(scenario, 30, seed=9).milestones["date"]
    sites = [f"s{k},2020-01-01,0,new,2" for k in range(30)]
    steps = [f"s{k},1,{date:%Y-%m-%d},15,operational" for k, date in enumerate(dates)]
    sites.append("quiet,2020-01-01,0,conversion,2")
    steps.append("quiet,1,2020-02-01,10,observed not yet operational as of")
    (folder / "sites.csv").write_text("site,started,started_error_days,shell,buildings\n" + "\n".join(sites))
    (folder / "site_steps.csv").write_text("site,buildings,date,date_error_days,seen\n" + "\n".join(steps))
    return folder


@pytest.fixture(scope="module")
def calibrated(world):
    return dcsim.calibrate(world, template=world / "rules.yaml", n=256)


@pytest.mark.slow
def test_the_pace_of_a_world_is_found(calibrated):
    campus = calibrated.posterior.set_index("group").loc["campus"]
    assert campus["median_p10"] < 1.27 * 1.05
    assert campus["median_p90"] > 1.27 * 0.95
    assert campus["median_width"] < 0.4
    assert (campus["low"], campus["high"]) == pytest.approx((0.9, 1.8), rel=0.2)
    other = calibrated.posterior.set_index("group").loc["conversion"]
    assert (other["sites"], other["median_width"] > campus["median_width"]) == (1, True)
    assert other["median_p50"] == pytest.approx(campus["median_p50"], rel=0.1)
    assert calibrated.about["effective"] >= 100


@pytest.mark.slow
def test_calibrated_forecasts_are_better_than_the_template_alone(world):
    result = dcsim.backtest(world, template=world / "rules.yaml", n=256, leave_one_out=True)
    alone = result.skill.query("against == 'template alone' and group == 'all sites' and counted == 'dated'").iloc[0]
    assert alone["skill_low"] > 0
    assert "factors.pace calibrated, for each site on all others: at least" in str(result.report())


ORDERS = """name: Gear and a pause
start: 2024-01-01
horizon: 8 years
supplies: {gear: {orders: {main: {amount: 1, placed: = start - 300 d to start + 100 d, lead_time: 400 d}}}}
activities:
  fit_out: {duration: {pert: [20 d, 30 d, 50 d]}, consumes: {gear: 1}}
risks: {pause: {probability: 0.2, begins: 0 d, lasts: 1_000 d, stop_work: [fit_out]}}
milestones: {operational: {activity: fit_out, reaches: 1}}
"""


@pytest.fixture(scope="module")
def gear(tmp_path_factory):
    """Sixteen sites: gear of early buyers is ordered 250 days before the start, that of late ones 50 days after it,
    and every fourth site stands still for 1,000 days."""
    folder = tmp_path_factory.mktemp("gear")
    (folder / "gear.yaml").write_text(ORDERS)
    (folder / "rules.yaml").write_text(
        "rules: [{scenario: gear.yaml, set: {start: '{started}'}}]\n"
        "calibrate: [{quantity: supplies.*.orders.*.placed, by: buyer}, risks.pause.probability]\n"
    )
    rows = [("early" if k % 2 else "late", 180 if k % 2 else 480, 1000 * (k // 2 % 4 == 0)) for k in range(16)]
    dates = [np.datetime64("2024-01-01") + np.timedelta64(day + pause, "D") for _, day, pause in rows]
    sites = [f"s{k},2024-01-01,new,{buyer}" for k, (buyer, _, _) in enumerate(rows)]
    (folder / "sites.csv").write_text("\n".join(["site,started,shell,buyer", *sites]))
    steps = [f"s{k},1,{date},20,operational" for k, date in enumerate(dates)]
    (folder / "site_steps.csv").write_text("\n".join(["site,buildings,date,date_error_days,seen", *steps]))
    return folder


@pytest.mark.slow
def test_order_dates_by_buyer_and_pauses_are_learned(gear, tmp_path):
    from dcsim.study.calibrate import write_layers

    result = dcsim.calibrate(gear, template=gear / "rules.yaml", n=512, engine="reference")
    later = result.posterior.query("quantity.str.endswith('placed')").set_index("group")["median_p50"]
    assert later["buyer early"] < -80 < 80 < later["buyer late"]
    pause = result.posterior.query("quantity == 'risks.pause.probability' and group == 'gear'").iloc[0]
    assert pause["median_p10"] < 0.25 < pause["median_p90"]
    assert np.isnan(pause["spread_width"])
    names = [path.name for path in write_layers(result, tmp_path / "layer.yaml")]
    assert names == ["layer.yaml", "layer-buyer-early.yaml", "layer-buyer-late.yaml", "layer-gear.yaml"]
    shutil.copy(gear / "gear.yaml", tmp_path)
    layers = ["gear.yaml", "layer-buyer-early.yaml", "layer-gear.yaml"]
    scenario = dcsim.load({"extends": layers, "name": "a site"}, root=tmp_path)
    placed = scenario.supplies["gear"].orders["main"].placed
    low, high = sorted(str(one)[:10] for one in placed.values)
    assert low < "2023-08-01" < high < "2024-01-01"
    assert 0.1 < scenario.risks["pause"].probability < 0.4
    assert "CALIBRATION" in {one.source for one in scenario.document.citations.values()}


@pytest.mark.slow
def test_what_came_later_is_not_known(world):
    early = dcsim.calibrate(world, template=world / "rules.yaml", n=64, as_of="2021-01-01")
    assert early.about["to"] < "2021-01-01"
    assert 2 <= len(early.sites) < 20


@pytest.mark.slow
def test_a_factor_that_is_known_says_nothing(world, tmp_path):
    folder = shutil.copytree(world, tmp_path / "world")
    conversion = folder / "conversion.yaml"
    conversion.write_text(conversion.read_text() + "factors: {pace: 1}\n")
    result = dcsim.calibrate(folder, template=folder / "rules.yaml", n=32)
    assert list(result.posterior["group"]) == ["all sites", "campus"]
    assert len(result.sites) == 31


@pytest.mark.slow
def test_layers_are_extended_by_scenarios(calibrated, world):
    from dcsim.study.calibrate import write_layers

    paths = write_layers(calibrated, world / "layer.yaml")
    assert [path.name for path in paths] == ["layer.yaml", "layer-campus.yaml", "layer-conversion.yaml"]
    scenario = dcsim.load({"extends": ["campus.yaml", "layer-campus.yaml"], "name": "a site"}, root=world)
    row = calibrated.posterior.set_index("group").loc["campus"]
    value = scenario.factors["pace"].value.resolve(lambda number: number)
    assert (value.p05, value.p95) == pytest.approx((row["low"], row["high"]), rel=1e-3)
    cited = scenario.document.citations["factors", "pace", "value"]
    assert cited.source == "CALIBRATION"
    assert scenario.sources["CALIBRATION"].what == "calibrated on 31 sites to " + calibrated.about["to"]


@pytest.mark.slow
def test_the_command(dcsim, world, tmp_path):
    words = ("calibrate", str(world), "--template", str(world / "rules.yaml"), "-n", "32")
    out, err, code = dcsim(*words, "-o", str(tmp_path / "layer.yaml"), "--out", str(tmp_path / "out"))
    assert (code, err) == (0, "")
    assert "layer saved in" in out
    assert max(map(len, out.splitlines()[:-6])) <= 80
    told, _, _ = dcsim(*words, "--json")
    assert json.loads(told)["kind"] == "calibration"
    _, err, code = dcsim(*words, "-o", str(tmp_path / "none" / "layer.yaml"))
    assert code == 2
    assert "there is no folder" in err


@pytest.mark.slow
def test_a_result_read_again_says_the_same(calibrated, tmp_path):
    again = dcsim.read(calibrated.save(tmp_path / "out"))
    assert str(again.report()) == str(calibrated.report())
    assert again.chart().rows == len(calibrated.posterior)


@pytest.mark.slow
def test_what_cannot_be_calibrated_is_refused(world, tmp_path):
    with pytest.raises(RequestError, match="no factor is named"):
        dcsim.calibrate(CASES, template=CASES / "rules.yaml")
    with pytest.raises(RequestError, match="name factors in"):
        dcsim.backtest(CASES, template=CASES / "rules.yaml", leave_one_out=True)
    with pytest.raises(RequestError, match="leave out --as-of"):
        dcsim.backtest(world, template=world / "rules.yaml", leave_one_out=True, as_of="rolling")
    with pytest.raises(RequestError, match="at a single date"):
        dcsim.calibrate(world, template=world / "rules.yaml", as_of="rolling")
    folder = shutil.copytree(world, tmp_path / "world")
    campus = folder / "campus.yaml"
    campus.write_text(campus.read_text().replace("0.6 to 1.6", "{uniform: [0.6, 1.6]}"))
    with pytest.raises(RequestError, match=r"'factors.pace' cannot be calibrated: write it as a range"):
        dcsim.calibrate(folder, template=folder / "rules.yaml")
    rules = folder / "rules.yaml"
    rules.write_text(rules.read_text().replace("[factors.pace]", "pace"))
    with pytest.raises(ScenarioError, match=r"calibrate: expected a list of factors such as \[factors.pace\]"):
        dcsim.calibrate(folder, template=rules)


@pytest.mark.slow
def test_archetypes_are_calibrated_from_neutral_priors():
    rules = Path(__file__).parents[1] / "configs" / "calibration" / "rules.yaml"
    result = dcsim.calibrate(CASES, template=rules, n=16)
    assert set(result.posterior["quantity"]) == {
        "factors.site_pace",
        "factors.pace_of_time",
        "factors.pace_of_sequence",
        "factors.pace_of_kind",
    }, "no site stands in CN or AE"
    early = result.posterior.query("quantity == 'factors.pace_of_time'")
    assert set(early["group"]) == {"all sites", "conversion-powered", "new-campus"}
