"""Files of Primavera P6 and Microsoft Project, read by the Java library MPXJ inside this process."""

import codecs
import datetime as dt
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from dcsim.document.words import counted
from dcsim.exchange.hammocks import is_hammock, span
from dcsim.exchange.hours import Calendars
from dcsim.exchange.java import java, projects
from dcsim.exchange.moments import moment_of
from dcsim.exchange.sheets import read_file
from dcsim.exchange.xer import check_rows, decoded, lose_links
from dcsim.schedule import ALAP, ELAPSED, Activity, Constraint, Link, Resource, Schedule, ScheduleError
from dcsim.suggest import nearest
from dcsim.units import DAY, round_half_up

SUFFIXES = (".xer", ".xml", ".mpp", ".mpx")
LARGEST = 200_000_000
_KINDS = {
    "AS_LATE_AS_POSSIBLE": ALAP,
    "MUST_START_ON": "mandatory start",
    "MUST_FINISH_ON": "mandatory finish",
    "START_NO_EARLIER_THAN": "start on or after",
    "START_NO_LATER_THAN": "start on or before",
    "FINISH_NO_EARLIER_THAN": "finish on or after",
    "FINISH_NO_LATER_THAN": "finish on or before",
    "START_ON": "start on",
    "FINISH_ON": "finish on",
}
TOOL_KINDS = {kind: name for name, kind in _KINDS.items()}
OWN_ID, OWN_TYPE = "dcsim id", "dcsim type"
OWN_POINTS = ("dcsim optimistic h", "dcsim most likely h", "dcsim pessimistic h")
"""The user fields in which an exported file keeps ids and types of activities; Project has no other place for them."""
WBS_SUMMARY = "WBS_SUMMARY"
FAR = 2049
"""The year in which a tool lets last what has no end."""
_UNREAD: dict[str, Callable[[Any], Any]] = {
    "costs": lambda task: float(task.getCost() or 0),
    "delays by levelling": lambda task: task.getLevelingDelay() is not None and task.getLevelingDelay().getDuration(),
    "notes": lambda task: task.getNotes(),
    "activity codes": lambda task: len(task.getActivityCodeValues()),
}
"""What may stand beside activities, and whether it does."""
_UNREAD_BASELINES: dict[str, Callable[[Any], Any]] = {
    "baselines of what is no milestone": lambda task: (
        task.getBaselineFinish() is not None and not task.getMilestone() and not task.getSummary()
    ),
}
"""The same where a file has a baseline; without one, MPXJ gives planned dates of P6 as such."""
_MINUTES = {"m": 1, "h": 60, "em": 1, "eh": 60, "ed": DAY, "ew": 7 * DAY, "emo": 30 * DAY, "ey": 365 * DAY}


def planned(path: Path, name: str, project: str = "", encoding: str = "") -> Schedule:
    """The schedule in a file of a planning tool.

    Raises
    ------
    ScheduleError
        The file is too large, or broken, or has several projects of which none is named.
    UnavailableError
        Java or a library is missing.
    """
    data = read_file(path, LARGEST)
    if path.suffix.lower() == ".xml" and any(
        mark.encode(code) in data for mark in ("<!DOCTYPE", "<!ENTITY") for code in ("ascii", "utf-16-le", "utf-16-be")
    ):
        raise ScheduleError(f"'{path}' has its own document type, which dcsim does not read")
    if path.suffix.lower() == ".xml" and data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        data = re.sub(r"(encoding=.)utf-16", r"\1UTF-8", data.decode("utf-16", "replace"), count=1, flags=re.I).encode()
    jpype = java()
    is_xer, is_guessed = path.suffix.lower() == ".xer", False
    if is_xer:
        data, encoding, is_guessed = decoded(data, encoding)
        if data.startswith(b"ERMHDR") and not data.rstrip().endswith(b"%E"):
            raise ScheduleError(f"'{path}' is not complete: its last line is not '%E'; export or copy it again")
    try:
        files = projects(jpype, path, data, encoding)
        chosen = _chosen(files, project, path)
        schedule = _Reader(jpype, chosen, path, name).schedule()
        if is_guessed:
            schedule.lose(
                "", "its encoding, which the file does not say", "cp1252; --encoding says another", "assumption"
            )
        if is_xer:
            read = sum(len(task.getPredecessors()) for task in chosen.getTasks())
            project_id = str(chosen.getProjectProperties().getUniqueID()) if len(files) > 1 else ""
            lose_links(schedule, check_rows(schedule, data, encoding, project_id) - read)
        return schedule
    except jpype.JException as error:
        reason = str(error.getMessage() or error).splitlines()[0]
        raise ScheduleError(f"'{path}' cannot be read as a schedule of P6 or Project ({reason[:200]})") from None


def _chosen(files: list[Any], project: str, path: Path) -> Any:
    """The project with a name, or with an id where several have the same name."""
    if not files:
        raise ScheduleError(f"there are no activities in '{path}'")
    about = [file.getProjectProperties() for file in files]
    names = [str(properties.getName() or properties.getProjectTitle()) for properties in about]
    ids = [str(properties.getProjectID() or "") for properties in about]
    keys = [id_ if id_ and names.count(name) > 1 else name for name, id_ in zip(names, ids, strict=True)]
    if len(files) > 1 and not project:
        raise ScheduleError(f"'{path}' has several projects: choose one with --sheet: {', '.join(keys)}")
    fitting = [number for number in range(len(files)) if project in ("", keys[number], ids[number])]
    if not fitting:
        raise ScheduleError(f"'{path}' has no project '{project}'{nearest(project, keys)}")
    return files[fitting[0]]


class _Reader:
    """Reads one project."""

    def __init__(self, jpype: Any, project: Any, path: Path, name: str) -> None:
        self.jpype = jpype
        self.properties = project.getProjectProperties()
        self.project = project
        self.is_p6 = "primavera" in str(self.properties.getFileApplication() or "").lower() or path.suffix == ".xer"
        start = moment_of(self.properties.getPlannedStart() if self.is_p6 else None)
        start = start or moment_of(self.properties.getStartDate())
        if start is None:
            raise ScheduleError(f"'{path}' does not say when the project starts")
        self.made = Schedule(name or str(self.properties.getName() or path.stem), start, path.name)
        self.made.obeys_limits = not self.is_p6
        reported_until = moment_of(self.properties.getStatusDate())
        self.made.status, self.made.reported_until = (reported_until, None) if self.is_p6 else (None, reported_until)
        self.has_baseline = not self.is_p6 or any(plan is not None for plan in project.getBaselines())
        self.made.lags_from_rest = self.is_p6 and bool(self.properties.getComputeStartToStartLagFromEarlyStart())
        self.lag_calendar = str(self.properties.getRelationshipLagCalendar()) if self.is_p6 else "SUCCESSOR"
        kinds = jpype.JPackage("org").mpxj.FieldTypeClass
        self.own_id, self.own_type, *self.own_points = (
            project.getCustomFields().getFieldTypeByAlias(kinds.TASK, alias)
            for alias in (OWN_ID, OWN_TYPE, *OWN_POINTS)
        )
        self.calendars = Calendars(jpype, project, self.made, self.is_p6)
        self.ids: dict[int, str] = {}
        self.leaves: dict[int, list[str]] = {}
        self.left_out: set[int] = set()

    def schedule(self) -> Schedule:
        """The schedule, with all that could not be taken over."""
        tasks = [task for task in self.project.getTasks() if not task.getNull()]
        for task in tasks:
            if task.getSummary():
                self._summary(task)
            elif self._is_planned(task):
                self._activity(task)
        for task in tasks:
            self._links(task)
        for task in tasks:
            if str(task.getActivityType()) == WBS_SUMMARY and int(task.getUniqueID()) in self.ids:
                around = int(task.getParentTask().getUniqueID()) if task.getParentTask() is not None else 0
                span(self.made, self.ids[int(task.getUniqueID())], self.leaves.get(around, []))
        self._summary_tasks(tasks)
        return self.made

    def _summary_tasks(self, tasks: list[Any]) -> None:
        """What is said of the project as a whole, or of many activities at once, and not taken over."""
        about, lose = self.properties, self.made.lose
        self.made.must_finish = moment_of(about.getMustFinishBy()) if self.is_p6 else None
        if str(about.getScheduleFrom()) == "FINISH":
            lose("", "it is scheduled backwards from its finish", "it is scheduled from its start", "constraint")
        logic = str(about.getSchedulingProgressedActivities())
        if self.is_p6 and logic == "PROGRESS_OVERRIDE":
            self._override()
        elif self.is_p6 and logic == "ACTUAL_DATES":
            lose("", "what has begun goes on by actual dates", "by retained logic", "progress")
        unread = _UNREAD | (_UNREAD_BASELINES if self.has_baseline else {})
        for what, has in unread.items():
            count = sum(1 for task in tasks if has(task))
            if count:
                lose("", f"{what} ({counted(count, 'activity')})", "nothing: they are not read")

    def _override(self) -> None:
        """Leave out the links by which begun work waits for what has not finished, as progress override does."""
        activities, kept = self.made.activities, []
        for link in self.made.links:
            before, after = activities[link.predecessor], activities[link.successor]
            holds = link.kind.endswith("S") and after.has_begun and not before.is_done
            if holds and not before.spans and not after.spans:
                lost = f"the link {link.kind} from {before.id}, which has not finished"
                self.made.lose(after.id, lost, "nothing: it has begun, and P6 goes on by progress override", "progress")
            else:
                kept.append(link)
        self.made.links = kept

    def _summary(self, task: Any) -> None:
        """What sums up others is dated by them: dates of its own are listed."""
        held = [constraint.kind for constraint in self._constraints(task)] + ["deadline"] * (
            task.getDeadline() is not None
        )
        for kind in held:
            lost = f"'{task.getName()}' sums up others and has a date of its own: {kind}"
            self.made.lose(self._id(task), lost, "nothing: others give its dates", "constraint")

    def _is_planned(self, task: Any) -> bool:
        """Whether something is done at a date of its own."""
        if task.getExternalTask() and len(task.getSuccessors()):
            self._foreign(task)
            return False
        why = "it belongs to another project" if task.getExternalTask() else ""
        why = why or ("it is inactive" if not task.getActive() else "")
        if why:
            self.made.lose(self._id(task), f"'{task.getName()}': {why}", "it is left out, with its links")
            self.left_out.add(int(task.getUniqueID()))
        return not why

    def _foreign(self, task: Any) -> None:
        """Work of another project that activities wait for, on the dates that the file gives it."""
        start, finish = moment_of(task.getStart()), moment_of(task.getFinish())
        begin, id_ = max(self.made.start, self.made.status or self.made.start), self._id(task)
        if start is None or finish is None or finish <= begin:
            self.left_out.add(int(task.getUniqueID()))
            why = "it has no dates" if finish is None else "it has ended"
            self.made.lose(id_, f"'{task.getName()}' of another project: {why}", "it is left out, with its links")
            return
        id_ = id_ if id_ not in self.made.activities else f"{id_} ({task.getUniqueID()})"
        first = max(start, begin)
        made = Activity(id_, str(task.getName() or id_), (finish - first) // dt.timedelta(minutes=1))
        made.constraints = (Constraint("start on or after", first),)
        made.early_start, made.early_finish = first, finish
        self.made.activities[id_], self.ids[int(task.getUniqueID())] = made, id_
        self.leaves[int(task.getUniqueID())] = [id_]
        held = f"it goes on from {first:%Y-%m-%d %H:%M} to {finish:%Y-%m-%d %H:%M}, as the file says"
        self.made.lose(id_, f"'{made.name}': it belongs to another project", held, "assumption")

    def _id(self, task: Any) -> str:
        own = task.get(self.own_id) if self.own_id is not None else None
        return str(own or task.getActivityID() or task.getID() or task.getUniqueID())

    def _above(self, task: Any) -> Iterator[Any]:
        """What a task is summed up by, from the part to the whole."""
        while (task := task.getParentTask()) is not None:
            yield task

    def _part(self, task: Any) -> str:
        """A part of the work breakdown by its name, in P6 with the code that is its own."""
        name, code, above = str(task.getName() or ""), str(task.getWBS() or ""), task.getParentTask()
        around = str(above.getWBS() if above is not None else self.properties.getProjectID() or "")
        code = code.removeprefix(f"{around}.")
        return f"{name} [{code}]" if self.is_p6 and name and code not in ("", name) else name

    def _activity(self, task: Any) -> None:
        id_ = self._id(task)
        id_ = id_ if id_ not in self.made.activities else f"{id_} ({task.getUniqueID()})"
        begun = task.getActualStart() is not None or task.getActualFinish() is not None
        duration = self._duration(task, begun)
        elapsed = duration is not None and str(duration.getUnits()).startswith("e")
        calendar = ELAPSED if elapsed else self.calendars.worked_by(task, id_)
        made = Activity(id_, str(task.getName() or id_).strip() or id_, self._minutes(duration), calendar)
        own_type = task.get(self.own_type) if self.own_type is not None else None
        is_summary = str(task.getActivityType()) == WBS_SUMMARY
        made.spans = is_summary or is_hammock(str(own_type or task.getActivityType()))
        above = list(self._above(task))
        for parent in above if not is_summary else ():
            self.leaves.setdefault(int(parent.getUniqueID()), []).append(id_)
        is_root = bool(above) and str(above[-1].getName()) in (self.made.name, str(self.properties.getName()))
        made.wbs = tuple(filter(None, (self._part(parent) for parent in reversed(above[:-1] if is_root else above))))
        made.constraints = tuple(self._constraints(task))
        made.deadline = moment_of(task.getDeadline())
        made.baseline_finish = moment_of(task.getBaselineFinish()) if self.has_baseline else None
        made.actual_start, made.actual_finish = moment_of(task.getActualStart()), moment_of(task.getActualFinish())
        made.early_start, made.early_finish = moment_of(task.getEarlyStart()), moment_of(task.getEarlyFinish())
        expected = moment_of(task.getExpectedFinish())
        if expected is not None and made.deadline is None and not made.is_done:
            made.deadline = expected
            instead = "its remaining duration as it is, and a milestone that watches the date"
            self.made.lose(id_, f"its expected finish {expected:%Y-%m-%d}", instead, "constraint")
        if made.actual_start is None:
            made.actual_start = made.actual_finish
        if made.has_begun:
            left = self._minutes(task.getRemainingDuration())
            made.remaining, made.left = (left, None) if self.is_p6 else (None, left)
        if self.is_p6 and made.actual_start is not None:  # of what has begun these are of the rest alone
            made.early_start = made.actual_start
            made.early_finish = made.actual_finish or made.early_finish
        elif not self.is_p6 and (made.early_start is None or made.actual_start is not None):
            made.early_start, made.early_finish = moment_of(task.getStart()), moment_of(task.getFinish())
        if str(task.getTaskMode()) == "MANUALLY_SCHEDULED" and made.early_start is not None:
            made.constraints = (Constraint("start on", made.early_start),)
        if (task.getWorkSplits() is not None and len(task.getWorkSplits()) > 1) or task.getSuspendDate() is not None:
            self.made.lose(id_, "an interruption of its work", "it is worked on without one")
        self._estimate(task, made)
        self._crews(task, made)
        self.made.activities[id_] = made
        self.ids[int(task.getUniqueID())] = id_
        self.leaves[int(task.getUniqueID())] = [id_]

    def _constraints(self, task: Any) -> Iterator[Constraint]:
        if self.is_p6 and not (task.getSummary() or self.properties.getIgnoreRelationshipsToAndFromOtherProjects()):
            early, late = moment_of(task.getExternalEarlyStart()), moment_of(task.getExternalLateFinish())
            for kind, moment in (("start on or after", early), ("finish on or before", late)):
                if moment is not None:
                    yield Constraint(kind, moment)
                    lost = f"{kind} {moment:%Y-%m-%d}, which links of other projects give"
                    self.made.lose(self._id(task), lost, "the date", "assumption")
        for kind, date in (
            (task.getConstraintType(), task.getConstraintDate()),
            (task.getSecondaryConstraintType(), task.getSecondaryConstraintDate()),
        ):
            known = _KINDS.get(str(kind.name())) if kind is not None else None
            moment = moment_of(date)
            if known is not None and (known == ALAP or moment is not None):
                yield Constraint(known, moment)
            elif known is not None:
                self.made.lose(self._id(task), f"constraint: {known}, without its date", "nothing", "constraint")

    def _duration(self, task: Any, begun: bool) -> Any:
        """The duration of an activity; P6 schedules what has not begun by what remains, as to an expected finish."""
        remaining = task.getRemainingDuration()
        if self.is_p6 and begun:
            return task.getPlannedDuration()
        return remaining if self.is_p6 and remaining is not None and remaining.getDuration() else task.getDuration()

    def _estimate(self, task: Any, made: Activity) -> None:
        """The three points in user fields of a file that was exported, as long as its duration is their mean."""
        points = [task.get(field) for field in self.own_points if field is not None]
        if len(points) < len(OWN_POINTS) or None in points or made.actual_start is not None:
            return
        low, likely, high = (round(60 * float(point)) for point in points)
        if low <= likely <= high and abs(made.minutes - (low + 4 * likely + high) / 6) <= 1:
            made.estimate = low, likely, high
        else:
            self.made.lose(
                made.id, "three points in user fields, of which its duration is not the mean", "its duration"
            )

    def _crews(self, task: Any, made: Activity) -> None:
        for assignment in task.getResourceAssignments():
            resource = assignment.getResource()
            if resource is None or str(resource.getType()) != "WORK" or not resource.getName():
                if resource is not None and resource.getName():
                    self.made.lose(made.id, f"material or cost '{resource.getName()}'", "nothing: it is not read")
                continue
            name = str(resource.getName())
            units = Fraction(round(float(assignment.getUnits() or 0)), 100)
            if units <= 0:
                self.made.lose(made.id, f"'{name}' without units", "it is not required")
                continue
            made.resources[name] = made.resources.get(name, Fraction(0)) + units
            if name not in self.made.resources:
                self.made.resources[name] = Resource(name, tuple(self._units(resource)))

    def _units(self, resource: Any) -> Iterator[tuple[dt.datetime | None, Fraction]]:
        """How many there are from when on; none from where an availability ends before the next begins."""
        until = None
        for period in resource.getAvailability():
            begin, end = moment_of(period.getRange().getStart()), moment_of(period.getRange().getEnd())
            if until is not None and (begin is None or until < begin):
                yield until, Fraction(0)
            begin = None if begin is None or begin <= self.made.start else begin
            yield begin, Fraction(round(float(period.getUnits() or 0)), 100)
            until = None if end is None or end.year >= FAR else end + dt.timedelta(minutes=1)
        if until is not None:
            yield until, Fraction(0)

    def _links(self, task: Any) -> None:
        for relation in task.getPredecessors():
            predecessor = relation.getPredecessorTask()
            before = int(predecessor.getUniqueID())
            is_heeded = not self.properties.getIgnoreRelationshipsToAndFromOtherProjects()
            if before not in self.leaves and is_heeded and predecessor.getParentFile() != self.project:
                self._foreign(predecessor)
            firsts, lasts = self.leaves.get(before, []), self.leaves.get(int(task.getUniqueID()), [])
            if self.left_out.intersection((before, int(task.getUniqueID()))):
                continue
            if not firsts or not lasts:
                lost = f"a link between {self._id(predecessor)} and {self._id(task)}"
                self.made.lose(self._id(task), lost, "nothing: one of them is not in the scenario")
            elif len(firsts) > 1 or len(lasts) > 1 or before not in self.ids or int(task.getUniqueID()) not in self.ids:
                lost = f"a link of what sums up others: {self._id(predecessor)} to {self._id(task)}"
                self.made.lose(self._id(task), lost, "links of each of these others")
            self.made.links += [
                self._link(predecessor, successor, relation)
                for predecessor in firsts
                for successor in lasts
                if predecessor != successor
            ]

    def _link(self, before: str, after: str, relation: Any) -> Link:
        kind, lag = str(relation.getType().name()), relation.getLag()
        short = {"FINISH_START": "FS", "START_START": "SS", "FINISH_FINISH": "FF", "START_FINISH": "SF"}[kind]
        first, second = self.made.activities[before], self.made.activities[after]
        if lag is None or not lag.getDuration():
            return Link(before, after, short)  # type: ignore[arg-type]
        unit = str(lag.getUnits())
        if unit in ("%", "e%"):
            share = Fraction(str(lag.getDuration())) / 100
            lasts = round_half_up(first.minutes * share)
            own = ELAPSED if unit == "e%" else first.calendar
            return Link(before, after, short, lasts, own, share)  # type: ignore[arg-type]
        own = {"PREDECESSOR": first.calendar, "SUCCESSOR": second.calendar, "TWENTY_FOUR_HOUR": ELAPSED}.get(
            self.lag_calendar, self.calendars.named(self.project.getDefaultCalendar())
        )
        calendar = ELAPSED if unit.startswith("e") else own
        return Link(before, after, short, self._minutes(lag), calendar)  # type: ignore[arg-type]

    def _minutes(self, duration: Any) -> int:
        """A duration in minutes: its days and weeks are as long as the project says."""
        if duration is None:
            return 0
        unit, number = str(duration.getUnits()), Fraction(str(duration.getDuration()))
        day = int(self.properties.getMinutesPerDay() or 480)
        week = int(self.properties.getMinutesPerWeek() or 5 * day)
        units = _MINUTES | {"d": day, "w": week, "mo": 20 * day, "y": 52 * week}
        return round_half_up(number * units[unit])
