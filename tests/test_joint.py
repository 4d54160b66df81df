"""Date and budget together: the contour is the frontier of what is kept, and tells known answers."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_finance import GPUS, scenario

import dcsim
from dcsim.analysis.joint import contour
from dcsim.errors import RequestError
from dcsim.report.markdown import markdown
from dcsim.report.page.again import command

DAYS = st.one_of(st.integers(1, 30).map(float), st.just(np.inf))
PAIRS = st.lists(st.tuples(DAYS, st.integers(1, 30).map(float)), min_size=1, max_size=40)


@given(PAIRS, st.sampled_from([0.5, 0.7, 0.8]))
@settings(max_examples=60, deadline=None)
def test_every_point_of_a_contour_is_kept_often_enough_and_no_cheaper_one_is(pairs, level):
    days, costs = np.array(pairs).T
    at, least = contour(days, costs, level)
    assert (np.diff(at) >= 0).all()
    assert (np.diff(least) <= 0).all()
    for day, cost in zip(at, least, strict=True):
        assert np.mean((days <= day) & (costs <= cost)) >= level - 1e-9
    if len(at):
        last = at[-1]
        assert np.mean((days <= last) & (costs < least[-1])) < level
        assert np.mean(days < at[0]) < level
    else:
        assert np.mean(np.isfinite(days)) < level


def test_dates_and_costs_that_go_together_have_one_corner():
    """The more expensive the later: both quantiles are kept in as many replications as each."""
    days = np.arange(1.0, 101)
    at, least = contour(days, 10 * days, 0.7)
    assert (at[0], least[0]) == (70, 700)
    assert set(least) == {700}


def test_dates_and_costs_that_know_nothing_of_each_other():
    """Of a grid of 10 by 10, seven tenths keep 9 of 10 days and 8 of 10 costs, and so on."""
    days, costs = (one.ravel().astype(float) for one in np.meshgrid(np.arange(1, 11), np.arange(1, 11)))
    least = dict(zip(*contour(days, costs, 0.7), strict=True))
    assert (least[7.0], least[9.0], least[10.0]) == (10, 8, 7)


def uncertain(**terms):
    """Ten GPUs that come after 31 to 60 days; they cost 300,000, and 10,000 a month are spent until they are there."""
    costs = {"gpus": GPUS, "staff": {"price": "10_000 USD / month"}}
    made = scenario(costs=costs, assets={"gpus": {"life": "5 years"}}, **terms)
    lead = "supplies.gpus.orders.all.lead_time"
    return dcsim.load(made.document.data, overrides={lead: {"uniform": ["32 d", "90 d"]}})


@pytest.mark.slow
def test_date_and_budget_are_kept_in_the_replications_that_keep_both():
    asked = {"milestone": "here", "date": "2024-02-29", "budget": "320k USD", "n": 60, "engine": "reference"}
    result = dcsim.finance(uncertain(), **asked)
    rows, said = result.joint, result.about["joint"]
    months = rows["date"].dt.month
    assert rows["cost"].tolist() == (300_000 + 10_000 * months).tolist()
    both = (months == 2).mean()
    assert said["both"][0] == said["by_date"][0] == said["within_budget"][0] == both
    assert 0.3 < both < 0.7
    cheaper = dcsim.finance(uncertain(), **{**asked, "budget": "319k USD"})
    assert cheaper.about["joint"]["both"][0] == 0
    text = markdown("", [result.report()])
    assert "here by 2024-02-29 and for no more than 320k USD" in text
    names = [mark.name for mark in result.chart("joint").marks]
    assert names[:2] == ["date and budget kept", "not kept"]
    assert "both with 70 %" in names


def test_what_was_asked_is_kept_and_asked_again(tmp_path):
    result = dcsim.finance(uncertain(), milestone="here", budget="320k USD", n=8, engine="reference")
    again = dcsim.read(result.save(tmp_path / "out"))
    assert command(again)[3:7] == ["--milestone", "here", "--budget", "320000 USD"]
    assert again.chart("joint").marks


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"budget": "3M EUR"}, "the budget is in EUR, but the scenario counts in USD"),
        ({"budget": "many"}, "date or budget"),
        ({"date": "soon"}, "date or budget"),
        ({"milestone": "hree"}, "no milestone 'hree'; did you mean 'here'"),
    ],
)
def test_what_cannot_be_read_is_refused(asked, said):
    with pytest.raises(RequestError, match=said):
        dcsim.finance(uncertain(), n=1, **asked)


def test_income_by_year_is_that_of_the_statements():
    result = dcsim.finance(uncertain(), expected=True)
    chart = result.chart("income")
    net = next(mark for mark in chart.marks if mark.name == "net income")
    rows = result.statements
    rows = rows[(rows["line"] == "net income") & (rows["party"] == "consolidated")]
    assert net.x.sum() * 1e3 == pytest.approx(rows["amount"].sum(), abs=1)
