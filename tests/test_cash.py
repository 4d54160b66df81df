"""Cash that holds a build back: hand-reckoned dates, equal traces, and refusals of what cannot wait."""

import copy

import numpy as np
import pandas as pd
import pytest

import dcsim
from dcsim.engine import ENGINES
from dcsim.engine.draws import Expectation, Sample, draw
from dcsim.errors import RequestError
from dcsim.scenario.rules import Learned
from dcsim.study.cash import funded, network_of
from dcsim.study.chunk import drawn_names
from dcsim.study.inputs import inputs_of
from dcsim.study.quantities import drawn_of
from tests.test_parity import same_trace

GPUS = {
    "supply": "gpus",
    "price": "30_000 USD",
    "paid": [{"share": "0.2", "when": "ordered"}, {"share": "0.8", "when": "delivered", "after": "30 d"}],
}
HALL = {
    "activity": "hall",
    "price": "100_000 USD",
    "paid": [{"share": "0.5", "when": "start"}, {"share": "0.5", "when": "finish"}],
}
TEN = {
    "name": "Ten GPUs",
    "start": "2024-01-01",
    "horizon": "2 years",
    "supplies": {
        "gpus": {
            "orders": {"all": {"amount": 10, "placed": "2024-01-10", "lead_time": "30 d", "lots": 2, "every": "10 d"}}
        }
    },
    "activities": {
        "hall": {"duration": "20 d"},
        "fit": {"duration": "5 d", "after": ["hall"], "consumes": {"gpus": 10}},
    },
    "milestones": {"done": {"activity": "fit"}},
    "finance": {
        "currency": "USD",
        "until": "2025-12",
        "discount_rate": "0.1",
        "cash": "limited",
        "costs": {"gpus": GPUS, "hall": HALL, "staff": {"price": "1000 USD / month"}},
        "assets": {"gpus": {"life": "5 years"}},
        "funding": {"seed": {"equity": "90_000 USD"}, "later": {"equity": "400_000 USD", "date": "2024-03-05"}},
    },
}


def ten(change=lambda data: None):
    """An order of ten GPUs that finds no money for its first part, until equity comes in March."""
    data = copy.deepcopy(TEN)
    change(data)
    return data


def traces(scenario, replications=()):
    network = network_of(scenario)
    chances = [Expectation(), *(Sample(3, k) for k in replications)]
    return network, [ENGINES["reference"]()(network, draw(network, chance)) for chance in chances]


def start(scenario, activity):
    """The day on which an activity started in the expected build."""
    network, (trace,) = traces(scenario)
    tick = int(trace.start[network.first[network.activities.index(activity)]])
    return None if tick < 0 else f"{network.date(tick):%Y-%m-%d}"


def test_an_order_waits_until_its_first_part_is_there():
    """90k less 50k for the hall leave 40k on 10 January; the order needs 60k and waits for the equity of 5 March."""
    scenario = dcsim.load(ten())
    assert start(scenario, "order_gpus_all") == "2024-03-05"
    assert start(scenario, "fit") == "2024-04-14"  # the second lot comes 30 and 10 days later
    run = dcsim.simulate(scenario, engine="reference", expected=True)
    assert run.activities.set_index("activity")["held_by"]["order_gpus_all"] == "cash"
    told = dcsim.explain(scenario, milestone="done", n=2, engine="reference")
    assert told.tables["segments"]["name"].tolist()[0] == "cash.later"
    assert ("supply", "cash") in set(zip(*told.tables["criticality"][["kind", "name"]].to_numpy().T, strict=True))
    assert "Cash is limited: orders of gpus and the start of hall wait" in str(told.report())
    found = dcsim.finance(scenario, expected=True, engine="reference")
    paid = found.statements.query("party == 'consolidated' and line == 'investment'").drop_duplicates("month")["amount"]
    # 60k with the order in March; 120k for each lot, 30 days after it came on 4 and 14 April
    assert paid.tolist()[:5] == [0, 0, 60_000, 0, 240_000]
    assert "Cash is limited" in str(found.report())


def test_what_is_due_later_comes_before_what_waits():
    """After both halves of the hall 49,999 of 149,999 USD are left, and 100k are due with the order of 25 January."""

    def change(data):
        data["finance"]["costs"] = {"gpus": {**GPUS, "paid": "ordered", "price": "10_000 USD"}, "hall": HALL}
        data["finance"]["funding"] = {
            "seed": {"equity": "149_999 USD"},
            "later": {"equity": "50_001 USD", "date": "2024-03-05"},
        }
        data["supplies"]["gpus"]["orders"]["all"]["placed"] = "2024-01-25"

    assert start(dcsim.load(ten(change)), "order_gpus_all") == "2024-03-05"

    def enough(data):
        change(data)
        data["finance"]["funding"]["seed"]["equity"] = "200_000 USD"

    assert start(dcsim.load(ten(enough)), "order_gpus_all") == "2024-01-25"


def test_loans_follow_what_the_build_with_limited_cash_delivers():
    """The hall leaves 200k on 21 January; with the equity of 5 March the 300k of the GPUs are there.

    These come on 4 and 14 April, the bank lends half of their cost at the end of that month, and a second hall starts.
    With unlimited cash the bank would lend at the end of February, and the order would be placed on 1 March.
    """

    def lent(data):
        loan = {"loan": "1M USD", "against": "gpus", "advance": "0.5", "rate": "0.0", "term": "48 months"}
        bank = {**loan, "repaid": "bullet"}
        later = {"equity": "100_000 USD", "date": "2024-03-05"}
        data["activities"]["second"] = {"duration": "1 d", "not_before": "2024-03-06"}
        second = {"activity": "second", "price": "140_000 USD", "paid": "start"}
        data["finance"]["costs"] = {"gpus": {**GPUS, "paid": "ordered"}, "hall": HALL, "second": second}
        data["finance"]["funding"] = {"seed": {"equity": "300_000 USD"}, "later": later, "bank": bank}

    scenario = dcsim.load(ten(lent))
    assert funded(scenario).settled
    assert start(scenario, "order_gpus_all") == "2024-03-05"
    assert start(scenario, "second") == "2024-05-01"


def test_a_payment_follows_a_delivery_that_a_risk_postpones():
    """Lots of 9 and 19 February come a week late; half of the price goes then, and the hall waits for what is left."""

    def change(data):
        data["risks"] = {"storm": {"begins": "2024-02-01", "lasts": "4 wk", "delays": {"supplies.gpus": "7 d"}}}
        data["activities"]["hall"]["not_before"] = "2024-02-12"
        data["finance"]["costs"] = {"gpus": {**GPUS, "paid": "delivered"}, "hall": HALL}
        data["finance"]["funding"] = {"seed": {"equity": "199_999 USD"}}

    scenario = dcsim.load(ten(change))
    assert start(scenario, "hall") == "2024-02-12"  # nothing has come by 9 February, and nothing is paid
    _, (trace,) = traces(scenario)
    days = {row.tick // 1440: row.amount for row in trace.delivery_rows if row.amount < 0}
    assert days == {46: -150_000, 56: -150_000}


def risky(data):
    """Two parties, places, a branch, uncertain dates, an order after work, lags, a risk and a loan."""
    data["places"] = {"room": 3}
    data["factors"] = {"market": "0.8 to 1.3"}
    orders = data["supplies"]["gpus"]["orders"]
    orders["all"] |= {
        "placed": {"uniform": ["2024-01-05", "2024-02-05"]},
        "lead_time": "20 to 60 d",
        "varies_with": ["market"],
    }
    orders["more"] = {
        "amount": 7,
        "placed": {"after": "hall", "lag": "3 d"},
        "lead_time": {"pert": ["1 d", "5 d", "30 d"]},
        "lots": 3,
        "every": "4 d",
    }
    data["activities"] |= {
        "hall": {"at": "room", "duration": "10 to 30 d"},
        "rock": {"at": "room", "duration": "2 to 9 d", "after": ["hall"]},
        "fit": {"duration": "5 d", "after": ["hall"], "consumes": {"gpus": 17}},
    }
    data["branches"] = {"ground": {"per": "room", "ways": {"rock": {"activities": ["rock"]}, "sand": {}}}}
    data["risks"] = {
        "storm": {
            "probability": "0.5",
            "begins": "2024-02-01",
            "lasts": "9 wk",
            "delays": {"supplies.gpus": "3 to 30 d"},
        }
    }
    terms = data["finance"]
    terms["parties"] = ["user", "owner"]
    terms["costs"]["gpus"] = {**GPUS, "by": "owner"}
    terms["costs"]["cables"] = {"supply": "gpus", "price": "900 to 1200 USD", "paid": "ordered"}
    terms["costs"]["hall"]["price"] = "30_000 USD"
    terms["costs"]["rock"] = {
        "activity": "rock",
        "price": "9_000 USD",
        "paid": [{"share": "1", "when": "finish", "after": "1 month"}],
    }
    terms["funding"] = {
        "seed": {"equity": "70_000 USD"},
        "later": {"equity": "100_000 USD", "date": "2024-05-05"},
        "owners": {"equity": "75_000 USD", "by": "owner"},
        "more": {"equity": "460_000 USD", "by": "owner", "date": "2024-04-10"},
        "bank": {
            "loan": "1M USD",
            "by": "owner",
            "against": "gpus",
            "advance": "0.5",
            "rate": "0.1",
            "term": "48 months",
            "repaid": "level",
        },
    }


@pytest.mark.compiled
def test_engines_agree_on_limited_cash():
    scenario = dcsim.load(ten(risky))
    network = network_of(scenario)
    for chance in (Expectation(), *(Sample(3, k) for k in range(12))):
        draws = draw(network, chance)
        assert same_trace(*(ENGINES[name]()(network, draws) for name in ("reference", "compiled")))
    answers = [dcsim.explain(scenario, milestone="done", n=6, engine=name) for name in ("reference", "compiled")]
    assert answers[0].tables["days"].equals(answers[1].tables["days"])


def test_plenty_of_cash_changes_no_date_and_no_draw():
    def rich(data):
        risky(data)
        for name in ("seed", "owners"):
            data["finance"]["funding"][name]["equity"] = "9M USD"

    limited, unlimited = (dcsim.load(ten(rich), overrides={"finance.cash": cash}) for cash in ("limited", "unlimited"))
    dates = [[trace.reached.tolist() for trace in traces(scenario, range(6))[1]] for scenario in (limited, unlimited)]
    assert dates[0] == dates[1]
    answers = [dcsim.finance(scenario, n=4, engine="reference") for scenario in (limited, unlimited)]
    assert answers[0].tables["figures"].equals(answers[1].tables["figures"])


def test_crews_are_paid_until_the_last_work_and_not_until_the_last_bill():
    """A crew of 10 USD an hour for the 20 days of the hall, whose second half is due three months later."""

    def rich(data):
        data["resources"] = {"crew": {"count": 1}}
        data["activities"] = {"hall": {"duration": "20 d", "requires": {"crew": 1}}}
        data["milestones"] = {"done": {"activity": "hall"}}
        late = [{"share": "0.5", "when": "start"}, {"share": "0.5", "when": "finish", "after": "3 months"}]
        crew = {"resource": "crew", "price": "10 USD / h", "while": "present"}
        data["finance"]["costs"] = {"hall": {**HALL, "paid": late}, "crew": crew}
        data["finance"]["funding"] = {"seed": {"equity": "900_000 USD"}}
        data["finance"].pop("assets")
        data.pop("supplies")

    lines = []
    for cash in ("limited", "unlimited"):
        scenario = dcsim.load(ten(rich), overrides={"finance.cash": cash})
        paid = dcsim.finance(scenario, expected=True, engine="reference").statements
        lines.append(paid[paid["party"] == "consolidated"].pivot_table(index="month", columns="line", values="amount"))
    assert lines[0].equals(lines[1])
    assert lines[0]["operating costs"].sum() == 100_000 + 20 * 24 * 10


@pytest.mark.compiled
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_bills_are_no_work(engine):
    """Half of the hall is due half a year after it, behind the horizon: the build is finished all the same."""

    def late(data):
        data["horizon"] = "120 d"
        later = [{"share": "0.5", "when": "start"}, {"share": "0.5", "when": "finish", "after": "6 months"}]
        data["finance"]["costs"]["hall"]["paid"] = later
        data["finance"]["funding"] = {"seed": {"equity": "900_000 USD"}}

    scenario = dcsim.load(ten(late))
    run = dcsim.simulate(scenario, expected=True, engine=engine)
    ends = run.activities.set_index("activity")["finish"]
    assert (run.finished, run.end, pd.isna(ends["pay_hall_2"])) == (True, ends["fit"], True)
    assert run.stuck.empty
    floats = run.activities.set_index("activity")["total_float"]
    assert (floats["fit"], pd.isna(floats["pay_hall_2"])) == (0, True)
    many = dcsim.replicate(scenario, 4, engine=engine)
    assert (many.finished, many.about["activities"], len(many.stuck)) == (1.0, 2, 0)


@pytest.mark.compiled
@pytest.mark.parametrize("engine", ["reference", "compiled"])
def test_an_order_that_finds_no_cash_is_told_of(engine):
    """Nothing is built with the GPUs; that they never come is the fault of cash."""

    def poor(data):
        data["activities"] = {"hall": {"duration": "20 d"}}
        data["milestones"] = {"here": {"supply": "gpus", "reaches": 10}}
        data["finance"]["funding"] = {"seed": {"equity": "50_000 USD"}}

    many = dcsim.replicate(dcsim.load(ten(poor)), 4, engine=engine)
    assert many.finished == 1.0
    assert many.stuck[["milestone", "activity", "waits_for"]].to_numpy().tolist() == [
        ["here", "order_gpus_all", "cash"]
    ]


def uncertain(data):
    """An order whose date and lead time are uncertain, and which waits for cash."""
    data["supplies"]["gpus"]["orders"]["all"] |= {
        "placed": {"uniform": ["2024-01-05", "2024-02-05"]},
        "lead_time": "20 to 60 d",
    }


def test_each_written_order_is_one_input_and_one_draw():
    limited, unlimited = (
        dcsim.load(ten(uncertain), overrides={"finance.cash": cash}) for cash in ("limited", "unlimited")
    )
    for listed in (lambda network: [(i.name, i.quantities) for i in inputs_of(network)], drawn_names):
        assert listed(network_of(limited)) == listed(network_of(unlimited))
    learned = Learned("supplies.gpus.orders.*.placed")
    known = drawn_of(network_of(limited), [learned])
    assert [quantity.name for quantity in known] == ["supplies.gpus.orders.all.placed"]
    drawn = [dcsim.replicate(scenario, 3, engine="reference").draws for scenario in (limited, unlimited)]
    assert drawn[0].equals(drawn[1])
    shares = dcsim.drivers(limited, milestone="done", n=32, engine="reference").tables["drivers"]
    assert shares["input"].tolist().count("gpus.all") == 1


def test_latest_orders_are_refused_with_limited_cash():
    with pytest.raises(RequestError, match="--set finance"):
        dcsim.latest_orders(dcsim.load(ten()), milestone="done", date="2024-06-01")


def test_payments_are_no_lost_supply():
    """What is due later takes cash away, but what comes before can pay for all that waits."""

    def enough(data):
        data["finance"]["funding"]["seed"]["equity"] = "10_000 USD"
        data["finance"]["funding"]["later"]["equity"] = "150_000 USD"
        data["finance"]["costs"]["hall"]["paid"] = [{"share": "1", "when": "start"}]

    def short(data):
        enough(data)
        data["finance"]["funding"]["later"]["equity"] = "149_999 USD"

    assert not [problem for problem in dcsim.check(ten(enough)).warnings if "cash" in problem.path]
    assert [problem.path for problem in dcsim.check(ten(short)).warnings if "cash" in problem.path] == ["supplies.cash"]


def test_without_limited_cash_nothing_is_there_that_costs_time():
    scenario = dcsim.load(ten(), overrides={"finance.cash": "unlimited"})
    assert list(scenario.supplies) == ["gpus"]
    assert list(scenario.activities) == ["hall", "fit"]
    assert start(scenario, "fit") == "2024-02-19"


def test_cash_that_never_comes_leaves_the_build_unfinished():
    scenario = dcsim.load(ten(lambda data: data["finance"]["funding"].pop("later")))
    network, (trace,) = traces(scenario)
    assert not trace.finished
    assert np.flatnonzero(trace.start < 0).tolist() == [
        network.first[network.activities.index(name)] for name in ("fit", "order_gpus_all")
    ]


@pytest.mark.parametrize(
    ("change", "path", "said"),
    [
        (lambda data: data["supplies"].update(cash={}), "supplies.cash", "call this something else"),
        ({"finance.costs.gpus.price": {"path": {"2024-01": "3 USD", "2025-01": "2 USD"}}}, "price", "write no path"),
        ({"finance.costs.gpus.place": "site"}, "place", "leave out `place`"),
        (
            lambda data: data["supplies"]["gpus"].update(production={"rate": "1 / d"}),
            "supply",
            "pay for it when `delivered`",
        ),
        (
            {
                "finance.costs.gpus.paid": [
                    {"share": "0.2", "when": "ordered"},
                    {"share": "0.8", "when": "delivered", "after": "1 month"},
                ]
            },
            "paid",
            "not in months",
        ),
        ({"seen": [{"activity": "hall", "started": "2024-01-01"}]}, "finance.cash", "leave out one of them"),
    ],
)
def test_what_cannot_wait_for_cash_is_refused(change, path, said):
    with pytest.raises(dcsim.ScenarioError, match=said) as raised:
        dcsim.load(ten(), overrides=change) if isinstance(change, dict) else dcsim.load(ten(change))
    assert path in str(raised.value)


def test_cash_that_holds_nothing_is_warned_of():
    paid = {"finance.costs.gpus.paid": "delivered", "finance.costs.hall.paid": "finish"}
    assert "nothing waits for cash" in str(dcsim.load(ten(), overrides=paid).warnings)


LATER = {"finance": {"costs": {"hall": {"paid": [{"share": "1", "when": "finish", "after": "2 d"}]}}}}
UNCERTAIN = {"gpus": {"orders": {"all": {"amount": 10, "placed": {"uniform": ["2024-01-05", "2024-02-05"]}}}}}
ORDER = {"amount": 1, "placed": "2024-02-01"}
TWO = {
    "supplies": {"gpus": {"orders": {"all_more": ORDER}}, "gpus_all": {"orders": {"more": ORDER}}},
    "finance": {"costs": {"others": {"supply": "gpus_all", "price": "1 USD", "paid": "ordered"}}},
}


@pytest.mark.parametrize(
    ("more", "path", "said"),
    [
        ({"activities": {"order_gpus_all": {"duration": "100 d"}}}, "activities.order_gpus_all", "call this something"),
        ({"milestones": {"order_gpus_all": {"activity": "fit"}}}, "milestones.order_gpus_all", "call this something"),
        ({"activities": {"pay_hall_1": {"duration": "1 d"}}, **LATER}, "activities.pay_hall_1", "call this something"),
        ({"supplies": {"order_gpus_all_date": {}, **UNCERTAIN}}, "supplies.order_gpus_all_date", "call this something"),
        (TWO, "supplies.gpus.orders.all_more", "rename one of them"),
        ({"finance": {"funding": {"gpus_all_2": {"equity": "1 USD"}}}}, "finance.funding.gpus_all_2", "rename one of"),
    ],
)
def test_what_payments_make_takes_no_name_of_others(more, path, said):
    with pytest.raises(dcsim.ScenarioError, match=said) as raised:
        dcsim.load(laid(ten(), more))
    assert f"{path}: with" in str(raised.value)
    assert "1 problem" in str(raised.value)


def laid(data, more):
    """A scenario with more of it, mapping by mapping."""
    for name, value in more.items():
        both = isinstance(value, dict) and isinstance(data.get(name, {}), dict)
        data[name] = laid(data.get(name, {}), value) if both else value
    return data


def test_a_cost_in_one_place_pays_only_where_work_is_done():
    def change(data):
        data["places"] = {"room": 3}
        data["activities"]["hall"] |= {"at": "room", "only": ["room1"]}
        data["finance"]["costs"]["hall"] = {"activity": "hall", "price": "9 USD", "place": "room*", "paid": "finish"}

    with pytest.raises(dcsim.ScenarioError, match="or leave out `place`"):
        dcsim.load(ten(change))
    scenario = dcsim.load(ten(change), overrides={"finance.costs.hall.place": "room1"})
    network, (trace,) = traces(scenario)
    number = network.activities.index("pay_hall_1")
    assert trace.finish[network.first[number] : network.first[number + 1]].tolist() == [20 * 1440]
