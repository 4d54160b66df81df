"""The location breakdown: levels that lead to the site, distinct places, patterns that match some."""

from collections import Counter
from itertools import islice

from dcsim.places import SITE, PlaceError, Places
from dcsim.scenario.checks.names import check_characters
from dcsim.scenario.checks.problems import Problems
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Level, Scenario
from dcsim.suggest import nearest

_MOST_LISTED = 5_000


def grow_places(scenario: Scenario, findings: Problems) -> Places | None:
    """The places of a scenario; none where they cannot be laid out."""
    before = len(findings.problems)
    for name, level in scenario.places.items():
        _check_names_of_places(name, level, findings)
    _check_circles(scenario, findings)
    around = {level.within for level in scenario.places.values()}
    if len(findings.problems) > before or not around <= {SITE, *scenario.places}:
        return None
    try:
        places = Places.grow(scenario.places, scenario.document.limit)
    except PlaceError as error:
        findings.add(_where(scenario, error), str(error) + _advice(scenario, error))
        return None
    _check_look_alikes(scenario, places, findings)
    return places


def check_pattern(path: Key, pattern: str, level: str, places: Places, findings: Problems) -> None:
    """A pattern means at least one place of a level, or one around it."""
    if level not in places.tiers or places.matches(pattern, level).any():
        return
    inside = [
        below for below in places.levels if places.encloses(level, below) and places.matches(pattern, below).any()
    ]
    if inside:
        findings.add(path, f"'{pattern}' names places of '{inside[0]}', which are inside those of '{level}'")
        return
    known = (known for outer in places.chain(level) for known in islice(places.each_path(outer), _MOST_LISTED))
    around = f"of '{level}' or around it" if level != SITE else "but 'site'"
    findings.add(path, f"no place '{pattern}' {around}{findings.near(pattern, known)}")


def check_stands_inside(path: Key, what: str, per: str, at: str, places: Places, findings: Problems) -> None:
    """An activity that uses something of every place of a level must be in one of these places."""
    if per not in places.tiers or at not in places.tiers or places.encloses(per, at):
        return
    exists = "exists once for the site" if at == SITE else f"exists once in every '{at}'"
    message = f"every '{per}' has {what} of its own, but this {exists}: place it at '{per}' or a level inside it"
    findings.add(path, message)


def _check_names_of_places(name: str, level: Level, findings: Problems) -> None:
    path: Key = ("places", name)
    for i, place in enumerate(level.names or ()):
        check_characters((*path, "names", i), place, findings)
    twice = [place for place, count in Counter(level.names or ()).items() if count > 1]
    if twice:
        findings.add(path, f"the place '{twice[0]}' appears twice")


def _check_circles(scenario: Scenario, findings: Problems) -> None:
    """No level stands inside itself."""
    seen: set[str] = set()
    for name in scenario.places:
        chain: dict[str, None] = {}
        while name in scenario.places and name not in seen:
            seen.add(name)
            chain[name] = None
            name = scenario.places[name].within
        if name in chain:
            names = list(chain)
            circle = " in ".join(f"'{level}'" for level in (*names[names.index(name) :], name))
            findings.add(("places", name, "in"), f"these levels contain each other: {circle}")


def _check_look_alikes(scenario: Scenario, places: Places, findings: Problems) -> None:
    """Two places inside the same place have different names, whatever their levels."""
    seen: dict[tuple[str | None, str], str] = {}
    for level in places.levels[1:]:
        for label in places.tiers[level].labels[:_MOST_LISTED]:
            first_level = seen.setdefault((places.parent(level), label), level)
            if first_level != level:
                findings.add(("places", level), f"places of '{level}' and '{first_level}' share the name '{label}'")
                break
    for level in places.levels[1:]:
        if places.parent(level) == SITE and SITE in places.tiers[level].labels:
            findings.add(("places", level), f"no place can have the name '{SITE}': it is the name of the root")


def _where(scenario: Scenario, error: PlaceError) -> Key:
    path: Key = ("places", error.level)
    level = scenario.places[error.level]
    if error.key is not None:
        return (*path, "count", error.key)
    return (*path, "count") if level.names is None else path


def _advice(scenario: Scenario, error: PlaceError) -> str:
    """The nearest place to one that is counted in but not there."""
    if error.key is None:
        return ""
    around = scenario.places[error.level].within
    levels = {name: level for name, level in scenario.places.items() if name != error.level}
    try:
        places = Places.grow(
            {name: level for name, level in levels.items() if not _stands_on(levels, name, error.level)}
        )
    except PlaceError:
        return ""
    return nearest(error.key, islice(places.each_path(around), _MOST_LISTED))


def _stands_on(levels: dict[str, Level], name: str, missing: str) -> bool:
    """Whether the way from a level to the site leads over one that is missing."""
    while name in levels:
        name = levels[name].within
    return name == missing
