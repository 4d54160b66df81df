"""An activity in words: what it waits for, takes, consumes and produces, how long it lasts, how it fails."""

from collections.abc import Iterator
from typing import Any

import pandas as pd

from dcsim.network import Network
from dcsim.report.quantities import amount, number_in_words, uncertain, when
from dcsim.scenario import schema
from dcsim.scenario.schema import ALWAYS, Scenario
from dcsim.units import Span, plain


def activity_lines(
    part: schema.ActivityPart, scenario: Scenario, activity: schema.ActivityPart | None = None
) -> Iterator[str]:
    """What is said about an activity, or about what differs from the `whole` of it in some places."""
    given = part.model_fields_set
    if isinstance(part, schema.Activity) and part.after:
        yield f"after {', '.join(link_in_words(link) for link in part.after)}"
    if part.not_before is not None:
        yield f"not before {when(part.not_before)}"
    if part.finish_not_before is not None:
        yield f"finishes not before {when(part.finish_not_before)}"
    if part.requires:
        yield f"takes {', '.join(_taken(entry, number) for entry, number in part.requires.items())}"
    if part.ways:
        yield f"the first of these ways that is free: {'; '.join(_ways(part, activity or part, scenario))}"
    if part.consumes:
        yield f"consumes {_goods(part.consumes, scenario)}"
    if part.produces:
        yield f"produces {_goods(part.produces, scenario)}"
    if (activity is None or "duration" in given) and not _has_own_durations(part):
        yield f"lasts {duration_in_words(part, activity or part, scenario)}"
    if part.varies_with:
        yield f"varies with {', '.join(part.varies_with)}"
    if part.learning is not None:
        yield _learning(part.learning)
    if part.rework is not None:
        yield _rework(part.rework)
    if part.calendar is not None:
        yield f"works by {part.calendar}"
    if part.priority or (activity is not None and "priority" in given):
        yield f"priority {part.priority}"


def link_in_words(link: schema.Link) -> str:
    """What is waited for: start of install_rack in phase1 (40 of them) + 7 d, to finish."""
    text = f"the start of {link.activity}" if link.start_or_finish == "start" else link.activity
    text += f" in {link.place}" if link.place else ""
    text += f" ({link.count:,} of them)" if link.count is not None else ""
    return text + lag_in_words(link.lag) + (", to finish" if link.to == "finish" else "")


def lag_in_words(lag: Any) -> str:
    """Time that has to pass as well; nothing if none has."""
    if isinstance(lag, schema.WorkingLag):
        return f"{_signed(lag.working)} of work" + (f" by {lag.by}" if lag.by != schema.SUCCESSOR else "")
    return _signed(lag) if lag.amount else ""


def _signed(lag: Span) -> str:
    size = Span(abs(lag.amount), lag.unit)
    written_size = f"{plain(size.amount)} % of its length" if lag.unit == "%" else str(size)
    return f" {'-' if lag.amount < 0 else '+'} {written_size}"


def duration_in_words(part: schema.ActivityPart, activity: schema.ActivityPart, scenario: Scenario) -> str:
    """How long it lasts; days and weeks under a calendar are said to be working days and weeks."""
    text = uncertain(part.duration)
    calendars = _calendars(part, scenario) or _calendars(activity, scenario)
    days = f"{text} (working time of {' or '.join(calendars)})"
    has_days = any(isinstance(value, Span) and value.unit in ("d", "wk") for value in part.duration.values)
    return days if has_days and calendars not in ([], [ALWAYS]) else text


def _calendars(part: schema.ActivityPart, scenario: Scenario) -> list[str]:
    """The calendars whose days its duration may mean: its own, else those of what it requires first."""
    if part.calendar is not None:
        return [part.calendar]
    names: list[str] = next((entry.split("|") for entry in part.requires), [])
    return list(dict.fromkeys(scenario.resources[name.strip()].calendar or ALWAYS for name in names))


def _ways(part: schema.ActivityPart, activity: schema.ActivityPart, scenario: Scenario) -> Iterator[str]:
    """Each way to do it: four takes 4 x crew, lasts 2 d (working time of shift)."""
    for name, way in part.ways.items():
        phrases = []
        if way is not None and way.requires:
            phrases.append(f"takes {', '.join(_taken(entry, number) for entry, number in way.requires.items())}")
        if way is not None and way.duration is not None:
            requires = part.requires | way.requires
            taken = part.model_copy(update={"duration": way.duration, "requires": requires})
            phrases.append(f"lasts {duration_in_words(taken, activity, scenario)}")
        yield f"{name} {', '.join(phrases)}".strip()


def _has_own_durations(part: schema.ActivityPart) -> bool:
    """Whether no way to do it lasts as long as the activity itself says."""
    return bool(part.ways) and all(way is not None and way.duration is not None for way in part.ways.values())


def _taken(entry: str, number: int | None) -> str:
    return f"no {entry}" if not number else f"{number:,} x {' or '.join(n.strip() for n in entry.split('|'))}"


def _goods(amounts: dict[str, Any], scenario: Scenario) -> str:
    return ", ".join(
        f"no {name}" if written is None else amount(written, scenario.supplies[name].unit, name)
        for name, written in amounts.items()
    )


def _learning(learning: schema.Learning) -> str:
    text = f"learns: time x {plain(learning.rate)} with every doubling of the number done"
    text += f", the time above is that of number {learning.at:,}" if learning.at != 1 else ""
    text += f", until number {learning.until:,}" if learning.until is not None else ""
    return text + (f", counted by {learning.per}" if learning.per != schema.SITE else "")


def _rework(rework: schema.Rework) -> str:
    text = f"fails with {number_in_words(100 * rework.probability)} %: repair {uncertain(rework.duration)}"
    takes = [_taken(entry, number) for entry, number in rework.requires.items()]
    text += f", takes {', '.join(takes)}" if takes else ""
    return text + (f", varies with {', '.join(rework.varies_with)}" if rework.varies_with else "")


def critical_in_words(network: Network, shares: pd.DataFrame) -> str:
    """Early and late dates of all instances, and the least of their floats."""

    def dates(which: str) -> str:
        start, finish = int(shares[f"{which}_start"].min()), int(shares[f"{which}_finish"].max())
        return f"{network.date(start):%Y-%m-%d} to {network.date(max(start, finish - 1)):%Y-%m-%d}"

    if shares["early_start"].isna().any():
        return "no early and late dates: some work cannot end"
    if not shares["critical"].any():
        total, free = (round(float(shares[name].min()), 1) for name in ("total_float", "free_float"))
        slack = f"float {total:,g} d (free {free:,g} d)"
    else:
        slack = "critical"
    return f"early {dates('early')}, late {dates('late')}, {slack}"
