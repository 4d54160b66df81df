"""Options on the command line: told, taken, recorded, and part of what a result is."""

import json

import pytest
from test_cli import ordered

FILE = """
extends: tiny.yaml
options:
  more_power: {cost: 2M USD, description: a second feed, changes: {supplies: {power: {initial: 600}}}}
  crews: {changes: {resources: {crew: {count: 2}, crane: {count: 2}}}}
"""


@pytest.fixture
def options(tiny, tmp_path):
    path = tmp_path / "options.yaml"
    path.write_text(FILE)
    return str(path)


def test_they_are_told(dcsim, options):
    out, _, code = dcsim("show", options)
    assert code == 0
    assert ordered(
        out,
        "Options\n",
        "more_power  2M USD: a second feed\n",
        "changes supplies.power\n",
        "crews  without a stated price\n",
        "changes resources.crew, resources.crane\n",
        "Variants\n",
    )
    assert (
        "Options taken: crews, more_power.\n"
        in dcsim("show", options, "--option", "crews", "--option", "more_power")[0]
    )


def test_they_are_checked(dcsim, options):
    with open(options, "a") as file:
        file.write("  typo: {changes: {resources: {crw: {cuont: 2}}}}\n")
    out, err, code = dcsim("check", options, "--variant", "more_power")
    assert (out, code) == ("", 2)
    assert "line 6: resources.crw.cuont: unknown key 'cuont'; did you mean 'count'? (option typo)" in err
    with open(options, "w") as file:
        file.write(FILE)
    out, _, _ = dcsim("check", options, "--variant", "more_power")
    assert out.endswith("14 activities in 6 racks, 2 variants, 2 options\n")


def test_they_are_taken_and_recorded(dcsim, options, tmp_path):
    words = ("--option", "more_power", "--mitigate", "storm", "-n", "2", "--engine", "reference")
    bare, _, _ = dcsim("replicate", options, *words[2:])
    out, _, code = dcsim("replicate", options, *words, "--out", str(tmp_path / "out"))
    assert code == 0
    assert "Tiny · more_power · storm mitigated · 2 replications" in out
    assert "Tiny · storm mitigated · 2 replications" in bare
    manifest = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert (manifest["options"], manifest["mitigated"]) == (["more_power"], ["storm"])
    assert "options" not in (tmp_path / "out" / "scenario.yaml").read_text()
    _, err, code = dcsim("replicate", options, *words[2:], "--out", str(tmp_path / "out"))
    assert code == 2
    assert "the new result differs in its scenario" in err


def test_a_build_with_an_option_is_told_as_such(dcsim, options):
    out, _, _ = dcsim("run", options, "--option", "crews", "--set", "resources.crew.count=1", "--expected")
    assert "Tiny · resources.crew.count=1 · crews · expected values" in out
    _, err, code = dcsim("run", options, "--option", "crew")
    assert code == 2
    assert "no option 'crew'; did you mean 'crews'?" in err
