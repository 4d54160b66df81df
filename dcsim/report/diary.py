"""Dates as an iCalendar file (RFC 5545): milestones, and the latest dates of orders."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

from dcsim.document.words import date_of, share
from dcsim.errors import RequestError, UnavailableError
from dcsim.report.page.results import Results


def diary(results: Results) -> bytes:
    """All-day events: each milestone on its P50, or on its day in one build, and each order on its latest date.

    Raises
    ------
    RequestError
        The results have neither.
    UnavailableError
        icalendar is not installed.
    """
    try:
        from icalendar import Calendar, Event
    except ImportError:
        raise UnavailableError("a calendar needs icalendar: pip install 'dcsim[exchange]'") from None
    calendar = Calendar()
    calendar.add("prodid", "-//dcsim//dates of a buildout//EN")
    calendar.add("version", "2.0")
    calendar.add("name", results.scenario.name)
    for uid, day, summary, description in sorted(_events(results)):
        event: Event = Event()
        event.add("uid", f"{uid}@{results.scenario.document.sha256[:12]}.dcsim")
        event.add("dtstamp", results.scenario.start.replace(tzinfo=dt.UTC))
        event.add("dtstart", day)
        event.add("summary", summary)
        event.add("description", description)
        calendar.add_component(event)
    if not calendar.subcomponents:
        raise RequestError("a calendar needs the result of replicate, run or order-by, with a date in it")
    return bytes(calendar.to_ical())


def _events(results: Results) -> Iterator[tuple[str, dt.date, str, str]]:
    """Name, day, what it is called and what there is to say."""
    labels, many, run = results.labels, results.first("replications"), results.first("run")
    for row in [] if many is None else many.tables["summary"].to_dict("records"):
        if _known(row["p50_date"]):
            chance = float(row["probability"])
            lines = [f"{level.upper()}: {date_of(row[f'{level}_date'])}" for level in ("p10", "p50", "p80", "p90")]
            lines += [f"chance of the date that is wanted: {share(chance)}"] if chance == chance else []
            called = labels.get(row["milestone"], row["milestone"])
            yield f"milestone-{row['milestone']}", row["p50_date"].date(), f"{called} (P50)", "\n".join(lines)
    for row in run.tables["milestones"].to_dict("records") if run is not None and many is None else []:
        if _known(row["date"]):
            called = labels.get(row["milestone"], row["milestone"])
            yield f"milestone-{row['milestone']}", row["date"].date(), called, "in one build"
    for orders in results.of("orders"):
        for row in orders.tables["orders"].to_dict("records"):
            if _known(row["latest"]):
                name, milestone = f"{row['supply']}.{row['order']}", orders.about["milestone"]
                supply = labels.get(row["supply"], row["supply"])
                text = (
                    f"{share(row['confidence'])} likely: {labels.get(milestone, milestone)} by {orders.about['date']}"
                )
                text += f"\nplanned: {date_of(row['placed'])}" if _known(row["placed"]) else ""
                yield f"order-{name}", row["latest"].date(), f"order {supply} ({row['order']}) at the latest", text


def _known(moment: Any) -> bool:
    return moment is not None and moment == moment
