"""Files from anyone: nothing is written or deleted through a link, nothing odd is read, nothing changed is believed."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import dcsim
from dcsim import api
from dcsim.errors import RequestError, ResultError, ScenarioError
from dcsim.report.animation import animate
from dcsim.report.files import report
from dcsim.study.campaign import clear
from dcsim.study.manifest import as_text
from dcsim.visible import escaped, inert, visible

ROOT = Path(__file__).parents[1]

TINY = {
    "name": "tiny",
    "start": "2026-01-05",
    "activities": {"a": {"duration": "1 to 3 d"}},
    "milestones": {"m": {"activity": "a"}},
}


def replicated(out, count=4, **options):
    return dcsim.replicate(dcsim.load(TINY), count, engine="reference", out=out, **options)


def simulated(out, **options):
    return dcsim.simulate(dcsim.load(TINY), **options).save(out)


# Links


@pytest.fixture
def mine(tmp_path):
    """A file of the user's own, and a folder of a stranger's beside it."""
    (tmp_path / "out").mkdir()
    (tmp_path / "mine").write_text("mine")
    yield tmp_path / "mine"
    assert (tmp_path / "mine").read_text() == "mine"


@pytest.mark.parametrize("name", ["manifest.json", "scenario.yaml", "activities.parquet"])
def test_nothing_is_written_through_a_link(tmp_path, mine, name):
    (tmp_path / "out" / name).symlink_to(mine)
    with pytest.raises(
        ResultError, match=rf"{name}' is (a link, and dcsim does not write through links|not|no)|outside"
    ):
        simulated(tmp_path / "out")


@pytest.mark.parametrize("name", [".lock", "parts"])
def test_no_lock_and_no_parts_are_a_link(tmp_path, mine, name):
    (tmp_path / "out" / name).symlink_to(mine)
    with pytest.raises(ResultError, match=f"{name}' is a link, and dcsim does not write through links: name its"):
        replicated(tmp_path / "out", resume=True)


def test_a_lock_that_leads_two_ways_is_refused(tmp_path, mine):
    os.link(mine, tmp_path / "out" / ".lock")
    with pytest.raises(ResultError, match=r"lock' is not a lock of dcsim"):
        replicated(tmp_path / "out")


def test_a_folder_that_is_a_link_is_refused(tmp_path):
    (tmp_path / "out").symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(ResultError, match=r"out' is a link, and dcsim does not write through links: name its"):
        simulated(tmp_path / "out")


@pytest.mark.slow
def test_a_picture_replaces_no_link_and_no_device(tmp_path, mine):
    simulated(tmp_path / "kept")
    (tmp_path / "page.html").symlink_to(mine)
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ResultError, match=r"page.html' is a link"):
        report(dcsim.read(tmp_path / "kept"), path=tmp_path / "page.html")
    with pytest.raises(ResultError, match=r"pipe.png': it is no ordinary file"):
        dcsim.simulate(dcsim.load(TINY)).picture(tmp_path / "pipe.png")


def test_only_what_was_written_here_is_deleted(tmp_path):
    (tmp_path / "out" / "parts").mkdir(parents=True)
    (tmp_path / "out" / "parts" / "thesis.txt").write_text("mine")
    (tmp_path / "out" / "thesis.txt").write_text("mine")
    replicated(tmp_path / "out", resume=True)
    assert [path.name for path in (tmp_path / "out" / "parts").iterdir()] == ["thesis.txt"]
    clear(tmp_path / "out")
    left = sorted(str(path.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("*"))
    assert left == [".lock", "parts", "parts/thesis.txt", "thesis.txt"]


def test_tables_of_somebody_else_are_not_replaced(tmp_path):
    pd.DataFrame({"mine": [1]}).to_parquet(tmp_path / "activities.parquet")
    with pytest.raises(ResultError, match=r"holds a activities.parquet that is not this result's"):
        simulated(tmp_path)


def test_only_results_are_cleared(tmp_path):
    clear(tmp_path / "nowhere")
    (tmp_path / "scenario.yaml").write_text("mine")
    clear(tmp_path)
    (tmp_path / "manifest.json").write_text('{"name": "an app of the web"}')
    with pytest.raises(ResultError, match="is not a manifest of dcsim"):
        clear(tmp_path)
    assert len(list(tmp_path.iterdir())) == 2


def test_what_cannot_be_written_leaves_nothing(tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ResultError, match=r"cannot write '.*x\.png': no space left on device"):
        dcsim.simulate(dcsim.load(TINY)).picture(tmp_path / "x.png")
    assert list(tmp_path.iterdir()) == []


# What is read


@pytest.mark.parametrize("text", ["extends: {}", "activities: {{a: {{duration: {{empirical: {{file: {}}}}}}}}}"])
def test_a_scenario_reads_ordinary_files_alone(tmp_path, text):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zero").symlink_to("/dev/zero")
    for name, told in (("pipe", "is not an ordinary file"), ("zero", "is outside the folder of the scenario")):
        (tmp_path / "s.yaml").write_text(f"name: x\nstart: 2026-01-05\n{text.format(name)}\n")
        with pytest.raises(ScenarioError, match=f"'{name}' {told}"):
            dcsim.load(tmp_path / "s.yaml")
    with pytest.raises(ScenarioError, match="zero' is not an ordinary file"):
        dcsim.load("/dev/zero")


def test_files_that_extend_each_other_are_read_once(tmp_path):
    for k in range(40):
        (tmp_path / f"d{k}.yaml").write_text(f"extends: [d{k + 1}.yaml, d{k + 1}.yaml]")
    (tmp_path / "d40.yaml").write_text(json.dumps(TINY))
    assert dcsim.load(tmp_path / "d0.yaml").name == "tiny"


def test_too_many_files_are_refused(tmp_path):
    for k in range(60):
        (tmp_path / f"d{k}.yaml").write_text(f"extends: d{k + 1}.yaml")
    (tmp_path / "d60.yaml").write_text(json.dumps(TINY))
    with pytest.raises(ScenarioError, match="at most 50 files may extend each other in a chain"):
        dcsim.load(tmp_path / "d0.yaml")


# Results of others


def changed(folder, **fields):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(as_text({**manifest, **fields}))


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"rows": {}}, "rows and checksums: table 'activities' is missing"),
        ({"rows": {"a": "1"}}, r"rows\.a: input should be a valid integer"),
        ({"rows": {"a": 10**40}}, r"rows\.a: input should be less than or equal"),
        ({"variants": None}, "variants: input should be a valid list"),
        ({"overrides": []}, "overrides: input should be a valid dictionary"),
        ({"kind": "sweep"}, "over: field required"),
        ({"kind": "?"}, "kind: no question has such a result"),
        ({"seed": float("nan")}, r"seed.*: input should be"),
        ({"seed": True}, r"seed.*: input should be"),
        ({"sha256": "../../x"}, "sha256: string should match"),
        ({"start": "soon"}, "start: input should be a valid datetime"),
    ],
)
def test_a_manifest_names_the_field_that_is_wrong(tmp_path, fields, told):
    simulated(tmp_path / "out")
    changed(tmp_path / "out", **fields)
    with pytest.raises(ResultError, match=rf"out/manifest\.json': {told}.*: run the command again"):
        dcsim.read(tmp_path / "out")


def test_a_manifest_that_was_changed_is_refused(tmp_path):
    simulated(tmp_path)
    text = (tmp_path / "manifest.json").read_text()
    (tmp_path / "manifest.json").write_text(text.replace('"seed": 0', '"seed": 1'))
    with pytest.raises(ResultError, match="json' was changed after the result was written: run the command again"):
        dcsim.read(tmp_path)


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 5000, '{"kind": NaN}', "{}", '"x"'])
def test_what_is_no_manifest_is_told(tmp_path, text):
    simulated(tmp_path)
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ResultError, match="is not a manifest of dcsim"):
        dcsim.read(tmp_path)


@pytest.mark.parametrize("name", ["manifest.json", "scenario.yaml", "stuck.parquet"])
def test_a_result_reads_ordinary_files_of_its_own_alone(tmp_path, name):
    simulated(tmp_path / "out")
    shutil.copytree(tmp_path / "out", tmp_path / "other")
    (tmp_path / "out" / name).unlink()
    os.mkfifo(tmp_path / "out" / name)
    with pytest.raises(ResultError, match="is not an ordinary file"):
        dcsim.read(tmp_path / "out")
    (tmp_path / "out" / name).unlink()
    (tmp_path / "out" / name).symlink_to(tmp_path / "other" / name)
    with pytest.raises(ResultError, match="is outside the folder of the result"):
        dcsim.read(tmp_path / "out")


def forged(folder, name, table):
    """Put another table into a result, with a checksum that fits."""
    from dcsim.study.tables import sha256

    table.to_parquet(folder / f"{name}.parquet", index=False)
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["rows"][name] = len(table)
    manifest["checksums"][name] = sha256((folder / f"{name}.parquet").read_bytes())
    (folder / "manifest.json").write_text(as_text(manifest))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda table: table.drop(columns="ready"), "column 'ready' is missing"),
        (lambda table: table.assign(ready="x"), "column 'ready' holds .*string, not whole numbers"),
        (lambda table: table.assign(ready=0.5), "column 'ready' holds double, not whole numbers"),
        (lambda table: table.assign(activity=1), "column 'activity' holds int64, not text"),
    ],
)
def test_a_table_names_the_column_that_is_wrong(tmp_path, change, told):
    simulated(tmp_path)
    forged(tmp_path, "activities", change(pd.read_parquet(tmp_path / "activities.parquet")))
    with pytest.raises(ResultError, match=rf"activities\.parquet': {told}: run the command again"):
        dcsim.read(tmp_path)


def test_more_rows_than_can_be_read_are_refused(tmp_path, monkeypatch):
    simulated(tmp_path)
    monkeypatch.setattr("dcsim.study.tables.MOST_CELLS", 7)
    with pytest.raises(ResultError, match=r"activities.parquet': 1 rows are more than can be read"):
        dcsim.read(tmp_path)


def test_tables_that_contradict_each_other_are_told(dcsim, tiny, tmp_path):
    kept = tmp_path / "kept"
    assert dcsim("sweep", tiny, "--over", "resources.crane.count=1..2", "-n", "2", "--out", str(kept))[2] == 0
    forged(kept, "points", pd.read_parquet(kept / "points.parquet").drop(columns="resources.crane.count"))
    told, code = dcsim("report", str(kept), "-o", str(tmp_path / "x.html"))[1:]
    assert (code, "kept' cannot be shown (KeyError: " in told) == (2, True)


# Parts


def stopped(out):
    def stop(done, _):
        if done >= 48:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        replicated(out, 128, chunk=16, progress=stop)
    return sorted((out / "parts").iterdir())


@pytest.mark.slow
def test_a_part_that_was_changed_or_moved_is_run_again(tmp_path):
    right = replicated(tmp_path / "right", 128)
    parts = stopped(tmp_path / "out")
    swapped = [part.read_bytes() for part in parts]
    for part, data in zip(parts, [swapped[1], swapped[0], bytes([swapped[2][0] ^ 1]) + swapped[2][1:]], strict=True):
        part.write_bytes(data)
    again = []
    found = replicated(tmp_path / "out", 128, chunk=16, resume=True, progress=lambda done, _: again.append(done))
    pd.testing.assert_frame_equal(found.milestones, right.milestones)


@pytest.mark.slow
def test_parts_of_another_result_are_run_again(tmp_path):
    right = replicated(tmp_path / "right", 128)
    other = dcsim.load(TINY | {"activities": {"a": {"duration": "20 to 30 d"}}})
    with pytest.raises(KeyboardInterrupt):
        dcsim.replicate(other, 128, engine="reference", out=tmp_path / "other", chunk=16, progress=_interrupt)
    stopped(tmp_path / "out")
    for part in (tmp_path / "other" / "parts").iterdir():
        shutil.copy(part, tmp_path / "out" / "parts" / part.name)
    found = replicated(tmp_path / "out", 128, chunk=16, resume=True)
    pd.testing.assert_frame_equal(found.milestones, right.milestones)


def _interrupt(done, _):
    if done >= 64:
        raise KeyboardInterrupt


@pytest.mark.slow
def test_every_flipped_bit_is_noticed(tmp_path):
    right = replicated(tmp_path / "right", 64, chunk=16)
    with pytest.raises(KeyboardInterrupt):
        replicated(tmp_path / "out", 64, chunk=16, progress=lambda done, _: _interrupt(done + 32, _))
    part = sorted((tmp_path / "out" / "parts").iterdir())[0]
    whole = part.read_bytes()
    for at in range(0, len(whole), len(whole) // 9):
        shutil.copytree(tmp_path / "out", tmp_path / f"at{at}")
        data = bytearray(whole)
        data[at] ^= 4
        (tmp_path / f"at{at}" / "parts" / part.name).write_bytes(data)
        found = replicated(tmp_path / f"at{at}", 64, chunk=16, resume=True)
        pd.testing.assert_frame_equal(found.milestones, right.milestones)


# What is shown

STEERING = [*range(9), *range(11, 32), *range(127, 160), 0x61C, 0x200E, 0x200F, *range(0x2028, 0x202F), 0x2066, 0x2069]
HOSTILE = "a\x1b]0;owned\a\x1b[2Jb\u202ec\x9b31md\rf"


@pytest.mark.parametrize("code", STEERING)
def test_what_steers_a_terminal_is_shown_as_a_sign(code):
    assert visible(f"a{chr(code)}b") in (f"a{chr(0x2400 + code)}b", "a\u2421b", "a\ufffdb")


def test_words_in_every_script_stay():
    for words in (
        "line\n\tnext",
        "数据中心",
        "é Ω ж",
        "👩\u200d👩\u200d👧 🏴",
        "\u0645\u06cc\u200c\u062e",
        "שלום",
        "✓ → · │",
    ):
        assert visible(words) == words


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "s.yaml", "--expected"],
        ["run", "s.yaml", "--expected", "--variant", HOSTILE],
        ["show", "s.yaml"],
        ["show", "s.yaml", "--graph", "dot"],
        ["check", "refused.yaml"],
        ["check", HOSTILE],
        ["check", "s.yaml", HOSTILE],
        ["order-by", "s.yaml", "--milestone", "m", "--date", "2026-06-01", "-n", "2", "--json"],
        ["order-by", "s.yaml", "--milestone", "m", "--date", "2026-06-01", "-n", "2", "--csv"],
    ],
)
def test_nothing_steers_a_terminal(tmp_path, arguments):
    spec = TINY | {
        "name": HOSTILE,
        "description": HOSTILE,
        "supplies": {"s": {"unit": HOSTILE, "orders": {"=a": {"amount": 3, "lead_time": "20 d"}}}},
        "activities": {"a": {"duration": "1 d", "consumes": {"s": 3}, "description": HOSTILE}},
    }
    (tmp_path / "s.yaml").write_text(json.dumps(spec))
    (tmp_path / "refused.yaml").write_text(json.dumps(spec | {"activities": {HOSTILE: {"duration": HOSTILE}}}))
    command = [sys.executable, "-m", "dcsim", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8", "FORCE_COLOR": ""}
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    printed = (done.stdout + done.stderr).decode()
    assert "Traceback" not in printed
    assert visible(printed) == printed
    if "--json" in arguments:
        assert json.loads(printed)["tables"]["orders"][0]["order"] == "=a"
    if "--csv" in arguments:
        assert printed.splitlines()[1].startswith("s,'=a,")


def test_json_means_the_same():
    assert json.loads(escaped(json.dumps(HOSTILE, ensure_ascii=False))) == HOSTILE


def test_an_error_steers_no_terminal():
    with pytest.raises(ScenarioError) as told:
        dcsim.load(TINY | {"activities": {HOSTILE: {}}})
    assert visible(str(told.value)) == str(told.value)


@pytest.mark.parametrize("cell", ["=1+1", "+1-1", "-x", "@SUM(A1)", "\t=1", "\r=1", " =1", "\uff1d1", "-5 d", "--5"])
def test_a_formula_is_text(cell):
    assert inert(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["-5", "+5.25", "-1,000", "-.5e3", -5, 2.5, None, "a-b", "a=b", "", "1 @ 2"])
def test_numbers_and_words_stay_as_they_are(cell):
    assert inert(cell) == cell


def test_page_and_film_run_nothing_that_is_not_their_own(tmp_path):
    result = dcsim.simulate(dcsim.load(TINY))
    for path in (report(result, path=tmp_path / "p.html"), animate(result, tmp_path / "f.html", lambda *_: None)):
        (policy,) = re.findall(r'"Content-Security-Policy" content="(.*?)"', path.read_text())
        assert policy.startswith("default-src 'none'; script-src 'sha256-")
        assert "unsafe" not in policy


# The place of another result


@pytest.mark.parametrize("question", [("replicate", "--explain", "no"), ("sweep", "--over", "no=1..2")])
def test_a_request_that_is_refused_replaces_nothing(dcsim, tiny, tmp_path, question):
    out, (command, *asked) = tmp_path / "out", question
    api.replicate(api.load(tiny), 2, engine="reference", out=out)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    assert dcsim(command, tiny, "-n", "2", *asked, "--out", str(out), "--overwrite")[2] == 2
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    with pytest.raises(RequestError, match="leave out one of resume and overwrite"):
        api.replicate(api.load(tiny), 3, engine="reference", out=out, resume=True, overwrite=True)
    assert api.replicate(api.load(tiny), 3, engine="reference", out=out, overwrite=True).n == 3


@pytest.mark.slow
def test_a_result_is_replaced_if_asked(dcsim, tiny, tmp_path):
    out = str(tmp_path / "out")
    assert dcsim("run", tiny, "--expected", "--out", out)[2] == 0
    (tmp_path / "out" / "mine.txt").write_text("mine")
    assert "choose another folder, or replace the result with --overwrite" in dcsim("run", tiny, "--out", out)[1]
    for command in (["run", tiny], ["replicate", tiny, "-n", "2"], ["explain", tiny, "--milestone", "half", "-n", "2"]):
        assert dcsim(*command, "--out", out, "--overwrite")[2] == 0
    assert not (tmp_path / "out" / "attempts.parquet").exists()
    assert (tmp_path / "out" / "mine.txt").exists()
    assert "--overwrite needs --out" in dcsim("run", tiny, "--overwrite")[1]
    (tmp_path / "out" / "manifest.json").write_text("{}")
    assert "is not a manifest of dcsim" in dcsim("run", tiny, "--out", out, "--overwrite")[1]


@pytest.mark.slow
def test_files_are_written_before_words(tiny, tmp_path):
    command = [sys.executable, "-m", "dcsim", "run", tiny, "--expected", "--out", "out", "--plot", "x.png"]
    with open("/dev/full", "w") as full:
        subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=full, stderr=full)
    assert (tmp_path / "x.png").exists()
    assert (tmp_path / "out" / "stuck.parquet").exists()
