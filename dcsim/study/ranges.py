"""Values with the range in which they are believable: as it is written, or P10 and P90 of their distribution."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

import numpy as np
from pydantic import BaseModel

from dcsim.distributions import Distribution
from dcsim.network import Network
from dcsim.scenario import outline
from dcsim.scenario.document import Citation, Key, dotted
from dcsim.scenario.schema import Fitted, Scenario
from dcsim.scenario.values import Uncertain, parse_uncertain, read_span
from dcsim.units import Span

FITTED, ASSUMED, SOURCED, DISTRIBUTED = "fitted", "assumption", "source", "distribution"
LOW, HIGH = "low", "high"


@dataclass(frozen=True)
class Assumption:
    """A value with the range in which it is believable, and why it is what it is."""

    path: str
    """Where it stands: `activities.energize.duration`."""
    value: Any
    """As written."""
    low: Any
    """As written; none where there is no such end."""
    high: Any
    kind: str
    """`fitted`, `assumption`, `source`, or `distribution` where its ends are P10 and P90."""
    source: str
    """Key of its source; empty if it has none."""
    reason: str
    """Why it was assumed, what to know about it, or what its source says."""


LEVELS = (0.1, 0.9)
_NOT_THE_BUILD = ("variants", "options", "fitted", "mitigation")
"""What is said here is not about the build as it stands."""


def uncertain_of(part: object, path: Key = ()) -> Iterator[tuple[Key, Uncertain]]:
    """Every distribution of a scenario, with its path as a file writes it."""
    if isinstance(part, Uncertain):
        if part.kind != "fixed":
            yield path, part
    elif isinstance(part, BaseModel):
        fields = outline.fields(type(part))
        inside = {key: getattr(part, name) for key, name in zip(fields, type(part).model_fields, strict=True)}
        yield from uncertain_of({key: value for key, value in inside.items() if key not in _NOT_THE_BUILD}, path)
    elif isinstance(part, Mapping):
        for key, value in part.items():
            yield from uncertain_of(value, (*path, key))


def ends_of(scenario: Scenario, network: Network, path: Key, quantity: Uncertain) -> tuple[str, str] | None:
    """P10 and P90 of a distribution as a file would write them; none where its units have no common measure."""
    first = quantity.values[0]
    units = {value.unit if isinstance(value, Span) else type(value).__name__ for value in quantity.values}
    if isinstance(first, datetime) and len(units) == 1:
        low, high = _quantiles(quantity.resolve(lambda date: Fraction(int((date - datetime.min).total_seconds()), 60)))
        return _date(low), _date(high)
    if len(units) == 1:
        unit = f" {first.unit}" if isinstance(first, Span) else ""
        low, high = _quantiles(quantity.resolve(lambda value: value.amount if isinstance(value, Span) else value))
    elif path[0] == "activities" and path[2:] == ("duration",):
        number = list(scenario.activities).index(str(path[1]))
        low, high = _quantiles(next(work.minutes for work in network.work if work.activity == number))
        unit = " min"
    else:
        return None
    return f"{float(f'{low:.4g}'):.12g}{unit}", f"{float(f'{high:.4g}'):.12g}{unit}"


def _quantiles(distribution: Distribution) -> tuple[float, float]:
    low, high = distribution.quantile(np.array(LEVELS)).tolist()
    return low, high


def _date(minutes: float) -> str:
    return f"{datetime.min + timedelta(minutes=round(minutes)):%Y-%m-%d %H:%M}"


def all_in(scenario: Scenario, network: Network) -> tuple[Assumption, ...]:
    """The assumptions, and behind them the distributions that say nothing of a range."""
    by_path = {assumption.path: assumption for assumption in assumptions_in(scenario)}
    for path, quantity in uncertain_of(scenario):
        name = dotted(path)
        if (
            name not in by_path
            and path not in scenario.document.formulas
            and (ends := ends_of(scenario, network, path, quantity)) is not None
        ):
            citation = scenario.document.citations.get(
                path, Citation(scenario.document.find(".".join(map(str, path)))[1])
            )
            source = citation.source or ""
            reason = citation.assumption or citation.note or _assumed_because(scenario, source)
            by_path[name] = Assumption(name, citation.value, *ends, DISTRIBUTED, source, reason)
    return tuple(by_path.values())


def assumptions_in(scenario: Scenario) -> Iterator[Assumption]:
    """The values of a scenario that say within which range they are believable, in the order of the file."""
    fitted = dict(scenario.fitted)
    for path, citation in scenario.document.citations.items():
        name = dotted(path)
        if name in fitted:
            yield _fitted(name, citation.value, fitted.pop(name), citation)
        elif (citation.low is not None or citation.high is not None) and not _of_measures(path):
            kind, source = SOURCED if citation.source else ASSUMED, citation.source or ""
            reason = citation.assumption or citation.note or _assumed_because(scenario, source)
            yield Assumption(name, citation.value, citation.low, citation.high, kind, source, reason)
    for name, free in fitted.items():
        yield _fitted(name, scenario.document.find(name)[1], free, Citation(None))


def _of_measures(path: Key) -> bool:
    """Whether this is said about what may be done, rather than about the build as it stands."""
    return path[0] == "options" or "mitigation" in path


def _assumed_because(scenario: Scenario, source: str) -> str:
    """What a source says."""
    return scenario.sources[source].what if source else ""


def _fitted(path: str, value: Any, fitted: Fitted, citation: Citation) -> Assumption:
    """A free parameter, which may be anywhere in its prior range."""
    low, high = _ends(fitted.prior)
    reason = citation.assumption or fitted.note or citation.note
    return Assumption(path, value, low, high, FITTED, fitted.source or citation.source or "", reason)


def _ends(prior: str) -> tuple[str, str]:
    """Both ends of a prior range as they would be written: `3 to 9 wk` goes from 3 wk to 9 wk."""
    try:
        low, high = map(str, parse_uncertain(prior, read_span).values)
    except ValueError:
        low, high = prior.split(" to ", 1)
    return low.strip(), high.strip()
