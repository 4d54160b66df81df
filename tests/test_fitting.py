"""Fitted values of one scenario: their posterior is where the observed dates are, what stands for what is told."""

import pytest

import dcsim
from dcsim.errors import RequestError

BUILD = """name: One build
start: 2024-01-01
horizon: 3 years
supplies:
  stacks:
    production: {rate: 100 / d, share: 0.5}
activities:
  clear: {duration: 20 to 80 d}
  works: {duration: 100 d, after: [clear]}
  racks: {consumes: {stacks: 10_000}, duration: 1 d}
  hand_over: {duration: 30 to 40 d, after: [works]}
milestones:
  shell: {activity: works, observed: [{date: 2024-06-18}, {date: 2024-06-22}]}
  installed: {activity: racks, observed: 2024-09-08}
  done: {activity: hand_over, observed: 2024-07-25}
fitted:
  activities.works.duration: {to: shell, prior: 60 to 240 d}
  supplies.stacks.production.share: {to: installed, prior: 0.2 to 0.8}
"""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    path = tmp_path_factory.mktemp("fit") / "build.yaml"
    path.write_text(BUILD)
    return path


@pytest.fixture(scope="module")
def fitted(path):
    return dcsim.calibrate(path, n=400, engine="reference")


@pytest.mark.slow
def test_fitted_values_are_where_the_dates_are(fitted):
    table = fitted.fitted.set_index("value")
    works, share = table.loc["activities.works.duration"], table.loc["supplies.stacks.production.share"]
    assert (works["prior_low"], works["written"], works["prior_high"]) == (60 * 24, 100 * 24, 240 * 24)
    assert 100 < works["p50"] / 24 < 150, "171 days less 20 to 80 of clearing"
    assert share["p50"] == pytest.approx(0.4, rel=0.02), "10,000 of 100 a day in 251 days"
    assert max(works["width"], share["width"]) < 0.6
    dates = fitted.dates.set_index("milestone")
    assert list(dates["fitted"]) == ["yes", "yes", "no"]
    assert (dates.loc["shell", "first"], dates.loc["shell", "last"]) == (169, 173)
    for name, seen in (("shell", 171), ("installed", 251), ("done", 206)):
        row = dates.loc[name]
        assert row["after_p10"] - 2 < seen < row["after_p90"] + 2
        assert row["after_p90"] - row["after_p10"] < row["before_p90"] - row["before_p10"]


@pytest.mark.slow
def test_what_stands_for_each_other_is_told(fitted):
    others = fitted.others.set_index(["value", "other"])["correlation"]
    assert others["activities.works.duration", "activities.clear"] < -0.6
    assert abs(others["supplies.stacks.production.share", "activities.clear"]) < 0.4
    text = str(fitted.report())
    assert "activities.works.duration and activities.clear stand for each other" in " ".join(text.split())
    assert fitted.about["effective"] >= 100


@pytest.mark.slow
def test_a_result_read_again_says_the_same(fitted, tmp_path):
    again = dcsim.read(fitted.save(tmp_path / "out"))
    assert str(again.report()) == str(fitted.report())
    assert again.chart().rows == 3


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("fitted:", "", "nothing in"),
        ("activities.works.duration: {to: shell", "activities.works.duration: {to: []", "installed"),
        ("prior: 60 to 240 d", "prior: 2024-01-01 to 2025-01-01", "cannot be calibrated: expected a duration"),
    ],
)
def test_what_no_date_tells_is_left_alone_or_refused(path, tmp_path, old, new, message):
    text = BUILD.split("fitted:")[0] if not new else BUILD.replace(old, new)
    (tmp_path / "build.yaml").write_text(text)
    if message == "installed":
        result = dcsim.calibrate(tmp_path / "build.yaml", n=16, engine="reference")
        assert list(result.fitted["to"]) == ["installed"]
        return
    with pytest.raises(RequestError, match=message):
        dcsim.calibrate(tmp_path / "build.yaml", n=4, engine="reference")


@pytest.mark.slow
def test_the_command(dcsim, path, tmp_path):
    out, err, code = dcsim("calibrate", str(path), "-n", "64", "--engine", "reference")
    assert (code, err) == (0, "")
    assert "fitted to it" in out
    assert max(map(len, out.splitlines())) <= 80
    for more in (("-o", str(tmp_path / "layer.yaml")), ("--as-of", "2024-06-01")):
        _, err, code = dcsim("calibrate", str(path), "-n", "4", *more)
        assert code == 2
        assert "one scenario" in err
