"""Working time against a bitmap of minutes, and the reading of shifts, days and holidays."""

import datetime as dt
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcsim.calendars import (
    NEVER,
    Calendar,
    Shifts,
    always,
    check_holidays,
    expand,
    from_intervals,
    intersect,
    parse_days,
    parse_hours,
    subtract,
    unknown_holidays,
)
from dcsim.scenario.load import load
from dcsim.scenario.schema import CalendarSpec
from dcsim.scenario.shifts import read_shifts

END = 60
TICKS = st.integers(-3, END + 5)
INTERVALS = st.lists(
    st.tuples(st.integers(-5, END + 5), st.integers(0, 15)).map(lambda x: (x[0], x[0] + x[1])), max_size=8
)
MONDAY = dt.datetime(2024, 3, 11)


def calendar(intervals: list[tuple[int, int]], name: str = "shift", end: int = END) -> Calendar:
    opens, closes = np.array(intervals, dtype=np.int64).reshape(-1, 2).T
    return from_intervals(name, opens, closes, end)


def bitmap(intervals: list[tuple[int, int]], end: int = END) -> list[bool]:
    return [any(a <= minute < b for a, b in intervals) for minute in range(end)]


def minutes_of(c: Calendar) -> list[bool]:
    return bitmap(list(zip(c.opens.tolist(), c.closes.tolist(), strict=True)), c.end)


@given(INTERVALS)
def test_a_calendar_is_in_order_and_apart(intervals: list[tuple[int, int]]) -> None:
    c = calendar(intervals)
    edges = [int(tick) for pair in zip(c.opens, c.closes, strict=True) for tick in pair]
    assert all(a < b for a, b in pairwise(edges))
    assert minutes_of(c) == bitmap(intervals)
    assert c.worked_before.tolist() == [sum(bitmap(intervals)[: int(tick)]) for tick in c.opens]


@given(INTERVALS, TICKS, st.integers(1, 40))
def test_working_time_agrees_with_a_count_of_minutes(intervals: list[tuple[int, int]], tick: int, minutes: int) -> None:
    c, bits = calendar(intervals), bitmap(intervals)
    coming = [t for t in range(max(tick, 0), END) if bits[t]]
    assert c.is_open(tick) == (0 <= tick < END and bits[tick])
    assert c.advance(tick, 0) == tick
    assert c.advance(tick, minutes) == (coming[minutes - 1] + 1 if minutes <= len(coming) else NEVER)


@given(INTERVALS, TICKS, TICKS)
def test_work_between_two_ticks_agrees_with_a_count_of_minutes(
    intervals: list[tuple[int, int]], a: int, b: int
) -> None:
    c, bits = calendar(intervals), bitmap(intervals)
    assert c.worked(a, b) == sum(bits[t] for t in range(max(a, 0), min(max(b, 0), END)))


@given(st.lists(INTERVALS, min_size=1, max_size=4))
def test_an_intersection_is_open_when_all_are(all_intervals: list[list[tuple[int, int]]]) -> None:
    together = intersect([calendar(intervals, str(i)) for i, intervals in enumerate(all_intervals)])
    assert minutes_of(together) == [all(bits) for bits in zip(*map(bitmap, all_intervals), strict=True)]
    assert together.name == " & ".join(str(i) for i in range(len(all_intervals)))


@given(INTERVALS, INTERVALS)
def test_windows_close_a_calendar(intervals: list[tuple[int, int]], windows: list[tuple[int, int]]) -> None:
    rest = subtract(calendar(intervals), windows)
    pairs = zip(bitmap(intervals), bitmap(windows), strict=True)
    assert minutes_of(rest) == [is_open and not shut for is_open, shut in pairs]
    assert rest.name == "shift"


def test_names_of_intersections() -> None:
    day, night = calendar([(0, 30)], "day"), calendar([(20, 50)], "night")
    assert intersect([always(END), day]).name == "day"
    assert intersect([always(END), always(END)]).name == "always"
    assert intersect([day, night, day]).name == "day & night"
    assert intersect([intersect([day, night]), day]).name == "day & night"
    assert minutes_of(intersect([day, day])) == minutes_of(day)


def test_an_intersection_is_known_up_to_the_earliest_end() -> None:
    both = intersect([always(10), always(20)])
    assert (both.end, both.opens.tolist(), both.closes.tolist()) == (10, [0], [10])


def test_an_intersection_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="expected at least one calendar to intersect, got none"):
        intersect([])


def test_a_calendar_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="read-only"):
        always(10).opens[0] = 5


def test_always_is_open_around_the_clock() -> None:
    c = always(100)
    assert c.name == "always"
    assert c.advance(7, 93) == 100
    assert c.advance(7, 94) == NEVER


def shifts(days: str = "Mon-Fri", hours: str = "07:00-17:00", **more: object) -> Shifts:
    return rule(days=days, hours=hours, **more)


def rule(**written: object) -> Shifts:
    """A calendar as a file says it, read."""
    found = read_shifts(CalendarSpec.model_validate(written), lambda key, reader, *arguments: reader(*arguments))
    assert found is not None
    return found


def days_worked(c: Calendar, start: dt.datetime = MONDAY) -> list[str]:
    return [(start + dt.timedelta(minutes=int(tick))).strftime("%a %d") for tick in c.opens]


def test_a_week_of_shifts() -> None:
    week = expand("day_shift", shifts("Mon-Sat"), MONDAY, 7 * 1440)
    assert days_worked(week) == ["Mon 11", "Tue 12", "Wed 13", "Thu 14", "Fri 15", "Sat 16"]
    assert week.opens[0] == 7 * 60
    assert week.closes[0] == 17 * 60
    assert week.worked(0, week.end) == 6 * 600


def test_a_clock_that_starts_in_a_shift() -> None:
    c = expand("day_shift", shifts(), MONDAY + dt.timedelta(hours=9, minutes=30), 1440)
    assert c.opens.tolist() == [0, 21 * 60 + 30]
    assert c.closes.tolist() == [7 * 60 + 30, 1440]


def test_the_night_shift_of_the_day_before_counts() -> None:
    c = expand("night", shifts("Sun", "22:00-06:00"), MONDAY, 7 * 1440)
    assert c.opens.tolist() == [0, 7 * 1440 - 120]
    assert c.closes.tolist() == [360, 7 * 1440]


def test_shifts_that_touch_are_one_interval() -> None:
    c = expand("two", shifts("daily", "06:00-14:00, 14:00-22:00"), MONDAY, 1440)
    assert (c.opens.tolist(), c.closes.tolist()) == ([360], [1320])
    full = expand("full", shifts("daily", "00:00-24:00"), MONDAY, 5 * 1440)
    assert (full.opens.tolist(), full.closes.tolist()) == ([0], [5 * 1440])


def test_a_public_holiday_has_no_shifts() -> None:
    memorial_week = dt.datetime(2024, 5, 27)
    c = expand("day_shift", shifts(holidays="US-TN"), memorial_week, 3 * 1440)
    assert days_worked(c, memorial_week) == ["Tue 28", "Wed 29"]


def test_a_holiday_removes_the_shifts_that_begin_on_it() -> None:
    eve = dt.datetime(2024, 5, 26)
    c = expand("night", shifts("daily", "22:00-06:00", holidays="US"), eve, 3 * 1440)
    assert c.opens.tolist() == [0, 22 * 60, (48 + 22) * 60]
    assert c.closes.tolist() == [6 * 60, 30 * 60, 72 * 60]


def test_closed_dates_have_no_shifts() -> None:
    closed = ["2024-03-11", "2024-03-13 to 2024-03-14", "1999-01-01"]
    assert days_worked(expand("day_shift", shifts(closed=closed), MONDAY, 7 * 1440)) == ["Tue 12", "Fri 15"]


def test_a_calendar_without_an_open_minute() -> None:
    c = expand("none", shifts("Sun"), MONDAY, 1440)
    assert len(c.opens) == 0
    assert (c.advance(0, 5), c.worked(0, 1440), c.is_open(3)) == (NEVER, 0, False)
    assert len(intersect([c, always(1440)]).opens) == 0
    assert len(subtract(c, [(0, 5)]).opens) == 0


@pytest.mark.slow
@given(
    st.frozensets(st.integers(0, 6)),
    st.lists(st.tuples(st.integers(0, 1439), st.integers(0, 1440)), min_size=1, max_size=3),
    st.integers(0, 1439),
)
def test_expanded_shifts_agree_with_a_count_of_minutes(
    days: frozenset[int], hours: list[tuple[int, int]], begin: int
) -> None:
    start, end = MONDAY + dt.timedelta(minutes=begin), 3000
    expected = np.zeros(end, dtype=bool)
    for day in range(-1, 4):
        for a, b in hours if (day % 7) in days else ():
            opens = day * 1440 + a - begin
            closes = opens + ((b - a) if b > a else (b - a + 1440))
            expected[max(opens, 0) : max(closes, 0)] = True
    spans = tuple((a, b if b > a else b + 1440) for a, b in hours)
    c = expand("shift", Shifts(tuple(spans if day in days else () for day in range(7))), start, end)
    assert minutes_of(c) == expected.tolist()


@pytest.mark.parametrize(
    ("hours", "hours_per_day", "day"),
    [
        ("07:00-17:00", None, 10),
        ("07:00-17:00", Fraction(8), 8),
        ("22:00-06:00", None, 8),
        ("06:00-14:00, 13:00-22:00", None, 16),
        ("00:00-24:00, 22:00-06:00", None, 24),
        ("07:00-11:30, 12:00-16:00", None, Fraction(17, 2)),
    ],
)
def test_the_working_day(hours: str, hours_per_day: Fraction | None, day: Fraction | int) -> None:
    rule = shifts("Mon-Sat", hours, hours_per_day=hours_per_day)
    assert rule.working_day == day
    assert rule.working_week == 6


def intervals(**written: object) -> list[str]:
    """When a calendar is open in the week of 11 March 2024, a Monday."""
    c = expand("c", rule(**written), MONDAY, 7 * 1440)
    ends = [[MONDAY + dt.timedelta(minutes=int(t)) for t in pair] for pair in zip(c.opens, c.closes, strict=True)]
    return [f"{opens:%a %H:%M}-{closes:%H:%M}" for opens, closes in ends]


BY_DAY = {"hours": {"Mon-Tue": "07:00-17:00", "Fri": ["07:00-10:00", "11:00-12:00"]}}


def test_hours_by_weekday() -> None:
    """The days are those that have hours; a day is the longest, and a short Friday a part of one."""
    monday, tuesday = "Mon 07:00-17:00", "Tue 07:00-17:00"
    assert intervals(**BY_DAY) == [monday, tuesday, "Fri 07:00-10:00", "Fri 11:00-12:00"]
    assert (rule(**BY_DAY).working_day, rule(**BY_DAY).working_week) == (10, Fraction(12, 5))
    said = rule(**BY_DAY, days="Mon, Tue, Fri", hours_per_day=8)
    assert (said.working_day, said.working_week) == (8, 3)


@pytest.mark.parametrize(
    ("more", "week"),
    [
        ({"open": "2024-03-16"}, ["Mon 07:00-17:00", "Sat 07:00-17:00"]),
        ({"open": {"2024-03-16": "08:00-12:00"}}, ["Mon 07:00-17:00", "Sat 08:00-12:00"]),
        (
            {"open": ["2024-03-12", {"2024-03-16 to 2024-03-17": "22:00-23:00"}]},
            ["Mon 07:00-17:00", "Tue 07:00-17:00", "Sat 22:00-23:00", "Sun 22:00-23:00"],
        ),
        ({"open": {"2024-03-11": "07:00-12:00"}}, ["Mon 07:00-12:00"]),
        ({"closed": "2024-03-11 to 2024-03-17", "open": "2024-03-11"}, ["Mon 07:00-17:00"]),
        (
            {"open": {"2024-03-11 to 2024-03-12": "07:00-09:00", "2024-03-11": "10:00-11:00"}},
            ["Mon 10:00-11:00", "Tue 07:00-09:00"],
        ),
        ({"closed": "2024-03-11 12:00 to 2024-03-12"}, ["Mon 07:00-12:00"]),
        ({"closed": "2024-03-11 12:00 to 13:00"}, ["Mon 07:00-12:00", "Mon 13:00-17:00"]),
        ({"closed": "2024-03-10 to 2024-03-11 08:30"}, ["Mon 08:30-17:00"]),
        ({"closed": "2024-03-11 06:00 to 9999-12-31", "open": "2024-03-12"}, []),
    ],
)
def test_dates_that_differ(more: dict[str, object], week: list[str]) -> None:
    """Worked dates come before days off; a later entry before an earlier one; a time of day closes exactly it."""
    assert intervals(days="Mon", hours="07:00-17:00", **more) == week


def test_a_worked_holiday_has_the_hours_of_its_weekday() -> None:
    christmas = dt.datetime(2024, 12, 25)
    c = expand("c", rule(**BY_DAY, holidays="US", open="2024-12-27"), christmas, 3 * 1440)
    assert days_worked(c, christmas) == ["Fri 27", "Fri 27"]


@pytest.mark.parametrize(
    ("written", "message"),
    [
        (
            {"hours": {"Mon-Fri": "07:00-17:00", "Fri": "07:00-12:00"}},
            "Fri appears twice; give each day its hours once",
        ),
        ({"hours": {"Mon-Fry": "07:00-17:00"}}, r"expected days such as .* got 'Mon-Fry'; did you mean 'Fri'\?"),
        ({"days": "Mon-Sat", "hours": {"Mon-Fri": "07:00-17:00"}}, "Sat is a working day by `days` but has no hours"),
        ({"days": "Mon-Thu", "hours": {"Mon-Fri": "07:00-17:00"}}, "Fri has hours but is none of the `days`"),
        ({"hours": {"Mon": []}}, "needs at least one shift"),
        (
            BY_DAY | {"open": "2024-03-15 to 2024-03-16"},
            r"Sat has no hours of its own; write them: `open: \{2024-03-15: 07",
        ),
        ({"open": "2024-03-15 07:00"}, "write their own hours after them: `2024-03-15: 07:00-12:00`"),
        ({"open": {"2024-03-15": "all"}}, "expected hours such as 07:00-17:00, got 'all'"),
        ({"open": [["2024-03-15"]]}, "expected text, got a list of 1"),
        ({"open": "2024-03-15 to "}, "expected a date such as"),
        ({"closed": "2024-03-15 07:00"}, "end of the closure is missing"),
        ({"closed": "2024-03-15 07:00 to 07:00"}, "expected an end after the beginning"),
        ({"closed": "2024-03-15 07:00 to 06:00"}, "expected days off from an earlier to a later date"),
    ],
)
def test_calendars_that_are_refused(written: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        rule(**written)


def test_holidays_that_nobody_knows() -> None:
    """The library knows none of Sri Lanka's after 2026, or 2025 in older versions; not all of India's after 2035."""
    unknown, partly = unknown_holidays("LK", 2025, 2028)
    assert (unknown[-2:], set(unknown) <= {2026, 2027, 2028}, partly) == ([2027, 2028], True, [])
    assert unknown_holidays("IN", 2035, 2036) == ([], [2036])
    assert unknown_holidays("US-TN", 2026, 2036) == ([], [])


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (
            "LK",
            "no public holidays are known for 'LK' in 2029 to 2036: unknown holidays count as working days; add the",
        ),
        ("IN", "not all public holidays are known for 'IN' in 2036: unknown holidays count as working days"),
        ("US", None),
    ],
)
def test_unknown_holidays_are_warned_of(code: str, told: str | None) -> None:
    data = {"name": "x", "start": "2029-01-01", "horizon": "7 years", "activities": {"a": {}}}
    warnings = load(data | {"calendars": {"c": {"holidays": code}}}).warnings
    assert [one.message[: len(told or "")] for one in warnings] == ([told] if told else [])


def test_holidays_of_years_of_which_days_are_named_are_not_warned_of() -> None:
    data = {"name": "x", "start": "2029-01-01", "horizon": "7 years", "activities": {"a": {}}}
    named = {"closed": ["2030-05-01", "2032-04-30 to 2033-05-02"], "open": ["2035-01-06"]}
    (warning,) = load(data | {"calendars": {"c": {"holidays": "LK", **named}}}).warnings
    assert "for 'LK' in 2029, 2031, 2034, 2036: unknown holidays count as working days" in warning.message
    assert (
        load(
            data | {"calendars": {"c": {"holidays": "LK", "closed": [f"{year}-05-01" for year in range(2029, 2037)]}}}
        ).warnings
        == ()
    )


@pytest.mark.parametrize(
    ("text", "days"),
    [
        ("Mon-Sat", {0, 1, 2, 3, 4, 5}),
        ("Mon-Fri, Sun", {0, 1, 2, 3, 4, 6}),
        ("daily", set(range(7))),
        ("Sat-Mon", {5, 6, 0}),
        ("monday, WED", {0, 2}),
    ],
)
def test_days_are_read(text: str, days: set[int]) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "Mod-Sat",
            r"^expected days such as 'Mon-Fri, Sun' or 'daily', got 'Mod-Sat'; did you mean 'Mon'\?$",
        ),
        ("work", "^expected days such as 'Mon-Fri, Sun' or 'daily', got 'work'$"),
        ("", "expected days such as 'Mon-Fri, Sun' or 'daily', got ''"),
        (5, "expected days such as 'Mon-Fri, Sun' or 'daily', got 5"),
    ],
)
def test_what_are_no_days_is_told(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_days(text)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("07:00-17:00", ((420, 1020),)),
        ("7:00 - 17:00", ((420, 1020),)),
        ("'07:00-17:00'", ((420, 1020),)),
        ("06:00-14:00, 14:00-22:00", ((360, 840), (840, 1320))),
        ("22:00-06:00", ((1320, 1800),)),
        ("00:00-24:00", ((0, 1440),)),
    ],
)
def test_hours_are_read(text: str, hours: tuple[tuple[int, int], ...]) -> None:
    assert parse_hours(text) == hours


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("7-17", "^expected hours such as 07:00-17:00, got '7-17'$"),
        (700, "^expected hours such as 07:00-17:00, got 700$"),
        ("24:00-06:00", "expected times of day from 00:00 to 24:00, got '24:00-06:00'"),
        ("07:60-17:00", "expected times of day from 00:00 to 24:00"),
        ("07:00-25:00", "expected times of day from 00:00 to 24:00"),
    ],
)
def test_what_are_no_hours_is_told(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_hours(text)


@pytest.mark.parametrize("code", ["US", "US-TN", "DE-BY"])
def test_holidays_are_known(code: str) -> None:
    assert check_holidays(code) == code


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("us", r"no public holidays are known for the country 'us'; did you mean 'US'\?"),
        ("US-ZN", r"no public holidays are known for 'US-ZN'; did you mean 'US-\w+'\?"),
        ("US-tn", r"no public holidays are known for 'US-tn'; did you mean 'US-TN'\?"),
        ("US-", r"no public holidays are known for 'US-'; did you mean 'US-\w+'\?"),
        ("99999", "no public holidays are known for the country '99999'; write a code such as US or US-TN"),
        (5, "expected a holiday code such as US or US-TN, got 5"),
    ],
)
def test_unknown_holidays_are_told(code: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_holidays(code)
