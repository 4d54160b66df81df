"""Files of Primavera P6 and Microsoft Project, written by the Java library MPXJ inside this process."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from dcsim.calendars import Shifts
from dcsim.exchange.java import java
from dcsim.exchange.planning import FAR, OWN_ID, OWN_POINTS, OWN_TYPE, TOOL_KINDS
from dcsim.schedule import ELAPSED, HARD, LIMITS, Activity, Constraint, Link, Resource, Schedule, name_and_code
from dcsim.schedule.cpm import Times, critical_path
from dcsim.study.dates import LEVELS
from dcsim.units import DAY

FORMATS = {"xer": "XER", "p6": "PMXML", "project": "MSPDI"}
ROUND_THE_CLOCK = Shifts((((0, DAY),),) * 7)
LONGEST_CODE = 40
"""Characters that P6 has for the code of a part of the work breakdown."""
CRITICALITY, CAUSE, NAME = "dcsim criticality", "dcsim driving cause", "dcsim name"


def tool_file(plan: Schedule, dates: Mapping[str, Mapping[Any, Any]], kind: str) -> bytes:
    """A file of a planning tool, `kind` being one of `FORMATS`; what it cannot say is added to the losses of the plan.

    `dates` has for ids of activities `start_p50`, `finish_p80`, ..., `criticality`, `cause` and `cause_share`.

    Raises
    ------
    UnavailableError
        Java or a library is missing.
    """
    jpype = java()
    mpxj = jpype.JPackage("org").mpxj
    project = _Writer(jpype, plan, dates, kind).project()
    stream = jpype.java.io.ByteArrayOutputStream()
    mpxj.writer.UniversalProjectWriter(getattr(mpxj.writer.FileFormat, FORMATS[kind])).write(project, stream)
    return bytes(stream.toByteArray())


class _Writer:
    def __init__(self, jpype: Any, plan: Schedule, dates: Mapping[str, Mapping[Any, Any]], kind: str) -> None:
        self.jpype, self.mpxj, self.plan, self.dates = jpype, jpype.JPackage("org").mpxj, plan, dates
        self.is_p6 = kind != "project"
        self.file = self.mpxj.ProjectFile()
        self.times = Times(plan)
        self.early, self.hammocks = critical_path(plan, self.times), plan.hammocks()
        for task in plan.activities.values():
            if task.spans:
                self._lengthen(task)
        self.parts: dict[tuple[str, ...], Any] = {} if kind == "xer" else {(): self.file}
        self.counts_work = any(link.lag and link.calendar is not ELAPSED for link in plan.links)

    def _lengthen(self, task: Activity) -> None:
        """Give what spans others the length that it has in the plan; only P6 works it out by itself."""
        dates, worked = self.early[task.id], self.times.worked
        task.minutes = worked(task.calendar, dates.early_start, dates.early_finish)
        if task.has_begun:
            task.remaining = worked(task.calendar, dates.rest_start, dates.early_finish)
        if not self.is_p6 or task.id not in self.hammocks:
            lost = "it lasts from what begins it to what ends it"
            self.plan.lose(task.id, lost, f"{self.plan.days(task, task.minutes):.4g} d, as in the plan")

    def project(self) -> Any:
        """The project with all that it has."""
        about = self.file.getProjectProperties()
        start = self._moment(self.plan.start)
        for setter in (about.setStartDate, about.setPlannedStart, about.setCreationDate, about.setCurrentDate):
            setter(start)
        for setter in (about.setName, about.setProjectTitle, about.setProjectID):
            setter(self.plan.name)
        if self.is_p6 or self.plan.status is not None:
            about.setStatusDate(self._moment(self.plan.status or self.plan.start))
        if self.is_p6:
            by = self.mpxj.RelationshipLagCalendar
            about.setRelationshipLagCalendar(by.SUCCESSOR if self.counts_work else by.TWENTY_FOUR_HOUR)
        about.setMinutesPerDay(self.jpype.java.lang.Integer(480))
        self._fields()
        hours = {ELAPSED: ("24 hours", ROUND_THE_CLOCK)} | {
            key: (key, schedule_calendar) for key, schedule_calendar in self.plan.calendars.items()
        }
        calendars = {key: self._calendar(*named) for key, named in hours.items()}
        self.file.setDefaultCalendar(calendars[next(iter(self.plan.calendars), ELAPSED)])
        self.resources = {name: self._resource(resource) for name, resource in self.plan.resources.items()}
        made = {task.id: self._task(task, calendars[task.calendar]) for task in _in_order_of_parts(self.plan)}
        for link in self.plan.links:
            self._link(link, made)
        return self.file

    def _link(self, link: Link, made: dict[str, Any]) -> None:
        own, elapsed = self.plan.activities[link.successor].calendar, link.calendar is ELAPSED
        counted = own if self.counts_work or not self.is_p6 else ELAPSED
        if link.lag and link.calendar != counted and not (elapsed and not self.is_p6):
            before = self.early[link.predecessor]
            since = before.early_finish if link.kind in ("FS", "FF") else before.early_start
            lag = self.times.worked(counted, since, self.times.behind(link, since))
            lost = f"the lag behind {link.predecessor}, which goes by another calendar"
            self.plan.lose(link.successor, lost, f"{lag / 60:g} h by {counted or 'a day of 24 hours'}, as in the plan")
            link = link._replace(lag=lag)
        unit = self.mpxj.TimeUnit.ELAPSED_HOURS if elapsed and not self.is_p6 else self.mpxj.TimeUnit.HOURS
        kind = {"FS": "FINISH_START", "SS": "START_START", "FF": "FINISH_FINISH", "SF": "START_FINISH"}[link.kind]
        relation = self.mpxj.Relation.Builder().predecessorTask(made[link.predecessor])
        relation = relation.type(getattr(self.mpxj.RelationType, kind))
        made[link.successor].addPredecessor(relation.lag(self.mpxj.Duration.getInstance(link.lag / 60, unit)))

    def _fields(self) -> None:
        """The user fields with their names."""
        fields = self.file.getCustomFields()
        named = [(f"DATE{k}", f"dcsim {event} {level.upper()}") for k, (event, level) in enumerate(_DATES, start=1)]
        named += [(f"NUMBER{k}", alias) for k, alias in enumerate(OWN_POINTS, start=2)]
        named += [("NUMBER1", CRITICALITY), ("TEXT1", CAUSE), ("TEXT2", NAME), ("TEXT3", OWN_ID), ("TEXT4", OWN_TYPE)]
        for field, alias in named:
            fields.getOrCreate(getattr(self.mpxj.TaskField, field)).setAlias(alias)

    def _task(self, task: Activity, calendar: Any) -> Any:
        made, zero = self._part(task.wbs).addTask(), self._minutes(0)
        made.setName(task.name)
        made.setActivityID(task.id)
        made.setCalendar(calendar)
        made.setIgnoreResourceCalendar(True)
        length = self._minutes(task.minutes)
        for setter in (made.setDuration, made.setPlannedDuration, made.setRemainingDuration):
            setter(length)
        made.setActualDuration(zero)
        made.setMilestone(not task.minutes)
        kinds = self.mpxj.ActivityType
        made.setActivityType(kinds.TASK_DEPENDENT if task.minutes else kinds.FINISH_MILESTONE)
        if task.id in self.hammocks:
            made.setActivityType(kinds.LEVEL_OF_EFFORT)
            made.setText(4, "level of effort")
        self._constrain(task, made)
        for name, units in task.resources.items():
            assignment = made.addResourceAssignment(self.resources[name])
            assignment.setUnits(self.jpype.java.lang.Double(100 * float(units)))
            for setter in (assignment.setWork, assignment.setRemainingWork):
                setter(self._minutes(round(task.minutes * units)))
        self._dates(task, made)
        if task.actual_start is not None:
            self._progress(task, made)
        return made

    def _part(self, path: tuple[str, ...]) -> Any:
        """The part of the work breakdown of which something is; an XER file has one for the whole, as P6 asks for."""
        if path not in self.parts:
            name, code = name_and_code(path[-1]) if path else (self.plan.name, "")
            made = self.parts[path] = self._part(path[:-1]).addTask() if path else self.file.addTask()
            made.setName(name)
            made.setWBS(code or (name if len(name) <= LONGEST_CODE else str(len(self.parts))))
        return self.parts[path]

    def _constrain(self, task: Activity, made: Any) -> None:
        """The dates that it is held to; those by which it must finish are deadlines in Project, constraints in P6."""
        kinds, dates = self.mpxj.ConstraintType, list(task.constraints)
        made.setConstraintType(kinds.AS_SOON_AS_POSSIBLE)
        if task.deadline is not None and self.is_p6:
            dates.append(Constraint("finish on or before", task.deadline))
        elif task.deadline is not None:
            made.setDeadline(self._moment(task.deadline))
        setters = [(made.setConstraintType, made.setConstraintDate)]
        setters += [(made.setSecondaryConstraintType, made.setSecondaryConstraintDate)] if self.is_p6 else []
        setters = [] if self.is_p6 and task.id in self.hammocks else setters  # P6 holds level of effort to no date
        for constraint in dates:
            if constraint.kind in HARD:
                constraint = self._softened(task, constraint)
            if setters and (self.is_p6 or constraint.kind not in LIMITS):  # Project obeys limits before links
                set_kind, set_date = setters.pop(0)
                set_kind(getattr(kinds, TOOL_KINDS[constraint.kind]))
                set_date(self._moment(constraint.date))
            else:
                self.plan.lose(task.id, f"{constraint.kind} {constraint.date:%Y-%m-%d}", "nothing")

    def _softened(self, task: Activity, constraint: Constraint) -> Constraint:
        """A date on which something happens; Project would hold it there whatever its predecessors do."""
        lost = f"{constraint.kind} {constraint.date:%Y-%m-%d}"
        if self.is_p6:
            self.plan.lose(
                task.id, f"{lost}, which may have been mandatory", f"{constraint.kind}, which links may move"
            )
            return constraint
        kind = f"{constraint.kind.split()[-2]} on or after"
        self.plan.lose(task.id, lost, f"{kind}: Project would hold it there whatever its predecessors do")
        return Constraint(kind, constraint.date)

    def _progress(self, task: Activity, made: Any) -> None:
        """When it started and finished, and what is left of it."""
        left = 0 if task.is_done else task.remaining or 0
        begin = self.times.tick(task.actual_start or self.plan.start)
        end = self.times.tick(task.actual_finish or self.plan.status or self.plan.start)
        done = self.times.worked(task.calendar, begin, end)
        made.setActualStart(self._moment(self.times.moment(self.times.opening(task.calendar, begin))))
        made.setActualFinish(None if not task.is_done else self._moment(self._last_minute(task, end)))
        made.setRemainingDuration(self._minutes(left))
        made.setActualDuration(self._minutes(done))
        if not self.is_p6:  # its duration is that of what is done and left; P6 keeps the one of the plan
            made.setDuration(self._minutes(done + left))
        share = 1.0 if task.is_done else max(0.0, 1 - left / max(1, task.minutes))
        made.setPercentageComplete(self.jpype.java.lang.Double(round(100 * share, 2)))

    def _last_minute(self, task: Activity, tick: int) -> dt.datetime:
        """The end of the last minute that is worked by this tick, of what takes time."""
        last = self.times.advance(task.calendar, self.times.retreat(task.calendar, tick, 1), 1)
        return self.times.moment(last if task.minutes else tick)

    def _dates(self, task: Activity, made: Any) -> None:
        """The P50 dates as the schedule, and all that is known in the user fields."""
        dates = self.dates.get(task.id, {})
        start, finish = self._moment(dates.get("start_p50")), self._moment(dates.get("finish_p50"))
        if start is not None and finish is not None:
            for setter in (made.setStart, made.setPlannedStart, made.setEarlyStart, made.setRemainingEarlyStart):
                setter(start)
            for setter in (made.setFinish, made.setPlannedFinish, made.setEarlyFinish, made.setRemainingEarlyFinish):
                setter(finish)
        for number, (event, level) in enumerate(_DATES, start=1):
            made.setDate(number, self._moment(dates.get(f"{event}_{level}")))
        share = dates.get("criticality")
        if share is not None and share == share:
            made.setNumber(1, self.jpype.java.lang.Double(round(100 * share, 1)))
        if dates.get("cause"):
            made.setText(1, f"{dates['cause']} ({dates['cause_share']:.0%})")
        for number, minutes in enumerate(task.estimate or (), start=2):
            made.setNumber(number, self.jpype.java.lang.Double(minutes / 60))
        made.setText(3, task.id)
        if dates.get("activity"):
            made.setText(2, dates["activity"])

    def _resource(self, resource: Resource) -> Any:
        made = self.file.addResource()
        made.setName(resource.name)
        made.setType(self.mpxj.ResourceType.WORK)
        if self.is_p6:
            self.plan.lose(resource.name, "how many there are", "nothing: MPXJ writes no capacity into files of P6")
        begins = [begin or self.plan.start for begin, _ in resource.steps]
        ends = [*(moment - dt.timedelta(minutes=1) for moment in begins[1:]), dt.datetime(FAR, 12, 31, 23, 59)]
        for begin, end, (_, units) in zip(begins, ends, resource.steps, strict=True):
            amount = self.jpype.java.lang.Double(100 * float(units))
            made.getAvailability().add(self.mpxj.Availability(self._moment(begin), self._moment(end), amount))
        return made

    def _calendar(self, name: str, shifts: Shifts) -> Any:
        made = self.file.addCalendar()
        made.setName(name)
        for day, hours in zip(self.jpype.java.time.DayOfWeek.values(), shifts.week, strict=True):
            made.setCalendarDayType(day, self.mpxj.DayType.WORKING if hours else self.mpxj.DayType.NON_WORKING)
            self._hours(made.addCalendarHours(day), hours)
        for first, _, week in shifts.dates:
            date = self.jpype.java.time.LocalDate.of(first.year, first.month, first.day)
            self._hours(made.addCalendarException(date), week[0])
        return made

    def _hours(self, to: Any, hours: Any) -> None:
        clock = self.jpype.java.time.LocalTime
        for begin, end in hours:
            times = (clock.of(minutes % DAY // 60, minutes % 60) for minutes in (begin, end))
            to.add(self.mpxj.LocalTimeRange(*times))

    def _minutes(self, minutes: int) -> Any:
        return self.mpxj.Duration.getInstance(minutes / 60, self.mpxj.TimeUnit.HOURS)

    def _moment(self, moment: Any) -> Any:
        if moment is None or moment != moment:
            return None
        parts = (moment.year, moment.month, moment.day, moment.hour, moment.minute)
        return self.jpype.java.time.LocalDateTime.of(*parts)


def _in_order_of_parts(plan: Schedule) -> list[Activity]:
    """The activities with those of each part of the work breakdown together, parts in the order in which they come."""
    first: dict[tuple[str, ...], int] = {}
    for number, task in enumerate(plan.activities.values()):
        for depth in range(1, len(task.wbs) + 1):
            first.setdefault(task.wbs[:depth], number)
    numbers = {id_: number for number, id_ in enumerate(plan.activities)}

    def key(task: Activity) -> tuple[int, ...]:
        return (*(first[task.wbs[:depth]] for depth in range(1, len(task.wbs) + 1)), numbers[task.id])

    return sorted(plan.activities.values(), key=key)


_DATES = tuple((event, level) for event in ("start", "finish") for level in LEVELS)
