"""Many replications: the same bytes whoever works, nothing lost when stopped, and never another's folder."""

import errno
import json
import os
import pickle
import random
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from generated import linked, under_way
from generated import scenario as generated

import dcsim
from dcsim.distributions import Fixed
from dcsim.engine import ENGINES, new_runner
from dcsim.engine.kept import Kept
from dcsim.engine.outcome import Goal
from dcsim.engine.philox import uniform
from dcsim.study.cash import network_of
from dcsim.study.design import designed, site_quantities
from dcsim.study.replications import TABLES
from dcsim.trace import NOT

ROOT = Path(__file__).parents[1]
MINIMAL = ROOT / "configs" / "minimal.yaml"
NETWORKS = 50
REPLICATIONS = (0, 1, 2, 3, 4, 9)

TINY = {
    "name": "tiny",
    "start": "2024-01-01",
    "horizon": "40 d",
    "places": {"hall": 2, "rack": {"in": "hall", "count": 4}},
    "calendars": {"shift": {"days": "Mon-Fri", "hours": "07:00-17:00"}},
    "factors": {"labor": {"pert": [0.8, 1, 1.4]}},
    "resources": {"crew": {"count": 1, "calendar": "shift"}},
    "supplies": {
        "racks": {"unit": "rack", "orders": {"first": {"amount": 8, "lead_time": "5 to 12 d", "lots": 2}}},
        "tested": {"unit": "rack"},
    },
    "activities": {
        "install": {
            "at": "rack",
            "duration": "4 to 9 h",
            "requires": {"crew": 1},
            "consumes": {"racks": 1},
            "varies_with": ["labor"],
        },
        "test": {
            "at": "rack",
            "duration": "1 to 3 h",
            "after": ["install"],
            "rework": {"probability": "0.5", "duration": "1 to 2 h"},
            "produces": {"tested": 1},
        },
        "permit": {"duration": "1 to 9 d"},
    },
    "risks": {
        "storm": {"probability": 0.4, "begins": "2024-01-03 to 2024-01-10", "effects": {"activities.install": 2}}
    },
    "milestones": {"half": {"supply": "tested", "reaches": 4}, "done": {"activity": "test"}},
    "variants": {"quick": {"activities": {"install": {"duration": "1 h"}}}},
}


def tiny(**options):
    return dcsim.load(TINY, **options)


def run(count=100, out=None, **options):
    return dcsim.replicate(tiny(), count, engine=options.pop("engine", "reference"), out=out, **options)


def contents(folder):
    """Every table in a folder as bytes, and the manifest."""
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if not path.name.startswith(".")}


# The same bytes


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """What one worker leaves, by sampling."""
    folders = {sampling: tmp_path_factory.mktemp(sampling) / "out" for sampling in ("random", "lhs", "sobol")}
    for sampling, folder in folders.items():
        run(128, folder, sampling=sampling, workers=1)
    return {sampling: contents(folder) for sampling, folder in folders.items()}


@pytest.mark.slow
def test_a_campaign_leaves_its_tables_and_nothing_else(undisturbed):
    expected = {"manifest.json", "scenario.yaml", *(f"{name}.parquet" for name in TABLES)}
    assert set(undisturbed["random"]) == expected
    assert len({folder["milestones.parquet"] for folder in undisturbed.values()}) == 3


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["random", "lhs", "sobol"])
@pytest.mark.parametrize(
    ("engine", "workers", "chunk"),
    [
        *(pytest.param("compiled", *split, marks=pytest.mark.compiled) for split in ((1, 64), (2, 7), (3, 64), (3, 7))),
        ("reference", 2, 7),
    ],
)
def test_the_same_bytes_whoever_works(undisturbed, tmp_path, sampling, engine, workers, chunk):
    run(128, tmp_path / "out", sampling=sampling, engine=engine, workers=workers, chunk=chunk)
    assert contents(tmp_path / "out") == undisturbed[sampling]


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["random", "lhs", "sobol"])
def test_a_replication_is_the_same_whatever_their_number(sampling):
    few, many = run(64, sampling=sampling), run(128, sampling=sampling)
    pd.testing.assert_frame_equal(few.milestones, many.milestones[: len(few.milestones)])
    pd.testing.assert_frame_equal(few.draws, many.draws[: len(few.draws)])
    assert (few.kept.waits == many.kept.waits[:64]).all()


@pytest.mark.parametrize("sampling", ["random", "lhs", "sobol"])
def test_every_replication_can_be_told_again(sampling):
    many = run(64, sampling=sampling)
    for k in (0, 13, 63):
        one = dcsim.simulate(tiny(), replication=k, sampling=sampling)
        kept = many.milestones[many.milestones["replication"] == k].reset_index(drop=True)
        pd.testing.assert_frame_equal(one.milestones, kept)


def test_the_seed_matters():
    assert not run(20).milestones.equals(run(20, seed=1).milestones)


# Both engines


def same(one, other):
    """Whether two outcomes agree in everything that is kept."""
    assert (one.reached == other.reached).all()
    assert (one.finish == other.finish).all()
    assert (one.waits == other.waits).all()
    assert sorted(one.late) == sorted(other.late)
    for name in ("minutes", "failures", "again", "retry_minutes", "repair_minutes", "lead", "capacity"):
        assert (getattr(one.draws, name) == getattr(other.draws, name)).all(), name
    for name in ("deliveries", "steps", "factors"):
        mine, others = getattr(one.draws, name), getattr(other.draws, name)
        assert all(np.array_equal(a, b) for a, b in zip(mine, others, strict=True)), name
    assert one.draws.windows == other.draws.windows
    assert one.draws.postponed == other.draws.postponed


@pytest.mark.compiled
@pytest.mark.parametrize("batch", range(5))
def test_both_engines_keep_the_same_of_generated_networks(batch):
    for seed in range(batch, NETWORKS, 5):
        network = network_of(dcsim.load(generated(random.Random(seed))))
        runners = [new_runner(name, network, seed) for name in ("reference", "compiled")]
        for k in REPLICATIONS:
            same(*(runner.run(k, {}) for runner in runners))


@pytest.mark.compiled
@pytest.mark.parametrize("data", [TINY, MINIMAL], ids=["tiny", "minimal"])
@pytest.mark.parametrize("sampling", ["random", "lhs", "sobol"])
def test_both_engines_keep_the_same(data, sampling):
    network = network_of(dcsim.load(data))
    runners = [new_runner(name, network, 3) for name in ("reference", "compiled")]
    for k in (*range(9), 64, 2):
        same(*(runner.run(k, designed(network, sampling, 3, k)) for runner in runners))


def varied(network, seed, number):
    """A replication, and the same with each quantity of the site in turn as it is in another."""
    names = site_quantities(network)
    return [{}, *({name: uniform(seed, name, 0, number + 1)} for name in names)]


@pytest.mark.compiled
@pytest.mark.parametrize("kind", [generated, linked, under_way])
def test_a_run_that_is_asked_for_one_milestone_ends_as_the_whole_one(kind):
    for seed in range(12):
        network = network_of(dcsim.load(kind(random.Random(seed))))
        whole = new_runner("compiled", network, seed)
        for number, milestone in enumerate(network.milestones):
            goal = Goal(number, network.horizon if seed % 3 else network.horizon // 4)
            runners = [new_runner(name, network, seed, goal=goal) for name in ENGINES]
            for given in varied(network, seed, 3):
                outcome, ends = whole.run(3, given), [*(next(runner.ends([(3, given)])) for runner in runners)]
                late = outcome.reached[number] > goal.until
                expected = (NOT, NOT) if late else (outcome.reached[number], outcome.dated[number])
                assert [end[:2] for end in ends] == [expected] * 2, (seed, milestone.name, given)
                if outcome.reached[number] == NOT and goal.until == network.horizon:
                    assert all(end.left == outcome.left and (end.stuck == outcome.stuck).all() for end in ends)


@pytest.mark.compiled
@pytest.mark.parametrize("kind", [generated, linked, under_way])
def test_networks_that_share_working_times_run_as_each_alone(kind):
    """A network, the same with other factors or without risks, and another, in turn; with much room and with little."""
    for seed in range(10):
        one, other = (network_of(dcsim.load(kind(random.Random(number)))) for number in (seed, seed + 100))
        factors = tuple(replace(factor, value=Fixed(1.5)) for factor in one.factors)
        calm = tuple(replace(risk, probability=0.0) for risk in one.risks)
        networks = [one, replace(one, factors=factors), other, replace(one, risks=calm)]
        alone = [new_runner("compiled", network, seed) for network in networks]
        for kept in (Kept(), Kept(2 * one.instances * 20)):
            shared = [new_runner("compiled", network, seed, kept=kept) for network in networks]
            for k in (0, 1, 2, 0, 1, 5):
                for mine, others in zip(shared, alone, strict=True):
                    same(mine.run(k, {}), others.run(k, {}))
            assert kept.size <= kept.room
            assert kept.size == sum(x.nbytes for times in kept.times.values() for x in times)


@pytest.mark.compiled
def test_another_process_keeps_no_working_times():
    network = network_of(dcsim.load(generated(random.Random(1))))
    sent = pickle.loads(pickle.dumps(Kept()))
    same(new_runner("compiled", network, 1, kept=sent).run(0, {}), new_runner("compiled", network, 1).run(0, {}))
    assert not sent.times
    assert sent.size == 0


# What is kept


@pytest.mark.slow
def test_the_manifest_says_what_was_asked(tmp_path):
    run(70, tmp_path / "out", seed=5)
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert {key: manifest[key] for key in ("name", "seed", "sampling", "replications", "simulated")} == {
        "name": "tiny",
        "seed": 5,
        "sampling": "random",
        "replications": 70,
        "simulated": 70,
    }
    assert manifest["dcsim"] == dcsim.__version__
    assert manifest["sha256"] == tiny().document.sha256


@pytest.mark.slow
def test_the_tables_on_disk_are_those_in_memory(tmp_path):
    many = run(70, tmp_path / "out")
    for name in TABLES:
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out" / f"{name}.parquet"), getattr(many, name))
    assert run(70).save(tmp_path / "again") == tmp_path / "again"
    assert contents(tmp_path / "again") == contents(tmp_path / "out")


@pytest.mark.slow
def test_what_is_finished_is_not_run_again(tmp_path, monkeypatch):
    """--resume on a finished folder reads what is there, and leaves the same bytes."""
    first = run(70, tmp_path / "out")
    before = contents(tmp_path / "out")
    monkeypatch.setattr("dcsim.study.replicate.run_chunk", None)
    again = run(70, tmp_path / "out", resume=True)
    assert contents(tmp_path / "out") == before
    for name in TABLES:
        pd.testing.assert_frame_equal(getattr(again, name), getattr(first, name))


def test_a_result_says_in_a_line_what_it_is():
    assert repr(run(5)) == "Replications('tiny', n=5, seed=0, sampling='random')"
    assert repr(dcsim.simulate(tiny(), replication=3)) == "Run('tiny', seed=0, replication=3, finished=True)"
    assert repr(dcsim.simulate(tiny(), expected=True)) == "Run('tiny', expected values, finished=True)"


def test_a_build_with_little_to_keep():
    scenario = dcsim.load({"name": "a", "start": "2024-01-01", "activities": {"a": {"duration": "1 to 2 d"}}})
    many = dcsim.replicate(scenario, 3)
    assert (many.n, many.finished) == (3, 1)
    assert [name for name in TABLES if not getattr(many, name).empty] == ["draws"]
    assert set(many.draws["name"]) == {"activities.a"}


@pytest.mark.slow
def test_what_happened_in_each_replication(tmp_path):
    many = run(40)
    runs = [dcsim.simulate(tiny(), replication=k) for k in range(40)]
    assert many.finished == np.mean([one.finished for one in runs])
    days = {
        cause: [one.waits.set_index("cause")["days"].get(cause, 0.0) for one in runs] for cause in ("crew", "racks")
    }
    waits = many.waits.set_index("cause")
    for cause, values in days.items():
        assert waits.loc[cause, "days"] == pytest.approx(np.mean(values))
        assert waits.loc[cause, "days_p90"] == pytest.approx(np.quantile(values, 0.9, method="inverted_cdf"))
    draws = many.draws.pivot(index="replication", columns="name", values="value")
    assert draws["factors.labor"].tolist() == [one.draws.factors[0][0] for one in runs]
    begins = [one.draws.windows[0][0].begins if one.draws.windows[0] else None for one in runs]
    assert draws["risks.storm"].notna().tolist() == [tick is not None for tick in begins]
    assert draws["risks.storm"].dropna().tolist() == [tick for tick in begins if tick is not None]


# Stopped and continued

PROGRAM = """
import os, signal, sys
import dcsim

def die():
    os.kill(os.getpid(), signal.SIGKILL)

{before}
dcsim.replicate(dcsim.load(sys.argv[1]), 128, engine="reference", workers=2, chunk=16, out=sys.argv[2]{options})
"""

BETWEEN = """
def progress(done, count):
    if done >= 48:
        die()
"""
IN_A_PART = """
replace = os.replace
def half(source, target):
    if "00000064" in str(target):
        with open(source, "r+b") as file:
            file.truncate(200)
        die()
    replace(source, target)
os.replace = half
"""
AT_THE_END = """
replace = os.replace
def half(source, target):
    if str(target).endswith("waits.parquet"):
        die()
    replace(source, target)
os.replace = half
"""
AFTER_THE_END = """
from dcsim.study.campaign import Campaign
def finish(self):
    sorted(self.parts.iterdir())[3].unlink()
    die()
Campaign.finish = finish
"""


@pytest.mark.slow
@pytest.mark.parametrize(
    ("before", "options"),
    [(BETWEEN, ", progress=progress"), (IN_A_PART, ""), (AT_THE_END, ""), (AFTER_THE_END, "")],
    ids=["between parts", "in a part", "writing tables", "clearing up"],
)
def test_what_was_killed_is_continued(undisturbed, tmp_path, before, options):
    """Wherever the process was killed, what is continued ends with the same bytes."""
    scenario, out = tmp_path / "tiny.json", tmp_path / "out"
    scenario.write_text(json.dumps(TINY))
    program = PROGRAM.format(before=textwrap.dedent(before), options=options)
    killed = subprocess.run([sys.executable, "-c", program, scenario, out], cwd=ROOT, capture_output=True, check=False)
    assert killed.returncode == -signal.SIGKILL, killed.stderr.decode()
    assert any((out / "parts").glob("*.part"))
    if before == IN_A_PART:
        assert any((out / "parts").glob(".*.unfinished"))
    with pytest.raises(dcsim.errors.ResultError, match="holds a stopped run: continue it with --resume, or delete"):
        dcsim.replicate(dcsim.load(scenario), 128, engine="reference", out=out)
    started = []
    dcsim.replicate(
        dcsim.load(scenario),
        128,
        engine="reference",
        chunk=16,
        out=out,
        resume=True,
        progress=lambda done, _: started.append(done),
    )
    assert contents(out) | {"scenario.yaml": b""} == undisturbed["random"] | {"scenario.yaml": b""}


def parts_of_a_stopped_run(out, **options):
    """Run until 48 replications are done, and stop there from the keyboard."""

    def stop(done, _):
        if done >= 48:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(128, out, chunk=16, progress=stop, **options)
    return sorted((out / "parts").glob("*.part"))


@pytest.mark.slow
def test_what_was_done_is_not_done_again(tmp_path, undisturbed):
    parts = parts_of_a_stopped_run(tmp_path / "out")
    assert len(parts) == 3
    seen = []
    run(128, tmp_path / "out", chunk=16, resume=True, progress=lambda done, _: seen.append(done))
    assert seen[:4] == [0, 16, 32, 48]
    assert contents(tmp_path / "out") == undisturbed["random"]


@pytest.mark.slow
def test_a_part_that_cannot_be_read_is_run_again(tmp_path, undisturbed):
    parts = parts_of_a_stopped_run(tmp_path / "out")
    parts[0].write_bytes(parts[0].read_bytes()[:300])
    parts[1].write_bytes(b"")
    pd.DataFrame({"what": ["wait"]}).to_parquet(parts[2])
    run(128, tmp_path / "out", chunk=16, resume=True)
    assert contents(tmp_path / "out") == undisturbed["random"]


@pytest.mark.slow
def test_a_half_written_part_is_ignored(tmp_path, undisturbed):
    parts = parts_of_a_stopped_run(tmp_path / "out")
    half = parts[0].with_name(".0123456789abcdef.unfinished")
    half.write_bytes(parts[0].read_bytes()[:300])
    run(128, tmp_path / "out", chunk=16, resume=True)
    assert contents(tmp_path / "out") == undisturbed["random"]


@pytest.mark.slow
def test_what_is_complete_may_be_run_again(tmp_path, undisturbed):
    for resume in (False, True):
        run(128, tmp_path / "out", resume=resume)
        assert contents(tmp_path / "out") == undisturbed["random"]


@pytest.mark.slow
def test_what_stops_when_precise_is_continued_too(tmp_path):
    options = {"until_precise": ["done.p50 within 2 d"], "at_least": 32}
    assert run(640, tmp_path / "one", **options).n < 640
    parts_of_a_stopped_run(tmp_path / "two", **options | {"until_precise": ["done.p50 within 0.1 d"]})
    with pytest.raises(dcsim.errors.ResultError, match="differs in its replications, precision"):
        run(640, tmp_path / "two", resume=True, **options)
    before = contents(tmp_path / "one")
    (tmp_path / "one" / "parts").mkdir()
    run(640, tmp_path / "one", resume=True, **options)
    assert contents(tmp_path / "one") == before
    assert 0 < json.loads(before["manifest.json"])["simulated"] < 640


@pytest.mark.slow
def test_a_full_disk_leaves_the_parts(tmp_path, undisturbed, monkeypatch):
    written, replace = [], os.replace

    def full(source, target):
        if "-" in Path(target).name and len(written) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        written.append(target)
        replace(source, target)

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(
        dcsim.errors.ResultError, match="part': no space left on device; the finished part is kept, --resume continues"
    ):
        run(128, tmp_path / "out", chunk=16)
    monkeypatch.undo()
    assert len(list((tmp_path / "out" / "parts").iterdir())) == 1
    run(128, tmp_path / "out", chunk=16, resume=True)
    assert contents(tmp_path / "out") == undisturbed["random"]


def test_what_fails_stops_the_rest(monkeypatch):
    """The error comes at once, and no thread goes on with what nobody waits for."""
    from dcsim.study import replicate

    ran = []

    def fail(network, engine, seed, sampling, explained, first, last, what, stopped, in_full, kept):
        ran.append(first)
        raise RuntimeError(f"replication {first}")

    monkeypatch.setattr(replicate, "run_chunk", fail)
    with pytest.raises(RuntimeError, match="replication 0"):
        run(10_000, chunk=1)
    assert len(ran) < 10


# Other folders


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (
            {"seed": 1},
            "'tiny', seed 0, scenario [0-9a-f]{12}; the new result differs in its seed: choose another folder",
        ),
        ({"sampling": "lhs"}, "differs in its sampling"),
        ({"count": 64}, "differs in its replications"),
        ({"until_precise": ["done.p50 within 1 d"]}, "differs in its precision"),
    ],
)
def test_the_folder_of_something_else_is_refused(tmp_path, other, message):
    parts = parts_of_a_stopped_run(tmp_path / "out")
    before = contents(tmp_path / "out" / "parts")
    with pytest.raises(dcsim.errors.ResultError, match=f"holds another result: .*{message}"):
        run(**{"count": 128, "out": tmp_path / "out", "resume": True} | other)
    assert contents(tmp_path / "out" / "parts") == before
    assert len(before) == len(parts)


def test_the_folder_of_another_scenario_is_refused(tmp_path):
    parts_of_a_stopped_run(tmp_path / "out")
    with pytest.raises(dcsim.errors.ResultError, match="differs in its scenario"):
        dcsim.replicate(tiny(variants=["quick"]), 128, out=tmp_path / "out", resume=True)


def test_the_folder_of_another_version_is_refused(tmp_path):
    parts_of_a_stopped_run(tmp_path / "out")
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_text(manifest.read_text().replace(dcsim.__version__, "0.0.9"))
    with pytest.raises(dcsim.errors.ResultError, match="differs in its version of dcsim"):
        run(128, tmp_path / "out", resume=True)


def test_the_folder_of_a_single_run_is_refused(tmp_path):
    dcsim.simulate(tiny()).save(tmp_path / "out")
    before = contents(tmp_path / "out")
    with pytest.raises(dcsim.errors.ResultError, match="differs in its question, replications, sampling"):
        run(1, tmp_path / "out")
    assert contents(tmp_path / "out") == before
    assert not (tmp_path / "out" / ".lock").exists()


def test_a_file_in_place_of_a_folder_is_told(tmp_path):
    (tmp_path / "out").write_text("")
    with pytest.raises(dcsim.errors.ResultError, match="a file has the name of the folder"):
        run(5, tmp_path / "out")


@pytest.mark.slow
def test_a_second_run_at_the_same_time_is_refused(tmp_path, undisturbed):
    refused = []

    def second(done, _):
        if done == 64 and not refused:
            with pytest.raises(
                dcsim.errors.ResultError, match=r"another run is writing into '.*out': wait for it, or choose"
            ):
                run(128, tmp_path / "out", resume=True)
            refused.append(done)

    run(128, tmp_path / "out", chunk=16, progress=second)
    assert refused == [64]
    assert contents(tmp_path / "out") == undisturbed["random"]


@pytest.mark.slow
def test_a_second_process_at_the_same_time_is_refused(tmp_path):
    program = (
        "import sys, json, dcsim\n"
        "dcsim.replicate(dcsim.load(json.loads(sys.argv[1])), 128, engine='reference', out=sys.argv[2], resume=True)"
    )
    told = []

    def second(done, _):
        if done == 64 and not told:
            command = [sys.executable, "-c", program, json.dumps(TINY), str(tmp_path / "out")]
            told.append(subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False).stderr)

    run(128, tmp_path / "out", chunk=16, progress=second)
    assert "ResultError: another run is writing into" in told[0]


@pytest.mark.slow
def test_a_refused_run_leaves_the_folder_open(tmp_path):
    parts_of_a_stopped_run(tmp_path / "out")
    for _ in range(2):
        with pytest.raises(dcsim.errors.ResultError, match="continue it with --resume"):
            run(128, tmp_path / "out")
    run(128, tmp_path / "out", resume=True)
