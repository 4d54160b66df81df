"""On which day things fall at midnight, and until when a date lets them wait: one rule, told alike everywhere."""

from datetime import date, datetime

import pandas as pd
import pytest

import dcsim
from dcsim.dates import days_between, ended, in_time, last_tick, parse_limit, spelled
from dcsim.study.compare import compare
from dcsim.study.orders import latest_orders
from dcsim.study.sweep import sweep
from dcsim.trace import NOT

START = datetime(2030, 1, 7)


def built(activities, milestones, **sections):
    data = {"name": "midnight", "start": "2030-01-07", "horizon": "60 d", "activities": activities}
    return dcsim.load(data | {"milestones": milestones} | sections)


def dates(scenario, engine):
    """The day of the month on which each milestone falls, in one build."""
    run = dcsim.simulate(scenario, expected=True, engine=engine)
    return {row.milestone: row.date.day for row in run.milestones.itertuples()}


# How a limit is written


@pytest.mark.parametrize(
    ("written", "limit", "told", "last"),
    [
        ("2030-01-16", date(2030, 1, 16), "2030-01-16", 10 * 1440),
        ("2030-01-16 24:00", date(2030, 1, 16), "2030-01-16", 10 * 1440),
        ("2030-01-16 15:00", datetime(2030, 1, 16, 15), "2030-01-16 15:00", 9 * 1440 + 900),
        ("2030-01-16T00:00:00", datetime(2030, 1, 16), "2030-01-16 00:00", 9 * 1440),
        (date(2030, 1, 16), date(2030, 1, 16), "2030-01-16", 10 * 1440),
        (datetime(2030, 1, 16), datetime(2030, 1, 16), "2030-01-16 00:00", 9 * 1440),
    ],
)
def test_a_date_without_a_time_lasts_until_its_end(written, limit, told, last):
    assert (found := parse_limit(written)) == limit
    assert type(found) is type(limit)
    assert (spelled(found), last_tick(START, found)) == (told, last)


def test_what_is_in_time_is_asked_of_the_minute_that_dates_it():
    minutes = pd.Series([9 * 1440 - 1, 10 * 1440 - 1, 10 * 1440, NOT]).to_numpy()
    assert in_time(START, date(2030, 1, 16), minutes).tolist() == [True, True, False, False]
    assert in_time(START, datetime(2030, 1, 16), minutes).tolist() == [True, False, False, False]


def test_days_lie_between_calendar_days():
    assert days_between(date(2030, 1, 16), datetime(2030, 1, 16, 23, 59)) == 0
    assert days_between(datetime(2030, 1, 16, 23), datetime(2030, 1, 17, 1)) == 1
    assert ended(START, datetime(2030, 1, 17)) == datetime(2030, 1, 16, 23, 59)
    assert ended(START, START) == START


# On which day things fall


def test_work_falls_on_its_last_day_and_starts_and_goods_on_that_of_their_tick(engine):
    scenario = built(
        {"work": {"duration": "10 d"}, "begun": {"duration": "1 d", "not_before": "2030-01-17"}},
        {
            "done": {"activity": "work"},
            "goods": {"supply": "x", "reaches": 1},
            "started": {"activity": "begun", "event": "start"},
            "there": {"supply": "y", "reaches": 1},
        },
        supplies={"x": {"orders": {"o": {"amount": 1, "placed": "2030-01-17"}}}, "y": {"initial": 1}},
    )
    assert dates(scenario, engine) == {"done": 16, "goods": 17, "started": 17, "there": 7}
    run = dcsim.simulate(scenario, expected=True, engine=engine)
    assert run.milestones["day"].tolist() == [10, 10, 10, 0]
    assert run.milestones["date"].iloc[0] == pd.Timestamp("2030-01-16 23:59")
    assert run.ended == datetime(2030, 1, 17, 23, 59)


def test_a_supply_falls_on_the_eve_if_finished_work_was_enough(engine):
    """Three come by work, two by an order, at the same midnight: 3 are there on the eve, 4 only with the goods."""
    supply = {"orders": {"o": {"amount": 2, "placed": "2030-01-17"}}}
    scenario = built(
        {"make": {"duration": "10 d", "produces": {"x": 3}}},
        {f"m{n}": {"supply": "x", "reaches": n} for n in (2, 3, 4, 5)},
        supplies={"x": supply},
    )
    assert dates(scenario, engine) == {"m2": 16, "m3": 16, "m4": 17, "m5": 17}


def test_a_step_of_no_length_falls_on_the_day_of_what_it_follows(engine):
    """Signing at once after work is done that day; what waits for a date, for goods or for a start begins the next."""
    steps = {
        "work": {"duration": "10 d"},
        "signed": {"after": ["work"]},
        "filed": {"after": ["signed"]},
        "cured": {"after": [{"activity": "half", "lag": "5 d"}]},
        "half": {"duration": "5 d"},
        "dated": {"after": ["work"], "not_before": "2030-01-17"},
        "fed": {"after": ["work"], "consumes": {"x": 1}},
        "hailed": {"after": [{"activity": "dated", "from": "start"}, "work"]},
        "both": {"after": ["signed", "dated"]},
        "weekday": {"after": ["work"], "calendar": "thursdays"},
        "marked": {"after": ["two_of_three"]},
        "late": {"after": [{"activity": "racks", "count": 3}]},
        "racks": {"at": "rack", "within": {"rack3": {"not_before": "2030-01-17"}}, "after": ["work"]},
    }
    scenario = built(
        steps,
        {f"m_{name}": {"activity": name} for name in steps} | {"two_of_three": {"activity": "racks", "reaches": 2}},
        places={"rack": 3},
        calendars={"thursdays": {"days": "Thu"}},
        supplies={"x": {"orders": {"o": {"amount": 1, "placed": "2030-01-17"}}}},
    )
    found = dates(scenario, engine)
    eve = {"work", "signed", "filed", "cured", "marked"}
    assert {name for name in steps if found[f"m_{name}"] == 16} == eve
    assert (found["m_half"], found["two_of_three"]) == (11, 16)
    assert {found[f"m_{name}"] for name in set(steps) - eve - {"half"}} == {17}


@pytest.mark.parametrize(
    ("crew", "takes", "day"),
    [
        ({"0 d": 0, "2030-01-17": 1}, 1, 17),
        ({"0 d": 1, "2030-01-17": 3}, 1, 16),
        ({"0 d": 1, "2030-01-17": 3}, 2, 17),
        ({"0 d": 3, "2030-01-17": 1}, 1, 16),
    ],
)
def test_a_step_of_no_length_falls_on_the_day_of_the_crew_it_takes(engine, crew, takes, day):
    """Those who were there on the eve sign on the eve; those who come at midnight sign on their first day."""
    signed = {"after": ["work"], "requires": {"crew | other": takes}}
    steps = {"work": {"duration": "10 d"}, "signed": signed, "filed": {"after": ["signed"]}}
    crews = {"crew": {"count": crew}, "other": {"count": {"2030-01-18": 9}}}
    found = dates(built(steps, {f"m_{name}": {"activity": name} for name in steps}, resources=crews), engine)
    assert found == {"m_work": 16, "m_signed": day, "m_filed": day}


def test_a_crew_that_work_gives_back_at_midnight_was_there_on_the_eve(engine):
    """Of two who work until midnight, and one who comes then, two are enough for the eve; three are not."""
    steps = {"work": {"duration": "10 d", "requires": {"crew": 2}}}
    steps |= {f"by{n}": {"after": ["work"], "requires": {"crew": n}} for n in (2, 3)}
    crews = {"crew": {"count": {"0 d": 2, "2030-01-17": 3}}}
    found = dates(built(steps, {f"m{n}": {"activity": f"by{n}"} for n in (2, 3)}, resources=crews), engine)
    assert found == {"m2": 16, "m3": 17}


def test_a_step_of_no_length_falls_on_the_day_of_the_goods_it_takes(engine):
    """A permit that comes at midnight, by a step that begins the day, is not there on the eve; one made by work is."""
    steps = {
        "work": {"duration": "10 d", "produces": {"report": 1}},
        "hearing": {"not_before": "2030-01-17", "produces": {"permit": 1}},
        "permitted": {"after": ["work"], "consumes": {"permit": 1}},
        "reported": {"after": ["work"], "consumes": {"report": 1}},
    }
    scenario = built(steps, {f"m_{name}": {"activity": name} for name in steps}, supplies={"permit": {}, "report": {}})
    assert dates(scenario, engine) == {"m_work": 16, "m_hearing": 17, "m_permitted": 17, "m_reported": 16}


def test_midnight_is_that_of_the_clock(engine):
    """A clock that starts at 18:00 has its first midnight after six hours; a day later it is 18:00 again."""
    data = {"name": "evening", "start": "2030-01-07 18:00", "activities": {"a": {"duration": "6 h"}, "b": {}}}
    data["activities"]["b"] = {"duration": "1 d"}
    data["milestones"] = {f"m_{name}": {"activity": name, "target": "2030-01-07"} for name in "ab"}
    run = dcsim.simulate(dcsim.load(data), expected=True, engine=engine)
    assert run.milestones["date"].tolist() == [pd.Timestamp("2030-01-07 23:59"), pd.Timestamp("2030-01-08 18:00")]
    many = dcsim.replicate(dcsim.load(data), 4, engine=engine)
    assert many.summary["probability"].tolist() == [1, 0]


# Told alike everywhere


MIDNIGHT = {
    "name": "midnight",
    "start": "2030-01-07",
    "supplies": {"x": {"orders": {"o": {"amount": 1, "placed": "2030-01-17"}}}},
    "activities": {"work": {"duration": "10 d"}, "later": {"not_before": "2030-01-17"}},
    "milestones": {
        "done": {"activity": "work", "target": "2030-01-16"},
        "goods": {"supply": "x", "reaches": 1, "target": "2030-01-16"},
        "begun": {"activity": "later", "event": "start", "target": "2030-01-16"},
    },
    "variants": {"same": {}},
}


@pytest.mark.slow
def test_every_question_has_the_same_day(tmp_path):
    scenario = dcsim.load(MIDNIGHT)
    days = [16, 17, 17]
    many = dcsim.replicate(scenario, 8, out=tmp_path / "many")
    assert many.summary["probability"].tolist() == [1, 0, 0]
    for found in (many.milestones["date"].head(3), many.summary["p50_date"], many.summary["p80_date"]):
        assert found.dt.day.tolist() == days
    again = dcsim.replicate(scenario, 8, out=tmp_path / "many", resume=True)
    assert again.milestones.equals(many.milestones)
    assert dcsim.read(tmp_path / "many").tables["summary"]["p80_date"].dt.day.tolist() == days
    assert compare(scenario, "same", n=4).scenarios["p80_date"].dt.day.tolist() == days * 2
    assert sweep(scenario, {"activities.work.duration": ["10 d"]}, n=4).points["p50_date"].dt.day.tolist() == days
    told = [dcsim.explain(scenario, milestone=name, n=4).about for name in ("done", "goods", "begun")]
    assert [int(one["p80_date"][8:10]) for one in told] == [int(one["expected_date"][8:10]) for one in told] == days
    run = dcsim.simulate(scenario, expected=True)
    assert run.milestones["date"].dt.day.tolist() == days


def test_days_off_lie_between_dates(dcsim, tmp_path):
    import yaml

    (tmp_path / "a.yaml").write_text(yaml.safe_dump(MIDNIGHT))
    out, _, _ = dcsim("run", str(tmp_path / "a.yaml"), "--expected")
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line.startswith(("done", "goods", "begun"))}
    assert {name: (row[2], row[4]) for name, row in rows.items()} == {
        "done": ("2030-01-16", "0"),
        "goods": ("2030-01-17", "+1"),
        "begun": ("2030-01-17", "+1"),
    }


def test_an_order_is_late_at_the_midnight_after_the_day():
    found = latest_orders(dcsim.load(MIDNIGHT), milestone="goods", date="2030-01-16", n=4)
    assert found.about["probability"] == 0
    assert found.orders["latest"].iloc[0] == pd.Timestamp("2030-01-16")


def test_a_target_with_a_time_means_that_minute():
    def chance(target):
        scenario = built({"c": {"duration": "86 h"}}, {"m": {"activity": "c", "target": target}})
        return float(dcsim.replicate(scenario, 2).summary["probability"].iloc[0])

    targets = ("2030-01-09 15:00", "2030-01-10 13:59", "2030-01-10 14:00", "2030-01-10", "2030-01-09 24:00")
    assert [chance(target) for target in targets] == [0, 0, 1, 1, 0]


def test_an_order_for_a_time_of_day():
    """Three days after its order, and an hour's work: wanted at 03:00, it has to be placed on the 5th."""
    data = {
        "name": "three in the morning",
        "start": "2026-01-05",
        "supplies": {"x": {"orders": {"o": {"amount": 1, "lead_time": "3 d"}}}},
        "activities": {"a": {"duration": "1 h", "consumes": {"x": 1}}},
        "milestones": {"m": {"activity": "a"}},
    }
    found = latest_orders(dcsim.load(data), milestone="m", date="2026-01-08 03:00", n=4)
    assert found.orders["latest"].iloc[0] == pd.Timestamp("2026-01-05")
    assert found.about["date"] == "2026-01-08T03:00:00"


def test_the_date_of_a_quantile_is_that_of_its_replication(engine):
    """Work and goods reach it at the same tick, each in half of the builds: the early dates are the eve."""
    scenario = built(
        {"work": {"duration": {"discrete": [["10 d", 1], ["11 d", 1]]}, "produces": {"x": 1}}},
        {"m": {"supply": "x", "reaches": 1}},
        supplies={"x": {"orders": {"o": {"amount": 1, "placed": "2030-01-17"}}}},
    )
    many = dcsim.replicate(scenario, 64, engine=engine)
    row = many.summary.iloc[0]
    assert (row["p10"], row["p90"]) == (10, 10)
    assert (row["p10_date"].day, row["p90_date"].day) == (16, 17)
