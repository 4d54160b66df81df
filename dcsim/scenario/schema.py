"""The scenario format: what may stand in a file, and what each field means in the world.

The sentence under a field is its documentation everywhere: here, in `dcsim schema`, and in an editor.
"""

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    PrivateAttr,
    Tag,
    model_validator,
)

from dcsim.dates import day_of, first_minute, last_minute
from dcsim.distributions import KINDS
from dcsim.errors import Problem
from dcsim.places import SITE, site_of
from dcsim.scenario.document import Document
from dcsim.scenario.finance import Finance
from dcsim.scenario.model import Label, Model, Names, Text, listed, text_of
from dcsim.scenario.values import (
    AmountValue,
    DateValue,
    EffectMultiplier,
    LagValue,
    LimitValue,
    MoneyValue,
    MultiplierValue,
    NumberValue,
    ParameterValue,
    SpanValue,
    Uncertain,
    UncertainMultiplier,
    UncertainSpan,
    UncertainWhen,
    WhenValue,
    describe,
    parse_uncertain,
    read_number,
)
from dcsim.units import Span, parse_span

ALWAYS = "always"
"""The calendar that never closes."""
MOST_STRIKES = 1000
"""What strikes again and again does so at most so often."""
SUCCESSOR, PREDECESSOR = "successor", "predecessor"
"""Whose calendar may count a lag."""
RESERVED = (SITE, ALWAYS, "calendar", "value", SUCCESSOR, PREDECESSOR)
"""Names that the format itself uses."""


def _whole_number(raw: Any) -> int:
    number = read_number(raw)
    if number.denominator != 1 or number < 0:
        raise ValueError(f"expected a whole number of 0 or more, got {describe(raw)}")
    return int(number)


def _integer(raw: Any) -> int:
    number = read_number(raw)
    if number.denominator != 1:
        raise ValueError(f"expected a whole number, got {describe(raw)}")
    return int(number)


WholeNumber = Annotated[int, BeforeValidator(_whole_number)]
Integer = Annotated[int, BeforeValidator(_integer)]


def _one_or_each(raw: Any) -> str:
    return EACH if isinstance(raw, dict) else ONE


ONE, EACH = "(one)", "(each)"
Counts = Annotated[
    Annotated[WholeNumber, Tag(ONE)] | Annotated[dict[Text, WholeNumber], Tag(EACH)], Discriminator(_one_or_each)
]


class Parameter(Model):
    """A value by name, from which others are computed: `it_power: 300 MW`, and elsewhere `count: = it_power / 75 MW`.

    What is computed begins with `=` and may stand wherever a value may; `dcsim guide expressions` tells how.
    """

    value: ParameterValue
    """A number with its unit, a date, a distribution, one of its choices, or `= ...`, computed from others."""
    choices: Annotated[tuple[Any, ...], BeforeValidator(listed)] = ()
    """Allowed values; a word needs them: `{value: grid, choices: [grid, turbines]}`."""
    label: Text = ""
    """Its name in tables."""
    description: Text = ""
    """A description."""


class Level(Model):
    """One level of the location breakdown: the places of a kind, each inside a place of the level above.

    `places: {hall: 4, rack: {in: hall, count: 20}}` makes places such as `hall2/rack7`. A pattern such as
    `"*/rack[1-5]"` names several of them.
    """

    within: Text = Field(default=SITE, alias="in")
    """The level these places stand in; the site if not given."""
    count: Counts | None = None
    """How many stand in each place above, numbered from 1; or a number per place (names or patterns)."""
    names: Names | None = None
    """Names of the places, instead of a number."""

    label: Label = ""
    """What reports call one of these places: `data hall`."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, raw: Any) -> Any:
        if isinstance(raw, list | tuple):
            return {"names": raw}
        if isinstance(raw, int | Decimal):
            return {"count": raw}
        return raw

    @model_validator(mode="after")
    def _count_or_names(self) -> "Level":
        if (self.count is None) == (self.names is None):
            raise ValueError("places are either counted (`count: 4`) or named (`names: [north, south]`)")
        return self


EVERY_DAY = ""
"""In front of the hours of all working days."""


def _hours(raw: Any) -> Any:
    """The same hours every day, or hours by day."""
    return raw if isinstance(raw, dict) else {EVERY_DAY: raw}


def _open(raw: Any) -> Any:
    """Dates by themselves, or with hours of their own."""
    if raw is None:
        return raw
    entries: dict[Any, Any] = {}
    for entry in listed(raw):
        entries |= entry if isinstance(entry, dict) else {text_of(entry): ()}
    return entries


class CalendarSpec(Model):
    """When work goes on: the days of the week, the shifts of a day, public holidays, and what differs on some dates."""

    days: Text = "Mon-Sun"
    """Working days: `Mon-Sat`, or `Mon-Fri, Sun`; default: the days named in `hours`."""
    hours: Annotated[dict[Text, Names], BeforeValidator(_hours)] = {EVERY_DAY: ("00:00-24:00",)}
    """Shifts of a working day: `07:00-17:00`, or a list; a shift over midnight belongs to the day it begins. By day if
    they differ: `{Mon-Thu: 07:00-17:00, Fri: 07:00-12:00}`."""
    holidays: Names = ()
    """Public holidays off work, by country or country and state: `US`, `US-TN`. `dcsim check` warns of years whose
    holidays are not known yet, until `closed` or `open` names a day of them."""
    closed: Names = ()
    """Further days off: dates, or ranges such as `2024-12-24 to 2025-01-01`; with times of day, exactly that time:
    `2024-12-24 12:00 to 18:00`."""
    open: Annotated[dict[Text, Names], BeforeValidator(_open)] = {}
    """Dates or ranges that are worked in spite of `days`, `holidays` and `closed`: `2026-01-10`; with their own hours:
    `{2026-12-24: 07:00-12:00}`."""
    hours_per_day: NumberValue | None = None
    """Hours in a working day when a duration is given in days; those of the longest day of the week if not given. A
    working week is as many of them as it has working days; if not given, all the hours of a week."""
    description: Text = ""
    """The purpose of the calendar."""


class Factor(Model):
    """A risk driver: one draw per replication, shared by all that vary with it. Above 1 is slower."""

    value: UncertainMultiplier
    """The multiplier of durations and lead times; production is divided by it."""
    per: Text = SITE
    """A level of places if every place of it draws its own."""
    description: Text = ""
    """The driver behind the factor."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and "value" not in raw:
            return {"value": {k: v for k, v in raw.items() if k in KINDS}} | {
                k: v for k, v in raw.items() if k not in KINDS
            }
        return raw if isinstance(raw, dict | cls) else {"value": raw}


def _ramp(raw: Any, reader: Any) -> Any:
    """One value from the start on, or steps in time: `{0 d: 6, 30 d: 16}`."""
    if not isinstance(raw, dict):
        return {parse_span("0 d"): reader(raw)}
    if not raw:
        raise ValueError("a ramp needs at least one step, such as {0 d: 6, 30 d: 16}")
    return raw


def _rate(raw: Any) -> str:
    """A rate as it stands; 0 needs no unit."""
    return "0 / d" if raw == 0 and not isinstance(raw, bool) else text_of(raw)


RateText = Annotated[str, BeforeValidator(_rate)]
CountRamp = Annotated[dict[WhenValue, WholeNumber], BeforeValidator(lambda raw: _ramp(raw, _whole_number))]
RateRamp = Annotated[dict[WhenValue, RateText], BeforeValidator(lambda raw: _ramp(raw, _rate))]


FIRST_COME, BY_PRIORITY, BY_DATE, PROPORTIONAL = "first come", "priority", "date needed", "proportional"
"""Who gets what several sites of a portfolio want."""
Turn = Literal["first come", "priority", "date needed"]
Allocation = Annotated[
    Annotated[Literal["first come", "priority", "date needed", "proportional"], Tag(ONE)]
    | Annotated[dict[Text, NumberValue], Tag(EACH)],
    Discriminator(_one_or_each),
]


class ResourcePart(Model):
    """What may differ about a resource in some places."""

    count: CountRamp | None = None
    """How many units there are; or a ramp, steps in time, 0 before the first: `{0 d: 6, 2024-07-01: 16}`.
    `resources: {crew: 2}` is short for `{crew: {count: 2}}`."""
    calendar: Text | None = None
    """The calendar it works by; `always` if not given."""


class Resource(ResourcePart):
    """Something taken while an activity runs and given back after: a crew, a crane, a line, a test bay."""

    per: Text = SITE
    """A level of places if every place of it has its own."""
    within: dict[Text, ResourcePart] = {}
    """Different values in the places that a pattern matches; later patterns win."""
    allocation: Turn = "first come"
    """Which site of a portfolio gets it first: `first come`, `priority`, or `date needed`."""
    label: Label = ""
    """What reports and charts call it: `Rack crews`."""
    description: Text = ""
    """A description."""


class Order(Model):
    """Goods bought: they arrive a lead time after the order was placed, all at once or in lots."""

    amount: AmountValue
    """The ordered amount, in the supply's unit."""
    placed: "PlacedWhen" = Uncertain("fixed", (parse_span("0 d"),))
    """A date, a span after the start, `= need - 52 wk`, or `{after: activity or milestone, lag: 7 d}`."""
    lead_time: UncertainSpan = Uncertain("fixed", (parse_span("0 d"),))
    """From the order to the first lot on site; months are calendar months. Earlier lots are in stock at the start."""
    lots: WholeNumber = 1
    """Number of lots, equal up to one unit."""
    every: SpanValue = parse_span("0 d")
    """Time between two lots."""
    varies_with: Names = ()
    """Factors that multiply the lead time."""
    description: Text = ""
    """The goods and their maker."""


class Production(Model):
    """Goods that keep coming: delivered at the end of every interval, anchored at `from`."""

    rate: RateRamp
    """How much per time: `60_000 / wk`; or a ramp: `{2024-01-01: 1_000 / wk, 2024-04-01: 2_000 / wk}`."""
    every: SpanValue = parse_span("1 d")
    """The interval between two deliveries."""
    begins: WhenValue = Field(default=parse_span("0 d"), alias="from")
    """When production starts; deliveries before the start of the clock are in stock at the start."""
    until: WhenValue | None = None
    """When production ends; never if not given."""
    share: NumberValue = Fraction(1)
    """The part of the production that this project gets (allocation)."""
    production_yield: NumberValue = Field(default=Fraction(1), alias="yield")
    """The share of the production that is good."""
    varies_with: Names = ()
    """Factors that divide the rate: above 1 is slower."""
    description: Text = ""
    """Who makes it."""


class SupplyPart(Model):
    """What may differ about a supply in some places."""

    initial: AmountValue = 0
    """The stock when the clock starts, in addition to earlier orders and production; in the supply's unit."""
    orders: dict[Text, Order] = {}
    """Orders by name."""
    production: Production | None = None
    """Continuous production."""


class Supply(SupplyPart):
    """Something counted and used up: HBM stacks, racks, kilowatts, cash; used by nobody, it is a counter."""

    unit: Text = ""
    """The unit: GPU, kW, stack, USD. Amounts are whole numbers of units."""
    hourly_value: MoneyValue | None = None
    """The value of one available unit per hour: `4 USD` for a GPU; `dcsim delay-cost` uses it."""
    per: Text = SITE
    """A level of places if every place of it has its own."""
    within: dict[Text, SupplyPart] = {}
    """Different values in the places that a pattern matches; later patterns win."""
    allocation: Allocation = "first come"
    """Which site of a portfolio gets it: `first come`, `priority` or `date needed` say who is first; `proportional`
    divides it by what the sites need in all, and `{memphis: 0.6, texas: 0.4}` by these shares."""
    total_of: Text | None = None
    """Counts what all sites of a portfolio produce of their supply of this name: `gpus_usable`."""
    label: Label = ""
    """What reports and charts call it: `GPUs usable`."""
    description: Text = ""
    """A description."""


class Awaited(Model):
    """Something that is waited for: an activity, or a milestone."""

    activity: Text
    """The activity or milestone waited for."""
    start_or_finish: Literal["start", "finish"] = Field(default="finish", alias="from")
    """Whether its start or its finish is waited for."""
    place: Text | None = None
    """A pattern: wait for the instances in these places instead of those in the same place."""
    count: WholeNumber | None = None
    """How many of the linked instances must have started or finished; default: all."""

    @model_validator(mode="before")
    @classmethod
    def _short_forms(cls, raw: Any) -> Any:
        if isinstance(raw, str):
            return {"activity": raw}
        if isinstance(raw, dict) and "milestone" in raw and "activity" not in raw:
            return {"activity" if k == "milestone" else k: v for k, v in raw.items()}
        return raw


class Lagged(Awaited):
    """Something that is waited for, and time after it."""

    lag: "Lag" = parse_span("0 d")
    """Elapsed time that must pass as well; `{working: 3 d}` counts by the successor's calendar. A lead, `-2 d`, is so
    long before the finish that is planned when the predecessor starts; `50%` is a part of the predecessor's work."""


class Link(Lagged):
    """What an activity waits for: another activity, or a milestone."""

    to: Literal["start", "finish"] = "start"
    """Whether its start waits, or its finish: its work is done then, and it keeps what it takes until it finishes."""


class WorkingLag(Model):
    """A lag counted in working time."""

    working: LagValue
    """Working time, or a part of the predecessor's in per cent."""
    by: Text = SUCCESSOR
    """The calendar that counts it: a calendar by name, that of the `successor`, or that of the `predecessor`."""


class PlacedAfter(Lagged):
    """What an order waits for: it is placed once, when the last instance has finished."""

    activity: Text = Field(alias="after")
    """The activity or milestone waited for."""


class WindowAfter(Awaited):
    """What the window of a risk follows: it begins once, when the last instance has finished and the lag is over.

    Such a risk changes `activities` alone.
    """

    activity: Text = Field(alias="after")
    """The activity or milestone waited for."""
    lag: UncertainSpan = Uncertain("fixed", (parse_span("0 d"),))
    """Elapsed time from then to the beginning."""


def _elapsed_or_working(raw: Any) -> str:
    return WORKING if isinstance(raw, dict | WorkingLag) else ELAPSED


def _when_or_after(raw: Any) -> str:
    is_link = isinstance(raw, dict) and not any(kind in raw for kind in KINDS)
    return AFTER if is_link or isinstance(raw, Awaited) else WHEN


ELAPSED, WORKING, WHEN, AFTER = "(elapsed)", "(working)", "(when)", "(after)"
Lag = Annotated[
    Annotated[LagValue, Tag(ELAPSED)] | Annotated[WorkingLag, Tag(WORKING)],
    Discriminator(_elapsed_or_working),
]
PlacedWhen = Annotated[
    Annotated[UncertainWhen, Tag(WHEN)] | Annotated[PlacedAfter, Tag(AFTER)], Discriminator(_when_or_after)
]
WindowWhen = Annotated[
    Annotated[UncertainWhen, Tag(WHEN)] | Annotated[WindowAfter, Tag(AFTER)], Discriminator(_when_or_after)
]


class Learning(Model):
    """Wright's law: every doubling of the number done multiplies the time by `rate`."""

    rate: MultiplierValue
    """Time multiplier per doubling: 0.9 means ten per cent less."""
    at: WholeNumber = 1
    """The duration as written is that of this one, counted from 1."""
    until: WholeNumber | None = None
    """No further learning after this one."""
    per: Text = SITE
    """A level of places if every place of it learns by itself."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, raw: Any) -> Any:
        return raw if isinstance(raw, dict) else {"rate": raw}


class Rework(Model):
    """A test that may fail: the attempt is repaired, waits again and is done again. It consumes nothing twice."""

    probability: NumberValue
    """Chance that an attempt fails, the same for every attempt; at most ten fail."""
    duration: UncertainSpan = Uncertain("fixed", (parse_span("0 d"),))
    """Time of a repair."""
    requires: dict[Text, WholeNumber] = {}
    """Resources that a repair takes; none if not given."""
    varies_with: Names = ()
    """Factors that multiply the time of a repair."""


Links = Annotated[tuple[Link, ...], BeforeValidator(listed)]


class Way(Model):
    """One of several ways to do an activity, such as a large crew that is fast and a small one that is slow."""

    duration: UncertainSpan | None = None
    """Time of work this way; that of the activity if not given."""
    requires: dict[Text, WholeNumber | None] = {}
    """Resources taken this way, beside those that the activity takes in any way: `{crew: 4}`."""
    description: Text = ""
    """A description."""


class ActivityPart(Model):
    """What may differ about an activity in some places."""

    duration: UncertainSpan = Uncertain("fixed", (parse_span("0 d"),))
    """Time of work. Days and weeks are those of its calendar, else of whatever does it, however long the shifts; hours
    are hours of work; months continue while calendars are closed."""
    requires: dict[Text, WholeNumber | None] = {}
    """Resources taken while it runs: `{rack_crews: 1}`. Of alternatives, `{dell_line | smc_line: 1}`, it takes the
    first in the written order that is free. What several entries take of the same resource is added up."""
    consumes: dict[Text, AmountValue | None] = {}
    """Supplies used up when it starts."""
    produces: dict[Text, AmountValue | None] = {}
    """Supplies that it adds when it finishes."""
    ways: dict[Text, Way | None] = {}
    """Alternative ways, each with its `duration` and `requires`: the first free one in the written order is taken."""
    varies_with: Names = ()
    """Factors that multiply its duration."""
    learning: Learning | None = None
    """Learning: how repetition makes it faster."""
    rework: Rework | None = None
    """Tests that may fail, with their repair."""
    not_before: WhenValue | None = None
    """A date, or a span after the start, before which it is not ready."""
    finish_not_before: WhenValue | None = None
    """A date, or a span after the start, before which it does not finish: until then it holds what it took."""
    priority: Integer = 0
    """Waiting activities with a higher number start first."""
    calendar: Text | None = None
    """The calendar of the work; default: `always`."""


class Activity(ActivityPart):
    """A piece of work with a duration, done once in every place of its level."""

    at: Text = SITE
    """The level of places it is done in; once for the site if not given."""
    only: Names | None = None
    """Patterns of the places it is limited to."""
    after: Links = ()
    """Predecessors that must finish before, in the same place: `[a, {activity: b, lag: 2 d}]`; milestones
    too."""
    within: dict[Text, ActivityPart] = {}
    """Different values in the places that a pattern matches; later patterns win."""
    id: Label = ""
    """Its id in the schedule of a planning tool, for import and export: `A1010`."""
    wbs: Annotated[tuple[Label, ...], BeforeValidator(listed)] = ()
    """Where it stands in the work breakdown of a planning tool, from the whole to the part, for import and export:
    `[Hall 1, Foundations]`; a code stands in brackets: `Foundations [FND]`."""
    label: Label = ""
    """What reports and charts call it: `Install racks`."""
    description: Text = ""
    """A description."""

    @property
    def is_nothing(self) -> bool:
        """Whether it takes no time in any place."""
        parts = [self, *self.within.values()]
        spans = [part.duration for part in parts if part is self or "duration" in part.model_fields_set]
        spans += [way.duration for part in parts for way in part.ways.values() if way is not None and way.duration]
        return all(span.is_nothing for span in spans)


class EachAdds(Model):
    """Working time that a risk adds to the first attempt of what starts in its window, which holds what it took.

    Days are those of the activity's `duration`. A plain span, `1 to 4 wk`, is drawn once for everything that the risk
    adds to; `{each: 1 to 4 wk}` is drawn for every instance.
    """

    each: UncertainSpan
    """The added time; each instance has its own draw."""


def _times_or_adds(raw: Any) -> str:
    if isinstance(raw, EachAdds) or (isinstance(raw, dict) and not any(kind in raw for kind in KINDS)):
        return ADDS_EACH
    return ADDS if isinstance(raw, Uncertain) or re.search(r"\d *(min|[hdwmy])", str(raw)) else TIMES


TIMES, ADDS, ADDS_EACH = "(times)", "(adds)", "(each)"
Effect = Annotated[
    Annotated[EffectMultiplier, Tag(TIMES)] | Annotated[UncertainSpan, Tag(ADDS)] | Annotated[EachAdds, Tag(ADDS_EACH)],
    Discriminator(_times_or_adds),
]


class RiskPart(Model):
    """What a mitigation may change about a risk."""

    probability: NumberValue = Fraction(1)
    """Probability that it occurs in a replication."""
    times: WholeNumber | None = None
    """How often it can strike, each with its own probability, window and sizes; once, or with `every` to the end."""
    begins: WindowWhen | None = None
    """When it begins: a date, a span, or `{after: activity or milestone, lag: 7 d}`; default: it acts all the time."""
    lasts: UncertainSpan | None = None
    """The length of its window; default: to the end."""
    every: UncertainSpan | None = None
    """Time from its end to the next strike: `90 d`, or random `{exponential: 90 d}`; at most 1,000 strikes."""
    effects: dict[Text, Effect] = {}
    """A number multiplies `supplies.X` production, `resources.X` capacity, `activities.X` duration; a span adds."""
    delays: dict[Text, UncertainSpan] = {}
    """Postpones the deliveries of orders of `supplies.X` that fall into the window."""
    stop_work: Names = ()
    """Resources and activities whose calendars are closed during the window."""


class Mitigation(RiskPart):
    """What can be done against a risk, and what it costs; what is given here replaces that of the risk."""

    cost: MoneyValue | None = None
    """What it costs: `20M USD`."""
    description: Text = ""
    """A description."""


class Risk(RiskPart):
    """An event that may or may not happen in a build."""

    mitigation: Mitigation | None = None
    """Switched on by `--mitigate NAME`."""
    label: Label = ""
    """What reports and charts call it: `Late permit`."""
    description: Text = ""
    """A description."""


class Course(Model):
    """One of the ways that a branch may take."""

    weight: NumberValue = Fraction(1)
    """How likely it is, relative to the other ways: 20 beside 80, or 0.2 beside 0.8; 1 if not given."""
    activities: Names = ()
    """Activities of this way; may be empty. An activity that is in no way is always done."""
    description: Text = ""
    """A description."""


class Branch(Model):
    """A course that is left to chance: of several ways one is taken, and what only the others do is skipped."""

    per: Text = SITE
    """A level of places if every place has its own draw; activities inside the place follow it."""
    ways: dict[Text, Course]
    """Two or more ways; with expected values the likeliest way is taken, or the first of equally likely ways."""
    description: Text = ""
    """A description."""


class Option(Model):
    """Something that can be done for a price to be earlier: air freight, a second shift, rented turbines."""

    cost: MoneyValue | None = None
    """What it costs: `5M USD`."""
    changes: dict[Text, Any]
    """The changes: a partial scenario, applied by `--option NAME`."""
    label: Label = ""
    """What reports and charts call it: `Air freight`."""
    description: Text = ""
    """A description."""


class Observation(Model):
    """A date that was observed in the world."""

    date: LimitValue
    """The date, or the minute."""
    meaning: Text = ""
    """The exact observation or claim."""
    source: Text | None = None
    """Key of the source."""

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, raw: Any) -> Any:
        return raw if isinstance(raw, dict) else {"date": raw}


class Milestone(Model):
    """A point that people date: so many finishes of an activity, or so many units of a supply ever there."""

    activity: Text | None = None
    """The activity counted."""
    supply: Text | None = None
    """The supply counted: initial, delivered and produced."""
    event: Literal["start", "finish"] = "finish"
    """Whether starts or finishes of the activity count."""
    reaches: AmountValue | None = None
    """How many; all instances of the activity if not given."""
    place: Text | None = Field(default=None, alias="in")
    """A pattern: only what happens there counts."""
    target: LimitValue | None = None
    """The target: the end of that day, or that minute."""
    observed: Annotated[tuple[Observation, ...], BeforeValidator(listed)] = ()
    """Observed dates."""
    label: Label = ""
    """What reports and charts call it: `50,000 GPUs usable`; its name if not given."""
    description: Text = ""
    """A description."""

    @model_validator(mode="after")
    def _one_subject(self) -> "Milestone":
        if (self.activity is None) == (self.supply is None):
            raise ValueError("a milestone counts either an `activity` or a `supply`")
        if self.supply is not None and self.reaches is None:
            raise ValueError("a milestone of a supply says how much it `reaches`")
        if self.supply is not None and "event" in self.model_fields_set:
            raise ValueError("`event` belongs to a milestone of an activity; a supply is reached when it is there")
        return self


class Sighting(Model):
    """What was seen of a build under way: replications that contradict it do not count (see `dcsim guide seen`)."""

    milestone: Text
    """The milestone."""
    reached: LimitValue | None = None
    """The day on which it was reached."""
    reached_by: LimitValue | None = None
    """A day by the end of which it had been reached; the exact date is unknown."""
    not_by: LimitValue | None = None
    """A day at the end of which it was not yet reached."""
    error: SpanValue = parse_span("0 d")
    """Days by which that date may be wrong, to either side."""
    source: Text | None = None
    """Key of the source."""
    description: Text = ""
    """The exact observation."""

    @model_validator(mode="after")
    def _one_date(self) -> "Sighting":
        if sum(limit is not None for limit in (self.reached, self.reached_by, self.not_by)) != 1:
            raise ValueError("a sighting says one of `reached`, `reached_by` and `not_by`, with a date")
        return self

    @property
    def day(self) -> date:
        """The day that it tells of."""
        limit = self.reached or self.reached_by or self.not_by
        assert limit is not None
        return day_of(limit)


class Progress(Model):
    """How far an activity is; once one is told, every activity that is not told has not begun (`dcsim guide seen`)."""

    activity: Text
    """The activity."""
    place: Text = SITE
    """A pattern of the places in which it is so; all of them if not given. Later entries win."""
    started: LimitValue | None = None
    """When it started: the minute, or the day, from its beginning. It may be left out if the work takes no time."""
    finished: LimitValue | None = None
    """When it finished: the minute, or the day, until its end."""
    remaining: UncertainSpan | None = None
    """Of work under way, what is left on the date `as_of`: a duration, also an uncertain one."""
    complete: NumberValue | None = None
    """Of work under way, how much of its duration is done on that date, as a fraction: `0.4`."""
    source: Text | None = None
    """Key of the source."""
    description: Text = ""
    """The exact observation."""

    @model_validator(mode="after")
    def _done_or_under_way(self) -> "Progress":
        if self.started is None and self.finished is None:
            raise ValueError("progress says when work `started`, when it `finished`, or both")
        if self.finished is not None and (self.remaining is not None or self.complete is not None):
            raise ValueError("what has `finished` has nothing `remaining`: leave out `remaining` and `complete`")
        if self.remaining is not None and self.complete is not None:
            raise ValueError("progress says either what is `remaining` or how much is `complete`")
        if self.complete is not None and not 0 <= self.complete < 1:
            raise ValueError("`complete` is from 0 to less than 1; what is complete has a date `finished`")
        return self

    @property
    def begins(self) -> datetime:
        """The minute in which the work started."""
        limit = self.started or self.finished
        assert limit is not None
        return first_minute(limit)

    @property
    def day(self) -> date:
        """The last day that it tells of."""
        limit = self.finished or self.started
        assert limit is not None
        return day_of(limit)


def _of_milestone_or_activity(raw: Any) -> str:
    return OF_ACTIVITY if isinstance(raw, Progress) or (isinstance(raw, dict) and "activity" in raw) else OF_MILESTONE


OF_MILESTONE, OF_ACTIVITY = "(milestone)", "(activity)"
Seen = Annotated[
    Annotated[Sighting, Tag(OF_MILESTONE)] | Annotated[Progress, Tag(OF_ACTIVITY)],
    Discriminator(_of_milestone_or_activity),
]


class Correlation(Model):
    """Uncertain inputs that tend to be high together: the weather of two sites, a trade, a market."""

    between: Names
    """Inputs by path, every pair of them: `activities.steel.duration`, `supplies.X.orders.Y.lead_time`, `factors.X`,
    `risks.X.probability` (that it occurs), `risks.X.lasts`; each in the same place, or the one around it. One alone:
    its places with each other."""
    number: NumberValue = Field(alias="is")
    """From -1 to 1: the correlation of normal scores, and nearly that of ranks; 0 between those that are not named."""
    description: Text = ""
    """The reason for the correlation."""


class Fitted(Model):
    """A free parameter that was fitted to observations, kept apart from everything that was measured."""

    to: Names = ()
    """The milestones it was fitted to."""
    prior: Text
    """The range it had to stay in: `4 to 20`."""
    source: Text | None = None
    """Key of the source of that range."""
    note: Text = ""
    """Why this parameter is fitted."""


class Source(Model):
    """Where a number comes from."""

    what: Text = ""
    """The statement of the source."""
    url: Text = ""
    """Its address."""
    as_of: Text = ""
    """The date it speaks of."""
    confidence: Text = ""
    """How reliable it is: high, medium, low."""
    note: Text = ""
    """A note."""


class Site(Model):
    """A site of a portfolio: everything whose name begins with that of the site, `memphis.install_rack`, is part of it.

    Its places stand inside the place of its name.
    """

    label: Label = ""
    """What reports call it: `Memphis`."""
    start: DateValue | None = None
    """Nothing of the site begins before this date, and its spans count from it; the start of its file if not given."""
    day_zero: DateValue | None = None
    """Days of its milestones are counted from this date: that of its file, or else its start, if not given."""
    priority: Integer = 0
    """What is shared by `priority` goes to the site with the higher number first."""
    needed_by: DateValue | None = None
    """What is shared by `date needed` goes to the site with the earlier date first."""


class Include(Site):
    """A scenario that becomes a site of a portfolio, under a name of its own.

    What the portfolio declares under the same name, supplies, resources, factors, risks and calendars, is shared.
    """

    file: Text
    """The file of the scenario; beside the file that names it, or in a folder below."""
    variants: Names = ()
    """Its variants that are applied."""
    set: dict[Text, Any] = {}
    """Changes: single values by path, `{resources.rack_crews.count: 12}`, or parts of sections."""
    options: Names = ()
    """Its options that are taken."""
    mitigate: Names = ()
    """Its risks whose mitigation is switched on."""
    shares: dict[Text, Text | None] = {}
    """What it calls differently from the portfolio: `{hbm: hbm_stacks}`; `null` for what is its own all the same."""


LABELLED = ("places", "resources", "supplies", "activities", "risks", "milestones", "options")
"""Sections whose entries may have a label, beside variants and parameters."""


def _has_label(variant: Any) -> bool:
    return isinstance(variant, Mapping) and bool(variant.get("label"))


class Scenario(Model):
    """A data-center buildout: a site, its suppliers, its crews and its risks.

    A file may build on others that it `extends`.
    """

    name: Text
    """The name of the project."""
    description: Text = ""
    """The purpose of the scenario."""
    author: Label = ""
    """Who wrote it; a page shows it."""
    start: DateValue
    """The clock starts on this date at 00:00."""
    day_zero: DateValue | None = None
    """Days are counted from this date in results; from `start` if not given."""
    horizon: SpanValue = parse_span("10 years")
    """The run stops here at the latest."""
    include: dict[Text, Include] = {}
    """Scenarios that are the sites of this portfolio, by name: `{memphis: {file: colossus-1.yaml}}`."""
    sites: dict[Text, Site] = {}
    """The sites as they are once their files are read; `include` makes them."""
    parameters: dict[Text, Parameter] = {}
    """Values by name, from which others are computed."""
    places: dict[Text, Level] = {}
    """Location breakdown: levels of places, each inside another; the root is the site."""
    calendars: dict[Text, CalendarSpec] = {}
    """Working calendars; `always` exists without being declared."""
    factors: dict[Text, Factor] = {}
    """Risk drivers, drawn once per replication."""
    resources: dict[Text, Resource] = {}
    """Resources: taken while an activity runs, then given back."""
    supplies: dict[Text, Supply] = {}
    """Supplies: counted and used up."""
    activities: dict[Text, Activity]
    """Activities; the written order decides between equal ones."""
    risks: dict[Text, Risk] = {}
    """Risks: events that may happen."""
    branches: dict[Text, Branch] = {}
    """Random choices between ways, such as whether rock is found; an activity can be in one branch only."""
    correlations: dict[Text, Correlation] = {}
    """Correlations: inputs that tend to be high together."""
    milestones: dict[Text, Milestone] = {}
    """Milestones: the events to date."""
    seen: Annotated[tuple[Seen, ...], BeforeValidator(listed)] = ()
    """What is known of a site under way: milestones seen, with which replications have to agree, and the progress of
    activities."""
    as_of: LimitValue | None = None
    """The status date: sightings after it are ignored, orders placed by then stay placed, and what has not begun starts
    no earlier; default: the last date seen."""
    fitted: dict[Text, Fitted] = {}
    """Free parameters by path: `resources.rack_crews.count`."""
    finance: Finance | None = None
    """Costs, revenue, assets and funding, for `dcsim finance`."""
    options: dict[Text, Option] = {}
    """Options to buy: named changes with a cost, ranked by `dcsim mitigate`."""
    variants: dict[Text, Any] = {}
    """Named what-ifs: partial scenarios applied by `--variant NAME`; `label` is its name in reports."""
    sources: dict[Text, Source] = {}
    """Sources by key."""

    _document: Document = PrivateAttr()
    _opened_by: object = PrivateAttr(default=None)
    _warnings: tuple[Problem, ...] = PrivateAttr(default=())

    __hash__ = object.__hash__
    """Scenarios are compared by identity, because what is built from a scenario is kept for it alone."""

    def __repr__(self) -> str:
        parts = {section: getattr(self, section) for section in ("activities", "milestones", "variants", "options")}
        counts = ", ".join(f"{section}: {len(entries)}" for section, entries in parts.items() if entries)
        return f"Scenario({self.name!r}, {counts})"

    __str__ = __repr__

    def __dir__(self) -> list[str]:
        return ["labels", "warnings", "with_", *type(self).model_fields]

    @property
    def document(self) -> Document:
        """The text this scenario was read from: resolved values, lines, citations."""
        return self._document

    @property
    def opened_by(self) -> object:
        """What read its layers, and can lay others over them (see `load.changed`)."""
        return self._opened_by

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """Probable mistakes that can be simulated; `dcsim.check` finds more than `dcsim.load`."""
        return self._warnings

    def with_(
        self, values: Mapping[str, Any] | None = None, *, variant: Any = (), option: Any = (), mitigate: Any = ()
    ) -> "Scenario":
        """This scenario with other values by dotted path, and with variants, options and mitigations by name.

        Raises
        ------
        ScenarioError
            With every problem found.
        """
        from dcsim.scenario.load import changed

        variants, options, mitigations = (tuple(listed(names)) for names in (variant, option, mitigate))
        return changed(self, variants, values, mitigations, options)

    @property
    def labels(self) -> dict[str, str]:
        """What reports and charts call things, by name; without those that have no label."""
        labels = {name: str(part["label"]) for name, part in self.variants.items() if _has_label(part)}
        for section in LABELLED:
            labels |= {name: part.label for name, part in getattr(self, section).items() if part.label}
        return labels

    @property
    def progress(self) -> tuple[Progress, ...]:
        """The progress of activities that had begun by the status date."""
        until = self.status
        progress = (entry for entry in self.seen if isinstance(entry, Progress))
        return tuple(entry for entry in progress if until is not None and entry.begins <= last_minute(until))

    @property
    def status(self) -> date | None:
        """The date up to which it is known what happened, whose end counts if it has no time; none if nothing is."""
        if not self.seen:
            return None
        return self.as_of or max(entry.day for entry in self.seen)

    @property
    def zero(self) -> datetime:
        """The date from which days are counted."""
        return self.day_zero or self.start

    @property
    def zeros(self) -> dict[str, datetime]:
        """The dates from which the sites of a portfolio count theirs, by site."""
        return {name: date for name, site in self.sites.items() if (date := site.day_zero or site.start) is not None}

    @property
    def starts(self) -> dict[str, datetime]:
        """The dates on which sites of a portfolio begin, where that is later than the portfolio itself, by site."""
        return {name: site.start for name, site in self.sites.items() if site.start is not None}

    def site_of(self, name: str) -> str:
        """The site of a portfolio that something is part of; empty for none."""
        return site_of(name, self.sites)

    def rank(self, name: str, asked: str = "") -> tuple[bool, bool]:
        """By what names are listed: what is asked for first, then what is of the portfolio itself, then its sites."""
        return name != asked, self.site_of(name) != ""

    def zero_of(self, name: str) -> datetime:
        """The date from which days of something are counted: that of its site if it is part of one."""
        return self.zeros.get(site_of(name, self.zeros), self.zero)


Order.model_rebuild()
Link.model_rebuild()
Lagged.model_rebuild()

__all__ = ["ALWAYS", "RESERVED", "SITE", "Activity", "Lagged", "Link", "Scenario", "Span", "parse_uncertain"]
