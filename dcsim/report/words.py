"""A scenario in words: what is built where, by whom, from what, and what may go wrong."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.text import Text

from dcsim.dates import spelled
from dcsim.document.words import counted, joined, listed, units, written
from dcsim.network import Network
from dcsim.places import SITE
from dcsim.report.activities import activity_lines, critical_in_words
from dcsim.report.quantities import amount, moment, money, number_in_words, ramp, uncertain, when
from dcsim.scenario import schema
from dcsim.scenario.document import dotted
from dcsim.scenario.schema import ALWAYS, Scenario
from dcsim.scenario.values import Uncertain
from dcsim.schedule.network import floats
from dcsim.units import plain


@dataclass(frozen=True)
class Entry:
    """One thing in a few words, and what there is to say about it."""

    name: str
    text: str
    details: tuple[str, ...] = ()


def tell(scenario: Scenario, network: Network) -> Group:
    """The whole scenario in words."""
    labels = scenario.labels
    parts: list[RenderableType] = [Text(scenario.name, style="bold")]
    if scenario.description:
        parts.append(Text(scenario.description))
    parts += [Text(line) for line in _head(scenario, network)]
    for title, entries in _sections(scenario, network).items():
        parts += [Text(""), Text(title, style="bold"), *(part for entry in entries for part in _shown(entry, labels))]
    return Group(*parts)


def as_table(scenario: Scenario, network: Network) -> pd.DataFrame:
    """The same as a table of its lines: section, name, says."""
    rows = [
        (title, entry.name, line)
        for title, entries in _sections(scenario, network).items()
        for entry in entries
        for line in (entry.text, *entry.details)
    ]
    return pd.DataFrame(rows, columns=["section", "name", "says"], dtype="str")


def _sections(scenario: Scenario, network: Network) -> dict[str, list[Entry]]:
    """All there is to say, part by part; parts of which there is nothing are left out."""
    sections: dict[str, Callable[[Scenario, Network], Iterator[Entry]]] = {
        "Parameters": _parameters,
        "Places": _places,
        "Activities": _activities,
        "Resources": _resources,
        "Supplies": _supplies,
        "Calendars": _calendars,
        "Factors": _factors,
        "Risks": _risks,
        "Branches": _branches,
        "Correlations": _correlations,
        "Milestones": _milestones,
        "Fitted values": _fitted,
        "Options": _options,
        "Variants": _variants,
        "Computed from parameters": _computed,
    }
    parts = {title: list(entries(scenario, network)) for title, entries in sections.items()}
    return {title: entries for title, entries in parts.items() if entries}


def size(scenario: Scenario, network: Network) -> str:
    """How large a network is: 24,384 activities in 3,136 racks; of a portfolio: in 14 buildings at 5 sites."""
    places, labels = network.places, scenario.labels
    activities = counted(len(network.built), "activity")
    if not scenario.sites:
        level = max(places.levels, key=places.count)
        return (
            activities if level == SITE else f"{activities} in {counted(places.count(level), labels.get(level, level))}"
        )
    alike: Counter[str] = Counter()
    for level in places.levels:
        if site := scenario.site_of(level):
            alike[level.removeprefix(f"{site}.")] += places.count(level) * (level not in scenario.sites)
    sites = counted(len({*scenario.sites} - {*map(scenario.site_of, scenario.sites)}), "site")
    (level, count), *_ = alike.most_common(1) or [("", 0)]
    return f"{activities} in {counted(count, level)} at {sites}" if count else f"{activities} at {sites}"


def _head(scenario: Scenario, network: Network) -> Iterator[str]:
    yield (
        f"The clock starts on {when(network.start)}, days count from {when(network.zero)}, and the run "
        f"stops on {when(network.date(network.horizon))} at the latest."
    )
    document = scenario.document
    if document.variants:
        yield f"Variants applied: {', '.join(document.variants)}."
    if document.options:
        yield f"Options taken: {', '.join(document.options)}."
    if document.mitigated:
        yield f"Mitigated: {', '.join(document.mitigated)}."
    yield f"{size(scenario, network)}. {_values(scenario)}".strip()
    yield (
        "Early and late dates and floats are those of expected values without limits of resources and supplies; floats "
        "are working days."
    )


def _values(scenario: Scenario) -> str:
    """How many values say where they come from."""
    citations = scenario.document.citations.values()
    if not citations:
        return ""
    sources = [citation.source for citation in citations if citation.source]
    assumed = sum(1 for citation in citations if not citation.source)
    origins = [f"{len(sources):,} from {counted(len(set(sources)), 'source')}"] if sources else []
    origins += [counted(assumed, "assumption")] if assumed else []
    values = f"{counted(len(citations), 'value')} with {'its' if len(citations) == 1 else 'their'} origin"
    return f"{values}: {joined(origins)}."


def _shown(entry: Entry, labels: Mapping[str, str]) -> Iterator[RenderableType]:
    """A thing by its label, with its name beside it, and all that there is to say about it."""
    label = labels.get(entry.name)
    title = Text(entry.name, "bold") if label is None else Text.assemble((label, "bold"), f" ({entry.name})")
    yield Padding(Text.assemble(title, f"  {entry.text}"), (0, 0, 0, 2), expand=False)
    for line in entry.details:
        yield Padding(Text(line), (0, 0, 0, 6), expand=False)


def _parameters(scenario: Scenario, _: Network) -> Iterator[Entry]:
    document = scenario.document
    for name, parameter in scenario.parameters.items():
        path = ("parameters", name, "value")
        spread = isinstance(parameter.value, Uncertain)
        text = uncertain(parameter.value) if spread else written(parameter.value)
        text += f" {document.formulas[path]}" if path in document.formulas else ""
        text += f", one of {', '.join(map(written, parameter.choices))}" if parameter.choices else ""
        citation = document.citations.get(path)
        ends = [written(end) for end in (citation.low, citation.high)] if citation is not None else []
        text += f", {ends[0] or '…'} to {ends[1] or '…'}" if any(ends) else ""
        text += f" ({citation.source or 'assumption'})" if citation is not None else ""
        yield Entry(name, text, tuple(filter(None, (parameter.label, parameter.description))))


def _computed(scenario: Scenario, _: Network) -> Iterator[Entry]:
    """Every value that is computed, with its formula; parameters tell their own."""
    for path, formula in scenario.document.formulas.items():
        if path[0] != "parameters":
            value = scenario.document.find(dotted(path))[1]
            yield Entry(dotted(path), f"{written(value)} {formula}")


def _places(scenario: Scenario, network: Network) -> Iterator[Entry]:
    for name, level in scenario.places.items():
        around = "" if level.within == SITE else f" in {counted(network.places.count(level.within), level.within)}"
        names = "" if level.names is None else f": {listed(level.names)}"
        yield Entry(name, f"{network.places.count(name):,}{around}{names}")


def _activities(scenario: Scenario, network: Network) -> Iterator[Entry]:
    critical_path = floats(network)
    for number, (name, activity) in enumerate(scenario.activities.items()):
        count = int(network.first[number + 1] - network.first[number])
        where = "once" if activity.at == SITE else f"{count:,} x, one per {activity.at}"
        if activity.only is not None:
            where += f", only in {', '.join(activity.only)}"
        text = f"{where}: {activity.description}" if activity.description else where
        details = list(activity_lines(activity, scenario))
        for pattern, part in activity.within.items():
            details += [f"in {pattern}: {line}" for line in activity_lines(part, scenario, activity)]
        if number not in network.bills:
            details.append(critical_in_words(network, critical_path[network.activity == number]))
        yield Entry(name, text, tuple(details))


def _resources(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, resource in scenario.resources.items():
        users = [
            activity
            for activity, spec in scenario.activities.items()
            if any(name in entry.replace("|", " ").split() for entry in _all_of(spec, "requires"))
        ]
        details = [f"in {pattern}: {_resource(part)}" for pattern, part in resource.within.items()]
        text = _resource(resource) + (f", in every {resource.per}" if resource.per != SITE else "")
        text += f"; taken by {listed(users)}" if users else "; not used"
        yield Entry(name, text, tuple(details))


def _resource(part: schema.ResourcePart) -> str:
    phrases = [ramp(part.count)] if part.count is not None else []
    phrases += [f"works by {part.calendar}"] if part.calendar not in (None, ALWAYS) else []
    return ", ".join(phrases) or "0"


def _supplies(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, supply in scenario.supplies.items():
        takers = [a for a, spec in scenario.activities.items() if name in _all_of(spec, "consumes")]
        makers = [a for a, spec in scenario.activities.items() if name in _all_of(spec, "produces")]
        text = f"in {units(2, supply.unit).removeprefix('2 ')}"
        text += f", in every {supply.per}" if supply.per != SITE else ""
        text += f"; consumed by {listed(takers)}" if takers else "; a counter" if makers else ""
        text += f"; produced by {listed(makers)}" if makers else ""
        details = list(_supply_lines(supply, supply.unit))
        for pattern, part in supply.within.items():
            details += [f"in {pattern}: {line}" for line in _supply_lines(part, supply.unit)]
        yield Entry(name, text, tuple(details))


def _supply_lines(part: schema.SupplyPart, unit: str) -> Iterator[str]:
    if "initial" in part.model_fields_set:
        yield f"{amount(part.initial, unit)} at the start"
    for name, order in part.orders.items():
        yield f"order {name}: {_order(order, unit)}"
    if part.production is not None:
        yield f"production: {_production(part.production)}"


def _order(order: schema.Order, unit: str) -> str:
    phrases = [
        amount(order.amount, unit),
        f"placed {_placed(order.placed)}",
        f"lead time {uncertain(order.lead_time)}",
    ]
    if order.lots > 1:
        phrases.append(f"in {order.lots} lots, one every {order.every}")
    return ", ".join(phrases) + _varying(order.varies_with)


def _placed(placed: Any) -> str:
    if not isinstance(placed, schema.Lagged):
        return "at the start" if uncertain(placed) == "0 d" else uncertain(placed)
    lag = placed.lag
    late = "" if isinstance(lag, schema.WorkingLag) or not lag.amount else f" and {lag}"
    return f"after {placed.activity}{late}"


def _production(production: schema.Production) -> str:
    phrases = [f"{ramp(production.rate)}, delivered every {production.every}, from {moment(production.begins)}"]
    phrases += [f"until {when(production.until)}"] if production.until is not None else []
    phrases += [f"of which this project gets {plain(production.share)}"] if production.share != 1 else []
    phrases += [f"yield {plain(production.production_yield)}"] if production.production_yield != 1 else []
    return ", ".join(phrases) + _varying(production.varies_with)


def _varying(factors: tuple[str, ...]) -> str:
    return f"; varies with {', '.join(factors)}" if factors else ""


def _calendars(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, calendar in scenario.calendars.items():
        text = ", ".join(f"{days or f'{calendar.days},'} {', '.join(hours)}" for days, hours in calendar.hours.items())
        text += f", not on holidays of {', '.join(calendar.holidays)}" if calendar.holidays else ""
        text += f", closed {', '.join(calendar.closed)}" if calendar.closed else ""
        dates = [f"{dates} {', '.join(hours)}".strip() for dates, hours in calendar.open.items()]
        text += f", worked {', '.join(dates)}" if dates else ""
        text += f"; a working day is {plain(calendar.hours_per_day)} h" if calendar.hours_per_day else ""
        yield Entry(name, text)


def _factors(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, factor in scenario.factors.items():
        slowed = [a for a, spec in scenario.activities.items() if name in _factors_of(spec)]
        for supply, spec in scenario.supplies.items():
            sources: list[Any] = [*spec.orders.values(), *([spec.production] if spec.production else [])]
            slowed += [supply] if any(name in source.varies_with for source in sources) else []
        per = f", drawn for every {factor.per}" if factor.per != SITE else ""
        yield Entry(name, f"{uncertain(factor.value)}{per}", (f"moves {listed(slowed)}",) if slowed else ())


def _factors_of(activity: schema.Activity) -> tuple[str, ...]:
    parts = (activity, *activity.within.values())
    return tuple(
        name for part in parts for name in (*part.varies_with, *(part.rework.varies_with if part.rework else ()))
    )


def _risks(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, risk in scenario.risks.items():
        details = list(_risk_lines(risk))
        if risk.mitigation is not None:
            price = f" for {money(risk.mitigation.cost)}" if risk.mitigation.cost else ""
            against = ", ".join(_risk_lines(risk.mitigation)) or risk.mitigation.description
            if "probability" in risk.mitigation.model_fields_set:
                against = ", ".join(filter(None, [_share(risk.mitigation.probability), against]))
            details.append(f"mitigated{price}: {against}")
        text = f"{_share(risk.probability)} likely" + (f": {risk.description}" if risk.description else "")
        yield Entry(name, text, tuple(details))


def _risk_lines(risk: schema.RiskPart) -> Iterator[str]:
    if risk.times is not None:
        yield f"strikes at most {risk.times} times"
    if isinstance(risk.begins, schema.WindowAfter):
        lag = uncertain(risk.begins.lag)
        late = "" if lag == "0 d" else f", {lag} later"
        event = "the start of " if risk.begins.start_or_finish == "start" else ""
        yield f"begins after {event}{risk.begins.activity}{late}"
    elif risk.begins is not None:
        yield f"begins {uncertain(risk.begins)}"
    if risk.lasts is not None:
        yield f"lasts {uncertain(risk.lasts)}"
    if risk.every is not None:
        yield f"strikes again {uncertain(risk.every)} after it ended"
    kinds = {"supplies": "production of", "resources": "capacity of", "activities": "duration of"}
    for path, effect in risk.effects.items():
        section, _, target = path.partition(".")
        if isinstance(effect, schema.EachAdds):
            yield f"each {target} takes longer by its own {uncertain(effect.each)}"
        elif isinstance(effect, Uncertain):
            yield f"{target} takes longer by {uncertain(effect)}"
        else:
            yield f"{kinds.get(section, section)} {target} x {plain(effect)}"
    for path, delay in risk.delays.items():
        yield f"deliveries of {path.partition('.')[2]} come later by {uncertain(delay)}"
    if risk.stop_work:
        yield f"stops the work of {', '.join(risk.stop_work)}"


def _branches(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, branch in scenario.branches.items():
        total = sum(way.weight for way in branch.ways.values())
        ways = (
            f"{called} ({_share(way.weight / total)}): {', '.join(way.activities) or 'nothing more'}"
            for called, way in branch.ways.items()
        )
        per = "" if branch.per == SITE else f" in every {branch.per}"
        text = f"one of {len(branch.ways)} ways{per}" + (f": {branch.description}" if branch.description else "")
        yield Entry(name, text, tuple(ways))


def _share(probability: Any) -> str:
    return f"{number_in_words(100 * probability)} %"


def _correlations(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, correlation in scenario.correlations.items():
        among = (
            f"all pairs of places of {correlation.between[0]}"
            if len(correlation.between) == 1
            else listed(correlation.between)
        )
        yield Entry(
            name,
            f"{plain(correlation.number)} between {among}",
            (correlation.description,) if correlation.description else (),
        )


def _milestones(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, milestone in scenario.milestones.items():
        details = [
            f"observed {spelled(observation.date)}: {observation.meaning}".rstrip(": ")
            for observation in milestone.observed
        ]
        if milestone.target is not None:
            details.insert(0, f"target {spelled(milestone.target)}")
        yield Entry(name, _reached(scenario, milestone), tuple(details))


def _reached(scenario: Scenario, milestone: schema.Milestone) -> str:
    where = f" in {milestone.place}" if milestone.place else ""
    if milestone.supply is not None:
        unit = scenario.supplies[milestone.supply].unit
        return f"{amount(milestone.reaches, unit, milestone.supply)} in total{where}"
    event = "started" if milestone.event == "start" else "finished"
    often = "all of" if milestone.reaches is None else f"{amount(milestone.reaches, '')} x"
    return f"{often} {milestone.activity} {event}{where}"


def _fitted(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for path, fitted in scenario.fitted.items():
        to = f", fitted to {', '.join(fitted.to)}" if fitted.to else ""
        source = f" ({fitted.source})" if fitted.source else ""
        yield Entry(path, f"prior {fitted.prior}{source}{to}", (fitted.note,) if fitted.note else ())


def _options(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, option in scenario.options.items():
        price = money(option.cost) if option.cost else "without a stated price"
        text = f"{price}: {option.description}" if option.description else price
        yield Entry(name, text, (f"changes {_changed(option.changes)}",))


def _variants(scenario: Scenario, _: Network) -> Iterator[Entry]:
    for name, variant in scenario.variants.items():
        yield Entry(name, f"changes {_changed(variant)}")


def _changed(partial: Any) -> str:
    """What a partial scenario touches."""
    changed = []
    for section, entries in partial.items() if isinstance(partial, Mapping) else ():
        changed += [f"{section}.{key}" for key in entries] if isinstance(entries, Mapping) else [str(section)]
    return listed([path for path in changed if path != "label"])


def _all_of(activity: schema.Activity, field: str) -> tuple[str, ...]:
    """What an activity requires, consumes or produces anywhere."""
    parts = (activity, *activity.within.values())
    again: list[Any] = []
    if field == "requires":
        again = [way for part in parts for way in (*part.ways.values(), part.rework) if way is not None]
    return tuple(name for part in (*parts, *again) for name in getattr(part, field))
