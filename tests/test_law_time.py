"""The law of time: how long work lasts, when it goes on, and what lags and dates put in between."""

import pytest
from builders import network

import dcsim

DAY = 1440
OFFICE = {"office": {"hours": "08:00-16:00"}}
NIGHT = {"night": {"hours": "22:00-06:00"}}


def clock(days: int, hours: int, minutes: int = 0) -> int:
    """A tick: so many days after the start, at this time of day."""
    return days * DAY + hours * 60 + minutes


# Durations


@pytest.mark.parametrize(("written", "ticks"), [("0.4", 0), ("0.5", 1), ("2.5", 3), ("90.49", 90), ("1.5h", 90)])
def test_durations_are_rounded_half_up_to_ticks(run, written, ticks):
    assert run(f"a={written}").makespan == ticks


def test_without_a_calendar_a_day_has_24_hours_and_a_week_seven_days(run):
    assert run("a=1d b=1wk").times == {"a": (0, DAY), "b": (0, 7 * DAY)}


def test_a_day_is_a_working_day_and_a_week_a_working_week_of_its_calendar(run):
    """Ten hours and six days; from 1 January, a Monday, Sunday the 7th is off."""
    told = run(
        "a=1d b=1wk c=1wk<b",
        calendars={"day_shift": {"days": "Mon-Sat", "hours": "07:00-17:00"}},
        **{name: {"calendar": "day_shift"} for name in "abc"},
    )
    assert told.times == {
        "a": (clock(0, 7), clock(0, 17)),
        "b": (clock(0, 7), clock(5, 17)),
        "c": (clock(7, 7), clock(12, 17)),
    }


def test_a_day_is_that_of_the_first_required_resource(run):
    """Two days of the crew's are 16 hours, also when the crane works for twelve."""
    told = run(
        "a=2d:crew,crane b=2d:crane,crew",
        calendars={"office": {"hours": "08:00-16:00"}, "long": {"hours": "06:00-18:00"}},
        crew={"count": 2, "calendar": "office"},
        crane={"count": 2, "calendar": "long"},
    )
    assert told.times == {"a": (clock(0, 8), clock(1, 16)), "b": (clock(0, 8), clock(2, 16))}


def test_the_activity_s_own_calendar_comes_before_that_of_what_it_requires(run):
    told = run(
        "a=1d:crew",
        calendars={"office": {"hours": "08:00-16:00"}, "long": {"hours": "06:00-18:00"}},
        crew={"count": 1, "calendar": "office"},
        a={"calendar": "long"},
    )
    assert told["a"] == (clock(0, 8), clock(1, 12))


def test_hours_per_day_may_be_said(run):
    told = run("a=1d", calendars={"office": {"hours": "08:00-16:00", "hours_per_day": 6}}, a={"calendar": "office"})
    assert told["a"] == (clock(0, 8), clock(0, 14))


def test_a_short_friday(run):
    """Five days are fifty hours; a week has 45, and ends on Friday at noon."""
    short = {"short": {"hours": {"Mon-Thu": "07:00-17:00", "Fri": "07:00-12:00"}}}
    told = run("a=5d b=1wk", calendars=short, a={"calendar": "short"}, b={"calendar": "short"})
    assert told.times == {"a": (clock(0, 7), clock(7, 12)), "b": (clock(0, 7), clock(4, 12))}


def test_a_worked_saturday_and_a_half_day(run):
    """On the Saturday the usual hours, on Tuesday the morning only."""
    dates = {"days": "Mon-Fri", "hours": "08:00-16:00", "open": ["2024-01-06", {"2024-01-02": "08:00-12:00"}]}
    told = run("a=5d b=44h", calendars={"c": dates}, a={"calendar": "c"}, b={"calendar": "c"})
    assert told.times == {"a": (clock(0, 8), clock(5, 12)), "b": (clock(0, 8), clock(5, 16))}


def test_a_calendar_s_day_is_its_longest(run):
    """Two shifts with a break are one day of eight and a half hours."""
    told = run("a=1d", calendars={"shop": {"hours": ["08:00-12:00", "13:00-17:30"]}}, a={"calendar": "shop"})
    assert told["a"] == (clock(0, 8), clock(0, 17, 30))


def test_factors_multiply_durations_before_rounding(run):
    """3 minutes x 1.5 x 1.5 are 6.75, not 5 x 1.5."""
    told = run("a=3", factors={"labor": 1.5, "weather": 1.5}, a={"varies_with": ["labor", "weather"]})
    assert told.makespan == 7


@pytest.mark.parametrize(("minutes", "factor", "ticks"), [(35, 0.7, 25), (50, 0.29, 15), (45, 1.1, 50), (5, 0.9, 5)])
def test_written_decimals_are_exact(run, minutes, factor, ticks):
    """35 x 0.7 is 24.5 and no hair less, so it rounds up."""
    assert run(f"a={minutes}", factors={"labor": factor}, a={"varies_with": ["labor"]}).makespan == ticks


def test_a_factor_per_place(run):
    told = run(
        "a@hall=10", places={"hall": 2}, factors={"labor": {"value": 2, "per": "hall"}}, a={"varies_with": "labor"}
    )
    assert told.times == {"a hall1": (0, 20), "a hall2": (0, 20)}


# Learning


def test_wrights_law_by_the_order_of_starts(run):
    """100 minutes x 0.8 per doubling: 100, 80, 70.2, 64."""
    told = run("a@rack=100:crew", crew=1, places={"rack": 4}, a={"learning": 0.8})
    assert [told[f"a rack{n}"] for n in (1, 2, 3, 4)] == [(0, 100), (100, 180), (180, 250), (250, 314)]


def test_learning_rounds_the_duration_first_and_then_again(run):
    """2.5 minutes are 3; half of 3 is 1.5, which is 2. Half of 2.5 would have been 1."""
    told = run("a@rack=2.5:crew", crew=1, places={"rack": 2}, a={"learning": {"rate": 0.5}})
    assert [told[f"a rack{n}"] for n in (1, 2)] == [(0, 3), (3, 5)]


def test_the_duration_is_that_of_the_one_it_is_said_of(run):
    """The second takes 100 minutes as written; so the first took 125, the fourth 80, and no more after it."""
    told = run("a@rack=100:crew", crew=1, places={"rack": 6}, a={"learning": {"rate": 0.8, "at": 2, "until": 4}})
    times = [told[f"a rack{n}"] for n in range(1, 7)]
    assert [finish - start for start, finish in times] == [125, 100, 88, 80, 80, 80]


def test_learning_counts_first_starts_not_places(run):
    """Hall 2 starts first because of its priority, and takes longest."""
    told = run("a@hall=100:crew", crew=1, places={"hall": 2}, a={"learning": 0.5, "within": {"hall2": {"priority": 1}}})
    assert told.times == {"a hall2": (0, 100), "a hall1": (100, 150)}


def test_learning_per_place(run):
    told = run(
        "a@rack=100:dock",
        dock={"count": 1, "per": "hall"},
        places={"hall": 2, "rack": {"in": "hall", "count": 2}},
        a={"learning": {"rate": 0.5, "per": "hall"}},
    )
    assert told.times == {f"a hall{h}/rack{r}": ((0, 100), (100, 150))[r - 1] for h in (1, 2) for r in (1, 2)}


def test_those_that_start_together_are_counted_in_the_order_of_visits(run):
    told = run("a@rack=100", places={"rack": 3}, a={"learning": 0.5})
    assert [told[f"a rack{n}"][1] for n in (1, 2, 3)] == [100, 50, 33]


# Calendars


def test_work_starts_when_the_calendar_opens(run):
    told = run("a=1h", calendars=OFFICE, a={"calendar": "office"})
    assert told["a"] == (clock(0, 8), clock(0, 9))
    assert told.held_by("a") == "calendar:office"
    assert told.shortages == [("a", 0, clock(0, 8), "calendar:office", 1)]


def test_a_finish_falls_at_the_end_of_its_last_worked_minute(run):
    """Eight hours from eight are over at four, not the next morning."""
    told = run("a=8h b=8h<a", calendars=OFFICE, a={"calendar": "office"}, b={"calendar": "office"})
    assert told.times == {"a": (clock(0, 8), clock(0, 16)), "b": (clock(1, 8), clock(1, 16))}


@pytest.mark.parametrize(("length", "not_before"), [("1", "16 h"), ("0.4", "16 h"), ("0", "961 min")])
def test_a_start_needs_the_coming_minute_open(run, length, not_before):
    """At four the office has just closed: what is ready then or later waits for the morning."""
    told = run(f"a={length}", calendars=OFFICE, a={"calendar": "office", "not_before": not_before})
    assert told["a"] == (clock(1, 8), clock(1, 8, round(float(length))))


def test_what_takes_no_time_may_end_with_the_shift(run):
    """Signed on Friday at four, also where the inspector's shift ends then too; the crew is given back at once."""
    week = {"week": {"days": "Mon-Fri", "hours": "08:00-16:00"}, "late": {"hours": "10:00-16:00"}}
    told = run(
        "a=5d:crew b=0<a:crew,inspector c=0<b:crew d=1<a:crew",
        calendars=week,
        crew={"count": 1, "calendar": "week"},
        inspector={"count": 1, "calendar": "late"},
        **{name: {"calendar": "week"} for name in "abcd"},
    )
    friday = clock(4, 16)
    assert (told["b"], told["c"], told["d"]) == ((friday, friday), (friday, friday), (clock(7, 8), clock(7, 8, 1)))


def test_what_takes_no_time_waits_where_calendars_only_touch(run):
    """At noon one closes and the other opens: no minute of work is common to both."""
    halves = {"early": {"hours": "08:00-12:00, 14:00-15:00"}, "late": {"hours": "12:00-16:00"}}
    told = run("a=0:crew", calendars=halves, crew={"count": 1, "calendar": "late"}, a={"calendar": "early"})
    assert (told["a"], told.held_by("a")) == ((clock(0, 14), clock(0, 14)), "calendar:early")


def test_a_repair_that_takes_no_time_may_end_with_the_shift(run):
    told = run(
        "a=8h",
        calendars=OFFICE,
        a={"calendar": "office", "rework": {"probability": 0.95}},
    )
    assert told.attempts("a")[:3] == [
        (1, "work", 0, clock(0, 8), clock(0, 16)),
        (1, "repair", clock(0, 16), clock(0, 16), clock(0, 16)),
        (2, "work", clock(0, 16), clock(1, 8), clock(1, 16)),
    ]


def test_the_last_minute_of_a_shift_can_be_worked(run):
    told = run("a=2", calendars=OFFICE, a={"calendar": "office", "not_before": "959 min"})
    assert told["a"] == (clock(0, 15, 59), clock(1, 8, 1))


def test_work_pauses_when_the_calendar_closes_and_keeps_what_it_holds(run):
    """Twelve hours of office time: the crew is not free in the night between."""
    told = run("a=12h:crew b=1h:crew", crew=1, calendars=OFFICE, a={"calendar": "office"}, b={"not_before": "9 h"})
    assert told.times == {"a": (clock(0, 8), clock(1, 12)), "b": (clock(1, 12), clock(1, 13))}


def test_work_runs_in_the_intersection_of_all_calendars(run):
    told = run(
        "a=6h:crew,crane",
        calendars={
            "early": {"hours": "06:00-14:00"},
            "late": {"hours": "10:00-18:00"},
            "noon": {"hours": "00:00-12:00"},
        },
        crew={"count": 1, "calendar": "early"},
        crane={"count": 1, "calendar": "late"},
        a={"calendar": "noon"},
    )
    assert told["a"] == (clock(0, 10), clock(2, 12))
    assert told.held_by("a") == "calendar:late"


def test_the_first_closed_calendar_is_told(run):
    """The activity's own, then those of what it requires in written order."""
    told = run(
        "a=1h:crew,crane",
        calendars={
            "seven": {"hours": "07:00-20:00"},
            "nine": {"hours": "09:00-20:00"},
            "eight": {"hours": "08:00-20:00"},
        },
        crew={"count": 1, "calendar": "nine"},
        crane={"count": 1, "calendar": "seven"},
        a={"calendar": "eight"},
    )
    assert told.shortages == [
        ("a", 0, clock(0, 8), "calendar:eight", 1),
        ("a", clock(0, 8), clock(0, 9), "calendar:nine", 1),
    ]


def test_a_shift_across_midnight(run):
    """When the clock starts, the shift of Sunday evening is on."""
    told = run("a=10h", calendars=NIGHT, a={"calendar": "night"})
    assert told["a"] == (0, clock(1, 2))


def test_a_shift_across_midnight_belongs_to_the_day_it_begins(run):
    told = run(
        "a=8h b=1h<a",
        calendars={"mon": {"days": "Mon", "hours": "22:00-06:00"}},
        **{n: {"calendar": "mon"} for n in "ab"},
    )
    assert told.times == {"a": (clock(0, 22), clock(1, 6)), "b": (clock(7, 22), clock(7, 23))}


def test_working_days(run):
    told = run(
        "a=3d",
        start="2024-01-05",
        calendars={"week": {"days": "Mon-Fri", "hours": "08:00-16:00"}},
        a={"calendar": "week"},
    )
    assert told["a"] == (clock(0, 8), clock(4, 16))


def test_public_holidays_and_days_off(run):
    """1 January is a holiday; the works are closed from the 3rd to the 4th."""
    told = run(
        "a=2d",
        calendars={"day": {"hours": "08:00-16:00", "holidays": "US-TN", "closed": "2024-01-03 to 2024-01-04"}},
        a={"calendar": "day"},
    )
    assert told["a"] == (clock(1, 8), clock(4, 16))


def test_a_resource_s_calendar_binds_only_while_it_is_needed(run):
    """The second line is free but closed: at half past eight the first, which never closes, is still busy."""
    told = run(
        "hold=9h:night_line a=1h:night_line|day_line",
        calendars=OFFICE,
        night_line=1,
        day_line={"count": 1, "calendar": "office"},
    )
    assert told["a"] == (clock(0, 8), clock(0, 9))
    assert told.row("a")["used"] == "day_line"
    assert told.held_by("a") == "calendar:office"


def test_what_is_given_back_at_closing_time_waits_for_the_morning(run):
    told = run("a=8h:crew b=1h:crew", crew={"count": 1, "calendar": "office"}, calendars=OFFICE)
    assert told.times == {"a": (clock(0, 8), clock(0, 16)), "b": (clock(1, 8), clock(1, 9))}
    assert told.shortages == [
        ("a", 0, clock(0, 8), "calendar:office", 1),
        ("b", 0, clock(0, 8), "calendar:office", 1),
        ("b", clock(0, 8), clock(0, 16), "crew", 1),
        ("b", clock(0, 16), clock(1, 8), "calendar:office", 1),
    ]


# Lags and dates


def test_an_elapsed_lag_runs_day_and_night(run):
    told = run(
        "a=1h b=1h",
        calendars=OFFICE,
        a={"calendar": "office"},
        b={"calendar": "office", "after": [{"activity": "a", "lag": "23 h"}]},
    )
    assert told["b"] == (clock(1, 8), clock(1, 9))
    assert told.held_by("b") == ""


def test_a_working_lag_counts_by_the_successor_s_calendar(run):
    """Half a working day of the office is four hours."""
    told = run(
        "a=14h b=1h",
        calendars=OFFICE,
        b={"calendar": "office", "after": [{"activity": "a", "lag": {"working": "0.5 d"}}]},
    )
    assert told.row("b")["ready"] == clock(1, 10)
    assert told["b"] == (clock(1, 10), clock(1, 11))


def test_a_working_lag_counts_else_by_what_the_successor_requires_first(run):
    told = run(
        "a=1h b=1h:crew,crane",
        calendars=OFFICE | NIGHT,
        crew={"count": 1, "calendar": "office"},
        crane=1,
        b={"after": [{"activity": "a", "lag": {"working": "2 h"}}]},
    )
    assert told.row("b")["ready"] == clock(0, 10)


def test_a_working_lag_that_ends_with_the_shift_makes_ready_at_its_end(run):
    told = run(
        "a=8h b=1h", calendars=OFFICE, b={"calendar": "office", "after": [{"activity": "a", "lag": {"working": "1 d"}}]}
    )
    assert told.row("b")["ready"] == clock(0, 16)
    assert told["b"] == (clock(1, 8), clock(1, 9))


@pytest.mark.parametrize("lag", ["0 d", {"working": "0 d"}])
def test_no_lag_is_no_lag(run, lag):
    told = run("a=17h b=1", calendars=OFFICE, b={"calendar": "office", "after": [{"activity": "a", "lag": lag}]})
    assert told.row("b")["ready"] == clock(0, 17)


def test_start_to_start_with_a_lag(run):
    told = run("a=5h b=10", b={"after": [{"activity": "a", "from": "start", "lag": "1 h"}]})
    assert told["b"] == (60, 70)


def test_every_link_has_its_own_lag(run):
    told = run("a=10 b=20 c=1<a+100,b+30")
    assert told["c"] == (110, 111)


def test_not_before_a_date_or_a_span(run):
    told = run(
        "a=10 b=10 c=10", a={"not_before": "2024-01-02"}, b={"not_before": "2 h"}, c={"not_before": "2023-12-24"}
    )
    assert told.times == {"c": (0, 10), "b": (120, 130), "a": (DAY, DAY + 10)}
    assert (told.row("a")["ready"], told.held_by("a")) == (DAY, "")


def test_not_before_and_predecessors_must_both_have_come(run):
    told = run("a=10 b=1<a c=1<a", b={"not_before": "5 min"}, c={"not_before": "15 min"})
    assert told.times == {"a": (0, 10), "b": (10, 11), "c": (15, 16)}


# Months


@pytest.mark.parametrize(
    ("start", "lag", "days"),
    [
        ("2024-01-31", "1 month", 29),
        ("2023-01-31", "1 month", 28),
        ("2023-01-31", "2 months", 59),
        ("2023-01-31", "1.5 months", 28 + 31 / 2),
        ("2024-02-29", "1 year", 365),
        ("2023-12-15", "0.5 years", 183),
    ],
)
def test_months_are_those_of_the_calendar(run, start, lag, days):
    """The same day of a later month, or its last; a part of a month is part of the way to the next."""
    told = run("a=0 b=1", start=start, b={"after": [{"activity": "a", "lag": lag}]})
    assert told.row("b")["ready"] == days * DAY


def test_a_lag_in_months_keeps_the_time_of_day(run):
    told = run("a=7h b=1 c=1", b={"after": [{"activity": "a", "lag": "2 months"}]}, c={"not_before": "1 month"})
    assert (told.row("b")["ready"], told["c"][0]) == (clock(31 + 29, 7), clock(31, 0))


def test_orders_in_months(run):
    """From 30 January: placed on a date, after a gate, and in lots that come a month apart from the first."""
    monthly = {"amount": 3, "lots": 3, "lead_time": "1 month", "every": "1 month"}
    told = run(
        "a=1d",
        start="2024-01-30",
        supplies={"x": {"orders": {"dated": monthly, "gated": monthly | {"placed": {"after": "a"}}}}},
        factors={"market": 1.5},
    )
    assert told.amounts("x") == [
        (clock(30, 0), 1),
        (clock(30, 0), 1),
        (clock(59, 0), 1),
        (clock(59, 0), 1),
        (clock(90, 0), 1),
        (clock(90, 0), 1),
    ]


def test_a_factor_multiplies_months(run):
    """Two months x 1.5 from 1 January are three."""
    order = {"amount": 1, "lead_time": "2 months", "varies_with": ["market"]}
    told = run("a=1", supplies={"x": {"orders": {"o": order}}}, factors={"market": 1.5})
    assert told.amounts("x") == [(clock(31 + 29 + 31, 0), 1)]


def test_a_production_and_a_ramp_by_the_month(run):
    told = run(
        "a=1:crew",
        horizon="3 months",
        crew={"count": {"2 months": 1}},
        supplies={"x": {"production": {"rate": "1 / d", "every": "1 month"}}},
    )
    assert told.amounts("x") == [(clock(31, 0), 31), (clock(60, 0), 29), (clock(91, 0), 31)]
    assert told["a"][0] == clock(60, 0)


def test_a_risk_lasts_calendar_months(run):
    storm = {"begins": "2024-01-31", "lasts": "1 month", "effects": {"resources.crew": 0}}
    told = run("a=1:crew", crew=1, risks={"storm": storm}, a={"not_before": "2024-02-01"})
    assert told["a"][0] == clock(59, 0)


def test_a_duration_in_months_goes_on_until_the_same_date(run):
    """From Monday at eight until the 1st of April at eight, whatever is closed; the crew is held so long."""
    told = run(
        "a=1:crew b=1:crew",
        calendars=OFFICE,
        crew={"count": 1, "calendar": "office"},
        a={"duration": "3 months"},
        b={"priority": -1},
        factors={"slow": 1.5},
    )
    assert told.times == {"a": (clock(0, 8), clock(91, 8)), "b": (clock(91, 8), clock(91, 8, 1))}


def test_what_multiplies_a_duration_multiplies_months(run):
    """Two months x 1.5 are three; learned to a half, one and a half; a repair of a month follows the date."""
    told = run(
        "a=1 b@hall=1:crew",
        places={"hall": 2},
        crew=1,
        a={"duration": "2 months", "varies_with": ["slow"], "rework": {"probability": 0.5, "duration": "1 month"}},
        b={"duration": "1 month", "learning": 0.5},
        factors={"slow": 1.5},
        risks={"r": {"effects": {"activities.a": 2}, "begins": "2024-01-02"}},
    )
    assert (told["b hall1"], told["b hall2"]) == ((0, clock(31, 0)), (clock(31, 0), clock(31, 0) + 29 * DAY // 2))
    assert told["a"] == (0, clock(91, 0))


def test_a_chain_tells_months_as_work():
    scenario = network(
        "a=1", calendars=OFFICE, a={"duration": "1 month", "calendar": "office"}, milestones={"m": {"activity": "a"}}
    )
    days = dcsim.explain(dcsim.load(scenario), milestone="m", n=1).days
    assert {(row.kind, round(row.mean, 3)) for row in days.itertuples()} == {("work", 31), ("calendar", 0.333)}
