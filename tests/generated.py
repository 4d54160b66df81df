"""Random small scenarios in which nothing is left to chance, for the engines to agree on.

Durations and times come from a few round values, so that many things happen in the same minute. Every feature
of the format turns up, and the door refuses none of them. What the written law leaves open is avoided.
"""

import datetime as dt
import random
from collections.abc import Iterable, Mapping, Sequence
from itertools import product
from typing import Any

from hypothesis import strategies as st
from oracle import Calendar, Place, calendar, grow, is_linked, overlay

from dcsim.units import horizon_end, parse_amount, parse_date, parse_span

Spec = dict[str, Any]

DAY = 1440
MOMENTS = (0, 15, 30, 60, 60, 90, 120, 180, 240, 360, 480, 600, 720, 1080, 1440, 1440, 2160, 2880)
"""Minutes after the start at which something may change."""
DURATIONS = (
    "0 min",
    "0.5 min",
    "1 min",
    "15 min",
    "30 min",
    "30 min",
    "1 h",
    "1 h",
    "1 h",
    "90 min",
    "2 h",
    "3 h",
)
LONG_DURATIONS = ("5 h", "8 h", "0.25 d", "0.5 d", "1 d", "2 d", "0.25 wk", "1500 min", "0.02 months", "0.003 years")
MONTHS = ("0.02 months", "0.05 month", "0.004 years", "1 month")
"""Parts of a month, which depend on the date."""
MULTIPLIERS = (0.5, 0.75, 1, 1.25, 1.5, 2)
"""Exact in binary, so that no product of them lands beside a half by the rounding of floats."""
CUTS = (0, 0.1, 0.29, 0.3, 0.5, 0.7, 0.7, 0.9, 1)
"""Not exact in binary: capacities and productions are reckoned in exact numbers."""
LEARNING_RATES = (0.6, 0.84, 0.92, 0.76, 1)
"""Ratios of odd numbers, which never bring whole minutes to a half."""
STARTS = ("2024-03-11", "2024-03-15", "2024-07-03", "2024-12-30", "2024-02-28 23:00")
"""One shortly before a midnight, at which things fall on the one day or the other."""
SHIFTS = (
    "07:00-17:00",
    "07:00-17:00",
    "22:00-06:00",
    "20:00-04:30",
    "00:00-12:00",
    "08:00-12:00, 13:00-17:30",
    ["06:00-14:00", "14:00-22:00"],
    ["09:00-09:01", "10:00-16:00"],
    "00:00-24:00",
)
NAMES = {
    "calendars": ("day_shift", "night_shift", "office"),
    "factors": ("labor", "market"),
    "resources": ("crew", "crane", "line", "bay", "dock"),
    "supplies": ("stacks", "power", "goods", "cash"),
    "activities": (
        "dig",
        "pour",
        "build",
        "ship",
        "place",
        "wire",
        "fill",
        "test",
        "start",
        "tune",
        "hand_over",
        "run_in",
    ),
    "risks": ("storm", "strike", "shortage"),
}


def scenario(rng: random.Random, size: int = 12) -> Spec:
    """A scenario of up to three times `size` instances; the same state of `rng` gives the same scenario."""
    return _Sketch(rng, size).finished()


def linked(rng: random.Random, size: int = 12) -> Spec:
    """A scenario with links of every kind, leading as those of `scenario` do."""
    data = scenario(rng, size)
    calendars = ["successor", "predecessor", "always", *data.get("calendars", {})]
    working = "stop_work" not in str(data)
    for spec in data["activities"].values():
        after = spec.get("after", [])
        written = [link if isinstance(link, dict) else {"activity": link} for link in _listed(after)]
        spec["after"] = [
            _linked(rng, dict(link), link.get("activity") in data["activities"], working, calendars) for link in written
        ]
        if not after:
            del spec["after"]
    return data


def _linked(rng: random.Random, link: Spec, of_work: bool, working: bool, calendars: Sequence[str]) -> Spec:
    if rng.random() < 0.4:
        link["to"] = "finish"
    if of_work and rng.random() < 0.5:
        lag = rng.choice(
            (
                "-15 min",
                "-1 h",
                "-4 h",
                "-1 d",
                "-0.25 wk",
                "30%",
                "12.5%",
                "100%",
                "150%",
                "-20%",
                "-50%",
                "2 h",
                "0.5 d",
            )
        )
        wanted = working and rng.random() < 0.6
        link["lag"] = {"working": lag, "by": rng.choice(calendars)} if wanted else lag
    return link


def _listed(written: Any) -> list[Any]:
    return list(written) if isinstance(written, list | tuple) else [written]


def under_way(rng: random.Random, size: int = 12) -> Spec:
    """A scenario with links of every kind, some of whose activities have begun, or finished, in any sequence."""
    data = linked(rng, size)
    start = parse_date(data["start"])
    status = rng.choice((60, 240, 600, 1080, 1440, 2000))
    branched = {
        name for one in data.get("branches", {}).values() for way in one["ways"].values() for name in way["activities"]
    }
    places = grow(data.get("places", {}))
    seen: list[Spec] = []
    for name, spec in data["activities"].items():
        if name in branched or rng.random() < 0.5:
            continue
        for _ in range(rng.choice((1, 1, 2))):
            one: Spec = {"activity": name}
            if spec.get("at", "site") != "site" and rng.random() < 0.8:
                one["place"] = rng.choice(places[spec["at"]]).path
            first = rng.choice([tick for tick in (0, 15, 60, 90, 240, 480, 1440, 1500) if tick <= status])
            one["started"] = f"{start + dt.timedelta(minutes=first):%Y-%m-%d %H:%M}"
            in_months = "month" in str(spec) or "year" in str(spec)
            if rng.random() < 0.5 and not in_months:
                last = first + rng.choice((0, 30, 600, 1440, 4000))
                one["finished"] = f"{start + dt.timedelta(minutes=last):%Y-%m-%d %H:%M}"
            elif in_months or rng.random() < 0.4:
                one["remaining"] = rng.choice(DURATIONS + LONG_DURATIONS)
            elif rng.random() < 0.5:
                one["complete"] = 0.25
            seen.append(one)
    if seen:
        data["seen"] = seen
        data["as_of"] = f"{start + dt.timedelta(minutes=status):%Y-%m-%d %H:%M}"
    return data


def scenarios(size: int = 12) -> st.SearchStrategy[Spec]:
    """Scenarios by seed: `scenario(random.Random(seed))` tells one again."""
    return st.integers(0, 2**32 - 1).map(lambda seed: scenario(random.Random(seed), size))


class _Sketch:
    """A scenario in the making: each part may use only what is already there."""

    def __init__(self, rng: random.Random, size: int) -> None:
        self.rng = rng
        self.size = size
        self.has_working_lags = self.some(0.5)
        """A scenario has either working lags or stopped work: whether a stop also stops a lag is not said."""
        self.data: Spec = {
            "name": "generated",
            "start": rng.choice(STARTS),
            "horizon": rng.choice(("1 d", "36 h", "2 d", "3 d", "3 d", "5 d")),
        }
        self.start = parse_date(self.data["start"])
        end = horizon_end(self.start, parse_span(self.data["horizon"]))
        self.horizon = (end - self.start) // dt.timedelta(minutes=1)
        self.data["places"] = self._places()
        self.places = grow(self.data["places"])
        self.calendars = {"always": Calendar(frozenset(range(self.horizon)))}
        for section in NAMES:
            self.data[section] = {}
        self.data["milestones"] = {}

    def finished(self) -> Spec:
        """The scenario, part by part; its activities may stand in another order than thought up."""
        self._add("calendars", self._calendar, 0, 3)
        self._add("factors", self._factor, 0, 2)
        self._add("resources", self._resource, 1, 4)
        self._add("supplies", self._supply, 0, 3)
        self._activities()
        self._late_orders()
        for _ in range(self.rng.randint(0, 3)):
            self._milestone()
        self._add("risks", self._risk, 0, 3)
        if self.some(0.5):
            activities = list(self.data["activities"].items())
            self.rng.shuffle(activities)
            self.data["activities"] = dict(activities)
        self._branches()
        self._claims()
        if not self.has_working_lags and self.some(0.5):
            self._stoppages()
        if self.some(0.2):
            self._midnight()
        return {key: value for key, value in self.data.items() if value != {}}

    def _branches(self) -> None:
        """Some activities are done in some ways only; drawn late, so that all else stays as it would be without."""
        free = list(self.data["activities"])
        for name in self.rng.sample(("soil", "hearing"), self.rng.choice((0, 0, 0, 1, 1, 2))):
            per = self.levels(0.5)
            inside = [one for one in free if per in self.around(self.data["activities"][one].get("at", "site"))]
            mine = self.few(inside, 4, 1)
            free = [one for one in free if one not in mine]
            ways = [{"weight": self.rng.choice((0.2, 1, 1, 3)), "activities": self.few(mine, 4)} for _ in range(3)]
            spec = {"ways": {f"way{k}": way for k, way in enumerate(ways[: self.rng.randint(2, 3)])}}
            self.data.setdefault("branches", {})[name] = spec if per == "site" else {"per": per, **spec}

    def _claims(self) -> None:
        """Some activities and repairs take more of a resource that they name already."""
        for spec in self.data["activities"].values():
            in_ways = {name for way in spec.get("ways", {}).values() for name in way.get("requires", {})}
            for needed in (spec, spec.get("rework", {})):
                before = needed.get("requires", {})
                known = [name.strip() for text in before for name in text.split("|")]
                if not known or not self.some(0.15):
                    continue
                others = [n for n in self.reachable("resources", spec.get("at", "site")) if n not in {*known, *in_ways}]
                names = [self.rng.choice(known), *self.few(others, 1)]
                self.rng.shuffle(names)
                needed["requires"] = before | {" | ".join(names): self.rng.randint(1, 2)}
                if not self._is_workable(spec):
                    needed["requires"] = before

    def _midnight(self) -> None:
        """Work that ends at the first midnight, and steps of no length that take what is there, or comes then."""
        minutes = DAY - 60 * self.start.hour - self.start.minute
        before, after = self.rng.randint(0, 2), self.rng.randint(1, 3)
        self.data["resources"]["clerks"] = {"count": {"0 d": before, self.when(minutes): after}}
        self.data["supplies"]["permits"] = {"initial": self.rng.randint(0, 1)}
        hearing: Spec = {"not_before": self.when(minutes)} if self.some(0.5) else {"after": "settle"}
        sign: Spec = {"after": "settle", "requires": {"clerks": self.rng.randint(1, max(before, after))}}
        self.data["activities"] |= {
            "settle": {"duration": f"{minutes} min"},
            "hearing": {**hearing, "produces": {"permits": 1}},
            "sign": sign | ({"consumes": {"permits": 1}} if self.some(0.4) else {}),
            "file": {"after": ["sign"], "requires": {"clerks": 1}},
        }
        self.data["milestones"]["signed"] = {"activity": self.rng.choice(("sign", "file"))}

    # Chances

    def some(self, chance: float) -> bool:
        return self.rng.random() < chance

    def few(self, names: Iterable[str], most: int, least: int = 0) -> list[str]:
        """Some of these, at least and at most so many as far as there are, in any order."""
        known = list(names)
        return self.rng.sample(known, self.rng.randint(min(least, len(known)), min(most, len(known))))

    def _add(self, section: str, make: Any, least: int, most: int) -> None:
        for name in NAMES[section][: self.rng.randint(least, most)]:
            spec = make(name)
            if spec is not None:
                self.data[section][name] = spec

    def span(self, minutes: int) -> str:
        """The same time in one of the units it is a whole number of."""
        units = [f"{minutes} min"] + [
            f"{minutes // n} {unit}" for n, unit in ((60, "h"), (DAY, "d")) if minutes % n == 0
        ]
        return self.rng.choice(units)

    def when(self, minutes: int) -> str:
        """A moment as a date or as a span after the start."""
        if minutes >= 0 and self.some(0.6):
            return self.span(minutes)
        moment = self.start + dt.timedelta(minutes=minutes)
        return f"{moment:%Y-%m-%d}" if moment.time() == dt.time() and self.some(0.7) else f"{moment:%Y-%m-%d %H:%M}"

    def moment(self) -> str:
        return self.when(self.rng.choice(MOMENTS))

    def amount(self, supply: str, number: int) -> int | str:
        """A number of units, sometimes with the unit or in a larger one."""
        unit = self.data["supplies"].get(supply, {}).get("unit") or ("kW" if supply == "power" else "")
        if unit == "kW" and self.some(0.5):
            return f"{number // 1000} MW" if number % 1000 == 0 else f"{number / 1000} MW"
        return f"{number} {unit}" if unit and self.some(0.3) else number

    def units(self, supply: str, most: int) -> int:
        return self.rng.randint(1, most) * (250 if supply == "power" else 1)

    # Places

    def _places(self) -> Spec:
        few = self.rng.randint(1, 3)
        halls_in_phases = {
            "in": "phase",
            "count": self.rng.choice((2, {"east": few, "w*": 1}, {"*": 2, "east": 1})),
        }
        phases: Spec = {"phase": self.rng.choice((["east", "west"], {"names": ["west", "east"]}))}
        return self.rng.choice(
            (
                {},
                {"hall": self.rng.randint(1, 5)},
                {"hall": {"count": few}, "lot": self.rng.randint(1, 4)},
                phases | {"hall": halls_in_phases},
                phases | {"hall": halls_in_phases, "lot": {"in": "phase", "count": few}},
                {"rack": {"in": "hall", "count": {"hall1": few, "hall[2-9]": 2}}, "hall": {"count": 2}},
                phases | {"hall": halls_in_phases, "rack": {"in": "hall", "count": 2}},
            )
        )

    def pattern(self, places: Sequence[Place]) -> str:
        """A pattern that means at least one of these places, none of which is the site."""
        labels = [place.label for place in self.rng.choice(places).chain]
        labels = labels[: self.rng.randint(1, len(labels))]
        if len(labels) > 1 and self.some(0.4):
            labels[0] = "*"
        if labels[-1][-1].isdigit() and self.some(0.3):
            labels[-1] = f"{labels[-1][:-1]}[{labels[-1][-1]}-9]"
        return "/".join(labels)

    def around(self, level: str) -> list[str]:
        """The levels that a place of this level stands in or at, the site first."""
        return ["site", *(place.level for place in self.places[level][0].chain)] if self.places[level] else ["site"]

    def levels(self, chance: float) -> str:
        """The site, or by this chance some level of places."""
        return self.rng.choice(list(self.places)) if self.some(chance) else "site"

    def reachable(self, section: str, level: str) -> list[str]:
        """What an activity of this level may use."""
        return [name for name, spec in self.data[section].items() if _per(spec) in self.around(level)]

    # Calendars, factors, resources

    def _calendar(self, name: str) -> Spec | None:
        spec: Spec = {"hours": self.rng.choice(SHIFTS)}
        if self.some(0.6):
            spec["days"] = self.rng.choice(("Mon-Sat", "Mon-Fri", "Tue-Thu, Sat", "Sat-Tue", "daily"))
        if self.some(0.3):
            spec["holidays"] = self.rng.choice(("US", "US-TN", ["US"]))
        if self.some(0.2):
            first, last = (self.start + dt.timedelta(days=n) for n in (1, self.rng.randint(1, 2)))
            spec["closed"] = self.rng.choice((f"{first:%Y-%m-%d}", [f"{first:%Y-%m-%d} to {last:%Y-%m-%d}"]))
        if self.some(0.25):
            spec.pop("days", None)
            spec["hours"] = {
                days: self.rng.choice(SHIFTS) for days in self.rng.choice((("Mon-Thu", "Fri"), ("Sat-Wed",)))
            }
        if self.some(0.25):
            spec["open"] = self._worked_dates()
        if self.some(0.15):
            begin = self.start + dt.timedelta(minutes=self.rng.choice((600, 1380, 2000)))
            spec["closed"] = f"{begin:%Y-%m-%d %H:%M} to {begin + dt.timedelta(minutes=90):%Y-%m-%d %H:%M}"
        if self.some(0.15):
            spec["hours_per_day"] = self.rng.choice((8, 7.5, 10))
        worked = calendar(spec, self.start, self.horizon - 1)
        if len(worked.open) < 60:
            return None
        self.calendars[name] = worked
        return spec

    def _worked_dates(self) -> Any:
        """A date or two with hours of their own."""
        first, second = (f"{self.start + dt.timedelta(days=n):%Y-%m-%d}" for n in (self.rng.randint(0, 2), 3))
        own = {second: self.rng.choice(SHIFTS)}
        return self.rng.choice(({first: self.rng.choice(SHIFTS)}, own | {first: self.rng.choice(SHIFTS)}, [own]))

    def _factor(self, name: str) -> Any:
        value = self.rng.choice(MULTIPLIERS)
        return self.rng.choice((value, {"value": value}, {"value": value, "per": self.levels(0.5)}))

    def _resource(self, name: str) -> Spec:
        spec: Spec = {"count": self._count()}
        if self.data["calendars"] and self.some(0.25):
            spec["calendar"] = self.rng.choice(list(self.data["calendars"]))
        spec["per"] = self.levels(0.4)
        if spec["per"] != "site" and self.some(0.4):
            part: Spec = {"count": self._count()} if self.some(0.7) else {}
            if self.some(0.4):
                part["calendar"] = self.rng.choice(list(self.calendars))
            if part:
                spec["within"] = {self.pattern(self.places[spec["per"]]): part}
        return spec

    def _count(self) -> Any:
        if self.some(0.6):
            return self.rng.choice((1, 1, 1, 2, 2, 3, 10))
        moments = sorted(self.rng.sample(sorted({0, *MOMENTS}), self.rng.randint(1, 4)))
        ramp = {self.when(minutes): self.rng.randint(0, 4) for minutes in moments}
        ramp[self.rng.choice(list(ramp))] = self.rng.randint(1, 4)
        return ramp

    def peak(self, name: str) -> int:
        """The units that there are at some time in every place that has this resource."""
        spec = self.data["resources"][name]
        counts = [overlay(spec, place)["count"] for place in self.places[_per(spec)]]
        return min(int(max(count.values()) if isinstance(count, dict) else count) for count in counts)

    # Supplies

    def _supply(self, name: str) -> Spec:
        spec: Spec = {"unit": "kW"} if name == "power" else {}
        spec["per"] = self.levels(0.3)
        spec |= self._sources(name, spec["per"])
        if spec["per"] != "site" and self.some(0.4):
            part = self._sources(name, spec["per"])
            if part:
                spec["within"] = {self.pattern(self.places[spec["per"]]): part}
        return spec

    def _sources(self, name: str, level: str) -> Spec:
        """What there is of a supply without anybody's work; in some places of its own."""
        spec: Spec = {}
        if self.some(0.6):
            spec["initial"] = self.amount(name, self.units(name, 12))
        if self.some(0.35):
            spec["orders"] = {f"batch{n}": self._order(name, level) for n in range(self.rng.randint(1, 2))}
        if self.some(0.35):
            spec["production"] = self._production(name, level)
        return spec

    def _order(self, supply: str, level: str) -> Spec:
        number = self.units(supply, 10)
        spec: Spec = {"amount": self.amount(supply, number)}
        if self.some(0.7):
            spec["placed"] = self.moment() if self.some(0.85) else self.when(-self.rng.choice((60, 600, DAY)))
        if self.some(0.7):
            spec["lead_time"] = self.rng.choice(("0 d", "30 min", "1 h", "0.5 d", "1 d", "0.25 wk", *MONTHS))
        if self.some(0.5):
            spec |= {
                "lots": self.rng.randint(1, min(4, number)),
                "every": self.rng.choice((*map(self.span, (30, 60, 240, DAY)), MONTHS[0])),
            }
        return spec | self._varies(level, 0.3)

    def _production(self, supply: str, level: str) -> Spec:
        spec: Spec = {
            "rate": self._rate(supply),
            "every": self.rng.choice((*map(self.span, (45, 60, 480, DAY)), MONTHS[1])),
        }
        begin = self.rng.choice((0, 0, 0, *MOMENTS))
        if not isinstance(spec["rate"], dict) and self.some(0.2):
            begin = -self.rng.choice((60, 1000, 2 * DAY))
        if begin or self.some(0.2):
            spec["from"] = self.when(begin)
        if self.some(0.2):
            spec["until"] = self.when(max(0, begin) + self.rng.choice((60, 500, DAY)))
        if self.some(0.4):
            spec["share"] = self.rng.choice((0.35, 0.5, 0.1))
        if self.some(0.3):
            spec["yield"] = self.rng.choice((0.9, 0.7, 0.33))
        return spec | self._varies(level, 0.3)

    def _rate(self, supply: str) -> Any:
        def once() -> str:
            number = self.units(supply, 12)
            return f"{self.amount(supply, number)} / {self.rng.choice(('h', 'd', '4 h'))}"

        if self.some(0.6):
            return once()
        moments = sorted(self.rng.sample(sorted({0, *MOMENTS}), self.rng.randint(1, 3)))
        return {self.when(minutes): once() for minutes in moments}

    def _varies(self, level: str, chance: float) -> Spec:
        names = self.few(self.reachable("factors", level), 2) if self.some(chance) else []
        return {"varies_with": names} if names else {}

    def has_source(self, name: str) -> bool:
        """Whether every place that has this supply gets some: from the start, ordered or made."""
        return any(key in self.data["supplies"][name] for key in ("initial", "orders", "production"))

    # Activities

    def _activities(self) -> None:
        budget = self.rng.randint(3, 3 * self.size)
        for name in NAMES["activities"][: self.rng.randint(2, max(2, self.size))]:
            fitting = [level for level, places in self.places.items() if 0 < len(places) <= budget]
            if not fitting:
                return
            level = self.rng.choice(fitting if self.some(0.4) else fitting[-2:])
            budget -= len(self.places[level])
            spec = self._activity(name, level)
            self.data["activities"][name] = spec
            if self.some(0.15):
                self._milestone()

    def _activity(self, name: str, level: str) -> Spec:
        spec: Spec = {"at": level} if level != "site" or self.some(0.1) else {}
        places = self.places[level]
        if level != "site" and self.some(0.15):
            spec["only"] = self.rng.choice((self.pattern(places), [self.pattern(places), self.pattern(places)]))
            places = self.instances(spec)
        spec["duration"] = self._duration()
        after = self._after(level, places)
        if after:
            spec["after"] = after[0] if len(after) == 1 and self.some(0.4) else after
        spec |= self._part(level)
        if self.some(0.25):
            spec["learning"] = self._learning(level)
        if self.some(0.25):
            spec["rework"] = self._rework(level, self.rng.choice((0, 0.2, 0.3, 0.5, 0.5, 0.6, 0.8, 1)))
        if level != "site" and self.some(0.35):
            patterns = {self.pattern(places) for _ in range(self.rng.randint(1, 2))}
            spec["within"] = {pattern: self._difference(spec, level) for pattern in sorted(patterns)}
        for part in (spec, *spec.get("within", {}).values()) if "ways" in spec else ():
            if set(part.get("duration", "").split()) & {"months", "years", "month", "year"}:
                part["duration"] = self._worked_span()
        for key in ("within", "calendar", "ways", "requires", "rework"):
            if not self._is_workable(spec):
                spec.pop(key, None)
        return spec

    def _duration(self) -> str:
        return self.rng.choice(DURATIONS if self.some(0.75) else LONG_DURATIONS)

    def _worked_span(self) -> str:
        """A duration that is not written in months: the ways of an activity are all of them, or none."""
        return self.rng.choice(DURATIONS if self.some(0.6) else LONG_DURATIONS[:8])

    def _part(self, level: str) -> Spec:
        """What an activity needs and gives, and when it may be done."""
        spec = self._varies(level, 0.3)
        if self.some(0.7):
            spec["requires"] = self._requires(level, 2)
        if self.some(0.2):
            ways = self._ways(level, spec.get("requires", {}))
            spec |= {"ways": ways} if ways else {}
        if self.some(0.5):
            supplies = [name for name in self.reachable("supplies", level) if self._is_supplied(name)]
            spec["consumes"] = {name: self.amount(name, self.units(name, 4)) for name in self.few(supplies, 2, 1)}
        if self.some(0.4):
            names = self.few(self.reachable("supplies", level), 2, 1)
            spec["produces"] = {name: self.amount(name, self.units(name, 4) * self.some(0.9)) for name in names}
        if self.some(0.2):
            spec["not_before"] = self.moment() if self.some(0.9) else self.when(-60)
        if self.some(0.1):
            spec["finish_not_before"] = self.moment()
        if self.some(0.3):
            spec["priority"] = self.rng.choice((-1, 1, 1, 2))
        if self.some(0.25):
            spec["calendar"] = self.rng.choice(list(self.calendars))
        return {key: value for key, value in spec.items() if value != {}}

    def _is_supplied(self, name: str) -> bool:
        producers = [spec for spec in self.data["activities"].values() if name in spec.get("produces", {})]
        return self.has_source(name) or (_per(self.data["supplies"][name]) == "site" and bool(producers))

    def _requires(self, level: str, most: int) -> Spec:
        """Some resources, each once, sometimes one or another."""
        names = self.few(self.reachable("resources", level), most + 1, 1)
        if len(names) > 1 and self.some(0.5):
            first, second, *names = names
            requires = {f"{first} | {second}": self.rng.randint(1, min(self.peak(first), self.peak(second)))}
        else:
            requires = {}
        requires |= {name: self.rng.randint(1, min(2, self.peak(name))) for name in names[:most]}
        keys = list(requires)
        self.rng.shuffle(keys)
        return {key: requires[key] for key in keys}

    def _ways(self, level: str, anyway: Spec) -> Spec:
        """Ways to do an activity, with other crews and in other times."""
        taken = {name.strip() for text in anyway for name in text.split("|")}
        names = [name for name in self.reachable("resources", level) if name not in taken]
        ways: Spec = {}
        for called in ("fast", "slow", "late")[: self.rng.randint(1, 3)]:
            ways[called] = {"duration": self._worked_span()} if self.some(0.8) else {}
            few = self.few(names, 2)
            if few:
                ways[called]["requires"] = {name: self.rng.randint(1, min(3, self.peak(name))) for name in few}
        return ways

    def _learning(self, level: str) -> Any:
        rate = self.rng.choice(LEARNING_RATES)
        if self.some(0.3):
            return rate
        spec: Spec = {"rate": rate, "at": self.rng.randint(1, 3), "per": self.rng.choice(self.around(level))}
        return spec | ({"until": spec["at"] + self.rng.randint(0, 3)} if self.some(0.5) else {})

    def _rework(self, level: str, probability: float) -> Spec:
        spec: Spec = {"probability": probability} | self._varies(level, 0.3)
        if self.some(0.8):
            spec["duration"] = self._duration()
        requires = self._requires(level, 1) if self.some(0.6) else {}
        return spec | ({"requires": requires} if requires else {})

    def _difference(self, spec: Spec, level: str) -> Spec:
        """What differs about an activity in some places; its tests fail equally often everywhere."""
        own = ("requires", "ways")
        part = {key: value for key, value in self._part(level).items() if self.some(0.5) and key not in own}
        if self.some(0.5):
            part["duration"] = self._duration()
        if "rework" in spec and self.some(0.3):
            part["rework"] = self._rework(level, spec["rework"]["probability"])
        changed: Spec = {name: None if self.some(0.3) else 1 for name in spec.get("requires", {}) if self.some(0.4)}
        if not spec.get("requires") and not spec.get("ways") and self.some(0.4):
            changed = self._requires(level, 1)
        ways = {name: {"duration": self._worked_span()} for name in spec.get("ways", {}) if self.some(0.4)}
        return part | ({"requires": changed} if changed else {}) | ({"ways": ways} if ways else {})

    def _is_workable(self, spec: Spec) -> bool:
        """Whether in each place, whatever alternatives are chosen, there is time in which to work."""
        for place in self.instances(spec):
            part = overlay(spec, place)
            for needed in (part, part.get("rework", {})):
                if not self._is_enough(needed, place):
                    return False
                choices = [[[name.strip()] for name in text.split("|")] for text in needed.get("requires", {})]
                if needed.get("ways"):
                    choices.append([list(way.get("requires", {})) for way in needed["ways"].values()])
                for mode in product(*choices):
                    worked = [self.calendars[part.get("calendar", "always")].open]
                    worked += [self._working_time(name, place) for chosen in mode for name in chosen]
                    if len(frozenset.intersection(*worked)) < 30:
                        return False
        return True

    def _is_enough(self, needed: Mapping[str, Any], place: Place) -> bool:
        """Whether there is at some time as much of everything as some choice of alternatives takes."""
        entries = [[(name.strip(), n) for name in text.split("|")] for text, n in needed.get("requires", {}).items()]
        return any(
            all(sum(n for name, n in mode if name == one) <= self.peak(one) for one, _ in mode)
            for mode in product(*entries)
        )

    def _working_time(self, resource: str, place: Place) -> frozenset[int]:
        spec = self.data["resources"][resource]
        around = place.within(_per(spec))
        assert around is not None
        return self.calendars[overlay(spec, around).get("calendar", "always")].open

    def instances(self, spec: Mapping[str, Any]) -> list[Place]:
        """The places in which an activity is done."""
        only = spec.get("only", "site")
        patterns = only if isinstance(only, list) else [only]
        places = self.places[spec.get("at", "site")]
        return [place for place in places if any(place.matches(pattern) for pattern in patterns)]

    # Links and milestones

    def _after(self, level: str, places: Sequence[Place]) -> list[Any]:
        links = [self._link(name, places) for name in self.few(self.data["activities"], 3)]
        if self.data["milestones"] and self.some(0.2):
            name = self.rng.choice(list(self.data["milestones"]))
            links.append(self.rng.choice((name, {"milestone": name}, {"activity": name, "lag": self._lag()})))
        return links if self.some(0.8) else links[:1]

    def _link(self, name: str, places: Sequence[Place]) -> Any:
        if self.some(0.4):
            return name
        link: Spec = {"activity": name}
        earlier = self.instances(self.data["activities"][name])
        if earlier[0].level != "site" and self.some(0.3):
            link["place"] = self.pattern(earlier)
        if self.some(0.35):
            link["from"] = "start"
        if self.some(0.4):
            link["lag"] = self._lag()
        least = min(sum(is_linked(one, link, place) for one in earlier) for place in places)
        if least and self.some(0.3):
            link["count"] = self.rng.randint(1, least)
        return link

    def _lag(self) -> Any:
        lag = self.rng.choice(("0 d", "15 min", "1 h", "1 h", "4 h", "0.5 d", "1 d"))
        if self.some(0.1):
            return self.rng.choice(MONTHS)
        return {"working": lag} if self.has_working_lags and self.some(0.4) else lag

    def _milestone(self) -> None:
        """One more point to date; what is done later may wait for it."""
        name = f"mark{len(self.data['milestones']) + 1}"
        spec: Spec
        supplies = [supply for supply in self.data["supplies"] if self._ever(supply)]
        if supplies and self.some(0.5):
            supply = self.rng.choice(supplies)
            number = self.rng.randint(1, self._ever(supply))
            spec = {"supply": supply, "reaches": number}
            if _per(self.data["supplies"][supply]) == "site" and self.some(0.3):
                spec["in"] = "site"
        elif self.data["activities"]:
            activity = self.rng.choice(list(self.data["activities"]))
            spec, places = {"activity": activity}, self.instances(self.data["activities"][activity])
            if places[0].level != "site" and self.some(0.3):
                spec["in"] = self.pattern(places)
                places = [place for place in places if place.matches(spec["in"])]
            if self.some(0.4):
                spec["event"] = self.rng.choice(("start", "finish"))
            if self.some(0.6):
                spec["reaches"] = self.rng.randint(1, len(places))
        else:
            return
        self.data["milestones"][name] = spec

    def _ever(self, supply: str) -> int:
        """Units of a supply that are there from the start or made by the activities thought up so far."""
        spec = self.data["supplies"][supply]
        amounts = [overlay(spec, place).get("initial", 0) for place in self.places[_per(spec)]]
        for activity in self.data["activities"].values():
            amounts += [overlay(activity, p).get("produces", {}).get(supply, 0) for p in self.instances(activity)]
        return sum(parse_amount(amount, spec.get("unit", "")) for amount in amounts)

    def _late_orders(self) -> None:
        """Orders that wait for an activity or a milestone, of supplies that come from elsewhere too."""
        for name, spec in self.data["supplies"].items():
            if self.has_source(name) and self.some(0.3):
                awaited = self.rng.choice([*self.data["activities"], *self.data["milestones"]])
                order = self._order(name, _per(spec)) | {"placed": {"after": awaited}}
                if self.some(0.5):
                    order["placed"]["lag"] = self.rng.choice(("0 d", "30 min", "1 h", "1 d"))
                spec["orders"] = spec.get("orders", {}) | {"follow_up": order}

    # Risks

    def _risk(self, name: str) -> Spec:
        spec: Spec = {}
        if self.some(0.6):
            spec["probability"] = self.rng.choice((0, 0.5, 0.6, 1, 1, 1))
        whole_run = self.some(0.25)
        if not whole_run:
            spec["begins"] = self.moment() if self.some(0.9) else self.when(-90)
            if self.some(0.8):
                spec["lasts"] = self.rng.choice(("0 d", "30 min", "2 h", "6 h", "1 d", "2 d", *MONTHS))
        effects = {f"resources.{r}": self.rng.choice(CUTS) for r in self.few(self.data["resources"], 2)}
        effects |= {f"activities.{a}": self.rng.choice((0, *MULTIPLIERS)) for a in self.few(self.data["activities"], 2)}
        adds = {f"activities.{a}": self._added() for a in self.few(self.data["activities"], 2) if self.some(0.5)}
        effects |= adds
        made = [s for s in self.data["supplies"] if "production" in self.data["supplies"][s]]
        effects |= {f"supplies.{s}": self.rng.choice(CUTS) for s in self.few(made, 2)}
        ordered = [s for s in self.data["supplies"] if "orders" in self.data["supplies"][s]]
        delayed = self.few(ordered, 1)
        if effects:
            spec["effects"] = effects
        if delayed:
            spec["delays"] = {f"supplies.{s}": self.rng.choice(("30 min", "3 h", "1 d")) for s in delayed}
        stopped = self.few([*self.data["resources"], *self.data["activities"]], 2)
        if stopped and not whole_run and not self.has_working_lags:
            spec["stop_work"] = stopped if len(stopped) > 1 else self.rng.choice((stopped, stopped[0]))
        if self.some(0.3):
            self._follow(spec)
        if self.some(0.4):
            self._several(spec)
        return spec

    def _stoppages(self) -> None:
        """Risks that stop the same work, one after the other, during each other, or several times."""
        stopped = self.few([*self.data["resources"], *self.data["activities"]], 3, 1)
        for name in ("flood", "heat", "march", "audit")[: self.rng.randint(2, 4)]:
            spec: Spec = {
                "begins": self.when(self.rng.choice(MOMENTS[:12])),
                "stop_work": self.few(stopped, len(stopped), 1),
            }
            if self.some(0.8):
                spec["lasts"] = self.rng.choice(("15 min", "30 min", "1 h", "2 h", "6 h", "1 d", MONTHS[0]))
            if self.some(0.3):
                self._several(spec)
            self.data["risks"][name] = spec
        risks = list(self.data["risks"].items())
        self.rng.shuffle(risks)
        self.data["risks"] = dict(risks)

    def _added(self) -> Any:
        span = self.rng.choice((*DURATIONS, "0.25 d", "1 d", "0.25 wk"))
        return {"each": span} if self.some(0.3) else span

    def _several(self, spec: Spec) -> None:
        """A risk that may strike more than once."""
        if self.some(0.5):
            spec["times"] = self.rng.randint(1, 4)
            spec["probability"] = self.rng.choice((0, 0.25, 0.5, 0.6, 1))
        if "lasts" in spec and self.some(0.5):
            spec["every"] = self.rng.choice(("30 min", "2 h", "0.5 d"))
            if self.some(0.4):
                del spec["begins"]

    def _follow(self, spec: Spec) -> None:
        """A risk that follows an activity or a milestone changes durations alone."""
        spec["begins"] = {"after": self.rng.choice([*self.data["activities"], *self.data["milestones"]])}
        if spec["begins"]["after"] in self.data["activities"] and self.some(0.4):
            spec["begins"]["from"] = "start"
        if self.some(0.5):
            spec["begins"]["lag"] = self.rng.choice(("0 d", "30 min", "4 h"))
        for key in ("delays", "stop_work", *(("lasts",) if spec.get("lasts") in MONTHS else ())):
            spec.pop(key, None)
        effects = {name: effect for name, effect in spec.get("effects", {}).items() if name.startswith("activities")}
        spec |= {"effects": effects}


def _per(spec: Mapping[str, Any] | Any) -> str:
    """The level of places whose own something is."""
    return str(spec.get("per", "site")) if isinstance(spec, Mapping) else "site"
