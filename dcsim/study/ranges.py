"""The range of what is uncertain where nobody says in which it is believable: P10 and P90 of its distribution."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction

import numpy as np
from pydantic import BaseModel

from dcsim.distributions import Distribution
from dcsim.network import Network
from dcsim.scenario import outline
from dcsim.scenario.document import Key
from dcsim.scenario.schema import Scenario
from dcsim.scenario.values import Uncertain
from dcsim.units import Span

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
