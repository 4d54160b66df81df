"""Announced dates: chances are those of closed forms; what separates builds that keep them is what makes them late."""

import re

import numpy as np
import pytest

import dcsim
from dcsim.errors import RequestError
from dcsim.report.files import report
from dcsim.study.promise import _best_limit

START = np.datetime64("2024-01-01")


def two(**more):
    """Fifty to 150 days, then up to 40, twice as long after a storm; and GPUs on the last day."""
    return dcsim.load(
        {
            "name": "Two",
            "start": "2024-01-01",
            "activities": {
                "a": {"duration": {"uniform": ["50 d", "150 d"]}},
                "b": {"duration": {"uniform": ["0 d", "40 d"]}, "after": ["a"], "produces": {"gpus": 8}},
            },
            "supplies": {"gpus": {"unit": "GPU"}},
            "risks": {"storm": {"probability": 0.5, "effects": {"activities.b": 2}, "mitigation": {"probability": 0}}},
            "options": {"fast": {"cost": "2M USD", "changes": {"activities": {"a": {"duration": "50 d"}}}}},
            "milestones": {"first": {"activity": "a"}, "last": {"activity": "b"}},
            **more,
        }
    )


@pytest.fixture(scope="module")
def kept():
    return dcsim.promise(two(), "last by 2024-05-19", n=300, engine="reference")


@pytest.mark.slow
def test_the_chance_is_that_of_the_distribution():
    """Day 100 has its end after 101 days: just over half of a range of 100."""
    found = dcsim.promise(two(), "first by 2024-04-10", n=300, engine="reference")
    assert found.about["low"] <= 0.51 <= found.about["high"]
    assert found.about["probability"] == np.mean(found.outcomes["date"] < np.datetime64("2024-04-11"))


@pytest.mark.slow
def test_an_amount_of_a_supply_is_a_milestone(kept):
    found = dcsim.promise(two(), "gpus 8 by 2024-05-19", n=300, engine="reference")
    assert found.about["probability"] == kept.about["probability"]
    assert found.scenario.document.sha256 == kept.scenario.document.sha256, (
        "so that it stands on the page of its scenario"
    )


@pytest.mark.slow
def test_what_separates_them_is_what_makes_them_late(kept):
    rows = kept.conditions.set_index("input")
    assert rows.index[0] == "a"
    assert rows.loc["a", "side"] == "at most"
    assert 70 < rows.loc["a", "limit"] < 130
    assert rows.loc["storm", "limit"] == 0
    assert rows.loc["storm", "with"] > rows.loc["storm", "without"]
    assert "a at most" in str(kept.report())
    assert "storm does not occur" in str(kept.report())


def test_the_best_limit_lies_between_equal_values():
    values, right = np.array([1.0, 1, 2, 2, 3]), np.array([True, True, True, False, False])
    assert _best_limit(values, right) == ("at most", 1)
    assert _best_limit(-values, right) == ("at least", -1)


def test_late_builds_spend_longer_on_what_makes_them_late(kept):
    days = (kept.outcomes["date"] - START) / np.timedelta64(1, "D")
    right = kept.outcomes["kept"].to_numpy() == 1
    later = days[~right].mean() - days[right].mean()
    assert kept.causes["more"].sum() == pytest.approx(later, abs=0.01)


def test_what_the_file_offers_raises_the_chance(kept):
    rows = kept.measures.set_index("option")
    assert list(rows.index) == ["fast", "storm"]
    assert rows.loc["fast", "probability"] == 1, "50 days and twice 40 are before day 139"
    assert (rows["more"] >= 0).all()
    assert np.isnan(rows.loc["storm", "cost"])


def test_one_paragraph_says_how_often_promises_are_kept(kept):
    first = kept.report().sections[0]
    (told,) = first.sentences
    assert "n = 2" in told
    planned = (np.datetime64("2024-05-19") - START) / np.timedelta64(1, "D")
    assert f"which here would be {np.datetime64('2024-05-19') + np.timedelta64(round(0.34 * planned), 'D')}" in told
    assert [mark.name for mark in first.charts[0].marks][1].startswith("announced: ")


def test_what_never_comes_is_kept_in_none():
    found = dcsim.promise(two(), "gpus 9 by 2024-05-19", n=20, engine="reference")
    assert (found.about["probability"], found.about["p50_date"]) == (0, None)
    assert "The P50 is never (not by the end of the simulation)" in str(found.report())
    assert found.chart().empty


@pytest.mark.slow
def test_what_was_seen_counts():
    seen = [{"milestone": "first", "not_by": "2024-05-19"}]
    found = dcsim.promise(two(seen=seen), "last by 2024-05-19", n=20, engine="reference")
    assert found.about["probability"] == 0
    assert found.conditions.empty
    assert "kept in <" in str(found.report())


def test_it_is_kept_and_stands_on_a_page(kept, tmp_path):
    again = dcsim.read(kept.save(tmp_path / "out"))
    assert str(again.report()) == str(kept.report())
    page = report(again, path=tmp_path / "page.html").read_text()
    assert "An announced date" in page
    assert "dcsim promise scenario.yaml &#39;last by 2024-05-19&#39; --seed 0 -n 300" in page


def test_the_command(dcsim, tmp_path):
    path = tmp_path / "two.yaml"
    path.write_text(two().document.text)
    out, err, code = dcsim("promise", str(path), "last by 2024-05-19", "-n", "40", "--engine", "reference")
    assert (code, err) == (0, "")
    assert "last by 2024-05-19: kept in" in out
    assert max(map(len, out.splitlines())) <= 80


@pytest.mark.parametrize(
    ("what", "told"),
    [
        ("last", "expected `MILESTONE by DATE` or `SUPPLY AMOUNT by DATE`"),
        ("lost by 2024-05-19", "no milestone 'lost'; did you mean 'last'?"),
        ("gpu 8 by 2024-05-19", "no supply 'gpu'; did you mean 'gpus'?"),
        ("gpus eight by 2024-05-19", "the amount of the promise: "),
        ("gpus 0 by 2024-05-19", "at least 1 GPU"),
        ("last by May", "the date of the promise: "),
    ],
)
def test_promises_are_read_strictly(what, told):
    with pytest.raises(RequestError, match=re.escape(told)):
        dcsim.promise(two(), what, n=2, engine="reference")
