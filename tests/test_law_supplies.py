"""The law of supplies: what orders bring when, and what productions make of their rates."""

import pytest

DAY = 1440


def arrivals(run, text="a=0", **spec):
    """When how much of a supply arrives, within three days."""
    sections = {name: spec.pop(name) for name in ("factors", "risks", "horizon") if name in spec}
    told = run(text, **{"horizon": "3 d", **sections}, supplies={"racks": spec})
    return told.amounts("racks")


# Orders


@pytest.mark.parametrize(
    ("placed", "tick"), [("1 h", 90), ("2024-01-02", DAY + 30), ("2024-01-01 02:00", 150), ("2023-12-31 23:50", 20)]
)
def test_an_order_arrives_its_lead_time_after_it_was_placed(run, placed, tick):
    assert arrivals(run, orders={"one": {"amount": 5, "placed": placed, "lead_time": "30 min"}}) == [(tick, 5)]


def test_an_order_is_placed_at_the_start_and_arrives_at_once_unless_said_otherwise(run):
    assert arrivals(run, orders={"one": {"amount": 5}}) == [(0, 5)]


def test_lots_are_equal_up_to_one_unit(run):
    """7 in 3 lots: floors of 7/3, 14/3 and 7 are 2, 4 and 7."""
    order = {"amount": 7, "lead_time": "1 h", "lots": 3, "every": "1 d"}
    assert arrivals(run, orders={"one": order}) == [(60, 2), (60 + DAY, 2), (60 + 2 * DAY, 3)]


def test_what_arrives_before_the_start_is_there_at_the_start_beside_the_initial_stock(run):
    """Lots an hour and half an hour before, and in its minute."""
    order = {"amount": 8, "placed": "2023-12-31 23:00", "lots": 4, "every": "30 min"}
    told = run("a=5", supplies={"racks": {"initial": 1, "orders": {"one": order}}}, a={"consumes": {"racks": 7}})
    assert told.amounts("racks") == [(0, 2), (0, 2), (0, 2), (30, 2)]
    assert (told["a"], told.level("racks")) == ((0, 5), [(0, 0, 7), (30, 2, 9)])


@pytest.mark.parametrize(("delay", "tick"), [("5 h", 0), ("12 h", 120)])
def test_a_delay_touches_what_is_due_before_the_start(run, delay, tick):
    """Due ten hours before the start, while the port is closed."""
    order = {"amount": 1, "placed": "2023-12-31 14:00"}
    port = {"begins": "2023-12-31 12:00", "lasts": "4 h", "delays": {"supplies.racks": delay}}
    assert arrivals(run, orders={"one": order}, risks={"port": port}) == [(tick, 1)]


def test_a_milestone_counts_what_was_there_at_the_start(run):
    order = {"amount": 3, "placed": "2023-12-01", "lead_time": "10 d"}
    milestones = {"racked": {"supply": "racks", "reaches": 3}}
    told = run("a=5<racked", supplies={"racks": {"orders": {"one": order}}}, milestones=milestones)
    assert (told["a"], told.reached["racked"]) == ((0, 5), 0)


def test_what_arrives_after_the_horizon_is_not_told(run):
    order = {"amount": 4, "lots": 4, "every": "1 d"}
    assert arrivals(run, orders={"one": order}) == [(0, 1), (DAY, 1), (2 * DAY, 1), (3 * DAY, 1)]


def test_an_order_placed_after_work(run):
    """Once, when the last instance has finished; the lag runs before the lead time does."""
    told = run(
        "pay@hall=1h:clerk",
        clerk=1,
        places={"hall": 2},
        supplies={
            "racks": {
                "orders": {
                    "one": {
                        "amount": 4,
                        "placed": {"after": "pay", "lag": "30 min"},
                        "lead_time": "2 h",
                        "lots": 2,
                        "every": "10 min",
                    }
                }
            }
        },
    )
    assert told.amounts("racks") == [(270, 2), (280, 2)]


def test_an_order_placed_after_a_milestone_or_in_a_place(run):
    def order(placed):
        return {"orders": {"one": {"amount": 1, "placed": placed}}}

    told = run(
        "pay@hall=1h:clerk",
        clerk=1,
        places={"hall": 3},
        milestones={"two": {"activity": "pay", "reaches": 2}},
        supplies={
            "a": order({"after": "two"}),
            "b": order({"after": "pay", "place": "hall1"}),
            "c": order({"after": "pay", "count": 1, "lag": "5 min"}),
            "d": order({"after": "pay", "from": "start"}),
        },
    )
    assert told.deliveries == [(60, "b", 1), (65, "c", 1), (120, "a", 1), (120, "d", 1)]


def test_lead_times_vary_with_factors(run):
    order = {"amount": 1, "lead_time": "50 min", "varies_with": ["market"]}
    assert arrivals(run, orders={"one": order}, factors={"market": 0.29}) == [(15, 1)]


def test_a_lead_time_passes_day_and_night(run):
    order = {"amount": 1, "lead_time": "2 d"}
    assert arrivals(run, orders={"one": order}) == [(2 * DAY, 1)]


# Production


def test_deliveries_are_differences_of_floors(run):
    """Ten a day every eight hours: 3.33, 6.67, 10, 13.33, 16.67, 20."""
    made = arrivals(run, production={"rate": "10 / d", "every": "8 h"}, horizon="2 d")
    assert made == [(480 * n, amount) for n, amount in enumerate([3, 3, 4, 3, 3, 4], start=1)]


def test_nothing_whole_is_no_delivery(run):
    assert arrivals(run, production={"rate": "1 / d", "every": "8 h"}) == [(DAY, 1), (2 * DAY, 1), (3 * DAY, 1)]


def test_production_is_anchored_where_it_begins(run):
    assert arrivals(run, production={"rate": "1 / h", "every": "1 d", "from": "6 h"}) == [
        (DAY + 360, 24),
        (2 * DAY + 360, 24),
    ]


def test_what_was_made_before_the_start_is_there_at_the_start(run):
    """Begun 64 hours before: two days. The delivery at hour 8 holds a day of work, of which 16 hours were before."""
    made = arrivals(run, production={"rate": "1 / h", "every": "1 d", "from": "2023-12-29 08:00"}, horizon="1 d")
    assert made == [(0, 48), (480, 24)]


def test_what_became_whole_before_the_start_is_there_at_the_start(run):
    """Three in two days, delivered twice a day: floors of 0.75, 1.5, 2.25 and 3; a cut halves the last day."""
    production = {"rate": "3 / 2 d", "every": "12 h", "from": "2023-12-30"}
    assert arrivals(run, production=production, horizon="1 d") == [(0, 3), (1440, 1)]
    cut = {"short": {"begins": "2023-12-31", "lasts": "1 d", "effects": {"supplies.racks": 0.5}}}
    assert arrivals(run, production=production, horizon="1 d", risks=cut) == [(0, 2), (720, 1)]


def test_a_delivery_in_the_minute_of_the_start_counts(run):
    made = arrivals(run, production={"rate": "1 / h", "every": "1 d", "from": "2023-12-31"}, horizon="1 d")
    assert made == [(0, 24), (DAY, 24)]


def test_production_may_end_within_an_interval(run):
    made = arrivals(run, production={"rate": "1 / h", "every": "1 d", "until": "30 h"})
    assert made == [(DAY, 24), (2 * DAY, 6)]


def test_share_and_yield(run):
    """100 x 0.35 x 0.9 are 31.5 a day."""
    made = arrivals(run, production={"rate": "100 / d", "every": "1 d", "share": 0.35, "yield": 0.9})
    assert made == [(DAY, 31), (2 * DAY, 32), (3 * DAY, 31)]


def test_a_ramp_is_integrated_across_its_steps(run):
    """Nothing for six hours, 1 an hour for twelve, 2 an hour from then on."""
    ramp = {"6 h": "1 / h", "2024-01-01 18:00": "2 / h"}
    assert arrivals(run, production={"rate": ramp, "every": "1 d"}, horizon="2 d") == [(DAY, 24), (2 * DAY, 48)]


def test_a_factor_above_one_is_slower(run):
    made = arrivals(
        run, production={"rate": "12 / d", "every": "1 d", "varies_with": ["market"]}, factors={"market": 1.5}
    )
    assert made == [(DAY, 8), (2 * DAY, 8), (3 * DAY, 8)]


def test_a_risk_cuts_what_is_made_in_its_window(run):
    """Half from 06:00 to 18:00: 6 + 6 + 6."""
    made = arrivals(
        run,
        production={"rate": "1 / h", "every": "1 d"},
        risks={"shortage": {"begins": "6 h", "lasts": "12 h", "effects": {"supplies.racks": 0.5}}},
        horizon="2 d",
    )
    assert made == [(DAY, 18), (2 * DAY, 24)]


def test_several_cuts_multiply(run):
    made = arrivals(
        run,
        production={"rate": "10 / h", "every": "1 d"},
        risks={
            "one": {"begins": "0 d", "lasts": "12 h", "effects": {"supplies.racks": 0.5}},
            "other": {"begins": "6 h", "effects": {"supplies.racks": 0.1}},
        },
        horizon="1 d",
    )
    assert made == [(DAY, 30 + 3 + 12)]


def test_units_are_whole_numbers_of_the_supply_s_own(run):
    told = run(
        "on@rack=10",
        places={"rack": 2},
        supplies={"power": {"unit": "kW", "production": {"rate": "1 MW / d", "every": "12 h"}}},
        on={"consumes": {"power": "0.75 MW"}},
    )
    assert told.amounts("power")[:2] == [(720, 500), (1440, 500)]
    assert [told.starts[f"on rack{n}"] for n in (1, 2)] == [1440, 2160]


def test_two_sources_of_one_supply(run):
    told = run(
        "use=5",
        supplies={
            "parts": {
                "initial": 2,
                "production": {"rate": "24 / d", "every": "1 h"},
                "orders": {"a": {"amount": 3, "placed": "90 min"}, "b": {"amount": 3, "placed": "90 min"}},
            }
        },
        use={"consumes": {"parts": 9}},
        horizon="4 h",
    )
    assert told["use"] == (90, 95)
    assert told.level("parts")[:3] == [(0, 2, 2), (60, 3, 3), (90, 0, 9)]


def test_levels_at_the_end(run):
    told = run("a=1", supplies={"power": {"initial": 8}}, a={"consumes": {"power": 3}, "produces": {"power": 5}})
    assert told.level("power") == [(0, 5, 8), (1, 10, 13)]
