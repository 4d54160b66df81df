"""What spans others and holds nothing up: level of effort and WBS summaries of P6, hammocks."""

from dcsim.schedule import Activity, Kind, Link, Schedule

KINDS = ("level of effort", "loe", "tt loe", "hammock")
"""What planning tools call it, in small letters."""


def is_hammock(kind: str) -> bool:
    """Whether a type of an activity, as tools write it, is one that spans others."""
    return kind.replace("_", " ").strip().casefold() in KINDS


def hang(schedule: Schedule) -> None:
    """Turn the links from what spans others, so that their other ends begin or end it; without an end it has a length.

    The first of several links begins it, the last ends it, as in P6.
    """
    spans = {activity.id for activity in schedule.activities.values() if activity.spans}
    for number, link in enumerate(schedule.links):
        if link.predecessor in spans and link.successor not in spans:
            schedule.links[number] = _turned(link)
            if link.kind != "FF":
                lost = f"the link {link.kind} to {link.successor}, which would wait for what only spans others"
                schedule.lose(link.predecessor, lost, f"{link.successor} gives its {_END[link.kind[0]]}, as in P6")
    ended = {link.successor for link in schedule.links if link.kind[1] == "F"}
    for id_ in sorted(spans):
        _fit(schedule, schedule.activities[id_], id_ in ended)


_END = {"S": "start", "F": "finish"}


def _turned(link: Link) -> Link:
    kind: Kind = f"{link.kind[1]}{link.kind[0]}"  # type: ignore[assignment]
    percent = None if link.percent is None else -link.percent
    return Link(link.successor, link.predecessor, kind, -link.lag, link.calendar, percent)


def _fit(schedule: Schedule, activity: Activity, is_ended: bool) -> None:
    """Give what spans others no length and no dates of its own; its planned length where no link ends it."""
    activity.needs = 1
    if not is_ended and activity.minutes:
        activity.spans = False
        schedule.lose(activity.id, "it spans others, and none ends it", "its planned duration", "assumption")
        return
    activity.minutes, activity.estimate, activity.remaining, activity.left = 0, None, None, None
    for constraint in activity.constraints:
        schedule.lose(activity.id, f"constraint: {constraint.kind}", "nothing: what it spans dates it", "constraint")
    activity.constraints = ()


def span(schedule: Schedule, id_: str, parts: list[str]) -> None:
    """Let an activity span others: it begins with the first of them, and ends with the last."""
    inside = set(parts)
    links = [
        link
        for link in schedule.links
        if link.kind == "FS" and link.lag >= 0 and inside.issuperset(link[:2]) and not _begun(schedule, link)
    ]
    follow, lead = ({link[end] for link in links} for end in (1, 0))
    schedule.links += [Link(part, id_, "SS") for part in parts if part not in follow]
    schedule.links += [Link(part, id_, "FF") for part in parts if part not in lead]


def _begun(schedule: Schedule, link: Link) -> bool:
    return schedule.activities[link.successor].actual_start is not None


def without_shared_crews(schedule: Schedule) -> None:
    """Take from what only spans others the crews that work needs: it holds nothing up."""
    hammocks = schedule.hammocks()
    working = {
        name for activity in schedule.activities.values() if activity.id not in hammocks for name in activity.resources
    }
    for id_ in sorted(hammocks):
        activity = schedule.activities[id_]
        if shared := [name for name in activity.resources if name in working]:
            activity.resources = {name: units for name, units in activity.resources.items() if name not in working}
            lost = f"{', '.join(shared)}, which other work takes"
            schedule.lose(id_, lost, "it does not take them: what spans others holds nothing up")
