"""A scenario of a site that nobody has modelled: some twenty lines on top of the archetype that fits it.

What is asked has the names of the columns of a `sites.csv`, and the same rules find the archetype.
"""

import datetime as dt
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from dcsim.calendars import check_holidays
from dcsim.errors import RequestError
from dcsim.scenario.cases import Cases, Site
from dcsim.scenario.files import ARCHETYPE, ARCHETYPES, archetype
from dcsim.scenario.load import load
from dcsim.scenario.parse import parse_yaml
from dcsim.scenario.rules import Rule, Rules, read_rules
from dcsim.scenario.schema import Scenario
from dcsim.scenario.tree import Origin, plain
from dcsim.suggest import nearest, shorten
from dcsim.units import parse_amount, parse_date, parse_number
from dcsim.units import plain as written

RULES = ARCHETYPES / "rules.yaml"
_PLAIN = re.compile(r"[A-Za-z][\w .,()/&-]*(?<! )", re.ASCII)
TODAY = "today"
_WIDTH = 33
"""Where the comments begin."""


@dataclass(frozen=True)
class Question:
    """Something to be known of a new site."""

    column: str
    text: str
    """What is asked, also as help of the option."""
    default: str
    """What is taken where nothing is answered; nothing is known if empty."""
    read: Callable[[str], str]
    """The answer as a cell of `sites.csv`; raises ValueError with what would be right."""


@dataclass(frozen=True)
class NewSite:
    """A scenario of a new site: its text, and what it says."""

    text: str
    archetype: str
    scenario: Scenario


def new_site(answers: Mapping[str, str]) -> NewSite:
    """A scenario from what is known of a site, by column; what is missing or empty has its default.

    Raises
    ------
    RequestError
        With everything that cannot be used, and what would be right.
    """
    cells, wrong = {}, []
    for question in QUESTIONS:
        answer = answers.get(question.column, "").strip() or question.default
        try:
            cells[question.column] = question.read(answer) if answer else ""
        except ValueError as error:
            wrong.append(f"{question.text}: {error}")
    wrong += [] if wrong else [*_wrong_holidays(cells), *_wrong_target(cells)]
    if wrong:
        raise RequestError("\n".join(wrong))
    rule, values = _rules().of(Site(0, cells, (), (), cells["site"], None, cells["shell"], 0.0, None, None, None))
    tree, _ = parse_yaml("\n".join(_lines(rule, values, cells, {})), Origin(cells["site"], ARCHETYPES))
    scenario = load(plain(tree))
    in_force = {name: str(parameter.value) for name, parameter in scenario.parameters.items()}
    return NewSite("\n".join(_lines(rule, values, cells, in_force)) + "\n", rule.archetype, scenario)


@cache
def _rules() -> Rules:
    columns = tuple(question.column for question in QUESTIONS)
    return read_rules(RULES, Cases("", (), columns, False, {}))


@cache
def _general() -> Scenario:
    """The archetype whose parameters say what a buyer, a GPU and a country may be."""
    return load(archetype("new-campus"))


def _lines(rule: Rule, values: Mapping[str, str], cells: Mapping[str, str], in_force: Mapping[str, str]) -> list[str]:
    """The scenario line by line; `in_force` says what parameters are that nobody was asked for."""
    base = load(archetype(rule.archetype))
    parameters = {path.removeprefix("parameters."): value for path, value in values.items() if "." in path}
    code, announced = _holidays(cells), cells["announced"]
    return [
        f"# {base.description}",
        "# Whatever it assumes can be changed here: `dcsim show` prints it, `dcsim assumptions` tells what it does.",
        f"extends: {ARCHETYPE}{rule.archetype}",
        f"name: {_quoted(cells['site'])}",
        _commented(f"start: {values['start']}", "day 0: land clearing, or the work of a conversion, begins"),
        "",
        "parameters:",
        *(_commented(f"  {name}: {value}", _MEANINGS.get(name, "")) for name, value in parameters.items()),
        *(_commented(f"  # {name}: {in_force.get(name)}", about) for name, about in _KNOWN_BETTER.items()),
        "",
        "# factors:",
        _commented("#   site_pace: 1.0 to 1.9", "the site as a whole: 1 is the pace of a fast job"),
        *(["", "calendars:", f"  work_days: {{holidays: {code}}}"] if code else []),
        *(["", "milestones:", f"  operational: {{target: {announced}}}"] if announced else []),
    ]


_MEANINGS = {
    "it_power": "IT load of one building, without cooling",
    "buildings": "units that go into operation one by one",
    "buyer": "decides how early gear is ordered, and the pace of labs",
    "gpu": "decides power, size and lead time of the racks",
    "country": "decides the pace",
}
_KNOWN_BETTER = {
    "ordered_ahead": "how long before day 0 long-lead gear is ordered",
    "building_interval": "from the start of a building to that of the next",
}
"""What a planner is likely to know better than the archetype."""


def _commented(line: str, comment: str) -> str:
    return f"{line:<{_WIDTH}} # {comment}" if comment else line


def _quoted(text: str) -> str:
    """Text as YAML has it."""
    return text if _PLAIN.fullmatch(text) and text.lower() not in ("null", "true", "false") else json.dumps(text)


def _holidays(cells: Mapping[str, str]) -> str:
    """The code of the public holidays of a site."""
    return "-".join(filter(None, (cells["country"], cells["state"])))


def _wrong_holidays(cells: Mapping[str, str]) -> list[str]:
    try:
        check_holidays(_holidays(cells))
    except ValueError as error:
        return [f"state: {error}"]
    return []


def _wrong_target(cells: Mapping[str, str]) -> list[str]:
    if cells["announced"] and cells["announced"] <= cells["started"]:
        return [f"announced: {cells['announced']} is not after the start, {cells['started']}"]
    return []


# Answers


def _name(answer: str) -> str:
    if len(answer) > 100 or not answer.isprintable():
        raise ValueError(f"expected a name of at most 100 characters in one line, got '{shorten(answer)}'")
    return answer


def _date(answer: str) -> str:
    return f"{dt.date.today() if answer == TODAY else parse_date(answer):%Y-%m-%d}"


def _megawatts(answer: str) -> str:
    """60, or 60 MW, or 0.06 GW."""
    kilowatts = parse_amount(answer if re.search(r"[A-Za-z]", answer) else f"{answer} MW", "kW")
    if not 100 <= kilowatts <= 5_000_000:
        raise ValueError(f"expected the IT load of one building, from 0.1 MW to 5 GW, got '{shorten(answer)}'")
    return written(parse_number(kilowatts) / 1000)


def _buildings(answer: str) -> str:
    number = parse_number(answer)
    if number.denominator != 1 or not 1 <= number <= 200:
        raise ValueError(f"expected a whole number from 1 to 200, got '{shorten(answer)}'")
    return str(number)


def _word(column: str) -> Callable[[str], str]:
    """One of the words that the rules or the archetypes know."""

    def read(answer: str) -> str:
        known = choices(column)
        word = next((known_word for known_word in known if known_word.casefold() == answer.casefold()), None)
        if word is None:
            raise ValueError(f"'{shorten(answer)}' is not known{nearest(answer, known)}")
        return word

    return read


def choices(column: str) -> list[str]:
    """The words that may be answered; none where it is no choice."""
    if column in ("shell", "power"):
        return list(_WORDS[column])
    parameter = _general().parameters.get(column)
    return [str(choice) for choice in parameter.choices] if parameter is not None else []


_WORDS = {"shell": ("new", "conversion", "tent", "leased"), "power": ("grid", "existing", "onsite", "mixed")}

QUESTIONS = (
    Question("site", "name of the site", "New site", _name),
    Question("country", "country, as US or ID", "US", _word("country")),
    Question("state", "state, if it has one, as TX", "", lambda answer: answer.upper()),
    Question("started", "date on which clearing or conversion begins", TODAY, _date),
    Question("it_mw_building", "IT power of one building", "60 MW", _megawatts),
    Question("buildings", "number of buildings", "2", _buildings),
    Question("shell", "shell", "new", _word("shell")),
    Question("power", "power at the start", "grid", _word("power")),
    Question("gpu", "what is in the racks", "gb200", _word("gpu")),
    Question("buyer", "kind of buyer", "hyperscaler", _word("buyer")),
    Question("announced", "date announced for the first building", "", _date),
)
