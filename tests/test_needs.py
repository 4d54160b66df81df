"""Orders that are placed relative to their need: what the need is, what moves it, and where there is none."""

import datetime as dt

import pytest

import dcsim
from dcsim.engine import ENGINES
from dcsim.errors import ScenarioError
from dcsim.scenario.load import changed, load
from dcsim.units import parse_date

HALLS = """\
name: halls
start: 2026-01-05
parameters:
  ahead: 10 wk
supplies:
  gear:
    initial: 1
    orders:
      first: {amount: 2, placed: = need - ahead, lead_time: 10 wk}
      plain: {amount: 1, placed: 2026-02-01, lead_time: 8 wk}
      last: {amount: 3, placed: = need - 12 wk to need - 8 wk, lead_time: 10 wk}
places:
  hall: 6
resources:
  crew: 1
activities:
  prepare: {duration: 30 d}
  set_gear: {at: hall, duration: 10 d, after: [prepare], requires: {crew: 1}, consumes: {gear: 1}}
milestones:
  all: {activity: set_gear}
variants:
  slow:
    activities: {prepare: {duration: 60 d}}
"""


@pytest.fixture
def halls(tmp_path):
    path = tmp_path / "halls.yaml"
    path.write_text(HALLS)
    return path


def placed(scenario, order="first", supply="gear"):
    return scenario.supplies[supply].orders[order].placed.values


def day(text):
    return parse_date(text)


def test_the_need_is_the_first_start_that_takes_more_than_what_comes_before(halls):
    """Halls are set every ten days from 4 February: the stock is enough for one, the first order for two more, the
    order with a date for the fourth, so that the last is needed for the fifth."""
    scenario = load(halls)
    assert placed(scenario) == (day("2026-02-14") - dt.timedelta(weeks=10),)
    fifth = day("2026-03-16")
    assert placed(scenario, "last") == (fifth - dt.timedelta(weeks=12), fifth - dt.timedelta(weeks=8))


def test_an_order_placed_its_lead_time_before_its_need_delays_nothing(halls):
    scenario = changed(load(halls), overrides={"supplies.gear.orders.plain.placed": "2025-01-01"})
    days = dcsim.simulate(scenario, expected=True).milestones
    assert days.day.tolist() == [90]


@pytest.mark.compiled
def test_both_engines_see_a_plain_date(halls):
    runs = [dcsim.simulate(halls, engine=engine, seed=1) for engine in ENGINES]
    assert runs[0].deliveries.equals(runs[1].deliveries)


def test_orders_move_with_the_work(halls):
    scenario = load(halls)
    before = placed(scenario)[0]
    assert placed(changed(scenario, ["slow"]))[0] == before + dt.timedelta(30)
    assert placed(changed(scenario, overrides={"start": "2026-02-05"}))[0] == before + dt.timedelta(31)
    assert placed(changed(scenario, overrides={"parameters.ahead": "11 wk"}))[0] == before - dt.timedelta(7)
    assert placed(changed(scenario, overrides={"supplies.gear.initial": 2}))[0] == before + dt.timedelta(10)


def test_neither_money_nor_what_was_seen_moves_a_need(halls):
    more = "as_of: 2026-02-20\nseen:\n  - {activity: prepare, started: 2026-01-20}\n"
    halls_seen = halls.with_name("seen.yaml")
    halls_seen.write_text(HALLS + more)
    assert placed(load(halls_seen)) == placed(load(halls))


def test_show_prints_the_date_with_its_formula(halls, dcsim):
    out, _, code = dcsim("show", str(halls))
    assert code == 0
    assert "supplies.gear.orders.first.placed  2025-12-06 = need - ahead" in out


def test_a_result_keeps_the_formula(halls, tmp_path):
    dcsim.simulate(halls, expected=True).save(tmp_path / "run")
    assert "= need - ahead" in (tmp_path / "run" / "scenario.yaml").read_text()
    assert placed(load(tmp_path / "run" / "scenario.yaml")) == placed(load(halls))


def test_the_need_of_a_site_is_that_of_the_site_alone(halls):
    portfolio = halls.with_name("two.yaml")
    portfolio.write_text(
        "name: two\ninclude:\n  a: {file: halls.yaml}\n"
        "  b: {file: halls.yaml, variants: [slow], set: {parameters.ahead: 20 wk}}\nresources: {crew: 1}\n"
    )
    scenario, alone = load(portfolio), load(halls)
    assert placed(scenario, supply="a.gear") == placed(alone)
    assert placed(scenario, supply="b.gear") == (placed(alone)[0] + dt.timedelta(30 - 70),)


def test_an_archetype_takes_it(tmp_path):
    def site(start):
        orders = {"orders": {"campus": {"placed": "= need - 128 wk"}}}
        return load(
            {"extends": "archetype:new-campus", "name": "x", "start": start, "supplies": {"transformers": orders}}
        )

    early, late = (placed(site(start), "campus", "transformers")[0] for start in ("2026-03-02", "2027-03-01"))
    assert dt.timedelta(360) < late - early < dt.timedelta(370)


def test_of_several_places_the_first_need_counts():
    scenario = load(
        {
            "name": "x",
            "start": "2026-01-05",
            "places": {"hall": 2},
            "supplies": {"gear": {"per": "hall", "orders": {"o": {"amount": 1, "placed": "= need + 3 d"}}}},
            "activities": {
                "go": {
                    "at": "hall",
                    "duration": "1 d",
                    "consumes": {"gear": 1},
                    "not_before": "2026-03-01",
                    "within": {"hall2": {"not_before": "2026-02-01"}},
                }
            },
        }
    )
    assert placed(scenario, "o") == (day("2026-02-04"),)


@pytest.mark.parametrize(
    ("old", "new", "line", "told"),
    [
        (
            "{amount: 2",
            "{amount: 20",
            11,
            "nothing needs the goods of 'last' in the expected case: the stock of 'gear'",
        ),
        ("ahead: 10 wk", "ahead: = need - start", 4, "`need` is known only in `placed` of an order"),
        ("lead_time: 10 wk}", "lead_time: = need - start}", 9, "`need` is known only in `placed` of an order"),
        ("= need - ahead", "= need - ahaed", 9, "did you mean 'ahead'?"),
        ("ahead: 10 wk", "ahead: 10 wk\n  need: 3 d", 5, "the name 'need' is reserved"),
    ],
)
def test_a_wrong_need_is_told_by_line(halls, old, new, line, told):
    halls.write_text(HALLS.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        load(halls)
    assert any(problem.line == line and told in problem.message for problem in caught.value.problems)


def test_nothing_is_run_where_no_order_asks(halls, monkeypatch):
    halls.write_text(HALLS.replace("= need - ahead", "2025-12-06").replace("= need - 12 wk to need - 8 wk", "10 d"))
    monkeypatch.setattr("dcsim.study.needs.needs_of", None)
    assert placed(load(halls)) == (day("2025-12-06"),)
