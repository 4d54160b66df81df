"""The folder of a result: whole, the same every time, and never another result's."""

import copy
import hashlib
import json
import os
import pickle
from fractions import Fraction

import pandas as pd
import pytest

import dcsim
from dcsim.study.run import TABLES

TINY = {
    "name": "tiny",
    "start": "2024-01-01",
    "horizon": "30 d",
    "places": {"rack": 3},
    "resources": {"crew": {"count": 1}},
    "supplies": {"racks": {"unit": "rack", "orders": {"first": {"amount": 2, "lead_time": "1 to 3 d"}}}},
    "activities": {
        "install": {"at": "rack", "duration": "4 to 9 h", "requires": {"crew": 1}, "consumes": {"racks": 1}},
        "test": {"at": "rack", "duration": "1 h", "after": ["install"], "rework": {"probability": "0.5"}},
    },
    "milestones": {"done": {"activity": "test"}},
    "variants": {"quick": {"activities": {"install": {"duration": "1 h"}}}},
}


def simulated(seed=0, **options):
    return dcsim.simulate(dcsim.load(TINY, **options), seed=seed)


def contents(folder):
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_a_result_holds_the_scenario_the_manifest_and_every_table(tmp_path):
    run = simulated()
    assert run.save(tmp_path / "out") == tmp_path / "out"
    assert set(contents(tmp_path / "out")) == {
        "manifest.json",
        "scenario.yaml",
        *(f"{name}.parquet" for name in TABLES),
    }
    for name in TABLES:
        read = pd.read_parquet(tmp_path / "out" / f"{name}.parquet")
        pd.testing.assert_frame_equal(read, getattr(run, name))
        assert read.attrs == getattr(run, name).attrs


def test_the_manifest_says_what_the_result_is(tmp_path):
    simulated(variants=["quick"], overrides={"resources.crew.count": "2"}, seed=7).save(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["variants"] == ["quick"]
    assert manifest["overrides"] == {"resources.crew.count": "2"}
    assert manifest["seed"] == 7
    assert manifest["replications"] == [0]
    assert manifest["engine"] == "reference"
    assert manifest["dcsim"] == dcsim.__version__
    assert manifest["finished"] is False
    assert manifest["sha256"] == hashlib.sha256((tmp_path / "scenario.yaml").read_bytes()).hexdigest()


def test_the_saved_scenario_is_the_same_scenario(tmp_path):
    run = simulated(variants=["quick"])
    run.save(tmp_path)
    again = dcsim.load(tmp_path / "scenario.yaml")
    assert again.document.sha256 == run.scenario.document.sha256
    pd.testing.assert_frame_equal(dcsim.simulate(again).activities, run.activities)


def test_the_same_build_gives_the_same_bytes_and_may_be_written_again(tmp_path):
    simulated().save(tmp_path / "one")
    before = contents(tmp_path / "one")
    simulated().save(tmp_path / "two")
    simulated().save(tmp_path / "one")
    assert contents(tmp_path / "one") == before == contents(tmp_path / "two")


def test_expected_values_stand_in_place_of_a_seed(tmp_path):
    dcsim.simulate(dcsim.load(TINY), expected=True).save(tmp_path)
    assert json.loads((tmp_path / "manifest.json").read_text())["seed"] == "expected"


def test_another_seed_is_refused(tmp_path):
    simulated().save(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(
        dcsim.errors.ResultError,
        match=r"holds another result: 'tiny', seed 0.*differs in its seed: choose another folder",
    ):
        simulated(seed=1).save(tmp_path)
    assert contents(tmp_path) == before


def test_another_scenario_is_refused(tmp_path):
    simulated(variants=["quick"]).save(tmp_path)
    with pytest.raises(
        dcsim.errors.ResultError, match=r"'tiny' with quick, seed 0, scenario [0-9a-f]{12}; .* its scenario:"
    ):
        simulated().save(tmp_path)


def test_a_foreign_scenario_file_is_not_overwritten(tmp_path):
    (tmp_path / "scenario.yaml").write_text("name: somebody's own\n")
    with pytest.raises(dcsim.errors.ResultError, match=r"holds a scenario.yaml that is not this result's"):
        simulated().save(tmp_path)
    assert (tmp_path / "scenario.yaml").read_text() == "name: somebody's own\n"


def test_a_result_is_read_as_it_was_written(tmp_path):
    run = simulated(variants=["quick"], seed=7)
    run.save(tmp_path)
    found = dcsim.read(tmp_path)
    assert (found.kind, found.about["seed"], found.about["variants"]) == ("run", 7, ["quick"])
    assert found.scenario.document.sha256 == run.scenario.document.sha256
    assert found.tables.keys() == run.tables.keys()
    for name, table in found.tables.items():
        pd.testing.assert_frame_equal(table, getattr(run, name))


def told(result):
    """All that a result says and draws, but for the numbers of its charts."""
    report = result.report()
    charts = [result.chart(name) for name in result.charts()]
    tables = [[table.columns, table.rows] for section in report.sections for table in section.tables]
    words = [[section.title, section.sentences, section.points, section.notes] for section in report.sections]
    marks = [[chart.title, chart.summary, [mark.name for mark in chart.marks]] for chart in charts]
    return str([report.subject, words, tables, marks])


def test_a_result_that_was_read_says_and_draws_the_same(tmp_path):
    many = dcsim.replicate(TINY, 3, engine="reference", out=tmp_path)
    assert told(dcsim.read(tmp_path)) == told(many)


@pytest.mark.slow
def test_results_are_copied_and_pickled(tmp_path):
    many = dcsim.replicate(TINY, 3, engine="reference", out=tmp_path)
    for result in (many, dcsim.read(tmp_path)):
        for other in (copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))):
            assert told(other) == told(result)
            assert set(other.tables) <= set(dir(other))
    with pytest.raises(AttributeError, match=r"a result of kind 'replications' has no 'days'; its tables are milest"):
        many.days  # noqa: B018


def test_many_replications_are_read_as_they_were_written(tmp_path):
    many = dcsim.replicate(dcsim.load(TINY), 3, engine="reference", out=tmp_path / "as it ran")
    many.save(tmp_path / "later")
    assert contents(tmp_path / "later").items() <= contents(tmp_path / "as it ran").items()
    found = dcsim.read(tmp_path / "later")
    assert (found.kind, found.about["simulated"]) == ("replications", 3)
    pd.testing.assert_frame_equal(found.tables["milestones"], many.milestones)
    many.save(tmp_path / "later")


def test_another_question_is_refused(tmp_path):
    simulated().save(tmp_path)
    with pytest.raises(dcsim.errors.ResultError, match=r"differs in its question, replications, sampling"):
        dcsim.replicate(dcsim.load(TINY), 1, engine="reference", out=tmp_path)


def test_a_value_is_kept_as_it_was_written(tmp_path):
    scenario = dcsim.load(TINY, overrides={"resources.crew.count": {"0 d": 1, "3 d": Fraction(2)}})
    dcsim.simulate(scenario).save(tmp_path)
    assert dcsim.read(tmp_path).about["overrides"] == {"resources.crew.count": {"0 d": 1, "3 d": "2"}}


def explained(**options):
    return dcsim.explain(dcsim.load(TINY), milestone="done", n=4, **options)


def compared(lasts):
    spec = TINY | {"variants": {"quick": {"activities": {"install": {"duration": lasts}}}}}
    return dcsim.compare(dcsim.load(spec), "quick", n=4)


def delay_cost(**options):
    spec = TINY | {
        "supplies": TINY["supplies"] | {"tested": {"unit": "rack"}},
        "activities": TINY["activities"] | {"test": TINY["activities"]["test"] | {"produces": {"tested": 1}}},
    }
    return dcsim.delay_cost(dcsim.load(spec), supply="tested", n=2, **options)


def plan(date):
    return pd.DataFrame({"date": [date], "amount": [3]})


@pytest.mark.parametrize(
    ("one", "other", "differs"),
    [
        (lambda: explained(replication=1), lambda: explained(replication=2), "replication told"),
        (lambda: explained(replication=1), lambda: explained(replication=None), "replication told"),
        (lambda: compared("1 h"), lambda: compared("2 h"), "scenarios behind their names"),
        (lambda: delay_cost(), lambda: delay_cost(target=plan("2024-01-02")), "reference of the comparison, plan"),
        (lambda: delay_cost(target=plan("2024-01-02")), lambda: delay_cost(target=plan("2024-01-03")), "plan"),
        (lambda: delay_cost(price="4 USD"), lambda: delay_cost(price="5 USD"), "value of an hour"),
    ],
)
def test_another_answer_to_the_same_question_is_refused(tmp_path, one, other, differs):
    one().save(tmp_path)
    before = contents(tmp_path)
    with pytest.raises(
        dcsim.errors.ResultError, match=f"the new result differs in its {differs}: choose another folder"
    ):
        other().save(tmp_path)
    assert contents(tmp_path) == before
    one().save(tmp_path)
    assert contents(tmp_path) == before


def _old(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | {"layout": 2, "dcsim": "0.0.9"}))


def _unfinished(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    del manifest["rows"]
    (folder / "manifest.json").write_text(json.dumps(manifest))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda folder: (folder / "manifest.json").unlink(), "holds no result: there is no manifest.json; give a fold"),
        (lambda folder: (folder / "manifest.json").write_text("?"), "is not a manifest of dcsim"),
        (_old, "was written by dcsim 0.0.9 in another layout: run the command again with this version"),
        (_unfinished, "is not finished: run the same command again, or continue it with --resume"),
        (
            lambda folder: (folder / "scenario.yaml").unlink(),
            "there is no file '.*scenario.yaml'.*: run the command again",
        ),
        (
            lambda folder: (folder / "scenario.yaml").write_text("name: mine"),
            "was changed after the result was written",
        ),
        (
            lambda folder: (folder / "stuck.parquet").unlink(),
            "there is no file '.*stuck.parquet'.*: run the command again",
        ),
        (
            lambda folder: (folder / "stuck.parquet").write_text("PAR1"),
            "stuck.parquet' was changed after the result",
        ),
        (
            lambda folder: os.truncate(folder / "stuck.parquet", 900),
            "stuck.parquet' was changed after the result",
        ),
        (
            lambda folder: os.replace(folder / "stuck.parquet", folder / "attempts.parquet"),
            "attempts.parquet' was changed after the result was written, or is damaged",
        ),
    ],
)
def test_what_cannot_be_read_is_told_with_a_remedy(tmp_path, spoil, message):
    simulated().save(tmp_path)
    spoil(tmp_path)
    with pytest.raises(dcsim.errors.ResultError, match=message):
        dcsim.read(tmp_path)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(dcsim.errors.ResultError, match=r"there is no folder '.*nowhere': give a folder written"):
        dcsim.read(tmp_path / "nowhere")


def test_what_was_left_unfinished_is_finished(tmp_path):
    simulated().save(tmp_path)
    before = contents(tmp_path)
    (tmp_path / "manifest.json").unlink()
    (tmp_path / "stuck.parquet").unlink()
    simulated().save(tmp_path)
    assert contents(tmp_path) == before


@pytest.mark.parametrize("text", ["not json", "[1, 2]"])
def test_a_broken_manifest_is_told(tmp_path, text):
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(dcsim.errors.ResultError, match="is not a manifest of dcsim; choose another folder, or delete"):
        simulated().save(tmp_path)


def test_a_file_in_place_of_the_folder(tmp_path):
    (tmp_path / "out").write_text("")
    for folder in (tmp_path / "out", tmp_path / "out" / "deeper"):
        with pytest.raises(dcsim.errors.ResultError, match="a file has the name of the folder"):
            simulated().save(folder)


def test_what_the_machine_refuses_is_told_in_a_sentence(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(dcsim.errors.ResultError, match=r"cannot write '.*scenario.yaml': no space left on device"):
        simulated().save(tmp_path)
    assert contents(tmp_path) == {}
