"""Spans, dates, amounts, rates and money: what is read, and what is said about what cannot be."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dcsim.units import (
    MINUTES_PER,
    Money,
    Rate,
    Span,
    horizon_end,
    parse_amount,
    parse_date,
    parse_money,
    parse_number,
    parse_rate,
    parse_span,
    plain,
    round_half_up,
)


@pytest.mark.parametrize(
    ("text", "amount", "unit"),
    [
        ("3 d", 3, "d"),
        ("3 days", 3, "d"),
        ("1 day", 1, "d"),
        ("1.5 h", Fraction(3, 2), "h"),
        ("2 hours", 2, "h"),
        ("90 min", 90, "min"),
        ("90 minutes", 90, "min"),
        ("12 wk", 12, "wk"),
        ("12wk", 12, "wk"),
        ("18 weeks", 18, "wk"),
        ("1_000 h", 1000, "h"),
        ("3 years", 3, "year"),
        ("18 months", 18, "month"),
        ("0 d", 0, "d"),
        (" 0.5 d ", Fraction(1, 2), "d"),
        (0, 0, "min"),
        ("0", 0, "min"),
    ],
)
def test_spans_are_read_as_written(text: object, amount: Fraction | int, unit: str) -> None:
    assert parse_span(text) == Span(Fraction(amount), unit)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("12 wks", r"^expected a span such as '18 weeks', got '12 wks'; did you mean 'wk'\?$"),
        ("12 w", "expected a span such as '18 weeks', got '12 w'; did you mean 'wk'"),
        ("3 D", "did you mean 'd'"),
        ("5 m", "did you mean 'min' or 'months'"),
        ("5 blinks", "^expected a span such as '18 weeks', got '5 blinks'$"),
        ("soon", "expected a span such as '18 weeks', got 'soon'"),
        (5, "a span needs a unit: write '5 d'"),
        ("5", "a span needs a unit: write '5 d'"),
        (Decimal("2.5"), "a span needs a unit: write '2.5 d'"),
        ("-3 d", "a span must not be negative, got '-3 d'"),
        ("1 d 4 h", "got '1 d 4 h'; write one number and one unit, such as '28 h'"),
        ("1,000 d", "got '1,000 d'; write 1_000"),
        (True, "expected a span such as '18 weeks', got True"),
        ([1], r"expected a span such as '18 weeks', got \[1\]"),
        (float("nan"), "expected a finite number, got nan"),
        ("1e99 d", "expected a number between 1e-30 and 1e30, got 1e99"),
    ],
)
def test_what_is_no_span_is_told(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_span(text)


def test_a_span_is_its_own_reading() -> None:
    assert parse_span(Span(Fraction(2), "d")) == Span(Fraction(2), "d")


@given(
    st.fractions(0, 10_000, max_denominator=1000).map(lambda x: Fraction(round(x * 1000), 1000)),
    st.sampled_from(list(MINUTES_PER)),
)
def test_a_printed_span_reads_back(amount: Fraction, unit: str) -> None:
    assert parse_span(str(Span(amount, unit))) == Span(amount, unit)


def test_elapsed_and_working_minutes() -> None:
    assert parse_span("2 d").minutes == 2880
    assert parse_span("1 wk").minutes == 10080
    assert parse_span("2 d").working_minutes(Fraction(10), 6) == 1200
    assert parse_span("1 wk").working_minutes(Fraction(10), 6) == 3600
    assert parse_span("1.5 h").working_minutes(Fraction(10), 6) == 90
    assert parse_span("0 months").minutes == 0
    assert parse_span("7 min").working_minutes(Fraction(10), 6) == 7


@pytest.mark.parametrize("text", ["1 month", "2 years"])
def test_months_and_years_have_no_minutes(text: str) -> None:
    with pytest.raises(ValueError, match=rf"a (month|year) has no fixed length; write weeks or days, got '{text}'"):
        _ = parse_span(text).minutes
    with pytest.raises(ValueError, match="has no fixed length"):
        parse_span(text).working_minutes(Fraction(8), 5)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-02", dt.datetime(2024, 5, 2)),
        ("2024-05-02 07:30", dt.datetime(2024, 5, 2, 7, 30)),
        ("2024-05-02T07:30", dt.datetime(2024, 5, 2, 7, 30)),
        ("2024-05-02T07:30:00", dt.datetime(2024, 5, 2, 7, 30)),
        ("2024-05-02 7:30", dt.datetime(2024, 5, 2, 7, 30)),
        (dt.date(2024, 5, 2), dt.datetime(2024, 5, 2)),
        (dt.datetime(2024, 5, 2, 7, 30), dt.datetime(2024, 5, 2, 7, 30)),
    ],
)
def test_dates_are_read(text: object, expected: dt.datetime) -> None:
    assert parse_date(text) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("2024-09", "^2024-09: write a full date such as 2024-09-01$"),
        (2024, "^2024: write a full date such as 2024-01-01$"),
        ("2024-Q3", "expected a date such as 2024-05-02 or 2024-05-02 07:30, got '2024-Q3'"),
        (
            "0026-02-03",
            r"^0026-02-03 is out of range: a date must be between 1900 and 9999; did you mean 2026-02-03\?$",
        ),
        (dt.date(1066, 10, 14), "^1066-10-14 is out of range: a date must be between 1900 and 9999$"),
        ("2024-02-30", "2024-02-30 is not a date: day is out of range for month"),
        ("2024-05-02 25:00", "2024-05-02 25:00 is not a date: hour"),
        (dt.datetime(2024, 5, 2, tzinfo=dt.UTC), "expected a date without a time zone"),
        (
            dt.datetime(2024, 5, 2, 1, 2, 3),
            "expected a date to the minute such as 2024-05-02 07:30, got 2024-05-02 01:02:03",
        ),
        (None, "expected a date such as 2024-05-02, got None"),
        (True, "expected a date such as 2024-05-02, got True"),
    ],
)
def test_what_is_no_date_is_told(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_date(text)


@pytest.mark.parametrize(
    ("start", "span", "end"),
    [
        ("2024-03-11", "3 years", "2027-03-11"),
        ("2024-02-29", "1 year", "2025-02-28"),
        ("2024-02-29", "4 years", "2028-02-29"),
        ("2024-01-31", "1 month", "2024-02-29"),
        ("2024-12-15 06:00", "1 month", "2025-01-15 06:00"),
        ("2024-01-01", "1.5 years", "2025-07-01"),
        ("2024-01-01", "18 wk", "2024-05-06"),
        ("2024-01-01", "90 min", "2024-01-01 01:30"),
    ],
)
def test_the_horizon_follows_the_calendar(start: str, span: str, end: str) -> None:
    assert horizon_end(parse_date(start), parse_span(span)) == parse_date(end)


def test_a_horizon_is_within_the_calendar() -> None:
    start = dt.datetime(2024, 1, 1)
    for text in ("8_000 years", "1e15 d", "500_000 wk"):
        with pytest.raises(ValueError, match="expected a horizon that ends before the year 9999"):
            horizon_end(start, parse_span(text))


@pytest.mark.parametrize(
    ("text", "unit", "amount"),
    [
        (40_000, "stack", 40_000),
        ("2_560", "stack", 2560),
        (Decimal("3"), "stack", 3),
        ("8 MW", "kW", 8000),
        ("8MW", "kW", 8000),
        ("96 kW", "kW", 96),
        ("0.5 kW", "W", 500),
        ("1.5 GWh", "MWh", 1500),
        ("2 t", "kg", 2000),
        ("1.25 km", "m", 1250),
        ("3 m3", "l", 3000),
        ("1_000 l", "m3", 1),
        ("500 sqft", "sqft", 500),
        ("14 generators", "generator", 14),
        ("14 generator", "generators", 14),
        ("3 batteries", "battery", 3),
        ("2 boxes", "box", 2),
        ("20M USD", "USD", 20_000_000),
        ("3.5 bn USD", "USD", 3_500_000_000),
        ("2B USD", "USD", 2_000_000_000),
        ("40k stack", "stack", 40_000),
        ("40k", "stack", 40_000),
        ("40k", "", 40_000),
        ("8M W", "kW", 8000),
        (7, "", 7),
        ("7", "unit", 7),
        (0, "kW", 0),
    ],
)
def test_amounts_become_whole_units(text: object, unit: str, amount: int) -> None:
    assert parse_amount(text, unit) == amount


@pytest.mark.parametrize(
    ("text", "unit", "message"),
    [
        ("0.5 kW", "kW", "^0.5 kW is not a whole number of kW; choose a smaller unit such as W$"),
        (0.5, "GPU", "^0.5 is not a whole number of GPU$"),
        ("0.5", "", "^0.5 is not a whole number of units$"),
        ("1 l", "m3", "1 l is not a whole number of m3; choose a smaller unit such as l"),
        ("8 MW", "GPU", "^expected an amount in GPU, got '8 MW', which is in MW$"),
        ("8 mw", "kW", r"expected an amount in kW, got '8 mw', which is in mw; did you mean 'MW'\?"),
        ("8 MWh", "kW", "expected an amount in kW, got '8 MWh', which is in MWh$"),
        ("40kGPU", "GPU", "which is in kGPU; did you mean 'GPU'"),
        ("8 MW", "", "expected a plain number, got '8 MW': no unit is declared here"),
        ("8 MW", "unit", "expected a plain number, got '8 MW': no unit is declared here"),
        ("-3 kW", "kW", "an amount must not be negative, got '-3 kW'"),
        (-3, "kW", "an amount must not be negative, got '-3'"),
        ("lots", "kW", "expected an amount such as '8 kW', got 'lots'"),
        (None, "", "expected an amount such as '8', got None"),
        (float("inf"), "kW", "expected a finite number, got inf"),
        (Decimal("NaN"), "kW", "expected a finite number, got NaN"),
    ],
)
def test_what_is_no_amount_is_told(text: object, unit: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_amount(text, unit)


@pytest.mark.parametrize(
    ("text", "unit", "rate"),
    [
        ("60_000 / wk", "stack", Rate(Fraction(60_000), Span(Fraction(1), "wk"))),
        ("60_000 stacks / wk", "stack", Rate(Fraction(60_000), Span(Fraction(1), "wk"))),
        ("2 MW / d", "kW", Rate(Fraction(2000), Span(Fraction(1), "d"))),
        ("1.5 / h", "", Rate(Fraction(3, 2), Span(Fraction(1), "h"))),
        ("100/4 h", "rack", Rate(Fraction(100), Span(Fraction(4), "h"))),
        (0, "kW", Rate(Fraction(0), Span(Fraction(1), "wk"))),
    ],
)
def test_rates_are_read(text: object, unit: str, rate: Rate) -> None:
    assert parse_rate(text, unit) == rate


def test_a_rate_per_minute() -> None:
    assert parse_rate("60_480 / wk", "stack").per_minute == 6
    assert parse_rate(parse_rate("1.5 / h", ""), "").per_minute == Fraction(1, 40)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("60_000", "a rate needs a unit of time: write '60_000 / wk', got '60_000'"),
        (60_000, "a rate needs a unit of time: write '60_000 / wk', got '60000'"),
        ("1 / 2 / h", "a rate needs a unit of time"),
        ("100 / month", "a month has no fixed length"),
        ("100 / year", "a year has no fixed length"),
        ("100 / fortnight", "expected a span such as '18 weeks', got '1 fortnight'"),
        ("100 / 0 d", "a rate is per some time, got '100 / 0 d'"),
        ("-1 / d", "an amount must not be negative, got '-1'"),
        ("8 MW / d", "expected an amount in stack, got '8 MW', which is in MW"),
    ],
)
def test_what_is_no_rate_is_told(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_rate(text, "stack")


def test_money_is_read() -> None:
    assert parse_money("20M USD") == Money(Fraction(20_000_000), "USD")
    assert parse_money("3.5 bn EUR") == Money(Fraction(3_500_000_000), "EUR")
    assert parse_money("0.10 USD") == Money(Fraction(1, 10), "USD")
    assert parse_money(Money(Fraction(1), "USD")) == Money(Fraction(1), "USD")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("20M", "^money needs its currency: write '20M USD'$"),
        (20, "^money needs its currency: write '20 USD'$"),
        ("20M usd", "a currency is three capital letters such as USD, got '20M usd'"),
        ("$20M", r"expected money such as '20M USD', got '\$20M'"),
        ("-20M USD", "a sum of money must not be negative, got '-20M USD'"),
    ],
)
def test_what_is_no_money_is_told(text: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_money(text)


@pytest.mark.parametrize(
    ("x", "value"),
    [
        (3, 3),
        ("1_000", 1000),
        (Decimal("0.35"), Fraction(35, 100)),
        (0.1, Fraction(1, 10)),
        (Fraction(1, 3), Fraction(1, 3)),
        ("-1.5e1", -15),
        (".5", Fraction(1, 2)),
    ],
)
def test_numbers_are_exact(x: object, value: Fraction | int) -> None:
    assert parse_number(x) == value


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ("35 %", "^35 % is a percentage: write the fraction 0.35$"),
        ("12.5%", "write the fraction 0.125"),
        ("1,000", "expected a number, got '1,000'; write 1_000"),
        ("many", "expected a number, got 'many'"),
        ("nan", "expected a number, got 'nan'"),
        (True, "expected a number, got True"),
        (None, "expected a number, got None"),
        (float("nan"), "expected a finite number, got nan"),
        (Decimal("Infinity"), "expected a finite number, got Infinity"),
        ("1e99999999999999999999", "expected a number, got '1e9"),
        ("1e100000000", "expected a number between 1e-30 and 1e30"),
    ],
)
def test_what_is_no_number_is_told(x: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_number(x)


@pytest.mark.parametrize(
    ("x", "shown"),
    [
        (Fraction(3), "3"),
        (Fraction(3, 2), "1.5"),
        (Fraction(-1, 8), "-0.125"),
        (Fraction(1, 3), "1/3"),
        (Fraction(1200), "1200"),
        (Fraction(1, 20), "0.05"),
    ],
)
def test_plain_numbers(x: Fraction, shown: str) -> None:
    assert plain(x) == shown


@pytest.mark.parametrize(
    ("x", "whole"),
    [
        (Fraction(1, 2), 1),
        (Fraction(3, 2), 2),
        (Fraction(-1, 2), 0),
        (2.5, 3),
        (0.49999999999999994, 0),
        (2.4, 2),
        (7, 7),
        (4503599627370497.5, 4503599627370498),
    ],
)
def test_halves_go_up(x: Fraction | float, whole: int) -> None:
    assert round_half_up(x) == whole


@pytest.mark.parametrize("x", [float("nan"), float("inf")])
def test_only_finite_numbers_are_rounded(x: float) -> None:
    with pytest.raises(ValueError, match="expected a finite number"):
        round_half_up(x)
