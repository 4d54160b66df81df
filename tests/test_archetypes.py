"""Archetypes: each is sound, moves with its start, and does what its parameters say; `dcsim new` writes a site."""

import datetime as dt
import io
import itertools
import shlex
import tomllib
from pathlib import Path

import pytest
import yaml

import dcsim
from dcsim.engine import ENGINES
from dcsim.errors import RequestError, ScenarioError
from dcsim.scenario.files import ARCHETYPES, archetypes
from dcsim.scenario.load import load
from dcsim.scenario.new import new_site
from dcsim.scenario.parse import parse_yaml
from dcsim.scenario.tree import Origin, plain
from dcsim.study.backtest import backtest
from dcsim.visible import Shown

NAMES = archetypes()
STAGES = ["clearing", "foundations", "shell", "roof", "equipment", "operational", "campus"]
SHELLS, POWERS = ("new", "conversion", "tent", "leased"), ("grid", "existing", "onsite", "mixed")
BUYERS = ("hyperscaler", "lab", "neocloud", "colocation")
SITES = [
    pytest.param(shell, power, buyer, marks=[] if buyer == BUYERS[number % 4] else [pytest.mark.slow])
    for number, (shell, power) in enumerate(itertools.product(SHELLS, POWERS))
    for buyer in BUYERS
]


def loaded(name, **parameters):
    """An archetype with other values by path; `start` and parameters by their names."""
    overrides = {path if path == "start" else f"parameters.{path}": value for path, value in parameters.items()}
    return dcsim.load(ARCHETYPES / f"{name}.yaml", overrides=overrides)


def days(scenario, milestone, n=40):
    return dcsim.replicate(scenario, n, engine="reference").days_of(milestone)


@pytest.mark.compiled
@pytest.mark.parametrize("name", NAMES)
def test_an_archetype_is_sound(name):
    """No warning, all stages dated in order, and the same in both engines."""
    scenario = dcsim.check(ARCHETYPES / f"{name}.yaml")
    assert not scenario.warnings
    assert list(scenario.milestones) == STAGES
    runs = [dcsim.simulate(scenario, engine=engine, seed=3) for engine in ENGINES]
    for table in ("activities", "deliveries", "milestones", "supplies"):
        assert getattr(runs[0], table).equals(getattr(runs[1], table))
    reached = runs[0].milestones.set_index("milestone").day
    assert reached[STAGES].is_monotonic_increasing
    assert reached["clearing"] < reached["operational"]


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_site_moves_with_its_start(name):
    """52 weeks later every milestone falls on the same day after day 0."""
    early, late = (loaded(name, start=start) for start in ("2025-03-03", "2026-03-02"))
    for milestone in STAGES:
        assert (days(early, milestone, 4) == days(late, milestone, 4)).all()


@pytest.mark.slow
def test_more_buildings_end_later():
    few, many = (days(loaded("new-campus", buildings=count), "campus") for count in (1, 4))
    assert (many > few).all()


@pytest.mark.slow
def test_gear_ordered_earlier_is_never_later():
    late, early = (days(loaded("new-campus", ordered_ahead=ahead), "operational") for ahead in ("0 wk", "78 wk"))
    assert (early <= late).all()
    assert (early < late).any()


@pytest.mark.slow
@pytest.mark.parametrize("country", ["CN", "AE"])
def test_the_pace_of_a_country(country):
    assert (
        days(loaded("new-campus", country=country), "operational").mean()
        < days(loaded("new-campus"), "operational").mean()
    )


def test_a_building_holds_what_its_power_carries():
    run = dcsim.simulate(loaded("new-campus", it_power="30 MW", buildings=3, gpu="gb300"), expected=True)
    usable = run.supplies[run.supplies.supply == "usable"]
    assert usable.total.max() == 3 * 228 * 72  # 30 MW / 132 kW, rounded up


@pytest.mark.compiled
def test_racks_one_by_one():
    """The same building with its racks as places: the engines agree, and it opens in the same season."""
    scenario = dcsim.load(
        ARCHETYPES / "new-campus.yaml", variants=["rack_by_rack"], overrides={"parameters.buildings": 1}
    )
    one, other = (dcsim.simulate(scenario, engine=engine, seed=1) for engine in ENGINES)
    assert one.milestones.equals(other.milestones)
    coarse = dcsim.simulate(loaded("new-campus", buildings=1), seed=1)
    (fine,), (whole,) = (run.milestones.set_index("milestone").loc[["operational"], "day"] for run in (one, coarse))
    assert abs(fine - whole) < 90


def test_rules_reach_every_archetype():
    rules = yaml.safe_load((ARCHETYPES / "rules.yaml").read_text())["rules"]
    assert {rule["scenario"] for rule in rules} == {f"{name}.yaml" for name in NAMES}
    assert not rules[-1].get("when")


def test_rules_need_nothing_but_a_start(tmp_path):
    """Sites of which little is known, in words of other tables, are forecast all the same."""
    columns = "site,country,state,started,shell,power,gpu,buyer,it_mw_building,buildings,announced,announced_for"
    rows = ["Bare,,,2024-05-01,new,,,,,,,", "Odd,NO,,2024-05-01,tent,onsite,unknown,neocloud,16.55,3,,"]
    (tmp_path / "sites.csv").write_text("\n".join([columns, *rows]) + "\n")
    found = backtest(tmp_path, template=ARCHETYPES / "rules.yaml", n=3, engine="reference")
    assert {*found.steps.archetype} == {"new-campus", "fast-tent"}


def test_an_archetype_is_extended_by_name_from_anywhere(tmp_path):
    site = tmp_path / "site.yaml"
    site.write_text("extends: archetype:new-campus\nname: Far away\nstart: 2027-01-04\n")
    assert dcsim.load(site).start == dt.datetime(2027, 1, 4)


@pytest.mark.parametrize("name", ["new-campos", "../../secret", "parts/building", "rules", "/etc/passwd", ""])
def test_only_archetypes_are_extended_by_name(name, tmp_path):
    site = tmp_path / "site.yaml"
    (tmp_path.parent / "secret.yaml").write_text("name: no\n")
    site.write_text(f"extends: 'archetype:{name}'\nname: x\nstart: 2027-01-04\n")
    with pytest.raises(ScenarioError, match=f"line 1.*no archetype '{name}'"):
        dcsim.load(site)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["minimal", "greenfield-campus", "colossus-1"])
def test_an_example_is_simulated_by_name_from_anywhere(name):
    assert (
        dcsim.load(f"example:{name}").document.data
        == dcsim.load(Path(__file__).parents[1] / "configs" / f"{name}.yaml").document.data
    )


def test_an_example_that_is_not_there_is_told():
    with pytest.raises(ScenarioError, match="no example 'minimall'; did you mean 'minimal'"):
        dcsim.load("example:minimall")


# dcsim new


@pytest.mark.slow
@pytest.mark.parametrize(("shell", "power", "buyer"), SITES)
def test_every_combination_makes_a_scenario(shell, power, buyer, tmp_path):
    made = new_site({"shell": shell, "power": power, "buyer": buyer, "started": "2026-05-04", "state": "TX"})
    path = tmp_path / "site.yaml"
    path.write_text(made.text)
    assert len(made.text.splitlines()) < 30
    scenario = dcsim.check(path)
    assert not scenario.warnings
    assert dcsim.replicate(scenario, 2, engine="reference").finished == 1


def test_what_was_answered_stands_in_the_file():
    made = new_site(
        {
            "site": "Über: a name",
            "country": "cn",
            "started": "2026-05-04",
            "it_mw_building": "0.0475 GW",
            "buildings": "3",
            "gpu": "ascend",
            "announced": "2028-01-31",
        }
    )
    said = yaml.safe_load(made.text)
    assert (said["extends"], said["name"], str(said["start"])) == ("archetype:new-campus", "Über: a name", "2026-05-04")
    assert said["parameters"] == {
        "it_power": "47.5 MW",
        "buildings": 3,
        "buyer": "hyperscaler",
        "gpu": "ascend",
        "country": "CN",
    }
    assert str(said["milestones"]["operational"]["target"]) == "2028-01-31"
    assert said["calendars"] == {"work_days": {"holidays": "CN"}}


@pytest.mark.parametrize(
    "answers",
    [
        {"buyer": "hyperscaler"},
        {"shell": "conversion", "power": "mixed", "buyer": "lab"},
        {"shell": "leased", "buyer": "neocloud", "country": "NO"},
        {"gpu": "tpu"},
        {"started": "2021-05-04"},
    ],
)
def test_what_is_commented_out_is_in_force(answers):
    made = new_site(answers)
    text = made.text.replace("  # ordered_ahead", "  ordered_ahead").replace("  # building_int", "  building_int")
    text = text.replace("# factors", "factors").replace("#   site_pace", "  site_pace")
    assert text != made.text
    scenario = load(plain(parse_yaml(text, Origin("site", ARCHETYPES))[0]))
    assert scenario.parameters["ordered_ahead"].value == made.scenario.parameters["ordered_ahead"].value
    assert scenario.parameters["building_interval"].value == made.scenario.parameters["building_interval"].value
    assert scenario.factors["site_pace"].value == made.scenario.factors["site_pace"].value


@pytest.mark.parametrize(
    "name", ["null", "- x", "a: b", "# c", '"', "{a}", "0x10", "1", "yes", "a # b", "*a", "[", "true", "~", "a'b"]
)
def test_any_name_is_kept(name):
    assert new_site({"site": name}).scenario.name == name


@pytest.mark.parametrize(
    ("column", "answer", "said"),
    [
        ("site", "a\nb", "name of the site: expected a name"),
        ("started", "soon", "begins: expected a date"),
        ("it_mw_building", "60 MWh", "IT power"),
        ("it_mw_building", "60000", "from 0.1 MW to 5 GW"),
        ("buildings", "2.5", "a whole number from 1 to 200"),
        ("shell", "tents", "shell: 'tents' is not known; did you mean 'tent'?"),
        ("buyer", "me", "kind of buyer: 'me' is not known"),
        ("gpu", "foo", "what is in the racks: 'foo' is not known; there are 'a100', 'h100'"),
        ("announced", "2020-01-01", "announced: 2020-01-01 is not after the start"),
        ("country", "Texas", "country"),
        ("state", "ZZ", "state: no public holidays are known for 'US-ZZ'"),
    ],
)
def test_a_wrong_answer_is_refused(column, answer, said):
    with pytest.raises(RequestError, match=said.replace("?", r"\?")):
        new_site({column: answer})


def test_new_writes_once(dcsim, tmp_path, monkeypatch):
    out = tmp_path / "my site.yaml"
    told, _, code = dcsim("new", "--name", "Here", "--start", "2026-05-04", "--shell", "tent", "-o", str(out))
    assert not code
    assert "archetype:tent-hall" in told
    _, _, follow = told.partition("next: ")
    commands = [shlex.split(command) for command in follow.split(";")]
    assert [command[1] for command in commands] == ["replicate", "plot", "explain", "assumptions"]
    monkeypatch.chdir(tmp_path)
    for _, *command in commands:
        few = ["20" if word == "1000" else word for word in command]
        assert dcsim(*few)[2] == 0, "runs as it stands"
    assert (tmp_path / "milestones.png").exists()
    before = out.read_text()
    _, complaint, code = dcsim("new", "--name", "There", "-o", str(out))
    assert code == 2
    assert "--overwrite" in complaint
    assert out.read_text() == before
    _, _, code = dcsim("new", "--name", "There", "-o", str(out), "--overwrite")
    assert not code
    assert "name: There" in out.read_text()


def test_new_prints_without_a_file_and_refuses_nonsense(dcsim):
    told, _, code = dcsim("new", "--start", "2026-05-04", "--power", "onsite")
    assert not code
    assert yaml.safe_load(told)["extends"] == "archetype:fast-track"
    _, complaint, code = dcsim("new", "--buyer", "nobody", "--buildings", "0")
    assert code == 2
    assert "kind of buyer" in complaint
    assert "number of buildings" in complaint


def test_new_asks_on_a_terminal_until_it_can_use_the_answer(monkeypatch, tmp_path):
    from typer.testing import CliRunner

    from dcsim.cli import app, new

    monkeypatch.setattr(new, "on_a_terminal", lambda: True)
    answers = ["Here", "US", "TX", "2026-05-04", "80", "three", "3", "conversion", "existing", "tpu", "lab", ""]
    out = tmp_path / "site.yaml"
    result = CliRunner().invoke(app, ["new", "-o", str(out)], input="\n".join(answers) + "\n")
    assert result.exit_code == 0
    assert "expected a number, got 'three'" in result.output
    said = yaml.safe_load(out.read_text())
    assert (said["extends"], said["parameters"]["buildings"]) == ("archetype:conversion-powered", 3)


def test_archetypes_are_in_the_package():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["dcsim"]
    packed = {path for pattern in patterns for path in ARCHETYPES.parent.glob(pattern)}
    assert set(ARCHETYPES.rglob("*.yaml")) <= packed


def test_a_terminal_is_known_although_its_output_is_watched(monkeypatch):
    from dcsim.cli.new import on_a_terminal

    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal())
    monkeypatch.setattr("sys.stderr", Shown(Terminal()))
    assert on_a_terminal()
    monkeypatch.setattr("sys.stdin", io.StringIO())
    assert not on_a_terminal()


def test_configs_show_the_archetypes_that_are_installed():
    shown = Path(__file__).parents[1] / "configs" / "archetypes"
    assert shown.resolve() == ARCHETYPES.resolve()
    assert all((shown / f"{name}.yaml").is_file() for name in NAMES)
