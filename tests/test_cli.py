"""The command line as its users meet it: what it prints at 80 columns, exit codes, and messages."""

import io
import json
import os
import re
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest
from typer.main import get_command

import dcsim as package
from dcsim.cli import app
from dcsim.cli.app import GROUPS

CONFIGS = Path(__file__).parents[1] / "configs"
MINIMAL = str(CONFIGS / "minimal.yaml")


def ordered(text, *words):
    """Whether these stand in a text in this order."""
    return re.search(".*".join(map(re.escape, words)), text, re.DOTALL) is not None


# What is given twice


@pytest.mark.parametrize(
    "words",
    [
        ("mitigate", "--milestone", "half", "--milestone", "all"),
        ("explain", "--milestone", "half", "--milestone", "all"),
        ("replicate", "-n", "3", "-n", "4"),
        ("run", "--seed", "1", "--seed", "1"),
    ],
)
def test_an_option_that_counts_once_is_not_given_twice(dcsim, tiny, words):
    _, err, code = dcsim(words[0], tiny, *words[1:])
    assert code == 2
    assert "given 2 times; give it once" in " ".join(err.replace("│", " ").split())


def test_a_value_is_not_set_twice(dcsim, tiny):
    _, err, code = dcsim("run", tiny, "--set", "resources.crew.count=2", "--set", "resources.crew.count=3")
    assert code == 2
    assert "resources.crew.count is given twice" in " ".join(err.replace("│", " ").split())


# run


def test_run_tells_an_unfinished_build_from_headline_to_what_is_stuck(dcsim, tiny):
    out, err, code = dcsim("run", tiny, "--seed", "3", "--set", "resources.crew.count=2")
    assert code == 0
    assert err == ""
    assert ordered(
        out,
        "Tiny · resources.crew.count=2 · seed 3",
        "14 activities, unfinished on 2024-03-01 with 4 left\n",
        "day 0 is 2024-01-03",
        "milestone",
        "target or observed",
        "half",
        "2024-01-12",
        "claimed",
        "2024-01-20",
        "target",
        "all        never       never",
        "never: not reached by the end of the simulation, 2024-03-01\n",
        "Longest waits",
        "power",
        "power_on",
        "Fitted values",
        "resources.crew.count = 2 (prior 1 to 4 from S1; fitted to half)",
        "Stuck",
        "3 x power_on in hall2/rack1...hall2/rack3 wait for power: 12 kW there, 96 kW\n  needed",
        "never ready, because these did not finish: 1 x open_hall",
        " s, reference engine\n",
    )


def test_run_fits_into_eighty_columns_and_has_no_colours_in_a_pipe(dcsim, tiny, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    out, _, _ = dcsim("run", tiny)
    assert max(map(len, out.splitlines())) <= 80
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in out.splitlines())


@pytest.mark.slow
def test_columns_makes_it_wider(dcsim, monkeypatch):
    monkeypatch.setenv("COLUMNS", "130")
    out, _, _ = dcsim("run", str(CONFIGS / "greenfield-campus.yaml"), "--expected")
    assert 100 < max(map(len, out.splitlines())) <= 130


def test_a_finished_build_is_not_stuck(dcsim, tiny):
    out, _, code = dcsim("run", tiny, "--variant", "more_power", "--expected", "--mitigate", "storm")
    assert code == 0
    assert "Tiny · more_power · storm mitigated · expected values" in out
    assert ", finished on 2024-01-" in out
    assert "Stuck" not in out


def test_the_replication_is_named(dcsim, tiny):
    out, _, _ = dcsim("run", tiny, "--replication", "812")
    assert "seed 0, replication 812" in out


def test_without_milestones_and_waiting_there_is_little_to_tell(dcsim, tmp_path):
    (tmp_path / "a.yaml").write_text("name: A\nstart: 2024-01-01\nactivities: {a: {duration: 1 d}}\n")
    out, _, code = dcsim("run", str(tmp_path / "a.yaml"))
    assert code == 0
    assert "1 activity, finished on 2024-01-01, day 1" in out
    assert "The scenario has no milestones." in out
    assert "Waited" not in out


@pytest.mark.slow
def test_tables_and_picture_are_written_and_named(dcsim, tiny, tmp_path):
    out, _, code = dcsim("run", tiny, "--out", str(tmp_path / "out"), "--plot", str(tmp_path / "tiny.svg"))
    assert code == 0
    assert out.endswith(f" engine\npicture saved in {tmp_path / 'tiny.svg'}\ntables saved in {tmp_path / 'out'}\n")
    assert (tmp_path / "out" / "manifest.json").exists()
    assert (tmp_path / "tiny.svg").exists()


def test_another_result_in_the_folder_is_refused(dcsim, tiny, tmp_path):
    dcsim("run", tiny, "--out", str(tmp_path / "out"))
    _, err, code = dcsim("run", tiny, "--out", str(tmp_path / "out"), "--seed", "1")
    assert code == 2
    assert re.fullmatch(r"'.*out' holds another result: 'Tiny', seed 0, .*\n", err)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run", "nowhere.yaml"], r"nowhere.yaml: 1 problem\n  there is no file 'nowhere.yaml'"),
        (["run", MINIMAL, "--variant", "x"], r"no variant 'x'; there are no variants"),
        (["run", MINIMAL, "--set", "resources.crews.cout=3"], r"resources.crews.cout: .*did you mean 'count'\?"),
        (["run", MINIMAL, "--mitigate", "storm"], r"no risk 'storm'"),
        (["run", MINIMAL, "--engine", "fast"], r"no engine 'fast'; there are auto, reference"),
        (["run", MINIMAL, "--plot", "x.jpg"], r"'x.jpg': the name of a picture must end in \.png, \.svg, \.pdf"),
        (["run", MINIMAL, "--plot", "nowhere/x.png"], r"cannot write 'nowhere/x.png': no such file or directory"),
        (["schema", "--out", "nowhere/schema.json"], r"cannot write 'nowhere/schema.json': no such file"),
    ],
)
def test_what_a_user_can_put_right_is_told_without_a_traceback(dcsim, words, message):
    _, err, code = dcsim(*words)
    assert code == 2
    assert re.search(message, err)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["run"], "SCENARIO"),
        (["run", MINIMAL, "--seed", "x"], "--seed"),
        (["run", MINIMAL, "--seed", "-1"], "--seed"),
        (["run", MINIMAL, "--set", "horizon"], "--set is written path=value"),
        (["run", MINIMAL, "--expected", "--seed", "1"], "--expected draws nothing at random"),
        (["show", MINIMAL, "--graph", "png"], "no graph 'png'; there are mermaid and dot"),
        (["fly"], "No such command"),
    ],
)
def test_what_is_typed_wrong_is_told_with_exit_code_2(dcsim, words, message):
    _, err, code = dcsim(*words)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())


def test_stopped_from_the_keyboard(dcsim, monkeypatch):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("dcsim.api.load", interrupt)
    _, err, code = dcsim("run", MINIMAL)
    assert code == 130
    assert err == "stopped\n"


# check


def test_check_counts_what_there_is(dcsim):
    out, _, code = dcsim("check", MINIMAL)
    assert code == 0
    assert out == f"{MINIMAL}: no problems; 84 activities in 40 racks\n"


def test_check_looks_into_every_variant(dcsim, tiny):
    _, err, code = dcsim("check", tiny)
    assert code == 2
    assert re.search(r"tiny.yaml: 1 problem\n  line 24: .*no resource 'crw'.* \(variant broken\)", err)


def test_check_of_one_variant_looks_at_no_other(dcsim, tiny):
    out, _, code = dcsim("check", tiny, "--variant", "more_power")
    assert code == 0
    assert "no problems; 14 activities in 6 racks, 2 variants" in out


def test_check_tells_all_problems_at_once(dcsim, tmp_path):
    (tmp_path / "a.yaml").write_text("name: A\nstart: soon\nactivities: {a: {duration: 3, after: [b]}}\n")
    _, err, code = dcsim("check", str(tmp_path / "a.yaml"))
    assert code == 2
    assert ordered(err, "a.yaml: 3 problems", "line 2: start: expected a date", "a span needs a unit", "'b'")


# The front door


def test_version(dcsim):
    out, _, code = dcsim("--version")
    assert code == 0
    assert re.fullmatch(r"dcsim \d+\.\d+\.\d+\n", out)


def test_help_is_there_and_light():
    """Nothing heavy is imported for help: numpy alone takes longer than everything that is."""
    code = "import sys; from dcsim.__main__ import main\ntry:\n main()\nexcept SystemExit: pass\nprint(*sys.modules)"
    told = subprocess.run([sys.executable, "-c", code, "--help"], capture_output=True, text=True, check=True)
    assert "Simulate once" in told.stdout
    loaded = set(told.stdout.splitlines()[-1].split())
    assert not loaded & {"numpy", "pandas", "pydantic", "yaml", "scipy", "simpy", "matplotlib", "pyarrow"}


@pytest.mark.slow
def test_a_pipe_that_is_closed_early_is_no_matter():
    command = f"{sys.executable} -m dcsim schema | head -c 1"
    told = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=CONFIGS.parent, check=False)
    assert told.stdout == "{"
    assert told.stderr == ""


# Where it is printed


def piped(words, **more):
    """A command as a shell runs it."""
    command = f"{sys.executable} -m dcsim {words}"
    more = {"shell": True, "capture_output": True, "check": False, "cwd": CONFIGS.parent, **more}
    return subprocess.run(command, **more)


@pytest.mark.slow
def test_what_an_encoding_does_not_know_is_replaced(tmp_path):
    told = piped(f"run {MINIMAL} --expected --out {tmp_path}/kept", env={**os.environ, "PYTHONIOENCODING": "cp1252"})
    assert (told.returncode, told.stderr) == (0, b"")
    assert told.stdout.startswith("A small hall \u00b7 expected values".encode("cp1252"))
    assert b"racks_running" in told.stdout
    assert b"?" in told.stdout
    assert (tmp_path / "kept" / "milestones.parquet").exists()


@pytest.mark.slow
def test_json_is_whole_in_any_encoding():
    told = piped(
        "show - --json", input='{name: "\u96fb", start: 2024-01-01, activities: {a: {duration: 1 d}}}'.encode()
    )
    narrow = piped(
        "show - --json",
        input='{name: "\u96fb", start: 2024-01-01, activities: {a: {duration: 1 d}}}'.encode(),
        env={**os.environ, "PYTHONIOENCODING": "cp1252"},
    )
    assert json.loads(told.stdout) == json.loads(narrow.stdout)
    assert json.loads(told.stdout)["about"]["name"] == "\u96fb"


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full device")
@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run {minimal} --expected --out {kept} >/dev/full", b"cannot print: no space left on device\n"),
        ("run {minimal} --expected --out {kept} >&-", b"cannot print: standard output is closed\n"),
        ("run nowhere.yaml --out {kept} 2>/dev/full", b""),
    ],
)
def test_what_cannot_be_printed_is_said_and_undoes_nothing(tmp_path, words, told):
    kept = tmp_path / "kept"
    found = piped(words.format(minimal=MINIMAL, kept=kept))
    assert (found.returncode, found.stderr) == (2, told)
    assert kept.exists() == ("nowhere" not in words)


# For programs


@pytest.mark.parametrize(
    ("words", "kind", "main", "columns"),
    [
        (["run", "--expected"], "run", "milestones", "replication,milestone,tick,day,date"),
        (["replicate", "-n", "2", "--engine", "reference"], "replications", "summary", "milestone,p10,p50,p80,p90,"),
        (["check", "--variant", "more_power"], "check", "problems", "severity,file,line,path,message"),
        (["show"], "scenario", "says", "section,name,says"),
    ],
)
def test_commands_answer_programs(dcsim, tiny, words, kind, main, columns):
    out, err, code = dcsim(words[0], tiny, *words[1:], "--json")
    told = json.loads(out, parse_constant=pytest.fail)
    assert (code, err, set(told), told["kind"]) == (0, "", {"kind", "about", "tables"}, kind)
    out, _, code = dcsim(words[0], tiny, *words[1:], "--csv")
    assert code == 0
    assert out.startswith(columns)
    assert out.count("\n") >= 1 + len(told["tables"][main])


def test_problems_are_told_to_programs(dcsim, tiny):
    out, err, code = dcsim("check", tiny, "--json")
    told = json.loads(out)
    assert (code, err, told["about"]) == (2, "", {"scenario": tiny, "problems": 1, "warnings": 0})
    (problem,) = told["tables"]["problems"]
    assert (problem["severity"], problem["file"], problem["line"]) == ("problem", tiny, 24)
    assert problem["message"].endswith("(variant broken)")
    out, _, code = dcsim("check", tiny, "--csv")
    assert (code, out.count("\n")) == (2, 2)


def test_a_scenario_may_come_through_a_pipe(dcsim, tiny, monkeypatch):
    def pipe(text):
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text)))

    pipe(Path(MINIMAL).read_bytes())
    out, _, code = dcsim("check", "-")
    assert (code, out) == (0, "standard input: no problems; 84 activities in 40 racks\n")
    pipe(b"name: A\nstart: soon\n")
    _, err, code = dcsim("run", "-")
    assert code == 2
    assert ordered(err, "standard input: 2 problems", "needs `activities`", "line 2: start: expected a date")
    pipe(b"\xff")
    assert "standard input: 1 problem\n  'standard input' is not UTF-8 text: line 1" in dcsim("run", "-")[1]


# What is asked


QUESTIONS = sorted(
    set(package.__all__) - {"DcsimError", "ScenarioError", "check", "export", "import_schedule", "load", "read"}
)


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_command_takes_what_its_function_takes(name):
    parameters = signature(getattr(package, name)).parameters
    taken = {{"alternatives": "changes", "executor": "cluster"}.get(option, option) for option in parameters}
    commands = {command.name or command.callback.__name__: command.callback for command in app.registered_commands}
    options = signature(
        commands[{"simulate": "run", "latest_orders": "order-by"}.get(name, name.replace("_", "-"))]
    ).parameters
    assert taken - {"base", "chunk", "at_least", "progress"} <= set(options)


def test_every_command_is_listed_with_its_whole_sentence(dcsim):
    out, _, _ = dcsim("--help")
    assert {name for names in GROUPS.values() for name in names} == set(get_command(app).commands)
    assert "..." not in out.partition("Write a scenario:")[2]


def test_names_of_python_lead_to_the_command(dcsim, tiny):
    assert "write `dcsim run`" in dcsim("simulate", tiny)[1]
    assert "write `dcsim order-by`" in dcsim("latest_orders", tiny)[1]


def test_a_missing_option_is_explained(dcsim, tiny):
    assert "Missing option '-n'. How many replications" in dcsim("replicate", tiny)[1]


def test_what_was_computed_is_printed_though_it_cannot_be_saved(dcsim, tiny, tmp_path):
    assert dcsim("run", tiny, "--out", str(tmp_path / "kept"))[2] == 0
    out, err, code = dcsim("run", tiny, "--expected", "--out", str(tmp_path / "kept"))
    assert (code, "Longest waits" in out, "holds another result" in err) == (2, True, True)
