"""`dcsim replicate` as its users meet it: what it prints at 80 columns, exit codes, messages, and no numba."""

import contextlib
import json
import os
import re
import subprocess
import sys
from operator import itemgetter
from pathlib import Path

import pandas as pd
import pytest
import yaml
from builders import TINY
from test_cli import MINIMAL, ordered

from dcsim.cli.question import _stoppable

ROOT = Path(__file__).parents[1]
MANY = ("--engine", "reference")


def test_it_tells_dates_chances_and_waiting(dcsim, tiny):
    out, err, code = dcsim("replicate", tiny, "-n", "70", "--seed", "3", "--set", "resources.crew.count=2", *MANY)
    assert (code, err) == (0, "")
    assert ordered(
        out,
        "Tiny · resources.crew.count=2 · 70 replications · seed 3\n",
        "14 activities each, none finished by 2024-03-01\n",
        "day 0 is 2024-01-03\n",
        "all: never in 70 of 70 replications: 3 racks short of power (power_on)\n",
        *("milestone", "P10", "P50", "P80", "P90", "P80 date", "P80, 95 % interval", "reached\n"),
        *("half", "2024-01-", " - ", "in all"),
        *("all", "never", "never", "never", "never", "never", "never", "in none"),
        "never: not reached by the end of the simulation, 2024-03-01\n",
        *("milestone", "by", "late", "late by", "P50 off", "P80 off", "what"),
        *("half", "2024-01-20", " %", "target"),
        "late by: days, on average of those that are late; off: days behind the date\n",
        "Longest waits, on average",
        *("waited for", "days", "P10", "P90", "total queue-days"),
        *("power", "crane"),
        "Fitted values",
        "resources.crew.count = 2 (prior 1 to 4 from S1; fitted to half)",
        " replications per second, reference engine\n",
    )


@pytest.mark.slow
def test_it_fits_into_eighty_columns(dcsim):
    out, _, _ = dcsim("replicate", str(ROOT / "configs" / "colossus-1.yaml"), "-n", "2", *MANY)
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in out.splitlines())


@pytest.mark.slow
def test_what_so_few_cannot_tell_is_a_question_mark(dcsim):
    out, _, _ = dcsim("replicate", MINIMAL, "-n", "2", *MANY)
    assert re.search(r"energized .* \? - \? +in all\n", out)
    assert "?: needs more replications" in out
    out, _, _ = dcsim("replicate", MINIMAL, "-n", "64", "--sampling", "lhs", *MANY)
    assert "64 replications · seed 0 · lhs sampling" in out
    assert re.search(r"energized .* \? - \? +in all\n", out)


def test_without_milestones_and_waiting_there_is_little_to_tell(dcsim, tmp_path):
    (tmp_path / "a.yaml").write_text("name: A\nstart: 2024-01-01\nactivities: {a: {duration: 1 to 2 d}}\n")
    out, _, code = dcsim("replicate", str(tmp_path / "a.yaml"), "-n", "3")
    assert code == 0
    assert "1 activity each, all finished\n" in out
    assert "The scenario has no milestones." in out
    assert "Waited" not in out
    assert "target or observation" not in out


def test_variants_and_mitigation_are_named(dcsim, tiny):
    out, _, _ = dcsim("replicate", tiny, "-n", "2", "--variant", "more_power", "--mitigate", "storm")
    assert "Tiny · more_power · storm mitigated · 2 replications · seed 0\n" in out


@pytest.mark.slow
@pytest.mark.parametrize("sampling", ["random", "lhs", "sobol"])
def test_any_replication_can_be_told_again(dcsim, tiny, tmp_path, sampling):
    """The milestones of `dcsim run --replication K` are those that the campaign has kept."""
    many, one = tmp_path / "many", tmp_path / "one"
    out, _, code = dcsim("replicate", tiny, "-n", "64", "--seed", "2", "--sampling", sampling, "--out", str(many))
    assert code == 0
    assert out.endswith(f" engine\ntables saved in {many}\n")
    words = ("--seed", "2", "--replication", "41", "--sampling", sampling, "--out", str(one))
    assert dcsim("run", tiny, *words)[2] == 0
    kept = pd.read_parquet(many / "milestones.parquet")
    kept = kept[kept["replication"] == 41].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_parquet(one / "milestones.parquet"), kept)


def test_it_stops_when_precise(dcsim, tiny, tmp_path):
    words = ("-n", "1000", "--until-precise", "half.p50 within 30 d", "--until-precise", "half.p80 within 30 d")
    out, _, code = dcsim("replicate", tiny, *words, "--out", str(tmp_path / "out"))
    assert code == 0
    assert "256 replications" in out
    assert json.loads((tmp_path / "out" / "manifest.json").read_text())["simulated"] == 256


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--until-precise", "soon"], "expected a precision such as 'online_100k.p80 within 1 d', got 'soon'\n"),
        (["--until-precise", "al.p80 within 1 d"], "no milestone 'al'; did you mean 'all'?\n"),
        (["--sampling", "halton"], "no sampling 'halton'; there are random, lhs, sobol\n"),
        (["--sampling", "lhs"], "lhs sampling works in blocks of 64: ask for 64, not 5\n"),
        (["--engine", "fast"], "no engine 'fast'; there are auto, reference, compiled\n"),
    ],
)
def test_what_makes_no_sense_is_told_in_a_line(dcsim, tiny, words, message):
    out, err, code = dcsim("replicate", tiny, "-n", "5", *words)
    assert (out, err, code) == ("", message, 2)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "Missing option '-n'"),
        (["-n", "0"], "Invalid value for '-n': "),
        (["-n", "5", "--workers", "0"], "'--workers'"),
        (["-n", "5", "--resume"], "--resume continues the run in a folder: name the folder with --out"),
    ],
)
def test_what_is_typed_wrong_is_told_with_exit_code_2(dcsim, tiny, words, message):
    _, err, code = dcsim("replicate", tiny, *words)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())


def test_a_build_with_expected_values_is_not_sampled(dcsim, tiny):
    _, err, code = dcsim("run", tiny, "--expected", "--sampling", "lhs")
    assert code == 2
    assert "leave out --seed, --replication and --sampling" in " ".join(err.replace("│", " ").split())


@pytest.mark.slow
def test_what_is_stopped_from_the_keyboard_is_kept(dcsim, tiny, tmp_path, monkeypatch):
    from dcsim.study import replicate

    run_chunk = replicate.run_chunk

    def interrupted(*arguments):
        if arguments[5] >= 128:
            raise KeyboardInterrupt
        return run_chunk(*arguments)

    out = tmp_path / "out"
    monkeypatch.setattr(replicate, "run_chunk", interrupted)
    _, err, code = dcsim("replicate", tiny, "-n", "300", *MANY, "--out", str(out))
    assert code == 130
    assert err == f"the finished part is kept in {out}; run the same command with --resume to continue\nstopped\n"
    assert len(list((out / "parts").iterdir())) == 2
    _, err, code = dcsim("replicate", tiny, "-n", "300", *MANY)
    assert (code, err) == (130, "stopped\n")
    monkeypatch.undo()
    _, err, code = dcsim("replicate", tiny, "-n", "300", *MANY, "--out", str(out))
    assert code == 2
    assert "holds a stopped run: continue it with --resume, or delete the folder" in err
    assert dcsim("replicate", tiny, "-n", "300", *MANY, "--out", str(out), "--resume")[2] == 0
    assert len(pd.read_parquet(out / "milestones.parquet")) == 600


@pytest.mark.slow
def test_a_terminal_sees_how_far_it_is(dcsim, tiny, monkeypatch):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    _, err, code = dcsim("replicate", tiny, "-n", "200", *MANY)
    assert code == 0
    assert "simulating" in err
    assert "/200" in err


# Numba


@pytest.mark.slow
def test_without_numba_the_reference_engine_runs_with_a_notice(dcsim, tiny, monkeypatch):
    monkeypatch.setattr("dcsim.engine.has_numba", lambda: False)
    monkeypatch.setattr("dcsim.engine.REFERENCE_COST", 8 / 30)
    out, err, code = dcsim("replicate", tiny, "-n", "3")
    assert code == 0
    assert "reference engine" in " ".join(out.split())
    assert err == "numba is not installed, so the slower reference engine runs: pip install 'dcsim[fast]'\n"
    assert dcsim("replicate", tiny, "-n", "2")[1] == ""
    assert dcsim("run", tiny)[1] == ""
    assert dcsim("replicate", tiny, "-n", "3", *MANY)[1] == ""


@pytest.mark.parametrize(
    ("words", "builds"),
    [
        (("run", "--expected"), 1),
        (("explain", "--milestone", "half", "-n", "2"), 2),
        (("compare", "more_power", "-n", "2"), 4),
        (("delay-cost", "--supply", "done", "-n", "2"), 4),
        (("sweep", "--over", "resources.crew.count=1..3", "-n", "2"), 6),
        (("sweep", "--over", "resources.crew.count=1..4", "--samples", "2", "-n", "2"), 4),
        (("mitigate", "--milestone", "half", "-n", "2"), 4),
        (("drivers", "--milestone", "half", "-n", "8"), 8 * 3),
    ],
)
def test_the_notice_counts_all_builds(dcsim, tiny, monkeypatch, words, builds):
    monkeypatch.setattr("dcsim.engine.has_numba", lambda: False)
    command, *more = words
    for work, notices in ((14 * builds + 0.5, 0), (14 * builds - 0.5, 1)):
        monkeypatch.setattr("dcsim.engine.REFERENCE_COST", 8 / work)
        _, err, code = dcsim(command, tiny, *more)
        assert (code, err.count("numba is not installed")) == (0, notices)


def test_the_compiled_engine_says_what_it_needs(dcsim, tiny, monkeypatch):
    monkeypatch.setattr("dcsim.engine.has_numba", lambda: False)
    for words in (("run", tiny), ("replicate", tiny, "-n", "3")):
        _, err, code = dcsim(*words, "--engine", "compiled")
        assert code == 2
        assert err == "the compiled engine needs numba: pip install 'dcsim[fast]', or use --engine reference\n"


@pytest.mark.parametrize(
    ("work", "kept", "engine"),
    [
        (9_999, True, "reference"),  # sooner than numba is imported
        (10_001, True, "compiled"),
        (43 * 1_800, False, "reference"),  # sooner than the engine is compiled
        (43 * 2_000, False, "compiled"),  # worth compiling, which is done once
    ],
)
def test_auto_chooses_the_sooner_engine(monkeypatch, work, kept, engine):
    from dcsim.engine import choose

    monkeypatch.setattr("dcsim.engine.has_numba", lambda: True)
    monkeypatch.setattr("dcsim.engine.is_compiled", lambda: kept)
    assert choose("auto", work) == engine


@pytest.mark.compiled
def test_what_is_kept_is_found():
    from dcsim import load
    from dcsim.engine import is_compiled, new_runner
    from dcsim.study.cash import network_of

    new_runner("compiled", network_of(load(MINIMAL)), 0).run(0, {})
    is_compiled.cache_clear()
    assert is_compiled()


def test_a_terminal_is_told_that_the_engine_is_compiled(monkeypatch, capsys):
    from dcsim.cli.terminal import listen
    from dcsim.engine import choose

    monkeypatch.setattr("dcsim.engine.has_numba", lambda: True)
    monkeypatch.setattr("dcsim.engine.is_compiled", lambda: False)
    for terminal in (False, True):
        monkeypatch.setattr("sys.stderr.isatty", lambda terminal=terminal: terminal)
        listen()
        for work in (100, 1_000_000, 1_000_000):
            choose("auto", work)
        said = "compiling once: it takes about half a minute, and is kept on disk\n" if terminal else ""
        assert capsys.readouterr().err == said


NOWHERE = """
import numpy as np
import numba.core.caching as caching
def refuse(self):
    raise PermissionError(13, "Permission denied")
for one in vars(caching).values():
    if hasattr(one, "ensure_cache_path"):
        one.ensure_cache_path = refuse
from dcsim.cli.question import _stoppable
from dcsim.engine import sampling
from dcsim.engine.sampling import values
places, rows = np.arange(3, dtype=np.uint64), np.zeros(10_000)
print(values(np.uint64(1), 0, 0, places, np.zeros(3, np.int64), rows).tolist(), values.stats.cache_path)
"""


@pytest.mark.compiled
def test_where_no_folder_can_be_written_it_is_compiled_anew(tmp_path):
    """Neither the folder of the package nor the user's own can be written."""
    told = subprocess.run([sys.executable, "-c", NOWHERE], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (told.stdout, told.stderr) == ("[0.0, 0.0, 0.0] None\n", "")


@pytest.mark.compiled
def test_a_cache_folder_that_cannot_be_written_is_no_error(tmp_path):
    """NUMBA_CACHE_DIR lies below a file: another place is found."""
    (tmp_path / "file").write_text("")
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path / "file" / "cache")}
    command = [sys.executable, "-m", "dcsim", "run", MINIMAL, "--engine", "compiled"]
    told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stderr) == (0, "")
    assert "compiled engine" in " ".join(told.stdout.split())


@pytest.mark.compiled
def test_a_function_is_compiled_by_one_process_at_a_time(monkeypatch):
    from dcsim.engine import jit

    locked = []

    class Lock(contextlib.nullcontext):
        def __enter__(self):
            locked.append(self.enter_result)

    def double(x):
        return 2 * x

    monkeypatch.setattr(jit, "FileLock", Lock)
    compiled = jit.cached(nogil=True)(double)
    assert [compiled(1), compiled(2), compiled(0.5)] == [2, 4, 1]
    assert locked == 2 * [f"{compiled._cache._cache_file._index_path}.lock"]


@pytest.mark.compiled
def test_a_change_in_any_compiled_module_makes_what_is_kept_old(monkeypatch):
    from dcsim.engine import jit

    def double(x):
        return 2 * x

    assert jit.cached(nogil=True)(double)._cache._cache_file._source_stamp == jit.sources()
    monkeypatch.setattr(jit, "sources", lambda: (0.0, 0))
    assert jit.cached(nogil=True)(double)._cache._cache_file._source_stamp == (0.0, 0)


def test_an_index_of_an_older_version_is_made_again():
    """Its types may have had other names, so that it cannot be read."""
    jit = pytest.importorskip("dcsim.engine.jit")

    def old():
        raise AttributeError("Can't get attribute 'Chance' on <module 'dcsim.engine.tables'>")

    assert jit._index_of(old)() == {}
    assert jit._index_of(lambda: {"kept": 1})() == {"kept": 1}


@pytest.mark.parametrize(
    "asked",
    [
        ("replicate", "-n", "4"),
        ("sweep", "--over", "resources.crew.count=1..2", "-n", "2"),
        ("drivers", "--milestone", "half", "-n", "8"),
        ("order-by", "--milestone", "half", "--date", "2024-02-10", "-n", "4"),
        ("assumptions",),
        ("mitigate", "--milestone", "half", "-n", "4"),
    ],
    ids=itemgetter(0),
)
def test_what_continues_nothing_is_told(dcsim, tmp_path, asked):
    """A slip in the name of a folder is seen at once; of a complete result there is nothing to tell."""
    told = yaml.safe_load(TINY)
    told["supplies"]["power"] |= {"orders": {"first": {"amount": 300, "lead_time": "2 to 9 d"}}}
    told["options"] = {"crane": {"cost": "1M USD", "changes": {"resources": {"crane": {"count": 2}}}}}
    (tmp_path / "tiny.yaml").write_text(yaml.safe_dump(told))
    words = (asked[0], str(tmp_path / "tiny.yaml"), *asked[1:], "--engine", "reference")
    out = tmp_path / "out"
    _, err, code = dcsim(*words, "--out", str(out), "--resume")
    assert code == 0
    assert err == f"'{out}' holds nothing that can be continued: the run starts from the beginning\n"
    assert dcsim(*words, "--out", str(out), "--resume")[1:] == ("", 0)
    assert dcsim(*words, "--out", str(tmp_path / "other"))[1:] == ("", 0)


def test_what_is_stopped_before_the_first_part_keeps_nothing(tmp_path, capsys):
    (tmp_path / "parts").mkdir()
    for written, told in (("x.tmp", "nothing is kept"), ("point-00000.part", "--resume to continue")):
        (tmp_path / "parts" / written).touch()
        with pytest.raises(KeyboardInterrupt), _stoppable(tmp_path):
            raise KeyboardInterrupt
        assert told in capsys.readouterr().err
